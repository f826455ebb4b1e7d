"""Archives in real files."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from archive import schema
from archive.connect import open_reader, open_writer
from tests.archive.world import configure


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An archive with its tables, and nothing in them."""
    path = tmp_path / "archive.db"
    with closing(open_writer(path)) as conn:
        schema.migrate(conn)
    return path


@pytest.fixture
def conn(path: Path) -> Iterator[sqlite3.Connection]:
    """The writer of an archive that knows its sources and topics."""
    with closing(open_writer(path)) as conn:
        configure(conn)
        yield conn


@pytest.fixture
def reader(conn: sqlite3.Connection, path: Path) -> Iterator[sqlite3.Connection]:
    """A read-only connection beside ``conn``."""
    with closing(open_reader(path)) as reader:
        yield reader
