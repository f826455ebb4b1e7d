"""What makes two offers one article, through a real feed and a real archive."""

from __future__ import annotations

import sqlite3
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive import known as stored
from archive import rekey, schema
from archive.connect import open_writer, transaction
from archive.model import Outcome, PollOutcome
from crawler import upgrade, urls
from crawler.feeds import read_feed
from crawler.pipelines import ingest
from tests.archive.world import FRONT, NOW, POLITICS, column, configure, dump, entry, later, one, page, poll

CASES = tomllib.loads((Path(__file__).parents[1] / "cases/urls/guids.toml").read_text("utf-8"))["case"]
WHAT = ("articles", "offers", "pages", "revisions", "aliases", "changes")


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(fresh(tmp_path / "archive.db")) as conn:
        yield conn


def fresh(path: Path) -> sqlite3.Connection:
    conn = open_writer(path)
    upgrade.migrate(conn, NOW)
    configure(conn)
    return conn


def item(guid: str, link: str, title: str, summary: str, date: str) -> str:
    link = f"https://faro.example{link}" if link.startswith("/") else link
    parts = {
        "guid": guid,
        "link": link,
        "title": title,
        "description": summary,
        "dc:date": date,
    }
    return (
        "<item>"
        + "".join(f"<{name}>{escape(value)}</{name}>" for name, value in parts.items() if value)
        + "</item>"
    )


def offered(items: Sequence[Sequence[str]], minutes: float = 0, endpoint: int = POLITICS) -> PollOutcome:
    body = (
        '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>T</title>'
        + "".join(item(*values[:5]).replace("<guid>", '<guid isPermaLink="false">') for values in items)
        + "</channel></rss>"
    )
    feed = read_feed(body.encode(), url="https://faro.example/rss", source_id="andina")
    return poll(None, endpoint, later(minutes), feed=feed)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["why"])
def test_a_guid_under_another_link_is_one_article_or_two_as_the_table_says(
    conn: sqlite3.Connection, case: dict[str, Any]
) -> None:
    for number, items in enumerate(case["polls"]):
        endpoint = FRONT if "portada" in items[0] else POLITICS
        ingest(conn, [offered(items, 15 * number, endpoint)])
        before = dump(conn, *WHAT)
        ingest(conn, [offered(items, 15 * number, endpoint)])
        assert dump(conn, *WHAT) == before  # twice is once
    assert column(conn, "select count(*) from articles where merged_into is null") == [case["articles"]]
    assert sorted(column(conn, "select url from aliases where why = 'guid'")) == sorted(case["aliases"])


def test_an_article_under_a_new_link_is_shown_and_read_there(conn: sqlite3.Connection) -> None:
    ingest(conn, [offered([["4", "/n/a", "Peru votes", "Sixty.", "2026-07-19T11:42:07Z"]])])
    ingest(conn, [page(1, outcome=Outcome.FAILED, article=None, reason="http_410", retry=False)])
    assert column(conn, "select state from pages") == ["failed"]
    ingest(conn, [offered([["4", "/n/b/", "Congress votes", "Sixty-one.", "2026-07-19T11:42:07Z"]], 15)])
    assert one(conn, "select key, url, title from articles") == {
        "key": "https://faro.example/n/a",
        "url": "https://faro.example/n/b/",
        "title": "Congress votes",
    }
    assert column(conn, "select state from pages") == ["due"]
    assert column(conn, "select title from revisions") == ["Peru votes"]
    assert column(conn, "select link from offers order by first_seen_at") == [
        "https://faro.example/n/a",
        "https://faro.example/n/b/",
    ]


def test_another_source_with_the_same_guid_is_another_article(conn: sqlite3.Connection) -> None:
    same = {"guid": "4711", "title": "Peru votes", "summary": "Sixty.", "published_at": later(-10.1)}
    ingest(conn, [poll([entry("a", **same)]), poll([entry("b", **same)], 3)])
    assert column(conn, "select count(*) from articles") == [2]


# --- redirectors ------------------------------------------------------------------------------------------

