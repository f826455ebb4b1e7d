from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.errors import ParseError
from archive.model import Feed, Selectors, to_json
from crawler.sections import read_section
from crawler.site import same_site

CASES = tomllib.loads((Path(__file__).parents[1] / "cases" / "sections.toml").read_text("utf-8"))["case"]
URL = "https://www.faro.pe/"


def read(html: str | bytes, **settings: Any) -> Feed:
    body = (
        html if isinstance(html, bytes) else f"<html><head><title>El Faro</title></head><body>{html}".encode()
    )
    return read_section(body, **{"url": URL, "source_id": "faro"} | settings)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_section_page_reads_as_its_case_expects(case: dict[str, Any]) -> None:
    settings = {"since": case.get("since"), "selectors": Selectors(links=case.get("links"))}
    if reason := case.get("reason"):
        with pytest.raises(ParseError) as caught:
            read(case["html"], **settings)
        assert (caught.value.reason, caught.value.detail) == (reason, case.get("detail", caught.value.detail))
        return
    feed = read(case["html"], **settings)
    entries = [json.loads(to_json(entry)) for entry in feed.entries]
    for entry in entries:
        entry["published_at"] = entry["published_at"] or ""
    assert [
        {key: entry[key] for key in want} for entry, want in zip(entries, case["entries"], strict=True)
    ] == case["entries"]
    assert (feed.title, feed.format, feed.complete) == ("El Faro", "section page", True)


def test_articles_past_the_cap_are_counted() -> None:
    links = "".join(f'<a href="/2026/07/19/{n}">Congreso aprueba la ley del litio</a>' for n in range(7))
    feed = read(links, max_entries=5)
    assert (len(feed.entries), feed.capped, feed.complete) == (5, 2, False)


def test_links_past_the_limit_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.sections.MAX_LINKS", 50)
    feed = read('<a href="/2026/07/19/a">Congreso aprueba la ley del litio</a>' * 53)
    assert feed.warnings == ("3 links past the first 50 were not looked at",)
    assert (len(feed.entries), feed.complete) == (1, False)


def test_the_charset_of_a_page_is_heeded() -> None:
    html = '<meta charset="iso-8859-1"><a href="/2026/07/19/a">Perú y España votan hoy</a>'
    (entry,) = read(html.encode("latin-1")).entries
    assert entry.title == "Perú y España votan hoy"


@pytest.mark.parametrize(
    "body", [b"", b"\x00\x01\x02", b"%PDF-1.7 /2026/07/19/", b'{"a": "/2026/07/19/x"}', b"<" * 5_000]
)
def test_what_is_no_page_is_an_error_with_a_reason(body: bytes) -> None:
    with pytest.raises(ParseError) as caught:
        read(body)
    assert caught.value.reason in {"no_articles", "parse_error"}


PIECES = st.sampled_from([
    "<a href='", "/2026/07/19/ley-del-litio", "/ley-del-litio-en-puno", "'>", "Congreso aprueba la ley del litio", "</a>",
    "<nav>", "</nav>", "<article>", "</article>", "<time datetime='2026-07-19'>", "<h2>", "</h2>", "<base href='x'>",
    "http://[::1", "//", "<svg>", "<!--", "-->", "<template>", "\x00", "<html>", "</body>", "<script>", "&#0;",
])  # fmt: skip


@given(
    st.lists(st.one_of(PIECES, st.text(max_size=4)), max_size=25).map("".join),
    st.sampled_from([None, "a", "h2 a", "*"]),
)
def test_any_page_has_articles_of_its_site_or_is_an_error_with_a_reason(html: str, links: str | None) -> None:
    try:
        feed = read(html.encode("utf-8", "replace"), selectors=Selectors(links=links))
    except ParseError as error:
        assert error.reason in {"no_articles", "parse_error"}
    else:
        assert feed.entries
        assert all(links or (entry.url and same_site(URL, entry.url)) for entry in feed.entries)
        assert len({entry.key for entry in feed.entries}) == len(feed.entries)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://www.faro.pe/a", "http://faro.pe/b", True),
        ("https://faro.com.pe/a", "https://otro.com.pe/a", False),
        ("https://one.blogspot.com/", "https://other.blogspot.com/", False),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:9000/", True),
        ("http://127.0.0.1/", "http://127.1.0.1/", False),
        ("http://[::1]/", "http://[::2]/", False),
        ("http://localhost/", "http://localhost:8000/", True),
        ("https://faro.example/", "https://mapas.faro.example/", True),
        ("file:///a", "file:///b", False),
        ("http://[::1", "http://[::1", False),
    ],
)
def test_two_addresses_are_of_one_site_by_the_domain_that_somebody_registered(
    one: str, other: str, same: bool
) -> None:
    assert same_site(one, other) is same
