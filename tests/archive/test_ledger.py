"""What polls leave in the archive beside articles: events, gaps, addresses, and what is asked next."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from archive import due, ledger, queue
from archive.connect import transaction
from archive.model import Endpoint, EndpointKind, Entry, Outcome, PollOutcome, PublishedFrom
from tests.archive.world import (
    ANDINA,
    FRONT,
    HARBOUR,
    MATCHER,
    NOW,
    POLITICS,
    VERSIONS,
    column,
    configure,
    entry,
    later,
    match,
    one,
    page,
    poll,
    store,
)

SITEMAP = Endpoint(kind=EndpointKind.SITEMAP, url="https://andina.example/sitemap.xml")


def dated(name: str, minutes: float, **more: Any) -> Entry:
    return entry(name, published_at=later(minutes), **more)


def failed(reason: str, minutes: float, endpoint: int = POLITICS) -> PollOutcome:
    return poll(
        None, endpoint, later(minutes), outcome=Outcome.FAILED, reason=reason, detail="why", status=None
    )


def unchanged(minutes: float, outcome: Outcome = Outcome.NOT_MODIFIED, **more: Any) -> PollOutcome:
    return poll(None, at=later(minutes), outcome=outcome, status=304, **more)


def thrice(conn: sqlite3.Connection) -> None:
    """Ask three times: a habit of being asked."""
    store(conn, *(poll([dated("a", -5), dated("b", -9)], at=later(minutes)) for minutes in (0, 15, 30)))


def events(conn: sqlite3.Connection) -> list[tuple[str, int, str | None]]:
    rows = conn.execute("select kind, count, ended_because from events order by id")
    return [tuple(row) for row in rows]


def gaps(conn: sqlite3.Connection) -> list[tuple[str, str | None]]:
    return [(row["since"], row["until"]) for row in conn.execute("select since, until from gaps order by id")]


def task(conn: sqlite3.Connection, minutes: float, endpoint: int = POLITICS) -> Any:
    found = due.due_polls(conn, later(minutes), 10, leave=frozenset(), everyone=True)
    return next(task for task in found if task.endpoint_id == endpoint)


# --- what was missed --------------------------------------------------------------------------------------


def test_an_overrun_is_one_event_and_a_gap_each_time(conn: sqlite3.Connection) -> None:
    thrice(conn)
    store(conn, poll([dated("c", 50)], at=later(60)), poll([dated("d", 80)], at=later(90)))
    assert events(conn) == [("overrun", 2, None)]
    assert gaps(conn) == [
        (later(30).isoformat(), later(50).isoformat()),
        (later(60).isoformat(), later(80).isoformat()),
    ]
    store(conn, poll([dated("d", 80)], at=later(90 + 24 * 60)))
    assert events(conn) == [("overrun", 2, None)]
    store(conn, poll([dated("d", 80)], at=later(90 + 25 * 60)))
    assert events(conn) == [("overrun", 2, "recovered")]


def test_an_outage_whose_list_goes_on_missed_nothing(conn: sqlite3.Connection) -> None:
    thrice(conn)
    store(conn, failed("timeout", 45), failed("http_500", 60))
    assert gaps(conn) == [(later(30).isoformat(), None)]
    store(conn, poll([dated("c", 50), dated("a", -5)], at=later(75)))
    assert gaps(conn) == []
    assert events(conn) == [("unreachable", 1, "replaced"), ("http_error", 1, "recovered")]


def test_an_outage_whose_list_does_not_go_on_is_a_gap_with_an_estimate(conn: sqlite3.Connection) -> None:
    thrice(conn)
    store(conn, failed("timeout", 45), poll([dated("d", 90), dated("c", 80)], at=later(100)))
    gap = one(conn, "select g.*, v.kind from gaps g join events v on v.id = g.event_id")
    assert (gap["kind"], gap["since"], gap["until"]) == (
        "unreachable",
        later(30).isoformat(),
        later(80).isoformat(),
    )
    assert gap["low"] <= gap["missed"] <= gap["high"]
    assert events(conn) == [("unreachable", 1, "recovered"), ("overrun", 1, None)]


def test_a_guid_that_was_there_before_is_the_same_item(conn: sqlite3.Connection) -> None:
    thrice(conn)
    moved = dated("c", 50, guid="a")
    store(conn, poll([moved], at=later(60)))
    assert (events(conn), gaps(conn)) == ([], [])


def test_headlines_that_were_there_before_are_reidentified(conn: sqlite3.Connection) -> None:
    titles = ["Lithium law passes in Congress", "Troops land in the port"]
    first = [entry(f"old-{n}", title, published_at=later(-n)) for n, title in enumerate(titles)]
    store(conn, *(poll(first, at=later(minutes)) for minutes in (0, 15, 30)))
    again = [entry(f"new-{n}", f"<b>{title}</b>", published_at=later(50)) for n, title in enumerate(titles)]
    store(conn, poll(again, at=later(60)))
    assert (events(conn), gaps(conn)) == ([("reidentified", 1, None)], [])


def test_the_same_result_twice_is_one_overrun(conn: sqlite3.Connection) -> None:
    thrice(conn)
    over = poll([dated("c", 50)], at=later(60))
    store(conn, over, over)
    assert events(conn) == [("overrun", 1, None)]
    assert len(gaps(conn)) == 1


def test_a_gap_that_is_older_than_what_a_sitemap_is_read_for_is_searched_too(
    conn: sqlite3.Connection,
) -> None:
    configure(conn, replace(ANDINA, endpoints=(*ANDINA.endpoints, SITEMAP)), HARBOUR)
    sitemap = column(conn, "select id from endpoints where kind = 'sitemap'")[0]
    thrice(conn)
    week = 7 * 24 * 60
    store(conn, failed("timeout", 45), poll([dated("c", week - 5)], at=later(week)))
    assert task(conn, week, sitemap).since == later(30)


def test_the_sitemap_of_the_source_is_asked_at_once_for_the_gap(conn: sqlite3.Connection) -> None:
    configure(conn, replace(ANDINA, endpoints=(*ANDINA.endpoints, SITEMAP)), HARBOUR)
    sitemap = column(conn, "select id from endpoints where kind = 'sitemap'")[0]
    own = replace(poll([]).task, endpoint_id=sitemap, kind=EndpointKind.SITEMAP, url=SITEMAP.url)
    store(conn, poll([dated("z", -99)], task=own))
    assert task(conn, 0, sitemap).etag == '"v1"'
    thrice(conn)
    store(conn, poll([dated("c", 50)], at=later(60)))
    assert sitemap in [one.endpoint_id for one in due.due_polls(conn, later(60), 10, leave=frozenset())]
    asked = task(conn, 60, sitemap)
    assert asked.since <= later(30)
    assert (asked.etag, asked.last_modified, asked.body_hash) == (None, None, None)
    assert "its sitemap is searched" in one(conn, "select detail from events")["detail"]
    # A failure leaves it to be done; once it was read, it is over. What it offers is no overrun of its own.
    store(conn, poll(None, at=later(61), outcome=Outcome.FAILED, reason="timeout", task=asked))
    assert column(conn, "select since from endpoints where id = ?", sitemap) == [later(30).isoformat()]
    store(conn, poll([dated("lost", 40)], at=later(62), task=asked))
    assert column(conn, "select since from endpoints where id = ?", sitemap) == [None]
    assert column(conn, "select count(*) from offers where endpoint_id = ?", sitemap) == [2]
    assert [kind for kind, *_ in events(conn)] == ["overrun", "unreachable"]


def with_sitemap(conn: sqlite3.Connection) -> tuple[int, Any]:
    """Give the source a sitemap; return its endpoint, and the task of a poll of it."""
    configure(conn, replace(ANDINA, endpoints=(*ANDINA.endpoints, SITEMAP)), HARBOUR)
    sitemap = column(conn, "select id from endpoints where kind = 'sitemap'")[0]
    return sitemap, replace(poll([]).task, endpoint_id=sitemap, kind=EndpointKind.SITEMAP, url=SITEMAP.url)


def listed(task: Any, minutes: float, *names: Entry, older: int = 0, complete: bool = True) -> PollOutcome:
    """A poll of a sitemap that lists ``names``, and so much that was older than what it was asked for."""
    found = poll(names, at=later(minutes), task=task)
    assert found.feed is not None
    return replace(
        found, feed=replace(found.feed, older=older, complete=complete, warnings=() if complete else ("x",))
    )


def test_a_span_of_which_the_sitemap_has_everything_is_no_gap(conn: sqlite3.Connection) -> None:
    sitemap, _ = with_sitemap(conn)
    thrice(conn)
    store(conn, poll([dated("c", 50)], at=later(60)))
    assert len(gaps(conn)) == 1
    asked = task(conn, 60, sitemap)
    # Of a list that does not go back so far nobody knows what it leaves out; nor of one that was not wholly read.
    store(conn, listed(asked, 61, dated("lost", 40)))
    store(conn, listed(asked, 62, dated("lost", 40), older=1, complete=False))
    assert len(gaps(conn)) == 1
    store(conn, listed(asked, 63, dated("lost", 40), older=1))
    assert gaps(conn) == []
    assert events(conn)[0] == ("overrun", 1, "found")
    assert column(conn, "select count(*) from offers where endpoint_id = ?", sitemap) == [1]


def test_a_sitemap_that_is_read_as_often_as_the_feed_leaves_it_no_gap(conn: sqlite3.Connection) -> None:
    _, own = with_sitemap(conn)
    store(conn, listed(own, 0, dated("a", -5), older=1))
    thrice(conn)
    store(
        conn, listed(own, 60, dated("b2", 40), dated("c", 50), older=1), poll([dated("c", 50)], at=later(60))
    )
    assert (gaps(conn), events(conn)) == ([], [("overrun", 1, "found")])


def test_of_two_overruns_only_the_one_that_was_found_is_gone(conn: sqlite3.Connection) -> None:
    _, own = with_sitemap(conn)
    thrice(conn)
    store(conn, poll([dated("c", 50)], at=later(60)))
    store(
        conn, listed(own, 70, dated("c", 50), older=1)
    )  # for the first time, and of what lies before nobody knows
    store(conn, poll([dated("c", 50)], at=later(90)), poll([dated("d", 110)], at=later(120)))
    store(conn, listed(own, 121, dated("c2", 100), dated("d", 110), older=1))
    assert gaps(conn) == [(later(30).isoformat(), later(50).isoformat())]
    assert events(conn) == [("overrun", 2, None)]


def test_a_sitemap_that_was_turned_over_lost_something_too(conn: sqlite3.Connection) -> None:
    _, own = with_sitemap(conn)
    store(conn, *(listed(own, minutes, dated("a", -5), dated("b", -9)) for minutes in (0, 15, 30)))
    store(conn, listed(own, 600, dated("c", 500), dated("d", 590)))
    assert (events(conn), gaps(conn)) == (
        [("overrun", 1, None)],
        [(later(30).isoformat(), later(500).isoformat())],
    )


def test_a_feed_that_lists_nothing_for_a_while_opens_a_span(conn: sqlite3.Connection) -> None:
    thrice(conn)
    store(conn, poll([], at=later(45)), poll([], at=later(60)))
    assert (events(conn), gaps(conn)) == ([("no_items", 2, None)], [(later(30).isoformat(), None)])
    store(conn, poll([dated("d", 70)], at=later(75)))
    assert events(conn) == [("no_items", 2, "recovered"), ("overrun", 1, None)]
    assert gaps(conn) == [(later(30).isoformat(), later(70).isoformat())]


def test_a_feed_that_was_cut_off_and_goes_on_missed_nothing(conn: sqlite3.Connection) -> None:
    thrice(conn)
    cut = poll([dated("d", 42)], at=later(45))
    assert cut.feed is not None
    cut = replace(
        cut, feed=replace(cut.feed, complete=False, warnings=("the body ends before the feed does",))
    )
    store(conn, cut)
    assert (events(conn), gaps(conn)) == ([("parse_error", 1, None)], [(later(30).isoformat(), None)])
    store(conn, poll([dated("d", 42), dated("c", 35), dated("a", -5)], at=later(60)))
    assert (events(conn), gaps(conn)) == ([("parse_error", 1, "recovered")], [])


def test_what_was_cut_off_is_not_what_the_next_list_goes_on_from(conn: sqlite3.Connection) -> None:
    thrice(conn)
    cut = poll([dated("d", 42)], at=later(45))
    assert cut.feed is not None
    store(conn, replace(cut, feed=replace(cut.feed, complete=False, warnings=("cut off",))))
    store(conn, poll([dated("e", 50), dated("d", 42)], at=later(60)))
    assert gaps(conn) == [(later(30).isoformat(), later(42).isoformat())]


# --- the first contact ------------------------------------------------------------------------------------


def test_what_is_older_than_48_hours_at_the_first_contact_is_matched_and_not_mailed(
    conn: sqlite3.Connection,
) -> None:
    old, new = dated("old", -48 * 60 - 1, title="Peru then"), dated("new", -47 * 60, title="Peru now")
    store(conn, poll([new, old, entry("undated", "Peru some day")]))
    match(conn)
    rows = conn.execute(
        """select a.title, a.backfill, o.backfill, m.backfill from articles a join offers o on o.article_id = a.id
        join matches m on m.article_id = a.id order by a.title"""
    )
    assert [tuple(row) for row in rows] == [
        ("Peru now", 0, 0, 0),
        ("Peru some day", 0, 0, 0),
        ("Peru then", 1, 1, 1),
    ]
    # Once it is known, what is old in it is news to us; another feed that is met for the first time is met as such.
    store(
        conn,
        poll([dated("older", -99 * 60)], at=later(15)),
        poll([dated("oldest", -99 * 60)], FRONT, later(15)),
    )
    assert column(conn, "select key from articles where backfill = 1 order by id") == [
        "https://news.example/old",
        "https://news.example/oldest",
    ]


def test_an_address_that_names_an_old_day_is_backfill_too(conn: sqlite3.Connection) -> None:
    days = [NOW - timedelta(days=age) for age in (0, 2, 3, 400)]
    links = [f"https://news.example/{day:%Y/%m/%d}/peru" for day in days]
    store(conn, poll([entry("x", key=link, url=link, link=link, guid=link) for link in links]))
    assert sorted(column(conn, "select key from articles where backfill = 1")) == sorted(links[2:])


def test_a_page_that_is_read_later_leaves_backfill_as_it_is(conn: sqlite3.Connection) -> None:
    store(conn, poll([dated("old", -99 * 60, title="Then")]))
    store(conn, page(1, "Lithium in the salt flats", "old"))
    for changed in queue.take(conn, 10):
        with transaction(conn):
            queue.confirm(conn, [(changed, MATCHER.match(changed.fields))], VERSIONS, NOW)
    assert column(conn, "select backfill from matches") == [1]


@pytest.mark.parametrize(
    ("minutes", "old"),
    [(-49 * 60, 1), (-47 * 60, 0), pytest.param(-60 * 60, 0, id="a day is over at its end"), (-84 * 60, 1)],
)
def test_an_undated_article_that_its_page_dates_long_before_the_first_contact_is_backfill(
    conn: sqlite3.Connection, minutes: float, old: int
) -> None:
    store(conn, poll([entry("undated", "Peru some day")]))
    match(conn)
    found = page(1, "Lithium in the salt flats", "undated")
    assert found.article is not None
    dated_page = replace(found.article, published_at=later(minutes), published_from=PublishedFrom.JSON_LD)
    store(conn, replace(found, article=dated_page))
    match(conn)
    assert column(conn, "select backfill from articles") == [old]
    assert column(conn, "select distinct backfill from matches") == [old]


def test_an_article_whose_page_could_only_be_read_days_later_is_as_old_as_it_was_when_it_was_met(
    conn: sqlite3.Connection,
) -> None:
    store(conn, poll([entry("undated", "Peru some day")]))
    match(conn)
    found = page(1, "Lithium in the salt flats", "undated", at=later(40 * 60))
    assert found.article is not None
    dated_page = replace(found.article, published_at=later(-20 * 60), published_from=PublishedFrom.META)
    store(conn, replace(found, article=dated_page))
    match(conn)
    assert column(conn, "select distinct backfill from matches") == [0]


def test_what_turns_out_to_be_old_is_not_read_again_by_time(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("undated", "Peru some day")]))
    match(conn)
    found = page(1, "Lithium in the salt flats", "undated")
    assert found.article is not None
    dated_page = replace(found.article, published_at=later(-99 * 60), published_from=PublishedFrom.META)
    store(conn, replace(found, article=dated_page))
    assert column(conn, "select again_at from pages") == [None]


def test_what_a_known_feed_adds_is_news_however_old_its_page_says_that_it_is(
    conn: sqlite3.Connection,
) -> None:
    store(conn, poll([entry("first")]))
    store(conn, poll([entry("undated", "Peru some day"), entry("first")], at=later(15)))
    found = page(2, "Lithium in the salt flats", "undated")
    assert found.article is not None
    dated_page = replace(found.article, published_at=later(-99 * 60), published_from=PublishedFrom.JSON_LD)
    store(conn, replace(found, article=dated_page))
    assert column(conn, "select backfill from articles where id = 2") == [0]


# --- 304s -------------------------------------------------------------------------------------------------


def test_now_and_then_a_request_is_not_conditional(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a")]))
    assert task(conn, 60).etag == '"v1"'
    wait = timedelta(minutes=381.25)  # of endpoint 1
    store(conn, unchanged(60, etag='"v1"', body_hash="abc"))
    assert task(conn, wait / timedelta(minutes=1) - 1).etag == '"v1"'
    asked = task(conn, wait / timedelta(minutes=1) + 1)
    assert (asked.etag, asked.last_modified, asked.body_hash) == (None, None, "abc")
    # It comes whole, with something new, and the ETag that was said to be no other: for a week none is believed.
    store(conn, poll([entry("b"), entry("a")], at=later(400), task=asked, body_hash="def"))
    assert events(conn) == [("wrong_304", 1, None)]
    assert task(conn, 400 + 7 * 24 * 60 - 1).etag is None
    store(conn, unchanged(400 + 7 * 24 * 60 - 1, Outcome.UNCHANGED, etag='"v1"', body_hash="def"))
    assert task(conn, 400 + 7 * 24 * 60 + 1).etag == '"v1"'
    assert events(conn) == [("wrong_304", 1, None)]
    store(conn, unchanged(20_000, etag='"v1"', body_hash="def"))
    again = task(conn, 22_000)
    assert again.etag is None
    store(conn, unchanged(22_000, Outcome.UNCHANGED, etag='"v1"', body_hash="def", task=again))
    assert [kind for kind, _, why in events(conn) if why == "recovered"] == ["wrong_304"]


# --- addresses --------------------------------------------------------------------------------------------

NEW = "https://andina.example/new.xml"


def test_a_feed_that_moved_is_asked_at_its_new_address_and_sources_yaml_keeps_the_old(
    conn: sqlite3.Connection,
) -> None:
    store(conn, poll([entry("a")]), poll([entry("a")], at=later(15), moved_to=NEW))
    assert task(conn, 30).url == NEW
    configure(conn, at=later(31))
    assert task(conn, 31).url == NEW
    assert events(conn) == [("moved", 1, None)]
    # Gone there, it is looked for where the operator said.
    store(conn, failed("http_404", 45))
    assert task(conn, 46).url == ANDINA.endpoints[0].url


def test_once_the_operator_writes_the_new_address_down_all_that_is_known_stays(
    conn: sqlite3.Connection,
) -> None:
    store(conn, poll([entry("a")]), poll([entry("a")], at=later(15), moved_to=NEW))
    moved = replace(ANDINA, endpoints=(Endpoint(kind=EndpointKind.FEED, url=NEW), ANDINA.endpoints[1]))
    configure(conn, moved, HARBOUR, at=later(20))
    assert column(conn, "select id from endpoints where active = 1 order by id") == [POLITICS, FRONT, 3]
    assert one(conn, "select url, moved_to, good_polls from endpoints where id = 1") == {
        "url": NEW, "moved_to": None, "good_polls": 2,
    }  # fmt: skip
    assert events(conn) == [("moved", 1, "recovered")]


def test_an_address_that_both_stand_in_sources_yaml_is_asked_once(conn: sqlite3.Connection) -> None:
    there = ANDINA.endpoints[1].url
    store(conn, poll([entry("a")]), poll([entry("a")], at=later(15), moved_to=there))
    assert task(conn, 30).url == ANDINA.endpoints[0].url
    assert "take the old address out" in one(conn, "select detail from events")["detail"]


# --- pages ------------------------------------------------------------------------------------------------


def refused(article_id: int, minutes: float, reason: str = "http_403") -> Any:
    return page(
        article_id, at=later(minutes), outcome=Outcome.FAILED, reason=reason, article=None, status=403
    )


def test_403_on_every_page_is_an_event_of_the_source_until_one_is_read(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry(str(n)) for n in range(7)]))
    store(conn, *(refused(n, n) for n in range(1, 5)), refused(5, 5, "timeout"))
    assert events(conn) == []
    store(conn, refused(5, 6), refused(6, 7))
    assert events(conn) == [("pages_blocked", 2, None)]
    store(conn, poll([entry("0")], at=later(15)))
    assert events(conn) == [("pages_blocked", 2, None)]
    store(conn, page(7, "Text", "6", later(20)))
    assert events(conn) == [("pages_blocked", 2, "recovered")]
    assert ledger.pages_refused(conn, "andina") == 0


@pytest.mark.parametrize("status", ["http_404", "no_text", "robots"])
def test_other_failures_of_pages_are_none(conn: sqlite3.Connection, status: str) -> None:
    store(conn, poll([entry(str(n)) for n in range(7)]))
    store(conn, *(refused(n, n, status) for n in range(1, 8)))
    assert events(conn) == []
