"""OPML, in which readers of feeds hand on their lists: what one says, and our sources as one.

    body ─▶ outlines ─▶ listed: name, feed, tags (folders, category), language, and what is ours ─▶ sources
    sources ─▶ a folder for each first tag ─▶ one outline a feed

What OPML has no word for stands in attributes of a namespace of our own, which other programs pass over. It holds
feeds only. How a server wants to be asked may be a secret, and is never written. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from lxml import etree

from archive.errors import ParseError
from archive.model import EndpointKind, Source
from archive.normalize import clean_line

from . import urls, xmltext
from .language import primary

NAMESPACE = "urn:presswatch:opml"
MOST = 20_000
"""Outlines that are read; the longest list of feeds that was met has some thousand."""

MOST_FAULTS = 20
"""Places that are told one by one where a file is broken all over."""

_FAULTS = {
    "ERR_TAG_NAME_MISMATCH": "an element is closed here that is not the last one opened",
    "ERR_LT_IN_ATTRIBUTE": 'a "<" in a name; "&lt;" is how XML has it',
    "ERR_ATTRIBUTE_NOT_STARTED": "a value without quotes around it",
    "ERR_ATTRIBUTE_NOT_FINISHED": "a value whose quotes are not closed",
    "ERR_DOCUMENT_END": "something follows </opml>",
    "ERR_INVALID_CHAR": "a control character",
}
_END = re.compile(r"</\s*(?:[\w.-]+:)?opml\s*>", re.IGNORECASE)
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_COUNTRY = re.compile(r"[A-Z]{2,12}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_EVERY = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})? ?(ms|s|m|h|d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """One feed of an OPML file. ``id``, ``country``, ``every`` and ``pages`` are None where it is not our own."""

    name: str
    url: str
    tags: tuple[str, ...] = ()
    language: str | None = None
    id: str | None = None
    country: str | None = None
    every: str | None = None
    pages: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What one file holds. ``refused``: outlines that are no feed for us, and why; ``warnings``: of the whole file."""

    outlines: tuple[Outline, ...]
    refused: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()


def read(body: bytes, name: str = "OPML") -> Listed:
    """Return what ``body``, the file ``name``, lists. Raises `ParseError` when it is no OPML, or not all of one.

    Of what is broken and can be read the warnings say where: ``name``:line:column.
    """
    text = xmltext.decoded(body)
    if not text.strip():
        raise ParseError(f"{name}:1:1: no OPML: the file is empty")
    # No entity is resolved, and nothing else is fetched or opened.
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        recover=True,
        huge_tree=False,
        remove_comments=True,
    )
    try:
        root = etree.fromstring(xmltext.whole(text).encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ParseError(f"{name}:1:1: no OPML: {error}") from error
    if root is None or etree.QName(root).localname.lower() != "opml":
        raise ParseError(f"{name}:1:1: no OPML: its first element is not <opml>")
    if len(parser.error_log) and not _END.search(text):
        line, column = xmltext.place(text, len(text.rstrip()) - 1)
        raise ParseError(f"{name}:{line}:{column}: the file is cut off here: no </opml> follows")
    warnings = [f"{name}:{line}:{column}: {said}" for line, column, said in _faults(text, parser.error_log)]
    if len(warnings) > MOST_FAULTS:
        warnings[MOST_FAULTS:] = [f"{name}: {len(warnings) - MOST_FAULTS} more places are not well-formed"]
    outlines: list[Outline] = []
    refused: list[tuple[str, str]] = []
    for element, folders in _walk(root.find("{*}body"), ()):
        if len(outlines) == MOST:
            warnings.append(f"{name}: what follows the first {MOST:,} feeds was not read")
            break
        called, url = _name(element), _address(element.get("xmlUrl") or element.get("xmlurl") or "")
        why = (
            (urls.refusal(url) or ("longer than one line" if re.search(r"\s", url) else None))
            if url
            else "no feed"
        )
        if why:
            shown = urls.without_user(url)
            beside = "; write it by hand, with username and password_env" if shown != url else ""
            said = f"{why}: {shown}{beside}" if url else why
            refused.append((urls.without_user(called or url or "an outline without a name"), said))
        else:
            outlines.append(_outline(element, called, url, folders))
    return Listed(outlines=tuple(outlines), refused=tuple(refused), warnings=tuple(warnings))


def _faults(text: str, errors: Iterable[Any]) -> list[tuple[int, int, str]]:
    """Return where ``text`` is not well-formed, and how that was read, in its order."""
    mended = [xmltext.place(text, index) for index in xmltext.bare(text)]
    found = [
        (line, column, 'a bare "&" was taken for itself; "&amp;" is how XML has it')
        for line, column in mended
    ]
    lines: set[int] = set()
    for error in errors:
        if error.line not in lines:  # the first of a line is the mistake, the others are what it led to
            lines.add(error.line)
            column = error.column
            for before in (at for line, at in mended if line == error.line):
                column -= 4 if column > before + 4 else 0  # each "&" that was mended before it has moved it
            said = _FAULTS.get(error.type_name, str(error.message))
            found.append((error.line, column, f"not well-formed, and part of it may be lost: {said}"))
    return sorted(found)


def _walk(element: Any, folders: tuple[str, ...]) -> Iterator[tuple[Any, tuple[str, ...]]]:
    """Yield every outline that is no folder, and the folders around it."""
    for child in element if element is not None else ():
        if not isinstance(child.tag, str) or etree.QName(child).localname != "outline":
            continue
        if child.get("xmlUrl") or child.get("xmlurl") or not len(child):
            yield child, folders
        if len(child):
            yield from _walk(child, (*folders, _name(child)))


def _outline(element: Any, name: str, url: str, folders: tuple[str, ...]) -> Outline:
    ours = {
        key: clean_line(element.get(f"{{{NAMESPACE}}}{key}") or "")
        for key in ("id", "country", "every", "pages")
    }
    categories = (part for one in (element.get("category") or "").split(",") for part in one.split("/"))
    tags = (clean_line(one) for one in (*folders, *categories))
    return Outline(
        name=name or urlsplit(url).hostname or url,
        url=url,
        tags=tuple(dict.fromkeys(tag for tag in tags if tag)),
        # Ours as it was; articles elsewhere are in a language, whatever the region.
        language=_language(element.get("language") or "") if ours["id"] else primary(element.get("language")),
        id=ours["id"] if _ID.fullmatch(ours["id"]) else None,
        country=ours["country"] if _COUNTRY.fullmatch(ours["country"]) else None,
        every=ours["every"] if _EVERY.fullmatch(ours["every"]) else None,
        pages=ours["pages"] != "false",
    )


def _language(tag: str) -> str | None:
    return tag if _LANGUAGE.fullmatch(tag) else primary(tag)


def _name(element: Any) -> str:
    return clean_line(element.get("text") or element.get("title") or "")


def _address(url: str) -> str:
    """Return the address of a feed; some readers write feed: before it, or in the place of http:."""
    url = url.strip()
    if url.lower().startswith("feed:"):
        rest = url[5:]
        url = rest if re.match("https?:", rest, re.IGNORECASE) else f"http:{rest}"
    return url


def grouped(outlines: Iterable[Outline], taken: Iterable[str]) -> Iterator[tuple[str, list[Outline]]]:
    """Yield each source that ``outlines`` make, by an id that is not among ``taken``, in their order.

    One source is what has the same id of ours, or the same name and host.
    """
    groups: dict[tuple[str, ...], list[Outline]] = {}
    for one in outlines:
        key = (one.id,) if one.id else (one.name, urlsplit(one.url).hostname or "")
        groups.setdefault(key, []).append(one)
    used = set(taken)
    for group in groups.values():
        first = group[0]
        source_id = free_id(
            first.id or slug(first.name) or slug(urlsplit(first.url).hostname or "") or "feed", used
        )
        used.add(source_id)
        tags = tuple(dict.fromkeys(tag for one in group for tag in one.tags))
        yield source_id, [replace(one, tags=tags) for one in group]


def slug(text: str) -> str:
    """Return ``text`` as an id: small letters, digits and hyphens; nothing where it has no letter of ours."""
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall(r"[a-z0-9]+", folded))[:40].strip("-")


