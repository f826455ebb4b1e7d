"""The network guard: the last look at an address, just before a socket is opened.

Checking a URL does not help: a name may resolve to a private address, may change its answer between the
check and the connection (DNS rebinding), and a redirect is a new URL. So the check sits where Twisted
connects: each connection gets a reactor whose ``connectTCP`` looks at the literal address first. Feeds,
pages, robots.txt, redirects, http and https all go this way, because all use this download handler.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from scrapy import Request
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.crawler import Crawler
from scrapy.http import Response
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint
from twisted.web.client import HTTPConnectionPool

from archive.errors import AddressRefused, FetchError
from crawler.addresses import Network, networks, refusal

ALLOWED = "PRESSWATCH_ALLOW_PRIVATE"  # the Scrapy setting that names the networks
LEAVING = object()  # the Scrapy signal on which all downloads are given up


class _GuardedReactor:
    """The reactor, but its ``connectTCP`` refuses addresses."""

    def __init__(self, reactor: Any, allowed: Sequence[Network]) -> None:
        self._reactor = reactor
        self._allowed = allowed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    def connectTCP(self, host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        why = refusal(host, self._allowed)
        if why is not None:
            raise AddressRefused(why)
        return self._reactor.connectTCP(host, port, *args, **kwargs)


class _GuardedPool(HTTPConnectionPool):
    allowed: Sequence[Network] = ()

    def getConnection(self, key: Any, endpoint: Any) -> Deferred[Any]:
        innermost = endpoint
        while not isinstance(innermost, HostnameEndpoint):
            # TLS wraps the endpoint once; whatever else came here would connect unguarded, and may not.
            innermost = getattr(innermost, "_wrappedEndpoint", None)
            if innermost is None:
                raise AddressRefused(f"{type(endpoint).__name__} cannot be guarded")
        if not isinstance(innermost._reactor, _GuardedReactor):
            innermost._reactor = _GuardedReactor(innermost._reactor, self.allowed)
        guarded: Deferred[Any] = super().getConnection(key, endpoint)
        return guarded


class GuardedDownloadHandler(HTTP11DownloadHandler):
    """Scrapy's handler for http and https, with the guard in its connection pool.

    On `LEAVING` it lets go of what is under way: Scrapy itself would wait for the slowest server.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        plain = self._pool
        guarded = _GuardedPool(plain._reactor, persistent=True)  # type: ignore[no-untyped-call]
        guarded.allowed = networks(crawler.settings.getlist(ALLOWED))
        guarded.maxPersistentPerHost = plain.maxPersistentPerHost
        guarded._factory = plain._factory
        self._pool = guarded
        self._under_way: set[asyncio.Future[Response]] = set()
        self._leaving = False
        crawler.signals.connect(self._leave, signal=LEAVING)

    async def download_request(self, request: Request) -> Response:
        """Fetch, unless the crawl is being closed."""
        if self._leaving:
            raise FetchError("stopped", "the crawl is being closed")
        download = asyncio.ensure_future(super().download_request(request))
        self._under_way.add(download)
        try:
            return await download
        except asyncio.CancelledError as error:
            raise FetchError("stopped", "the crawl is being closed") from error
        finally:
            self._under_way.discard(download)

    def _leave(self) -> None:
        self._leaving = True
        for download in self._under_way:
            download.cancel()
