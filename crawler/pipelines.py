"""From the crawl into the archive, and from its change queue through the matcher: where one bad thing is put aside.

    ingest         results ─▶ articles                one transaction for all that waited, a savepoint for each
    take_matches   change queue ─▶ matcher ─▶ hits     in a reader thread
    store_matches  hits ─▶ matches                     one transaction, a savepoint for each article
    take_stored, store_stored   the same for stored articles and topics that are new or changed

What makes one of these fail is said, and the rest goes on; only where the file fails (a full disk), nothing does.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from archive import known as stored
from archive import ledger, merge, queue, rematch, standing, store
from archive.connect import transaction
from archive.match import Matcher
from archive.model import (
    Change,
    Hit,
    KnownArticle,
    KnownPage,
    Outcome,
    PageOutcome,
    PageState,
    PollOutcome,
    Result,
    RobotsRecord,
)
from archive.reach import admit_new
from crawler import coverage, recognise, refetch, schedule, strayed
from crawler import ingest as deciding

# SQLite's codes for a file that fails, whatever is put into it: full, read-only, locked, broken, gone.
_OF_THE_FILE = frozenset({
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM,
})  # fmt: skip

MATCH_BATCH = 100  # articles
_REACH = (MATCH_BATCH, 1_000, 10_000, 100_000)  # how far to look behind the rows of those that were put aside

Chance = Callable[[], float]
Matched = tuple[queue.Changed, Mapping[str, tuple[Hit, ...]]]  # an article, and topic id to its hits
Aside = dict[int, int]
"""Articles that make the matcher fail, and the change at which they did. They stay in the queue, and out of the way
until they change, or until the next start, which may have been an update."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Tally:
    """What a pass came to, for its summary. ``failed`` names the polls that could not be read.

    Whoever has told the names may empty the list; ``told`` keeps their number.
    """

    polled: int = 0
    told: int = 0
    failed: list[str] = field(default_factory=list)
    entries: int = 0
    new: int = 0
    pages: int = 0
    articles: int = 0

    @property
    def unread(self) -> int:
        """How many polls could not be read."""
        return self.told + len(self.failed)

    def add(self, other: Tally) -> None:
        """Count another batch in."""
        self.polled += other.polled
        self.told += other.told
        self.failed += other.failed
        self.entries += other.entries
        self.new += other.new
        self.pages += other.pages
        self.articles += other.articles


def ingest(conn: sqlite3.Connection, results: Sequence[Result], chance: Chance = lambda: 0.0) -> Tally:
    """Store what came back from the crawl. Storing the same result twice changes nothing but the ledger.

    ``chance``: a number from 0 to 1 for each poll, so that those that began together drift apart.
    """
    tally = Tally()
    with transaction(conn):
        for result in results:
            try:
                with transaction(conn):
                    part = _store(conn, result, chance)
            except Exception as error:
                if of_the_file(error):
                    raise  # nothing is wrong with the result, and nothing of the batch stays
                # A result that makes us fail, in whatever way, must not stop the rest, nor come back at once.
                log.exception("a result could not be stored: %s", _named(result))
                part = _store_failure(conn, result, error, chance)
            tally.add(part)
        admit_new(conn)
    return tally


def of_the_file(error: BaseException) -> bool:
    """Tell whether ``error`` says that the database fails (a full disk, a lock), not what was put into it."""
    # The extended codes carry the plain one in their lowest byte.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _OF_THE_FILE


def _store(conn: sqlite3.Connection, result: Result, chance: Chance) -> Tally:
    if isinstance(result, PollOutcome):
        return _store_poll(conn, result, chance)
    if isinstance(result, PageOutcome):
        return _store_page(conn, result)
    store.save_robots(conn, result)
    return Tally()


def _store_failure(conn: sqlite3.Connection, result: Result, error: Exception, chance: Chance) -> Tally:
    if not isinstance(result, PollOutcome | PageOutcome):
        return Tally()  # a robots.txt is asked for again when the copy in memory has expired
    failure = _failed(result, error)
    try:
        with transaction(conn):
            return _store(conn, failure, chance)
    except sqlite3.OperationalError:
        raise  # as above, or as good as that: even a failure of a few words does not go in
    except Exception:
        log.exception("nor could its failure be stored: %s", _named(result))
        return _count(failure)


