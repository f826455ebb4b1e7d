"""Asking the archive: words, phrases, what matched between two sequences, how the sources are."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive import search
from archive.errors import TopicError
from archive.model import Content, Outcome, Outlet
from archive.times import stamp
from tests.archive.world import (
    ANDINA,
    FRONT,
    HARBOUR,
    NOW,
    POLITICS,
    RSS,
    column,
    configure,
    entry,
    later,
    match,
    page,
    poll,
    store,
)


def holding(conn: sqlite3.Connection, *titles: str) -> None:
    """Store an article for each title, so that the ids count from 1."""
    store(conn, poll([entry(str(number), title) for number, title in enumerate(titles)][::-1]))


def found(conn: sqlite3.Connection, query: str) -> list[str]:
    return [one.title for one in search.search(conn, query)][::-1]


@pytest.mark.parametrize(
    ("query", "title"),
    [
        pytest.param("peru", "Todo el Perú", id="accents in the text"),
        pytest.param("PERÚ", "All of Peru", id="accents in the query"),
        pytest.param("lima peru", "Peru: Lima", id="every word, in any order"),
        pytest.param('"tropas de"', "Las tropas de paz", id="a phrase"),
        pytest.param('"tropas de', "Las tropas de paz", id="a quote that is not closed"),
        pytest.param("peruan*", "Los peruanos", id="any ending"),
        pytest.param("p*", "Perú", id="one letter and any ending"),
        pytest.param("peru-based", "A Peru-based firm", id="a hyphen"),
        pytest.param("19,000", "Some 19,000 people", id="a number"),
        pytest.param("Straße", "Die Straße", id="a letter that folds to two"),
        pytest.param("Ångström", "Ångström", id="a letter with a ring"),
        pytest.param('"Peru’s Congress"', "Peru’s Congress votes", id="a possessive in a phrase"),
        pytest.param("Peru's", "Peru votes", id="a possessive"),
        pytest.param("US troops", "U.S. troops arrive", id="US finds U.S."),
        pytest.param("U.S. troops", "US troops arrive", id="U.S. finds US"),
        pytest.param("u.s. troops", "U.S. troops arrive", id="u.s. finds U.S."),
        pytest.param('"US troops"', "The U.S. troops", id="in a phrase"),
        pytest.param('"U. S. troops"', "The US troops", id="spaced in a phrase"),
        pytest.param("ONU", "La O.N.U. vota", id="three letters"),
        pytest.param("OTAN", "La O.T.A.N. vota", id="four letters"),
        pytest.param("EEUU", "Los EE.UU. votan", id="EEUU finds EE.UU."),
        pytest.param("eeuu", "Los EE. UU. votan", id="eeuu finds EE. UU."),
        pytest.param("EE.UU.", "EEUU vota", id="EE.UU. finds EEUU"),
        pytest.param('"tropas de EEUU"', "Las tropas de EE. UU. llegan", id="EEUU in a phrase"),
        pytest.param(
            '"US troops in EEUU"', "The U.S. troops in EE.UU.", id="two acronyms spelled in one way"
        ),
        pytest.param('"US ONU EEUU UK"', "US O.N.U. EEUU U.K.", id="four acronyms spelled in two ways"),
        pytest.param("AND OR NOT NEAR", "Near and not or", id="operators are words"),
        pytest.param("title:Peru", "The title: Peru", id="a colon is no field"),
        pytest.param("^peru", "Peru votes", id="a caret is no anchor"),
        pytest.param("(peru)", "Peru votes", id="parentheses"),
        pytest.param("+peru -lima", "Peru and Lima", id="signs are no operators"),
        pytest.param("Pe\u00adru\x00", "Peru votes", id="invisible characters"),
        pytest.param("peru \ud800", "Peru votes", id="a lone surrogate beside a word"),
    ],
)
def test_a_search_finds(conn: sqlite3.Connection, query: str, title: str) -> None:
    holding(conn, "Nothing of it", title)
    assert found(conn, query) == [title]


@pytest.mark.parametrize(
    ("query", "title"),
    [
        pytest.param("peru lima", "Peru votes", id="one word is missing"),
        pytest.param('"troops US"', "US troops", id="a phrase in another order"),
        pytest.param('"US troops"', "US and its troops", id="a phrase with a word between"),
        pytest.param("peru", "Perugia", id="part of a word"),
        pytest.param("us", "U S P S", id="small letters are not spelled out"),
        pytest.param('"peruan*"', "Peruanos", id="a star in quotes is no ending"),
    ],
)
def test_a_search_does_not_find(conn: sqlite3.Connection, query: str, title: str) -> None:
    holding(conn, title)
    assert found(conn, query) == []


HOSTILE = [
    '"', '""', '"""', "'", "*", "**", '*"*', "a*b", 'a"b', '"a" "b', "a\x00b", '"\x00', "\x00", "\ud800", "\udfff\ud800x",
    "NEAR(", "NEAR(a b, 5)", "a NEAR b", "a AND", "OR", "NOT a", "(", ")", "((((", "a)", "{title}: a", "title : a", "- title : a",
    "^", "^a", "a + b", "+", ":", "a:b:c", "\\", "%", "_", ";", "a; drop table articles", "' or 1=1 --", "?", "?1", ":name", "@a", "$a",
    "﷽", "👍🏽", "½", "ﬁ", "ＵＳ", "\u202eabc", "\u0301", "a\u0301" * 50, "a" * 100_000, "🄿🄴🅁🅄", "𞤀𞤁", "𝕻𝖊𝖗𝖚 𝕻𝖊𝖗𝖚",
    "US " * 100, '"' + "US EEUU ONU " * 30 + '"', "a " * 200, "a " * 100_000, '"' + "a " * 100_000 + '"', "(" * 10_000, "a* " * 200,
]  # fmt: skip


