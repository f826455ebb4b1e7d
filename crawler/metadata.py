"""What a page says of itself: JSON-LD (https://schema.org), meta elements, links, the language.

Read once into a `Metadata`; `extract` decides what to believe. Nothing here fails: what cannot be read is
not there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from archive.normalize import fold

from . import urls
from .frame import in_frame
from .language import primary

MAX_NODES = 2_000
"""JSON-LD nodes that are looked at; a live blog has hundreds, a page made to hurt has no end."""

_ARTICLE = re.compile(r"(?:article|posting|report)$", re.IGNORECASE)
_PAGE = re.compile(r"(?:^|[/:])(?:webpage|\w*page)$", re.IGNORECASE)
_BROKEN_DATE = re.compile(r'"datePublished"\s*:\s*"([^"]{8,40})"')
_BROKEN_FREE = re.compile(r'"isAccessibleForFree"\s*:\s*"?(\w+)')
# schema.org's Boolean, as people write it: JSON, Python, a word, an address.
_NO, _YES = (
    re.compile(r"(?:.*/)?(?:false|no|0)", re.IGNORECASE),
    re.compile(r"(?:.*/)?(?:true|yes|1)", re.IGNORECASE),
)
_TIERS = {"free": False, "metered": True, "locked": True}  # of article:content_tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What one page says of itself, unjudged.

    ``meta`` holds the content of every meta element by its name, property or itemprop in lower case, in
    the order of the page; ``ld`` the JSON-LD nodes that are articles, then those that are pages. ``paywalled`` is
    None where the page says nothing of it.
    """

    meta: dict[str, tuple[str, ...]]
    ld: tuple[dict[str, Any], ...]
    ld_dates: tuple[str, ...]
    canonical_url: str | None
    html_language: str | None
    paywalled: bool | None = None

    def first(self, *names: str) -> str | None:
        """Return the content of the first meta element of the first of ``names`` that there is."""
        return next((content for name in names for content in self.meta.get(name, ())), None)

    @property
    def language(self) -> str | None:
        """The language, by the html element, og:locale, JSON-LD or the http-equiv, in this order."""
        said = (self.html_language, self.first("og:locale"), *(node.get("inLanguage") for node in self.ld))
        return next(filter(None, map(primary, (*said, self.first("content-language")))), None)

    @property
    def headline(self) -> str | None:
        """The headline of the first article of the JSON-LD."""
        return next((text for node in self.ld if (text := _string(node.get("headline")))), None)

    @property
    def name(self) -> str | None:
        """The name that the first article of the JSON-LD has."""
        return next((text for node in self.ld if (text := _string(node.get("name")))), None)

    @property
    def is_article(self) -> bool:
        """Whether the page calls itself an article."""
        return (
            any(_is(node, _ARTICLE) for node in self.ld) or (self.first("og:type") or "").lower() == "article"
        )

    @property
    def authors(self) -> tuple[str, ...]:
        """The names of the authors: JSON-LD, then the meta elements."""
        for node in self.ld:
            if names := tuple(_names(node.get("author"))):
                return names
        for name in ("author", "article:author", "parsely-author", "dc.creator", "byl", "sailthru.author"):
            if names := tuple(text for text in self.meta.get(name, ()) if _is_name(text)):
                return names
        return ()


def read(tree: Any, *, url: str) -> Metadata:
    """Return what the page ``tree`` (lxml), fetched from ``url``, says of itself."""
    meta: dict[str, list[str]] = {}
    for element in tree.iter("meta"):
        name = next(filter(None, map(element.get, ("property", "name", "itemprop", "http-equiv"))), "")
        content = (element.get("content") or "").strip()
        if name and content and not ("date" in (element.get("itemprop") or "") and in_frame(element)):
            meta.setdefault(name.strip().lower(), []).append(content)
    canonical = _canonical(tree, meta, url)
    nodes, broken = _linked_data(tree)
    places = {place for one in (url, canonical) if one and (place := _place(one))}
    called = [fold(line) for line in (*meta.get("og:title", ()), *_headings(tree))]
    nodes = tuple(node for node in nodes if not _is_of_another(node, url, places, called))
    # Behind the start of a list all is of others.
    dates = (found for text in broken for found in _BROKEN_DATE.findall(text.partition("itemListElement")[0]))
    return Metadata(
        meta={name: tuple(contents) for name, contents in meta.items()},
        ld=nodes,
        ld_dates=(*filter(None, (_string(node.get("datePublished")) for node in nodes)), *dates),
        canonical_url=canonical,
        html_language=tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang"),
        paywalled=_paywalled(tree, meta, nodes, broken),
    )


def _canonical(tree: Any, meta: dict[str, list[str]], url: str) -> str | None:
    links = (
        link.get("href")
        for link in tree.iter("link")
        if "canonical" in (link.get("rel") or "").lower().split()
    )
    for link in (*links, *meta.get("og:url", ())):
        joined = urls.join(url, link) if link else None
        if joined and not urls.refusal(joined):
            return urls.canonical(joined)
    return None


