"""What a source usually brings at this weekday and hour: what a gap cost, and whether a silence is unusual. Pure.

A span is compared with the same span of the weeks before, moved by whole weeks, so that weekday and hour are
respected without a table of hours: "Sunday 02:00 to 09:00" is looked for in the last eight Sundays. Where fewer than
three weeks are known, with the same hours of the days before. Spans in which nothing was read tell nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median

from archive.model import Before, Gap

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
WEEKS = 8  # how far back a habit is looked for
FEW = 3  # spans; of fewer no habit is made
QUIET = timedelta(hours=6)  # no shorter silence is looked into
UNUSUAL = 6  # items that a span brings usually; where none came at all, something is wrong
SIDE = timedelta(hours=3)  # how much before a gap says how busy it was


def samples(before: Before, since: datetime, until: datetime) -> list[int]:
    """Return how many items came in the same span of the weeks before it, of the days before where weeks are few."""
    weekly = _shifted(before, since, until, WEEK, WEEKS)
    return weekly if len(weekly) >= FEW else _shifted(before, since, until, DAY, 4 * 7)


def _shifted(before: Before, since: datetime, until: datetime, step: timedelta, times: int) -> list[int]:
    found = []
    for number in range(1, times + 1):
        start, end = since - number * step, until - number * step
        if before.first is None or start < before.first:
            break
        if end <= since and not _blind(before, start, end):
            found.append(_count(before.times, start, end))
    return found


def _blind(before: Before, since: datetime, until: datetime) -> bool:
    return any(start < until and since < end for start, end in before.blind)


def _count(times: Sequence[datetime], since: datetime, until: datetime) -> int:
    return bisect_left(times, until) - bisect_left(times, since)


def missed(before: Before, since: datetime, until: datetime, dates: Sequence[datetime]) -> Gap:
    """Return what a gap cost. ``dates``: of the items of the body after it.

    The middle one of what this weekday and hour usually bring, what came just before, and what came just after: a
    habit knows nothing of the day on which a president falls, and the hour before a gap nothing of the night in it.
    """
    gap = until - since
    # An hour at the least: of five minutes a week ago nobody can tell a rate.
    spare = max(HOUR - gap, timedelta(0)) / 2
    window = gap + 2 * spare
    usual = [count * (gap / window) for count in samples(before, since - spare, until + spare)]
    sides = [rate * (gap / HOUR) for rate in (_rate_before(before, since), _rate(dates)) if rate is not None]
    if len(usual) < FEW:
        usual = []
    found = [*([median(usual)] if usual else []), *sides]
    # It is known that something is missing, or this would not be asked.
    middle = max(1.0, median(found)) if found else None
    every = [*usual, *sides]
    return Gap(
        since=since,
        until=until,
        missed=middle,
        low=min(*every, middle) if middle is not None else None,
        high=max(*every, middle) if middle is not None else None,
    )


def _rate_before(before: Before, since: datetime) -> float | None:
    start = since - SIDE
    if before.first is None or start < before.first or _blind(before, start, since):
        return None
    return _count(before.times, start, since) / (SIDE / HOUR)


def _rate(dates: Sequence[datetime]) -> float | None:
    """Return how many items an hour a body shows of which these are the dates."""
    if len(dates) < 2 or max(dates) == min(dates):
        return None
    return (len(dates) - 1) / ((max(dates) - min(dates)) / HOUR)


def silent(before: Before, last: datetime, now: datetime) -> float | None:
    """Return how many items usually come in a span in which none did, None where the silence is not unusual.

    Far longer than the habit: never, in the weeks that are known, was the same span without any, and it usually
    brings many. Of days without a whole week nobody knows what a Sunday is like.
    """
    if now - last < QUIET or before.first is None or last - before.first < WEEK:
        return None
    spans = samples(before, last, now)
    if len(spans) < FEW or not min(spans) or median(spans) < UNUSUAL:
        return None
    return median(spans)


def look_again(last: datetime, now: datetime) -> datetime:
    """Return when a silence is looked into next: looking costs more than a poll does."""
    return max(last + QUIET, now + max((now - last) / 8, HOUR))
