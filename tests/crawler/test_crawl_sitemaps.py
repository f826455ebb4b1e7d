"""Sitemaps and section pages, from a real server through the open crawl to the outcome. One process polls them all."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from archive.model import (
    Access,
    EndpointKind,
    Outcome,
    PageOutcome,
    PageTask,
    PollOutcome,
    PollTask,
    Selectors,
)
from tests.crawler.server import (
    NOW,
    RSS,
    Answer,
    Driven,
    Press,
    Request,
    Route,
    batch,
    closed_port,
    crawl,
    drive,
    press,
)

HOUR_AGO = (NOW - timedelta(hours=1)).isoformat()
PAGE = b"""<html><head><title>Peru votes</title></head><body><h1 class="t">Peru votes today</h1>
<div class="b"><p>Polls opened at eight in the morning.</p></div></body></html>"""


def index(*names: str, lastmod: str = HOUR_AGO) -> Answer:
    entries = "".join(f"<sitemap><loc>{name}</loc><lastmod>{lastmod}</lastmod></sitemap>" for name in names)
    return Answer(f"<sitemapindex>{entries}</sitemapindex>".encode(), headers=(("ETag", '"1"'),))


def urlset(*names: str) -> bytes:
    entries = "".join(f"<url><loc>/{name}</loc><lastmod>{HOUR_AGO}</lastmod></url>" for name in names)
    return f"<urlset>{entries}</urlset>".encode()


def cut_off(request: Request) -> None:
    body = urlset("z")
    request.answer(Answer(body, headers=(("Content-Length", str(len(body) + 100)),)))
    request.hang_up()


@dataclass(frozen=True)
class Case:
    """A poll. The routes are asked for under a folder of the case; ``entries`` are the names of what came of it."""

    name: str
    routes: dict[str, Route]
    entries: tuple[str, ...] = ()
    expect: dict[str, Any] = field(default_factory=dict)
    kind: EndpointKind = EndpointKind.SITEMAP
    task: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()  # in this order, the beginning of each


def fails(reason: str, **more: Any) -> dict[str, Any]:
    return {"outcome": Outcome.FAILED, "reason": reason, "feed": None, **more}


LINKS = b'<a href="/2026/07/20/peru-votes">Peru votes for a new Congress</a><a href="/x">Peru</a>'
SECTION = EndpointKind.SECTION

CASES = [
    Case("a sitemap is read", {"map": Answer(urlset("a", "b"))}, ("a", "b"), {"status": 200}),
    Case("a packed sitemap is read", {"map": Answer(gzip.compress(urlset("a")))}, ("a",)),
    Case(
        "a sitemap that came packed twice is read",
        {"map": Answer(gzip.compress(gzip.compress(urlset("a"))), headers=(("Content-Encoding", "gzip"),))},
        ("a",),
    ),
    Case(
        "an index is read within one poll, and the validators are its own",
        {"map": index("1", "2.gz"), "1": Answer(urlset("a"), headers=(("ETag", '"x"'),)), "2.gz": Answer(gzip.compress(urlset("b")))},
        ("a", "b"),
        {"etag": '"1"', "status": 200},
    ),
    Case(
        "an index without times of day leaves no validators: it would say the same tomorrow",
        {"map": index("1", lastmod="2026-07-20"), "1": Answer(urlset("a"))},
        ("a",),
        {"etag": None, "body_hash": None},
    ),
    Case(
        "what is older than the poll asks for is not asked for",
        {"map": index("1", lastmod="2026-07-01"), "1": Answer(urlset("a"))},
        (),
        task={"since": NOW - timedelta(days=3)},
    ),
    Case(
        "bad sitemaps of an index are warnings, and the rest is read",
        {"map": index("gone", "page", "dropped", "good"), "page": Answer(PAGE), "dropped": cut_off, "good": Answer(urlset("a"))},
        ("a",),
        warnings=("{case}/gone: http_404", "{case}/page: not_a_sitemap", "{case}/dropped: connection"),
    ),
    Case(
        "an index of which no sitemap can be read has failed, for the reason of the first",
        {"map": index("gone", "page"), "page": Answer(PAGE)},
        (),
        fails("http_404", detail="none of its 2 sitemaps could be read: the server answered 404"),
    ),
    Case(
        "a server that has enough is asked for nothing more, and left alone for as long as it says",
        {"map": index("1", "2", "3"), "1": Answer(urlset("a")), "2": Answer(b"", 429, (("Retry-After", "900"),)), "3": cut_off},
        ("a",),
        {"retry_after": 900.0},
        warnings=("{case}/2: http_429", "1 more sitemaps were not asked for"),
    ),
    Case(
        "an index within an index is followed",
        {"map": index("inner"), "inner": index("1"), "1": Answer(urlset("a"))},
        ("a",),
    ),
    Case("a feed may stand for a sitemap", {"map": Answer(RSS)}, ("peru-votes",)),
    Case(
        "the index that we know is not followed again",
        {"map": Answer(status=304), "1": cut_off},
        (),
        {"outcome": Outcome.NOT_MODIFIED, "etag": '"1"'},
        task={"etag": '"1"'},
    ),
    Case("a web page is no sitemap", {"map": Answer(PAGE)}, (), fails("not_a_sitemap", detail="an HTML page")),
    Case("a section page is read", {"map": Answer(LINKS)}, ("2026/07/20/peru-votes",), kind=SECTION),
    Case(
        "selectors name the links of a section page",
        {"map": Answer(LINKS)},
        ("2026/07/20/peru-votes", "x"),
        kind=SECTION,
        task={"selectors": Selectors(links="a")},
    ),
    Case("a page without articles is no section page", {"map": Answer(PAGE)}, (), fails("no_articles"), kind=SECTION),
    Case("robots.txt may forbid a section page", {"private": Answer(LINKS)}, (), fails("robots"), kind=SECTION),
    Case("robots.txt does not count for a sitemap", {"private": Answer(urlset("a"))}, ("a",)),
]  # fmt: skip


@dataclass
class World:
    server: Press
    elsewhere: Press
    driven: Driven


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with ExitStack() as stack:
        server = stack.enter_context(press({"/robots.txt": Answer(b"User-agent: *\nDisallow: /*/private\n")}))
        elsewhere = stack.enter_context(press({"/1": Answer(urlset("a"))}))
        closed = stack.enter_context(closed_port())
        tasks: list[Any] = []
        for number, case in enumerate(CASES, start=1):
            server.routes |= {f"/{number}/{name}": route for name, route in case.routes.items()}
            url = f"{server.url}/{number}/{next(iter(case.routes))}"
            tasks.append(
                PollTask(endpoint_id=number, source_id="press", kind=case.kind, url=url, **case.task)
            )
        # Sitemaps on another port of the host: what lets us in here is not told there, and a closed one is a warning.
        server.routes["/locked"] = index("/locked/1", f"{elsewhere.url}/1", f"http://127.0.0.1:{closed}/2")
        server.routes["/locked/1"] = Answer(urlset("b"))
        secret = Access(username="desk", password="sesame", headers=(("X-Key", "7"),), user_agent="Desk/1")
        tasks.append(
            PollTask(
                endpoint_id=100,
                source_id="press",
                kind=EndpointKind.SITEMAP,
                url=f"{server.url}/locked",
                access=secret,
            )
        )
        server.routes["/story"] = Answer(PAGE)
        tasks += [
            PageTask(
                article_id=200 + number, source_id="press", url=f"{server.url}/story", selectors=selectors
            )
            for number, selectors in (
                (1, Selectors(title="h1.t", text=".b")),
                (2, Selectors(author=".nobody")),
            )
        ]
        yield World(server, elsewhere, drive({"plain": crawl([batch(*tasks)])}))


def outcome(world: World, number: int) -> PollOutcome:
    return world.driven.polls["plain", number]


@pytest.mark.parametrize(
    ("number", "case"), list(enumerate(CASES, start=1)), ids=[case.name for case in CASES]
)
def test_a_poll_ends_as_it_should(world: World, number: int, case: Case) -> None:
    poll = outcome(world, number)
    expect = {"outcome": Outcome.OK, "reason": None} | case.expect
    assert {name: getattr(poll, name) for name in expect} == expect
    entries = poll.feed.entries if poll.feed else ()
    assert [entry.key.split("/", 3)[3] for entry in entries] == list(case.entries)
    warnings = poll.feed.warnings if poll.feed else ()
    folder = f"{world.server.url}/{number}"
    for warning, beginning in zip(warnings, case.warnings, strict=True):
        assert warning.startswith(beginning.format(case=folder))
    assert not poll.feed or poll.feed.complete is not bool(case.warnings)


def test_every_task_has_one_outcome(world: World) -> None:
    assert len(world.driven.outcomes) == len(set(world.driven.outcomes)) == len(CASES) + 3


def test_each_file_is_asked_for_once(world: World) -> None:
    asked = [one.path for one in world.server.asked if one.path != "/story"]
    assert [path for path, count in Counter(asked).items() if count > 1] == []
    for number, case in enumerate(CASES, start=1):
        unasked = {
            name
            for name in case.routes
            if f"/{number}/{name}" not in asked
        }  # fmt: skip
        left = {
            "what is older": {"1"},
            "a server that has": {"3"},
            "the index that": {"1"},
            "robots.txt may": {"private"},
        }
        assert unasked == next(
            (names for start, names in left.items() if case.name.startswith(start)), set()
        ), case.name


def test_the_bytes_of_a_poll_are_those_of_all_its_files(world: World) -> None:
    number = next(n for n, case in enumerate(CASES, start=1) if case.name.startswith("an index within"))
    bodies = [route.body for route in CASES[number - 1].routes.values() if isinstance(route, Answer)]
    assert outcome(world, number).bytes == sum(map(len, bodies))


def test_what_one_server_is_given_to_let_us_in_is_told_to_no_other(world: World) -> None:
    poll = outcome(world, 100)
    assert poll.feed is not None
    assert {entry.key.rpartition("/")[2] for entry in poll.feed.entries} == {"a", "b"}
    assert len(poll.feed.warnings) == 1  # of the closed port
    here = {one.path: one.headers for one in world.server.asked if one.path.startswith("/locked")}
    assert set(here) == {"/locked", "/locked/1"}
    for headers in here.values():
        assert headers["authorization"].startswith("Basic ")
        assert (headers["x-key"], headers["user-agent"]) == ("7", "Desk/1")
    (there,) = world.elsewhere.asked
    assert not {"authorization", "x-key"} & set(there.headers)


def test_a_section_page_is_asked_for_as_a_page_and_a_sitemap_as_xml(world: World) -> None:
    accepted = {one.path: one.headers["accept"] for one in world.server.asked if "accept" in one.headers}
    for number, case in enumerate(CASES, start=1):
        if case.name.startswith("robots.txt may"):
            continue
        wanted = "text/html" if case.kind is SECTION else "application/xml"
        assert accepted[f"/{number}/{next(iter(case.routes))}"].startswith(wanted)


def page(world: World, number: int) -> PageOutcome:
    return world.driven.pages["plain", 200 + number]


def test_selectors_name_the_parts_of_a_page(world: World) -> None:
    article = page(world, 1).article
    assert article is not None
    assert (article.title, article.text) == ("Peru votes today", "Polls opened at eight in the morning.")
    assert page(world, 1).detail == ""


def test_a_selector_that_finds_nothing_stands_in_the_outcome_of_a_page_that_was_read(world: World) -> None:
    assert page(world, 2).outcome is Outcome.OK
    assert page(world, 2).detail == "selectors.author found nothing on the page (.nobody)"
