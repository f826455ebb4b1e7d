"""JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/), read tolerantly, entry by entry."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from archive.errors import ParseError
from archive.model import Entry, Feed

from . import bodies, dates, entries, urls
from .language import primary

_VERSION = re.compile(r"https?://(?:www\.)?jsonfeed\.org/version/(\d)(?:\.(\d))?")
_SURROGATE = re.compile("[\ud800-\udfff]")


def looks_like_json(body: bytes) -> bool:
    """Whether ``body`` begins as a JSON object does, after a byte order mark or white space."""
    return body[:1024].removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{"


def read(body: bytes, *, url: str, source_id: str, max_entries: int) -> Feed:
    """Return the feed in ``body``; an item that is no object is a warning, and the feed not complete.

    Raises `ParseError`: ``not_a_feed`` when it is JSON of another kind, ``parse_error`` when it is no JSON.
    """
    document, warnings = _load(body)
    items = document.get("items") if isinstance(document, dict) else None
    version = _VERSION.match(_text(document.get("version"))) if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(items, list) or not (version or _has_title(items)):
        raise ParseError("a JSON document without the items of a feed", reason="not_a_feed")
    language = primary(document.get("language"))
    authors = _authors(document)
    offered: list[Entry] = []
    for number, item in enumerate(items[:max_entries], start=1):
        if isinstance(item, dict):
            offered.append(_entry(item, url=url, source_id=source_id, language=language, authors=authors))
        else:
            warnings.append(f"item {number}: not an object")
    capped = max(0, len(items) - max_entries)
    return Feed(
        title=_text(document.get("title")),
        format=f"json{version[1]}{version[2] or 0}" if version else "json",
        entries=tuple(offered),
        warnings=tuple(warnings),
        complete=not warnings and not capped,
        capped=capped,
    )


def _load(body: bytes) -> tuple[Any, list[str]]:
    warnings = []
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        text = bodies.as_utf8(body)
        warnings.append(f"byte {error.start}: not UTF-8")
    try:
        return json.loads(text, strict=False), warnings
    except (ValueError, RecursionError) as error:
        raise ParseError(f"JSON that cannot be read: {error}") from error


def _entry(
    item: Mapping[str, Any], *, url: str, source_id: str, language: str | None, authors: str | None
) -> Entry:
    guid = _text(item.get("id")).strip() or None
    link = _text(item.get("url")).strip() or None
    if link is None and guid and guid.startswith(("http://", "https://")):
        link = guid
    contents = (_text(item.get("content_text")), _text(item.get("content_html")))
    published = dates.from_iso(item.get("date_published")) or dates.from_iso(item.get("date_modified"))
    names = item.get("tags")
    return entries.entry(
        entries.Offered(
            link=(urls.join(url, link) or link) if link else None,
            guid=guid,
            title=_text(item.get("title")),
            summary=entries.joined(_text(item.get("summary")), contents),
            author=_authors(item) or authors,
            published_at=published,
            language=primary(item.get("language")) or language,
            tags=entries.tags(map(_text, names)) if isinstance(names, list) else (),
        ),
        source_id=source_id,
    )


def _authors(holder: Mapping[str, Any]) -> str | None:
    """Return the names of ``authors`` (1.1) or ``author`` (1.0)."""

    def names() -> Iterator[str]:
        listed = holder.get("authors")
        for author in [*(listed if isinstance(listed, list) else ()), holder.get("author")]:
            if isinstance(author, dict) and (name := _text(author.get("name")).strip()):
                yield name

    return ", ".join(dict.fromkeys(names())) or None


def _has_title(items: list[Any]) -> bool:
    # Hand-made feeds forget the version; an API answer with "items" of another kind is no feed.
    words = ("title", "content_html", "content_text")
    return any(isinstance(item, dict) and any(word in item for word in words) for item in items)


def _text(value: object) -> str:
    """Return ``value`` as text: identifiers come as numbers, too. A lone surrogate cannot be stored."""
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""
