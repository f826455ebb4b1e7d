"""What one page says: its text by trafilatura, and what it says of itself, with the origin of its date.

body ─▶ decode ─▶ one tree ─┬▶ selected ─▶ what the operator's selectors name; it goes before all else
                            ├▶ metadata ─▶ titles, published ─▶ title, date; author, canonical URL, paywall
                            ├▶ trafilatura ─▶ text ─▶ its language
                            ├▶ offer ─▶ the text without a subscription that is offered in its place
                            └▶ notfound ─▶ whether this is the article that was asked for
"""

from __future__ import annotations

import logging
import re
from datetime import datetime
from itertools import islice
from typing import Any

from trafilatura import bare_extraction, external
from trafilatura.metadata import extract_author
from trafilatura.utils import detect_encoding, load_html
from w3lib.encoding import html_to_unicode

from archive.errors import ParseError
from archive.model import Article, Selectors
from archive.normalize import clean, clean_line, tokens

from . import bodies, dates, metadata, notfound, offer, published, selected, titles
from .language import primary
from .metadata import Metadata
from .textlanguage import detect, frequent

# They log each page they cannot read as an error; here that is a value.
for _name in ("trafilatura", "htmldate", "charset_normalizer"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)

FEW = 500
"""Characters of a text below which a second look is taken: trafilatura's slower way, which asks two other readers."""

MOST_BUTTONS = 300
_FRAMING = "//nav//*[self::a or self::li] | //footer//*[self::a or self::li or self::p]"
_NO_SELECTORS = Selectors()

# What trafilatura takes for a name: where one logs in, or follows.
_NOBODY = frozenset({"username", "follow author", "author", "admin", "staff writer"})
_BY = re.compile(r"^(?:by|por)\s+", re.IGNORECASE)


def read_page(
    body: bytes,
    *,
    url: str,
    now: datetime,
    content_type: str | None = None,
    language: str | None = None,
    last_modified: str | None = None,
    asked: str | None = None,
    selectors: Selectors = _NO_SELECTORS,
) -> Article:
    """Return what ``body``, fetched from ``url``, says.

    ``language`` is what the source is said to be in; ``asked`` the address that led to ``url``; ``last_modified`` what
    the server says so. A page without text gives an article with the text "". Raises `ParseError` for what is no HTML,
    and for what is not the article: ``soft_404``, ``consent``, ``captcha`` (`crawler.notfound`).
    """
    tree = parse(body, content_type)
    chosen = selected.read(tree, selectors)
    said = metadata.read(tree, url=url)
    published_at, published_from = dates.sane(chosen.published_at, now), chosen.published_from
    if published_at is None:
        published_at, published_from = published.read(
            tree, said, url=url, now=now, last_modified=dates.from_iso(last_modified)
        )
    title = (chosen.title or "")[: titles.MAX_TITLE] or titles.read(tree, said)
    text = _without_headline(chosen.text or _text(tree, url), title)
    text, offered = offer.without(text)
    verdict = notfound.judge(_seen(tree, said, asked or url, url, text))
    if verdict is not None:
        raise ParseError(verdict.detail, reason=verdict.reason)
    read_as = detect(text)
    declared = language or said.language
    return Article(
        title=title,
        author=_BY.sub("", chosen.author or "") or _author(tree, said),
        published_at=published_at,
        published_from=published_from,
        language=read_as or said.language or language,
        language_said=declared if read_as and declared and read_as != primary(declared) else None,
        text=text,
        canonical_url=said.canonical_url,
        paywalled=True if offered else said.paywalled,
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
    """Return the text of the page, a line for each paragraph."""
    text = _extracted(tree, url, fast=True)
    if len(text) >= FEW:
        return text
    # Else it would load the frequent words of a hundred languages, 30 MB in each worker.
    external.JT_STOPLIST = external.JT_STOPLIST or tuple(frequent())  # type: ignore[assignment]  # None, it says
    longer = max(text, _extracted(tree, url, fast=False), key=len)
    return _without_frame(longer, tree) if len(longer) < FEW else longer


def _without_frame(text: str, tree: Any) -> str:
    """Return ``text`` without lines that stand in what frames the page.

    Of a page with next to no text, as of a video, trafilatura gives all that there is: the names of the sections, too.
    """
    framing = {clean_line(one.text_content()) for one in tree.xpath(_FRAMING)}
    return "\n".join(line for line in text.split("\n") if line not in framing)


def _extracted(tree: Any, url: str, *, fast: bool) -> str:
    document = bare_extraction(tree, url=url, fast=fast, include_comments=False, include_tables=True)
    text = getattr(document, "text", None)
    return clean(text) if isinstance(text, str) else ""


def _seen(tree: Any, said: Metadata, asked: str, url: str, text: str) -> notfound.Seen:
    named = (titles.of_element(tree), said.first("og:title") or "", *titles.headings(tree))
    short = len(text) < notfound.LONG  # of what is longer only its address can show that it is none
    pressed = tree.iter("button", "a", "input") if short else ()
    marked = tree.iter("form", "iframe", "div", "script") if short else ()
    return notfound.Seen(
        asked=asked,
        url=url,
        text=text,
        titles=tuple(clean_line(title) for title in named if title),
        canonical_url=said.canonical_url,
        buttons=tuple((one.get("value") or one.text_content())[:60] for one in islice(pressed, MOST_BUTTONS)),
        marks=tuple(
            mark
            for one in islice(marked, MOST_BUTTONS)
            for mark in map(one.get, ("id", "class", "src", "action"))
            if mark
        ),
        article=said.is_article,
    )


def _without_headline(text: str, title: str | None) -> str:
    """Return ``text`` without a first line that only repeats the title: it would be quoted under itself.

    A page that holds nothing else has no text.
    """
    first, _, rest = text.partition("\n")
    if not title or len(first) > 2 * len(title):
        return text
    return rest if tokens(first).words == tokens(title).words else text


def _author(tree: Any, said: Metadata) -> str | None:
    found = ", ".join(dict.fromkeys(said.authors)) or extract_author(tree) or ""
    name = _BY.sub("", clean_line(found))
    return None if not name or name.lower() in _NOBODY else name
