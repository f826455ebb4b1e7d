"""What the alerts side remembers, in `alerts.db`: schema, subscriptions, digests, suppressions, requests.

The rows of `deliveries` are moved by `alerts.outbox`, through `rows` of this module; nothing else in the
project writes SQL for this file. Functions take a plain connection that somebody else opened (the one
writer, ``isolation_level=None``), and `transaction` is the only place that begins and commits.

**The sequence rule.** A digest holds every wanted match with from_seq < seq <= to_seq, and the next one of
the subscription starts at its to_seq. Where a subscription stands is therefore never stored apart from its
digests: it is the highest to_seq, or start_seq before the first, so the two cannot disagree.

A due moment at which the archive holds no newer match has from_seq = to_seq. Two of those in a row would
break UNIQUE(subscription_id, from_seq), and a row with nothing between its ends says nothing: so it is not a
row. It only moves `last_due_at` of the subscription. A range that holds matches of which none is wanted *is*
a row (matches = 0, no deliveries): the chain of ranges has no holes, and a topic added to a subscription later
brings no old matches with it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlite_utils import Database, Migrations

from alerts.model import Request, Subscription, SubscriptionState
from archive.errors import ArchiveError
from archive.model import from_json, to_json
from archive.times import moment, stamp

migrations = Migrations("alerts")


@migrations()
def first_tables(db: Database) -> None:
    """Subscriptions, digests and deliveries, and what surrounds them."""
    for statement in _FIRST_TABLES:
        db.execute(statement)


# Never edited once released: a change is another function below the last one.
_FIRST_TABLES = (
    """
    CREATE TABLE subscriptions (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        definition TEXT NOT NULL,
        start_seq INTEGER NOT NULL,
        created_at TEXT NOT NULL,
        last_due_at TEXT,
        active INTEGER NOT NULL DEFAULT 1
    )""",
    """
    CREATE TABLE digests (
        id INTEGER PRIMARY KEY,
        subscription_id TEXT NOT NULL REFERENCES subscriptions(id),
        from_seq INTEGER NOT NULL,
        to_seq INTEGER NOT NULL,
        due_at TEXT NOT NULL,
        made_at TEXT NOT NULL,
        matches INTEGER NOT NULL,
        subject TEXT NOT NULL,
        UNIQUE (subscription_id, due_at),
        UNIQUE (subscription_id, from_seq),
        CHECK (from_seq < to_seq)
    )""",
    """
    CREATE TABLE deliveries (
        id INTEGER PRIMARY KEY,
        digest_id INTEGER NOT NULL REFERENCES digests(id),
        recipient TEXT NOT NULL,
        channel TEXT NOT NULL,
        message_id TEXT NOT NULL UNIQUE,
        subject TEXT NOT NULL,
        body BLOB NOT NULL,
        html TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('due', 'claimed', 'data', 'sent', 'unknown', 'dead')),
        attempts INTEGER NOT NULL DEFAULT 0,
        next_try_at TEXT NOT NULL,
        claimed_at TEXT,
        done_at TEXT,
        last_error TEXT
    )""",
    "CREATE INDEX deliveries_by_state ON deliveries (state, next_try_at)",
    "CREATE INDEX deliveries_by_digest ON deliveries (digest_id)",
    "CREATE TABLE suppressions (recipient TEXT PRIMARY KEY, since TEXT NOT NULL, why TEXT NOT NULL)",
    """
    CREATE TABLE feedback (
        id INTEGER PRIMARY KEY,
        at TEXT NOT NULL,
        subscription_id TEXT NOT NULL REFERENCES subscriptions(id),
        article_id INTEGER,
        topic_id TEXT,
        verdict TEXT NOT NULL,
        note TEXT NOT NULL DEFAULT ''
    )""",
    """
    CREATE TABLE requests (
        id INTEGER PRIMARY KEY,
        at TEXT NOT NULL,
        what TEXT NOT NULL,
        arguments TEXT NOT NULL,
        state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done', 'failed')),
        answer TEXT
    )""",
)


def pending(conn: sqlite3.Connection) -> list[str]:
    """Return the names of the migrations that `migrate` would run."""
    return [
        m.name for m in migrations.pending(Database(conn, execute_plugins=False, recursive_triggers=False))
    ]


def migrate(conn: sqlite3.Connection) -> list[str]:
    """Bring the file behind ``conn`` to the newest schema; return the names of the migrations that ran.

    Raises `ArchiveError` when it cannot be done; the migration that failed has left nothing behind.
    """
    names = pending(conn)
    try:
        migrations.apply(Database(conn, execute_plugins=False))
    except sqlite3.Error as error:
        raise ArchiveError(f"alerts.db cannot be brought up to date: {error}") from error
    return names


# --- the seam to SQLite -----------------------------------------------------------------------------------


def rows(conn: sqlite3.Connection, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Run one statement and return all its rows. Raises `ArchiveError` for whatever SQLite says."""
    try:
        return [tuple(row) for row in conn.execute(sql, values).fetchall()]
    except sqlite3.Error as error:
        raise ArchiveError(f"alerts.db: {error}") from error


