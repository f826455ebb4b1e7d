"""What one site offers: its home page is read for its feeds, and every address that may be one is asked once.

    URL ─▶ home page (and robots.txt) ─▶ `crawler.home`: candidates ─▶ asked ─▶ Looked: what was found, what was not

It goes through the one crawl of `crawler.engine`, so the network guard, robots.txt and a host's delay hold here too.
Nothing is kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from archive.errors import FetchError, ParseError
from archive.model import (
    Article,
    EndpointKind,
    Feed,
    PageOutcome,
    PageTask,
    PollOutcome,
    PollTask,
    PublishedFrom,
    RobotsRecord,
)
from crawler import urls
from crawler.clock import Clock
from crawler.engine import Crawl
from crawler.home import Candidate, Home, candidates
from crawler.pool import Workers
from crawler.settings import NetworkSettings
from crawler.sitemaps import Sitemap

MOST_CHILDREN = 2
"""Sitemaps of an index that are looked into: enough to see whether they are fresh."""

FRESH = timedelta(days=7)

# Without an answer from the site itself there is nothing to ask it.
_SILENT = frozenset({"dns", "connection", "timeout", "refused", "bad_url", "redirects", "bad_status"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A feed or sitemap of the site. ``newest``: when its newest entry was published, or its newest page changed."""

    kind: EndpointKind
    url: str
    why: str
    title: str
    format: str
    items: int
    newest: datetime | None
    languages: tuple[str | None, ...]
    keys: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A site, and what it offers, the best first. ``missed``: what was asked in vain, and why.

    ``links``: how many on its page look like links to articles, so that it could be read as a section page.
    """

    url: str
    home: Home
    found: tuple[Found, ...]
    missed: tuple[tuple[str, str], ...]
    links: int = 0


class _Readers(Workers):
    """Workers that read a page for the feeds it names, not for its text, and little of an index of sitemaps."""

    def __init__(self) -> None:
        super().__init__(workers=1)
        self.home_page = Home()
        self.feed_itself: Feed | None = None
        self.links = 0
        self._children = MOST_CHILDREN

    async def page(self, body: bytes, *, timeout: float = 30.0, **settings: Any) -> Article:
        url, content_type = settings["url"], settings.get("content_type")
        self.home_page = await self.home(body, url=url, content_type=content_type, timeout=timeout)
        if not self.home_page.links:
            try:
                self.feed_itself = await self.feed(body, url=url, source_id="look", content_type=content_type)
            except ParseError:
                self.feed_itself = None  # a page like most; what it is not needs no word
        try:
            section = await self.section(body, url=url, source_id="look", content_type=content_type)
            self.links = len(section.entries)
        except ParseError:
            self.links = 0  # nothing on it looks like an article
        return Article(
            title=None,
            author=None,
            published_at=None,
            published_from=PublishedFrom.NONE,
            language=None,
            text="",
        )

    async def sitemap(self, body: bytes, *, timeout: float = 20.0, **settings: Any) -> Sitemap:
        found = await super().sitemap(body, timeout=timeout, **settings)
        kept = found.children[: self._children]
        self._children -= len(kept)
        return replace(found, children=kept)


async def look(
    url: str, network: NetworkSettings, now: Clock, recent: timedelta, told: Callable[[str], None]
) -> Looked:
    """Return what the site at ``url`` offers; ``told`` is given a line for each step.

    Of a sitemap counts what is as ``recent`` as a poll would want it.

    Raises `FetchError` when the site does not answer, or must not be asked.
    """
    readers = _Readers()
    crawl = Crawl(network, now=now, workers=readers, named=[url])
    try:
        await crawl.open(())
        told(f"asking {url}")
        crawl.carrier.send([PageTask(article_id=0, source_id="look", url=url)])
        robots = ""
        page: PageOutcome | None = None
        while page is None:
            for result in await crawl.carrier.receive():
                if isinstance(result, PageOutcome):
                    page = result
                elif isinstance(result, RobotsRecord):
                    robots = result.body or robots  # of the host that it redirects to
        if page.reason in _SILENT:
            raise FetchError(page.reason, page.detail)
        missed = [(page.url, page.reason)] if page.reason and page.reason != "no_text" else []
        if readers.feed_itself is not None:
            itself = Candidate(kind=EndpointKind.FEED, url=page.url, why="you named it")
            found = [_found(itself, page.url, readers.feed_itself, now())]
            return Looked(url=page.url, home=readers.home_page, found=tuple(found), missed=())
        asked = candidates(page.url, readers.home_page, robots)
        told(f"asking {len(asked)} addresses where feeds and sitemaps may be")
        outcomes = await _ask(crawl, asked, now() - recent)
        missed += [
            (one.task.url, one.reason or "empty") for one in outcomes if not (one.feed and one.feed.entries)
        ]
        good = [
            _found(candidate, outcome.moved_to or candidate.url, outcome.feed, now())
            for candidate, outcome in zip(asked, outcomes, strict=True)
            if outcome.feed and outcome.feed.entries
        ]
        return Looked(
            url=page.url,
            home=readers.home_page,
            found=tuple(sorted(_distinct(good), key=lambda one: _rank(one, now()))),
            missed=tuple(missed),
            links=readers.links,
        )
    finally:
        await crawl.close()
        await asyncio.to_thread(readers.close)


async def _ask(crawl: Crawl, asked: Sequence[Candidate], since: datetime) -> list[PollOutcome]:
    """Return the outcome of each candidate, in their order."""
    crawl.carrier.send(
        [
            PollTask(
                endpoint_id=number,
                source_id="look",
                kind=one.kind,
                url=one.url,
                since=since if one.kind is EndpointKind.SITEMAP else None,
            )
            for number, one in enumerate(asked)
        ]
    )
    outcomes: dict[int, PollOutcome] = {}
    while len(outcomes) < len(asked):
        for result in await crawl.carrier.receive():
            if isinstance(result, PollOutcome):
                outcomes[result.task.endpoint_id] = result
    return [outcomes[number] for number in range(len(asked))]


def _found(candidate: Candidate, url: str, feed: Feed, now: datetime) -> Found:
    dates = [entry.published_at for entry in feed.entries if entry.published_at]
    if not dates and feed.changed:
        dates = [min(feed.changed, now)]  # a day without an hour may not be over
    return Found(
        kind=candidate.kind,
        url=url,
        why=candidate.why,
        title=feed.title or candidate.title,
        format=feed.format,
        items=len(feed.entries),
        newest=max(dates, default=None),
        languages=tuple(entry.language for entry in feed.entries),
        keys=frozenset(entry.key for entry in feed.entries),
    )


def _distinct(found: Iterable[Found]) -> Iterator[Found]:
    """Leave out what is at the same address, or offers the same articles, as one before it."""
    addresses: set[str] = set()
    offers: set[tuple[EndpointKind, frozenset[str]]] = set()
    for one in found:
        address = urls.canonical(one.url) or one.url
        if address not in addresses and (one.kind, one.keys) not in offers:
            yield one
        addresses.add(address)
        offers.add((one.kind, one.keys))


def _rank(one: Found, now: datetime) -> tuple[bool, bool, bool]:
    """The fresh before the stale, feeds before sitemaps, what everybody reads before comments; else as found."""
    fresh = one.newest is not None and now - one.newest < FRESH
    comments = any(word in f"{one.title} {one.url}".lower() for word in ("comment", "comentario"))
    return comments, not fresh, one.kind is EndpointKind.SITEMAP
