"""What an article is called: the title that its page is known by, without the name of the site.

og:title, JSON-LD's headline and twitter:title are written for others, and say it best. Where there is none, the title
element and the h1 are weighed against each other: either may be the name of the site, or of a section.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from typing import Any

from trafilatura.metadata import extract_title

from archive.normalize import clean_line, tokens

from .metadata import Metadata

MAX_TITLE = 1_000
_HEADINGS = 10  # that are looked at

_SEPARATOR = r"(?:\s*[|·•»«]+\s*|\s+[\-\u2010-\u2015:/]+\s+|:\s+)"
# What a title element has behind the last separator, as a rule the site.
_LAST = re.compile(r"(?P<rest>\S.*?)(?:\s*[|·•»«]\s*|\s+[\-\u2010-\u2015]\s+)(?P<site>[^|·•»«]{2,40})")
_LEAST = 4  # words that are left when such an end is taken away; "Google - Site Reliability Engineering" stays whole


def read(tree: Any, said: Metadata) -> str | None:
    """Return the title of the page ``tree``, None where it has none."""
    found = (
        said.first("og:title")
        or _ld_title(tree, said)
        or said.first("twitter:title", "title", "parsely-title")
    )
    title = clean_line(found or "") or _of_page(tree)
    return without_site(title[:MAX_TITLE], clean_line(said.first("og:site_name") or "")) or None


def without_site(title: str, site: str) -> str:
    """Return ``title`` without the name of the site before or after it."""
    if not site:
        return title
    name = re.escape(site)
    bare = re.sub(rf"{_SEPARATOR}{name}$|^{name}{_SEPARATOR}", "", title, flags=re.IGNORECASE)
    return bare or title


def of_element(tree: Any) -> str:
    """Return what the title element says; a picture in the page may have one, too."""
    element = tree.find(".//head//title")
    return clean_line(element.text_content()) if element is not None else ""


def headings(tree: Any) -> list[str]:
    """Return what the first headings of the first rank say."""
    said = (clean_line(element.text_content()) for element in islice(tree.iter("h1"), _HEADINGS))
    return [line for line in said if line]


def _ld_title(tree: Any, said: Metadata) -> str | None:
    """Return the headline of the JSON-LD, or the name beside it where that is what the page is called.

    An encyclopedia writes into ``headline`` what a thing is, and what it is called into ``name``.
    """
    headline, name = said.headline, said.name
    if headline and name and headline != name:
        called = tokens(of_element(tree)).words
        if _shared(name, called) > _shared(headline, called):
            return name
    return headline


def _of_page(tree: Any) -> str:
    title, rank = of_element(tree), headings(tree)
    if not title:
        return rank[0] if rank else clean_line(extract_title(tree) or "")
    words = tokens(title).words
    alike = [line for line in rank if _shared(line, words) >= 1 / 2]
    if alike:
        return max(alike, key=len)  # the other is the name of the site
    if len(rank) == 1 and len(rank[0].split()) > len(title.split()):
        return rank[0]  # the title element of every page names the site
    last = _LAST.fullmatch(title)
    return last["rest"] if last and len(last["rest"].split()) >= _LEAST else title


def _shared(line: str, words: Sequence[str]) -> float:
    """Return which part of the words of ``line`` is among ``words``."""
    own = tokens(line).words
    return sum(word in words for word in own) / len(own) if own else 0.0
