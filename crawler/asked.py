"""What other processes ask of a service: requests of alerts.db, done one after the other.

    claim ─▶ whoever does such a thing ─▶ answer

A request that fails, in whatever way, is answered with what is wrong. The words of the table are `alerts.requests`'.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from alerts import requests
from alerts.jobs import Run
from alerts.requests import Request, State
from archive.errors import PresswatchError
from crawler.clock import Clock

log = logging.getLogger(__name__)

Doer = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]
"""Takes the arguments of a request and returns its answer, both as JSON has them. Its errors are the answer, too."""


class Asked:
    """The requests that one service does. ``doers``: what can be asked, and who does it."""

    def __init__(self, run: Run, now: Clock, doers: Mapping[str, Doer]) -> None:
        self._run = run
        self._now = now
        self._doers = doers

    async def settle(self) -> None:
        """Make order among what an earlier service left."""
        now = self._now()
        await self._run(lambda conn: requests.settle(conn, now))

    async def answer(self) -> None:
        """Do what is asked, until nothing is."""
        while True:
            now = self._now()
            request = await self._run(lambda conn: requests.claim(conn, now))  # noqa: B023 - awaited before it changes
            if request is None:
                return
            log.info("asked for: %s", request.what)
            state, words = await self._do(request)
            await self._run(lambda conn: requests.answer(conn, request.id, state, words))  # noqa: B023 - likewise

    async def _do(self, request: Request) -> tuple[State, Mapping[str, Any]]:
        doer = self._doers.get(request.what)
        if doer is None:
            words = f"the service does not know {request.what}: it is of another version. Restart it"
            return State.FAILED, {"error": words}
        try:
            return State.DONE, await doer(request.arguments)
        except PresswatchError as error:
            log.warning("%s was asked for, and cannot be: %s", request.what, error)
            return State.FAILED, {"error": str(error)}
        except Exception as error:
            # A bug is the asker's to know of as well: it would wait for an answer that never comes.
            log.exception("%s was asked for, and failed", request.what)
            return State.FAILED, {"error": f"{type(error).__name__}: {error} (more in the service's log)"}
