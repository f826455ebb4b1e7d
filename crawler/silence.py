"""Whether an endpoint has been silent for longer than it usually is, or shows an old copy of itself. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from archive.model import Before, EndpointState, PollOutcome, Reading
from crawler import habits

STALE = timedelta(days=30)


def item_at(poll: PollOutcome, state: EndpointState, reading: Reading | None) -> datetime | None:
    """Return when something new last came. What was there at the first contact came when it says that it did.

    So did what comes later where all of the list is old: a server that shuffles its old copies shows nothing new.
    """
    if reading is None or not reading.fresh:
        return state.item_at
    newest = min(max(reading.dates, default=poll.at), poll.at)
    if state.read_at is None:
        return newest
    old = len(reading.dates) == reading.items and poll.at - newest > STALE
    return max(newest, state.item_at or newest) if old else poll.at


def due(poll: PollOutcome, state: EndpointState, reading: Reading | None) -> bool:
    """Tell whether it is time to ask for the habit."""
    if (reading is not None and reading.fresh) or "silent" in state.open_events or state.item_at is None:
        return False
    return poll.at - state.item_at >= habits.QUIET and (state.habit_at is None or state.habit_at <= poll.at)


def judge(
    poll: PollOutcome,
    state: EndpointState,
    reading: Reading | None,
    before: Before,
    shown: dict[str, str],
    closes: dict[str, str],
) -> datetime | None:
    """Show or close ``silent`` and ``stale``; return when the habit is to be looked at next."""
    last = item_at(poll, state, reading)
    if last is None:
        return None
    stale = poll.at - last > STALE
    if stale:
        shown["stale"] = f"the newest item is of {last:%Y-%m-%d}, {(poll.at - last).days} days ago"
        closes["silent"] = "replaced"
        return None
    closes["stale"] = "recovered"
    if reading is not None and reading.fresh:
        closes["silent"] = "recovered"
        return None
    if "silent" in state.open_events:
        shown["silent"] = ""  # counted; what it said stands
    if not due(poll, state, reading):
        return state.habit_at
    usual = habits.silent(before, last, poll.at)
    if usual is not None:
        since = f"{last:%Y-%m-%d %H:%M} UTC"
        shown["silent"] = f"nothing new since {since}; usually {round(usual)} items come in such a time"
    return habits.look_again(last, poll.at)
