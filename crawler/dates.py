"""Dates, as feeds, pages and URLs write them, as aware times in UTC.

A date without a zone is taken as UTC, here and everywhere: an article may then seem some hours early or
late, never undated. Nothing here raises for any input, and nothing here asks for the time: ``now`` is given.
"""

from __future__ import annotations

import calendar
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from babel.dates import get_month_names

EARLIEST = datetime(1995, 1, 1, tzinfo=UTC)
"""Nothing on the web is older; earlier dates are clocks that were never set."""

AHEAD = timedelta(hours=24)
"""How far a date may lie in the future: a zone left out, or a clock that is wrong."""

# The languages in which content systems were seen to write out month names.
_LOCALES = ("en", "es", "es_PE", "pt", "fr", "it", "de")

# Looser than ISO 8601: slashes, one-digit months, a space before the zone, UTC as a word.
_ISO = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})"
    r"(?:[T\s]\s*(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?",
    re.IGNORECASE,
)
_CLOCK = r"(?:\D{1,8}(\d{1,2}:\d{2}(?::\d{2})?)(?:\s*([ap])\.?\s?m\b\.?)?\s*([+-]\d{4}|[A-Z]{1,4})?)?"
_HALF = re.compile(r"\d\s*[ap]\.?\s?m\b", re.IGNORECASE)
_DAY_MONTH = (
    r"(\d{1,2})(?:[snrt][tdh]|\.?[ºª°])?[\s./-]+(?:del?\s+|of\s+)?([^\W\d_]{3,})[\s.,/-]+(?:del?\s+)?(\d{4})"
)
_MONTH_DAY = r"([^\W\d_]{3,})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})"
_DAY_FIRST = re.compile(rf"{_DAY_MONTH}{_CLOCK}", re.IGNORECASE)
_MONTH_FIRST = re.compile(rf"{_MONTH_DAY}{_CLOCK}", re.IGNORECASE)
_IN_PATH = re.compile(
    r"(?<!\d)((?:19|20)\d{2})(?:(?P<cut>[/_.-])(\d{1,2})(?P=cut)(\d{1,2})|(\d{2})(\d{2}))(?!\d)"
)
_WORD_IN_PATH = re.compile(r"/((?:19|20)\d{2})/([a-z]{3,10})/(\d{1,2})(?=/)", re.IGNORECASE)
_LONGEST = 80  # characters; what is longer is no date


def parse_feed_date(entry: Mapping[str, Any]) -> datetime | None:
    """Return when ``entry``, as feedparser gives it, says it was published, in UTC; else when updated.

    None when it does not say, or says what is no date.
    """
    # ``in`` first: asking feedparser for a missing "updated" answers with "published" and a warning.
    for name in ("published", "updated", "created"):
        if f"{name}_parsed" in entry and (moment := _from_struct(entry[f"{name}_parsed"])):
            return moment
        if name in entry and (moment := from_iso(entry[name])):
            return moment
    return None


def sane(moment: datetime | None, now: datetime) -> datetime | None:
    """Return ``moment`` unless it lies before 1995 or more than a day after ``now``."""
    return moment if moment and EARLIEST <= moment <= now + AHEAD else None


def from_iso(text: object) -> datetime | None:
    """Return the time that ``text`` writes in ISO 8601 or nearly, in RFC 5322, or with the month as a word.

    In UTC; taken as UTC when it names no zone; midnight when it names no hour. None when it is no date.
    """
    if not isinstance(text, str) or not (text := text.strip()) or len(text) > _LONGEST:
        return None
    for reader in (datetime.fromisoformat, _from_nearly_iso, _from_mail, _from_words):
        try:
            moment = reader(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        if moment:
            return _utc(moment)
    return None


def from_url(url: str) -> datetime | None:
    """Return the day that the path of ``url`` names (``/2026/07/19/``, ``/2026/jul/19/``, ``20260719``)."""
    try:
        path = urlsplit(url).path
    except ValueError:
        return None
    for found in _IN_PATH.finditer(path[:2_000]):
        year, _, month, day, month_run, day_run = found.groups()
        try:
            return datetime(int(year), int(month or month_run), int(day or day_run), tzinfo=UTC)
        except ValueError:  # 2026/99/99: an identifier that looks like a date
            continue
    for found in _WORD_IN_PATH.finditer(path[:2_000]):
        if month_named := _months().get(found[2].lower()):
            try:
                return datetime(int(found[1]), month_named, int(found[3]), tzinfo=UTC)
            except ValueError:
                continue
    return None


def _utc(moment: datetime) -> datetime | None:
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:  # the year 1 in Lima, the year 9999 in Tokyo
        return None


def _from_struct(struct: object) -> datetime | None:
    if not isinstance(struct, time.struct_time | tuple):
        return None
    try:
        return datetime.fromtimestamp(calendar.timegm(tuple(struct)), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _from_nearly_iso(text: str) -> datetime | None:
    found = _ISO.match(text)
    if not found:
        return None
    year, month, day, hour, minute, second, zone = found.groups()
    offset = "+00:00" if not zone or zone[0] not in "+-" else zone
    clock = f"{int(hour or 0):02}:{minute or '00'}:{second or '00'}"
    return datetime.fromisoformat(f"{year}-{int(month):02}-{int(day):02}T{clock}{offset}")


def _from_mail(text: str) -> datetime | None:
    # Of halves of a day it knows nothing, and takes the figures as they are.
    return None if _HALF.search(text) else parsedate_to_datetime(text)


def _from_words(text: str) -> datetime | None:
    if found := _DAY_FIRST.search(text):
        day, word, year, clock, half, zone = found.groups()
    elif found := _MONTH_FIRST.search(text):
        word, day, year, clock, half, zone = found.groups()
    else:
        return None
    month = _months().get(word.lower())
    if month is None:
        return None
    hour, _, rest = (clock or "00:00:00").partition(":")
    if half:
        hour = str(int(hour) % 12 + (12 if half.lower() == "p" else 0))
    zone = (zone or "+0000").upper()
    return parsedate_to_datetime(f"{day} {calendar.month_abbr[month]} {year} {hour}:{rest} {zone}")


@cache
def _months() -> dict[str, int]:
    """Return month names and their short forms, in lower case and without a full stop, to numbers."""
    return {
        name.lower().rstrip("."): number
        for locale in _LOCALES
        for width in ("wide", "abbreviated")
        for number, name in get_month_names(width, locale=locale).items()
    }
