"""Whether two states of a text differ in nothing but a clock or a counter, which is no revision. Pure.

Some pages say "hace 5 minutos", "Actualizado 16:02:11" or "1.204 lecturas" in the midst of their text, and something
else at each fetch. Of two texts that differ, these differences are looked past, line by line:

* how long ago something was, as Unicode's CLDR has it for the language of the text (*hace 5 min*, *5 hours ago*), and
  a time to the second (*16:02:11*), whatever stands in the line besides; with such a time in at most 24 words, the day;
* times and days in a line that does not end like a sentence, and has at most eight words, or at most 24 of which one
  says that something was updated or published;
* how many have read, commented or shared, likewise in at most 24 words; *read 1,237 times* in a sentence, too;
* all digits beside no more than one word, and a line that begins with *Lea también* and the like, wholly.

Nothing else is: *12 dead* is not *14 dead*, in a sentence or under a headline. The price: where all that an outlet
changed is a figure beside one word (a cell of a table), or the hour in a short line, that is seen only when something
else changes with it. Of titles no difference is looked past.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import lru_cache
from itertools import islice
from typing import Literal

from babel import Locale
from babel.dates import format_timedelta

from archive.months import base_of, locale_of, month_words, weekday_words
from archive.normalize import fold

SHORT = 8  # words; a number is none
MOST, LONGEST = 100, 20_000
"""Lines that change by a clock, and characters of one before and after: the writer waits for this."""
LINE = 24  # words of a line that says itself what its figures are
_ALWAYS = ("en", "es")  # an agency's furniture is in English on pages of any language
_UNITS: tuple[tuple[Literal["second", "minute", "hour", "day"], timedelta], ...] = (
    ("second", timedelta(seconds=1)),
    ("minute", timedelta(minutes=1)),
    ("hour", timedelta(hours=1)),
    ("day", timedelta(days=1)),
)
_FORMS: tuple[Literal["long", "short", "narrow"], ...] = ("long", "short", "narrow")
_COUNT = r"(?:\d+|\w{1,6})"  # as a number, or as a word: un minuto, an hour
_DIGITS = re.compile(r"\d+(?:[.,:]\d+)*")
_SECONDS = re.compile(r"(?<![\d:.,])\d{1,2}:\d\d:\d\d(?![\d:])")
_WORD = re.compile(r"[^\W\d_]+")
_SENTENCE = re.compile(r"[.!?…][\"'”’»)\]]*$")


# In the languages of the shipped sources, of folded lines. What says that a time is that of an update:
_UPDATED = re.compile(
    r"\b(?:actualiza|ultima hora|publicad|modificad|updated|last update|publish|posted|modified|atualiza|mis a jour"
    r"|publie|modifie|aktualisier|veroffentlich|stand\b|aggiorna|pubblicat|actualitza)"
)
_READ_BY = (
    r"(?:lecturas?|lectores|comentarios?|vistas?|visitas?|visualizaciones|reproducciones|compartidos?|reads?|readers"
    r"|comments?|views?|shares?|likes?|me gusta|leituras?|visualizacoes|lectures?|commentaires?|vues"
    r"|partages?|kommentare?|aufrufe|commenti|letture|visualizzazioni|comentaris?)"
)
_NUMBER = r"\d+(?:[.,]\d+)*"
_COUNTS = (
    re.compile(rf"(?P<n>{_NUMBER})(?= {_READ_BY}\b)"),
    re.compile(rf"\b{_READ_BY}:? \(?(?P<n>{_NUMBER})"),
)
_TIMES_READ = re.compile(
    rf"\b(?:leid[oa]s?|vist[oa]s?|compartid[oa]s?|read|viewed|shared|lid[oa]s?|lue?s?|vue?s?|gelesen) (?P<n>{_NUMBER})"
    r"(?= (?:veces|times|vezes|fois|mal)\b)"
)
_HALF = r"(?:[ap]\. ?m\.|[ap]m\b|hs?\b|hrs\b|uhr\b)"
_TIME = re.compile(rf"\b\d{{1,2}}(?:(?::|h)\d{{2}}(?::\d{{2}})?(?: ?{_HALF})?| ?{_HALF})")
_NUMERIC_DAY = re.compile(r"\b\d{1,4}([/.-])\d{1,2}\1\d{1,4}\b")
_DAY_OF = re.compile(r"\b\d{1,2}(?:\.|st|nd|rd|th)? (?:de )?([^\W\d_]+)\.?(?:(?: del?|,)? \d{4}\b)?")
_MONTH_DAY = re.compile(r"\b([^\W\d_]+)\.? \d{1,2}(?:st|nd|rd|th)?\b(?:,? \d{4}\b)?")
# A line that leads readers on to another article, which is another one at each fetch.
_LEADS_ON = re.compile(
    r"(?:lea|lee|leer|mire|mira|vea|ver?) tambien\b|(?:tambien )?[tl]e (?:puede|podria) interesar\b|lea mas\b"
    r"|mas sobre este tema\b|read (?:more|also)\b|also read\b|see also\b|you may (?:also )?like\b"
    r"|(?:leia|veja) (?:mais|tambem)\b|lire aussi\b|a lire aussi\b"
    r"|lesen sie auch\b|mehr zum thema\b|leggi anche\b|llegeix tambe\b"
)


def only_clocks(one: str, other: str, language: str | None) -> bool:
    """Tell whether two texts are the same but for what shows the time, counts, or leads on."""
    if one == other:
        return True
    before, after = _own_lines(one), _own_lines(other)
    if not any(before) or not any(after):
        return False
    languages = tuple(sorted({*_ALWAYS, base_of(language)} - {""}))
    ago = _ago(languages)
    if len(before) != len(after):
        return False
    pairs = ((line, now) for line, now in zip(before, after, strict=True) if line != now)
    changed = list(islice(pairs, MOST + 1))
    return len(changed) <= MOST and all(
        len(line) + len(now) <= LONGEST and _still(line, ago, languages) == _still(now, ago, languages)
        for line, now in changed
    )


def _own_lines(text: str) -> list[str]:
    """Return the lines of a text but those that lead on to others."""
    return [
        line
        for line in text.split("\n")
        if not _LEADS_ON.match(fold(line[:40]).lstrip("¿¡[(*-–—•► ")) or len(_WORD.findall(line)) > LINE
    ]


def _still(line: str, ago: re.Pattern[str], languages: tuple[str, ...]) -> str:
    """Return a line without its clocks."""
    # Marks are kept: año and ano differ in more than a clock. So they are looked for in the folded line, and cut here.
    line, seconds = _SECONDS.subn("0:0:0", ago.sub("ago", line.casefold()))
    words, said = len(_WORD.findall(line)), fold(line)
    if words > LINE or len(said) != len(line):
        return line
    spans = [one.span("n") for one in _TIMES_READ.finditer(said)]
    is_sentence = _SENTENCE.search(_TIME.sub("0", said))
    if not is_sentence:
        spans += [one.span("n") for rule in _COUNTS for one in rule.finditer(said)]
        if words <= 1:
            spans += [one.span() for one in _DIGITS.finditer(said)]
    if seconds or (not is_sentence and (words <= SHORT or _UPDATED.search(said))):
        spans += _moments(said, languages)
    return _without(line, spans)


def _moments(said: str, languages: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Yield where a folded line tells a time or a day."""
    months = frozenset(name for language in languages for name in month_words(language))
    days = [one.span() for one in _NUMERIC_DAY.finditer(said)]
    days += [one.span() for rule in (_DAY_OF, _MONTH_DAY) for one in rule.finditer(said) if one[1] in months]
    if days:
        weekdays = weekday_words(*languages)
        yield from (one.span() for one in _WORD.finditer(said) if one[0] in weekdays)
    yield from days
    yield from (one.span() for one in _TIME.finditer(said))


def _without(line: str, spans: Iterable[tuple[int, int]]) -> str:
    kept, at = [], 0
    for start, end in sorted(spans):
        if start >= at:
            kept += [line[at:start], "0"]
        at = max(at, end)
    return "".join((*kept, line[at:]))


@lru_cache(maxsize=64)
def _ago(languages: tuple[str, ...]) -> re.Pattern[str]:
    found = {text for language in languages for text in _written(language)}
    longest_first = sorted(found, key=lambda text: (-len(text), text))
    return re.compile(rf"(?<!\w)(?:{'|'.join(longest_first)})(?!\w)")


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
