"""How many articles a topic has had hour by hour, for whoever asks whether that is more than usual. Reads only.

What counts is when an article says that it was published: after an hour without the network all would seem to be of one
minute. Only what feeds offered that were read a day before in each of the weeks looked at, and read then, so a new
source, or one that was away, makes no topic look busier. Nor does what stood at a feed when it was first read, nor what
says no time. A topic that is just being applied to stored articles is left out until that is done.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from archive.model import Headline, Place
from archive.times import stamp

DAY, WEEK = timedelta(days=1), timedelta(weeks=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The articles of one topic, place by place: so many in each hour, 0 being the last sixty minutes.

    ``newest`` are those of the last hours, the newest first. Both are asked by who wants only some of the places.
    """

    topic_id: str
    title: str
    hours: int
    places: Mapping[Place, Mapping[int, int]]
    newest: Sequence[Headline]

    def counts(self, wanted: Callable[[Place], bool]) -> list[int]:
        """Return how many articles each hour had in the places that are wanted, back into the past."""
        counts = [0] * self.hours
        for place, hourly in self.places.items():
            if wanted(place):
                for hour, number in hourly.items():
                    counts[hour] += number
        return counts

    def headlines(self, wanted: Callable[[Place], bool], most: int) -> tuple[Headline, ...]:
        """Return the newest of the places that are wanted, each of another story."""
        stories: dict[int, Headline] = {}
        for one in self.newest:
            if wanted(one.place) and len(stories) < most:
                stories.setdefault(one.story, one)
        return tuple(stories.values())


def paces(
    conn: sqlite3.Connection, now: datetime, *, hours: int, weeks: int, least: int, within: int
) -> list[Pace]:
    """Return the topics that had ``least`` articles ``within`` the last hours, with all ``hours`` before ``now``."""
    feeds = _known_feeds(conn, now, weeks)
    if not feeds:
        return []
    lately = _counts(conn, now, within, feeds, None)
    busy = {
        topic_id
        for topic_id, places in lately.items()
        if sum(sum(hourly.values()) for hourly in places.values()) >= least
    }
    if not busy:
        return []
    counts = _counts(conn, now, hours, feeds, busy)
    return [
        Pace(
            topic_id=row["id"],
            title=row["title"],
            hours=hours,
            places=counts[row["id"]],
            newest=_newest(conn, row["id"], now - timedelta(hours=within)),
        )
        for row in conn.execute(
            "select id, title from topics where active = 1 and applied is version order by id"
        )
        if row["id"] in busy
    ]


def _known_feeds(conn: sqlite3.Connection, now: datetime, weeks: int) -> frozenset[int]:
    """Return the endpoints that could be read in the day before now, and before the same hour of each week."""
    known: set[int] | None = None
    for week in range(weeks + 1):
        end = now - week * WEEK
        read = {
            row[0]
            for row in conn.execute(
                "select distinct endpoint_id from polls where at > ? and at <= ? and outcome <> 'failed'",
                (stamp(end - DAY), stamp(end)),
            )
        }
        known = read if known is None else known & read
    return frozenset(known or ())


def _counts(
    conn: sqlite3.Connection,
    now: datetime,
    hours: int,
    feeds: Collection[int],
    topics: Collection[str] | None,
) -> Mapping[str, dict[Place, dict[int, int]]]:
    counts: dict[str, dict[Place, dict[int, int]]] = defaultdict(lambda: defaultdict(dict))
    # What was published since was first seen since; ids are handed out in that order.
    first = conn.execute(
        "select id from articles where first_seen_at >= ? order by first_seen_at limit 1",
        (stamp(now - timedelta(hours=hours)),),
    ).fetchone()
    if first is None:
        return counts
    for row in conn.execute(
        """select m.topic_id, a.source_id, s.country, coalesce(a.language, s.language) as language,
                  (?1 - min(unixepoch(a.published_at), unixepoch(a.first_seen_at))) / 3600 as hour,
                  count(*) as number
        from matches m join articles a on a.id = m.article_id join sources s on s.id = a.source_id
        where m.article_id >= ?2 and m.ended_at is null and a.backfill = 0
        and min(unixepoch(a.published_at), unixepoch(a.first_seen_at)) <= ?1
        and (?3 is null or m.topic_id in (select value from json_each(?3)))
        and exists (select 1 from offers o where o.article_id = a.id
                    and o.endpoint_id in (select value from json_each(?4)))
        group by 1, 2, 3, 4, 5""",
        (
            int(now.timestamp()),
            first["id"],
            None if topics is None else json.dumps(sorted(topics)),
            json.dumps(sorted(feeds)),
        ),
    ):
        if row["hour"] < hours:
            counts[row["topic_id"]][_place(row)][row["hour"]] = row["number"]
    return counts


def _newest(conn: sqlite3.Connection, topic_id: str, since: datetime) -> tuple[Headline, ...]:
    rows = conn.execute(
        """select coalesce(a.story_id, a.id) as story, a.title, a.url, s.name, m.topic_id, a.source_id, s.country,
                  coalesce(a.language, s.language) as language
        from matches m join articles a on a.id = m.article_id join sources s on s.id = a.source_id
        where m.topic_id = ? and m.ended_at is null and a.backfill = 0 and a.published_at >= ?
        order by a.id desc""",
        (topic_id, stamp(since)),
    )
    return tuple(Headline(row["story"], row["title"], row["url"], row["name"], _place(row)) for row in rows)


def _place(row: sqlite3.Row) -> Place:
    return Place(row["topic_id"], row["source_id"], row["country"], row["language"])
