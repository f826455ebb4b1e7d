"""Between the due list and the crawl: tasks go out, results come back.

A carrier knows neither the archive nor Scrapy. The local one feeds the open crawl of this process; another
may hand whole hosts to workers elsewhere (tasks and results can be written as JSON, see archive.model).
A result may arrive twice, or never: ingest takes it twice without harm, and a restart makes the task due again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from archive.model import Result, RobotsRecord, Task

TOGETHER = 0.25
"""Seconds that results wait for others while tasks are under way. A transaction for each would cost the disk, and the
full-text index, more."""


class Carrier(Protocol):
    """Takes tasks to where they are done, and brings the results back."""

    def send(self, batch: Sequence[Task]) -> None:
        """Hand over tasks; returns at once."""

    async def receive(self) -> list[Result]:
        """Wait for at least one result, and return all that have arrived; none once it is closed and empty."""

    def close(self) -> None:
        """Say that no more results will come; what has come can still be received."""


class LocalCarrier:
    """The carrier within one process: ``feed`` is what the open crawl gave to take one task."""

    def __init__(self, most: int = 64) -> None:
        self._results: asyncio.Queue[Result | None] = asyncio.Queue()  # None: no more will come
        self._most = most
        self._under_way = 0
        self._settled = asyncio.Event()  # set once enough has come
        self.feed: Callable[[Task], None] | None = None

    def send(self, batch: Sequence[Task]) -> None:
        """Feed the tasks to the crawl."""
        if self.feed is None:
            raise RuntimeError("the crawl is not open yet")
        self._under_way += len(batch)
        for task in batch:
            self.feed(task)

    def deliver(self, result: Result) -> None:
        """Take a result from the crawl."""
        self._results.put_nowait(result)
        if not isinstance(result, RobotsRecord):
            self._under_way = max(self._under_way - 1, 0)
        if self._enough():
            self._settled.set()

    def close(self) -> None:
        """Let `receive` end when all that has come was taken."""
        self._under_way = 0
        self._settled.set()
        self._results.put_nowait(None)

    def _enough(self) -> bool:
        """Tell whether nobody is to be waited for: all that was sent is here, or as much as is taken at a time."""
        return self._under_way == 0 or self._results.qsize() >= self._most

    async def receive(self) -> list[Result]:
        """Return what has arrived, at most ``most``, so that one transaction stays short; none when it is over."""
        results: list[Result] = []
        one = await self._results.get()
        if one is not None and not self._enough():
            self._settled.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._settled.wait(), TOGETHER)
        while one is not None:
            results.append(one)
            if len(results) == self._most or self._results.empty():
                return results
            one = self._results.get_nowait()
        if results:
            self._results.put_nowait(None)  # for the next who asks
        return results
