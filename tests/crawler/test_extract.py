from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from archive.errors import ParseError
from archive.model import Article, PublishedFrom
from crawler.extract import read_page

NOW = datetime(2026, 7, 20, tzinfo=UTC)
TEXT = (
    "<p>La presidenta anunció en Puno una planta de litio que dará trabajo a mil familias de la región.</p>"
    "<p>Los pobladores piden una consulta previa antes de que comiencen las obras, previstas para agosto.</p>"
)


def page(head: str = "", body: str = f"<article><h1>Litio</h1>{TEXT}</article>", attributes: str = "") -> str:
    return f"<!DOCTYPE html><html {attributes}><head>{head}</head><body>{body}</body></html>"


def read(document: str | bytes, url: str = "https://example.org/nota", **settings: Any) -> Article:
    body = document.encode() if isinstance(document, str) else document
    return read_page(body, url=url, now=NOW, **settings)


def ld(**node: Any) -> str:
    return f'<script type="application/ld+json">{json.dumps(node)}</script>'


def test_the_text_keeps_one_paragraph_a_line() -> None:
    lines = read(page()).text.split("\n")
    assert [line for line in lines if line != "Litio"] == [
        "La presidenta anunció en Puno una planta de litio que dará trabajo a mil familias de la región.",
        "Los pobladores piden una consulta previa antes de que comiencen las obras, previstas para agosto.",
    ]


def test_a_page_without_text_is_an_article_without_text() -> None:
    assert read(page("<title>x</title>", "<script>1</script>")).text == ""


@pytest.mark.parametrize(
    "body", [b"", b"   ", b"%PDF-1.7 \x00\x01", b"\xff\xd8\xff\xe0 JFIF", b"plain words"]
)
def test_what_is_no_page_is_an_error(body: bytes) -> None:
    with pytest.raises(ParseError):
        read(body)


_META = '<meta property="article:published_time" content="2026-07-18T10:00:00-05:00">'
_TIME = f'<article><time datetime="2026-07-17T10:00:00Z">hace dos días</time>{TEXT}</article>'


@pytest.mark.parametrize(
    ("document", "url", "expected", "origin"),
    [
        pytest.param(
            page(ld(**{"@type": "NewsArticle", "datePublished": "2026-07-19T01:00:00Z"}) + _META, _TIME),
            "", "2026-07-19T01:00", PublishedFrom.JSON_LD, id="JSON-LD before all",
        ),
        pytest.param(
            page(ld(**{"@graph": [{"@type": "WebSite"}, {"@type": ["ReportageNewsArticle"], "datePublished": "2026-07-19"}]})),
            "", "2026-07-19T00:00", PublishedFrom.JSON_LD, id="a graph and a list of types",
        ),
        pytest.param(
            page('<script type="application/ld+json">[{"@type":"NewsArticle","datePublished":"2026-07-19",}]</script>'),
            "", "2026-07-19T00:00", PublishedFrom.JSON_LD, id="JSON with a comma too many",
        ),
        pytest.param(
            page('<script type="application/ld+json">//<![CDATA[\n{"@type":"Article","datePublished":"2026-07-19"}//]]></script>'),
            "", "2026-07-19T00:00", PublishedFrom.JSON_LD, id="JSON in CDATA",
        ),
        pytest.param(
            page(ld(**{"@type": "NewsArticle", "datePublished": "2036-07-19"}) + _META, _TIME),
            "", "2026-07-18T15:00", PublishedFrom.META, id="a date in the future gives way",
        ),
        pytest.param(page("", _TIME), "", "2026-07-17T10:00", PublishedFrom.TIME, id="time"),
        pytest.param(
            page("", f'<aside><time datetime="2026-07-01">x</time></aside><main>{TEXT}</main>'),
            "https://example.org/2026/07/16/nota", "2026-07-16T00:00", PublishedFrom.URL, id="not the time of an aside",
        ),
        pytest.param(page(), "https://example.org/2026/07/16/nota", "2026-07-16T00:00", PublishedFrom.URL, id="URL"),
        pytest.param(
            page("", f'<article><p class="date">19/07/2026</p>{TEXT}</article>'),
            "", "2026-07-19T00:00", PublishedFrom.TEXT, id="text",
        ),
        pytest.param(page(), "", None, PublishedFrom.NONE, id="none"),
    ],
)  # fmt: skip
def test_the_date_says_where_it_came_from(
    document: str, url: str, expected: str | None, origin: PublishedFrom
) -> None:
    article = read(document, url or "https://example.org/nota")
    assert article.published_from is origin
    assert article.published_at == (datetime.fromisoformat(f"{expected}Z") if expected else None)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        pytest.param('<meta property="og:title" content="Litio en Puno">', "Litio en Puno", id="og:title"),
        pytest.param(
            '<meta property="og:title" content="Litio en Puno | El Faro"><meta property="og:site_name" content="El Faro">',
            "Litio en Puno", id="without the site after it",
        ),
        pytest.param(
            '<meta property="og:title" content="EL FARO - Litio en Puno"><meta property="og:site_name" content="El Faro">',
            "Litio en Puno", id="without the site before it",
        ),
        pytest.param(
            '<meta property="og:title" content="El Faro"><meta property="og:site_name" content="El Faro">',
            "El Faro", id="a title that is the site",
        ),
        pytest.param(
            '<meta property="og:title" content="Mega-Faro"><meta property="og:site_name" content="Faro">',
            "Mega-Faro", id="a word with a hyphen",
        ),
        pytest.param(ld(**{"@type": "NewsArticle", "headline": "Titular"}), "Titular", id="headline"),
        pytest.param("<title>Otra cosa</title>", "Otra cosa", id="a title that shares nothing with the h1"),
        pytest.param("<title>Litio - El Faro de la Costa</title>", "Litio", id="the h1 that stands in the title"),
        pytest.param('<meta property="og:title" content="Per&#xAD;ú\u200b\n  hoy">', "Perú hoy", id="cleaned"),
    ],
)  # fmt: skip
def test_the_title_stands_without_the_site(head: str, expected: str) -> None:
    assert read(page(head)).title == expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (ld(**{"@type": "NewsArticle", "author": [{"@type": "Person", "name": "Ana"}, "Beto"]}), "Ana, Beto"),
        (ld(**{"@type": "NewsArticle", "author": {"name": ["Ana", "x"]}}), "Ana"),
        ('<meta name="author" content="Por Ana Quispe">', "Ana Quispe"),
        ('<meta property="article:author" content="https://facebook.com/faro">', None),
    ],
)
def test_the_author_is_a_name(head: str, expected: str | None) -> None:
    assert read(page(head)).author == expected


