"""What goes into a digest and in which order: pure functions, no I/O, no clock.

    due_digests   is one due?           state, now                    -> due_at | None
    build         which matches         range, matched articles       -> Digest
    group         how a reader sees it  Digest                        -> groups of items

An article that several topics found is told in full once, under the first of them. Under each of the others stand
its headline and the sentence that this topic looks for: nothing hidden, and nothing that a reader must look up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.model import Digest, Subscription, SubscriptionState
from alerts.watch import last_due, read_when
from archive.model import Coverage, Hit, MatchedArticle

# The longest quotation, in code points without the ellipses: three or four lines on a phone.
QUOTE = 300
# How much of a quotation may stand before the words that matched.
_BEFORE = 120

_QUOTED_FIELDS = ("summary", "text")
# Where a sentence ends: a stop, perhaps closing marks, and a start that is not a small letter.
_STOP = re.compile(r"(?:[.!?…][\"”’»)\]]*\s+(?=[^\sa-zà-ÿ])|\n+)")
# "EE. UU.", "Sr. Castillo", "U.S. troops": a stop after these says nothing about sentences.
_SHORT = re.compile(r"(?:^|[\s(\"“«])(?:[A-ZÁÉÍÓÚÑ][\w]{0,2}|\w\.\w)$")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text as stored; ``hit`` says that it is what a topic looks for."""

    text: str
    hit: bool = False


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


def due_digests(state: SubscriptionState, now: datetime) -> datetime | None:
    """Return the latest due moment not after ``now`` that nothing was made for yet, or None.

    After a long stop there is one digest to make, not one for each day missed: it holds them all.
    Raises ValueError when the schedule or the zone cannot be read.
    """
    subscription = state.subscription
    due = last_due(read_when(subscription.when), subscription.zone, now)
    done = max(state.created_at, state.last_due_at or state.created_at)
    return due if due > done else None


def build(
    subscription: Subscription,
    from_seq: int,
    to_seq: int,
    due_at: datetime,
    matched: Sequence[MatchedArticle],
    coverage: Sequence[Coverage],
    sources_read: int,
    made_at: datetime,
) -> Digest:
    """Return the digest that holds exactly the wanted matches with from_seq < seq <= to_seq.

    ``matched`` may hold more than that; what does not belong is left out here, once, for everybody.
    """
    wanted = subscription.topics
    articles = [
        one for one in matched if from_seq < one.seq <= to_seq and (wanted is None or one.topic_id in wanted)
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
    )


def group(digest: Digest) -> tuple[Group, ...]:
    """Return what the digest says, topic by topic.

    Topics come in the subscription's order; where it takes all topics, the one that found most comes first.
    """
    by_topic: dict[str, dict[int, MatchedArticle]] = {}
    for one in digest.articles:  # by seq: of two matches of one article and topic, the later one is told
        by_topic.setdefault(one.topic_id, {})[one.article_id] = one
    titles = {one.topic_id: one.topic_title for one in digest.articles}
    order = _order(digest.subscription, by_topic, titles)
    told: dict[int, str] = {}
    groups = []
    for topic_id in order:
        items, references = [], []
        for one in sorted(by_topic[topic_id].values(), key=_newest_first):
            same = [by_topic[other][one.article_id] for other in order if one.article_id in by_topic[other]]
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
    subscription: Subscription, by_topic: dict[str, dict[int, MatchedArticle]], titles: dict[str, str]
) -> list[str]:
    if subscription.topics is not None:
        return [topic for topic in dict.fromkeys(subscription.topics) if topic in by_topic]
    return sorted(by_topic, key=lambda topic: (-len(by_topic[topic]), titles[topic].casefold(), topic))


def _newest_first(one: MatchedArticle) -> tuple[float, int]:
    # A page that claims to be from next week must not stay on top until then.
    moment = min(one.published_at or one.first_seen_at, one.first_seen_at)
    return -moment.timestamp(), -one.seq


def _item(one: MatchedArticle, same: Sequence[MatchedArticle]) -> Item:
    hits = [hit for match in (one, *same) for hit in match.hits]
    fitting = _fitting(hits, one)
    return Item(
        article=one,
        title=_title(one, fitting),
        quote=_quote(one, fitting) or _lead(one),
        variants=_variants(hits),
        elsewhere=_elsewhere(hits),
        also=tuple(match.topic_title for match in same if match.topic_id != one.topic_id),
    )


def _reference(one: MatchedArticle, under: str) -> Item:
    fitting = _fitting(one.hits, one)
    in_title = any(hit.field == "title" for hit in fitting)
    # A sentence that only says the headline again is worth its place where the headline has no mark to show.
    below = [hit for hit in fitting if not (in_title and _repeats_title(hit, one))]
    return Item(
        article=one,
        title=_title(one, fitting),
        quote=_quote(one, below),
        variants=_variants(one.hits),
        elsewhere=_elsewhere(one.hits),
        also=(),
        under=under,
    )


def _fitting(hits: Iterable[Hit], one: MatchedArticle) -> list[Hit]:
    return [fitted for hit in hits if (fitted := _fit(hit, one)) is not None]


