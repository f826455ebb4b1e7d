"""What the archive says is to be done, and what a changed configuration leaves."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace

import pytest

from archive import due, ledger
from archive.model import Endpoint, EndpointKind, Outcome, RobotsRecord
from archive.times import moment, stamp
from archive.topic import compile_topics
from crawler import robots, schedule
from tests.archive.world import (
    ANDINA,
    COMPILED,
    FRONT,
    HARBOUR,
    NOW,
    POLITICS,
    RSS,
    TOPICS,
    VERSIONS,
    column,
    configure,
    dump,
    entry,
    later,
    match,
    one,
    page,
    poll,
    spec,
    store,
)

NONE: frozenset[int] = frozenset()


def endpoints(
    conn: sqlite3.Connection, minutes: float = 0, limit: int = 10, leave: frozenset[int] = NONE, **more: bool
) -> list[int]:
    return [task.endpoint_id for task in due.due_polls(conn, later(minutes), limit, leave=leave, **more)]


def pages(
    conn: sqlite3.Connection, minutes: float = 0, limit: int = 10, leave: frozenset[int] = NONE
) -> list[int]:
    return [task.article_id for task in due.due_pages(conn, later(minutes), limit, leave=leave)]


# --- what is configured -----------------------------------------------------------------------------------


def test_configuring_the_same_twice_changes_nothing(conn: sqlite3.Connection) -> None:
    tables = ("sources", "endpoints", "topics", "topic_versions")
    before = dump(conn, *tables)
    assert [len(rows) for rows in before.values()] == [2, 3, 3, 3]
    configure(conn, at=later(60))
    assert dump(conn, *tables) == before


def test_a_source_is_stored_as_configured(conn: sqlite3.Connection) -> None:
    configure(conn, replace(ANDINA, name="Agencia", tags=("wire", "señal"), pages=False), HARBOUR)
    row = one(conn, "select name, country, language, tags, pages, active from sources where id = 'andina'")
    assert json.loads(row.pop("tags")) == ["wire", "señal"]
    assert row == {"name": "Agencia", "country": "PE", "language": "es", "pages": 0, "active": 1}


def test_what_is_open_ends_with_the_endpoint_and_a_removed_source_says_when_it_was_read(
    conn: sqlite3.Connection,
) -> None:
    store(conn, poll([entry("a")], POLITICS), poll([entry("b")], RSS))
    for endpoint_id, source_id, kind in (
        (POLITICS, "andina", "gone"),
        (FRONT, "andina", "blocked"),
        (RSS, "harbour", "gone"),
    ):
        ledger.show_event(conn, source_id, endpoint_id, kind, "", stamp(later(1)))
    configure(conn, replace(ANDINA, endpoints=ANDINA.endpoints[1:]), HARBOUR, at=later(2))
    ended = "select kind from events where ended_because = 'removed' and until = ? order by id"
    assert column(conn, ended, stamp(later(2))) == ["gone"], "that of the endpoint which was taken out"
    configure(conn, HARBOUR, at=later(3))
    assert column(conn, ended, stamp(later(3))) == ["blocked"]
    assert column(conn, "select source_id from events where until is null") == ["harbour"]
    row = one(conn, "select state, last_ok, open_events from source_health where id = 'andina'")
    assert row == {"state": "removed", "last_ok": stamp(NOW), "open_events": 0}


def test_what_is_no_longer_configured_rests_and_keeps_its_rows(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a")]))
    configure(conn, HARBOUR, at=later(1))
    assert (endpoints(conn, 60), pages(conn, 60)) == ([RSS], [])
    assert column(conn, "select title from articles") == ["Story a"]
    configure(conn, ANDINA, HARBOUR, at=later(2))
    assert set(endpoints(conn, 60)) == {POLITICS, FRONT, RSS}
    assert pages(conn, 60) == [1]


def test_an_endpoint_that_is_dropped_rests_and_one_that_is_added_is_due_at_once(
    conn: sqlite3.Connection,
) -> None:
    new = Endpoint(kind=EndpointKind.FEED, url="https://andina.example/new.xml", every=60.0)
    configure(conn, replace(ANDINA, endpoints=(new,)), at=later(1))
    assert endpoints(conn, 0) == []
    assert [task.url for task in due.due_polls(conn, later(1), 10, leave=NONE)] == [new.url]
    assert column(conn, "select every from endpoints where active = 1") == [60.0]


def test_a_changed_topic_gets_another_version_and_keeps_the_old_one(conn: sqlite3.Connection) -> None:
    changed = spec("peru", "Peru", "Perú")
    due.sync(conn, [ANDINA], compile_topics([changed]), later(1))
    assert column(conn, "select version from topics where id = 'peru'") == [changed.version]
    rows = conn.execute(
        "select version, number, definition from topic_versions where topic_id = 'peru' order by number"
    )
    assert [tuple(row) for row in rows] == [
        (VERSIONS["peru"], 1, TOPICS[0].definition),
        (changed.version, 2, changed.definition),
    ]
    assert column(conn, "select id from topics where active = 0 order by id") == ["lithium", "us-troops"]
    due.sync(conn, [ANDINA], COMPILED, later(2))
    assert column(conn, "select count(*) from topic_versions where topic_id = 'peru'") == [2]
    assert column(conn, "select version from topics where id = 'peru'") == [VERSIONS["peru"]]


# --- polls that are due -----------------------------------------------------------------------------------


def test_an_endpoint_is_due_when_its_time_has_come(conn: sqlite3.Connection) -> None:
    assert endpoints(conn, -1) == []
    assert endpoints(conn, 0) == [POLITICS, FRONT, RSS]
    store(conn, poll([entry("a")], POLITICS))
    assert endpoints(conn, 14.9) == [FRONT, RSS]
    assert endpoints(conn, 15) == [FRONT, RSS, POLITICS]


def test_the_longest_overdue_comes_first_and_what_is_in_flight_is_left_out(conn: sqlite3.Connection) -> None:
    store(conn, poll([], POLITICS, later(1)), poll([], RSS, later(2)), poll([], FRONT, later(3)))
    assert endpoints(conn, 60) == [POLITICS, RSS, FRONT]
    assert endpoints(conn, 60, limit=2) == [POLITICS, RSS]
    assert endpoints(conn, 60, limit=2, leave=frozenset({POLITICS})) == [RSS, FRONT]
    assert endpoints(conn, 60, limit=0) == []


def test_everyone_means_all_but_those_whose_server_asked_to_be_left_alone(conn: sqlite3.Connection) -> None:
    store(conn, poll([], POLITICS), poll(None, FRONT, outcome=Outcome.FAILED, reason="http_500", status=500))
    assert endpoints(conn, 1) == [RSS]
    assert endpoints(conn, 1, everyone=True) == [RSS, POLITICS, FRONT]
    store(conn, poll(None, RSS, outcome=Outcome.FAILED, reason="http_429", status=429, retry_after=3600.0))
    assert endpoints(conn, 1, everyone=True) == [POLITICS, FRONT]
    assert endpoints(conn, 61, everyone=True) == [POLITICS, FRONT, RSS]


def test_a_start_wakes_what_failed(conn: sqlite3.Connection) -> None:
    failed = {"outcome": Outcome.FAILED, "reason": "http_500"}
    store(
        conn,
        poll([], POLITICS),
        poll(None, FRONT, **failed, status=500),
        poll(None, RSS, **failed, status=503),
    )
    assert endpoints(conn, 1) == []
    due.wake(conn, later(1))
    assert endpoints(conn, 1) == [FRONT]


def test_a_start_ends_the_waiting_for_a_date_to_which_a_clock_had_run_ahead(conn: sqlite3.Connection) -> None:
    year = 365 * 24 * 60
    failed = {"outcome": Outcome.FAILED, "reason": "http_503"}
    store(
        conn,
        poll([entry("a"), entry("b")], POLITICS, later(0)),
        poll([], FRONT, later(year)),
        poll(None, RSS, later(year), **failed, status=503),
        page(1, at=later(year), outcome=Outcome.FAILED, article=None, reason="timeout"),
        page(2, at=later(0), outcome=Outcome.FAILED, article=None, reason="timeout"),
    )
    assert endpoints(conn, 1) == []
    due.set_right(conn, later(1))
    assert endpoints(conn, 1) == [FRONT, RSS]
    assert pages(conn, 1) == [1]
    assert pages(conn, 11) == [1, 2], "the other waits as long as it should"


def test_an_endpoint_that_was_added_by_a_clock_that_ran_ahead_is_due_at_the_next_start(
    conn: sqlite3.Connection,
) -> None:
    new = Endpoint(kind=EndpointKind.FEED, url="https://andina.example/new.xml")
    configure(conn, replace(ANDINA, endpoints=(new,)), at=later(10**6))
    due.set_right(conn, NOW)
    assert [task.url for task in due.due_polls(conn, NOW, 10, leave=NONE)] == [new.url]


def test_a_server_that_asked_to_be_left_alone_is_left_alone_by_a_start(conn: sqlite3.Connection) -> None:
    busy = {"outcome": Outcome.FAILED, "reason": "http_429", "status": 429, "retry_after": 86400.0}
    store(conn, poll(None, POLITICS, **busy), poll([], FRONT), poll([], RSS))
    due.wake(conn, later(1))
    assert endpoints(conn, 23.9 * 60) == [FRONT, RSS]
    assert endpoints(conn, 24 * 60) == [FRONT, RSS, POLITICS]


def test_a_robots_txt_from_a_clock_that_ran_ahead_is_asked_for_again(conn: sqlite3.Connection) -> None:
    year = 365 * 24 * 60
    good = RobotsRecord(host="https://a.example", fetched_at=NOW, expires_at=later(1440), status=200, body="")
    ahead = RobotsRecord(
        host="https://b.example", fetched_at=later(year), expires_at=later(year + 30), status=None, body="",
        unreachable_since=later(year),
    )  # fmt: skip
    store(conn, good, ahead)
    due.set_right(conn, later(0))
    assert list(due.robots_records(conn)) == [good, replace(ahead, expires_at=NOW, unreachable_since=NOW)]


def test_no_wait_of_the_crawler_is_longer_than_the_archive_believes() -> None:
    assert due.LONGEST.total_seconds() == schedule.LONGEST
    assert max(schedule.PAGE_WAITS) <= schedule.LONGEST
    assert robots.LIFETIME <= due.LONGEST


def test_a_task_carries_what_the_archive_knows(conn: sqlite3.Connection) -> None:
    store(conn, poll([], POLITICS))
    (task,) = due.due_polls(conn, later(15), 10, leave=frozenset({FRONT, RSS}))
    assert (task.url, task.source_id, task.language) == (
        "https://andina.example/politica.xml",
        "andina",
        "es",
    )
    assert (task.etag, task.last_modified, task.body_hash) == ('"v1"', "Sun, 19 Jul 2026 12:00:00 GMT", "abc")


# --- pages that are due -----------------------------------------------------------------------------------


def test_sources_take_turns_and_the_newest_article_comes_first(conn: sqlite3.Connection) -> None:
    configure(conn, ANDINA, replace(HARBOUR, pages=True))
    store(conn, poll([entry(name) for name in "cba"], POLITICS), poll([entry(name) for name in "zy"], RSS))
    turns = pages(conn)
    assert [set(turns[:2]), set(turns[2:4]), turns[4:]] == [{3, 5}, {2, 4}, [1]]
    assert set(pages(conn, limit=2)) == {3, 5}
    assert set(pages(conn, limit=2, leave=frozenset({3, 5}))) == {2, 4}


def test_the_source_whose_page_has_waited_longest_comes_first(conn: sqlite3.Connection) -> None:
    configure(conn, ANDINA, replace(HARBOUR, pages=True))
    store(
        conn,
        poll([entry("a")], RSS),
        poll([entry("b")], POLITICS, later(1)),
        poll([entry("c")], RSS, later(2)),
    )
    assert pages(conn, 5) == [1, 2, 3]
    assert pages(conn, 5, leave=frozenset({1})) == [3, 2]
    assert pages(conn, 1.5) == [1, 2]


def steps(conn: sqlite3.Connection) -> int:
    """How many times a hundred steps of SQLite's machine it takes to say which pages are due."""
    taken = 0

    def count() -> None:
        nonlocal taken
        taken += 1

    conn.set_progress_handler(count, 100)
    assert len(pages(conn, limit=10)) == 10
    conn.set_progress_handler(None, 0)
    return taken


