"""One digest from what two databases hold to what the outbox stores: read, build, render; then store.

Reading and rendering take longer than storing, and need no writer: `prepare` is content with a read-only connection.
What it read may be old when `store` comes, so that looks again, in one short transaction, before it writes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts import outbox, state
from alerts.digest import build, missed_of
from alerts.due import caught_up_from, proof_is_due
from alerts.grouping import printed
from alerts.instant import outlets
from alerts.model import (
    OUTBOX,
    Digest,
    DigestKind,
    MailServer,
    Message,
    Stationery,
    Subscription,
    SubscriptionState,
)
from alerts.render import PLAIN, render_all
from alerts.usual import comparable, usual
from alerts.wanted import topics
from alerts.watch import read_when
from archive.connect import transaction
from archive.errors import ArchiveError
from archive.model import Coverage, MatchedArticle, Outlet, Story, TermChange, Weekly
from archive.pace import Pace

# matched(from_seq, to_seq, topics): every match with from_seq < seq <= to_seq; topics None means all.
Matched = Callable[[int, int, tuple[str, ...] | None], Sequence[MatchedArticle]]
# worded(matched): the same with what is quoted of them; `Matched` may leave it out.
Worded = Callable[[Sequence[MatchedArticle]], Sequence[MatchedArticle]]
# changed(from_id, to_id, topics): likewise, what edits did to terms.
Changed = Callable[[int, int, tuple[str, ...] | None], Sequence[TermChange]]
# missed(since, until): about how many items of which sources came and went unread.
Missed = Callable[[datetime, datetime], Mapping[Outlet, float]]
# stories(article_ids): those that have copies, by article.
Stories = Callable[[Collection[int]], Mapping[int, Story]]
# unsettled(article_ids, now): those of which it is not known yet whose copies they are.
Unsettled = Callable[[Collection[int], datetime], Collection[int]]
# paces(now): the busy topics with their articles hour by hour.
Paces = Callable[[datetime], Sequence[Pace]]

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the archive holds just now, and what a digest needs of the operator.

    ``topic_order`` is the operator's order of topics, ``stationery`` what all mails are written on.
    ``weekly(since, until)`` answers as `archive.weekly` does.
    ``backfilled`` are the matches of new and changed topics in articles that were stored already; ``matched`` has none.
    """

    matched: Matched
    top_seq: int
    coverage: Sequence[Coverage]
    sources_read: Collection[Outlet]
    worded: Worded = lambda matched: matched
    topic_order: Sequence[str] = ()
    changed: Changed = lambda _from, _to, _topics: ()
    top_change: int = 0
    stationery: Stationery = PLAIN
    weekly: Callable[[datetime, datetime], Weekly] = lambda _since, _until: {}
    missed: Missed = lambda _since, _until: {}
    backfilled: Matched = lambda _from, _to, _topics: ()
    stories: Stories = lambda _ids: {}
    unsettled: Unsettled = lambda _ids, _now: frozenset()
    paces: Paces = lambda _now: ()


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
    *,
    asked: bool = False,
) -> Prepared:
    """Build and render one digest; ``conn`` may be read-only.

    ``asked``: somebody wants it now, at no hour of the subscription's: nothing waits, and nothing to tell is no mail.
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
    last_mail_at = outbox.last_mail_at(conn, known.subscription.id, due_at)
    proof = not asked and proof_is_due(known, last_mail_at, due_at)
    if not proof and not asked and _can_wait(digest):
        digest = replace(digest, articles=(), to_seq=digest.from_seq, outlets={})
    mailed = bool(digest.articles or digest.changes or proof)
    if proof and not digest.articles and not digest.changes:
        # Of the hours that passed in silence a reader knows nothing: all since the last mail is meant.
        since = last_mail_at or known.created_at
        digest = replace(
            digest, since=since, missed=missed_of(known.subscription, found.missed(since, due_at))
        )
    if mailed and (digest.from_seq, digest.from_change) == (digest.to_seq, digest.to_change):
        digest = replace(digest, kind=DigestKind.HEARTBEAT)  # nothing for the chain to hold
    messages: Sequence[Message] = ()
    if mailed:
        # The words are for the mail alone: what is stored of a digest is what it listed.
        told = worded(digest, found)
        messages = render_all(told, recipients(digest.subscription), server, found.stationery)
    return Prepared(digest=digest, messages=tuple(messages))


def worded(digest: Digest, found: Found) -> Digest:
    """Return a digest with the words of what it shows; the rest of what it holds is counted, and needs none."""
    shown = printed(digest)
    whole = {
        one.seq: one for one in found.worded([one for one in digest.articles if one.article_id in shown])
    }
    return replace(digest, articles=tuple(whole.get(one.seq, one) for one in digest.articles))


def _can_wait(digest: Digest) -> bool:
    """Tell whether a digest can wait for the next hour.

    Who is only told at once gets in the next full hour what was held back; what is but more of a story that was told
    waits for company, a day at the most.
    """
    if not read_when(digest.subscription.when).only_instant or digest.held_back or digest.changes:
        return False
    return bool(digest.articles) and all(digest.due_at - one.first_seen_at < DAY for one in digest.articles)


def build_next(
    conn: sqlite3.Connection | None, known: SubscriptionState, found: Found, due_at: datetime, now: datetime
) -> Digest:
    """Return the digest of what the archive found since the subscription was last told."""
    subscription, start = known.subscription, known.seq
    asked = topics(subscription)
    matched = found.matched(start, found.top_seq, asked) if found.top_seq > start else ()
    if subscription.backfill and found.top_seq > start:
        matched = [*matched, *found.backfilled(start, found.top_seq, asked)]
    matched = [*matched, *_found_before(known, found, matched)]
    upto = max(known.change, found.top_change)
    changes = found.changed(known.change, upto, asked) if upto > known.change else ()
    stories = found.stories([one.article_id for one in matched]) if matched else {}
    ids = [article_id for one in matched for article_id in (one.article_id, *one.was)]
    # Of a story that goes on, an earlier digest told another article.
    ids += [article_id for story in stories.values() for article_id in story.articles]
    since = known.last_due_at or known.created_at
    weekly = found.weekly(since, due_at) if matched and comparable(since, due_at) else {}
    digest = build(
        subscription,
        start,
        found.top_seq,
        due_at,
        matched,
        found.coverage,
        found.sources_read,
        now,
        since=since,
        topic_order=found.topic_order,
        told=state.told(conn, subscription.id, ids) if conn else (),
        changes=changes,
        change_range=(known.change, upto),
        stories=stories,
        usual=usual(weekly, subscription),
        missed=found.missed(since, due_at),
    )
    digest = replace(digest, caught_up_from=caught_up_from(known, due_at, now))
    if not read_when(subscription.when).instant:
        return digest
    articles = {one.article_id for one in digest.articles}
    stories = found.stories(articles)
    held = state.held(conn, subscription.id) if conn else frozenset()
    return replace(
        digest,
        held_back=len({one.article_id for one in digest.articles if held & {one.article_id, *one.was}}),
        outlets={article_id: outlets(article_id, stories) for article_id in articles},
    )


def _found_before(
    known: SubscriptionState, found: Found, matched: Sequence[MatchedArticle]
) -> list[MatchedArticle]:
    """Return what a query of the reader's own found until another took its place, as if that had found it."""
    query = known.subscription.query_topic
    if query is None:
        return []
    there = {one.article_id for one in matched if one.topic_id == query}
    before: dict[int, MatchedArticle] = {}
    for topic, upto in known.queries_before.items():
        for one in found.matched(known.seq, upto, (topic,)) if upto > known.seq else ():
            if one.article_id not in there:
                before.setdefault(one.article_id, replace(one, topic_id=query))
    return list(before.values())


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
