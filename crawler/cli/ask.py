"""Asks for one thing after the other, by the same crawl, guard and robots.txt as the service, and keeps nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from archive.errors import FetchError, ParseError
from archive.model import (
    Article,
    EndpointKind,
    Feed,
    PageOutcome,
    PageTask,
    PollOutcome,
    PollTask,
    RobotsRecord,
    Task,
)
from crawler.clock import Clock
from crawler.config import Config

T = TypeVar("T")
Ask = Callable[[Task], Awaitable[PollOutcome | PageOutcome]]

_SOMETHING_ELSE = frozenset({"not_a_feed", "not_a_sitemap", "no_articles"})


def asking(config: Config, now: Clock, work: Callable[[Ask], Awaitable[T]], *named: str) -> T:
    """Return what ``work`` makes of the answers; it is given the function that asks.

    ``named``: addresses that the operator typed.
    """
    from crawler import loop
    from crawler.engine import Crawl
    from crawler.pool import Workers

    async def run(_stop: asyncio.Event) -> T:
        workers = Workers(workers=1)
        known = [endpoint.url for source in config.sources for endpoint in source.endpoints]
        crawl = Crawl(config.settings.network, now=now, workers=workers, named=(*known, *named))

        async def ask(task: Task) -> PollOutcome | PageOutcome:
            crawl.carrier.send([task])
            while True:
                for result in await crawl.carrier.receive():
                    if not isinstance(result, RobotsRecord):
                        return result

        try:
            await crawl.open(())
            return await work(ask)
        finally:
            await crawl.close()
            workers.close()

    return loop.run(run)


def page(config: Config, now: Clock, url: str) -> PageOutcome:
    """Ask for the page of an article."""

    async def work(ask: Ask) -> PageOutcome:
        outcome = await ask(PageTask(article_id=0, source_id="try", url=url))
        assert isinstance(outcome, PageOutcome)
        return outcome

    return asking(config, now, work, url)


def endpoint(config: Config, now: Clock, url: str) -> tuple[EndpointKind, PollOutcome]:
    """Ask for what may be a feed, a sitemap or a section page, and return what it turned out to be."""

    async def work(ask: Ask) -> tuple[EndpointKind, PollOutcome]:
        tried: list[PollOutcome] = []
        for kind in EndpointKind:
            outcome = await ask(PollTask(endpoint_id=0, source_id="try", kind=kind, url=url))
            assert isinstance(outcome, PollOutcome)
            tried.append(outcome)
            if outcome.feed is not None:
                return kind, outcome
            if outcome.reason not in _SOMETHING_ELSE:
                break
        said = "; ".join(dict.fromkeys(one.detail for one in tried))
        return EndpointKind.FEED, replace(tried[0], detail=said)

    return asking(config, now, work, url)


def endpoint_file(config: Config, path: Path, url: str) -> tuple[EndpointKind, Feed]:
    """Read a file that may be a feed, a sitemap or a section page; ``url`` is the address that it has."""
    from crawler.pool import Workers

    body = path.read_bytes()
    most = config.settings.network.max_entries

    async def work() -> tuple[EndpointKind, Feed]:
        workers = Workers(workers=1)
        errors: list[ParseError] = []
        try:
            for kind in EndpointKind:
                try:
                    if kind is EndpointKind.FEED:
                        return kind, await workers.feed(body, url=url, source_id="try", max_entries=most)
                    if kind is EndpointKind.SECTION:
                        return kind, await workers.section(body, url=url, source_id="try", max_entries=most)
                    found = await workers.sitemap(body, url=url, source_id="try", max_entries=most)
                except ParseError as error:
                    errors.append(error)
                    if error.reason not in _SOMETHING_ELSE:
                        break
                else:
                    led = tuple(f"it leads to the sitemap {child.url}" for child in found.children)
                    return kind, replace(found.feed, warnings=(*found.feed.warnings, *led))
        finally:
            workers.close()
        raise FetchError(errors[0].reason, "; ".join(dict.fromkeys(error.detail for error in errors)))

    return asyncio.run(work())


def page_file(path: Path, url: str, now: Clock) -> Article:
    """Read the file of an article's page."""
    from crawler.pool import Workers

    body = path.read_bytes()

    async def work() -> Article:
        workers = Workers(workers=1)
        try:
            return await workers.page(body, url=url, now=now())
        finally:
            workers.close()

    return asyncio.run(work())
