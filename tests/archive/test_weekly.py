"""What a digest's numbers are held against."""

from __future__ import annotations

import sqlite3
from datetime import timedelta

import pytest

from alerts.usual import comparable, usual
from archive import weekly as weeks_before
from archive.model import Place
from archive.times import stamp
from archive.weekly import WEEK, WEEKS
from tests.alerts.factory import subscription
from tests.archive.world import NOW

DAY = timedelta(days=1)


def add(
    conn: sqlite3.Connection,
    ago: timedelta,
    *,
    backfill: int = 0,
    ended: bool = False,
    source: str = "andina",
) -> None:
    """Store one match of Peru that was made ``ago``."""
    number = conn.execute("select coalesce(max(id), 0) + 1 from articles").fetchone()[0]
    conn.execute(
        """insert into articles (id, key, source_id, title, published_from, first_seen_at, content)
        values (?, ?, ?, '', 'none', ?, 'title')""",
        (number, f"k{number}", source, stamp(NOW - ago)),
    )
    conn.execute(
        """insert into matches (article_id, topic_id, topic_version, matched_at, content, backfill, ended_at)
        values (?, 'peru', 'v', ?, 'title', ?, ?)""",
        (number, stamp(NOW - ago), backfill, stamp(NOW) if ended else None),
    )


@pytest.fixture
def old(conn: sqlite3.Connection) -> sqlite3.Connection:
    """An archive that was kept for ten weeks, in which Peru was looked for from the ninth on."""
    conn.execute("delete from topic_versions where topic_id = 'peru'")
    conn.execute(
        "insert into topic_versions (topic_id, version, number, definition, added_at) values ('peru', 'v', 1, '{}', ?)",
        (stamp(NOW - 9 * WEEK),),
    )
    add(conn, 10 * WEEK)
    return conn


def numbers(conn: sqlite3.Connection) -> list[int]:
    return [sum(week.values()) for week in weeks_before.weekly(conn, NOW - DAY, NOW)["peru"]]


def test_the_same_hours_of_the_weeks_before_are_counted(old: sqlite3.Connection) -> None:
    for week in range(8, 0, -1):
        for hour in range(week):
            add(old, week * WEEK + timedelta(hours=1 + hour))
        add(old, week * WEEK - timedelta(hours=1))  # an hour after the span
    add(old, timedelta(hours=1))
    assert numbers(old) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_backfill_and_what_ended_are_not_counted(old: sqlite3.Connection) -> None:
    ago = WEEK + timedelta(hours=1)
    add(old, ago, backfill=1)
    add(old, ago, ended=True)
    add(old, ago)
    assert numbers(old) == [1] + [0] * (WEEKS - 1)


def test_weeks_before_the_archive_or_the_topic_began_are_not_weeks_without_news(
    old: sqlite3.Connection,
) -> None:
    old.execute("update topic_versions set added_at = ?", (stamp(NOW - 2 * WEEK - 2 * DAY),))
    assert len(numbers(old)) == 2
    old.execute("update topic_versions set added_at = ?", (stamp(NOW - 9 * WEEK),))
    old.execute("update articles set first_seen_at = ?", (stamp(NOW - 4 * WEEK),))
    assert len(numbers(old)) == 3


def test_an_empty_archive_knows_of_no_usual_number(conn: sqlite3.Connection) -> None:
    assert weeks_before.weekly(conn, NOW - DAY, NOW) == {}


def test_the_usual_number_is_the_median_of_what_the_subscriber_would_have_been_told() -> None:
    andina, herald = Place("peru", "andina", "PE", "es"), Place("peru", "herald", "GB", "en")
    found = {"peru": [{andina: 1, herald: 10}, {andina: 2, herald: 10}, {andina: 9}], "lithium": [{}, {}]}
    assert usual(found, subscription()) == {"peru": 11.0}
    assert usual(found, subscription(languages=("es",))) == {"peru": 2.0}
    assert usual(found, subscription(not_countries=("PE",))) == {"peru": 10.0}


@pytest.mark.parametrize(
    ("span", "can"), [(1, False), (6, True), (24, True), (7 * 24, True), (8 * 24, False)]
)
def test_an_hour_and_a_fortnight_are_held_against_nothing(span: int, can: bool) -> None:
    assert comparable(NOW - timedelta(hours=span), NOW) is can