OPAQUE = "https://news.google.com/rss/articles/CBMiVkFVX3lxTE4zaGU2"
AT_THE_PAPER = "https://faro.example/n/4"


def through(link: str, key: str | None = None) -> list[list[str]]:
    return [["g", link, "Peru votes", key or "Sixty.", ""]]


def test_a_link_through_a_redirector_and_the_paper_s_own_are_one_article(conn: sqlite3.Connection) -> None:
    alert = "https://www.google.com/url?rct=j&url=https://faro.example/n/4/&ct=ga"
    for first, second in ((alert, AT_THE_PAPER), (AT_THE_PAPER, alert)):
        ingest(conn, [offered(through(first)), offered(through(second), 0, FRONT)])
        assert column(conn, "select key from articles") == [AT_THE_PAPER]
    assert one(conn, "select url, why from aliases") == {"url": urls.canonical(alert), "why": "redirector"}
    assert sorted(column(conn, "select link from offers")) == sorted([alert, AT_THE_PAPER] * 2)


def test_where_the_page_of_a_redirector_leads_is_the_article(conn: sqlite3.Connection) -> None:
    ingest(conn, [offered(through(OPAQUE))])
    task = page(1).task
    task = type(task)(article_id=1, source_id="andina", url=OPAQUE)
    ingest(conn, [page(1, "All of it", task=task, url=f"{AT_THE_PAPER}/?utm_source=g")])
    assert one(conn, "select key, url from articles") == {"key": OPAQUE, "url": f"{AT_THE_PAPER}/"}
    assert one(conn, "select url, why from aliases") == {"url": AT_THE_PAPER, "why": "redirect"}
    ingest(conn, [offered(through(AT_THE_PAPER), 15, FRONT)])
    assert column(conn, "select count(*) from articles") == [1]


@pytest.mark.parametrize(
    ("reason", "url"), [("http_403", AT_THE_PAPER), ("robots", AT_THE_PAPER), ("http_404", OPAQUE)]
)
def test_a_page_that_could_not_be_read_still_says_where_its_link_leads(
    conn: sqlite3.Connection, reason: str, url: str
) -> None:
    ingest(conn, [offered(through(OPAQUE))])
    task = type(page(1).task)(article_id=1, source_id="andina", url=OPAQUE)
    ingest(conn, [page(1, task=task, url=AT_THE_PAPER, outcome=Outcome.FAILED, article=None, reason=reason)])
    assert column(conn, "select url from articles") == [url]
    assert column(conn, "select url from aliases") == [url] * (url != OPAQUE)


def test_where_everybody_is_asked_for_consent_is_no_address_of_an_article(conn: sqlite3.Connection) -> None:
    ingest(conn, [offered(through(OPAQUE))])
    task = type(page(1).task)(article_id=1, source_id="andina", url=OPAQUE)
    ingest(
        conn, [page(1, "Before you go on", task=task, url=f"https://consent.google.com/m?continue={OPAQUE}")]
    )
    assert column(conn, "select url from articles") == [OPAQUE]
    assert column(conn, "select url from aliases") == []


def test_what_was_stored_under_the_redirector_is_found_when_the_feed_says_where_it_leads(
    conn: sqlite3.Connection,
) -> None:
    burner = "http://feedproxy.google.com/~r/faro/~3/a1"
    ingest(conn, [offered(through(burner))])
    feed = read_feed(
        f"""<rss version="2.0" xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0"><channel><title>T</title>
        <item><title>Peru votes</title><link>{burner}</link>
        <feedburner:origLink>{AT_THE_PAPER}</feedburner:origLink></item></channel></rss>""".encode(),
        url="https://faro.example/rss",
        source_id="andina",
    )
    ingest(conn, [poll(None, at=later(15), feed=feed)])
    assert column(conn, "select key from articles") == [burner]
    assert one(conn, "select url, why from aliases") == {"url": AT_THE_PAPER, "why": "redirector"}


