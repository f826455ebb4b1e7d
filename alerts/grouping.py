"""How a reader sees a digest: topic by topic, and under each story by story. Pure.

Copies of one text are one story, and told once: by the copy that is free and was read in full, else the earliest.

A story that several topics found is told in full once, under the first of them. Under each of the others stand
its headline and the sentence that this topic looks for: nothing hidden, and nothing that a reader must look up.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from alerts.model import Digest
from alerts.quote import QUOTED_FIELDS, Piece, fitting, headline, lead, quotation, repeats_title
from archive.model import Content, Hit, MatchedArticle, Story, TermChange


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One story as one topic tells it: in full (``under`` None), or briefly, with the topic that tells it in full.

    Told briefly, it has the marks, the quotation and the hits of its own topic only, and the quotation is empty
    where all that the topic found is the headline. ``copies`` are the other articles of the story that the topic
    found, the earliest first. ``continues``: an earlier digest told of the story.
    """

    article: MatchedArticle
    title: tuple[Piece, ...]
    quote: tuple[Piece, ...]
    variants: tuple[Hit, ...]  # hits that a reader may not recognise: slips and acronyms
    elsewhere: tuple[Hit, ...]  # hits outside title, summary and text
    also: tuple[str, ...]  # titles of the other topics that found it
    under: str | None = None
    copies: tuple[MatchedArticle, ...] = ()
    story: Story | None = None
    continues: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What one topic found: ``items`` told in full here, ``references`` above; what is new before what continues.

    ``over``: how many stories more there are past the subscription's cap; ``size``: how many articles the topic found
    in all, and ``stories`` in how many stories. ``changes`` are what edits brought and took of its terms, edit by edit.
    """

    topic_id: str
    title: str
    items: tuple[Item, ...]
    references: tuple[Item, ...]
    size: int
    stories: int
    over: int = 0
    usual: float | None = None
    changes: tuple[tuple[TermChange, ...], ...] = ()


def printed(digest: Digest) -> frozenset[int]:
    """Return the articles whose words a reader sees: those that tell a story up to the cap."""
    by_topic, cap = _by_topic(digest), digest.subscription.cap
    return frozenset(
        story[0].article_id for found in by_topic.values() for story in _stories(digest, found.values())[:cap]
    )


def group(digest: Digest) -> tuple[Group, ...]:
    """Return what the digest says, topic by topic.

    Topics come in the subscription's order; where it takes all topics, in the operator's, and those that are not
    in it at the end, the one that found most first.
    """
    by_topic = _by_topic(digest)
    titles = {one.topic_id: one.topic_title for one in digest.changes}
    titles |= {one.topic_id: one.topic_title for one in digest.articles}
    order = _order(digest, by_topic, titles)
    cap = digest.subscription.cap
    found_by: dict[int, dict[str, str]] = {}  # story -> the topics that found any of it
    for topic_id in order:
        for one in by_topic.get(topic_id, {}).values():
            found_by.setdefault(story_id(digest, one), {})[topic_id] = titles[topic_id]
    told: dict[int, str] = {}  # story -> the topic that tells it in full
    groups = []
    for topic_id in order:
        items, references = [], []
        stories = _stories(digest, by_topic.get(topic_id, {}).values())
        for story in stories[:cap]:
            key = story_id(digest, story[0])
            under = told.setdefault(key, topic_id)
            if under == topic_id:
                others = {one: title for one, title in found_by[key].items() if one != topic_id}
                same = [by_topic[one].get(story[0].article_id) for one in others]
                items.append(_item(digest, story, [one for one in same if one], tuple(others.values())))
            else:
                references.append(_reference(digest, story, titles[under]))
        groups.append(
            Group(
                topic_id=topic_id,
                title=titles[topic_id],
                items=tuple(items),
                references=tuple(references),
                size=len(by_topic.get(topic_id, ())),
                stories=len(stories),
                over=len(stories) - len(items) - len(references),
                usual=digest.usual.get(topic_id),
                changes=_edits(digest.changes, topic_id, by_topic.get(topic_id, ())),
            )
        )
    return tuple(one for one in groups if one.size or one.changes)


def _by_topic(digest: Digest) -> dict[str, dict[int, MatchedArticle]]:
    found: dict[str, dict[int, MatchedArticle]] = {}
    for one in digest.articles:  # by seq: of two matches of one article and topic, the later one is told
        found.setdefault(one.topic_id, {})[one.article_id] = one
    return found


def _edits(
    changes: Iterable[TermChange], topic_id: str, here: Collection[int]
) -> tuple[tuple[TermChange, ...], ...]:
    """Return the edits of one topic, each with all the terms that it brought to a field, or took from it.

    Not those that brought the term for which the article itself stands ``here``: the article is the news.
    """
    edits: dict[tuple[object, ...], list[TermChange]] = {}
    for one in changes:
        if one.topic_id == topic_id and not (one.came and one.article_id in here):
            edits.setdefault((one.article_id, one.at, one.field, one.came), []).append(one)
    return tuple(map(tuple, edits.values()))


def story_id(digest: Digest, one: MatchedArticle) -> int:
    """Return what tells the story of an article from all others: its own id where it has no copies."""
    # The id of a story is that of one of its articles.
    story = digest.stories.get(one.article_id)
    return story.story_id if story else one.article_id


def _stories(digest: Digest, found: Iterable[MatchedArticle]) -> list[list[MatchedArticle]]:
    """Return what one topic found, story by story, what is new before what continues; who tells it stands first."""
    stories: dict[int, list[MatchedArticle]] = {}
    for one in sorted(
        found, key=lambda one: (one.paywalled, one.content is not Content.FULL, _place(digest, one))
    ):
        stories.setdefault(story_id(digest, one), []).append(one)
    return sorted(
        stories.values(), key=lambda story: (_continues(digest, story), min(map(_newest_first, story)))
    )


def _continues(digest: Digest, story: Iterable[MatchedArticle]) -> bool:
    return any(one.article_id in digest.continued for one in story)


def _order(
    digest: Digest, by_topic: dict[str, dict[int, MatchedArticle]], titles: dict[str, str]
) -> list[str]:
    known = digest.topic_order if digest.subscription.topics is None else digest.subscription.topics
    order = [topic for topic in dict.fromkeys(known) if topic in titles]
    rest = titles.keys() - set(order)
    return order + sorted(
        rest, key=lambda topic: (-len(by_topic.get(topic, ())), titles[topic].casefold(), topic)
    )


def _place(digest: Digest, one: MatchedArticle) -> int:
    """Return how many copies of an article came before it."""
    story = digest.stories.get(one.article_id)
    return story.articles.index(one.article_id) if story else 0


def _newest_first(one: MatchedArticle) -> tuple[float, int]:
    # A page that claims to be from next week must not stay on top until then.
    moment = min(one.published_at or one.first_seen_at, one.first_seen_at)
    return -moment.timestamp(), -one.seq


def _item(
    digest: Digest, story: Sequence[MatchedArticle], others: Sequence[MatchedArticle], also: tuple[str, ...]
) -> Item:
    one = story[0]
    hits = [hit for match in (one, *others) for hit in match.hits]
    own = fitting(one.hits, one)
    fit = [fitting(match.hits, one) for match in others]
    return Item(
        article=one,
        title=headline(one, chain(own, *fit)),
        quote=quotation(one, own, fit) or lead(one),
        variants=_variants(hits),
        elsewhere=_elsewhere(hits),
        also=also,
        copies=tuple(story[1:]),
        story=digest.stories.get(one.article_id),
        continues=_continues(digest, story),
    )


def _reference(digest: Digest, story: Sequence[MatchedArticle], under: str) -> Item:
    one = story[0]
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
        copies=tuple(story[1:]),
        story=digest.stories.get(one.article_id),
        continues=_continues(digest, story),
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
