"""One digest from what two databases hold to what the outbox stores: read, build, render; then store.

Reading and rendering take longer than storing, and need no writer: `prepare` is content with a read-only connection.
What it read may be old when `store` comes, so that looks again, in one short transaction, before it writes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts import outbox, state
from alerts.digest import build
from alerts.model import OUTBOX, Digest, MailServer, Message, Subscription, SubscriptionState
from alerts.render import render_all
from archive.connect import transaction
from archive.errors import ArchiveError
from archive.model import Coverage, MatchedArticle, TermChange

# matched(from_seq, to_seq, topics): every match with from_seq < seq <= to_seq; topics None means all.
Matched = Callable[[int, int, tuple[str, ...] | None], Sequence[MatchedArticle]]
# changed(from_id, to_id, topics): likewise, what edits did to terms.
Changed = Callable[[int, int, tuple[str, ...] | None], Sequence[TermChange]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the archive holds just now. ``topic_order`` is the operator's order of topics."""

    matched: Matched
    top_seq: int
    coverage: Sequence[Coverage]
    sources_read: int
    topic_order: Sequence[str] = ()
    changed: Changed = lambda _from, _to, _topics: ()
    top_change: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A digest that is ready to be stored, with its messages."""

    digest: Digest
    messages: tuple[Message, ...]


def prepare(
    conn: sqlite3.Connection,
    known: SubscriptionState,
    found: Found,
    server: MailServer | None,
    due_at: datetime,
    now: datetime,
) -> Prepared:
    """Build and render one digest; ``conn`` may be read-only.

    Raises ValueError when it cannot be rendered, or the archive is older than what was told from it.
    """
    for what, stands, ends in (
        ("match", known.seq, found.top_seq),
        ("change", known.change, found.top_change),
    ):
        if ends < stands:
            raise ValueError(
                f"it stands at {what} {stands}, and the archive ends at {ends}: was the archive replaced?"
            )
    digest = build_next(conn, known, found, due_at, now)
    messages = (
        render_all(digest, recipients(digest.subscription), server)
        if digest.articles or digest.changes
        else ()
    )
    return Prepared(digest=digest, messages=tuple(messages))


def build_next(
    conn: sqlite3.Connection | None, known: SubscriptionState, found: Found, due_at: datetime, now: datetime
) -> Digest:
    """Return the digest of what the archive found since the subscription was last told."""
    subscription, start = known.subscription, known.seq
    matched = found.matched(start, found.top_seq, subscription.topics) if found.top_seq > start else ()
    upto = max(known.change, found.top_change)
    changes = found.changed(known.change, upto, subscription.topics) if upto > known.change else ()
    ids = [article_id for one in matched for article_id in (one.article_id, *one.was)]
    return build(
        subscription,
        start,
        found.top_seq,
        due_at,
        matched,
        found.coverage,
        found.sources_read,
        now,
        since=known.last_due_at or known.created_at,
        topic_order=found.topic_order,
        told=state.told(conn, subscription.id, ids) if conn else (),
        changes=changes,
        change_range=(known.change, upto),
    )


def store(conn: sqlite3.Connection, prepared: Prepared) -> int:
    """Queue what was prepared, in one short transaction; returns how many messages that made.

    Raises `ArchiveError` when the subscription is not any more as it was read; it is still due then.
    """
    digest = prepared.digest
    with transaction(conn):
        known = state.subscription_state(conn, digest.subscription.id)
        if known is not None and (not known.active or known.subscription != digest.subscription):
            raise ArchiveError("it was changed while its digest was made")
        outbox.queue(conn, digest, prepared.messages)
    return len(prepared.messages)


def recipients(subscription: Subscription) -> tuple[str, ...]:
    """Each address once, however often and in whatever case the operator wrote it."""
    return tuple({address.casefold(): address for address in subscription.to}.values()) or (OUTBOX,)
