"""When to poll next, when to try a page again, how long to wait for a disk. Pure functions of what was, and the time.

The archive keeps the answers (``endpoints.next_poll_at``, ``pages.due_at``); no scheduler carries meaning.
Nothing is ever switched off: an endpoint that fails is asked less and less often, once a day at the least.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from archive.model import Outcome, PageOutcome, PagePlan, PageState, PollOutcome, PollPlan

INTERVAL = 15 * 60.0  # seconds, where neither operator nor feed asks for another
LONGEST = 24 * 3600.0
PAGE_WAITS = (600.0, 3600.0, 4 * 3600.0, 12 * 3600.0, 24 * 3600.0)  # seconds before each further try
# Some failures do not pass in ten minutes. A page that is not there twice is not there; a robots.txt that says no
# is asked again when our copy of it has expired.
_FEW_WAITS = {"http_404": (600.0,), "http_410": (600.0,), "robots": (LONGEST,), "no_text": (3600.0, LONGEST)}

# What each failure is called when it stays open as an event.
_BLOCKED = frozenset({"http_401", "http_403", "http_451", "robots"})
_PARSE = frozenset({"parse_error", "parse_timeout", "parse_memory", "worker_died", "empty"})
# Of these an endpoint is in one at a time: a new kind of failure ends the one before.
_STATES = frozenset({"unreachable", "blocked", "http_error", "not_a_feed", "refused"})


def after_poll(
    poll: PollOutcome, *, failures: int, every: float | None, open_events: tuple[str, ...]
) -> PollPlan:
    """Return what a poll does to its endpoint. ``failures`` is how many polls before it failed in a row."""
    base = every or INTERVAL
    if poll.outcome is Outcome.FAILED:
        failures += 1
        interval = min(base * 2.0 ** min(failures, 10), max(LONGEST, base))
        events = [(_event(poll), f"{poll.reason}: {poll.detail}" if poll.detail else str(poll.reason))]
        keep = False
    else:
        failures = 0
        # A feed may ask for less than once a day ("yearly"): it is not given that.
        wish = min(poll.feed.ttl or 0.0, LONGEST) if poll.feed and not every else 0.0
        interval = max(base, wish)
        events = []
        keep = poll.feed is None or poll.feed.complete
    if poll.feed is not None and not poll.feed.complete:
        if poll.feed.capped:
            events.append(("capped", f"{poll.feed.capped} entries past max_entries were not read"))
        if poll.feed.warnings or not poll.feed.capped:
            events.append(("parse_error", "; ".join(poll.feed.warnings) or "the feed is not well-formed"))
    if poll.moved_to is not None:
        events.append(("moved", f"the feed has moved to {poll.moved_to}: put that into sources.yaml"))
    # A wish of the server to be left alone counts for more than any interval, up to a day.
    interval = max(interval, min(poll.retry_after or 0.0, LONGEST))
    shown = {kind for kind, _ in events}
    if poll.outcome is Outcome.FAILED:
        ended = _STATES - shown
    else:
        # A 304 or the same body again says nothing about how that body reads: what it left open stays open.
        unread = poll.feed is None
        ended = frozenset(open_events) - shown - ({"capped", "parse_error"} if unread else set())
    return PollPlan(
        failures=failures,
        interval=interval,
        next_poll_at=poll.at + timedelta(seconds=interval),
        keep=keep,
        events=tuple(events),
        closes=tuple(kind for kind in open_events if kind in ended),
    )


def _event(poll: PollOutcome) -> str:
    reason = poll.reason or "error"
    if reason in _BLOCKED:
        return "blocked"
    if reason in _PARSE:
        return "parse_error"
    if reason in ("not_a_feed", "not_a_sitemap", "no_articles"):
        return "not_a_feed"
    if reason == "refused":
        return reason
    return "http_error" if reason.startswith("http_") else "unreachable"


def after_page(page: PageOutcome) -> PagePlan:
    """Return what a page request does to its page: read, tried again later, or given up with its reason."""
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
