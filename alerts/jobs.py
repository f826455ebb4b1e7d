"""What the service calls: the acting side of alerts.

    sync          at start and after a good config      subscriptions in the file  -> table
    digest_due    each tick, for each that is due       read and render in a reader thread, store in the writer
    digest_now    whenever an operator asks             the same for one, whatever its hours
    deliver_due   each tick, in the loop                claim -> channel -> sent, due again, unknown or dead
    preview       whenever somebody asks                the same, and nothing is kept

Rendering takes longer than storing, so the writer only stores: what was read may be old by then, and a digest that
does not start where its subscription stands is refused, and made again at the next tick.

Nothing here reads a clock. One subscription, message or recipient that goes wrong is a value in the summary.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol, TypeVar

from alerts import alarm, atonce, outbox, state
from alerts.channels import Channel
from alerts.due import due_digests, hours_since, quiet_hours
from alerts.model import (
    Delivery,
    DeliveryState,
    DeliverySummary,
    DigestSummary,
    MailServer,
    Message,
    Problem,
    Subscription,
    SubscriptionState,
)
from alerts.prepare import Found, Prepared, build_next, prepare, recipients, store, worded
from alerts.render import render
from alerts.watch import next_due, read_when
from archive.errors import ArchiveError, DeliveryError

T = TypeVar("T")

# Connections open at once to one mail server: most allow ten or more, and small ones do not.
AT_ONCE = 4

# What follows for the reader of a log when a delivery did not simply arrive.
_FOLLOWS = {
    DeliveryState.DUE: "will be tried again",
    DeliveryState.UNKNOWN: "nobody knows whether it arrived",
    DeliveryState.DEAD: "given up",
}


class Run(Protocol):
    """Runs a function with the connection of alerts.db, in the writer thread."""

    def __call__(self, work: Callable[[sqlite3.Connection], T], /) -> Awaitable[T]:
        """Return what ``work`` returned, or raise what it raised."""
        ...


def sync(
    conn: sqlite3.Connection,
    subscriptions: Sequence[Subscription],
    top_seq: int,
    now: datetime,
    top_change: int = 0,
) -> None:
    """Make `alerts.db` know the subscriptions that the operator's file holds now.

    ``top_seq`` is the highest match in the archive, 0 when there is none, ``top_change`` the newest change of a term:
    a new subscription starts after them.
    """
    state.sync_subscriptions(conn, subscriptions, top_seq, now, top_change)


class Look(Protocol):
    """Runs a function in a reader thread, with a read-only connection of alerts.db and a way into the archive."""

    def __call__(self, work: Callable[[sqlite3.Connection, Callable[[], Found]], T], /) -> Awaitable[T]:
        """Return what ``work`` returned, or raise what it raised."""
        ...


@dataclass(slots=True)
class _Counted:
    """A summary in the making."""

    made: int = 0
    empty: int = 0
    messages: int = 0
    problems: list[Problem] = field(default_factory=list)

    def stored(self, number: int) -> None:
        self.made, self.empty, self.messages = (
            self.made + bool(number), self.empty + (not number), self.messages + number,
        )  # fmt: skip

    def went_wrong(self, subscription_id: str, error: Exception) -> None:
        # The edge where one bad subscription stops being everybody's: whatever it raised is kept and said, and it
        # stays due, because queueing is all or nothing.
        message = f"{type(error).__name__}: {error}"
        self.problems.append(Problem(subscription_id=subscription_id, message=message))

    def summary(self, rerouted: int) -> DigestSummary:
        return DigestSummary(
            made=self.made,
            empty=self.empty,
            messages=self.messages,
            rerouted=rerouted,
            problems=tuple(sorted(self.problems, key=lambda one: one.subscription_id)),
        )


async def digest_due(look: Look, run: Run, server: MailServer | None, now: datetime) -> DigestSummary:
    """Build and queue every digest that is due; the writer is held for the storing of one at a time only."""
    counted = _Counted()
    rerouted = 0 if server else await run(lambda conn: outbox.reroute(conn, now))
    due = await look(lambda conn, _: _due(conn, now, counted))
    for known, due_at in due:
        try:
            prepared = await look(lambda conn, found: prepare(conn, known, found(), server, due_at, now))  # noqa: B023 - awaited before they change
            counted.stored(await run(lambda conn: store(conn, prepared)))  # noqa: B023 - likewise
        except Exception as error:  # noqa: BLE001 - see went_wrong
            counted.went_wrong(known.subscription.id, error)
    await _at_once(look, run, server, now, counted)
    return counted.summary(rerouted)


async def digest_now(
    look: Look, run: Run, server: MailServer | None, now: datetime, subscription_id: str
) -> Sequence[Message]:
    """Build and queue the next digest of one subscription, whatever its hours; return its messages, none: no news.

    Its next hour has what comes after. Raises `ArchiveError` when there is no such subscription, or just now another
    digest of it; ValueError when it cannot be rendered.
    """

    def prepared(conn: sqlite3.Connection, found: Callable[[], Found]) -> Prepared:
        known = state.subscription_state(conn, subscription_id)
        if known is None or not known.active:
            raise ArchiveError(f"the service does not know {subscription_id}: start it again")
        return prepare(conn, known, found(), server, now, now, asked=True)

    one = await look(prepared)
    if one.messages:
        await run(lambda conn: store(conn, one))
    return one.messages


async def _at_once(look: Look, run: Run, server: MailServer | None, now: datetime, counted: _Counted) -> None:
    """Mail what is told at once: after the digests, which hold all that there is at their hour."""
    for known in await look(lambda conn, found: _told_at_once(conn, found, now)):
        try:
            seen = await look(lambda conn, found: atonce.prepare(conn, known, found(), server, now))  # noqa: B023 - awaited before they change
            if seen is not None:
                number = await run(lambda conn: atonce.store(conn, seen))  # noqa: B023 - likewise
                counted.made, counted.messages = counted.made + bool(number), counted.messages + number
        except Exception as error:  # noqa: BLE001 - see went_wrong
            counted.went_wrong(known.subscription.id, error)


def _told_at_once(
    conn: sqlite3.Connection, found: Callable[[], Found], now: datetime
) -> list[SubscriptionState]:
    waiting = []
    for known in state.active_subscriptions(conn):
        with suppress(ValueError):  # said already, by who looked for what is due
            if atonce.waits(known, now):
                waiting.append(known)
    top = found().top_seq if waiting else 0
    return [known for known in waiting if atonce.reached(conn, known) < top]


async def alarms_due(look: Look, run: Run, server: MailServer | None, now: datetime) -> DigestSummary:
    """Build and queue the alerts that topics spike."""
    counted = _Counted()

    def prepared_all(conn: sqlite3.Connection, found: Callable[[], Found]) -> list[alarm.Prepared]:
        listening = [one for one in state.active_subscriptions(conn) if one.subscription.spikes]
        spikes = alarm.Spikes(found().paces(alarm.step(now)) if listening else ())
        prepared: list[alarm.Prepared] = []
        for known in listening:
            try:
                if alarm.listens(known.subscription, now):
                    prepared += alarm.prepare(conn, known, spikes, server, now)
            except Exception as error:  # noqa: BLE001 - see went_wrong
                counted.went_wrong(known.subscription.id, error)
        return prepared

    for prepared in await look(prepared_all):
        try:
            counted.stored(await run(lambda conn: alarm.store(conn, prepared, now)))  # noqa: B023 - awaited before it changes
        except Exception as error:  # noqa: BLE001 - see went_wrong
            counted.went_wrong(prepared.alarm.subscription.id, error)
    return counted.summary(0)


def _due(
    conn: sqlite3.Connection, now: datetime, counted: _Counted
) -> list[tuple[SubscriptionState, datetime]]:
    due = []
    for known in state.active_subscriptions(conn):
        try:
            due_at = due_digests(known, now)
        except ValueError as error:
            counted.went_wrong(known.subscription.id, error)
            continue
        if due_at is not None and not state.made(conn, known.subscription.id, due_at):
            due.append((known, due_at))
    return due


def preview(
    conn: sqlite3.Connection | None,
    subscription: Subscription,
    found: Found,
    server: MailServer | None,
    now: datetime,
    *,
    from_seq: int | None = None,
    to: str | None = None,
) -> Message:
    """Return what the next digest of ``subscription`` would hold as of ``now``; sends and stores nothing.

    ``from_seq`` None means where the subscription stands; one that is not known yet starts at the newest match and
    so holds nothing. ``conn`` may be read-only, or None when there is no `alerts.db` yet. ``to`` makes it a test for
    that address: a message of its own, that no mail program takes for the digest. Raises ValueError
    when the schedule, the zone or an address cannot be read.
    """
    known = state.subscription_state(conn, subscription.id) if conn else None
    if known is None:
        seq, change = found.top_seq, found.top_change
        known = SubscriptionState(
            subscription=subscription, created_at=now, active=True, seq=seq, last_due_at=None, change=change
        )
    # The operator's file may say more than the last start has read of it.
    hours, seq = hours_since(known, subscription, now), known.seq if from_seq is None else from_seq
    known = replace(known, subscription=subscription, hours_since=hours, seq=seq)
    quiet = quiet_hours(subscription)
    # One whose hour has come and that is not made yet is the next.
    due_at = due_digests(known, now) or next_due(read_when(subscription.when), subscription.zone, now, quiet)
    digest = worded(build_next(conn if from_seq is None else None, known, found, due_at, now), found)
    if to is None:
        return render(digest, recipients(subscription)[0], server, found.stationery)
    return render(digest, to, server, found.stationery, test_at=now)


async def send_test(message: Message, channel: Channel, subscription_id: str, now: datetime) -> None:
    """Hand a message over by ``channel``, past the outbox: nothing remembers it. Raises `DeliveryError`."""
    delivery = Delivery(
        id=0,
        digest_id=0,
        subscription_id=subscription_id,
        due_at=now,
        recipient=message.recipient,
        channel=message.channel,
        message_id=message.message_id,
        subject=message.subject,
        body=message.body,
        html=message.html,
        state=DeliveryState.CLAIMED,
        attempts=1,
    )

    async def on_data() -> None:
        """There is no row to write it in."""

    await channel.deliver(delivery, on_data)


# --- delivery ---------------------------------------------------------------------------------------------


async def deliver_due(
    run: Run, channel: Channel, now: Callable[[], datetime], limit: int, at_once: int = AT_ONCE
) -> DeliverySummary:
    """Hand up to ``limit`` due deliveries of this channel over, ``at_once`` at a time, and say how they ended.

    Raises `ArchiveError` only when an ending cannot be written down; the others are finished first.
    """
    deliveries = await run(lambda conn: outbox.claim(conn, now(), limit, channel.name))
    places = asyncio.Semaphore(at_once)

    async def one(delivery: Delivery) -> tuple[DeliveryState, str]:
        async with places:
            return await _deliver(run, channel, delivery, now)

    ends = await asyncio.gather(*(one(delivery) for delivery in deliveries), return_exceptions=True)
    counted = dict.fromkeys(DeliveryState, 0)
    errors = []
    for delivery, end in zip(deliveries, ends, strict=True):
        if isinstance(end, BaseException):
            raise end
        counted[end[0]] += 1
        if end[1]:
            errors.append(f"{_FOLLOWS[end[0]]}: {delivery.recipient}: {end[1]}")
    return DeliverySummary(
        sent=counted[DeliveryState.SENT],
        failed=counted[DeliveryState.DUE],
        unknown=counted[DeliveryState.UNKNOWN],
        dead=counted[DeliveryState.DEAD],
        errors=tuple(errors),
    )


async def _deliver(
    run: Run, channel: Channel, delivery: Delivery, now: Callable[[], datetime]
) -> tuple[DeliveryState, str]:
    """Deliver one, and write down how it ended. Returns that, and what was said."""
    leaving = False

    async def on_data() -> None:
        nonlocal leaving
        if not await run(lambda conn: outbox.on_the_wire(conn, delivery.id)):
            raise DeliveryError("somebody else has this delivery now, or its reader has just left")
        leaving = True

    try:
        await channel.deliver(delivery, on_data)
    except DeliveryError as error:
        return await _failed(run, delivery, error, now)
    except Exception as error:  # noqa: BLE001
        # A bug of a channel, or an error it forgot: the row must end somewhere all the same, and what decides is
        # whether the message was leaving.
        strange = DeliveryError(f"{type(error).__name__}: {error}", unknown=leaving)
        return await _failed(run, delivery, strange, now)
    await run(lambda conn: outbox.sent(conn, delivery.id, now()))
    return DeliveryState.SENT, ""


async def _failed(
    run: Run, delivery: Delivery, error: DeliveryError, now: Callable[[], datetime]
) -> tuple[DeliveryState, str]:
    said = str(error)
    if error.unknown:
        await run(lambda conn: outbox.unknown(conn, delivery.id, said, now()))
        return DeliveryState.UNKNOWN, said
    next_try_at = None if error.permanent else outbox.next_try(delivery.attempts, now())
    if next_try_at is None:
        await run(lambda conn: outbox.dead(conn, delivery.id, said, now()))
        return DeliveryState.DEAD, said
    await run(lambda conn: outbox.again(conn, delivery.id, said, next_try_at))
    return DeliveryState.DUE, said
