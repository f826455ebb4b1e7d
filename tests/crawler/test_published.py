from __future__ import annotations

import json
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.model import Article
from crawler.dates import EARLIEST
from crawler.extract import read_page
from crawler.published import AHEAD, AT_ONCE

CASES = tomllib.loads((Path(__file__).parents[1] / "cases" / "dates.toml").read_text("utf-8"))["case"]
NOW = datetime(2026, 7, 20, 12, tzinfo=UTC)
TEXT = (
    "<p>La presidenta anunció en Puno una planta de litio que dará trabajo a mil familias de la región.</p>"
    "<p>Los pobladores piden una consulta previa antes de que comiencen las obras, previstas para agosto.</p>"
)


def ld(published: str) -> str:
    node = json.dumps({"@type": "NewsArticle", "datePublished": published})
    return f'<script type="application/ld+json">{node}</script>'


def read(case: dict[str, Any], now: datetime = NOW) -> Article:
    head = case.get("head", "").replace("{ld}", ld(case.get("ld", "")))
    body = case.get("body", "<article>{text}</article>").replace("{text}", TEXT)
    page = f"<!DOCTYPE html><html><head><title>Litio</title>{head}</head><body>{body}</body></html>"
    return read_page(
        page.encode(),
        url=case.get("url", "https://faro.example/nota"),
        now=now,
        last_modified=case.get("modified"),
    )


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in CASES])
def test_a_date_can_be_true_and_says_where_it_is_from(case: dict[str, Any]) -> None:
    article = read(case)
    expected = datetime.fromisoformat(f"{case['expected']}Z") if case["expected"] else None
    assert (article.published_at, article.published_from) == (expected, case["origin"])


@given(st.integers(-20 * 365 * 86_400, 3 * 86_400))
def test_no_page_was_published_ahead_or_at_the_moment_of_its_fetch(seconds: int) -> None:
    moment = NOW + timedelta(seconds=seconds)
    found = read({"ld": moment.isoformat(), "head": "{ld}"}).published_at
    if abs(moment - NOW) <= AT_ONCE or moment > NOW + AHEAD:
        assert found is None
    else:
        assert found == moment > EARLIEST


def test_a_clock_gives_no_date_whenever_it_is_looked_at() -> None:
    for hours in range(3):
        now = NOW + timedelta(hours=hours)
        body = f'<article><time datetime="{now.isoformat()}">jetzt</time>{{text}}</article>'
        assert read({"body": body}, now).published_at is None
