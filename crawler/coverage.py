"""What a poll says about coverage: which events it opens and closes, and whether items were missed before it. Pure.

    looks_odd      is there anything to be looked up in the archive before this can be judged?
    judge          PollOutcome, EndpointState, Reading, Before ─▶ Verdict

An event opens once, is counted while it lasts, and is closed by the poll that shows it over (``recovered``). Nobody
can say during an outage whether anything is missed: that is known from the first body after it. What that shares
with the last one before, nothing was lost between.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal

from archive.model import (
    Before,
    EndpointKind,
    EndpointState,
    Entry,
    Gap,
    KnownArticle,
    Outcome,
    PageOutcome,
    PollOutcome,
    Reading,
)
from archive.normalize import fold
from crawler import habits, searches, silence, trust
from crawler.dates import from_url, sane
from crawler.ingest import to_text

POLLS = 3  # an endpoint asked fewer times has no one before to be compared with
PAGES = 5  # refused in a row: before that it may be one paywalled article
# A loss stays open until a daily digest had its chance to tell it, also on the day on which clocks change.
TOLD = timedelta(hours=25)

_BLOCKED = frozenset({"http_401", "http_403", "http_451", "robots"})
_PARSE = frozenset({"parse_error", "parse_timeout", "parse_memory", "worker_died", "empty"})
# What hardly passes by itself.
HARD = frozenset({"http_404", "http_410", "not_a_feed", "not_a_sitemap", "no_articles", "refused", "bad_url"})
# Of these an endpoint is in one at a time: a new kind of failure ends the one before.
STATES = frozenset({"unreachable", "blocked", "http_error", "not_a_feed", "refused", "gone"})
_OF_THE_BODY = frozenset({"capped", "parse_error", "no_items"})
# These end by rules of their own, or are not about polls at all.
_LASTING = frozenset({"overrun", "reidentified", "silent", "stale", "wrong_304", "moved", "pages_blocked"})
KINDS = STATES | _OF_THE_BODY | _LASTING


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a poll shows; the fields are those of `PollPlan`."""

    events: tuple[tuple[str, str], ...] = ()  # no words: those of the open event stand
    closes: tuple[tuple[str, str], ...] = ()
    lost: Gap | Literal[False] | None = False
    overrun: bool = False
    moved_to: str | None = None
    item_at: datetime | None = None
    said_304_at: datetime | None = None
    whole_by: datetime | None = None
    whole_until: datetime | None = None
    habit_at: datetime | None = None


def first_contact(state: EndpointState) -> bool:
    """Tell whether an endpoint has never been read."""
    return state.read_at is None


def old_news(entry: Entry, now: datetime) -> bool:
    """Tell whether what is found at the first contact is backfill: older than 48 hours, as it or its URL says."""
    published = entry.published_at
    if published is None and (day := from_url(entry.url or "")):
        published = day + timedelta(days=1)  # at the latest
    return is_old(published, now)


def dated_old(published: datetime | None, met: datetime) -> bool:
    """Tell whether a page says that its article was old when it was met. A day without an hour is over at its end."""
    if published is not None and published.time() == time():
        published += timedelta(days=1)
    return is_old(published, met)


def is_old(published: datetime | None, now: datetime) -> bool:
    """Tell whether what is met for the first time at ``now`` is no news any more."""
    return published is not None and published < now - timedelta(hours=48)


def reading(
    entries: Iterable[Entry], known: Mapping[str, KnownArticle], state: EndpointState, now: datetime
) -> Reading:
    """Return what a body says beside what its endpoint offered before; ``known``: before anything of it was stored."""
    items, fresh, shared = 0, 0, 0
    dates, fresh_dates, guids, titles = [], [], set(), set()
    for entry in entries:
        items += 1
        was = known.get(entry.key)
        is_fresh = was is None or was.offered_at is None
        fresh += is_fresh
        if was is not None and was.offered_at is not None and state.read_at is not None:
            shared += was.offered_at >= state.read_at >= (was.offered_since or was.offered_at)
        date = sane(entry.published_at, now)
        if date is not None:
            dates.append(date)
            if is_fresh:
                fresh_dates.append(date)
        if entry.guid:
            guids.add(entry.guid)
        titles.add(entry.title)
    if shared or state.read_at is None:
        titles = set()  # they are compared only where nothing else is the same
    return Reading(
        items=items,
        fresh=fresh,
        shared=shared,
        dates=tuple(dates),
        fresh_dates=tuple(fresh_dates),
        guids=frozenset(guids),
        titles=frozenset(fold(to_text(title)) for title in titles),
    )


