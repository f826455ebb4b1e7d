"""Connections to a SQLite file: one that writes, and any number that read.

WAL, so that readers and the one writer never wait for each other; a busy time-out for the case of another
process (a backup, a researcher's shell) holding the file for a moment.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from archive.errors import ArchiveError

BUSY_SECONDS = 5.0


def open_writer(path: Path) -> sqlite3.Connection:
    """Return the connection that may write, in autocommit: transactions are begun by `transaction`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with translated(path), ExitStack() as undo:
        conn = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        undo.callback(conn.close)
        conn.row_factory = sqlite3.Row
        conn.execute("pragma journal_mode = wal")
        # In WAL mode NORMAL loses no consistency, and at most the last transactions before a power cut.
        # Those matter here: a delivery that is marked sent must stay so.
        conn.execute("pragma synchronous = full")
        conn.execute("pragma foreign_keys = on")
        undo.pop_all()
        return conn


def open_reader(path: Path, *, any_thread: bool = False) -> sqlite3.Connection:
    """Return a read-only connection; raises `ArchiveError` when there is no such file yet.

    ``any_thread``: another thread than this one may close it (it is still used by one at a time).
    """
    if not path.exists():
        raise ArchiveError(
            f"there is no archive at {path} yet: `presswatch run` makes it "
            "(that of `make demo` is shown by `presswatch --config demo-data/config …`)"
        )
    with translated(path), ExitStack() as undo:
        conn = sqlite3.connect(
            f"{path.resolve().as_uri()}?mode=ro",
            uri=True,
            timeout=BUSY_SECONDS,
            check_same_thread=not any_thread,
        )
        undo.callback(conn.close)
        conn.row_factory = sqlite3.Row
        conn.execute("pragma query_only = on")
        # SQLite opens lazily: without a first read, a file that is no database would be found out later.
        conn.execute("pragma schema_version")
        undo.pop_all()
        return conn


@contextmanager
def transaction(conn: sqlite3.Connection) -> Iterator[None]:
    """Everything inside is stored, or nothing is. Nested use is a savepoint of its own."""
    nested = conn.in_transaction
    conn.execute("savepoint inner_step" if nested else "begin immediate")
    try:
        yield
        # A commit that fails (a full disk, a deferred foreign key) leaves its transaction open; every later
        # one would be nested in it, and never stored.
        conn.execute("release inner_step" if nested else "commit")
    except BaseException:
        # A full disk makes SQLite roll back by itself; there is nothing left to undo then.
        if conn.in_transaction:
            conn.execute("rollback to inner_step" if nested else "rollback")
            if nested:
                conn.execute("release inner_step")
        raise


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """The one seam at which sqlite3's errors become ours."""
    try:
        yield
    except sqlite3.Error as error:
        raise ArchiveError(f"{path}: {error}") from error
