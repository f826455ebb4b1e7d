"""The word of an article that is nearest to one that is not in it: how many letters are wrong, or how it goes on. Pure.

For `archive.why`, which tells people what they may have meant. What is found by a slip is decided elsewhere
(`archive.facts.one_slip`); here two edits count too, and a first letter that differs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

SHORT = 5  # of shorter words nearly every other one is one edit away: Perú, pero
LONG = 6  # of words as long as this, two edits are near
ROOT = 4  # letters that two words must share to look like forms of one
KIN = 3  # letters that two languages mostly leave alone: litio, lithium


@dataclass(frozen=True, slots=True, order=True)
class Closest:
    """A word of the article. ``rank``: the lower, the nearer.

    ``edits`` is how many letters are wrong; 0: it is not by these that it is near, but ``longer`` (it begins with the
    word looked for) or shorter (the word looked for begins with it).
    """

    rank: int
    length: int
    fold: str
    surface: str
    edits: int = 0
    longer: bool = False


class Words:
    """All words of some fields of an article: folded, and as they stand there first."""

    def __init__(self, words: Iterable[tuple[str, str]]) -> None:
        self._surfaces: dict[str, str] = {}
        for fold, surface in words:
            self._surfaces.setdefault(fold, surface)
        # With the letters of each word: most words of a long text differ in too many of them to be looked at closer.
        self._by_letter: dict[str, list[tuple[str, int]]] = defaultdict(list)
        self._by_end: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for fold in self._surfaces:
            self._by_letter[fold[:1]].append((fold, _letters(fold)))
            self._by_end[fold[-2:]].append((fold, _letters(fold)))
        self._asked: dict[tuple[str, bool], Closest | None] = {}

    def nearest(self, word: str, *, open_end: bool = False) -> Closest | None:
        """Return the word that is nearest to ``word``, None if none is near. ``open_end``: it may go on as it likes."""
        if (word, open_end) not in self._asked:  # a long topic has one word in many phrases
            self._asked[word, open_end] = self._nearest(word, open_end=open_end)
        return self._asked[word, open_end]

    def _nearest(self, word: str, *, open_end: bool) -> Closest | None:
        own, root = _letters(word), word[:KIN]
        found = [
            near
            for other, letters in self._by_letter.get(word[:1], ())
            # Two edits take away two letters at most; what is near in another way begins alike.
            if (own & ~letters).bit_count() <= 2 or other[:KIN] == root
            if (near := self._near(word, other, open_end=open_end))
        ]
        if len(word) >= LONG and not open_end:
            found += [
                Closest(2, abs(len(word) - len(other)), other, self._surfaces[other], 1)
                for other in self._elsewhere(word)
                if edits(word, other, 1) == 1
            ]
        return min(found, default=None)

    def among(self, words: Iterable[str]) -> Closest | None:
        """Return the first of ``words`` that is there."""
        return next(
            (Closest(0, 0, one, self._surfaces[one], 1) for one in words if one in self._surfaces), None
        )

    def _elsewhere(self, word: str) -> Iterable[str]:
        """Return words that begin with another letter, and may be one edit away for all that."""
        own = _letters(word)
        return (
            other
            for other, letters in self._by_end.get(word[-2:], ())
            if other[0] != word[0] and len(other) >= SHORT and (own & ~letters).bit_count() <= 1
        )

    def _near(self, word: str, other: str, *, open_end: bool) -> Closest | None:
        surface, length = self._surfaces[other], abs(len(word) - len(other))
        if other == word:
            return None
        if len(word) >= ROOT and other.startswith(word):
            return Closest(3, length, other, surface, longer=True)
        if len(other) >= ROOT and word.startswith(other) and length <= ROOT:
            return Closest(4, length, other, surface)
        if len(word) < SHORT:
            return None
        if open_end and len(word) <= LONG:
            return None
        most = 2 if len(word) >= LONG and not open_end else 1
        ends = [len(word) + more for more in (0, -1, 1)] if open_end else [len(other)]
        if (wrong := min(edits(word, other[:end], most) for end in ends)) <= most:
            return Closest(wrong, length, other, surface, wrong)
        if open_end or min(len(word), len(other)) < SHORT or other[:KIN] != word[:KIN]:
            return None
        wrong, least = edits(word, other, KIN), min(len(word), len(other))
        return (
            Closest(5, length, other, surface, wrong)
            if wrong == KIN and _shared(word, other) >= least - 1
            else None
        )


def edits(word: str, other: str, most: int) -> int:
    """Return how many letters are too many, too few, wrong, or swapped with their neighbour; at most ``most`` + 1.

    (Optimal string alignment.)
    """
    if abs(len(word) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for at, char in enumerate(word, 1):
        earlier, before, row = before, row, [at]
        for there, letter in enumerate(other, 1):
            cost = min(before[there] + 1, row[-1] + 1, before[there - 1] + (char != letter))
            if at > 1 and there > 1 and char == other[there - 2] and word[at - 2] == letter:
                cost = min(cost, earlier[there - 2] + 1)
            row.append(cost)
        if min(row) > most and min(before) > most:
            return most + 1
    return min(row[-1], most + 1)


def _letters(word: str) -> int:
    """Return which letters a word has, as bits; some letters share one."""
    bits = 0
    for char in word:
        bits |= 1 << (ord(char) % 61)
    return bits


def _shared(word: str, other: str) -> int:
    """Return how many letters two words have in common, in the same order."""
    row = [0] * (len(other) + 1)
    for char in word:
        before, row = row, [0]
        for there, letter in enumerate(other):
            row.append(before[there] + 1 if char == letter else max(before[there + 1], row[-1]))
    return row[-1]
