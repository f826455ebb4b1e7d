"""The rows of `deliveries`, and the only moves between their states.

                 claim            on_the_wire
        DUE ───────────▶ CLAIMED ────────────▶ DATA
         ▲                  │ │                 │ │
         │  again, recover  │ └──── sent ─────┐ │ ├── sent ─────▶ SENT
         ├──────────────────┘                 ▼ │ └── unknown,
         └────────── again (refused, 4xx) ◀─────┘     recover ──▶ UNKNOWN
                         CLAIMED, DATA ── dead, or `again` too often ──▶ DEAD

UNKNOWN and DEAD are moved by the operator alone.

The law: every claimed delivery ends sent, due, unknown or dead. The step to DATA is committed *before* a byte
of the message leaves, so after a crash a row in CLAIMED has sent nothing and a row in DATA may have: the first
is tried again, the second never by itself.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from alerts import state
from alerts.model import (
    FOLDER_CHANNEL,
    Delivery,
    DeliveryState,
    Digest,
    DigestKind,
    Message,
    SubscriptionState,
)
from alerts.state import rows
from alerts.suppressions import WHY_NOT, suppressed
from archive.connect import transaction
from archive.errors import ArchiveError
from archive.times import moment, stamp

# How long to wait after the first, second, ... failed attempt: twelve attempts in three days. Long enough for a
# mail server that is broken on Friday evening and mended on Monday morning.
_MINUTES = (1, 5, 15, 60, 180, 360, 360, 480, 720, 720, 1440)
MAX_ATTEMPTS = len(_MINUTES) + 1
LONGEST = timedelta(minutes=max(_MINUTES))


def next_try(attempts: int, now: datetime) -> datetime | None:
    """Return when to try again after ``attempts`` failed attempts, None when it was the last one."""
    return now + timedelta(minutes=_MINUTES[attempts - 1]) if attempts < MAX_ATTEMPTS else None


def queue(conn: sqlite3.Connection, digest: Digest, messages: Sequence[Message]) -> bool:
    """Store a digest, its messages and the place that its subscription has reached, all or nothing.

    Returns False, and changes nothing, when this digest is stored already. Raises `ArchiveError` when it does
    not continue where the subscription stands: storing it would skip matches or send them twice.
    """
    subscription_id = digest.subscription.id
    with transaction(conn):
        if _stored(conn, digest):
            return False
        known = state.subscription_state(conn, subscription_id)
        if known is None or (known.seq, known.change) != (digest.from_seq, digest.from_change):
            stands = "unknown" if known is None else f"at {known.seq}, {known.change}"
            starts = f"{digest.from_seq}, {digest.from_change}"
            raise ArchiveError(f"{subscription_id} is {stands}: no digest can start at {starts}")
        state.move_due(conn, subscription_id, digest.due_at)
        if digest.kind is DigestKind.DIGEST:
            if (digest.from_seq, digest.from_change) == (digest.to_seq, digest.to_change):
                return True
            rows(conn, "DELETE FROM held WHERE subscription_id = ?", (subscription_id,))
        put(conn, digest, messages)
        return True


def put(conn: sqlite3.Connection, digest: Digest, messages: Sequence[Message]) -> None:
    """Store a digest of whatever kind with what it lists and its messages, in a transaction of the caller's."""
    subscription_id = digest.subscription.id
    ends = (digest.from_seq, digest.to_seq, digest.from_change, digest.to_change)
    times = (stamp(digest.due_at), stamp(digest.made_at))
    digest_id = _row(
        conn, (subscription_id, digest.kind.value, "", *ends, *times), len(digest.articles), messages
    )
    # An article that was listed before makes this fail rather than be told twice.
    for article_id, topic_id in dict.fromkeys((one.article_id, one.topic_id) for one in digest.articles):
        rows(
            conn,
            """INSERT INTO digest_items (subscription_id, article_id, topic_id, digest_id, outlets)
               VALUES (?, ?, ?, ?, ?)""",
            (subscription_id, article_id, topic_id, digest_id, digest.outlets.get(article_id, 1)),
        )
    for message in messages:
        _insert(conn, digest_id, subscription_id, message, digest.made_at)


def stands(conn: sqlite3.Connection, subscription_id: str, kind: DigestKind, due_at: datetime) -> bool:
    """Tell whether there is one of a kind for this very moment."""
    sql = "SELECT 1 FROM digests WHERE subscription_id = ? AND kind = ? AND due_at = ?"
    return bool(rows(conn, sql, (subscription_id, kind.value, stamp(due_at))))


def put_beside(
    conn: sqlite3.Connection,
    known: SubscriptionState,
    alert: tuple[DigestKind, str, int],
    due_at: datetime,
    now: datetime,
    messages: Sequence[Message],
) -> None:
    """Store an alert, (kind, about what, how many articles), that lists none; in a transaction of the caller's."""
    (kind, about, number), subscription_id = alert, known.subscription.id
    ends = (known.seq, known.seq, known.change, known.change)
    digest_id = _row(
        conn, (subscription_id, kind.value, about, *ends, stamp(due_at), stamp(now)), number, messages
    )
    for message in messages:
        _insert(conn, digest_id, subscription_id, message, now)


