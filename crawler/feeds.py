"""What one body of a feed says: RSS 0.9x to 2.0, RDF, Atom and CDF by feedparser, JSON Feed by `jsonfeed`.

    body ─┬▶ JSON: jsonfeed ────────────────────────────────────────────────────────┬─▶ Feed
          └▶ else: feedparser ─▶ a feed at all? ─▶ each entry: link, texts, date ───┘

Texts leave here as they came, markup included: only what turns out to be new is worth cleaning. What could
not be read is said in ``Feed.warnings``, and ``Feed.complete`` is then False, so that the validators of the
answer are not kept and the same body is not mistaken for one that was read.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any
from xml.sax import SAXParseException
from xml.sax.expatreader import ExpatParser

import feedparser
import feedparser.api
import feedparser.mixin
import feedparser.urls

from archive.errors import ParseError
from archive.model import Entry, Feed

from . import bodies, dates, entries, jsonfeed, redirectors, urls
from .language import primary

MAX_ENTRIES = 5_000
MAX_UNPACKED = 50_000_000  # bytes of a body that came packed without saying so

# feedparser drops every slash past the second, whatever the scheme. Of a web address browsers do so too: what follows
# can only be a host. But file://etc/hostname is not what a feed offered that said file:///etc/hostname.
feedparser.urls._urifixer = re.compile(r"^(https?://)(/*)(.*?)", re.IGNORECASE)

# feedparser takes the first module of this list that has a `create_parser`.
feedparser.api.PREFERRED_XML_PARSERS = [__name__]

# It copies the parameters of each text by deepcopy; they are words, and walking them took 0.7 ms of a feed of 45 KB.
feedparser.FeedParserDict.__deepcopy__ = lambda self, _memo: feedparser.FeedParserDict(self)

# It maps what Windows-1252 has in place of control characters by a dict, which each letter that is not ASCII asks in
# vain, at the price of a KeyError: 2 ms of a feed in Spanish. In a text of the same length as the range that is in use,
# the same letters stand at their place.
_CP1252 = feedparser.mixin._cp1252
feedparser.mixin._cp1252 = "".join(_CP1252.get(code, chr(code)) for code in range(0x2100))

_HARMLESS = (feedparser.CharacterEncodingOverride, feedparser.NonXMLContentType)
_WIDE = re.compile(
    rb"^(\s*<\?xml[^>]{0,100}?encoding\s*=\s*[\"'])(?:utf-?16|utf-?32|ucs-?[24])[^\"']{0,10}", re.IGNORECASE
)
_BLANK_FIRST = re.compile(rb"\A(\xef\xbb\xbf)?(\s+)(<\?xml[^>]{0,200}\?>)")
_DECLARED = re.compile(rb"\s*<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([^\"']{0,40})")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([^\s;\"']+)", re.IGNORECASE)
_UTF8 = ("utf-8", "utf8", "us-ascii", "ascii", "")
_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")  # UTF-16 and UTF-32
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_PERIODS = {"hourly": 3_600, "daily": 86_400, "weekly": 604_800, "monthly": 2_592_000, "yearly": 31_536_000}

# Java programs write an emoji as two references, one for each half; neither names a character.
_HALVES = re.compile(
    rb"&#(x[dD][89abAB][0-9a-fA-F]{2}|5[56]\d{3});&#(x[dD][c-fC-F][0-9a-fA-F]{2}|5[67]\d{3});"
)
_REFERENCE = re.compile(rb"&#(x[0-9a-fA-F]+|[0-9]+);?")


class _Buffered(ExpatParser):
    """Gives a run of text in one piece; expat gives one for each line and each ``&lt;``: a hundred in a summary."""

    def reset(self) -> None:
        super().reset()
        self._parser.buffer_text = True  # type: ignore[attr-defined]


def create_parser() -> ExpatParser:
    """Return the parser of XML that feedparser is to use."""
    return _Buffered()


def read_feed(
    body: bytes, *, url: str, source_id: str, content_type: str | None = None, max_entries: int = MAX_ENTRIES
) -> Feed:
    """Return what ``body``, fetched from ``url``, offers.

    Raises `ParseError`, reason ``not_a_feed`` when it is something else (an HTML page, nothing at all),
    ``parse_error`` when the parser gave up.
    """
    body, cut = bodies.unpacked(body, MAX_UNPACKED)
    if cut:
        raise ParseError("gzip that is cut off")
    if not body.strip():
        raise ParseError("the body is empty", reason="not_a_feed")
    if jsonfeed.looks_like_json(body):
        return jsonfeed.read(body, url=url, source_id=source_id, max_entries=max_entries)
    document, warnings = _parse(body, content_type)
    is_html = bool(_HTML.search(body[:2_048]))
    if not document.version and (is_html or not document.entries):
        raise ParseError("an HTML page" if is_html else "no element of a feed in it", reason="not_a_feed")
    problem = document.get("bozo_exception")
    if problem is not None:
        warnings.append(_told(problem, body))
    capped = max(len(document.entries) - max_entries, 0)
    # Nearly all feeds list the newest first; of one that does not, the newest stand at its end.
    offered = (
        document.entries[capped:] if capped and _rises(document.entries) else document.entries[:max_entries]
    )
    base = _base(document, url)
    language = primary(document.feed.get("language"))
    found = tuple(_entry(item, base=base, source_id=source_id, language=language) for item in offered)
    if found and not capped and found[-1].link is None and _is_cut(body):
        found = found[:-1]  # without its link it would be another article than it is
    warnings.extend(_unsaid(found, offered[: len(found)]))
    return Feed(
        title=_text(document.feed.get("title")),
        format=document.version or "unknown",
        entries=found,
        warnings=tuple(warnings),
        complete=not capped and (problem is None or isinstance(problem, _HARMLESS)),
        capped=capped,
        ttl=_ttl(document.feed),
    )


def _rises(items: Sequence[Any]) -> bool:
    ends = [dates.parse_feed_date(items[at]) for at in (0, -1)]
    return ends[0] is not None and ends[1] is not None and ends[0] < ends[1]


def _parse(body: bytes, content_type: str | None) -> tuple[Any, list[str]]:
    """Return feedparser's document and what was repaired to get it. The seam to feedparser."""
    # A declaration that can be read byte by byte is not in UTF-16; programs of Windows say so all the same.
    body = _WIDE.sub(rb"\1utf-8", body, count=1)
    # Expat wants the declaration first; what stands before it (a blank line of a template) goes behind it.
    body = _BLANK_FIRST.sub(rb"\1\3\2", body, count=1)
    if body.startswith(_MARKS):
        content_type = None  # no charset of an answer stands above the mark in the body
    warnings = []
    if _may_be_utf8(body, content_type) and bodies.nearly_utf8(body):
        body = bodies.as_utf8(body).encode()
        warnings.append("some bytes are not UTF-8, and were read as Windows-1252")
    try:
        try:
            return _feedparser(body, content_type), warnings
        except (ValueError, OverflowError):
            # Its lenient parser fails on a reference that names no character, and the whole feed with it.
            body = _REFERENCE.sub(_replaced, _HALVES.sub(_whole, body))
            warnings.append("references that name no character were replaced")
            return _feedparser(body, content_type), warnings
    except MemoryError:
        raise
    except Exception as error:
        raise ParseError(f"feedparser gave up: {type(error).__name__}: {error}") from error


