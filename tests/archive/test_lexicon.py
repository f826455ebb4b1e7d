"""What simplemma's dictionaries say, asked in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

from archive import lexicon
from archive.errors import PresswatchError
from archive.facts import Facts, Wanted
from archive.lexicon import ask, look_up

ASKED = Wanted(
    capitals=frozenset({"us", "who", "it", "un", "aid", "si", "onu", "eu", "uk", "oea", "fmi", "ee", "uu"}),
    slips=frozenset({"boluarte", "camiom"}),
    forms=frozenset({"soldado", "camion", "troop", "año", "ano", "peru", "perú", "boluarte", "lima"}),
)


@pytest.fixture(scope="module")
def facts() -> Facts:
    return look_up(ASKED, ["en", "es-PE", "tlh"])


def test_us_and_who_are_ordinary_words(facts: Facts) -> None:
    assert facts.ordinary == {"us", "who", "it", "un", "aid", "si"}


def test_names_that_only_stand_in_capitals_are_none(facts: Facts) -> None:
    assert facts.proper == {"onu", "eu", "uk", "oea", "fmi", "ee", "uu"}


def test_a_slip_never_reaches_a_word_of_the_dictionary(facts: Facts) -> None:
    assert "baluarte" in facts.near["boluarte"]
    assert "boularte" not in facts.near["boluarte"]
    assert "boluarte" not in facts.near["boluarte"]


def test_nor_one_that_the_dictionary_has_with_accents(facts: Facts) -> None:
    assert "camion" in facts.near["camiom"]


def test_forms_are_those_of_the_lemma(facts: Facts) -> None:
    assert facts.forms["soldado"] == {"soldado", "soldados"}
    assert {"troop", "troops"} <= facts.forms["troop"]


def test_forms_are_found_without_the_accents_and_folded(facts: Facts) -> None:
    assert facts.forms["camion"] == {"camion", "camiones"}


def test_names_have_no_forms(facts: Facts) -> None:
    assert facts.forms["peru"] == frozenset()
    assert facts.forms["boluarte"] == frozenset()


def test_all_that_was_asked_is_answered(facts: Facts) -> None:
    assert facts.covers(ASKED)
    assert Facts.from_json(facts.to_json()) == facts


@pytest.mark.usefixtures("facts")
def test_the_dictionaries_are_not_loaded_here() -> None:
    assert "simplemma" not in sys.modules


def test_where_nothing_is_asked_no_process_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexicon.subprocess, "run", lambda *_, **__: pytest.fail("it was started"))
    assert look_up(Wanted(), ["en", "es"]) == Facts()


def test_where_no_language_has_a_dictionary_every_short_word_may_be_ordinary() -> None:
    facts = look_up(Wanted(capitals=frozenset({"us"}), slips=frozenset({"boluarte"})), ["tlh", "", "../../x"])
    assert facts == Facts(ordinary=frozenset({"us"}), near={"boluarte": frozenset()})


@pytest.mark.parametrize(
    ("code", "said"),
    [
        pytest.param("raise MemoryError('no room')", "no room", id="an exception"),
        pytest.param("raise SystemExit(3)", "exit 3", id="an end"),
        pytest.param("print('hello')", "no answer", id="chatter"),
        pytest.param("import time; time.sleep(60)", "within 0.3 s", id="silence"),
        pytest.param(None, "cannot be asked", id="no interpreter"),
    ],
)
def test_a_process_that_fails_is_an_error_of_ours(
    monkeypatch: pytest.MonkeyPatch, code: str | None, said: str
) -> None:
    real = subprocess.run

    def run(_: object, **settings):
        return real(["/no/such/python"] if code is None else [sys.executable, "-c", code], **settings)

    monkeypatch.setattr(lexicon.subprocess, "run", run)
    monkeypatch.setattr(lexicon, "TIME_LIMIT", 0.3 if code and "sleep" in code else 30)
    with pytest.raises(PresswatchError, match=said):
        look_up(ASKED, ["en"])


# A dictionary as simplemma has it: a word, its lemma. Names are in it too, and rubbish.
SPANISH = {
    "año": "año", "años": "año", "ano": "ano", "anos": "ano", "camión": "camión", "camiones": "camión",
    "Perú": "Perú", "UK": "UK", "sí": "sí", "&c.": "&c.", "era": "ser", "eras": "era", "ser": "ser",
}  # fmt: skip


def forms(word: str) -> set[str]:
    answer = ask(Wanted(forms=frozenset({word})), [{"years": "year"}, SPANISH]).forms
    return set().union(*answer.values())


def test_a_word_that_is_known_as_written_is_no_other_one() -> None:
    assert forms("ano") == {"ano", "anos"}
    assert ask(Wanted(forms=frozenset({"año"})), [{"ano": "anus", "anus": "anus"}, SPANISH]).forms == {
        "ano": {"ano", "anos"}
    }
    assert forms("camion") == forms("camión") == {"camion", "camiones"}


def test_a_word_that_has_forms_of_its_own_does_not_lead_elsewhere() -> None:
    assert forms("era") == {"era", "eras"}
    assert forms("Perú".lower()) == set()


def test_accents_make_no_other_word_of_one_in_capitals() -> None:
    asked = Wanted(capitals=frozenset({"si", "uk"}))
    assert ask(asked, [SPANISH]) == Facts(ordinary=frozenset({"si"}), proper=frozenset({"uk"}))
