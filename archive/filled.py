"""What of a gap the sitemaps of its source brought: a span of which all is in the archive is none.

A sitemap covers a span when it was read before and after it, or asked for the time before it, without a gap, a cap or
an error of its own. A feed holds nothing that its sitemap does not, so nothing is missing then, whatever was estimated.
Runs in the writer's thread, in the transaction of a poll.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta

from archive.model import EndpointKind, Feed, PollOutcome
from archive.times import moment, stamp

RECENT = timedelta(days=7)  # gaps that ended before this are no longer looked at


def settle(conn: sqlite3.Connection, poll: PollOutcome) -> None:
    """Take away the gaps that a sitemap covers, of all feeds of the source that was polled, and end their events."""
    gaps = conn.execute(
        """select g.id, g.event_id, g.endpoint_id, g.since, g.until from gaps g
        join endpoints e on e.id = g.endpoint_id
        where e.source_id = ? and e.kind <> 'sitemap' and g.until >= ?""",
        (poll.task.source_id, stamp(poll.at - RECENT)),
    ).fetchall()
    for gap in gaps:
        if any(_covers(conn, sitemap, gap, poll) for sitemap in _sitemaps(conn, poll.task.source_id)):
            conn.execute("delete from gaps where id = ?", (gap["id"],))
            conn.execute(
                """update events set until = ?1, ended_because = 'found' where id = ?2 and until is null
                and kind = 'overrun' and not exists (select 1 from gaps where event_id = ?2)""",
                (stamp(poll.at), gap["event_id"]),
            )


def _sitemaps(conn: sqlite3.Connection, source_id: str) -> list[sqlite3.Row]:
    return conn.execute(
        "select id, last_ok_at, read_at from endpoints where source_id = ? and kind = 'sitemap' and active = 1",
        (source_id,),
    ).fetchall()


def _covers(conn: sqlite3.Connection, sitemap: sqlite3.Row, gap: sqlite3.Row, poll: PollOutcome) -> bool:
    if sitemap["last_ok_at"] is None or sitemap["last_ok_at"] < gap["until"]:
        return False
    trouble = conn.execute(
        """select 1 from gaps where endpoint_id = ?1 and since < ?2 and coalesce(until, ?2) > ?3 union all
        select 1 from events where endpoint_id = ?1 and kind in ('capped', 'parse_error') and since <= ?2
        and coalesce(until, ?2) >= ?3 limit 1""",
        (sitemap["id"], gap["until"], gap["since"]),
    ).fetchone()
    if trouble is not None:
        return False
    if sitemap["id"] == poll.task.endpoint_id and poll.task.kind is EndpointKind.SITEMAP:
        asked = poll.task.since
        if poll.feed is not None and asked is not None and asked <= moment(gap["since"]):
            return poll.feed.complete and _reaches(poll.feed, moment(gap["since"]))
    earlier = conn.execute(
        "select 1 from polls where endpoint_id = ? and at <= ? and outcome <> 'failed' limit 1",
        (sitemap["id"], gap["since"]),
    ).fetchone()
    return earlier is not None


def _reaches(feed: Feed, since: datetime) -> bool:
    """Tell whether what was read goes back to ``since``: something older was left out, or is dated so."""
    dates = [entry.published_at for entry in feed.entries if entry.published_at is not None]
    return bool(feed.older or (dates and min(dates) <= since))
