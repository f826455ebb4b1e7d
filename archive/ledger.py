"""How reading an endpoint went: what deciding needs to know of it, and what a poll does to it, its events and gaps.

Runs in the writer's thread, inside a transaction that the caller opened. It decides nothing: a `PollPlan` says what
is to be done. The first read is made at every poll, and is one row; `before` only where a poll looks odd.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta

from archive import filled
from archive.model import Before, EndpointKind, EndpointState, Outcome, PollOutcome, PollPlan, Reading
from archive.normalize import fold
from archive.times import moment, stamp

WEEKS = timedelta(weeks=8)  # how far back it is looked when items used to come
DAY = timedelta(days=1)
MOST = 20_000  # items of a habit, the latest


def endpoint_state(conn: sqlite3.Connection, endpoint_id: int) -> EndpointState:
    """Return what is known of an endpoint before a poll."""
    row = conn.execute(
        """select e.*, s.pages, (select g.since from gaps g where g.endpoint_id = e.id and g.until is null) as gap_since
        from endpoints e join sources s on s.id = e.source_id where e.id = ?""",
        (endpoint_id,),
    ).fetchone()
    events = conn.execute(
        "select kind, last_at from events where endpoint_id = ? and until is null", (endpoint_id,)
    )
    same = (
        "url",
        "every",
        "failures",
        "weight",
        "pace",
        "ttl",
        "good_polls",
        "etag",
        "last_modified",
        "moved_to",
    )
    times = (
        "last_ok_at", "read_at", "item_at", "whole_at", "said_304_at", "whole_by", "whole_until", "habit_at",
        "overrun_at", "gap_since",
    )  # fmt: skip
    return EndpointState(
        **{name: row[name] for name in same},
        **{name: moment(row[name]) for name in times},
        pages=bool(row["pages"]),
        open_events={event["kind"]: moment(event["last_at"]) for event in events},
    )


def before(conn: sqlite3.Connection, poll: PollOutcome, state: EndpointState) -> Before:
    """Return what is looked up where a poll looks odd: the body before this one, and how items used to come.

    A poll that brought no body is compared with none, and one that was not sent on has no new address.
    """
    endpoint_id = poll.task.endpoint_id
    offered, sitemap, taken = [], None, None
    if poll.feed is not None:
        offered = conn.execute(
            """select o.guid, a.title from offers o join articles a on a.id = o.article_id
            where o.endpoint_id = ? and o.first_seen_at >= ? and o.last_seen_at = ?""",
            (endpoint_id, stamp(poll.at - WEEKS), stamp(state.read_at)),
        ).fetchall()
        sitemap = conn.execute(
            "select 1 from endpoints where source_id = ? and kind = 'sitemap' and active = 1 and id <> ?",
            (poll.task.source_id, endpoint_id),
        ).fetchone()
    if poll.moved_to is not None:
        taken = conn.execute(
            "select 1 from endpoints where source_id = ? and url = ? and active = 1 and id <> ?",
            (poll.task.source_id, poll.moved_to, endpoint_id),
        ).fetchone()
    contact = conn.execute(
        "select min(first_seen_at) from offers where endpoint_id = ?", (endpoint_id,)
    ).fetchone()[0]
    rows = conn.execute(
        """select a.published_at, o.first_seen_at from offers o join articles a on a.id = o.article_id
        where o.endpoint_id = ? and o.first_seen_at >= ? order by o.first_seen_at desc limit ?""",
        (endpoint_id, stamp(poll.at - WEEKS), MOST),
    ).fetchall()
    blind = conn.execute(
        "select since, coalesce(until, ?1) from gaps where endpoint_id = ?2 and coalesce(until, ?1) > ?3",
        (stamp(poll.at), endpoint_id, stamp(poll.at - WEEKS)),
    )
    return Before(
        guids=frozenset(row["guid"] for row in offered if row["guid"]),
        titles=frozenset(fold(row["title"]) for row in offered),
        times=tuple(sorted(came for row in rows if (came := _came(row, contact)) is not None)),
        offered=len(offered),
        first=_known_since(rows, contact, poll.at),
        blind=tuple((moment(since), moment(until)) for since, until in blind),
        sitemap=sitemap is not None,
        taken=taken is not None,
    )


def _came(row: sqlite3.Row, contact: str | None) -> datetime | None:
    """Return when an item came: when it says that it did, unless it was seen long after that, or before.

    None where nobody knows: undated, it stood there when the endpoint was first read.
    """
    seen = row["first_seen_at"]
    came: datetime = moment(seen)
    if row["published_at"] is None:
        return None if seen == contact else came
    published: datetime = moment(row["published_at"])
    return published if seen == contact or came - DAY <= published <= came else came


def _known_since(rows: Sequence[sqlite3.Row], contact: str | None, now: datetime) -> datetime | None:
    """Return since when it is known how items came. What the first body held of older ones tells of its days too."""
    if contact is None:
        return None
    found = sorted(
        moment(row["published_at"]) for row in rows if row["published_at"] and row["first_seen_at"] == contact
    )
    # A pinned item of last year is no sign that nothing came since.
    since = min(found[len(found) // 10], moment(contact)) if found else moment(contact)
    return max(since, now - WEEKS)


# --- what a poll does ---------------------------------------------------------------------------------------------


def finish_poll(
    conn: sqlite3.Connection,
    poll: PollOutcome,
    state: EndpointState,
    plan: PollPlan,
    reading: Reading | None,
    *,
    new: int,
) -> None:
    """Store the poll and what has become of ``state``, that of before; ``new``: articles that nobody offered before.

    Validators are kept only when the plan says so: a 304 for a body of which something was lost would
    lose it for good.
    """
    task, at = poll.task, stamp(poll.at)
    items = len(poll.feed.entries) if poll.feed else None
    ended = (task.endpoint_id, at, poll.outcome, poll.status, poll.reason, poll.detail, poll.bytes, poll.ms)
    again = conn.execute(
        """select 1 from polls where endpoint_id = ? and at = ? and outcome = ? and status is ? and reason is ?
        and detail is ? and bytes = ? and ms = ?""",
        ended,
    ).fetchone()
    conn.execute(
        """insert into polls (endpoint_id, at, outcome, status, reason, detail, bytes, ms, items, known, new)
        values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (*ended, items, (items or 0) - new, new),
    )
    if again is not None:
        # The same result twice: its failure must not count twice. What is older than the last poll does count: after
        # the clock was set back that is all there is, and without a new time an endpoint is due again at once.
        return
    good = plan.failures == 0
    conn.execute(
        """update endpoints set last_poll_at = :at, last_outcome = :outcome, last_status = :status,
        last_detail = :detail, failures = :failures, weight = :weight, pace = :pace, interval = :interval,
        next_poll_at = :next, last_ok_at = iif(:good, :at, last_ok_at), good_polls = good_polls + :good,
        last_new_at = iif(:new > 0, :at, last_new_at), item_at = :item_at, ttl = :ttl,
        read_at = iif(:read and (:items or read_at is not null), :at, read_at),
        whole_at = iif(:whole, :at, whole_at), said_304_at = :said_304_at,
        whole_by = :whole_by, whole_until = :whole_until, habit_at = :habit_at,
        overrun_at = iif(:overrun, :at, overrun_at), since = iif(:good, null, since),
        etag = iif(:keep, :etag, null), last_modified = iif(:keep, :last_modified, null),
        body_hash = iif(:keep, :body_hash, null), moved_to = :moved_to,
        title = coalesce(:title, title), format = coalesce(:format, format) where id = :id""",
        {
            "id": task.endpoint_id,
            "at": at,
            "outcome": poll.outcome,
            "status": poll.status,
            "detail": poll.detail,
            "failures": plan.failures,
            "weight": plan.weight,
            "pace": plan.pace,
            "interval": plan.interval,
            "next": stamp(plan.next_poll_at),
            "good": good,
            "new": new,
            "item_at": stamp(plan.item_at),
            "ttl": plan.ttl,
            # What shows nothing of what was missed is not what the next body is compared with.
            "read": reading is not None and plan.lost is not None,
            "items": reading.items if reading is not None else 0,
            "whole": good and poll.outcome is not Outcome.NOT_MODIFIED,
            "said_304_at": stamp(plan.said_304_at),
            "whole_by": stamp(plan.whole_by),
            "whole_until": stamp(plan.whole_until),
            "habit_at": stamp(plan.habit_at),
            "overrun": plan.overrun,
            "keep": plan.keep,
            "etag": poll.etag,
            "last_modified": poll.last_modified,
            "body_hash": poll.body_hash,
            "moved_to": plan.moved_to,
            "title": poll.feed.title if poll.feed else None,
            "format": poll.feed.format if poll.feed else None,
        },
    )
    for kind, why in plan.closes:
        close_event(conn, task.endpoint_id, kind, why, at)
    for kind, detail in plan.events:
        show_event(conn, task.source_id, task.endpoint_id, kind, detail, at)
    _settle(conn, poll, state, plan)
    if good and (plan.lost or task.kind is EndpointKind.SITEMAP):
        filled.settle(conn, poll)


