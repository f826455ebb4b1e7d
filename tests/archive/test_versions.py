"""The history of a topic's definitions."""

from __future__ import annotations

import sqlite3

from hypothesis import given
from hypothesis import strategies as st

from archive import due, rematch, versions
from archive.connect import transaction
from archive.match import Matcher
from archive.topic import Term, TopicSpec, compile_topics
from crawler.pipelines import store_stored, take_stored
from tests.archive.world import ANDINA, HARBOUR, entry, later, match, poll, store


def spec(topic_id: str, *terms: str, **more: object) -> TopicSpec:
    return TopicSpec(topic_id=topic_id, title=topic_id, terms=tuple(map(Term, terms)), **more)  # type: ignore[arg-type]


def sync(conn: sqlite3.Connection, minutes: float, *specs: TopicSpec) -> None:
    with transaction(conn):
        due.sync(conn, [ANDINA, HARBOUR], compile_topics(specs), later(minutes))


def test_each_definition_is_told_with_what_it_changed(conn: sqlite3.Connection) -> None:
    sync(conn, 1, spec("mining", "mina", query="a\n  OR b"))
    sync(conn, 2, spec("mining", "mina", "mine", exclude=("una mina de oro",)))
    sync(conn, 3, spec("mining", "mina", query="a\n  OR b"))  # back again: no new definition
    first, second = versions.history(conn, "mining")
    assert first.added == first.parts == ("terms: mina", "query: a OR b")
    assert second.added == ("terms: mine", "exclude: una mina de oro")
    assert second.removed == ("query: a OR b",)
    assert (first.number, second.number) == (1, 2)
    assert (first.added_at, second.added_at) == (later(1), later(2))


def test_a_topic_that_changes_with_another_keeps_its_words(conn: sqlite3.Connection) -> None:
    sync(conn, 1, spec("a", "mina"), spec("b", query="@a AND oro"))
    sync(conn, 2, spec("a", "mina", "mine"), spec("b", query="@a AND oro"))
    first, second = versions.history(conn, "b")
    assert first.version != second.version
    assert (second.added, second.removed) == ((), ())


def test_a_definition_that_the_archive_has_not_seen_comes_last(conn: sqlite3.Connection) -> None:
    sync(conn, 1, spec("mining", "mina"))
    (topic,) = compile_topics([spec("mining", "mine")])
    last = versions.unseen(topic.version, topic.definition, versions.history(conn, "mining"))
    assert (last.number, last.added, last.removed) == (None, ("terms: mine",), ("terms: mina",))
    assert versions.unseen(topic.version, topic.definition, []).removed == ()


def test_a_match_points_at_the_definition_that_made_it_and_at_that_by_which_it_holds(
    conn: sqlite3.Connection,
) -> None:
    mine, both, quarry = spec("mining", "mine"), spec("mining", "mine", "quarry"), spec("mining", "quarry")
    sync(conn, 1, mine)
    store(conn, poll([entry("a", "A mine"), entry("b", "A mine and a quarry"), entry("c", "A quarry")]))
    seen = []
    for minutes, now in enumerate((mine, both, quarry, mine), start=2):
        sync(conn, minutes, now)
        if minutes == 2:
            match(conn, matcher=Matcher(compile_topics([now])))
        while work := rematch.todo(conn):
            taken = take_stored(conn, Matcher(compile_topics([now])), work)
            store_stored(conn, work, taken, {"mining": now.version}, later(minutes))
        seen.append([(one.made, one.standing) for one in versions.history(conn, "mining")])
    assert seen == [
        [(2, 2)],
        [(2, 0), (1, 3)],
        [(2, 0), (1, 0), (0, 2)],
        [(2, 2), (1, 0), (0, 0)],
    ]


@given(st.lists(st.text(max_size=3)), st.lists(st.text(max_size=3)))
def test_what_came_in_and_went_out_leads_from_one_to_the_other(before: list[str], after: list[str]) -> None:
    added, removed = versions.compared(before, after)
    assert (set(before) - set(removed)) | set(added) == set(after)
    assert not set(added) & set(before)
    assert not set(removed) & set(after)
