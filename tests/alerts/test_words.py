"""The languages of a digest: no catalogue says less than the code, nor more, and none fills in something else."""

from __future__ import annotations

import re
from importlib.resources import files
from string import Formatter
from zoneinfo import ZoneInfo

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from alerts.troubles import DETAILS
from alerts.words import Speaker, languages
from tests.alerts.catalogue import messages
from tests.alerts.factory import NOON

OTHERS = [one for one in languages() if one != "en"]
UTC = ZoneInfo("UTC")


def catalogue(language: str) -> Catalog:
    with files("alerts").joinpath("locale", f"{language}.po").open("rb") as file:
        return read_po(file, abort_invalid=True)


def fields(text: str) -> set[str]:
    """What is filled in: names, numbers, and how many places without either."""
    found = [name for _, name, _, _ in Formatter().parse(text) if name is not None]
    return {name or f"#{found.count('')}" for name in found}


def test_there_is_more_than_english() -> None:
    assert languages() == ("en", "es")


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalogue_has_the_messages_of_the_code_and_no_others(language: str) -> None:
    found = {one.id for one in catalogue(language) if one.id}
    assert found == set(messages())


@pytest.mark.parametrize("language", OTHERS)
def test_every_message_is_translated_and_fills_in_the_same(language: str) -> None:
    for one in catalogue(language):
        if not one.id:
            continue
        assert not one.fuzzy, one.id
        pairs = list(zip(one.id, one.string, strict=True)) if one.pluralizable else [(one.id, one.string)]
        for said, here in pairs:
            assert here.strip(), said
            assert fields(here) == fields(said), said


def test_what_the_crawl_says_of_a_trouble_fills_in_all_that_a_reader_is_told() -> None:
    for pattern, form in DETAILS.items():
        for one in (form,) if isinstance(form, str) else form:
            wanted = {int(name) for name in fields(one)}
            assert max(wanted, default=-1) < re.compile(pattern).groups, pattern


@pytest.mark.parametrize("language", languages())
def test_what_is_filled_in_is_never_taken_for_a_message(language: str) -> None:
    speaker = Speaker(language, UTC)
    assert "{0}{x}" in speaker.say("by {}", "{0}{x}")
    assert speaker.detail("connection: the connection broke: \\1 {}", NOON).endswith(": \\1 {}")


@pytest.mark.parametrize(("number", "said"), [(0, "none"), (7.0, "7"), (2.5, "2–3")])
def test_half_an_article_is_a_span(number: float, said: str) -> None:
    assert Speaker("en", UTC).typical(number) == said


def test_numbers_are_written_as_the_language_does() -> None:
    assert [Speaker(one, UTC).number(12345.6) for one in ("en", "es")] == ["12,345.6", "12.345,6"]
