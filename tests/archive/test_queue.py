"""Between the change queue and the matches: nothing is lost, nothing is written twice."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive import queue, search
from archive.connect import open_writer, transaction
from archive.match import Matcher
from archive.topic import compile_topic
from tests.archive.world import (
    MATCHER,
    NOW,
    TOPICS,
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
    undone,
)

Taken = list[queue.Changed]


def confirm(conn: sqlite3.Connection, taken: Taken, matcher: Matcher = MATCHER) -> int:
    with transaction(conn):
        return queue.confirm(conn, [(one, matcher.match(one.fields)) for one in taken], VERSIONS, NOW)


def waiting(conn: sqlite3.Connection) -> int:
    return column(conn, "select count(*) from changes")[0]


def test_what_changed_is_matched_and_leaves_the_queue(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("b", "Nothing of it"), entry("a", "Litio en el Perú", "U.S. troops")]))
    assert waiting(conn) == 2
    assert confirm(conn, queue.take(conn, 10)) == 3
    assert waiting(conn) == 0
    assert column(conn, "select topic_id from matches order by topic_id") == ["lithium", "peru", "us-troops"]
    assert one(conn, "select topic_version, content, backfill, ended_at from matches where topic_id = 'peru'") == {
        "topic_version": VERSIONS["peru"], "content": "summary", "backfill": 0, "ended_at": None,
    }  # fmt: skip
    hit = one(
        conn,
        "select field, start, \"end\", text, variant, how from hits join matches on seq = match_seq where topic_id = 'peru'",
    )
    assert hit == {
        "field": "title",
        "start": 12,
        "end": 16,
        "text": "Perú",
        "variant": "Peru",
        "how": "folded",
    }


def test_the_longest_waiting_comes_first(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("c"), entry("b"), entry("a")]))
    queue.enqueue(conn, 1, "again", NOW)
    assert [changed.article_id for changed in queue.take(conn, 2)] == [1, 2]
    confirm(conn, queue.take(conn, 2))
    assert [changed.article_id for changed in queue.take(conn, 2)] == [3]


def test_confirm_deletes_exactly_what_was_read(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("b", "Peru"), entry("a", "Peru")]))
    taken = queue.take(conn, 1)
    store(conn, poll([entry("c", "Peru")], at=later(1)))
    assert confirm(conn, taken) == 1
    assert column(conn, "select article_id from changes order by seq") == [2, 3]
    assert column(conn, "select article_id from matches") == [1]


def test_an_article_that_changed_meanwhile_stays_and_gets_nothing_written(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("b", "Perú vota"), entry("a", "Peru votes")]))  # the oldest is the last: a is 1
    taken = queue.take(conn, 10)
    store(conn, poll([entry("a", "Bolivia votes")], at=later(1)))
    assert confirm(conn, taken) == 1
    assert column(conn, "select article_id from matches") == [2]
    assert column(conn, "select why from changes where article_id = 1 order by seq") == [
        "new",
        "entry revised",
    ]
    assert column(conn, "select count(*) from changes where article_id = 2") == [0]
    assert confirm(conn, queue.take(conn, 10)) == 0
    assert waiting(conn) == 0
    assert column(conn, "select article_id from matches") == [2]


def test_not_confirming_loses_nothing(conn: sqlite3.Connection, path: Path) -> None:
    store(conn, poll([entry("a", "Peru votes")]))
    before = dump(conn, "changes", "matches")
    first = queue.take(conn, 10)
    conn.close()  # the process was killed between the two
    with closing(open_writer(path)) as again:
        assert dump(again, "changes", "matches") == before
        assert queue.take(again, 10) == first
        assert confirm(again, first) == 1


def test_a_confirm_that_fails_half_way_leaves_everything_as_it_was(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("b", "Peru votes"), entry("a", "Litio")]))
    before = dump(conn, "changes", "matches", "hits")
    taken = queue.take(conn, 10)
    results = [(one, MATCHER.match(one.fields)) for one in taken]
    with pytest.raises(KeyError), transaction(conn):
        queue.confirm(conn, results, {"lithium": "v"}, NOW)  # it stores the first, and trips over peru
    assert dump(conn, "changes", "matches", "hits") == before


def test_confirming_twice_writes_once(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a", "Peru votes")]))
    taken = queue.take(conn, 10)
    assert confirm(conn, taken) == 1
    before = dump(conn, "matches", "hits", "changes")
    assert confirm(conn, taken) == 0
    assert dump(conn, "matches", "hits", "changes") == before


def test_a_match_that_ends_and_comes_back_gets_a_new_sequence(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a", "Peru votes")]))
    match(conn)
    store(conn, poll([entry("a", "Bolivia votes")], at=later(1)))
    assert match(conn, later(2)) == 0
    ended = one(conn, "select seq, ended_at, ended_because from matches")
    assert ended == {"seq": 1, "ended_at": "2026-07-19T12:02:00+00:00", "ended_because": "revised"}
    assert column(conn, "select count(*) from matched_articles") == [0]
    store(conn, poll([entry("a", "PERU votes")], at=later(3)))
    assert match(conn, later(4)) == 1
    assert one(conn, "select seq, matched_at, ended_at, ended_because from matches") == {
        "seq": 2, "matched_at": "2026-07-19T12:00:00+00:00", "ended_at": None, "ended_because": None,
    }  # fmt: skip
    assert [tuple(row) for row in conn.execute("select match_seq, text from hits")] == [(2, "PERU")]


def test_a_match_that_had_ended_when_its_digest_was_made_is_in_the_one_after_its_return(
    conn: sqlite3.Connection,
) -> None:
    store(conn, poll([entry("b", "Peru votes"), entry("a", "Peru sings")]))
    match(conn)
    store(conn, poll([entry("a", "Bolivia sings")], at=later(1)))
    match(conn, later(1))
    first = search.top_seq(conn)
    assert [told.title for told in search.matched_between(conn, 0, first, None)] == ["Peru votes"]
    store(conn, poll([entry("a", "Peru sings again")], at=later(2)))
    match(conn, later(2))
    second = search.top_seq(conn)
    assert [told.title for told in search.matched_between(conn, first, second, None)] == ["Peru sings again"]
    assert search.matched_between(conn, second, second + 10, None) == []


def test_a_sequence_that_a_match_left_is_never_handed_out_again(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a", "Peru votes")]))
    match(conn)
    for minute, title in enumerate(["Bolivia", "Peru", "Bolivia", "Peru"], start=1):
        store(conn, poll([entry("a", title)], at=later(minute)))
        match(conn, later(minute))
    store(conn, poll([entry("b", "Peru votes")], at=later(9)))
    match(conn, later(9))
    assert column(conn, "select seq from matches order by seq") == [3, 4]


def test_a_match_that_stands_keeps_its_sequence_however_often_it_is_made(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a", "Peru votes")]))
    match(conn)
    before = dump(conn, "matches", "hits")
    queue.enqueue(conn, 1, "again", later(1))
    assert match(conn, later(1)) == 0
    assert dump(conn, "matches", "hits") == before


def test_a_match_that_has_ended_does_not_end_again(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a", "Peru votes")]))
    match(conn)
    for minute, title in enumerate(["Bolivia votes", "Chile votes"], start=1):
        store(conn, poll([entry("a", title)], at=later(minute)))
        match(conn, later(minute))
    assert column(conn, "select ended_at from matches") == ["2026-07-19T12:01:00+00:00"]


def test_what_is_read_of_an_article_widens_and_the_match_stays_one(conn: sqlite3.Connection) -> None:
    seen = []
    for step in (
        poll([entry("a", "Peru votes")]),
        poll([entry("a", "Peru votes", "All of Peru")], at=later(1)),
        page(1, "Peru, Peru and Peru"),
    ):
        store(conn, step)
        match(conn)
        seen.append(
            tuple(conn.execute("select seq, content, (select count(*) from hits) from matches").fetchone())
        )
    assert seen == [(1, "title", 1), (1, "summary", 2), (1, "full", 5)]


def test_a_topic_that_was_not_asked_ends_nothing(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a", "Litio en el Perú")]))
    match(conn)
    queue.enqueue(conn, 1, "again", NOW)
    only = Matcher([compile_topic(TOPICS[2])])
    with transaction(conn):
        taken = queue.take(conn, 10)
        queue.confirm(
            conn, [(one, only.match(one.fields)) for one in taken], {"lithium": VERSIONS["lithium"]}, NOW
        )
    assert column(conn, "select count(*) from matches where ended_at is null") == [2]


def test_backfill_is_handed_on_to_the_match(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a", "Peru votes")]))
    conn.execute("update articles set backfill = 1")
    match(conn)
    assert column(conn, "select backfill from matches") == [1]


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_an_article_with_more_rows_than_the_limit_does_not_starve_the_rest(
    conn: sqlite3.Connection, limit: int
) -> None:
    store(conn, poll([entry("b", "Peru votes"), entry("a", "Peru votes")]))
    for _ in range(3 * limit):
        queue.enqueue(conn, 2, "again", NOW)
        queue.enqueue(conn, 1, "again", NOW)
    rounds = 0
    while taken := queue.take(conn, limit):
        confirm(conn, taken)
        rounds += 1
        assert rounds <= 2, "each round must take an article out"
    assert waiting(conn) == 0
    assert column(conn, "select count(*) from matches") == [2]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.lists(st.sampled_from(["poll Peru", "poll Bolivia", "poll litio", "take", "confirm"]), max_size=12))
def test_whatever_the_order_the_matches_end_as_the_articles_are(
    conn: sqlite3.Connection, steps: list[str]
) -> None:
    with undone(conn):
        taken: Taken = []
        for minute, step in enumerate(steps):
            if step == "take":
                taken = queue.take(conn, 1 + minute % 2)
            elif step == "confirm":
                confirm(conn, taken)
            else:
                store(conn, poll([entry("ab"[minute % 2], step)], at=later(minute)))
        match(conn)
        expected = {
            (row["id"], topic)
            for row in conn.execute("select id, title from articles")
            for topic in MATCHER.match({"title": row["title"]})
        }
        rows = conn.execute("select article_id, topic_id from matches where ended_at is null")
        assert set(map(tuple, rows)) == expected
