"""Which links of a section page lead to articles, and what their headlines are.

    body ─▶ parse ─▶ links, by address ─▶ an article by its shape? ─▶ Feed of entries without a summary
                └▶ selectors.links names them: no shape is asked for

An address is taken for an article's when it is of the same site and its path names a day, or when it ends like a
headline (words with hyphens, or a number) *and* the link's own words are long enough for one. What nothing dates is
``timeless``: what stood there at the first poll is not taken for news (`archive.standing`), for navigation stands there
at every poll.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from archive.errors import ParseError
from archive.model import Entry, Feed, Selectors
from archive.normalize import clean_line

from . import dates, entries, extract, selected, urls
from .feeds import MAX_ENTRIES
from .site import same_site

MAX_LINKS = 20_000
MAX_TITLE = 300  # characters; a link around a whole card of a page says more than its headline

_FILE = re.compile(
    r"\.(?:jpe?g|png|gif|webp|svg|ico|pdf|docx?|xlsx?|pptx?|zip|mp[34]|m3u8|css|js|json|xml|rss|atom)$",
    re.IGNORECASE,
)
# Parts of a path that lead to lists, people and services, in the languages of the shipped sources.
_NO_ARTICLE = frozenset({
    "about", "account", "acerca", "archive", "archives", "archivo", "author", "authors", "autor", "autores", "autoria",
    "buscador", "buscar", "busca", "busqueda", "categoria", "categorias", "categories", "category", "columnista",
    "columnistas", "contact", "contacto", "contato", "cookies", "cuenta", "etiqueta", "etiquetas", "feed", "feeds",
    "jobs", "keyword", "legal", "login", "member", "members", "newsletter", "newsletters", "page", "pagina", "people",
    "perfil", "privacidad", "privacy", "profile", "publicidad", "register", "registro", "rss", "search", "share",
    "sitemap", "staff", "subscribe", "subscription", "suscripcion", "suscripciones", "suscriptores", "tag", "tags",
    "tema", "temas", "terminos", "terms", "topic", "topics", "user", "users", "wp-admin", "wp-content", "wp-login.php",
})  # fmt: skip
_WORD = re.compile(r"[^\W\d_]{2,}")
_NUMBER = re.compile(r"(?<!\d)\d{5,}(?!\d)")
_CODE = re.compile(r"(?=(?:[a-z]*\d){2})[a-z\d]{8,}", re.IGNORECASE)  # articles/c3gz3d2yj8xo
_MONTH = re.compile(r"/((?:19|20)\d{2})/(0?[1-9]|1[0-2])/")
_HEADINGS = "descendant::*[self::h1 or self::h2 or self::h3 or self::h4 or self::h5]"
_IN_HEADING = "boolean(ancestor::*[self::h1 or self::h2 or self::h3 or self::h4 or self::h5])"
_ASIDE = (
    "boolean(ancestor::nav or ancestor::footer or ancestor::*[@role='navigation' or @role='contentinfo'])"
)
_CARD = "ancestor::*[self::article or self::li][1]"


@dataclass(slots=True)
class _Link:
    """All links of one page that lead to one address."""

    url: str
    titles: list[tuple[bool, str]] = field(default_factory=list)  # whether it is a heading, and its words
    dated: datetime | None = None  # as the card says, around the link
    aside: bool = True  # each of them is navigation

    @property
    def title(self) -> str:
        """The best of their words: a heading before "read more" or a kicker, then the longest."""
        return max(self.titles, key=lambda title: (title[0], len(title[1])), default=(False, ""))[1]


def read_section(
    body: bytes,
    *,
    url: str,
    source_id: str,
    content_type: str | None = None,
    max_entries: int = MAX_ENTRIES,
    since: datetime | None = None,
    selectors: Selectors | None = None,
) -> Feed:
    """Return the articles that the page ``body``, fetched from ``url``, links to; those dated before ``since`` not.

    Raises `ParseError`, reason ``no_articles`` when no link looks like one to an article.
    """
    tree = extract.parse(body, content_type)
    css = selectors.links if selectors else None
    anchors = list(_anchors(tree, css))
    links = _links(tree, url, anchors[:MAX_LINKS])
    unread = len(anchors) - MAX_LINKS
    if css:
        found = [(link, link.dated or dates.from_url(link.url), False) for link in links]
    else:
        judged = [(link, *_judged(link, url)) for link in links]
        found = [(link, day, day is None) for link, is_article, day in judged if is_article]
    if not found:
        what = (
            f"selectors.links finds no link on it ({css})"
            if css
            else "no link on it looks like one to an article"
        )
        raise ParseError(_no_page(body) or what, reason="no_articles")
    # A day is over when the next begins.
    fresh = [one for one in found if since is None or one[1] is None or one[1] + timedelta(days=1) >= since]
    taken, capped = fresh[:max_entries], max(0, len(fresh) - max_entries)
    return Feed(
        title=clean_line(tree.findtext(".//title") or ""),
        format="section page",
        entries=tuple(_entry(link, source_id, timeless=timeless) for link, _, timeless in taken),
        warnings=(f"{unread} links past the first {MAX_LINKS} were not looked at",) if unread > 0 else (),
        complete=not capped and unread <= 0,
        capped=capped,
    )


def _no_page(body: bytes) -> str | None:
    """Return what ``body`` is, when it was written down as the wrong kind of endpoint."""
    found = re.search(rb"<(?:\w+:)?(rss|feed|rdf|urlset|sitemapindex)[\s>]", body[:2_000], re.IGNORECASE)
    if not found:
        return None
    kind = "sitemap" if found[1].lower() in (b"urlset", b"sitemapindex") else "feed"
    return f"it is a {kind}, so write {kind}: instead of section:"


def _entry(link: _Link, source_id: str, *, timeless: bool) -> Entry:
    entry = entries.entry(
        entries.Offered(link=link.url, guid=None, title=link.title, summary="", published_at=link.dated),
        source_id=source_id,
    )
    return replace(entry, timeless=timeless)


# --- the links of a page ----------------------------------------------------------------------------------


def _links(tree: Any, url: str, anchors: list[Any]) -> list[_Link]:
    """Return the addresses that ``anchors`` link to, in their order."""
    base = next((urls.join(url, one) for one in tree.xpath("//base/@href")[:1]), None) or url
    found: dict[str, _Link] = {}
    cards: dict[Any, datetime | None] = {}
    for anchor in anchors:
        href = anchor if isinstance(anchor, str) else anchor.get("href")
        link = urls.join(base, href) if href else None
        key = urls.canonical(link) if link and not urls.refusal(link) else None
        if link is None or key is None or key == urls.canonical(url):
            continue
        one = found.setdefault(key, _Link(link))
        if isinstance(anchor, str):
            continue
        one.titles.append(_title(anchor))
        one.dated = one.dated or _dated(anchor, cards)
        one.aside = one.aside and bool(anchor.xpath(_ASIDE))
    return list(found.values())


def _anchors(tree: Any, css: str | None) -> Iterator[Any]:
    """Yield the links of the page, or those that ``css`` names or that lie within what it names."""
    if css is None:
        yield from tree.xpath("//a[@href]")
        return
    for node in selected.select(tree, css):
        if isinstance(node, str) or node.get("href"):
            yield node
        else:
            # The selector names a card, or a headline inside the link.
            yield from node.xpath("descendant::a[@href]")[:1] or node.xpath("ancestor::a[@href]")[-1:]


def _title(anchor: Any) -> tuple[bool, str]:
    """Return the words of one link, and whether they are, or stand in, a heading."""
    heading = next(iter(anchor.xpath(_HEADINGS)), None)
    text = selected.words(anchor if heading is None else heading)
    if not text:
        text = clean_line(next(iter(anchor.xpath("@aria-label | @title | descendant::img/@alt")), ""))
    if len(text) > MAX_TITLE:
        return False, ""
    return bool(text) and (heading is not None or bool(anchor.xpath(_IN_HEADING))), text


def _dated(anchor: Any, cards: dict[Any, datetime | None]) -> datetime | None:
    """Return the time that stands in the same card, unless the card holds several; ``cards`` are those looked at."""
    card = next(iter(anchor.xpath(_CARD)), None)
    if card is not None and card not in cards:
        times = card.xpath("descendant::time/@datetime")
        cards[card] = dates.from_iso(str(times[0])) if len(times) == 1 else None
    return cards.get(card)


# --- what looks like an article ---------------------------------------------------------------------------


def _judged(link: _Link, page: str) -> tuple[bool, datetime | None]:
    """Return whether ``link`` looks like an article's, and the day that it names."""
    parts = urlsplit(link.url)
    steps = [step for step in parts.path.lower().split("/") if step]
    if not same_site(page, link.url) or not steps or _FILE.search(steps[-1]) or _NO_ARTICLE & set(steps):
        return False, None
    day = link.dated or dates.from_url(link.url) or _month(parts.path)
    headline = len(_WORD.findall(link.title)) >= 4 or len(link.title) >= 25
    if link.aside:
        return day is not None and headline, day
    slug = max(len(_WORD.findall(step)) for step in steps[-2:])
    if day is not None:
        return headline or slug >= 3, day
    numbered = bool(_NUMBER.search(parts.path) or _NUMBER.search(parts.query) or _CODE.fullmatch(steps[-1]))
    return headline and (slug >= 4 or numbered), None


def _month(path: str) -> datetime | None:
    """Return the end of the month that a path names: nothing says which day of it is meant."""
    found = _MONTH.search(path)
    if not found:
        return None
    first = dates.from_iso(f"{found[1]}-{int(found[2]):02}-01")
    return first + timedelta(days=31) if first else None
