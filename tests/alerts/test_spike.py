"""When a topic spikes: simulated days, looked at every ten minutes as the service does, from fixed seeds."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from itertools import accumulate
from math import exp, factorial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import spike
from alerts.spike import ALPHA, HOURS, LEAST, WEEK

HOUR = 6  # ten minutes each
DAY = 24 * HOUR
PAST = HOURS * HOUR  # what must be known before anything is looked at
# A newsroom's day, hour by hour; on average 1.
DAILY = (.3, .2, .2, .2, .3, .6, 1.2, 1.8, 1.8, 1.5, 1.3, 1.2, 1.2, 1.2, 1.3, 1.3, 1.4, 1.5, 1.5, 1.4, 1.2, .9, .6, .4)  # fmt: skip

Rate = Callable[[int], float]  # articles an hour, at a step of ten minutes


def articles(rate: Rate, steps: int, seed: int) -> list[int]:
    """How many articles come in each ten minutes."""
    chance = random.Random(seed)
    return [_poisson(chance, rate(step) / HOUR) for step in range(steps)]


def _poisson(chance: random.Random, mean: float) -> int:
    number, left, floor = 0, chance.random(), exp(-mean)
    while left > floor:
        number += 1
        left *= chance.random()
    return number


def alarms(each: Iterable[int], rest: int = DAY) -> list[int]:
    """The steps after `PAST` at which an alarm is raised; for ``rest`` steps after one nobody looks."""
    upto = [0, *accumulate(each)]
    found: list[int] = []
    for step in range(PAST, len(upto)):
        if (found and step - PAST - found[-1] < rest) or upto[step] - upto[step - 3 * HOUR] < LEAST:
            continue
        if spike.look([upto[step - hour * HOUR] - upto[step - hour * HOUR - HOUR] for hour in range(HOURS)]):
            found.append(step - PAST)
    return found


def daily(often: float) -> Rate:
    return lambda step: often * DAILY[step // HOUR % 24]


@pytest.mark.parametrize("often", [0.1, 0.5, 1, 3, 12])
def test_on_days_of_chance_a_topic_raises_at_most_one_false_alarm_a_month(often: float) -> None:
    months = [len(alarms(articles(daily(often), PAST + 30 * DAY, seed))) for seed in range(4)]
    assert max(months) <= 1
    assert sum(months) <= 1, "and hardly ever that one"


@pytest.mark.parametrize(("often", "most"), [(2, 0.9), (5, 1), (20, 1)])
def test_a_tenfold_burst_is_reported_within_the_hour(often: float, most: float) -> None:
    seen = []
    for seed in range(40):
        begin = PAST + random.Random(seed).randrange(7 * DAY)

        def rate(step: int, begin: int = begin) -> float:
            return often * (10 if step >= begin else 1)

        each = articles(rate, begin + HOUR, seed)
        seen.append(any(step + PAST > begin for step in alarms(each)))
    assert sum(seen) / len(seen) >= most


def test_a_busy_weekend_raises_nothing() -> None:
    def rate(step: int) -> float:
        return daily(8)(step) * (6 if step // DAY % 7 >= 5 else 1)

    assert [alarms(articles(rate, PAST + 14 * DAY, seed)) for seed in range(2)] == [[], []]


def test_a_weekly_column_with_everything_in_one_hour_raises_nothing() -> None:
    def rate(step: int) -> float:
        return 40 if step % (7 * DAY) // HOUR == 55 else 0.2

    assert [alarms(articles(rate, PAST + 14 * DAY, seed)) for seed in range(3)] == [[], [], []]
    # And not when the clocks change, and it comes an hour early or late.
    for shift in (-HOUR, HOUR):
        each = articles(rate, PAST + 8 * DAY, 1)
        assert (
            alarms(
                [*each[: PAST - shift], *each[PAST:]]
                if shift > 0
                else [*each[:PAST], *[0] * HOUR, *each[PAST:]]
            )
            == []
        )


def test_stories_that_each_come_six_times_raise_hardly_more_than_single_articles() -> None:
    # Two stories a day, each in six outlets within minutes: by Poisson's law every one of them would be a spike.
    each = [6 * number for number in articles(lambda _: 2 / 24, PAST + 30 * DAY, 3)]
    assert sum(each[PAST:]) > 200
    assert len(alarms(each)) <= 1


def test_the_same_number_is_no_spike_where_it_is_usual() -> None:
    quiet = [0] * HOURS
    assert spike.look([LEAST, *quiet[1:]]) is not None
    assert spike.look([LEAST - 1, *quiet[1:]]) is None
    weekly = [LEAST if hour % WEEK == 0 else 0 for hour in range(HOURS)]
    assert spike.look(weekly) is None
    assert spike.look([8 * LEAST, *weekly[1:]]) is not None


def test_a_great_day_does_not_make_the_next_one_usual() -> None:
    counts = [1] * HOURS
    counts[10 * 24] = 300
    counts[0] = 12
    assert spike.look(counts) is not None


def test_an_alarm_says_how_many_how_many_are_usual_and_the_last_day_hour_by_hour() -> None:
    counts = [2] * HOURS
    counts[0], counts[23] = 25, 7
    found = spike.look(counts)
    assert found is not None
    assert (found.hours, found.count, found.usual) == (1, 25, 2.0)
    assert 0 < found.chance < ALPHA
    assert len(found.pace) == 24
    assert (found.pace[0], found.pace[-1]) == ((7, 2.0), (25, 2.0))


def test_what_came_over_three_hours_is_seen_where_no_single_hour_shows_it() -> None:
    counts = [1] * HOURS
    counts[:3] = [5, 6, 6]
    found = spike.look(counts)
    assert found is not None
    assert (found.hours, found.count) == (3, 17)


def test_too_short_a_past_is_refused() -> None:
    with pytest.raises(ValueError, match="must be known"):
        spike.look([1] * (HOURS - 1))


@given(st.integers(0, 60), st.floats(0.05, 20))
def test_the_tail_is_that_of_poisson_where_nothing_is_more_scattered(count: int, mean: float) -> None:
    below = sum(exp(-mean) * mean**number / factorial(number) for number in range(count))
    assert spike.tail(count, mean, mean) == pytest.approx(1 - below, abs=1e-9)
    assert spike.tail(count, mean, mean * 3) == pytest.approx(1.0) if count == 0 else True


@given(st.integers(1, 200), st.floats(0.05, 50), st.floats(1, 9))
def test_more_articles_are_never_more_probable(count: int, mean: float, spread: float) -> None:
    one, more = (spike.tail(number, mean, mean * spread) for number in (count, count + 1))
    assert 0 <= more <= one <= 1
