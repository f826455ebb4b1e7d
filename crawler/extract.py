"""What one page says: its text by trafilatura, and what it says of itself, with the origin of its date.

body ─▶ decode ─▶ one tree ─┬▶ selected ─▶ what the operator's selectors name; it goes before all else
                            ├▶ metadata ─▶ title, author, language, canonical URL, date
                            └▶ trafilatura ─▶ text
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from htmldate import find_date
from trafilatura import bare_extraction
from trafilatura.metadata import extract_author, extract_title
from trafilatura.utils import detect_encoding, load_html
from w3lib.encoding import html_to_unicode

from archive.errors import ParseError
from archive.model import Article, PublishedFrom, Selectors
from archive.normalize import clean, clean_line, tokens

from . import bodies, dates, metadata, selected
from .metadata import Metadata

# They log each page they cannot read as an error; here that is a value.
for _name in ("trafilatura", "htmldate", "charset_normalizer"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)

MAX_TITLE = 1_000
_NO_SELECTORS = Selectors()

_META_DATES = (
    "article:published_time", "og:article:published_time", "og:published_time", "article.published",
    "datepublished", "parsely-pub-date", "sailthru.date", "cxenseparse:recs:publishtime", "publishdate",
    "publish-date", "publish_date", "pubdate", "published_date", "publication_date",
    "citation_publication_date", "prism.publicationdate", "dcterms.issued", "dc.date.issued",
    "dcterms.created", "dc.date.created", "dcterms.date", "dc.date", "article_date_original",
    "originalpublicationdate", "date",
)  # fmt: skip
_SEPARATOR = r"(?:\s*[|·•»«]+\s*|\s+[\-\u2010-\u2015:/]+\s+|:\s+)"
_BY = re.compile(r"^(?:by|por)\s+", re.IGNORECASE)


def read_page(
    body: bytes,
    *,
    url: str,
    now: datetime,
    content_type: str | None = None,
    language: str | None = None,
    selectors: Selectors = _NO_SELECTORS,
) -> Article:
    """Return what ``body``, fetched from ``url``, says; ``language`` is taken where the page names none.

    A page without text gives an article with the text "". Raises `ParseError` for what is no HTML.
    """
    tree = parse(body, content_type)
    chosen = selected.read(tree, selectors)
    said = metadata.read(tree, url=url)
    published_at, published_from = dates.sane(chosen.published_at, now), chosen.published_from
    if published_at is None:
        published_at, published_from = _published(tree, said, url=url, now=now)
    title = (chosen.title or "")[:MAX_TITLE] or _title(tree, said)
    return Article(
        title=title,
        author=_BY.sub("", chosen.author or "") or _author(tree, said),
        published_at=published_at,
        published_from=published_from,
        language=said.language or language,
        text=_without_headline(chosen.text or _text(tree, url), title),
        canonical_url=said.canonical_url,
        warnings=chosen.warnings,
    )


def decode(body: bytes, content_type: str | None) -> str:
    """Return ``body`` as text, by its byte order mark, the HTTP charset, its meta element, or a guess.

    A body that is not plain ASCII and is valid UTF-8 is UTF-8, whatever it says: the odds against are
    enormous, servers that add a wrong charset are common, and *PerÃº* matches nothing.
    """
    if not body.isascii():
        try:
            return body.decode("utf-8-sig")
        except UnicodeDecodeError:
            encoding, text = html_to_unicode(content_type, body, auto_detect_fun=_guess)
            return bodies.as_utf8(body) if encoding == "utf-8" else text
    return html_to_unicode(content_type, body)[1]


def _guess(body: bytes) -> str | None:
    return next(iter(detect_encoding(body)), None)


def parse(body: bytes, content_type: str | None) -> Any:
    """Return ``body`` as a tree of lxml. Raises `ParseError` for what is no HTML."""
    try:
        tree = load_html(decode(body, content_type)) if body.strip() else None
    except (ValueError, LookupError) as error:
        raise ParseError(f"HTML that cannot be read: {error}") from error
    if tree is None:
        raise ParseError("not an HTML page")
    return tree


def _text(tree: Any, url: str) -> str:
    document = bare_extraction(tree, url=url, fast=True, include_comments=False, include_tables=True)
    text = getattr(document, "text", None)
    return clean(text) if isinstance(text, str) else ""


def _without_headline(text: str, title: str | None) -> str:
    """Return ``text`` without a first line that only repeats the title: it would be quoted under itself."""
    first, _, rest = text.partition("\n")
    return rest if rest and title and tokens(first).words == tokens(title).words else text


def _title(tree: Any, said: Metadata) -> str | None:
    found = (
        said.first("og:title") or said.headline or said.first("twitter:title", "title") or extract_title(tree)
    )
    title = clean_line(found or "")[:MAX_TITLE]
    return _without_site(title, clean_line(said.first("og:site_name") or "")) or None


def _without_site(title: str, site: str) -> str:
    """Return ``title`` without the name of the site before or after it."""
    if not site:
        return title
    name = re.escape(site)
    bare = re.sub(rf"{_SEPARATOR}{name}$|^{name}{_SEPARATOR}", "", title, flags=re.IGNORECASE)
    return bare or title


def _author(tree: Any, said: Metadata) -> str | None:
    found = ", ".join(dict.fromkeys(said.authors)) or extract_author(tree) or ""
    return _BY.sub("", clean_line(found)) or None


def _published(
    tree: Any, said: Metadata, *, url: str, now: datetime
) -> tuple[datetime | None, PublishedFrom]:
    """Return the first sane date, the most trusted origin first, and that origin."""
    for origin, moment in _candidates(tree, said, url=url, now=now):
        if sane := dates.sane(moment, now):
            return sane, origin
    return None, PublishedFrom.NONE


def _candidates(
    tree: Any, said: Metadata, *, url: str, now: datetime
) -> Iterator[tuple[PublishedFrom, datetime | None]]:
    for text in said.ld_dates:
        yield PublishedFrom.JSON_LD, dates.from_iso(text)
    for name in _META_DATES:
        for text in said.meta.get(name, ()):
            yield PublishedFrom.META, dates.from_iso(text)
    for text in _times(tree):
        yield PublishedFrom.TIME, dates.from_iso(text)
    yield PublishedFrom.URL, dates.from_url(url)
    if said.canonical_url:
        yield PublishedFrom.URL, dates.from_url(said.canonical_url)
    # An empty URL keeps htmldate from reading the date of a link out of the page.
    day = find_date(
        tree, extensive_search=False, original_date=True, url="", min_date=dates.EARLIEST, max_date=now
    )
    yield PublishedFrom.TEXT, dates.from_iso(day)


def _times(tree: Any) -> Iterator[str]:
    """Yield the times of the page, those that are marked as its own first; those of other stories never."""
    marked = tree.xpath('//*[@itemprop="datePublished"][@datetime]/@datetime | //time[@pubdate]/@datetime')
    inside = tree.xpath(
        "//time[@datetime][ancestor::article or ancestor::main][not(ancestor::aside)]/@datetime"
    )
    others = tree.xpath(
        "//time[@datetime][not(ancestor::aside or ancestor::nav or ancestor::footer)]/@datetime"
    )
    yield from (str(text) for text in (*marked, *inside[:1], *others[:1]))
