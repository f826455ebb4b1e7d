"""The two places where SQLite works, neither of them the event loop.

    Writer    one thread, which owns the one writable connection of each database
    Readers   a few threads, each with a read-only connection of its own

Both are awaited: ``await writer.run(step)``. A step is a function of a connection; it runs to its end even
if the caller stops waiting, because half a step is what transactions exist to prevent.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

from archive.connect import open_reader, open_writer, translated
from archive.errors import ArchiveError

T = TypeVar("T")
Step = Callable[[sqlite3.Connection], T]
_Job = tuple[Path, Step[Any], "Future[Any]"]


class Writer:
    """The one writer of all the databases that this process writes."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._closed = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._work, name="presswatch-writer", daemon=True)
        self._thread.start()

    async def run(self, path: Path, step: Step[T]) -> T:
        """Run ``step`` with the writable connection of the database at ``path``, and return its result."""
        return await asyncio.wrap_future(self.submit(path, step))

    def submit(self, path: Path, step: Step[T]) -> Future[T]:
        """Queue ``step``; steps run one at a time, in the order in which they were queued.

        Raises `ArchiveError` after `close`: nobody would ever run it, and its caller would wait for ever.
        """
        future: Future[T] = Future()
        with self._lock:
            if self._closed:
                raise ArchiveError(f"{path}: the writer is closed")
            self._jobs.put((path, step, future))
        return future

    def close(self) -> None:
        """Finish what is queued, close the connections, end the thread."""
        with self._lock:
            self._closed = True
            self._jobs.put(None)
        self._thread.join()

    def _work(self) -> None:
        connections: dict[Path, sqlite3.Connection] = {}
        while (job := self._jobs.get()) is not None:
            path, step, future = job
            if not future.set_running_or_notify_cancel():
                continue
            try:
                if path not in connections:
                    connections[path] = open_writer(path)
                with translated(path):
                    future.set_result(step(connections[path]))
            except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits for the step
                future.set_exception(error)
            # The loop must not keep the last step's values alive while it waits for the next.
            del job, step, future
        for conn in connections.values():
            with suppress(sqlite3.Error):  # a full disk must not keep the others from being closed
                # Statistics for the planner cost milliseconds here and save whole scans.
                conn.execute("pragma optimize")
            conn.close()


class Readers:
    """A few threads that read one database."""

    def __init__(self, path: Path, threads: int = 2) -> None:
        self._path = path
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="presswatch-reader")

    async def run(self, step: Step[T]) -> T:
        """Run ``step`` with a read-only connection, and return its result."""
        return await asyncio.wrap_future(self._threads.submit(self._step, step))

    def _step(self, step: Step[T]) -> T:
        conn: sqlite3.Connection | None = getattr(self._local, "conn", None)
        if conn is None:
            conn = self._local.conn = open_reader(self._path, any_thread=True)
            with self._lock:
                self._connections.append(conn)
        with translated(self._path):
            return step(conn)

    def close(self) -> None:
        """Wait for what is being read, then close."""
        self._threads.shutdown(wait=True)
        for conn in self._connections:
            conn.close()
