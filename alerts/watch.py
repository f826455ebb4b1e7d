"""When a subscription is due: pure functions of (what the operator wrote, its zone, a moment).

A schedule names a local time of day. Each local calendar day has one due moment:

* the local time exists once: that moment;
* it exists twice (clocks go back): the first of the two;
* it does not exist (clocks go forward): the first moment after the gap;
* the whole day does not exist (Samoa had no 30 December 2011): none.

Zones and daylight saving move only *when* a digest is made. What is in it is decided by a sequence (see
`alerts.state`), so a moment that this module places oddly can never lose or repeat a story.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_DAILY = re.compile(r"daily\s+at\s+(\d{1,2}):(\d{2})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Daily:
    """Every day at one local time of day."""

    at: time

    def __str__(self) -> str:
        return f"daily at {self.at:%H:%M}"


# One kind today. A second one becomes another frozen dataclass here, and a branch in `_moments`.
When = Daily


def read_when(text: str) -> When:
    """Return the schedule that an operator wrote, such as ``daily at 07:00``.

    Raises ValueError, with a message that names what is understood, for anything else.
    """
    found = _DAILY.fullmatch(text.strip())
    if not found:
        raise ValueError(
            f"cannot read {text!r}: “daily at HH:MM” is the only schedule so far, for example “daily at 07:00”"
        )
    hour, minute = int(found[1]), int(found[2])
    if hour > 23 or minute > 59:
        raise ValueError(
            f"cannot read {text!r}: there is no {hour:02}:{minute:02}; hours go from 00:00 to 23:59"
        )
    return Daily(time(hour, minute))


def read_zone(text: str) -> ZoneInfo:
    """Return the IANA time zone of that name.

    Raises ValueError when there is none; the name may be anything, and is never taken as a path.
    """
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"no time zone {text!r}: write an IANA name, for example America/Lima") from error


def next_due(when: When, zone: str | ZoneInfo, after: datetime) -> datetime:
    """Return the first due moment strictly after ``after`` (aware), in UTC."""
    zone = _zone(zone)
    for moment in _moments(when, zone, _local_day(after, zone) - 2 * _DAY, 1):
        if moment > after:
            return moment
    raise AssertionError("a schedule has no end")


def last_due(when: When, zone: str | ZoneInfo, not_after: datetime) -> datetime:
    """Return the latest due moment at or before ``not_after`` (aware), in UTC."""
    zone = _zone(zone)
    for moment in _moments(when, zone, _local_day(not_after, zone) + 2 * _DAY, -1):
        if moment <= not_after:
            return moment
    raise AssertionError("a schedule has no beginning")


def _zone(zone: str | ZoneInfo) -> ZoneInfo:
    return read_zone(zone) if isinstance(zone, str) else zone


def _local_day(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()


def _moments(when: When, zone: ZoneInfo, start: date, step: int) -> Iterator[datetime]:
    """Yield the due moments from the local day ``start`` on, forwards or backwards."""
    day = start
    while True:
        moment = _moment(datetime.combine(day, when.at), zone)
        if moment is not None:
            yield moment
        day += step * _DAY


def _moment(wall: datetime, zone: ZoneInfo) -> datetime | None:
    """Return when the clock on the wall first shows ``wall``, None when it skips the whole day."""
    moment = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    # In a gap, fold=0 reckons with the offset before it and lands after it; fold=1 the other way round.
    # The end of the gap lies between the two.
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    end = _jump(before, moment, zone)
    first_missing = (end - _SECOND).astimezone(zone).replace(tzinfo=None) + _SECOND
    first_there = end.astimezone(zone).replace(tzinfo=None)
    midnight = datetime.combine(wall.date(), time())
    if first_missing <= midnight and first_there >= midnight + _DAY:
        return None
    return end


def _jump(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """Return the first second in (low, high] at which the offset is no longer that of ``low``."""
    offset = low.astimezone(zone).utcoffset()
    while high - low > _SECOND:
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        if middle.astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high
