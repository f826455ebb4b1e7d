from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.errors import FetchError, ParseError
from archive.model import Entry, Feed
from crawler.sitemaps import Child, Sitemap
from crawler.walk import MAX_DEPTH, MAX_FILES, MAX_WARNINGS, Walk

NOW = datetime(2026, 7, 20, 12, tzinfo=UTC)
URL = "https://faro.example/index.xml"


def entry(name: str) -> Entry:
    url = f"https://faro.example/{name}"
    return Entry(key=url, url=url, link=url, guid=None, title="", summary="")


def index(*names: str, **settings: object) -> Sitemap:
    return Sitemap(
        feed=Feed(title="", format="sitemap index", entries=()),
        children=tuple(Child(url=f"https://faro.example/{name}", **settings) for name in names),  # type: ignore[arg-type]
    )


def urlset(*names: str, **settings: object) -> Sitemap:
    feed = Feed(title="Faro", format="news sitemap", entries=tuple(map(entry, names)))
    return Sitemap(feed=replace(feed, **settings))  # type: ignore[arg-type]


def walked(walk: Walk, answers: dict[str, Sitemap | FetchError]) -> list[str]:
    """Walk to the end, and return the names of what was asked for."""
    asked = []
    while (url := walk.next()) is not None:
        name = url.rpartition("/")[2]
        asked.append(name)
        answer = answers[name]
        if isinstance(answer, Sitemap):
            walk.read(answer)
        else:
            walk.failed(url, answer)
    return asked


def test_a_sitemap_that_is_no_index_is_itself() -> None:
    sitemap = urlset("a", "b")
    walk = Walk(URL, sitemap, 100)
    assert walk.next() is None
    assert walk.feed == sitemap.feed
    assert walk.settled


def test_what_the_sitemaps_of_an_index_offer_is_one_feed() -> None:
    walk = Walk(URL, index("1.xml", "2.xml"), 100)
    assert walked(walk, {"1.xml": urlset("a", "b"), "2.xml": urlset("b", "c")}) == ["1.xml", "2.xml"]
    feed = walk.feed
    assert feed is not None
    assert [one.url for one in feed.entries] == [entry(name).url for name in "abc"]
    assert (feed.title, feed.format, feed.complete) == ("Faro", "news sitemap", True)


def test_the_newest_sitemap_is_read_first_also_across_indexes() -> None:
    def at(hours: int) -> Child:
        return Child(url=f"https://faro.example/{hours}", lastmod=NOW - timedelta(hours=hours))

    first = replace(index(), children=(at(5), at(1), Child(url="https://faro.example/none")))
    walk = Walk(URL, first, 100)
    assert walked(walk, {"1": replace(index(), children=(at(3),)), "3": urlset(), "5": urlset(), "none": urlset()}) == [
        "1", "3", "5", "none",
    ]  # fmt: skip


def test_one_bad_sitemap_is_a_warning_and_the_others_are_read() -> None:
    walk = Walk(URL, index("1.xml", "2.xml"), 100)
    walked(walk, {"1.xml": ParseError("an HTML page", reason="not_a_sitemap"), "2.xml": urlset("a")})
    feed = walk.feed
    assert feed is not None
    assert feed.warnings == ("https://faro.example/1.xml: not_a_sitemap: an HTML page",)
    assert (len(feed.entries), feed.complete) == (1, False)


def test_when_none_can_be_read_there_is_no_feed_but_a_problem() -> None:
    walk = Walk(URL, index("1.xml", "2.xml"), 100)
    walked(walk, {"1.xml": FetchError("http_404", "gone"), "2.xml": FetchError("timeout")})
    assert walk.feed is None
    assert walk.problem is not None
    assert walk.problem.reason == "http_404"


@pytest.mark.parametrize("reason", ["http_429", "http_503"])
def test_a_server_that_wants_to_be_left_alone_is_asked_for_nothing_more(reason: str) -> None:
    walk = Walk(URL, index("1.xml", "2.xml", "3.xml"), 100)
    assert walked(walk, {"1.xml": urlset("a"), "2.xml": FetchError(reason)}) == ["1.xml", "2.xml"]
    feed = walk.feed
    assert feed is not None
    assert feed.warnings[1] == f"1 more sitemaps were not asked for, as the server said {reason[-3:]}"


def test_an_index_that_leads_to_itself_comes_to_an_end() -> None:
    walk = Walk(URL, index("index.xml", "1.xml"), 100)
    assert walked(walk, {"1.xml": index("index.xml", "1.xml", "2.xml"), "2.xml": index("1.xml")}) == [
        "1.xml",
        "2.xml",
    ]


def test_no_more_files_than_the_limit_are_asked_for() -> None:
    names = [f"{number}.xml" for number in range(MAX_FILES + 7)]
    walk = Walk(URL, index(*names), 10_000)
    assert len(walked(walk, dict.fromkeys(names, urlset("a")))) == MAX_FILES
    feed = walk.feed
    assert feed is not None
    assert feed.warnings == (f"7 sitemaps past the first {MAX_FILES} were not read",)
    assert not feed.complete


def test_no_index_is_followed_deeper_than_the_limit() -> None:
    walk = Walk(URL, index("1"), 100)
    assert len(walked(walk, {str(depth): index(str(depth + 1)) for depth in range(1, 10)})) == MAX_DEPTH
    feed = walk.feed
    assert feed is not None
    assert feed.warnings == (f"1 sitemaps lie more than {MAX_DEPTH} steps deep and were not read",)


def test_no_more_entries_than_the_limit_are_kept_and_the_rest_is_said() -> None:
    walk = Walk(URL, index("1.xml", "2.xml", "3.xml"), 3)
    assert walked(walk, {"1.xml": urlset("a", "b"), "2.xml": urlset("c", "d", "e")}) == ["1.xml", "2.xml"]
    feed = walk.feed
    assert feed is not None
    assert (len(feed.entries), feed.capped, feed.complete) == (3, 2, False)
    assert feed.warnings == ("1 sitemaps were not read: there are more entries than max_entries already",)


def test_of_many_warnings_the_first_are_kept() -> None:
    names = [f"{number}.xml" for number in range(MAX_FILES)]
    walk = Walk(URL, index(*names), 100)
    walked(walk, {**dict.fromkeys(names, FetchError("http_404")), "9.xml": urlset("a")})
    feed = walk.feed
    assert feed is not None
    assert len(feed.warnings) == MAX_WARNINGS


@pytest.mark.parametrize(("exact", "settled"), [(True, True), (False, False)])
def test_only_an_index_with_times_of_day_tells_by_itself_that_nothing_changed(
    exact: bool, settled: bool
) -> None:
    walk = Walk(URL, index("1.xml", lastmod=NOW, exact=exact), 100)
    walked(walk, {"1.xml": urlset("a")})
    assert walk.settled is settled


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdefgh"), max_size=5)),
    st.integers(0, 4),
)
def test_a_walk_ends_whatever_leads_where_and_asks_for_nothing_twice(
    graph: dict[str, list[str]], most: int
) -> None:
    answers: dict[str, Sitemap | FetchError] = {
        name: index(*graph[name]) if name in graph else urlset(name) for name in "abcdefgh"
    }
    walk = Walk(URL, index("a", "b"), most)
    asked = walked(walk, answers)
    assert len(asked) == len(set(asked)) <= MAX_FILES
    feed = walk.feed
    assert feed is None or len(feed.entries) <= most