def test_what_is_due_costs_the_same_however_many_pages_wait(conn: sqlite3.Connection) -> None:
    configure(conn, ANDINA, replace(HARBOUR, pages=True))
    few, many = range(20), range(20, 2000)
    found = []
    for names in (few, many):
        for endpoint in (POLITICS, RSS):
            store(conn, poll([entry(f"{endpoint}-{name}") for name in names], endpoint))
        found.append(steps(conn))
    assert found[1] <= found[0] + 1


def test_the_pages_that_are_due_are_found_by_walking_an_index(conn: sqlite3.Connection) -> None:
    asked: list[str] = []
    conn.set_trace_callback(asked.append)
    store(conn, poll([entry("a")]))
    asked.clear()
    assert pages(conn) == [1]
    conn.set_trace_callback(None)
    plans = [row["detail"] for sql in asked for row in conn.execute(f"explain query plan {sql}")]
    assert sum("pages_due" in plan for plan in plans) >= 2
    about_pages = [plan for plan in plans if " p " in plan]
    assert all(plan.startswith("SEARCH") for plan in about_pages), plans
    assert len([plan for plan in plans if "TEMP B-TREE" in plan]) == 1, (
        "the sources are sorted, the pages are not"
    )


def test_a_page_is_due_again_when_its_time_has_come(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a")]), page(1, outcome=Outcome.FAILED, article=None, reason="timeout"))
    assert pages(conn, 9.9) == []
    (task,) = due.due_pages(conn, later(10), 10, leave=NONE)
    assert (task.article_id, task.url, task.attempts, task.language) == (1, "https://news.example/a", 1, "es")


def test_a_page_that_was_read_is_not_due(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a")]), page(1, "Texto"))
    assert pages(conn, 10**6) == []


# --- the rest ---------------------------------------------------------------------------------------------


def test_the_state_of_an_endpoint(conn: sqlite3.Connection) -> None:
    store(conn, poll(None, POLITICS, outcome=Outcome.FAILED, reason="http_403"))
    state = ledger.endpoint_state(conn, POLITICS)
    assert (state.failures, state.every, state.pages, state.gap_since) == (1, None, True, NOW)
    assert state.open_events == {"blocked": NOW}
    assert ledger.endpoint_state(conn, FRONT).open_events == {}


def test_robots_come_back_as_they_were_stored(conn: sqlite3.Connection) -> None:
    records = [
        RobotsRecord(host="https://a.example", fetched_at=NOW, expires_at=later(60), status=200, body="User-agent: *"),
        RobotsRecord(host="https://b.example:8443", fetched_at=NOW, expires_at=later(1), status=None, body="", unreachable_since=NOW),
    ]  # fmt: skip
    store(conn, *records)
    assert list(due.robots_records(conn)) == records
    gone = replace(records[0], status=None, expires_at=later(120), unreachable_since=later(60))
    store(conn, gone)
    assert list(due.robots_records(conn)) == [gone, records[1]]


@pytest.mark.parametrize(
    ("what", "minutes"),
    [("poll", 5), ("robots", 6), ("match", 7)],
)
def test_the_newest_time_is_that_of_whatever_happened_last(
    conn: sqlite3.Connection, what: str, minutes: float
) -> None:
    assert due.newest_time(conn) is None
    store(conn, poll([entry("a", "Peru")]))
    match(conn)
    assert due.newest_time(conn) == NOW
    at = later(minutes)
    if what == "poll":
        store(conn, poll([], at=at))
    elif what == "robots":
        store(conn, RobotsRecord(host="h", fetched_at=at, expires_at=later(99), status=200, body=""))
    else:
        store(conn, poll([entry("b", "Peru")]))
        match(conn, at)
    assert due.newest_time(conn) == at == moment(at.isoformat())
