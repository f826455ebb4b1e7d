"""The one crawl: Scrapy, set up for reading strangers' feeds and pages, open as long as the service lives.

It must be opened under the asyncio reactor (`crawler.service` installs it). What is fed to it goes through
one queue a host, so that a host's delay, robots.txt and connections are shared by its feeds and its pages.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from scrapy import signals
from scrapy.crawler import AsyncCrawlerRunner, Crawler
from scrapy.settings import Settings as ScrapySettings

from archive.errors import FetchError
from archive.model import Result, RobotsRecord, Task
from crawler.carrier import LocalCarrier
from crawler.netguard import ALLOWED, LEAVING, NAMED
from crawler.pool import Workers
from crawler.robots import RobotsBook, robots_name
from crawler.settings import NetworkSettings
from crawler.spiders.press import PressSpider, failed
from crawler.throttle import SLOWEST

IN_FLIGHT = 128  # tasks given to the crawl at a time
PER_HOST = 4


class Deliver:
    """Scrapy's item pipeline, and the only way out of it: every item is a result, and goes to the carrier."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Deliver:
        """Scrapy's way of making one."""
        return cls(crawler)

    def process_item(self, item: Result) -> Result:
        """Hand over one result."""
        spider: Any = self._crawler.spider
        spider.deliver(item)
        return item


def scrapy_settings(network: NetworkSettings, named: Iterable[str] = ()) -> ScrapySettings:
    """Return Scrapy's settings: what may be off is off, each for the reason beside it."""
    off: dict[str, Any] = {
        "REMOTE_CONTROL_ENABLED": False,  # runs code that is sent to it
        "TELNETCONSOLE_ENABLED": False,  # the same, older
        "RETRY_ENABLED": False,  # when to try again is the archive's to say
        "REFERER_ENABLED": False,
        "METAREFRESH_ENABLED": False,
        "HTTPCACHE_ENABLED": False,
        "COOKIES_ENABLED": False,
        "HTTPPROXY_ENABLED": False,  # a proxy would hide the address from the guard
        "ROBOTSTXT_OBEY": False,  # RobotsMiddleware does it
        "LOGSTATS_INTERVAL": 0,
        "MEMUSAGE_ENABLED": False,
        "DOWNLOADER_STATS": False,
        "STATS_CLASS": "scrapy.statscollectors.DummyStatsCollector",  # what is counted, the archive counts
    }
    guarded = "crawler.netguard.GuardedDownloadHandler"
    nothing_else = dict.fromkeys(("data", "file", "ftp", "s3"))
    return ScrapySettings(
        {
            **off,
            "DOWNLOAD_HANDLERS": {"http": guarded, "https": guarded, **nothing_else},
            "DOWNLOADER_MIDDLEWARES": {
                # Each of Scrapy's is asked about every request and every answer; off is what has nothing to do here.
                "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
                "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
                # Its headers ask for English, and some papers would answer in it.
                "scrapy.downloadermiddlewares.defaultheaders.DefaultHeadersMiddleware": None,
                "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,
                "crawler.middlewares.Unpack": 590,
                "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
                "crawler.middlewares.FollowRedirects": 600,
                "crawler.middlewares.RobotsMiddleware": 100,
                "crawler.middlewares.TakeTurns": 950,  # next to the network: before anything is unpacked
            },
            "SPIDER_MIDDLEWARES": {
                "scrapy.spidermiddlewares.httperror.HttpErrorMiddleware": None,  # a 404 is an outcome too
                "scrapy.spidermiddlewares.start.StartSpiderMiddleware": None,
                "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,
                "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
                "scrapy.spidermiddlewares.metacopy.MetaCopyDetectionMiddleware": None,
            },
            "ITEM_PIPELINES": {"crawler.engine.Deliver": 100},
            ALLOWED: [str(name) for name in network.allow_private],
            NAMED: list(named),
            "USER_AGENT": network.agent,
            "DOWNLOAD_DELAY": network.delay,
            "DOWNLOAD_DELAY_JITTER": 0,  # half of it would be sooner than the operator says
            "EXTENSIONS": {
                "scrapy.extensions.throttle.AutoThrottle": None,
                "crawler.throttle.Throttle": 0,
                "crawler.budget.Budget": 0,
            },
            "AUTOTHROTTLE_ENABLED": True,
            "AUTOTHROTTLE_START_DELAY": network.delay,
            "AUTOTHROTTLE_MAX_DELAY": max(SLOWEST, network.delay),
            "AUTOTHROTTLE_TARGET_CONCURRENCY": 1.0,
            "DOWNLOAD_TIMEOUT": network.timeout,
            "DOWNLOAD_MAXSIZE": network.max_bytes,
            "DOWNLOAD_WARNSIZE": 0,
            "REDIRECT_MAX_TIMES": 5,
            # Every task in flight and, for each, a robots.txt: were it less, hosts that hang would leave others no
            # place, and what was sent to them would wait where nobody sees it.
            "CONCURRENT_REQUESTS": 2 * IN_FLIGHT,
            "CONCURRENT_REQUESTS_PER_DOMAIN": 1 if network.delay else PER_HOST,
            # Scrapy starts so many tasks for each answer; its 100 took longer than all else, and an answer of ours
            # has an item or two, which are handed over at once.
            "CONCURRENT_ITEMS": 1,
            "DNS_TIMEOUT": 20,
            "WARN_ON_GENERATOR_RETURN_VALUE": False,
        },
        priority="project",
    )


