"""A burst of news, from the feed of an outlet through `presswatch run` to a mailbox: the alert, and what raises none.

The weeks before are played by the program as well, a pass each, so that the service finds a feed that was read all
along. Then it runs by the clock of the wall: twenty articles on Peru in the last hour, and a second outlet, read for
the first time, with as many on lithium. It is started twice, so whatever it knew in memory is not what keeps it quiet.
"""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PROGRAM, environment, presswatch
from tests.e2e.day import one_pass
from tests.e2e.test_service import wait_for
from tests.e2e.world import Answer, MailBox, Site, dump, free_port, rows, write_config

NOW = datetime.now(UTC).replace(microsecond=0)
WEEK, HOUR, MINUTE = timedelta(weeks=1), timedelta(hours=1), timedelta(minutes=1)
BURST = 20
READERS: list[dict[str, Any]] = [
    {"id": "desk", "spikes": True},
    {"id": "archivo", "spikes": True, "language": "es", "languages": ["es"]},
    {"id": "calm", "spikes": False},
]


@dataclass(frozen=True)
class Item:
    """What an outlet prints."""

    title: str
    at: datetime


def feed(url: str, items: list[Item]) -> Answer:
    entries = "".join(
        f"<item><title>{one.title}</title><link>{url}/{one.at:%Y%m%d%H%M%S}</link>"
        f"<pubDate>{format_datetime(one.at)}</pubDate></item>"
        for one in reversed(items)
    )
    return Answer(f"<rss version='2.0'><channel><title>News</title>{entries}</channel></rss>".encode())


def source(name: str, url: str) -> dict[str, Any]:
    return {
        "id": name, "name": name.title(), "language": "en", "country": "PE", "pages": False,
        "endpoints": [{"feed": f"{url}/rss.xml", "every": "30s"}],
    }  # fmt: skip


@contextmanager
def service(config: Path) -> Iterator[None]:
    """The service, by the clock of the wall, while inside; it must leave by itself when told to."""
    command = [str(PROGRAM), "--config", str(config), "run"]
    with subprocess.Popen(command, env=environment(), stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
    assert process.returncode == 0


@dataclass(frozen=True)
class Played:
    """What came of it."""

    data: Path
    alerts: list[EmailMessage]

    def matched(self, topic: str) -> int:
        sql = "select count(*) from matches where topic_id = ? and backfill = 0"
        number: int = rows(self.data / "archive.db", sql, topic)[0][0]
        return number


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    folder, box, port = tmp_path_factory.mktemp("spike"), MailBox(), free_port()
    readers = [
        # Their digests come once a week: none is due while this runs but what the weeks before left.
        {"topics": "all", "when": "weekly on monday at 08:00", "zone": "America/Lima", "to": f"{one['id']}@one.example", **one}
        for one in READERS
    ]  # fmt: skip
    with Site({}) as totora, Site({}) as brujula, box.listening(port):
        config = write_config(folder, [source("totora", totora.url)], subscribers=readers, mail_port=port)
        items: list[Item] = []
        for at in (*(NOW - number * WEEK - 20 * MINUTE for number in (4, 3, 2, 1)), NOW - 2 * HOUR):
            items = [*items[-3:], Item(f"Peru’s week {at:%d}", at - 10 * MINUTE)]
            totora.answers = {"/rss.xml": feed(totora.url, items)}
            one_pass(config, at)
        assert not alerts(box)

        # All of it in the last full hour, whichever step of ten minutes that ends with.
        ago = [NOW - 40 * MINUTE + number * MINUTE for number in range(BURST)]
        items += [Item(f"Peru’s ministers resign, part {at:%M}", at) for at in ago]
        totora.answers = {"/rss.xml": feed(totora.url, items)}
        brujula.answers = {"/rss.xml": feed(brujula.url, [Item(f"Lithium, part {at:%M}", at) for at in ago])}
        dump(
            config / "sources.yaml",
            {"sources": [source("totora", totora.url), source("brujula", brujula.url)]},
        )
        result = Played(folder / "data", [])
        with service(config):
            wait_for(lambda: result.matched("peru") >= BURST and result.matched("lithium") >= BURST)
        with service(config):
            wait_for(lambda: alerts(box))
        presswatch("run", "--once", config=config)
        yield Played(folder / "data", alerts(box))


def alerts(box: MailBox) -> list[EmailMessage]:
    """The alerts that arrived, among the digests."""
    return [mail for _, mail in box.mails if "spikes" in mail["Subject"] or "se dispara" in mail["Subject"]]


def part(mail: EmailMessage, kind: str) -> str:
    found = mail.get_body((kind,))
    assert found is not None
    return str(found.get_content())


def test_a_burst_is_one_alert_with_its_numbers_to_who_wants_to_know_it(played: Played) -> None:
    (mail,) = played.alerts
    assert mail["To"] == "desk@one.example"
    assert mail["Subject"] == f"Peru spikes: {BURST} articles in one hour, usually 1"
    text = part(mail, "plain")
    assert f"{BURST} articles in the last hour." in text
    assert text.count("Totora") == 5, "the newest are named"
    made = rows(
        played.data / "alerts.db", "select subscription_id, about, matches from digests where kind = 'spike'"
    )
    assert made == [("desk", "peru", BURST)]


def test_its_chart_shows_the_last_day_hour_by_hour_in_both_parts(played: Played) -> None:
    (mail,) = played.alerts
    text, page = part(mail, "plain"), part(mail, "html")
    hours = [line for line in text.splitlines() if re.fullmatch(r"\d\d:\d0  .*\d \(\d\)", line)]
    assert f"{'█' * 30} {BURST} (1)" in text
    assert len(hours) == 24
    assert page.count("<th ") == 24
    assert f"{BURST} (1)" in page
    assert "<img" not in page


def test_what_a_new_source_brings_and_what_a_list_leaves_out_raise_nothing(played: Played) -> None:
    assert played.matched("lithium") == BURST, "it was found, and is no news of the hour"
    told = rows(played.data / "alerts.db", "select distinct about from digests where kind = 'spike'")
    assert told == [("peru",)]
    assert not any("Lithium" in part(mail, "plain") for mail in played.alerts)
