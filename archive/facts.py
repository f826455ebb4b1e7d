"""What dictionaries know about the words of topics: asked once, kept with the topic, needed to match it.

Three questions. Is *us* an ordinary word, so that *US* must be in capitals? Which words are one slip from *Boluarte*
and its own words, like *baluarte*? Which are the forms of *soldado*? `archive.lexicon` answers them in a process of
its own; here are the questions, the answers, and what a slip is.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from archive.normalize import fold, tokens
from archive.tree import Node, Phrase, walk

Words = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What dictionaries must be asked. ``capitals`` and ``slips`` are folded, ``forms`` as written, in small letters.

    As written, because *año* and *ano* have other forms; what is not known so is looked for without its accents.
    """

    capitals: frozenset[str] = frozenset()
    slips: frozenset[str] = frozenset()
    forms: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.capitals or self.slips or self.forms)

    def __or__(self, other: Wanted) -> Wanted:
        return Wanted(
            capitals=self.capitals | other.capitals,
            slips=self.slips | other.slips,
            forms=self.forms | other.forms,
        )

    def to_json(self) -> str:
        """Return it as JSON: the same questions are the same text."""
        return _dump({"capitals": self.capitals, "slips": self.slips, "forms": self.forms})

    @classmethod
    def from_json(cls, text: str) -> Wanted:
        """Return what `to_json` wrote. Raises ValueError for what it did not write."""
        return cls(**{key: frozenset(words) for key, words in _load(text, cls).items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What dictionaries say about some words; all words in it are folded."""

    ordinary: frozenset[str] = frozenset()
    """Words of two or three letters that are ordinary ones in small letters: us, who, it, un."""

    proper: frozenset[str] = frozenset()
    """Those that were asked about and are none: onu, fmi. Without them nobody could tell what is still to be asked."""

    near: Words = field(default_factory=dict)
    """For a word with ~: the dictionary words within one slip of it, never itself."""

    forms: Words = field(default_factory=dict)
    """For a word with +: all forms of its lemmas, itself included; none when no dictionary knows it."""

    def covers(self, wanted: Wanted) -> bool:
        """Tell whether all of ``wanted`` was asked."""
        return (
            wanted.capitals <= self.ordinary | self.proper
            and wanted.slips <= self.near.keys()
            and {fold(word) for word in wanted.forms} <= self.forms.keys()
        )

    def restrict(self, wanted: Wanted) -> Facts:
        """Return what of it answers ``wanted``: the part of one topic in what was asked for all."""
        forms = {fold(word) for word in wanted.forms}
        return Facts(
            ordinary=self.ordinary & wanted.capitals,
            proper=self.proper & wanted.capitals,
            near={word: known for word, known in self.near.items() if word in wanted.slips},
            forms={word: known for word, known in self.forms.items() if word in forms},
        )

    def __or__(self, other: Facts) -> Facts:
        return Facts(
            ordinary=self.ordinary | other.ordinary,
            proper=(self.proper | other.proper) - self.ordinary - other.ordinary,
            near=_joined(self.near, other.near),
            forms=_joined(self.forms, other.forms),
        )

    def to_json(self) -> str:
        """Return it as JSON: the same facts are the same text."""
        return _dump(
            {"ordinary": self.ordinary, "proper": self.proper, "near": self.near, "forms": self.forms}
        )

    @classmethod
    def from_json(cls, text: str) -> Facts:
        """Return what `to_json` wrote. Raises ValueError for what it did not write."""
        parts = _load(text, cls)
        try:
            return cls(
                ordinary=frozenset(parts["ordinary"]),
                proper=frozenset(parts["proper"]),
                near={word: frozenset(known) for word, known in parts["near"].items()},
                forms={word: frozenset(known) for word, known in parts["forms"].items()},
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"these are no facts: {text[:80]}") from error


def wanted(nodes: Iterable[Node]) -> Wanted:
    """Return what dictionaries must be asked about all phrases in ``nodes``."""
    capitals, slips, forms = set(), set(), set()
    for phrase in (part for node in nodes for part in walk(node) if isinstance(part, Phrase)):
        cut = None
        for number, word in enumerate(phrase.words):
            if word.capitals:
                capitals.add(word.fold)
            if word.mark == "~":
                slips.add(word.fold)
            elif word.mark == "+":
                cut = cut or tokens(phrase.text)
                forms.add(_written(cut.surface(number, number), word.fold))
    return Wanted(capitals=frozenset(capitals), slips=frozenset(slips), forms=frozenset(forms))


def _written(surface: str, folded: str) -> str:
    """Return a word as dictionaries write it: small, composed. Where that is another word to us, the folded one."""
    small = unicodedata.normalize("NFC", surface.casefold())
    return small if fold(small) == folded else folded


def one_slip(word: str, other: str) -> bool:
    """Tell whether two words with the same first letter are exactly one slip apart.

    A slip is a letter too many, one too few, another one, or two neighbours swapped (optimal string alignment).
    """
    short, long = (word, other) if len(word) <= len(other) else (other, word)
    missing = len(long) - len(short)
    if missing > 1 or word[:1] != other[:1] or not short:
        return False
    at = 1
    while at < len(short) and short[at] == long[at]:
        at += 1
    if missing:
        return short[at:] == long[at + 1 :]
    if at == len(short):
        return False  # the same word
    swapped = short[at : at + 2] == long[at : at + 2][::-1]
    return short[at + 1 :] == long[at + 1 :] or (swapped and short[at + 2 :] == long[at + 2 :])


def _joined(one: Words, other: Words) -> dict[str, frozenset[str]]:
    return {word: one.get(word, frozenset()) | other.get(word, frozenset()) for word in {**one, **other}}


def _dump(parts: Mapping[str, frozenset[str] | Words]) -> str:
    return json.dumps(parts, default=sorted, ensure_ascii=False, sort_keys=True)


def _load(text: str, cls: type[Wanted | Facts]) -> dict[str, dict[str, list[str]]]:
    parts = json.loads(text)
    if not isinstance(parts, dict) or parts.keys() != set(cls.__slots__):
        raise ValueError(f"these are no {cls.__name__.lower()}: {text[:80]}")
    return parts
