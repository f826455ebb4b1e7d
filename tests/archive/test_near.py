"""NEAR against the plain way: all chains, one by one."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from archive import near

SPANS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 2)).map(lambda pair: (pair[0], pair[0] + pair[1])),
    min_size=0,
    max_size=6,
    unique=True,
)


@st.composite
def chains(draw: st.DrawFn) -> tuple[list[list[near.Span]], list[int], list[bool]]:
    operands = draw(st.lists(SPANS, min_size=2, max_size=4))
    gaps = draw(st.lists(st.integers(0, 6), min_size=len(operands) - 1, max_size=len(operands) - 1))
    ordered = draw(st.lists(st.booleans(), min_size=len(gaps), max_size=len(gaps)))
    named = [[(first, last, (n, first, last)) for first, last in spans] for n, spans in enumerate(operands)]
    return named, gaps, ordered


def are_near(one: near.Span, other: near.Span, gap: int, in_order: bool) -> bool:
    if one[1] < other[0]:
        return other[0] - one[1] - 1 <= gap
    return not in_order and other[1] < one[0] and one[0] - other[1] - 1 <= gap


def all_chains(
    operands: list[list[near.Span]], gaps: list[int], ordered: list[bool]
) -> list[tuple[near.Span, ...]]:
    return [
        chain
        for chain in product(*operands)
        if all(are_near(*pair) for pair in zip(chain, chain[1:], gaps, ordered, strict=False))
    ]


@given(chains())
def test_what_is_kept_is_what_stands_in_a_chain(
    asked: tuple[list[list[near.Span]], list[int], list[bool]],
) -> None:
    found = all_chains(*asked)
    ways = near.kept(*asked)
    if not found:
        assert ways is None or not all(ways)
        return
    assert ways is not None
    assert [set(way) for way in ways] == [{chain[n] for chain in found} for n in range(len(asked[0]))]


@given(chains())
def test_minimal_spans_contain_no_other(asked: tuple[list[list[near.Span]], list[int], list[bool]]) -> None:
    carried: dict[tuple[int, int], set[object]] = {}
    for chain in all_chains(*asked):
        key = min(span[0] for span in chain), max(span[1] for span in chain)
        carried.setdefault(key, set()).update(span[2] for span in chain)
    minimal = {
        key: value
        for key, value in carried.items()
        if not any(other != key and key[0] <= other[0] and other[1] <= key[1] for other in carried)
    }
    assert {(first, last): set(what) for first, last, what in near.minimal(*asked)} == minimal


def test_a_text_of_one_word_a_hundred_thousand_times_ends() -> None:
    spans: list[near.Span] = [(number, number, number) for number in range(100_000)]
    ways = near.kept([spans, spans, spans], [50, 50], [False, True])
    assert ways is not None
    assert len(ways[0]) == len(spans)
    assert len(near.minimal([spans[:20_000], spans[:20_000]], [50], [False])) == 19_999


@given(SPANS, SPANS, st.integers(0, 6), st.booleans(), st.booleans())
def test_many_spans_are_judged_as_few_are(
    spans: list[tuple[int, int]], others: list[tuple[int, int]], gap: int, before: bool, after: bool
) -> None:
    one = [(*span, None) for span in spans]
    other = [(*span, None) for span in others]
    few = near._near(one, other, gap, before=before, after=after)
    if other:
        assert list(near._near_of_many(one, other, gap, before=before, after=after)) == list(few)


def test_a_chain_with_many_repeats_loses_nothing() -> None:
    """With a cap on chains, the one at the end of a long text was not looked at."""
    words = ("US troops in Lima, Peru; " * 40 + "filler " * 60 + "US troops in Lima Boluarte").split()

    def spans(*wanted: str) -> list[near.Span]:
        return [(n, n, word) for n, word in enumerate(words) if word.strip(",;") in wanted]

    inner = near.minimal([spans("troops"), spans("US"), spans("Lima", "Peru")], [50, 50], [False, False])
    assert near.kept([inner, spans("Boluarte")], [5], [False]) is not None
