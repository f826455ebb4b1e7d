"""Months and the order of numbers, as Babel knows them of a language; and how the days of a list are joined.

No names are made by hand here, only the words between the days of a list: *and*, *al*, *bis*.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from babel import Locale, UnknownLocaleError
from babel.dates import get_day_names, get_month_names

from archive.normalize import fold, fold_with_map

MONTH_FIRST = frozenset({"md"})
DAY_FIRST = frozenset({"dm"})

# Regions that name months otherwise: setiembre in Peru, sep in Mexico, Sept in Britain.
_REGIONS = {"es": ("es_PE", "es_MX"), "en": ("en_GB",)}
_PATTERN = re.compile(r"'([^']*)'|([dML]+)")
_LANG = re.compile(r"[a-z]{2,3}(?:[_-](?:[a-z]{4}|[a-z]{2}|\d{3}))*", re.IGNORECASE)
_COUNTRY = re.compile(r"[a-z]{2}", re.IGNORECASE)


def base_of(lang: str | None) -> str:
    """Return the language of a tag without its region: pt-BR is pt."""
    return (lang or "").replace("-", "_").partition("_")[0].lower()


@lru_cache(maxsize=512)
def locale_of(tag: str) -> Locale | None:
    """Return the locale of a tag as it comes from outside: en, en-US, pt_BR. None if Babel knows none."""
    if not _LANG.fullmatch(tag):
        return None
    try:
        return Locale.parse(tag.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return None


@lru_cache(maxsize=256)
def locales_of(lang: str) -> tuple[Locale, ...]:
    """Return every locale whose names of months count for a language, its own first."""
    base = base_of(lang)
    tags = dict.fromkeys((lang, base, *_REGIONS.get(base, ())))
    return tuple(locale for tag in tags if (locale := locale_of(tag)))


def month_names(locale: Locale, width: str) -> dict[int, tuple[str, ...]]:
    """Return the names of each month, as in a date and by themselves. ``width``: wide, abbreviated."""
    both = [
        get_month_names(width, context, locale)  # type: ignore[arg-type]
        for context in ("format", "stand-alone")
    ]
    return {month: tuple(dict.fromkeys(names[month] for names in both)) for month in range(1, 13)}


def day_template(locale: Locale, skeleton: str, month: int) -> str:
    """Return Babel's pattern of a day as a template: *d 'de' MMMM* is *{day} de {month}*."""
    pattern = locale.datetime_skeletons.get(skeleton)

    def part(found: re.Match[str]) -> str:
        literal, field = found.groups()
        if field is None:
            return str(literal)
        return "{day}" if field[0] == "d" else "{month}" if len(field) > 2 else str(month)

    return _PATTERN.sub(part, pattern.pattern if pattern else "d MMMM")


@lru_cache(maxsize=256)
def month_words(lang: str | None) -> frozenset[str]:
    """Return all folded names of months in an article's language, none if it is not known."""
    return frozenset(
        fold(name).strip(". ")
        for locale in locales_of(lang or "")
        for width in ("wide", "abbreviated")
        for names in month_names(locale, width).values()
        for name in names
    )


@lru_cache(maxsize=256)
def wide_words(*langs: str | None) -> frozenset[str]:
    """Return the folded names in full. Without a language, of English and Spanish: months wherever they stand."""
    return frozenset(
        fold(name)
        for lang in langs or ("en", "es")
        for locale in locales_of(lang or "")
        for names in month_names(locale, "wide").values()
        for name in names
    )


@lru_cache(maxsize=1024)
def names_of(month: int, lang: str | None) -> frozenset[str]:
    """Return the folded names of one month in an article's language, with those in full that count wherever they stand.

    Where the language is not known, the short ones of English and Spanish count, too.
    """
    own = locales_of(lang or "")
    other = [locale for tag in ("en", "es") for locale in locales_of(tag)]
    widths = [(own or other, "abbreviated"), (own, "wide"), (other, "wide")]
    return frozenset(
        fold(name).strip(". ")
        for locales, width in widths
        for locale in locales
        for name in month_names(locale, width)[month]
    )


