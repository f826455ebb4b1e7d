from __future__ import annotations

from datetime import UTC, datetime

import pytest
from scrapy.http import Response

from crawler.answers import max_age, retry_after


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


@pytest.mark.parametrize(
    "value",
    ["3600", "Mon, 20 Jul 2026 13:00:00 GMT", "Monday, 20-Jul-26 13:00:00 GMT", "Mon Jul 20 13:00:00 2026"],
)
def test_a_server_says_how_long_to_wait_in_seconds_and_in_each_form_of_a_date(value: str) -> None:
    response = Response("https://faro.example/", headers={"Retry-After": value})
    assert retry_after(response, datetime(2026, 7, 20, 12, tzinfo=UTC)) == 3600
