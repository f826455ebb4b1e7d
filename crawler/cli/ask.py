"""Asks for one thing after the other, by the same crawl, guard and robots.txt as the service, and keeps nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from archive.due import RECENT
from archive.errors import FetchError, ParseError
from archive.model import (
    Article,
    EndpointKind,
    PageOutcome,
    PageTask,
    PollOutcome,
    PollTask,
    RobotsRecord,
    Task,
)
from crawler.clock import Clock
from crawler.config import Config

if TYPE_CHECKING:
    from crawler.cli.reading import Offered
    from crawler.pool import Workers

T = TypeVar("T")
Ask = Callable[[Task], Awaitable[PollOutcome | PageOutcome]]

_SOMETHING_ELSE = frozenset({"not_a_feed", "not_a_sitemap", "no_articles"})


def asking(
    config: Config,
    now: Clock,
    work: Callable[[Ask], Awaitable[T]],
    workers: Workers | None = None,
    named: str | None = None,
) -> T:
    """Return what ``work`` makes of the answers; it is given the function that asks.

    ``workers`` are closed. ``named``: the address that the operator typed.
    """
    from crawler import loop
    from crawler.engine import Crawl
    from crawler.pool import Workers

    workers = workers or Workers(workers=1)

    async def run(_stop: asyncio.Event) -> T:
        known = [endpoint.url for source in config.sources for endpoint in source.endpoints]
        own = [named] if named else []
        crawl = Crawl(config.settings.network, now=now, workers=workers, named=(*known, *own))

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

    return asking(config, now, work, named=url)


def endpoint(config: Config, now: Clock, url: str) -> Offered:
    """Ask for what may be a feed, a sitemap or a section page, and return what it turned out to be.

    Raises `FetchError` when it cannot be had, or is none of them.
    """
    from crawler.cli.reading import Reading

    reading = Reading(now() - RECENT)

    async def work(ask: Ask) -> Offered:
        tried: list[PollOutcome] = []
        for kind in EndpointKind:
            outcome = await ask(PollTask(endpoint_id=0, source_id="try", kind=kind, url=url))
            assert isinstance(outcome, PollOutcome)
            tried.append(outcome)
            if outcome.feed is not None:
                return reading.offered(kind, outcome.moved_to or url, outcome.feed)
            if outcome.reason not in _SOMETHING_ELSE:
                break
        said = [*dict.fromkeys(one.detail for one in tried), *reading.feeds(url)]
        raise FetchError(tried[0].reason or "error", "; ".join(said))

    return asking(config, now, work, reading, url)


def endpoint_file(config: Config, now: Clock, path: Path, url: str) -> Offered:
    """Read a file that may be a feed, a sitemap or a section page; ``url`` is the address that it has."""
    from crawler.cli.reading import Reading

    body = path.read_bytes()
    most = config.settings.network.max_entries

    async def work() -> Offered:
        workers = Reading(now() - RECENT)
        errors: list[ParseError] = []
        try:
            for kind in EndpointKind:
                try:
                    if kind is EndpointKind.FEED:
                        feed = await workers.feed(body, url=url, source_id="try", max_entries=most)
                        return workers.offered(kind, url, feed)
                    if kind is EndpointKind.SECTION:
                        feed = await workers.section(body, url=url, source_id="try", max_entries=most)
                        return workers.offered(kind, url, feed)
                    found = await workers.sitemap(body, url=url, source_id="try", max_entries=most)
                except ParseError as error:
                    errors.append(error)
                    if error.reason not in _SOMETHING_ELSE:
                        break
                else:
                    led = tuple(f"it leads to the sitemap {child.url}" for child in found.children)
                    feed = replace(found.feed, warnings=(*found.feed.warnings, *led))
                    return workers.offered(kind, url, feed)
        finally:
            workers.close()
        said = [*dict.fromkeys(error.detail for error in errors), *workers.feeds(url)]
        raise FetchError(errors[0].reason, "; ".join(said))

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
