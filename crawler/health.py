"""Is the event loop well? A heartbeat that notes the longest time the loop could not answer.

The loop only waits; whatever holds it up (parsing, SQLite, a library that blocks) is in the wrong place, and
shows here as ``stall_ms``.
"""

from __future__ import annotations

import asyncio
from time import perf_counter

BEAT = 0.005  # seconds


class Heartbeat:
    """Beats every 5 ms; ``stall_ms`` is the longest delay of a beat so far, in milliseconds."""

    def __init__(self) -> None:
        self.stall_ms = 0.0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to beat; the crawl should have opened before, which takes the loop half a second once."""
        self._task = asyncio.get_running_loop().create_task(self._beat())

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))

    async def _beat(self) -> None:
        while True:
            before = perf_counter()
            await asyncio.sleep(BEAT)
            self.stall_ms = max(self.stall_ms, 1000 * (perf_counter() - before - BEAT))
