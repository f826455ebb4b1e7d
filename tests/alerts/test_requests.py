"""Requests of one process to another: each is done once, for somebody who waits."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from alerts import requests, schema
from alerts.requests import LEFT, State

NOW = datetime(2026, 7, 20, 12, 0, tzinfo=UTC)


def ask(conn: sqlite3.Connection, what: str = "rematch", seconds: float = 60) -> int:
    return requests.ask(conn, what, {"names": ["perú"]}, NOW, NOW + timedelta(seconds=seconds))


def claim(conn: sqlite3.Connection, seconds: float = 0) -> str | None:
    found = requests.claim(conn, NOW + timedelta(seconds=seconds))
    return found and found.what


def how_far(conn: sqlite3.Connection, request_id: int) -> State | None:
    found = requests.look(conn, request_id)
    return found and found.state


def test_what_is_asked_arrives_and_so_does_the_answer(conn: sqlite3.Connection) -> None:
    request_id = ask(conn)
    request = requests.claim(conn, NOW)
    assert request
    assert (request.id, request.what, request.arguments) == (request_id, "rematch", {"names": ["perú"]})
    requests.answer(conn, request_id, State.DONE, {"topics": {"perú": 1}})
    found = requests.look(conn, request_id)
    assert found
    assert (found.state, found.answer) == (State.DONE, {"topics": {"perú": 1}})


def test_the_longest_waiting_comes_first_and_none_is_claimed_twice(conn: sqlite3.Connection) -> None:
    ask(conn, "first")
    ask(conn, "second")
    assert [claim(conn) for _ in range(3)] == ["first", "second", None]


def test_what_nobody_waits_for_any_more_is_not_begun(conn: sqlite3.Connection) -> None:
    ask(conn, "short", seconds=60)
    ask(conn, "long", seconds=120)
    assert [claim(conn, seconds=60) for _ in range(2)] == ["long", None]


@pytest.mark.parametrize("lock", [False, True], ids=["waiting", "with the lock"])
@pytest.mark.parametrize("far", list(State))
def test_whoever_leaves_takes_the_request_away_unless_somebody_is_at_it(
    conn: sqlite3.Connection, far: State, lock: bool
) -> None:
    request_id = ask(conn)
    if far is not State.OPEN:
        requests.claim(conn, NOW)
    if far in (State.DONE, State.FAILED):
        requests.answer(conn, request_id, far, {})
    gone = lock or far is not State.CLAIMED
    assert requests.drop(conn, request_id, claimed=lock) is gone
    assert how_far(conn, request_id) is (None if gone else far)
    assert requests.drop(conn, request_id, claimed=lock) is False
    assert claim(conn) is None


def test_an_answer_to_a_request_that_was_taken_away_changes_nothing(conn: sqlite3.Connection) -> None:
    request_id = ask(conn)
    requests.claim(conn, NOW)
    requests.drop(conn, request_id, claimed=True)
    requests.answer(conn, request_id, State.DONE, {})
    assert how_far(conn, request_id) is None


def test_a_start_fails_what_was_under_way_and_keeps_what_is_waited_for(conn: sqlite3.Connection) -> None:
    claimed, waiting, late = ask(conn), ask(conn, seconds=90), ask(conn, seconds=1)
    requests.claim(conn, NOW)
    requests.settle(conn, NOW + timedelta(seconds=30))
    found = requests.look(conn, claimed)
    assert found
    assert (found.state, found.answer) == (State.FAILED, {"error": LEFT})
    assert (how_far(conn, waiting), how_far(conn, late)) == (State.OPEN, None)
    requests.settle(conn, NOW + timedelta(seconds=90))
    assert [how_far(conn, one) for one in (claimed, waiting)] == [None, None]


def test_an_alerts_db_of_before_gets_the_new_table() -> None:
    conn = sqlite3.connect(":memory:", isolation_level=None)
    conn.row_factory = sqlite3.Row
    schema.migrate(conn)
    conn.execute("delete from _sqlite_migrations where name = 'requests_that_are_claimed'")
    conn.execute("drop table requests")
    conn.execute("create table requests (id integer primary key, at text not null)")
    assert schema.pending(conn) == ["requests_that_are_claimed"]
    schema.migrate(conn)
    ask(conn)
    assert claim(conn) == "rematch"
    conn.close()
