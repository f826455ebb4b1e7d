"""Polls, from a real server through the open crawl to the outcome. One process polls them all."""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from archive.model import EndpointKind, Outcome, PollOutcome, PollTask
from crawler.engine import IN_FLIGHT
from tests.crawler.server import (
    NOW,
    RSS,
    Answer,
    Driven,
    Listener,
    Press,
    Request,
    Route,
    batch,
    chunked,
    closed_port,
    crawl,
    drive,
    press,
)

MAX_BYTES = 100_000
AGENT = "LimaDesk/2.0 (+https://desk.example/bot)"
HASH = hashlib.sha256(RSS).hexdigest()

ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom"><title>A</title><id>x</id><entry><title>Peru votes</title>
<id>tag:1</id><link href="http://example.org/peru-votes"/></entry></feed>"""
RDF = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">
<channel><title>R</title></channel><item><title>Peru votes</title><link>http://example.org/peru-votes</link></item></rdf:RDF>"""
JSON = b"""{"version": "https://jsonfeed.org/version/1.1", "title": "J",
"items": [{"id": "1", "url": "http://example.org/peru-votes", "title": "Peru votes"}]}"""


def headers(**more: str) -> tuple[tuple[str, str], ...]:
    return tuple((name.replace("_", "-"), value) for name, value in more.items())


def to(place: str, status: int = 301, **more: str) -> Answer:
    return Answer(b"moved", status, headers(Location=place, **more))


def feed_unless(header: str, value: str) -> Route:
    """Answer 304 to who knows the feed, as a server does that keeps to RFC 9110."""
    return lambda request: (
        Answer(status=304)
        if request.sent.get(header) == value
        else Answer(RSS, headers=headers(ETag='"1"', Last_Modified="Sun, 19 Jul 2026 00:00:00 GMT"))
    )


def cut_off(request: Request) -> None:
    request.answer(Answer(RSS, headers=headers(Content_Length=str(len(RSS) + 100))))
    request.hang_up()


def no_http(request: Request) -> None:
    request.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
    request.hang_up()


def hang_up(request: Request) -> None:
    request.hang_up()


def never(request: Request) -> None:
    request.server.stopping.wait()
    request.hang_up()


def dripping(request: Request) -> None:
    """Send a byte now and then: each comes in time, the whole never does."""
    request.answer(Answer(headers=headers(Transfer_Encoding="chunked")))
    while not request.server.stopping.wait(0.05):
        request.wfile.write(b"1\r\n \r\n")
    request.hang_up()


def endless_name(hops: int) -> dict[str, Route]:
    """A chain of permanent redirects; ``/hops/0`` is the feed."""
    return {f"/hops/{n}": to(f"/hops/{n - 1}") for n in range(1, hops + 1)} | {"/hops/0": Answer(RSS)}


@dataclass(frozen=True)
class Case:
    """A poll. ``url`` is used instead of the route's; ``{press}`` and ``{closed}`` in it are filled in."""

    name: str
    expect: dict[str, Any]
    route: Route | None = None
    url: str = "{press}/poll/{number}"
    task: dict[str, Any] = field(default_factory=dict)
    crawl: str = "plain"
    detail: str = ""  # stands in the outcome's detail


def fails(reason: str, **more: Any) -> dict[str, Any]:
    return {"outcome": Outcome.FAILED, "reason": reason, "feed": None, "moved_to": None, **more}


READ = {"outcome": Outcome.OK, "reason": None, "status": 200, "detail": ""}

