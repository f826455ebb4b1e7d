"""Whether so many articles in the last hours are more than chance: pure.

A topic is compared with itself: the same hours of the same weekday, in each of the four weeks before. So weekends,
mornings and weekly columns are usual. What is asked is how probable so many articles are, or more:

* articles that come one by one follow Poisson's law. Those of one story come together, so the variance is measured over
  all hours of the four weeks, and where it is above Poisson's the negative binomial takes its place;
* four weeks are few, so what is usual is itself uncertain, which makes the tail longer still; and of the hours just
  before and after the same the busiest counts, since a column or the clocks may move by one;
* a handful of articles is never a spike, nor is less than `TIMES` what is usual.

`ALPHA` is strict because it is asked every ten minutes: some 4,500 times a month. Who is told, and that they are told
once, is `alerts.alarm`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, lgamma, log

WEEK = 168  # hours
WEEKS = 4
WINDOWS = (1, 3)  # hours that are looked at, the shortest first
SHOWN = 24  # hours that a chart shows
HOURS = WEEKS * WEEK + SHOWN  # how far back must be known
LEAST = 5  # articles
TIMES = 3
ALPHA = 2e-4
# An hour with more than so many times its average counts as that: after one great day, a topic would else be free to
# spike for four weeks.
_OUTLIER = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Spike:
    """So many articles in the last ``hours``, where ``usual`` are usual. ``chance``: of so many, or more.

    ``pace`` is for the chart: of each of the last hours, the earliest first, how many there were and are usual.
    """

    hours: int
    count: int
    usual: float
    chance: float
    pace: tuple[tuple[int, float], ...]


def look(counts: Sequence[int]) -> Spike | None:
    """Return the spike that ``counts`` show, None when they show none.

    ``counts``: the articles of each hour, ``counts[0]`` those of the last sixty minutes, and so on into the past, over
    `HOURS` of them at least. Raises ValueError when there are fewer.
    """
    if len(counts) < HOURS:
        raise ValueError(f"{HOURS} hours must be known, and {len(counts)} are")
    spread: float | None = None
    for hours in WINDOWS:
        count = sum(counts[:hours])
        expected = _expected(counts, hours)
        if count < LEAST or count < TIMES * expected:
            continue
        if spread is None:
            spread = _spread(counts)
        chance = tail(count, expected, expected * (spread + 1 / (WEEKS + 1)))
        if chance < ALPHA:
            return Spike(
                hours=hours,
                count=count,
                usual=_usual(counts, 0, hours),
                chance=chance,
                pace=tuple((counts[hour], _usual(counts, hour, 1)) for hour in reversed(range(SHOWN))),
            )
    return None


def tail(count: int, mean: float, variance: float) -> float:
    """Return how probable ``count`` or more are: Poisson's law, or the negative binomial with a larger variance."""
    if count <= 0:
        return 1.0
    size = mean * mean / (variance - mean) if variance > mean * (1 + 1e-9) else None

    def at(number: int) -> float:
        if size is None:
            return number * log(mean) - mean - lgamma(number + 1)
        share = mean / (mean + size)
        return (
            lgamma(number + size) - lgamma(size) - lgamma(number + 1)
            + size * log(1 - share) + number * log(share)
        )  # fmt: skip

    total, number, term = 0.0, count, exp(at(count))
    # Terms rise up to the mean, and then fall for ever.
    while number < mean or term > total * 1e-12:
        total += term
        number += 1
        term = exp(at(number))
    return min(total, 1.0)


def _usual(counts: Sequence[int], start: int, hours: int) -> float:
    return sum(sum(_slot(counts, week, start, hours)) for week in range(1, WEEKS + 1)) / WEEKS


def _expected(counts: Sequence[int], hours: int) -> float:
    """Return what is to be expected: the busiest of three neighbouring slots, and the average hour as a fifth week."""
    average = sum(counts[WEEK:HOURS]) / (HOURS - WEEK)
    # Where nothing has ever been, something is possible all the same.
    prior = max(average * hours, 1 / (WEEKS + 1))
    most = max(_usual(counts, shift, hours) for shift in (-1, 0, 1))
    return (most * WEEKS + prior) / (WEEKS + 1)


def _slot(counts: Sequence[int], week: int, start: int, hours: int) -> Sequence[int]:
    return counts[week * WEEK + start : week * WEEK + start + hours]


def _spread(counts: Sequence[int]) -> float:
    """Return the variance over the mean of an hour, from week to week; never below Poisson's 1."""
    past = counts[WEEK : WEEK + WEEKS * WEEK]
    most = _OUTLIER * max(1.0, sum(past) / len(past))
    squares = means = 0.0
    for hour in range(WEEK):
        slot = [min(one, most) for one in past[hour::WEEK]]
        mean = sum(slot) / len(slot)
        squares += sum((one - mean) ** 2 for one in slot) / (len(slot) - 1) if len(slot) > 1 else 0.0
        means += mean
    return max(1.0, squares / means) if means else 1.0
