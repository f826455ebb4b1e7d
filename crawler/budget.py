"""How much of other people's bytes the service holds at a time: all answers together, not only each.

``network.max_bytes`` is for one answer. 128 may be under way, and whoever has a name for each (one domain is enough)
can have as many of them sent up to that size and then held on to: more than a gigabyte. So what is under way and what
waits to be read is counted, and beyond `MOST` an answer that is larger than `FAIR` is given up, with the reason
``busy``. It is tried again like any other failure. Ordinary answers are smaller than that, and go on.
"""

from __future__ import annotations

from typing import Any

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import StopDownload

from archive.errors import FetchError

MOST = (
    48_000_000  # what is given up is in memory twice for a moment, so this is a third of what it may come to
)
FAIR = 500_000


def waiting(crawler: Crawler) -> int:
    """Return how many bytes have arrived, and wait for a worker or are with one."""
    engine: Any = crawler.engine
    slot = engine.scraper.slot if engine is not None else None
    return slot.active_size if slot is not None else 0


def refuse(crawler: Crawler) -> None:
    """Raise `FetchError` when there is no room for what is about to be unpacked."""
    if waiting(crawler) > MOST:
        raise FetchError("busy", "so much waited to be read that this was given up for now")


class Budget:
    """Scrapy's extension that counts what is under way."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._under_way: dict[Request, int] = {}
        self._total = 0
        crawler.signals.connect(self._received, signal=signals.bytes_received)
        crawler.signals.connect(self._left, signal=signals.request_left_downloader)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Budget:
        """Scrapy's way of making one."""
        return cls(crawler)

    def _received(self, data: bytes, request: Request) -> None:
        own = self._under_way[request] = self._under_way.get(request, 0) + len(data)
        self._total += len(data)
        if own > FAIR and self._total + waiting(self._crawler) > MOST:
            # At once, or all the others that are large would be given up as well before this one has left.
            self._left(request)
            raise StopDownload(fail=True)

    def _left(self, request: Request) -> None:
        self._total -= self._under_way.pop(request, 0)