class Crawl:
    """The open crawl. `open` it, feed tasks through its carrier, `close` it.

    ``named``: the addresses that the operator wrote down; the ports in them are open, each for its host.
    """

    def __init__(
        self,
        network: NetworkSettings,
        *,
        now: Callable[[], datetime],
        workers: Workers,
        named: Iterable[str] = (),
    ) -> None:
        self.carrier = LocalCarrier()
        self._named = tuple(named)
        self._network = network
        self._now = now
        self._workers = workers
        self._crawler: Crawler | None = None
        self._running: asyncio.Task[None] | None = None

    async def open(self, robots: Iterable[RobotsRecord]) -> None:
        """Start the crawl; returns when it can be fed. ``robots`` is what the archive knows."""
        # Scrapy's DNS settings are not applied by this runner, and ten dead name servers would take every
        # one of Twisted's ten resolver threads.
        from twisted.internet import reactor

        reactor.getThreadPool().adjustPoolsize(maxthreads=32)
        book = RobotsBook(robots_name(self._network.agent))
        for record in robots:
            book.add(record)
        book.forget(self._now())
        runner = AsyncCrawlerRunner(scrapy_settings(self._network, self._named))
        self._crawler = runner.create_crawler(PressSpider)
        opened = asyncio.Event()
        # weak=False: nothing else holds on to this listener.
        self._crawler.signals.connect(opened.set, signals.spider_opened, weak=False)
        self._running = runner.crawl(
            self._crawler,
            workers=self._workers,
            robots=book,
            now=self._now,
            max_entries=self._network.max_entries,
        )
        waiting = asyncio.ensure_future(opened.wait())
        await asyncio.wait((self._running, waiting), return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self._running.done():
            await self._running  # it failed to start: say why
        self._crawler.spider.deliver = self.carrier.deliver  # type: ignore[union-attr]
        self.carrier.feed = self.feed

    def feed(self, task: Task) -> None:
        """Put one task into the crawl; a URL that must not be asked for becomes its outcome at once."""
        assert self._crawler is not None
        spider: Any = self._crawler.spider
        try:
            request = spider.request(task)
        except (FetchError, ValueError) as error:
            refused = (
                error if isinstance(error, FetchError) else FetchError("refused", str(error), retry=False)
            )
            self.carrier.deliver(failed(task, refused, self._now()))
            return
        assert self._crawler.engine is not None
        self._crawler.engine.crawl(request)

    async def close(self) -> None:
        """Stop: what is being fetched is given up (it stays due), and the crawl ends.

        What it had read by then can still be received.
        """
        if self._crawler is None or self._running is None:
            self.carrier.close()
            return
        if self._crawler.spider is not None:
            self._crawler.spider.stopping = True  # type: ignore[attr-defined]
        self._crawler.signals.send_catch_log(LEAVING)
        await asyncio.wait((asyncio.ensure_future(self._crawler.stop_async()), self._running), timeout=10)
        self.carrier.close()
