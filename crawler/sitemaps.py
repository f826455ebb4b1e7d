"""What one body of a sitemap says: the protocol of sitemaps.org, and Google's news sitemaps.

    body ─▶ unpack ─▶ decode ─┬▶ <urlset>         ─▶ entries
                              ├▶ <sitemapindex>   ─▶ children, for `crawler.walk` to follow
                              ├▶ a feed           ─▶ `crawler.feeds`: the protocol allows RSS and Atom
                              ├▶ lines of URLs    ─▶ entries
                              └▶ else             ─▶ ParseError, not_a_sitemap

``lastmod`` says when a page changed, not when it was published: it bounds what is taken, and is no date of an article.
The parser reads on past what is not well-formed, and never sees a reference that it could resolve.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import count
from typing import Any

from lxml import etree

from archive.errors import ParseError
from archive.model import Entry, Feed

from . import bodies, dates, entries, feeds, urls, xmltext
from .language import primary
from .site import same_site

MAX_BYTES = 50_000_000
"""The largest sitemap, unpacked, that the protocol allows."""

MAX_CHILDREN = 500
"""Sitemaps of one index that are told, the newest; `crawler.walk` follows fewer in one poll."""

_ROOT = re.compile(r"<(?:[\w.-]+:)?([A-Za-z][\w.-]*)[\s/>]")
_NOTHING_YET = re.compile(r"<!--.*?-->|<\?.*?\?>|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>", re.DOTALL | re.IGNORECASE)
_CLOSED = re.compile(r"</(?:[\w.-]+:)?(?:url|sitemap)\s*>", re.IGNORECASE)
_OPENED = re.compile(r"<(?:[\w.-]+:)?(?:url|sitemap)[\s>]", re.IGNORECASE)
_FEEDS = frozenset({"rss", "feed", "rdf", "channel"})
_NUMBER = re.compile(r"(?<!\d)(?:19|20)\d{6}(?!\d)")
_MONTH = re.compile(r"(?<!\d)((?:19|20)\d{2})[/_.-](0[1-9]|1[0-2])(?![\d]|[/_.-]\d{2}(?!\d))")
_DAY = timedelta(days=1)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One sitemap of an index. ``exact``: its lastmod has a time of day, so that any change shows."""

    url: str
    lastmod: datetime | None = None
    exact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitemap:
    """What one body turned out to be: entries, or the sitemaps of an index, or both."""

    feed: Feed
    children: tuple[Child, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    """One ``<url>`` or ``<sitemap>``, as written."""

    loc: str
    lastmod: str = ""
    news: dict[str, str] | None = None


def read_sitemap(
    body: bytes,
    *,
    url: str,
    source_id: str,
    content_type: str | None = None,
    max_entries: int = feeds.MAX_ENTRIES,
    max_bytes: int = MAX_BYTES,
    since: datetime | None = None,
) -> Sitemap:
    """Return what ``body``, fetched from ``url``, offers; what is older than ``since`` is left out.

    Raises `ParseError`, reason ``not_a_sitemap`` when it is something else, ``too_large`` when it is more than
    ``max_bytes`` once it is unpacked.
    """
    try:
        body, cut = bodies.unpacked(body, max_bytes)
    except ParseError as error:
        reason = error.reason if error.reason == "too_large" else "not_a_sitemap"
        raise ParseError(error.detail, reason=reason) from error
    warnings = ["the packed file ends too early"] if cut else []
    text = xmltext.decoded(body, content_type).lstrip("\ufeff \t\r\n")
    root = _root(text)
    if root in _FEEDS or text.startswith("{"):
        feed = _of_feed(body, url, source_id, content_type, max_entries)
        fresh = tuple(entry for entry in feed.entries if not _older(entry.published_at, since))
        return Sitemap(feed=replace(feed, entries=fresh, older=len(feed.entries) - len(fresh)))
    if root in ("urlset", "sitemapindex"):
        found, news = _elements(text, warnings), True
    elif not root and re.match(r"https?://", text, re.IGNORECASE):
        found, news = ((False, _Found(line)) for line in text.splitlines()), False
    else:
        what = (
            "an HTML page"
            if root == "html" or re.match("<!doctype html", text, re.IGNORECASE)
            else "no sitemap"
        )
        raise ParseError(what if text else "the body is empty", reason="not_a_sitemap")
    return _gathered(found, warnings, url, source_id, max_entries, since, named=root if news else "text")


def _of_feed(body: bytes, url: str, source_id: str, content_type: str | None, max_entries: int) -> Feed:
    try:
        return feeds.read_feed(
            body, url=url, source_id=source_id, content_type=content_type, max_entries=max_entries
        )
    except ParseError as error:
        reason = "not_a_sitemap" if error.reason == "not_a_feed" else error.reason
        raise ParseError(error.detail, reason=reason) from error


def _gathered(
    found: Iterator[tuple[bool, _Found]],
    warnings: list[str],
    url: str,
    source_id: str,
    max_entries: int,
    since: datetime | None,
    *,
    named: str,
) -> Sitemap:
    children: dict[str, Child] = {}
    unread: list[str] = []
    names: dict[str, None] = {}
    fresh, older = count(), count()
    changed: datetime | None = None

    def offered() -> Iterator[tuple[tuple[bool, float, int], _Found]]:
        nonlocal changed
        for is_child, one in found:
            link = urls.join(url, one.loc)
            if link is None or urls.refusal(link):
                if one.loc.strip():
                    unread.append(one.loc.strip())
            elif is_child:
                child = Child(url=link, lastmod=_written(one.lastmod), exact=":" in one.lastmod)
                if _older(child.lastmod or _month_end(link), since):
                    next(older)
                else:
                    children.setdefault(link, child)
            else:
                moment = _moment(one)
                changed = max(filter(None, (changed, moment)), default=None)
                if _older(moment, since) or _older(_published_by(one, link), since):
                    next(older)
                    continue
                if one.news and (name := one.news.get("name")):
                    names[name] = None
                number = next(fresh)
                rank = moment or _published_by(one, link)
                yield (rank is not None, rank.timestamp() if rank else 0.0, -number), replace(one, loc=link)

    # The newest first, and no more than these are ever held.
    best = heapq.nlargest(max_entries, offered(), key=lambda pair: pair[0])
    near = [child for child in children.values() if same_site(url, child.url)]
    if len(near) < len(children):
        away = next(link for link in children if not same_site(url, link))
        warnings.append(f"{len(children) - len(near)} sitemaps lie on another site, such as {away[:200]}")
    # The newest first, those that do not say last; the sort keeps the order of the index.
    near.sort(key=lambda child: child.lastmod or _LONG_AGO, reverse=True)
    if len(near) > MAX_CHILDREN:
        warnings.append(
            f"{len(near) - MAX_CHILDREN} sitemaps past the first {MAX_CHILDREN} were not looked at"
        )
    if unread:
        warnings.append(f"{len(unread)} addresses cannot be fetched, such as {unread[0][:200]}")
    capped = next(fresh) - len(best)
    is_news = any(one.news for _, one in best)
    feed = Feed(
        title=next(iter(names), ""),
        format="news sitemap"
        if is_news
        else "sitemap index"
        if named == "sitemapindex"
        else f"{named} sitemap",
        entries=tuple(_entry(one, source_id) for _, one in best),
        warnings=tuple(warnings),
        complete=not capped and not warnings,
        capped=capped,
        changed=changed,
        older=next(older),
    )
    return Sitemap(feed=feed, children=tuple(near[:MAX_CHILDREN]))


def _entry(one: _Found, source_id: str) -> Entry:
    news = one.news or {}
    entry = entries.entry(
        entries.Offered(
            link=one.loc,
            guid=None,
            title=news.get("title", ""),
            summary="",
            published_at=dates.from_iso(news.get("publication_date")),
            language=primary(news.get("language")),
            tags=entries.tags(news.get("keywords", "").split(",")),
        ),
        source_id=source_id,
    )
    timeless = _moment(one) is None and dates.from_url(one.loc) is None
    return replace(entry, timeless=timeless) if timeless else entry


# --- how old it is ----------------------------------------------------------------------------------------


def _older(moment: datetime | None, since: datetime | None) -> bool:
    return moment is not None and since is not None and moment < since


def _moment(one: _Found) -> datetime | None:
    """Return the latest time that the entry names, of its publication or of a change."""
    named = (one.lastmod, (one.news or {}).get("publication_date", ""))
    return max(filter(None, map(_written, named)), default=None)


def _written(text: str) -> datetime | None:
    """Return the time that ``text`` writes, of a day without an hour its last moment."""
    moment = dates.from_iso(text)
    return moment + _DAY if moment and ":" not in text else moment


def _published_by(one: _Found, link: str) -> datetime | None:
    """Return when the article was out at the latest: some sites touch all their old pages again and again."""
    named = _written(one.news.get("publication_date", "")) if one.news else None
    day = None if named else dates.from_url(link)
    if day and one.lastmod and _NUMBER.search(link):
        return None  # eight digits in a row may be anything, and lastmod says that it is new
    return day + _DAY if day else named


def _month_end(link: str) -> datetime | None:
    """Return the end of the month, or of the day, that the address of a sitemap names."""
    day = dates.from_url(link)
    if day:
        return day + _DAY
    found = _MONTH.search(link.partition("?")[0])
    if not found:
        return None
    first = dates.from_iso(f"{found[1]}-{found[2]}-01")
    return first + 32 * _DAY if first else None  # a day too many does no harm


# --- the seam to libxml2 ---------------------------------------------------------------------------------


def _root(text: str) -> str:
    """Return the name of the first element, in lower case and without its prefix; "" when there is none."""
    if not text.startswith("<"):
        return ""
    found = _ROOT.search(_NOTHING_YET.sub(" ", text[:20_000]))
    return found[1].lower() if found else ""


def _elements(text: str, warnings: list[str]) -> Iterator[tuple[bool, _Found]]:
    """Yield each ``<sitemap>`` (True) and ``<url>`` (False), and let it go; say in ``warnings`` what was repaired."""
    whole = xmltext.whole(_complete(text))
    # No reference is left that could be resolved, and none would be; no file and no address is ever opened.
    parser = etree.iterparse(
        BytesIO(whole.encode("utf-8", "replace")),
        events=("end",),
        encoding="utf-8",
        recover=True,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )
    try:
        for _, element in parser:
            name = _name(element)
            parent = element.getparent()
            if name in ("url", "sitemap") and parent is not None and parent.getparent() is None:
                yield name == "sitemap", _read(element)
                element.clear()
                while element.getprevious() is not None:
                    del parent[0]
    except etree.XMLSyntaxError as error:
        warnings.append(f"not well-formed: {error.msg}")
        return
    errors = [error for error in parser.error_log if error.level >= etree.ErrorLevels.ERROR]
    if errors:
        warnings.append(f"line {errors[0].line}: {errors[0].message}")


def _complete(text: str) -> str:
    """Return ``text`` without an element at its end that was cut off: half an address is an address as well."""
    end = len(text)
    while (end := text.rfind("</", 0, end)) >= 0:
        if closed := _CLOSED.match(text, end):
            return text[: closed.end()] if _OPENED.search(text, closed.end()) else text
    return "" if _OPENED.search(text) else text


def _read(element: Any) -> _Found:
    loc = lastmod = ""
    news: dict[str, str] | None = None
    for child in element:
        name = _name(child)
        if name == "loc":
            loc = loc or _text(child)
        elif name == "lastmod":
            lastmod = lastmod or _text(child)
        elif name == "news":
            news = {_name(part): _text(part) for part in child.iter() if part is not child and not len(part)}
    return _Found(loc, lastmod, news)


def _name(element: Any) -> str:
    tag = element.tag
    # With a namespace {…}url; with a prefix that nobody declared news:news.
    return re.split("[}:]", tag)[-1].lower() if isinstance(tag, str) else ""


def _text(element: Any) -> str:
    return "".join(element.itertext()).strip()
