"""How a day is written: the words to look for, and whether a place in a text is that day.

Two halves, since a text is searched by words and a day is more than words:

* `spellings` and `numbers` give the words to look for. They ignore punctuation, as the search does, so they also
  find what is no date: *in July. 19 people*, *COVID-19 July*, *24/7/19*.
* `accept` says whether such a place is the day, and which span to quote; `archive.dayplaces` reads the place, and
  here the year is held against the asked one.

Month names, patterns and the order of numbers are Babel's (`archive.months`). By hand is only what CLDR does not
have: the endings of ordinals, *primero*, the 19J of marches.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from functools import lru_cache

from babel import Locale

from archive.dayplaces import read
from archive.months import base_of, day_template, locale_of, locales_of, month_names
from archive.normalize import tokens
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
    place = read(date, text, start, end, lang=lang, country=country)
    if place is None or not _in_year(date, place.year, published):
        return None
    return place.start, place.end


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
    for names, orders in ((wide, [*short_orders, "{month} {day}"]), (short, short_orders)):
        for order in dict.fromkeys(orders):
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