def looks_odd(poll: PollOutcome, state: EndpointState, reading: Reading | None) -> bool:
    """Tell whether `judge` needs `Before`: a body of only new things, a long silence, a new address."""
    if poll.outcome is Outcome.FAILED:
        return False
    return (
        _turned_over(poll, state, reading)
        or silence.due(poll, state, reading)
        or poll.moved_to not in (None, state.moved_to)
    )


def judge(poll: PollOutcome, state: EndpointState, reading: Reading | None, before: Before) -> Verdict:
    """Return what a poll shows. ``before`` is empty unless `looks_odd` said that it is needed."""
    if poll.outcome is Outcome.FAILED:
        return _failed(poll, state)
    shown: dict[str, str] = {}
    closes: dict[str, str] = {}
    if poll.feed is not None and not poll.feed.complete:
        if poll.feed.capped:
            shown["capped"] = f"{poll.feed.capped} entries past max_entries were not read"
        if poll.feed.warnings or not poll.feed.capped:
            shown["parse_error"] = "; ".join(poll.feed.warnings) or "the feed is not well-formed"
    blind = _blind(poll, state, reading)
    if blind == "no_items":
        shown["no_items"] = f"it lists nothing; until {state.read_at:%Y-%m-%d %H:%M} UTC it did"
    # A 304 or the same body again says nothing about how that body reads: what it left open stays open.
    kept = _LASTING | (_OF_THE_BODY if poll.feed is None else frozenset())
    lied, whole = trust.validators(poll, state, reading, shown, closes)
    lost, overrun = (None, False) if blind else _loss(poll, state, reading, before, shown, lied=lied)
    for kind in ("overrun", "reidentified"):
        if kind not in shown and poll.at - state.open_events.get(kind, poll.at) >= TOLD:
            closes[kind] = "recovered"
    habit_at = silence.judge(poll, state, reading, before, shown, closes)
    moved_to = trust.moved(poll, state, reading, before, shown, closes)
    for kind in state.open_events:
        if kind not in shown and kind not in kept:
            closes.setdefault(kind, "recovered")
    return Verdict(
        # An outage is a gap of the event that comes first.
        events=tuple(sorted(shown.items(), key=lambda event: event[0] != blind)),
        closes=tuple((kind, why) for kind, why in closes.items() if kind in state.open_events),
        lost=lost,
        overrun=overrun,
        moved_to=moved_to,
        item_at=silence.item_at(poll, state, reading),
        habit_at=habit_at,
        said_304_at=poll.at if poll.outcome is Outcome.NOT_MODIFIED else None,
        whole_by=whole[0],
        whole_until=whole[1],
    )


# --- failures -------------------------------------------------------------------------------------------------


def failure_kind(poll: PollOutcome, state: EndpointState) -> str:
    """Return the word under which a failure stays open."""
    reason = poll.reason or "error"
    if reason == "robots" and not poll.detail.startswith("robots.txt: "):
        # Nobody forbids anything: the file could not be had, and neither could what it is about.
        return "http_error" if "answered" in poll.detail else "unreachable"
    if reason in _BLOCKED:
        return "blocked"
    if reason in ("not_a_sitemap", "no_articles"):
        return "not_a_feed"
    if reason == "not_a_feed":
        # Where a feed was, a page is a captcha, a wall of consent, or what is left of the site.
        wall = state.good_polls and "HTML" in poll.detail and "redirects to the home page" not in poll.detail
        return "blocked" if wall else "not_a_feed"
    if reason == "http_410":
        return "gone"
    if reason in _PARSE:
        return "parse_error"
    if reason == "refused":
        return reason
    return "http_error" if reason.startswith("http_") else "unreachable"


def _failed(poll: PollOutcome, state: EndpointState) -> Verdict:
    kind = failure_kind(poll, state)
    # A new address that is no good is given up for the one that the operator wrote down.
    hard = poll.reason in HARD
    back = hard and state.moved_to is not None
    closes = dict.fromkeys(STATES & set(state.open_events) - {kind}, "replaced")
    if back and "moved" in state.open_events:
        closes["moved"] = "given_up"
    return Verdict(
        events=((kind, f"{poll.reason}: {poll.detail}" if poll.detail else str(poll.reason)),),
        closes=tuple(closes.items()),
        lost=None,
        moved_to=None if back else state.moved_to,
        item_at=state.item_at,
        said_304_at=state.said_304_at,
        whole_by=state.whole_by,
        whole_until=state.whole_until,
        habit_at=state.habit_at,
    )


