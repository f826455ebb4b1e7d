from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import html

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


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(ld(**{"@graph": [{"@type": "WebSite"}, {"@type": ["ReportageNewsArticle"], "datePublished": "2026-07-19"}]}), id="a graph and a list of types"),
        pytest.param('<script type="application/ld+json">[{"@type":"NewsArticle","datePublished":"2026-07-19",}]</script>', id="a comma too many"),
        pytest.param('<script type="application/ld+json">//<![CDATA[\n{"@type":"Article","datePublished":"2026-07-19"}//]]></script>', id="in CDATA"),
    ],
)  # fmt: skip
def test_json_ld_is_read_however_it_is_written(head: str) -> None:
    article = read(page(head))
    assert (article.published_at, article.published_from) == (
        datetime(2026, 7, 19, tzinfo=UTC),
        PublishedFrom.JSON_LD,
    )


def part(free: object) -> dict[str, object]:
    return {"@type": "WebPageElement", "isAccessibleForFree": free, "cssSelector": ".cuerpo"}


@pytest.mark.parametrize(
    ("head", "body", "expected"),
    [
        pytest.param("", "", None, id="not said"),
        pytest.param(ld(**{"@type": "NewsArticle", "isAccessibleForFree": False}), "", True, id="false"),
        pytest.param(ld(**{"@type": "NewsArticle", "isAccessibleForFree": "False"}), "", True, id="as a word"),
        pytest.param(ld(**{"@type": "NewsArticle", "isAccessibleForFree": "https://schema.org/False"}), "", True, id="as an address"),
        pytest.param(ld(**{"@type": "NewsArticle", "isAccessibleForFree": "true"}), "", False, id="true as a word"),
        pytest.param(ld(**{"@type": "NewsArticle", "isAccessibleForFree": True}), "", False, id="true"),
        pytest.param(ld(**{"@type": "NewsArticle", "isAccessibleForFree": "perhaps"}), "", None, id="another word"),
        pytest.param(ld(**{"@type": "NewsArticle", "isAccessibleForFree": None}), "", None, id="null"),
        pytest.param(ld(**{"@type": "NewsArticle", "hasPart": part("false")}), "", True, id="a part"),
        pytest.param(ld(**{"@type": "NewsArticle", "isAccessibleForFree": True, "hasPart": [part(True), part(False)]}), "", True, id="one part of two"),
        pytest.param(ld(**{"@type": "NewsArticle", "hasPart": ["x", 5, part(True)]}), "", False, id="odd parts"),
        pytest.param(ld(**{"@type": "WebPage", "isAccessibleForFree": False}), "", True, id="the page"),
        pytest.param(ld(**{"@type": "Product", "isAccessibleForFree": False}), "", None, id="something else"),
        pytest.param('<script type="application/ld+json">{"@type":"NewsArticle","isAccessibleForFree":false,}</script>', "", True, id="a comma too many"),
        pytest.param('<meta itemprop="isAccessibleForFree" content="false">', "", True, id="microdata in the head"),
        pytest.param("", '<link itemprop="isAccessibleForFree" href="https://schema.org/True">', False, id="microdata in the body"),
        pytest.param('<meta name="isAccessibleForFree" content="False">', "", True, id="a meta element"),
        pytest.param('<meta property="article:content_tier" content="locked">', "", True, id="locked"),
        pytest.param('<meta property="article:content_tier" content="free">', "", False, id="a free tier"),
    ],
)  # fmt: skip
def test_who_has_to_pay_is_told_by_the_page_or_not_at_all(
    head: str, body: str, expected: bool | None
) -> None:
    assert read(page(head, f"<article><h1>Litio</h1>{TEXT}{body}</article>")).paywalled is expected


