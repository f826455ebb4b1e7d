"""What goes into a digest: pure functions, no I/O, no clock.

    build   which matches      range, matched articles, what was told       -> Digest
    fresh   what is no news    the same                                    -> matched articles

When one is due is `alerts.due`'s to say, and how a reader sees it `alerts.grouping`'s.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from alerts.model import Digest, Subscription
from alerts.wanted import takes_in, wants
from archive.model import Coverage, MatchedArticle, Outlet, Story, TermChange


def build(
    subscription: Subscription,
    from_seq: int,
    to_seq: int,
    due_at: datetime,
    matched: Sequence[MatchedArticle],
    coverage: Sequence[Coverage],
    sources_read: Collection[Outlet],
    made_at: datetime,
    *,
    since: datetime | None = None,
    topic_order: Sequence[str] = (),
    told: Collection[tuple[int, str]] = frozenset(),
    stories: Mapping[int, Story] = MappingProxyType({}),
    usual: Mapping[str, float] = MappingProxyType({}),
    changes: Sequence[TermChange] = (),
    change_range: tuple[int, int] = (0, 0),
    missed: Mapping[Outlet, float] = MappingProxyType({}),
) -> Digest:
    """Return the digest that holds exactly the wanted matches with from_seq < seq <= to_seq.

    ``matched`` may hold more than that; what does not belong is left out here, once, for everybody. So is what an
    earlier digest of this subscription has ``told``, as (article_id, topic_id): a match that ended and came back
    has a new seq, and is no news; nor is an article whose id was another when it was told. ``changes``
    are taken by their range alone: each is news, also of an article that was told. A story
    continues where any of its ``stories`` was told under any topic. Of sources that the subscription takes nothing
    from, it is not said either how well they could be read.
    """
    from_change, to_change = change_range
    articles = [
        one for one in fresh(matched, told) if from_seq < one.seq <= to_seq and wants(subscription, one)
    ]
    ill = [one for one in coverage if takes_in(subscription, one)]
    read = {one.source_id for one in sources_read if takes_in(subscription, one)}
    heard = {article_id for article_id, _ in told}
    return Digest(
        subscription=subscription,
        from_seq=from_seq,
        to_seq=to_seq,
        due_at=due_at,
        articles=tuple(sorted(articles, key=lambda one: one.seq)),
        coverage=tuple(sorted(ill, key=lambda one: (one.source_name.casefold(), one.since, one.kind))),
        sources_read=len(read),
        sources_well=len(read - {one.source_id for one in ill}),
        made_at=made_at,
        since=since,
        topic_order=tuple(topic_order),
        stories=stories,
        continued=frozenset(
            one.article_id for one in articles if not heard.isdisjoint(_relatives(one, stories))
        ),
        usual=usual,
        missed=missed_of(subscription, missed),
        from_change=from_change,
        to_change=to_change,
        changes=tuple(
            one for one in changes if from_change < one.id <= to_change and wants(subscription, one)
        ),
    )


def missed_of(subscription: Subscription, missed: Mapping[Outlet, float]) -> float:
    """Return about how many items came and went unread of the sources that a subscription takes in."""
    return sum(number for outlet, number in missed.items() if takes_in(subscription, outlet))


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
