"""When a digest is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.watch import last_due, next_due, quiet_until, read_quiet, read_when, read_zone

ZONES = sorted(available_timezones())


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("when", "zone", "after", "due"),
    [
        pytest.param("07:00", "America/Lima", "2026-07-19 11:59:59", "2026-07-19 12:00", id="the same day"),
        pytest.param("07:00", "America/Lima", "2026-07-19 12:00", "2026-07-20 12:00", id="strictly after"),
        pytest.param(
            "02:30", "Europe/Berlin", "2026-03-28 12:00", "2026-03-29 01:00", id="a gap: right after it"
        ),
        pytest.param(
            "02:30", "Europe/Berlin", "2026-03-29 01:00", "2026-03-30 00:30", id="the day after a gap"
        ),
        pytest.param(
            "02:30", "Europe/Berlin", "2026-10-24 12:00", "2026-10-25 00:30", id="doubled: the first"
        ),
        pytest.param(
            "02:30", "Europe/Berlin", "2026-10-25 00:30", "2026-10-26 01:30", id="doubled: only once"
        ),
        pytest.param(
            "02:15", "Australia/Lord_Howe", "2026-10-03 10:00", "2026-10-03 15:30", id="half an hour's gap"
        ),
        pytest.param("00:30", "Africa/Cairo", "2026-04-23 12:00", "2026-04-23 22:00", id="a gap at midnight"),
        pytest.param(
            "23:30", "America/Nuuk", "2026-03-28 12:00", "2026-03-29 01:00", id="a gap up to midnight"
        ),
        pytest.param(
            "07:00", "Pacific/Apia", "2011-12-29 18:00", "2011-12-30 17:00", id="a day that never was"
        ),
        pytest.param("00:00", "Pacific/Apia", "2011-12-29 18:00", "2011-12-30 10:00", id="its midnight"),
    ],
)
def test_the_next_due_moment(when: str, zone: str, after: str, due: str) -> None:
    assert next_due(read_when(f"daily at {when}"), zone, utc(after)) == utc(due)


@given(
    zone=st.sampled_from(ZONES),
    minute=st.integers(0, 24 * 60 - 1),
    start=st.integers(0, 2_100_000_000),
)
def test_due_moments_rise_and_each_local_day_has_at_most_one(zone: str, minute: int, start: int) -> None:
    when = read_when(f"daily at {minute // 60}:{minute % 60:02}")
    moment = datetime.fromtimestamp(start, UTC)
    for _ in range(8):
        due = next_due(when, zone, moment)
        assert moment < due <= moment + timedelta(hours=50)
        assert next_due(when, zone, due - timedelta(seconds=1)) == due
        assert last_due(when, zone, due) == due
        assert last_due(when, zone, next_due(when, zone, due) - timedelta(microseconds=1)) == due
        moment = due


WHENS = (
    "hourly",
    "instant",
    "weekdays at 07:00 and 18:00",
    "weekly on sunday at 02:30",
    "hourly; daily at 07:20",
)


@given(
    zone=st.sampled_from(ZONES),
    when=st.sampled_from(WHENS),
    quiet=st.sampled_from([None, "22:00 to 07:00", "01:30 to 03:10"]),
    start=st.integers(0, 2_100_000_000),
)
def test_the_latest_due_moment_is_the_one_before_the_next(
    zone: str, when: str, quiet: str | None, start: int
) -> None:
    schedule, hours = read_when(when), read_quiet(quiet) if quiet else None
    moment = datetime.fromtimestamp(start, UTC)
    for _ in range(4):
        due = next_due(schedule, zone, moment, hours)
        assert due > moment
        assert quiet_until(hours, zone, due) is None
        assert last_due(schedule, zone, due, hours) == due
        assert last_due(schedule, zone, due - timedelta(microseconds=1), hours) <= moment
        moment = due


@pytest.mark.parametrize(
    ("when", "quiet", "after", "due"),
    [
        pytest.param("hourly", None, "2026-07-19 12:10", "2026-07-19 13:00", id="the next full hour"),
        pytest.param("weekdays at 07:00", None, "2026-07-17 13:00", "2026-07-20 12:00", id="over the weekend"),
        pytest.param("weekly on monday at 08:00", None, "2026-07-20 13:00", "2026-07-27 13:00", id="a week"),
        pytest.param("daily at 07:00 and 18:00", None, "2026-07-19 12:00", "2026-07-19 23:00", id="twice a day"),
        pytest.param("daily at 23:00", "22:00 to 07:00", "2026-07-19 12:00", "2026-07-20 12:00", id="over night"),
        pytest.param("daily at 23:00", "22:00 to 07:00", "2026-07-20 05:00", "2026-07-20 12:00", id="in that night"),
        pytest.param("daily at 23:00", "22:00 to 07:00", "2026-07-20 12:00", "2026-07-21 12:00", id="after that night"),
        pytest.param("hourly", "22:00 to 07:30", "2026-07-20 02:30", "2026-07-20 12:30", id="once at the end"),
        pytest.param("hourly", "22:00 to 07:30", "2026-07-20 12:15", "2026-07-20 12:30", id="no hour till the end"),
        pytest.param("daily at 22:00", "07:00 to 22:00", "2026-07-19 12:00", "2026-07-20 03:00", id="at the very end"),
        pytest.param("weekly on monday at 08:00; daily at 18:00", None, "2026-07-20 00:00", "2026-07-20 13:00", id="both"),
    ],
)  # fmt: skip
def test_the_next_due_moment_in_lima(when: str, quiet: str | None, after: str, due: str) -> None:
    hours = read_quiet(quiet) if quiet else None
    assert next_due(read_when(when), "America/Lima", utc(after), hours) == utc(due)


@pytest.mark.parametrize("hour", [0, 2, 23])
def test_every_zone_has_one_due_moment_for_each_local_day(hour: int) -> None:
    when = read_when(f"daily at {hour:02}:30")
    for name in ZONES:
        zone = ZoneInfo(name)
        week = datetime(2025, 1, 1, tzinfo=UTC)
        while week.year < 2026:
            if week.astimezone(zone).utcoffset() == (week + timedelta(days=7)).astimezone(zone).utcoffset():
                week += timedelta(days=7)
                continue
            moments = [next_due(when, zone, week)]
            while moments[-1] < week + timedelta(days=8):
                moments.append(next_due(when, zone, moments[-1]))
            # A gap that ends at midnight puts the moment at 00:00 of the next day: its day is the one before.
            days = [(one.astimezone(zone) - timedelta(minutes=1)).date() for one in moments]
            assert days == [days[0] + timedelta(days=n) for n in range(len(days))], name
            week += timedelta(days=7)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("weekly", "“weekly on monday at 08:00”"),
        ("daily at 7", 'did you mean "daily at 07:00"'),
        ("weekdays 07:00", 'did you mean "weekdays at 07:00"'),
        ("monday at 08:00", 'did you mean "weekly on monday at 08:00"'),
        ("weekly on moonday at 08:00", 'moonday is no day of the week .did you mean "monday"'),
        ("weekly on at 08:00", "“weekly on monday at 08:00”"),
        ("daily on monday at 08:00", "“weekly on monday at 08:00”"),
        ("instant; daily at noon", "cannot read 'daily at noon'"),
        ("daily at 24:00", "there is no 24:00"),
        ("daily at 07:60", "there is no 07:60"),
        ("", "“instant”"),
    ],
)
def test_a_schedule_that_is_not_understood_says_what_would_be(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_when(text)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (" Daily  at 7:05 ", "daily at 07:05"),
        ("weekdays at 18:00 and 7:00", "weekdays at 07:00 and 18:00"),
        ("daily at 7:00, 12:00 and 18:00", "daily at 07:00, 12:00 and 18:00"),
        ("Weekly on Monday at 08:00", "weekly on monday at 08:00"),
        ("weekly on friday and monday at 08:00", "weekly on monday and friday at 08:00"),
        ("daily at 18:00; Instant", "instant; daily at 18:00"),
        ("hourly", "hourly"),
    ],
)
def test_a_schedule_is_written_as_it_is_read(text: str, written: str) -> None:
    assert str(read_when(text)) == written
    assert read_when(written) == read_when(text)


@pytest.mark.parametrize("name", ["Lima", "", "../../etc/passwd", "/etc/localtime", "a\0b", "America"])
def test_a_zone_that_does_not_exist_is_a_value_error(name: str) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        read_zone(name)