def test_two_links_through_redirectors_to_one_place_are_both_remembered(conn: sqlite3.Connection) -> None:
    guid, one_way, other_way = "https://faro.example/?p=1", "http://t.co/a", "http://t.co/b"
    ingest(conn, [offered([[guid, link, "Peru votes", "", ""] for link in (one_way, other_way)])])
    assert sorted(column(conn, "select url from aliases")) == [one_way, other_way]
    ingest(conn, [offered([["", other_way, "Peru votes", "", ""]], 15)])
    assert column(conn, "select count(*) from articles") == [1]


def test_of_two_articles_that_a_redirector_shows_to_be_one_the_older_stays(conn: sqlite3.Connection) -> None:
    burner = "http://feedproxy.google.com/~r/faro/~3/a1"
    ingest(conn, [offered(through(burner)), offered(through(AT_THE_PAPER), 0, 3)])
    assert column(conn, "select count(*) from articles") == [2]
    led = entry("x", "Peru votes", link=burner, url=AT_THE_PAPER, key=AT_THE_PAPER, also=(burner,), guid=None)
    ingest(conn, [poll([led], at=later(15))])
    assert column(conn, "select id from articles where merged_into is null") == [1]


# --- archives of before -----------------------------------------------------------------------------------

SEEN = ["/nota/1/", "/nota/2?ref=rss", "/politica/congreso-aprueba-la-ley/?outputType=amp"]


def of_before(conn: sqlite3.Connection, *links: str, titles: Sequence[str] = ()) -> None:
    """Store articles as the first rules did: known by the plain form of their links."""
    entries = []
    for number, link in enumerate(links):
        url = urls.plain(f"https://www.faro.example{link}" if link.startswith("/") else link)
        title = titles[number] if titles else f"Story {number}"
        entries.append(entry("", title, key=url, url=url, link=url, guid=str(number)))
    ingest(conn, [poll(entries)])
    conn.execute("pragma user_version = 0")


def test_an_article_of_an_older_archive_does_not_come_in_a_second_time(conn: sqlite3.Connection) -> None:
    of_before(conn, *SEEN, "https://www.google.com/url?url=https://faro.example/n/9")
    assert upgrade.pending(conn) == [upgrade.KEYS]
    assert upgrade.migrate(conn, NOW) == [upgrade.KEYS]
    assert upgrade.migrate(conn, NOW) == upgrade.pending(conn) == []
    items = [
        [str(number), f"https://www.faro.example{link}", f"Story {number}", "", ""]
        for number, link in enumerate(SEEN)
    ]
    tally = ingest(conn, [offered([*items, ["3", "https://faro.example/n/9", "Story 3", "", ""]], 15)])
    assert (tally.new, column(conn, "select count(*) from articles")) == (0, [4])
    # The addresses that are fetched and shown stay.
    stored_as = conn.execute("select key, url from articles order by id desc").fetchmany(3)
    assert list(map(tuple, stored_as)) == [
        ("https://www.faro.example/nota/1", "https://www.faro.example/nota/1/"),
        ("https://www.faro.example/nota/2?ref=rss", "https://www.faro.example/nota/2?ref=rss"),
        (
            "https://faro.example/politica/congreso-aprueba-la-ley",
            "https://www.faro.example/politica/congreso-aprueba-la-ley/?outputType=amp",
        ),
    ]


def test_articles_of_an_older_archive_that_have_one_key_now_are_one(conn: sqlite3.Connection) -> None:
    of_before(conn, "/nota/1/", "/nota/1", titles=["Peru votes", "Peru votes"])
    upgrade.migrate(conn, NOW)
    assert column(conn, "select merged_into from articles order by id") == [None, 1]
    assert column(conn, "select count(*) from offers where article_id = 1") == [2]
    assert (
        ingest(conn, [offered([["0", "https://www.faro.example/nota/1", "Peru votes", "", ""]], 15)]).new == 0
    )


def test_articles_that_one_feed_tells_apart_keep_a_key_each(conn: sqlite3.Connection) -> None:
    of_before(conn, "/nota/1/", "/nota/1", titles=["Peru votes", "Lithium"])
    upgrade.migrate(conn, NOW)
    assert column(conn, "select merged_into from articles") == [None, None]
    assert len(set(column(conn, "select key from articles"))) == 2


