"""What has outlived its keep: old polls, and the texts of articles that matched nothing.

Matches are never pruned, and no article is: title, summary and address stay, so that it is never taken for new.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta

from archive.times import stamp

POLLS_KEPT = timedelta(days=90)
BATCH = 500  # articles a transaction: the writer has other work


def thin_polls(conn: sqlite3.Connection, now: datetime) -> int:
    """Keep one poll a day of each endpoint from those older than 90 days; return how many were removed."""
    return conn.execute(
        """delete from polls where at < ?1 and id not in (
            select max(id) from polls where at < ?1 group by endpoint_id, substr(at, 1, 10))""",
        (stamp(now - POLLS_KEPT),),
    ).rowcount


def prune_texts(conn: sqlite3.Connection, now: datetime, retention: timedelta) -> int:
    """Empty the texts of at most `BATCH` articles that are older than ``retention`` and never matched."""
    return conn.execute(
        """update articles set text = '', pruned_at = ? where id in (
            select id from articles a where first_seen_at < ? and text <> '' and pruned_at is null
            and not exists (select 1 from matches m where m.article_id = a.id)
            and not exists (select 1 from changes c where c.article_id = a.id) order by id limit ?)""",
        (stamp(now), stamp(now - retention), BATCH),
    ).rowcount
