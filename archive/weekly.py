"""How many matches there were in the same span of the weeks before: what a digest's numbers are held against.

Reads only.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_left
from collections import Counter, defaultdict
from datetime import datetime, timedelta

from archive.model import Place, Weekly
from archive.times import moment, stamp

WEEK = timedelta(days=7)
WEEKS = 8


def weekly(conn: sqlite3.Connection, since: datetime, until: datetime) -> Weekly:
    """Return how many matches each topic had in the same span of the weeks before, by place.

    Only weeks in which the archive was kept and the topic looked for, at most `WEEKS` of them, the latest first.
    """
    kept = conn.execute("select min(first_seen_at) from articles").fetchone()[0]
    topics = {
        row[0]: moment(row[1])
        for row in conn.execute("select topic_id, min(added_at) from topic_versions group by topic_id")
    }
    found: dict[str, list[Counter[Place]]] = defaultdict(list)
    for number in range(1, WEEKS + 1):
        low, high = since - number * WEEK, until - number * WEEK
        if kept is None or low < moment(kept):
            break
        counted: dict[str, Counter[Place]] = defaultdict(Counter)
        for row in conn.execute(
            """select m.topic_id, a.source_id, s.country, coalesce(a.language, s.language) as language,
            count(*) as number
            from matches m join articles a on a.id = m.article_id join sources s on s.id = a.source_id
            where m.seq >= ? and m.seq < ? and m.matched_at >= ? and m.matched_at < ?
            and m.backfill = 0 and m.ended_at is null group by 1, 2, 3, 4""",
            (_seq_at(conn, low), _seq_at(conn, high), stamp(low), stamp(high)),
        ):
            counted[row["topic_id"]][
                Place(row["topic_id"], row["source_id"], row["country"], row["language"])
            ] = row["number"]
        for topic_id, since_when in topics.items():
            if since_when <= low:
                found[topic_id].append(counted[topic_id])
    return found


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
