"""Random trees of queries, as `archive.query.parse` may return them: valid, bounded, flat where they must be.

``nodes(words)`` draws the words of its phrases from ``words``: give the words of a text, and many trees match it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from archive.errors import TopicError
from archive.phrase import compile_phrase
from archive.tree import PLACES, Date, In, Mode, Near, Node, Not, Phrase, Ref, all_of, any_of, walk

# What somebody searches for, and what the language could take for something of its own.
WORDS = (
    *("Peru", "Perú", "peruanos", "US", "us", "USA", "WHO", "EE.UU.", "U.S.", "troops", "tropas", "Boluarte"),
    *("soldado", "año", "ano", "Ñuñoa", "日本", "july", "19", "19,000", "O'Brien", "Peru’s", "Peru-based"),
    *("and", "or", "not", "near", "AND", "OR", "NOT", "NEAR", "ANDNOT", "w/5", "http://x.pe", "AT&T"),
    *("#marcha", "title:x", "date", "cs", "exact", "-x", "@peru", "(x)", "a?", "!a"),
)

Words = Sequence[str] | SearchStrategy[str]


def phrases(words: Words = WORDS, *, marks: bool = True) -> SearchStrategy[Phrase]:
    """Phrases of one to three of ``words``; with ``marks`` also *, ~, +, cs() and exact()."""
    word = words if isinstance(words, SearchStrategy) else st.sampled_from(list(words))
    plain = st.lists(word, min_size=1, max_size=3).map(" ".join)
    texts = st.tuples(plain, st.just(Mode.FOLDED))
    if marks:
        one = st.lists(st.one_of(word, word.flatmap(_marked)), min_size=1, max_size=2).map(" ".join)
        whole = st.tuples(st.one_of(plain, one), st.sampled_from([Mode.CASE, Mode.MARKS]))
        texts = st.one_of(texts, texts, st.tuples(one, st.just(Mode.FOLDED)), whole)
    return texts.map(lambda pair: _phrase(*pair)).filter(lambda found: found is not None)


def _marked(word: str) -> SearchStrategy[str]:
    """``word`` as somebody writes who means its forms, its beginning, or does not know how it is spelt."""
    swaps = st.integers(1, max(len(word) - 2, 1)).map(
        lambda at: word[:at] + word[at + 1 : at + 2] + word[at : at + 1] + word[at + 2 :] + "~"
    )
    stems = st.integers(min(4, len(word)), len(word)).map(lambda length: word[:length] + "*")
    return st.one_of(st.just(f"{word}+"), stems, st.just(f"{word}~"), swaps)


def _phrase(text: str, mode: Mode) -> Phrase | None:
    try:
        return compile_phrase(f'"{compile_phrase(text, mode).text}"', mode)
    except TopicError:  # per*, or no word at all
        return None


def _without_scheme(node: In) -> bool:
    """Of an address the https:// is not looked for, so no query is read to a tree that has it."""
    phrases = (one for one in walk(node) if isinstance(one, Phrase))
    return node.place != "url" or not any(one.text.startswith("http") for one in phrases)


def dates() -> SearchStrategy[Date]:
    """Days that there are, of any year or of one."""
    days = st.dates(date(1900, 1, 1), date(2100, 1, 1))
    return st.tuples(days, st.booleans()).map(
        lambda pair: Date(pair[0].month, pair[0].day, pair[0].year if pair[1] else None)
    )


def nodes(
    words: Words = WORDS,
    *,
    refs: Sequence[str] = (),
    places: Sequence[str] = tuple(PLACES),
    with_dates: bool = True,
    marks: bool = True,
    gaps: SearchStrategy[int] | None = None,
    depth: int = 3,
) -> SearchStrategy[Node]:
    """Trees at most ``depth`` levels of AND and OR deep; ``refs``: topics that may be referred to."""
    leaves: SearchStrategy[Node] = phrases(words, marks=marks)
    if with_dates:
        leaves = st.one_of(leaves, leaves, leaves, dates())
    gap = gaps or st.one_of(st.integers(0, 8), st.integers(0, 50))

    def placed(inside: SearchStrategy[Node]) -> SearchStrategy[Node]:
        return st.builds(In, st.sampled_from(list(places)), inside).filter(_without_scheme)

    def either(children: SearchStrategy[Node]) -> SearchStrategy[Node]:
        return st.lists(children, min_size=2, max_size=4).map(lambda found: any_of(tuple(found)))

    @st.composite
    def both(draw: st.DrawFn, children: SearchStrategy[Node]) -> Node:
        found = draw(st.lists(children, min_size=1, max_size=3))
        found += [Not(node) for node in draw(st.lists(children, max_size=2))]
        return all_of(tuple(draw(st.permutations(found))))

    @st.composite
    def close(draw: st.DrawFn, operands: SearchStrategy[Node]) -> Node:
        found = draw(st.lists(operands, min_size=2, max_size=4))
        between = len(found) - 1
        some = draw(st.lists(gap, min_size=between, max_size=between))
        ordered = draw(st.lists(st.booleans(), min_size=between, max_size=between))
        return Near(tuple(found), tuple(some), tuple(ordered))

    # What may be near something: never in a field of its own, which is asked for around the whole.
    operands = st.one_of(leaves, leaves, either(leaves), close(leaves))
    operands = st.one_of(operands, operands, either(operands))

    def combined(level: int, simple: SearchStrategy[Node]) -> SearchStrategy[Node]:
        for _ in range(level):
            simple = st.one_of(simple, either(simple), both(simple))
        return simple

    inside = combined(max(depth - 1, 1), st.one_of(leaves, leaves, close(operands)))
    simple = st.one_of(leaves, leaves, close(operands))
    if places:
        simple = st.one_of(simple, simple, placed(inside))
    if refs:
        simple = st.one_of(simple, simple, simple, st.sampled_from(list(refs)).map(Ref))
    return combined(depth, simple)
