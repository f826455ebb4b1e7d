"""A simulated press for the ledger: outlets whose every item is known, with accidents, on loopback.

Each outlet offers its newest items as an RSS feed, a few at a time. What happens to it, and when, is data.
"""

from __future__ import annotations

import random
import threading
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Outlet:
    """``rates``: from which hour on how many items an hour, ``faults``: from which hour to which, and what happens.

    A fault is a status, "drop" (no answer), "page" (a captcha) or "304" (whatever was asked). Hours are of the day that
    is played, and may be negative. ``was``: how many items its list had before the first hour.
    """

    id: str
    size: int
    rates: Mapping[float, float]
    faults: Sequence[tuple[float, float, int | str]] = ()
    was: int = 0
    dated: bool = True
    night: bool = False  # it sleeps from midnight to six
    history: float = 24.0  # hours before the first for which it has items


@dataclass
class Press:
    """The outlets, their items, and a server that shows them as of ``now``."""

    outlets: Sequence[Outlet]
    start: datetime
    end: datetime
    now: Callable[[], datetime]
    items: dict[str, list[datetime]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for outlet in self.outlets:
            chance = random.Random(outlet.id)
            self.items[outlet.id] = list(self._published(outlet, chance))

    def _published(self, outlet: Outlet, chance: random.Random) -> list[datetime]:
        found, at = [], self.start - outlet.history * HOUR
        while at < self.end:
            hours = (at - self.start) / HOUR
            rate = next(
                (rate for since, rate in sorted(outlet.rates.items(), reverse=True) if hours >= since), 0.0
            )
            if outlet.night and at.hour < 6:
                rate = 0.0
            if rate == 0.0:
                at += HOUR / 4
                continue
            at += chance.expovariate(rate) * HOUR
            found.append(at.replace(microsecond=0))
        return sorted({at for at in found if at < self.end})

    def link(self, outlet: Outlet, number: int) -> str:
        return f"http://{outlet.id}.example/{number}"

    def listed(self, outlet: Outlet, at: datetime) -> range:
        """Return the numbers of the items that its feed shows at a time."""
        upto = bisect_right(self.items[outlet.id], at)
        size = outlet.was if outlet.was and at <= self.start else outlet.size
        return range(max(0, upto - size), upto)

    def offered(self, outlet: Outlet) -> dict[str, datetime]:
        """Return everything that it offered from the first pass on, with when each came."""
        first = self.listed(outlet, self.start).start
        return {self.link(outlet, n): at for n, at in enumerate(self.items[outlet.id]) if n >= first}

    def feed(self, outlet: Outlet, at: datetime) -> bytes:
        dates = self.items[outlet.id]
        entries = "".join(
            f"<item><title>{outlet.id.title()} tells story number {n}</title><link>{self.link(outlet, n)}</link>"
            f"<guid isPermaLink='false'>{outlet.id}-{n}</guid>"
            + (f"<pubDate>{format_datetime(dates[n])}</pubDate>" if outlet.dated else "")
            + "</item>"
            for n in reversed(self.listed(outlet, at))
        )
        return f"<rss version='2.0'><channel><title>{outlet.id}</title>{entries}</channel></rss>".encode()

    def answer(self, outlet: Outlet, asked: Mapping[str, str]) -> tuple[int, bytes, dict[str, str]] | None:
        """Return status, body and headers; None: the line is dropped."""
        at = self.now()
        hours = (at - self.start) / HOUR
        fault = next((what for since, until, what in outlet.faults if since <= hours < until), None)
        body = self.feed(outlet, at)
        tag = f'"{len(body)}-{self.listed(outlet, at).stop}"'
        conditional = asked.get("if-none-match")
        if fault == "drop":
            return None
        if fault == "page":
            return (
                200,
                b"<!doctype html><html><title>Are you a robot?</title><body>Prove it.</body></html>",
                {},
            )
        if isinstance(fault, int):
            return fault, b"no", {"Retry-After": "7200"} if fault == 429 else {}
        if conditional and (conditional == tag or fault == "304"):
            return 304, b"", {"ETag": tag}
        return 200, body, {"ETag": tag, "Content-Type": "application/rss+xml"}

    def __enter__(self) -> Self:
        press = self
        by_path = {f"/{outlet.id}": outlet for outlet in self.outlets}

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                asked = {name.lower(): value for name, value in self.headers.items()}
                answer = press.answer(by_path[self.path], asked)
                if answer is None:
                    self.close_connection = True
                    return
                status, body, headers = answer
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if status != 304:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def sources(self) -> list[dict[str, Any]]:
        port = self._server.server_address[1]
        return [
            {
                "id": outlet.id,
                "name": outlet.id.title(),
                "pages": False,
                "endpoints": [{"feed": f"http://127.0.0.1:{port}/{outlet.id}"}],
            }
            for outlet in self.outlets
        ]