@pytest.mark.parametrize("query", HOSTILE, ids=lambda query: ascii(query[:20]))
def test_a_hostile_search_is_answered_or_refused(conn: sqlite3.Connection, query: str) -> None:
    holding(conn, "Peru", query[:1000])
    answered_or_refused(conn, query)
    answered_or_refused(conn, f'"{query}"')


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=())) | st.text('aUSé"*.()^:+-{}, \x00\ud800'))
def test_any_search_is_answered_or_refused(conn: sqlite3.Connection, query: str) -> None:
    answered_or_refused(conn, query)


@pytest.mark.corpus
def test_every_naughty_string_is_answered_or_refused(conn: sqlite3.Connection, corpus: Path) -> None:
    lines = (corpus / "hostile" / "naughty-strings.txt").read_text(encoding="utf-8").split("\n")
    lines += (corpus / "hostile" / "xss.txt").read_text(encoding="utf-8").split("\n")
    holding(conn, *lines)
    for line in lines:
        answered_or_refused(conn, line)


def answered_or_refused(conn: sqlite3.Connection, query: str) -> None:
    try:
        search.search(conn, query)
    except TopicError as error:
        assert 0 <= error.column <= len(query)


@pytest.mark.corpus
def test_every_naughty_headline_is_found_by_its_own_words(conn: sqlite3.Connection, corpus: Path) -> None:
    lines = (corpus / "hostile" / "naughty-strings.txt").read_text(encoding="utf-8").split("\n")
    holding(conn, *lines)
    titles = column(conn, "select title from articles")
    assert len(titles) > 400
    missed = []
    for title in titles:
        try:
            if title not in [one.title for one in search.search(conn, title, 1000)]:
                missed.append(title)
        except TopicError:
            continue
    # To the index ⒬ is a symbol and no letter: there it has no word at all.
    assert [title for title in missed if "⒬" not in title] == []


def test_a_search_has_no_more_spellings_than_it_can_bear() -> None:
    expression = search.match_expression('"' + "US EEUU ONU " * 60 + '"')
    assert expression.count(" OR ") <= search.MOST_SPELLINGS + 2


@pytest.mark.parametrize(
    ("query", "column"),
    [("", 0), ('"" -- ""', 0), ("a " * 200 + "b", 400)],
    ids=["nothing", "no word", "too many words"],
)
def test_a_search_that_cannot_be_made_is_refused(query: str, column: int) -> None:
    with pytest.raises(TopicError) as caught:
        search.match_expression(query)
    assert caught.value.column == column


def test_the_newest_come_first_and_only_as_many_as_asked(conn: sqlite3.Connection) -> None:
    holding(conn, "Peru 1", "Peru 2", "Peru 3")
    assert [one.title for one in search.search(conn, "peru", 2)] == ["Peru 3", "Peru 2"]


