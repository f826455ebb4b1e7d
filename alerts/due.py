"""Whether a digest of a subscription is due, was missed, or is to be a mail with nothing in it: pure functions.

due_digests      is one due?                 state, now              -> due_at | None
hours_since      by hours of which age?      state, edited, now      -> moment | None
caught_up_from   since when was it missed?   state, due_at, now      -> moment | None
proof_is_due     a mail with nothing in it?  state, last mail, due_at
"""

from __future__ import annotations

from datetime import datetime, timedelta

from alerts.model import Empty, Subscription, SubscriptionState
from alerts.watch import Quiet, When, last_due, next_due, quiet_until, read_quiet, read_when, read_zone

# A digest that is later than this says so.
LATE = timedelta(minutes=30)


def due_digests(state: SubscriptionState, now: datetime) -> datetime | None:
    """Return the latest due moment not after ``now`` that nothing was made for yet, or None.

    After a long stop there is one digest to make, not one for each day missed: it holds them all. Nobody is waked for
    it: in quiet hours it waits for their end. Raises ValueError when the schedule or the zone cannot be read.
    """
    schedule, quiet = _schedule(state.subscription), quiet_hours(state.subscription)
    due = last_due(*schedule, now, quiet)
    if due <= _done(state):
        return None
    if now - due >= LATE and quiet_until(quiet, state.subscription.zone, now) is not None:
        return None
    return due


def hours_since(known: SubscriptionState, edited: Subscription, now: datetime) -> datetime | None:
    """Return since when the hours hold that the operator's file has now, None: from the beginning.

    By other hours, and for who was not in the file meanwhile, nothing was due before. Where the hours of before had
    missed a digest, that is not taken away: by what is written now it may be due at once.
    """
    if known.active:
        before = known.subscription
        if (before.when, before.zone, before.quiet) == (edited.when, edited.zone, edited.quiet):
            return known.hours_since
        try:
            missed = due_digests(known, now)
        except ValueError:  # a zone that is no more: whatever was due by it, nobody can say
            missed = None
        if missed is not None and now - missed >= LATE:
            return known.hours_since
    return now


def caught_up_from(state: SubscriptionState, due_at: datetime, now: datetime) -> datetime | None:
    """Return the first due moment that passed without its digest, when the one due at ``due_at`` is made now.

    None when that is in time. A reader is not told of a few minutes.
    """
    first = next_due(*_schedule(state.subscription), _done(state), quiet_hours(state.subscription))
    return first if first < due_at or now - due_at >= LATE else None


def proof_is_due(state: SubscriptionState, last_mail_at: datetime | None, due_at: datetime) -> bool:
    """Tell whether a digest that holds nothing is a mail all the same, by what the subscription says of ``empty``.

    A subscription that is only told at once has no hour at which a reader would miss a mail: a day is enough there.
    """
    subscription = state.subscription
    if subscription.empty is Empty.SKIP:
        return False
    when, zone = _schedule(subscription)
    if subscription.empty is Empty.HEARTBEAT and not when.only_instant:
        return True
    days = 1 if subscription.empty is Empty.HEARTBEAT else 7
    last = last_mail_at or state.created_at
    if when.hourly or when.only_instant:
        return due_at - last >= timedelta(days=days)  # by dates, the first hour of the day would be midnight
    local = read_zone(zone)
    return (due_at.astimezone(local).date() - last.astimezone(local).date()).days >= days


def _done(state: SubscriptionState) -> datetime:
    moments = (state.created_at, state.last_due_at, state.hours_since)
    return max(one for one in moments if one is not None)


def _schedule(subscription: Subscription) -> tuple[When, str]:
    return read_when(subscription.when), subscription.zone


def quiet_hours(subscription: Subscription) -> Quiet | None:
    """Return the quiet hours of a subscription, if it has any. Raises ValueError when they cannot be read."""
    return read_quiet(subscription.quiet) if subscription.quiet else None
