"""A service without its crawl: what its ticks do with what comes back, and how it ends."""

from __future__ import annotations

import asyncio
import errno
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts import outbox, state
from alerts.model import Subscription
from alerts.render import render
from archive.errors import ArchiveError, ClockError
from archive.model import PollTask, Result
from archive.times import stamp
from crawler.carrier import LocalCarrier
from crawler.config import Config
from crawler.outgoing import Counts
from crawler.service import IN_FLIGHT, Service
from crawler.settings import Settings
from tests.alerts.factory import article, digest, server
from tests.archive.world import ANDINA, HARBOUR, NOW, TOPICS, entry, poll

READER = Subscription(
    id="reader", name="Reader", to=("desk@example.org",), topics=None, when="daily at 07:00", zone="UTC", language="en"
)  # fmt: skip


class World:
    """A data folder, and a clock that is set."""

    def __init__(self, folder: Path) -> None:
        self.now = NOW
        self.folder = folder
        self.config = Config(
            settings=Settings(), sources=(ANDINA, HARBOUR), topics=TOPICS, subscriptions=(READER,),
            mail=None, data_dir=folder,
        )  # fmt: skip

    def run(self, steps: Callable[[Service], Awaitable[Any]], as_of: datetime | None = None) -> Service:
        """Do ``steps`` with a service whose databases are open, and close it."""

        async def main() -> Service:
            service = Service(self.config, lambda: self.now)
            try:
                await service.prepare(as_of)
                await steps(service)
            finally:
                await service.close()
            return service

        return asyncio.run(main())

    def ask(self, sql: str, database: str = "archive") -> list[Any]:
        with closing(sqlite3.connect(f"file:{self.folder}/{database}.db?mode=ro", uri=True)) as conn:
            return [row[0] for row in conn.execute(sql)]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def limit(service: Service, *, more: int | None) -> None:
    """Let the archive's file grow by no more than ``more`` pages, as on a full disk; None: as it likes."""

    def step(conn: sqlite3.Connection) -> None:
        [pages] = conn.execute("pragma page_count").fetchone()
        conn.execute(f"pragma max_page_count = {2**30 if more is None else pages + more}")

    await service.writer.run(service.archive, step)


def large(**more: Any) -> Result:
    return poll([entry(str(number), summary="x" * 5000) for number in range(50)], **more)


async def settled(service: Service) -> None:
    """Wait until nothing is in flight any more."""
    while service.in_flight:
        service.stored.clear()
        await service.stored.wait()


async def stored(service: Service, *results: Result) -> None:
    """Have the carrier bring ``results``, and wait until they were dealt with."""
    service.stored.clear()
    for result in results:
        service.crawl.carrier.deliver(result)
    await service.stored.wait()


# --- a full disk ------------------------------------------------------------------------------------------