def test_aliases_of_an_older_archive_follow_too(conn: sqlite3.Connection) -> None:
    of_before(conn, "/n/7")
    with transaction(conn):
        conn.execute(
            "insert into aliases values ('https://faro.example/other/7/', 1, 'redirect', ?)", (str(NOW),)
        )
    upgrade.migrate(conn, NOW)
    assert ingest(conn, [offered([["x", "/other/7", "Story 0", "", ""]], 15)]).new == 0


def test_keys_change_all_or_not_at_all(conn: sqlite3.Connection) -> None:
    of_before(conn, *SEEN)
    before = dump(conn, *WHAT)

    def broken(key: str) -> str:
        if "nota/2" in key:
            raise ZeroDivisionError
        return key + "x"

    with pytest.raises(ZeroDivisionError):
        rekey.rekey(conn, broken, 99, NOW)
    assert dump(conn, *WHAT) == before
    assert not rekey.stands(conn, 1)


def test_a_new_archive_has_the_rules_of_today(tmp_path: Path) -> None:
    with closing(open_writer(tmp_path / "new.db")) as conn:
        assert upgrade.migrate(conn, NOW)[-1] == upgrade.KEYS
        assert rekey.stands(conn, urls.RULES)
        assert schema.pending(conn) == upgrade.pending(conn) == []


# --- twice is once ----------------------------------------------------------------------------------------

PATHS = st.sampled_from(
    ["/n/1", "/n/2", "/politica/congreso-aprueba-la-ley", "/n/3?id=1", "/n/3?id=2", "/", ""]
)
TWINS = st.sampled_from([
    "https://faro.example{}", "https://www.faro.example{}", "https://m.faro.example{}/amp/", "https://faro.example{}/",
    "https://faro.example{}#top", "https://faro.example{}?ref=rss", "https://www.google.com/url?url=https://faro.example{}",
    "https://faro.example{}?utm_source=x", "{}", "http://t.co/{}", "http://[::1{}",
])  # fmt: skip
LINKS = st.builds(lambda twin, path: twin.format(path), TWINS, PATHS)
GUIDS = st.sampled_from(["", "1", "2", "https://faro.example/?p=1", "https://faro.example/n/1"])
WORDS = st.sampled_from(["", "Peru votes", "Peru votes again", "<b>Lithium</b> &amp; more"])
DATES = st.sampled_from(["", "2026-07-19T11:42:07Z", "2026-07-19T11:00:00Z", "2026-07-18T11:42:07Z"])
FEEDS = st.lists(st.tuples(GUIDS, LINKS, WORDS, WORDS, DATES), max_size=6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.lists(st.tuples(FEEDS, st.sampled_from([POLITICS, FRONT])), min_size=1, max_size=4))
def test_discovering_and_ingesting_the_same_feed_twice_is_once(
    tmp_path: Path, polls: list[tuple[list[tuple[str, ...]], int]]
) -> None:
    with closing(fresh(tmp_path / f"{len(list(tmp_path.iterdir()))}.db")) as conn:
        for number, (items, endpoint) in enumerate(polls):
            first = ingest(conn, [offered(items, number, endpoint)])
            before = dump(conn, *WHAT)
            again = ingest(conn, [offered(items, number, endpoint)])
            assert (again.new, again.entries) == (0, first.entries)
            assert dump(conn, *WHAT) == before
            assert set(stored.under_keys(conn, endpoint, keys(items))) == keys(items)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(st.lists(FEEDS.map(lambda items: [("", *values[1:]) for values in items]), min_size=1, max_size=4))
def test_without_guids_there_are_as_many_articles_as_canonical_urls(
    tmp_path: Path, polls: list[list[tuple[str, ...]]]
) -> None:
    with closing(fresh(tmp_path / f"{len(list(tmp_path.iterdir()))}.db")) as conn:
        for number, items in enumerate(polls):
            ingest(conn, [offered(items, number, 1 + number % 2)])
        assert set(column(conn, "select key from articles")) == set().union(*map(keys, polls))


def keys(items: Sequence[Sequence[str]]) -> set[str]:
    feed = offered(items).feed
    assert feed is not None
    return {one.key for one in feed.entries}
