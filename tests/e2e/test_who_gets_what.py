"""Subscriptions of every kind over two weeks, from real servers through the program to their mailboxes.

Two sources and six readers in Lima. One paper has a story on Sunday morning, the other has a copy of it half an hour later;
then nobody writes anything for a day, the service is down for two weeks, and there is a second story.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import presswatch
from tests.e2e.day import one_pass
from tests.e2e.world import Answer, MailBox, Site, free_port, rows, write_config

SUNDAY = datetime(2026, 7, 19, 11, 30, tzinfo=UTC)  # half past six in Lima
HALF_HOUR = timedelta(minutes=35)
READERS: list[dict[str, Any]] = [
    {"id": "weekly", "topics": "all", "when": "weekly on monday at 08:00"},
    {"id": "quiet", "topics": "all", "when": "hourly", "quiet": "22:00 to 07:00"},
    {"id": "at-once", "topics": ["peru"], "when": ["instant", "daily at 18:00"], "instant": {"grown": 3}},
    {"id": "heartbeat", "topics": ["lithium"], "when": "daily at 07:00", "empty": "heartbeat"},
    {"id": "query", "query": '"forty bridges" AND source:totora', "when": "daily at 07:00"},
    {
        "id": "elsewhere",
        "topics": "all",
        "when": "daily at 07:00",
        "languages": "en",
        "exclude": {"countries": "PE"},
    },
]
TEXT = (
    "Peru’s Congress met until midnight, and its members spoke about the roads that the rain has washed away.",
    "The minister promised forty bridges before the end of the year, and named none of the places where they are to be.",
    "Two committees are to report in August. Nobody in the chamber could say what had become of the report of last year.",
)
LATER = (
    "Peru will sell no more water to those who have enough of it, said the head of the lake’s authority on Monday.",
    "Her predecessor had signed eleven contracts in his last week, of which two name the same spring and no price.",
    "The companies did not answer. A judge in Puno wants to see all papers before the end of the month, and the pumps.",
)


def page(title: str, paragraphs: tuple[str, ...]) -> Answer:
    text = "".join(f"<p>{one}</p>" for one in paragraphs)
    body = f"<!doctype html><html lang='en'><title>{title}</title><article><h1>{title}</h1>{text}</article></html>"
    return Answer(body.encode(), headers={"Content-Type": "text/html"})


def feed(url: str, at: datetime, **titles: str) -> Answer:
    items = "".join(
        f"<item><title>{title}</title><link>{url}/{name}</link><guid>{name}</guid>"
        f"<pubDate>{format_datetime(at - timedelta(minutes=20))}</pubDate></item>"
        for name, title in titles.items()
    )
    return Answer(f"<rss version='2.0'><channel><title>News</title>{items}</channel></rss>".encode())


@dataclass
class Played:
    """What came out."""

    config: Path
    mails: list[EmailMessage]

    def digests(self, reader: str) -> list[tuple[str, str, list[str]]]:
        """Return each mail that a reader was to get: its kind, when it was due, and the articles' names."""
        data = self.config.parent / "data"
        names = {
            row[0]: row[1].rpartition("/")[2]
            for row in rows(data / "archive.db", "select id, key from articles")
        }
        found = rows(
            data / "alerts.db",
            """select id, kind, due_at from digests where subscription_id = ?
            and exists (select 1 from deliveries where digest_id = digests.id) order by id""",
            reader,
        )
        items = "select distinct article_id from digest_items where digest_id = ? order by article_id"
        return [
            (kind, due_at[:16], [names[one] for (one,) in rows(data / "alerts.db", items, number)])
            for number, kind, due_at in found
        ]

    def letters(self, reader: str) -> list[EmailMessage]:
        return [mail for mail in self.mails if mail["To"] == f"{reader}@one.example"]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    box, port = MailBox(), free_port()
    readers = [{**one, "to": f"{one['id']}@one.example", "zone": "America/Lima"} for one in READERS]
    with Site({}) as totora, Site({}) as brujula, box.listening(port):
        sources = [
            {"id": name, "name": name, "language": "en", "country": country, "endpoints": [{"feed": f"{url}/rss.xml"}]}
            for name, country, url in (("totora", "PE", totora.url), ("brujula", "BO", brujula.url))
        ]  # fmt: skip
        config = write_config(tmp_path_factory.mktemp("who"), sources, subscribers=readers, mail_port=port)
        totora.answers = {
            "/rss.xml": feed(totora.url, SUNDAY, bridges="Peru counts its bridges"),
            "/bridges": page("Peru counts its bridges", TEXT),
        }
        brujula.answers = {"/rss.xml": feed(brujula.url, SUNDAY)}
        one_pass(config, SUNDAY)
        brujula.answers = {
            "/rss.xml": feed(brujula.url, SUNDAY + HALF_HOUR, copy="Peru counts bridges again"),
            "/copy": page("Peru counts bridges again", TEXT),
        }
        one_pass(config, SUNDAY + HALF_HOUR)  # 07:05
        one_pass(config, SUNDAY + HALF_HOUR + timedelta(hours=11))  # 18:05
        one_pass(config, SUNDAY + HALF_HOUR + timedelta(days=1, hours=1))  # Monday, 08:05
        back = SUNDAY + HALF_HOUR + timedelta(days=15, hours=1)  # Monday, 08:05
        totora.answers = {
            "/rss.xml": feed(totora.url, back, water="Peru keeps its water"),
            "/water": page("Peru keeps its water", LATER),
        }
        one_pass(config, back)
        yield Played(config, [mail for _, mail in box.mails])