def _linked_data(tree: Any) -> tuple[tuple[dict[str, Any], ...], tuple[str, ...]]:
    """Return the article nodes, then the page nodes, and the scripts that are not JSON."""
    nodes: list[dict[str, Any]] = []
    broken: list[str] = []
    for script in tree.iter("script"):
        if "ld+json" not in (script.get("type") or "").lower() or not script.text:
            continue
        try:
            nodes.extend(_walk(_json(script.text)))
        except (ValueError, RecursionError):
            broken.append(script.text)
    articles = [node for node in nodes if _is(node, _ARTICLE)]
    pages = [node for node in nodes if _is(node, _PAGE) and not _is(node, _ARTICLE)]
    return (*articles, *pages), tuple(broken)


def _is_of_another(node: dict[str, Any], url: str, places: set[tuple[str, str]], called: list[str]) -> bool:
    """Tell whether ``node`` says that it is what lies at another address, and is called otherwise than this page.

    An article that was renamed may still say its old address, and some name their front page everywhere.
    """
    page = node.get("mainEntityOfPage")
    said = (node.get("url"), page.get("@id") if isinstance(page, dict) else page)
    named = {
        place
        for one in said
        if (text := _string(one)) and (joined := urls.join(url, text)) and (place := _place(joined))
    }
    titles = [fold(text) for text in map(_string, (node.get("headline"), node.get("name"))) if text]
    if not named or named & places or all(path == "" for _, path in named):
        return False
    return not any(one and (title in one or one in title) for title in titles for one in called)


def _place(address: str) -> tuple[str, str] | None:
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    return (parts.hostname or "").removeprefix("www."), parts.path.rstrip("/")


def _headings(tree: Any) -> Iterator[str]:
    for element in (*tree.xpath(".//head//title")[:1], *tree.xpath(".//h1")[:10]):
        yield " ".join(element.text_content().split())


def _paywalled(
    tree: Any, meta: dict[str, list[str]], nodes: tuple[dict[str, Any], ...], broken: tuple[str, ...]
) -> bool | None:
    """Return whether the page says that it is not free to read, or that a part of it is not."""
    for node in nodes:
        parts = node.get("hasPart")
        parts = parts if isinstance(parts, list) else [parts]
        # A page that may be read now and then says that it is free, and names the part that is not.
        said = [
            _free(one.get("isAccessibleForFree"))
            for one in (node, *parts[:MAX_NODES])
            if isinstance(one, dict)
        ]
        if known := [free for free in said if free is not None]:
            return not all(known)
    for element in tree.xpath('//*[@itemprop="isAccessibleForFree"]')[:MAX_NODES]:
        free = _free(element.get("content") or element.get("href") or element.text_content())
        if free is not None:
            return not free
    written = [
        *meta.get("isaccessibleforfree", ()),
        *(one for text in broken for one in _BROKEN_FREE.findall(text)),
    ]
    if known := [free for one in written if (free := _free(one)) is not None]:
        return not all(known)
    return next(
        (_TIERS[tier] for one in meta.get("article:content_tier", ()) if (tier := one.lower()) in _TIERS),
        None,
    )


def _free(value: object) -> bool | None:
    text = str(value).strip() if isinstance(value, bool | int | str) else ""
    return True if _YES.fullmatch(text) else False if _NO.fullmatch(text) else None


def _json(text: str) -> Any:
    """Return the JSON in ``text``, which may stand in a comment or a CDATA section. Raises ValueError."""
    text = text.replace("<![CDATA[", "").replace("]]>", "")
    start = min((at for at in (text.find("{"), text.find("[")) if at >= 0), default=0)
    return json.loads(text[start : max(text.rfind("}"), text.rfind("]")) + 1], strict=False)


def _walk(document: Any) -> Iterator[dict[str, Any]]:
    """Yield the nodes of ``document`` in their order; only through what may hold the page's own article."""
    waiting = [document]
    for _ in range(MAX_NODES):
        if not waiting:
            return
        node = waiting.pop()
        if isinstance(node, list):
            waiting.extend(reversed(node[:MAX_NODES]))
        elif isinstance(node, dict):
            yield node
            waiting.extend(node[key] for key in ("mainEntity", "@graph") if key in node)


def _is(node: dict[str, Any], kind: re.Pattern[str]) -> bool:
    types = node.get("@type")
    return any(
        isinstance(one, str) and kind.search(one) for one in (types if isinstance(types, list) else [types])
    )


def _names(author: object) -> Iterator[str]:
    for one in author[:20] if isinstance(author, list) else [author]:
        name = _string(one.get("name") if isinstance(one, dict) else one)
        if name and _is_name(name):
            yield name


def _is_name(text: str) -> bool:
    # article:author is often the address of a profile.
    return "://" not in text and len(text) <= 200


def _string(value: object) -> str | None:
    if isinstance(value, list) and value:
        value = value[0]
    return value.strip() or None if isinstance(value, str) else None
