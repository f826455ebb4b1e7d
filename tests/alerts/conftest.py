"""Fixtures of the alerts tests."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from tests.alerts.factory import connect


@pytest.fixture
def conn() -> Iterator[sqlite3.Connection]:
    conn = connect()
    yield conn
    conn.close()
