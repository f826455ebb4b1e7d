from __future__ import annotations

import gzip
import io
import json
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

import feedparser
import pytest

from archive.errors import ParseError
from archive.model import Feed, to_json
from crawler import feeds
from crawler.entries import MAX_TAGS, joined
from crawler.feeds import read_feed
from tests.crawler import gofeed

CASES = Path(__file__).parents[1] / "cases" / "feeds"
DOCUMENTS = sorted(path for path in CASES.iterdir() if not path.name.endswith(".expect.json"))

ENCODINGS = tomllib.loads((CASES.parent / "encodings.toml").read_text("utf-8"))["case"]


def read(body: bytes | str, **settings: Any) -> Feed:
    body = body.encode() if isinstance(body, str) else body
    return read_feed(body, **{"url": "https://case.example/feed", "source_id": "case"} | settings)


def rss(*items: str, head: str = "") -> str:
    return f'<rss version="2.0"><channel><title>T</title>{head}{"".join(items)}</channel></rss>'


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_a_feed_reads_as_its_case_expects(path: Path) -> None:
    expected = json.loads(path.with_suffix("").with_suffix(".expect.json").read_text())
    feed = json.loads(to_json(read(path.read_bytes())))
    entries, wanted = feed.pop("entries"), expected.pop("entries")
    assert {key: feed[key] for key in expected} == expected
    assert [{key: entry[key] for key in want} for entry, want in zip(entries, wanted, strict=True)] == wanted


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"", "not_a_feed", id="nothing"),
        pytest.param(b" \n", "not_a_feed", id="white space"),
        pytest.param(b"<!DOCTYPE html><html><title>404</title></html>", "not_a_feed", id="a page"),
        pytest.param(
            b"<html><body><item><title>x</title></item></body></html>", "not_a_feed", id="a page with an item"
        ),
        pytest.param(b"just words", "not_a_feed", id="text"),
        pytest.param(b"/etc/hostname", "not_a_feed", id="the name of a file"),
        pytest.param(b"<xml/>", "not_a_feed", id="another XML"),
        pytest.param(b"\x00\x01\x02\xff", "not_a_feed", id="bytes"),
        pytest.param(b'{"error": "no"}', "not_a_feed", id="another JSON"),
        pytest.param(b'{"items": [{"sku": 1}]}', "not_a_feed", id="items of another kind"),
        pytest.param(b"{not json", "parse_error", id="broken JSON"),
        pytest.param(b'{"items":' + b"[" * 100_000, "parse_error", id="deep JSON"),
        pytest.param(b'{"items": ' + b"9" * 5_000 + b"}", "parse_error", id="a long number"),
    ],
)
def test_what_is_no_feed_is_an_error_with_a_reason(body: bytes, reason: str) -> None:
    with pytest.raises(ParseError) as caught:
        read(body)
    assert caught.value.reason == reason


def test_a_body_is_never_taken_for_a_file_name(tmp_path: Path) -> None:
    feed = tmp_path / "feed.xml"
    feed.write_text(rss("<item><title>secret</title></item>"))
    with pytest.raises(ParseError):
        read(str(feed))


def test_entries_past_the_cap_are_counted() -> None:
    feed = read(rss(*(f"<item><title>{number}</title></item>" for number in range(7))), max_entries=5)
    assert (len(feed.entries), feed.capped, feed.complete) == (5, 2, False)


