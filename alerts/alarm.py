"""Who is told that a topic spikes, once: the acting side of `alerts.spike`.

    Spikes    topics whose last hours are more than chance, as each subscription sees them    a reader thread
    prepare   the alerts of one subscription that wants them, rendered                        likewise
    store     one of them, in one transaction                                                 the writer

An alert is a row of `digests` of its own kind beside the chain, with the topic in `about`: it moves no range, and the
articles that make it up come in the next digest all the same. For `REST` a subscription hears of the same topic no
more; that is looked at in the transaction that stores, so however the program was killed there is one mail.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from alerts import outbox, spike, spikemail, state
from alerts.due import quiet_hours
from alerts.model import DigestKind, MailServer, Message, Subscription, SubscriptionState
from alerts.prepare import recipients
from alerts.spike import Spike
from alerts.spikemail import Alarm
from alerts.wanted import has_topic, wants
from alerts.watch import quiet_until
from archive.connect import transaction
from archive.pace import Pace

REST = timedelta(hours=24)
TOLD = 5  # headlines
STEP = timedelta(minutes=10)
"""How often it is looked. What the last hours hold is that of a whole step, so a look made again says the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """An alert that is ready to be stored, with its messages."""

    alarm: Alarm
    messages: tuple[Message, ...]


def step(now: datetime) -> datetime:
    """Return the last full step at ``now``."""
    return now - timedelta(seconds=now.timestamp() % STEP.total_seconds())


def listens(subscription: Subscription, now: datetime) -> bool:
    """Tell whether a subscription may be told just now. Raises ValueError when its hours cannot be read."""
    quiet = quiet_hours(subscription)
    return subscription.spikes and quiet_until(quiet, subscription.zone, now) is None


class Spikes:
    """The topics that spike just now, of what each subscription wants to read: all numbers are of that alone.

    Most want the same, so what was looked at for one is remembered for all.
    """

    def __init__(self, paces: Sequence[Pace]) -> None:
        self._paces = paces
        self._known: dict[tuple[object, ...], Spike | None] = {}

    def of(self, subscription: Subscription) -> Iterator[tuple[Pace, Spike]]:
        """Yield the topics that spike for one subscription."""
        filters = (
            subscription.languages, subscription.not_languages, subscription.sources, subscription.not_sources,
            subscription.countries, subscription.not_countries,
        )  # fmt: skip
        for pace in self._paces:
            key = pace.topic_id, has_topic(subscription, pace.topic_id), filters
            if key not in self._known:
                self._known[key] = spike.look(pace.counts(partial(wants, subscription)))
            if (found := self._known[key]) is not None:
                yield pace, found


def prepare(
    conn: sqlite3.Connection,
    known: SubscriptionState,
    spikes: Spikes,
    server: MailServer | None,
    now: datetime,
) -> list[Prepared]:
    """Return the alerts that one subscription is to get of these; ``conn`` may be read-only."""
    at, subscription = step(now), known.subscription
    prepared = []
    for pace, found in spikes.of(subscription):
        if told_lately(conn, subscription.id, pace.topic_id, at):
            continue
        alarm = Alarm(
            subscription=subscription,
            topic_id=pace.topic_id,
            topic_title=pace.title,
            spike=found,
            headlines=pace.headlines(partial(wants, subscription), TOLD),
            at=at,
        )
        messages = spikemail.render(alarm, recipients(subscription), server)
        prepared.append(Prepared(alarm=alarm, messages=tuple(messages)))
    return prepared


def told_lately(conn: sqlite3.Connection, subscription_id: str, topic_id: str, at: datetime) -> bool:
    """Tell whether a subscription heard of this topic less than `REST` ago; what a clock ran ahead to is not lately."""
    return outbox.mailed(conn, subscription_id, DigestKind.SPIKE, at - REST, at, about=topic_id) > 0


def store(conn: sqlite3.Connection, prepared: Prepared, now: datetime) -> int:
    """Queue an alert; return how many messages that made: none when somebody was quicker, or it is not wanted now."""
    alarm = prepared.alarm
    with transaction(conn):
        known = state.subscription_state(conn, alarm.subscription.id)
        if known is None or not known.active or known.subscription != alarm.subscription:
            return 0
        if told_lately(conn, alarm.subscription.id, alarm.topic_id, alarm.at):
            return 0
        alert = (DigestKind.SPIKE, alarm.topic_id, alarm.spike.count)
        outbox.put_beside(conn, known, alert, alarm.at, now, prepared.messages)
    return len(prepared.messages)