def _row(conn: sqlite3.Connection, values: tuple[Any, ...], matches: int, messages: Sequence[Message]) -> int:
    digest_id: int = rows(
        conn,
        """INSERT INTO digests (subscription_id, kind, about, from_seq, to_seq, from_change, to_change, due_at,
                                made_at, matches, subject)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id""",
        (*values, matches, messages[0].subject if messages else ""),
    )[0][0]
    return digest_id


def mailed(
    conn: sqlite3.Connection,
    subscription_id: str,
    kind: DigestKind,
    after: datetime,
    upto: datetime,
    about: str = "",
) -> int:
    """Return how many of a kind, about one topic if it is about one, were made after one moment and up to another."""
    sql = """SELECT count(*) FROM digests
             WHERE subscription_id = ? AND kind = ? AND about = ? AND due_at > ? AND due_at <= ?"""
    number: int = rows(conn, sql, (subscription_id, kind.value, about, stamp(after), stamp(upto)))[0][0]
    return number


def last_mail_at(conn: sqlite3.Connection, subscription_id: str, upto: datetime) -> datetime | None:
    """Return when the latest mail of whatever kind was due, up to a moment, that somebody was to get."""
    sql = """SELECT max(due_at) FROM digests WHERE subscription_id = ? AND due_at <= ?
             AND EXISTS (SELECT 1 FROM deliveries WHERE digest_id = digests.id)"""
    found = rows(conn, sql, (subscription_id, stamp(upto)))[0][0]
    return moment(found) if found else None


def _stored(conn: sqlite3.Connection, digest: Digest) -> bool:
    sql = """SELECT from_seq, to_seq, from_change, to_change FROM digests
             WHERE subscription_id = ? AND kind = ? AND due_at = ?"""
    found = rows(conn, sql, (digest.subscription.id, digest.kind.value, stamp(digest.due_at)))
    if found and found[0] != (digest.from_seq, digest.to_seq, digest.from_change, digest.to_change):
        raise ArchiveError(f"{digest.subscription.id} has another digest due at {stamp(digest.due_at)}")
    return bool(found)


