"""When a subscription is due: pure functions of (what the operator wrote, its zone, a moment).

    read_when      "weekdays at 07:00 and 18:00; instant"      -> When: what is written
    read_quiet     "22:00 to 07:00"                            -> Quiet
    next_due       the first due moment after another          last_due   the latest one not after another
    quiet_until    when the quiet hours end that a moment lies in

A time of day is one of the subscription's zone. Each local calendar day on which it counts has one due moment for it:

* the local time exists once: that moment;
* it exists twice (clocks go back): the first of the two;
* it does not exist (clocks go forward): the first moment after the gap;
* the whole day does not exist (Samoa had no 30 December 2011): none.

``hourly`` is every moment at which the clock on the wall shows a full hour: two of them where an hour exists twice.
What is due in quiet hours is due at their end, once. ``instant`` alone is hourly here: what was not told at once
(`alerts.instant`) must come some time.

Zones and daylight saving move only *when* a digest is made. What is in it is decided by a sequence (see
`alerts.state`), so a moment that this module places oddly can never lose or repeat a story.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from alerts.schedule import Quiet, When, read_quiet, read_when

__all__ = ["Quiet", "When", "last_due", "next_due", "quiet_until", "read_quiet", "read_when", "read_zone"]

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_SECOND = timedelta(seconds=1)


def read_zone(text: str) -> ZoneInfo:
    """Return the IANA time zone of that name.

    Raises ValueError when there is none; the name may be anything, and is never taken as a path.
    """
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"no time zone {text!r}: write an IANA name, for example America/Lima") from error


def next_due(when: When, zone: str | ZoneInfo, after: datetime, quiet: Quiet | None = None) -> datetime:
    """Return the first due moment strictly after ``after`` (aware), in UTC."""
    zone = _zone(zone)
    # What was due in quiet hours that ``after`` lies in is due at their end; of others the end is past as well.
    start = after - 2 * _DAY if quiet_until(quiet, zone, after) else after
    for moment in _moments(when, zone, start, 1):
        due = quiet_until(quiet, zone, moment) or moment
        if due > after:
            return due
    raise AssertionError("a schedule has no end")


def last_due(when: When, zone: str | ZoneInfo, not_after: datetime, quiet: Quiet | None = None) -> datetime:
    """Return the latest due moment at or before ``not_after`` (aware), in UTC."""
    zone = _zone(zone)
    for moment in _moments(when, zone, not_after, -1):
        due = quiet_until(quiet, zone, moment) or moment
        if due <= not_after:
            return due
    raise AssertionError("a schedule has no beginning")


def quiet_until(quiet: Quiet | None, zone: str | ZoneInfo, moment: datetime) -> datetime | None:
    """Return when the quiet hours end that ``moment`` lies in, None when it lies in none.

    They begin and end as a digest is due: at the first of two, after a gap.
    """
    if quiet is None:
        return None
    zone = _zone(zone)
    day = _local_day(moment, zone) - 2 * _DAY
    for begin_day in (day + number * _DAY for number in range(4)):
        begin = _moment(datetime.combine(begin_day, quiet.begin), zone)
        if begin is None or begin > moment:
            continue
        end_day = begin_day if quiet.begin < quiet.end else begin_day + _DAY
        while (end := _moment(datetime.combine(end_day, quiet.end), zone)) is None:
            end_day += _DAY  # the day on which they should end never was
        if moment < end:
            return end
    return None


def _zone(zone: str | ZoneInfo) -> ZoneInfo:
    return read_zone(zone) if isinstance(zone, str) else zone


def _local_day(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()


def _moments(when: When, zone: ZoneInfo, start: datetime, step: int) -> Iterator[datetime]:
    """Yield all due moments after ``start`` in order (step 1), or those up to it backwards (-1); some beyond it too."""
    ways = []
    if when.hourly or when.only_instant:
        ways.append(_hours(zone, start, step))
    for days, times in when.days:
        ways.append(_days(days, times, zone, _local_day(start, zone) - step * 2 * _DAY, step))
    yield from _merged(ways, step)


def _merged(ways: list[Iterator[datetime]], step: int) -> Iterator[datetime]:
    """Yield what several endless iterators yield, in order, each moment once."""
    heads = [next(way) for way in ways]
    while True:
        first = min(heads) if step > 0 else max(heads)
        yield first
        heads = [next(way) if head == first else head for way, head in zip(ways, heads, strict=True)]


def _days(
    days: frozenset[int], times: tuple[time, ...], zone: ZoneInfo, day: date, step: int
) -> Iterator[datetime]:
    last = None
    while True:
        if day.weekday() in days:
            for at in times[::step]:
                moment = _moment(datetime.combine(day, at), zone)
                if moment is not None and moment != last:  # two times in one gap are one moment
                    last = moment
                    yield moment
        day += step * _DAY


def _hours(zone: ZoneInfo, start: datetime, step: int) -> Iterator[datetime]:
    """Yield the moments at which the clock shows a full hour: strictly after ``start``, or backwards from it on."""
    moment = start.astimezone(UTC)
    while True:
        if step > 0:
            moment = _next_hour(zone, moment)
            yield moment
        else:
            # The latest full hour is at most two hours back: a shift of clocks is seldom more than one.
            low = moment - 2 * _HOUR
            found: list[datetime] = []
            while not found:
                found = []
                hour = _next_hour(zone, low - _SECOND)
                while hour <= moment:
                    found.append(hour)
                    hour = _next_hour(zone, hour)
                low -= _HOUR
            yield from found[::-1]
            moment = found[0] - timedelta(microseconds=1)


def _next_hour(zone: ZoneInfo, after: datetime) -> datetime:
    """Return the first moment after ``after`` at which the clock shows a full hour."""
    while True:
        wall = after.astimezone(zone).replace(tzinfo=None)
        ahead = wall.replace(minute=0, second=0, microsecond=0) + _HOUR - wall
        moment = after + ahead
        if after.astimezone(zone).utcoffset() == moment.astimezone(zone).utcoffset():
            return moment
        # The clock was set in between: it shows the hour that it was set to, or goes on from there.
        after = _jump(after, moment, zone)
        if not (after.astimezone(zone).minute or after.astimezone(zone).second):
            return after


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
    low = low.replace(microsecond=0)  # clocks are set at full seconds
    while high - low > _SECOND:
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        if middle.astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high