@pytest.mark.parametrize(
    "offer",
    [
        "<h2>Suscríbete para seguir leyendo</h2><p>Acceso ilimitado por 1 euro al mes.</p><p>Inicia sesión</p>",
        "<p>Esta nota es exclusiva para suscriptores.</p><p>Planes desde 10 soles.</p>",
        "<h3>Subscribe to continue reading</h3><p>One dollar a month.</p>",
    ],
)
def test_an_offer_in_the_place_of_the_text_is_a_paywall_and_no_text(offer: str) -> None:
    article = read(page("", f'<article><h1>Litio</h1>{TEXT}<div class="paywall">{offer}</div></article>'))
    assert article.paywalled is True
    assert article.text.endswith("previstas para agosto.")


@pytest.mark.parametrize(
    "below",
    [
        pytest.param("<p>El diario pedía: suscríbete para seguir leyendo, y nadie lo hizo en un año.</p>", id="a sentence"),
        pytest.param(f"<p>Suscríbete para seguir leyendo</p>{TEXT * 8}", id="a long text goes on"),
        pytest.param("<p>Suscríbete a nuestro boletín</p>", id="a newsletter"),
    ],
)  # fmt: skip
def test_what_only_speaks_of_subscribing_is_no_paywall(below: str) -> None:
    article = read(page("", f"<article><h1>Litio</h1>{TEXT}{below}</article>"))
    assert article.paywalled is None


SPANISH = (
    "La presidenta anunció en Puno una planta de litio que dará trabajo a mil familias de la región. Los pobladores "
    "piden una consulta previa antes de que comiencen las obras, previstas para agosto. El alcalde recordó que el lago "
    "abastece de agua a tres ciudades y que nadie ha explicado todavía de dónde saldrá la que necesita la planta. "
)
ENGLISH = (
    "The president said in Puno that a lithium plant would give work to a thousand families of the region. Those who "
    "live there want to be asked before the works begin, which is to be in August. The mayor said that three cities "
    "take their water from the lake, and that nobody has told them where the plant would get what it needs. "
)


@pytest.mark.parametrize(
    ("text", "attributes", "declared", "language", "said"),
    [
        pytest.param(SPANISH * 2, 'lang="es-PE"', "es", "es", None, id="all agree"),
        pytest.param(SPANISH * 2, 'lang="en"', "es", "es", None, id="a template in another language"),
        pytest.param(ENGLISH * 2, 'lang="es"', "es", "en", "es", id="the text is in another language than its source"),
        pytest.param(ENGLISH * 2, 'lang="en"', "es", "en", "es", id="and its page says so"),
        pytest.param(ENGLISH * 2, 'lang="es"', None, "en", "es", id="than its page says"),
        pytest.param(ENGLISH * 2, "", None, "en", None, id="nothing is said"),
        pytest.param(ENGLISH + SPANISH, 'lang="es"', "en", "es", None, id="mixed texts are in none"),
        pytest.param(ENGLISH * 3 + SPANISH, 'lang="es"', "es", "es", None, id="nor is a text with a long quote"),
        pytest.param(ENGLISH[:200], 'lang="es"', "es", "es", None, id="short texts are in none"),
        pytest.param("Boluarte Quispe Mamani Flores " * 30, 'lang="es"', "es", "es", None, id="names are in none"),
    ],
)  # fmt: skip
def test_the_language_is_that_of_the_text_where_it_is_certain(
    text: str, attributes: str, declared: str | None, language: str, said: str | None
) -> None:
    sentences = "".join(f"<p>{one}.</p>" for one in text.split(". ") if one)
    article = read(page("", f"<article><h1>Litio</h1>{sentences}</article>", attributes), language=declared)
    assert (article.language, article.language_said) == (language, said)


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
        ('<meta name="author" content="admin">', None),
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


