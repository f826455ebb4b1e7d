"""How a day is written: the words to look for, and whether a place in a text is that day.

Two halves, since a text is searched by words and a day is more than words:

* `spellings` and `numbers` give the words to look for. They ignore punctuation, as the search does, so they also
  find what is no date: *in July. 19 people*, *COVID-19 July*, *24/7/19*, and every *19*.
* `accept` says whether such a place is the day, and which span to quote. Days in words and in lists are read by
  `archive.dayplaces`, marches and numbers here; and the year is held against the asked one.

Month names, patterns and the order of numbers are Babel's (`archive.months`). By hand is only what CLDR does not
have: the endings of ordinals, *primero*, the 19J of marches.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from babel import Locale

from archive.dayplaces import Place, around, beside_month, century, read
from archive.months import (
    base_of,
    day_template,
    locale_of,
    locales_of,
    month_names,
    names_of,
    orders,
)
from archive.normalize import fold, tokens
from archive.tree import Date

NEAR_DAYS = 183
"""A day without its year is of the asked year when the article is at most this many days away: half a year."""

# Endings by Babel's plural category of the ordinal; where a language does not tell, of the first of the month only.
_ORDINALS = {"en": {"one": "st", "two": "nd", "few": "rd", "other": "th"}}
_FIRST = {"es": ("1º", "1.º", "primero"), "pt": ("1º", "1.º"), "it": ("1º",), "fr": ("1er",), "ca": ("1r",)}


def spellings(date: Date, languages: Sequence[str]) -> tuple[str, ...]:
    """Return the day in words as people write it in ``languages``, never with a year: *July 19*, *19 de julio*, *19J*.

    No two have the same words. Languages that Babel does not know have none.
    """
    return _spellings(date.month, date.day, tuple(languages))


@lru_cache(maxsize=1024)
def _spellings(month: int, day: int, languages: tuple[str, ...]) -> tuple[str, ...]:
    found: dict[tuple[str, ...], str] = {}
    for language in languages:
        for text in _written(month, day, language):
            found.setdefault(tuple(tokens(text).words), text)
    return tuple(found.values())


@lru_cache(maxsize=1024)
def numbers(date: Date) -> tuple[str, ...]:
    """Return the day in numbers, never with a year: *7/19*, *07/19*, *19/7*, *19/07*; and *19, …*, *19th, …*.

    Their words stand in every numeric form, with whatever between them, year and all around them. The number alone
    stands in lists and ranges: *19 and 20 July*, *July 18-19*.
    """
    months = dict.fromkeys((str(date.month), f"{date.month:02}"))
    days = dict.fromkeys((str(date.day), f"{date.day:02}"))
    pairs = [(month, day) for month in months for day in days]
    numeric = dict.fromkeys("/".join(pair) for pair in [*pairs, *((day, month) for month, day in pairs)])
    return (*numeric, *_alone(date.day))


def _alone(day: int) -> Iterator[str]:
    """Yield the number of a day as it stands in a list, no two with the same words."""
    ordinals = [text for base in _ORDINALS for text in _ordinals(day, Locale(base), base)]
    firsts = [text for texts in _FIRST.values() for text in texts] if day == 1 else []
    found: dict[tuple[str, ...], str] = {}
    for text in (str(day), f"{day:02}", *ordinals, *firsts):
        found.setdefault(tuple(tokens(text).words[:1]), text)
    yield from (f"{text}, …" for text in found.values() if len(tokens(text).words) == 1)


def accept(
    date: Date,
    text: str,
    start: int,
    end: int,
    *,
    lang: str | None,
    country: str | None,
    published: dt.date | None,
) -> tuple[int, int] | None:
    """Return the span to quote if ``text[start:end]`` is the day, None if it is not.

    The span holds the words of one of `spellings` or `numbers` of ``date``. ``lang``, ``country`` and ``published``
    are the article's own; any may be unknown or odd.
    """
    place = _read(date, text, start, end, lang, country)
    if place is None or not _in_year(date, place.year, published):
        return None
    return place.start, place.end


def _read(date: Date, text: str, start: int, end: int, lang: str | None, country: str | None) -> Place | None:
    inside = fold(text[start:end])
    if _NUMBERS.fullmatch(inside):
        return _numeric(date, text, start, end, lang, country)
    march = _MARCH.fullmatch(inside)
    # 1º is no march, but its letters are those of one in October.
    if march and any(name[0] == march["initial"] for name in names_of(date.month, "es")):
        return _march(march, text, start, end, lang) or (
            read(date, text, start, end, lang=lang, country=country) if march["initial"] == "o" else None
        )
    return read(date, text, start, end, lang=lang, country=country)


def _in_year(date: Date, year: int | None, published: dt.date | None) -> bool:
    if date.year is None or year is not None:
        return date.year in (None, year)
    if published is None:
        return False
    try:
        day = dt.date(date.year, date.month, date.day)
    except ValueError:  # a 29th of February in a year without one
        return False
    return abs(published - day).days <= NEAR_DAYS


def _written(month: int, day: int, language: str) -> Iterator[str]:
    """Yield the spellings of one language, the usual ones first."""
    base = base_of(language)
    locales = locales_of(language)
    for locale in locales:
        yield from _in_locale(month, day, locale, base)
    if base == "es" and locales:
        # How marches are named in Lima, and the 8M everywhere.
        initial = month_names(locales[0], "wide")[month][0][0].upper()
        yield f"{day}{initial}"
        yield f"{day}-{initial}"


def _in_locale(month: int, day: int, locale: Locale, base: str) -> Iterator[str]:
    wide = month_names(locale, "wide")[month]
    short = month_names(locale, "abbreviated")[month]
    usual, brief = (day_template(locale, skeleton, month) for skeleton in ("MMMMd", "MMMd"))
    ordinals = _ordinals(day, locale, base)
    # "July 19" has its short form "Jul 19"; "julio 19" has none: "mar 19" and "set 19" are other words. What the
    # language does counts, not the region: Sept is British, "Sept. 4" American.
    month_first = day_template(locale_of(base) or locale, "MMMd", month).startswith("{month}")
    short_orders = [usual, brief, "{day} {month}", *(["{month} {day}"] if month_first else [])]
    for names, templates in ((wide, [*short_orders, "{month} {day}"]), (short, short_orders)):
        for order in dict.fromkeys(templates):
            for name in names:
                for number in (str(day), f"{day:02}", *ordinals):
                    # primero de mayo, never "mayo primero"
                    if not number.isalpha() or " de " in order:
                        yield order.format(day=number, month=name)
    if base == "en":
        for name in (*wide, *short):
            yield from (f"{number} of {name}" for number in (*ordinals, day))
            yield from (f"{name} the {number}" for number in ordinals)


def _ordinals(day: int, locale: Locale, base: str) -> tuple[str, ...]:
    if base in _ORDINALS:
        return (f"{day}{_ORDINALS[base][locale.ordinal_form(day)]}",)
    return _FIRST.get(base, ()) if day == 1 else ()


# --- As a march: 19J

_MARCH = re.compile(r"(?P<day>\d{1,2})(?P<dash>[-‐‑–—−])?(?P<initial>[a-z])")
# S/19M, US$19M, 1,19M€, A-19J; #19J and "19J/20J" are marches.
_NOT_BEFORE_MARCH = re.compile(r"(?:[$€£¥]\s?|\bs/\.?\s?|[^\W_][-‐‑–.]|\d,)\Z")
_NAMED = re.compile(r"\b(?:el|al|del|este|ese|pasado|proximo|marcha|manifestacion|paro|huelga)\s+\Z")
_NOT_AFTER_MARCH = re.compile(r"\s?[$€£]|[-‐‑–/.](?!(?:19|20)\d\d(?!\w))(?!\d{1,2}[-‐‑–]?[a-z](?!\w))\w")
_YEAR_AFTER_MARCH = re.compile(r"[-‐‑–\s]?(?:(?:de|del)\s)?((?:19|20)\d\d)(?!\w)")


def _march(march: re.Match[str], text: str, start: int, end: int, lang: str | None) -> Place | None:
    """Read 19J: a day and the first letter of its Spanish month. What is a quantity or a code is refused."""
    before, after = around(text, start, end)
    if _NOT_BEFORE_MARCH.search(before) or _NOT_AFTER_MARCH.match(after):
        return None
    letter = text[end - 1]
    if not letter.isascii():  # 1º, 1ª: folded they are 1o and 1a
        return None
    if not before.endswith("#") and _is_measure(march, letter, before, spanish=base_of(lang) == "es"):
        return None
    year = _YEAR_AFTER_MARCH.match(after)
    return Place(start, end, int(year[1]) if year else None)


def _is_measure(march: re.Match[str], letter: str, before: str, *, spanish: bool) -> bool:
    """Tell whether it is another thing with a number and a letter, as far as how it is written tells."""
    if march[0].replace("-", "") in ("2d", "3d"):
        return True  # a shape: 3D, 3-D
    if march["dash"] is not None:
        return False
    if letter.islower() and letter != "j":
        return True  # 19m and 19s are lengths and times, 19a an ordinal
    if not spanish:
        return int(march["day"]) < 10 or letter == "M"  # row 4A; nineteen million
    return int(march["day"]) < 10 and not _NAMED.search(before)  # el 8M is a day, "fase 2A" none


# --- In numbers: 19/07, 2023-07-19

_NUMBERS = re.compile(r"[0-9]{1,2}([^0-9a-z]+)[0-9]{1,2}")
_LEFT = {sep: re.compile(rf"(?:[0-9]+{mark})*\Z") for sep, mark in (("-", "[-‐‑]"), ("/", "/"), (".", r"\."))}
_RIGHT = {sep: re.compile(rf"(?:{mark}[0-9]+)*") for sep, mark in (("-", "[-‐‑]"), ("/", "/"), (".", r"\."))}
_DIGITS = re.compile(r"[0-9]+")
_NOT_BEFORE_NUMBER = re.compile(r"(?:[$€£¥]\s?|\d[.,:]|[^\W\d_][-‐‑]|[\w/])\Z")
_NOT_AFTER_NUMBER = re.compile(r"[.,:][0-9]|\s?[%‰]|[\w/]|[-‐‑][^\W\d_]")
_NOT_BEFORE_YEAR = re.compile(r"(?:\d[.,:-]|\w)\Z")
_NOT_AFTER_YEAR = re.compile(r"[.,:][0-9]|%|\w")
# Fractions; always open; and the eleventh of September where the ninth of November is written so.
_FRACTIONS = frozenset({"1/2", "1/3", "2/3", "1/4", "3/4"})
_NO_DAYS = {"md": _FRACTIONS, "dm": _FRACTIONS | {"24/7", "9/11"}}


def _numeric(
    date: Date, text: str, start: int, end: int, lang: str | None, country: str | None
) -> Place | None:
    """Read the whole numeric date that two of its numbers stand in."""
    gap = text[start:end].strip("0123456789")
    sep = "-" if gap in ("-", "‐", "‑") else gap
    if sep not in _LEFT:
        return None
    left = _LEFT[sep].search(text[max(0, start - 16) : start])
    right = _RIGHT[sep].match(text[end : end + 16])
    first, last = start - len(left[0] if left else ""), end + len(right[0] if right else "")
    parts = [(found[0], first + found.start()) for found in _DIGITS.finditer(text[first:last])]
    at = next(number for number, (_, place) in enumerate(parts) if place == start)
    texts = [digits for digits, _ in parts]
    if len(texts[0]) == 4 and at == 1:
        return _year_first(date, text, parts, sep)
    if at != 0 or not _stands_alone(text, first, last):
        return None
    wanted = {"md": (date.month, date.day), "dm": (date.day, date.month)}
    readings = _readings(date, orders(lang, country))
    fitting = [order for order in readings if wanted[order] == (int(texts[0]), int(texts[1]))]
    if not fitting:
        return None
    if len(texts) == 3 and len(texts[2]) == 4:
        return Place(first, last, int(texts[2]))
    if len(texts) == 3 and len(texts[2]) == 2 and sep == "/":
        return Place(first, last, century(texts[2]))
    if len(texts) != 2 or sep != "/" or text[first:last] in _NO_DAYS[fitting[0]]:
        return None
    if beside_month(text, first, last, lang):
        return None  # 7/8 de julio, July 7/8: two days
    return Place(first, last, None)


def _year_first(date: Date, text: str, parts: list[tuple[str, int]], sep: str) -> Place | None:
    """Read 2023-07-19, also in an address: /2023/07/19/1234-titulo."""
    if len(parts) > 3 and sep != "/":
        return None
    year, first = parts[0]
    third, place = parts[2]
    end = place + len(third)
    if (int(parts[1][0]), int(third)) != (date.month, date.day) or len(third) > 2:
        return None
    if _NOT_BEFORE_YEAR.search(text[max(0, first - 2) : first]) or _NOT_AFTER_YEAR.match(text[end : end + 2]):
        return None
    return Place(first, end, int(year))


def _stands_alone(text: str, first: int, last: int) -> bool:
    before, after = text[max(0, first - 2) : first], text[last : last + 3]
    return not (_NOT_BEFORE_NUMBER.search(before) or _NOT_AFTER_NUMBER.match(after))


def _readings(date: Date, orders: frozenset[str]) -> frozenset[str]:
    """Return in which orders the day may be written; "?dm" is day first where it can mean nothing else."""
    return frozenset(order[-2:] for order in orders if order[0] != "?" or date.day > 12)