@contextmanager
def transaction(conn: sqlite3.Connection) -> Iterator[None]:
    """All of the block, or nothing. Inside a transaction of the caller's, it is part of that one."""
    if conn.in_transaction:
        yield
        return
    rows(conn, "BEGIN IMMEDIATE")
    try:
        yield
        rows(conn, "COMMIT")
    except BaseException:
        if conn.in_transaction:
            conn.rollback()
        raise


# --- subscriptions ----------------------------------------------------------------------------------------


def sync_subscriptions(
    conn: sqlite3.Connection, subscriptions: Sequence[Subscription], top_seq: int, now: datetime
) -> None:
    """Make the table say what the operator's file says.

    New ones start at ``top_seq``; edited ones, and those that return, keep their place; those that are
    gone become inactive.
    """
    with transaction(conn):
        rows(conn, "UPDATE subscriptions SET active = 0")
        for one in subscriptions:
            rows(
                conn,
                """INSERT INTO subscriptions (id, name, definition, start_seq, created_at, active)
                   VALUES (?, ?, ?, ?, ?, 1)
                   ON CONFLICT (id) DO UPDATE SET name = excluded.name, definition = excluded.definition, active = 1""",
                (one.id, one.name, to_json(one).decode(), top_seq, stamp(now)),
            )


_STATE = """
    SELECT definition, created_at, active, last_due_at,
           coalesce((SELECT max(to_seq) FROM digests WHERE subscription_id = subscriptions.id), start_seq)
    FROM subscriptions"""


def _state(row: tuple[Any, ...]) -> SubscriptionState:
    definition, created_at, active, last_due_at, seq = row
    return SubscriptionState(
        subscription=from_json(Subscription, definition),
        created_at=moment(created_at),
        active=bool(active),
        seq=seq,
        last_due_at=moment(last_due_at) if last_due_at else None,
    )


def active_subscriptions(conn: sqlite3.Connection) -> list[SubscriptionState]:
    """Return the subscriptions that the operator's file holds now, by id."""
    return [_state(row) for row in rows(conn, f"{_STATE} WHERE active = 1 ORDER BY id")]


def subscription_state(conn: sqlite3.Connection, subscription_id: str) -> SubscriptionState | None:
    """Return what is remembered of one subscription, active or not; None if it was never seen."""
    found = rows(conn, f"{_STATE} WHERE id = ?", (subscription_id,))
    return _state(found[0]) if found else None


def move_due(conn: sqlite3.Connection, subscription_id: str, due_at: datetime) -> None:
    """Remember that ``due_at`` was dealt with. It never moves back."""
    rows(
        conn,
        "UPDATE subscriptions SET last_due_at = max(coalesce(last_due_at, ''), ?) WHERE id = ?",
        (stamp(due_at), subscription_id),
    )


# --- suppressions -----------------------------------------------------------------------------------------


def suppress(conn: sqlite3.Connection, recipient: str, why: str, now: datetime) -> None:
    """Never write to this address again; the first reason given stands."""
    rows(
        conn,
        "INSERT INTO suppressions (recipient, since, why) VALUES (?, ?, ?) ON CONFLICT (recipient) DO NOTHING",
        (recipient.casefold(), stamp(now), why),
    )


def suppressed(conn: sqlite3.Connection, recipient: str) -> str | None:
    """Return why and since when nothing is written to an address, None when it may be."""
    found = rows(conn, "SELECT since, why FROM suppressions WHERE recipient = ?", (recipient.casefold(),))
    return f"suppressed since {found[0][0]}: {found[0][1]}" if found else None


# --- requests ---------------------------------------------------------------------------------------------


def ask(conn: sqlite3.Connection, what: str, arguments: dict[str, Any], now: datetime) -> int:
    """Leave work for the running service; returns the id under which the answer will be."""
    sql = "INSERT INTO requests (at, what, arguments) VALUES (?, ?, ?) RETURNING id"
    return int(rows(conn, sql, (stamp(now), what, json.dumps(arguments)))[0][0])


def open_requests(conn: sqlite3.Connection) -> list[Request]:
    """Return what was asked and not yet answered, the oldest first."""
    sql = "SELECT id, at, what, arguments, state, answer FROM requests WHERE state = 'open' ORDER BY id"
    return [_request(row) for row in rows(conn, sql)]


def request(conn: sqlite3.Connection, request_id: int) -> Request | None:
    """Return one request, answered or not."""
    sql = "SELECT id, at, what, arguments, state, answer FROM requests WHERE id = ?"
    found = rows(conn, sql, (request_id,))
    return _request(found[0]) if found else None


def answer(conn: sqlite3.Connection, request_id: int, said: dict[str, Any], *, failed: bool = False) -> None:
    """Answer a request; a second answer changes nothing."""
    rows(
        conn,
        "UPDATE requests SET state = ?, answer = ? WHERE id = ? AND state = 'open'",
        ("failed" if failed else "done", json.dumps(said), request_id),
    )


def _request(row: tuple[Any, ...]) -> Request:
    request_id, at, what, arguments, state, said = row
    return Request(id=request_id, at=moment(at), what=what, arguments=arguments, state=state, answer=said)
