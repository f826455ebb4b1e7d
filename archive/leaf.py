"""A leaf of a topic, ready for the automaton: the bytes to look for, and how to judge a place where they stand.

    whole    all words are plain: the bytes are the whole phrase, and only capitals or accents may be left to check
    anchor   one word of it is looked for, and the words around it are compared: for ~ and + and a * inside
    date     the bytes are one spelling of a day, and `archive.datewords.accept` judges the place

Places are offsets of `archive.cut.Cut`. An occurrence is (field's number, first offset, offset after, leaf's number).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from archive.cut import Cut
from archive.datewords import accept, numbers, spellings
from archive.facts import Facts, one_slip
from archive.normalize import tokens
from archive.phrase import STEM, plain
from archive.tree import Date, Mode, Phrase, Word

Occurrence = tuple[int, int, int, int]

_NO_SIGNS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known of an article when a date in it is judged."""

    lang: str | None = None
    country: str | None = None
    published: date | None = None


class Leaf:
    """One phrase or date.

    ``looks``: what to look for, and how many words of the leaf stand before it. ``exact``: where its bytes stand it
    stands, and this is what an exact hit looks like; else None. ``probe``: a word without which it
    is nowhere; of a word with * alone, its first letters. ``simple``: it is found exact or folded, if there is
    no acronym in the text.
    """

    __slots__ = (
        "acronym",
        "attribute",
        "capitals",
        "exact",
        "looks",
        "marks",
        "node",
        "number",
        "plain",
        "probe",
        "simple",
        "spelled",
        "variant",
        "words",
    )  # fmt: skip

    def __init__(
        self,
        number: int,
        node: Phrase | Date,
        facts: Facts | None,
        languages: tuple[str, ...],
        *,
        attribute: bool,
    ) -> None:
        self.number = number
        self.node = node
        self.attribute = attribute
        self.exact: str | None = None
        self.probe: bytes | None = None
        self.acronym = self.simple = False
        self.words: tuple[Callable[[bytes], bool], ...] | None = None
        self.capitals: tuple[int, ...] = ()
        self.spelled: tuple[str, ...] = ()  # its words as cs() and exact() compare them
        self.marks = ""
        self.plain = ""
        if isinstance(node, Date):
            self.variant = str(node)
            self.looks = tuple(dict.fromkeys(self._patterns(facts, languages)))
            return
        self.variant = node.text if node.mode is Mode.FOLDED else str(node)
        self.marks = "".join(word.mark for word in node.words)
        self.plain = node.text if not self.marks else plain(node)
        if any(word.mark in ("~", "+") for word in node.words) or any(w.mark for w in node.words[:-1]):
            self.words = tuple(_fits(word, facts) for word in node.words)
        if not attribute:
            self.capitals = tuple(
                number
                for number, word in enumerate(node.words)
                if word.capitals and (facts is None or word.fold in facts.ordinary)
            )
        if node.mode is not Mode.FOLDED:
            cut = tokens(node.text)
            surfaces = (cut.surface(number, number) for number in range(len(cut.words)))
            self.spelled = tuple(as_written(surface, node.mode) for surface in surfaces)
        elif not (self.words or self.capitals):
            self.exact = self.plain
        self.acronym = any(word.acronym for word in node.words)
        self.simple = self.exact is not None and not (self.acronym or self.marks)
        self.looks = tuple(dict.fromkeys(self._patterns(facts, languages)))
        if self.words is None:
            longest = max(
                node.words[: -1 if len(node.words) > 1 and self.marks else None],
                key=lambda word: len(word.fold),
            )
            self.probe = longest.fold.encode("utf-8", "surrogatepass")
            if self.marks == "*":
                self.probe = self.probe[:STEM] if len(node.words) == 1 else None

    def _patterns(self, facts: Facts | None, languages: tuple[str, ...]) -> Iterator[tuple[bytes, int]]:
        if isinstance(self.node, Date):
            for text in (*spellings(self.node, languages), *numbers(self.node)):
                yield _whole(tokens(text).words), 0
        elif self.words is None:
            folds = [word.fold for word in self.node.words]
            yield _whole(folds)[: -1 if self.marks else None], 0
        else:
            back, word = _anchor(self.node.words)
            for pattern in _looks(word, facts):
                yield pattern, back

    def at(self, cut: Cut, begin: int, end: int, back: int, setting: Setting) -> tuple[int, int] | None:
        """Return the span of the leaf around bytes found from ``begin`` to ``end``, None where it does not stand."""
        if isinstance(self.node, Date):
            found = accept(
                self.node, cut.text, cut.start(begin), cut.end(end),
                lang=setting.lang, country=setting.country, published=setting.published,
            )  # fmt: skip
            if found is None:
                return None
            first = cut.offset(found[0])
            while cut.end(end) < found[1]:
                end = cut.word_end(end + 1)
            return first, end
        if self.words is not None:
            span = self._around(cut, begin, back)
        else:
            span = begin, cut.word_end(end) if self.marks else end
        return span if span and self._written(cut, *span) else None

    def _around(self, cut: Cut, begin: int, back: int) -> tuple[int, int] | None:
        assert self.words is not None
        joined = cut.joined
        first = joined.rfind(b" ", 0, begin + 1) + 1  # an anchor may lie inside its word
        for _ in range(back):
            first = joined.rfind(b" ", 0, first - 1) + 1
            if first <= 0:
                return None
        at = first
        for fits in self.words:
            end = joined.find(b" ", at)
            if end <= at or not fits(joined[at:end]):
                return None
            at = end + 1
        return first, at - 1

    def _written(self, cut: Cut, begin: int, end: int) -> bool:
        """Tell whether capitals and accents are as the leaf asks."""
        assert isinstance(self.node, Phrase)
        if self.exact is not None or (self.node.mode is Mode.FOLDED and not self.capitals):
            return True
        at, surfaces, offsets = begin, [], []
        while at < end:
            stop = cut.word_end(at)
            surfaces.append(cut.text[cut.start(at) : cut.end(stop)])
            offsets.append(at)
            at = stop + 1
        for number in self.capitals:
            if not surfaces[number].isupper() and offsets[number] not in cut.acronyms:
                return False
        if self.node.mode is Mode.FOLDED:
            return True
        for number, surface in enumerate(surfaces):
            want, have = self.spelled[number], as_written(surface, self.node.mode)
            if not (have.startswith(want) if self.node.words[number].mark == "*" else have == want):
                return False
        return True

    def how(self, cut: Cut, begin: int, end: int, surface: str) -> str:
        """Return how the leaf was found, in one word of the archive."""
        if isinstance(self.node, Date):
            return "date"
        if self.words is not None:
            kinds = set()
            found = cut.joined[begin:end].decode("utf-8", "surrogatepass").split(" ")
            for word, there in zip(self.node.words, found, strict=True):
                if word.mark in ("~", "+") and there != word.fold:
                    kinds.add("fuzzy" if word.mark == "~" else "inflected")
            for kind in ("fuzzy", "inflected"):
                if kind in kinds:
                    return kind
        if surface == self.plain or (self.marks and self._open_end and surface.startswith(self.plain)):
            return "exact"
        if self.acronym or cut.has_acronym(begin, end):
            return "acronym"
        return "folded"

    @property
    def _open_end(self) -> bool:
        return isinstance(self.node, Phrase) and self.node.words[-1].mark == "*"


