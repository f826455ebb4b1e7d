from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.dates import from_iso, from_url, parse_feed_date, sane

NOW = datetime(2026, 7, 19, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-07-19T10:00:00Z", "2026-07-19T10:00"),
        ("2026-07-19T10:00:00-05:00", "2026-07-19T15:00"),
        ("2026-07-19T10:00:00.123-0500", "2026-07-19T15:00"),
        ("2026-07-19T10:00", "2026-07-19T10:00"),
        ("2026-07-19", "2026-07-19T00:00"),
        ("20260719", "2026-07-19T00:00"),
        ("2026-7-9 8:05", "2026-07-09T08:05"),
        ("2026/07/19 10:00:00", "2026-07-19T10:00"),
        ("2026-07-19 10:00:00 -0500", "2026-07-19T15:00"),
        ("2026-07-19 10:00:00 UTC", "2026-07-19T10:00"),
        ("Sun, 19 Jul 2026 10:00:00 -0500", "2026-07-19T15:00"),
        ("Sun, 19 Jul 2026 10:00:00 GMT", "2026-07-19T10:00"),
        ("19 de julio de 2026", "2026-07-19T00:00"),
        ("Dom, 04 Ene 2026 10:00:00 -0500", "2026-01-04T15:00"),
        ("July 19, 2026 10:30", "2026-07-19T10:30"),
        ("19 juillet 2026", "2026-07-19T00:00"),
        ("1 de março de 2026", "2026-03-01T00:00"),
        ("Lima, martes 31 de marzo del 2026 - 18:40", "2026-03-31T18:40"),
        ("Lima, 7 de marzo de 2026.-", "2026-03-07T00:00"),
        ("7 de setiembre de 2025", "2025-09-07T00:00"),
        ("7 de marzo, 2026 - 10:15 a. m.", "2026-03-07T10:15"),
        ("March 7, 2026, 12:05 AM", "2026-03-07T00:05"),
        ("March 7th, 2026 at 1:05 PM EST", "2026-03-07T18:05"),
        ("2026-02-30", None),
        ("yesterday", None),
        ("19", None),
        ("", None),
        ("0001-01-01T00:00:00+05:00", None),
        ("9999-12-31T23:59:59-05:00", None),
        (1_780_000_000, None),
        (None, None),
        ("2" * 10_000, None),
    ],
)
def test_a_date_is_read_however_it_is_written(text: object, expected: str | None) -> None:
    moment = from_iso(text)
    assert moment == (datetime.fromisoformat(f"{expected}Z") if expected else None) or (
        moment is not None and moment.replace(microsecond=0) == datetime.fromisoformat(f"{expected}Z")
    )


@given(st.text(max_size=90))
def test_no_text_makes_reading_a_date_raise(text: str) -> None:
    moment = from_iso(text)
    assert moment is None or moment.utcoffset() == timedelta(0)


@given(st.datetimes(timezones=st.timezones()))
def test_an_iso_date_keeps_its_moment(moment: datetime) -> None:
    read = from_iso(moment.isoformat())
    try:
        assert read == moment.astimezone(UTC)
    except OverflowError:
        assert read is None


@pytest.mark.parametrize(
    ("moment", "accepted"),
    [
        (datetime(1994, 12, 31, tzinfo=UTC), False),
        (datetime(1995, 1, 1, tzinfo=UTC), True),
        (NOW, True),
        (NOW + timedelta(hours=24), True),
        (NOW + timedelta(hours=24, seconds=1), False),
    ],
)
def test_a_date_before_the_web_or_after_tomorrow_is_none(moment: datetime, *, accepted: bool) -> None:
    assert sane(moment, NOW) == (moment if accepted else None)


def test_no_date_is_not_sane() -> None:
    assert sane(None, NOW) is None


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.org/2026/07/19/nota", "2026-07-19"),
        ("https://example.org/2026/7/9/nota", "2026-07-09"),
        ("https://example.org/nota-2026-07-19.html", "2026-07-19"),
        ("https://example.org/nota_20260719.html", "2026-07-19"),
        ("https://example.org/20269999/2026/07/19", "2026-07-19"),
        ("https://example.org/2026/07/nota", None),
        ("https://example.org/mundo/2026/jul/19/nota", "2026-07-19"),
        ("https://example.org/2026/abr/31/nota", None),
        ("https://example.org/2026/page/2/", None),
        ("https://example.org/id/1202607191", None),
        ("https://example.org/?date=2026-07-19", None),
        ("https://example.org/2026/07-19", None),
        ("http://[::1", None),
    ],
)
def test_the_day_is_read_from_the_path(url: str, expected: str | None) -> None:
    moment = from_url(url)
    assert (moment.date().isoformat() if moment else None) == expected


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        pytest.param({"published_parsed": time.gmtime(0)}, "1970-01-01T00:00Z", id="published"),
        pytest.param({"updated_parsed": time.gmtime(60)}, "1970-01-01T00:01Z", id="updated"),
        pytest.param(
            {"published_parsed": None, "published": "04 Ene 2026"},
            "2026-01-04T00:00Z",
            id="what feedparser cannot read",
        ),
        pytest.param(
            {"published_parsed": time.struct_time((99999, 1, 1, 0, 0, 0, 0, 1, 0))}, None, id="the year 99999"
        ),
        pytest.param(
            {"published_parsed": time.struct_time((0, 1, 1, 0, 0, 0, 0, 1, 0))}, None, id="the year 0"
        ),
        pytest.param(
            {"published_parsed": time.struct_time((2026, 99, 1, 0, 0, 0, 0, 1, 0))}, None, id="the month 99"
        ),
        pytest.param({"published_parsed": {"a": "b"}}, None, id="an element with attributes"),
        pytest.param({}, None, id="nothing"),
    ],
)
def test_the_date_of_an_entry(entry: dict[str, object], expected: str | None) -> None:
    assert parse_feed_date(entry) == (datetime.fromisoformat(expected) if expected else None)
