"""What has outlived its keep: old polls, texts of articles that matched nothing, robots.txt of hosts long not asked.

And what was left for later: which articles the full-text index may hold otherwise (`archive.odd`).

Matches are never pruned, and no article is: title, summary and address stay, so that it is never taken for new.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta

from archive.connect import transaction
from archive.odd import is_odd
from archive.reach import keep_odd
from archive.times import stamp

POLLS_KEPT = timedelta(days=90)
ROBOTS_KEPT = timedelta(days=30)  # after it expired: so long the last good copy stands in (RFC 9309, 2.3.1.4)
BATCH = 500  # articles, and revisions, a transaction: the writer has other work

# Old, seen by the matcher, and never matched.
_LET_GO = """a.first_seen_at < :before and not exists (select 1 from matches m where m.article_id = a.id)
    and not exists (select 1 from changes c where c.article_id = a.id)"""


def thin_polls(conn: sqlite3.Connection, now: datetime) -> int:
    """Keep one poll a day of each endpoint from those older than 90 days; return how many were removed."""
    return conn.execute(
        """delete from polls where at < ?1 and id not in (
            select max(id) from polls where at < ?1 group by endpoint_id, substr(at, 1, 10))""",
        (stamp(now - POLLS_KEPT),),
    ).rowcount


def prune_texts(conn: sqlite3.Connection, now: datetime, retention: timedelta) -> int:
    """Empty texts of articles that are older than ``retention`` and never matched, those of revisions too.

    At most `BATCH` of each; returns how many were emptied, so 0 when there are none left.
    """
    values = {"now": stamp(now), "before": stamp(now - retention), "limit": BATCH}
    texts = conn.execute(
        f"""update articles set text = '', pruned_at = :now, odd = iif(odd = 0, 0, null) where id in (
            select a.id from articles a where a.text <> '' and {_LET_GO} order by a.id limit :limit)""",  # noqa: S608 - ours
        values,
    ).rowcount
    earlier = conn.execute(
        f"""update revisions set text = '' where id in (
            select r.id from revisions r join articles a on a.id = r.article_id
            where r.text <> '' and {_LET_GO} and not exists (select 1 from matches m where m.revision_id = r.id)
            order by r.article_id limit :limit)""",  # noqa: S608 - ours
        values,
    ).rowcount
    return texts + earlier


def forget_robots(conn: sqlite3.Connection, now: datetime) -> int:
    """Remove what hosts said in a robots.txt that nobody asked for in 30 days; return how many were removed."""
    return conn.execute("delete from robots where expires_at < ?", (stamp(now - ROBOTS_KEPT),)).rowcount


def judge_texts(conn: sqlite3.Connection) -> int:
    """Note whether articles are odd of which it is not known; return of how many, at most `BATCH`."""
    if conn.execute("select 1 from articles where odd is null limit 1").fetchone() is None:
        return 0  # as nearly always: then nobody is kept from writing
    with transaction(conn):
        rows = conn.execute(
            "select id, title, summary, text from articles where odd is null order by id limit ?", (BATCH,)
        ).fetchall()
        for row in rows:
            texts = row["title"], row["summary"], row["text"]
            odd = is_odd(*texts)
            conn.execute("update articles set odd = ? where id = ?", (odd, row["id"]))
            keep_odd(conn, row["id"], texts, odd=odd)
    return len(rows)
