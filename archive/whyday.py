"""Why a day is not found in an article: hidden, in the other order, of another year, another day, or none. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

from archive.asked import FAR, Asked, Reason, here
from archive.datewords import NEAR_DAYS, spellings
from archive.leaf import Occurrence
from archive.normalize import tokens
from archive.tree import Date
from archive.why import absent, elsewhere, hidden

_ORDERS = (("en", "US", "the month"), ("es", "PE", "the day"))
_NUMERIC = re.compile(r"[\d/.-]+")


def of_day(asked: Asked, date: Date, place: str | None) -> Reason:
    """Return why ``date`` is not found in ``place`` (None: title, summary or text)."""
    if spots := asked.spots(date, place, masked=False):
        return hidden(asked, str(date), spots)
    if place is not None and (spots := asked.spots(date)):
        return elsewhere(str(date), place, spots)
    text = _other_order(asked, date, place) or _other_year(asked, date, place) or _unread(asked, date, place)
    if text:
        return Reason.told(text, 1)
    gone = absent(asked, str(date), place)
    near = _other_day(asked, date, place)
    if near:
        return Reason(f"{gone}; {near}", (near,), 3, str(date))
    return Reason(gone, (), FAR, str(date))


def _other_order(asked: Asked, date: Date, place: str | None) -> str | None:
    lang, country = asked.fields.get("lang"), asked.fields.get("country")
    for other, where, first in _ORDERS:
        had = asked.had_it(lang=other, country=where)
        if spots := had.spots(date, place):
            surface = had.surface(spots[0])
            known = " and ".join(
                f"{name} {value}" for name, value in (("lang", lang), ("country", country)) if value
            )
            if not _NUMERIC.fullmatch(surface):
                return f'"{surface}" is no day in the language of the article ({known or "not known"})'
            if not known:
                return f'"{surface}" is {date} only if {first} comes first, and the article\'s language is not known'
            return f'"{surface}" is {date} only if {first} comes first, which it does not with {known}'
    return None


def _other_year(asked: Asked, date: Date, place: str | None) -> str | None:
    if date.year is None:
        return None
    spots = asked.spots(Date(date.month, date.day), place)
    if not spots:
        return None
    surface = asked.surface(spots[0])
    if not asked.had_it(date=f"{date.year:04}-{date.month:02}-{date.day:02}").spots(date, place):
        return f'"{surface}" in {here(spots[0])} is of another year, {date.year} is asked for'
    day = asked.fields.get("date", "")[:10]
    if not day:
        return f'"{surface}" has no year in {here(spots[0])}, and the day of the article is not known'
    return (
        f'"{surface}" has no year in {here(spots[0])}, and the article is of {day}: '
        f"more than {NEAR_DAYS} days from {date}"
    )


def _unread(asked: Asked, date: Date, place: str | None) -> str | None:
    """Return that the words of the day are there, and are no day: *in July. 19 people*."""
    for field in asked.present(place):
        cut = asked.cut(field)
        for spelling in spellings(date, asked.topic.languages) if cut else ():
            look = f" {' '.join(tokens(spelling).words)} ".encode("utf-8", "surrogatepass")
            at = cut.joined.find(look) if cut else -1
            if cut and at >= 0:
                start, end = cut.span(at + 1, at + len(look) - 1)
                return f'"{cut.text[start:end]}" stands in the {field}, but is not read as a day there'
    return None


def _other_day(asked: Asked, date: Date, place: str | None) -> str | None:
    """Return which day is there, of those that differ in the day or in the month."""
    for other in sorted(_others(date), key=lambda one: _far(one, date)):
        if spots := asked.spots(other, place):
            spot: Occurrence = spots[0]
            return f'{here(spot)} has "{asked.surface(spot)}"'
    return None


def _others(date: Date) -> Iterator[Date]:
    for month, day in [(date.month, day) for day in range(1, 32)] + [(m, date.day) for m in range(1, 13)]:
        try:
            dt.date(2024, month, day)
        except ValueError:
            continue
        if (month, day) != (date.month, date.day):
            yield Date(month, day)


def _far(one: Date, date: Date) -> int:
    return abs(dt.date(2024, one.month, one.day) - dt.date(2024, date.month, min(date.day, 28))).days
