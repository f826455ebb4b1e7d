"""What goes into a digest, and when: pure functions, no I/O, no clock.

due_digests   is one due?           state, now                    -> due_at | None
build         which matches         range, matched articles       -> Digest
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from alerts.model import Digest, Empty, Subscription, SubscriptionState
from alerts.wanted import wants
from alerts.watch import Quiet, When, last_due, next_due, read_quiet, read_when, read_zone
from archive.model import Coverage, MatchedArticle, Story, TermChange

# A digest that is later than this says so.
LATE = timedelta(minutes=30)


def due_digests(state: SubscriptionState, now: datetime) -> datetime | None:
    """Return the latest due moment not after ``now`` that nothing was made for yet, or None.

    After a long stop there is one digest to make, not one for each day missed: it holds them all.
    Raises ValueError when the schedule or the zone cannot be read.
    """
    due = last_due(*_schedule(state.subscription), now, _quiet(state.subscription))
    return due if due > _done(state) else None


def caught_up_from(state: SubscriptionState, due_at: datetime, now: datetime) -> datetime | None:
    """Return the first due moment that passed without its digest, when the one due at ``due_at`` is made now.

    None when that is in time. A reader is not told of a few minutes.
    """
    first = next_due(*_schedule(state.subscription), _done(state), _quiet(state.subscription))
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
    local = read_zone(zone)
    last = (last_mail_at or state.created_at).astimezone(local).date()
    return (due_at.astimezone(local).date() - last).days >= days


def _done(state: SubscriptionState) -> datetime:
    return max(state.created_at, state.last_due_at or state.created_at)


def _schedule(subscription: Subscription) -> tuple[When, str]:
    return read_when(subscription.when), subscription.zone


def _quiet(subscription: Subscription) -> Quiet | None:
    return read_quiet(subscription.quiet) if subscription.quiet else None


def build(
    subscription: Subscription,
    from_seq: int,
    to_seq: int,
    due_at: datetime,
    matched: Sequence[MatchedArticle],
    coverage: Sequence[Coverage],
    sources_read: int,
    made_at: datetime,
    *,
    since: datetime | None = None,
    topic_order: Sequence[str] = (),
    told: Collection[tuple[int, str]] = frozenset(),
    stories: Mapping[int, Story] = MappingProxyType({}),
    usual: Mapping[str, float] = MappingProxyType({}),
    changes: Sequence[TermChange] = (),
    change_range: tuple[int, int] = (0, 0),
) -> Digest:
    """Return the digest that holds exactly the wanted matches with from_seq < seq <= to_seq.

    ``matched`` may hold more than that; what does not belong is left out here, once, for everybody. So is what an
    earlier digest of this subscription has ``told``, as (article_id, topic_id): a match that ended and came back
    has a new seq, and is no news; nor is an article whose id was another when it was told. ``changes``
    are taken by their range alone: each is news, also of an article that was told. A story
    continues where any of its ``stories`` was told under any topic.
    """
    from_change, to_change = change_range
    articles = [
        one for one in fresh(matched, told) if from_seq < one.seq <= to_seq and wants(subscription, one)
    ]
    heard = {article_id for article_id, _ in told}
    return Digest(
        subscription=subscription,
        from_seq=from_seq,
        to_seq=to_seq,
        due_at=due_at,
        articles=tuple(sorted(articles, key=lambda one: one.seq)),
        coverage=tuple(sorted(coverage, key=lambda one: (one.source_name.casefold(), one.since, one.kind))),
        sources_read=sources_read,
        made_at=made_at,
        since=since,
        topic_order=tuple(topic_order),
        stories=stories,
        continued=frozenset(
            one.article_id for one in articles if not heard.isdisjoint(_relatives(one, stories))
        ),
        usual=usual,
        from_change=from_change,
        to_change=to_change,
        changes=tuple(
            one for one in changes if from_change < one.id <= to_change and wants(subscription, one)
        ),
    )


def _relatives(one: MatchedArticle, stories: Mapping[int, Story]) -> tuple[int, ...]:
    story = stories.get(one.article_id)
    return (one.article_id, *one.was, *(story.articles if story else ()))


def fresh(matched: Iterable[MatchedArticle], told: Collection[tuple[int, str]]) -> list[MatchedArticle]:
    """Return what a reader was not told of yet, by whatever id the article had then."""
    return [
        one
        for one in matched
        if not any((article_id, one.topic_id) in told for article_id in (one.article_id, *one.was))
    ]
