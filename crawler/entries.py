"""One entry of a feed, whatever the feed's format: what identifies it, and what keeps its page unread.

A reader of a format (feeds, jsonfeed) fills in an `Offered`; `entry` makes the `Entry` of it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from archive.model import Entry

from . import redirectors, urls

MAX_TAGS = 20

_SAYS_SOMETHING = re.compile(r"(?:\s+|<[^<>]*>)*+\S")  # beside tags

# A tag never holds another "<": a body of nothing but "<" would otherwise take quadratic time.
_TAG = re.compile(r"<[^<>]*>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """One entry as its feed offers it. ``link`` is absolute, or as written when it cannot be made so."""

    link: str | None
    guid: str | None
    title: str
    summary: str
    author: str | None = None
    published_at: datetime | None = None
    language: str | None = None
    tags: tuple[str, ...] = ()
    refused: str | None = None
    origin: str | None = None


def entry(offered: Offered, *, source_id: str) -> Entry:
    """Return ``offered`` as an `Entry`, with its key and the reason why its page must not be fetched.

    The key is the canonical URL; where no usable link is offered ``source_id:guid``; where there is no
    guid either ``source_id:sha256:`` and 32 digits of the hash of title, summary and date. A link through a
    redirector is taken for the address that it leads to, where it says so.
    """
    place = _place(offered)
    refused = offered.refused or (urls.refusal(place) if place else None)
    url = urls.plain(place) if place else None
    if url and not refused:
        key = urls.untwinned(url)
    elif offered.guid:
        key = f"{source_id}:{offered.guid}"
    else:
        key = f"{source_id}:sha256:{_digest(offered)}"
    return Entry(
        key=key,
        url=url or _with_scheme(place),
        link=offered.link,
        guid=offered.guid,
        title=offered.title,
        summary=offered.summary,
        author=offered.author,
        published_at=offered.published_at,
        language=offered.language,
        tags=offered.tags,
        refused=refused,
        also=_other(offered.link, key) if place != offered.link else (),
    )


def _place(offered: Offered) -> str | None:
    """Return where the link of an entry leads, as far as link, feed or guid say so."""
    if not offered.link:
        return offered.link
    place = redirectors.resolved(offered.link)
    said = [offered.origin]
    if redirectors.opaque(place):
        # Where the link of the entry is Feedburner's, its guid often is the address at the paper.
        said.append(offered.guid)
    for one in said:
        further = redirectors.resolved(one) if one and one.startswith(("http://", "https://")) else None
        if further and not redirectors.opaque(further) and not urls.refusal(further):
            return further
    return place


def _other(link: str | None, key: str) -> tuple[str, ...]:
    other = urls.canonical(link) if link and not urls.refusal(link) else None
    return (other,) if other is not None and other != key else ()


def joined(description: str, contents: Iterable[str]) -> str:
    """Return the texts of one entry as one HTML text, saying nothing twice and losing nothing.

    Many feeds give the whole article in one element and its first lines in another: a text that another
    one contains, tags aside, is left out.
    """
    texts = [text for text in (description, *contents) if _SAYS_SOMETHING.match(text)]
    if len(texts) < 2:
        return "".join(texts)
    parts: list[str] = []
    for text in texts:
        words = _words(text)
        if any(words in _words(part) for part in parts):
            continue
        parts = [part for part in parts if _words(part) not in words]
        parts.append(text)
    return "\n\n".join(parts)


def tags(names: Iterable[object]) -> tuple[str, ...]:
    """Return ``names`` without repetitions and what is no text, at most `MAX_TAGS` of them."""
    texts = (" ".join(name.split()) for name in names if isinstance(name, str))
    return tuple(dict.fromkeys(text for text in texts if text))[:MAX_TAGS]


def _with_scheme(link: str | None) -> str | None:
    return link if link and urls.refusal(link) != urls.NO_SCHEME else None


def _words(text: str) -> str:
    return " ".join(_TAG.sub(" ", text).split())


def _digest(offered: Offered) -> str:
    date = offered.published_at.isoformat() if offered.published_at else ""
    content = f"{offered.title}\n{offered.summary}\n{date}"
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:32]
