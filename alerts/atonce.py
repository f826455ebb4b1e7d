"""Mails at once, from what two databases hold to what the outbox stores: the acting side of `alerts.instant`.

    waiting   subscriptions that are told at once, are not in their quiet hours, and have matches to look at
    prepare   read, choose, render                                              (a reader thread)
    store     the mail, or what its hour had no room for, and how far was looked (the writer, one transaction)

These mails stand beside the chain of digests: they move no range. What they told stands in ``digest_items``, by which
the next digest leaves it out; so each match is in exactly one mail, wherever the program was killed. Where an hour has
had its mails, what would be told at once is written into ``held``, and waits for the next digest: that counts it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts import outbox, state
from alerts.digest import build, fresh
from alerts.due import quiet_hours
from alerts.instant import choose, outlets
from alerts.model import Digest, DigestKind, MailServer, Message, SubscriptionState
from alerts.prepare import Found, recipients, worded
from alerts.render import render_all
from alerts.wanted import topics, wants
from alerts.watch import next_due, quiet_until, read_when
from archive.connect import transaction
from archive.errors import ArchiveError
from archive.model import MatchedArticle, Story

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """One look. ``digest`` None: nothing to mail; ``held``: what waits, and how many outlets its stories have."""

    known: SubscriptionState
    upto: int
    digest: Digest | None = None
    messages: Sequence[Message] = ()
    held: dict[int, int] | None = None


def waits(known: SubscriptionState, now: datetime) -> bool:
    """Tell whether a subscription may be mailed at once just now. Raises ValueError as `read_when` does."""
    subscription = known.subscription
    if not read_when(subscription.when).instant:
        return False
    quiet = quiet_hours(subscription)
    return quiet_until(quiet, subscription.zone, now) is None


def reached(conn: sqlite3.Connection, known: SubscriptionState) -> int:
    """Return up to which match there is nothing left to look at."""
    return max(known.seq, state.looked_upto(conn, known.subscription.id))


def prepare(
    conn: sqlite3.Connection, known: SubscriptionState, found: Found, server: MailServer | None, now: datetime
) -> Prepared | None:
    """Return what is to be stored of one look; None when there is nothing to look at. ``conn`` may be read-only."""
    subscription = known.subscription
    start = reached(conn, known)
    if found.top_seq <= start or outbox.stands(conn, subscription.id, DigestKind.INSTANT, now):
        return None
    matched = _new(conn, known, found, start)
    ids = {one.article_id for one in matched}
    stories = found.stories(ids)
    members = ids | {member for story in stories.values() for member in story.articles}
    members |= {article_id for one in matched for article_id in one.was}
    choice = choose(
        matched,
        stories,
        state.spread(conn, subscription.id, members),
        grown=subscription.grown,
        upto=found.top_seq,
        unsettled=found.unsettled(ids, now),
    )
    if not choice.tell:
        return Prepared(known=known, upto=choice.upto)
    # Those of a clock that was set back since count too: the reader's has gone on.
    had = outbox.mailed(conn, subscription.id, DigestKind.INSTANT, now - HOUR, now + HOUR)
    spread = {one.article_id: outlets(one.article_id, stories) for one in choice.tell}
    if had >= subscription.per_hour:
        return Prepared(known=known, upto=choice.upto, held=spread)
    told = state.told(conn, subscription.id, members)
    digest = _digest(known, found, choice.tell, stories, told, now)
    if had + 1 == subscription.per_hour:
        digest = replace(digest, rest_at=_next(known, now))
    digest = replace(digest, outlets=spread)
    messages = render_all(worded(digest, found), recipients(subscription), server, found.stationery)
    return Prepared(known=known, upto=choice.upto, digest=digest, messages=messages)


def store(conn: sqlite3.Connection, prepared: Prepared) -> int:
    """Store one look, in one short transaction; returns how many messages that made.

    Raises `ArchiveError` when the subscription is not any more as it was read; then it is looked at again.
    """
    known = prepared.known
    with transaction(conn):
        now = state.subscription_state(conn, known.subscription.id)
        if now is None or not now.active or now.subscription != known.subscription or now.seq != known.seq:
            raise ArchiveError("it was changed while its mail was made")
        if prepared.digest:
            outbox.put(conn, prepared.digest, prepared.messages)
        state.hold(conn, known.subscription.id, prepared.held or {})
        state.look_upto(conn, known.subscription.id, prepared.upto)
    return len(prepared.messages)


def _new(
    conn: sqlite3.Connection, known: SubscriptionState, found: Found, start: int
) -> list[MatchedArticle]:
    """Return the wanted matches after ``start`` that nobody was told of, and that do not wait for the next digest."""
    subscription = known.subscription
    matched = [
        one
        for one in found.matched(start, found.top_seq, topics(subscription))
        if start < one.seq <= found.top_seq and wants(subscription, one)
    ]
    ids = [article_id for one in matched for article_id in (one.article_id, *one.was)]
    told = state.told(conn, subscription.id, ids)
    held = state.held(conn, subscription.id)
    return [one for one in fresh(matched, told) if held.isdisjoint((one.article_id, *one.was))]


def _digest(
    known: SubscriptionState,
    found: Found,
    tell: Sequence[MatchedArticle],
    stories: Mapping[int, Story],
    told: Collection[tuple[int, str]],
    now: datetime,
) -> Digest:
    # The range is that of what it holds, not a link of the chain: the same matches make the same mail.
    seqs = [one.seq for one in tell]
    digest = build(
        known.subscription,
        min(seqs) - 1,
        max(seqs),
        now,
        tell,
        found.coverage,
        found.sources_read,
        now,
        topic_order=found.topic_order,
        told=told,
        stories=stories,
    )
    return replace(digest, kind=DigestKind.INSTANT)


def _next(known: SubscriptionState, now: datetime) -> datetime:
    subscription = known.subscription
    quiet = quiet_hours(subscription)
    return next_due(read_when(subscription.when), subscription.zone, now, quiet)
