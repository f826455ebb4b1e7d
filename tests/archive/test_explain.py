"""Why not, in one sentence: every kind of non-match as data, and laws that hold for whatever a topic asks."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.closest import LONG, Words, edits
from archive.explain import explain
from archive.facts import one_slip
from archive.match import Matcher
from archive.query import parse
from archive.topic import Topic, compile_topics
from archive.tree import FIELDS
from tests.archive import cases, trees

FOLDER = Path(__file__).parents[1] / "cases"
CASES = tomllib.loads((FOLDER / "explain.toml").read_text("utf-8"))["case"]


def asked(case: Mapping[str, Any]) -> tuple[tuple[Topic, ...], dict[str, str]]:
    """The watch list of a case, and its article."""
    others = {
        name: {"query": text} if isinstance(text, str) else text
        for name, text in case.get("topics", {}).items()
    }
    own = {key: case[key] for key in cases.ASKS & case.keys()}
    specs = [cases.spec(topic_id, parts) for topic_id, parts in {**others, "topic": own}.items()]
    return compile_topics(specs, cases.FACTS), {key: case[key] for key in cases.SAYS & case.keys()}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_topic_that_does_not_match_says_why_in_one_sentence(case: Mapping[str, Any]) -> None:
    topics, fields = asked(case)
    assert Matcher(topics).match(fields).get("topic") is None, "it matches"
    (verdict,) = explain(topics, fields, ["topic"])
    assert verdict.why == case["why"]
    assert verdict.clause == case.get("clause", verdict.clause)
    assert not verdict.matched


def test_no_case_says_more_than_it_uses() -> None:
    known = cases.ASKS | cases.SAYS | {"name", "topics", "why", "clause"}
    assert {key for case in CASES for key in case} <= known
    assert len({case["name"] for case in CASES}) == len(CASES)


def test_a_topic_that_matches_has_its_hits_and_no_reason() -> None:
    topics, fields = asked({"terms": ["Peru"], "title": "Peru votes"})
    (verdict,) = explain(topics, fields)
    assert verdict.matched
    assert [hit.text for hit in verdict.hits] == ["Peru"]
    assert (verdict.why, verdict.clause) == (None, None)


def test_whatever_the_matcher_says_explain_says_it_too_and_never_without_a_reason() -> None:
    for case in (case for case in cases.load() if "refused" not in case.wanted):
        found = Matcher(case.topics).match(case.document)
        for verdict in explain(case.topics, case.document):
            assert verdict.matched == (verdict.topic.topic_id in found), case.name
            assert bool(verdict.why) != verdict.matched, case.name
            assert verdict.hits == found.get(verdict.topic.topic_id, ()), case.name


REFS = ("peru", "other")
texts = st.lists(st.sampled_from((*trees.WORDS, "\n", "July", "de", "julio")), max_size=12).map(" ".join)


@given(trees.nodes(refs=REFS), st.dictionaries(st.sampled_from((*FIELDS, "lang", "country")), texts))
@settings(max_examples=150)
def test_every_tree_that_is_not_true_has_a_reason_and_a_clause_that_can_be_read(
    node: Any, fields: dict[str, str]
) -> None:
    others = {ref: {"query": "Peru"} for ref in REFS}
    specs = [cases.spec(key, parts) for key, parts in {**others, "topic": {"query": str(node)}}.items()]
    topics = compile_topics(specs, cases.FACTS)
    (verdict,) = explain(topics, fields, ["topic"])
    assert verdict.matched == ("topic" in Matcher(topics).match(fields))
    if not verdict.matched:
        assert verdict.why
        assert verdict.clause
        assert parse(verdict.clause, bounded=False)


# --- how near two words are -------------------------------------------------------------------------------------

word = st.text("abcd", min_size=1, max_size=8)


@given(word, word)
def test_one_edit_with_the_same_first_letter_is_a_slip(one: str, other: str) -> None:
    if one[0] == other[0]:
        assert (edits(one, other, 2) == 1) == one_slip(one, other)
    assert edits(one, other, 2) == edits(other, one, 2)
    assert (edits(one, other, 2) == 0) == (one == other)


def test_of_short_words_only_their_beginning_is_near() -> None:
    assert Words([("pero", "pero")]).nearest("peru") is None
    near = Words([("peruvian", "Peruvian")]).nearest("peru")
    assert near
    assert near.longer
    assert Words([("bolivarte", "Bolivarte")]).nearest("boluarte") is not None
    assert len("boluarte") >= LONG


words = st.lists(st.text("abcdefgh", min_size=3, max_size=9), min_size=1, max_size=12)


@given(st.text("abcdefgh", min_size=LONG, max_size=9), words)
def test_no_word_that_is_two_edits_away_is_overlooked(own: str, others: list[str]) -> None:
    others = [own[0] + other[1:] for other in others]
    fewest = min((edits(own, other, 2) for other in others if other != own), default=3)
    near = Words([(other, other) for other in others]).nearest(own)
    if fewest <= 2:
        assert near
        assert near.rank <= fewest
