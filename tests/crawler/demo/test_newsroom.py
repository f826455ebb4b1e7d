"""The demo newsroom as a client sees it: what is out when, validators, odd answers, many connections."""

from __future__ import annotations

import gzip
import http.client
import io
import json
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import pytest
from ruamel.yaml import YAML

from crawler.demo.newsroom import END, LIMA, START, Article, Newsroom, Outlet

NIGHT = datetime(2026, 7, 18, 23, 59, tzinfo=LIMA)
MORNING = datetime(2026, 7, 19, 7, 0, tzinfo=LIMA)
TEN = datetime(2026, 7, 19, 10, 0, tzinfo=LIMA)


@dataclass
class Clock:
    """The time, as a test wants it."""

    time: datetime = END

    def __call__(self) -> datetime:
        return self.time


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


def ask(url: str, method: str = "GET", **headers: str) -> Answer:
    """One request on a connection of its own; no redirect is followed. `If_None_Match` is If-None-Match."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, headers={k.replace("_", "-"): v for k, v in headers.items()})
        response = connection.getresponse()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    finally:
        connection.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def newsroom(clock: Clock) -> Iterator[Newsroom]:
    with Newsroom(clock) as running:
        yield running
        assert running.faults == []


def outlet(newsroom: Newsroom, name: str) -> Outlet:
    return next(one for one in newsroom.outlets if one.id == name)


def article(newsroom: Newsroom, slug: str) -> Article:
    return next(one for one in newsroom.articles(END) if one.slug == slug)


def url_of(newsroom: Newsroom, slug: str) -> str:
    url = article(newsroom, slug).url
    assert url is not None
    return url


def guids(one: Outlet, body: bytes) -> list[str]:
    """The names of a feed's entries, in its order."""
    if one.feed_format == "json":
        return [item["id"] for item in json.loads(body)["items"]]
    # Not by an XML parser: one of the feeds is not XML.
    return re.findall(r"(?:<guid[^>]*>|<id>urn:)([a-z-]+:[^<]+)<", body.decode(one.feed_encoding))


def test_sources_yaml_names_every_outlet_and_its_feed(newsroom: Newsroom) -> None:
    sources = YAML(typ="safe").load(newsroom.sources_yaml())["sources"]
    assert [list(source) for source in sources] == [["id", "name", "country", "language", "endpoints"]] * 4
    assert [s["endpoints"] for s in sources] == [[{"feed": one.feed_url}] for one in newsroom.outlets]
    assert all(ask(s["endpoints"][0]["feed"]).status == 200 for s in sources)


@pytest.mark.parametrize("at", [START, NIGHT, MORNING, END], ids=["start", "night", "morning", "end"])
def test_a_feed_offers_what_is_out_by_now_newest_first(
    newsroom: Newsroom, clock: Clock, at: datetime
) -> None:
    clock.time = at
    offered = [guid for one in newsroom.outlets for guid in guids(one, ask(one.feed_url).body)]
    wanted = [
        a.guid
        for one in newsroom.outlets
        for a in sorted(one.articles, key=lambda a: a.appears, reverse=True)
        if a.appears <= at
    ]
    assert offered == wanted
    assert sorted(offered) == sorted(a.guid for a in newsroom.articles())


def test_an_article_is_there_from_its_second_on_and_not_before(newsroom: Newsroom, clock: Clock) -> None:
    one = article(newsroom, "garua-y-humedad-todo-el-domingo")
    assert one.url is not None
    clock.time = one.appears - timedelta(seconds=1)
    assert ask(one.url).status == 404
    clock.time = one.appears
    assert ask(one.url).status == 200