CASES = [
    Case(
        "a feed is read, and its validators come along",
        READ
        | {
            "etag": '"7"',
            "last_modified": "Sun, 19 Jul 2026 00:00:00 GMT",
            "body_hash": HASH,
            "bytes": len(RSS),
            "moved_to": None,
            "retry_after": None,
            "at": NOW,
        },
        Answer(RSS, headers=headers(ETag='"7"', Last_Modified="Sun, 19 Jul 2026 00:00:00 GMT")),
    ),
    Case("an Atom feed is read", READ, Answer(ATOM)),
    Case("an RDF feed is read", READ, Answer(RDF)),
    Case("a JSON feed is read", READ, Answer(JSON, headers=headers(Content_Type="application/feed+json"))),
    Case(
        "a feed in chunks is read",
        READ,
        Answer(chunked(RSS[:50], RSS[50:]), headers=headers(Transfer_Encoding="chunked")),
    ),
    Case(
        "a feed that came packed is read",
        READ | {"bytes": len(RSS)},
        Answer(gzip.compress(RSS), headers=headers(Content_Encoding="gzip")),
    ),
    Case("a feed whose type is wrong is read", READ, Answer(RSS, headers=headers(Content_Type="image/png"))),
    Case(
        "the ETag that we know is sent",
        {
            "outcome": Outcome.NOT_MODIFIED,
            "status": 304,
            "reason": None,
            "feed": None,
            "etag": '"1"',
            "body_hash": "h",
        },
        feed_unless("if-none-match", '"1"'),
        task={"etag": '"1"', "body_hash": "h"},
    ),
    Case(
        "the Last-Modified that we know is sent",
        {"outcome": Outcome.NOT_MODIFIED, "last_modified": "Sun, 19 Jul 2026 00:00:00 GMT", "etag": None},
        feed_unless("if-modified-since", "Sun, 19 Jul 2026 00:00:00 GMT"),
        task={"last_modified": "Sun, 19 Jul 2026 00:00:00 GMT"},
    ),
    Case(
        "an ETag of another body brings the new one",
        READ | {"etag": '"1"'},
        feed_unless("if-none-match", '"1"'),
        task={"etag": '"0"'},
    ),
    Case(
        "304 to a question that was not asked is no success",
        fails("http_304", status=304),
        Answer(status=304),
    ),
    Case(
        "the same body again is not read again",
        {"outcome": Outcome.UNCHANGED, "status": 200, "feed": None, "body_hash": HASH, "etag": '"8"'},
        Answer(RSS, headers=headers(ETag='"8"')),
        task={"body_hash": HASH, "etag": '"7"'},
    ),
    *(
        Case(
            f"{status} is a failure of its own",
            fails(f"http_{status}", status=status, retry_after=None),
            Answer(RSS, status),
        )
        for status in (400, 401, 403, 404, 410, 451, 500, 503)
    ),
    Case(
        "429 with seconds", fails("http_429", retry_after=90.0), Answer(b"", 429, headers(Retry_After="90"))
    ),
    Case(
        "429 with a date",
        fails("http_429", retry_after=3600.0),
        Answer(b"", 429, headers(Retry_After=format_datetime(NOW + timedelta(hours=1), usegmt=True))),
    ),
    Case(
        "429 with a date that is past",
        fails("http_429", retry_after=0.0),
        Answer(b"", 429, headers(Retry_After=format_datetime(NOW - timedelta(hours=1), usegmt=True))),
    ),
    *(
        Case(
            f"Retry-After {value!r} says nothing",
            fails("http_503", retry_after=None),
            Answer(b"", 503, headers(Retry_After=value)),
        )
        for value in (
            "soon",
            "\u00b2",
            "-5",
            "1.5",
            "Mon, 20 Jul 2026 25:61:61 GMT",
        )
    ),
    Case("an empty body", fails("empty", status=200), Answer(b"")),
    Case("204", fails("empty", status=204), Answer(b"", 204)),
    Case(
        "HTML instead of a feed",
        fails("not_a_feed", status=200),
        Answer(b"<!doctype html><html><body><p>Hello</p></body></html>"),
    ),
    Case("JSON that is no feed", fails("not_a_feed"), Answer(b'{"error": "no"}')),
    Case(
        "JSON that is cut short",
        fails("parse_error"),
        Answer(b'{"version": "https://jsonfeed.org/version/1.1", "items": ['),
    ),
    Case("a body that was cut off", fails("connection"), cut_off),
    Case("an answer that is no HTTP", fails("connection"), no_http),
    Case("a server that hangs up", fails("connection"), hang_up),
    Case("nobody listens", fails("connection"), url="http://127.0.0.1:{closed}/feed", detail="refused"),
    Case("TLS to who speaks none", fails("tls"), url="https://127.0.0.1:{port}/feed"),
    Case("a name that nobody knows", fails("dns"), url="http://nobody.example/feed"),
    Case("too large, as the server says", fails("too_large"), Answer(b"<rss>" + b" " * MAX_BYTES)),
    Case(
        "too large, without saying so",
        fails("too_large"),
        Answer(chunked(*[b" " * 10_000] * 20), headers=headers(Transfer_Encoding="chunked")),
    ),
    Case(
        "too large once unpacked",
        fails("too_large"),
        Answer(gzip.compress(b"<rss>" + b" " * 20_000_000), headers=headers(Content_Encoding="gzip")),
        detail="unpacked",
    ),
    Case(
        "too large after two unpackings",
        fails("too_large"),
        Answer(
            gzip.compress(gzip.compress(b" " * 20_000_000)), headers=headers(Content_Encoding="gzip, gzip")
        ),
    ),
    Case("a permanent redirect is told", READ | {"moved_to": "{press}/feed"}, to("/feed")),
    Case("a chain of permanent redirects is told", READ | {"moved_to": "{press}/feed"}, to("/308")),
    *(
        Case(f"{status} is followed, and not told", READ | {"moved_to": None}, to("/feed", status))
        for status in (302, 303, 307)
    ),
    Case("one temporary step makes a chain temporary", READ | {"moved_to": None}, to("/302")),
    Case(
        "a redirect to a body that we know is told",
        {"outcome": Outcome.UNCHANGED, "moved_to": "{press}/feed"},
        to("/feed"),
        task={"body_hash": HASH},
    ),
    Case("a permanent redirect to what is gone is not the new place", fails("http_404"), to("/nowhere")),
    Case("a permanent redirect to the home page is not the new place", fails("not_a_feed"), to("/home")),
    Case("five redirects are followed", READ | {"moved_to": "{press}/hops/0"}, url="{press}/hops/5"),
    Case("six are not", fails("redirects"), url="{press}/hops/6"),
    Case("a redirect to itself", fails("redirects"), to("/loop"), url="{press}/loop"),
    Case(
        "a redirect without a place", fails("refused", status=301), Answer(b"", 301), detail="leads nowhere"
    ),
    Case("a redirect to a file", fails("refused"), to("file:///etc/hostname"), detail="scheme file"),
    Case("a redirect to data", fails("refused"), to("data:text/xml,<rss/>"), detail="scheme data"),
    Case("a redirect to another protocol", fails("refused"), to("ftp://127.0.0.1/feed"), detail="scheme ftp"),
    Case("a redirect to a private network", fails("refused"), to("http://10.0.0.1/feed"), detail="10.0.0.1"),
    Case(
        "a redirect to where clouds keep secrets",
        fails("refused"),
        to("http://169.254.169.254/latest"),
        detail="169.254.169.254",
    ),
    Case(
        "a redirect with a user name", fails("refused"), to("http://us:er@127.0.0.1/feed"), detail="user name"
    ),
    Case("a redirect that cannot be read", fails("bad_url"), to("http://[::1")),
    Case(
        "a redirect to a port that does not exist",
        fails("bad_url"),
        to("http://127.0.0.1:99999/"),
        detail="Port",
    ),
    Case("a file", fails("refused", status=None), url="file:///etc/hostname", detail="scheme file"),
    Case("a URL that cannot be read", fails("refused"), url="http://[::1"),
    Case("a private network", fails("refused"), url="http://10.0.0.1/feed", detail="10.0.0.1"),
    Case("where clouds keep secrets", fails("refused"), url="http://169.254.169.254/feed"),
    Case(
        "a bug of ours is an outcome",
        fails("error"),
        Answer(RSS.replace(b"Peru", b"crash")),
        detail="a bug of ours",
    ),
    Case("a cookie is set on the way", READ, to("/feed?cookie", 302, Set_Cookie="id=7; Path=/")),
    Case("a server that never answers", fails("timeout"), never, crawl="hurried"),
    Case("a server that drips", fails("timeout"), dripping, crawl="hurried"),
]
NUMBERS = {case.name: number for number, case in enumerate(CASES, start=1)}


