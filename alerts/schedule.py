"""What an operator writes of hours, read: schedules and quiet hours. Pure; no zone and no calendar here.

    instant                        at once
    hourly                         at each full hour
    daily at 07:00                 daily at 07:00 and 18:00
    weekdays at 07:00 and 18:00    Monday to Friday
    weekly on monday at 08:00      weekly on monday and thursday at 08:00

Several are joined by ``; `` (in the file they are a list): ``instant; daily at 18:00``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import time
from difflib import get_close_matches
from functools import cache

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
EVERY_DAY = frozenset(range(7))
WORKDAYS = frozenset(range(5))

_TIME = re.compile(r"\d{1,2}:\d{2}")
_KINDS = ("instant", "hourly", "daily", "weekdays", "weekly")
_EXAMPLES = (
    "“instant”, “hourly”, “daily at 07:00”, “weekdays at 07:00 and 18:00” or “weekly on monday at 08:00”"
)
_AND = r"(?:\s*,\s*(?:and\s+)?|\s+and\s+)"
_DAYS_AT = re.compile(
    rf"(?P<kind>daily|weekdays|weekly)(?:\s+on\s+(?P<days>[a-z]+(?:{_AND}[a-z]+)*))?"
    rf"\s+at\s+(?P<times>\d{{1,2}}:\d{{2}}(?:{_AND}\d{{1,2}}:\d{{2}})*)"
)


@dataclass(frozen=True, slots=True)
class When:
    """A schedule. ``days``: on which days of the week (0 is Monday) at which local times, these in order."""

    days: tuple[tuple[frozenset[int], tuple[time, ...]], ...] = ()
    hourly: bool = False
    instant: bool = False

    @property
    def only_instant(self) -> bool:
        """Whether no hour is named: then what was not told at once has the next full hour to come."""
        return self.instant and not self.hourly and not self.days

    def __str__(self) -> str:
        parts = ["instant"] * self.instant + ["hourly"] * self.hourly
        for days, times in self.days:
            at = _joined(f"{one:%H:%M}" for one in times)
            if days == EVERY_DAY:
                parts.append(f"daily at {at}")
            elif days == WORKDAYS:
                parts.append(f"weekdays at {at}")
            else:
                parts.append(f"weekly on {_joined(WEEKDAYS[day] for day in sorted(days))} at {at}")
        return "; ".join(parts)


@dataclass(frozen=True, slots=True)
class Quiet:
    """Local hours without a mail, from ``begin`` up to but without ``end``, over midnight where that is earlier."""

    begin: time
    end: time

    def __str__(self) -> str:
        return f"{self.begin:%H:%M} to {self.end:%H:%M}"


@cache
def read_when(text: str) -> When:
    """Return the schedule that an operator wrote, such as ``daily at 07:00``; kept, for each tick asks it of everybody.

    Raises ValueError, with a message that names what is understood, for anything else.
    """
    days: list[tuple[frozenset[int], tuple[time, ...]]] = []
    hourly = instant = False
    for part in text.split(";"):
        words = " ".join(part.lower().split())
        if words == "instant":
            instant = True
        elif words == "hourly":
            hourly = True
        else:
            one = _days_at(part.strip(), words)
            if one not in days:
                days.append(one)
    return When(tuple(days), hourly, instant)


@cache
def read_quiet(text: str) -> Quiet:
    """Return the quiet hours that an operator wrote, such as ``22:00 to 07:00``; kept likewise.

    Raises ValueError for anything else.
    """
    found = re.fullmatch(r"(\d{1,2}:\d{2})\s*(?:to|-|–)\s*(\d{1,2}:\d{2})", text.strip().lower())
    if not found:
        raise ValueError(f"cannot read {text!r}: two hours are needed here, for example “22:00 to 07:00”")
    quiet = Quiet(_time(text, found[1]), _time(text, found[2]))
    if quiet.begin == quiet.end:
        raise ValueError(f"cannot read {text!r}: quiet hours that end when they begin would never end")
    return quiet


def _days_at(written: str, words: str) -> tuple[frozenset[int], tuple[time, ...]]:
    found = _DAYS_AT.fullmatch(words)
    if not found or bool(found["days"]) != (found["kind"] == "weekly"):
        raise ValueError(f"cannot read {written!r}: write {_EXAMPLES}{_meant(words)}")
    times = tuple(sorted({_time(written, one) for one in re.split(_AND, found["times"])}))
    if found["kind"] == "daily":
        return EVERY_DAY, times
    if found["kind"] == "weekdays":
        return WORKDAYS, times
    names = re.split(_AND, found["days"])
    for name in names:
        if name not in WEEKDAYS:
            close = get_close_matches(name, WEEKDAYS, n=1)
            hint = f' (did you mean "{close[0]}"?)' if close else f": write {_joined(WEEKDAYS, 'or')}"
            raise ValueError(f"cannot read {written!r}: {name} is no day of the week{hint}")
    return frozenset(WEEKDAYS.index(name) for name in names), times


def _time(written: str, text: str) -> time:
    hour, minute = map(int, text.split(":"))
    if hour > 23 or minute > 59:
        raise ValueError(
            f"cannot read {written!r}: there is no {hour:02}:{minute:02}; hours go from 00:00 to 23:59"
        )
    return time(hour, minute)


def _meant(words: str) -> str:
    """Return a hint for a schedule that is nearly one."""
    first, _, rest = words.partition(" ")
    close = get_close_matches(first, _KINDS, n=1)
    if first in WEEKDAYS and not rest:
        close = ["weekly"]
        rest = f"on {first} at 08:00"
    elif first in WEEKDAYS and rest.startswith("at "):
        close, rest = ["weekly"], f"on {words}"
    elif close and close[0] in ("daily", "weekdays") and re.fullmatch(r"(at )?\d{1,2}", rest):
        rest = f"at {int(rest.removeprefix('at ')):02}:00"
    elif close and close[0] in ("daily", "weekdays") and _TIME.fullmatch(rest):
        rest = f"at {rest}"
    if not close:
        return ""
    guess = f"{close[0]} {rest}".strip()
    if guess == words:
        return ""
    try:
        return f' (did you mean "{read_when(guess)}"?)'
    except ValueError:
        return ""


def _joined(words: Iterable[str], word: str = "and") -> str:
    *before, last = words
    return f"{', '.join(before)} {word} {last}" if before else last
