from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from archive.errors import ClockError
from crawler.clock import is_past, refuse_past

NEWEST = datetime(2026, 7, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "past"),
    [
        (NEWEST, False),
        (NEWEST + timedelta(microseconds=1), False),
        (NEWEST - timedelta(microseconds=1), True),
        (NEWEST - timedelta(days=1), True),
        (NEWEST.astimezone(timezone(timedelta(hours=-5))), False),
    ],
)
def test_a_time_is_past_when_the_archive_holds_a_later_one(now: datetime, past: bool) -> None:
    assert is_past(now, NEWEST) is past
    if past:
        with pytest.raises(
            ClockError,
            match=r"--as-of says .*, but the archive already holds 2026-07-20T12:00:00\S*: give a later time",
        ):
            refuse_past(now, NEWEST)
    else:
        refuse_past(now, NEWEST)


def test_no_time_is_past_for_an_empty_archive() -> None:
    refuse_past(NEWEST, None)
    assert not is_past(NEWEST, None)
