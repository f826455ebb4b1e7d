"""What dictionaries are asked, what they answer, and what a slip is."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from archive.facts import Facts, Wanted, one_slip, wanted
from archive.phrase import compile_phrase
from archive.tree import And, Date, In, Mode, Near, Node, Not, Or, Ref


def osa(one: str, other: str) -> int:
    """The textbook's matrix: optimal string alignment distance."""
    table = [[max(i, j) if not i or not j else 0 for j in range(len(other) + 1)] for i in range(len(one) + 1)]
    for i in range(1, len(one) + 1):
        for j in range(1, len(other) + 1):
            table[i][j] = min(
                table[i - 1][j] + 1,
                table[i][j - 1] + 1,
                table[i - 1][j - 1] + (one[i - 1] != other[j - 1]),
            )
            if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
                table[i][j] = min(table[i][j], table[i - 2][j - 2] + 1)
    return table[-1][-1]


WORD = st.text("abc", max_size=7)


@st.composite
def near_words(draw: st.DrawFn) -> tuple[str, str]:
    """A word, and what one or two edits make of it."""
    word = other = draw(WORD)
    for _ in range(draw(st.integers(1, 2))):
        at = draw(st.integers(0, len(other)))
        other = draw(
            st.sampled_from(
                [
                    other[:at] + other[at + 1 :],
                    other[:at] + draw(st.sampled_from("abc")) + other[at:],
                    other[:at] + draw(st.sampled_from("abc")) + other[at + 1 :],
                    other[:at] + other[at : at + 2][::-1] + other[at + 2 :],
                ]
            )
        )
    return word, other


@given(st.tuples(WORD, WORD) | near_words())
@example(("boluarte", "boularte"))
@example(("boluarte", "boluartes"))
@example(("ab", "ba"))
@example(("a", ""))
@example(("", ""))
def test_a_slip_is_one_edit_of_optimal_string_alignment_behind_the_first_letter(
    words: tuple[str, str],
) -> None:
    one, other = words
    assert one_slip(one, other) == one_slip(other, one)
    assert one_slip(one, other) == (osa(one, other) == 1 and one[:1] == other[:1] != "")


@pytest.mark.parametrize("other", ["boularte", "bolarte", "boluartes", "boluarta", "baluarte", "boluarrte"])
def test_these_are_slips_of_boluarte(other: str) -> None:
    assert one_slip("boluarte", other)


@pytest.mark.parametrize(
    "other", ["boluarte", "oluarte", "voluarte", "oblurarte", "bolrate", "baluartes", "b", ""]
)
def test_these_are_none(other: str) -> None:
    assert not one_slip("boluarte", other)


def phrase(text: str, mode: Mode = Mode.FOLDED) -> Node:
    return compile_phrase(text, mode)


def test_what_is_asked_is_found_wherever_it_stands_in_a_tree() -> None:
    tree = And(
        (
            Or((phrase("US troops"), In("title", phrase("Boluarte~")), Date(7, 19))),
            Near((phrase("Soldado+"), phrase("EE.UU.")), (3,), (False,)),
            Not(phrase("camión+ de la ONU")),
            Ref("peru"),
        )
    )
    assert wanted([tree, phrase("WHO says")]) == Wanted(
        capitals=frozenset({"us", "onu", "who"}),
        slips=frozenset({"boluarte"}),
        forms=frozenset({"soldado", "camión"}),
    )


def test_of_plain_words_nothing_is_asked() -> None:
    assert not wanted([phrase("Peru"), phrase("peruan*"), phrase("us troops"), Date(7, 19)])
    assert not wanted([])


@pytest.mark.parametrize("text", ["CAMIÓN+", "camio\u0301n+", "Camión+"])
def test_forms_are_asked_as_dictionaries_write_the_word(text: str) -> None:
    assert wanted([phrase(text)]).forms == {"camión"}


FOLDS = st.frozensets(st.text(max_size=6), max_size=4)
MAPS = st.dictionaries(st.text(max_size=6), FOLDS, max_size=4)
FACTS = st.builds(Facts, ordinary=FOLDS, proper=FOLDS, near=MAPS, forms=MAPS)
QUESTIONS = st.builds(Wanted, capitals=FOLDS, slips=FOLDS, forms=FOLDS)


@given(FACTS, QUESTIONS)
def test_facts_and_questions_survive_json(facts: Facts, questions: Wanted) -> None:
    assert Facts.from_json(facts.to_json()) == facts
    assert Wanted.from_json(questions.to_json()) == questions
    assert Facts.from_json(facts.to_json()).to_json() == facts.to_json()


def test_the_same_facts_are_the_same_text() -> None:
    facts = Facts(ordinary=frozenset({"us", "it"}), near={"b": frozenset({"d", "c"}), "a": frozenset()})
    assert (
        facts.to_json()
        == '{"forms": {}, "near": {"a": [], "b": ["c", "d"]}, "ordinary": ["it", "us"], "proper": []}'
    )


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "null", '{"ordinary": []}', '{"ordinary": 1, "proper": [], "near": [], "forms": {}}'],
)
def test_what_is_no_facts_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"no facts|Expecting value"):
        Facts.from_json(text)


SOME = Facts(
    ordinary=frozenset({"us", "it"}),
    proper=frozenset({"onu"}),
    near={"boluarte": frozenset({"baluarte"}), "fujimori": frozenset()},
    forms={"camion": frozenset({"camion", "camiones"}), "boluarte": frozenset()},
)


def test_facts_cover_what_was_asked_even_where_nothing_is_known() -> None:
    asked = Wanted(
        capitals=frozenset({"us", "onu"}),
        slips=frozenset({"fujimori"}),
        forms=frozenset({"camión", "boluarte"}),
    )
    assert SOME.covers(asked)
    assert SOME.covers(Wanted())
    assert not SOME.covers(asked | Wanted(capitals=frozenset({"who"})))
    assert not SOME.covers(asked | Wanted(slips=frozenset({"castillo"})))
    assert not SOME.covers(asked | Wanted(forms=frozenset({"soldado"})))


def test_the_part_of_one_topic_answers_it_and_no_more() -> None:
    asked = Wanted(capitals=frozenset({"us"}), forms=frozenset({"camión"}))
    part = SOME.restrict(asked)
    assert part.covers(asked)
    assert part == Facts(ordinary=frozenset({"us"}), forms={"camion": frozenset({"camion", "camiones"})})


def test_facts_of_two_languages_are_joined() -> None:
    english = Facts(ordinary=frozenset({"us"}), proper=frozenset({"un"}), near={"a": frozenset({"b"})})
    spanish = Facts(
        ordinary=frozenset({"un"}), proper=frozenset({"us"}), near={"a": frozenset({"c"}), "d": frozenset()}
    )
    assert english | spanish == Facts(
        ordinary=frozenset({"us", "un"}), near={"a": frozenset({"b", "c"}), "d": frozenset()}
    )