@lru_cache(maxsize=256)
def months_here(lang: str | None) -> frozenset[str]:
    """Return the names of all months that `names_of` gives in an article's language."""
    return frozenset(name for month in range(1, 13) for name in names_of(month, lang))


def weekday_words(*langs: str) -> frozenset[str]:
    """Return the folded names of the days of the week in some languages, in full and short."""
    return frozenset(
        fold(name).strip(". ")
        for lang in langs
        for locale in locales_of(lang)
        for width in ("wide", "abbreviated")
        for name in get_day_names(width, "format", locale).values()
    )


@lru_cache(maxsize=256)
def dot_after_day(lang: str | None) -> bool:
    """Tell whether a language writes the day with a dot: *19. Juli*."""
    locale = locale_of(lang or "")
    return locale is not None and "{day}." in day_template(locale, "MMMMd", 1)


@lru_cache(maxsize=1024)
def orders(lang: str | None, country: str | None) -> frozenset[str]:
    """Return the orders of numbers in an article: "md", "dm"; with a "?" only where a day over 12 tells."""
    locale = locale_of(lang or "") or locale_of(base_of(lang))
    if locale is None:
        return frozenset({"?md", "?dm"})
    if locale.territory is None:
        known = country is not None and _COUNTRY.fullmatch(country)
        here = locale_of(f"{locale.language}_{country}") if known else None
        if here is None and locale.language == "en":
            return frozenset({"md", "?dm"})
        locale = here or locale
    pattern = locale.date_formats["short"].pattern
    if pattern.lstrip().startswith("y"):
        # In short, Canada, South Africa and Sweden write ISO; how they order words tells the rest.
        pattern = locale.date_formats["long"].pattern
    pattern = re.sub(r"'[^']*'", "", pattern)
    return MONTH_FIRST if pattern.index("M") < pattern.index("d") else DAY_FIRST


# --- How the days of a list are joined: 19 and 20 July, del 19 al 21 de julio, July 17, 18 and 19

REACH = 64  # characters that are read on either side of one day of a list
NEXT = 32  # and to the next one
_MOST = 4  # days that may stand on one side of it
_JOINTS = {
    "en": "and or to through until till",
    "es": "y e o u a al hasta",
    "pt": "e ou a ao ate",
    "fr": "et ou a au jusqu'au jusqu’au",
    "de": "und oder bis",
    "it": "e o al",
    "ca": "i o al fins",
}
_ARTICLES = {"en": "the", "es": "el del al dia", "pt": "o dia", "fr": "le", "de": "den zum", "it": "il"}


def _either(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))


_LONE_END = re.compile(r"\.o(?![^\W_])")  # 1.º
NUMBER_NEXT = re.compile(rf"[^0-9\n]{{1,{NEXT}}}[0-9]")
_GAP = r"(?:[^\S\n]|_){1,3}"
_LISTED_DAY = r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th|\.?o|er|r)?"
MONTH_BEFORE = re.compile(rf"(?<![^\W_])(?P<name>[^\W\d_]{{2,14}})(?P<dot>\.?){_GAP}(?:the{_GAP})?\Z")


class _Signs(NamedTuple):
    """Patterns of a day before another, of one after another, and of the month behind the last."""

    before: re.Pattern[str]
    after: re.Pattern[str]
    month: re.Pattern[str]


def _joined() -> str:
    """Return the pattern of what stands between two days. Made when first asked for: Babel is slow to start."""
    return rf"""(?: (?:{_GAP})? (?P<sign>[-‐‑–—−/&]) (?:{_GAP})?
    | (?: (?P<comma>,){_GAP} | ,?{_GAP}(?:{_either(" ".join(_JOINTS.values()).split())}){_GAP} )
      (?: (?:{_either(" ".join(_ARTICLES.values()).split())}){_GAP} ){{0,2}}
      (?: (?:{_either(weekday_words(*_JOINTS))})\.?{_GAP} )? )"""


