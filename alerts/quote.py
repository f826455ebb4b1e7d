"""The words that a digest shows of an article: its headline, and the sentence around what a topic looks for.

Pure, and its cost is bounded: an article may be long, and hold what a topic looks for ten thousand times.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from archive.model import Hit, MatchedArticle

# The longest quotation, in code points without the ellipses: three or four lines on a phone.
QUOTE = 300
# How much of a quotation may stand before the words that matched.
_BEFORE = 120
# The longest headline. What is longer is a text that somebody put in the wrong place.
TITLE = 300
# So many hits of one topic in one field are looked at; a mark past them may be missing, the article is not.
_CONSIDERED = 200

QUOTED_FIELDS = ("summary", "text")
# Where a sentence ends: a stop, perhaps closing marks, and a start that is not a small letter.
_STOP = re.compile(r"(?:[.!?…][\"”’»)\]]*\s+(?=[^\sa-zà-ÿ])|\n+)")
# "EE. UU.", "Sr. Castillo", "U.S. troops": a stop after these says nothing about sentences.
_SHORT = re.compile(r"(?:^|[\s(\"“«])(?:[A-ZÁÉÍÓÚÑ][\w]{0,2}|\w\.\w)$")


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
    if first < TITLE - _BEFORE:
        return (*_pieces(title, 0, _word_before(title, TITLE, 1), own), Piece(" …"))
    start = _word_after(title, first - _BEFORE // 2, first)
    end = _word_before(title, start + _BEFORE, first) if start + _BEFORE < len(title) else len(title)
    more = (Piece(" …"),) if end < len(title) else ()
    begins = title[: _word_before(title, _BEFORE, 1)]
    return (Piece(f"{begins} … "), *_pieces(title, start, end, own), *more)


def quotation(one: MatchedArticle, own: Sequence[Hit], others: Sequence[Hit] = ()) -> tuple[Piece, ...]:
    """Return the sentence around the first hit below the title, empty when there is none.

    Hits of this topic (``own``) come before those of ``others``, the summary before the text, and a sentence that
    only says the headline again comes last. All are marked in it. Both are as `fitting` gives them.
    """
    order = [
        hit
        for hits in (own, others)
        for field in QUOTED_FIELDS
        for hit in sorted((hit for hit in hits if hit.field == field), key=lambda hit: hit.start)
    ]
    if not order:
        return ()
    first = next((hit for hit in order if not repeats_title(hit, one)), order[0])
    return _cut(_field(one, first.field), first, [hit for hit in order if hit.field == first.field])


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
