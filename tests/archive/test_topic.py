"""What an operator may write, and what it is compiled to."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.errors import TopicError
from archive.match import Matcher
from archive.phrase import SLIP, STEM, compile_phrase, plain
from archive.topic import Term, Topic, TopicSpec, compile_topic, compile_topics
from archive.tree import Mode, Word

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
        pytest.param("peruan*", (Word("peruan", "*"),), id="any ending"),
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
        pytest.param("Boluarte~", (Word("boluarte", "~"),), id="one slip"),
        pytest.param("soldado+ peruano", (Word("soldado", "+"), Word("peruano")), id="all forms"),
        pytest.param("C+D", (Word("c"), Word("d")), id="a plus between words"),
        pytest.param("mineri* ilegal", (Word("mineri", "*"), Word("ilegal")), id="an ending inside"),
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
        pytest.param(' "*peru"', 2, "cannot stand before a word", id="a star in quotes"),
        pytest.param("peruan**", 6, "may only end a word", id="two stars"),
        pytest.param("Peru's*", 6, "may only end a word", id="a star after a possessive"),
        pytest.param("Boluarte ~", 9, "may only end a word", id="a tilde alone"),
        pytest.param("Dina~ Boluarte", 0, "Dina~ is too short", id="a slip in a short word"),
        pytest.param("the 2024-25~", 9, "at least 6 letters", id="a slip in a number"),
        pytest.param("the a1b2c3~", 4, "not made of letters alone", id="a slip in letters and figures"),
        pytest.param("*peru", 0, 'did you mean "peru*"?', id="a star in front has a better place"),
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
    assert compile_phrase("x" * STEM + "*").words[0].mark == "*"
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
    assert (phrase.text, plain(phrase)) == ("tropas de peruan*", "tropas de peruan")


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(replace(PERU, query="Lima AND Cusco"), id="a query"),
        pytest.param(replace(PERU, dates=("07-19",)), id="a date"),
        pytest.param(replace(PERU, require=("@chile",)), id="a requirement"),
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
    assert str(topic.tree) == "Peru OR Perú"
    assert [phrase.text for phrase in topic.exclude] == ["Peru, Indiana"]


def test_one_bad_phrase_makes_the_topic_an_error() -> None:
    with pytest.raises(TopicError):
        compile_topic(replace(PERU, exclude=("per*",)))


@pytest.mark.parametrize("mark", ["~", "+"])
@pytest.mark.parametrize("mode", [Mode.CASE, Mode.MARKS])
def test_what_is_taken_as_written_has_no_other_forms(mark: str, mode: Mode) -> None:
    with pytest.raises(TopicError, match="takes the word as it is written"):
        compile_phrase(f"Boluarte{mark}", mode)
    assert compile_phrase("Boluart*", mode).words[0].mark == "*"


def test_six_letters_are_enough_before_a_slip() -> None:
    assert compile_phrase("x" * SLIP + "~").words[0].mark == "~"
    with pytest.raises(TopicError):
        compile_phrase("x" * (SLIP - 1) + "~")


# --- whole watch lists ------------------------------------------------------------------------------------


def topic(topic_id: str, query: str, **more: Any) -> TopicSpec:
    return TopicSpec(topic_id=topic_id, title=topic_id, query=query, **more)


def test_terms_query_and_dates_are_one_tree() -> None:
    spec = replace(PERU, query="Lima NEAR/5 marcha", dates=("07-19", "2026-07-28"), require=("Boluarte~",))
    compiled = compile_topic(spec)
    assert str(compiled.tree) == "Peru OR Perú OR Lima NEAR/5 marcha OR date(07-19) OR date(2026-07-28)"
    assert [str(tree) for tree in compiled.require] == ["Boluarte~"]


def test_a_topic_that_looks_for_nothing_is_refused() -> None:
    with pytest.raises(TopicError, match="nothing is looked for"):
        compile_topic(replace(PERU, terms=()))


def test_a_date_says_where_it_is_wrong() -> None:
    with pytest.raises(TopicError) as caught:
        compile_topic(replace(PERU, dates=("02-30",)))
    assert 0 <= caught.value.column <= len("02-30")


def test_more_than_two_thousand_terms_are_two_topics() -> None:
    with pytest.raises(TopicError, match="2,000"):
        compile_topic(replace(PERU, terms=tuple(Term(f"word{number}") for number in range(2001))))


def test_a_topic_changes_with_those_that_it_refers_to() -> None:
    def versions(peru: str) -> dict[str, str]:
        specs = [topic("mining", "@andes AND mine"), topic("andes", "@peru OR Bolivia"), topic("peru", peru)]
        return {one.topic_id: one.version for one in compile_topics(specs)}

    before, after = versions("Peru"), versions("Peru OR Lima")
    assert {name for name in before if before[name] != after[name]} == {"mining", "andes", "peru"}
    assert versions("Peru") == before


def test_a_topic_that_refers_to_none_keeps_the_version_of_its_definition() -> None:
    assert [one.version for one in compile_topics([PERU])] == [PERU.version]


@pytest.mark.parametrize(
    ("specs", "says"),
    [
        pytest.param([topic("a", "@b AND x")], "no topic b", id="a name that no topic has"),
        pytest.param([topic("a", "@a OR x")], "@a → @a", id="itself"),
        pytest.param([topic("a", "@b OR x"), topic("b", "y AND @a")], "@a → @b → @a", id="a circle"),
        pytest.param([topic("a", "x", require=("@b",)), topic("b", "@a")], "itself", id="by way of require"),
    ],
)
def test_references_that_cannot_be_followed_are_refused(specs: list[TopicSpec], says: str) -> None:
    with pytest.raises(TopicError, match=says):
        compile_topics(specs)


def test_topics_may_share_what_they_refer_to() -> None:
    specs = [topic("a", "@c OR x"), topic("b", "@c OR @a"), topic("c", "z")]
    compiled: tuple[Topic, ...] = compile_topics(specs)
    assert [one.topic_id for one in compiled] == ["a", "b", "c"]


def test_a_pasted_text_is_no_phrase() -> None:
    with pytest.raises(TopicError, match="at most 1000 characters"):
        compile_phrase("a-" * 600)


def test_a_phrase_all_in_capitals_asks_for_none() -> None:
    assert not any(word.capitals for word in compile_phrase("MINISTERIO DE SALUD").words)
    assert compile_phrase("US troops").words[0].capitals
    assert compile_phrase("US").words[0].capitals


def test_references_by_the_dozen_take_no_time_and_by_the_hundred_are_refused() -> None:
    doubled = [topic(f"t{n}", f"@t{n - 1} OR (@t{n - 1} AND x)" if n else "z") for n in range(20)]
    assert len(Matcher(compile_topics(doubled)).match({"text": "z"})) == 20
    with pytest.raises(TopicError, match="more than 20 steps"):
        compile_topics([topic(f"t{n}", f"@t{n - 1} OR x" if n else "z") for n in range(600)])