def test_what_is_found_says_where_it_stands(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a", "Título", "Resumen")]), page(1, "Una planta de litio en Puno"))
    (one,) = search.search(conn, "litio")
    assert one == search.Found(
        id=1,
        url="https://news.example/a",
        title="Título",
        source="Andina",
        published=None,
        first_seen="2026-07-19T12:00:00+00:00",
        content="full",
        snippet="Una planta de ⟦litio⟧ en Puno",
    )


def test_an_article_that_turned_out_to_be_another_is_neither_found_nor_counted(
    conn: sqlite3.Connection,
) -> None:
    holding(conn, "Peru votes", "Peru votes again")
    conn.execute("update articles set merged_into = 1 where id = 2")
    assert found(conn, "peru") == ["Peru votes"]
    assert search.totals(conn)[0] == 1


# --- what matched -----------------------------------------------------------------------------------------


def test_what_matched_between_two_sequences(conn: sqlite3.Connection) -> None:
    holding(conn, "Peru", "litio", "Peru, otra vez", "litio en el Perú")
    match(conn)
    assert search.top_seq(conn) == 5
    between = search.matched_between(conn, 1, 4, None)
    assert [one.seq for one in between] == [2, 3, 4]
    assert [one.seq for one in search.matched_between(conn, 0, 99, ["lithium"])] == [
        one.seq for one in search.matched_between(conn, 0, 99, None) if one.topic_id == "lithium"
    ]
    assert search.matched_between(conn, 5, 99, None) == search.matched_between(conn, 0, 99, []) == []


def test_an_empty_archive_has_handed_out_no_sequence(reader: sqlite3.Connection) -> None:
    assert search.top_seq(reader) == 0
    assert search.matched_between(reader, 0, 99, None) == []


def test_a_match_is_told_with_its_hits_in_the_order_of_the_article(conn: sqlite3.Connection) -> None:
    offered = entry("a", "Peru votes", "All of Peru", author="Ana", published_at=NOW)
    store(conn, poll([offered], RSS), page(1, "Peru; Peru"))
    match(conn)
    (bare,) = search.matched_between(conn, 0, 1, None)
    assert (bare.title, bare.summary, bare.text, bare.hits) == ("Peru votes", "", "", ())
    (one,) = search.worded(conn, [bare])
    assert [(hit.field, hit.start) for hit in one.hits] == [
        ("title", 0),
        ("summary", 7),
        ("text", 0),
        ("text", 6),
    ]
    assert (one.topic_title, one.source_name, one.country, one.author) == ("Peru", HARBOUR.name, "GB", "Ana")
    assert (one.content, one.published_at, one.first_seen_at) == (Content.FULL, NOW, NOW)
    assert (one.title, one.summary, one.text, one.url) == (
        "Peru votes",
        "All of Peru",
        "Peru; Peru",
        offered.url,
    )


def test_what_was_merged_away_before_its_words_were_read_is_told_by_its_headline(
    conn: sqlite3.Connection,
) -> None:
    holding(conn, "Peru")
    match(conn)
    (bare,) = search.matched_between(conn, 0, 9, None)
    gone = replace(bare, article_id=99, seq=99)
    assert search.worded(conn, [gone]) == [gone]


@pytest.mark.parametrize("change", ["backfill = 1", "ended_at = 'now'"])
def test_backfill_and_what_has_ended_is_left_out(conn: sqlite3.Connection, change: str) -> None:
    holding(conn, "Peru", "Perú")
    match(conn)
    conn.execute(f"update matches set {change} where seq = 1")
    assert [one.seq for one in search.matched_between(conn, 0, 99, None)] == [2]
    assert search.top_seq(conn) == 2


def test_backfill_alone_is_what_is_asked_for(conn: sqlite3.Connection) -> None:
    holding(conn, "Peru", "Perú", "peruano")
    match(conn)
    conn.execute("update matches set backfill = 1 where seq <> 2")
    conn.execute("update matches set ended_at = 'now' where seq = 3")
    assert [one.seq for one in search.matched_between(conn, 0, 9, None, backfill=True)] == [1]
    assert [one.seq for one in search.matched_between(conn, 0, 9, None)] == [2]


# --- coverage ---------------------------------------------------------------------------------------------


def failed(endpoint: int, minutes: float, **changes: Any) -> Any:
    return poll(None, endpoint, later(minutes), outcome=Outcome.FAILED, reason="http_403", **changes)


def _all_well(conn: sqlite3.Connection) -> int:
    """How many sources could be read, where none has trouble."""
    ill, read = search.coverage(conn)
    assert ill == ()
    return len(read)


def test_coverage_names_what_cannot_be_read_once_a_source(conn: sqlite3.Connection) -> None:
    store(conn, failed(POLITICS, 0), failed(FRONT, 5), poll([], RSS))
    ill, read = search.coverage(conn)
    assert read == (Outlet("harbour", "GB"),)
    assert [
        (one.source_id, one.source_name, one.country, one.kind, one.since, one.detail) for one in ill
    ] == [("andina", "Andina", "PE", "blocked", NOW, "http_403")]
    store(conn, poll([], POLITICS, later(20)), poll([], FRONT, later(20)))
    assert _all_well(conn) == 2


def test_what_was_missed_is_counted_in_the_span_in_which_it_was_over_and_only_of_what_is_read(
    conn: sqlite3.Connection,
) -> None:
    andina = Outlet("andina", "PE")
    store(conn, failed(POLITICS, 0), failed(RSS, 0))
    for endpoint, until, number in (
        (POLITICS, 10, 5.0),
        (POLITICS, 20, 7.0),
        (RSS, 20, 30.0),
        (RSS, None, None),
    ):
        conn.execute(
            """insert into gaps (endpoint_id, event_id, since, until, missed)
            select ?, id, ?, ?, ? from events where endpoint_id = ?""",
            (endpoint, stamp(NOW), until and stamp(later(until)), number, endpoint),
        )
    assert search.missed(conn, NOW, later(10)) == {andina: 5}
    assert search.missed(conn, later(10), later(20)) == {andina: 7, Outlet("harbour", "GB"): 30}
    assert search.missed(conn, later(20), later(30)) == {}
    configure(conn, ANDINA)
    assert search.missed(conn, NOW, later(20)) == {andina: 12}


def test_every_article_that_holds_the_words_is_counted_and_one_that_turned_out_to_be_another_is_not(
    conn: sqlite3.Connection,
) -> None:
    holding(conn, *(f"Peru {number}" for number in range(30)), "Chile")
    assert (len(search.search(conn, "peru")), search.count(conn, "peru")) == (20, 30)
    conn.execute("update articles set merged_into = 1 where id in (2, 3)")
    assert search.count(conn, "peru") == 28 == len(search.search(conn, "peru", 100))
    assert search.count(conn, "bolivia") == 0


def test_a_source_that_is_partly_read_counts_as_read(conn: sqlite3.Connection) -> None:
    store(conn, failed(POLITICS, 0), poll([], FRONT))
    assert len(search.coverage(conn)[1]) == 1


def test_a_source_that_is_no_longer_configured_is_not_missed(conn: sqlite3.Connection) -> None:
    store(conn, failed(POLITICS, 0), poll([], RSS))
    configure(conn, HARBOUR)
    assert _all_well(conn) == 1


def test_an_endpoint_that_is_no_longer_configured_is_not_missed(conn: sqlite3.Connection) -> None:
    store(conn, failed(POLITICS, 0), poll([], FRONT), poll([], RSS))
    configure(conn, replace(ANDINA, endpoints=ANDINA.endpoints[1:]), HARBOUR)
    assert _all_well(conn) == 2


def test_health_names_every_source_with_its_open_events(conn: sqlite3.Connection) -> None:
    store(conn, failed(POLITICS, 0), failed(POLITICS, 5), poll([entry("a")], RSS, later(1)))
    andina, harbour = search.health(conn)
    assert andina == {
        "id": "andina", "name": "Andina", "state": "partly", "last_ok": None, "failures": 2, "articles": 0,
        "events": [{"kind": "blocked", "since": "2026-07-19T12:00:00+00:00", "count": 2, "detail": "http_403",
                    "url": "https://andina.example/politica.xml", "missed": None}],
    }  # fmt: skip
    assert (harbour["state"], harbour["last_ok"], harbour["articles"], harbour["events"]) == (
        "ok", "2026-07-19T12:01:00+00:00", 1, [],
    )  # fmt: skip
