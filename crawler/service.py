"""The service: one loop that only waits, and ticks that move the flow on.

    open      migrate, tell the archive what is configured, open the crawl
    feed      what is due (archive) ─▶ carrier ─▶ crawl
    receive   crawl ─▶ carrier ─▶ ingest (writer)
    match     change queue ─▶ matcher (reader thread) ─▶ matches (writer)
    cluster   story queue ─▶ sketches (reader thread) ─▶ stories (writer)
    digest    subscriptions that are due ─▶ digests and outbox (writer)
    spike     topics with more articles than chance explains ─▶ alerts and outbox (writer)
    deliver   outbox ─▶ channel
    answer    what another process asks ─▶ done ─▶ its answer
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
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import urlsplit

from archive import due, maintain, rematch, revised, search
from archive.errors import ArchiveError
from archive.model import PageTask, PollTask, Result, Task
from archive.threads import Readers, Writer
from archive.times import stamp
from crawler import answers, upgrade
from crawler.asked import Asked
from crawler.clock import Clock, is_past, refuse_past
from crawler.config import Config, changed_files, still_asked
from crawler.copies import Copies
from crawler.engine import IN_FLIGHT, PER_HOST, Crawl
from crawler.health import Heartbeat, harmless
from crawler.outgoing import Counts, Outgoing
from crawler.pipelines import Chance, ingest
from crawler.pool import Workers
from crawler.storing import Storing
from crawler.watching import Watching
from crawler.watchlist import compile_stored

log = logging.getLogger(__name__)

T = TypeVar("T")

SLICE = 4  # tasks given to the crawl in one go
DRAIN = 30  # seconds that storing what has come back may take at the end


class Service:
    """Everything that one data folder needs while it is open. The caller holds the service lock.

    ``reload`` reads the operator's files anew, for who asks that their topics be taken over.
    """

    def __init__(self, config: Config, now: Clock, reload: Callable[[], Config] | None = None) -> None:
        self.config = config
        self.reload = reload or (lambda: config)
        self.now = now
        self.archive = config.data_dir / "archive.db"
        self._sources = {source.id: source for source in config.sources}
        self.writer = Writer()
        self.readers = Readers(self.archive)
        self.workers = Workers()
        named = (endpoint.url for source in config.sources for endpoint in source.endpoints)
        self.crawl = Crawl(config.settings.network, now=now, workers=self.workers, named=named)
        self.heartbeat = Heartbeat()
        self.counts = Counts()
        self.storing = Storing(now)
        self.watching = Watching(
            self.archive, now, self.writer, self.readers, self.counts, self.storing,
            tell=lambda: self.on_progress(self.counts),
        )  # fmt: skip
        self.copies = Copies(
            self.archive, self.writer, self.readers, self.storing, tell=lambda: self.on_progress(self.counts)
        )
        self.outgoing = Outgoing(config, now, self.writer, self.readers, self.counts)
        self.asked = Asked(
            self.outgoing.with_alerts, now,
            {"rematch": self._rematch_asked, "lift": self.outgoing.lift, "send": self.outgoing.send},
        )  # fmt: skip
        self.chance: Chance = random.random  # what keeps polls apart that began together
        self.in_flight: dict[tuple[str, int], str] = {}  # (kind, id) of each task: its host
        self.stored = asyncio.Event()  # set whenever results were stored
        self._on_progress: Callable[[Counts], None] = lambda _: None
        self._on_station: Callable[[str], None] = lambda _: None
        self.stop = asyncio.Event()  # once it is set, nothing new is begun
        self.newest: datetime | None = None  # the newest time that the archive held at the start
        self._receiving: asyncio.Task[None] | None = None
        self._closing = False

    @property
    def on_progress(self) -> Callable[[Counts], None]:
        """Is called with what was done so far. Whatever is put here can fail without harm."""
        return self._on_progress

    @on_progress.setter
    def on_progress(self, listener: Callable[[Counts], None]) -> None:
        self._on_progress = harmless(listener)

    @property
    def on_station(self) -> Callable[[str], None]:
        """Is called with a line for each station of a pass; otherwise as `on_progress`."""
        return self._on_station

    @on_station.setter
    def on_station(self, listener: Callable[[str], None]) -> None:
        self._on_station = harmless(listener)

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
        await self.writer.run(self.archive, lambda conn: upgrade.migrate(conn, now))
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
        topics = await asyncio.to_thread(compile_stored, self.config)

        def sync(conn: sqlite3.Connection) -> None:
            due.sync(conn, self.config.sources, topics, now)
            due.set_right(conn, now)

        await self.watching.take_over(topics, sync)
        top_seq = await self.readers.run(search.top_seq)
        await self.outgoing.sync(top_seq, await self.readers.run(revised.top))
        await self.asked.settle()

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
        if self.storing.holds() or len(self.in_flight) >= IN_FLIGHT:
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
        for task in wanted:
            if len(self.in_flight) >= IN_FLIGHT:
                break  # a pass has thousands that wait, and comes by whenever something was stored
            key, host = _key(task), _host(task.url)
            if key in self.in_flight or hosts[host] >= PER_HOST:
                continue
            hosts[host] += 1
            self.in_flight[key] = host
            batch.append(self._with_settings(task))
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
                    self.in_flight.pop(_key(task), None)
            self.stored.set()
            self.on_progress(self.counts)

    async def _store(self, results: list[Result]) -> None:
        try:
            tally = await self.writer.run(self.archive, lambda conn: ingest(conn, results, self.chance))
        except Exception as error:  # noqa: BLE001 - were this task to end, nothing would be stored any more
            # Nothing of the batch was stored, so all of it is due again: at once, were it not for the pause.
            self.counts.unstored += len(results)
            self.storing.failed(error, f"{len(results)} results")
        else:
            self.counts.tally.add(tally)
            self.storing.stored()

    async def match(self) -> None:
        """Match what changed, until nothing waits but what makes the matcher fail."""
        await self.watching.match()

    async def rematch(self) -> None:
        """Apply topics that are new or changed to the articles that are stored already."""
        await self.watching.rematch(self.stop)

    async def cluster(self) -> None:
        """Make stories of articles that changed."""
        await self.copies.find()

    async def answer(self) -> None:
        """Do what other processes ask (`presswatch rematch` beside a service)."""
        await self.asked.answer()

    async def digest(self) -> None:
        """Make the digests that are due, and put them in the outbox."""
        await self.outgoing.digest()

    async def spike(self) -> None:
        """Make the alerts that a topic spikes, and put them in the outbox."""
        await self.outgoing.spike()

    async def deliver(self) -> None:
        """Hand over what lies in the outbox and is due."""
        await self.outgoing.deliver(self.stop)
        self.on_progress(self.counts)

    async def waiting(self) -> int:
        """Return how many messages wait in the outbox to be tried again."""
        return await self.outgoing.waiting()

    async def maintain(self) -> None:
        """Thin the ledger, and let go of texts that matched nothing."""
        now, retention = self.now(), timedelta(seconds=self.config.settings.retention)
        await self.writer.run(self.archive, lambda conn: maintain.thin_polls(conn, now))
        await self.writer.run(self.archive, lambda conn: maintain.forget_robots(conn, now))
        while await self.writer.run(self.archive, lambda conn: maintain.prune_texts(conn, now, retention)):
            pass
        await self.copies.prune()

    # --- what is asked of it ---------------------------------------------------------------------------------

    async def _rematch_asked(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Take over the topics as the files have them now, and apply them: all, or those under ``names``.

        ``versions``: the topics as the asker reads them, so that nobody is told of another folder's. Raises
        `PresswatchError` when that cannot be; what the service looks for is then what it was.
        """
        config = await asyncio.to_thread(self.reload)
        if {spec.topic_id: spec.version for spec in config.topics} != arguments["versions"]:
            raise ArchiveError(
                "the service reads other topics than you do: was it started with another --config, "
                "or were they edited just now?"
            )
        topics = await asyncio.to_thread(compile_stored, still_asked(self.config, config))
        now = self.now()
        async with self.watching.asked():
            await self.watching.take_over(topics, lambda conn: due.sync_topics(conn, topics, now))
            self.outgoing.topic_order = tuple(topic.topic_id for topic in topics)
            gains = await self.watching.apply(self.stop, arguments["names"])
        order = [topic.topic_id for topic in config.topics]
        done, waiting = await self.readers.run(
            lambda conn: (rematch.outcome(conn, gains, order), rematch.waiting(conn))
        )
        return {"topics": done, "waiting": waiting, "restart": list(changed_files(self.config, config))}

    # --- helpers ------------------------------------------------------------------------------------------

    def _with_settings(self, task: Task) -> Task:
        """Return a task with what its source is to be asked with. Not from the archive: it holds no password."""
        source = self._sources.get(task.source_id)
        return answers.of_source(task, source) if source else task

    def _ids(self, kind: str) -> frozenset[int]:
        return frozenset(number for name, number in self.in_flight if name == kind)


def _key(task: Task) -> tuple[str, int]:
    return ("page", task.article_id) if isinstance(task, PageTask) else ("poll", task.endpoint_id)


@lru_cache(maxsize=4096)  # while a host is busy, those that wait for it are looked at again and again
def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""  # the spider refuses it, with its reason
