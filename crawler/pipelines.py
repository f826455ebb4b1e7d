"""From the crawl into the archive.

`Deliver` is the only bridge out of Scrapy: it hands each item to the carrier. `ingest` is what the writer
does with the results that the carrier brought: one transaction for all that waited, a savepoint for each,
so that one bad result is put aside and the rest is stored.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from scrapy.crawler import Crawler

from archive import due, store
from archive.connect import transaction
from archive.model import Change, Outcome, PageOutcome, PageState, PollOutcome, Result
from crawler import ingest as deciding
from crawler import schedule

# What a strange result may raise on its way into a table; a number too large for SQLite is an OverflowError.
_STRANGE = (sqlite3.DatabaseError, ValueError, TypeError, KeyError, AssertionError, OverflowError)

log = logging.getLogger(__name__)


class Deliver:
    """Scrapy's item pipeline: every item is a result, and goes to the carrier."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Deliver:
        """Scrapy's way of making one."""
        return cls(crawler)

    def process_item(self, item: Result) -> Result:
        """Hand over one result."""
        spider: Any = self._crawler.spider
        spider.deliver(item)
        return item


@dataclass(slots=True)
class Tally:
    """What a pass came to, for its summary. ``failed`` names the endpoints that could not be read."""

    polled: int = 0
    failed: list[str] = field(default_factory=list)
    entries: int = 0
    new: int = 0
    pages: int = 0
    articles: int = 0

    def add(self, other: Tally) -> None:
        """Count another batch in."""
        self.polled += other.polled
        self.failed += other.failed
        self.entries += other.entries
        self.new += other.new
        self.pages += other.pages
        self.articles += other.articles


def ingest(conn: sqlite3.Connection, results: Sequence[Result]) -> Tally:
    """Store what came back from the crawl. Storing the same result twice changes nothing but the ledger."""
    tally = Tally()
    with transaction(conn):
        for result in results:
            try:
                with transaction(conn):
                    part = _store(conn, result)
            except _STRANGE as error:
                # A result that makes us fail must not stop the rest, and must not come back at once.
                log.exception("a result could not be stored: %s", getattr(result, "task", result))
                part = _store_failure(conn, _failed(result, error))
            tally.add(part)
    return tally


def _store(conn: sqlite3.Connection, result: Result) -> Tally:
    if isinstance(result, PollOutcome):
        return _store_poll(conn, result)
    if isinstance(result, PageOutcome):
        return _store_page(conn, result)
    store.save_robots(conn, result)
    return Tally()


def _store_failure(conn: sqlite3.Connection, result: Result) -> Tally:
    try:
        with transaction(conn):
            return _store(conn, result)
    except sqlite3.OperationalError:
        raise  # a full disk, a locked file: nothing is wrong with the result, and nothing of the batch stays
    except _STRANGE:
        log.exception("nor could its failure: %s", getattr(result, "task", result))
        return Tally()


def _failed(result: Result, error: Exception) -> Result:
    detail = f"{type(error).__name__}: {error}"
    if isinstance(result, PollOutcome):
        return replace(result, outcome=Outcome.FAILED, feed=None, reason="error", detail=detail)
    if isinstance(result, PageOutcome):
        return replace(result, outcome=Outcome.FAILED, article=None, reason="error", detail=detail)
    return result


def _store_poll(conn: sqlite3.Connection, poll: PollOutcome) -> Tally:
    tally = Tally(polled=1)
    endpoint = due.endpoint_state(conn, poll.task.endpoint_id)
    if poll.outcome is Outcome.FAILED:
        tally.failed.append(f"{poll.task.source_id} {poll.task.url}: {poll.reason}: {poll.detail}")
    if poll.feed is not None:
        tally.entries = len(poll.feed.entries)
        entries = deciding.merge_same(poll.feed.entries)
        known = store.known(conn, poll.task.endpoint_id, (entry.key for entry in entries))
        entries = deciding.merge_same(entries, known)
        language = poll.task.language
        # Feeds list the newest first; stored oldest first, a newer article has a higher id.
        for entry in reversed(entries):
            intent = deciding.decide(entry, known.get(entry.key), language=language, now=poll.at)
            known[entry.key] = store.apply_entry(conn, intent, poll, pages=bool(endpoint["pages"]))
            tally.new += intent.change is Change.NEW
    plan = schedule.after_poll(
        poll,
        failures=endpoint["failures"],
        every=endpoint["every"],
        open_events=due.open_events(conn, poll.task.endpoint_id),
    )
    store.finish_poll(conn, poll, plan, known=tally.entries - tally.new, new=tally.new)
    return tally


def _store_page(conn: sqlite3.Connection, page: PageOutcome) -> Tally:
    tally = Tally(pages=1)
    task = page.task
    was = store.known_by_id(conn, task.article_id)
    if page.article is not None and was is not None:
        fields = deciding.merge_page(page.article, was)
        store.change_article(conn, was, fields, "page read" if not was.text else "page revised", page.at)
        tally.articles = 1
        for url, why in deciding.aliases(page):
            store.add_alias(conn, task.article_id, url, why, page.at)
    plan = schedule.after_page(page)
    if plan.state is PageState.FAILED:
        log.info("page given up: %s: %s %s", task.url, page.reason, page.detail)
    store.finish_page(conn, page, plan)
    return tally
