"""Everything the archive holds of one article, found by whatever somebody has of it."""

from __future__ import annotations

import sqlite3

from archive import trace
from archive.trace import Found
from tests.archive.world import FRONT, POLITICS, entry, later, match, page, poll, store

A, B = "https://news.example/a", "https://news.example/b"


def found(conn: sqlite3.Connection, text: str, canonical: str | None = None) -> Found:
    result = trace.find(conn, text, canonical)
    assert isinstance(result, Found)
    return result


def test_an_article_is_found_by_address_number_key_link_guid_and_part(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a", "Peru", link=f"{A}?utm_source=x", guid="guid-1")]))
    assert found(conn, A, A) == Found(1, "address")
    assert found(conn, "1") == Found(1, "number")
    assert found(conn, A) == Found(1, "key")
    assert found(conn, f"{A}?utm_source=x") == Found(1, "link as offered")
    assert found(conn, "guid-1") == Found(1, "guid")
    assert found(conn, "news.example") == Found(1, "part of its address")
    assert trace.find(conn, "https://news.example/", "https://news.example/") == [], (
        "a whole address is no part"
    )
    assert trace.find(conn, "", None) == []


def test_a_part_of_several_addresses_is_none(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a"), entry("b")]))
    assert trace.find(conn, "news.example", None) == [A, B]


def test_an_article_that_became_another_leads_there(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a", "Peru")], POLITICS), poll([entry("b", "Peru")], FRONT))
    store(conn, page(2, "", "b", at=later(1), url=A))
    assert found(conn, B, B) == Found(1, "address", 2)
    assert [alias["url"] for alias in trace.trace(conn, 1).aliases] == [B]


def test_a_trace_holds_offers_page_revisions_matches_and_their_words(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a", "In Peru")]))
    match(conn)
    store(conn, poll([entry("a", "Now in Peru")], at=later(1)))
    known = trace.trace(conn, 1)
    assert known.waiting
    assert known.fields["title"] == "Now in Peru"
    assert [one["why"] for one in known.revisions] == ["entry revised"]
    (one,) = known.matches
    assert (one["topic_id"], one["version_number"], one["first_content"]) == ("peru", 1, "title")
    (hit,) = known.hits[one["seq"]]
    assert known.words[one["seq"]]["title"][hit["start"] : hit["end"]] == "Peru"
    assert known.page
    assert known.page["state"] == "due"
    assert [one["endpoint"] for one in known.offers] == ["https://andina.example/politica.xml"]


def test_sources_are_known_by_the_hosts_of_their_articles(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a"), entry("b")]))
    assert trace.sources_at(conn, ["news.example"]) == {"andina": 2}
    assert trace.sources_at(conn, ["news.exampl", "ews.example"]) == {}
    assert trace.newest(conn, "andina")
    assert trace.newest(conn, "harbour") is None
    assert [feed["url"] for feed in trace.feeds(conn, "andina")] == [
        "https://andina.example/politica.xml",
        "https://andina.example/portada.xml",
    ]
    assert trace.robots(conn, "https://news.example") is None
