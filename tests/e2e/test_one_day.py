"""One simulated day over the newsroom, in processes of their own, into a real mail server, with accidents."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from crawler.demo.newsroom import START, Newsroom
from tests.e2e.day import Clock, after_requests, contents, killed_pass, one_pass
from tests.e2e.world import MailBox, free_port, rows, write_config

HOURS = (0, 6, 13.9, 14.1, 17, 20, 25, 30)
# Pass number: killed after so many requests. In the first, feeds are stored and pages under way; then, some
# feeds have answered and none is stored; then, while the feeds answer.
KILLS = {0: 16, 2: 6, 4: 3}
RECIPIENTS = ["desk@one.example", "desk@two.example"]
READER = {
    "id": "reader",
    "name": "Reader",
    "topics": "all",
    "when": "daily at 07:00",
    "zone": "America/Lima",
    "to": RECIPIENTS,
}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def newsroom(clock: Clock) -> Iterator[Newsroom]:
    with Newsroom(now=lambda: clock.now) as newsroom:
        yield newsroom
    assert newsroom.faults == []


def test_a_day_with_accidents_ends_like_a_quiet_one(tmp_path: Path, newsroom: Newsroom, clock: Clock) -> None:
    box, port = MailBox(), free_port()
    troubled = write_config(
        tmp_path / "troubled", newsroom.sources_yaml(), subscribers=[READER], mail_port=port
    )
    for number, hours in enumerate(HOURS):
        clock.now = START + timedelta(hours=hours)
        if number in KILLS:
            killed_pass(troubled, clock.now, after_requests(newsroom, KILLS[number]))
        if number == 3:
            # The hour of the digest, and nobody answers at the mail server.
            assert one_pass(troubled, clock.now)["sent"] == 0
            clock.now += timedelta(minutes=2)
        with box.listening(port):
            one_pass(troubled, clock.now)
    asked_before = len(newsroom.log)
    with box.listening(port):
        again = one_pass(troubled, clock.now)

    quiet = write_config(tmp_path / "quiet", newsroom.sources_yaml())
    for hours in HOURS:
        clock.now = START + timedelta(hours=hours)
        one_pass(quiet, clock.now)

    assert contents(tmp_path / "troubled" / "data") == contents(tmp_path / "quiet" / "data")
    # Every article once.
    keys = rows(tmp_path / "troubled/data/archive.db", "select key, count(*) from articles group by key")
    assert len(keys) == len(newsroom.articles())
    assert all(count == 1 for _, count in keys)
    # Every mail once, to each recipient.
    assert Counter(recipient for recipient, _ in box.mails) == dict.fromkeys(RECIPIENTS, 1)
    assert len({message["Message-ID"] for _, message in box.mails}) == len(box.mails)
    # The second poll of the same moment: nothing new, and the feeds that keep validators say 304.
    assert (again["new"], again["matches"], again["sent"]) == (0, 0, 0)
    feeds = {outlet.feed_url.removeprefix(outlet.base_url) for outlet in newsroom.outlets}
    polled = [request.status for request in newsroom.log[asked_before:] if request.path in feeds][:4]
    assert Counter(polled)[304] == 3, polled


def test_a_process_killed_while_a_mail_leaves_never_sends_it_twice(
    tmp_path: Path, newsroom: Newsroom, clock: Clock
) -> None:
    arrived, may_answer = threading.Event(), threading.Event()

    def hold() -> None:
        arrived.set()
        may_answer.wait(60)

    box, port = MailBox(before_reply=hold), free_port()
    reader = {**READER, "to": RECIPIENTS[:1]}
    config = write_config(tmp_path, newsroom.sources_yaml(), subscribers=[reader], mail_port=port)
    one_pass(config, START)
    clock.now = START + timedelta(hours=14.1)
    with box.listening(port):
        killed_pass(config, clock.now, arrived)
        may_answer.set()
    box.before_reply = None
    with box.listening(port):
        again = one_pass(config, clock.now, code=1)
    assert (again["sent"], again["given_up"]) == (0, 1)
    assert len(box.mails) == 1
    # Nobody knows whether it was taken, and that is what the outbox says.
    assert rows(tmp_path / "data/alerts.db", "select state from deliveries") == [("unknown",)]
