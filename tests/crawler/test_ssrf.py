"""Every line of a well-known list of URLs that reach for private addresses: what becomes of it, and that no socket opens.

The list itself is not ours to hand on; ``tests/cases/ssrf.toml`` says line by line what is expected. Each is tried
as a feed, as a page, and as what a feed redirects to. 127.0.0.2 stands for the public internet; every name there
is means 127.0.0.9.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from archive.model import EndpointKind, PageOutcome, PageTask, PollOutcome, PollTask
from tests.conftest import ROOT
from tests.crawler.server import Answer, Driven, batch, crawl, drive, press

PUBLIC, NAMED = "127.0.0.2", "127.0.0.9"
TABLE = tomllib.loads((ROOT / "tests/cases/ssrf.toml").read_text("utf-8"))

pytestmark = pytest.mark.corpus


def expected(table: dict[str, str]) -> dict[int, str]:
    """Return what the table says of each line."""
    found: dict[int, str] = {}
    for word, ranges in table.items():
        for part in ranges.split(", "):
            first, _, last = part.partition("-")
            for number in range(int(first), int(last or first) + 1):
                assert number not in found, number
                found[number] = word
    return found


def what_became(outcome: PollOutcome | PageOutcome) -> str:
    """Return the word of the table for an outcome."""
    if outcome.reason != "refused":
        return "public" if "the tests do not connect to" in outcome.detail else outcome.reason or "read"
    if f"{NAMED} is not a public address" in outcome.detail:
        return "name"
    if "is not a public address" in outcome.detail:
        return "address"
    return "scheme" if "scheme" in outcome.detail else "syntax"


@dataclass
class World:
    driven: Driven
    lines: list[str]


@pytest.fixture(scope="module")
def world(corpus: Path) -> Iterator[World]:
    text = (corpus / "hostile/ssrf-urls.txt").read_text("utf-8")
    assert hashlib.sha256(text.encode()).hexdigest() == TABLE["sha256"], (
        "this is another list than the table is of"
    )
    lines = text.splitlines()
    with ExitStack() as stack:
        server = stack.enter_context(press({}, host=PUBLIC))
        tasks = []
        for number, line in enumerate(lines, start=1):
            # As it stands there, in UTF-8: what a header holds is up to whoever sends it.
            server.routes[f"/to/{number}"] = Answer(
                b"", 302, (("Location", line.encode().decode("latin-1")),)
            )
            there = f"{server.url}/to/{number}"
            tasks += [poll(number, line), poll(1000 + number, there), page(number, line)]
        driven = drive(
            {"crawl": crawl([batch(*tasks)], allow_private=[f"{PUBLIC}/32"])},
            names={"*": [[NAMED]]},
            timeout=200,
        )
        yield World(driven, lines)


def poll(number: int, url: str) -> PollTask:
    return PollTask(endpoint_id=number, source_id="press", kind=EndpointKind.FEED, url=url)


def page(number: int, url: str) -> PageTask:
    return PageTask(article_id=number, source_id="press", url=url)


def test_each_line_is_refused_for_the_reason_that_the_table_gives(world: World) -> None:
    numbers = range(1, len(world.lines) + 1)
    polls = {number: what_became(world.driven.polls["crawl", number]) for number in numbers}
    assert polls == expected(TABLE["direct"])


def test_as_a_page_it_is_refused_too_and_for_good(world: World) -> None:
    numbers = range(1, len(world.lines) + 1)
    pages = {number: world.driven.pages["crawl", number] for number in numbers}
    # Of a public address the robots.txt is out of reach here, as the whole of it is.
    as_a_page = {"public": "robots"}
    for number, word in expected(TABLE["direct"]).items():
        assert what_became(pages[number]) == as_a_page.get(word, word), world.lines[number - 1]
        assert pages[number].retry is (word == "public")


def test_a_redirect_to_it_is_refused_as_the_table_says(world: World) -> None:
    numbers = range(1, len(world.lines) + 1)
    redirects = {number: what_became(world.driven.polls["crawl", 1000 + number]) for number in numbers}
    assert redirects == expected(TABLE["direct"]) | expected(TABLE["redirect"])


def test_no_socket_opens_but_to_the_server_that_redirects(world: World) -> None:
    assert world.driven.sockets == [PUBLIC]
    assert set(world.driven.connects) - {PUBLIC} == {
        world.lines[number - 1].removeprefix("http://")
        for number, word in expected(TABLE["direct"]).items()
        if word == "public"
    }


def test_the_table_knows_every_line_and_no_word_of_it_is_empty() -> None:
    direct = expected(TABLE["direct"])
    assert sorted(direct) == list(range(1, TABLE["lines"] + 1))
    assert set(direct.values()) == {"scheme", "syntax", "address", "name", "public"}
