"""Between the due list and the crawl: tasks go out, results come back.

A carrier knows neither the archive nor Scrapy. The local one feeds the open crawl of this process; another
may hand whole hosts to workers elsewhere (tasks and results can be written as JSON, see archive.model).
A result may arrive twice, or never: ingest takes it twice without harm, and a restart makes the task due again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from archive.model import Result, Task

TOGETHER = 0.05
"""Seconds that a result waits for others. A transaction for each would cost the disk, and the full-text index, more."""


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
        self.feed: Callable[[Task], None] | None = None

    def send(self, batch: Sequence[Task]) -> None:
        """Feed the tasks to the crawl."""
        if self.feed is None:
            raise RuntimeError("the crawl is not open yet")
        for task in batch:
            self.feed(task)

    def deliver(self, result: Result) -> None:
        """Take a result from the crawl."""
        self._results.put_nowait(result)

    def close(self) -> None:
        """Let `receive` end when all that has come was taken."""
        self._results.put_nowait(None)

    async def receive(self) -> list[Result]:
        """Return what has arrived, at most ``most``, so that one transaction stays short; none when it is over."""
        results: list[Result] = []
        one = await self._results.get()
        if one is not None and self._results.empty():
            await asyncio.sleep(TOGETHER)
        while one is not None:
            results.append(one)
            if len(results) == self._most or self._results.empty():
                return results
            one = self._results.get_nowait()
        if results:
            self._results.put_nowait(None)  # for the next who asks
        return results
