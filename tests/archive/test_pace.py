"""How many articles a topic had hour by hour, and whose articles count."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from typing import Any

import pytest

from archive import pace
from archive.model import Outcome
from archive.pace import Pace
from tests.archive.world import NOW, POLITICS, RSS, configure, entry, later, match, poll, store

WEEK = 7 * 24 * 60  # minutes
WEEKS = 4
HOURS = WEEKS * 7 * 24 + 24


def read_for_weeks(conn: sqlite3.Connection, endpoint: int, *, leave: int | None = None) -> None:
    """An endpoint was read an hour before now, and before the same hour of each week but ``leave``."""
    for week in reversed(range(WEEKS + 1)):
        if week != leave:
            store(conn, poll([entry(f"old{endpoint}")], endpoint, at=later(-week * WEEK - 60)))


@pytest.fixture
def archive(conn: sqlite3.Connection) -> sqlite3.Connection:
    configure(conn, at=later(-6 * WEEK))
    return conn


def news(
    conn: sqlite3.Connection, number: int, minutes: float, endpoint: int = POLITICS, **changes: Any
) -> None:
    """So many articles on Peru, published and seen so many minutes before now."""
    at = later(-minutes)
    entries = [
        entry(f"{endpoint}-{minutes}-{one}", f"Peru {one}", **{"published_at": at, **changes})
        for one in range(number)
    ]
    store(conn, poll([*entries, entry(f"old{endpoint}")], endpoint, at=at))
    match(conn, at)


def asked(conn: sqlite3.Connection) -> list[Pace]:
    conn.execute("update topics set applied = version")
    return pace.paces(conn, NOW, hours=HOURS, weeks=WEEKS, least=5, within=3)


def test_articles_are_counted_hour_by_hour_back_from_now(archive: sqlite3.Connection) -> None:
    read_for_weeks(archive, POLITICS)
    news(archive, 2, 7 * 24 * 60 + 30)
    news(archive, 3, 90)
    news(archive, 4, 30)
    (one,) = asked(archive)
    counts = one.counts(lambda _: True)
    assert (one.topic_id, one.title, len(counts)) == ("peru", "Peru", HOURS)
    assert {hour: count for hour, count in enumerate(counts) if count} == {0: 4, 1: 3, 168: 2}
    headlines = one.headlines(lambda _: True, 5)
    assert len(headlines) == 5
    assert (headlines[0].title, headlines[0].url, headlines[0].source) == (
        "Peru 0",
        "https://news.example/1-30-0",
        "Andina",
    )


def test_of_each_place_is_known_what_it_had(archive: sqlite3.Connection) -> None:
    read_for_weeks(archive, POLITICS)
    read_for_weeks(archive, RSS)
    news(archive, 4, 30)
    news(archive, 3, 20, RSS)
    (one,) = asked(archive)
    sources = {place.source_id: sum(hourly.values()) for place, hourly in one.places.items()}
    assert sorted(sources.values()) == [3, 4]
    for source, number in sources.items():
        assert one.counts(lambda place, source=source: place.source_id == source)[0] == number
        assert len(one.headlines(lambda place, source=source: place.source_id == source, 9)) == number


def test_what_is_published_after_the_moment_that_is_asked_for_is_of_no_hour(
    archive: sqlite3.Connection,
) -> None:
    read_for_weeks(archive, POLITICS)
    news(archive, 5, 30)
    news(archive, 9, -10)
    (one,) = asked(archive)
    assert one.counts(lambda _: True)[0] == 5


def test_a_topic_with_a_handful_is_not_looked_at(archive: sqlite3.Connection) -> None:
    read_for_weeks(archive, POLITICS)
    news(archive, 4, 30)
    assert asked(archive) == []


def test_a_new_source_makes_no_topic_look_busier(archive: sqlite3.Connection) -> None:
    read_for_weeks(archive, POLITICS)
    read_for_weeks(archive, RSS, leave=4)
    news(archive, 30, 30, RSS)
    assert asked(archive) == [], "it was not read four weeks ago"


def test_nor_does_one_that_was_away_for_a_while(archive: sqlite3.Connection) -> None:
    read_for_weeks(archive, RSS, leave=2)
    store(archive, poll(None, RSS, at=later(-2 * WEEK - 60), outcome=Outcome.FAILED, status=500))
    news(archive, 30, 30, RSS)
    assert asked(archive) == []


def test_nor_does_what_stood_at_a_feed_when_it_was_first_read(archive: sqlite3.Connection) -> None:
    read_for_weeks(archive, POLITICS)
    news(archive, 30, 30)
    archive.execute("update articles set backfill = 1")
    assert asked(archive) == []


def test_what_was_published_while_nothing_could_be_read_is_of_its_own_hour(
    archive: sqlite3.Connection,
) -> None:
    read_for_weeks(archive, POLITICS)
    hours = [
        entry(f"late{hour}", f"Peru {hour}", published_at=NOW - timedelta(hours=hour, minutes=30))
        for hour in range(10)
    ]
    store(
        archive, poll([*hours, entry("undated", "Peru, undated", published_at=None), entry("old1")], at=NOW)
    )
    match(archive)
    assert asked(archive) == [], "three in three hours, though all came at once"


def test_a_topic_that_is_being_applied_is_left_out(archive: sqlite3.Connection) -> None:
    read_for_weeks(archive, POLITICS)
    news(archive, 9, 30)
    assert len(asked(archive)) == 1
    archive.execute("update topics set applied = null where id = 'peru'")
    assert pace.paces(archive, NOW, hours=HOURS, weeks=WEEKS, least=5, within=3) == []