def _may_be_utf8(body: bytes, content_type: str | None) -> bool:
    """Tell whether nothing says that ``body`` is in another encoding."""
    if body.isascii():
        return False
    said = [one[1].decode("ascii", "replace") for one in [_DECLARED.match(body)] if one]
    said += _CHARSET.findall(content_type or "")
    return all(one.lower() in _UTF8 for one in said)


def _feedparser(body: bytes, content_type: str | None) -> Any:
    # A stream, never the bytes: feedparser opens a file whose name they are. No content-location: with one
    # it resolves a guid that is no URL into a link that nobody offered.
    return feedparser.parse(
        io.BytesIO(body),
        sanitize_html=False,
        resolve_relative_uris=False,
        response_headers={"content-type": content_type} if content_type else {},
    )


def _entry(item: Any, *, base: str, source_id: str, language: str | None) -> Entry:
    # feedparser's own get looks each name up among those of old formats, of which none here is one.
    get = partial(dict.get, item)
    guid = _text(get("id")) or None
    link = _link(item, guid)
    contents = [_text(content.get("value")) for content in _dicts(get("content"))]
    detail = next(_dicts([get("title_detail")]), {})
    source = next(_dicts([get("source")]), {})
    return entries.entry(
        entries.Offered(
            link=(urls.join(base, link) or link) if link else None,
            guid=guid,
            title=_text(get("title")),
            summary=entries.joined(_text(get("summary")), contents),
            # A feed that gathers what others wrote names the outlet of each entry: readers are to see that at least.
            author=_text(get("author")) or _text(source.get("title")) or None,
            published_at=dates.parse_feed_date(item),
            language=primary(get("language")) or primary(detail.get("language")) or language,
            tags=entries.tags(tag.get("term") or tag.get("label") for tag in _dicts(get("tags"))),
            origin=_text(get("feedburner_origlink") or get("pheedo_origlink")).strip() or None,
            # feedparser empties a link that the standard library cannot read.
            refused="the link is empty or cannot be read" if link == "" else None,
        ),
        source_id=source_id,
    )


