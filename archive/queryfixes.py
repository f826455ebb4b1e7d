"""What is said of a query that `archive.query` refuses: rewrites of what may have been meant, and the caret.

The rewrites are proposals: `archive.query.parse` tries each before it shows one. Nothing here judges a query.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from archive import queryforeign
from archive.errors import TopicError
from archive.queryforeign import LONGEST, Fault, Fix, short
from archive.querytokens import Kind, Token
from archive.tree import Node, Not

_WINDOW = 100
_SMALL = {"and": "AND", "or": "OR", "not": "NOT", "y": "AND", "e": "AND", "o": "OR", "u": "OR"}
_SMALL_NEAR = re.compile(r"(o?near)(?:/?([0-9]{1,2}))?", re.IGNORECASE)
_SMALL_WORD = re.compile(r"(?<=[\s)])[a-z/0-9]+(?=[\s(])")
_EDGES = "'\u2018\u2019,;"


class Piece(NamedTuple):
    """One side of AND or OR. ``joint``: what stands before it ("" before the first); ``text``: it, without its NOT."""

    joint: str
    negated: bool
    text: str

    def __str__(self) -> str:
        return f"NOT {self.text}" if self.negated else self.text


def shows(text: str) -> str:
    """Return ``text`` in quotes that it does not have, as in YAML: either can be pasted into a topic."""
    return f"'{text}'" if re.search('["\u201c\u201d\u00ab]', text) else f'"{text}"'


class Side(NamedTuple):
    """One side of AND or OR, from ``start`` to ``end``; ``inner``: where it begins behind a NOT."""

    node: Node
    start: int
    inner: int
    end: int


def readings(text: str, sides: Sequence[Side], joints: Sequence[Token]) -> tuple[Fix, ...]:
    """Return what AND beside OR, or OR beside NOT, may have meant."""
    start, end = sides[0].start, sides[-1].end
    if end - start > LONGEST:
        return ()
    words = ["", *("OR" if joint.kind is Kind.OR else "AND" for joint in joints)]
    pieces = [_piece(text, word, side) for word, side in zip(words, sides, strict=True)]
    found = mixed(pieces) if "AND" in words else (positive_first(pieces),)
    return tuple(Fix(start, end, reading) for reading in found)


def _piece(text: str, joint: str, side: Side) -> Piece:
    if isinstance(side.node, Not) and side.inner == side.start:  # (NOT a)
        return Piece(joint, negated=True, text=f"({side.node.child})")
    return Piece(joint, isinstance(side.node, Not), text[side.inner : side.end])


def missing(text: str, here: Token, seen: Sequence[Token]) -> Fault:
    """Return what is wrong where, at ``here``, something to look for should stand; ``seen`` stands before it."""
    last = seen[-1] if seen else None
    shown = text[here.start : here.end]
    if last and last.kind is Kind.FIELD:
        return Fault(f"{last.value}: needs something to look for behind it", last.start)
    if last and last.kind in (Kind.AND, Kind.OR, Kind.NOT, Kind.NEAR):
        before, cut = text[last.start : last.end], Fix(last.start, last.end, "")
        if here.kind in (Kind.END, Kind.CLOSE):
            return Fault(f"{before} needs something behind it", last.start, cut)
        return Fault(f"{shown} cannot stand behind {before}", here.start, Fix(here.start, here.end, ""), cut)
    return Fault(f"{shown} needs something before it", here.start, Fix(here.start, here.end, ""))


def side_by_side(text: str, run: Sequence[Token]) -> Fault:
    """Return what is wrong where ``run`` stands without AND or OR between."""
    here, start, end = run[1], run[0].start, run[-1].end
    words = [text[token.start : token.end] for token in run]
    if here.kind is Kind.WORD and (
        foreign := queryforeign.operator(text, words, [(token.start, token.end) for token in run])
    ):
        return foreign
    first = run[0]
    called = first.kind is Kind.WORD and here.kind is Kind.OPEN and first.end == here.start
    if called and (foreign := queryforeign.call(words[0], first.start, first.end)):
        return foreign
    ended = text[end : end + LONGEST].strip()[:1] in ("", ")")  # then the last word joins nothing
    if found := capitals(words, ended=ended):
        fixed, number, operator = found
        at = run[number]
        fixes = [*(Fix(start, end, reading) for reading in fixed), Fix(at.start, at.end, operator)]
        if len(text) <= LONGEST:
            everywhere = _SMALL_WORD.sub(lambda word: _operator(word[0]) or word[0], text)
            fixes.append(Fix(0, len(text), everywhere))
        return Fault(f"operators stand in capitals: {operator}", at.start, *fixes)
    if all(token.kind is Kind.WORD for token in run):
        fixes = [Fix(start, end, phrase(words)), Fix(start, end, joined(words))]
        return Fault(f"two words side by side: {short(words[0])} {short(words[1])}", here.start, *fixes)
    return Fault("AND or OR is missing here", here.start, Fix(start, here.end, f"{words[0]} AND {words[1]}"))


def mixed(pieces: Sequence[Piece]) -> tuple[str, str]:
    """Return the two readings of AND beside OR, in parentheses."""
    return _ored([_anded(run) for run in _runs(pieces, "OR")]), _all_of_runs(_runs(pieces, "AND"))


def positive_first(pieces: Sequence[Piece]) -> str:
    """Return what an OR with a NOT in it may have meant: any of the ones, none of the others."""
    found = [piece.text for piece in pieces if not piece.negated]
    rest = "".join(f" {piece}" for piece in pieces if piece.negated)
    return f"{found[0] if len(found) == 1 else _ored(found, whole=True)}{rest}" if found else ""


def capitals(words: Sequence[str], *, ended: bool) -> tuple[tuple[str, ...], int, str] | None:
    """Return readings of ``words`` with operators in capitals, the number of the first operator, and it itself.

    The first word is never taken for one, nor the last if nothing follows: an operator joins two.
    """
    inner = range(1, len(words) - ended)
    found = [_operator(word) if number in inner else "" for number, word in enumerate(words)]
    first = next((number for number, operator in enumerate(found) if operator), None)
    if first is None:
        return None
    parts: list[str] = []
    for is_operator, run in groupby(zip(words, found, strict=True), key=lambda pair: bool(pair[1])):
        if is_operator:
            parts.extend(operator for _, operator in run)
        else:
            parts.append(phrase([word for word, _ in run]))
    readings: tuple[str, ...] = (" ".join(parts),)
    if {"AND", "OR"} == set(parts[1::2]):
        joints = ("", *parts[1::2])
        readings = mixed(
            [Piece(*pair) for pair in zip(joints, [False] * len(joints), parts[::2], strict=False)]
        )
    return readings, first, found[first]


def phrase(words: Sequence[str]) -> str:
    """Return ``words`` as they are looked for one behind the other."""
    return words[0] if len(words) == 1 else f'"{" ".join(words).strip(_EDGES)}"'


def joined(words: Sequence[str]) -> str:
    """Return ``words`` with what is missing between them; a list with commas means any of them."""
    joint = " OR " if any(word.endswith((",", ";")) for word in words[:-1]) else " AND "
    return joint.join(filter(None, (word.strip(_EDGES).lstrip("+") for word in words)))


def _operator(word: str) -> str:
    if found := _SMALL_NEAR.fullmatch(word):
        return f"{found[1].upper()}/{found[2] or 10}"
    return _SMALL.get(word.lower(), "")


def _runs(pieces: Sequence[Piece], cut: str) -> list[list[Piece]]:
    runs: list[list[Piece]] = [[]]
    for piece in pieces:
        if piece.joint == cut:
            runs.append([])
        runs[-1].append(piece)
    return runs


def _anded(run: Sequence[Piece]) -> str:
    text = str(run[0]) + "".join(f" {piece}" if piece.negated else f" AND {piece}" for piece in run[1:])
    return f"({text})" if len(run) > 1 else text


def _ored(texts: Iterable[str], *, whole: bool = False) -> str:
    text = " OR ".join(texts)
    return f"({text})" if whole else text


def _all_of_runs(runs: Sequence[Sequence[Piece]]) -> str:
    """Return OR bound closer than AND; the NOT before a run of OR is taken to mean all of it."""
    text = ""
    for run in runs:
        first, rest = run[0], run[1:]
        shown = f"({' OR '.join([first.text, *map(str, rest)])})" if rest else first.text
        shown = f"NOT {shown}" if first.negated else shown
        text += ("" if not text else " " if first.negated else " AND ") + shown
    return text


def caret(text: str, error: TopicError) -> str:
    """Return the line of ``text`` where ``error`` is, and below it a caret under the place."""
    column = min(max(error.column, 0), len(text))
    first = text.rfind("\n", 0, column) + 1
    last = text.find("\n", column)
    last = len(text) if last < 0 else last
    # About a hundred characters are shown, more of them before the place: that is what was read.
    left = first if column - first <= _WINDOW * 2 // 3 else column - _WINDOW * 2 // 3
    right = min(last, max(left, first) + _WINDOW)
    before, after = _shown(text[left:column]), _shown(text[column:right])
    before = "…" + before if left > first else before
    after = after + "…" if right < last else after
    return f"{before}{after}".rstrip() + "\n" + " " * _width(before) + "^"


def _shown(text: str) -> str:
    """Return ``text`` with nothing in it that moves a terminal's cursor or turns its direction."""
    kept = (
        " "
        if (kind := unicodedata.category(char)) in ("Cc", "Zl", "Zp")
        else "\ufffd"
        if kind == "Cs"
        else char
        for char in text
    )
    return "".join(char for char in kept if unicodedata.category(char) != "Cf")


def _width(text: str) -> int:
    """Return how many columns of a terminal ``text`` takes."""
    marks = ("Mn", "Me")
    return sum(
        0 if unicodedata.category(char) in marks else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )
