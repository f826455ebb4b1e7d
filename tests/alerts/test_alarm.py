"""Alerts that a topic spikes: who gets one, that it is one, and what it says."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from html.parser import HTMLParser
from typing import Any, TypeVar

import pytest

from alerts import alarm, jobs, outbox, state
from alerts.model import DigestSummary, Subscription
from alerts.prepare import Found
from alerts.spike import HOURS
from archive.errors import ArchiveError
from archive.model import Headline, Place
from archive.pace import Pace
from tests.alerts.factory import NOON, server, subscription

T = TypeVar("T")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def place(topic_id: str = "peru", **changes: Any) -> Place:
    values = {"topic_id": topic_id, "source_id": "andina", "country": "PE", "language": "es"}
    return Place(**{**values, **changes})


def hourly(last: int, usual: int = 2) -> dict[int, int]:
    return {0: last, **dict.fromkeys(range(1, HOURS), usual)}


def busy(topic_id: str = "peru", count: int = 40, **changes: Any) -> Pace:
    here = place(topic_id)
    values: dict[str, Any] = {
        "topic_id": topic_id, "title": topic_id.title(), "hours": HOURS, "places": {here: hourly(count)},
        "newest": (
            Headline(2, "Boluarte <resigns>", "https://news.example/1", "Andina & Co", here),
            Headline(1, "Rain", None, "RPP", here),
        ),
    }  # fmt: skip
    return Pace(**{**values, **changes})


def told(**changes: Any) -> Subscription:
    return subscription(**{"spikes": True, **changes})


def tick(
    conn: sqlite3.Connection, paces: Sequence[Pace], now: datetime = NOON, *, kill: bool = False
) -> DigestSummary:
    found = Found(matched=lambda *_: (), top_seq=0, coverage=(), sources_read=3, paces=lambda _: paces)

    async def run(work: Callable[[sqlite3.Connection], T]) -> T:
        if kill:
            raise ArchiveError("killed")
        return work(conn)

    async def look(work: Callable[[sqlite3.Connection, Callable[[], Found]], T]) -> T:
        return work(conn, lambda: found)

    return asyncio.run(jobs.alarms_due(look, run, server(), now))


def ready(conn: sqlite3.Connection, *subscriptions: Subscription) -> None:
    state.sync_subscriptions(conn, subscriptions or [told()], 0, NOON - DAY)


def mails(conn: sqlite3.Connection) -> list[tuple[str, str]]:
    return [tuple(row) for row in conn.execute("SELECT recipient, message_id FROM deliveries ORDER BY id")]


def test_a_spike_is_told_once_for_a_day_whatever_is_looked_at(conn: sqlite3.Connection) -> None:
    ready(conn)
    assert tick(conn, [busy()]).messages == 1
    for later in (MINUTE, 10 * MINUTE, 5 * HOUR, DAY - 10 * MINUTE):
        assert tick(conn, [busy()], NOON + later).messages == 0
    assert tick(conn, [busy("lithium")], NOON + HOUR).messages == 1, "another topic rests by itself"
    assert tick(conn, [busy()], NOON + DAY).messages == 1
    assert len(set(mails(conn))) == 3


def test_a_kill_before_it_is_stored_loses_nothing_and_after_it_repeats_nothing(
    conn: sqlite3.Connection,
) -> None:
    ready(conn)
    assert tick(conn, [busy()], kill=True).problems
    assert mails(conn) == []
    tick(conn, [busy()], NOON + MINUTE)
    first = mails(conn)
    conn.execute("DELETE FROM deliveries")
    conn.execute("DELETE FROM digests")
    tick(conn, [busy()], NOON + 2 * MINUTE)
    assert mails(conn) == first, "within a step the same mail has the same Message-ID"


def test_two_that_prepared_the_same_alert_store_it_once(conn: sqlite3.Connection) -> None:
    ready(conn)
    known = state.subscription_state(conn, "lima-desk")
    assert known is not None
    spikes = alarm.Spikes([busy()])
    one, other = (alarm.prepare(conn, known, spikes, server(), NOON)[0] for _ in range(2))
    assert [alarm.store(conn, prepared, NOON) for prepared in (one, other)] == [1, 0]


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({}, 1),
        ({"spikes": False}, 0),
        ({"topics": ("lithium",)}, 0),
        ({"topics": None}, 1),
        ({"to": ("a@example.org", "b@example.org")}, 2),
        ({"quiet": "06:00 to 08:00"}, 0),
        ({"quiet": "22:00 to 06:00"}, 1),
    ],
)
def test_who_wants_alerts_of_this_topic_and_is_awake_is_told(
    conn: sqlite3.Connection, changes: dict[str, Any], number: int
) -> None:
    ready(conn, told(**changes))
    assert tick(conn, [busy()]).messages == number  # it is seven in the morning in Lima


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "45 articles in one hour, usually 4"),
        ({"languages": ("es",)}, "40 articles in one hour, usually 2"),
        ({"not_sources": ("herald",)}, "40 articles in one hour, usually 2"),
        ({"languages": ("en",)}, None),
        ({"not_countries": ("PE",)}, None),
        ({"sources": ("nobody",)}, None),
    ],
)
def test_the_numbers_and_headlines_are_of_what_a_list_takes_in(
    conn: sqlite3.Connection, changes: dict[str, Any], said: str | None
) -> None:
    here, there = place(), place(source_id="herald", country="GB", language="en")
    spread = busy(
        places={here: hourly(40), there: hourly(5)},
        newest=(
            Headline(3, "In Lima", None, "Herald", there),
            Headline(3, "En Lima", None, "Andina", here),
            Headline(2, "Llueve", None, "Andina", here),
        ),
    )
    # Another one, who filters nothing, asks first.
    ready(conn, told(id="all"), told(**changes))
    tick(conn, [spread])
    mails = [one for one in outbox.claim(conn, NOON + MINUTE, 9) if one.subscription_id == "lima-desk"]
    assert [said in one.subject for one in mails] == ([True] if said else [])
    for one in mails:
        assert ("In Lima" in one.html) == (not changes)
        assert ("En Lima" in one.html) == bool(changes), "of one story the newest is named"
        assert "Llueve" in one.html


def test_what_is_no_spike_is_not_told(conn: sqlite3.Connection) -> None:
    ready(conn)
    assert tick(conn, [busy(count=5)]) == DigestSummary()


def test_an_alert_moves_no_range_and_one_whose_zone_is_wrong_stops_nobody(conn: sqlite3.Connection) -> None:
    ready(conn, told(id="bad", zone="Nowhere/At_All"), told())
    summary = tick(conn, [busy()])
    assert (summary.messages, [one.subscription_id for one in summary.problems]) == (1, ["bad"])
    known = state.subscription_state(conn, "lima-desk")
    assert known is not None
    assert (known.seq, known.last_due_at) == (0, None)
    (delivery,) = outbox.claim(conn, NOON + MINUTE, 9)
    assert delivery.subscription_id == "lima-desk"


class _Cells(HTMLParser):
    """The rows of the chart: their text, and the width of their coloured cell."""

    def __init__(self) -> None:
        super().__init__()
        self.widths: list[str] = []
        self.hours = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.hours += tag == "th"
        if tag == "td" and (given.get("class") or "") in ("full", "late"):
            self.widths.append(given["width"] or "")


@pytest.mark.parametrize(
    ("language", "subject"),
    [
        ("en", "Peru spikes: 40 articles in one hour, usually 2"),
        ("es", "Peru se dispara: 40 artículos en una hora; lo habitual son 2"),
    ],
)
def test_an_alert_has_the_numbers_and_a_chart_in_both_parts(
    conn: sqlite3.Connection, language: str, subject: str
) -> None:
    ready(conn, told(language=language))
    tick(conn, [busy(title="Peru\r\nBcc: all@example.org")])
    (delivery,) = outbox.claim(conn, NOON + MINUTE, 9)
    mail = message_from_bytes(delivery.body, policy=policy.default)
    assert mail["Subject"] == subject.replace("Peru", "Peru Bcc: all@example.org")
    assert mail["Bcc"] is None
    assert mail["Auto-Submitted"] == "auto-generated"
    text = mail.get_body(("plain",)).get_content()
    assert text.count("█ 2 (2)") == 23
    assert f"{'█' * 30} 40 (2)" in text
    assert "Boluarte <resigns>" in text
    cells = _Cells()
    cells.feed(delivery.html)
    assert cells.hours == 24
    assert cells.widths[-1] == "100%"
    assert "Boluarte &lt;resigns&gt;" in delivery.html
    assert "<img" not in delivery.html
    assert len(delivery.html) < 40_000


def test_words_without_end_fill_no_alert_and_each_headline_says_its_language(
    conn: sqlite3.Connection,
) -> None:
    ready(conn, told(topics=None))
    newest = (
        Headline(1, "word " * 100_000, "https://news.example/1", "Outlet " * 100, place()),
        Headline(2, "", "javascript:alert(1)", "", place(language=None)),
    )
    tick(conn, [busy(title="Peru OR " * 200 + "Lima", newest=newest)])
    subject, html, body = conn.execute("SELECT subject, html, body FROM deliveries").fetchone()
    assert len(subject) < 120
    assert len(body) < 40_000
    assert html.count(' lang="es"') == 1
    assert "javascript:" not in html
    assert ">—</span>" in html, "what has no title stands there all the same"
