"""Servers that make trouble for the kill test: the newsroom with faults, and a mail server that can be held up.

Both only look like bad servers: nothing in the program knows of them, and what they saw is how the test tells at which
moment a kill came.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from crawler.demo import newsroom
from tests.e2e.world import MailBox

FAULTS = ("slow", "dropped", "500", "429", "redirected", "gzip")
SHARE = 0.35  # of the addresses that are asked for have a fault at a station, each once
TROUBLED = "troubled"  # as the contact that the program is told to give: the quiet run sees no faults


class FaultyNewsroom(newsroom.Newsroom):
    """The newsroom, but to whoever calls itself troubled some answers are bad while ``faulty``."""

    def __init__(self, now: Callable[[], datetime], dice: random.Random) -> None:
        super().__init__(now)
        self.dice = dice
        self.faulty = False
        self.answered: list[
            str
        ] = []  # the feeds that the troubled one has had its answer of, whatever it was
        self.counts = dict.fromkeys(FAULTS, 0)
        self._had: set[tuple[str, str]] = set()
        self._lock = threading.Lock()
        self.paths = {outlet.id: outlet.feed_path for outlet in self.outlets}
        for server in self._servers:
            server.RequestHandlerClass = _Handler

    def next_station(self) -> None:
        """Let every address have a fault again."""
        self._had.clear()

    def fault(self, outlet: str, path: str) -> str | None:
        """Return the fault that this answer is to have."""
        with self._lock:
            if not self.faulty or "?" in path or (outlet, path) in self._had:
                return None
            self._had.add((outlet, path))
            if self.dice.random() > SHARE:
                return None
            # The rarest so far: no day is without one of them.
            found = min(FAULTS, key=lambda fault: (self.counts[fault], self.dice.random()))
            if path == "/robots.txt" and found != "slow":
                return None  # what it forbids for a day is not tried again, and would not be in the quiet run
            self.counts[found] += 1
            return found


class _Handler(newsroom._Handler):
    def do_GET(self) -> None:
        room: Any = self.server.newsroom
        outlet = self.server.outlet.id
        if TROUBLED not in self.headers.get("User-Agent", ""):
            super().do_GET()
            return
        fault = room.fault(outlet, self.path)
        match fault:
            case "dropped":
                self._head(200, **{"Content-Type": "text/xml", "Content-Length": "9999"})
                self.wfile.write(b"<rss><channel><title>cut")
                self.close_connection = True
            case "500":
                self._head(500, **{"Content-Length": "0"})
            case "429":
                self._head(429, **{"Content-Length": "0", "Retry-After": "60"})
            case "redirected":
                self._head(302, **{"Content-Length": "0", "Location": f"{self.path}?again"})
            case "gzip":
                body = b"\x1f\x8b\x08\x00no gzip at all"
                self._head(200, **{"Content-Encoding": "gzip", "Content-Length": str(len(body))})
                self.wfile.write(body)
            case _:
                if fault == "slow":
                    threading.Event().wait(room.dice.uniform(0.2, 0.8))
                super().do_GET()
        self.wfile.flush()
        if fault != "redirected" and self.path.partition("?")[0] == room.paths[outlet]:
            room.answered.append(outlet)

    def _head(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


class SlowMailBox(MailBox):
    """A mail server that takes one mail at a time, and may be told at which word to fall silent.

    ``silent_at`` "MAIL": before anything is said of the content. "DATA": one content is taken, and its answer does not
    come. None: all is taken. ``heard`` is set when somebody waits for such an answer.
    """

    def __init__(self) -> None:
        super().__init__()
        self.silent_at: str | None = None
        self.heard = threading.Event()
        self._turn = asyncio.Lock()
        self._let_go = threading.Event()

    @contextmanager
    def silent(self, at: str) -> Any:
        """Fall silent at that word while inside."""
        self.silent_at, self._turn = at, asyncio.Lock()
        self.heard.clear()
        self._let_go.clear()
        try:
            yield self.heard
        finally:
            self.silent_at = None
            self._let_go.set()

    async def handle_MAIL(self, _server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.silent_at == "MAIL":
            self.heard.set()
            await self._wait()
        if self.silent_at == "DATA":
            # Only one: were another between the step to DATA and its content when the kill comes, nobody could say
            # what became of that mail, and the program does not.
            await self._turn.acquire()
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 yes"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        answer = await super().handle_DATA(server, session, envelope)
        if self.silent_at == "DATA":
            self.heard.set()
            await self._wait()
        return answer

    async def _wait(self) -> None:
        await asyncio.get_running_loop().run_in_executor(None, self._let_go.wait, 60)
