"""What stood at an endpoint when it was first read, and does not say when it is from.

A section page shows its navigation beside its articles, and a sitemap without dates all that a site ever had. Neither
is news because we begin to look; what comes later is. So the keys of what was there first are kept, and left out.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from archive.times import stamp

_CHUNK = 400  # SQLite takes so many question marks everywhere


def standing(
    conn: sqlite3.Connection, endpoint_id: int, keys: Sequence[str], at: datetime, *, first: bool
) -> frozenset[str]:
    """Return which of ``keys`` stood there when the endpoint was ``first`` read; when that is now, all do."""
    if first:
        conn.executemany(
            "insert or ignore into standing (endpoint_id, key, since) values (?, ?, ?)",
            [(endpoint_id, key, stamp(at)) for key in keys],
        )
        return frozenset(keys)
    found: set[str] = set()
    for start in range(0, len(keys), _CHUNK):
        chunk = keys[start : start + _CHUNK]
        rows = conn.execute(
            f"select key from standing where endpoint_id = ? and key in ({','.join('?' * len(chunk))})",  # noqa: S608 - question marks
            (endpoint_id, *chunk),
        )
        found.update(row["key"] for row in rows)
    return frozenset(found)
