"""Nearly identical copies of one text: how they are told, and what story they make.

    text ─▶ its words ─▶ shingles (four words in a row) ─▶ sketch: the `SIZE` smallest of their hashes
    two sketches ─▶ how much of the smaller text stands in the other ─▶ whether one is a copy of the other
    copies ─▶ stories: all that are joined by a chain of copies

The smallest hashes are a sample of the shingles that is drawn alike in every text, so what two sketches share says what
the texts share. Of what is shared the part of the *smaller* text counts (containment): a copy that was cut, or into
which paragraphs of others went, is still one, where the part of both together (Jaccard, MinHash) says it is not.

What one outlet prints below everything is no part of any story. A hash is *common* to an outlet where more than
`MOST_OF_ONE` of its articles within a week have it, and counts for none of them. How often a hash occurs in all outlets
says nothing: an agency's text that fifty newspapers print is what is looked for.

Nothing here depends on the order in which articles come, nor on the process: a story is a function of its articles.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

SHINGLE = 4  # words; of fewer, texts that have nothing to do with each other share some
SIZE = 32  # hashes of a sketch
LEAST_WORDS = 30
"""Of a text that may be a copy. Headlines and short teasers of two events are often the same words."""
LEAST_SHARED = 7  # hashes; with fewer, a long quotation or chance makes a copy
COPY, COPY_OF_OWN = 0.4, 0.7
"""Part of the smaller text that stands in the other; within one outlet more, since what it prints under everything is
not known to be that until some articles have it."""
MOST_OF_ONE = 5  # articles of one outlet in a week either way that may have a hash
WINDOW = 7  # days between two copies
LONGEST = 100_000  # characters that are looked at

BITS = 31
"""Of a hash: so many that chance plays no part, so few that SQLite stores the smallest in four bytes."""

_CODES = (
    0x2100  # letters of the alphabets, and the signs that separate words; what is above counts as a letter
)
_BASE = np.uint64(0x9E3779B97F4A7C15)
_INVERSE = np.uint64(pow(0x9E3779B97F4A7C15, -1, 1 << 64))


@dataclass(frozen=True, slots=True)
class Sketch:
    """What is kept of a text: the smallest hashes of its shingles, ascending. Empty: it is too short to be a copy."""

    hashes: tuple[int, ...]

    @property
    def upto(self) -> int:
        """Up to which hash it has all of the text."""
        return self.hashes[-1] if len(self.hashes) == SIZE else 1 << BITS


@cache
def _letters() -> npt.NDArray[np.uint64]:
    """Return for each character the letter that it is compared as, without accent and small; 0: it separates words."""
    plain = [unicodedata.normalize("NFD", chr(code).lower())[0] for code in range(_CODES)]
    return np.array([ord(char) if char.isalnum() else 0 for char in plain], np.uint64)


@cache
def _powers(size: int) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    ones = np.ones(size, np.uint64)
    return tuple(np.multiply.accumulate(ones * by) for by in (_BASE, _INVERSE))  # type: ignore[return-value]


def word_hashes(text: str) -> npt.NDArray[np.uint64]:
    """Return a hash for each word of ``text``, in their order: accents, capitals and signs do not matter."""
    codes = np.frombuffer(text[:LONGEST].encode("utf-32-le", "replace"), np.uint32)
    letters = _letters()
    plain = letters[np.minimum(codes, _CODES - 1)]
    high = codes >= _CODES
    if high.any():
        plain[high] = codes[high]
    within = np.zeros(len(plain) + 2, np.int8)
    within[1:-1] = plain != 0
    edges = np.flatnonzero(np.diff(within))
    starts, ends = edges[0::2], edges[1::2]
    # A polynomial over the letters of each word, made for all words at once: the sum up to the word's end less that up
    # to its start, moved to where it would be if the word stood first.
    size = 1 << max(12, len(plain).bit_length())  # few sizes, so that the powers are kept
    up, down = _powers(size)
    sums = np.zeros(len(plain) + 1, np.uint64)
    np.cumsum(plain * up[: len(plain)], out=sums[1:])
    return (sums[ends] - sums[starts]) * down[starts]


def _mixed(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return ``values`` with every bit hanging on every other (the end of splitmix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def shingles(text: str) -> npt.NDArray[np.uint32]:
    """Return the hash of each shingle of ``text``, ascending, each once."""
    words = _mixed(word_hashes(text))
    if len(words) < LEAST_WORDS:
        return np.empty(0, np.uint32)
    count = len(words) - SHINGLE + 1
    joined = words[:count].copy()
    for place in range(1, SHINGLE):
        joined = joined * _BASE + words[place : place + count]
    hashes = (_mixed(joined) >> np.uint64(64 - BITS)).astype(np.uint32)
    hashes.sort()
    return hashes[np.concatenate(([True], hashes[1:] != hashes[:-1]))]


def sketch(text: str) -> Sketch:
    """Return the sketch of ``text``."""
    return Sketch(tuple(shingles(text)[:SIZE].tolist()))


def containment(one: Sketch, other: Sketch, common: Collection[int] = frozenset()) -> float:
    """Return how much of the smaller text stands in the other; 0 where too little speaks for it.

    ``common``: hashes that do not count, for they are common to the outlet of one or the other.
    """
    upto = min(one.upto, other.upto)
    first = {each for each in one.hashes if each <= upto}.difference(common)
    second = {each for each in other.hashes if each <= upto}.difference(common)
    shared = len(first & second)
    return shared / min(len(first), len(second)) if shared >= LEAST_SHARED else 0.0


def is_copy(share: float, *, same_outlet: bool) -> bool:
    """Tell whether texts of which ``share`` is contained are copies. Language and time are asked before."""
    return share >= (COPY_OF_OWN if same_outlet else COPY)


def stories(articles: Iterable[int], copies: Iterable[tuple[int, int]]) -> list[frozenset[int]]:
    """Return ``articles`` by story, whatever the order of ``copies``."""
    leader = {article: article for article in articles}

    def find(article: int) -> int:
        while leader[article] != article:
            leader[article] = leader[leader[article]]
            article = leader[article]
        return article

    for one, other in copies:
        low, high = sorted((find(one), find(other)))
        leader[high] = low
    grouped: dict[int, set[int]] = {}
    for article in leader:
        grouped.setdefault(find(article), set()).add(article)
    return [frozenset(group) for group in grouped.values()]
