"""What a topic would find in the archive, and what it would gain and lose against what stands there.

    topic ─▶ candidates (`archive.reach`) ─▶ matcher ─▶ counts per day, source and language, and the newest as samples

Reads only, and counts exactly: nothing is estimated. Days are those on which an article was first seen (UTC), as in
the view ``daily_mentions``.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from archive import reach
from archive.document import COLUMNS, document, told
from archive.match import Matcher
from archive.model import Hit, MatchedArticle
from archive.times import moment, stamp
from archive.topic import Topic, refs

SAMPLES = 10
CHUNK = 500  # articles that are read in one go


@dataclass(slots=True)
class Found:
    """Articles, counted. ``samples`` are the newest of them, with what was found in them."""

    total: int = 0
    days: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    samples: list[MatchedArticle] = field(default_factory=list)

    def count(self, row: sqlite3.Row) -> None:
        """Count one article in."""
        self.total += 1
        self.days[row["first_seen_at"][:10]] += 1
        self.sources[row["source_id"]] += 1
        self.languages[row["lang"] or ""] += 1


@dataclass(slots=True)
class Difference:
    """What a topic would gain and lose, and how many of its matches would stay."""

    gained: Found = field(default_factory=Found)
    lost: Found = field(default_factory=Found)
    kept: int = 0


def days_held(conn: sqlite3.Connection) -> tuple[date, date] | None:
    """Return the first and the last day on which an article was first seen, None where there is none."""
    oldest, newest = conn.execute(
        "select (select min(first_seen_at) from articles), (select max(first_seen_at) from articles)"
    ).fetchone()
    return (moment(oldest).date(), moment(newest).date()) if oldest else None


def since(conn: sqlite3.Connection, days: int) -> datetime | None:
    """Return the beginning of the last ``days`` days of the archive; None where there is no article."""
    held = days_held(conn)
    if held is None:
        return None
    return datetime.combine(held[1], time(), UTC) - timedelta(
        days=min(days, (held[1] - held[0]).days + 1) - 1
    )


def articles(conn: sqlite3.Connection, begin: datetime | None = None) -> int:
    """Return how many articles there are since ``begin``."""
    number: int = conn.execute(
        "select count(*) from articles where first_seen_at >= ? and merged_into is null",
        (stamp(begin) or "",),
    ).fetchone()[0]
    return number


def find(
    conn: sqlite3.Connection,
    topic: Topic,
    topics: Mapping[str, Topic],
    *,
    begin: datetime | None = None,
    samples: int = SAMPLES,
) -> Found:
    """Return what ``topic`` finds in articles first seen since ``begin``. ``topics``: those that it may refer to."""
    found = Found()
    for row, hits in _asked(conn, topic, topics, begin, standing=False):
        if hits is not None:
            found.count(row)
            if len(found.samples) < samples:
                found.samples.append(_sample(topic, row, hits))
    return found


def compare(
    conn: sqlite3.Connection,
    topic: Topic,
    topics: Mapping[str, Topic],
    *,
    begin: datetime | None = None,
    samples: int = SAMPLES,
) -> Difference:
    """Return what the archive's matches of ``topic`` would gain and lose, were it applied as it is now."""
    difference = Difference()
    stand = {
        row["article_id"]: row["seq"]
        for row in conn.execute(
            "select article_id, seq from matches where topic_id = ? and ended_at is null", (topic.topic_id,)
        )
    }
    for row, hits in _asked(conn, topic, topics, begin, standing=True):
        seq = stand.get(row["id"])
        if hits is not None and seq is not None:
            difference.kept += 1
            continue
        if hits is None and seq is None:
            continue
        changed = difference.lost if hits is None else difference.gained
        changed.count(row)
        if len(changed.samples) < samples:
            changed.samples.append(_sample(topic, row, _stored(conn, seq) if hits is None else hits))
    return difference


def standing(conn: sqlite3.Connection, topic_id: str, begin: datetime | None = None) -> int:
    """Return how many matches of a topic stand, of articles first seen since ``begin``."""
    number: int = conn.execute(
        """select count(*) from matches m join articles a on a.id = m.article_id
        where m.topic_id = ? and m.ended_at is null and a.first_seen_at >= ?""",
        (topic_id, stamp(begin) or ""),
    ).fetchone()[0]
    return number


def with_refs(topic: Topic, topics: Mapping[str, Topic]) -> tuple[Topic, ...]:
    """Return ``topic`` and all that it refers to, also by others."""
    needed = {topic.topic_id: topic}
    todo = list(refs(topic.trees))
    while todo:
        name = todo.pop()
        if name not in needed:
            needed[name] = topics[name]
            todo += refs(topics[name].trees)
    return tuple(needed.values())


def _asked(
    conn: sqlite3.Connection,
    topic: Topic,
    topics: Mapping[str, Topic],
    begin: datetime | None,
    *,
    standing: bool,
) -> Iterator[tuple[sqlite3.Row, tuple[Hit, ...] | None]]:
    """Yield each article that may match, the newest first, with what is found in it: None if it does not match."""
    needed = with_refs(topic, topics)
    matcher = Matcher(needed)
    match = reach.query(conn, [topic.topic_id], matcher.topics)
    ids, values = reach.candidate_ids(match, [topic.topic_id] if standing else ())
    if begin is not None:
        ids = f"select id from ({ids}) where id in (select id from articles where first_seen_at >= :begin)"  # noqa: S608 - ours
        values["begin"] = stamp(begin)
    found = [row[0] for row in conn.execute(ids, values)]
    # Part by part, since to put the rows in order SQLite would copy all their texts.
    for end in range(len(found), 0, -CHUNK):
        chunk = found[max(0, end - CHUNK) : end]
        rows = conn.execute(
            f"""select {COLUMNS}, a.first_seen_at, a.published_at from articles a
            join sources s on s.id = a.source_id where a.id in ({",".join("?" * len(chunk))})
            order by a.id desc""",  # noqa: S608 - question marks
            chunk,
        )
        for row in rows:
            yield row, matcher.match(document(row)).get(topic.topic_id)


def _stored(conn: sqlite3.Connection, seq: int | None) -> tuple[Hit, ...]:
    rows = conn.execute(
        """select field, start, "end", text, variant, how from hits where match_seq = ?
        order by instr('title summary text', field), start""",
        (seq,),
    )
    return tuple(Hit(*tuple(row)) for row in rows)


def _sample(topic: Topic, row: sqlite3.Row, hits: tuple[Hit, ...]) -> MatchedArticle:
    return MatchedArticle(
        seq=0,  # it has none yet
        topic_id=topic.topic_id,
        topic_title=topic.title,
        article_id=row["id"],
        language=row["lang"],
        hits=hits,
        **told(row),
    )
