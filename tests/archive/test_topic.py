"""What an operator may write, and what it is compiled to."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.errors import TopicError
from archive.topic import STEM, Term, TopicSpec, Word, compile_phrase, compile_topic

PERU = TopicSpec(
    topic_id="peru",
    title="Peru",
    terms=(Term("Peru", "en"), Term("Perú", "es")),
    exclude=("Peru, Indiana",),
    match=("Peru votes",),
    no_match=("Perugia",),
)


@pytest.mark.parametrize(
    ("phrase", "words"),
    [
        pytest.param("Perú", (Word("peru"),), id="a word is folded"),
        pytest.param("PERU", (Word("peru"),), id="four capitals are a word as any"),
        pytest.param("peruan*", (Word("peruan", prefix=True),), id="any ending"),
        pytest.param(
            "US troops", (Word("us", capitals=True), Word("troops")), id="two capitals are asked for"
        ),
        pytest.param("ONU", (Word("onu", capitals=True),), id="three capitals are asked for"),
        pytest.param("us troops", (Word("us"), Word("troops")), id="small letters ask for nothing"),
        pytest.param("Us troops", (Word("us"), Word("troops")), id="a capital at the front asks for nothing"),
        pytest.param("U.S.", (Word("us", capitals=True, acronym=True),), id="a dotted acronym"),
        pytest.param("U. S.", (Word("us", capitals=True, acronym=True),), id="a spaced acronym"),
        pytest.param("EE. UU.", (Word("eeuu", acronym=True),), id="an acronym of four letters"),
        pytest.param("19 J", (Word("19"), Word("j")), id="one letter and figures"),
        pytest.param("G20", (Word("g20"),), id="letters with figures are no acronym"),
        pytest.param("Peru, Indiana", (Word("peru"), Word("indiana")), id="punctuation does not count"),
        pytest.param("Peru's vote", (Word("peru"), Word("vote")), id="a possessive is its word"),
        pytest.param("mineri* ilegal", (Word("mineri", prefix=True), Word("ilegal")), id="an ending inside"),
        pytest.param('"Peru"', (Word("peru"),), id="straight quotes"),
        pytest.param(" “Peru” ", (Word("peru"),), id="curly quotes and blanks"),
        pytest.param("«Peru»", (Word("peru"),), id="guillemets"),
        pytest.param("'Peru'", (Word("peru"),), id="single quotes"),
    ],
)
def test_a_phrase_means_its_words(phrase: str, words: tuple[Word, ...]) -> None:
    assert compile_phrase(phrase).words == words


@pytest.mark.parametrize(
    ("phrase", "column", "says"),
    [
        pytest.param("per*", 0, "per* is too short", id="a short stem"),
        pytest.param("the per*", 4, "per* is too short", id="a short stem further on"),
        pytest.param('  "the per*"', 7, "per* is too short", id="a short stem in quotes"),
        pytest.param("U.S.*", 0, "too short", id="an acronym with a star"),
        pytest.param("*", 0, "may only end a word", id="a star alone"),
        pytest.param("peru *", 5, "may only end a word", id="a star beside a word"),
        pytest.param("pe*ru", 2, "may only end a word", id="a star inside"),
        pytest.param("*peru", 0, "may only end a word", id="a star in front"),
        pytest.param(' "*peru"', 2, "may only end a word", id="a star in quotes"),
        pytest.param("peruan**", 7, "may only end a word", id="two stars"),
        pytest.param("Peru's*", 6, "may only end a word", id="a star after a possessive"),
        pytest.param("Boluarte~", 8, "~", id="a tilde"),
        pytest.param(' "Boluarte~"', 10, "~", id="a tilde in quotes"),
        pytest.param("", 0, "no word", id="nothing"),
        pytest.param(" -- ", 1, "no word", id="punctuation"),
        pytest.param('""', 1, "no word", id="empty quotes"),
        pytest.param('"', 0, "no word", id="one quote"),
    ],
)
def test_an_error_says_where(phrase: str, column: int, says: str) -> None:
    with pytest.raises(TopicError) as caught:
        compile_phrase(phrase)
    assert says in str(caught.value)
    assert caught.value.column == column


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("phrase", ["Perú*", "peruanó*", "tropas de Perú", "Ñandú"])
def test_a_phrase_is_read_alike_however_its_accents_are_typed(phrase: str, form: str) -> None:
    typed = unicodedata.normalize(form, phrase)  # type: ignore[arg-type]
    assert compile_phrase(typed) == compile_phrase(phrase)


def test_four_letters_are_enough_before_a_star() -> None:
    assert compile_phrase("x" * STEM + "*").words[0].prefix
    with pytest.raises(TopicError):
        compile_phrase("x" * (STEM - 1) + "*")


@given(st.text())
def test_any_text_is_a_phrase_or_an_error_with_a_column_in_it(text: str) -> None:
    try:
        phrase = compile_phrase(text)
    except TopicError as error:
        assert 0 <= error.column <= len(text)
    else:
        assert phrase.words
        assert compile_phrase(phrase.text).words == phrase.words or '"' in text or "'" in text


def test_the_canonical_form_is_without_quotes_and_extra_blanks() -> None:
    phrase = compile_phrase(' "tropas   de\tperuan*" ')
    assert (phrase.text, phrase.plain) == ("tropas de peruan*", "tropas de peruan")


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(replace(PERU, terms=PERU.terms[:1]), id="a term less"),
        pytest.param(
            replace(PERU, terms=(Term("Peru", "en"), Term("Perù", "es"))), id="a term spelled otherwise"
        ),
        pytest.param(
            replace(PERU, terms=(Term("Peru", "en"), Term("Perú", "en"))), id="a term of another language"
        ),
        pytest.param(replace(PERU, exclude=()), id="an exclude less"),
        pytest.param(replace(PERU, exclude=("Peru, Illinois",)), id="another exclude"),
        pytest.param(replace(PERU, terms=(), exclude=("Peru", "Perú")), id="terms as excludes"),
    ],
)
def test_another_definition_is_another_version(changed: TopicSpec) -> None:
    assert changed.version != PERU.version
    assert changed.definition != PERU.definition


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(replace(PERU, title="The Republic of Peru"), id="title"),
        pytest.param(replace(PERU, match=(), no_match=()), id="examples"),
        pytest.param(replace(PERU, topic_id="pe"), id="name"),
    ],
)
def test_what_is_not_searched_for_changes_no_version(changed: TopicSpec) -> None:
    assert changed.version == PERU.version


def test_a_version_is_the_same_on_every_machine() -> None:
    # A change here makes every topic of every archive another version: see that it is meant.
    assert PERU.version == "8c41c552b513"


def test_a_topic_carries_its_phrases_and_its_version() -> None:
    topic = compile_topic(PERU)
    assert (topic.topic_id, topic.title, topic.version) == ("peru", "Peru", PERU.version)
    assert [phrase.text for phrase in topic.phrases] == ["Peru", "Perú"]
    assert [phrase.text for phrase in topic.exclude] == ["Peru, Indiana"]


def test_one_bad_phrase_makes_the_topic_an_error() -> None:
    with pytest.raises(TopicError):
        compile_topic(replace(PERU, exclude=("per*",)))
