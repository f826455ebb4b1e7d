"""What a digest asks the archive beside its matches: which stories they are, and how many of them are usual.

Reads only. The matches themselves are `archive.search.matched_between`'s, what edits did to them `archive.revised`'s.
"""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from statistics import median

from archive.model import ToldStory
from archive.times import moment, stamp

WEEK = timedelta(days=7)
WEEKS = 8
FEWEST = 3  # weeks below which nothing is called usual


def stories_of(conn: sqlite3.Connection, article_ids: Collection[int]) -> dict[int, ToldStory]:
    """Return the stories of articles, by article; one that has no copies is missing."""
    chosen = json.dumps(sorted(set(article_ids)))
    articles: dict[int, list[int]] = defaultdict(list)
    outlets: dict[int, dict[str, str]] = defaultdict(dict)
    for row in conn.execute(
        """select a.id, a.story_id, a.source_id, s.name from articles a join sources s on s.id = a.source_id
        where a.story_id in (
            select story_id from articles where id in (select value from json_each(?)) and story_id is not null)
        order by a.id""",
        (chosen,),
    ):
        articles[row["story_id"]].append(row["id"])
        outlets[row["story_id"]].setdefault(row["source_id"], row["name"])
    told = {
        story_id: ToldStory(
            story_id=story_id, articles=tuple(members), outlets=tuple(outlets[story_id].values())
        )
        for story_id, members in articles.items()
    }
    wanted = set(article_ids)
    return {one: story for story in told.values() for one in story.articles if one in wanted}


Weekly = Mapping[str, Sequence[Mapping[tuple[str, str | None], int]]]
"""Of each topic, of each week before: how many matches there were by source and language."""


def weekly(conn: sqlite3.Connection, since: datetime, until: datetime) -> Weekly:
    """Return how many matches each topic had in the same span of the weeks before, by source and language.

    Only weeks in which the archive was kept and the topic looked for, at most `WEEKS` of them, the latest first.
    """
    kept = conn.execute("select min(first_seen_at) from articles").fetchone()[0]
    topics = {
        row[0]: moment(row[1])
        for row in conn.execute("select topic_id, min(added_at) from topic_versions group by topic_id")
    }
    found: dict[str, list[Counter[tuple[str, str | None]]]] = defaultdict(list)
    for number in range(1, WEEKS + 1):
        low, high = since - number * WEEK, until - number * WEEK
        if kept is None or low < moment(kept):
            break
        counted: dict[str, Counter[tuple[str, str | None]]] = defaultdict(Counter)
        for row in conn.execute(
            """select m.topic_id, a.source_id, coalesce(a.language, s.language) as language, count(*) as number
            from matches m join articles a on a.id = m.article_id join sources s on s.id = a.source_id
            where m.seq >= ? and m.seq < ? and m.matched_at >= ? and m.matched_at < ?
            and m.backfill = 0 and m.ended_at is null group by 1, 2, 3""",
            (_seq_at(conn, low), _seq_at(conn, high), stamp(low), stamp(high)),
        ):
            counted[row["topic_id"]][row["source_id"], row["language"]] = row["number"]
        for topic_id, since_when in topics.items():
            if since_when <= low:
                found[topic_id].append(counted[topic_id])
    return found


def usual(weeks: Iterable[Mapping[tuple[str, str | None], int]]) -> float | None:
    """Return the median of what `weekly` says of one topic; None when the weeks are too few to call it usual."""
    numbers = [sum(one.values()) for one in weeks]
    return median(numbers) if len(numbers) >= FEWEST else None


def _seq_at(conn: sqlite3.Connection, when: datetime) -> int:
    """Return from which sequence on matches are of ``when`` or later, as far as the clock never stepped back."""
    # Matches have no index by time, and need none for this: their sequence follows the clock.
    top = conn.execute("select coalesce(max(seq), 0) from matches").fetchone()[0]
    stamped = stamp(when)

    def at(seq: int) -> bool:
        row = conn.execute(
            "select matched_at from matches where seq >= ? order by seq limit 1", (seq,)
        ).fetchone()
        return row is None or row[0] >= stamped

    return bisect_left(range(top + 2), True, key=at)
