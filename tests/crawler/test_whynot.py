"""What stood in the way of an article or of its text, and what would change that."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from archive.model import RobotsRecord
from crawler import whynot
from crawler.urls import canonical

NOW = datetime(2026, 7, 19, 12, tzinfo=UTC)


def page(
    state: str,
    reason: str | None = None,
    detail: str | None = None,
    due_at: str | None = None,
    url: str | None = None,
) -> dict[str, Any]:
    return {"state": state, "reason": reason, "detail": detail, "due_at": due_at, "url": url}


def feed(**changes: Any) -> dict[str, Any]:
    return {
        "url": "https://post.example/feed", "last_poll_at": "2026-07-19T11:00:00+00:00",
        "last_ok_at": "2026-07-19T11:00:00+00:00", "last_outcome": "ok", "last_detail": "", "failures": 0,
        "events": [], **changes,
    }  # fmt: skip


PAGES = [
    (page("due", due_at="2026-07-19T12:00:00+00:00"), "its page waits to be read since 2026-07-19 12:00 UTC", "`presswatch run`"),
    (page("due", "http_403", "the server answered 403", "2026-07-20T12:00:00+00:00"), "http_403: the server answered 403; tried again at 2026-07-20 12:00 UTC", "network.contact"),
    (page("failed", "robots", "robots.txt: Disallow: /x"), "its page is not read: robots.txt: Disallow: /x", "ask the paper"),
    (page("failed", "no_text", "none"), "too short, made by scripts, a video, or a page that asks for consent", "`presswatch try page https://post.example/a`"),
    (page("off", "pages_off"), "the source says pages: false", "pages: true"),
    (page("failed", "no_text", "none", url="https://consent.post.example/?to=a"), "leads to one that asks for consent: https://consent.post.example", "pages: false"),
    (page("failed", "consent", "it asks for consent: 9 of its 60 words are about cookies"), "is not the article: it asks for consent: 9 of", "pages: false"),
    (page("failed", "soft_404", "it leads to the front page: https://post.example/"), "soft_404: it leads to the front page", "open it in a browser"),
    (page("failed", "captcha", "it asks whether we are a robot: Just a moment..."), "captcha: it asks whether we are a robot", "network.contact"),
    (page("failed", "error", "a mystery"), "error: a mystery", "`presswatch try page https://post.example/a`"),
    (page("off", "no_link"), "the feed gives no link", "`presswatch try feed URL`"),
    (page("refused", "refused", "10.0.0.1 is a private address"), "never connected to: 10.0.0.1", "network.allow_private"),
    (page("failed", "http_404", "the server answered 404"), "could not be read (given up): http_404", "present address"),
    (page("failed", "timeout", "no answer"), "timeout", "network.timeout"),
    (page("failed", "http_500", "the server answered 500"), "http_500", "wait"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "why", "change"), PAGES, ids=lambda value: str(value)[:30])
def test_a_page_that_was_not_read_says_why_and_what_would_change_that(
    row: Any, why: str, change: str
) -> None:
    finding = whynot.of_page(row, "https://post.example/a")
    assert finding
    assert why in finding.why
    assert change in finding.change
    assert bool(change) == bool(finding.change)


def test_a_page_that_was_read_needs_no_finding() -> None:
    assert whynot.of_page(page("read"), "https://post.example/a") is None, "it was pruned"
    assert whynot.of_page(page("read"), "https://post.example/a", STORY) is None
    assert whynot.of_page(None, None) is None


STORY = "In Puno nobody spoke of anything else, and the boats stayed where they were until the evening. " * 5
WALL = "Before you go on. We and our partners store cookies on your device. Accept all, or reject them. "
MURO = "Valoramos tu privacidad. Usamos cookies propias y de terceros para medir. Aceptar todo. Rechazar."
LAW = "Congress votes on a law of cookies and of consent, which newspapers fear. " + STORY


@pytest.mark.parametrize(
    ("text", "ended", "why"),
    [
        pytest.param(WALL, "", "looks like one that asks for consent", id="a wall"),
        pytest.param(MURO, "", "looks like one that asks for consent", id="a wall in Spanish"),
        pytest.param(
            STORY, "https://consent.post.example/?to=a", "asks for consent", id="its address says so"
        ),
        pytest.param("Watch the video.", "", "too short for an article: 3 words of text", id="a video"),
        pytest.param("We use cookies to bake.", "", "too short", id="one word makes no wall"),
        pytest.param(LAW, "https://post.example/consent-law", None, id="an article about such pages"),
        pytest.param(STORY * 6 + WALL, "", None, id="a wall under an article"),
    ],
)
def test_the_text_of_a_page_that_is_no_article_is_doubted(text: str, ended: str, why: str | None) -> None:
    finding = whynot.of_page(page("read", url=ended), "https://post.example/a", text)
    if why is None:
        assert finding is None
    else:
        assert finding
        assert why in finding.why
        assert "pages: false" in finding.change or "`presswatch try page" in finding.change


def said(*feeds: dict[str, Any]) -> list[str]:
    return [one.why for one in whynot.of_source("post", feeds)]


def test_a_source_says_how_its_feeds_were_read() -> None:
    assert said() == ["post: its feeds were not asked yet"]
    assert said(feed(last_poll_at=None)) == ["post: its feed https://post.example/feed was not asked yet"]
    assert said(feed()) == [
        "post: its feed https://post.example/feed was read at 2026-07-19 11:00 UTC, and never offered it"
    ]
    failing = feed(failures=3, last_detail="the server answered 403", last_outcome="failed", events=[
        {"kind": "blocked", "since": "2026-07-19T09:00:00+00:00", "detail": "http_403: the server answered 403"},
    ])  # fmt: skip
    assert said(failing) == [
        "post: its feed https://post.example/feed failed 3 times in a row (http_403: the server answered 403; last read 2026-07-19 11:00 UTC)"
    ]
    assert "network.contact" in whynot.of_source("post", [failing])[0].change


@pytest.mark.parametrize("kind", ["capped", "parse_error", "moved"])
def test_what_a_feed_lost_is_said_beside_it(kind: str) -> None:
    event = {"kind": kind, "since": "2026-07-19T09:00:00+00:00", "detail": "so it was"}
    _, lost = whynot.of_source("post", [feed(events=[event])])
    assert lost.why == f"post: {kind} since 2026-07-19 09:00 UTC: so it was"
    assert lost.change


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("www.rpp.pe", "rpp.pe", True),
        ("feeds.bbci.co.uk", "bbci.co.uk", True),
        ("rpp.pe", "larpp.pe", False),
        ("127.0.0.1:80", "127.0.0.1:81", False),
    ],
)
def test_hosts_of_one_site_are_told(one: str, other: str, alike: bool) -> None:
    assert whynot.kin(one, other) is whynot.kin(other, one) is alike


def test_what_people_write_for_one_address_are_canonical_addresses() -> None:
    found = whynot.variants("http://www.post.example/a/?x=1#top")
    assert found[:2] == ["https://post.example/a?x=1", "https://www.post.example/a?x=1"]
    assert "https://post.example/a" in found
    assert all(canonical(url) == url for url in found)
    assert whynot.variants("talks") == []


def test_of_a_link_that_did_not_say_where_it_leads_that_is_the_reason() -> None:
    found = whynot.of_page(page("failed", "no_text", "none"), "https://news.google.com/rss/articles/CBMiVkFV")
    assert found
    assert "leads through news.google.com, which does not say where to" in found.why
    assert "a feed of the paper" in found.change


def test_robots_txt_is_quoted_only_where_it_says_no() -> None:
    known = RobotsRecord(
        host="https://post.example",
        fetched_at=NOW,
        expires_at=NOW,
        status=200,
        body="User-agent: *\nDisallow: /x",
    )
    no = whynot.of_robots("https://post.example/x/1", known, "presswatch", NOW)
    assert no
    assert no.why.endswith("robots.txt: Disallow: /x")
    assert whynot.of_robots("https://post.example/y", known, "presswatch", NOW) is None
    assert whynot.of_robots("https://post.example/x", None, "presswatch", NOW) is None


def test_an_address_that_is_never_fetched_is_said() -> None:
    assert whynot.of_address("https://user@post.example/") == whynot.Finding(
        "its page would not be read: the URL carries a user name"
    )
    assert whynot.of_address("https://post.example/") is None
