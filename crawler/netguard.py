"""The network guard: the last look at an address, just before a socket is opened.

Checking a URL does not help: a name may resolve to a private address, may change its answer between the
check and the connection (DNS rebinding), and a redirect is a new URL. So the check sits where Twisted
connects: each connection gets a reactor whose ``connectTCP`` looks at the literal address and the port first. Feeds,
pages, robots.txt, redirects, http and https all go this way, because all use this download handler.

Which server answers at that address is asked next: `crawler.certificates`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.core.downloader.handlers.http11 import (
    HTTP11DownloadHandler,
    _LenientHTTP11ClientFactory,
    _LenientHTTP11ClientProtocol,
)
from scrapy.crawler import Crawler
from scrapy.http import Response
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint
from twisted.python.failure import Failure
from twisted.web._newclient import HEADER, STATUS, HTTP11ClientProtocol
from twisted.web.client import HTTPConnectionPool

from archive.errors import AddressRefused, FetchError
from archive.model import Access
from crawler.addresses import Network, networks, port_refusal, refusal
from crawler.certificates import Certificates

ALLOWED = "PRESSWATCH_ALLOW_PRIVATE"  # the Scrapy setting that names the networks
NAMED = "PRESSWATCH_NAMED"  # and the one with the addresses that the operator wrote down
MOST_HEAD = 256 * 1024  # bytes of status and headers; of real servers, 16 KB was the most seen
LEAVING = object()  # the Scrapy signal on which all downloads are given up


class _GuardedReactor:
    """The reactor, but its ``connectTCP`` refuses addresses and ports; ``named``: the operator named the port."""

    def __init__(self, reactor: Any, allowed: Sequence[Network], *, named: bool = False) -> None:
        self._reactor = reactor
        self._allowed = allowed
        self._named = named

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    def connectTCP(self, host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        why = refusal(host, self._allowed) or port_refusal(host, port, self._allowed, named=self._named)
        if why is not None:
            raise AddressRefused(why)
        return self._reactor.connectTCP(host, port, *args, **kwargs)


class _GuardedPool(HTTPConnectionPool):
    allowed: Sequence[Network] = ()
    named: frozenset[tuple[str, int]] = frozenset()

    def getConnection(self, key: Any, endpoint: Any) -> Deferred[Any]:
        innermost = endpoint
        while not isinstance(innermost, HostnameEndpoint):
            # TLS wraps the endpoint once; whatever else came here would connect unguarded, and may not.
            innermost = getattr(innermost, "_wrappedEndpoint", None)
            if innermost is None:
                raise AddressRefused(f"{type(endpoint).__name__} cannot be guarded")
        if not isinstance(innermost._reactor, _GuardedReactor):
            named = (innermost._hostText.lower(), innermost._port) in self.named
            innermost._reactor = _GuardedReactor(innermost._reactor, self.allowed, named=named)
        guarded: Deferred[Any] = super().getConnection(key, endpoint)
        return guarded


class _Capped(_LenientHTTP11ClientProtocol):
    """Scrapy's side of a connection, with an end to what may come before a body: Twisted would keep every header."""

    _head = 0

    def request(self, request: Any) -> Any:
        self._head = 0
        return super().request(request)

    def dataReceived(self, data: bytes) -> None:
        if self._parser is not None and self._parser.state in (STATUS, HEADER):
            # The beginning of the body may be counted here: a read is 64 KB, and the limit is more than that.
            self._head += len(data)
            if self._head > MOST_HEAD:
                too_large = FetchError("too_large", f"its headers are larger than {MOST_HEAD >> 10} KiB")
                self.transport.abortConnection()  # type: ignore[union-attr]
                self._giveUp(Failure(too_large))  # type: ignore[no-untyped-call]
                return
        super().dataReceived(data)  # type: ignore[no-untyped-call]


class _CappedFactory(_LenientHTTP11ClientFactory):
    def buildProtocol(self, addr: Any) -> HTTP11ClientProtocol:
        return _Capped(self._quiescentCallback)  # type: ignore[no-untyped-call]


class _Guarded(HTTP11DownloadHandler):
    """Scrapy's handler for http and https, with the guard in its connection pool."""

    def __init__(self, crawler: Crawler, *, verify: bool) -> None:
        super().__init__(crawler)
        plain = self._pool
        guarded = _GuardedPool(plain._reactor, persistent=True)  # type: ignore[no-untyped-call]
        guarded.allowed = networks(crawler.settings.getlist(ALLOWED))
        guarded.named = frozenset(map(server, crawler.settings.getlist(NAMED)))
        guarded.maxPersistentPerHost = plain.maxPersistentPerHost
        guarded._factory = _CappedFactory
        self._pool = guarded
        if verify:
            self._contextFactory: Any = Certificates()


class GuardedDownloadHandler(_Guarded):
    """The one handler. A source that asks for it is spoken to without a look at its certificate.

    That has connections of its own: what was opened without a look is never used where one is wanted. On `LEAVING` it
    lets go of what is under way: Scrapy itself would wait for the slowest server.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler, verify=True)
        self._trusting = _Guarded(crawler, verify=False)
        self._under_way: set[asyncio.Future[Response]] = set()
        self._leaving = False
        crawler.signals.connect(self._leave, signal=LEAVING)

    async def download_request(self, request: Request) -> Response:
        """Fetch, unless the crawl is being closed."""
        if self._leaving:
            raise FetchError("stopped", "the crawl is being closed")
        access: Access = request.meta.get("access") or Access()
        fetch = super().download_request if access.verify else self._trusting.download_request
        download = asyncio.ensure_future(fetch(request))
        self._under_way.add(download)
        try:
            return await download
        except asyncio.CancelledError as error:
            raise FetchError("stopped", "the crawl is being closed") from error
        finally:
            self._under_way.discard(download)

    async def close(self) -> None:
        """Close the connections that are kept."""
        await asyncio.gather(super().close(), self._trusting.close())

    def _leave(self) -> None:
        self._leaving = True
        for download in self._under_way:
            download.cancel()


def server(url: str) -> tuple[str, int]:
    """Return the host and the port that ``url`` names."""
    parts = urlsplit(url)
    return (parts.hostname or "").lower(), parts.port or (443 if parts.scheme == "https" else 80)
