from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from scrapy import Request
from scrapy.core.downloader import Slot
from scrapy.http import Response
from scrapy.signalmanager import SignalManager

from archive.model import Access, EndpointKind, PageTask, PollTask
from crawler.engine import scrapy_settings
from crawler.robots import RobotsBook, record
from crawler.settings import NetworkSettings
from crawler.throttle import SLOWEST, Throttle
from tests.crawler.server import NOW, RSS, Answer, Driven, Press, batch, crawl, drive, press

HOST = "http://faro.example"


class Host:
    """One host as the downloader has it, and answers of it that took so many seconds."""

    def __init__(self, delay: float, robots: str = "") -> None:
        book = RobotsBook("presswatch")
        book.add(record(HOST, 200, robots.encode(), NOW, None))
        self.slot = Slot(concurrency=1, delay=delay, jitter=0)
        self.crawler: Any = SimpleNamespace(
            settings=scrapy_settings(NetworkSettings(delay=delay)),
            signals=SignalManager(),
            spider=SimpleNamespace(robots=book),
            engine=SimpleNamespace(
                downloader=SimpleNamespace(slots={"faro.example": self.slot}, _delay=None)
            ),
        )
        self.throttle = Throttle(self.crawler)
        self.throttle._spider_opened(self.crawler.spider)

    def answers(self, seconds: float, status: int = 200, **access: Any) -> float:
        """Have it answer once; returns the pause before the next request."""
        meta = {"download_slot": "faro.example", "download_latency": seconds, "access": Access(**access)}
        request = Request(f"{HOST}/page", meta=meta)
        self.throttle._asked(request)
        self.throttle._response_downloaded(Response(request.url, status=status), request, self.crawler.spider)
        return self.slot.delay


def test_a_host_that_answers_at_once_is_asked_as_often_as_the_operator_says_and_no_more() -> None:
    host = Host(delay=1.0)
    assert host.crawler.engine.downloader._delay == 1.0
    assert [host.answers(0.01) for _ in range(3)] == [1.0, 1.0, 1.0]


def test_a_slow_host_is_left_as_long_as_it_took() -> None:
    host = Host(delay=1.0)
    assert host.answers(8.0) == 8.0


def test_one_that_recovers_is_asked_sooner_step_by_step() -> None:
    host = Host(delay=1.0)
    assert [host.answers(seconds) for seconds in (8.0, 2.0, 0.0, 0.0, 0.0)] == [8.0, 5.0, 2.5, 1.25, 1.0]


def test_an_error_that_comes_quickly_makes_nothing_quicker() -> None:
    host = Host(delay=1.0)
    assert [host.answers(8.0), host.answers(0.0, 503)] == [8.0, 8.0]


def test_no_host_is_left_for_ever() -> None:
    assert Host(delay=1.0).answers(1000.0) == SLOWEST


def test_a_pause_that_is_longer_than_that_is_the_operators() -> None:
    host = Host(delay=600.0)
    assert [host.answers(0.0), host.answers(1000.0)] == [600.0, 600.0]


def test_who_wants_no_pause_gets_none() -> None:
    assert Host(delay=0.0).answers(8.0) == 0.0


@pytest.mark.parametrize("delay", [0.0, 1.0])
def test_a_crawl_delay_is_the_least_pause(delay: float) -> None:
    host = Host(delay=delay, robots="User-agent: *\nCrawl-delay: 7\n")
    assert [host.answers(0.0), host.answers(0.0)] == [7.0, 7.0]


def test_a_crawl_delay_below_the_operators_pause_changes_nothing() -> None:
    assert Host(delay=3.0, robots="User-agent: *\nCrawl-delay: 1\n").answers(0.0) == 3.0


def test_the_crawl_delay_is_that_of_the_name_by_which_we_ask() -> None:
    host = Host(delay=1.0, robots="User-agent: *\nCrawl-delay: 2\n\nUser-agent: limadesk\nCrawl-delay: 9\n")
    assert host.answers(0.0) == 2.0
    assert host.answers(0.0, user_agent="LimaDesk/2.0") == 9.0


# --- in the open crawl ------------------------------------------------------------------------------------


@dataclass
class World:
    driven: Driven
    asked: Press


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with ExitStack() as stack:
        server = stack.enter_context(
            press(
                {
                    "/robots.txt": Answer(b"User-agent: *\nCrawl-delay: 0.01\n"),
                    "/feed": Answer(RSS),
                    "/page": Answer(RSS),
                }
            )
        )
        server.routes["/away"] = Answer(b"", 302, (("Location", f"http://away.example:{server.port}/feed"),))

        def feed(number: int, host: str, path: str) -> PollTask:
            return PollTask(
                endpoint_id=number,
                source_id="press",
                kind=EndpointKind.FEED,
                url=f"http://{host}:{server.port}{path}",
            )

        page = PageTask(article_id=1, source_id="press", url=f"http://wanted.example:{server.port}/page")
        names = {f"{name}.example": [["127.0.0.1"]] for name in ("fed", "wanted", "from", "away")}
        tasks = [feed(1, "fed.example", "/feed"), page, feed(2, "from.example", "/away")]
        driven = drive(
            {
                "none": crawl([batch(*tasks)]),
                "some": crawl([batch(*tasks)], delay=0.001),
            },
            names=names,
        )
        yield World(driven, server)


def test_a_host_whose_robots_txt_was_read_is_asked_at_the_pace_that_stands_there(world: World) -> None:
    assert world.driven.pauses["none"]["wanted.example"] == 0.01
    assert world.driven.pauses["some"]["wanted.example"] >= 0.01


def test_one_that_is_only_polled_is_asked_at_the_pace_of_the_operator(world: World) -> None:
    assert world.driven.pauses["none"]["fed.example"] == 0
    assert world.driven.pauses["some"]["fed.example"] >= 0.001


def test_a_redirect_goes_at_the_pace_of_the_host_to_which_it_leads(world: World) -> None:
    assert {"from.example", "away.example"} <= set(world.driven.pauses["none"])
