"""The one event loop: asyncio, with Twisted's reactor on top, so that Scrapy, APScheduler and the web share it."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

T = TypeVar("T")


def run(main: Callable[[asyncio.Event], Awaitable[T]]) -> T:
    """Run ``main`` to its end and return its result.

    ``main`` gets an event that is set by SIGINT or SIGTERM: it finishes what is under way, and returns.
    """
    from scrapy.utils.defer import deferred_f_from_coro_f
    from scrapy.utils.reactor import install_reactor

    # Before anything imports twisted.internet.reactor, which would choose another.
    install_reactor("twisted.internet.asyncioreactor.AsyncioSelectorReactor")
    from twisted.internet.task import react

    # The loop shares the interpreter with the writer and the readers: it gets its turn after 1 ms, not after 5.
    sys.setswitchinterval(0.001)
    results: list[T] = []

    async def inside() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        # After the reactor has put its own: ours wins.
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        results.append(await main(stop))

    failure: list[BaseException] = []

    async def caught() -> None:
        try:
            await inside()
        except BaseException as error:  # noqa: BLE001 - react would print it and exit; the caller decides
            failure.append(error)

    wrapped: Any = deferred_f_from_coro_f(caught)
    try:
        react(lambda _reactor: wrapped())
    except SystemExit:
        sys.stdout.flush()
    if failure:
        raise failure[0]
    return results[0]
