"""NEAR: which spans of words lie near each other. Numbers in, numbers out: nothing here knows a text.

A span is (first word, last word, what it carries). In a chain of operands, neighbours must be near: not overlapping,
with at most so many words between them, and in order where that is asked. What takes part in any such chain is kept.
A chain in parentheses is itself an operand; its spans are the minimal ones, those that contain no other of them (the
"shortest substrings" of Clarke, Cormack and Burkowski, An Algebra for Structured Text Search, 1995).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import Any

Span = tuple[int, int, Any]

MOST_CHAINS = 10_000  # of an operand in parentheses, in one field: more come from no text that people read


def kept(
    operands: Sequence[Sequence[Span]], gaps: Sequence[int], ordered: Sequence[bool]
) -> list[Sequence[Span]] | None:
    """Return for each operand the spans that are part of a whole chain; None when there is no chain."""
    ways: list[Sequence[Span]] = [operands[0]]
    for operand, gap, in_order in zip(operands[1:], gaps, ordered, strict=True):
        ways.append(_near(operand, ways[-1], gap, before=True, after=not in_order))
        if not ways[-1]:
            return None
    # Forward, each span has a way to the first operand; backward, one to the last: on a chain that is enough.
    for number in range(len(gaps) - 1, -1, -1):
        ways[number] = _near(
            ways[number], ways[number + 1], gaps[number], before=not ordered[number], after=True
        )
    return ways


def _near(
    spans: Sequence[Span], others: Sequence[Span], gap: int, *, before: bool, after: bool
) -> list[Span]:
    """Return those of ``spans`` that have one of ``others`` near: before them, after them, or either."""
    lasts = sorted(other[1] for other in others) if before else []
    firsts = sorted(other[0] for other in others) if after else []
    near = []
    for span in spans:
        first, last, _ = span
        at = bisect_left(lasts, first - 1 - gap) if before else 0
        if before and at < len(lasts) and lasts[at] < first:
            near.append(span)
            continue
        at = bisect_left(firsts, last + 1) if after else 0
        if after and at < len(firsts) and firsts[at] <= last + 1 + gap:
            near.append(span)
    return near


def minimal(operands: Sequence[Sequence[Span]], gaps: Sequence[int], ordered: Sequence[bool]) -> list[Span]:
    """Return the minimal spans of a chain; each carries all that its chains carry, as one list."""
    ways = kept(operands, gaps, ordered)
    if ways is None:
        return []
    found: dict[tuple[int, int], list[Any]] = {}
    for number, chain in enumerate(_chains(ways, gaps, ordered)):
        if number == MOST_CHAINS:
            break
        key = min(span[0] for span in chain), max(span[1] for span in chain)
        found.setdefault(key, []).extend(span[2] for span in chain)
    spans: list[Span] = []
    end = -1
    # By first word descending, a span contains an earlier one if its end is not before theirs.
    for first, last in sorted(found, key=lambda key: (-key[0], key[1])):
        if end < 0 or last < end:
            end = last
            spans.append((first, last, found[first, last]))
    return spans[::-1]


def _chains(
    ways: Sequence[Sequence[Span]], gaps: Sequence[int], ordered: Sequence[bool]
) -> Iterator[tuple[Span, ...]]:
    by_first = [sorted(way, key=lambda span: span[0]) for way in ways]
    firsts = [[span[0] for span in way] for way in by_first]
    by_last = [sorted(way, key=lambda span: span[1]) for way in ways]
    lasts = [[span[1] for span in way] for way in by_last]

    def follow(number: int, chain: tuple[Span, ...]) -> Iterator[tuple[Span, ...]]:
        if number == len(ways):
            yield chain
            return
        first, last, _ = chain[-1]
        gap = gaps[number - 1]
        after = slice(bisect_left(firsts[number], last + 1), bisect_right(firsts[number], last + 1 + gap))
        for span in by_first[number][after]:
            yield from follow(number + 1, (*chain, span))
        if not ordered[number - 1]:
            before = slice(
                bisect_left(lasts[number], first - 1 - gap), bisect_right(lasts[number], first - 1)
            )
            for span in by_last[number][before]:
                yield from follow(number + 1, (*chain, span))

    for span in by_first[0]:
        yield from follow(1, (span,))
