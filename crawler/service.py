"""The service: one loop that only waits, and ticks that move the flow on.

    open      migrate, tell the archive what is configured, open the crawl
    feed      what is due (archive) ─▶ carrier ─▶ crawl
    receive   crawl ─▶ carrier ─▶ ingest (writer)
    match     change queue ─▶ matcher (reader thread) ─▶ matches (writer)
    digest    subscriptions that are due ─▶ digests and outbox (writer)
    deliver   outbox ─▶ channel
    maintain  what has outlived its keep
    close     stop taking, store what has come back, let everything go

Each tick asks the archive, acts on the answer and forgets it: a crash between any two arrows loses nothing,
because what is in flight is only noted in memory and is due again after a restart. `crawler.run` says how
often the ticks come.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import random
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TypeVar

from archive import due, maintain, rematch, schema, search
from archive.connect import transaction
from archive.errors import ArchiveError
from archive.match import Matcher
from archive.model import PollTask, Result, Task
from archive.threads import Readers, Writer
from archive.times import stamp
from archive.topic import Topic
from crawler import tasks
from crawler.clock import Clock, is_past, refuse_past
from crawler.config import Config
from crawler.engine import IN_FLIGHT, PER_HOST, Crawl
from crawler.health import Heartbeat
from crawler.outgoing import Counts, Outgoing
from crawler.pipelines import Aside, ingest, store_matches, store_stored, take_matches, take_stored
from crawler.pool import Workers
from crawler.schedule import Pause
from crawler.watchlist import compile_config, stored_facts

log = logging.getLogger(__name__)

T = TypeVar("T")

SLICE = 4  # tasks given to the crawl in one go
DRAIN = 30  # seconds that storing what has come back may take at the end


class Service:
    """Everything that one data folder needs while it is open. The caller holds the service lock."""

    def __init__(self, config: Config, now: Clock) -> None:
        self.config = config
        self.now = now
        self.archive = config.data_dir / "archive.db"
        self._sources = {source.id: source for source in config.sources}
        self.matcher = Matcher(())  # until the dictionaries have been asked
        self.versions: dict[str, str] = {}
        self.writer = Writer()
        self.readers = Readers(self.archive)
        self.workers = Workers()
        self.crawl = Crawl(config.settings.network, now=now, workers=self.workers)
        self.heartbeat = Heartbeat()
        self.counts = Counts()
        self.outgoing = Outgoing(config, now, self.writer, self.readers, self.counts)
        self.in_flight: dict[tuple[str, int], str] = {}  # (kind, id) of each task: its host
        self.stored = asyncio.Event()  # set whenever results were stored
        self._on_progress: Callable[[Counts], None] = lambda _: None
        self._on_station: Callable[[str], None] = lambda _: None
        self.stop = asyncio.Event()  # once it is set, nothing new is begun
        self.newest: datetime | None = None  # the newest time that the archive held at the start
        self.storing = Pause()
        self._aside: Aside = {}
        self._receiving: asyncio.Task[None] | None = None
        self._closing = False

    @property
    def on_progress(self) -> Callable[[Counts], None]:
        """Is called with what was done so far. Whatever is put here can fail without harm."""
        return self._on_progress

    @on_progress.setter
    def on_progress(self, listener: Callable[[Counts], None]) -> None:
        self._on_progress = _harmless(listener)

    @property
    def on_station(self) -> Callable[[str], None]:
        """Is called with a line for each station of a pass; otherwise as `on_progress`."""
        return self._on_station

    @on_station.setter
    def on_station(self, listener: Callable[[str], None]) -> None:
        self._on_station = _harmless(listener)

    async def open(self, as_of: datetime | None = None) -> None:
        """Bring the databases up to date and open the crawl.

        Raises `ClockError` when ``as_of``, to which somebody set the clock, is before what the archive holds.
        """
        await self.prepare(as_of)
        await self.workers.start()
        await self.crawl.open(await self.readers.run(due.robots_records))
        self.listen()
        # What is loaded by now stays: a full collection over it would hold the loop up for 100 ms, now and then.
        gc.collect()
        gc.freeze()
        self.heartbeat.start()

    async def prepare(self, as_of: datetime | None = None) -> None:
        """Do what `open` does with the databases."""
        now = self.now()
        await self.writer.run(self.archive, schema.migrate)
        await self.outgoing.migrate()
        newest = self.newest = await self.readers.run(due.newest_time)
        if as_of is not None:
            refuse_past(as_of, newest)
        elif newest is not None and is_past(now, newest):
            # The computer's clock was set back, or had run ahead: whoever reads the news waits for no clock.
            log.warning(
                "the clock says %s, but the archive already holds %s: was the clock set back? Going on",
                stamp(now),
                stamp(newest),
            )

        # The archive remembers what dictionaries said; what it does not know takes them two seconds.
        topics = await asyncio.to_thread(self._compile)
        self.versions = {topic.topic_id: topic.version for topic in topics}

        def sync(conn: sqlite3.Connection) -> None:
            with transaction(conn):
                due.sync(conn, self.config.sources, topics, now)
                due.set_right(conn, now)

        await self.writer.run(self.archive, sync)
        top_seq = await self.readers.run(search.top_seq)
        await self.outgoing.sync(top_seq)

    def _compile(self) -> tuple[Topic, ...]:
        topics = compile_config(
            self.config, stored_facts(self.config.data_dir, self.config.settings.languages)
        )
        self.matcher = Matcher(topics)
        return topics

    def listen(self) -> None:
        """Begin to store what the carrier brings. Should that ever end by itself, ``stop`` is set."""
        self._receiving = asyncio.get_running_loop().create_task(self._receive())
        self._receiving.add_done_callback(self._deaf)

    def _deaf(self, ended: asyncio.Task[None]) -> None:
        if self._closing:
            return
        # To go on would be to ask newspapers for what nobody stores.
        error = None if ended.cancelled() else ended.exception()
        log.critical("nothing is stored any more, so this ends here: %r", error, exc_info=error)
        self.stop.set()
        self.stored.set()

    def check(self) -> None:
        """Raise `ArchiveError` when the service stopped by itself, because nothing was stored any more."""
        if self._receiving is not None and self._receiving.done() and not self._closing:
            error = None if self._receiving.cancelled() else self._receiving.exception()
            raise ArchiveError(f"stopped, because nothing was stored any more ({error!r})") from error

    async def close(self) -> None:
        """Stop the crawl, store what it had read by then, and let everything go."""
        self._closing = True
        await self.heartbeat.stop()
        await self.crawl.close()
        if self._receiving is not None:
            # It ends by itself when the carrier is empty; what cannot be stored in time is due again.
            _, late = await asyncio.wait((self._receiving,), timeout=DRAIN)
            if late:
                self._receiving.cancel()
                await asyncio.wait((self._receiving,))
        self.workers.close()
        # The writer last: the last connection to close folds the write-ahead log into the one file to hand on.
        await asyncio.to_thread(self.readers.close)
        await asyncio.to_thread(self.writer.close)

    # --- ticks --------------------------------------------------------------------------------------------

    async def feed(self, polls: Iterable[PollTask] | None = None) -> list[Task]:
        """Send what is due and not in flight; return the tasks that went out: none while nothing can be stored.

        ``polls``: take these instead of asking which endpoints are due.
        """
        now = self.now()
        if self.storing.holds(now):
            return []
        busy_polls, busy_pages = self._ids("poll"), self._ids("page")
        if polls is None:
            polls = await self.readers.run(
                lambda conn: due.due_polls(conn, now, 2 * IN_FLIGHT, leave=busy_polls)
            )
        pages = await self.readers.run(lambda conn: due.due_pages(conn, now, 2 * IN_FLIGHT, leave=busy_pages))
        hosts = Counter(self.in_flight.values())
        batch: list[Task] = []
        wanted: list[Task] = [*polls, *pages]
        for bare in wanted:
            task = tasks.with_settings(bare, self._sources)
            key, host = tasks.key(task), tasks.host(task.url)
            if key in self.in_flight or hosts[host] >= PER_HOST or len(self.in_flight) >= IN_FLIGHT:
                continue
            hosts[host] += 1
            self.in_flight[key] = host
            batch.append(task)
        for few in (batch[at : at + SLICE] for at in range(0, len(batch), SLICE)):
            self.crawl.carrier.send(few)
            # Scrapy takes up what it was given in one go, at 2 ms a request: in between, others have their turn.
            await asyncio.sleep(0)
        return batch

    async def _receive(self) -> None:
        while results := await self.crawl.carrier.receive():
            await self._store(results)
            for result in results:
                task = getattr(result, "task", None)
                if task is not None:
                    self.in_flight.pop(tasks.key(task), None)
            self.stored.set()
            self.on_progress(self.counts)

    async def _store(self, results: list[Result]) -> None:
        try:
            tally = await self.writer.run(self.archive, lambda conn: ingest(conn, results, random.random))
        except Exception as error:  # noqa: BLE001 - were this task to end, nothing would be stored any more
            # Nothing of the batch was stored, so all of it is due again: at once, were it not for the pause.
            self.counts.unstored += len(results)
            self._cannot_store(error, f"{len(results)} results")
        else:
            self.counts.tally.add(tally)
            before, self.storing = self.storing, self.storing.stored(self.now())
            if before.failures and not self.storing.failures:
                log.warning("what is read can be stored again")

    def _cannot_store(self, error: Exception, what: str) -> None:
        now = self.now()
        first, self.storing = not self.storing.holds(now), self.storing.failed(now)
        ours = isinstance(error, ArchiveError)  # its words say it all; anything else is a bug
        log.error("%s could not be stored: %s", what, error, exc_info=None if ours else error)
        if first:
            log.error("nothing more is asked for until %s", stamp(now + self.storing.wait))

    async def match(self) -> None:
        """Match what changed, until nothing waits but what makes the matcher fail."""
        while not self.storing.holds(self.now()):
            taken, results = await self.readers.run(
                lambda conn: take_matches(conn, self.matcher, self._aside)
            )
            if not taken:
                return
            now = self.now()
            try:
                self.counts.matches += await self.writer.run(
                    self.archive,
                    lambda conn: store_matches(conn, results, self.versions, self._aside, now),  # noqa: B023 - awaited before they change
                )
            except ArchiveError as error:
                self._cannot_store(error, f"the matches of {len(results)} articles")
                return
            self.on_progress(self.counts)

    async def rematch(self) -> None:
        """Apply topics that are new or changed to the articles that are stored already."""
        looked_at = found = 0
        done = None
        while not self.stop.is_set() and not self.storing.holds(self.now()):
            work = await self.readers.run(rematch.todo)
            if work is None or work == done:
                return  # it is done, or it does not advance
            done = work
            taken = await self.readers.run(lambda conn: take_stored(conn, self.matcher, work))  # noqa: B023 - awaited
            now, before = self.now(), self.counts.backfilled
            try:
                self.counts.backfilled += await self.writer.run(
                    self.archive,
                    lambda conn: store_stored(conn, work, taken, self.versions, now),  # noqa: B023 - as above
                )
            except ArchiveError as error:
                self._cannot_store(error, f"the matches of {len(taken[1])} stored articles")
                return
            looked_at += len(taken[1])
            found += self.counts.backfilled - before
            if taken[0] is None and looked_at:
                names = ", ".join(sorted(work.topics))
                log.info("%d matches in %d stored articles (new or changed: %s)", found, looked_at, names)
                looked_at = found = 0

    async def digest(self) -> None:
        """Make the digests that are due, and put them in the outbox."""
        await self.outgoing.digest()

    async def deliver(self) -> None:
        """Hand over what lies in the outbox and is due."""
        await self.outgoing.deliver(self.stop)
        self.on_progress(self.counts)

    async def waiting(self) -> int:
        """Return how many messages wait in the outbox to be tried again."""
        return await self.outgoing.waiting()

    async def maintain(self) -> None:
        """Thin the ledger, and let go of texts that matched nothing."""
        now = self.now()
        retention = timedelta(seconds=self.config.settings.retention)
        await self.writer.run(self.archive, lambda conn: maintain.thin_polls(conn, now))
        await self.writer.run(self.archive, lambda conn: maintain.forget_robots(conn, now))
        while await self.writer.run(self.archive, lambda conn: maintain.prune_texts(conn, now, retention)):
            pass
        while await self.writer.run(self.archive, maintain.judge_texts) and not self.stop.is_set():
            pass

    # --- helpers ------------------------------------------------------------------------------------------

    def _ids(self, kind: str) -> frozenset[int]:
        return frozenset(number for name, number in self.in_flight if name == kind)


def _harmless(listener: Callable[[T], None]) -> Callable[[T], None]:
    """Return ``listener``, but what it raises is only logged: what is told of the work must never stop the work."""
    failing = False

    def tell(news: T) -> None:
        nonlocal failing
        try:
            listener(news)
        except Exception as error:
            if not failing:  # once in a row: it is called for every batch
                log.warning("what was done could not be told: %r", error, exc_info=error)
            failing = True
        else:
            failing = False

    return tell