def test_the_same_time_gives_the_same_bytes_in_another_newsroom(newsroom: Newsroom, clock: Clock) -> None:
    def day(room: Newsroom) -> list[bytes]:
        answers = []
        for clock.time in (START, MORNING, END):
            for one in room.outlets:
                urls = [one.feed_url, f"{one.base_url}/", *(a.link for a in one.by(clock.time) if a.link)]
                for url in urls:
                    answer = ask(url, Accept_Encoding="gzip")
                    # Only the port may differ: a feed holds it, and so its length, tag and gzip depend on it.
                    gzipped = answer.headers.get("content-encoding") == "gzip"
                    body = gzip.decompress(answer.body) if gzipped else answer.body
                    answers.append(body.replace(one.base_url.encode(), b"BASE"))
                    answers.append(answer.headers["date"].encode())
        return answers

    with Newsroom(clock) as other:
        assert day(newsroom) == day(other)


def test_no_header_and_no_feed_knows_the_real_time(newsroom: Newsroom, clock: Clock) -> None:
    clock.time = datetime(2026, 7, 19, 12, 0, tzinfo=UTC)
    answer = ask(newsroom.outlets[0].feed_url)
    assert answer.headers["date"] == "Sun, 19 Jul 2026 12:00:00 GMT"
    assert answer.headers["last-modified"] == "Sun, 19 Jul 2026 11:50:00 GMT"


