from __future__ import annotations

import gzip
import json
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.errors import ParseError
from archive.model import to_json
from crawler.sitemaps import MAX_CHILDREN, Sitemap, read_sitemap

CASES = tomllib.loads((Path(__file__).parents[1] / "cases" / "sitemaps.toml").read_text("utf-8"))["case"]
URL = "https://faro.example/sitemap.xml"
NOW = datetime(2026, 7, 20, 12, tzinfo=UTC)


def read(body: bytes | str, **settings: Any) -> Sitemap:
    body = body.encode() if isinstance(body, str) else body
    return read_sitemap(body, **{"url": URL, "source_id": "faro"} | settings)


def links(sitemap: Sitemap) -> list[str | None]:
    return [entry.url for entry in sitemap.feed.entries]


def urlset(*urls: str) -> str:
    return f"<urlset>{''.join(f'<url><loc>{url}</loc></url>' for url in urls)}</urlset>"


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_sitemap_reads_as_its_case_expects(case: dict[str, Any]) -> None:
    if reason := case.get("reason"):
        with pytest.raises(ParseError) as caught:
            read(case["body"])
        assert caught.value.reason == reason
        return
    sitemap = read(case["body"], since=case.get("since"))
    entries = [json.loads(to_json(entry)) for entry in sitemap.feed.entries]
    for entry in entries:
        entry["published_at"] = entry["published_at"] or ""
    assert [
        {key: entry[key] for key in want} for entry, want in zip(entries, case["entries"], strict=True)
    ] == case["entries"]
    assert [child.url for child in sitemap.children] == case.get("children", [])
    for name in ("format", "title"):
        assert getattr(sitemap.feed, name) == case.get(name, getattr(sitemap.feed, name))
    warnings = "\n".join(sitemap.feed.warnings)
    assert case["warning"] in warnings if "warning" in case else not warnings
    assert sitemap.feed.complete is not ("warning" in case)


@pytest.mark.parametrize(
    "encoded",
    [
        pytest.param(lambda text: text.encode("utf-8"), id="UTF-8"),
        pytest.param(lambda text: text.encode("utf-8-sig"), id="UTF-8 with a mark"),
        pytest.param(lambda text: b"\n " + text.encode("utf-8"), id="after white space"),
        pytest.param(lambda text: text.encode("utf-16"), id="UTF-16"),
        pytest.param(lambda text: text.encode("cp1252"), id="Latin 1 that nobody declared"),
        pytest.param(
            lambda text: b'<?xml version="1.0" encoding="ISO-8859-1"?>' + text.encode("latin-1"), id="Latin 1"
        ),
        pytest.param(
            lambda text: b'<?xml version="1.0" encoding="ISO-8859-1"?>' + text.encode("utf-8"),
            id="UTF-8 that says it is Latin 1",
        ),
        pytest.param(
            lambda text: b'<?xml version="1.0" encoding="nonsense"?>' + text.encode("utf-8"), id="nonsense"
        ),
    ],
)
def test_an_encoding_is_found_out(encoded: Any) -> None:
    body = encoded(
        "<urlset><url><loc>/perú</loc><news><title>Perú vota: ¿qué año?</title></news></url></urlset>"
    )
    (entry,) = read(body).feed.entries
    assert (entry.title, entry.url) == ("Perú vota: ¿qué año?", "https://faro.example/per%C3%BA")


def test_a_packed_sitemap_is_unpacked_whatever_it_is_called() -> None:
    assert links(read(gzip.compress(urlset("/a").encode()))) == ["https://faro.example/a"]


