"""The network guard: what it refuses is never connected to, however it is written.

127.0.0.2 stands for the public internet here: it is the one network that the crawl ``open`` may enter.
On 127.0.0.1 and ::1, at the same port, somebody listens whom nobody may reach.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from protego import Protego
from protego._ruleset import _Rule
from protego._utils import _quote_path
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.downloadermiddlewares.redirect import BaseRedirectMiddleware
from twisted.internet import endpoints
from twisted.internet._sslverify import ClientTLSOptions
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.protocol import ClientFactory
from twisted.internet.ssl import CertificateOptions, optionsForClientTLS
from twisted.internet.testing import MemoryReactor, MemoryReactorClock
from twisted.web._newclient import HTTP11ClientProtocol, HTTPParser
from twisted.web.client import HTTPConnectionPool, _HTTP11ClientFactory

from archive.errors import AddressRefused
from archive.model import EndpointKind, Outcome, PageOutcome, PageTask, PollOutcome, PollTask, Task
from crawler.addresses import networks
from crawler.engine import scrapy_settings
from crawler.netguard import _GuardedPool, _GuardedReactor, server
from crawler.settings import NetworkSettings
from tests.crawler.server import (
    RSS,
    Answer,
    Asked,
    Driven,
    Listener,
    Request,
    Route,
    batch,
    crawl,
    drive,
    press,
)

PUBLIC = "127.0.0.2"

# Each is one more way of writing an address behind which the listener, or another private network, is.
HOSTS = {
    "the loopback address": "127.0.0.1",
    "another loopback address": "127.0.0.3",
    "decimal": "2130706433",
    "hexadecimal": "0x7f000001",
    "hexadecimal parts": "0x7f.0x0.0x0.0x1",
    "octal": "0177.0.0.01",
    "octal in one": "017700000001",
    "short": "127.1",
    "nowhere": "0.0.0.0",
    "nowhere, in one": "0",
    "IPv6 loopback": "[::1]",
    "IPv6 nowhere": "[::]",
    "v4-mapped": "[::ffff:127.0.0.1]",
    "v4-mapped in hexadecimal": "[::ffff:7f00:1]",
    "v4-compatible": "[::127.0.0.1]",
    "v4-translated": "[::ffff:0:127.0.0.1]",
    "NAT64": "[64:ff9b::7f00:1]",
    "local NAT64": "[64:ff9b:1::7f00:1]",
    "6to4": "[2002:7f00:1::]",
    "Teredo": "[2001:0:5db8:1::80ff:fffe]",
    "a private network": "10.0.0.1",
    "a carrier's network": "100.64.0.1",
    "where clouds keep secrets": "169.254.169.254",
    "unique local": "[fd00::1]",
    "link-local": "[fe80::1]",
    "site-local": "[fec0::1]",
    "multicast": "224.0.0.1",
    "broadcast": "255.255.255.255",
    "a name for the loopback address": "inside.example",
    "a name for a v4-mapped address": "mapped.example",
    "a name for two private addresses": "both.example",
    "full-width digits": "\uff11\uff12\uff17.0.0.1",
}
NAMES = {
    "inside.example": [["127.0.0.1"]],
    "mapped.example": [["::ffff:127.0.0.1"]],
    "both.example": [["::1", "10.0.0.1"]],
    # A name that is public when it is looked at, and private when it is connected to.
    "rebinding.example": [[PUBLIC], ["127.0.0.1"]],
    "page.example": [[PUBLIC], [PUBLIC], ["127.0.0.1"]],
    "mixed.example": [["127.0.0.1", PUBLIC]],
}


def closing(body: bytes) -> Route:
    """Answer, and end the connection, so that the next request has to look the name up again."""

    def answer(request: Request) -> None:
        request.answer(Answer(body, headers=(("Connection", "close"),)))
        request.hang_up()

    return answer


def task(number: int, url: str, *, page: bool = False) -> Task:
    if page:
        return PageTask(article_id=number, source_id="press", url=url)
    return PollTask(endpoint_id=number, source_id="press", kind=EndpointKind.FEED, url=url)


@dataclass
class World:
    """Numbers of polls and pages: those of `HOSTS` in their order, then those that are named here."""

    driven: Driven
    accepted: int
    asked: list[Asked]
    port: int

    def poll(self, name: str, crawl: str = "open") -> PollOutcome:
        return self.driven.polls[crawl, NUMBERS[name]]

    def page(self, name: str, crawl: str = "open") -> PageOutcome:
        return self.driven.pages[crawl, 1000 + NUMBERS[name]]


NUMBERS = {
    name: number
    for number, name in enumerate(
        [
            *HOSTS,
            *(f"https: {name}" for name in HOSTS),
            "public",
            "redirect",
            "rebinding 1",
            "rebinding 2",
            "mixed",
        ]
    )
}


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with ExitStack() as stack:
        site = stack.enter_context(press({"/feed": closing(RSS), "/robots.txt": closing(b"")}, host=PUBLIC))
        port = site.port
        listeners = [Listener("127.0.0.1", port), Listener("127.0.0.3", port), Listener("::1", port)]
        site.routes["/redirect"] = Answer(b"", 302, (("Location", f"http://127.0.0.1:{port}/feed"),))
        for listener in listeners:
            stack.callback(listener.close)
        refused = [(name, f"http://{host}:{port}/feed") for name, host in HOSTS.items()]
        refused += [(f"https: {name}", f"https://{host}:{port}/feed") for name, host in HOSTS.items()]
        polls = [task(NUMBERS[name], url) for name, url in refused]
        pages = [task(1000 + NUMBERS[name], url, page=True) for name, url in refused]

        def one(name: str, url: str, *, page: bool = False) -> dict[str, object]:
            return batch(task(NUMBERS[name] + 1000 * page, url, page=page))

        driven = drive(
            {
                "open": crawl(
                    [
                        batch(*polls, *pages),
                        one("public", f"http://{PUBLIC}:{port}/feed"),
                        one("redirect", f"http://{PUBLIC}:{port}/redirect"),
                        one("redirect", f"http://{PUBLIC}:{port}/redirect", page=True),
                        one("rebinding 1", f"http://rebinding.example:{port}/feed"),
                        one("rebinding 2", f"http://rebinding.example:{port}/feed"),
                        # robots.txt, the first page, and then the second page: three questions for the name.
                        one("rebinding 1", f"http://page.example:{port}/feed", page=True),
                        one("rebinding 2", f"http://page.example:{port}/feed", page=True),
                        one("mixed", f"http://mixed.example:{port}/feed"),
                    ],
                    allow_private=[f"{PUBLIC}/32"],
                ),
                "closed": crawl(
                    [
                        one("public", f"http://{PUBLIC}:{port}/feed"),
                        one("public", f"http://{PUBLIC}:{port}/feed", page=True),
                    ],
                    allow_private=[],
                ),
            },
            names=NAMES,
        )
        yield World(driven, sum(listener.accepted() for listener in listeners), site.asked, port)


@pytest.mark.parametrize("scheme", ["", "https: "])
@pytest.mark.parametrize("name", HOSTS)
def test_a_feed_in_a_private_network_is_refused(world: World, name: str, scheme: str) -> None:
    outcome = world.poll(scheme + name)
    assert (outcome.outcome, outcome.reason) == (Outcome.FAILED, "refused"), outcome.detail


@pytest.mark.parametrize("scheme", ["", "https: "])
@pytest.mark.parametrize("name", HOSTS)
def test_a_page_in_a_private_network_is_refused_for_good(world: World, name: str, scheme: str) -> None:
    outcome = world.page(scheme + name)
    assert (outcome.outcome, outcome.reason, outcome.retry) == (Outcome.FAILED, "refused", False), (
        outcome.detail
    )


def test_nobody_inside_was_ever_connected_to(world: World) -> None:
    assert world.accepted == 0
    assert set(world.driven.connects) == {PUBLIC}


def test_the_operator_may_open_a_network(world: World) -> None:
    assert world.poll("public").outcome is Outcome.OK


def test_without_that_even_loopback_is_refused(world: World) -> None:
    for outcome in (world.poll("public", "closed"), world.page("public", "closed")):
        assert outcome.reason == "refused"
        assert outcome.detail.startswith(f"{PUBLIC} is not a public address")


def test_a_redirect_inwards_is_refused(world: World) -> None:
    assert world.poll("redirect").reason == world.page("redirect").reason == "refused"
    assert [asked.path for asked in world.asked].count("/redirect") == 2


def test_a_name_that_changes_its_answer_is_refused(world: World) -> None:
    assert world.poll("rebinding 1").outcome is Outcome.OK
    assert world.poll("rebinding 2").reason == "refused"
    assert world.page("rebinding 1").status == 200
    assert world.page("rebinding 2").reason == "refused"


def test_of_a_name_with_several_addresses_the_public_one_is_taken(world: World) -> None:
    assert world.poll("mixed").outcome is Outcome.OK


def test_numbers_are_not_looked_up_as_names(world: World) -> None:
    assert set(world.driven.names) <= set(NAMES)


def test_nothing_but_http_can_be_fetched_at_all() -> None:
    handlers = scrapy_settings(NetworkSettings()).getwithbase("DOWNLOAD_HANDLERS")
    assert {scheme: handler for scheme, handler in handlers.items() if handler} == {
        "http": "crawler.netguard.GuardedDownloadHandler",
        "https": "crawler.netguard.GuardedDownloadHandler",
    }


@pytest.mark.parametrize(
    "name",
    [
        "REMOTE_CONTROL_ENABLED", "TELNETCONSOLE_ENABLED", "RETRY_ENABLED", "REFERER_ENABLED", "METAREFRESH_ENABLED", "HTTPCACHE_ENABLED",
        "COOKIES_ENABLED", "HTTPPROXY_ENABLED", "ROBOTSTXT_OBEY",
    ],
)  # fmt: skip
def test_what_may_be_off_is_off(name: str) -> None:
    assert scrapy_settings(NetworkSettings()).getbool(name, default=True) is False


def test_an_endpoint_that_cannot_be_guarded_is_not_used() -> None:
    pool = _GuardedPool(MemoryReactor())
    with pytest.raises(AddressRefused, match="TCP4ClientEndpoint cannot be guarded"):
        pool.getConnection("key", endpoints.TCP4ClientEndpoint(MemoryReactor(), "192.0.2.1", 80))


def test_the_guard_leaves_the_rest_of_the_reactor_alone() -> None:
    reactor = MemoryReactor()
    guarded = _GuardedReactor(reactor, networks(["10.0.0.0/8"]))
    guarded.connectTCP("10.0.0.1", 80, ClientFactory())
    with pytest.raises(AddressRefused):
        guarded.connectTCP("10.0.0.1.example", 80, ClientFactory())
    assert [client[0] for client in reactor.tcpClients] == ["10.0.0.1"]
    assert guarded.listenTCP == reactor.listenTCP


@pytest.mark.parametrize(
    ("host", "port", "named", "may"),
    [
        *(("8.8.8.8", port, False, True) for port in (80, 443, 8080, 8443)),
        *(("8.8.8.8", port, False, False) for port in (22, 25, 81, 3306, 6379, 8081, 65535)),
        ("8.8.8.8", 8081, True, True),
        ("2606:4700:4700::1111", 22, False, False),
        ("10.1.2.3", 22, False, True),
        ("::ffff:10.1.2.3", 22, False, True),
        ("127.0.0.1", 8081, True, False),
    ],
)
def test_of_a_public_address_the_ports_of_the_web_are_open_and_those_that_the_operator_named(
    host: str, port: int, named: bool, may: bool
) -> None:
    reactor = MemoryReactor()
    guarded = _GuardedReactor(reactor, networks(["10.0.0.0/8"]), named=named)
    if may:
        guarded.connectTCP(host, port, ClientFactory())
    else:
        with pytest.raises(AddressRefused):
            guarded.connectTCP(host, port, ClientFactory())
    assert bool(reactor.tcpClients) is may


@pytest.mark.parametrize(
    ("host", "port", "named"),
    [("faro.example", 8081, True), ("faro.example", 8082, False), ("other.example", 8081, False)],
)
def test_a_port_is_named_for_the_host_beside_it(host: str, port: int, named: bool) -> None:
    pool = _GuardedPool(MemoryReactorClock())
    pool.named = frozenset(map(server, ["http://Faro.example:8081/feed", "https://faro.example/feed"]))
    endpoint = HostnameEndpoint(MemoryReactorClock(), host, port)
    pool.getConnection(("http", host, port), endpoint)
    assert endpoint._reactor._named is named


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://faro.example/feed", ("faro.example", 80)),
        ("https://Faro.example/feed", ("faro.example", 443)),
        ("https://faro.example:8081/", ("faro.example", 8081)),
        ("http://[::1]:99/", ("::1", 99)),
    ],
)
def test_the_server_of_an_address_is_its_host_and_port(url: str, expected: tuple[str, int]) -> None:
    assert server(url) == expected


# --- private names that we rely on ------------------------------------------------------------------------


def test_twisted_has_the_private_names_that_the_guard_replaces() -> None:
    endpoint = HostnameEndpoint(MemoryReactor(), "example.org", 80)
    assert endpoint._reactor
    assert (endpoint._hostText, endpoint._port) == ("example.org", 80)
    assert "self._reactor" in inspect.getsource(HostnameEndpoint.connect)
    wrapped = endpoints.wrapClientTLS(None, endpoint)
    assert wrapped._wrappedEndpoint is endpoint
    pool = HTTPConnectionPool(MemoryReactor())
    assert pool._reactor
    assert "self._quiescentCallback" in inspect.getsource(_HTTP11ClientFactory)
    for name in ("self._parser", "self._giveUp"):
        assert name in inspect.getsource(HTTP11ClientProtocol)
    assert "self.state = STATUS" in inspect.getsource(HTTPParser)
    assert pool._factory


def test_twisted_has_the_private_names_of_certificates() -> None:
    options = CertificateOptions()
    assert callable(options._makeTLSConnection)
    assert list(inspect.signature(ClientTLSOptions.__init__).parameters)[1:3] == [
        "createConnection",
        "hostname",
    ]
    # One context for all connections, and the creator that Twisted itself makes is the one that we make.
    assert options.getContext() is options.getContext()
    assert type(optionsForClientTLS("example.org")) is ClientTLSOptions


def test_scrapy_has_the_private_names_that_the_guard_replaces() -> None:
    assert "self._pool" in inspect.getsource(HTTP11DownloadHandler.__init__)
    assert "self._contextFactory" in inspect.getsource(HTTP11DownloadHandler.__init__)
    assert "contextFactory=self._contextFactory" in inspect.getsource(HTTP11DownloadHandler.download_request)
    assert "pool=self._pool" in inspect.getsource(HTTP11DownloadHandler.download_request)
    assert list(inspect.signature(BaseRedirectMiddleware._redirect).parameters) == [
        "self",
        "redirected",
        "request",
        "reason",
    ]
    assert "_referer_spider_middleware" in inspect.getsource(BaseRedirectMiddleware)


def test_protego_has_the_private_names_that_say_who_decided() -> None:
    parsed = Protego.parse("User-agent: *\nDisallow: /a\nAllow: /a/b")
    rules = parsed._user_agents["*"]._rules
    assert [(rule.field, rule.value._pattern, rule.value.priority) for rule in rules] == [
        ("allow", "/a/b", 4),
        ("disallow", "/a", 2),
    ]
    assert isinstance(rules[0], _Rule)
    assert rules[0].value.match(_quote_path("http://example.org/a/b?c"))