def _blind(poll: PollOutcome, state: EndpointState, reading: Reading | None) -> str | None:
    """Return the kind of event for which a good answer shows nothing of what was missed: that is known after it.

    A feed that was cut off shows a part of itself, and one that is empty where there was a list, nothing. A sitemap, or
    the answer to a search, may well have nothing new to list. A feed that is never well-formed is taken as it comes.
    """
    if reading is None or poll.feed is None or state.read_at is None:
        return None
    if not reading.items:
        lists = poll.task.kind is EndpointKind.FEED and not searches.is_search(poll.task.url)
        return "no_items" if lists and state.item_at is not None else None
    broken_since = state.open_events.get("parse_error")
    new = broken_since is None or state.gap_since is not None
    broken = not poll.feed.complete and not poll.feed.capped
    return "parse_error" if broken and new and not reading.shared else None


# --- what was missed ------------------------------------------------------------------------------------------


def _turned_over(poll: PollOutcome, state: EndpointState, reading: Reading | None) -> bool:
    """Tell whether nothing of the body before is in this one."""
    return (
        reading is not None
        and reading.items > 0
        and not reading.shared
        # A sitemap is read for a certain time, and of that all may be new: what it holds of before says that it goes
        # on.
        and not (poll.feed is not None and poll.feed.older)
        and _since(state) is not None
    )


def _since(state: EndpointState) -> datetime | None:
    """Return since when something may have been missed: since the outage began, or the last good poll."""
    return state.gap_since or state.last_ok_at


def _loss(
    poll: PollOutcome,
    state: EndpointState,
    reading: Reading | None,
    before: Before,
    shown: dict[str, str],
    *,
    lied: bool,
) -> tuple[Gap | Literal[False], bool]:
    if reading is None or not _turned_over(poll, state, reading):
        return False, False
    since = _since(state)
    assert since is not None  # or nothing would have turned over
    if lied and state.whole_at is not None:
        since = state.whole_at  # the polls that said 304 have seen nothing
    if not before.offered and (state.read_at is not None or state.gap_since is None):
        return False, False  # the body before was empty: there was nothing that could have gone
    if reading.guids & before.guids:
        return False, False
    if again := _same_titles(reading, before):
        shown["reidentified"] = f"{again} of {reading.items} entries came again under other addresses"
        return False, False
    # Undated, nobody knows how old the oldest is; that all of them are new is all there is to go by.
    until = min(reading.dates, default=poll.at)
    until = min(until, poll.at)
    if until <= since:
        return False, False
    gap = habits.missed(before, since, until, reading.dates, undated=0 if reading.dates else reading.items)
    overrun = state.good_polls + 1 >= POLLS
    if overrun:
        shown["overrun"] = _told(gap, sitemap=before.sitemap)
    return gap, overrun


def _same_titles(reading: Reading, before: Before) -> int:
    """Return how many headlines are those of the body before, 0 where so few are that it may be chance."""
    again = {title for title in reading.titles & before.titles if title}
    # "Editorial" and "The week in pictures" come again by themselves, but not most of a list.
    same = len({title for title in again if len(title.split()) >= 4})
    most = len(again) if len(again) >= 2 and 2 * len(again) >= reading.items else 0
    return max(most, same if same >= 2 or (same and 2 * same >= reading.items) else 0)


def _told(gap: Gap, *, sitemap: bool) -> str:
    span = f"between {gap.since:%Y-%m-%d %H:%M} and {gap.until:%Y-%m-%d %H:%M} UTC"
    said = "an unknown number of items"
    if gap.missed is not None and gap.low is not None and gap.high is not None:
        low, missed, high = map(round, (gap.low, gap.missed, gap.high))
        said = f"about {missed} item{'s' * (missed != 1)} ({low} to {high})"
    return f"{said} came and went {span}" + ("; its sitemap is searched for them" if sitemap else "")


# --- pages ----------------------------------------------------------------------------------------------------


def refused_in_a_row(page: PageOutcome, before: int) -> int:
    """Return how many pages of a source were refused in a row, by now."""
    if page.outcome is not Outcome.FAILED:
        return 0
    return before + 1 if page.reason in (_BLOCKED - {"robots"}) | {"captcha"} else before


def pages_blocked(count: int) -> str | None:
    """Return the words of the event that so many refused pages in a row are, None where they are none."""
    if count < PAGES:
        return None
    return f"{count} pages in a row were refused (403 and the like), and none was read"