def _title(one: MatchedArticle, fitting: Sequence[Hit]) -> tuple[Piece, ...]:
    return _pieces(one.title, 0, len(one.title), [hit for hit in fitting if hit.field == "title"])


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
        if hit.field not in ("title", *_QUOTED_FIELDS):
            found.setdefault((hit.field, _folded(hit.text)), hit)
    return tuple(found.values())


def _plain(hit: Hit) -> bool:
    return hit.text.casefold() == hit.variant.strip("~*\"'").casefold()


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _field(one: MatchedArticle, field: str) -> str:
    return {"title": one.title, "summary": one.summary, "text": one.text}.get(field, "")


def _fit(hit: Hit, one: MatchedArticle) -> Hit | None:
    """Return the hit where its words are now; the article may have been revised since it was matched."""
    stored = _field(one, hit.field)
    if hit.text and stored[hit.start : hit.end] == hit.text and hit.start >= 0:
        return hit
    start = stored.find(hit.text) if hit.text else -1
    if start < 0:
        return None
    return Hit(hit.field, start, start + len(hit.text), hit.text, hit.variant, hit.how)


def _quote(one: MatchedArticle, hits: Sequence[Hit]) -> tuple[Piece, ...]:
    """Return the sentence around the first hit below the title, empty when there is none."""
    own = set(one.hits)
    first = min(
        (hit for hit in hits if hit.field in _QUOTED_FIELDS),
        key=lambda hit: (
            _repeats_title(hit, one),
            hit not in own,
            _QUOTED_FIELDS.index(hit.field),
            hit.start,
        ),
        default=None,
    )
    if first is None:
        return ()
    return _cut(_field(one, first.field), first, [other for other in hits if other.field == first.field])


def _lead(one: MatchedArticle) -> tuple[Piece, ...]:
    """Return the first sentence."""
    lead = one.summary or one.text
    return _cut(lead, None, ()) if lead.strip() else ()


def _repeats_title(hit: Hit, one: MatchedArticle) -> bool:
    if hit.field not in _QUOTED_FIELDS:
        return False
    text = _field(one, hit.field)
    start, end = sentence(text, hit.start, hit.end)
    return text[start:end].strip(" .").casefold() == one.title.strip(" .").casefold()


def _cut(text: str, hit: Hit | None, hits: Sequence[Hit]) -> tuple[Piece, ...]:
    at, until = (hit.start, hit.end) if hit else (0, 0)
    start, end = sentence(text, at, until)
    opened = closed = False
    if end - start > QUOTE:
        if at - start > _BEFORE and min(end, until) - start > QUOTE - _BEFORE:
            start, opened = _word_after(text, at - _BEFORE, at), True
        if end - start > QUOTE:
            end, closed = _word_before(text, start + QUOTE, max(until, start)), True
    pieces = list(_pieces(text, start, end, hits))
    if opened:
        pieces.insert(0, Piece("… "))
    if closed:
        pieces.append(Piece(" …"))
    return tuple(pieces)


def sentence(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the ends of the sentence of ``text`` that holds the span, without the white space around it."""
    low, high = 0, len(text)
    # Nobody writes sentences of 2,000 letters; texts of a megabyte without a stop do come.
    window = max(0, start - 2000)
    for stop in _STOP.finditer(text, window, min(len(text), end + 2000)):
        if re.match(r"\.\s", stop[0]) and _SHORT.search(text, max(window, stop.start() - 8), stop.start()):
            continue
        if stop.end() <= start:
            low = stop.end()
        elif stop.start() >= end and stop.end() > low + 1:
            high = stop.end()
            break
    while low < high and text[low].isspace():
        low += 1
    while high > low and text[high - 1].isspace():
        high -= 1
    return low, high


def _word_after(text: str, position: int, latest: int) -> int:
    """Return the first start of a word in [position, latest], ``position`` itself where there is none."""
    found = re.compile(r"\s+").search(text, position, latest)
    return found.end() if found else position


def _word_before(text: str, position: int, earliest: int) -> int:
    """Return the last end of a word in [earliest, position], ``position`` itself where there is none."""
    for index in range(position, max(earliest, position - 60) - 1, -1):
        if index < len(text) and text[index].isspace():
            return index
    return position


def _pieces(text: str, start: int, end: int, hits: Sequence[Hit]) -> tuple[Piece, ...]:
    """Return text[start:end] in order, with the hits in it marked; hits that overlap become one."""
    pieces: list[Piece] = []
    position = start
    for first, last in _merged(hits):
        low, high = max(first, position), min(last, end)
        if low >= high:
            continue
        if low > position:
            pieces.append(Piece(text[position:low]))
        pieces.append(Piece(text[low:high], hit=True))
        position = high
    if position < end:
        pieces.append(Piece(text[position:end]))
    return tuple(pieces)


def _merged(hits: Sequence[Hit]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for low, high in sorted({(hit.start, hit.end) for hit in hits}):
        if merged and low < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return merged