@pytest.mark.parametrize(
    ("head", "attributes", "given", "expected"),
    [
        ("", 'lang="es-PE"', "en", "es"),
        ('<meta property="og:locale" content="pt_BR">', "", "en", "pt"),
        (ld(**{"@type": "Article", "inLanguage": "fr-FR"}), "", "en", "fr"),
        ("", 'lang="Spanish"', "en", "en"),
        ("", "", None, None),
    ],
)
def test_the_language_is_what_the_page_says(
    head: str, attributes: str, given: str | None, expected: str | None
) -> None:
    assert read(page(head, attributes=attributes), language=given).language == expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ('<link rel="Canonical" href="/nota?utm_source=x">', "https://example.org/nota"),
        ('<link rel="canonical" href="http://[::1"><meta property="og:url" content="https://example.org/b">', "https://example.org/b"),
        ('<link rel="canonical" href="javascript:alert(1)">', None),
        ("", None),
    ],
)  # fmt: skip
def test_the_canonical_url_is_absolute_and_safe(head: str, expected: str | None) -> None:
    assert read(page(head)).canonical_url == expected


@pytest.mark.parametrize(
    ("encoding", "content_type", "head"),
    [
        pytest.param("utf-8", "text/html; charset=iso-8859-1", "", id="UTF-8 under a wrong header"),
        pytest.param("cp1252", "text/html; charset=windows-1252", "", id="by the header"),
        pytest.param("cp1252", "text/html", '<meta charset="iso-8859-1">', id="by the meta element"),
        pytest.param("cp1252", None, "", id="by detection"),
        pytest.param("utf-16", None, "", id="by the byte order mark"),
        pytest.param("utf-8-sig", None, "", id="UTF-8 with a byte order mark"),
    ],
)
def test_accents_survive_the_encoding(encoding: str, content_type: str | None, head: str) -> None:
    article = read(page(head).encode(encoding), content_type=content_type)
    assert "dará trabajo a mil familias de la región" in article.text


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(page(ld(**{"@type": 5, "author": {"name": {}}, "headline": [], "datePublished": [[]]})), id="odd JSON-LD"),
        pytest.param(page('<script type="application/ld+json">null</script>'), id="JSON-LD of nothing"),
        pytest.param(page('<script type="application/ld+json">' + "[" * 50_000 + "</script>"), id="deep JSON-LD"),
        pytest.param(page('<script type="application/ld+json"></script>'), id="empty JSON-LD"),
        pytest.param(page("<meta name><meta content><link rel><time datetime>"), id="attributes without a value"),
        pytest.param('<?xml version="1.0" encoding="utf-16"?>' + page(), id="an XML declaration that lies"),
        pytest.param(page(body="<div>" * 5_000 + TEXT), id="deep nesting"),
        pytest.param(page("<title>a\x00b</title>"), id="a null character"),
    ],
)  # fmt: skip
def test_a_page_that_is_odd_is_read_all_the_same(document: str) -> None:
    assert isinstance(read(document), Article)


@pytest.mark.corpus
def test_nearly_all_pages_of_the_readability_set_have_a_text(corpus: Path) -> None:
    folders = sorted((corpus / "articles" / "readability").iterdir())
    articles = [read((folder / "source.html").read_bytes()) for folder in folders]
    assert sum(bool(article.text) for article in articles) >= 0.98 * len(folders)
    assert sum(bool(article.title) for article in articles) >= 0.97 * len(folders)
