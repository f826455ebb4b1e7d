"""What a reader gets when the operator gives them other hours, or takes them out of the file for a while."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from typing import Any

import pytest

from alerts import jobs
from alerts.watch import read_zone
from tests.alerts.factory import NOON, article, knows, make_digests, server, subscription

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LIMA = read_zone("America/Lima")


class Service:
    """It ticks every ten minutes; one article comes each hour."""

    def __init__(self, conn: sqlite3.Connection, **settings: Any) -> None:
        self.conn, self.now, self.found = conn, NOON - HOUR, 0
        self.edit(**settings)

    def edit(self, **settings: Any) -> None:
        jobs.sync(self.conn, [subscription(**settings)] if settings else [], self.found, self.now)

    def down_until(self, until: datetime) -> None:
        self.now = until
        self.found += 1

    def run_until(self, until: datetime) -> None:
        while self.now < until:
            self.now += 10 * MINUTE
            self.found += self.now.minute == 0
            make_digests(self.conn, self.matched, self.found, self.now, mail=server())

    def matched(self, low: int, high: int, _: object) -> list[Any]:
        return [article(seq, first_seen_at=self.now - HOUR) for seq in range(low + 1, high + 1)]

    def mails(self) -> list[tuple[str, str, str, int, bool]]:
        """Return of each mail its kind, the local hours for which and at which it was made, its articles, if late."""
        found = self.conn.execute(
            "SELECT kind, due_at, made_at, matches, body FROM digests JOIN deliveries ON digest_id = digests.id ORDER BY made_at"
        )
        return [
            (kind, *(_hour(at) for at in (due, made)), matches, b"nothing ran when" in body.replace(b"=\r\n", b""))
            for kind, due, made, matches, body in found
        ]  # fmt: skip


def _hour(at: str) -> str:
    return f"{datetime.fromisoformat(at).astimezone(LIMA):%a %H:%M}"


# Lima is five hours behind: the service starts on Sunday at 06:00, and its first digest is that of 07:00.
START = ("digest", "Sun 07:00", "Sun 07:00", 1, False)


@pytest.mark.parametrize(
    ("hours", "next_one"),
    [
        pytest.param(
            {"when": "daily at 09:00"},
            ("digest", "Mon 09:00", "Mon 09:00", 26, False),
            id="later on that day",
        ),
        pytest.param(
            {"when": "daily at 06:00"}, ("digest", "Tue 06:00", "Tue 06:00", 47, False), id="just over"
        ),
        pytest.param(
            {"quiet": "05:00 to 08:00"}, ("digest", "Mon 08:00", "Mon 08:00", 25, False), id="quiet then"
        ),
        pytest.param(
            {"zone": "Europe/Madrid"}, ("digest", "Tue 00:00", "Tue 00:00", 41, False), id="another zone"
        ),
    ],
)
def test_other_hours_count_from_when_they_were_written_and_nothing_was_missed_by_them(
    conn: sqlite3.Connection, hours: dict[str, str], next_one: tuple[object, ...]
) -> None:
    service = Service(conn, when="daily at 07:00")
    service.run_until(NOON + DAY - 10 * MINUTE)
    service.edit(**{"when": "daily at 07:00", **hours})
    service.run_until(NOON + 2 * DAY - HOUR)
    assert service.mails() == [START, next_one]


def test_who_gets_other_hours_while_nothing_ran_is_not_made_to_wait_a_week(conn: sqlite3.Connection) -> None:
    service = Service(conn, when="weekly on sunday at 07:00")
    service.run_until(NOON + DAY)
    service.down_until(NOON + 8 * DAY)  # on Monday
    service.edit(when="weekly on sunday at 08:00")
    service.run_until(service.now + HOUR)
    assert [mail[1:3] for mail in service.mails()[1:]] == [("Sun 08:00", "Mon 07:10")]
    assert service.mails()[1][4], "it says that it is late"


def test_who_returns_gets_all_that_came_meanwhile_at_the_next_hour(conn: sqlite3.Connection) -> None:
    service = Service(conn, when="daily at 07:00")
    service.run_until(NOON + HOUR)
    service.edit()
    service.run_until(NOON + 9 * DAY + 2 * HOUR)
    service.edit(when="daily at 07:00")
    service.run_until(NOON + 10 * DAY)
    assert service.mails() == [START, ("digest", "Wed 07:00", "Wed 07:00", 240, False)]


@pytest.mark.parametrize("away", [True, False], ids=["returns", "was not"])
def test_who_is_told_at_once_from_now_on_gets_what_came_before_in_the_next_digest(
    conn: sqlite3.Connection, away: bool
) -> None:
    both = "instant; daily at 18:00"
    service = Service(conn, when=both if away else "daily at 18:00")
    service.run_until(NOON - 10 * MINUTE)
    if away:
        service.edit()
    service.run_until(NOON + 3 * HOUR)
    service.edit(when=both)
    service.run_until(NOON + 11 * HOUR)
    at_once = [("instant", f"Sun {hour:02}:00", f"Sun {hour:02}:00", 1, False) for hour in range(11, 18)]
    assert service.mails()[:-1] == at_once
    # That hour's own comes with the four of before.
    assert service.mails()[-1] == ("digest", "Sun 18:00", "Sun 18:00", 5, False)


def test_a_preview_of_other_hours_says_of_none_that_it_was_missed(conn: sqlite3.Connection) -> None:
    service = Service(conn, when="daily at 07:00")
    service.run_until(NOON + 5 * HOUR)
    edited = subscription(when="daily at 09:00")
    found = knows(service.matched, service.found)
    shown = jobs.preview(conn, edited, found, server(), service.now)
    assert b"nothing ran" not in shown.body.replace(b"=\r\n", b"")


def test_what_a_query_had_found_before_it_was_edited_is_told_once(conn: sqlite3.Connection) -> None:
    def found(low: int, high: int, topics: tuple[str, ...] | None) -> list[Any]:
        all_ = [
            article(1, article_id=1, topic_id="query:old"),
            article(2, article_id=2, topic_id="query:older"),
            article(3, article_id=3, topic_id="query:old"),
            article(4, article_id=3, topic_id="query:new"),  # it was edited meanwhile
            article(5, article_id=5, topic_id="query:old"),  # by then it is another reader's
            article(6, article_id=6, topic_id="query:new"),
        ]
        return [one for one in all_ if low < one.seq <= high and one.topic_id in (topics or ())]

    def items() -> list[list[int]]:
        ids = "SELECT article_id FROM digest_items WHERE digest_id = ? ORDER BY 1"
        digests = conn.execute("SELECT id FROM digests ORDER BY id").fetchall()
        return [[row[0] for row in conn.execute(ids, one)] for one in digests]

    for query, top in (("query:older", 0), ("query:old", 2), ("query:new", 3)):
        jobs.sync(conn, [subscription(topics=(), query_topic=query)], top, NOON - HOUR)
    make_digests(conn, found, 6, NOON, mail=server())
    assert items() == [[1, 2, 3, 6]]
    jobs.sync(conn, [subscription(topics=(), query_topic="query:old")], 6, NOON + HOUR)
    make_digests(conn, found, 6, NOON + DAY, mail=server())
    assert items() == [[1, 2, 3, 6]]