def as_written(surface: str, mode: Mode) -> str:
    """Return a word as cs() and exact() compare it: with its capitals, or with its accents, and without signs."""
    if mode is Mode.CASE:
        return _NO_SIGNS.sub("", unicodedata.normalize("NFKD", surface))
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", surface).casefold())
    return "".join(char for char in text if char.isalnum() or unicodedata.category(char).startswith("M"))


def _whole(folds: list[str]) -> bytes:
    return f" {' '.join(folds)} ".encode("utf-8", "surrogatepass")


def _fits(word: Word, facts: Facts | None) -> Callable[[bytes], bool]:
    fold = word.fold.encode("utf-8", "surrogatepass")
    if word.mark == "*":
        return lambda there: there.startswith(fold)
    if word.mark == "+":
        forms = {form.encode() for form in (facts.forms.get(word.fold, ()) if facts else ())} | {fold}
        return forms.__contains__
    if word.mark == "~":
        known = facts.near.get(word.fold, frozenset()) if facts else frozenset()

        def slipped(there: bytes) -> bool:
            if there == fold:
                return True
            other = there.decode("utf-8", "surrogatepass")
            return one_slip(word.fold, other) and other not in known

        return slipped
    return fold.__eq__


def _anchor(words: tuple[Word, ...]) -> tuple[int, Word]:
    """Return the word to look for, and its place: a plain one if there is one, and the longest."""
    return max(
        enumerate(words),
        key=lambda item: ("~+*".find(item[1].mark) if item[1].mark else 3, len(item[1].fold)),
    )


def _looks(word: Word, facts: Facts | None) -> list[bytes]:
    fold = word.fold.encode("utf-8", "surrogatepass")
    if word.mark == "*":
        return [b" " + fold]
    if word.mark == "+":
        forms = {word.fold, *(facts.forms.get(word.fold, ()) if facts else ())}
        return [_whole([form]) for form in sorted(forms)]
    if word.mark == "~":
        # One slip leaves the front or the back as it is: a swap in the middle touches two letters, so one is left out.
        half = len(word.fold) // 2
        front, back = word.fold[: half - 1], word.fold[half:]
        return [f" {front}".encode("utf-8", "surrogatepass"), f"{back} ".encode("utf-8", "surrogatepass")]
    return [b" " + fold + b" "]
