"""The spider: polls and pages go in as tasks, outcomes come out as items. It knows no archive.

PollTask ─▶ request ─▶ feed_arrived ─▶ worker reads it ─▶ PollOutcome
PageTask ─▶ robots.txt ─▶ request ─▶ page_arrived ─▶ worker reads it ─▶ PageOutcome
              any failure on the way ─▶ poll_failed, page_failed ─▶ the outcome, with its reason
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urljoin

from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import DontCloseSpider
from scrapy.http import Response
from twisted.python.failure import Failure
from w3lib.http import basic_auth_header

from archive.errors import FetchError, ParseError
from archive.model import (
    Access,
    Outcome,
    PageOutcome,
    PageTask,
    PollOutcome,
    PollTask,
    Result,
    RobotsRecord,
    Task,
)
from crawler.answers import max_age, retry_after
from crawler.failures import as_fetch_error
from crawler.pool import Workers
from crawler.robots import RobotsBook
from crawler.urls import refusal

FEED_TYPES = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.8"
)
PAGE_TYPES = "text/html, application/xhtml+xml, */*;q=0.5"


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
                headers=_asking(task.access, PAGE_TYPES),
                meta={"robots": True, "access": task.access},
                dont_filter=True,
            )
        headers = _asking(task.access, FEED_TYPES)
        if task.etag:
            headers["If-None-Match"] = task.etag
        if task.last_modified:
            headers["If-Modified-Since"] = task.last_modified
        return Request(
            task.url,
            callback=self.feed_arrived,
            errback=self.poll_failed,
            cb_kwargs={"task": task},
            headers=headers,
            meta={"access": task.access},
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

    async def feed_arrived(self, response: Response, task: PollTask) -> AsyncIterator[Result]:
        """Read the body of a feed, unless it is the one we know."""
        body_hash = hashlib.sha256(response.body).hexdigest()
        common: dict[str, Any] = {
            "task": task,
            "at": self.now(),
            "status": response.status if response.status < 1000 else None,
            "bytes": len(response.body),
            "ms": _ms(response),
            "retry_after": retry_after(_header(response, "Retry-After"), self.now()),
            "max_age": max_age(_header(response, "Cache-Control")),
            "etag": _header(response, "ETag"),
            "last_modified": _header(response, "Last-Modified"),
        }
        if response.status == 304 and (task.etag or task.last_modified):
            # A 304 need not repeat the validators; the ones we sent still hold (RFC 9110, 15.4.5).
            common["etag"] = common["etag"] or task.etag
            common["last_modified"] = common["last_modified"] or task.last_modified
            common["moved_to"] = _moved_to(response)
            yield PollOutcome(outcome=Outcome.NOT_MODIFIED, body_hash=task.body_hash, **common)
            return
        problem = _problem(response)
        if problem is not None:
            yield PollOutcome(outcome=Outcome.FAILED, reason=problem.reason, detail=problem.detail, **common)
            return
        if body_hash == task.body_hash:
            common["moved_to"] = _moved_to(response)
            yield PollOutcome(outcome=Outcome.UNCHANGED, body_hash=body_hash, **common)
            return
        try:
            feed = await self.workers.feed(
                response.body,
                url=response.url,
                source_id=task.source_id,
                content_type=_header(response, "Content-Type"),
                max_entries=self.max_entries,
            )
        except ParseError as error:
            yield PollOutcome(outcome=Outcome.FAILED, reason=error.reason, detail=error.detail, **common)
        else:
            # Only now: many a feed that was given up redirects to the home page, which is not its new place.
            common["moved_to"] = _moved_to(response)
            yield PollOutcome(outcome=Outcome.OK, feed=feed, body_hash=body_hash, **common)

    def poll_failed(self, failure: Failure) -> Iterator[Result]:
        """No answer, or one that was cut off."""
        if self.stopping:
            return  # we hung up ourselves: it stays due
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
            "ms": _ms(response),
            "retry_after": retry_after(_header(response, "Retry-After"), self.now()),
            "robots": response.meta.get("robots_why"),
        }
        problem = _problem(response)
        if problem is None:
            try:
                article = await self.workers.page(
                    response.body,
                    url=response.url,
                    now=self.now(),
                    content_type=_header(response, "Content-Type"),
                    language=task.language,
                )
                if article.text:
                    yield PageOutcome(outcome=Outcome.OK, article=article, **common)
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


def _problem(response: Response) -> FetchError | None:
    """Return what is wrong with the answer as a whole, None when its body can be read."""
    status = response.status
    if not 100 <= status < 600:
        return FetchError("bad_status", f"{str(status)[:20]} is no HTTP status")
    if status == 304:
        return FetchError("http_304", "the server says that nothing changed, but was not asked that")
    if 300 <= status < 400:
        # Redirects to http and https were followed before this; what arrives here leads elsewhere.
        target = urljoin(response.url, _header(response, "Location") or "")
        why = refusal(target) or "the redirect leads nowhere"
        return FetchError("refused", f"redirected to {target}: {why}", retry=False)
    if status >= 400:
        return FetchError(f"http_{status}", f"the server answered {status}", retry=status != 410)
    if status == 204 or not response.body:
        return FetchError("empty", "the answer is empty")
    return None


def _asking(access: Access, types: str) -> dict[str, str]:
    """Return the headers of a request as its source wants them."""
    headers = {"Accept": types, **dict(access.headers)}
    if access.user_agent:
        headers["User-Agent"] = access.user_agent
    if access.username is not None:
        headers["Authorization"] = basic_auth_header(access.username, access.password or "").decode("ascii")
    return headers


def _header(response: Response, name: str) -> str | None:
    value = response.headers.get(name)
    return value.decode("latin-1").strip() or None if value else None


def _ms(response: Response) -> int:
    return int(1000 * response.meta.get("download_latency", 0.0))


def _moved_to(response: Response) -> str | None:
    """Return where a chain of permanent redirects led; one temporary step makes it temporary."""
    reasons = response.meta.get("redirect_reasons", [])
    return response.url if reasons and all(reason in (301, 308) for reason in reasons) else None