@lru_cache(maxsize=2)
def signs_of(*, dotted: bool) -> _Signs:
    """Return how a list is written; ``dotted``: in a language that has *19. Juli*."""
    joined = _joined()
    dot = r"\.?" if dotted else ""
    return _Signs(
        re.compile(rf"(?<![^\W_])(?<![0-9][.,:]){_LISTED_DAY}{dot}{joined}\Z", re.VERBOSE),
        re.compile(rf"{dot}{joined}{_LISTED_DAY}(?![^\W_]|[.,:][0-9])", re.VERBOSE),
        re.compile(
            rf"""{dot} (?: {_GAP} (?P<link> (?:de|of|do){_GAP} | d['’] )? | (?P<tight>[-‐‑–/]) )
            (?P<name>[^\W\d_]{{2,14}}) (?![^\W_])""",
            re.VERBOSE,
        ),
    )


class Window:
    """A part of a text, folded, with the way back. ``size``: without a last character that may go on behind it."""

    __slots__ = ("_begin", "_offsets", "folded", "size")

    def __init__(self, text: str, begin: int, end: int) -> None:
        self._begin = begin
        self.folded, self._offsets = fold_with_map(text[begin:end])
        self.size = len(self.folded) - (end < len(text))

    def start(self, at: int) -> int:
        """Return where in the text a character stands."""
        return self._begin + (self._offsets[at] if self._offsets else at)

    def end(self, at: int) -> int:
        """Return where in the text what ends before ``at`` ends."""
        return self.start(at - 1) + 1 if at else self._begin


class Listed(NamedTuple):
    """Another day of a list. ``at``: where it begins if it stands before, where it ends if it stands after."""

    at: int
    joint: str  # , or - or / or and: between it and the next one towards the day that is asked for


class DayList(NamedTuple):
    """One day of a list, and what stands around it."""

    before: str
    after: str
    head: list[Listed]  # the nearest first
    tail: list[Listed]
    months: frozenset[str]
    signs: _Signs

    @property
    def first(self) -> int:
        """Where the list begins in ``before``."""
        return self.head[-1].at if self.head else len(self.before)

    def month_behind(self) -> re.Match[str] | None:
        """Return the month that stands behind the list."""
        return self.month_at(self.tail[-1].at if self.tail else 0)

    def month_ahead(self) -> re.Match[str] | None:
        """Return the month that stands before the list."""
        found = MONTH_BEFORE.search(self.before, max(0, self.first - NEXT), self.first)
        return found if found and found["name"] in self.months else None

    def month_at(self, at: int) -> re.Match[str] | None:
        """Return the month that stands at a place in ``after``."""
        found = self.signs.month.match(self.after, at)
        return found if found and found["name"] in self.months else None


def day_list(day: int, before: str, after: Window, lang: str | None) -> DayList:
    """Return the list that a day stands in. Its days rise: a score falls, and so does a range from another month."""
    signs = signs_of(dotted=dot_after_day(lang))
    head: list[Listed] = []
    at, last = len(before), day
    while len(head) < _MOST and (item := signs.before.search(before, max(0, at - NEXT), at)):
        if not 0 < int(item["day"]) < last:
            break
        at, last = item.start(), int(item["day"])
        head.append(Listed(at, item["comma"] or item["sign"] or "and"))
    tail: list[Listed] = []
    ending = _LONE_END.match(after.folded)
    at, last = ending.end() if ending else 0, day
    while len(tail) < _MOST and (item := signs.after.match(after.folded, at)):
        if not last < int(item["day"]) <= 31 or item.end() > after.size:
            break
        at, last = item.end(), int(item["day"])
        tail.append(Listed(at, item["comma"] or item["sign"] or "and"))
    return DayList(before, after.folded, head, tail, months_here(lang), signs)
