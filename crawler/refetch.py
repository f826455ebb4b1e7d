"""When the page of an article is fetched again. Pure: the archive keeps the answer (``pages.again_at``).

    AGAIN        1, 6 and 24 hours after it was first read: of articles that a topic has found, or of all (``refetch:``)
    its entry    changes in the feed: at once, of any article (`archive.store`)
    max-age      of the page: not before, up to six hours
    late         one request counts for all whose time has passed, and for one that would come within half an hour
    a failure    is tried again after ten minutes and an hour, as if it was never read; then its next time counts
    not there    (404, 410, an error page, no text, another article) is an answer: its next time is asked whether it
                 has come back
    backfill     never by time: what was old at the first contact does not change in the day after it

So a page is asked for four times at most in its first day, with two more tries for each that fails, each time within
the delay of its host and its robots.txt.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from archive.model import KnownPage, Outcome, PageOutcome, PagePlan, PageState, Refetch
from crawler import schedule

AGAIN = (timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))
NEAR = timedelta(minutes=30)
MOST_WAIT = timedelta(
    hours=6
)  # for which max-age keeps us away: a page that says a year has its first day, too
_TRIES = schedule.PAGE_WAITS[:2]

# What says that the page is not there, or is no article any more; not that it could not be asked for.
GONE = frozenset({"http_404", "http_410", "soft_404", "moved_on", "no_text", "empty", "parse_error"})
_FOR_GOOD = frozenset({"http_410", "refused"})


def plan(page: PageOutcome, known: KnownPage) -> PagePlan:
    """Return what a page request does to its page: whether it is there, and when it is asked for next."""
    if known.read_at is None:
        first = schedule.after_page(page)
        if first.state is not PageState.READ:
            return first
        return replace(first, again_at=again(replace(known, read_at=page.at), page.at, page.max_age))
    if page.outcome is not Outcome.FAILED:
        return PagePlan(state=PageState.READ, again_at=again(known, page.at, page.max_age))
    gone = page.reason in GONE
    state = PageState.GONE if gone else known.state
    if page.reason in _FOR_GOOD:
        return PagePlan(state=state)
    if not gone and page.retry and known.tries < len(_TRIES):
        wait = max(_TRIES[known.tries], min(page.retry_after or 0.0, schedule.LONGEST))
        return PagePlan(state=state, again_at=page.at + timedelta(seconds=wait), tries=known.tries + 1)
    return PagePlan(state=state, again_at=again(known, page.at))


def again(known: KnownPage, asked: datetime, max_age: float | None = None) -> datetime | None:
    """Return when a page is fetched again that was asked for at ``asked``, None: not by time.

    ``max_age``: the seconds for which the answer holds, as it says itself.
    """
    if known.read_at is None or known.backfill or known.refetch is Refetch.NONE:
        return None
    if known.refetch is Refetch.MATCHED and not known.matched:
        return None
    since = known.read_at
    next_at = next((since + after for after in AGAIN if since + after > asked + NEAR), None)
    if next_at is None:
        return None
    held = asked + min(timedelta(seconds=min(max_age or 0.0, schedule.LONGEST)), MOST_WAIT)
    return max(next_at, held)
