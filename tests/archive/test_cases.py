"""The table of cases: what is found, as a careful reader would say. The reference matcher and the engine must say the same."""

from __future__ import annotations

from collections import Counter

import pytest

from archive.errors import TopicError
from archive.match import Matcher
from tests.archive import reference
from tests.archive.cases import FOLDER, Case, load

CASES = load()
FEWEST = 320
READ = [case for case in CASES if "refused" not in case.wanted]
REFUSED = [case for case in CASES if "refused" in case.wanted]


def named(case: Case) -> str:
    return f"{case.theme}: {case.name}"


@pytest.mark.parametrize("case", READ, ids=named)
def test_the_reference_finds(case: Case) -> None:
    case.check(reference.matches(case.topics, case.document))


@pytest.mark.parametrize("case", READ, ids=named)
def test_the_engine_finds(case: Case) -> None:
    case.check(Matcher(case.topics).match(case.document))


@pytest.mark.parametrize("case", REFUSED, ids=named)
def test_a_query_is_refused(case: Case) -> None:
    with pytest.raises(TopicError):
        _ = case.topics


def test_the_table_is_large_and_no_case_stands_in_it_twice() -> None:
    assert len(CASES) >= FEWEST
    assert [name for name, count in Counter(case.name for case in CASES).items() if count > 1] == []
    assert {case.theme for case in CASES} == {path.stem for path in FOLDER.glob("*.toml")}


def test_the_table_says_no_as_well_as_yes() -> None:
    nothing = sum(case.wanted.get("finds") == [] or case.wanted.get("matches") is False for case in READ)
    assert len(READ) / 5 < nothing < len(READ) / 2
