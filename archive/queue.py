"""The change queue: which articles the matcher has yet to look at, and what it found.

`take` reads, `confirm` writes; between them the matcher works without a transaction. `confirm` deletes
exactly the rows that were read, and writes nothing for an article that changed meanwhile: its newer row
stays in the queue, so it is looked at again. A crash in between leaves everything as it was.

A match that ended and comes back gets a new sequence. A digest that was made in between left it out, and no later
one looks below its own range, so with the old sequence nobody would ever be told. Who has been told of it already
is not known here, for the archive holds no reader; whoever keeps the digests must not tell it twice.

A match also says what it was first made on, and what the full text did to it (`said_later`). Its hits cut the words
of the article as it stands, or of the revision that ``revision_id`` names: `archive.store` and `archive.merge` set
that where they replace words, and `write_hits` takes it back where the hits are new.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from archive import revised
from archive.document import COLUMNS, document
from archive.model import Content, Hit
from archive.times import stamp


@dataclass(frozen=True, slots=True)
class Changed:
    """One article in the queue. ``upto`` is the newest of its rows; ``fields`` what is known of it now.

    ``revision_id`` is the revision that has what it said when it was last matched; None where nothing was replaced
    since, or it was never matched.
    """

    article_id: int
    upto: int
    content: str
    backfill: bool
    fields: Mapping[str, str]
    revision_id: int | None = None
    read_before: bool = (
        False  # something was read, and not yet matched, before the words of that revision were replaced
    )


def enqueue(
    conn: sqlite3.Connection, article_id: int, why: str, at: datetime, revision_id: int | None = None
) -> None:
    """Put an article in the change queue: the matcher will look at it again.

    ``revision_id``: what it said until this change, where that was replaced.
    """
    conn.execute(
        "insert into changes (article_id, why, at, revision_id) values (?, ?, ?, ?)",
        (article_id, why, stamp(at), revision_id),
    )


def take(conn: sqlite3.Connection, limit: int) -> list[Changed]:
    """Return at most ``limit`` articles that changed, the longest waiting first."""
    rows = conn.execute(
        f"""select c.article_id, (select max(seq) from changes where article_id = c.article_id) as upto,
        (select iif(why = 'new', null, (select min(revision_id) from changes where article_id = c.article_id))
            from changes where article_id = c.article_id order by seq limit 1) as revision_id,
        (select revision_id is null from changes where article_id = c.article_id order by seq limit 1) as read_before,
        {COLUMNS}
        from (select seq, article_id from changes order by seq limit ?) c
        join articles a on a.id = c.article_id join sources s on s.id = a.source_id
        group by c.article_id order by min(c.seq)""",  # noqa: S608 - our own columns
        (limit,),
    )
    return [
        Changed(
            row["article_id"],
            row["upto"],
            row["content"],
            bool(row["backfill"]),
            document(row),
            row["revision_id"],
            bool(row["read_before"]),
        )
        for row in rows
    ]


BEFORE = "seq, topic_id, matched_at, ended_at, ended_because, backfill, content, first_content, first_version"
"""The columns of a match that `keep` asks for, and those who decide what to do about it."""


@dataclass(frozen=True, slots=True)
class Found:
    """An article that a topic matches, by one version of it, in what was read of the article."""

    article_id: int
    topic_id: str
    version: str
    content: str


def confirm(
    conn: sqlite3.Connection,
    results: Sequence[tuple[Changed, Mapping[str, tuple[Hit, ...]]]],
    versions: Mapping[str, str],
    now: datetime,
) -> int:
    """Store what the matcher found and take the articles out of the queue; return how many matches are new or back.

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
                f"select {BEFORE} from matches where article_id = ?",  # noqa: S608 - our own columns
                (changed.article_id,),
            )
        }
        if changed.revision_id is not None:
            revised.note(
                conn, changed.article_id, changed.revision_id, found, versions, edits_only=changed.read_before
            )
        for topic_id, hits in found.items():
            match = Found(changed.article_id, topic_id, versions[topic_id], changed.content)
            new += keep(conn, match, hits, before.get(topic_id), now, backfill=changed.backfill)
        for topic_id, row in before.items():
            if topic_id not in found and row["ended_at"] is None and topic_id in versions:
                conn.execute(
                    """update matches set ended_at = ?, ended_because = 'revised',
                    later = iif(?, 'contradicted', later) where seq = ?""",
                    (stamp(now), _taken_back(conn, changed, row), row["seq"]),
                )
        conn.execute(
            "delete from changes where article_id = ? and seq <= ?", (changed.article_id, changed.upto)
        )
    return new


