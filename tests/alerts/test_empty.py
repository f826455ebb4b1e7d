"""What a reader gets when a digest is due and holds nothing."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta

import pytest

from alerts import jobs
from alerts.model import Empty
from archive.times import moment
from tests.alerts.factory import NOON, article, make_digests, server, subscription

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def days(
    conn: sqlite3.Connection, number: int, *, found_on: tuple[int, ...] = (), unwanted: tuple[int, ...] = ()
) -> list[int]:
    """Let a number of days go by, each with a tick an hour; return on which of them there was a mail."""
    matches = []
    for day in range(number):
        topic = "peru" if day in found_on else "us-troops" if day in unwanted else None
        if topic:
            matches.append(article(len(matches) + 1, topic_id=topic))
        for hour in range(24):
            now = NOON + day * DAY + hour * HOUR
            make_digests(conn, lambda low, high, _: matches[low:high], len(matches), now, mail=server())
    due = "SELECT DISTINCT due_at FROM digests JOIN deliveries ON digest_id = digests.id ORDER BY due_at"
    first = NOON.date().toordinal()
    return [moment(row[0]).date().toordinal() - first for row in conn.execute(due)]


@pytest.mark.parametrize(
    ("empty", "when", "mailed"),
    [
        pytest.param(Empty.SKIP, "daily at 07:00", [3], id="none"),
        pytest.param(Empty.HEARTBEAT, "daily at 07:00", list(range(20)), id="each time"),
        pytest.param(Empty.HEARTBEAT, "weekly on monday at 07:00", [1, 8, 15], id="each week"),
        pytest.param(Empty.WEEKLY_PROOF, "daily at 07:00", [3, 10, 17], id="a week after the last mail"),
        pytest.param(Empty.HEARTBEAT, "instant", list(range(1, 20)), id="once a day for who has no hour"),
        pytest.param(Empty.WEEKLY_PROOF, "instant", [3, 10, 17], id="once a week for who has no hour"),
    ],
)  # fmt: skip
def test_when_nothing_was_found(conn: sqlite3.Connection, empty: Empty, when: str, mailed: list[int]) -> None:
    jobs.sync(conn, [subscription(empty=empty, when=when)], 0, NOON - HOUR)
    assert sorted(set(days(conn, 20, found_on=(3,), unwanted=(5, 6)))) == mailed


def test_a_heartbeat_moves_no_range_and_repeats_nothing(conn: sqlite3.Connection) -> None:
    jobs.sync(conn, [subscription(empty=Empty.HEARTBEAT)], 0, NOON - HOUR)
    days(conn, 4, found_on=(2,), unwanted=(1,))
    found = conn.execute("SELECT kind, from_seq, to_seq, matches FROM digests ORDER BY due_at").fetchall()
    assert found == [("heartbeat", 0, 0, 0), ("digest", 0, 1, 0), ("digest", 1, 2, 1), ("heartbeat", 2, 2, 0)]
    subjects = conn.execute("SELECT DISTINCT message_id FROM deliveries").fetchall()
    assert len(subjects) == 4


@pytest.mark.parametrize(
    ("empty", "when", "first"),
    [
        pytest.param(Empty.HEARTBEAT, "instant", NOON + 2 * HOUR + DAY, id="once a day"),
        pytest.param(Empty.WEEKLY_PROOF, "hourly", NOON + 2 * HOUR + 7 * DAY, id="once a week"),
    ],
)
def test_nobody_is_waked_at_midnight_to_be_told_that_there_is_nothing(
    conn: sqlite3.Connection, empty: Empty, when: str, first: datetime
) -> None:
    jobs.sync(conn, [subscription(empty=empty, when=when)], 0, NOON - HOUR)
    matches = [article(1)]
    now = NOON + 2 * HOUR
    while now < NOON + 9 * DAY:
        make_digests(conn, lambda low, high, _: matches[low:high], 1, now, mail=server())
        now += timedelta(minutes=25)
    kinds = "SELECT kind, due_at FROM digests JOIN deliveries ON digest_id = digests.id ORDER BY due_at"
    found = [(kind, moment(due)) for kind, due in conn.execute(kinds)]
    assert found[1] == ("heartbeat", first)
    assert all(due.hour == first.hour for kind, due in found[1:])