def _failed(result: PollOutcome | PageOutcome, error: Exception) -> PollOutcome | PageOutcome:
    """Return the failure of a task whose result is strange; of that, nothing is kept but when it came."""
    # Half characters, of which SQLite takes none, may be quoted in the error.
    detail = f"{type(error).__name__}: {error}".encode("utf-8", "replace").decode()[:500]
    if isinstance(result, PollOutcome):
        return PollOutcome(
            task=result.task, at=result.at, outcome=Outcome.FAILED, reason="error", detail=detail
        )
    return PageOutcome(
        task=result.task,
        at=result.at,
        outcome=Outcome.FAILED,
        url=result.task.url,
        reason="error",
        detail=detail,
    )


def _named(result: Result) -> str:
    if isinstance(result, PollOutcome | PageOutcome):
        return f"{result.task.source_id} {result.task.url}"
    return f"{result.host}/robots.txt" if isinstance(result, RobotsRecord) else f"a {type(result).__name__}"


def _count(result: PollOutcome | PageOutcome) -> Tally:
    """Return what a result counts for by itself."""
    if isinstance(result, PageOutcome):
        return Tally(pages=1)
    tally = Tally(polled=1)
    if result.outcome is Outcome.FAILED:
        tally.failed.append(f"{_named(result)}: {result.reason}: {result.detail}")
    return tally


def _store_poll(conn: sqlite3.Connection, poll: PollOutcome, chance: Chance) -> Tally:
    tally = _count(poll)
    state = ledger.endpoint_state(conn, poll.task.endpoint_id)
    reading = None
    if poll.feed is not None:
        tally.entries = len(poll.feed.entries)
        entries = deciding.merge_same(poll.feed.entries)
        known = recognise.known(conn, poll, entries)
        entries = deciding.merge_same(entries, known)
        # A link that does not say when it is from is news when it comes, not when it was there before we looked.
        maybe = [entry.key for entry in entries if entry.timeless and entry.key not in known]
        first, language = coverage.first_contact(state), poll.task.language
        stood = standing.standing(conn, poll.task.endpoint_id, maybe, poll.at, first=state.last_ok_at is None)
        entries = [entry for entry in entries if entry.key not in stood]
        reading = coverage.reading(entries, known, state, poll.at)
        # Feeds list the newest first; stored oldest first, a newer article has a higher id.
        for entry in reversed(entries):
            intent = deciding.decide(entry, known.get(entry.key), language=language, now=poll.at)
            backfill = first and coverage.old_news(entry, poll.at)
            store.apply_entry(conn, intent, poll, pages=state.pages, backfill=backfill)
            tally.new += intent.change is Change.NEW
        recognise.remember(conn, poll, entries, known)
    odd = coverage.looks_odd(poll, state, reading)
    before = ledger.before(conn, poll, state) if odd else None
    plan = schedule.after_poll(poll, state, reading, before, jitter=chance())
    ledger.finish_poll(conn, poll, state, plan, reading, new=tally.new)
    return tally


def _store_page(conn: sqlite3.Connection, page: PageOutcome) -> Tally:
    tally = _count(page)
    task = page.task
    was = stored.by_id(conn, task.article_id)
    known_page = stored.page(conn, task.article_id) or KnownPage()
    first = known_page.read_at is None
    if was is not None and not first:
        led = [(url, why, *merge.owner(conn, url)) for url, why in deciding.aliases(page)]
        page = strayed.distrust(page, was, led)
    landed = deciding.landed(page) if first or page.article is not None else None
    if was is not None and landed is not None:
        store.move(conn, task.article_id, landed)
    title = None
    if page.article is not None and was is not None:
        fields, title = deciding.merge_page(page.article, was), deciding.page_title(page.article)
        store.change_article(conn, was, fields, "page read" if not was.text else "page revised", page.at)
        # However late its page was read: how old it is now says nothing of how old it was.
        if was.published_at is None and coverage.dated_old(fields.published_at, was.offered_since or page.at):
            store.turned_out_old(conn, task.article_id)
            known_page = stored.page(conn, task.article_id) or known_page
        tally.articles = 1
    if was is not None and (page.article is not None or landed is not None):
        for url, why in deciding.aliases(page):
            if first or _may_be_one(conn, was, url, why):
                store.add_alias(conn, task.article_id, url, why, page.at)
    plan = refetch.plan(page, known_page)
    if plan.state in (PageState.FAILED, PageState.GONE):
        log.info("page %s: %s: %s %s", plan.state, task.url, page.reason, page.detail)
    store.finish_page(conn, page, plan, title)
    refused = ledger.pages_refused(conn, task.source_id)
    count = coverage.refused_in_a_row(page, refused)
    if count != refused:
        ledger.count_refused(conn, task.source_id, count, coverage.pages_blocked(count), page.at)
    return tally