@pytest.mark.parametrize("name", ["andean-lantern", "ironquay-wire", "totora-sur", "tranvia-lima"])
def test_a_feed_that_has_not_changed_answers_304_to_either_validator(newsroom: Newsroom, name: str) -> None:
    url = outlet(newsroom, name).feed_url
    first = ask(url)
    tag, modified = first.headers["etag"], first.headers["last-modified"]
    assert re.fullmatch(r'"[0-9a-f]{32}"', tag)
    for headers in (
        {"If_None_Match": tag},
        {"If_None_Match": f'"other", W/{tag}'},
        {"If_Modified_Since": modified},
        {"If_None_Match": tag, "If_Modified_Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
    ):
        again = ask(url, **headers)
        assert (again.status, again.body) == (304, b"")
        assert (again.headers["etag"], again.headers["last-modified"]) == (tag, modified)
        assert "content-type" not in again.headers
    for headers in (
        {"If_None_Match": '"other"'},
        {"If_None_Match": '"other"', "If_Modified_Since": modified},
        {"If_Modified_Since": "Sat, 18 Jul 2026 00:00:00 GMT"},
        {"If_Modified_Since": "the day before yesterday"},
    ):
        assert ask(url, **headers) == first


def test_a_new_article_and_an_edit_both_change_the_validators(newsroom: Newsroom, clock: Clock) -> None:
    url = outlet(newsroom, "tranvia-lima").feed_url
    clock.time = TEN - timedelta(seconds=1)
    before = ask(url)
    clock.time = TEN
    edited = ask(url, If_None_Match=before.headers["etag"])
    assert edited.status == 200
    assert edited.headers["last-modified"] == "Sun, 19 Jul 2026 15:00:00 GMT"
    assert ask(url, If_Modified_Since=before.headers["last-modified"]).status == 200
    clock.time = datetime(2026, 7, 19, 11, 30, tzinfo=LIMA)
    assert ask(url, If_None_Match=edited.headers["etag"]).status == 200


def test_the_edited_headline_keeps_its_address_and_its_guid(newsroom: Newsroom, clock: Clock) -> None:
    one = outlet(newsroom, "tranvia-lima")
    url = url_of(newsroom, "columnas-avanzan-hacia-la-plaza")
    clock.time = TEN - timedelta(seconds=1)
    feed, page = ask(one.feed_url).body.decode("latin-1"), ask(url).body.decode()
    clock.time = TEN
    new_feed, new_page = ask(one.feed_url).body.decode("latin-1"), ask(url).body.decode()
    for old, new in ((feed, new_feed), (page, new_page)):
        assert "Primeras columnas avanzan" in old
        assert "Primeras columnas avanzan" not in new
        assert "recuerdan las protestas contra Boluarte" in new
    assert guids(one, feed.encode("latin-1")) == guids(one, new_feed.encode("latin-1"))


@pytest.mark.parametrize("at", [START, END], ids=["start", "end"])
@pytest.mark.parametrize("name", ["andean-lantern", "totora-sur", "tranvia-lima"])
def test_feedparser_reads_every_entry_whatever_state_the_feed_is_in(
    newsroom: Newsroom, clock: Clock, name: str, at: datetime
) -> None:
    feedparser: Any = pytest.importorskip("feedparser")
    clock.time = at
    one = outlet(newsroom, name)
    body = ask(one.feed_url).body
    parsed = feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
    assert bool(parsed.bozo) is (name == "totora-sur")
    assert parsed.encoding == one.feed_encoding
    assert len(parsed.entries) == len(one.offered(at))
    for entry, a in zip(parsed.entries, one.offered(at), strict=True):
        assert entry.id.removeprefix("urn:") == a.guid
        assert entry.get("title") == (None if a.untitled else a.title)
        assert entry.get("link") == a.link
        assert entry.summary.removeprefix("<em>") == a.summary
        assert ("published" in entry) is (a.feed_date is not None)


def test_one_feed_is_latin_1_and_one_is_not_xml_at_all(newsroom: Newsroom) -> None:
    latin = ask(outlet(newsroom, "tranvia-lima").feed_url)
    assert latin.headers["content-type"] == "application/rss+xml; charset=iso-8859-1"
    assert latin.body.startswith(b'<?xml version="1.0" encoding="iso-8859-1"?>')
    assert "El Tranvía de Lima".encode("latin-1") in latin.body
    broken = ask(outlet(newsroom, "totora-sur").feed_url)
    with pytest.raises(ET.ParseError):
        ET.fromstring(broken.body)


def test_the_atom_feed_has_one_relative_link_under_a_base_of_its_own(newsroom: Newsroom) -> None:
    one = outlet(newsroom, "andean-lantern")
    root = ET.fromstring(ask(one.feed_url).body)
    atom, base = "{http://www.w3.org/2005/Atom}", "{http://www.w3.org/XML/1998/namespace}base"
    based = [entry for entry in root.iter(f"{atom}entry") if base in entry.attrib]
    (link,) = [entry.find(f"{atom}link") for entry in based]
    assert link is not None
    assert based[0].get(base) == f"{one.base_url}/peru/"
    assert link.get("href") == "us-troops-begin-jungle-training"
    assert url_of(newsroom, "us-troops-begin-jungle-training") == (
        f"{one.base_url}/peru/us-troops-begin-jungle-training"
    )


def test_the_json_feed_is_a_json_feed(newsroom: Newsroom) -> None:
    one = outlet(newsroom, "ironquay-wire")
    answer = ask(one.feed_url)
    feed = json.loads(answer.body)
    assert answer.headers["content-type"] == "application/feed+json; charset=utf-8"
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["feed_url"] == one.feed_url
    assert all(item["id"] and item["url"] and item["content_text"] for item in feed["items"])
    undated = [item["id"] for item in feed["items"] if "date_published" not in item]
    assert undated == ["ironquay-wire:box-rates-slip-again"]
    assert [i["url"] for i in feed["items"] if "utm_source=" in i["url"]]


def test_only_one_outlet_compresses_and_only_when_asked(newsroom: Newsroom) -> None:
    for one in newsroom.outlets:
        plain, asked = ask(one.feed_url), ask(one.feed_url, Accept_Encoding="br, gzip;q=0.8")
        assert "content-encoding" not in plain.headers
        assert (asked.headers.get("content-encoding") == "gzip") is (one.id == "ironquay-wire")
        if one.gzip:
            assert gzip.decompress(asked.body) == plain.body
            assert asked.headers["etag"] != plain.headers["etag"]
            assert "content-encoding" not in ask(one.feed_url, Accept_Encoding="gzip;q=0").headers
            tag = asked.headers["etag"]
            assert ask(one.feed_url, Accept_Encoding="gzip", If_None_Match=tag).status == 304
        else:
            assert asked == plain


def test_head_answers_like_get_without_the_body(newsroom: Newsroom) -> None:
    for url in (newsroom.outlets[0].feed_url, url_of(newsroom, "lithium-carbonate-steadies")):
        get, head = ask(url), ask(url, "HEAD")
        assert (head.status, head.headers, head.body) == (200, get.headers, b"")
        assert int(get.headers["content-length"]) == len(get.body)


def test_every_page_that_can_be_read_holds_its_whole_text(newsroom: Newsroom) -> None:
    for a in newsroom.articles():
        if a.link is None or a.status != 200:
            continue
        assert a.url is not None
        answer = ask(a.url)
        html = answer.body.decode()
        assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert f'<link rel="canonical" href="{a.url}">' in html
        assert html.count("<article") == 1
        text = html.partition("<article")[2].replace("&#34;", '"').replace("&#39;", "'").replace("&amp;", "&")
        assert [paragraph for paragraph in a.text if f"<p>{paragraph}</p>" not in text] == []


def test_an_extractor_gets_the_text_out_of_the_page_and_no_headline_of_its_neighbours(
    newsroom: Newsroom,
) -> None:
    trafilatura: Any = pytest.importorskip("trafilatura")
    for one in newsroom.outlets:
        for a in one.by(END):
            if not a.readable or a.url is None:
                continue
            lines = trafilatura.extract(ask(a.url).body.decode(), fast=True).split("\n")
            assert [paragraph for paragraph in a.text if paragraph not in lines] == []
            others = {other.title for other in one.by(END)} - {a.title}
            assert others.isdisjoint(lines)
            assert not [line for line in lines if "cookies" in line or "Presswatch" in line]


def test_each_outlet_keeps_the_date_of_a_page_in_one_place_only(newsroom: Newsroom) -> None:
    marks = {
        "json-ld": r'"datePublished": "2026-07-1',
        "opengraph": r'property="article:published_time" content="2026-07-1',
        "time": r'<time datetime="2026-07-1',
        "url": r'rel="canonical" href="http://[0-9.:]+/2026/07/1',
    }
    for one in newsroom.outlets:
        first = one.by(START)[0].url
        assert first is not None
        html = ask(first).body.decode()
        assert [name for name, mark in marks.items() if re.search(mark, html)] == [one.dated_by]


def test_an_undated_article_has_no_date_on_its_page_either(newsroom: Newsroom) -> None:
    html = ask(url_of(newsroom, "preguntas-y-respuestas-sobre-los-instructores")).body.decode()
    assert "2026-07" not in html
    assert "datePublished" not in html


def test_a_wall_a_redirect_tracking_parameters_and_the_unknown(newsroom: Newsroom) -> None:
    walled = ask(url_of(newsroom, "ministro-del-interior-no-hay-heridos-graves"))
    assert walled.status == 403
    assert b"sofocaci" not in walled.body
    moved = article(newsroom, "levantan-bloqueo-en-la-carretera")
    assert moved.link is not None
    assert moved.url is not None
    sent = ask(moved.link)
    assert (sent.status, sent.headers["content-length"]) == (302, "0")
    assert outlet(newsroom, "totora-sur").base_url + sent.headers["location"] == moved.url
    tracked = article(newsroom, "cost-of-andean-rotation")
    assert tracked.link is not None
    assert tracked.url is not None
    assert tracked.link.startswith(f"{tracked.url}?utm_source=")
    assert ask(tracked.link).body == ask(tracked.url).body
    for one in newsroom.outlets:
        unknown = ask(f"{one.base_url}/no/such/page")
        assert (unknown.status, unknown.headers["content-type"]) == (404, "text/html; charset=utf-8")


def test_robots_txt_closes_the_private_folder_and_one_outlet_has_none(newsroom: Newsroom) -> None:
    found = {one.id: ask(f"{one.base_url}/robots.txt") for one in newsroom.outlets}
    assert {name: answer.status for name, answer in found.items()} == {
        "andean-lantern": 200,
        "ironquay-wire": 404,
        "totora-sur": 200,
        "tranvia-lima": 200,
    }
    assert b"Disallow: /privado/" in found["tranvia-lima"].body
    closed = [a.path for a in newsroom.articles(END) if not a.robots_allow]
    assert closed == ["/privado/analisis-quien-cobra-las-regalias.html"]
    assert ask(url_of(newsroom, "analisis-quien-cobra-las-regalias")).status == 200, "manners, not a lock"


def test_the_front_page_points_to_the_feed_and_to_every_story(newsroom: Newsroom) -> None:
    for one in newsroom.outlets:
        html = ask(f"{one.base_url}/").body.decode()
        assert f'<link rel="alternate" type="{one.feed_type}"' in html
        assert f'href="{one.feed_url}"' in html
        assert [a.slug for a in one.by(END) if not a.no_link and f'href="{a.path}"' not in html] == []


def test_the_log_says_who_was_asked_for_what_and_with_which_headers(newsroom: Newsroom) -> None:
    ask(newsroom.outlets[0].feed_url, User_Agent="tester")
    ask(f"{newsroom.outlets[1].base_url}/nothing?x=1", "HEAD")
    first, second = newsroom.log
    assert first.headers["user-agent"] == "tester"
    assert [(r.outlet, r.method, r.path, r.status) for r in (first, second)] == [
        ("andean-lantern", "GET", "/atom.xml", 200),
        ("ironquay-wire", "HEAD", "/nothing?x=1", 404),
    ]


def test_a_connection_is_kept_alive_through_many_answers(newsroom: Newsroom) -> None:
    one = newsroom.outlets[0]
    connection = http.client.HTTPConnection(urlsplit(one.base_url).netloc, timeout=10)
    try:
        connection.connect()
        socket = connection.sock
        for path in (one.feed_path, "/no/such/page", "/", one.articles[0].path) * 5:
            connection.request("GET", path)
            connection.getresponse().read()
        assert connection.sock is socket
    finally:
        connection.close()
    assert len(newsroom.log) == 20


def test_sixteen_connections_at_once_all_get_their_answers_and_are_all_logged(newsroom: Newsroom) -> None:
    urls = [a.url for a in newsroom.articles() if a.url and a.status == 200]
    urls += [one.feed_url for one in newsroom.outlets]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(ask, urls * 4))
    assert {answer.status for answer in answers} == {200}
    assert len(newsroom.log) == len(answers)


