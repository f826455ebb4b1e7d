"""Pages, with robots.txt before them, from real servers through the open crawl to the outcome."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from archive.model import Outcome, PageOutcome, PageTask, PublishedFrom, RobotsRecord
from crawler.robots import IN_LOOP, UNREACHABLE_LIFETIME
from tests.crawler.server import (
    NOW,
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

PARAGRAPH = (
    "The president of Peru said on Sunday that the polls would stay open until the last voter had voted. "
)
PAGE = f"""<!doctype html><html lang="es"><head><title>Peru votes | Daily</title>
<meta property="og:title" content="Peru votes"><meta name="author" content="Ana Quispe">
<meta property="og:site_name" content="Daily"><link rel="canonical" href="/canonical">
<script type="application/ld+json">{{"@type": "NewsArticle", "datePublished": "2026-07-19T08:00:00-05:00"}}</script>
</head><body><article><h1>Peru votes</h1><p>{PARAGRAPH * 3}</p><p>{PARAGRAPH * 2}</p></article></body></html>""".encode()
TOUCHED = "Sun, 19 Jul 2026 12:00:00 GMT"
HASH = hashlib.sha256(PAGE).hexdigest()
HOLLOW = b"<!doctype html><html><head><title>Loading</title></head><body><div id=app></div></body></html>"


def robots(text: str, status: int = 200) -> Answer:
    return Answer(text.encode(), status)


def to(place: str, status: int = 301) -> Answer:
    return Answer(b"", status, (("Location", place),))


def hang_up(request: Request) -> None:
    request.hang_up()


def tagged(request: Request) -> Answer:
    """A page that is told apart by its tag, and by when it was last touched."""
    if request.sent.get("if-none-match") == '"t1"' or request.sent.get("if-modified-since") == TOUCHED:
        return Answer(b"", 304, (("Cache-Control", "max-age=60"),))
    return Answer(
        PAGE, headers=(("ETag", '"t1"'), ("Last-Modified", TOUCHED), ("Cache-Control", "public, max-age=600"))
    )


# One host each: its robots.txt, and what else it has beside a page at /page.
HOSTS: dict[str, dict[str, Route]] = {
    "open": {
        "/crash": Answer(PAGE.replace(b"Quispe", b"crash")),
        "/hollow": Answer(HOLLOW),
        "/empty": Answer(b""),
        "/refresh": Answer(
            HOLLOW.replace(b"<title>", b"<meta http-equiv=refresh content='0; url=/page'><title>")
        ),
        "/picture": Answer(b"\x89PNG\r\n\x1a\n" + bytes(100), headers=(("Content-Type", "image/png"),)),
        "/403": Answer(PAGE, 403),
        "/404": Answer(PAGE, 404),
        "/410": Answer(PAGE, 410),
        "/429": Answer(b"", 429, (("Retry-After", "60"),)),
        "/hang-up": hang_up,
        "/moved": to("/page"),
        "/tagged": tagged,
        "/304": Answer(b"", 304),
        "/gone": to("/"),
        "/": Answer(PAGE),
        "/wall": to("/consent?next=/wall"),
        "/consent?next=/wall": Answer(PAGE),
        "/to-file": to("file:///etc/hostname"),
        "/to-private": to("http://192.168.1.1/admin"),
        "/to-closed": to("{closed}/private/page"),
    },
    "rules": {
        "/robots.txt": robots(
            "User-agent: *\nDisallow: /private\nAllow: /private/press\n\nUser-agent: evil\nDisallow: /"
        ),
        "/private/page": Answer(PAGE),
        "/private/press/page": Answer(PAGE),
        "/inwards": to("/private/page", 302),
        **{f"/news/{number}": Answer(PAGE) for number in range(12)},
    },
    "us": {"/robots.txt": robots("User-agent: *\nAllow: /\n\nUser-agent: LimaDesk/2.0\nDisallow: /page\n")},
    "mark": {"/robots.txt": Answer("\ufeffUser-agent: *\nDisallow: /page\n".encode())},
    "503": {"/robots.txt": robots("User-agent: *\nAllow: /", 503)},
    "403": {"/robots.txt": robots("User-agent: *\nDisallow: /", 403)},
    "broken": {"/robots.txt": hang_up},
    "large": {"/robots.txt": robots("User-agent: *\nDisallow: /page\n" + "# filling\n" * 70_000)},
    "cut": {"/robots.txt": robots("# filling\n" * 60_000 + "User-agent: *\nDisallow: /page\n")},
    "many": {
        "/robots.txt": robots(
            "User-agent: *\nDisallow: /page\n" + "".join(f"Disallow: /*/{n}$\n" for n in range(3000))
        ),
        **{f"/news/{number}": Answer(PAGE) for number in range(4)},
    },
    "endless": {"/robots.txt": robots("User-agent: *\nAllow: /\n" + "# crash\n" * 3000)},
    "around": {"/robots.txt": to("/robots.txt")},
    "elsewhere": {"/robots.txt": to("{mark}/robots.txt")},
    "inside": {"/robots.txt": to("http://10.0.0.1/robots.txt")},
    "html": {"/robots.txt": Answer(PAGE)},
    "kept": {},
    "expired": {"/robots.txt": robots("User-agent: *\nDisallow: /")},
    "patient": {"/robots.txt": robots("", 500)},
    "worn": {"/robots.txt": robots("", 500)},
}


@dataclass(frozen=True)
class Case:
    """A page of a host; ``{closed}`` in ``path`` makes it a URL of its own."""

    name: str
    host: str
    expect: dict[str, Any]
    path: str = "/page"
    task: dict[str, Any] = field(default_factory=dict)
    detail: str = ""


def fails(reason: str, **more: Any) -> dict[str, Any]:
    return {"outcome": Outcome.FAILED, "reason": reason, "article": None, "retry": True, **more}


def disallowed(why: str) -> dict[str, Any]:
    return fails("robots", robots=why, detail=why, status=None)


def read(why: str = "there is no robots.txt (404)", **more: Any) -> dict[str, Any]:
    return {"outcome": Outcome.OK, "status": 200, "reason": None, "robots": why, **more}


CASES = [
    Case("no robots.txt allows", "open", read(at=NOW, bytes=len(PAGE), url="{host}/page")),
    Case("a redirect tells where it led", "open", read(url="{host}/page"), "/moved"),
    Case("403", "open", fails("http_403", status=403), "/403"),
    Case("404", "open", fails("http_404", status=404), "/404"),
    Case("410 is for good", "open", fails("http_410", retry=False), "/410"),
    Case("429 says when", "open", fails("http_429", retry_after=60.0), "/429"),
    Case("a page without text", "open", fails("no_text", status=200), "/hollow"),
    Case("a page that sends its readers on", "open", fails("no_text", url="{host}/refresh"), "/refresh"),
    Case(
        "a page that leads to the front page", "open", fails("soft_404", status=200, url="{host}/"), "/gone"
    ),
    Case("a page that leads to a wall", "open", fails("consent"), "/wall"),
    Case("an empty page", "open", fails("empty"), "/empty"),
    Case("a server that hangs up", "open", fails("connection"), "/hang-up"),
    Case("a bug of ours is an outcome", "open", fails("error"), "/crash", detail="a bug of ours"),
    Case("a redirect to a file", "open", fails("refused", retry=False), "/to-file", detail="scheme file"),
    Case(
        "a redirect to a private network",
        "open",
        fails("refused", retry=False),
        "/to-private",
        detail="192.168.1.1",
    ),
    Case(
        "a redirect to a host whose robots.txt is out of reach",
        "open",
        fails("robots", url="{closed}/private/page"),
        "/to-closed",
    ),
    Case("a file", "open", fails("refused", retry=False, status=None), "file:///etc/hostname"),
    Case("a script", "open", fails("refused", retry=False), "javascript:alert(1)"),
    Case("a private network", "open", fails("refused", retry=False, robots=None), "http://10.0.0.1/page"),
    Case("a URL that cannot be read", "open", fails("refused", retry=False), "http://[::1"),
    Case("a rule that says no", "rules", disallowed("robots.txt: Disallow: /private"), "/private/page"),
    Case(
        "a longer rule that says yes",
        "rules",
        read("robots.txt: Allow: /private/press"),
        "/private/press/page",
    ),
    Case("no rule", "rules", read("robots.txt has no rule for it")),
    Case(
        "a redirect to what is disallowed",
        "rules",
        disallowed("robots.txt: Disallow: /private") | {"url": "{host}/private/page"},
        "/inwards",
    ),
    *(
        Case(f"page {n} of one host", "rules", read("robots.txt has no rule for it"), f"/news/{n}")
        for n in range(12)
    ),
    Case("a rule for the operator's own name", "us", disallowed("robots.txt: Disallow: /page")),
    Case("a byte order mark hides no rule", "mark", disallowed("robots.txt: Disallow: /page")),
    Case("503 disallows", "503", disallowed("robots.txt answered 503")),
    Case("403 allows", "403", read("there is no robots.txt (403)")),
    Case("no answer disallows", "broken", disallowed("robots.txt could not be reached")),
    Case("a file that is very long counts", "large", disallowed("robots.txt: Disallow: /page")),
    Case("what stands beyond 500 KiB does not", "cut", read("robots.txt has no rule for it")),
    Case("a file with very many rules counts", "many", disallowed("robots.txt: Disallow: /page")),
    *(
        Case(
            f"page {n} of a host with very many rules",
            "many",
            disallowed(f"robots.txt: Disallow: /*/{n}$"),
            f"/news/{n}",
        )
        for n in range(2)
    ),
    Case("a file that nobody can read disallows", "endless", disallowed("robots.txt could not be reached")),
    Case("redirects without end mean that there is none", "around", read("there is no robots.txt (302)")),
    Case(
        "a redirect to another host's file counts here",
        "elsewhere",
        disallowed("robots.txt: Disallow: /page"),
    ),
    Case(
        "a redirect into a private network is out of reach",
        "inside",
        disallowed("robots.txt could not be reached"),
    ),
    Case("an HTML page has no rules", "html", read("robots.txt has no rule for it")),
    Case("a file that the archive keeps counts", "kept", disallowed("robots.txt: Disallow: /page")),
    Case("one that has expired is asked for again", "expired", disallowed("robots.txt: Disallow: /")),
    Case(
        "after thirty days of failures the last good copy counts",
        "patient",
        disallowed("robots.txt: Disallow: /page"),
    ),
    *(
        Case(
            f"page {n} where nobody can read that copy either",
            "worn",
            disallowed("robots.txt: Disallow: /"),
            f"/{n}",
        )
        for n in range(3)
    ),
    Case(
        "what it is asked with is kept",
        "open",
        {
            "outcome": Outcome.OK,
            "etag": '"t1"',
            "last_modified": TOUCHED,
            "max_age": 600.0,
            "body_hash": HASH,
        },
        "/tagged",
    ),
    Case(
        "it is the one that we have, by its tag",
        "open",
        {
            "outcome": Outcome.NOT_MODIFIED,
            "status": 304,
            "article": None,
            "reason": None,
            "etag": '"t1"',
            "last_modified": None,
            "max_age": 60.0,
            "body_hash": "known",
        },
        "/tagged",
        {"etag": '"t1"', "body_hash": "known"},
    ),
    Case(
        "it is the one that we have, by its date",
        "open",
        {"outcome": Outcome.NOT_MODIFIED, "last_modified": TOUCHED, "body_hash": "known"},
        "/tagged",
        {"last_modified": TOUCHED, "body_hash": "known"},
    ),
    Case(
        "it is the one that we have, to the byte",
        "open",
        {
            "outcome": Outcome.UNCHANGED,
            "status": 200,
            "article": None,
            "reason": None,
            "etag": '"t1"',
            "body_hash": HASH,
        },
        "/tagged",
        {"etag": '"of before"', "body_hash": HASH},
    ),
    Case(
        "it is another than the one that we have",
        "open",
        {"outcome": Outcome.OK, "etag": '"t1"', "body_hash": HASH},
        "/tagged",
        {"etag": '"of before"', "body_hash": "of before"},
    ),
    Case(
        "a 304 to who asked for no such thing",
        "open",
        fails("http_304", status=304),
        "/304",
        {"body_hash": HASH},
    ),
]
NUMBERS = {case.name: number for number, case in enumerate(CASES, start=1)}


@dataclass
class World:
    hosts: dict[str, Press]
    closed: str
    driven: Driven

    def outcome(self, name: str) -> PageOutcome:
        return self.driven.pages["pages", NUMBERS[name]]

    def robots(self, host: str) -> list[RobotsRecord]:
        return self.driven.robots.get(("pages", self.hosts[host].url), [])


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with ExitStack() as stack:
        hosts = {name: stack.enter_context(press({"/page": Answer(PAGE)})) for name in HOSTS}
        closed = f"http://127.0.0.1:{stack.enter_context(closed_port())}"
        for name, routes in HOSTS.items():
            for path, route in routes.items():
                if isinstance(route, Answer):
                    places = [
                        (key, value.format(closed=closed, mark=hosts["mark"].url))
                        for key, value in route.headers
                    ]
                    route = Answer(route.body, route.status, tuple(places))  # noqa: PLW2901 - the same, filled in
                hosts[name].routes[path] = route
        tasks = [
            PageTask(
                article_id=NUMBERS[case.name],
                source_id="press",
                url=hosts[case.host].url + case.path if case.path.startswith("/") else case.path,
                **case.task,
            )
            for case in CASES
        ]
        day = timedelta(days=1)
        known = [
            record(hosts["kept"].url, NOW - day / 2, body="User-agent: *\nDisallow: /page"),
            record(hosts["expired"].url, NOW - 2 * day, body="User-agent: *\nAllow: /"),
            record(
                hosts["patient"].url,
                NOW - 2 * day,
                body="User-agent: *\nDisallow: /page",
                status=500,
                unreachable_since=NOW - 31 * day,
            ),
            record(
                hosts["worn"].url,
                NOW - 2 * day,
                body="User-agent: *\nAllow: /\n" + "# crash\n" * 3000,
                status=500,
                unreachable_since=NOW - 31 * day,
            ),
        ]
        driven = drive(
            {"pages": crawl([batch(*tasks)], robots=known, max_bytes=100_000, user_agent="LimaDesk/2.0")},
            crash="crash",
        )
        yield World(hosts, closed, driven)


def record(host: str, fetched: datetime, *, status: int = 200, **more: Any) -> RobotsRecord:
    return RobotsRecord(
        host=host, fetched_at=fetched, expires_at=fetched + timedelta(days=1), status=status, **more
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_page_ends_as_it_should(world: World, case: Case) -> None:
    outcome = world.outcome(case.name)
    for name, value in case.expect.items():
        expected = (
            value.format(host=world.hosts[case.host].url, closed=world.closed) if name == "url" else value
        )
        assert getattr(outcome, name) == expected, (name, outcome)
    assert case.detail in outcome.detail
    if outcome.outcome is Outcome.OK:
        assert outcome.article is not None
        assert "the polls would stay open" in outcome.article.text


def test_a_page_is_read_with_all_that_it_says(world: World) -> None:
    outcome = world.outcome("no robots.txt allows")
    article = outcome.article
    assert article is not None
    assert (article.title, article.author) == ("Peru votes", "Ana Quispe")
    assert (article.language, article.language_said) == ("en", "es")
    assert article.published_at == datetime(2026, 7, 19, 13, tzinfo=UTC)
    assert article.published_from is PublishedFrom.JSON_LD
    assert article.canonical_url == world.hosts["open"].url + "/canonical"
    assert article.text.count("Peru") >= 5


def test_every_task_has_one_outcome(world: World) -> None:
    assert sorted(world.driven.outcomes) == sorted(("pages", number) for number in NUMBERS.values())


@pytest.mark.parametrize("host", ["open", "rules", "us", "503", "403", "large", "expired", "patient"])
def test_robots_txt_is_fetched_once_for_all_pages_of_a_host(world: World, host: str) -> None:
    assert sum(asked.path == "/robots.txt" for asked in world.hosts[host].asked) == 1
    assert len(world.robots(host)) == 1


def test_a_long_robots_txt_is_parsed_once_and_not_in_the_loop(world: World) -> None:
    bodies = [len(records[0].body) for records in world.driven.robots.values()]
    assert sorted(world.driven.parsed) == sorted(length for length in bodies if length > IN_LOOP)
    assert len(world.driven.parsed) == len({"large", "cut", "many", "endless", "worn"})


def test_a_robots_txt_that_cannot_be_parsed_is_asked_for_again_soon(world: World) -> None:
    known = world.driven.robots["pages", world.hosts["endless"].url]
    [down] = [one for one in known if one.status is None]
    assert (down.unreachable_since, down.expires_at) == (NOW, NOW + UNREACHABLE_LIFETIME)
    assert "Allow: /" in down.body


def test_a_copy_that_cannot_be_parsed_is_left_alone_until_its_host_is_asked_again(world: World) -> None:
    told = world.driven.robots["pages", world.hosts["worn"].url]
    [read] = [one for one in told if one.status is None]
    # It is still known since when, and the copy is still there: a worker may have died by accident.
    assert (read.unreachable_since, read.expires_at) == (NOW - timedelta(days=31), NOW + UNREACHABLE_LIFETIME)
    assert "Allow: /" in read.body
    assert [asked.path for asked in world.hosts["worn"].asked] == ["/robots.txt"]


def test_robots_txt_comes_before_the_pages(world: World) -> None:
    for host, server in world.hosts.items():
        if host != "kept" and server.asked:
            assert server.asked[0].path == "/robots.txt", host


def test_what_is_disallowed_is_never_asked_for(world: World) -> None:
    for case in CASES:
        if case.expect.get("reason") == "robots" and case.path.startswith("/private"):
            assert case.path not in [asked.path for asked in world.hosts[case.host].asked], case.name


def test_what_was_learned_is_told_for_the_archive(world: World) -> None:
    [known] = world.robots("rules")
    assert (known.status, known.fetched_at, known.expires_at) == (200, NOW, NOW + timedelta(hours=24))
    assert known.body.startswith("User-agent: *")
    [down] = world.robots("503")
    assert (down.status, down.unreachable_since) == (503, NOW)
    [still] = world.robots("patient")
    assert (still.unreachable_since, still.body) == (
        NOW - timedelta(days=31),
        "User-agent: *\nDisallow: /page",
    )
    assert world.robots("kept") == []


def test_no_host_is_told_about_another(world: World) -> None:
    asked = [asked for server in world.hosts.values() for asked in server.asked]
    assert not any({"referer", "cookie"} & set(one.headers) for one in asked)
    assert {one.headers["user-agent"] for one in asked} == {"LimaDesk/2.0"}


def test_only_loopback_is_connected_to(world: World) -> None:
    assert set(world.driven.connects) == {"127.0.0.1"}
    assert world.driven.names == []
    assert world.driven.listening == []