def test_while_nothing_can_be_stored_no_newspaper_is_asked(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    fed: list[tuple[float, int]] = []

    async def steps(service: Service) -> None:
        service.crawl.carrier.feed = lambda task: service.crawl.carrier.deliver(large(task=task))
        service.listen()
        await limit(service, more=0)
        for minutes in (0, 0.5, 0.99, 1, 2, 2.99, 3, 6, 6.99, 7):
            world.now = NOW + timedelta(minutes=minutes)
            fed.append((minutes, len(await service.feed())))
            await settled(service)
        await limit(service, more=None)

    service = world.run(steps)
    assert [minutes for minutes, number in fed if number] == [0, 1, 3, 7]
    assert service.counts.unstored == 4 * 3
    assert service.counts.tally.failed == []
    assert "database or disk is full" in caplog.text
    assert f"nothing more is asked for until {stamp(NOW + timedelta(minutes=1))}" in caplog.text
    assert "Traceback" not in caplog.text
    assert world.ask("select count(*) from articles") == [0]
    assert world.ask("select count(*) from polls") == [0]


def test_once_the_disk_has_room_again_all_goes_on(world: World, caplog: pytest.LogCaptureFixture) -> None:
    async def steps(service: Service) -> None:
        service.crawl.carrier.feed = lambda task: service.crawl.carrier.deliver(
            poll([entry("a")], task.endpoint_id)
        )
        service.listen()
        await limit(service, more=0)
        await stored(service, large())
        await limit(service, more=None)
        world.now = NOW + timedelta(minutes=2)
        assert len(await service.feed()) == 3
        await settled(service)

    service = world.run(steps)
    assert service.counts.tally.new == 1
    assert service.storing.failures == 0
    assert "what is read can be stored again" in caplog.text


# --- receiving --------------------------------------------------------------------------------------------


def test_what_was_read_when_the_service_closes_is_stored(world: World) -> None:
    async def steps(service: Service) -> None:
        service.listen()
        for number in range(200):
            service.crawl.carrier.deliver(poll([entry(str(number))]))

    world.run(steps)
    assert world.ask("select count(*) from articles") == [200]


def test_a_receiver_that_ends_by_itself_ends_the_service(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    class Lost(LocalCarrier):
        async def receive(self) -> list[Result]:
            raise ConnectionResetError("the carrier is lost")

    async def steps(service: Service) -> None:
        service.crawl.carrier = Lost()
        service.listen()
        await asyncio.wait_for(service.stop.wait(), 10)
        with pytest.raises(ArchiveError, match=r"nothing was stored any more .*the carrier is lost"):
            service.check()

    world.run(steps)
    assert [record.levelno for record in caplog.records] == [logging.CRITICAL]


def test_who_is_told_of_the_work_can_fail_and_the_work_goes_on(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[int] = []

    def broken(counts: Counts) -> None:
        told.append(counts.tally.polled)
        if counts.tally.polled != 3:
            raise OSError(errno.ENOSPC, "no room for what is said")

    def broken_too(_: str) -> None:
        raise OSError(errno.EIO, "the terminal is gone")

    async def steps(service: Service) -> None:
        service.on_progress, service.on_station = broken, broken_too
        service.on_station("a station")
        service.listen()
        for number in range(4):
            await stored(service, poll([entry(str(number), f"Peru {number}")]))
        await service.match()
        await service.deliver()
        service.check()

    service = world.run(steps)
    assert not service.stop.is_set()
    assert (service.counts.tally.new, service.counts.matches) == (4, 4)
    assert told == [1, 2, 3, 4, 4, 4]
    # Once for each row of failures, with its traceback: this may be a bug.
    assert [record.getMessage().partition("told: ")[2] for record in caplog.records] == [
        "OSError(5, 'the terminal is gone')",
        "OSError(28, 'no room for what is said')",
        "OSError(28, 'no room for what is said')",
    ]
    assert all(record.exc_info for record in caplog.records)


def test_a_service_that_is_well_says_nothing(world: World, caplog: pytest.LogCaptureFixture) -> None:
    async def steps(service: Service) -> None:
        service.listen()
        await stored(service, poll([entry("a")]))
        service.check()

    service = world.run(steps)
    assert not service.stop.is_set()
    assert caplog.records == []


def test_no_more_is_fed_than_the_crawl_takes_up_at_a_time() -> None:
    from crawler.engine import scrapy_settings
    from crawler.settings import NetworkSettings

    assert scrapy_settings(NetworkSettings()).getint("CONCURRENT_REQUESTS") >= 2 * IN_FLIGHT


# --- the clock --------------------------------------------------------------------------------------------


def test_a_clock_that_was_set_back_is_said_and_stops_nothing(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    async def steps(service: Service) -> None:
        service.listen()
        await stored(service, poll([entry("a")], at=world.now))

    world.run(steps)
    world.now = NOW - timedelta(days=400)
    world.run(steps)
    assert "the archive already holds 2026-07-19T12:00:00+00:00: was the clock set back?" in caplog.text
    assert world.ask("select count(*) from polls") == [2]
    with pytest.raises(ClockError):
        world.run(steps, as_of=world.now)


# --- matching ---------------------------------------------------------------------------------------------


def test_an_article_that_makes_the_matcher_fail_is_not_tried_at_every_tick(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    async def steps(service: Service) -> None:
        service.listen()
        await stored(service, poll([entry(name, f"Peru {name}") for name in "abc"]))
        await service.writer.run(
            service.archive,
            lambda conn: conn.execute("update articles set title = x'ff' where id = 2").rowcount,
        )
        for _ in range(3):
            await service.match()

    assert world.run(steps).counts.matches == 2
    assert caplog.text.count("the matches of article 2 could not be made") == 1


# --- deliveries -------------------------------------------------------------------------------------------


async def claimed(service: Service, *recipients: str) -> list[int]:
    """Put messages in the outbox and claim them, as a tick does that could then write down no ending."""

    def step(conn: sqlite3.Connection) -> list[int]:
        state.sync_subscriptions(conn, [READER], 0, NOW - timedelta(days=1))
        known = state.subscription_state(conn, "reader")
        assert known
        made = digest(article(1), subscription=READER, from_seq=known.seq, to_seq=known.seq + 1, due_at=NOW)
        outbox.queue(conn, made, [render(made, one, server()) for one in recipients])
        conn.execute("update deliveries set channel = 'folder'")
        return [delivery.id for delivery in outbox.claim(conn, NOW + timedelta(days=400), 10)]

    return await service.writer.run(service.outgoing.path, step)


def test_a_delivery_whose_ending_could_not_be_written_is_settled_at_the_next_tick(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    async def steps(service: Service) -> None:
        first, _ = await claimed(service, "left@example.org", "waits@example.org")
        assert await service.writer.run(service.outgoing.path, lambda conn: outbox.on_the_wire(conn, first))
        await service.deliver()

    service = world.run(steps)
    assert world.ask("select state from deliveries order by recipient", "alerts") == ["unknown", "sent"]
    assert (service.counts.given_up, service.counts.sent) == (1, 1)
    assert "nobody knows whether this mail was taken" in caplog.text


def test_while_no_ending_can_be_written_nothing_is_sent(world: World) -> None:
    async def steps(service: Service) -> None:
        await claimed(service, "waits@example.org")
        await service.writer.run(
            service.outgoing.path, lambda conn: conn.execute("pragma query_only = on").rowcount
        )
        with pytest.raises(ArchiveError, match="readonly"):
            await service.deliver()
        await service.deliver()  # says nothing: it waits
        await service.writer.run(
            service.outgoing.path, lambda conn: conn.execute("pragma query_only = off").rowcount
        )
        await service.deliver()
        assert service.counts.sent == 0
        world.now = NOW + timedelta(minutes=1)
        await service.deliver()
        assert service.counts.sent == 1

    world.run(steps)


def test_tasks_that_are_due_are_fed_once(world: World) -> None:
    given: list[int] = []

    async def steps(service: Service) -> None:
        def take(task: Any) -> None:
            assert isinstance(task, PollTask)
            given.append(task.endpoint_id)

        service.crawl.carrier.feed = take
        for _ in range(3):
            await service.feed()

    world.run(steps)
    assert sorted(given) == [1, 2, 3]