@dataclass
class World:
    press: Press
    driven: Driven

    def outcome(self, case: Case) -> PollOutcome:
        return self.driven.polls[case.crawl, NUMBERS[case.name]]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    received = threading.Event()

    def held(request: Request) -> None:
        received.set()
        never(request)

    def after_held(request: Request) -> Answer:
        received.wait()
        return Answer(RSS)

    with ExitStack() as stack:
        server = stack.enter_context(press({}))
        closed = stack.enter_context(closed_port())
        server.routes |= {
            "/feed": Answer(RSS),
            "/feed?cookie": Answer(RSS),
            "/home": Answer(b"<html><body>Welcome</body></html>"),
            "/302": to("/308", 302),
            "/308": to("/feed", 308),
            "/held": held,
            "/after": after_held,
            **endless_name(6),
        }
        tasks: dict[str, list[PollTask]] = {"plain": [], "hurried": []}
        for case in CASES:
            number = NUMBERS[case.name]
            url = case.url.format(press=server.url, number=number, port=server.port, closed=closed)
            if case.route:
                server.routes[url.removeprefix(server.url)] = case.route
            tasks[case.crawl].append(poll(number, url, **case.task))
        driven = drive(
            {
                "plain": crawl([batch(*tasks["plain"])], max_bytes=MAX_BYTES, user_agent=AGENT),
                "hurried": crawl([batch(*tasks["hurried"])], timeout=0.5, user_agent=AGENT),
                # The first is never answered: closing the crawl has to give it up.
                "left": crawl(
                    [batch(poll(1, f"{server.url}/held"), poll(2, f"{server.url}/after"), wait=1)],
                    timeout=3600.0,
                    user_agent=AGENT,
                ),
            },
            crash="crash votes",
        )
        yield World(server, driven)


