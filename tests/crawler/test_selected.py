from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from archive.model import Article, PublishedFrom, Selectors
from crawler.extract import read_page
from crawler.selected import MOST, xpath

NOW = datetime(2026, 7, 20, 12, tzinfo=UTC)
PAGE = """<html><head><title>Otra cosa | Faro</title><meta property="og:title" content="Titular para redes">
<meta name="fecha" content="2026-07-18T10:00:00Z"></head><body>
<h1 class="t">Congreso aprueba <em>la ley</em></h1><p class="by">Por Redacción Faro</p><p class="d">Lima, 19 de julio de 2026</p>
<time class="when" datetime="2026-07-19T08:00:00-05:00">ayer</time><ul><li>menú</li></ul>
<div class="body"><p>El litio de Puno.</p><div><p>Segundo <b>párrafo</b>.</p></div><script>alert(1)</script><style>p{}</style></div>
<div class="more"><p>Lea también</p></div></body></html>"""


def read(html: str = PAGE, **selectors: str) -> Article:
    return read_page(html.encode(), url="https://faro.pe/a", now=NOW, selectors=Selectors(**selectors))


@pytest.mark.parametrize(
    ("selectors", "field", "value"),
    [
        ({}, "title", "Titular para redes"),
        ({"title": "h1.t"}, "title", "Congreso aprueba la ley"),
        ({"title": "h1.t::text"}, "title", "Congreso aprueba"),
        ({"title": "meta[property='og:title']"}, "title", "Titular para redes"),
        ({"text": ".body"}, "text", "El litio de Puno.\nSegundo párrafo."),
        ({"text": ".body p"}, "text", "El litio de Puno.\nSegundo párrafo."),
        ({"text": ".body, .body p"}, "text", "El litio de Puno.\nSegundo párrafo."),
        ({"text": ".body p::text"}, "text", "El litio de Puno.\nSegundo\n."),
        ({"author": ".by"}, "author", "Redacción Faro"),
        ({"date": ".d"}, "published_at", datetime(2026, 7, 19, tzinfo=UTC)),
        ({"date": "time"}, "published_at", datetime(2026, 7, 19, 13, tzinfo=UTC)),
        ({"date": "time::attr(datetime)"}, "published_at", datetime(2026, 7, 19, 13, tzinfo=UTC)),
        ({"date": "meta[name=fecha]"}, "published_at", datetime(2026, 7, 18, 10, tzinfo=UTC)),
        ({"date": ".d"}, "published_from", PublishedFrom.TEXT),
        ({"date": "time"}, "published_from", PublishedFrom.TIME),
        ({"date": "meta[name=fecha]"}, "published_from", PublishedFrom.META),
    ],
)
def test_a_selector_names_a_part_of_the_page(selectors: dict[str, str], field: str, value: Any) -> None:
    article = read(**selectors)
    assert getattr(article, field) == value
    assert article.warnings == ()


@pytest.mark.parametrize("part", ["title", "text", "author", "date"])
def test_a_selector_that_finds_nothing_is_said_and_the_page_is_read_without_it(part: str) -> None:
    plain, article = read(), read(**{part: ".gone"})
    assert article.warnings == (f"selectors.{part} found nothing on the page (.gone)",)
    assert (article.title, article.text, article.author) == (plain.title, plain.text, plain.author)
    assert (article.published_at, article.published_from) == (plain.published_at, plain.published_from)


def test_a_selector_that_names_too_much_is_said() -> None:
    article = read(f"<html><body>{'<i>x</i>' * (MOST + 1)}</body></html>", author="i")
    assert article.warnings == (
        f"selectors.author found {MOST + 1} elements, of which the first {MOST} were read",
    )


def test_words_that_are_no_date_are_said_and_another_date_is_looked_for() -> None:
    article = read(date=".body p")
    assert article.warnings == ("selectors.date found no date that can be read ('El litio de Puno.')",)
    assert article.published_at == read().published_at is not None


def test_a_date_that_cannot_be_is_not_taken() -> None:
    html = PAGE.replace("19 de julio de 2026", "19 de julio de 2046")
    assert read(html, date=".d").published_at == read(html).published_at


def test_words_of_a_page_never_keep_their_markup() -> None:
    html = "<html><body><h1>A <img src=x onerror=alert(1)> b</h1><div class=x><p>1 &lt; 2</p></div></body></html>"
    article = read(html, title="h1", text=".x")
    assert (article.title, article.text) == ("A b", "1 < 2")


@pytest.mark.parametrize(
    "css", ["h2 a", "h2 a, h3 a", "a[href*='/noticia/']", "a:not(.x)", "div:has(> a)", "a::attr(href)"]
)
def test_a_css_selector_becomes_an_xpath(css: str) -> None:
    assert xpath(css).startswith("descendant-or-self::")


@pytest.mark.parametrize(
    "css", ["h2[", "> a", "//h2/a", "a::nothing", "x|a", "a:nothing", "", "*:first-of-type", "h2 a {}"]
)
def test_what_is_no_css_selector_is_refused_in_words(css: str) -> None:
    with pytest.raises(ValueError, match="this is no CSS selector that can be used, such as h2 a"):
        xpath(css)
