from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.model import Before
from crawler import habits

NOW = datetime(2026, 7, 20, 12, tzinfo=UTC)  # a Monday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def every(step: timedelta, weeks: float, *, until: datetime = NOW, but: tuple[int, ...] = ()) -> Before:
    """Items at even steps, but on the weekdays ``but``."""
    first = until - weeks * 7 * DAY
    times = (first + number * step for number in range(1, int((until - first) / step) + 1))
    return Before(first=first, times=tuple(time for time in times if time.weekday() not in but))


def hours(*ago: float) -> list[datetime]:
    return [NOW - number * HOUR for number in ago]


def test_a_span_is_compared_with_the_same_weekday_and_hours() -> None:
    # Twelve an hour on Mondays, one on other days.
    busy = every(5 * HOUR / 60, 8, but=(1, 2, 3, 4, 5, 6))
    assert habits.samples(busy, NOW - 2 * HOUR, NOW) == [24] * 7
    assert habits.samples(busy, NOW - 2 * HOUR - DAY, NOW - DAY) == [0] * 7


def test_where_weeks_are_few_days_stand_in() -> None:
    assert habits.samples(every(HOUR, 1), NOW - 2 * HOUR, NOW) == [2] * 6
    assert habits.samples(every(HOUR, 3.5), NOW - 2 * HOUR, NOW) == [2] * 3
    assert habits.samples(Before(), NOW - 2 * HOUR, NOW) == []


def test_what_was_not_read_tells_nothing() -> None:
    seen = every(HOUR, 8)
    blind = Before(first=seen.first, times=seen.times, blind=((NOW - 8 * DAY, NOW - 6.9 * DAY),))
    assert (
        len(habits.samples(blind, NOW - 2 * HOUR, NOW)) == len(habits.samples(seen, NOW - 2 * HOUR, NOW)) - 1
    )


@pytest.mark.parametrize(
    ("before", "dates", "missed"),
    [
        pytest.param(every(HOUR / 4, 8, until=NOW - 6 * HOUR), hours(0, 0.25, 0.5), 20, id="as always"),
        pytest.param(
            every(HOUR / 4, 8, until=NOW - 6 * HOUR),
            hours(0, 0.1, 0.2),
            20,
            id="busy after it: the middle one",
        ),
        pytest.param(
            every(HOUR / 4, 8, until=NOW - 9 * HOUR), hours(0, 5, 10), 5 / 3, id="quiet before and after it"
        ),
        pytest.param(Before(), hours(0, 0.25, 0.5), 20, id="no habit: what came after"),
        pytest.param(
            every(HOUR / 4, 8, until=NOW - 6 * HOUR), [], 20, id="no dates: habit and what came before"
        ),
    ],
)
def test_what_a_gap_cost_is_the_middle_of_habit_before_and_after(
    before: Before, dates: list[datetime], missed: float
) -> None:
    gap = habits.missed(before, NOW - 6 * HOUR, NOW - HOUR, dates)
    assert gap.missed == pytest.approx(missed, rel=0.05)
    assert gap.low is not None
    assert gap.high is not None
    assert gap.low <= gap.missed <= gap.high


def test_of_nothing_that_is_known_nothing_is_estimated() -> None:
    gap = habits.missed(Before(), NOW - 6 * HOUR, NOW - HOUR, [])
    assert (gap.missed, gap.low, gap.high) == (None, None, None)


def test_a_short_gap_is_measured_by_its_hour() -> None:
    gap = habits.missed(every(HOUR / 12, 8), NOW - HOUR / 3, NOW, [])
    assert gap.missed == pytest.approx(4, abs=0.5)


@pytest.mark.parametrize(
    ("before", "hours_ago", "usual"),
    [
        pytest.param(every(HOUR, 8, until=NOW - 20 * HOUR), 20, 20, id="never so long"),
        pytest.param(every(HOUR, 8, until=NOW - 5 * HOUR), 5, None, id="not long"),
        pytest.param(every(4 * HOUR, 8, until=NOW - 20 * HOUR), 20, None, id="few would have come"),
        pytest.param(every(HOUR, 8, until=NOW - 36 * HOUR, but=(6,)), 36, 12, id="on Mondays it wakes up"),
        pytest.param(every(HOUR, 8, until=NOW - 36 * HOUR, but=(6, 0)), 36, None, id="on Mondays too it sleeps"),
        pytest.param(every(HOUR, 0.9, until=NOW - 20 * HOUR), 20, None, id="known for too short a time"),
        pytest.param(Before(), 20, None, id="unknown"),
    ],
)  # fmt: skip
def test_silence_is_unusual_where_its_weekday_and_hours_were_never_without(
    before: Before, hours_ago: float, usual: int | None
) -> None:
    found = habits.silent(before, NOW - hours_ago * HOUR, NOW)
    assert found == (None if usual is None else pytest.approx(usual, abs=1.5))


@given(st.floats(0, 1000), st.floats(0, 1000))
def test_a_silence_is_looked_into_again_and_ever_less_often(quiet: float, more: float) -> None:
    last = NOW - quiet * HOUR
    assert habits.look_again(last, NOW) >= NOW + HOUR
    later = NOW + more * HOUR
    assert habits.look_again(last, NOW) - NOW <= max(habits.look_again(last, later) - later, habits.QUIET)
