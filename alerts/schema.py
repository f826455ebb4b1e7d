"""The tables of alerts.db, as an append-only list of migrations, and what brings a file up to date.

A published migration is never edited: what changes later is another function at the end. What the rows mean is said
in `alerts.state`, `alerts.outbox`, `alerts.requests` and `alerts.suppressions`.
"""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlite_utils import Database, Migrations

from alerts.state import rows
from archive.connect import open_reader
from archive.errors import ArchiveError

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


@migrations()
def kinds_and_changes(db: Database) -> None:
    """Digests range over changes of terms too; other kinds stand beside their chain; who leaves, leaves one list.

    A table that others refer to cannot be altered so far: all three are made anew, those that refer first.
    """
    for statement in _KINDS_AND_CHANGES:
        db.execute(statement)


@migrations()
def told_at_once(db: Database) -> None:
    """How far a subscription was looked through for what is told at once, and what waits for the next digest.

    ``outlets``: how many had the story when its reader was told of this article of it.
    """
    db.execute("ALTER TABLE subscriptions ADD COLUMN looked_upto INTEGER NOT NULL DEFAULT 0")
    db.execute("ALTER TABLE digest_items ADD COLUMN outlets INTEGER NOT NULL DEFAULT 1")
    db.execute(
        """
        CREATE TABLE held (
            subscription_id TEXT NOT NULL REFERENCES subscriptions(id),
            article_id INTEGER NOT NULL,
            outlets INTEGER NOT NULL,
            PRIMARY KEY (subscription_id, article_id)
        ) WITHOUT ROWID"""
    )


@migrations()
def since_when_hours_hold(db: Database) -> None:
    """Since when a subscription has the hours that it has: by those, nothing was due before."""
    db.execute("ALTER TABLE subscriptions ADD COLUMN hours_since TEXT")


@migrations()
def queries_of_before(db: Database) -> None:
    """The queries that a reader had before, as topics, each with the match up to which it was theirs: a JSON object."""
    db.execute("ALTER TABLE subscriptions ADD COLUMN queries_before TEXT NOT NULL DEFAULT '{}'")


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


# `about` is the topic of an alert. Who had left before this had left for good: '*' is every list.
_KINDS_AND_CHANGES = (
    "ALTER TABLE subscriptions ADD COLUMN start_change INTEGER",
    """
    CREATE TABLE digests_new (
        id INTEGER PRIMARY KEY,
        subscription_id TEXT NOT NULL REFERENCES subscriptions(id),
        kind TEXT NOT NULL DEFAULT 'digest',
        about TEXT NOT NULL DEFAULT '',
        from_seq INTEGER NOT NULL,
        to_seq INTEGER NOT NULL,
        from_change INTEGER NOT NULL DEFAULT 0,
        to_change INTEGER NOT NULL DEFAULT 0,
        due_at TEXT NOT NULL,
        made_at TEXT NOT NULL,
        matches INTEGER NOT NULL,
        subject TEXT NOT NULL,
        UNIQUE (subscription_id, kind, due_at, about),
        CHECK (from_seq <= to_seq AND from_change <= to_change),
        CHECK (kind <> 'digest' OR from_seq < to_seq OR from_change < to_change)
    )""",
    """INSERT INTO digests_new (id, subscription_id, from_seq, to_seq, due_at, made_at, matches, subject)
       SELECT id, subscription_id, from_seq, to_seq, due_at, made_at, matches, subject FROM digests""",
    _FIRST_TABLES[2].replace("TABLE deliveries", "TABLE deliveries_new").replace("digests(", "digests_new("),
    "INSERT INTO deliveries_new SELECT * FROM deliveries",
    "DROP TABLE deliveries",
    """
    CREATE TABLE digest_items_new (
        subscription_id TEXT NOT NULL REFERENCES subscriptions(id),
        article_id INTEGER NOT NULL,
        topic_id TEXT NOT NULL,
        digest_id INTEGER NOT NULL REFERENCES digests_new(id),
        PRIMARY KEY (subscription_id, article_id, topic_id)
    ) WITHOUT ROWID""",
    "INSERT INTO digest_items_new SELECT * FROM digest_items",
    "DROP TABLE digest_items",
    "DROP TABLE digests",
    "ALTER TABLE digests_new RENAME TO digests",  # what refers to it follows
    "ALTER TABLE deliveries_new RENAME TO deliveries",
    "ALTER TABLE digest_items_new RENAME TO digest_items",
    "CREATE UNIQUE INDEX digests_chain ON digests (subscription_id, from_seq, from_change) WHERE kind = 'digest'",
    "CREATE INDEX deliveries_by_state ON deliveries (state, next_try_at)",
    "CREATE INDEX deliveries_by_digest ON deliveries (digest_id)",
    """
    CREATE TABLE suppressions_new (
        recipient TEXT NOT NULL, subscription_id TEXT NOT NULL, since TEXT NOT NULL, why TEXT NOT NULL,
        PRIMARY KEY (recipient, subscription_id)
    )""",
    "INSERT INTO suppressions_new SELECT recipient, '*', since, why FROM suppressions",
    "DROP TABLE suppressions",
    "ALTER TABLE suppressions_new RENAME TO suppressions",
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


def open_as_now(path: Path) -> sqlite3.Connection:
    """Return a connection to read from; where this version has not run yet, to a copy that was brought up to date."""
    conn = open_reader(path)
    if not pending(conn):
        return conn
    with closing(conn):
        copy = sqlite3.connect(":memory:", isolation_level=None)
        conn.backup(copy)
    migrate(copy)
    return copy


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