def test_items_of_a_json_feed_past_the_cap_are_counted() -> None:
    items = [{"id": str(number), "title": "x"} for number in range(7)]
    feed = read(json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": items}), max_entries=5)
    assert (len(feed.entries), feed.capped, feed.complete) == (5, 2, False)


@pytest.mark.parametrize(
    "content_type", ["text/html", "text/xml", "text/plain; charset=utf-8", "nonsense;;=", None]
)
def test_a_wrong_content_type_leaves_a_feed_complete(content_type: str | None) -> None:
    feed = read(rss("<item><title>Perú</title></item>"), content_type=content_type)
    assert feed.complete
    assert feed.entries[0].title == "Perú"


def test_the_charset_of_the_answer_is_heeded() -> None:
    body = rss("<item><title>Perú</title></item>").encode("cp1252")
    assert read(body, content_type="application/rss+xml; charset=windows-1252").entries[0].title == "Perú"


@pytest.mark.filterwarnings("ignore::DeprecationWarning:feedparser")
@pytest.mark.parametrize("case", ENCODINGS, ids=lambda case: case["why"])
def test_a_feed_is_read_whatever_its_encoding(case: dict[str, Any]) -> None:
    declared = case.get("declared")
    head = "" if declared is None else f'<?xml version="1.0" encoding="{declared}"?>\n'
    body = (head + rss(f"<item><title>{case['title']}</title></item>")).encode(case["is"])
    if case.get("bom"):
        body = "\ufeff".encode(case["is"]) + body
    for _ in range(case.get("packed", 0)):
        body = gzip.compress(body, mtime=0)
    feed = read(body, content_type=case.get("answer"))
    assert [entry.title for entry in feed.entries] == [case["title"]]
    assert feed.complete


def test_a_packed_body_that_is_cut_off_or_a_bomb_is_an_error_with_a_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    packed = gzip.compress(rss("<item><title>x</title></item>" * 1_000).encode())
    with pytest.raises(ParseError, match="cut off"):
        read(packed[:-20])
    with pytest.raises(ParseError, match="cannot be unpacked"):
        read(packed[:4] + b"\xff" * 40)
    monkeypatch.setattr(feeds, "MAX_UNPACKED", 10_000)
    with pytest.raises(ParseError) as caught:
        read(packed)
    assert caught.value.reason == "too_large"


def test_a_packed_body_may_be_in_several_pieces() -> None:
    body = rss("<item><title>x</title></item>").encode()
    packed = b"".join(gzip.compress(part) for part in (body[:60], body[60:]))
    assert [entry.title for entry in read(packed).entries] == ["x"]


def test_one_byte_that_is_no_utf8_changes_nothing_else() -> None:
    body = rss("<item><title>Perú a@o</title></item>", "<item><title>Cañete</title></item>").encode()
    feed = read(body.replace(b"@", b"\xf1"))
    assert [entry.title for entry in feed.entries] == ["Perú año", "Cañete"]
    assert feed.complete
    assert any("not UTF-8" in warning for warning in feed.warnings)


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_blank_line_before_the_declaration_is_no_matter(mark: str) -> None:
    body = f'{mark}\n \n<?xml version="1.0" encoding="utf-8"?>{rss("<item><title>Perú</title></item>")}'
    feed = read(body.encode())
    assert ([entry.title for entry in feed.entries], feed.warnings, feed.complete) == (["Perú"], (), True)


@pytest.mark.parametrize(
    ("cut", "titles"),
    [("https://faro.example/se", ["a"]), ("seco", ["a"]), ("</guid>", ["a", "second"])],
    ids=["in its link", "in its title", "after its link"],
)
def test_an_entry_that_is_cut_off_before_its_link_waits_for_the_next_poll(
    cut: str, titles: list[str]
) -> None:
    body = rss(
        "<item><title>a</title><link>https://faro.example/first</link></item>",
        "<item><title>second</title><link>https://faro.example/second</link><guid>2</guid></item>",
    )
    feed = read(body[: body.index(cut, body.index("</item>")) + len(cut)])
    assert [entry.title for entry in feed.entries] == titles
    assert not feed.complete


def test_an_entry_without_a_link_keeps_its_guid() -> None:
    feed = read(rss('<item><title>x</title><guid isPermaLink="false">g-1</guid></item>'))
    assert (feed.entries[0].key, feed.entries[0].guid) == ("case:g-1", "g-1")


def test_an_entry_without_anything_to_know_it_by_is_known_by_its_text() -> None:
    one, same, other = read(rss("<item><title>a</title></item>" * 2, "<item><title>b</title></item>")).entries
    assert one.key == same.key != other.key
    assert one.key.startswith("case:sha256:")
    assert len(one.key) == len("case:sha256:") + 32


@pytest.mark.parametrize(
    "link", ["file:///etc/hostname", "FILE:////etc/x", "news:///x", "javascript:alert(1)"]
)
@pytest.mark.parametrize(
    "feed",
    [
        rss("<item><title>x</title><link>{}</link></item>"),
        rss("<item><title>x</title><link>{}</link></item>").replace("</channel></rss>", ""),
        """<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://faro.example/">
        <entry><title>x</title><link rel="alternate" href="{}"/></entry></feed>""",
        '{{"version": "https://jsonfeed.org/version/1.1", "items": [{{"id": "1", "url": "{}"}}]}}',
    ],
    ids=["RSS", "RSS that is cut off", "Atom with a base", "JSON"],
)
def test_a_link_that_is_no_web_address_is_kept_as_it_was_offered(feed: str, link: str) -> None:
    (entry,) = read(feed.format(link)).entries
    assert (entry.link, entry.url) == (link, link)


def test_tags_are_at_most_twenty() -> None:
    tags = "".join(f"<category>t{number}</category>" for number in range(50))
    assert len(read(rss(f"<item><title>x</title>{tags}</item>")).entries[0].tags) == MAX_TAGS


@pytest.mark.parametrize(
    ("head", "seconds"),
    [
        ("<ttl>15</ttl>", 900),
        ("<ttl>nan</ttl>", None),
        ("<ttl>-5</ttl>", None),
        ("<ttl>inf</ttl>", None),
        ("<ttl>soon</ttl>", None),
        ("", None),
    ],
)
def test_the_feed_may_ask_to_be_left_alone(head: str, seconds: float | None) -> None:
    assert read(rss("<item><title>x</title></item>", head=head)).ttl == seconds


@pytest.mark.parametrize(
    ("description", "contents", "expected"),
    [
        pytest.param("a", [], "a", id="description alone"),
        pytest.param("", ["b"], "b", id="content alone"),
        pytest.param("a", ["a"], "a", id="the same twice"),
        pytest.param(
            "<p>a b</p>", ["<div>x a  b y</div>"], "<div>x a  b y</div>", id="contained, tags aside"
        ),
        pytest.param("x a b y", ["a b"], "x a b y", id="content contained in the description"),
        pytest.param("a", ["b", "c"], "a\n\nb\n\nc", id="nothing in common"),
        pytest.param("<img src=x>", ["b"], "b", id="no words"),
    ],
)
def test_texts_of_an_entry_are_joined_without_loss(
    description: str, contents: list[str], expected: str
) -> None:
    assert joined(description, contents) == expected


@pytest.mark.corpus
def test_live_feeds_give_every_entry_that_feedparser_sees(corpus: Path) -> None:
    for path in sorted((corpus / "feeds").glob("*.xml")):
        body = path.read_bytes()
        feed = read(body)
        assert len(feed.entries) == len(feedparser.parse(io.BytesIO(body)).entries), path.name
        assert all(entry.key for entry in feed.entries)
        assert all(isinstance(entry.published_at, datetime | None) for entry in feed.entries)


@pytest.mark.corpus
@pytest.mark.filterwarnings("ignore::DeprecationWarning:feedparser")
def test_every_feed_document_is_read_or_said_to_be_none(corpus: Path) -> None:
    documents = [*gofeed.documents(corpus), *sorted((corpus / "feeds").glob("*.xml"))]
    assert len(documents) == 546 + 91
    none = [path.name for path in documents if gofeed.ours(path) is None]
    assert none == [
        "invalid.json",
        "version_rdf_090.xml",  # an RDF element and nothing in it
        "empty_feed.xml",
        "invalid.json",
        "unknown_feed.xml",
    ]


@pytest.mark.corpus
@pytest.mark.filterwarnings("ignore::DeprecationWarning:feedparser")
def test_items_read_as_gofeed_reads_them_but_for_the_differences_that_are_listed(corpus: Path) -> None:
    listed = tomllib.loads((CASES.parent / "gofeed.toml").read_text("utf-8"))["difference"]
    told = [path for path in gofeed.documents(corpus) if gofeed.expected(path) is not None]
    found = [
        (f"{path.relative_to(corpus / 'expectations').as_posix()} {place}", theirs)
        for path in told
        for place, theirs, _ in gofeed.differences(path)
    ]
    assert sorted(place for place, _ in found) == sorted(place for one in listed for place in one["places"])
    items = [item for path in told for item in gofeed.expected(path) or ()]
    fields = [value for item in items for value in item]
    assert (len(items), len(fields) - fields.count("") - fields.count(None)) == (266, 106)
    assert 1 - len(found) / len(fields) >= 0.97
    # And of what gofeed finds at all, the empty fields left aside.
    missed = [place for place, theirs in found if theirs not in ("", "None")]
    assert 1 - len(missed) / 106 >= 0.97


@pytest.mark.corpus
def test_a_feed_that_one_byte_breaks_is_not_complete(corpus: Path) -> None:
    body = (corpus / "feeds" / "021a787a782817fc.xml").read_bytes()
    feed = read(body[: len(body) // 2])
    assert feed.entries
    assert not feed.complete


def test_a_run_of_text_reaches_feedparser_in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces: list[str] = []
    mixin = feedparser.mixin._FeedParserMixin
    take = mixin.handle_data

    def handle_data(self: object, text: str, escape: int = 1) -> None:
        pieces.append(text)
        take(self, text, escape)

    monkeypatch.setattr(mixin, "handle_data", handle_data)
    body = b"<rss version='2.0'><channel><item><description>&lt;p&gt;one\ntwo&lt;/p&gt; &amp;amp; three</description></item></channel></rss>"
    read = feeds.read_feed(body, url="https://news.example/", source_id="s")
    assert read.entries[0].summary == "<p>one\ntwo</p> &amp; three"
    assert "<p>one\ntwo</p> &amp; three" in pieces


@pytest.mark.parametrize(("order", "kept"), [("newest first", [9, 8, 7]), ("oldest first", [7, 8, 9])])
def test_of_a_feed_with_too_many_entries_the_newest_are_kept(order: str, kept: list[int]) -> None:
    days = range(9, 0, -1) if order == "newest first" else range(1, 10)
    items = "".join(
        f"<item><title>{day}</title><link>https://a.example/{day}</link><pubDate>0{day} Jul 2026 10:00:00 GMT</pubDate></item>"
        for day in days
    )
    body = f"<rss version='2.0'><channel>{items}</channel></rss>".encode()
    found = read_feed(body, url="https://a.example/rss", source_id="a", max_entries=3)
    assert [int(entry.title) for entry in found.entries] == kept
    assert found.capped == 6