def _may_be_one(conn: sqlite3.Connection, was: KnownArticle, url: str, why: str) -> bool:
    """Tell whether ``url``, named by a page that was read before, is not the address of an article of other words."""
    owner, _ = merge.owner(conn, url)
    if why == strayed.REDIRECT or owner in (None, was.article_id):
        return True  # where its redirects end, the words that were read there have been compared
    other = stored.by_id(conn, owner)
    return other is not None and strayed.shared(other.text, was.text, whole=True) >= strayed.OWN


def take_matches(conn: sqlite3.Connection, matcher: Matcher, aside: Aside) -> tuple[int, list[Matched]]:
    """Match articles that wait; return how many were taken up, and what was found in those that could be matched.

    An article that makes the matcher fail goes ``aside``, and is not taken up again as it stands.
    """
    todo: list[queue.Changed] = []
    for reach in _REACH:
        waiting = queue.take(conn, reach)
        todo = [one for one in waiting if aside.get(one.article_id) != one.upto][:MATCH_BATCH]
        if todo or not waiting:
            break
    results: list[Matched] = []
    for one in todo:
        try:
            results.append((one, matcher.match(one.fields)))
        except Exception as error:  # noqa: BLE001 - see the top
            _put_aside(aside, one, "made", error)
    return len(todo), results


def store_matches(
    conn: sqlite3.Connection,
    results: Sequence[Matched],
    versions: Mapping[str, str],
    aside: Aside,
    now: datetime,
) -> int:
    """Store what was found, and take the articles out of the queue; return how many matches are new."""
    new = 0
    with transaction(conn):
        for one in results:
            try:
                with transaction(conn):
                    new += queue.confirm(conn, [one], versions, now)
                    if one[1]:
                        _watch(conn, one[0].article_id)
            except Exception as error:
                if of_the_file(error):
                    raise
                _put_aside(aside, one[0], "stored", error)
    return new


def take_stored(
    conn: sqlite3.Connection, matcher: Matcher, work: rematch.Work
) -> tuple[int | None, list[rematch.Result]]:
    """Match the next stored articles with topics that are new or changed; return up to which, and what was found.

    Up to None: there are no more. An article that makes the matcher fail keeps the matches that it has, and is said.
    """
    articles = rematch.take(conn, rematch.restricted(conn, work, matcher.topics))
    results: list[rematch.Result] = []
    for article in articles:
        try:
            found = matcher.match(article.fields)
        except Exception:
            log.exception("the stored article %d could not be matched", article.article_id)
            continue
        results.append(
            (article, {topic_id: hits for topic_id, hits in found.items() if topic_id in work.topics})
        )
    return articles[-1].article_id if articles else None, results


def store_stored(
    conn: sqlite3.Connection,
    work: rematch.Work,
    taken: tuple[int | None, list[rematch.Result]],
    versions: Mapping[str, str],
    now: datetime,
) -> rematch.Gains:
    """Store what `take_stored` found; return what it came to."""
    with transaction(conn):
        gains = rematch.store(conn, work, *taken, versions, now)
        for article, found in taken[1]:
            if found:
                _watch(conn, article.article_id, now)
        return gains


def _watch(conn: sqlite3.Connection, article_id: int, now: datetime | None = None) -> None:
    """Have the page of an article that matches fetched again, if nothing does yet.

    ``now``: it was found by a topic that is new, and what was missed before does not count.
    """
    page = stored.page(conn, article_id)
    if page is not None and page.asked_at is not None and page.again_at is None:
        store.fetch_again(conn, article_id, refetch.again(page, now or page.asked_at))


def _put_aside(aside: Aside, one: queue.Changed, what: str, error: Exception) -> None:
    aside[one.article_id] = one.upto
    log.error("the matches of article %d could not be %s: %s", one.article_id, what, error, exc_info=error)
