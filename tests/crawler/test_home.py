"""What a home page says of its site, and where its feeds may be."""

from __future__ import annotations

import pytest

from archive.model import EndpointKind
from crawler import home
from crawler.home import Home, Link

URL = "https://www.faro.example/portada"


def page(head: str, lang: str = "") -> bytes:
    return f"<!doctype html><html{lang}><head>{head}</head><body><p>hoy</p></body></html>".encode()


NAMES = {
    "og:site_name": (
        '<meta property="og:site_name" content="El Faro"><title>Portada | Otro</title>',
        "El Faro",
    ),
    "application-name": ('<meta name="application-name" content=" El\n Faro ">', "El Faro"),
    "the shorter part of a title": ("<title>Portada de hoy | El Faro</title>", "El Faro"),
    "a front page is not a name": ("<title>Portada | El Diario de Puno</title>", "El Diario de Puno"),
    "a title with a colon": ("<title>El Faro: noticias de Puno y del mundo</title>", "El Faro"),
    "nothing": ("", None),
}


@pytest.mark.parametrize(("head", "name"), NAMES.values(), ids=NAMES)
def test_a_site_is_called_what_it_calls_itself(head: str, name: str | None) -> None:
    assert home.read_home(page(head), url=URL).name == name


def test_the_feeds_that_a_page_names_are_found_and_nothing_else() -> None:
    head = """
      <base href="https://cdn.faro.example/">
      <link rel="alternate" type="application/rss+xml" title="Portada" href="/rss">
      <link rel="ALTERNATE home" type="application/atom+xml; charset=utf-8" href="atom.xml">
      <link rel="alternate" type="application/feed+json" href="https://json.example/feed">
      <link rel="alternate" hreflang="en" href="/en">
      <link rel="alternate" type="application/rss+xml" href="file:///etc/passwd">
      <link rel="alternate" type="application/json" href="/wp-json/wp/v2/pages/2">
      <link rel="alternate" type="application/json+oembed" href="/oembed">
      <link rel="alternate" type="text/xml+oembed" href="/oembed?format=xml">
      <link rel="stylesheet" type="text/xml" href="/style.xml">"""
    found = home.read_home(page(head, ' lang="es-pe"'), url=URL)
    assert found.links == (
        Link(url="https://cdn.faro.example/rss", title="Portada"),
        Link(url="https://cdn.faro.example/atom.xml"),
        Link(url="https://json.example/feed"),
    )
    assert (found.language, found.region) == ("es", "PE")


@pytest.mark.parametrize("body", [b"", b"\x00\x01", b"{}", b"<rss><channel/></rss>"])
def test_what_is_no_page_says_nothing(body: bytes) -> None:
    assert home.read_home(body, url=URL).links == ()


def test_sitemaps_stand_in_robots_txt_those_of_news_first() -> None:
    robots = """User-agent: *
Disallow: /x
Sitemap: https://faro.example/sitemap.xml
  sitemap : https://faro.example/news.xml
Sitemap: /relative.xml
Sitemap: https://faro.example/sitemap.xml
"""
    assert home.sitemaps(robots) == ("https://faro.example/news.xml", "https://faro.example/sitemap.xml")


def test_what_a_page_names_is_asked_first_then_robots_txt_then_the_usual_places() -> None:
    links = (Link(url="https://www.faro.example/comments/feed/"), Link(url="https://www.faro.example/feed"))
    found = home.candidates(URL, Home(links=links), "Sitemap: https://www.faro.example/news.xml")
    assert [one.url.removeprefix("https://www.faro.example") for one in found][:6] == [
        "/feed",
        "/comments/feed/",
        "/news.xml",
        "/rss",
        "/arc/outboundfeeds/rss/?outputType=xml",
        "/arcio/rss/",
    ]
    assert [one.kind for one in found if "sitemap" in one.url or "news" in one.url] == [
        EndpointKind.SITEMAP
    ] * 4
    assert len({one.url for one in found}) == len(found)


def test_a_site_is_asked_twenty_times_at_the_most() -> None:
    links = tuple(Link(url=f"https://faro.example/{n}/rss") for n in range(100))
    robots = "\n".join(f"Sitemap: https://faro.example/{n}.xml" for n in range(100))
    # robots.txt and the page itself are the other two.
    assert len(home.candidates(URL, Home(links=links), robots)) == home.MOST - 2 == 18


@pytest.mark.parametrize(
    ("host", "region", "country"),
    [
        ("elfaro.pe", "US", "PE"),
        ("elfaro.com.pe", None, "PE"),
        ("lantern.co.uk", None, "GB"),
        ("lantern.com.co", None, "CO"),
        ("lantern.co", None, None),
        ("lantern.io", "PE", "PE"),
        ("lantern.com", "PE", "PE"),
        ("lantern.com", "XX", None),
        ("lantern.com", None, None),
        ("127.0.0.1", None, None),
    ],
)
def test_a_country_is_in_the_ending_else_in_the_language(
    host: str, region: str | None, country: str | None
) -> None:
    assert home.country(host, region) == country


def test_a_language_is_what_the_page_says_else_what_most_entries_are_in() -> None:
    assert home.language(Home(language="es"), ["en", "en"]) == "es"
    assert home.language(Home(), ["en", None, "es", "en-GB"]) == "en"
    assert home.language(Home(), [None]) is None
