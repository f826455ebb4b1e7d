"""A new or changed topic, applied to the articles that are stored already.

    topics whose version is not the applied one ─▶ candidates (`archive.reach`), batch by batch ─▶ matcher (in a reader)
    ─▶ matches

Of topics that the full-text index can tell something about, only those articles are read that may match, or did.
What it adds is marked backfill, and so is in no digest: readers are told of news. How far it got is stored with each
batch, so a crash or a stop loses nothing. An article that waits in the change queue is left to that queue, which
matches it with all topics: what is found there is news.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from archive import reach
from archive.document import COLUMNS, document
from archive.model import Hit
from archive.queue import BEFORE, Found, keep
from archive.times import stamp
from archive.topic import Topic

BATCH = 500  # articles: for each batch the index is asked anew


@dataclass(frozen=True, slots=True)
class Work:
    """Topics to apply, to the articles after ``after``. ``match``: which of these; None: all."""

    topics: frozenset[str]
    after: int
    match: str | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """One stored article."""

    article_id: int
    content: str
    fields: Mapping[str, str]


@dataclass(slots=True)
class Gains:
    """What applying came to: which topics were applied, and how many matches of each are new, or ended."""

    topics: set[str] = field(default_factory=set)
    new: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)

    def add(self, other: Gains) -> None:
        """Count another batch in."""
        self.topics |= other.topics
        self.new += other.new
        self.ended += other.ended


Result = tuple[Stored, Mapping[str, tuple[Hit, ...]]]
"""A stored article, and what the topics to apply found in it."""


def todo(conn: sqlite3.Connection, only: Collection[str] | None = None) -> Work | None:
    """Return what is to be done next, None when all is done. Topics that got equally far go together.

    ``only``: of these topics.
    """
    rows = [
        row
        for row in conn.execute(
            """select id, applied_upto from topics where active = 1 and applied is not version
            order by applied_upto"""
        )
        if only is None or row["id"] in only
    ]
    if not rows:
        return None
    after = rows[0]["applied_upto"]
    return Work(frozenset(row["id"] for row in rows if row["applied_upto"] == after), after)


def restricted(conn: sqlite3.Connection, work: Work, topics: Mapping[str, Topic]) -> Work:
    """Return ``work`` with the query that spares it most articles, if there is one. ``topics``: the whole watch list.

    What is stored or changed from now on is in the change queue, so it need not be asked again for each batch.
    """
    return replace(work, match=reach.query(conn, work.topics, topics))


def take(conn: sqlite3.Connection, work: Work, limit: int = BATCH) -> list[Stored]:
    """Return the next articles, in the order of their ids; merged ones say what they said in another."""
    ids, values = reach.candidate_ids(work.match, work.topics, after=work.after, limit=limit)
    rows = conn.execute(
        f"""select {COLUMNS} from ({ids}) c join articles a on a.id = c.id join sources s on s.id = a.source_id
        order by a.id""",  # noqa: S608 - our own columns
        values,
    )
    return [Stored(row["id"], row["content"], document(row)) for row in rows]


def store(
    conn: sqlite3.Connection,
    work: Work,
    upto: int | None,
    results: Sequence[Result],
    versions: Mapping[str, str],
    now: datetime,
) -> Gains:
    """Store what was found in a batch, and that it goes up to article ``upto``; return what it came to.

    ``upto`` None: the end is reached. Call it in a transaction.
    """
    gains = Gains(topics=set(work.topics))
    for article, found in results:
        if _as_taken(conn, article):
            _store_article(conn, work, article, found, versions, now, gains)
    for topic_id in work.topics:
        # Only what was matched is said of a version: another process may have brought a newer one meanwhile.
        conn.execute(
            """update topics set applied = case when ?1 is null then version else applied end,
            applied_upto = coalesce(?1, 0) where id = ?2 and version = ?3""",
            (upto, topic_id, versions[topic_id]),
        )
    return gains


def outcome(conn: sqlite3.Connection, gains: Gains, order: Iterable[str]) -> dict[str, dict[str, int]]:
    """Return of each topic that was applied how many articles it matches now, how many are new, how many no longer.

    ``order``: all topics, as they are to be listed.
    """
    rows = conn.execute("select topic_id, count(*) from matches where ended_at is null group by topic_id")
    standing: dict[str, int] = dict(rows.fetchall())
    return {
        topic_id: {
            "matches": standing.get(topic_id, 0),
            "new": gains.new[topic_id],
            "ended": gains.ended[topic_id],
        }
        for topic_id in order
        if topic_id in gains.topics
    }


def waiting(conn: sqlite3.Connection) -> int:
    """Return how many articles wait in the change queue: they are matched there, with all topics."""
    number: int = conn.execute("select count(distinct article_id) from changes").fetchone()[0]
    return number


def _as_taken(conn: sqlite3.Connection, article: Stored) -> bool:
    """Tell whether an article still says what was matched. Where it does not, the change queue has the word."""
    row = conn.execute(
        f"""select {COLUMNS}, exists (select 1 from changes c where c.article_id = a.id) as waits
        from articles a join sources s on s.id = a.source_id where a.id = ? and a.merged_into is null""",  # noqa: S608
        (article.article_id,),
    ).fetchone()
    return row is not None and not row["waits"] and document(row) == article.fields


def _store_article(
    conn: sqlite3.Connection,
    work: Work,
    article: Stored,
    found: Mapping[str, tuple[Hit, ...]],
    versions: Mapping[str, str],
    now: datetime,
    gains: Gains,
) -> None:
    before = {
        row["topic_id"]: row
        for row in conn.execute(
            f"select {BEFORE} from matches where article_id = ?",  # noqa: S608 - our own columns
            (article.article_id,),
        )
    }
    for topic_id in sorted(work.topics):
        row, hits = before.get(topic_id), found.get(topic_id)
        if hits is None:
            if row is not None and row["ended_at"] is None:
                conn.execute(
                    "update matches set ended_at = ?, ended_because = 'topic' where seq = ?",
                    (stamp(now), row["seq"]),
                )
                gains.ended[topic_id] += 1
            continue
        # A topic that is edited and edited back takes no news away; who was told already is told nothing twice.
        news = row is not None and row["ended_because"] == "topic" and not row["backfill"]
        match = Found(article.article_id, topic_id, versions[topic_id], article.content)
        gains.new[topic_id] += keep(conn, match, hits, row, now, backfill=not news)
