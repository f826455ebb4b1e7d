"""The cases of tests/cases/policy.toml as values."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from archive.model import Before, EndpointKind, EndpointState, Feed, Outcome, PollOutcome, PollTask, Reading

NOW = datetime(2026, 7, 20, 12, tzinfo=UTC)
CASES = tomllib.loads((Path(__file__).parents[1] / "cases" / "policy.toml").read_text("utf-8"))["case"]
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_OUTCOMES = {"ok": Outcome.OK, "304": Outcome.NOT_MODIFIED, "unchanged": Outcome.UNCHANGED}
_TIMES = {field.name for field in fields(EndpointState) if "datetime | None" in str(field.type)}
URL = "https://press.example/feed"


def seconds(text: str) -> float:
    found = re.fullmatch(r"(-?[\d.]+)([smhd])", text)
    assert found, text
    return float(found[1]) * _UNITS[found[2]]


def ago(text: str, now: datetime) -> datetime | None:
    return now - timedelta(seconds=seconds(text)) if text else None


def at(case: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(case["at"]) if "at" in case else NOW


def state(case: dict[str, Any]) -> EndpointState:
    now = at(case)
    given = {
        "read_at": "1h",
        "last_ok_at": "1h",
        "item_at": "1h",
        "good_polls": 4,
        "pace": "15m",
        **case.get("state", {}),
    }
    opened = given.pop("open", {})
    values = {
        name: ago(value, now)
        if name in _TIMES
        else seconds(value)
        if name in ("every", "pace", "ttl")
        else value
        for name, value in given.items()
    }
    events = {kind: now - timedelta(seconds=seconds(age)) for kind, age in opened.items()}
    return EndpointState(**{"url": URL, **values, "open_events": events})


def poll(case: dict[str, Any]) -> PollOutcome:
    given, now = dict(case.get("poll", {})), at(case)
    said = given.pop("outcome", "ok")
    outcome = _OUTCOMES.get(said, Outcome.FAILED)
    task = PollTask(
        endpoint_id=1,
        source_id="press",
        kind=EndpointKind(given.pop("kind", "feed")),
        url=given.pop("url", URL),
        etag=given.pop("asked", "v1" if outcome is Outcome.NOT_MODIFIED else None),
        since=ago(given.pop("since", ""), now),
    )
    feed = {
        "complete": given.pop("complete", True),
        "capped": given.pop("capped", 0),
        "older": given.pop("older", 0),
        "warnings": tuple(given.pop("warnings", ())),
        "ttl": seconds(given.pop("ttl")) if "ttl" in given else None,
    }
    waits = {name: seconds(given.pop(name)) for name in ("retry_after", "max_age") if name in given}
    return PollOutcome(
        task=task,
        at=now,
        outcome=outcome,
        reason=said if outcome is Outcome.FAILED else None,
        feed=Feed(title="T", format="rss20", entries=(), **feed) if outcome is Outcome.OK else None,
        **waits,
        **given,
    )


def reading(case: dict[str, Any]) -> Reading | None:
    if "reading" not in case:
        return None
    given, now = dict(case["reading"]), at(case)
    for name in ("dates", "fresh_dates"):
        given[name] = tuple(now - timedelta(seconds=seconds(age)) for age in given.get(name, ()))
    for name in ("guids", "titles"):
        given[name] = frozenset(given.get(name, ()))
    return Reading(**given)


def before(case: dict[str, Any]) -> Before:
    """``daily``: so many items a day, evenly, but ``never_on`` one weekday, up to the last one that came."""
    given, now = dict(case.get("before", {})), at(case)
    first = ago(given.pop("first", ""), now)
    daily, never = given.pop("daily", 0), given.pop("never_on", None)
    last = ago(case.get("state", {}).get("item_at", "1h"), now)
    times = []
    if daily and first and last:
        step = timedelta(days=1) / daily
        times = [last - number * step for number in range(int((last - first) / step))]
        times = sorted(time for time in times if time.weekday() != never)
    for name in ("guids", "titles"):
        given[name] = frozenset(given.get(name, ()))
    return Before(first=first, times=tuple(times), **given)
