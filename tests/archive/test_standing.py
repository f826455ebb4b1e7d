"""What stood at an endpoint when it was first read is no news; what comes is. And reading it twice is reading it once."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive import due
from archive.errors import ParseError
from archive.model import Endpoint, EndpointKind, Entry, Feed, Outcome, Source
from crawler.sections import read_section
from crawler.sitemaps import read_sitemap
from tests.archive.world import (
    FRONT,
    NOW,
    POLITICS,
    column,
    configure,
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

WHAT = ("articles", "offers", "pages", "revisions", "aliases", "changes", "standing", "matches", "hits")


def timeless(name: str, **changes: object) -> Entry:
    return entry(name, timeless=True, **changes)


def titles(conn: sqlite3.Connection) -> list[str]:
    return column(conn, "select title from articles order by id")


def test_what_stood_there_first_is_never_an_article(conn: sqlite3.Connection) -> None:
    first = store(conn, poll([timeless("terms"), timeless("old")]))
    assert (first.entries, first.new) == (2, 0)
    second = store(conn, poll([timeless("new"), timeless("terms"), timeless("old")], at=later(15)))
    assert (second.entries, second.new) == (3, 1)
    store(conn, poll([timeless("terms"), timeless("new")], at=later(30)))
    assert titles(conn) == ["Story new"]
    assert column(conn, "select key from standing order by key") == [
        "https://news.example/old",
        "https://news.example/terms",
    ]
    assert column(conn, "select known from polls order by at") == [2, 2, 2]


def test_what_is_dated_is_an_article_at_the_first_poll_too(conn: sqlite3.Connection) -> None:
    assert store(conn, poll([entry("dated"), timeless("terms")])).new == 1
    assert titles(conn) == ["Story dated"]


def test_each_endpoint_has_a_first_poll_of_its_own(conn: sqlite3.Connection) -> None:
    store(conn, poll([timeless("terms")]))
    store(conn, poll([timeless("terms"), timeless("other")], FRONT, at=later(1)))
    store(conn, poll([timeless("third")], FRONT, at=later(2)))
    assert titles(conn) == ["Story third"]


def test_a_poll_that_failed_was_not_the_first(conn: sqlite3.Connection) -> None:
    store(conn, poll(None, outcome=Outcome.FAILED, reason="timeout", status=None))
    assert store(conn, poll([timeless("terms")], at=later(15))).new == 0


def test_an_article_that_a_feed_offered_is_offered_here_too(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a")]))
    store(conn, poll([timeless("a"), timeless("terms")], FRONT, at=later(1)))
    assert titles(conn) == ["Story a"]
    assert column(conn, "select endpoint_id from offers order by 1") == [POLITICS, FRONT]
    assert column(conn, "select key from standing") == ["https://news.example/terms"]


def test_what_stood_there_is_an_article_once_something_dates_it(conn: sqlite3.Connection) -> None:
    store(conn, poll([timeless("a")]))
    assert store(conn, poll([entry("a")], at=later(15))).new == 1


def test_a_thousand_links_that_stood_there_are_left_out(conn: sqlite3.Connection) -> None:
    links = [timeless(str(number)) for number in range(1_000)]
    store(conn, poll(links))
    assert store(conn, poll([*links, timeless("new")], at=later(15))).new == 1


def test_an_entry_without_a_title_matches_nothing_until_its_page_gives_one(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a", title="")]))
    assert match(conn) == 0
    assert one(conn, "select title, content from articles") == {"title": "", "content": "title"}
    read = page(1, "Litio en Puno.")
    assert read.article is not None
    store(conn, replace(read, article=replace(read.article, title="El Perú vota")))
    assert match(conn) == 2
    assert one(conn, "select title, content from articles") == {"title": "El Perú vota", "content": "full"}
    # Offered again without a title, it keeps the one that its page gave.
    store(conn, poll([entry("a", title="", tags=("x",))], at=later(15)))
    assert titles(conn) == ["El Perú vota"]


NAMES = st.lists(
    st.sampled_from(["/a-story-of-puno-today", "/2026/07/19/b", "/c", "/nota/1234567"]), max_size=6
)


def sitemap(names: list[str], dated: bool) -> Feed:
    lastmod = f"<lastmod>{NOW.isoformat()}</lastmod>" if dated else ""
    body = "".join(f"<url><loc>{name}</loc>{lastmod}</url>" for name in names)
    return read_sitemap(
        f"<urlset>{body}</urlset>".encode(),
        url="https://news.example/sitemap.xml",
        source_id="andina",
        since=NOW - timedelta(days=3),
    ).feed


def section(names: list[str]) -> Feed:
    body = "".join(f'<a href="{name}">Congreso aprueba la ley del litio</a>' for name in names)
    with suppress(ParseError):
        return read_section(body.encode(), url="https://news.example/", source_id="andina")
    return Feed(title="", format="section page", entries=())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(NAMES, st.booleans(), st.booleans()), min_size=1, max_size=4))
def test_discovering_and_ingesting_twice_is_once(
    conn: sqlite3.Connection, rounds: list[tuple[list[str], bool, bool]]
) -> None:
    # Twice: the same body read twice, and what came of it stored twice, one after the other and at once.
    with undone(conn):
        for number, (names, dated, is_sitemap) in enumerate(rounds):
            at = later(15 * number)
            endpoint = POLITICS if is_sitemap else FRONT
            results = [
                poll(None, endpoint, at=at, feed=sitemap(names, dated) if is_sitemap else section(names))
                for _ in range(2)
            ]
            assert results[0] == results[1]
            store(conn, results[0])
            match(conn, at)
            before = dump(conn, *WHAT)
            store(conn, *results)
            match(conn, at)
            assert dump(conn, *WHAT) == before


def test_since_when_a_sitemap_is_read_follows_its_last_good_poll(conn: sqlite3.Connection) -> None:
    kinds = {kind: Endpoint(kind=kind, url=f"https://andina.example/{kind}") for kind in EndpointKind}
    configure(conn, Source(id="andina", name="A", endpoints=tuple(kinds.values())))

    def since(at: datetime) -> dict[str, datetime | None]:
        return {task.kind: task.since for task in due.due_polls(conn, at, 10, leave=frozenset())}

    assert since(NOW) == {"feed": None, "sitemap": NOW - due.RECENT, "section": NOW - due.RECENT}
    conn.execute("update endpoints set last_ok_at = ?", ((NOW - timedelta(days=7)).isoformat(),))
    assert since(NOW)["sitemap"] == NOW - timedelta(days=7) - due.RECENT
    # A clock that ran ahead must not hide what comes.
    conn.execute("update endpoints set last_ok_at = ?", (datetime(2030, 1, 1, tzinfo=UTC).isoformat(),))
    assert since(NOW)["sitemap"] == NOW - due.RECENT
