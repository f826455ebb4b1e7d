"""The change queue: which articles the matcher has yet to look at, and what it found.

`take` reads, `confirm` writes; between them the matcher works without a transaction. `confirm` deletes
exactly the rows that were read, and writes nothing for an article that changed meanwhile: its newer row
stays in the queue, so it is looked at again. A crash in between leaves everything as it was.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from archive.model import Hit
from archive.times import stamp


@dataclass(frozen=True, slots=True)
class Changed:
    """One article in the queue. ``upto`` is the newest of its rows; ``fields`` what it says now."""

    article_id: int
    upto: int
    content: str
    backfill: bool
    fields: Mapping[str, str]


def take(conn: sqlite3.Connection, limit: int) -> list[Changed]:
    """Return at most ``limit`` articles that changed, the longest waiting first."""
    rows = conn.execute(
        """select c.article_id, (select max(seq) from changes where article_id = c.article_id) as upto,
                  a.title, a.summary, a.text, a.content, a.backfill
        from (select seq, article_id from changes order by seq limit ?) c
        join articles a on a.id = c.article_id group by c.article_id order by min(c.seq)""",
        (limit,),
    )
    return [
        Changed(
            row["article_id"],
            row["upto"],
            row["content"],
            bool(row["backfill"]),
            {"title": row["title"], "summary": row["summary"], "text": row["text"]},
        )
        for row in rows
    ]


def waiting(conn: sqlite3.Connection) -> int:
    """Return how many rows wait in the queue."""
    count: int = conn.execute("select count(*) from changes").fetchone()[0]
    return count


def confirm(
    conn: sqlite3.Connection,
    results: Sequence[tuple[Changed, Mapping[str, tuple[Hit, ...]]]],
    versions: Mapping[str, str],
    now: datetime,
) -> int:
    """Store what the matcher found and take the articles out of the queue; return how many matches are new.

    ``versions``: topic id to the version that was matched. Call it inside a transaction.
    """
    new = 0
    for changed, found in results:
        newest = conn.execute(
            "select max(seq) from changes where article_id = ?", (changed.article_id,)
        ).fetchone()[0]
        if newest != changed.upto:
            continue
        before = {
            row["topic_id"]: row
            for row in conn.execute(
                "select seq, topic_id, ended_at from matches where article_id = ?", (changed.article_id,)
            )
        }
        for topic_id, hits in found.items():
            row = before.get(topic_id)
            new += row is None
            _store(conn, changed, topic_id, versions[topic_id], hits, row["seq"] if row else None, now)
        for topic_id, row in before.items():
            if topic_id not in found and row["ended_at"] is None and topic_id in versions:
                conn.execute(
                    "update matches set ended_at = ?, ended_because = 'revised' where seq = ?",
                    (stamp(now), row["seq"]),
                )
        conn.execute(
            "delete from changes where article_id = ? and seq <= ?", (changed.article_id, changed.upto)
        )
    return new


def _store(
    conn: sqlite3.Connection,
    changed: Changed,
    topic_id: str,
    version: str,
    hits: tuple[Hit, ...],
    seq: int | None,
    now: datetime,
) -> None:
    if seq is None:
        # The sequence is handed out here, in the writer's order: a digest counts on that.
        seq = conn.execute(
            """insert into matches (article_id, topic_id, topic_version, matched_at, content, backfill)
            values (?, ?, ?, ?, ?, ?)""",
            (changed.article_id, topic_id, version, stamp(now), changed.content, changed.backfill),
        ).lastrowid
    else:
        conn.execute(
            """update matches set topic_version = ?, content = ?, ended_at = null, ended_because = null
            where seq = ?""",
            (version, changed.content, seq),
        )
        conn.execute("delete from hits where match_seq = ?", (seq,))
    conn.executemany(
        """insert or ignore into hits (match_seq, field, start, "end", text, variant, how)
        values (?, ?, ?, ?, ?, ?, ?)""",
        [(seq, hit.field, hit.start, hit.end, hit.text, hit.variant, hit.how) for hit in hits],
    )
