"""The words that a digest shows of an article: its headline, and the sentence around what a topic looks for.

Pure, and its cost is bounded: an article may be long, and hold what a topic looks for ten thousand times.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import NamedTuple

from archive.model import Hit, MatchedArticle
from archive.sentences import excerpt, sentence, word_after, word_before

# The longest quotation, in code points without the ellipses: three or four lines on a phone.
QUOTE = 300
# How much of a quotation may stand before the words that matched.
BEFORE = 120
# The longest headline. What is longer is a text that somebody put in the wrong place.
TITLE = 300
# So many hits of one topic in one field are looked at; a mark past them may be missing, the article is not.
_CONSIDERED = 200
# So many sentences of one field are held against each other.
_COMPARED = 20

QUOTED_FIELDS = ("summary", "text")

_DOTS = re.compile(r"\s*[\[(]?(?:…|\.{2,})[\])]?$")
# A sentence that was not cut off: it ends in a stop, and not in dots.
_ENDED = re.compile(r"(?<![.…])[.!?][\"”’»)\]]*$")
_TELLING = 20  # characters of a sentence by which it is known again


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text as stored; ``hit`` says that it is what a topic looks for."""

    text: str
    hit: bool = False


def fitting(hits: Iterable[Hit], one: MatchedArticle) -> list[Hit]:
    """Return hits of one match where their words are now; the article may have been revised since."""
    seen: dict[str, int] = {}
    found: dict[tuple[str, str], int] = {}
    fitted = []
    for hit in hits:
        if hit.field not in ("title", *QUOTED_FIELDS):
            continue
        seen[hit.field] = seen.get(hit.field, 0) + 1
        if seen[hit.field] > _CONSIDERED or not hit.text:
            continue
        stored = _field(one, hit.field)
        if hit.start >= 0 and stored[hit.start : hit.end] == hit.text:
            fitted.append(hit)
            continue
        key = (hit.field, hit.text)
        if key not in found:
            found[key] = stored.find(hit.text)
        start = found[key]
        if start >= 0:
            fitted.append(Hit(hit.field, start, start + len(hit.text), hit.text, hit.variant, hit.how))
    return fitted


def headline(one: MatchedArticle, hits: Iterable[Hit]) -> tuple[Piece, ...]:
    """Return the title, what matched in it marked; of a very long one its beginning, and where it matched."""
    title, own = one.title, [hit for hit in hits if hit.field == "title"]
    if len(title) <= TITLE:
        return _pieces(title, 0, len(title), own)
    first = min((hit.start for hit in own), default=0)
    if first < TITLE - BEFORE:
        return (*_pieces(title, 0, word_before(title, TITLE, 1), own), Piece(" …"))
    start = word_after(title, first - BEFORE // 2, first)
    end = word_before(title, start + BEFORE, first) if start + BEFORE < len(title) else len(title)
    more = (Piece(" …"),) if end < len(title) else ()
    begins = title[: word_before(title, BEFORE, 1)]
    return (Piece(f"{begins} … "), *_pieces(title, start, end, own), *more)


def quotation(
    one: MatchedArticle, own: Sequence[Hit], others: Sequence[Sequence[Hit]] = ()
) -> tuple[Piece, ...]:
    """Return the most telling sentence below the title that holds a hit, empty when there is none.

    It holds a hit of this topic (``own``) where the headline has none; hits of most topics, with the ``others``; else
    one of this topic, and most different hits; else it is in the summary, and not in the text; else it is the earliest.
    One that only says the headline again comes last. All hits are marked in it. They are as `fitting` gives them.
    """
    topics = (own, *others)
    sentences = (islice(_sentences(one, field, topics), _COMPARED) for field in QUOTED_FIELDS)
    first = min(chain.from_iterable(sentences), default=None)
    if first is None:
        return ()
    order = [hit for hits in topics for hit in hits]
    shown = _whole(first.hit, order, one) if first.hit.field == "summary" else first.hit
    return _cut(_field(one, shown.field), shown, [hit for hit in order if hit.field == shown.field])


class _Sentence(NamedTuple):
    """What a sentence tells: the least is the most telling. ``hit`` is the first in it."""

    repeats: bool
    unexplained: bool  # nothing would show why the article stands under this topic
    topics: int  # below zero, as ``hits``: the more the better
    foreign: bool  # without a hit of this topic
    hits: int
    field: int
    start: int
    hit: Hit


def _sentences(one: MatchedArticle, field: str, topics: Sequence[Sequence[Hit]]) -> Iterator[_Sentence]:
    """Yield the sentences that hold a hit, of a long one as much of it as would be shown."""
    text = _field(one, field)
    found = sorted(
        ((hit, topic) for topic, hits in enumerate(topics) for hit in hits if hit.field == field),
        key=lambda pair: pair[0].start,
    )
    in_title = any(hit.field == "title" for hit in topics[0])
    starts, end = [hit.start for hit, _ in found], 0
    for hit, _ in found:
        if hit.end <= end:
            continue
        low, end, _, _ = excerpt(text, hit.start, hit.end, QUOTE, BEFORE)
        inside = found[bisect_left(starts, low) : bisect_left(starts, end)]
        found_by = {topic for _, topic in inside}
        yield _Sentence(
            repeats_title(hit, one),
            0 not in found_by and not in_title,
            -len(found_by),
            0 not in found_by,
            -len({other.variant for other, _ in inside}),
            QUOTED_FIELDS.index(field),
            hit.start,
            hit,
        )


def _whole(first: Hit, order: Iterable[Hit], one: MatchedArticle) -> Hit:
    """Return the hit in the text where a sentence is whole that the summary cuts off, else ``first``.

    Many feeds give the first hundred characters of the text, with dots behind them or without.
    """
    start, end = sentence(one.summary, first.start, first.end)
    said = one.summary[start:end]
    if end < len(one.summary.rstrip()) or _ENDED.search(said):
        return first
    begins = _DOTS.sub("", said)
    # The last word may be cut off, too; and what is short says nothing.
    begins = begins[: word_before(begins, len(begins) - 1, 1)].rstrip()
    at = one.text.find(begins) if len(begins) >= _TELLING else -1
    where = at + first.start - start
    return next((hit for hit in order if at >= 0 and (hit.field, hit.start) == ("text", where)), first)


def lead(one: MatchedArticle) -> tuple[Piece, ...]:
    """Return the first sentence."""
    text = one.summary or one.text
    return _cut(text, None, ()) if text.strip() else ()


def repeats_title(hit: Hit, one: MatchedArticle) -> bool:
    """Return whether the sentence around ``hit`` says the headline again, and nothing else."""
    if hit.field not in QUOTED_FIELDS:
        return False
    text = _field(one, hit.field)
    start, end = sentence(text, hit.start, hit.end)
    # Compared only where it can be true: a text may be a megabyte without a stop.
    if end - start > 2 * len(one.title) + 2:
        return False
    return text[start:end].strip(" .").casefold() == one.title.strip(" .").casefold()


def _field(one: MatchedArticle, field: str) -> str:
    return {"title": one.title, "summary": one.summary, "text": one.text}[field]


def _cut(text: str, hit: Hit | None, hits: Sequence[Hit]) -> tuple[Piece, ...]:
    at, until = (hit.start, hit.end) if hit else (0, 0)
    start, end, opened, closed = excerpt(text, at, until, QUOTE, BEFORE)
    pieces = list(_pieces(text, start, end, hits))
    if opened:
        pieces.insert(0, Piece("… "))
    if closed:
        pieces.append(Piece(" …"))
    return tuple(pieces)


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
