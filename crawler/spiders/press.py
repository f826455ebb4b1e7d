"""The spider: polls and pages go in as tasks, outcomes come out as items. It knows no archive.

PollTask ─▶ request ─▶ poll_arrived ─▶ worker reads it ─┬───────────────────────────────────────▶ PollOutcome
                             of an index of sitemaps ────▶ sitemap_arrived, one after the other ─▶ PollOutcome
PageTask ─▶ robots.txt ─▶ request ─▶ page_arrived ─▶ worker reads it ─▶ PageOutcome
              any failure on the way ─▶ poll_failed, page_failed ─▶ the outcome, with its reason
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime
from typing import Any

from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import DontCloseSpider
from scrapy.http import Response
from twisted.python.failure import Failure

from archive.errors import FetchError, ParseError
from archive.model import (
    EndpointKind,
    Feed,
    Outcome,
    PageOutcome,
    PageTask,
    PollOutcome,
    PollTask,
    Result,
    RobotsRecord,
    Task,
)
from crawler import answers
from crawler.answers import header
from crawler.failures import as_fetch_error
from crawler.pool import Workers
from crawler.robots import RobotsBook
from crawler.sitemaps import Sitemap
from crawler.urls import refusal
from crawler.walk import Walk

_TYPES = {
    EndpointKind.FEED: answers.FEED_TYPES,
    EndpointKind.SITEMAP: answers.SITEMAP_TYPES,
    EndpointKind.SECTION: answers.PAGE_TYPES,
}


class PressSpider(Spider):
    """Reads what it is told to read, and says how it went."""

    name = "press"

    def __init__(
        self,
        *,
        workers: Workers,
        robots: RobotsBook,
        now: Callable[[], datetime],
        max_entries: int,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.workers = workers
        self.robots = robots
        self.now = now
        self.max_entries = max_entries
        self.deliver: Callable[[Result], None] = lambda _: None
        self.learned: list[RobotsRecord] = []  # robots.txt files fetched since the last outcome
        self.stopping = False

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> PressSpider:
        """Scrapy's way of making one."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.stay_open, signal=signals.spider_idle)
        crawler.signals.connect(spider.callback_failed, signal=signals.spider_error)
        return spider

    async def start(self) -> AsyncIterator[Any]:
        """Begin with nothing: the feeder brings the tasks."""
        nothing: tuple[Request, ...] = ()
        for request in nothing:
            yield request

    def stay_open(self) -> None:
        """Keep the crawl open while it has nothing to do, until the service stops."""
        if not self.stopping:
            raise DontCloseSpider

    def request(self, task: Task) -> Request:
        """Return the request for ``task``; raises `FetchError` for a URL that must not be asked for."""
        why = refusal(task.url)
        if why is not None:
            raise FetchError("refused", why, retry=False)
        if isinstance(task, PageTask):
            return Request(
                task.url,
                callback=self.page_arrived,
                errback=self.page_failed,
                cb_kwargs={"task": task},
                headers=answers.asking(task.access, answers.PAGE_TYPES),
                meta={"robots": True, "access": task.access},
                dont_filter=True,
            )
        headers = answers.asking(task.access, _TYPES[task.kind])
        if task.etag:
            headers["If-None-Match"] = task.etag
        if task.last_modified:
            headers["If-Modified-Since"] = task.last_modified
        return Request(
            task.url,
            callback=self.poll_arrived,
            errback=self.poll_failed,
            cb_kwargs={"task": task},
            headers=headers,
            # A feed and a sitemap are given out to programs; a section page is a page.
            meta={"access": task.access, "robots": task.kind is EndpointKind.SECTION},
            # Feeds before pages: what is not discovered in time may be gone.
            priority=10,
            dont_filter=True,
        )

    def callback_failed(self, failure: Failure, response: Response | Failure) -> None:
        """A bug of ours must not leave a task without an outcome: it would be in flight for ever."""
        # What an errback was called with is a Failure; Scrapy puts the request on it.
        task: Task | None = response.request.cb_kwargs.get("task")  # type: ignore[union-attr]
        if task is not None:
            self.deliver(failed(task, as_fetch_error(failure.value), self.now()))

    # --- polls --------------------------------------------------------------------------------------------

    async def poll_arrived(self, response: Response, task: PollTask) -> AsyncIterator[Result | Request]:
        """Read the body of an endpoint, unless it is the one we know."""
        while self.learned:
            yield self.learned.pop(0)
        body_hash = hashlib.sha256(response.body).hexdigest()
        common: dict[str, Any] = {
            "task": task,
            "at": self.now(),
            "status": response.status if response.status < 1000 else None,
            "bytes": len(response.body),
            "ms": answers.ms(response),
            "retry_after": answers.retry_after(response, self.now()),
            "max_age": answers.max_age(header(response, "Cache-Control")),
            "etag": header(response, "ETag"),
            "last_modified": header(response, "Last-Modified"),
        }
        if response.status == 304 and (task.etag or task.last_modified):
            # A 304 need not repeat the validators; the ones we sent still hold (RFC 9110, 15.4.5).
            common["etag"] = common["etag"] or task.etag
            common["last_modified"] = common["last_modified"] or task.last_modified
            common["moved_to"] = answers.moved_to(response)
            yield PollOutcome(outcome=Outcome.NOT_MODIFIED, body_hash=task.body_hash, **common)
            return
        problem = answers.problem(response)
        if problem is not None:
            yield PollOutcome(outcome=Outcome.FAILED, reason=problem.reason, detail=problem.detail, **common)
            return
        if body_hash == task.body_hash:
            common["moved_to"] = answers.moved_to(response)
            yield PollOutcome(outcome=Outcome.UNCHANGED, body_hash=body_hash, **common)
            return
        try:
            found = await self._read(response, task, self.max_entries)
        except ParseError as error:
            detail = error.detail + answers.led_home(response, task.url)
            yield PollOutcome(outcome=Outcome.FAILED, reason=error.reason, detail=detail, **common)
            return
        # Only now: many a feed that was given up redirects to the home page, which is not its new place.
        outcome = {"body_hash": body_hash, **common, "moved_to": answers.moved_to(response)}
        if isinstance(found, Feed):
            yield PollOutcome(outcome=Outcome.OK, feed=found, **outcome)
        else:
            yield self._onward(Walk(response.url, found, self.max_entries), outcome)

    async def _read(self, response: Response, task: PollTask, most: int) -> Feed | Sitemap:
        """Have a worker read the body of ``task``, or of a sitemap that its index led to."""
        about: dict[str, Any] = {
            "url": response.url,
            "source_id": task.source_id,
            "content_type": header(response, "Content-Type"),
            "max_entries": most,
        }
        if task.kind is EndpointKind.SITEMAP:
            return await self.workers.sitemap(response.body, since=task.since, **about)
        if task.kind is EndpointKind.SECTION:
            return await self.workers.section(
                response.body, since=task.since, selectors=task.selectors, **about
            )
        return await self.workers.feed(response.body, **about)

    def _onward(self, walk: Walk, outcome: dict[str, Any]) -> Request | PollOutcome:
        """Return the request for the next sitemap of an index, or the outcome when there are no more."""
        task: PollTask = outcome["task"]
        while (url := walk.next()) is not None:
            why = refusal(url)
            if why is None:
                access = answers.granted(task.access, url, [task.url])
                return Request(
                    url,
                    callback=self.sitemap_arrived,
                    errback=self.sitemap_failed,
                    cb_kwargs={"task": task, "walk": walk, "outcome": outcome},
                    headers=answers.asking(access, answers.SITEMAP_TYPES),
                    meta={"access": access},
                    priority=10,
                    dont_filter=True,
                )
            walk.failed(url, FetchError("refused", why, retry=False))
        feed = walk.feed
        if not walk.settled:
            outcome |= {"etag": None, "last_modified": None, "body_hash": None}
        if feed is None and walk.problem is not None:
            detail = f"none of its {walk.asked} sitemaps could be read: {walk.problem.detail}"
            return PollOutcome(
                **outcome | {"outcome": Outcome.FAILED, "reason": walk.problem.reason, "detail": detail}
            )
        return PollOutcome(outcome=Outcome.OK, feed=feed, **outcome)

    async def sitemap_arrived(
        self, response: Response, task: PollTask, walk: Walk, outcome: dict[str, Any]
    ) -> AsyncIterator[Result | Request]:
        """Read one sitemap of an index, and go on."""
        outcome["bytes"] += len(response.body)
        try:
            problem = answers.problem(response)
            if problem is not None:
                raise problem
            found = await self._read(response, task, walk.room)
            assert isinstance(found, Sitemap)
            walk.read(found)
        except FetchError as error:
            walk.failed(response.request.url if response.request else response.url, error)
            wait = answers.retry_after(response, self.now())
            outcome["retry_after"] = max(outcome["retry_after"] or 0.0, wait or 0.0) or None
        yield self._onward(walk, outcome)

    def sitemap_failed(self, failure: Failure) -> Iterator[Result | Request]:
        """No answer, or one that was cut off: the others may still be read."""
        if self.stopping:
            return  # as in poll_failed
        request: Request = failure.request  # type: ignore[attr-defined]
        walk: Walk = request.cb_kwargs["walk"]
        walk.failed(request.url, as_fetch_error(failure.value))
        yield self._onward(walk, request.cb_kwargs["outcome"])

    def poll_failed(self, failure: Failure) -> Iterator[Result]:
        """No answer, or one that was cut off."""
        if self.stopping:
            return  # we hung up ourselves: it stays due
        while self.learned:
            yield self.learned.pop(0)
        yield failed(
            failure.request.cb_kwargs["task"],  # type: ignore[attr-defined]
            as_fetch_error(failure.value),
            self.now(),
        )

    # --- pages --------------------------------------------------------------------------------------------

    async def page_arrived(self, response: Response, task: PageTask) -> AsyncIterator[Result]:
        """Read the page of an article."""
        while self.learned:
            yield self.learned.pop(0)
        common: dict[str, Any] = {
            "task": task,
            "at": self.now(),
            "url": response.url,
            "status": response.status if response.status < 1000 else None,
            "bytes": len(response.body),
            "ms": answers.ms(response),
            "retry_after": answers.retry_after(response, self.now()),
            "robots": response.meta.get("robots_why"),
        }
        problem = answers.problem(response)
        if problem is None:
            try:
                article = await self.workers.page(
                    response.body,
                    url=response.url,
                    now=self.now(),
                    content_type=header(response, "Content-Type"),
                    language=task.language,
                    selectors=task.selectors,
                )
                if article.text:
                    detail = "; ".join(article.warnings)
                    yield PageOutcome(outcome=Outcome.OK, article=article, detail=detail, **common)
                    return
                problem = FetchError("no_text", "no article text was found on the page")
            except ParseError as error:
                problem = error
        yield PageOutcome(
            outcome=Outcome.FAILED,
            reason=problem.reason,
            detail=problem.detail,
            retry=problem.retry,
            **common,
        )

    def page_failed(self, failure: Failure) -> Iterator[Result]:
        """No answer, or one that was cut off, or robots.txt said no."""
        if self.stopping:
            return  # nor is a robots.txt that we did not wait for unreachable
        while self.learned:
            yield self.learned.pop(0)
        request: Request = failure.request  # type: ignore[attr-defined]
        task: PageTask = request.cb_kwargs["task"]
        yield failed(task, as_fetch_error(failure.value), self.now(), url=request.url)


def failed(task: Task, error: FetchError, now: datetime, url: str | None = None) -> PollOutcome | PageOutcome:
    """Return the outcome of a task that got no answer. ``url``: how far its redirects led."""
    if isinstance(task, PollTask):
        return PollOutcome(
            task=task, at=now, outcome=Outcome.FAILED, reason=error.reason, detail=error.detail
        )
    return PageOutcome(
        task=task,
        at=now,
        outcome=Outcome.FAILED,
        url=url or task.url,
        reason=error.reason,
        detail=error.detail,
        robots=error.detail if error.reason == "robots" else None,
        retry=error.retry,
    )