def keep(
    conn: sqlite3.Connection,
    match: Found,
    hits: tuple[Hit, ...],
    before: sqlite3.Row | None,
    now: datetime,
    *,
    backfill: bool,
) -> bool:
    """Store that an article matches a topic; return whether the match is new, or one that had ended and is back.

    ``before``: its row, with the columns of `BEFORE`. ``backfill`` is said of what is new or back.
    """
    new = before is None or before["ended_at"] is not None
    if before is not None and not new:
        seq = before["seq"]
        conn.execute(
            "update matches set topic_version = ?, content = ? where seq = ?",
            (match.version, match.content, seq),
        )
    else:
        first = stamp(now), match.content, match.version
        if before is not None:
            first = before["matched_at"], before["first_content"], before["first_version"]
            conn.execute("delete from hits where match_seq = ?", (before["seq"],))
            conn.execute("delete from matches where seq = ?", (before["seq"],))
        # The sequence is handed out here, in the writer's order: a digest counts on that.
        seq = conn.execute(
            """insert into matches (article_id, topic_id, topic_version, content, backfill, matched_at,
            first_content, first_version) values (?, ?, ?, ?, ?, ?, ?, ?)""",
            (match.article_id, match.topic_id, match.version, match.content, backfill, *first),
        ).lastrowid
    write_hits(conn, seq, hits)
    return new


def write_hits(conn: sqlite3.Connection, seq: int | None, hits: tuple[Hit, ...]) -> None:
    """Make ``hits``, which cut the article as it stands, the hits of a match, whatever they were.

    What the match says of its content must have been written before.
    """
    row = conn.execute(
        "select coalesce(first_content, content) as first, content from matches where seq = ?", (seq,)
    ).fetchone()
    conn.execute(
        "update matches set first_content = ?, later = ?, revision_id = null where seq = ?",
        (row["first"], said_later(row["first"], row["content"], hits), seq),
    )
    conn.execute("delete from hits where match_seq = ?", (seq,))
    conn.executemany(
        """insert or ignore into hits (match_seq, field, start, "end", text, variant, how)
        values (?, ?, ?, ?, ?, ?, ?)""",
        [(seq, hit.field, hit.start, hit.end, hit.text, hit.variant, hit.how) for hit in hits],
    )


def said_later(first: str, content: str, hits: Iterable[Hit]) -> str | None:
    """Return what the full text did to a match that was made on less and stands.

    ``widened``: terms stand in the text that title and summary have not; ``confirmed``: only such as they have. None:
    it holds none, or was not read, or the match was made on it.
    """
    if first == Content.FULL or content != Content.FULL:
        return None
    variants: dict[bool, set[str]] = {True: set(), False: set()}
    for hit in hits:
        variants[hit.field == "text"].add(hit.variant)
    if not variants[True]:
        return None
    return "widened" if variants[True] - variants[False] else "confirmed"


def _taken_back(conn: sqlite3.Connection, changed: Changed, before: sqlite3.Row) -> bool:
    """Tell whether a match ends by what the full text says beside the words that matched, which stand there still."""
    if before["content"] == Content.FULL or changed.content != Content.FULL:
        return False
    hits = conn.execute(
        'select field, start, "end", text from hits where match_seq = ?', (before["seq"],)
    ).fetchall()
    fields = changed.fields
    return all(fields.get(hit["field"], "")[hit["start"] : hit["end"]] == hit["text"] for hit in hits)
