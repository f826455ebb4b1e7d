"""Months and the order of numbers, as Babel knows them of a language. Nothing here is a list made by hand."""

from __future__ import annotations

import re
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import get_day_names, get_month_names

from archive.normalize import fold

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


def weekday_words(*langs: str) -> frozenset[str]:
    """Return the folded names of the days of the week in some languages, in full and short."""
    return frozenset(
        fold(name).strip(". ")
        for lang in langs
        for locale in locales_of(lang)
        for width in ("wide", "abbreviated")
        for name in get_day_names(width, "format", locale).values()  # type: ignore[arg-type]
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
