from __future__ import annotations

import pytest

from crawler.answers import max_age


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
