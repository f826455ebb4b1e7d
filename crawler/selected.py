"""What an operator's CSS selectors name on a page; a selector that finds nothing is a warning, never an error.

The dialect is parsel's: CSS, and ``::text`` and ``::attr(name)``. The parts of a page are read before anything else
changes its tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from lxml import etree

from archive.model import PublishedFrom, Selectors
from archive.normalize import clean, clean_line

from . import dates
from .ingest import to_text

_TOKEN = re.compile(r"<(\w+)(?: ('.*?'))? at (\d+)>")  # as cssselect names what it did not expect

MOST = 2_000
"""Elements that one selector may name on one page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The parts of an article's page that selectors named; None where there is no selector, or nothing was there."""

    title: str | None = None
    text: str | None = None
    author: str | None = None
    published_at: datetime | None = None
    published_from: PublishedFrom = PublishedFrom.NONE
    warnings: tuple[str, ...] = ()


@cache
def xpath(css: str) -> str:
    """Return ``css`` as XPath. Raises ValueError, in words for whoever wrote it, when it is no CSS selector."""
    from cssselect import SelectorError
    from parsel.csstranslator import HTMLTranslator

    try:
        path = HTMLTranslator().css_to_xpath(css)
        etree.XPath(path)(etree.Element("html"))  # a prefix that nobody declared shows only now
    except (SelectorError, etree.XPathError, RecursionError) as error:
        said = _TOKEN.sub(_told, str(error))
        raise ValueError(f"this is no CSS selector that can be used, such as h2 a ({said})") from error
    return path


def _told(found: re.Match[str]) -> str:
    return f"{found[2]} at character {int(found[3]) + 1}" if found[2] else "the end"


def select(tree: Any, css: str) -> list[Any]:
    """Return the elements, or the texts, that ``css`` names in ``tree``, in the order of the page."""
    return list(tree.xpath(xpath(css)))


def words(element: Any) -> str:
    """Return what an element says, as one line."""
    return " ".join(to_text(_markup(element)).split())


def read(tree: Any, selectors: Selectors) -> Chosen:
    """Return the parts of an article's page that ``selectors`` name."""
    warnings: list[str] = []

    def named(part: str) -> list[Any]:
        css = getattr(selectors, part)
        found = select(tree, css) if css else []
        if css and not found:
            warnings.append(f"selectors.{part} found nothing on the page ({css})")
        if len(found) > MOST:
            warnings.append(
                f"selectors.{part} found {len(found)} elements, of which the first {MOST} were read"
            )
        return found[:MOST]

    titles = [line for node in named("title")[:1] if (line := clean_line(_line(node)))]
    texts = [text for node in _outermost(named("text")) if (text := _block(node))]
    authors = [line for node in named("author") if (line := clean_line(_line(node)))]
    moments = list(_moments(when := named("date")))
    if when and not moments:
        warnings.append(
            f"selectors.date found no date that can be read ({clean_line(_line(when[0]))[:60]!r})"
        )
    published_from, published_at = moments[0] if moments else (PublishedFrom.NONE, None)
    return Chosen(
        title=titles[0] if titles else None,
        text="\n".join(texts) or None,
        author=", ".join(dict.fromkeys(authors)) or None,
        published_at=published_at,
        published_from=published_from,
        warnings=tuple(warnings),
    )


def _outermost(nodes: list[Any]) -> Iterator[Any]:
    """Yield what does not lie within another of ``nodes``: its text would be there twice."""
    chosen = {id(node) for node in nodes}
    for node in nodes:
        if isinstance(node, str) or not any(id(outer) in chosen for outer in node.iterancestors()):
            yield node


def _block(node: Any) -> str:
    return clean(node if isinstance(node, str) else to_text(_markup(node)))


def _line(node: Any) -> str:
    if isinstance(node, str):
        return str(node)
    # A meta element says it in an attribute.
    return node.get("content") or words(node)


def _markup(node: Any) -> str:
    return etree.tostring(node, method="html", encoding="unicode", with_tail=False)  # type: ignore[no-any-return]


def _moments(nodes: list[Any]) -> Iterator[tuple[PublishedFrom, datetime]]:
    for node in nodes:
        written = [(PublishedFrom.TEXT, _line(node))]
        if not isinstance(node, str):
            written = [
                (PublishedFrom.TIME, node.get("datetime")),
                (PublishedFrom.META if node.tag == "meta" else PublishedFrom.TEXT, _line(node)),
            ]
        for origin, text in written:
            if moment := dates.from_iso(text):
                yield origin, moment
