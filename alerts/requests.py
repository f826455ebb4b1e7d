"""What one process asks of the one that holds the service lock: a row of `requests` each.

    ask      the asker leaves a row, and looks at it until it is answered, or it has waited long enough
    claim    the service takes up the longest waiting one; from then on it is nobody else's
    answer   the service writes down how it ended
    drop     the asker takes its row away, unless the service is at it
    settle   a service that starts: what an earlier one was at has failed; what nobody waits for any more goes

open ─▶ claimed ─▶ done or failed. A row is claimed once and never opened again, so nothing is done twice; and not
after ``until``, so what was asked by somebody who is gone (killed, before it could take its row away) is left undone.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from alerts.state import rows
from archive.connect import transaction
from archive.times import stamp

LEFT = "the service ended before this was done"


class State(StrEnum):
    """How far a request is."""

    OPEN = "open"
    CLAIMED = "claimed"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request. ``answer`` is what the asker gets: of one that failed, why, under ``error``."""

    id: int
    what: str
    arguments: Mapping[str, Any]
    state: State
    answer: Mapping[str, Any]


def ask(
    conn: sqlite3.Connection, what: str, arguments: Mapping[str, Any], now: datetime, until: datetime
) -> int:
    """Leave a request; return its id. It is not begun after ``until``."""
    sql = "INSERT INTO requests (asked_at, until, what, arguments) VALUES (?, ?, ?, ?) RETURNING id"
    request_id: int = rows(conn, sql, (stamp(now), stamp(until), what, json.dumps(arguments)))[0][0]
    return request_id


def look(conn: sqlite3.Connection, request_id: int) -> Request | None:
    """Return a request as it stands, None when it is not there any more."""
    found = rows(conn, "SELECT id, what, arguments, state, answer FROM requests WHERE id = ?", (request_id,))
    return _request(found[0]) if found else None


def claim(conn: sqlite3.Connection, now: datetime) -> Request | None:
    """Take up the request that has waited longest and is still wanted; None when there is none."""
    if not rows(conn, "SELECT 1 FROM requests WHERE state = 'open'"):
        return None  # nearly always: then nobody who writes is held up
    found = rows(
        conn,
        """UPDATE requests SET state = 'claimed' WHERE id = (
               SELECT min(id) FROM requests WHERE state = 'open' AND until > ?)
           RETURNING id, what, arguments, state, answer""",
        (stamp(now),),
    )
    return _request(found[0]) if found else None


def answer(conn: sqlite3.Connection, request_id: int, state: State, words: Mapping[str, Any]) -> None:
    """Write down how a claimed request ended."""
    rows(
        conn,
        "UPDATE requests SET state = ?, answer = ? WHERE id = ? AND state = 'claimed'",
        (state.value, json.dumps(words), request_id),
    )


def drop(conn: sqlite3.Connection, request_id: int, *, claimed: bool = False) -> bool:
    """Take a request away unless it is claimed; tell whether it was there to be taken.

    ``claimed``: even then. Only whoever holds the service lock knows that nobody is at it.
    """
    sql = "DELETE FROM requests WHERE id = ? AND (? OR state <> 'claimed') RETURNING id"
    return bool(rows(conn, sql, (request_id, claimed)))


def settle(conn: sqlite3.Connection, now: datetime) -> None:
    """Make order at a start: whoever was at a request is no more, and some have nobody who waits."""
    with transaction(conn):
        rows(
            conn,
            "UPDATE requests SET state = 'failed', answer = ? WHERE state = 'claimed'",
            (json.dumps({"error": LEFT}),),
        )
        rows(conn, "DELETE FROM requests WHERE until <= ?", (stamp(now),))


def _request(row: tuple[Any, ...]) -> Request:
    request_id, what, arguments, state, words = row
    return Request(
        id=request_id,
        what=what,
        arguments=json.loads(arguments),
        state=State(state),
        answer=json.loads(words or "{}"),
    )
