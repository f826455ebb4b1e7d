"""What a topic looks for, as one frozen tree. Phrases, queries and dates all become this.

    Phrase   words in order: Peru, "US troops", peruan*, Boluarte~, soldado+, cs("ONU"), exact("año")
    Date     a day, however it is written: date(07-19), date(2026-07-19)
    Ref      another topic: @peru
    Near     operands, each within so many words of the one before it: a NEAR/6 b ONEAR/2 c
    In       what is looked for in one field: title:(a OR b), lang:es
    Not, And, Or

``str(tree)`` is the canonical form; `archive.query.parse` reads it back to an equal tree (a law: the tests hold it).
Nothing here looks at a text: `archive.match` does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

FIELDS = ("title", "summary", "text")
"""Where a word is looked for unless a field is named: what readers read of an article."""

ATTRIBUTES = ("url", "source", "lang", "country", "author", "section", "tag")
"""What is known about an article beside its words. Capitals never matter in them."""

PLACES: dict[str, tuple[str, ...]] = {
    **{name: (name,) for name in (*FIELDS, *ATTRIBUTES)},
    "body": ("summary", "text"),
}
"""Every name that may stand before a colon, and the fields that it means."""

KEYWORDS = frozenset({"AND", "OR", "NOT", "ANDNOT", "NEAR", "ONEAR"})
MOST_WORDS_BETWEEN = 50
MOST_TERMS = 2_000
MOST_NESTING = 20


class Mode(StrEnum):
    """What a phrase asks of the text beyond its folded words."""

    FOLDED = "folded"  # accents and capitals do not matter
    CASE = "cs"  # capitals as written
    MARKS = "exact"  # accents as written


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a phrase, folded.

    ``mark``: ``*`` any ending, ``~`` one slip, ``+`` all forms of the word, else nothing. ``capitals``: two or three
    letters in capitals, so that the text must write it so too where the small letters are an ordinary word (US, us).
    ``acronym``: it was written with dots.
    """

    fold: str
    mark: str = ""
    capitals: bool = False
    acronym: bool = False


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words in order. ``text`` is what was written, ``words`` what it means."""

    text: str
    words: tuple[Word, ...]
    mode: Mode = Mode.FOLDED

    def __str__(self) -> str:
        if self.mode is not Mode.FOLDED:
            return f'{self.mode}("{self.text}")'
        return self.text if is_bare(self.text) and len(self.words) == 1 else f'"{self.text}"'


@dataclass(frozen=True, slots=True)
class Date:
    """A day of any year, or of one."""

    month: int
    day: int
    year: int | None = None

    def __str__(self) -> str:
        year = "" if self.year is None else f"{self.year:04}-"
        return f"date({year}{self.month:02}-{self.day:02})"


@dataclass(frozen=True, slots=True)
class Ref:
    """Another topic of the watch list: true where that one matches."""

    topic_id: str

    def __str__(self) -> str:
        return f"@{self.topic_id}"


@dataclass(frozen=True, slots=True)
class In:
    """``child``, looked for in one place of `PLACES` only. Fields do not nest."""

    place: str
    child: Node

    def __str__(self) -> str:
        return f"{self.place}:{_inside(self.child, Phrase, Date)}"


@dataclass(frozen=True, slots=True)
class Not:
    """True where ``child`` is not."""

    child: Node

    def __str__(self) -> str:
        return f"NOT {_inside(self.child, Phrase, Date, Ref, In)}"


@dataclass(frozen=True, slots=True)
class Near:
    """Operands, each near the one before it in the same field.

    ``gaps[i]`` is the most words between operands *i* and *i + 1*; ``ordered[i]``: the later one must come after.
    An operand is a phrase, a date, an Or of such, or another Near. (A query has its field around a Near, not inside.)
    """

    operands: tuple[Node, ...]
    gaps: tuple[int, ...]
    ordered: tuple[bool, ...]

    def __str__(self) -> str:
        text = _inside(self.operands[0], Phrase, Date, In)
        for operand, gap, ordered in zip(self.operands[1:], self.gaps, self.ordered, strict=True):
            text += f" {'ONEAR' if ordered else 'NEAR'}/{gap} {_inside(operand, Phrase, Date, In)}"
        return text


@dataclass(frozen=True, slots=True)
class And:
    """True where all children are; one of them at least is not a Not. No child is an And."""

    children: tuple[Node, ...]

    def __str__(self) -> str:
        text = ""
        for child in self.children:
            joint = "" if not text else " " if isinstance(child, Not) else " AND "
            text += joint + _inside(child, Phrase, Date, Ref, In, Not, Near)
        return text


@dataclass(frozen=True, slots=True)
class Or:
    """True where any child is. No child is an Or."""

    children: tuple[Node, ...]

    def __str__(self) -> str:
        return " OR ".join(_inside(child, Phrase, Date, Ref, In, Near) for child in self.children)


Node = Phrase | Date | Ref | In | Not | Near | And | Or


def any_of(nodes: tuple[Node, ...]) -> Node:
    """Return what is true where any of ``nodes`` is (at least one)."""
    flat = tuple(child for node in nodes for child in (node.children if isinstance(node, Or) else (node,)))
    flat = tuple(dict.fromkeys(flat))
    return flat[0] if len(flat) == 1 else Or(flat)


def all_of(nodes: tuple[Node, ...]) -> Node:
    """Return what is true where all of ``nodes`` are (at least one)."""
    flat = tuple(child for node in nodes for child in (node.children if isinstance(node, And) else (node,)))
    return flat[0] if len(flat) == 1 else And(flat)


def walk(node: Node) -> Iterator[Node]:
    """Yield ``node`` and all that is in it, outermost first."""
    yield node
    match node:
        case In(_, child) | Not(child):
            yield from walk(child)
        case And(children) | Or(children) | Near(operands=children):
            for child in children:
                yield from walk(child)


def is_bare(text: str) -> bool:
    """Tell whether a query may show ``text`` without quotes."""
    return bool(_BARE.fullmatch(text)) and text not in KEYWORDS


_BARE = re.compile(r"\w(?:[\w.'’&-]*[\w.])?[*~+]?")


def _inside(node: Node, *plain: type) -> str:
    return str(node) if isinstance(node, plain) else f"({node})"
