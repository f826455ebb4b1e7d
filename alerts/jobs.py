"""What the service calls: the acting side of alerts.

    sync          at start and after a good config      subscriptions in the file  -> table
    make_digests  each tick, in the writer thread       due? -> build -> render -> outbox, one transaction each
    deliver_due   each tick, in the loop                claim -> channel -> sent, due again, unknown or dead
    preview       whenever somebody asks                the same as make_digests, and nothing is kept

Nothing here reads a clock. One subscription, message or recipient that goes wrong is a value in the summary.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from alerts import outbox, state
from alerts.channels import Channel
from alerts.digest import build, due_digests
from alerts.model import (
    OUTBOX,
    Delivery,
    DeliveryState,
    DeliverySummary,
    Digest,
    DigestSummary,
    MailServer,
    Message,
    Problem,
    Subscription,
    SubscriptionState,
)
from alerts.render import render
from alerts.watch import next_due, read_when
from archive.errors import DeliveryError
from archive.model import Coverage, MatchedArticle

T = TypeVar("T")

# matched(from_seq, to_seq, topics): every match with from_seq < seq <= to_seq; topics None means all.
Matched = Callable[[int, int, tuple[str, ...] | None], Sequence[MatchedArticle]]

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
    conn: sqlite3.Connection, subscriptions: Sequence[Subscription], top_seq: int, now: datetime
) -> None:
    """Make `alerts.db` know the subscriptions that the operator's file holds now.

    ``top_seq`` is the highest match in the archive, 0 when there is none: a new subscription starts after it.
    """
    state.sync_subscriptions(conn, subscriptions, top_seq, now)


def make_digests(
    conn: sqlite3.Connection,
    matched: Matched,
    top_seq: int,
    coverage: Sequence[Coverage],
    sources_read: int,
    server: MailServer | None,
    now: datetime,
) -> DigestSummary:
    """Build and queue every digest that is due. Synchronous: call it in the writer thread."""
    made = empty = messages = 0
    problems: list[Problem] = []
    for known in state.active_subscriptions(conn):
        # The edge where one bad subscription stops being everybody's: whatever it raises is kept and said, and it
        # stays due, because queueing is all or nothing.
        try:
            due_at = due_digests(known, now)
            if due_at is None:
                continue
            queued = _make(conn, known, matched, top_seq, coverage, sources_read, server, due_at, now)
        except Exception as error:  # noqa: BLE001 - see above
            problems.append(
                Problem(subscription_id=known.subscription.id, message=f"{type(error).__name__}: {error}")
            )
            continue
        made, empty, messages = made + bool(queued), empty + (not queued), messages + queued
    return DigestSummary(made=made, empty=empty, messages=messages, problems=tuple(problems))


def make_now(
    conn: sqlite3.Connection,
    subscription_id: str,
    matched: Matched,
    top_seq: int,
    coverage: Sequence[Coverage],
    sources_read: int,
    server: MailServer | None,
    now: datetime,
) -> int:
    """Build and queue one digest ahead of its time (``digest --send``); the next one goes on from there.

    Returns the number of messages queued, 0 when there was nothing to tell. Raises ValueError when no such
    subscription is active, or it cannot be rendered.
    """
    known = state.subscription_state(conn, subscription_id)
    if known is None or not known.active:
        raise ValueError(f"no subscriber {subscription_id!r}")
    due_at = now.replace(microsecond=0)
    if known.last_due_at is not None and due_at <= known.last_due_at:
        # Two digests in one second: (subscription, due_at) is unique.
        due_at = known.last_due_at + timedelta(seconds=1)
    return _make(conn, known, matched, top_seq, coverage, sources_read, server, due_at, now)


def preview(
    conn: sqlite3.Connection | None,
    subscription: Subscription,
    matched: Matched,
    top_seq: int,
    coverage: Sequence[Coverage],
    sources_read: int,
    server: MailServer | None,
    now: datetime,
    from_seq: int | None = None,
) -> Message:
    """Return what the next digest of ``subscription`` would hold as of ``now``; sends and stores nothing.

    ``from_seq`` None means where the subscription stands; one that is not known yet starts at ``top_seq`` and
    so holds nothing. ``conn`` may be read-only, or None when there is no `alerts.db` yet. Raises ValueError
    when the schedule, the zone or an address cannot be read.
    """
    known = state.subscription_state(conn, subscription.id) if conn else None
    start = from_seq if from_seq is not None else known.seq if known else top_seq
    due_at = next_due(read_when(subscription.when), subscription.zone, now)
    found = matched(start, top_seq, subscription.topics)
    digest = build(subscription, start, top_seq, due_at, found, coverage, sources_read, now)
    return render(digest, _recipients(subscription)[0], server)


def _make(
    conn: sqlite3.Connection,
    known: SubscriptionState,
    matched: Matched,
    top_seq: int,
    coverage: Sequence[Coverage],
    sources_read: int,
    server: MailServer | None,
    due_at: datetime,
    now: datetime,
) -> int:
    """Build and queue one digest; returns how many messages that made."""
    subscription, from_seq = known.subscription, known.seq
    if top_seq < from_seq:
        raise ValueError(
            f"it stands at match {from_seq}, and the archive ends at {top_seq}: was the archive replaced?"
        )
    found = matched(from_seq, top_seq, subscription.topics) if top_seq > from_seq else ()
    digest = build(subscription, from_seq, top_seq, due_at, found, coverage, sources_read, now)
    messages = _messages(digest, server) if digest.articles else []
    outbox.queue(conn, digest, messages)
    return len(messages)


def _messages(digest: Digest, server: MailServer | None) -> list[Message]:
    return [render(digest, recipient, server) for recipient in _recipients(digest.subscription)]


def _recipients(subscription: Subscription) -> tuple[str, ...]:
    """Each address once, however often and in whatever case the operator wrote it."""
    return tuple({address.casefold(): address for address in subscription.to}.values()) or (OUTBOX,)


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
            raise DeliveryError("somebody else has this delivery now")
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