def test_a_packed_sitemap_that_is_cut_off_gives_what_there_is_and_says_so() -> None:
    whole = gzip.compress(urlset(*(f"/{number * 7919}" for number in range(2000))).encode())
    sitemap = read(whole[: len(whole) // 2])
    assert sitemap.feed.entries
    assert not sitemap.feed.complete
    assert "the packed file ends too early" in sitemap.feed.warnings


def test_what_cannot_be_unpacked_is_no_sitemap() -> None:
    with pytest.raises(ParseError) as caught:
        read(b"\x1f\x8b\x08\x00" + b"\xff" * 50)
    assert caught.value.reason == "not_a_sitemap"


def test_a_packed_file_of_a_gigabyte_is_never_unpacked() -> None:
    bomb = gzip.compress(b"<urlset>" + b" " * 20_000_000)
    with pytest.raises(ParseError) as caught:
        read(bomb, max_bytes=1_000_000)
    assert caught.value.reason == "too_large"


def test_of_fifty_thousand_addresses_the_newest_are_taken_and_the_rest_is_counted() -> None:
    urls = (
        f"<url><loc>/story-{number}</loc><lastmod>{(NOW - timedelta(minutes=number)).isoformat()}</lastmod></url>"
        for number in range(50_000)
    )
    # The oldest stand first: what is taken does not hang on the order of the file.
    sitemap = read(f"<urlset>{''.join(reversed(list(urls)))}</urlset>", max_entries=500)
    assert links(sitemap) == [f"https://faro.example/story-{number}" for number in range(500)]
    assert (sitemap.feed.capped, sitemap.feed.complete) == (49_500, False)


def test_what_nothing_dates_comes_after_what_is_dated_in_the_order_of_the_file() -> None:
    body = urlset("/a", "/b", "/2026/07/01/c")
    assert links(read(body, max_entries=2)) == ["https://faro.example/2026/07/01/c", "https://faro.example/a"]


def test_an_index_of_a_thousand_sitemaps_says_how_many_were_not_looked_at() -> None:
    body = f"<sitemapindex>{''.join(f'<sitemap><loc>/{n}.xml</loc></sitemap>' for n in range(1000))}</sitemapindex>"
    sitemap = read(body)
    assert len(sitemap.children) == MAX_CHILDREN
    assert "500 sitemaps past the first 500 were not looked at" in sitemap.feed.warnings


def test_a_sitemap_is_exact_when_its_lastmod_has_a_time_of_day() -> None:
    body = """<sitemapindex><sitemap><loc>/a</loc><lastmod>2026-07-19T10:00:00Z</lastmod></sitemap>
    <sitemap><loc>/b</loc><lastmod>2026-07-19</lastmod></sitemap><sitemap><loc>/c</loc></sitemap></sitemapindex>"""
    assert {child.url[-1]: child.exact for child in read(body).children} == {
        "a": True,
        "b": False,
        "c": False,
    }


PIECES = st.sampled_from([
    b"<urlset>", b"</urlset>", b"<url>", b"</url>", b"<loc>", b"</loc>", b"https://faro.example/a", b"<lastmod>", b"&",
    b"2026-07-19", b"</lastmod>", b"<sitemapindex>", b"<sitemap>", b"</sitemap>", b"<news:news>", b"<news:title>", b"]]>",
    b"</news:title>", b"<![CDATA[", b"<!DOCTYPE x [<!ENTITY e 'x'>]>", b"&e;", b"<!--", b"-->", b"<?xml version='1.0'?>",
    b"\xff\xfe", b"\x00", b"\x1f\x8b", b"http://[::1", b"<rss>", b"<item>", b"\n",
])  # fmt: skip


@given(st.lists(st.one_of(PIECES, st.binary(max_size=4)), max_size=25).map(b"".join))
def test_any_body_is_a_sitemap_or_an_error_with_a_reason(body: bytes) -> None:
    try:
        sitemap = read(body, since=NOW)
    except ParseError as error:
        assert error.reason in {"not_a_sitemap", "parse_error"}
    else:
        assert all(entry.url for entry in sitemap.feed.entries if not entry.guid)


@given(st.lists(st.tuples(st.integers(0, 60), st.datetimes(timezones=st.just(UTC))), max_size=20))
def test_what_is_taken_is_never_older_than_the_time_asked_for(urls: list[tuple[int, datetime]]) -> None:
    body = "".join(
        f"<url><loc>/{number}</loc><lastmod>{when.isoformat()}</lastmod></url>" for number, when in urls
    )
    wanted = {f"https://faro.example/{number}" for number, when in urls if when >= NOW}
    assert set(links(read(f"<urlset>{body}</urlset>", since=NOW))) == wanted


@pytest.mark.corpus
def test_hostile_documents_read_as_sitemaps_open_no_file_and_grow_to_nothing(corpus: Path) -> None:
    paths = sorted((corpus / "hostile").glob("*.xml"))
    assert paths
    for path in paths:
        body = path.read_bytes()
        inside = body.replace(b"<?xml version", b"<?xml version").split(b"?>", 1)[-1]
        # As they are they are no sitemaps; with the root of one, their entities stand where an address does.
        for hostile in (
            body,
            b"<urlset><url><loc>/x</loc><news><title>" + inside + b"</title></news></url></urlset>",
        ):
            try:
                sitemap = read(hostile)
            except ParseError as error:
                assert error.reason == "not_a_sitemap"
            else:
                said = to_json(sitemap.feed)
                assert b"root:" not in said
                assert len(said) < 3 * len(hostile) + 2_000
