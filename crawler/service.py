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
import socket
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar
from urllib.parse import urlsplit

from alerts import jobs, outbox
from alerts import state as alerts_state
from alerts.channels import Channel
from alerts.channels.folder import FolderChannel
from alerts.channels.mail import MailChannel
from alerts.model import DigestSummary
from archive import due, maintain, queue, schema, search
from archive.connect import open_reader, transaction
from archive.errors import ClockError
from archive.match import Matcher
from archive.model import PageTask, PollTask, Task
from archive.threads import Readers, Writer
from archive.times import stamp
from archive.topic import compile_topic
from crawler.clock import Clock
from crawler.config import Config
from crawler.engine import Crawl
from crawler.health import Heartbeat
from crawler.pipelines import Tally, ingest
from crawler.pool import Workers

log = logging.getLogger(__name__)

T = TypeVar("T")

IN_FLIGHT = 128  # tasks given to the crawl at a time
PER_HOST = 4
SLICE = 4  # tasks given to the crawl in one go
MATCH_BATCH = 100
DELIVER_BATCH = 50


@dataclass(slots=True)
class Counts:
    """What a service has done since it opened."""

    tally: Tally = field(default_factory=Tally)
    matches: int = 0
    sent: int = 0
    given_up: int = 0  # deliveries that failed for good, or of which nobody knows


