"""The day of an article as its page prints it in words, where nothing else says it.

Read are what the page itself calls a date, a line above the text that is nothing but one, and the dateline at the head
of the first paragraph. A day within a sentence is what the article is about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from archive.normalize import clean_line

from .frame import Own

LONGEST = 80  # characters of what is a date and little else

_DAY = (
    r"(?:\d{1,2}[.ºª°a-z]{0,3}[\s/-]+(?:del?\s+|of\s+)?[^\W\d_]{3,10}[\s.,/-]+(?:del?\s+)?\d{4}"
    r"|[^\W\d_]{3,10}\.?\s+\d{1,2}[a-z]{0,2},?\s+\d{4})"
)
_HOUR = (
    r"(?:\D{1,8}\d{1,2}:\d{2}(?::\d{2})?\s*(?:[ap]\.?\s?m\.?|h(?:rs?|oras)?\.?)?(?:\s*\(?[A-Z]{2,4}\)?)?)?"
)
_WEEKDAY = (
    r"(?:(?:lunes|martes|mi[eé]rcoles|jueves|viernes|s[aá]bado|domingo"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day),?\s+)?"
)
_PLACE = r"(?:[^\W\d_][^\d,:;]{1,30}(?:\([^()\d]{2,20}\))?,\s+)?"
_PUBLISHED = (
    r"(?:(?:fecha\s+de\s+publicaci[oó]n|publicad[oa]|published|posted|publi[eé])"
    r"\s*:?\s*(?:el|on|em|le)?\s*:?\s*)"
)
_LINE = re.compile(rf"{_PUBLISHED}?{_PLACE}{_WEEKDAY}({_DAY}{_HOUR})\s*\.?\s*[-–—]?", re.IGNORECASE)
_DATELINE = re.compile(
    rf"[^\W\d_][^\d,.:;]{{1,30}},\s+{_WEEKDAY}({_DAY})\s*(?:\.\s*[-–—]|[-–—(])", re.IGNORECASE
)
_AFTER = re.compile(rf"{_PUBLISHED}{_WEEKDAY}({_DAY}{_HOUR})", re.IGNORECASE)
_CHANGED = re.compile(r"actuali[zs]a|modificad|updated|modified|mise? à jour", re.IGNORECASE)
_NAMED = re.compile(
    r"(?:^|[\s_-])(?:\w*date|fecha|dates?|published|publicad[oa]|publicacion|time|timestamp|hora|posted(?:-on)?)(?:$|[\s_-])",
    re.IGNORECASE,
)
_LINES = ("p", "span", "div", "li", "h6", "small", "em", "strong", "b", "i")


def times(own: Own) -> Iterator[str]:
    """Yield what the time elements above the text say that have no date in an attribute."""
    for element in own.head:
        if element.tag == "time" and not element.get("datetime") and (said := _said(element)):
            yield said


def lines(own: Own) -> Iterator[str]:
    """Yield the days in words above the text, those first that the page calls so, and the dateline."""
    short = [(element, said) for element in own.head if element.tag in _LINES and (said := _said(element))]
    named = [said for element, said in short if _is_named(element)]
    yield from named
    yield from (said for element, said in short if not _is_named(element))
    if own.first is not None and (found := _DATELINE.match(clean_line(own.first.text_content()[:200]))):
        yield found[1]


def _is_named(element: Any) -> bool:
    return any(_NAMED.search(element.get(name) or "") for name in ("class", "id", "itemprop"))


def _line(element: Any) -> str:
    return clean_line(element.text_content()[: 4 * LONGEST])


def _said(element: Any) -> str | None:
    """Return the date that ``element`` is, None where it says more, or when something was changed."""
    line = _line(element)
    if not line or len(line) > LONGEST:
        return None
    if _CHANGED.search(line):
        found = _AFTER.search(line)
    else:
        found = _LINE.fullmatch(line) or (_AFTER.search(line) if _is_named(element) else None)
    return found[1] if found else None