def poll(number: int, url: str, **more: Any) -> PollTask:
    return PollTask(endpoint_id=number, source_id="press", kind=EndpointKind.FEED, url=url, **more)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_poll_ends_as_it_should(world: World, case: Case) -> None:
    outcome = world.outcome(case)
    for name, value in case.expect.items():
        expected = value.replace("{press}", world.press.url) if isinstance(value, str) else value
        assert getattr(outcome, name) == expected, (name, outcome)
    assert case.detail in outcome.detail
    if outcome.outcome is Outcome.OK:
        assert outcome.feed is not None
        assert [entry.key for entry in outcome.feed.entries] == ["http://example.org/peru-votes"]


def test_every_task_has_one_outcome(world: World) -> None:
    assert set(Counter(world.driven.outcomes).values()) == {1}
    assert len(world.driven.polls) == len(CASES) + 1


def test_a_failure_says_why(world: World) -> None:
    for case in CASES:
        outcome = world.outcome(case)
        if outcome.outcome is Outcome.FAILED:
            assert outcome.detail, case.name


def test_closing_gives_up_what_is_never_answered(world: World) -> None:
    assert [key for key in world.driven.polls if key[0] == "left"] == [("left", 2)]
    assert world.driven.ended


def test_a_server_is_asked_once_whatever_it_answers(world: World) -> None:
    once = [asked.path for asked in world.press.asked if asked.path.startswith("/poll/")]
    assert {path: count for path, count in Counter(once).items() if count > 1} == {}


@pytest.mark.parametrize("header", ["referer", "cookie", "accept-language", "authorization"])
def test_nothing_is_told_that_nobody_needs_to_know(world: World, header: str) -> None:
    assert world.press.asked
    assert [asked.path for asked in world.press.asked if header in asked.headers] == []


def test_every_request_names_the_operator(world: World) -> None:
    assert {asked.headers["user-agent"] for asked in world.press.asked} == {AGENT}


def test_feeds_are_asked_for_as_feeds(world: World) -> None:
    assert all("application/rss+xml" in asked.headers["accept"] for asked in world.press.asked)


def test_robots_txt_is_not_asked_about_feeds(world: World) -> None:
    assert not any(asked.path == "/robots.txt" for asked in world.press.asked)


def test_only_loopback_is_connected_to(world: World) -> None:
    assert set(world.driven.connects) == {"127.0.0.1"}


def test_no_port_is_opened(world: World) -> None:
    assert world.driven.listening == []


def test_the_wire_carries_no_validators_that_we_do_not_have(world: World) -> None:
    [first] = [asked for asked in world.press.asked if asked.path == "/poll/1"]
    assert not {"if-none-match", "if-modified-since"} & set(first.headers)


def test_hosts_that_hang_hold_up_no_other() -> None:
    """As many as are ever in flight beside the good one, each on an address of its own; none of them times out."""
    with ExitStack() as stack:
        good = stack.enter_context(press({"/feed": Answer(RSS)}))
        silent = [Listener(f"127.0.1.{number}") for number in range(1, IN_FLIGHT - 1)]
        for one in silent:
            stack.callback(one.close)
        tasks = [
            poll(number, f"http://127.0.1.{number}:{one.port}/feed")
            for number, one in enumerate(silent, start=1)
        ]
        # What was sent last is taken up first: only after the one answer do all the others hang.
        before, after = (poll(number, f"{good.url}/feed") for number in (IN_FLIGHT, IN_FLIGHT + 1))
        batches = [batch(*tasks, before, wait=1), batch(after)]
        driven = drive({"many": crawl(batches, timeout=3600.0)})
    assert driven.outcomes == [("many", IN_FLIGHT), ("many", IN_FLIGHT + 1)]
    assert {one.outcome for one in driven.polls.values()} == {Outcome.OK}
    assert driven.ended
