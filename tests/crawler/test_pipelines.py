"""From results into a real archive: what happens to a batch as a whole. What is stored of each is in tests/archive."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive import schema, store
from archive.connect import open_writer, transaction
from archive.model import Entry, Feed, Outcome, PollOutcome, PublishedFrom, Result, RobotsRecord
from crawler.pipelines import Tally, ingest
from tests.archive.world import (
    FRONT,
    NOW,
    POLITICS,
    RSS,
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
        pytest.param(replace(ROBOTS, body=HALF), id="a robots.txt"),
        pytest.param(failure(etag=HALF), id="a failure that cannot be stored"),
    ],
)
def test_what_cannot_even_be_stored_as_a_failure_is_said_and_left(
    conn: sqlite3.Connection, caplog: pytest.LogCaptureFixture, bad: Result
) -> None:
    tally = ingest(conn, [bad, poll([entry("a")])])
    assert column(conn, "select key from articles") == ["https://news.example/a"]
    assert (tally.polled, tally.new) == (1, 1)
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2
    assert "nor could its failure" in caplog.text


def test_a_page_of_an_article_that_is_gone_is_nothing(conn: sqlite3.Connection) -> None:
    assert ingest(conn, [page(77, "Text")]).articles == 0
    assert column(conn, "select count(*) from articles") == [0]


def test_when_the_file_fails_nothing_of_the_batch_stays(
    conn: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(store, "save_robots", full)
    before = dump(conn, *WHAT, "polls", "endpoints")
    with pytest.raises(sqlite3.OperationalError, match="disk is full"):
        ingest(conn, [poll([entry("a")]), ROBOTS, poll([entry("b")], FRONT)])
    assert dump(conn, *WHAT, "polls", "endpoints") == before
    assert not conn.in_transaction


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