@pytest.mark.parametrize(
    ("head", "body", "expected"),
    [
        pytest.param("<title>El Faro</title>", "<h1>Puno pide una consulta</h1>", "Puno pide una consulta", id="every page has the title of the site"),
        pytest.param("<title>Puno pide una consulta previa</title>", "<h1>Salud y vida</h1>", "Puno pide una consulta previa", id="an h1 that is a section"),
        pytest.param("<title>Puno pide una consulta previa | El Faro</title>", "<h1>Bienvenidos</h1>", "Puno pide una consulta previa", id="without the site, that nothing names"),
        pytest.param("<title>Faro - Litio</title>", "<h1>Hoy</h1>", "Faro - Litio", id="two words are no site and no title"),
        pytest.param("<title>Faro: Puno pide una consulta - Faro</title>", "<h1>Faro</h1><h1>Puno pide una consulta</h1>", "Puno pide una consulta", id="two of the first rank"),
        pytest.param(ld(**{"@type": "Article", "headline": "salar de los Andes", "name": "Uyuni"}) + "<title>Uyuni - Enciclopedia</title>", "", "Uyuni", id="the name of a thing, not what it is"),
        pytest.param('<meta name="parsely-title" content="Litio en Puno">', "<h1>x</h1>", "Litio en Puno", id="parsely"),
    ],
)  # fmt: skip
def test_the_title_element_and_the_headings_are_weighed(head: str, body: str, expected: str) -> None:
    assert read(page(head, f"{body}<article>{TEXT}</article>")).title == expected


def test_nothing_a_page_names_is_opened(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret of the house")
    declared = f'<!DOCTYPE html [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'
    inside = (
        f'<article><h1>Litio</h1><p>&x; {secret}</p>{TEXT}</article><iframe src="{secret.as_uri()}"></iframe>'
    )
    for document in (page(body=inside), page(body=inside).replace("<!DOCTYPE html>", declared)):
        assert "secret of the house" not in repr(read(document))


def test_a_body_that_is_a_path_is_no_page(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text(page())
    for body in (str(file), file.as_uri()):
        with pytest.raises(ParseError):
            read(body)


@pytest.mark.corpus
def test_the_texts_of_the_readability_set_keep_their_paragraphs(corpus: Path) -> None:
    for name in ("guardian-1", "bbc-1", "nytimes-1", "folha", "liberation-1", "la-nacion", "aclu", "wapo-1"):
        folder = corpus / "articles" / "readability" / name
        lines = read((folder / "source.html").read_bytes()).text.split("\n")
        expected = html.fromstring((folder / "expected.html").read_text("utf-8")).iter("p")
        paragraphs = [text for one in expected if len(text := " ".join(one.text_content().split())) > 80]
        starts = {line.removeprefix("- ")[:40] for line in lines}  # a caption in a list has a dash
        assert all(lines)
        assert sum(paragraph[:40] in starts for paragraph in paragraphs) >= 0.9 * len(paragraphs), name


@pytest.mark.corpus
def test_nearly_all_pages_of_the_readability_set_have_a_text(corpus: Path) -> None:
    folders = sorted((corpus / "articles" / "readability").iterdir())
    articles = [read((folder / "source.html").read_bytes()) for folder in folders]
    assert sum(bool(article.text) for article in articles) >= 0.98 * len(folders)
    assert sum(bool(article.title) for article in articles) >= 0.97 * len(folders)


SECTIONS = "<header><nav><ul><li><a href='/peru'>Perú</a></li><li><a href='/litio'>Litio</a></li></ul></nav></header>"
FOOT = "<footer><p>Av. Perú 123, Lima. Suscríbase a nuestro boletín.</p></footer>"


@pytest.mark.parametrize("said", ["", "Chile y Argentina firmaron un acuerdo aduanero en Mendoza."])
def test_of_a_page_with_next_to_no_text_the_names_of_sections_are_none(said: str) -> None:
    head = "<title>Chile firma con Argentina</title>"
    article = f"<article><h1>Chile firma con Argentina</h1>{f'<p>{said}</p>' if said else ''}</article>"
    assert read(page(head, SECTIONS + article + FOOT)).text == said