def test_the_shipped_shapes_are_good(played: Played) -> None:
    assert "6 subscribers" in presswatch("check", config=played.config).out


def test_a_weekly_digest_comes_on_its_day_and_after_two_weeks_without_a_service_once(played: Played) -> None:
    assert played.digests("weekly") == [
        ("digest", "2026-07-20T13:00", ["bridges", "copy"]),
        ("digest", "2026-08-03T13:00", ["water"]),
    ]


def test_what_was_due_in_quiet_hours_comes_at_their_end(played: Played) -> None:
    assert played.digests("quiet") == [
        ("digest", "2026-07-19T12:00", ["bridges", "copy"]),
        ("digest", "2026-08-03T13:00", ["water"]),
    ]


def test_the_first_of_a_story_comes_at_once_and_its_copy_in_the_evening(played: Played) -> None:
    assert played.digests("at-once") == [
        ("instant", "2026-07-19T11:30", ["bridges"]),
        ("digest", "2026-07-19T23:00", ["copy"]),
        ("digest", "2026-08-02T23:00", ["water"]),
    ]


def test_a_heartbeat_says_that_nothing_was_found_once_for_all_days_without_a_service(played: Played) -> None:
    assert played.digests("heartbeat") == [
        ("digest", "2026-07-19T12:00", []),
        ("heartbeat", "2026-07-20T12:00", []),
        ("digest", "2026-08-03T12:00", []),
    ]
    assert len(played.letters("heartbeat")) == 3


def test_a_query_of_the_readers_own_finds_what_no_topic_looks_for(played: Played) -> None:
    assert played.digests("query") == [("digest", "2026-07-19T12:00", ["bridges"])]
    (mail,) = played.letters("query")
    text = mail.get_body(("plain",))
    assert text is not None
    assert "forty bridges" in text.get_content()
    others = [one for one in played.mails if one["To"] != "query@one.example"]
    assert others
    assert not any("source:totora" in one.as_string() for one in others)


def test_a_country_that_is_left_out_leaves_the_copy_from_elsewhere(played: Played) -> None:
    assert played.digests("elsewhere") == [("digest", "2026-07-19T12:00", ["copy"])]


def test_each_mail_reached_its_reader_once(played: Played) -> None:
    ids = [mail["Message-ID"] for mail in played.mails]
    assert len(ids) == len(set(ids)) == sum(len(played.digests(one["id"])) for one in READERS)