def _insert(
    conn: sqlite3.Connection, digest_id: int, subscription_id: str, message: Message, now: datetime
) -> None:
    why_not = suppressed(conn, message.recipient, subscription_id)
    rows(
        conn,
        """INSERT INTO deliveries (digest_id, recipient, channel, message_id, subject, body, html,
                                   state, next_try_at, done_at, last_error)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            digest_id,
            message.recipient,
            message.channel,
            message.message_id,
            message.subject,
            message.body,
            message.html,
            DeliveryState.DEAD if why_not else DeliveryState.DUE,
            stamp(now),
            stamp(now) if why_not else None,
            why_not,
        ),
    )


def claim(conn: sqlite3.Connection, now: datetime, limit: int, channel: str | None = None) -> list[Delivery]:
    """Take up to ``limit`` deliveries that are due, for one channel or for all, the longest due first.

    What waits for an address that was suppressed meanwhile is dead.
    """
    with transaction(conn):
        rows(
            conn,
            f"""UPDATE deliveries SET state = 'dead', done_at = ?1, last_error = ({WHY_NOT})
               WHERE state = 'due' AND lower(recipient) IN (SELECT recipient FROM suppressions)
               AND ({WHY_NOT}) IS NOT NULL""",  # noqa: S608 - our own words
            (stamp(now),),
        )
        claimed = rows(
            conn,
            """UPDATE deliveries SET state = 'claimed', claimed_at = ?1, attempts = attempts + 1
               WHERE state = 'due' AND id IN (
                   SELECT id FROM deliveries
                   WHERE state = 'due' AND next_try_at <= ?1 AND (?2 IS NULL OR channel = ?2)
                   ORDER BY next_try_at, id LIMIT ?3)
               RETURNING id""",
            (stamp(now), channel, limit),
        )
        return _read(conn, (row[0] for row in claimed))


def reroute(conn: sqlite3.Connection, now: datetime) -> int:
    """Give what waits for another channel to the folder, with all attempts before it; return how many those are.

    For when no mail server is configured any more: nobody else would ever take these.
    """
    sql = """UPDATE deliveries SET channel = ?1, attempts = 0, next_try_at = ?2
             WHERE state = 'due' AND channel <> ?1 RETURNING id"""
    return len(rows(conn, sql, (FOLDER_CHANNEL, stamp(now))))


def on_the_wire(conn: sqlite3.Connection, delivery_id: int) -> bool:
    """Remember that the message is about to leave. False: it is not ours, or not wanted any more, and must not."""
    sql = f"""UPDATE deliveries SET state = 'data'
              WHERE id = ? AND state = 'claimed' AND ({WHY_NOT}) IS NULL RETURNING id"""  # noqa: S608 - our own words
    return bool(rows(conn, sql, (delivery_id,)))


def sent(conn: sqlite3.Connection, delivery_id: int, now: datetime) -> bool:
    """Remember that the other side has taken the message."""
    return _end(conn, delivery_id, DeliveryState.SENT, None, now)


def again(conn: sqlite3.Connection, delivery_id: int, error: str, next_try_at: datetime) -> bool:
    """Give a delivery back, to be tried at ``next_try_at``: it is certain that nothing was taken."""
    sql = """UPDATE deliveries SET state = 'due', next_try_at = ?, last_error = ?
             WHERE id = ? AND state IN ('claimed', 'data') RETURNING id"""
    return bool(rows(conn, sql, (stamp(next_try_at), error, delivery_id)))


def dead(conn: sqlite3.Connection, delivery_id: int, error: str, now: datetime) -> bool:
    """Give up: refused for good, or tried too often."""
    return _end(conn, delivery_id, DeliveryState.DEAD, error, now)


def unknown(conn: sqlite3.Connection, delivery_id: int, error: str, now: datetime) -> bool:
    """Remember that nobody knows: the message left, and no answer came. Only the operator sends it again."""
    return _end(conn, delivery_id, DeliveryState.UNKNOWN, error, now)


def recover(conn: sqlite3.Connection, now: datetime, *, in_hand: Collection[int] = ()) -> list[Delivery]:
    """Settle the deliveries that nobody has in hand any more; call it before claiming.

    A process that died leaves such, and so does one that could not write down how a delivery ended. ``in_hand`` are
    those that somebody is handing over just now: they are left alone. What was only claimed is due again (dead when
    that was its last attempt: it may be what kills us). For the folder that was no attempt: written again it is the
    same file, and a disk that takes no ending must not use the attempts up. What was on the wire becomes unknown, and
    is returned, to be reported. What waits longer than anything may, by a clock that ran ahead, is due now.
    """
    ours = json.dumps(sorted(in_hand))
    with transaction(conn):
        rows(
            conn,
            """UPDATE deliveries SET next_try_at = ?1, last_error = 'it was dropped before the message left',
                   attempts = attempts - (channel = ?4),
                   state = iif(attempts < ?2 OR channel = ?4, 'due', 'dead'),
                   done_at = iif(attempts < ?2 OR channel = ?4, NULL, ?1)
               WHERE state = 'claimed' AND id NOT IN (SELECT value FROM json_each(?3))""",
            (stamp(now), MAX_ATTEMPTS, ours, FOLDER_CHANNEL),
        )
        rows(
            conn,
            "UPDATE deliveries SET next_try_at = ? WHERE state = 'due' AND next_try_at > ?",
            (stamp(now), stamp(now + LONGEST)),
        )
        lost = rows(
            conn,
            """UPDATE deliveries SET state = 'unknown', done_at = ?1,
                   last_error = 'the message was on the wire, and how that ended was not written down'
               WHERE state = 'data' AND id NOT IN (SELECT value FROM json_each(?2)) RETURNING id""",
            (stamp(now), ours),
        )
        return _read(conn, (row[0] for row in lost))


def waiting(conn: sqlite3.Connection) -> tuple[int, datetime | None]:
    """Return how many deliveries are due or claimed, and the earliest moment at which one is to be tried."""
    sql = "SELECT count(*), min(next_try_at) FROM deliveries WHERE state IN ('due', 'claimed')"
    number, earliest = rows(conn, sql)[0]
    return number, moment(earliest) if earliest else None


def troubled(conn: sqlite3.Connection) -> dict[str, int]:
    """Return how many deliveries are unknown and how many dead: those that only the operator moves again."""
    sql = "SELECT state, count(*) FROM deliveries WHERE state IN ('unknown', 'dead') GROUP BY state"
    return {DeliveryState.UNKNOWN.value: 0, DeliveryState.DEAD.value: 0, **dict(rows(conn, sql))}


def _end(
    conn: sqlite3.Connection, delivery_id: int, target: DeliveryState, error: str | None, now: datetime
) -> bool:
    sql = """UPDATE deliveries SET state = ?, last_error = ?, done_at = ?
             WHERE id = ? AND state IN ('claimed', 'data') RETURNING id"""
    return bool(rows(conn, sql, (target, error, stamp(now), delivery_id)))


def _read(conn: sqlite3.Connection, ids: Iterable[Any]) -> list[Delivery]:
    deliveries = []
    for delivery_id in sorted(ids):
        row = rows(
            conn,
            """SELECT deliveries.id, digest_id, subscription_id, due_at, recipient, channel, message_id,
                      deliveries.subject, body, html, state, attempts, last_error
               FROM deliveries JOIN digests ON digests.id = digest_id WHERE deliveries.id = ?""",
            (delivery_id,),
        )[0]
        deliveries.append(
            Delivery(
                id=row[0],
                digest_id=row[1],
                subscription_id=row[2],
                due_at=moment(row[3]),
                recipient=row[4],
                channel=row[5],
                message_id=row[6],
                subject=row[7],
                body=row[8],
                html=row[9],
                state=DeliveryState(row[10]),
                attempts=row[11],
                last_error=row[12],
            )
        )
    return deliveries
