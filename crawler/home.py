"""What the home page of a site says of the site: its name, its language, its feeds; and where else feeds may be.

    body ─▶ Home: name, language, country, the feeds it links to
    Home + robots.txt ─▶ candidates: addresses worth asking, the most promising first

Pure; `crawler.cli.adding` asks, through the one crawl. A page that is itself a feed is a `Home` without anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from babel import Locale
from trafilatura.utils import load_html

from archive.model import EndpointKind
from archive.normalize import clean_line

from . import metadata, urls
from .extract import decode
from .language import primary

MOST = 20
"""Addresses that are asked of one site, robots.txt and home page among them."""

MOST_LINKED = 8
"""Feeds of a page that are candidates: some sites name one for each author."""

MOST_SITEMAPS = 3

COMMON = (
    "/feed/",
    "/rss",
    "/arc/outboundfeeds/rss/?outputType=xml",
    "/arcio/rss/",
    "/rss.xml",
    "/feed.xml",
    "/atom.xml",
    "/index.xml",
    "/rss/home.xml",
    "/news-sitemap.xml",
    "/sitemap-news.xml",
    "/sitemap.xml",
)
"""Where feeds and news sitemaps stand on sites that do not say it, the most usual first."""

_TYPES = re.compile(
    r"(?:application/(?:rss|atom|rdf|feed)\+(?:xml|json)|application/json|(?:text|application)/xml)\s*(?:;.*)?",
    re.IGNORECASE,
)
_API = re.compile(r"/wp-json/")  # WordPress names on each page where programs read it
_NEWS = re.compile(r"news|notici", re.IGNORECASE)
_COMMENTS = re.compile(r"/comments?/|/comentarios/|[?&]feed=comments", re.IGNORECASE)
_FRONT = re.compile(
    r"portada|inicio|principal|capa|home ?page|home|front page|(?:últimas )?noticias|(?:latest |breaking )?news",
    re.IGNORECASE,
)
_REGION = re.compile(r"[A-Za-z]{2,3}[-_]([A-Za-z]{2})$")
# Endings that belong to a country and are sold to everybody.
_SOLD = frozenset({"ai", "cc", "co", "fm", "gg", "io", "la", "ly", "me", "sh", "to", "tv", "vc", "ws"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A feed that a page names; ``title`` is what the page calls it."""

    url: str
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """What a home page says of its site."""

    name: str | None = None
    language: str | None = None
    region: str | None = None  # of html lang: es-PE
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An address worth asking, and how it came to be one."""

    kind: EndpointKind
    url: str
    why: str
    title: str = ""


def read_home(body: bytes, *, url: str, content_type: str | None = None) -> Home:
    """Return what ``body``, fetched from ``url``, says; nothing for what is no HTML."""
    try:
        tree = load_html(decode(body, content_type)) if body.strip() else None
    except (ValueError, LookupError):
        tree = None
    if tree is None:
        return Home()
    said = metadata.read(tree, url=url)
    region = _REGION.match(said.html_language or "")
    name = said.first("og:site_name", "application-name", "apple-mobile-web-app-title")
    return Home(
        name=clean_line(name or _titled(tree))[:100] or None,
        language=said.language,
        region=region[1].upper() if region else None,
        links=tuple(_links(tree, url)),
    )


def _titled(tree: Any) -> str:
    """Return the part of the title that names the site: *Portada | El Diario*, *El Diario: noticias de hoy*."""
    title = clean_line(tree.findtext(".//title") or "")
    parts = [part for part in re.split(r"\s+[|·»\-–—]\s+|:\s+", title) if part]
    named = [part for part in parts if not _FRONT.fullmatch(part)]
    return min(named or parts, key=len, default="")


def _links(tree: Any, url: str) -> Iterator[Link]:
    base = urls.join(url, tree.xpath("string(//base/@href)")) or url
    for element in tree.iter("link", "a"):
        rel = (element.get("rel") or "").lower().split()
        if "alternate" not in rel or not _TYPES.fullmatch((element.get("type") or "").strip()):
            continue
        found = urls.join(base, element.get("href") or "")
        if found and urls.refusal(found) is None and not _API.search(found):
            yield Link(url=found, title=clean_line(element.get("title") or ""))


def sitemaps(robots: str) -> tuple[str, ...]:
    """Return the sitemaps that a robots.txt names, those of news first."""
    found = re.findall(r"^[ \t]*sitemap[ \t]*:[ \t]*(\S+)", robots, re.IGNORECASE | re.MULTILINE)
    usable = dict.fromkeys(url for url in found if urls.refusal(url) is None)
    return tuple(sorted(usable, key=lambda url: not _NEWS.search(url)))


def candidates(url: str, home: Home, robots: str) -> tuple[Candidate, ...]:
    """Return what is worth asking of the site whose home page ``home`` stands at ``url``."""
    links = sorted(home.links, key=lambda link: bool(_COMMENTS.search(link.url)))
    named = [
        Candidate(kind=EndpointKind.FEED, url=link.url, why="the page names it", title=link.title)
        for link in links[:MOST_LINKED]
    ]
    mapped = [
        Candidate(kind=EndpointKind.SITEMAP, url=one, why="robots.txt names it")
        for one in sitemaps(robots)[:MOST_SITEMAPS]
    ]
    parts = urlsplit(url)
    usual = [
        Candidate(
            kind=EndpointKind.SITEMAP if "sitemap" in path else EndpointKind.FEED,
            url=f"{parts.scheme}://{parts.netloc}{path}",
            why="it often stands there",
        )
        for path in COMMON
    ]
    return tuple(_once((*named, *mapped, *usual)))[: MOST - 2]


def _once(found: Iterable[Candidate]) -> Iterator[Candidate]:
    seen: set[str] = set()
    for one in found:
        known = (urls.canonical(one.url) or one.url).rstrip("/")
        if known not in seen:
            seen.add(known)
            yield one


def country(host: str, region: str | None) -> str | None:
    """Return the country that a host's ending says, else ``region``; both as PE."""
    ending = host.rpartition(".")[2].lower()
    second = host.split(".")[-2:-1] in (["com"], ["net"], ["org"], ["edu"], ["gob"], ["gov"])
    code = {"uk": "GB"}.get(ending, ending.upper())
    if len(ending) == 2 and (ending not in _SOLD or second) and code in _territories():
        return code
    return region if region in _territories() else None


def _territories() -> set[str]:
    codes = map(str, Locale("en").territories)
    return {code for code in codes if len(code) == 2 and code.isalpha()}


def language(home: Home, entries: Iterable[str | None]) -> str | None:
    """Return the language of a site, as its page says, or most of its entries do."""
    said = [one for one in map(primary, entries) if one]
    return home.language or (max(set(said), key=said.count) if said else None)
