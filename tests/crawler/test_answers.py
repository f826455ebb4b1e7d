from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crawler.answers import max_age, retry_after

NOW = datetime(2026, 7, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None), ("", None), ("0", 0), ("120", 120), (" 120 ", 120), ("1.5", None), ("-5", None), ("٣", None), ("soon", None),
        ("Mon, 20 Jul 2026 12:02:00 GMT", 120), ("Monday, 20-Jul-26 12:02:00 GMT", 120), ("Mon, 20 Jul 2026 14:02:00 +0200", 120),
        ("Mon, 20 Jul 2026 11:00:00 GMT", 0), ("Mon, 20 Jul 2026 12:02:00", None), ("Mon, 99 Jul 2026 12:02:00 GMT", None),
    ],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None), ("", None), ("max-age=300", 300), ("public, max-age=300", 300), ("Max-Age = 300, public", 300),
        ('max-age="300"', 300), ("s-maxage=300", None), ("no-cache, max-age=300", None), ("max-age=300,no-store", None),
        ("max-age=300.5", None), ("max-age=-1", None), ("x-max-age=300", None), ("max-age=99999999999", None),
    ],
)  # fmt: skip
def test_an_answer_holds_as_long_as_its_cache_control_says(value: str | None, seconds: float | None) -> None:
    assert max_age(value) == seconds