def show_event(
    conn: sqlite3.Connection, source_id: str, endpoint_id: int, kind: str, detail: str, at: str
) -> None:
    """Open an event, or count it where it is open; without words, those that it has stand."""
    conn.execute(
        """insert into events (source_id, endpoint_id, kind, since, last_at, detail) values (?, ?, ?, ?, ?, ?)
        on conflict (endpoint_id, kind) where until is null do update set
        last_at = excluded.last_at, count = count + 1, detail = iif(excluded.detail = '', detail, excluded.detail)""",
        (source_id, endpoint_id, kind, at, at, detail),
    )


def close_event(conn: sqlite3.Connection, endpoint_id: int, kind: str, why: str, at: str) -> None:
    """Close an event if it is open."""
    conn.execute(
        "update events set until = ?, ended_because = ? where endpoint_id = ? and kind = ? and until is null",
        (at, why, endpoint_id, kind),
    )


def _settle(conn: sqlite3.Connection, poll: PollOutcome, state: EndpointState, plan: PollPlan) -> None:
    """Open a gap when an outage begins; after it, say what was missed in it, or that nothing was."""
    endpoint_id = poll.task.endpoint_id
    lost = plan.lost
    if lost is None:
        conn.execute(
            """insert into gaps (endpoint_id, event_id, since) select ?1, max(id), ?2 from events where endpoint_id = ?1
            and until is null and kind = ?3
            having not exists (select 1 from gaps where endpoint_id = ?1 and until is null)""",
            (endpoint_id, stamp(state.last_ok_at or poll.at), plan.events[0][0]),
        )
        return
    if not lost:
        if state.gap_since is not None:
            conn.execute("delete from gaps where endpoint_id = ? and until is null", (endpoint_id,))
        return
    values = (stamp(lost.since), stamp(lost.until), lost.missed, lost.low, lost.high)
    ended = conn.execute(
        """update gaps set since = ?, until = ?, missed = ?, low = ?, high = ?
        where endpoint_id = ? and until is null""",
        (*values, endpoint_id),
    )
    if not ended.rowcount and plan.overrun:
        conn.execute(
            """insert into gaps (since, until, missed, low, high, endpoint_id, event_id)
            select ?, ?, ?, ?, ?, endpoint_id, id from events
            where endpoint_id = ? and kind = 'overrun' and until is null""",
            (*values, endpoint_id),
        )
    # What the feed no longer shows, a sitemap of its source may: it is asked at once, for that time.
    conn.execute(
        """update endpoints set next_poll_at = ?1, since = min(coalesce(since, ?2), ?2)
        where source_id = ?3 and kind = 'sitemap' and active = 1 and id <> ?4""",
        (stamp(poll.at), stamp(lost.since), poll.task.source_id, endpoint_id),
    )


# --- pages ----------------------------------------------------------------------------------------------------


def pages_refused(conn: sqlite3.Connection, source_id: str) -> int:
    """Return how many pages of a source were refused in a row."""
    row = conn.execute("select pages_refused from sources where id = ?", (source_id,)).fetchone()
    return row[0] if row else 0


def count_refused(
    conn: sqlite3.Connection, source_id: str, count: int, event: str | None, at: datetime
) -> None:
    """Store how many pages were refused in a row. ``event``: words for ``pages_blocked``, None: it is over.

    It is told of the first endpoint of the source, for no page has one of its own.
    """
    conn.execute("update sources set pages_refused = ? where id = ?", (count, source_id))
    if event is None:
        conn.execute(
            """update events set until = ?, ended_because = 'recovered'
            where source_id = ? and kind = 'pages_blocked' and until is null""",
            (stamp(at), source_id),
        )
        return
    row = conn.execute(
        "select min(id) from endpoints where source_id = ? and active = 1", (source_id,)
    ).fetchone()
    if row[0] is not None:
        show_event(conn, source_id, row[0], "pages_blocked", event, stamp(at))
