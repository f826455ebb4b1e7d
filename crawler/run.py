"""The two ways to run a service: for ever, and for one full pass.

For ever, APScheduler's jobs are ticks: none carries meaning, each asks the archive what is due. A tick that
comes late still comes (``misfire_grace_time=None``), and never twice at a time.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import uvicorn
from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from archive import due
from archive.errors import ArchiveError, PresswatchError
from archive.lock import service_lock
from archive.model import PollTask
from archive.times import stamp
from crawler.clock import Clock
from crawler.config import Config
from crawler.outgoing import Counts
from crawler.schedule import maintenance_due
from crawler.service import Service

log = logging.getLogger(__name__)

GRACE = 60  # seconds that what is under way may take after the word to stop; a mail server may be slow
# Seconds between two ticks of each kind.
TICKS = {
    "feed": 1, "match": 1, "cluster": 2, "rematch": 5, "digest": 10, "spike": 10,
    "deliver": 5, "answer": 1, "maintain": 3600,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Summary:
    """What one full pass came to. ``failed`` endpoints are named in ``failures``.

    ``unstored`` results could not be stored and will be fetched again; ``finished`` is false when it was stopped.
    """

    polled: int
    failed: int
    entries: int
    new: int
    pages: int
    articles: int
    matches: int
    sent: int
    stall_ms: float
    held_ms: float
    waiting: int
    backfilled: int
    given_up: int
    failures: tuple[str, ...]
    unstored: int
    finished: bool

    def as_json(self) -> dict[str, Any]:
        """Return it with the keys of ``run --once``."""
        return asdict(self)

    @property
    def in_vain(self) -> bool:
        """It was stopped, nothing at all could be read, something not stored, or a delivery failed for good."""
        nothing_read = self.polled > 0 and self.failed == self.polled
        return not self.finished or nothing_read or bool(self.unstored or self.given_up)


@asynccontextmanager
async def opened(
    config: Config,
    now: Clock,
    as_of: datetime | None = None,
    reload: Callable[[], Config] | None = None,
) -> AsyncIterator[Service]:
    """Hold the lock of the data folder and an open service. ``as_of``: the time to which somebody set ``now``."""
    with service_lock(config.data_dir):
        service = Service(config, now, reload)
        try:
            await service.open(as_of)
            yield service
        finally:
            await service.close()


async def one_pass(service: Service, stop: asyncio.Event, *, only_due: bool = False) -> Summary:
    """Make one full pass: poll, pages, match, stories, the digests that are due, deliver.

    Every endpoint is polled but those whose server asked to be left alone; ``only_due`` asks only those whose
    time has come. When it is stopped, what was read is matched, and when the archive cannot be written, it ends; no
    digest is made then. What is left is due at the next.
    """
    now = service.now()
    service.stop = stop
    service.check()
    await service.match()  # what waited is news; only then are new topics applied to what is old
    await service.rematch()
    await read_all(service, stop, only_due=only_due)
    await service.match()
    await service.cluster()
    if not stop.is_set() and not service.storing.failures:
        await service.digest()
        await service.spike()
        await service.deliver()
        if maintenance_due(service.newest, now):
            await _maintain(service)
    service.check()
    service.newest = now
    waiting = await service.waiting()
    counts, tally = service.counts, service.counts.tally
    return Summary(
        polled=tally.polled,
        failed=len(tally.failed),
        entries=tally.entries,
        new=tally.new,
        pages=tally.pages,
        articles=tally.articles,
        matches=counts.matches,
        backfilled=counts.backfilled,
        sent=counts.sent,
        stall_ms=round(service.heartbeat.stall_ms, 1),
        held_ms=round(service.heartbeat.held_ms, 1),
        waiting=waiting,
        given_up=counts.given_up,
        failures=tuple(tally.failed),
        unstored=counts.unstored,
        finished=not stop.is_set(),
    )


async def read_all(service: Service, stop: asyncio.Event, *, only_due: bool = False) -> None:
    """Poll every endpoint, or those that are due, and read the pages that are due, until nothing is in flight."""
    now = service.now()
    polls = await service.readers.run(
        lambda conn: due.due_polls(conn, now, sys.maxsize, leave=frozenset(), everyone=not only_due)
    )
    service.on_station(f"{stamp(now)}: {len(polls)} feed{'s' * (len(polls) != 1)} to ask")
    while not stop.is_set() and not service.storing.failures:
        service.stored.clear()
        fed = await service.feed(polls)
        # What a host's limit held back still waits.
        sent = {task.endpoint_id for task in fed if isinstance(task, PollTask)}
        polls = [task for task in polls if task.endpoint_id not in sent]
        if not fed and not service.in_flight and not polls:
            break
        await _first(service.stored.wait(), stop.wait())


async def _maintain(service: Service) -> None:
    try:
        await service.maintain()
    except ArchiveError as error:
        log.error("maintain failed: %s", error)  # noqa: TRY400 - its words say it all; the pass itself was made


async def forever(
    config: Config,
    now: Clock,
    stop: asyncio.Event,
    *,
    ready: Callable[[str], None] = lambda _: None,
    progress: Callable[[Counts], None] | None = None,
    reload: Callable[[], Config] | None = None,
) -> None:
    """Run until ``stop`` is set. ``ready`` is told the address of the pages; ``reload`` is as for `Service`."""
    from archive import web  # noqa: F401 - now, while nothing waits; and `Service.open` freezes what is loaded

    async with opened(config, now, reload=reload) as service:
        if progress:
            service.on_progress = progress
        service.stop = stop
        service.check()
        scheduler = AsyncIOScheduler(
            timezone="UTC", job_defaults={"max_instances": 1, "coalesce": True, "misfire_grace_time": None}
        )
        scheduler.add_listener(_complain, EVENT_JOB_ERROR)
        await service.writer.run(service.archive, lambda conn: due.wake(conn, now()))
        under_way: set[asyncio.Task[None]] = set()

        async def tick(name: str) -> None:
            task = asyncio.ensure_future(getattr(service, name)())
            under_way.add(task)
            task.add_done_callback(under_way.discard)
            # Shielded: the scheduler cancels its jobs when it shuts down, and a mail that is leaving must not be.
            await asyncio.shield(task)

        for name, seconds in TICKS.items():
            scheduler.add_job(tick, "interval", (name,), seconds=seconds, id=name)
        scheduler.start()
        try:
            async with serving(config, stop, service.outgoing.pages) as address:
                ready(address)
                await stop.wait()
        finally:
            stop.set()
            scheduler.pause()  # no tick begins any more; shutting down would cancel those that have
            if under_way:
                await asyncio.wait(under_way, timeout=GRACE)
            scheduler.shutdown(wait=False)
        # What had arrived is matched before we leave; what is due is sent by the next start.
        await service.match()
        service.check()


class _Server(uvicorn.Server):
    """uvicorn, but the signals stay ours."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(
    config: Config, stop: asyncio.Event, around: Callable[[Any], Any] = lambda pages: pages
) -> AsyncIterator[str]:
    """Serve the pages while inside; yields their address. When the server fails, ``stop`` is set.

    ``around`` is given the archive's pages as an ASGI application, and returns what is served.

    Raises `ArchiveError` when nothing can listen there.
    """
    # Not at the top: a single pass serves nothing, and Datasette takes a third of a second to load.
    from archive.web import datasette

    web = config.settings.web
    # Bound here, before anything is announced: uvicorn would end the process with a traceback.
    try:
        family = socket.AF_INET6 if ":" in web.host else socket.AF_INET
        listening = socket.create_server((web.host, web.port), family=family)
    except OSError as error:
        raise ArchiveError(
            f"the pages cannot listen on {web.host}:{web.port} ({error.strerror or error}): "
            "is another Presswatch running? web.host and web.port in settings.yaml say where"
        ) from error
    pages = datasette(config.data_dir / "archive.db")
    await pages.invoke_startup()
    server = _Server(uvicorn.Config(around(pages.app()), log_level="warning", lifespan="off"))
    task = asyncio.get_running_loop().create_task(server.serve(sockets=[listening]))
    task.add_done_callback(lambda _: stop.set())
    try:
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(web.host, web.host)  # noqa: S104 - how it is reached
        yield web.public_url or f"http://{host}:{web.port}/"
    finally:
        server.should_exit = True
        await asyncio.wait((task,), timeout=5)
        listening.close()
        for database in pages.databases.values():
            database.close()


def _complain(event: JobExecutionEvent) -> None:
    # A tick that failed is tried again at the next; saying so is all that is to be done. Where the error is one of
    # ours, its words say it all: a full disk fills the log with tracebacks otherwise, one a second.
    if isinstance(event.exception, asyncio.CancelledError):
        return  # the service stops, and what is under way goes on without its tick
    ours = isinstance(event.exception, PresswatchError)
    log.error("%s failed: %s", event.job_id, event.exception, exc_info=None if ours else event.exception)


async def _first(*waits: Any) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
