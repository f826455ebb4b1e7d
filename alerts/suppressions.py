"""Who is not written to any more: the rows of `suppressions`, which stand above the operator's file.

A reader who leaves, leaves one list; `EVERY` is for an address that is to get nothing at all. Only the operator
takes a suppression back. Of an address that the operator takes out of the file nothing is remembered here, but what
waits for it is not sent either.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from alerts.model import OUTBOX
from alerts.state import rows
from archive.times import moment, stamp

EVERY = "*"
"""Stands for all subscriptions. No subscription has this id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """Nothing of ``subscription_id`` (or `EVERY`) goes to ``recipient``, an address in small letters."""

    recipient: str
    subscription_id: str
    since: datetime
    why: str

    def as_json(self) -> dict[str, str]:
        """Return it with the keys of ``presswatch suppressions --json``."""
        return {**asdict(self), "since": stamp(self.since)}

    def __str__(self) -> str:
        return f"suppressed since {stamp(self.since)}: {self.why}"


# Of a row of deliveries, joined with its digest: what it died of. Lists before single ones: '*' is below all letters.
WHY_NOT = """
    SELECT 'suppressed since ' || since || ': ' || why FROM suppressions
    WHERE suppressions.recipient = lower(deliveries.recipient) AND suppressions.subscription_id IN (
        '*', (SELECT subscription_id FROM digests WHERE digests.id = deliveries.digest_id))
    ORDER BY suppressions.subscription_id LIMIT 1"""


def suppress(
    conn: sqlite3.Connection, recipient: str, why: str, now: datetime, subscription_id: str = EVERY
) -> bool:
    """Write no more of a subscription to this address; False when that is so already, and the first reason stands."""
    return bool(
        rows(
            conn,
            """INSERT INTO suppressions (recipient, subscription_id, since, why) VALUES (?, ?, ?, ?)
               ON CONFLICT DO NOTHING RETURNING since""",
            (recipient.casefold(), subscription_id, stamp(now), why),
        )
    )


def forget(conn: sqlite3.Connection, known: Iterable[str], now: datetime) -> int:
    """Give up what waits for addresses that the operator's file holds no more; return how many mails those are.

    One that stands there for another list keeps what waits: a list that gets another id loses no mail.
    """
    sql = """UPDATE deliveries SET state = 'dead', done_at = ?1, last_error = 'no longer in subscribers.yaml'
             WHERE state = 'due' AND recipient <> ?2 AND lower(recipient) NOT IN (SELECT value FROM json_each(?3))
             RETURNING id"""
    return len(rows(conn, sql, (stamp(now), OUTBOX, json.dumps([one.casefold() for one in known]))))


def suppressed(conn: sqlite3.Connection, recipient: str, subscription_id: str) -> str | None:
    """Return why and since when nothing of a subscription is written to an address, None when it may be."""
    found = [
        one
        for one in listed(conn)
        if one.recipient == recipient.casefold() and one.subscription_id in (EVERY, subscription_id)
    ]
    return str(found[0]) if found else None


def lift(conn: sqlite3.Connection, recipient: str, subscription_id: str | None = None) -> list[Suppression]:
    """Write to an address again; ``subscription_id`` None: whatever it had left. Returns what was lifted."""
    found = rows(
        conn,
        """DELETE FROM suppressions WHERE recipient = ?1 AND (?2 IS NULL OR subscription_id = ?2)
           RETURNING recipient, subscription_id, since, why""",
        (recipient.casefold(), subscription_id),
    )
    return sorted(map(_suppression, found), key=lambda one: one.subscription_id)


def listed(conn: sqlite3.Connection) -> list[Suppression]:
    """Return all suppressions, by address."""
    sql = (
        "SELECT recipient, subscription_id, since, why FROM suppressions ORDER BY recipient, subscription_id"
    )
    return [_suppression(row) for row in rows(conn, sql)]


def _suppression(row: tuple[str, str, str, str]) -> Suppression:
    recipient, subscription_id, since, why = row
    return Suppression(recipient=recipient, subscription_id=subscription_id, since=moment(since), why=why)
