"""https, to real servers with certificates of all kinds; 127.0.0.2 stands for the public internet, as in test_netguard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from archive.model import Access, EndpointKind, Outcome, PageOutcome, PageTask, PollOutcome, PollTask
from tests.crawler.authority import signed
from tests.crawler.server import RSS, Answer, Driven, Listener, Request, Route, batch, crawl, drive, press

PUBLIC = "127.0.0.2"
VERIFYING, TRUSTING = Access(), Access(verify=False)

# The servers, by the name under which they are asked.
GOOD, WRONG, OWN, OLD, PLAIN, AWAY = (
    f"{name}.example" for name in ("good", "wrong", "own", "old", "plain", "away")
)
ALIKE = "www.own.example"
REBINDING = "rebinding.example"
NAMES = {
    **{name: [[PUBLIC]] for name in (GOOD, WRONG, OWN, OLD, PLAIN, AWAY, ALIKE)},
    REBINDING: [[PUBLIC], ["127.0.0.1"]],
}


def feed(request: Request) -> None:
    """Answer and hang up, so that each request is a connection of its own."""
    request.answer(Answer(RSS, headers=(("Connection", "close"),)))
    request.hang_up()


@dataclass(frozen=True)
class Case:
    name: str
    host: str
    reason: str | None = None
    detail: str = ""
    path: str = "/feed"
    access: Access = VERIFYING


CASES = [
    Case("a certificate that holds", GOOD),
    Case("a certificate that holds, for an address", PUBLIC),
    Case("one of another name", WRONG, "tls", "no secure connection"),
    Case("one that nobody vouches for", OWN, "tls", "certificate verify failed"),
    Case("one that has run out", OLD, "tls", "certificate verify failed"),
    Case("a server that speaks http", PLAIN, "tls", "no secure connection"),
    Case("a redirect to one that nobody vouches for", GOOD, "tls", path="/to-own"),
    Case("trusted: one of another name", WRONG, access=TRUSTING),
    Case("trusted: one that nobody vouches for", OWN, access=TRUSTING),
    Case("trusted: one that has run out", OLD, access=TRUSTING),
    Case("trusted: a server that speaks http", PLAIN, "tls", access=TRUSTING),
    Case("trusted: a redirect within the site", OWN, path="/to-alike", access=TRUSTING),
    Case("trusted: a redirect to another site", OWN, "tls", path="/to-away", access=TRUSTING),
    Case("again, and not trusted any more", OWN, "tls"),
    Case("inside", "127.0.0.1", "refused", "not a public address"),
    Case("trusted: inside", "127.0.0.1", "refused", "not a public address", access=TRUSTING),
    Case("a redirect inside", GOOD, "refused", "not a public address", path="/inside"),
    Case("a name, the first time", REBINDING),
    Case("a name that answers differently the second time", REBINDING, "refused", "not a public address"),
]
NUMBERS = {case.name: number for number, case in enumerate(CASES, start=1)}


@dataclass
class World:
    driven: Driven
    accepted: int

    def poll(self, name: str) -> PollOutcome:
        return self.driven.polls["crawl", NUMBERS[name]]

    def page(self, name: str) -> PageOutcome:
        return self.driven.pages["crawl", NUMBERS[name]]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("certificates")
    authority = signed("An authority of the tests")
    (folder / "authority.pem").write_bytes(authority.pem)
    of = {
        GOOD: signed(GOOD, PUBLIC, REBINDING, by=authority),
        WRONG: signed("elsewhere.example", by=authority),
        OWN: signed(OWN, ALIKE),
        OLD: signed(OLD, by=authority, days=-1),
        PLAIN: None,
        AWAY: signed(AWAY),
    }
    with ExitStack() as stack:
        routes: dict[str, Route] = {"/feed": feed}
        servers = {
            name: stack.enter_context(
                press(
                    dict(routes),
                    host=PUBLIC,
                    secure=certificate.context(folder / name) if certificate else None,
                )
            )
            for name, certificate in of.items()
        }
        ports = {name: server.port for name, server in servers.items()}
        ports |= dict.fromkeys((PUBLIC, REBINDING, "127.0.0.1"), ports[GOOD]) | {ALIKE: ports[OWN]}
        listener = Listener("127.0.0.1", ports[GOOD])
        stack.callback(listener.close)

        def url(host: str, path: str) -> str:
            return f"https://{host}:{ports[host]}{path}"

        def to(host: str) -> Answer:
            return Answer(b"", 302, (("Location", url(host, "/feed")), ("Connection", "close")))

        servers[GOOD].routes |= {"/to-own": to(OWN), "/inside": to("127.0.0.1")}
        servers[OWN].routes |= {"/to-alike": to(ALIKE), "/to-away": to(AWAY)}
        tasks = [
            (
                PollTask(
                    endpoint_id=NUMBERS[case.name],
                    source_id="press",
                    kind=EndpointKind.FEED,
                    url=url(case.host, case.path),
                    access=case.access,
                ),
                PageTask(
                    article_id=NUMBERS[case.name],
                    source_id="press",
                    url=url(case.host, case.path),
                    access=case.access,
                ),
            )
            for case in CASES
        ]
        # One after the other: what the name server says, and which connections are kept, depends on it.
        batches = [batch(poll) for poll, _ in tasks]
        batches += [
            batch(page) for (_, page), case in zip(tasks, CASES, strict=True) if case.host != REBINDING
        ]
        driven = drive(
            {"crawl": crawl(batches, allow_private=[f"{PUBLIC}/32"])},
            names=NAMES,
            environment={"SSL_CERT_FILE": str(folder / "authority.pem")},
        )
        yield World(driven, listener.accepted())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_feed_is_read_from_the_server_that_was_meant_and_no_other(world: World, case: Case) -> None:
    outcome = world.poll(case.name)
    assert outcome.reason == case.reason, outcome.detail
    assert (outcome.outcome is Outcome.OK) is (case.reason is None)
    assert case.detail in outcome.detail


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.host != REBINDING], ids=lambda case: case.name
)
def test_a_page_too_and_its_robots_txt(world: World, case: Case) -> None:
    outcome = world.page(case.name)
    if case.reason is None:
        assert (outcome.status, outcome.robots) == (200, "there is no robots.txt (404)")
    else:
        assert (outcome.reason, outcome.retry) == (case.reason, case.reason != "refused")
        assert case.detail in outcome.detail


def test_nobody_inside_was_connected_to(world: World) -> None:
    assert world.accepted == 0
    assert set(world.driven.connects) == {PUBLIC}
