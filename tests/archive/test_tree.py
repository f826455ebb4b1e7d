"""The tree: its canonical form, and what is made of several."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.phrase import compile_phrase
from archive.query import is_bounded
from archive.tree import And, Date, In, Mode, Near, Node, Not, Or, Ref, all_of, any_of, is_bare, walk
from tests.archive.trees import nodes

A, B, C = (compile_phrase(word) for word in "abc")
AB = compile_phrase('"a b"')


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        pytest.param(A, "a", id="a word stands without quotes"),
        pytest.param(AB, '"a b"', id="several words stand in quotes"),
        pytest.param(compile_phrase("NEAR"), '"NEAR"', id="what would be an operator stands in quotes"),
        pytest.param(compile_phrase("ANDNOT"), '"ANDNOT"', id="so does one of other services"),
        pytest.param(compile_phrase("x:y"), '"x:y"', id="what would be a field stands in quotes"),
        pytest.param(compile_phrase("ONU", Mode.CASE), 'cs("ONU")', id="capitals as written"),
        pytest.param(compile_phrase("año", Mode.MARKS), 'exact("año")', id="accents as written"),
        pytest.param(Date(7, 9), "date(07-09)", id="a day of any year"),
        pytest.param(Date(7, 9, 985), "date(0985-07-09)", id="a day of one year"),
        pytest.param(Ref("peru"), "@peru", id="a topic"),
        pytest.param(In("title", AB), 'title:"a b"', id="a field and a phrase"),
        pytest.param(In("title", Or((A, B))), "title:(a OR b)", id="a field and a group"),
        pytest.param(And((A, Not(B), C)), "a NOT b AND c", id="no AND stands before a NOT"),
        pytest.param(And((A, Not(Or((B, C))))), "a NOT (b OR c)", id="NOT of a group"),
        pytest.param(And((A, Or((B, C)))), "a AND (b OR c)", id="OR in AND"),
        pytest.param(Or((And((A, B)), C)), "(a AND b) OR c", id="AND in OR"),
        pytest.param(Near((A, B, C), (5, 0), (False, True)), "a NEAR/5 b ONEAR/0 c", id="a chain"),
        pytest.param(
            Near((Near((A, B), (1,), (False,)), C), (2,), (True,)),
            "(a NEAR/1 b) ONEAR/2 c",
            id="near in near",
        ),
        pytest.param(And((Near((A, B), (1,), (False,)), C)), "a NEAR/1 b AND c", id="near binds closer"),
    ],
)
def test_a_tree_shows_as_its_canonical_form(tree: Node, text: str) -> None:
    assert str(tree) == text


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("peru", True),
        ("peruan*", True),
        ("Peru’s", True),
        ("U.S.", True),
        ("AND", False),
        ("and", True),
        ("a b", False),
        ("-a", False),
        ("x:y", False),
        ("w/5", False),
        ("", False),
    ],
)
def test_only_what_is_read_as_one_word_stands_bare(text: str, bare: bool) -> None:
    assert is_bare(text) is bare


def test_joining_flattens() -> None:
    assert any_of((A, Or((A, B)), C)) == Or((A, B, C))
    assert all_of((And((A, Not(B))), C)) == And((A, Not(B), C))
    assert any_of((A, A)) == A
    assert all_of((A,)) == A


@given(st.lists(nodes(depth=2), min_size=1, max_size=4))
def test_joining_twice_is_joining_once(trees: list[Node]) -> None:
    for join in (any_of, all_of):
        whole = join(tuple(trees))
        assert join((whole,)) == whole
    assert any_of((any_of(tuple(trees)), *trees)) == any_of(tuple(trees))


@given(nodes(refs=("peru", "us-troops")))
def test_walking_meets_a_node_right_before_the_first_that_is_in_it(tree: Node) -> None:
    met = list(walk(tree))
    assert met[0] is tree
    for node, following in pairwise(met):
        match node:
            case In(_, child) | Not(child):
                assert following is child
            case And(children) | Or(children) | Near(operands=children):
                assert following is children[0]


@pytest.mark.parametrize(
    ("tree", "bounded"),
    [
        pytest.param(A, True, id="a word"),
        pytest.param(Ref("peru"), True, id="a topic"),
        pytest.param(Near((A, B), (1,), (False,)), True, id="near"),
        pytest.param(Not(A), False, id="not a word"),
        pytest.param(Not(Not(A)), True, id="not not a word"),
        pytest.param(And((A, Not(B))), True, id="one without the other"),
        pytest.param(And((Not(A), Not(B))), False, id="neither"),
        pytest.param(Or((A, Not(B))), False, id="one, or not the other"),
        pytest.param(In("title", Not(A)), False, id="a title without a word"),
        pytest.param(And((A, Or((B, Not(C))))), True, id="an open group that a word closes"),
    ],
)
def test_bounded_is_what_an_article_without_its_words_never_is(tree: Node, bounded: bool) -> None:
    assert is_bounded(tree) is bounded
