"""Which agency a text credits."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.wire import credit

CASES = tomllib.loads((Path(__file__).parents[1] / "cases" / "wires.toml").read_text("utf-8"))["cases"]


@pytest.mark.parametrize("name", CASES)
def test_a_text_credits_an_agency_where_a_credit_stands(name: str) -> None:
    case = CASES[name]
    assert credit(case["text"], case.get("author")) == case.get("wire")


def test_no_line_in_the_middle_of_a_text_is_a_credit() -> None:
    lines = [f"El alcalde habló {n} veces." for n in range(12)]
    lines[6] = "Con información de AFP"
    assert credit("\n".join(lines), None) is None


@given(st.text(), st.none() | st.text())
def test_any_text_has_an_answer(text: str, author: str | None) -> None:
    found = credit(text, author)
    assert found is None or found.strip()