def _link(item: Any, guid: str | None) -> str | None:
    """Return the link of ``item`` as written, its guid where that is a permalink, "" when unreadable."""
    offered = [link for link in _dicts(item.get("links")) if link.get("rel") == "alternate"]
    link = _text(item.get("link")) if "link" in item else None
    if not offered and link == guid:
        # feedparser made a link of the guid, be it a URL or not.
        return guid if guid and guid.lower().startswith(("http://", "https://")) else None
    return link or next((_text(other.get("href")) for other in offered if other.get("href")), link)


def _base(document: Any, url: str) -> str:
    """Return what relative links of the feed are relative to; feedparser has applied ``xml:base`` before."""
    if document.version.startswith("atom"):
        return url  # RFC 4287, section 2
    return urls.join(url, _text(document.feed.get("link"))) or url


def _is_cut(body: bytes) -> bool:
    """Tell whether a document ends within an entry."""
    return max(map(body.rfind, (b"<item", b"<entry"))) > max(map(body.rfind, (b"</item", b"</entry")))


def _unsaid(found: Sequence[Entry], offered: Sequence[Any]) -> Iterator[str]:
    """Yield a warning for each redirector through which entries link without saying where, with the papers named."""
    hosts: dict[str, list[str]] = {}
    for entry, item in zip(found, offered, strict=True):
        if entry.url and redirectors.opaque(entry.url):
            source = item.get("source")
            paper = _text(source.get("title") or source.get("href")) if isinstance(source, dict) else ""
            hosts.setdefault(entry.url.split("/")[2], []).append(paper)
    for host, papers in hosts.items():
        named = list(dict.fromkeys(filter(None, papers)))
        of = f" (of {', '.join(named[:3])}{' …' if len(named) > 3 else ''})" if named else ""
        count = f"{len(papers)} entries" if len(papers) > 1 else "1 entry"
        verb = "link" if len(papers) > 1 else "links"
        yield f"{count}{of} {verb} through {host}, which does not say where to: only their pages tell"


def _told(problem: Exception, body: bytes) -> str:
    if isinstance(problem, SAXParseException):
        # feedparser puts an XML declaration on a line of its own before a body that has none.
        declared = body.removeprefix(b"\xef\xbb\xbf").startswith(b"<?xml")
        # Expat's words for a body that ends within an element.
        cut = problem.getMessage() == "no element found"
        said = "the body ends before the feed does" if cut else problem.getMessage()
        return f"line {(problem.getLineNumber() or 1) - (not declared)}: {said}"
    return f"{type(problem).__name__}: {problem}"


def _ttl(channel: Any) -> float | None:
    """Return how long the feed asks to be left alone, in seconds (RSS 2.0 ``ttl``; syndication module)."""
    minutes = _number(channel.get("ttl"))
    if minutes:
        return minutes * 60
    period = _PERIODS.get(_text(channel.get("sy_updateperiod")).strip().lower())
    return period / (_number(channel.get("sy_updatefrequency")) or 1) if period else None


def _number(value: object) -> float | None:
    try:
        number = float(_text(value))
    except ValueError:
        return None
    return number if math.isfinite(number) and number > 0 else None


def _text(value: object) -> str:
    # feedparser gives a dict for an element it does not know that carries attributes: <ttl unit="min">.
    return value if isinstance(value, str) else ""


def _dicts(value: object) -> Iterator[dict[str, Any]]:
    # For the same reason <links> and <tags> may turn out to be anything.
    return (one for one in value if isinstance(one, dict)) if isinstance(value, list) else iter(())


def _whole(found: re.Match[bytes]) -> bytes:
    high, low = (_code(half) for half in found.groups())
    if not (0xD800 <= high < 0xDC00 <= low < 0xE000):
        return found.group()
    return b"&#%d;" % (0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))


def _replaced(found: re.Match[bytes]) -> bytes:
    code = _code(found.group(1))
    named = 0 < code <= 0x10FFFF and not 0xD800 <= code < 0xE000
    return found.group() if named else b"&#65533;"


def _code(digits: bytes) -> int:
    if len(digits) > 9:  # int() refuses thousands of digits, and none of these names a character
        return -1
    return int(digits[1:], 16) if digits.startswith(b"x") else int(digits)
