"""What stands between the crawl and the network: robots.txt, and redirects without a Referer.

`RobotsMiddleware` replaces Scrapy's own, which takes a 503 for permission, never forgets, and records nothing.
Only requests marked ``meta["robots"]`` are asked about (pages; a feed was given to us to be read), but a
redirect of one is asked about again, on its own host.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK

from archive.errors import FetchError, ParseError
from archive.model import Access, RobotsRecord
from crawler import budget
from crawler.answers import ROBOTS_TYPES, asking, granted
from crawler.failures import as_fetch_error
from crawler.robots import MAX_BYTES, Rules, record, robots_name
from crawler.urls import refusal

if TYPE_CHECKING:
    from crawler.spiders.press import PressSpider


_NOTHING = Rules(((False, "/"),))  # the rules of a file that nobody can parse: nothing is allowed


class RobotsDisallowed(FetchError):
    """robots.txt does not let us fetch the page."""

    def __init__(self, why: str) -> None:
        super().__init__("robots", why)


class RobotsMiddleware:
    """Asks robots.txt before a page is fetched; one request a host, however many pages wait for it."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._asking: dict[str, asyncio.Future[None]] = {}
        # What lies beyond MAX_BYTES is not parsed, but a file that long must not count as unreachable.
        self._most = max(4 * MAX_BYTES, crawler.settings.getint("DOWNLOAD_MAXSIZE"))

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> RobotsMiddleware:
        """Scrapy's way of making one."""
        return cls(crawler)

    @property
    def _spider(self) -> PressSpider:
        spider: Any = self._crawler.spider
        return spider  # type: ignore[no-any-return]

    async def process_request(self, request: Request) -> None:
        """Let the request through, or raise `RobotsDisallowed`."""
        if not request.meta.get("robots"):
            return
        parts = urlsplit(request.url)
        host = f"{parts.scheme}://{parts.netloc}"
        access: Access = request.meta.get("access") or Access()
        book = self._spider.robots
        agent = robots_name(access.user_agent) if access.user_agent else book.agent
        while not self._ready(host, agent):
            if host in self._asking:
                await self._asking[host]
                continue
            self._asking[host] = asyncio.get_running_loop().create_future()
            try:
                await (self._read(host, agent) if self._fresh(host) else self._ask(host, access))
            finally:
                self._asking.pop(host).set_result(None)
        now = self._spider.now()
        if book.long(host):
            # Its rules are thousands: the loop goes on while a thread tries them.
            decision = await asyncio.to_thread(book.decide, host, request.url, now, agent)
        else:
            decision = book.decide(host, request.url, now, agent)
        if not decision.allowed:
            raise RobotsDisallowed(decision.why)
        request.meta["robots_why"] = decision.why

    def _fresh(self, host: str) -> bool:
        return self._spider.robots.fresh(host, self._spider.now())

    def _ready(self, host: str, agent: str) -> bool:
        return self._fresh(host) and self._spider.robots.unread(host, self._spider.now(), agent) is None

    async def _read(self, host: str, agent: str) -> None:
        """Have a worker parse a long file. One that cannot be parsed could not be had: it means no, for a while."""
        spider = self._spider
        known = spider.robots.unread(host, spider.now(), agent)
        if known is None:
            return
        try:
            spider.robots.take(known, await spider.workers.robots(known.body, agent), agent)
        except ParseError as error:
            spider.logger.warning("%s/robots.txt: %s", host, error)
            failed = record(host, None, b"", spider.now(), known)
            self._learn(failed)
            # Where the host has been out of reach for so long that the copy decides, there would be no end to trying.
            spider.robots.take(failed, _NOTHING, agent)

    def _learn(self, known: RobotsRecord) -> None:
        spider = self._spider
        spider.robots.forget(spider.now())
        spider.robots.add(known)
        spider.learned.append(known)

    async def _ask(self, host: str, access: Access) -> None:
        followed: list[str] = []
        request = Request(
            f"{host}/robots.txt",
            callback=NO_CALLBACK,
            priority=1000,
            headers=asking(access, ROBOTS_TYPES),
            meta={"download_maxsize": self._most, "followed": followed, "access": access},
            dont_filter=True,
        )
        assert self._crawler.engine is not None
        status: int | None = None
        body = b""
        try:
            response: Response = await self._crawler.engine.download_async(request)
            status, body = response.status, response.body
        except Exception as error:
            why = as_fetch_error(error)
            if why.reason in ("refused", "tls") and not followed:
                # The guard refused the host, or it is not the one that was meant: so is the page, and that is the
                # reason to tell. Of its robots.txt nothing is known, for whoever does without a certificate.
                raise why from error
            # Whatever else kept us from it, it could not be reached.
            self._spider.logger.info("%s/robots.txt: %s", host, why)
            if why.reason == "redirects":
                status = 302  # RFC 9309, 2.3.1.2: more than five redirects mean that there is none
        spider = self._spider
        self._learn(record(host, status, body, spider.now(), spider.robots.get(host)))


class TakeTurns:
    """Answers that arrive together are taken up one at a time, with a turn of the loop between them.

    Unpacking one body and hashing it takes up to 10 ms; ten bodies in one turn would hold everybody up.
    """

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    async def process_response(self, request: Request, response: Response) -> Response:
        """Wait for the turn; what Scrapy does with the answer next is done before the loop goes on."""
        async with self._turn:
            await asyncio.sleep(0)
        return response


class Unpack(HttpCompressionMiddleware):
    """Scrapy's, in a thread, one answer at a time: a small gzip bomb takes longer than the loop may stand still."""

    def __init__(self, *, crawler: Crawler) -> None:
        super().__init__(crawler=crawler)
        self._crawler = crawler
        self._turn = asyncio.Lock()

    async def process_response(self, request: Request, response: Response) -> Request | Response:  # type: ignore[override]
        """Unpack the body, up to what ``download_maxsize`` says."""
        if not response.headers.get("Content-Encoding"):
            return response
        async with self._turn:
            budget.refuse(self._crawler)
            return await asyncio.to_thread(super().process_response, request, response)


class FollowRedirects(RedirectMiddleware):
    """Scrapy's, without the header that would tell one outlet where we came from."""

    def _redirect(self, redirected: Request, request: Request, reason: Any) -> Request:
        """Follow only to what might have been asked for in the first place."""
        request.meta.get("followed", []).append(redirected.url)
        redirected.meta.pop("download_slot", None)  # else it would go at the pace of the host that sent us on
        why = refusal(redirected.url)
        if why is not None:
            raise FetchError("refused", f"redirected to {redirected.url}: {why}", retry=False)
        access: Access = request.meta.get("access") or Access()
        kept = granted(access, redirected.url, [request.url])
        if kept != access:
            # What one server is given to let us in is nobody else's to see.
            for name in ("Authorization", *(name for name, _ in access.headers)):
                redirected.headers.pop(name, None)
            redirected.meta["access"] = kept  # its robots.txt is asked with this
        return super()._redirect(redirected, request, reason)

    def handle_referer(self, request: Request, response: Response) -> None:
        """Send no Referer."""
        request.headers.pop("Referer", None)

    def _engine_started(self) -> None:
        # Scrapy's would warn at every start that no RefererMiddleware is there; that is on purpose.
        self._referer_spider_middleware = None
