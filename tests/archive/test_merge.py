"""Two articles that turn out to be one are told, listed and offered as one, and nothing of the other is lost."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from archive import due, queue, search
from archive import store as storing
from archive.connect import transaction
from archive.model import Article, PageTask, PublishedFrom
from tests.archive.world import (
    ANDINA,
    FRONT,
    MATCHER,
    NOW,
    POLITICS,
    RSS,
    VERSIONS,
    column,
    dump,
    entry,
    later,
    match,
    one,
    page,
    poll,
    store,
)

A, B, C = (f"https://news.example/{name}" for name in "abc")
WHAT = (
    "articles", "offers", "matches", "hits", "revisions", "aliases", "pages", "changes", "events",
)  # fmt: skip


def two(conn: sqlite3.Connection, old: str = "Peru votes", new: str = "Peru is voting") -> None:
    """Article 1 at A, of one feed; article 2 at B, of another feed; both matched."""
    store(conn, poll([entry("a", old)], POLITICS), poll([entry("b", new)], FRONT, later(1)))
    match(conn, later(1))


def led(article_id: int, name: str, url: str, text: str = "", minutes: float = 2) -> Any:
    """The page of an article, which ended at another address."""
    return page(article_id, text, name, later(minutes), url=url)


def named(article_id: int, name: str, url: str, text: str = "", minutes: float = 2) -> Any:
    """The page of an article, which names another address as canonical."""
    article = Article(
        title=None, author=None, published_at=None, published_from=PublishedFrom.NONE, language=None,
        text=text, canonical_url=url,
    )  # fmt: skip
    return page(article_id, name=name, at=later(minutes), article=article)


def links(conn: sqlite3.Connection) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in conn.execute("select url, article_id, why from aliases order by url")]


def merged(conn: sqlite3.Connection) -> list[Any]:
    return column(conn, "select merged_into from articles order by id")


@pytest.mark.parametrize(
    ("result", "why"),
    [
        pytest.param(led(2, "b", A), "redirect", id="the newer one redirects to the older"),
        pytest.param(led(1, "a", B), "redirect", id="the older one redirects to the newer"),
        pytest.param(named(2, "b", A), "rel=canonical", id="the newer one names the older"),
        pytest.param(named(1, "a", B), "rel=canonical", id="the older one names the newer"),
    ],
)
def test_two_articles_that_turn_out_to_be_one_become_the_older(
    conn: sqlite3.Connection, result: Any, why: str
) -> None:
    two(conn)
    store(conn, result)
    match(conn, later(3))
    assert merged(conn) == [None, 1]
    assert links(conn) == [(B, 1, why)]
    offers = conn.execute("select article_id, endpoint_id, link from offers order by endpoint_id")
    assert [tuple(row) for row in offers] == [(1, POLITICS, A), (1, FRONT, B)]
    assert column(conn, "select article_id from matched_articles") == [1]
    assert column(conn, "select article_id from pages") == [1]
    assert column(conn, "select articles from source_health where id = 'andina'") == [1]
    assert column(conn, "pragma foreign_key_check") == []


def test_what_both_matched_ends_for_the_newer_because_it_was_merged(conn: sqlite3.Connection) -> None:
    two(conn)
    store(conn, led(2, "b", A))
    match(conn, later(3))
    rows = conn.execute("select seq, article_id, ended_at, ended_because from matches order by seq")
    assert [tuple(row) for row in rows] == [(1, 1, None, None), (2, 2, later(2).isoformat(), "merged")]


def test_what_only_the_newer_matched_goes_over_with_its_sequence_and_is_told_once(
    conn: sqlite3.Connection,
) -> None:
    two(conn, "Elections", "Peru is voting")
    told = search.top_seq(conn)
    assert len(search.matched_between(conn, 0, told, None)) == 1
    store(conn, led(2, "b", A, "Peru votes today"))
    match(conn, later(3))
    assert one(conn, "select seq, article_id, ended_at from matches") == {
        "seq": told, "article_id": 1, "ended_at": None,
    }  # fmt: skip
    assert column(conn, "select field from hits") == ["text"]
    assert search.top_seq(conn) == told


def test_a_match_of_the_older_that_had_ended_makes_room_for_the_one_that_stands(
    conn: sqlite3.Connection,
) -> None:
    two(conn)
    store(conn, poll([entry("a", "Elections")], POLITICS, later(1)))
    match(conn, later(1))
    assert column(conn, "select seq from matches where ended_at is not null") == [1]
    store(conn, led(2, "b", A, "Peru votes today"))
    match(conn, later(3))
    rows = conn.execute("select seq, article_id, ended_at from matches")
    assert [tuple(row) for row in rows] == [(2, 1, None)]
    assert column(conn, "select distinct match_seq from hits") == [2]


def test_the_older_takes_from_the_newer_what_it_lacks_and_nothing_else(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a", "Perú vota")], POLITICS))
    store(conn, poll([entry("b", "Otro", "Resumen", author="Ana", published_at=NOW)], FRONT, later(1)))
    store(conn, led(2, "b", A, "Texto"))
    assert one(
        conn,
        "select title, summary, text, author, published_at, published_from, content from articles where id = 1",
    ) == {
        "title": "Perú vota", "summary": "Resumen", "text": "Texto", "author": "Ana", "content": "full",
        "published_at": NOW.isoformat(), "published_from": "feed",
    }  # fmt: skip
    assert column(conn, "select title from articles where id = 2") == ["Otro"]
    assert dump(conn, "revisions") == {"revisions": []}
    conn.execute("insert into articles_fts (articles_fts, rank) values ('integrity-check', 1)")


@pytest.mark.parametrize(
    "result", [led(2, "b", A, "Texto"), led(1, "a", B, "Texto"), named(2, "b", A, "Texto")]
)
def test_storing_the_page_that_showed_it_twice_changes_nothing(conn: sqlite3.Connection, result: Any) -> None:
    two(conn)
    store(conn, page(1, "El primer texto", "a", later(1)))
    store(conn, result)
    match(conn, later(3))
    before = dump(conn, *WHAT)
    store(conn, result)
    match(conn, later(4))
    assert dump(conn, *WHAT) == before


def test_both_feeds_go_on_offering_the_one_article(conn: sqlite3.Connection) -> None:
    two(conn)
    store(conn, led(2, "b", A))
    match(conn, later(3))
    before = dump(conn, "articles", "revisions", "changes", "matches", "aliases")
    assert store(conn, poll([entry("a", "Peru votes")], POLITICS, later(9))).new == 0
    assert store(conn, poll([entry("b", "Peru is voting")], FRONT, later(9))).new == 0
    assert store(conn, poll([entry("b", "Peru is voting")], RSS, later(9))).new == 0
    assert dump(conn, "articles", "revisions", "changes", "matches", "aliases") == before
    assert column(conn, "select distinct article_id from offers") == [1]


def test_a_third_address_of_an_article_that_was_merged_leads_to_what_it_is_now(
    conn: sqlite3.Connection,
) -> None:
    store(
        conn,
        poll([entry("c", "Peru")], POLITICS),
        poll([entry("b", "Peru")], FRONT),
        poll([entry("a", "Peru")], RSS),
    )
    store(conn, led(3, "a", B), led(2, "b", C))
    assert merged(conn) == [None, 1, 1]
    assert links(conn) == [(A, 1, "redirect"), (B, 1, "redirect")]
    assert set(column(conn, "select article_id from offers")) == {1}
    store(conn, poll([entry("d", "Peru")], RSS, later(5)), led(4, "d", A, minutes=6))
    assert merged(conn) == [None, 1, 1, 1]


def test_a_page_that_both_redirects_and_names_a_third_address_records_it_of_the_article_that_stays(
    conn: sqlite3.Connection,
) -> None:
    two(conn)
    read = named(2, "b", C)
    store(conn, page(2, name="b", at=later(2), url=A, article=read.article))
    assert links(conn) == [(B, 1, "redirect"), (C, 1, "rel=canonical")]


def test_what_one_feed_offers_under_two_headlines_stays_two(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("b", "Subscribe now"), entry("a", "Peru votes")], POLITICS))
    store(conn, led(1, "a", B))
    assert merged(conn) == [None, None]
    assert links(conn) == []


def test_an_address_where_everybody_is_sent_swallows_no_more_than_one_article_of_a_feed(
    conn: sqlite3.Connection,
) -> None:
    store(conn, poll([entry("login", "Log in")], RSS))
    store(conn, poll([entry(str(number), f"Story {number}") for number in range(5)], POLITICS, later(1)))
    login = "https://news.example/login"
    store(conn, *(led(2 + number, str(4 - number), login) for number in range(5)))
    assert sorted(merged(conn), key=str) == [1, None, None, None, None, None]


def test_what_one_feed_offers_twice_under_one_headline_becomes_one(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("b", "PERU VOTES"), entry("a", "Perú votes")], POLITICS))
    store(conn, led(2, "b", A))
    assert merged(conn) == [None, 1]
    both = poll([entry("b", "PERU VOTES"), entry("a", "Perú votes")], POLITICS, later(5))
    store(conn, both)
    before = dump(conn, *WHAT)
    store(conn, both)
    assert dump(conn, *WHAT) == before


def test_an_article_that_was_merged_while_it_was_matched_gets_nothing_written(
    conn: sqlite3.Connection,
) -> None:
    store(conn, poll([entry("a", "Peru votes")], POLITICS), poll([entry("b", "Peru votes")], FRONT))
    taken = queue.take(conn, 10)
    store(conn, led(2, "b", A))
    with transaction(conn):
        assert queue.confirm(conn, [(one, MATCHER.match(one.fields)) for one in taken], VERSIONS, NOW) == 0
    assert match(conn) == 1
    assert column(conn, "select article_id from matches") == [1]


def test_a_page_that_comes_after_its_article_was_merged_is_put_aside(conn: sqlite3.Connection) -> None:
    two(conn)
    store(conn, led(1, "a", B, "Texto"))
    assert storing.known_by_id(conn, 2) is None
    match(conn, later(3))
    before = dump(conn, *WHAT)
    task = PageTask(article_id=2, source_id=ANDINA.id, url=B)
    assert store(conn, page(2, "Peru", "b", later(4), task=task)).articles == 0
    assert dump(conn, *WHAT) == before
    assert [one.article_id for one in due.due_pages(conn, later(10**6), 10, leave=frozenset())] == []


def test_a_page_that_was_pruned_takes_the_text_of_the_other(conn: sqlite3.Connection) -> None:
    two(conn, "Elections", "Elections")
    conn.execute("update articles set pruned_at = 'then', content = 'full' where id = 1")
    store(conn, led(2, "b", A, "Texto"))
    assert one(conn, "select text, content, pruned_at from articles where id = 1") == {
        "text": "Texto", "content": "full", "pruned_at": None,
    }  # fmt: skip
