"""From results into a real archive: what happens to a batch as a whole. What is stored of each is in tests/archive."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive import schema
from archive.connect import open_writer, transaction
from archive.model import Entry, Feed, Outcome, PollOutcome, PublishedFrom, Result, RobotsRecord
from crawler.pipelines import MATCH_BATCH, Aside, Tally, ingest, store_matches, take_matches
from tests.archive.world import (
    FRONT,
    MATCHER,
    NOW,
    POLITICS,
    RSS,
    VERSIONS,
    column,
    configure,
    dump,
    entry,
    later,
    one,
    page,
    poll,
)

HALF = "\ud800"  # half a character: SQLite takes no text that holds it
WHAT = ("articles", "offers", "pages", "revisions", "aliases", "changes")
ROBOTS = RobotsRecord(host="https://news.example", fetched_at=NOW, expires_at=later(60), status=200, body="")
UNKNOWN = replace(poll([]).task, endpoint_id=99)


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(fresh(tmp_path / "archive.db")) as conn:
        yield conn


def fresh(path: Path) -> sqlite3.Connection:
    conn = open_writer(path)
    schema.migrate(conn)
    configure(conn)
    return conn


def broken(name: str = "broken") -> Entry:
    """An entry that cannot be stored, whatever is done to its words."""
    return entry(name, guid=HALF)


def failure(reason: str = "timeout", **more: Any) -> PollOutcome:
    return poll(None, outcome=Outcome.FAILED, reason=reason, detail="why", status=None, **more)


# --- one bad result ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_result_that_cannot_be_stored_does_not_stop_the_rest(conn: sqlite3.Connection, place: int) -> None:
    batch: list[Result] = [poll([entry("a")]), ROBOTS]
    batch.insert(place, poll([entry("b"), broken(), entry("c")], FRONT))
    tally = ingest(conn, batch)
    assert column(conn, "select key from articles") == ["https://news.example/a"]
    assert column(conn, "select host from robots") == ["https://news.example"]
    assert (tally.polled, tally.new, tally.entries, len(tally.failed)) == (2, 1, 1, 1)


def test_a_poll_that_cannot_be_stored_is_a_failed_poll(
    conn: sqlite3.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    ingest(conn, [poll([broken()])])
    state = one(
        conn, "select failures, etag, body_hash, last_outcome, next_poll_at from endpoints where id = 1"
    )
    assert (state["failures"], state["etag"], state["body_hash"], state["last_outcome"]) == (
        1,
        None,
        None,
        "failed",
    )
    assert state["next_poll_at"] > NOW.isoformat()
    assert one(conn, "select reason from polls")["reason"] == "error"
    assert "a result could not be stored" in caplog.text
    ingest(conn, [poll([entry("a")], at=later(60))])
    assert one(conn, "select failures from endpoints where id = 1")["failures"] == 0


def test_a_page_that_cannot_be_stored_is_tried_again_later(conn: sqlite3.Connection) -> None:
    ingest(conn, [poll([entry("a"), entry("b")])])
    bad = page(1, f"Half {HALF}")
    assert bad.article is not None
    bad = replace(bad, article=replace(bad.article, language=HALF))
    ingest(conn, [bad, page(2, "Whole", "b")])
    assert column(conn, "select state from pages order by article_id") == ["due", "read"]
    assert one(
        conn, "select reason, due_at > ? as later from pages where article_id = 1", NOW.isoformat()
    ) == {
        "reason": "error",
        "later": 1,
    }


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(poll([entry("b")], task=UNKNOWN), id="an endpoint that is gone"),
        pytest.param(failure(task=UNKNOWN), id="a failure of one"),
    ],
)
def test_what_cannot_even_be_stored_as_a_failure_is_said_and_counted(
    conn: sqlite3.Connection, caplog: pytest.LogCaptureFixture, bad: Result
) -> None:
    tally = ingest(conn, [bad, poll([entry("a")])])
    assert column(conn, "select key from articles") == ["https://news.example/a"]
    assert (tally.polled, tally.new, len(tally.failed)) == (2, 1, 1)
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2
    assert "nor could its failure be stored: andina https://andina.example/politica.xml" in caplog.text


def test_a_robots_txt_that_cannot_be_stored_is_said_and_left(
    conn: sqlite3.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    assert ingest(conn, [replace(ROBOTS, body=HALF), poll([entry("a")])]).new == 1
    assert "a result could not be stored: https://news.example/robots.txt" in caplog.text


def test_of_a_strange_result_only_that_it_failed_is_stored(conn: sqlite3.Connection) -> None:
    ingest(conn, [poll([entry("a")], etag=HALF), failure(etag=HALF, task=poll([], FRONT).task)])
    assert column(conn, "select failures from endpoints where id in (1, 2)") == [1, 1]
    assert column(conn, "select etag from endpoints where id in (1, 2)") == [None, None]


@pytest.mark.parametrize("what", [7, None, b"bytes", ["a list"], len], ids=repr)
def test_whatever_a_strange_result_raises_the_rest_is_stored(
    conn: sqlite3.Connection, caplog: pytest.LogCaptureFixture, what: Any
) -> None:
    strange = poll([replace(entry("b"), summary=what)])
    nested = poll([replace(entry("c"), tags=(object(),))], FRONT)
    tally = ingest(conn, [strange, nested, poll([entry("a")], RSS)])
    assert column(conn, "select key from articles") == ["https://news.example/a"]
    assert (tally.polled, len(tally.failed)) == (3, 2)
    assert column(conn, "select failures from endpoints order by id") == [1, 1, 0]
    assert "a result could not be stored: andina https://andina.example/politica.xml" in caplog.text


def test_a_page_of_an_article_that_is_gone_is_nothing(conn: sqlite3.Connection) -> None:
    assert ingest(conn, [page(77, "Text")]).articles == 0
    assert column(conn, "select count(*) from articles") == [0]


def full(conn: sqlite3.Connection) -> str:
    """Let the file grow no more, as on a full disk."""
    [pages] = conn.execute("pragma page_count").fetchone()
    conn.execute(f"pragma max_page_count = {pages}")
    return "disk is full"


def read_only(conn: sqlite3.Connection) -> str:
    conn.execute("pragma query_only = on")
    return "readonly database"


@pytest.mark.parametrize("broken", [full, read_only])
def test_when_the_file_fails_nothing_of_the_batch_stays_and_no_feed_is_blamed(
    conn: sqlite3.Connection, broken: Callable[[sqlite3.Connection], str], caplog: pytest.LogCaptureFixture
) -> None:
    before = dump(conn, *WHAT, "polls", "endpoints")
    why = broken(conn)
    large = [entry(str(number), summary="x" * 5000) for number in range(50)]
    with pytest.raises(sqlite3.OperationalError, match=why):
        ingest(conn, [poll([entry("a")]), poll(large, FRONT), ROBOTS, poll([entry("b")], RSS)])
    assert not conn.in_transaction
    assert dump(conn, *WHAT, "polls", "endpoints") == before
    assert caplog.records == []


# --- articles that make the matcher fail ------------------------------------------------------------------


def spoil(conn: sqlite3.Connection, article_id: int) -> None:
    """Make an article one that the matcher cannot read: SQLite takes bytes where a text should be."""
    conn.execute("update articles set title = x'ff' where id = ?", (article_id,))


def matched(conn: sqlite3.Connection, aside: Aside, versions: dict[str, str] = VERSIONS) -> list[int]:
    """Match until nothing is taken up any more; return how many articles were, each time."""
    taken = []
    while True:
        number, results = take_matches(conn, MATCHER, aside)
        if not number:
            return taken
        taken.append(number)
        store_matches(conn, results, versions, aside, NOW)


def test_an_article_that_makes_the_matcher_fail_stops_no_other(
    conn: sqlite3.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    ingest(conn, [poll([entry(name, f"Peru {name}") for name in "abc"])])
    spoil(conn, 2)
    aside: Aside = {}
    assert matched(conn, aside) == [3]
    assert column(conn, "select article_id from matches order by article_id") == [1, 3]
    assert column(conn, "select article_id from changes") == [2]
    assert "the matches of article 2 could not be made" in caplog.text
    assert matched(conn, aside) == []
    assert len(caplog.records) == 1


def test_an_article_that_was_put_aside_is_tried_again_when_it_changes(conn: sqlite3.Connection) -> None:
    ingest(conn, [poll([entry("a", "Peru")])])
    spoil(conn, 1)
    aside: Aside = {}
    matched(conn, aside)
    conn.execute("update articles set title = 'Litio' where id = 1")
    ingest(conn, [page(1, "Tropas de EE.UU.")])
    assert matched(conn, aside) == [1]
    assert column(conn, "select topic_id from matches order by topic_id") == ["lithium", "us-troops"]
    assert column(conn, "select count(*) from changes") == [0]


def test_any_number_of_articles_that_fail_leave_a_place_for_the_next(conn: sqlite3.Connection) -> None:
    ingest(conn, [poll([entry(str(number)) for number in range(MATCH_BATCH + 20)])])
    conn.execute("update articles set title = x'ff'")
    # Each has as many rows as an article that is revised all day.
    conn.execute("insert into changes (article_id, why, at) select article_id, why, at from changes")
    aside: Aside = {}
    matched(conn, aside)
    assert len(aside) == MATCH_BATCH + 20
    ingest(conn, [poll([entry("new", "Peru")], FRONT)])
    assert matched(conn, aside) == [1]
    assert column(conn, "select topic_id from matches") == ["peru"]


def test_matches_that_cannot_be_stored_stop_no_others(
    conn: sqlite3.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    ingest(conn, [poll([entry("a", "Litio"), entry("b", "Peru"), entry("c", "US troops")])])
    # A topic whose version nobody knows cannot be stored.
    known = {topic: version for topic, version in VERSIONS.items() if topic != "peru"}
    assert matched(conn, {}, known) == [3]
    assert column(conn, "select topic_id from matches order by topic_id") == ["lithium", "us-troops"]
    assert "the matches of article 2 could not be stored" in caplog.text


def test_when_the_file_fails_no_article_is_put_aside(conn: sqlite3.Connection) -> None:
    ingest(conn, [poll([entry("a", "Peru")])])
    aside: Aside = {}
    _, results = take_matches(conn, MATCHER, aside)
    read_only(conn)
    with pytest.raises(sqlite3.OperationalError):
        store_matches(conn, results, VERSIONS, aside, NOW)
    assert aside == {}


def test_a_batch_is_one_transaction(conn: sqlite3.Connection) -> None:
    with pytest.raises(ZeroDivisionError), transaction(conn):
        ingest(conn, [poll([entry("a")])])
        raise ZeroDivisionError
    assert column(conn, "select count(*) from articles") == [0]


# --- storing again ----------------------------------------------------------------------------------------


def test_a_batch_that_comes_twice_changes_nothing_but_the_ledger(conn: sqlite3.Connection) -> None:
    batch = [
        ROBOTS,
        poll([entry("a"), entry("b", "Litio"), entry("a", "Again")]),
        poll([entry("a", "Elsewhere"), entry("c")], FRONT),
        page(1, "All of it"),
    ]
    ingest(conn, batch)
    before = dump(conn, *WHAT, "robots")
    tally = ingest(conn, batch)
    assert dump(conn, *WHAT, "robots") == before
    assert (tally.new, tally.entries, tally.polled, tally.pages) == (0, 5, 2, 1)
    assert column(conn, "select count(*) from polls") == [4]


names = st.sampled_from(["a", "b", "c", "d"])
titles = st.sampled_from(["", "Peru", "<b>Litio</b>", "Lima\u200b"])
offered = st.builds(entry, names, titles, titles, guid=st.sampled_from([None, "1", "2"]))
results = st.one_of(
    st.builds(poll, st.lists(offered, max_size=4), st.sampled_from([POLITICS, FRONT, RSS])),
    st.builds(failure, st.sampled_from(["timeout", "http_403", "parse_error"])),
    st.builds(page, st.integers(1, 4), st.sampled_from(["", "All of it", "Litio"]), names),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(st.lists(results, max_size=5))
def test_any_batch_can_be_stored_and_its_last_result_again(tmp_path: Path, batch: list[Result]) -> None:
    with closing(fresh(tmp_path / f"{len(list(tmp_path.iterdir()))}.db")) as conn:
        tally = ingest(conn, batch)
        keys = {
            one.key
            for result in batch
            if isinstance(result, PollOutcome) and result.feed
            for one in result.feed.entries
        }
        assert set(column(conn, "select key from articles")) == keys
        assert tally.new == len(keys)
        before = dump(conn, "articles", "offers", "revisions", "aliases", "changes")
        assert ingest(conn, batch[-1:]).new == 0
        assert dump(conn, "articles", "offers", "revisions", "aliases", "changes") == before


# --- counting ---------------------------------------------------------------------------------------------


def test_a_batch_is_counted(conn: sqlite3.Connection) -> None:
    ingest(conn, [poll([entry("a")])])
    tally = ingest(
        conn,
        [
            poll([entry("a"), entry("b"), entry("b", "Again")], at=later(15)),
            failure(at=later(15), task=poll([], FRONT).task),
            poll(None, RSS, outcome=Outcome.NOT_MODIFIED, status=304),
            page(1, "All of it"),
            page(2, outcome=Outcome.FAILED, article=None, reason="http_403"),
            ROBOTS,
        ],
    )
    assert (tally.polled, tally.entries, tally.new, tally.pages, tally.articles) == (3, 3, 1, 2, 1)
    assert tally.failed == ["andina https://andina.example/portada.xml: timeout: why"]
    assert one(conn, "select items, known, new from polls where id = 2") == {"items": 3, "known": 2, "new": 1}


def test_counts_add_up() -> None:
    whole = Tally()
    for part in (
        Tally(polled=1, failed=["a"], entries=2, new=3, pages=4, articles=5),
        Tally(polled=10, failed=["b"], entries=20, new=30, pages=40, articles=50),
    ):
        whole.add(part)
    assert whole == Tally(polled=11, failed=["a", "b"], entries=22, new=33, pages=44, articles=55)


def test_an_empty_batch_is_nothing(conn: sqlite3.Connection) -> None:
    assert ingest(conn, []) == Tally()


# --- several entries, one article -------------------------------------------------------------------------


def test_two_names_of_one_article_in_one_feed_do_not_revise_each_other(conn: sqlite3.Connection) -> None:
    ingest(conn, [poll([entry("a", "Peru votes")]), page(1, "All of it", url="https://news.example/amp")])
    both = [entry("a", "Peru votes"), entry("amp", "Peru votes (short)")]
    ingest(conn, [poll(both, at=later(15))])
    before = dump(conn, *WHAT)
    for minutes in (30, 45, 60):
        ingest(conn, [poll(both, at=NOW + timedelta(minutes=minutes))])
        now = dump(conn, *WHAT)
        assert {table: len(rows) for table, rows in now.items()} == {
            t: len(rows) for t, rows in before.items()
        }
    article = one(conn, "select title, summary from articles")
    assert article == {"title": "Peru votes", "summary": "Peru votes (short)"}


def test_an_entry_whose_date_is_to_come_has_none(conn: sqlite3.Connection) -> None:
    ingest(conn, [poll([entry("a", published_at=later(60 * 24 * 9))])])
    row = one(conn, "select published_at, published_from from articles")
    assert row == {"published_at": None, "published_from": str(PublishedFrom.NONE)}


def test_of_a_capped_feed_the_entries_are_stored_and_the_validators_are_not(conn: sqlite3.Connection) -> None:
    feed = Feed(title="T", format="rss20", entries=(entry("a"),), complete=False, capped=3)
    ingest(conn, [poll(None, feed=feed)])
    assert column(conn, "select count(*) from articles") == [1]
    assert one(conn, "select etag, body_hash from endpoints where id = 1") == {
        "etag": None,
        "body_hash": None,
    }
    assert column(conn, "select kind from events where until is null") == ["capped"]
