"""Which topics an article is about, and exactly where it says so."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from archive.match import FIELDS, Matcher
from archive.model import Hit
from archive.normalize import tokens
from archive.topic import Term, TopicSpec, compile_topic
from tests.archive.world import MATCHER, spec


def matcher(*terms: str, exclude: Sequence[str] = ()) -> Matcher:
    return Matcher([compile_topic(spec("topic", *terms, exclude=tuple(exclude)))])


def found(text: str, *terms: str, exclude: Sequence[str] = (), field: str = "text") -> list[str]:
    """What the topic finds in ``text``, as it stands there."""
    return [hit.text for hit in matcher(*terms, exclude=exclude).match({field: text}).get("topic", ())]


@pytest.mark.parametrize(
    ("term", "text", "surfaces"),
    [
        pytest.param("Peru", "Marchas en todo el Perú", ["Perú"], id="accents are folded"),
        pytest.param("Peru", "PERU VOTES", ["PERU"], id="capitals are folded"),
        pytest.param("Peru", "Peru\u0301 vota", ["Peru\u0301"], id="a mark belongs to the span"),
        pytest.param("Peru", "Peru's vote, Peru’s vote", ["Peru", "Peru"], id="possessives"),
        pytest.param("Peru", "a Peru-based firm", ["Peru"], id="a hyphen ends a word"),
        pytest.param("Peru", "#Peru_votes", ["Peru"], id="an underscore ends a word"),
        pytest.param("Peru", "A weekend in Perugia", [], id="Perugia"),
        pytest.param("Peru", "Hyperuricemia, perused", [], id="inside a word"),
        pytest.param("Boluarte", "el último baluarte", [], id="baluarte"),
        pytest.param("US troops", "previous troops", [], id="previous troops"),
        pytest.param("US troops", "tell us troops were late", [], id="tell us troops"),
        pytest.param("US troops", "Us troops", [], id="a capital at the front"),
        pytest.param(
            "US troops",
            "US Troops and u.s. troops",
            ["US Troops", "u.s. troops"],
            id="a dotted form is no us",
        ),
        pytest.param(
            "US troops",
            "U.S. troops; U.S troops; U. S. troops",
            ["U.S. troops", "U.S troops", "U. S. troops"],
            id="U.S.",
        ),
        pytest.param(
            "U.S. troops", "US troops, us troops", ["US troops"], id="an acronym finds its capitals"
        ),
        pytest.param(
            "us troops", "US troops, us troops", ["US troops", "us troops"], id="small letters find both"
        ),
        pytest.param("US troops", "US's troops", ["US's troops"], id="a possessive inside"),
        pytest.param(
            "tropas de EE.UU.",
            "tropas de EEUU, tropas de EE. UU. y tropas de EE UU",
            ["tropas de EEUU", "tropas de EE. UU.", "tropas de EE UU"],
            id="EE.UU.",
        ),
        pytest.param("EEUU", "Los EE.UU.", ["EE.UU."], id="EEUU"),
        pytest.param(
            "peruan*",
            "la peruana, PERUANOS y peruan",
            ["peruana", "PERUANOS", "peruan"],
            id="any ending, and none",
        ),
        pytest.param("peruan*", "superuano, peru, perua", [], id="an ending is no beginning"),
        pytest.param(
            "Peruvian* Congress", "the Peruvians' congress", ["Peruvians' congress"], id="an ending inside"
        ),
        pytest.param(
            "July 19", "on July 19, in July 19,000, July 1.9", ["July 19"], id="19,000 is another number"
        ),
        pytest.param(
            "Peru Congress",
            "Peru, Congress; Peru -- congress",
            ["Peru, Congress", "Peru -- congress"],
            id="punctuation",
        ),
        pytest.param(
            "Peru Congress", "in Peru\nCongress met", [], id="a phrase does not run over a paragraph"
        ),
        pytest.param("Peru Congress", "the Peru vote in Congress", [], id="nothing in between"),
        pytest.param(
            "finance", "ﬁnance ＦＩＮＡＮＣＥ", ["ﬁnance", "ＦＩＮＡＮＣＥ"], id="ligatures and full width"
        ),
        pytest.param("Peru", "Pe\u00adru", ["Pe\u00adru"], id="a soft hyphen inside"),
        pytest.param("the the", "the the the", ["the the", "the the"], id="a phrase that overlaps itself"),
    ],
)
def test_a_phrase_finds(term: str, text: str, surfaces: list[str]) -> None:
    assert found(text, term) == surfaces


@pytest.mark.parametrize(
    ("field", "text", "surfaces"),
    [
        pytest.param("title", "TELL US TROOPS WERE LATE", ["US TROOPS"], id="an all-capitals headline"),
        pytest.param("title", "TELL us TROOPS", [], id="a headline that is not all capitals"),
        pytest.param("text", "¡US TROOPS!", ["US TROOPS"], id="capitals in a text"),
        pytest.param("summary", "tell us troops", [], id="a summary"),
    ],
)
def test_a_headline_in_capitals_says_nothing_by_its_capitals(
    field: str, text: str, surfaces: list[str]
) -> None:
    assert found(text, "US troops", field=field) == surfaces


def test_what_is_asked_in_capitals_is_found_in_a_small_lettered_headline_only_as_an_acronym() -> None:
    assert found("us troops and U.S. troops", "US troops", field="title") == ["U.S. troops"]


@pytest.mark.parametrize(
    ("text", "surfaces"),
    [
        pytest.param("A fair in Peru, Indiana", [], id="masked"),
        pytest.param("From Peru, Indiana, to Peru", ["Peru"], id="another one counts"),
        pytest.param("PERU INDIANA", [], id="folded"),
        pytest.param("Peru\nIndiana", ["Peru"], id="an exclude does not run over a paragraph"),
        pytest.param("Peru and Indiana", ["Peru"], id="not the words alone"),
        pytest.param("Peruvian Peru Indiana", ["Peruvian"], id="beside"),
    ],
)
def test_an_exclude_masks_its_words_only(text: str, surfaces: list[str]) -> None:
    assert found(text, "Peru", "Peruvian*", exclude=["Peru, Indiana"]) == surfaces


def test_an_exclude_masks_a_hit_that_shares_one_word_with_it() -> None:
    assert found("visit Peru Indiana news", "Indiana news", exclude=["Peru, Indiana"]) == []


def test_an_exclude_is_its_own_topics() -> None:
    both = Matcher(
        [compile_topic(spec("a", "Peru", exclude=("Peru, Indiana",))), compile_topic(spec("b", "Peru"))]
    )
    assert set(both.match({"title": "Peru, Indiana"})) == {"b"}


def test_a_longer_hit_wins() -> None:
    assert found("the Peru Congress of Peru", "Peru", "Peru Congress", "Congress") == [
        "Peru Congress",
        "Peru",
    ]


def test_hits_that_overlap_and_lie_in_neither_both_stand() -> None:
    assert found("one two three", "one two", "two three") == ["one two", "two three"]


@pytest.mark.parametrize("terms", [("Peru", "Perú"), ("Perú", "Peru")], ids=["one way", "the other"])
def test_of_two_terms_that_find_the_same_the_exact_one_is_named(terms: tuple[str, str]) -> None:
    hits = matcher(*terms).match({"title": "Perú y Peru"})["topic"]
    assert [(hit.text, hit.variant, hit.how) for hit in hits] == [
        ("Perú", "Perú", "exact"),
        ("Peru", "Peru", "exact"),
    ]


@pytest.mark.parametrize(
    ("term", "text", "how"),
    [
        ("Perú", "Perú", "exact"),
        ("Perú", "PERÚ", "folded"),
        ("Perú", "Peru", "folded"),
        ("Peru\u0301", "Perú", "exact"),
        ("US troops", "US troops", "exact"),
        ("US troops", "U.S. troops", "acronym"),
        ("U.S. troops", "US troops", "acronym"),
        ("peruan*", "peruanos", "exact"),
        ("peruan*", "Peruanos", "folded"),
    ],
)
def test_a_hit_says_how_it_was_found(term: str, text: str, how: str) -> None:
    (hit,) = matcher(term).match({"text": text})["topic"]
    assert (hit.how, hit.text, hit.variant) == (how, text, unicodedata.normalize("NFC", term))


def test_hits_come_in_the_order_of_title_summary_and_text() -> None:
    fields = {"text": "Peru, Peru", "summary": "Peru", "title": "Peru", "url": "Peru"}
    hits = MATCHER.match(fields)["peru"]
    assert [(hit.field, hit.start) for hit in hits] == [
        ("title", 0),
        ("summary", 0),
        ("text", 0),
        ("text", 6),
    ]


def test_a_topic_without_a_hit_is_not_named() -> None:
    assert MATCHER.match({"title": "Nothing of it", "summary": "", "text": "Peru, Indiana"}) == {}


def test_no_topics_find_nothing() -> None:
    assert Matcher([]).match({"title": "Peru"}) == {}


WORDS = st.sampled_from(
    [
        "Peru",
        "Perú",
        "PERU",
        "peruan*",
        "US",
        "U.S.",
        "us",
        "EE. UU.",
        "EEUU",
        "troops",
        "Indiana",
        "19,000",
        "19",
        "\n",
        ", ",
    ]
)
TEXT = st.lists(WORDS | st.text(max_size=3), max_size=12).map(" ".join)
PHRASE = (
    st.lists(WORDS.filter(str.strip), min_size=1, max_size=3)
    .map(" ".join)
    .filter(lambda text: tokens(text).words)
)


@given(TEXT, TEXT, st.lists(PHRASE, min_size=1, max_size=4), st.lists(PHRASE, max_size=2))
@example("Peru", "Peru\u0301\ufe0f", ["Peru"], [])
@example("U.S. U.S", "US\nUS", ["US US"], ["US"])
def test_a_hit_is_a_span_of_its_field_and_says_what_its_variant_says(
    title: str, text: str, terms: list[str], exclude: list[str]
) -> None:
    fields = {"title": title, "text": text}
    hits = matcher(*terms, exclude=exclude).match(fields).get("topic", ())
    assert list(hits) == sorted(hits, key=lambda hit: (FIELDS.index(hit.field), hit.start))
    assert len({(hit.field, hit.start, hit.end) for hit in hits}) == len(hits)
    for hit in hits:
        assert fields[hit.field][hit.start : hit.end] == hit.text
        assert "\n" not in hit.text
        assert says(hit.text, hit.variant)


@given(TEXT, st.data())
def test_words_taken_from_a_text_are_found_where_they_stand(text: str, data: st.DataObject) -> None:
    cut = tokens(text)
    if not cut.words:
        return
    first = data.draw(st.integers(0, len(cut.words) - 1))
    last = data.draw(st.integers(first, min(first + 4, len(cut.words) - 1)))
    phrase = cut.surface(first, last)
    if cut.breaks[first] != cut.breaks[last] or set(phrase) & set("*~'\"“«"):
        return
    if tokens(phrase).words != cut.words[first : last + 1]:
        return  # cut out of its place, a piece may read otherwise: "U. S." of "U. S. A."
    place = Hit("text", cut.starts[first], cut.ends[last], phrase, "", "")
    hits = matcher(phrase).match({"text": text})["topic"]
    assert (place.start, place.end, place.text) in {(hit.start, hit.end, hit.text) for hit in hits}


def says(surface: str, variant: str) -> bool:
    """The slow and obvious way: the words one by one, a star standing for any ending."""
    there, wanted = (
        tokens(surface).words,
        [word for word in re.split(r"[\s]+", variant) if tokens(word).words],
    )
    pattern = " ".join(
        re.escape(" ".join(tokens(word).words)) + r"\w*" * word.endswith("*") for word in wanted
    )
    joined = " ".join(tokens(" ".join(wanted).replace("*", "")).words)
    return re.fullmatch(pattern, " ".join(there)) is not None or " ".join(there) == joined


def test_the_reference_of_these_tests_can_say_no() -> None:
    assert says("PERUANOS de", "peruan* de")
    assert not says("peru", "peruan*")
    assert not says("Peru", "Indiana")


def test_an_exclude_does_not_reach_over_the_end_of_a_sentence() -> None:
    spec = TopicSpec(
        topic_id="peru", title="Peru", terms=(Term("Peru"),), exclude=("Peru, Indiana", "St. Peru")
    )
    matcher = Matcher([compile_topic(spec)])
    assert matcher.match({"title": "He flew home to Peru. Indiana plays today"})
    assert not matcher.match({"title": "A fair in Peru, Indiana."})


def test_masks_by_the_thousand_end_soon() -> None:
    spec = TopicSpec(topic_id="peru", title="Peru", terms=(Term("Peru"),), exclude=("Peru, Indiana",))
    assert Matcher([compile_topic(spec)]).match({"text": "Peru, Indiana " * 15_000 + "Peru"})["peru"]
