"""The pace at which one host is asked: never faster than ``network.delay``, slower where it is slow or wants it.

Scrapy's AutoThrottle makes the pause between two requests as long as the host took to answer, and shorter again,
by half of the difference, when it answers faster. What it does not know is added: the Crawl-delay of a host's
robots.txt, below which its pause never goes. With ``network.delay: 0`` an operator says that none of this is wanted
(for servers of one's own); a Crawl-delay still counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.extensions.throttle import AutoThrottle
from scrapy.http import Response

from archive.model import Access
from crawler.robots import robots_name

if TYPE_CHECKING:
    from scrapy.core.downloader import Slot

    from crawler.spiders.press import PressSpider

SLOWEST = 60.0
"""Seconds that a slow host makes us wait at the most, unless ``network.delay`` is more."""


class Throttle(AutoThrottle):
    """AutoThrottle, with a least pause for each host."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        crawler.signals.connect(self._asked, signal=signals.request_reached_downloader)

    def _asked(self, request: Request) -> None:
        """Slow down before the first request, as soon as the host's robots.txt is known."""
        self._slow_down(request)

    def _response_downloaded(self, response: Response, request: Request, spider: Spider) -> None:
        super()._response_downloaded(response, request, spider)
        self._slow_down(request)

    def _adjust_delay(self, slot: Slot, latency: float, response: Response) -> None:
        if self.mindelay:
            super()._adjust_delay(slot, latency, response)

    def _slow_down(self, request: Request) -> None:
        spider: Any = self.crawler.spider
        _, slot = self._get_slot(request, spider)
        if slot is not None:
            slot.delay = max(slot.delay, _wanted(spider, request))


def _wanted(spider: PressSpider, request: Request) -> float:
    parts = urlsplit(request.url)
    access: Access = request.meta.get("access") or Access()
    name = robots_name(access.user_agent) if access.user_agent else None
    return spider.robots.delay(f"{parts.scheme}://{parts.netloc}", name)
