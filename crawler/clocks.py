"""Whether two states of a text differ in nothing but a clock or a counter, which is no revision. Pure.

Some pages say "hace 5 minutos", "Actualizado 16:02:11" or "1.204 lecturas" in the midst of their text, and something
else at each fetch. Of two texts that differ, these differences are looked past, line by line:

* how long ago something was, as Unicode's CLDR has it for the language of the text (*hace 5 min*, *5 hours ago*), and
  a time to the second (*16:02:11*), whatever stands in the line besides;
* all digits of a short line that does not end like a sentence: at most eight words, as under a headline or a picture;
* all digits, and the names of days and months, of a short line that has a time to the second, however it ends
  (*Generated on Sunday, 19 July 2026, 16:02:11.*).

Nothing else is: *12 dead* in a sentence is not *14 dead*. The price: where all that an outlet changed is a figure in
such a short line (a cell of a table, say), that is seen only when something else changes with it. Of titles no
difference is looked past.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import lru_cache
from itertools import islice, zip_longest
from typing import Literal

from babel import Locale
from babel.dates import format_timedelta, get_day_names, get_month_names

from archive.months import base_of, locale_of

SHORT = 8  # words; a number is none
MOST, LONGEST = 100, 20_000
"""Lines that change by a clock, and characters of one before and after: the writer waits for this."""
_ALWAYS = ("en", "es")  # an agency's furniture is in English on pages of any language
_UNITS: tuple[tuple[Literal["second", "minute", "hour", "day"], timedelta], ...] = (
    ("second", timedelta(seconds=1)),
    ("minute", timedelta(minutes=1)),
    ("hour", timedelta(hours=1)),
    ("day", timedelta(days=1)),
)
_FORMS: tuple[Literal["long", "short", "narrow"], ...] = ("long", "short", "narrow")
_WIDTHS: tuple[Literal["wide", "abbreviated"], ...] = ("wide", "abbreviated")
_COUNT = r"(?:\d+|\w{1,6})"  # as a number, or as a word: un minuto, an hour
_DIGITS = re.compile(r"\d+(?:[.,:]\d+)*")
_SECONDS = re.compile(r"(?<![\d:.,])\d{1,2}:\d\d:\d\d(?![\d:])")
_WORD = re.compile(r"[^\W\d_]+")
_SENTENCE = re.compile(r"[.!?…][\"'”’»)\]]*$")


def only_clocks(one: str, other: str, language: str | None) -> bool:
    """Tell whether two texts are the same but for what shows the time, or counts."""
    if one == other:
        return True
    languages = tuple(sorted({*_ALWAYS, base_of(language)} - {""}))
    pairs = zip_longest(one.split("\n"), other.split("\n"))
    changed = list(islice(((line, after) for line, after in pairs if line != after), MOST + 1))
    return len(changed) <= MOST and all(
        line is not None
        and after is not None
        and len(line) + len(after) <= LONGEST
        and _still(line, languages) == _still(after, languages)
        for line, after in changed
    )


def _still(line: str, languages: tuple[str, ...]) -> str:
    """Return a line without its clocks."""
    # Marks are kept: año and ano differ in more than a clock.
    line, seconds = _SECONDS.subn("0:0:0", _ago(languages).sub("ago", line.casefold()))
    if len(_WORD.findall(line)) > SHORT or (_SENTENCE.search(line) and not seconds):
        return line
    if seconds:
        names = _days(languages)
        line = _WORD.sub(lambda word: "day" if word[0] in names else word[0], line)
    return _DIGITS.sub("0", line)


@lru_cache(maxsize=64)
def _ago(languages: tuple[str, ...]) -> re.Pattern[str]:
    found = {text for language in languages for text in _written(language)}
    longest_first = sorted(found, key=lambda text: (-len(text), text))
    return re.compile(rf"(?<!\w)(?:{'|'.join(longest_first)})(?!\w)")


@lru_cache(maxsize=64)
def _days(languages: tuple[str, ...]) -> frozenset[str]:
    """Return the names of days and months, in full and in short."""
    found = [
        name
        for locale in filter(None, map(locale_of, languages))
        for named in (get_day_names, get_month_names)
        for width in _WIDTHS
        for name in named(width, locale=locale).values()
    ]
    return frozenset(name.casefold().strip(".") for name in found)


def _written(language: str) -> Iterator[str]:
    """Yield how a language writes how long ago something was, as patterns."""
    locale = locale_of(language)
    if locale is None:
        return
    for unit, length in _UNITS:
        for count in _counts(locale):
            for form in _FORMS:
                said = format_timedelta(
                    -length * count, granularity=unit, threshold=10_000, add_direction=True, format=form, locale=locale
                )  # fmt: skip
                # Some have a blank that does not break; in stored texts all blanks are plain.
                parts = [re.escape(part) for part in " ".join(said.casefold().split()).split(str(count))]
                if len(parts) == 2:
                    yield _COUNT.join(parts)


def _counts(locale: Locale) -> Iterable[int]:
    # One of each plural form; numbers that no other part of the words could be.
    return {locale.plural_form(number): number for number in range(99, 0, -1)}.values()