class Service:
    """Everything that one data folder needs while it is open. The caller holds the service lock."""

    def __init__(self, config: Config, now: Clock) -> None:
        self.config = config
        self.now = now
        self.archive = config.data_dir / "archive.db"
        self.alerts = config.data_dir / "alerts.db"
        self.matcher = Matcher(compile_topic(spec) for spec in config.topics)
        self.versions = {topic.topic_id: topic.version for topic in self.matcher.topics.values()}
        self.writer = Writer()
        self.readers = Readers(self.archive)
        self.workers = Workers()
        self.crawl = Crawl(config.settings.network, now=now, workers=self.workers)
        self.channels: list[Channel] = [FolderChannel(config.data_dir / "outbox")]
        if config.mail:
            # Without a name of ours it would ask the resolver for one before every mail.
            self.channels.append(MailChannel(config.mail, local_hostname=socket.gethostname()))
        self.heartbeat = Heartbeat()
        self.counts = Counts()
        self.in_flight: dict[tuple[str, int], str] = {}  # (kind, id) of each task: its host
        self.stored = asyncio.Event()  # set whenever results were stored
        self.on_progress: Callable[[Counts], None] = lambda _: None
        self.stopping = False
        self._receiving: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Bring the databases up to date and open the crawl.

        Raises `ClockError` when the clock stands before what the archive already holds.
        """
        now = self.now()
        await self.writer.run(self.archive, schema.migrate)
        await self.writer.run(self.alerts, alerts_state.migrate)
        newest = await self.readers.run(due.newest_time)
        if newest is not None and now.replace(microsecond=0) < newest:
            raise ClockError(f"the clock says {stamp(now)}, but the archive already holds {stamp(newest)}")

        def sync(conn: sqlite3.Connection) -> None:
            with transaction(conn):
                due.sync(conn, self.config.sources, self.config.topics, now)

        await self.writer.run(self.archive, sync)
        top_seq = await self.readers.run(search.top_seq)
        await self._with_alerts(lambda conn: jobs.sync(conn, self.config.subscriptions, top_seq, now))
        for delivery in await self._with_alerts(lambda conn: outbox.recover(conn, now)):
            self.counts.given_up += 1
            log.warning(
                "nobody knows whether this mail was taken: %s to %s", delivery.subject, delivery.recipient
            )
        await self.workers.start()
        await self.crawl.open(await self.readers.run(due.robots_records))
        self._receiving = asyncio.get_running_loop().create_task(self._receive())
        # What is loaded by now stays: a full collection over it would hold the loop up for 100 ms, now and then.
        gc.collect()
        gc.freeze()
        self.heartbeat.start()

    async def close(self) -> None:
        """Stop the crawl, finish what is being stored, and let everything go."""
        await self.heartbeat.stop()
        await self.crawl.close()
        if self._receiving is not None:
            self._receiving.cancel()
            await asyncio.wait((self._receiving,))
        self.workers.close()
        # The writer last: the last connection to close folds the write-ahead log into the one file to hand on.
        await asyncio.to_thread(self.readers.close)
        await asyncio.to_thread(self.writer.close)

    # --- ticks --------------------------------------------------------------------------------------------

    async def feed(self, polls: Iterable[PollTask] | None = None) -> list[Task]:
        """Send what is due and not in flight; return the tasks that went out.

        ``polls``: take these instead of asking which endpoints are due.
        """
        now = self.now()
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
            key, host = _key(task), _host(task.url)
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
        while True:
            results = await self.crawl.carrier.receive()
            try:
                self.counts.tally.add(await self.writer.run(self.archive, lambda conn: ingest(conn, results)))  # noqa: B023 - it has run before results changes
            except Exception:
                # Whatever it was: if this task ended, nothing would be stored any more, and nobody would know.
                # Nothing of the batch was stored, so all of it is due again.
                log.exception("%d results could not be stored; they will be fetched again", len(results))
            for result in results:
                task = getattr(result, "task", None)
                if task is not None:
                    self.in_flight.pop(_key(task), None)
            self.stored.set()
            self.on_progress(self.counts)

    async def match(self) -> None:
        """Match what changed, until nothing waits."""
        while True:
            results = await self.readers.run(
                lambda conn: [(one, self.matcher.match(one.fields)) for one in queue.take(conn, MATCH_BATCH)]
            )
            if not results:
                return
            now = self.now()

            def confirm(conn: sqlite3.Connection) -> int:
                with transaction(conn):
                    return queue.confirm(conn, results, self.versions, now)  # noqa: B023 - awaited before they change

            self.counts.matches += await self.writer.run(self.archive, confirm)
            self.on_progress(self.counts)

    async def digest(self) -> None:
        """Make the digests that are due, and put them in the outbox."""
        now = self.now()

        def make(conn: sqlite3.Connection) -> DigestSummary:
            with closing(open_reader(self.archive)) as archive:
                coverage, read = search.coverage(archive)
                return jobs.make_digests(
                    conn,
                    lambda after, upto, topics: search.matched_between(archive, after, upto, topics),
                    top_seq=search.top_seq(archive),
                    coverage=coverage,
                    sources_read=read,
                    server=self.config.mail,
                    now=now,
                )

        summary = await self._with_alerts(make)
        for problem in summary.problems:
            log.error("%s", problem)

    async def deliver(self) -> None:
        """Hand over what lies in the outbox and is due."""
        for channel in self.channels:
            summary = None
            while not self.stopping and (summary is None or summary.handled):
                summary = await jobs.deliver_due(self._with_alerts, channel, self.now, DELIVER_BATCH)
                self.counts.sent += summary.sent
                self.counts.given_up += summary.dead + summary.unknown
                for error in summary.errors:
                    log.warning("mail %s", error)
                self.on_progress(self.counts)

    async def waiting(self) -> int:
        """Return how many messages wait in the outbox to be tried again."""
        number, _ = await self._with_alerts(outbox.waiting)
        return number

    async def maintain(self) -> None:
        """Thin the ledger, and let go of texts that matched nothing."""
        now = self.now()
        retention = timedelta(seconds=self.config.settings.retention)
        await self.writer.run(self.archive, lambda conn: maintain.thin_polls(conn, now))
        while await self.writer.run(self.archive, lambda conn: maintain.prune_texts(conn, now, retention)):
            pass

    # --- helpers ------------------------------------------------------------------------------------------

    async def _with_alerts(self, step: Callable[[sqlite3.Connection], T]) -> T:
        return await self.writer.run(self.alerts, step)

    def _ids(self, kind: str) -> frozenset[int]:
        return frozenset(number for name, number in self.in_flight if name == kind)


def _key(task: Task) -> tuple[str, int]:
    return ("page", task.article_id) if isinstance(task, PageTask) else ("poll", task.endpoint_id)


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""  # the spider refuses it, with its reason
