"""When to poll next, when to try a page again, how long to wait for a disk. Pure functions of what was, and the time.

The archive keeps the answers (``endpoints.next_poll_at``, ``pages.due_at``); no scheduler carries meaning.
Nothing is ever switched off: an endpoint that fails is asked less and less often, once a day at the least.

    pace        how often we would ask by ourselves: shorter while most items are new, longer while most are known
    wishes      of the feed (ttl, sy:) and its server (Cache-Control): no sooner than that
    every       of the operator: stands above both
    weight      of the failures in a row: each lengthens the interval by its kind
    Retry-After stands above all; jitter keeps those apart that began together
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from archive.model import (
    Before,
    EndpointState,
    Outcome,
    PageOutcome,
    PagePlan,
    PageState,
    PollOutcome,
    PollPlan,
    Reading,
)
from crawler import coverage

INTERVAL = 15 * 60.0  # seconds: where everybody begins
SHORTEST = 5 * 60.0
SLOWEST = 2 * 3600.0  # a feed that is quiet all night has an hour's news in the morning
LONGEST = 24 * 3600.0
JITTER = 0.1  # at most so much is added
# Arc serves hundreds of papers from one place, and says 429 to whoever asks more often.
_ARC, ARC_FLOOR = ("/arc/outboundfeeds/", "/arcio/"), 15 * 60.0
# An overrun proves the wishes wrong: asked as rarely as it wants, the feed loses items. They do not count for a while.
_WISHES_LIE = timedelta(days=7)

# How a failure counts: one that passes by itself a quarter, one that may pass half, one that hardly does whole.
_TEMPORARY = frozenset({"dns", "connection"})
_MOST = 10.0  # beyond a thousand intervals it makes no difference

PAGE_WAITS = (600.0, 3600.0, 4 * 3600.0, 12 * 3600.0, 24 * 3600.0)  # seconds before each further try
# Some failures do not pass in ten minutes. A page that is not there twice is not there; a robots.txt that says no
# is asked again when our copy of it has expired.
# What says so with status 200 is believed as slowly; who is asked for consent today is asked tomorrow, too.
_FEW_WAITS = {
    "http_404": (600.0,),
    "http_410": (600.0,),
    "robots": (LONGEST,),
    "no_text": (3600.0, LONGEST),
    "soft_404": (600.0, LONGEST),
    "consent": (LONGEST,),
    "captcha": (4 * 3600.0, LONGEST),
}


def after_poll(
    poll: PollOutcome,
    state: EndpointState,
    reading: Reading | None = None,
    before: Before | None = None,
    *,
    jitter: float = 0.0,
) -> PollPlan:
    """Return what a poll does to its endpoint.

    ``reading``: what it read beside what was offered before, None where it read nothing; ``before``: what
    `coverage.looks_odd` asked for; ``jitter``: from 0 to 1, by chance.
    """
    verdict = coverage.judge(poll, state, reading, before or Before())
    failed = poll.outcome is Outcome.FAILED
    weight = state.weight + weight_of(poll.reason) if failed else 0.0
    ttl = poll.feed.ttl if poll.feed is not None else state.ttl
    pace = state.pace or INTERVAL if failed else _pace(poll, state, reading, overrun=verdict.overrun)
    pace = min(max(pace, floor(poll.task.url)), SLOWEST)
    base = state.every or max(pace, _wishes(poll, state, ttl, overrun=verdict.overrun))
    interval = base
    if failed:
        # Gone for good (410) is asked once a day at once: an editor may have said it by mistake.
        factor = math.inf if poll.reason == "http_410" else 2.0 ** min(weight, _MOST)
        interval = min(base * factor, max(LONGEST, base))
    # A wish of the server to be left alone counts for more than any interval, up to a day.
    interval = max(interval, min(poll.retry_after or 0.0, LONGEST))
    interval = min(interval * (1 + JITTER * min(max(jitter, 0.0), 1.0)), max(LONGEST, interval))
    return PollPlan(
        failures=state.failures + 1 if failed else 0,
        weight=weight,
        pace=pace,
        interval=interval,
        next_poll_at=poll.at + timedelta(seconds=interval),
        keep=not failed and (poll.feed is None or poll.feed.complete),
        events=verdict.events,
        closes=verdict.closes,
        lost=verdict.lost,
        overrun=verdict.overrun,
        moved_to=verdict.moved_to,
        ttl=ttl,
        item_at=verdict.item_at,
        said_304_at=verdict.said_304_at,
        whole_by=verdict.whole_by,
        whole_until=verdict.whole_until,
        habit_at=verdict.habit_at,
    )


def floor(url: str) -> float:
    """Return how soon a host may be asked again at the soonest, in seconds, if its operator wants nothing else."""
    return ARC_FLOOR if any(part in url for part in _ARC) else SHORTEST


def weight_of(reason: str | None) -> float:
    """Return how much a failure counts."""
    if reason in coverage.HARD:
        return 1.0
    return 0.25 if reason in _TEMPORARY else 0.5


def _pace(poll: PollOutcome, state: EndpointState, reading: Reading | None, *, overrun: bool) -> float:
    """Return the pace after a good poll.

    One that came late (the service stood still) finds much that is new, one that came early little: that says
    nothing about the pace.
    """
    was = state.pace or INTERVAL
    if overrun:
        return was / 2
    if state.last_ok_at is None or coverage.first_contact(state):
        return was
    gone = (poll.at - state.last_ok_at).total_seconds() / was
    new = reading.fresh / reading.items if reading is not None and reading.items else 0.0
    if new > 1 / 2 and gone <= 1.5:
        return was / 2
    if new <= 1 / 10 and gone >= 0.75:
        return was * 1.25
    return was


def _wishes(poll: PollOutcome, state: EndpointState, ttl: float | None, *, overrun: bool) -> float:
    """Return how long feed and server want to be left alone. One may ask for a year: it is given a day."""
    if overrun or (state.overrun_at is not None and poll.at - state.overrun_at < _WISHES_LIE):
        return 0.0
    return min(max(ttl or 0.0, poll.max_age or 0.0), LONGEST)


def after_page(page: PageOutcome) -> PagePlan:
    """Return what a request does to a page that was never read: read, tried again later, or given up with its reason.

    What it does to one that was, `crawler.refetch` says.
    """
    if page.outcome is not Outcome.FAILED:
        return PagePlan(state=PageState.READ)
    if page.reason == "refused":
        return PagePlan(state=PageState.REFUSED)
    waits = _FEW_WAITS.get(page.reason or "", PAGE_WAITS)
    if not page.retry or page.task.attempts >= len(waits):
        return PagePlan(state=PageState.FAILED)
    wait = max(waits[page.task.attempts], min(page.retry_after or 0.0, LONGEST))
    return PagePlan(state=PageState.DUE, due_at=page.at + timedelta(seconds=wait))


@dataclass(frozen=True, slots=True)
class Pause:
    """What to leave undone while a database cannot be written: its disk is full, or it is read-only.

    What could not be stored is due again at once, and without a pause the same newspapers would be asked every
    second for what nobody can keep.
    """

    failures: int = 0
    since: datetime | None = None  # the last failure that counted

    @property
    def wait(self) -> timedelta:
        """How long to wait after so many failures: a minute, doubling to an hour."""
        return min(timedelta(minutes=2 ** min(self.failures - 1, 6)), timedelta(hours=1))

    def holds(self, now: datetime) -> bool:
        """Tell whether to wait still. A clock that was set back ends the waiting."""
        return self.since is not None and self.since <= now < self.since + self.wait

    def failed(self, now: datetime) -> Pause:
        """Return what follows a failure. What was under way when it happened fails too, and counts as one."""
        return self if self.holds(now) else Pause(self.failures + 1, now)

    def stored(self, now: datetime) -> Pause:
        """Return what follows a success: forgotten only after as long again without a failure.

        The last of a full disk takes a small result where it refused a large one.
        """
        if self.since is None or self.since <= now < self.since + 2 * self.wait:
            return self
        return Pause()


def maintenance_due(newest: datetime | None, now: datetime) -> bool:
    """Tell whether a single pass is the first of its day (in UTC), by the newest time in the archive before it."""
    return newest is not None and newest.astimezone(UTC).date() < now.astimezone(UTC).date()
