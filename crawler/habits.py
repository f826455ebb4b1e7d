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


def samples(before: Before, since: datetime, until: datetime) -> list[float]:
    """Return how many items came in the same span of the weeks before it, of the days before where weeks are few."""
    weekly = _shifted(before, since, until, WEEK, WEEKS)
    return weekly if len(weekly) >= FEW else _shifted(before, since, until, DAY, 4 * 7)


def _shifted(before: Before, since: datetime, until: datetime, step: timedelta, times: int) -> list[float]:
    found = []
    for number in range(1, times + 1):
        start, end = since - number * step, until - number * step
        if end <= since and (count := _came(before, start, end)) is not None:
            found.append(count)
    return found


def _came(before: Before, since: datetime, until: datetime) -> float | None:
    """Return how many items came in a span, None where less than half of it was seen.

    What was not seen of it, because a feed had lost it or did not answer, is taken to be like the rest.
    """
    if before.first is None or since < before.first:
        return None
    unseen = timedelta(0)
    count = _count(before.times, since, until)
    for start, end in before.blind:
        if start < until and since < end:
            cut = max(start, since), min(end, until)
            unseen += cut[1] - cut[0]
            count -= _count(before.times, *cut)
    seen = (until - since) - unseen
    return count * ((until - since) / seen) if 2 * seen >= until - since else None


def _count(times: Sequence[datetime], since: datetime, until: datetime) -> int:
    return bisect_left(times, until) - bisect_left(times, since)


def missed(
    before: Before, since: datetime, until: datetime, dates: Sequence[datetime], *, undated: int = 0
) -> Gap:
    """Return what a gap cost. ``dates``: of the items of the body after it, ``undated`` how many of them have none.

    The middle one of what this weekday and hour usually bring, what came just before, and what came just after: a
    habit knows nothing of the day on which a president falls, and the hour before a gap nothing of the night in it.
    """
    gap = until - since
    # An hour at the least: of five minutes a week ago nobody can tell a rate.
    spare = max(HOUR - gap, timedelta(0)) / 2
    window = gap + 2 * spare
    usual = [count * (gap / window) for count in samples(before, since - spare, until + spare)]
    usual = usual if len(usual) >= FEW else []
    sides = [rate * (gap / HOUR) for rate in (_rate_before(before, since), rate(dates)) if rate is not None]
    every = [*usual, *sides]
    if not every:
        return Gap(since=since, until=until)
    # Of items without dates nobody knows that they came after the gap: they came in it, and are not missed. But it is
    # known that something is, or this would not be asked.
    middle = max(1.0, median([*([median(usual)] if usual else []), *sides]) - undated)
    low, high = max(0.0, min(every) - undated), max(every) - undated
    if len(every) == 1:  # one opinion is no range
        low, high = middle / 2, middle * 2
    return Gap(since=since, until=until, missed=middle, low=min(low, middle), high=max(high, middle))


def _rate_before(before: Before, since: datetime) -> float | None:
    """Return how many items an hour came before a gap."""
    start = since - SIDE
    if before.first is not None and start < before.first < since - HOUR:
        start = before.first
    count = _came(before, start, since)
    return None if count is None else count / ((since - start) / HOUR)


def rate(dates: Sequence[datetime]) -> float | None:
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
