"""The tables: what others rely on, and an index that stays in step."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from archive import due, maintain, reach, schema
from archive.connect import open_reader, open_writer, transaction
from archive.normalize import clean
from tests.archive.world import NOW, column, entry, later, page, poll, store, undone

# Names that others build on: more may come, none goes.
CONTRACT = {
    "articles": "id key url source_id title author language published_at published_from first_seen_at summary text content",
    "matches": "seq article_id topic_id topic_version matched_at content backfill ended_at ended_because",
    "hits": "match_seq field start end text variant how",
    "sources": "id name country language",
    "endpoints": "id source_id kind url",
    "polls": "endpoint_id at outcome status items known new bytes ms",
    "offers": "article_id endpoint_id guid link first_seen_at last_seen_at backfill",
    "aliases": "url article_id why",
    "revisions": "article_id at why title summary text",
    "stories": "id first_seen_at outlets",
    "topics": "id title version",
    "topic_versions": "topic_id version definition",
    "changes": "seq article_id why",
    "events": "source_id endpoint_id kind since until",
    "robots": "host fetched_at status body expires_at",
    "matched_articles": "seq topic title source matched url",
    "daily_mentions": "day topic_id source_id articles",
    "source_health": "id name state last_ok failures articles open_events",
}


@pytest.mark.parametrize(("table", "names"), CONTRACT.items(), ids=CONTRACT)
def test_a_table_has_the_columns_that_others_rely_on(
    conn: sqlite3.Connection, table: str, names: str
) -> None:
    assert set(names.split()) <= set(column(conn, "select name from pragma_table_info(?)", table))


def test_migrating_twice_does_nothing(tmp_path: Path) -> None:
    with closing(open_writer(tmp_path / "archive.db")) as conn:
        waiting = schema.pending(conn)
        assert waiting
        assert schema.migrate(conn) == waiting
        before = list(conn.iterdump())
        assert schema.pending(conn) == []
        assert schema.migrate(conn) == []
        assert list(conn.iterdump()) == before


def test_pending_writes_nothing_and_can_be_asked_of_a_reader(tmp_path: Path) -> None:
    path = tmp_path / "archive.db"
    with closing(open_writer(path)) as conn, closing(open_reader(path)) as reader:
        waiting = schema.pending(reader)
        assert waiting == schema.pending(conn) != []
        assert column(conn, "select name from sqlite_schema") == []
        schema.migrate(conn)
        assert schema.pending(reader) == []


def test_the_tables_hold_together(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a")]))
    assert column(conn, "pragma integrity_check") == ["ok"]
    assert conn.execute("pragma foreign_key_check").fetchall() == []
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        conn.execute("insert into changes (article_id, why, at) values (99, 'x', 'x')")


def test_an_id_is_never_given_twice(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a")]))
    for table in ("changes", "pages", "offers", "articles"):
        conn.execute(f"delete from {table}")
    store(conn, poll([entry("b")]))
    assert column(conn, "select id from articles") == [2]


# --- full text --------------------------------------------------------------------------------------------


def indexed(conn: sqlite3.Connection, word: str) -> list[int]:
    return column(conn, "select rowid from articles_fts where articles_fts match ?", word)


def check_index(conn: sqlite3.Connection) -> None:
    """Raises when the index and the articles say different things."""
    conn.execute("insert into articles_fts (articles_fts, rank) values ('integrity-check', 1)")


def test_the_index_follows_every_change_of_an_article(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a", "Perú vota", "La jornada")]))
    assert indexed(conn, "peru") == indexed(conn, "jornada") == [1]
    check_index(conn)
    store(conn, page(1, "Un proyecto de litio en Puno"))
    assert indexed(conn, "litio") == indexed(conn, "peru") == [1]
    check_index(conn)
    store(conn, poll([entry("a", "Bolivia vota", "La jornada")], at=later(1)))
    assert (indexed(conn, "peru"), indexed(conn, "bolivia")) == ([], [1])
    check_index(conn)
    assert maintain.prune_texts(conn, later(10**6), later(0) - NOW) == 0  # it waits in the queue
    conn.execute("delete from changes")
    assert maintain.prune_texts(conn, later(10**6), later(0) - NOW) == 2  # its text, and that of its revision
    assert (indexed(conn, "litio"), indexed(conn, "bolivia")) == ([], [1])
    check_index(conn)


def test_an_article_that_changes_before_it_is_indexed_is_indexed_as_it_stands(
    conn: sqlite3.Connection,
) -> None:
    with transaction(conn):
        for number, title in enumerate(("Perú", "Chile", "Ecuador"), 1):
            conn.execute(
                """insert into articles (id, key, source_id, title, published_from, first_seen_at, content)
                values (?1, ?1, 'andina', ?2, 'none', '', 'title')""",
                (number, title),
            )
        conn.execute("update articles set title = 'Bolivia' where id = 1")
        conn.execute("delete from articles where id = 2")
        reach.admit_new(conn)
        reach.admit_new(conn)  # what is in it is not new
    assert [indexed(conn, word) for word in ("peru", "bolivia", "chile", "ecuador")] == [[], [1], [], [3]]
    check_index(conn)


def test_the_check_of_these_tests_can_say_no(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a", "Peru")]))
    conn.execute("drop trigger articles_fts_update")
    conn.execute("update articles set title = 'Bolivia'")
    with pytest.raises(sqlite3.DatabaseError):
        check_index(conn)


def test_other_updates_do_not_index_an_article_again(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a", "Peru")]))
    before = conn.execute("select count(*), max(id) from articles_fts_data").fetchone()
    for name in (
        "story_id = 1",
        "backfill = 1",
        "language = 'es'",
        "pruned_at = 'now'",
        "published_at = 'now'",
    ):
        conn.execute(f"update articles set {name}")
    assert tuple(conn.execute("select count(*), max(id) from articles_fts_data").fetchone()) == tuple(before)
    conn.execute("update articles set title = 'Bolivia'")
    assert tuple(conn.execute("select count(*), max(id) from articles_fts_data").fetchone()) != tuple(before)
    check_index(conn)


TEXT = st.text(max_size=40).map(clean)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(["title", "summary", "text", "author"]), TEXT), max_size=8))
def test_the_index_stays_in_step_whatever_is_written(
    conn: sqlite3.Connection, changes: list[tuple[str, str]]
) -> None:
    with undone(conn):
        store(conn, poll([entry("a", "Peru")]))
        for name, text in changes:
            conn.execute(f"update articles set {name} = ?", (text,))
        check_index(conn)
        conn.execute("delete from changes")
        conn.execute("delete from pages")
        conn.execute("delete from offers")
        conn.execute("delete from articles")
        check_index(conn)


# --- views ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failures", "polled", "active", "state"),
    [
        pytest.param((0, 0), True, 1, "ok", id="both read"),
        pytest.param((0, 3), True, 1, "partly", id="one failing"),
        pytest.param((2, 3), True, 1, "failing", id="both failing"),
        pytest.param((0, 0), False, 1, "waiting", id="never polled"),
        pytest.param((2, 3), True, 0, "removed", id="no longer configured"),
    ],
)
def test_the_health_of_a_source(
    conn: sqlite3.Connection, failures: tuple[int, int], polled: bool, active: int, state: str
) -> None:
    for number, count in enumerate(failures, start=1):
        conn.execute(
            "update endpoints set failures = ?, last_poll_at = ? where id = ?",
            (count, "now" if polled else None, number),
        )
    conn.execute("update sources set active = ? where id = 'andina'", (active,))
    assert column(conn, "select state from source_health where id = 'andina'") == [state]
    assert column(conn, "select failures from source_health where id = 'andina'") == [max(failures)]


# --- archives of earlier versions -------------------------------------------------------------------------


def test_a_page_that_waits_in_an_archive_of_the_first_version_is_still_due(tmp_path: Path) -> None:
    with closing(open_writer(tmp_path / "archive.db")) as conn:
        schema.migrations.apply(Database(conn, execute_plugins=False), stop_before="pages_by_source")
        conn.execute("insert into sources (id, name, added_at) values ('andina', 'Andina', '')")
        conn.execute(
            """insert into articles (id, key, url, source_id, title, published_from, first_seen_at, content)
            values (1, 'k', 'https://news.example/a', 'andina', 'Peru', 'none', '', 'title')"""
        )
        conn.execute("insert into pages (article_id, state, due_at) values (1, 'due', ?)", (NOW.isoformat(),))
        assert schema.migrate(conn)[:3] == ["pages_by_source", "merged_articles", "applied_topics"]
        assert [task.url for task in due.due_pages(conn, NOW, 10, leave=frozenset())] == [
            "https://news.example/a"
        ]
        assert column(conn, "select articles from source_health where id = 'andina'") == [1]
