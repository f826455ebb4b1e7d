"""What storing a crawl leaves behind: ingest and the archive together."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive import known
from archive import store as storing
from archive.model import Article, Feed, Outcome, PageTask, PublishedFrom
from crawler.schedule import PAGE_WAITS
from tests.archive.world import (
    FRONT,
    NOW,
    POLITICS,
    RSS,
    column,
    dump,
    entry,
    later,
    match,
    one,
    page,
    poll,
    store,
    undone,
)

WHAT = ("articles", "offers", "matches", "hits", "revisions", "aliases", "pages", "changes", "events")
FAILED: dict[str, Any] = {"outcome": Outcome.FAILED, "article": None}


def test_storing_a_poll_twice_changes_nothing(conn: sqlite3.Connection) -> None:
    offered = poll([entry("a", "Peru votes", "In <b>Lima</b>"), entry("b"), entry("c", "Litio en Puno")])
    assert store(conn, offered).new == 3
    match(conn)
    before = dump(conn, *WHAT)
    assert len(before["articles"]) == len(before["offers"]) == 3
    assert len(before["matches"]) == 2
    tally = store(conn, offered)
    match(conn)
    assert (tally.new, tally.entries) == (0, 3)
    assert dump(conn, *WHAT) == before
    assert column(conn, "select known from polls order by id") == [0, 3]


def test_storing_a_page_twice_changes_nothing(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a")]))
    read = page(1, "Una planta de litio", url="https://news.example/moved")
    store(conn, read)
    match(conn)
    before = dump(conn, *WHAT)
    assert len(before["aliases"]) == len(before["matches"]) == 1
    store(conn, read)
    match(conn)
    assert dump(conn, *WHAT) == before


TITLE = st.text(st.characters(exclude_categories=()), max_size=20)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from("abc"), TITLE, TITLE), max_size=6))
def test_any_poll_can_be_stored_twice(conn: sqlite3.Connection, entries: list[tuple[str, str, str]]) -> None:
    offered = poll([entry(name, title, summary) for name, title, summary in entries])
    with undone(conn):
        assert not store(conn, offered).failed
        assert column(conn, "select outcome from polls") == ["ok"]
        before = dump(conn, *WHAT)
        assert store(conn, offered).new == 0
        assert dump(conn, *WHAT) == before


def test_two_endpoints_that_offer_one_link_share_one_article(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a", "Perú vota")], POLITICS))
    tally = store(conn, poll([entry("a", "Perú vota", guid="other")], FRONT, later(1)))
    assert tally.new == 0
    assert column(conn, "select title from articles") == ["Perú vota"]
    assert column(conn, "select endpoint_id from offers order by 1") == [POLITICS, FRONT]
    assert column(conn, "select guid from offers order by endpoint_id") == ["a", "other"]


def test_an_entry_without_a_link_is_known_by_its_guid(conn: sqlite3.Connection) -> None:
    bare: dict[str, Any] = {"url": None, "link": None, "key": "andina:tag:1", "guid": "tag:1"}
    store(conn, poll([entry("a", "Sin enlace", **bare)]))
    store(conn, poll([entry("a", "Sin enlace, corregida", **bare)], at=later(1)))
    article = one(conn, "select key, url, title from articles")
    assert article == {"key": "andina:tag:1", "url": None, "title": "Sin enlace, corregida"}
    assert one(conn, "select state, reason, due_at from pages") == {
        "state": "off",
        "reason": "no_link",
        "due_at": None,
    }


def test_ids_rise_from_the_oldest_entry_to_the_newest(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("c"), entry("b"), entry("a")]), poll([entry("d")], FRONT))
    store(conn, poll([entry("e")], RSS))
    assert column(conn, "select title from articles order by id") == [f"Story {name}" for name in "abcde"]


# --- what revises an article ------------------------------------------------------------------------------


def test_a_revised_entry_keeps_what_it_was_and_is_looked_at_again(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a", "Perú vota", "Temprano")]), page(1, "Largas colas"))
    match(conn)
    assert column(conn, "select state from pages") == ["read"]
    store(conn, poll([entry("a", "Perú ha votado", "Temprano")], at=later(60)))
    assert column(conn, "select title from articles") == ["Perú ha votado"]
    revision = one(conn, "select title, summary, text, content, why from revisions")
    assert revision == {
        "title": "Perú vota", "summary": "Temprano", "text": "Largas colas", "content": "full", "why": "entry revised",
    }  # fmt: skip
    assert column(conn, "select why from changes") == ["entry revised"]
    assert one(conn, "select state, due_at, again_at, attempts from pages") == {
        "state": "read", "due_at": None, "again_at": "2026-07-19T13:00:00+00:00", "attempts": 0,
    }  # fmt: skip


def test_an_entry_that_only_changes_its_markup_is_the_same(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a", "Peru votes", "<p>In Lima</p>")]))
    match(conn)
    store(conn, poll([entry("a", "Peru votes", "<div>In  Lima</div>")], at=later(1)))
    assert dump(conn, "revisions", "changes") == {"revisions": [], "changes": []}
    assert column(conn, "select due_at from pages") == ["2026-07-19T12:00:00+00:00"]


def test_a_revision_that_says_less_takes_nothing_away(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a", "Perú vota", "Temprano", author="Ana", published_at=NOW)]), page(1, "Texto"))
    store(conn, poll([entry("a", "", "")], at=later(1)))
    article = one(conn, "select title, summary, text, author, published_at, content from articles")
    assert (article["title"], article["summary"]) == ("Perú vota", "Temprano")
    assert (article["text"], article["author"], article["content"]) == ("Texto", "Ana", "full")
    assert article["published_at"] == "2026-07-19T12:00:00+00:00"


def test_a_second_offer_fills_gaps_only(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a", "Perú vota")]))
    richer = entry("a", "Otra cosa", "Resumen", author="Ana", published_at=NOW - timedelta(hours=1))
    store(conn, poll([richer], FRONT, later(1)))
    article = one(conn, "select title, summary, author, published_at, published_from, content from articles")
    assert article == {
        "title": "Perú vota", "summary": "Resumen", "author": "Ana", "content": "summary",
        "published_at": "2026-07-19T11:00:00+00:00", "published_from": "feed",
    }  # fmt: skip
    assert dump(conn, "revisions") == {"revisions": []}
    store(conn, poll([entry("a", "Y otra", "Y otro resumen", author="Eva")], RSS, later(2)))
    assert (
        one(conn, "select title, summary, author, published_at, published_from, content from articles")
        == article
    )


def test_a_page_fills_what_the_feed_left_open(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a", "Perú vota", "Resumen", author=None)]))
    read = Article(
        title="Título de la página", author="Ana", published_at=NOW, published_from=PublishedFrom.JSON_LD,
        language="es", text="Uno\n\nDos",
    )  # fmt: skip
    store(conn, page(1, article=read))
    assert one(conn, "select title, summary, text, author, published_from, content from articles") == {
        "title": "Perú vota", "summary": "Resumen", "text": "Uno\nDos", "author": "Ana",
        "published_from": "json-ld", "content": "full",
    }  # fmt: skip


def test_what_a_page_says_of_paying_and_of_its_language_is_kept(conn: sqlite3.Connection) -> None:
    columns = "select language, language_said, paywalled, content from articles"
    store(conn, poll([entry("a", "Perú vota", "Resumen")]))
    assert one(conn, columns) == {
        "language": "es",
        "language_said": None,
        "paywalled": None,
        "content": "summary",
    }
    read = Article(
        title="x", author=None, published_at=None, published_from=PublishedFrom.NONE,
        language="en", language_said="es", paywalled=True, text="Peru votes today",
    )  # fmt: skip
    store(conn, page(1, article=read))
    said = {"language": "en", "language_said": "es", "paywalled": 1, "content": "summary"}
    assert one(conn, columns) == said
    # What the feed says later changes nothing of that.
    store(conn, poll([entry("a", "Perú vota hoy", "Resumen")], at=later(1)))
    assert one(conn, columns) == said
    free = replace(read, language="es", language_said=None, paywalled=False, text="Perú vota")
    store(conn, page(1, article=free, at=later(2)))
    assert one(conn, columns) == {"language": "es", "language_said": None, "paywalled": 0, "content": "full"}


def test_the_words_of_an_article_are_stored_clean(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a", "Pe\u00adru\u0301 \ud800 vota", "Uno<br>dos\u200b", author=" Ana\nMaría ")]))
    assert one(conn, "select title, summary, author from articles") == {
        "title": "Per\u00fa \ufffd vota", "summary": "Uno\ndos", "author": "Ana María",
    }  # fmt: skip


# --- aliases and refusals ---------------------------------------------------------------------------------


def test_an_alias_is_another_name_of_its_article(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a")]), page(1, "Texto", url="https://news.example/b"))
    assert one(conn, "select url, article_id, why from aliases") == {
        "url": "https://news.example/b", "article_id": 1, "why": "redirect",
    }  # fmt: skip
    assert store(conn, poll([entry("b", "Story a")], FRONT, later(1))).new == 0
    assert column(conn, "select count(*) from articles") == [1]


def test_an_articles_own_key_stands_above_an_alias_of_another(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("b"), entry("a")]))
    storing.add_alias(conn, 1, "https://news.example/b", "redirect", NOW)
    assert dump(conn, "aliases") == {"aliases": []}
    conn.execute("insert into aliases values ('https://news.example/b', 1, 'redirect', 'then')")
    found = known.under_keys(conn, POLITICS, ["https://news.example/b"])
    assert found["https://news.example/b"].article_id == 2


def test_as_many_keys_as_a_feed_may_have_are_looked_up(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry(str(number)) for number in range(1000)]))
    keys = [f"https://news.example/{number}" for number in range(-5, 1005)]
    assert len(known.under_keys(conn, POLITICS, keys)) == 1000


def test_a_refused_link_is_stored_with_its_reason_and_never_due(conn: sqlite3.Connection) -> None:
    refused = entry("a", url="file:///etc/hostname", link="file:///etc/hostname", refused="scheme file")
    store(conn, poll([refused]))
    assert one(conn, "select state, reason, detail, due_at from pages") == {
        "state": "refused", "reason": "refused", "detail": "scheme file", "due_at": None,
    }  # fmt: skip
    store(conn, poll([replace(refused, title="Revised")], at=later(1)))
    assert one(conn, "select state, due_at from pages") == {"state": "refused", "due_at": None}


def test_a_page_that_the_guard_refused_stays_so_when_its_entry_is_revised(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a")]), page(1, **FAILED, reason="refused"))
    store(conn, poll([entry("a", "Revised")], at=later(1)))
    assert column(conn, "select state from pages") == ["refused"]


def test_a_source_without_pages_has_none_due_until_one_with_pages_offers_the_article(
    conn: sqlite3.Connection,
) -> None:
    store(conn, poll([entry("a")], RSS))
    assert one(conn, "select state, reason from pages") == {"state": "off", "reason": "pages_off"}
    store(conn, poll([entry("a")], POLITICS, later(1)))
    assert one(conn, "select state, reason from pages") == {"state": "due", "reason": None}


# --- polls and events -------------------------------------------------------------------------------------


def validators(conn: sqlite3.Connection) -> tuple[Any, ...]:
    return tuple(conn.execute("select etag, last_modified, body_hash from endpoints where id = 1").fetchone())


ALL = ('"v1"', "Sun, 19 Jul 2026 12:00:00 GMT", "abc")


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        pytest.param({}, True, id="a whole body"),
        pytest.param({"feed": None, "outcome": Outcome.NOT_MODIFIED, "status": 304}, True, id="a 304"),
        pytest.param(
            {"feed": Feed(title="", format="rss20", entries=(), complete=False)}, False, id="a body cut off"
        ),
        pytest.param(
            {"feed": Feed(title="", format="rss20", entries=(), complete=False, capped=3)}, False, id="a cap"
        ),
        pytest.param(
            {"feed": None, "outcome": Outcome.FAILED, "reason": "parse_error"}, False, id="a failure"
        ),
    ],
)
def test_validators_are_kept_only_of_a_body_that_was_stored_whole(
    conn: sqlite3.Connection, changes: dict[str, Any], kept: bool
) -> None:
    store(conn, poll([entry("a")]))
    assert validators(conn) == ALL
    store(conn, poll([entry("a")], at=later(1), **changes))
    assert validators(conn) == (ALL if kept else (None, None, None))


def failed(minutes: float, reason: str = "http_403") -> Any:
    return poll(None, at=later(minutes), outcome=Outcome.FAILED, reason=reason, detail=f"at {minutes}")


def test_an_event_opens_once_counts_and_closes(conn: sqlite3.Connection) -> None:
    store(conn, failed(0), failed(20), failed(60))
    assert one(conn, "select kind, since, until, last_at, count, detail, source_id from events") == {
        "kind": "blocked", "since": "2026-07-19T12:00:00+00:00", "until": None, "source_id": "andina",
        "last_at": "2026-07-19T13:00:00+00:00", "count": 3, "detail": "http_403: at 60",
    }  # fmt: skip
    assert column(conn, "select failures from endpoints where id = 1") == [3]
    store(conn, poll([entry("a")], at=later(90)))
    assert column(conn, "select until from events") == ["2026-07-19T13:30:00+00:00"]
    assert column(conn, "select failures from endpoints where id = 1") == [0]
    store(conn, failed(100))
    assert column(conn, "select count from events where until is null") == [1]
    assert column(conn, "select count(*) from events") == [2]


def test_the_same_failed_poll_stored_twice_counts_its_failure_once(conn: sqlite3.Connection) -> None:
    store(conn, failed(0), failed(20))
    before = dump(conn, "endpoints", "events")
    assert column(conn, "select count from events") == [2]
    store(conn, failed(20))
    assert dump(conn, "endpoints", "events") == before
    store(conn, failed(0))
    assert dump(conn, "endpoints", "events") == before
    store(conn, failed(40))
    assert column(conn, "select failures from endpoints where id = 1") == [3]


def test_after_the_clock_was_set_back_an_endpoint_is_still_given_its_next_time(
    conn: sqlite3.Connection,
) -> None:
    store(conn, failed(600))
    store(conn, poll([entry("a")], at=later(0)))
    row = one(conn, "select failures, next_poll_at from endpoints where id = 1")
    assert row == {"failures": 0, "next_poll_at": later(15).isoformat()}


def test_another_kind_of_failure_ends_the_one_before(conn: sqlite3.Connection) -> None:
    store(conn, failed(0), failed(20, "http_500"))
    assert column(conn, "select kind from events where until is null") == ["http_error"]
    assert column(conn, "select kind from events where until is not null") == ["blocked"]


def test_a_bad_result_is_put_aside_and_the_rest_is_stored(
    conn: sqlite3.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    bad = poll([entry("a"), entry("b", key=None)], POLITICS)
    tally = store(conn, bad, poll([entry("c")], FRONT))
    assert "could not be stored" in caplog.text
    assert len(tally.failed) == 1
    assert column(conn, "select title from articles") == ["Story c"]
    assert column(conn, "select outcome from polls order by id") == ["failed", "ok"]
    assert validators(conn) == (None, None, None)


# --- pages ------------------------------------------------------------------------------------------------


def test_a_page_that_fails_is_tried_again_ever_later_and_given_up_in_the_end(
    conn: sqlite3.Connection,
) -> None:
    store(conn, poll([entry("a")]))
    waits = []
    for attempt in range(len(PAGE_WAITS) + 1):
        task = PageTask(article_id=1, source_id="andina", url="https://news.example/a", attempts=attempt)
        store(conn, page(1, task=task, outcome=Outcome.FAILED, article=None, status=503, reason="http_503"))
        row = one(conn, "select state, due_at, attempts, status, reason, fetched_at from pages")
        assert (row["attempts"], row["status"], row["reason"]) == (attempt + 1, 503, "http_503")
        assert row["fetched_at"] is None
        waits.append((row["state"], row["due_at"]))
    expected = [("due", (NOW + timedelta(seconds=wait)).isoformat()) for wait in PAGE_WAITS]
    assert waits == [*expected, ("failed", None)]


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        pytest.param({}, "read", id="read"),
        pytest.param({**FAILED, "reason": "refused"}, "refused", id="refused"),
        pytest.param({**FAILED, "reason": "robots", "retry": False}, "failed", id="not to be retried"),
        pytest.param({**FAILED, "reason": "timeout"}, "due", id="to be retried"),
    ],
)
def test_how_a_page_ended_is_kept(conn: sqlite3.Connection, changes: dict[str, Any], state: str) -> None:
    store(conn, poll([entry("a")]), page(1, "Texto", **changes))
    row = one(conn, "select state, fetched_at, due_at, attempts from pages")
    assert row["state"] == state
    assert (row["fetched_at"] is not None) == (state == "read")
    assert (row["due_at"] is not None) == (state == "due")
    assert row["attempts"] == (0 if state == "read" else 1)


def test_a_page_that_answers_403_leaves_the_words_of_the_feed(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a", "Perú vota")]))
    store(conn, page(1, outcome=Outcome.FAILED, article=None, reason="http_403", status=403, retry=False))
    match(conn)
    assert column(conn, "select content from matches") == ["title"]
