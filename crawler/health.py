"""What watches the work must not disturb it: a heartbeat of the event loop, and listeners that may fail.

Is the event loop well? The heartbeat notes the longest time the loop could not answer.

The loop only waits; whatever holds it up (parsing, SQLite, a library that blocks) is in the wrong place, and
shows here as ``stall_ms``.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from contextlib import ExitStack, suppress
from threading import get_native_id
from time import perf_counter
from typing import TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")

BEAT = 0.005  # seconds


class Heartbeat:
    """Beats every 5 ms; ``stall_ms`` is the longest delay of a beat so far, in milliseconds.

    ``held_ms`` is the longest without the time in which the loop was ready and the system gave it no processor: what
    this program did, whatever else runs on the machine. Where no system tells (but Linux does), it is the same.
    """

    def __init__(self) -> None:
        self.stall_ms = 0.0
        self.held_ms = 0.0
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
        with ExitStack() as stack:
            waits: int | None = None
            with suppress(OSError):
                waits = os.open(f"/proc/self/task/{get_native_id()}/schedstat", os.O_RDONLY)
                stack.callback(os.close, waits)
            waited = _waited(waits)
            while True:
                before = perf_counter()
                await asyncio.sleep(BEAT)
                late = perf_counter() - before - BEAT
                self.stall_ms = max(self.stall_ms, 1000 * late)
                now = _waited(waits)
                self.held_ms = max(self.held_ms, 1000 * (late - (now - waited)))
                waited = now


def _waited(waits: int | None) -> float:
    """Return for how many seconds this thread has waited for a processor since it began."""
    return int(os.pread(waits, 100, 0).split()[1]) / 1e9 if waits is not None else 0.0


def harmless(listener: Callable[[T], None]) -> Callable[[T], None]:
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
