"""What has outlived its keep goes, and nothing else."""

from __future__ import annotations

import sqlite3
from datetime import timedelta

import pytest

from archive import maintain
from archive.model import RobotsRecord
from tests.archive.world import (
    FRONT,
    NOW,
    POLITICS,
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

DAY = 24 * 60
KEEP = timedelta(days=90)


# --- polls ------------------------------------------------------------------------------------------------


def test_one_poll_a_day_of_each_endpoint_is_left_of_the_old_ones(conn: sqlite3.Connection) -> None:
    times = [0, 10, 20, DAY, DAY + 10, 50 * DAY]
    store(conn, *(poll([], endpoint, later(at)) for at in times for endpoint in (POLITICS, FRONT)))
    assert maintain.thin_polls(conn, later(92 * DAY)) == 6
    for endpoint in (POLITICS, FRONT):
        left = column(conn, "select at from polls where endpoint_id = ? order by at", endpoint)
        assert left == [later(at).isoformat() for at in (20, DAY + 10, 50 * DAY)]


@pytest.mark.parametrize(
    ("days", "left"),
    [
        pytest.param(89.9, 3, id="younger"),
        pytest.param(90, 3, id="on the day"),
        pytest.param(90.1, 1, id="older"),
    ],
)
def test_polls_are_thinned_after_ninety_days(conn: sqlite3.Connection, days: float, left: int) -> None:
    store(conn, *(poll([], at=later(at)) for at in (0, 0, 0)))
    maintain.thin_polls(conn, later(days * DAY))
    assert column(conn, "select count(*) from polls") == [left]


def test_thinning_twice_is_thinning_once(conn: sqlite3.Connection) -> None:
    store(conn, *(poll([], at=later(at)) for at in range(0, 3 * DAY, 300)))
    assert maintain.thin_polls(conn, later(200 * DAY)) > 0
    before = dump(conn, "polls")
    assert maintain.thin_polls(conn, later(200 * DAY)) == 0
    assert dump(conn, "polls") == before


# --- texts ------------------------------------------------------------------------------------------------


def read(conn: sqlite3.Connection, *titles: str) -> None:
    """Store and match an article for each title, with a page that says nothing of any topic."""
    store(conn, poll([entry(str(number), title, "Resumen") for number, title in enumerate(titles)][::-1]))
    store(conn, *(page(number, "Texto", name=str(number - 1)) for number in range(1, len(titles) + 1)))
    match(conn)


def prune(conn: sqlite3.Connection, days: float = 91) -> int:
    return maintain.prune_texts(conn, later(days * DAY), KEEP)


def test_an_old_text_that_matched_nothing_goes_and_the_rest_of_the_article_stays(
    conn: sqlite3.Connection,
) -> None:
    read(conn, "Bolivia", "Perú")
    assert prune(conn) == 1
    assert column(conn, "select text from articles order by id") == ["", "Texto"]
    assert one(conn, "select key, title, summary, pruned_at from articles where id = 1") == {
        "key": "https://news.example/0", "title": "Bolivia", "summary": "Resumen",
        "pruned_at": later(91 * DAY).isoformat(),
    }  # fmt: skip
    assert prune(conn) == 0


def test_a_young_text_stays(conn: sqlite3.Connection) -> None:
    read(conn, "Bolivia")
    assert prune(conn, 90) == 0
    assert prune(conn, 90.1) == 1


def test_the_text_of_a_match_that_has_ended_stays(conn: sqlite3.Connection) -> None:
    read(conn, "Perú")
    store(conn, poll([entry("0", "Bolivia", "Resumen")], at=later(1)))
    match(conn)
    assert column(conn, "select count(*) from matches where ended_at is not null") == [1]
    assert prune(conn) == 0


def test_a_text_that_the_matcher_has_not_seen_yet_stays(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a")]), page(1, "Todo el Perú"))
    assert prune(conn) == 0
    match(conn)
    assert prune(conn) == 0
    assert column(conn, "select text from articles") == ["Todo el Perú"]


def test_a_pruned_article_is_not_taken_for_new_and_not_for_revised(conn: sqlite3.Connection) -> None:
    read(conn, "Bolivia")
    prune(conn)
    before = dump(conn, "articles", "revisions", "changes", "pages")
    assert store(conn, poll([entry("0", "Bolivia", "Resumen")], at=later(91 * DAY))).new == 0
    assert dump(conn, "articles", "revisions", "changes", "pages") == before


def test_a_text_that_is_read_again_after_it_went_goes_again(conn: sqlite3.Connection) -> None:
    read(conn, "Bolivia")
    assert prune(conn) == 1
    store(conn, page(1, "Texto nuevo", name="0", at=later(92 * DAY)))
    match(conn, later(92 * DAY))
    assert one(conn, "select text, pruned_at from articles") == {"text": "Texto nuevo", "pruned_at": None}
    assert prune(conn, 93) == 1
    assert one(conn, "select text, pruned_at from articles") == {
        "text": "", "pruned_at": later(93 * DAY).isoformat(),
    }  # fmt: skip


def test_a_text_that_an_earlier_version_read_again_and_left_marked_goes_too(conn: sqlite3.Connection) -> None:
    read(conn, "Bolivia")
    conn.execute("update articles set pruned_at = 'then'")
    assert prune(conn) == 1


def test_another_headline_does_not_unmark_a_text_that_went(conn: sqlite3.Connection) -> None:
    read(conn, "Bolivia")
    prune(conn)
    store(conn, poll([entry("0", "Chile", "Resumen")], at=later(92 * DAY)))
    assert column(conn, "select pruned_at is not null from articles") == [1]


def test_the_texts_of_revisions_go_with_those_of_their_articles(conn: sqlite3.Connection) -> None:
    read(conn, "Bolivia", "Perú")
    for number in (1, 2):
        store(conn, page(number, "Otro texto", name=str(number - 1), at=later(1)))
    match(conn, later(1))
    assert column(conn, "select text from revisions") == ["Texto", "Texto"]
    assert prune(conn) == 2
    rows = conn.execute("select article_id, title, text from revisions order by id")
    assert [tuple(row) for row in rows] == [(1, "Bolivia", ""), (2, "Perú", "Texto")]
    assert prune(conn) == 0


def test_texts_go_a_batch_at_a_time(conn: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintain, "BATCH", 2)
    read(conn, *(f"Bolivia {number}" for number in range(5)))
    assert [prune(conn) for _ in range(4)] == [2, 2, 1, 0]


# --- robots.txt -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "left"),
    [pytest.param(29.9, 2, id="still a last good copy"), pytest.param(30.1, 1, id="too old to be one")],
)
def test_a_robots_txt_goes_when_it_expired_more_than_thirty_days_ago(
    conn: sqlite3.Connection, days: float, left: int
) -> None:
    for host, expires in (("https://a.example", later(0)), ("https://b.example", later(20 * DAY))):
        store(
            conn,
            RobotsRecord(host=host, fetched_at=NOW, expires_at=expires, status=200, body="User-agent: *"),
        )
    assert maintain.forget_robots(conn, later(days * DAY)) == 2 - left
    assert column(conn, "select host from robots order by host desc limit 1") == ["https://b.example"]
    assert len(column(conn, "select host from robots")) == left
