"""A new or changed topic and the articles that are stored already."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import pytest

from archive import due, queue, rematch, search
from archive.connect import transaction
from archive.match import Matcher
from archive.topic import TopicSpec, compile_topics
from crawler.pipelines import store_stored, take_stored
from tests.archive.world import (
    ANDINA,
    HARBOUR,
    TOPICS,
    column,
    entry,
    later,
    match,
    one,
    page,
    poll,
    spec,
    store,
)  # fmt: skip

MINING = spec("mining", "mina", "mine")


class List:
    """A watch list that a service has started with."""

    def __init__(self, conn: sqlite3.Connection, specs: Sequence[TopicSpec], minutes: float = 1) -> None:
        self.conn = conn
        topics = compile_topics(specs)
        self.matcher = Matcher(topics)
        self.versions = {topic.topic_id: topic.version for topic in topics}
        self.at = later(minutes)
        with transaction(conn):
            due.sync(conn, [ANDINA, HARBOUR], topics, self.at)

    def batch(self) -> bool:
        """Do one batch, as the service does; return whether there was something to do."""
        work = rematch.todo(self.conn)
        if work is None:
            return False
        store_stored(self.conn, work, take_stored(self.conn, self.matcher, work), self.versions, self.at)
        return True

    def apply(self) -> int:
        batches = 0
        while self.batch():
            batches += 1
        return batches


@pytest.fixture(autouse=True)
def articles(conn: sqlite3.Connection) -> None:
    names = {"a": "Una mina en el Perú", "b": "Litio en Puno", "c": "Peru, Indiana: a mine closes"}
    store(conn, poll([entry(name, title) for name, title in names.items()]))
    List(conn, TOPICS, minutes=0).apply()
    match(conn)
    assert rematch.todo(conn) is None


def found(conn: sqlite3.Connection, topic_id: str) -> list[tuple[str, int]]:
    rows = conn.execute(
        """select substr(a.key, -1), m.backfill from matches m join articles a on a.id = m.article_id
        where topic_id = ? and ended_at is null order by 1""",
        (topic_id,),
    )
    return [tuple(row) for row in rows]


def test_a_new_topic_finds_what_is_stored_and_marks_it_backfill(conn: sqlite3.Connection) -> None:
    top = search.top_seq(conn)
    List(conn, (*TOPICS, MINING)).apply()
    assert found(conn, "mining") == [("a", 1), ("c", 1)]
    assert found(conn, "peru") == [("a", 0)]
    # What is backfill is in no digest.
    assert list(search.matched_between(conn, top, search.top_seq(conn), None)) == []
    texts = column(
        conn, "select h.text from hits h join matches m on seq = match_seq where topic_id = 'mining'"
    )
    assert sorted(texts) == ["mina", "mine"]


def test_what_is_applied_is_applied_once(conn: sqlite3.Connection) -> None:
    assert List(conn, (*TOPICS, MINING)).apply() == 2  # the articles, and the end
    assert List(conn, (*TOPICS, MINING), minutes=2).apply() == 0


def test_a_changed_topic_gains_and_loses(conn: sqlite3.Connection) -> None:
    before = one(conn, "select seq, matched_at from matches where topic_id = 'peru'")
    List(conn, (spec("peru", "Puno", "Perú"), *TOPICS[1:])).apply()
    assert found(conn, "peru") == [("a", 0), ("b", 1), ("c", 1)]
    kept = one(conn, "select seq, matched_at from matches where topic_id = 'peru' and article_id = 3")
    assert kept == before  # it was told, or will be, as it was
    changed = List(conn, (spec("peru", "Puno"), *TOPICS[1:]), minutes=2)
    changed.apply()
    assert found(conn, "peru") == [("b", 1)]
    assert one(conn, "select ended_at, ended_because from matches where topic_id = 'peru' and article_id = 3") == {
        "ended_at": "2026-07-19T12:02:00+00:00", "ended_because": "topic",
    }  # fmt: skip
    assert column(
        conn, "select distinct topic_version from matches where topic_id = 'peru' and ended_at is null"
    ) == [changed.versions["peru"]]


def test_news_that_a_topic_lost_and_finds_again_is_news(conn: sqlite3.Connection) -> None:
    """Somebody edits a topic, starts, and edits it back before the digest of the morning."""
    top = search.top_seq(conn)
    List(conn, (spec("peru", "Puno"), *TOPICS[1:])).apply()
    List(conn, TOPICS, minutes=2).apply()
    assert found(conn, "peru") == [("a", 0)]
    assert [one.topic_id for one in search.matched_between(conn, top, search.top_seq(conn), None)] == ["peru"]


def test_backfill_that_comes_back_is_backfill(conn: sqlite3.Connection) -> None:
    List(conn, (*TOPICS, MINING)).apply()
    List(conn, (*TOPICS, spec("mining", "cobre")), minutes=2).apply()
    assert found(conn, "mining") == []
    List(conn, (*TOPICS, MINING), minutes=3).apply()
    assert found(conn, "mining") == [("a", 1), ("c", 1)]


@pytest.mark.parametrize("waits", [True, False])
def test_what_changes_between_reading_and_storing_is_left_to_the_queue(
    conn: sqlite3.Connection, waits: bool
) -> None:
    listed = List(conn, (*TOPICS, spec("mining", "cobre", "mina")))
    work = rematch.todo(conn)
    assert work is not None
    taken = take_stored(conn, listed.matcher, work)
    store(conn, page(1, "Cobre en el norte", name="c", at=later(1)))
    if not waits:
        for changed in queue.take(conn, 10):
            with transaction(conn):
                queue.confirm(
                    conn, [(changed, listed.matcher.match(changed.fields))], listed.versions, later(2)
                )
    store_stored(conn, work, taken, listed.versions, later(3))
    listed.apply()
    mining = dict(found(conn, "mining"))
    assert mining["a"] == 1
    # By the queue it is news, and its hits are of the words that it has now.
    assert mining.get("c") == (None if waits else 0)
    for row in conn.execute(
        """select h.text, substr(case h.field when 'title' then a.title when 'summary' then a.summary else a.text end,
        h.start + 1, h."end" - h.start) as cut from hits h join matches m on m.seq = h.match_seq
        join articles a on a.id = m.article_id where h.field in ('title', 'summary', 'text')"""
    ):
        assert row["text"] == row["cut"]


def test_a_stop_in_the_middle_loses_nothing(
    conn: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rematch.take, "__defaults__", (1,))
    List(conn, (*TOPICS, MINING)).batch()
    assert len(found(conn, "mining")) < 2
    assert List(conn, (*TOPICS, MINING), minutes=2).apply() == 2  # the other that may match, and the end
    assert found(conn, "mining") == [("a", 1), ("c", 1)]


def test_a_change_in_the_middle_begins_anew(
    conn: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rematch.take, "__defaults__", (1,))
    List(conn, (*TOPICS, MINING)).batch()
    List(conn, (*TOPICS, spec("mining", "litio", "mine")), minutes=2).apply()
    assert found(conn, "mining") == [("b", 1), ("c", 1)]


def test_a_topic_that_was_away_sees_what_came_meanwhile(conn: sqlite3.Connection) -> None:
    away = List(conn, TOPICS[1:])
    store(conn, poll([entry("d", "Elecciones en el Perú")], at=later(1)))
    match(conn, later(1), away.matcher)
    assert found(conn, "peru") == [("a", 0)]
    List(conn, TOPICS, minutes=2).apply()
    assert found(conn, "peru") == [("a", 0), ("d", 1)]


def test_an_article_in_the_queue_is_news_to_a_new_topic(conn: sqlite3.Connection) -> None:
    listed = List(conn, (*TOPICS, MINING))
    store(conn, page(1, "Dicen que la mina cierra", name="c", at=later(1)))
    [waiting] = queue.take(conn, 10)
    listed.apply()
    assert waiting.article_id not in column(conn, "select article_id from matches where topic_id = 'mining'")
    with transaction(conn):
        queue.confirm(conn, [(waiting, listed.matcher.match(waiting.fields))], listed.versions, later(2))
    assert ("c", 0) in found(conn, "mining")


def test_an_article_that_cannot_be_matched_stops_no_other(
    conn: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    listed = List(conn, (*TOPICS, MINING))
    match_one = listed.matcher.match

    def broken(fields: dict[str, str]) -> object:
        if "Perú" in fields["title"]:
            raise ZeroDivisionError
        return match_one(fields)

    monkeypatch.setattr(listed.matcher, "match", broken)
    listed.apply()
    assert found(conn, "mining") == [("c", 1)]
    assert "the stored article 3 could not be matched" in caplog.text


def test_what_is_known_of_an_article_can_be_asked(conn: sqlite3.Connection) -> None:
    query = TopicSpec(
        topic_id="andina", title="Andina", query="source:andina AND country:PE AND lang:es AND litio"
    )
    List(conn, (*TOPICS, query)).apply()
    assert found(conn, "andina") == [("b", 1)]
    assert set(column(conn, "select field from hits h join matches m on seq = match_seq where topic_id = 'andina'")) == {
        "title", "source", "country", "lang",
    }  # fmt: skip


def test_dictionaries_are_remembered_with_the_version(conn: sqlite3.Connection) -> None:
    assert column(conn, "select facts from topic_versions where topic_id = 'us-troops'") == [None]
