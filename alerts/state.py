"""What the alerts side remembers, in `alerts.db`: schema, subscriptions, what was told, suppressions.

The rows of `digests` and `deliveries` are written by `alerts.outbox`, those of `requests` by `alerts.requests`,
through `rows` of this module; nothing else in the project writes SQL for this file. Functions take a plain connection
that somebody else opened (the one writer, ``isolation_level=None``), and `archive.connect.transaction` is the only
place that begins and commits.

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
import logging
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlite_utils import Database, Migrations

from alerts.model import Subscription, SubscriptionState
from archive.connect import transaction
from archive.errors import ArchiveError
from archive.model import from_json, to_json
from archive.times import moment, stamp

log = logging.getLogger(__name__)
migrations = Migrations("alerts")


@migrations()
def first_tables(db: Database) -> None:
    """Subscriptions, digests and deliveries, and what surrounds them."""
    for statement in _FIRST_TABLES:
        db.execute(statement)


@migrations()
def what_was_told(db: Database) -> None:
    """What each digest listed. A match that ended and came back has a new seq; its reader has been told."""
    db.execute(
        """
        CREATE TABLE digest_items (
            subscription_id TEXT NOT NULL REFERENCES subscriptions(id),
            article_id INTEGER NOT NULL,
            topic_id TEXT NOT NULL,
            digest_id INTEGER NOT NULL REFERENCES digests(id),
            PRIMARY KEY (subscription_id, article_id, topic_id)
        ) WITHOUT ROWID"""
    )


@migrations()
def requests_that_are_claimed(db: Database) -> None:
    """Who takes up a request says so, and who asks says until when it is wanted. Nothing was in the table before."""
    db.execute("DROP TABLE requests")
    db.execute(
        """
        CREATE TABLE requests (
            id INTEGER PRIMARY KEY,
            asked_at TEXT NOT NULL,
            until TEXT NOT NULL,
            what TEXT NOT NULL,
            arguments TEXT NOT NULL,
            state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'claimed', 'done', 'failed')),
            answer TEXT
        )"""
    )


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
    _close_to_others(conn, new=first_tables.__name__ in names)
    try:
        migrations.apply(Database(conn, execute_plugins=False))
    except sqlite3.Error as error:
        raise ArchiveError(f"alerts.db cannot be brought up to date: {error}") from error
    return names


def _close_to_others(conn: sqlite3.Connection, *, new: bool) -> None:
    """Take the file away from other accounts of this computer: it holds addresses.

    A new one is the owner's alone; of one that is there the operator may have let a group read it. Files that
    SQLite puts beside it later take its mode.
    """
    path = rows(conn, "SELECT file FROM pragma_database_list WHERE name = 'main'")[0][0]
    for name in (path, f"{path}-wal", f"{path}-shm") if path else ():
        file = Path(name)
        try:
            if file.exists():
                file.chmod(0o600 if new else file.stat().st_mode & 0o770)
        except OSError as error:  # a file system that knows no modes
            log.warning("other accounts may be able to read %s: %s", file, error)


# --- the seam to SQLite -----------------------------------------------------------------------------------


def rows(conn: sqlite3.Connection, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Run one statement and return all its rows. Raises `ArchiveError` for whatever SQLite says."""
    try:
        return [tuple(row) for row in conn.execute(sql, values).fetchall()]
    except sqlite3.Error as error:
        raise ArchiveError(f"alerts.db: {error}") from error


# --- subscriptions ----------------------------------------------------------------------------------------


def sync_subscriptions(
    conn: sqlite3.Connection, subscriptions: Sequence[Subscription], top_seq: int, now: datetime
) -> None:
    """Make the table say what the operator's file says.

    New ones start at ``top_seq``; edited ones, and those that return, keep their place; those that are
    gone become inactive. What a clock that ran ahead left as dealt with is not: no digest would be made until then.
    """
    with transaction(conn):
        rows(
            conn,
            """UPDATE subscriptions SET last_due_at = (
                   SELECT max(due_at) FROM digests WHERE subscription_id = subscriptions.id AND due_at <= ?1)
               WHERE last_due_at > ?1""",
            (stamp(now),),
        )
        rows(conn, "UPDATE subscriptions SET created_at = ?1 WHERE created_at > ?1", (stamp(now),))
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


def made(conn: sqlite3.Connection, subscription_id: str, due_at: datetime) -> bool:
    """Tell whether there is a digest for this moment already: it may lie ahead, where a clock had run to."""
    sql = "SELECT 1 FROM digests WHERE subscription_id = ? AND due_at = ?"
    return bool(rows(conn, sql, (subscription_id, stamp(due_at))))


def told(
    conn: sqlite3.Connection, subscription_id: str, article_ids: Iterable[int]
) -> frozenset[tuple[int, str]]:
    """Return which of these articles the digests of a subscription have listed, as (article_id, topic_id)."""
    if not rows(conn, "SELECT 1 FROM sqlite_master WHERE name = 'digest_items'"):
        return frozenset()  # a preview reads the file as it is, perhaps before this version has ever run
    found = rows(
        conn,
        """SELECT article_id, topic_id FROM digest_items
           WHERE subscription_id = ? AND article_id IN (SELECT value FROM json_each(?))""",
        (subscription_id, json.dumps(sorted(set(article_ids)))),
    )
    return frozenset((article_id, topic_id) for article_id, topic_id in found)


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
