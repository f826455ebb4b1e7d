"""The worker processes: bodies go in, feeds, articles and rules come out, and nothing that happens there is fatal.

    await feed(body) ─▶ a free slot ─▶ pebble ─▶ worker.parse_feed ─▶ Feed
                                          └▶ too long, too large, dead, or a bug ─▶ ParseError

Every body goes to a worker, also a small one: feedparser is quadratic in places that no limit on the size
of a body makes harmless (an author of 15 KB took a second), and the way there and back costs a millisecond.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import context, set_forkserver_preload
from types import ModuleType
from typing import Any, TypeVar

from pebble import ProcessExpired, ProcessPool

from archive.errors import ParseError
from archive.model import Article, Feed

from . import worker
from .home import Home
from .robots import Rules, rules
from .sitemaps import Sitemap

T = TypeVar("T")

MEMORY = 1 << 30
"""Bytes of address space of one worker; a quiet one has some 150 MB."""

GRACE = 30.0
"""Seconds beyond its time limit after which a task is given up here, whatever pebble says of it."""


class Workers:
    """``workers`` processes that read feeds and pages.

    Each is replaced after ``max_tasks`` tasks, and may use ``memory`` bytes. They start with the first task.
    To be used from one event loop; `close` when done.
    """

    def __init__(self, *, workers: int = 2, max_tasks: int = 500, memory: int = MEMORY) -> None:
        self._workers, self._max_tasks, self._memory = workers, max_tasks, memory
        # No more tasks in the pool than workers: none waits in pebble's pipe, where no time limit runs yet.
        self._slots = asyncio.Semaphore(workers)
        self._running: set[asyncio.Future[Any]] = set()
        self._pool: ProcessPool | None = None
        self._closed = False

    async def start(self) -> None:
        """Start the workers now, off the loop: the first task would hold the loop up for a second."""
        await asyncio.to_thread(self._warm)

    def _warm(self) -> None:
        pool = self._open()
        for future in [pool.schedule(worker.ready) for _ in range(self._workers)]:
            future.result()

    async def feed(self, body: bytes, *, timeout: float = 20.0, **settings: Any) -> Feed:
        """Return what `crawler.feeds.read_feed` makes of ``body``; ``settings`` are its other arguments.

        Raises `ParseError`: as the reader does, or ``parse_timeout`` after ``timeout`` seconds,
        ``parse_memory``, ``worker_died``.
        """
        return await self._run(worker.parse_feed, {"body": body, **settings}, timeout)

    async def sitemap(self, body: bytes, *, timeout: float = 20.0, **settings: Any) -> Sitemap:
        """Return what `crawler.sitemaps.read_sitemap` makes of ``body``; otherwise as `feed`."""
        return await self._run(worker.parse_sitemap, {"body": body, **settings}, timeout)

    async def section(self, body: bytes, *, timeout: float = 20.0, **settings: Any) -> Feed:
        """Return what `crawler.sections.read_section` makes of ``body``; otherwise as `feed`."""
        return await self._run(worker.parse_section, {"body": body, **settings}, timeout)

    async def page(self, body: bytes, *, timeout: float = 30.0, **settings: Any) -> Article:
        """Return what `crawler.extract.read_page` makes of ``body``; otherwise as `feed`."""
        return await self._run(worker.parse_page, {"body": body, **settings}, timeout)

    async def home(self, body: bytes, *, timeout: float = 20.0, **settings: Any) -> Home:
        """Return what `crawler.home.read_home` makes of ``body``; otherwise as `feed`."""
        return await self._run(worker.parse_home, {"body": body, **settings}, timeout)

    async def robots(self, body: str, agent: str, *, timeout: float = 20.0) -> Rules:
        """Return what `crawler.robots.rules` makes of the file ``body``; otherwise as `feed`."""
        return await self._run(rules, {"body": body, "agent": agent}, timeout)

    def close(self) -> None:
        """End all workers; what is under way ends as ``worker_died``. Blocks for up to three seconds."""
        self._closed = True
        for future in tuple(self._running):
            future.cancel()
        if self._pool is not None:
            _end(self._pool)
            self._pool = None

    async def _run(self, function: Callable[..., T], kwargs: dict[str, Any], limit: float, *args: Any) -> T:
        async with self._slots:
            if self._closed:
                raise ParseError("the workers are closed", reason="worker_died")
            pool = self._open()
            try:
                future = asyncio.wrap_future(pool.schedule(function, args, kwargs, limit))
            except RuntimeError as error:  # pebble: a worker died while it had nothing to do
                await self._discard(pool)
                raise ParseError(f"the pool had failed: {error}", reason="worker_died") from error
            self._running.add(future)
            try:
                done, _ = await asyncio.wait({future}, timeout=limit + GRACE)
            except asyncio.CancelledError:
                future.cancel()
                raise
            finally:
                self._running.discard(future)
            if not done:
                # The worker died with the task half received, or holding the pipe: pebble waits for ever.
                future.cancel()
                await self._discard(pool)
                raise ParseError(f"no answer after {limit + GRACE:g} s", reason="parse_timeout")
            if future.cancelled():
                raise ParseError("the workers were closed", reason="worker_died")
            return await self._result(future, pool, limit)

    async def _result(self, future: asyncio.Future[T], pool: ProcessPool, limit: float) -> T:
        """Return the result of ``future``, which is done. The seam to pebble."""
        try:
            return future.result()
        except ParseError:
            raise
        except TimeoutError as error:
            raise ParseError(f"not read within {limit:g} s", reason="parse_timeout") from error
        except MemoryError as error:
            raise ParseError(f"needed more than {self._memory >> 20} MB", reason="parse_memory") from error
        except ProcessExpired as error:
            raise ParseError(f"the worker ended with {error.exitcode}", reason="worker_died") from error
        except BrokenProcessPool as error:
            await self._discard(pool)
            raise ParseError(f"the pool failed: {error}", reason="worker_died") from error
        except Exception as error:
            raise ParseError(f"{type(error).__name__}: {error}", reason="parse_error") from error

    def _open(self) -> ProcessPool:
        if self._pool is None:
            # The readers are imported, and have read, once: in the server that every worker is forked from.
            set_forkserver_preload(["crawler.warmed", __name__])
            self._pool = ProcessPool(
                max_workers=self._workers,
                max_tasks=self._max_tasks,
                initializer=worker.start,
                initargs=(self._memory,),
                context=_Context(),
            )
        return self._pool

    async def _discard(self, pool: ProcessPool) -> None:
        """Give ``pool`` up: the next task gets a new one."""
        if self._pool is pool:
            self._pool = None
            await asyncio.to_thread(_end, pool)


def _end(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]
    pool.join()


class _Process(context.ForkServerProcess):
    """A process that does not import the program's main module.

    multiprocessing has each child import what the parent was started from; for us that is the command
    line, and behind it the archive, Scrapy and SQLite: all that a worker must not have.
    """

    @staticmethod
    def _Popen(process_obj: Any) -> Any:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            return context.ForkServerProcess._Popen(process_obj)
        finally:
            sys.modules["__main__"] = main


class _Context(context.ForkServerContext):
    Process = _Process