def free_id(wanted: str, used: Iterable[str]) -> str:
    """Return ``wanted``, or with the first number behind it that makes it one of a kind."""
    taken = set(used)
    number = 1
    while (found := wanted if number == 1 else f"{wanted}-{number}") in taken:
        number += 1
    return found


def written(sources: Iterable[Source]) -> bytes:
    """Return the feeds of ``sources`` as OPML 2.0."""
    root = etree.Element("opml", {"version": "2.0"}, nsmap={"presswatch": NAMESPACE})
    etree.SubElement(etree.SubElement(root, "head"), "title").text = "Presswatch"
    body = etree.SubElement(root, "body")
    folders: dict[tuple[str, ...], Any] = {(): body}
    for source in sources:
        feeds = [one for one in source.endpoints if one.kind is EndpointKind.FEED and one.topic is None]
        # In a list of categories a tag with a comma or a slash would come back as two; folders hold it whole.
        split = [tag for tag in source.tags if set(tag) & set(",/")]
        path: tuple[str, ...] = ()
        for tag in dict.fromkeys((*source.tags[:1], *split)) if feeds else ():
            if (*path, tag) not in folders:
                folders[*path, tag] = etree.SubElement(folders[path], "outline", text=tag)
            path = (*path, tag)
        for endpoint in feeds:
            outline = etree.SubElement(
                folders[path], "outline", text=source.name, title=source.name, type="rss", xmlUrl=endpoint.url
            )
            if source.language:
                outline.set("language", source.language)
            if whole := [tag for tag in source.tags if tag not in path]:
                outline.set("category", ",".join(whole))
            ours = {
                "id": source.id,
                "country": source.country,
                "every": None if endpoint.every is None else _duration(endpoint.every),
                "pages": None if source.pages else "false",
            }
            for key, value in ours.items():
                if value is not None:
                    outline.set(f"{{{NAMESPACE}}}{key}", value)
    said: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return said


def _duration(seconds: float) -> str:
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        if seconds % length == 0:
            return f"{seconds / length:g}{unit}"
    return f"{seconds:g}s"
