"""What goes into a digest and in which order: pure functions, no I/O, no clock.

    build         which matches         range, matched articles       -> Digest
    group         how a reader sees it  Digest                        -> groups of items

An article that several topics found is told in full once, under the first of them. Under each of the others stand
its headline and the sentence that this topic looks for: nothing hidden, and nothing that a reader must look up.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.model import Digest, Subscription
from alerts.quote import QUOTED_FIELDS, Piece, fitting, headline, lead, quotation, repeats_title
from alerts.wanted import wants
from archive.model import Coverage, Hit, MatchedArticle, TermChange


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One article as one topic tells it: in full (``under`` None), or briefly, with the topic that tells it in full.

    Told briefly, it has the marks, the quotation and the hits of its own topic only, and the quotation is empty
    where all that the topic found is the headline.
    """

    article: MatchedArticle
    title: tuple[Piece, ...]
    quote: tuple[Piece, ...]
    variants: tuple[Hit, ...]  # hits that a reader may not recognise: slips and acronyms
    elsewhere: tuple[Hit, ...]  # hits outside title, summary and text
    also: tuple[str, ...]  # titles of the other topics that found it
    under: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What one topic found, the newest first: ``items`` told in full here, ``references`` above."""

    topic_id: str
    title: str
    items: tuple[Item, ...]
    references: tuple[Item, ...]

    @property
    def size(self) -> int:
        """How many articles the topic found."""
        return len(self.items) + len(self.references)


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
    changes: Sequence[TermChange] = (),
    change_range: tuple[int, int] = (0, 0),
) -> Digest:
    """Return the digest that holds exactly the wanted matches with from_seq < seq <= to_seq.

    ``matched`` may hold more than that; what does not belong is left out here, once, for everybody. So is what an
    earlier digest of this subscription has ``told``, as (article_id, topic_id): a match that ended and came back
    has a new seq, and is no news; nor is an article whose id was another when it was told. ``changes``
    are taken by their range alone: each is news, also of an article that was told.
    """
    from_change, to_change = change_range
    articles = [
        one for one in fresh(matched, told) if from_seq < one.seq <= to_seq and wants(subscription, one)
    ]
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
        from_change=from_change,
        to_change=to_change,
        changes=tuple(
            one for one in changes if from_change < one.id <= to_change and wants(subscription, one)
        ),
    )


def fresh(matched: Iterable[MatchedArticle], told: Collection[tuple[int, str]]) -> list[MatchedArticle]:
    """Return what a reader was not told of yet, by whatever id the article had then."""
    return [
        one
        for one in matched
        if not any((article_id, one.topic_id) in told for article_id in (one.article_id, *one.was))
    ]


def group(digest: Digest) -> tuple[Group, ...]:
    """Return what the digest says, topic by topic.

    Topics come in the subscription's order; where it takes all topics, in the operator's, and those that are not
    in it at the end, the one that found most first.
    """
    by_topic: dict[str, dict[int, MatchedArticle]] = {}
    for one in digest.articles:  # by seq: of two matches of one article and topic, the later one is told
        by_topic.setdefault(one.topic_id, {})[one.article_id] = one
    titles = {one.topic_id: one.topic_title for one in digest.articles}
    order = _order(digest, by_topic, titles)
    told: dict[int, str] = {}
    groups = []
    for topic_id in order:
        items, references = [], []
        for one in sorted(by_topic[topic_id].values(), key=_newest_first):
            same = [by_topic[topic][one.article_id] for topic in order if one.article_id in by_topic[topic]]
            under = told.setdefault(one.article_id, topic_id)
            if under == topic_id:
                items.append(_item(one, same))
            else:
                references.append(_reference(one, titles[under]))
        groups.append(
            Group(topic_id=topic_id, title=titles[topic_id], items=tuple(items), references=tuple(references))
        )
    return tuple(groups)


def _order(
    digest: Digest, by_topic: dict[str, dict[int, MatchedArticle]], titles: dict[str, str]
) -> list[str]:
    known = digest.topic_order if digest.subscription.topics is None else digest.subscription.topics
    order = [topic for topic in dict.fromkeys(known) if topic in by_topic]
    rest = by_topic.keys() - set(order)
    return order + sorted(rest, key=lambda topic: (-len(by_topic[topic]), titles[topic].casefold(), topic))


def _newest_first(one: MatchedArticle) -> tuple[float, int]:
    # A page that claims to be from next week must not stay on top until then.
    moment = min(one.published_at or one.first_seen_at, one.first_seen_at)
    return -moment.timestamp(), -one.seq


def _item(one: MatchedArticle, same: Sequence[MatchedArticle]) -> Item:
    others = [match for match in same if match.topic_id != one.topic_id]
    hits = [hit for match in (one, *others) for hit in match.hits]
    own = fitting(one.hits, one)
    fit = [hit for match in others for hit in fitting(match.hits, one)]
    return Item(
        article=one,
        title=headline(one, (*own, *fit)),
        quote=quotation(one, own, fit) or lead(one),
        variants=_variants(hits),
        elsewhere=_elsewhere(hits),
        also=tuple(match.topic_title for match in others),
    )


def _reference(one: MatchedArticle, under: str) -> Item:
    own = fitting(one.hits, one)
    below = [hit for hit in own if hit.field in QUOTED_FIELDS]
    # A sentence that only says the headline again is worth its place where the headline has no mark to show.
    if len(below) < len(own) and all(repeats_title(hit, one) for hit in below):
        below = []
    return Item(
        article=one,
        title=headline(one, own),
        quote=quotation(one, below),
        variants=_variants(one.hits),
        elsewhere=_elsewhere(one.hits),
        also=(),
        under=under,
    )


def _variants(hits: Iterable[Hit]) -> tuple[Hit, ...]:
    """Return the hits to explain. Each spelling once, in however many places it stands."""
    found: dict[str, Hit] = {}
    for hit in hits:
        if hit.how in ("fuzzy", "acronym") and not _plain(hit):
            found.setdefault(_folded(hit.text), hit)
    return tuple(found.values())


def _elsewhere(hits: Iterable[Hit]) -> tuple[Hit, ...]:
    found: dict[tuple[str, str], Hit] = {}
    for hit in hits:
        if hit.field not in ("title", *QUOTED_FIELDS):
            found.setdefault((hit.field, _folded(hit.text)), hit)
    return tuple(found.values())


def _plain(hit: Hit) -> bool:
    return hit.text.casefold() == hit.variant.strip("~*\"'").casefold()


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()
