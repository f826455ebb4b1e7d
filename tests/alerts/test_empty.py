"""What a reader gets when a digest is due and holds nothing."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from email import message_from_bytes, policy

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


@pytest.mark.parametrize(
    ("empty", "found_on", "due", "span"),
    [
        pytest.param(Empty.WEEKLY_PROOF, (3,), 10, "From 22 Jul, 07:00 to 29 Jul, 07:00", id="since the last mail"),
        pytest.param(Empty.WEEKLY_PROOF, (), 7, "From 19 Jul, 06:00 to 26 Jul, 07:00", id="since the beginning"),
        pytest.param(Empty.HEARTBEAT, (3,), 4, "From 22 Jul, 07:00 to 23 Jul, 07:00", id="each time"),
    ],
)  # fmt: skip
def test_a_mail_with_nothing_in_it_speaks_of_all_the_time_since_the_last_mail(
    conn: sqlite3.Connection, empty: Empty, found_on: tuple[int, ...], due: int, span: str
) -> None:
    jobs.sync(conn, [subscription(empty=empty)], 0, NOON - HOUR)
    days(conn, due + 1, found_on=found_on, unwanted=(5, 6))
    sql = "SELECT body FROM deliveries JOIN digests ON digest_id = digests.id ORDER BY due_at DESC LIMIT 1"
    mail = message_from_bytes(conn.execute(sql).fetchone()[0], policy=policy.default)
    body = mail.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert (span in text, "Nothing matched" in text) == (True, True), text[:300]


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
