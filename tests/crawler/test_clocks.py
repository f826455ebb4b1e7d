"""A clock on a page that goes on is no revision; everything else is. The cases are data: tests/cases/clocks.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.clocks import only_clocks

CASES = tomllib.loads((Path(__file__).parents[1] / "cases" / "clocks.toml").read_text("utf-8"))["case"]
WORDS = ["El Congreso votó", "Actualizado 16:02", "hace 5 minutos", "12 muertos.", "1.204", ""]
texts = st.lists(st.sampled_from(WORDS), max_size=4).map("\n".join)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_two_states_of_a_text_differ_in_a_clock_alone_or_in_more(case: dict[str, Any]) -> None:
    assert only_clocks(case["was"], case["now"], case.get("language", "es")) is case["same"]


@given(texts, texts, st.sampled_from(["es", "pt-BR", "xx", None]))
def test_which_of_two_states_was_first_does_not_matter(one: str, other: str, language: str | None) -> None:
    assert only_clocks(one, other, language) is only_clocks(other, one, language)
    assert only_clocks(one, one, language)


@given(texts)
def test_words_that_are_added_are_never_a_clock(text: str) -> None:
    assert not only_clocks(text, f"{text} y nada más", "es")


def test_what_changes_in_more_than_a_hundred_lines_is_no_clock() -> None:
    table = "\n".join(f"Actualizado {hour}:02" for hour in range(101))
    assert not only_clocks(table, table.replace(":02", ":03"), "es")
    few = table.partition("\n")[2]
    assert only_clocks(few, few.replace(":02", ":03"), "es")
