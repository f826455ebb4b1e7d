"""Two articles that turn out to be one are told, listed and offered as one, and nothing of the other is lost."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from archive import due, known, queue, search
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
    assert column(conn, "select field from hits order by field") == ["summary", "text"]
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


def test_the_older_takes_from_the_newer_what_it_lacks(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a", "Perú vota")], POLITICS))
    store(conn, poll([entry("b", "Otro", "Resumen", author="Ana", published_at=NOW)], FRONT, later(1)))
    store(conn, led(2, "b", A, "Texto"))
    assert one(
        conn,
        "select title, summary, text, author, published_at, published_from, content from articles where id = 1",
    ) == {
        "title": "Perú vota", "summary": "Otro\nResumen", "text": "Texto", "author": "Ana", "content": "full",
        "published_at": NOW.isoformat(), "published_from": "feed",
    }  # fmt: skip
    assert column(conn, "select title from articles where id = 2") == ["Otro"]
    assert dump(conn, "revisions") == {"revisions": []}
    conn.execute("insert into articles_fts (articles_fts, rank) values ('integrity-check', 1)")


@pytest.mark.parametrize(
    "result", [led(2, "b", A, "Texto"), led(1, "a", B, "El primer texto"), named(2, "b", A, "Texto")]
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
    assert known.by_id(conn, 2) is None
    match(conn, later(3))
    before = dump(conn, *WHAT)
    task = PageTask(article_id=2, source_id=ANDINA.id, url=B)
    assert store(conn, page(2, "Peru", "b", later(4), task=task)).articles == 0
    assert dump(conn, *WHAT) == before
    assert [one.article_id for one in due.due_pages(conn, later(10**6), 10, leave=frozenset())] == [1]


def test_a_page_that_was_pruned_takes_the_text_of_the_other(conn: sqlite3.Connection) -> None:
    two(conn, "Elections", "Elections")
    conn.execute("update articles set pruned_at = 'then', content = 'full' where id = 1")
    store(conn, led(2, "b", A, "Texto"))
    assert one(conn, "select text, content, pruned_at from articles where id = 1") == {
        "text": "Texto", "content": "full", "pruned_at": None,
    }  # fmt: skip


# --- the words of both ------------------------------------------------------------------------------------


def different(conn: sqlite3.Connection) -> None:
    """Article 1 about Peru, article 2 about lithium, whose page names article 1; all of it matched."""
    store(
        conn,
        poll([entry("a", "Peru votes", "Polls open")], POLITICS),
        poll([entry("b", "Lithium found", "Litio")], FRONT, later(1)),
    )
    store(conn, page(1, "First line\nSecond line", "a", later(1)))
    match(conn, later(1))
    store(conn, named(2, "b", A, "First line\nUS troops leave"))
    match(conn, later(3))


def standing(conn: sqlite3.Connection) -> list[tuple[Any, ...]]:
    rows = conn.execute("select article_id, topic_id from matches where ended_at is null order by topic_id")
    return [tuple(row) for row in rows]


ALL = [(1, "lithium"), (1, "peru"), (1, "us-troops")]


def test_what_only_the_newer_said_is_said_by_the_one_article_and_no_match_ends(
    conn: sqlite3.Connection,
) -> None:
    different(conn)
    assert one(conn, "select title, summary, text, content from articles where id = 1") == {
        "title": "Peru votes", "summary": "Polls open\nLithium found\nLitio", "content": "full",
        "text": "First line\nSecond line\nUS troops leave",
    }  # fmt: skip
    assert standing(conn) == ALL
    assert [found.id for found in search.search(conn, "lithium")] == [1]
    assert {told.topic_id for told in search.matched_between(conn, 0, 99, None)} == {
        "peru",
        "lithium",
        "us-troops",
    }


def test_a_word_of_the_newer_that_the_older_has_only_as_part_of_another_is_kept(
    conn: sqlite3.Connection,
) -> None:
    two(conn, "Peru, Indiana, votes", "Peru")
    store(conn, led(2, "b", A))
    match(conn, later(3))
    assert standing(conn) == [(1, "peru")]


def test_when_both_feeds_say_the_same_again_nothing_changes(conn: sqlite3.Connection) -> None:
    different(conn)
    what = ("articles", "revisions", "changes", "matches", "pages", "aliases")
    before = dump(conn, *what)
    store(conn, poll([entry("a", "Peru votes", "Polls open")], POLITICS, later(9)))
    store(conn, poll([entry("b", "Lithium found", "Litio")], FRONT, later(9)))
    assert dump(conn, *what) == before
    # Another guess of the date is no other article: it has other words only in what it was merged with.
    store(conn, poll([entry("a", "Peru votes", "Polls open", published_at=NOW)], POLITICS, later(10)))
    assert dump(conn, "revisions", "changes", "pages") == {
        key: before[key] for key in ("revisions", "changes", "pages")
    }


def test_what_the_newer_said_outlives_what_the_older_goes_on_to_say(conn: sqlite3.Connection) -> None:
    different(conn)
    store(conn, poll([entry("a", "Peru has voted", "Polls closed")], POLITICS, later(9)))
    store(conn, page(1, "Another line", "a", later(9)))
    match(conn, later(10))
    assert standing(conn) == ALL
    assert one(conn, "select title, summary, text from articles where id = 1") == {
        "title": "Peru has voted", "summary": "Polls closed\nLithium found\nLitio",
        "text": "Another line\nFirst line\nUS troops leave",
    }  # fmt: skip


def test_the_page_of_the_older_that_is_read_again_as_it_was_is_no_revision(conn: sqlite3.Connection) -> None:
    different(conn)
    before = dump(conn, "articles", "revisions", "changes", "matches")
    store(conn, page(1, "First line\nSecond line", "a", later(9)))
    assert dump(conn, "articles", "revisions", "changes", "matches") == before


def test_the_page_of_the_older_that_shows_it_twice_changes_nothing_when_the_newer_was_read(
    conn: sqlite3.Connection,
) -> None:
    two(conn)
    store(conn, page(2, "The text of b", "b", later(1)))
    shows = led(1, "a", B, "The text of a")
    store(conn, shows)
    match(conn, later(3))
    before = dump(conn, *WHAT)
    store(conn, shows)
    assert dump(conn, *WHAT) == before
    assert column(conn, "select text from articles where id = 1") == ["The text of a\nThe text of b"]


# --- what was handed out and told before ------------------------------------------------------------------


def test_a_match_says_which_articles_its_article_was(conn: sqlite3.Connection) -> None:
    store(
        conn,
        poll([entry("c", "Peru")], POLITICS),
        poll([entry("b", "Peru")], FRONT),
        poll([entry("a", "Peru")], RSS),
    )
    match(conn)
    assert [told.was for told in search.matched_between(conn, 0, 9, None)] == [(), (), ()]
    store(conn, led(3, "a", B), led(2, "b", C))
    match(conn, later(3))
    assert [(told.article_id, told.was) for told in search.matched_between(conn, 0, 9, None)] == [(1, (2, 3))]


def test_the_newest_sequence_never_falls_though_a_merge_removes_its_match(conn: sqlite3.Connection) -> None:
    store(
        conn,
        poll([entry("a", "Bolivia votes")], POLITICS),
        poll([entry("b", "Peru is voting")], FRONT, later(1)),
    )
    match(conn)
    store(conn, poll([entry("a", "Peru votes")], POLITICS, later(1)))
    match(conn, later(1))
    store(conn, poll([entry("a", "Bolivia again")], POLITICS, later(1)))
    match(conn, later(1))
    assert column(conn, "select seq from matches where ended_at is not null") == [2]
    assert search.top_seq(conn) == 2
    store(conn, led(2, "b", A))
    assert column(conn, "select seq from matches") == [1]
    assert search.top_seq(conn) == 2


@pytest.mark.parametrize(
    ("older", "newer", "ended", "kept"),
    [
        pytest.param(1, 0, False, (2, 0), id="the one that is news stays"),
        pytest.param(0, 1, False, (1, 0), id="the older one is news"),
        pytest.param(0, 0, False, (1, 0), id="both are news: the older one stays"),
        pytest.param(1, 1, False, (1, 1), id="neither is news"),
        pytest.param(0, 1, True, (3, 0), id="one that was news and had ended comes back as news"),
        pytest.param(1, 0, True, (2, 0), id="one that had ended makes room for news"),
    ],
)
def test_of_two_matches_the_one_that_is_news_stays(
    conn: sqlite3.Connection, older: int, newer: int, ended: bool, kept: tuple[int, int]
) -> None:
    two(conn)
    conn.execute("update matches set backfill = iif(seq = 1, ?, ?)", (older, newer))
    conn.execute(
        "update matches set ended_at = 'then', ended_because = 'revised' where seq = 1 and ?", (ended,)
    )
    store(conn, led(2, "b", A))
    match(conn, later(3))
    rows = conn.execute("select seq, backfill from matches where article_id = 1 and ended_at is null")
    assert [tuple(row) for row in rows] == [kept]


def test_the_address_of_the_newer_leads_to_the_older_whatever_it_led_to_before(
    conn: sqlite3.Connection,
) -> None:
    two(conn)
    store(conn, poll([entry("c", "Somewhere else")], RSS, later(1)))
    # As an archive of an earlier version may have it: an alias is no proof that its address is no article's own.
    conn.execute("insert into aliases values (?, 3, 'redirect', 'then')", (B,))
    store(conn, led(2, "b", A))
    assert merged(conn) == [None, 1, None]
    assert [(url, article) for url, article, _ in links(conn)] == [(B, 1)]
    assert store(conn, poll([entry("b", "Peru is voting")], FRONT, later(9))).new == 0
    assert column(conn, "select article_id from offers where endpoint_id = ?", FRONT) == [1]