def test_a_client_that_hangs_up_or_talks_nonsense_is_no_fault(
    newsroom: Newsroom, capfd: pytest.CaptureFixture[str]
) -> None:
    one = newsroom.outlets[0]
    for words in (b"GET / HTTP/1.1\r\nHost: x", b"\x16\x03\x01 nonsense\r\n\r\n", b""):
        connection = http.client.HTTPConnection(urlsplit(one.base_url).netloc, timeout=10)
        try:
            connection.connect()
            connection.sock.sendall(words)
        finally:
            connection.close()
    assert ask(one.feed_url, "POST").status == 501
    assert ask(one.feed_url).status == 200
    assert capfd.readouterr().err == ""


def test_closing_hangs_up_on_idle_connections_and_leaves_no_thread_behind(clock: Clock) -> None:
    before = threading.active_count()
    room = Newsroom(clock)
    room.start()
    connection = http.client.HTTPConnection(urlsplit(room.outlets[0].base_url).netloc, timeout=10)
    try:
        connection.request("GET", "/")
        connection.getresponse().read()
        room.close()
        room.close()
        assert connection.sock.recv(1) == b""
    finally:
        connection.close()
    with pytest.raises(ConnectionRefusedError):
        ask(room.outlets[0].feed_url)
    assert threading.active_count() <= before + 1, "the thread of the last connection may be on its last line"


def test_a_newsroom_that_was_never_started_closes_too(clock: Clock) -> None:
    room = Newsroom(clock)
    assert len({one.base_url for one in room.outlets}) == 4
    room.close()
