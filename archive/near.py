"""NEAR: which spans of words lie near each other. Numbers in, numbers out: nothing here knows a text.

A span is (first word, last word, what it carries). In a chain of operands, neighbours must be near: not overlapping,
with at most so many words between them, and in order where that is asked. What takes part in any such chain is kept.
A chain in parentheses is itself an operand; its spans are the minimal ones, those that contain no other of them (the
"shortest substrings" of Clarke, Cormack and Burkowski, An Algebra for Structured Text Search, 1995).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

import numpy as np

Span = tuple[int, int, Any]

_MANY = 100  # spans from which on numpy is quicker than a loop


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
) -> Sequence[Span]:
    """Return those of ``spans`` that have one of ``others`` near: before them, after them, or either."""
    if len(spans) > _MANY and len(others) > 1:
        return _near_of_many(spans, others, gap, before=before, after=after)
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


def _near_of_many(
    spans: Sequence[Span], others: Sequence[Span], gap: int, *, before: bool, after: bool
) -> Sequence[Span]:
    first = np.array([span[0] for span in spans])
    last = np.array([span[1] for span in spans])
    found = np.zeros(len(spans), dtype=bool)
    if before:
        lasts = np.sort(np.array([other[1] for other in others]))
        at = np.searchsorted(lasts, first - 1 - gap)
        found |= (at < len(lasts)) & (lasts[np.minimum(at, len(lasts) - 1)] < first)
    if after:
        firsts = np.sort(np.array([other[0] for other in others]))
        at = np.searchsorted(firsts, last + 1)
        found |= (at < len(firsts)) & (firsts[np.minimum(at, len(firsts) - 1)] <= last + 1 + gap)
    return [span for span, near in zip(spans, found.tolist(), strict=True) if near]


def minimal(operands: Sequence[Sequence[Span]], gaps: Sequence[int], ordered: Sequence[bool]) -> list[Span]:
    """Return the minimal spans of a chain; each carries all that its chains carry, as one list.

    A window moves over the words: for each place where a span begins, the nearest end up to which there is a chain.
    That end never moves back, so each is asked about once.
    """
    ways = kept(operands, gaps, ordered)
    if ways is None:
        return []
    sorted_ways = [sorted(way, key=lambda span: span[:2]) for way in ways]
    starts = [[span[0] for span in way] for way in sorted_ways]
    firsts = sorted({first for way in starts for first in way})
    lasts = sorted({span[1] for way in sorted_ways for span in way})

    def inside(first: int, last: int) -> list[Sequence[Span]] | None:
        chosen = []
        for way, begins in zip(sorted_ways, starts, strict=True):
            spans = way[bisect_left(begins, first) : bisect_left(begins, last + 1)]
            chosen.append([span for span in spans if span[1] <= last])
            if not chosen[-1]:
                return None
        return kept(chosen, gaps, ordered)

    found: list[Span] = []
    end = 0
    for first in firsts:
        chains = None
        while end < len(lasts) and (lasts[end] < first or (chains := inside(first, lasts[end])) is None):
            end += 1
        if chains is None:
            break
        if found and found[-1][1] == lasts[end]:
            found.pop()  # it begins earlier and ends at the same word
        found.append((first, lasts[end], [span[2] for way in chains for span in way]))
    return found
