"""The ledger of a simulated day: what the sources offered is in the archive, or inside a span that says it is not."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import pytest

from tests.conftest import environment
from tests.e2e.press import HOUR, Outlet, Press
from tests.e2e.world import rows, write_config

START = datetime(2026, 7, 20, 5, 7, 13, tzinfo=UTC)  # a Monday
DAY = 30  # hours
STEP = timedelta(minutes=40)

OUTLETS = (
    Outlet("steady", 20, {-100: 2}),
    Outlet("sleepy", 15, {-100: 6}, night=True),
    Outlet("wire", 12, {-100: 40}),
    Outlet("burst", 8, {-100: 3, 6: 60, 10: 3}),
    Outlet("rhythm", 25, {-900: 14}, [(4, 9, 500), (14, 18, "drop")], night=True, was=4500, history=17 * 24),
    Outlet("undated", 10, {-100: 5}, [(8, 15, "drop")], dated=False),
    Outlet("hiccup", 30, {-100: 2}, [(6, 9, 500)]),
    Outlet("outage", 10, {-100: 5}, [(5, 12, "drop")]),
    Outlet("relapse", 14, {-100: 6}, [(4, 8, 503), (16, 21, "drop")]),
    Outlet("dead", 10, {-100: 4}, [(8, 99, 404)]),
    Outlet("gone", 10, {-100: 4}, [(9, 99, 410)]),
    Outlet("refusing", 8, {-100: 6}, [(12, 18, 403)]),
    Outlet("captcha", 10, {-100: 5}, [(7, 99, "page")]),
    Outlet("polite", 30, {-100: 3}, [(10, 10.5, 429)]),
    Outlet("late", 16, {-100: 8}, [(0, 5, "drop")]),
    Outlet("liar", 16, {-100: 4}, [(3, 22, "304")]),
)


class Passes:
    """The service in a process of its own, told when to make its next pass."""

    def __init__(self, config: Path, start: datetime) -> None:
        command = [sys.executable, "-m", "tests.e2e.passes", str(config)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        self._tell(start.isoformat())

    def _tell(self, line: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            pytest.fail(self._process.communicate()[1])
        return answer

    def make(self, at: datetime, *, due: bool) -> dict[str, Any]:
        summary: dict[str, Any] = json.loads(self._tell(f"{at.isoformat()}{' due' * due}"))
        return summary

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        _, said = self._process.communicate()
        assert self._process.returncode == 0, said


@dataclass(frozen=True)
class Span:
    kind: str
    since: datetime
    until: datetime | None
    missed: float | None

    def holds(self, at: datetime) -> bool:
        return self.since <= at <= (self.until or datetime.max.replace(tzinfo=UTC))


@dataclass(frozen=True)
class Ledger:
    """What each outlet offered, what of it is in the archive, and the spans that the archive owns up to."""

    offered: Mapping[str, Mapping[str, datetime]]
    stored: Mapping[str, set[str]]
    spans: Mapping[str, list[Span]]

    def missing(self, outlet: str) -> dict[str, datetime]:
        """Return what is not there, with when it was first to be had: nobody asked before the first pass."""
        offered = self.offered[outlet].items()
        return {link: max(at, START) for link, at in offered if link not in self.stored[outlet]}


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    folder: Path = tmp_path_factory.mktemp("ledger")
    now = [START]
    passes = [START + number * STEP for number in range(int(DAY * HOUR / STEP) + 1)]
    # Three looks in the first minutes: whoever was asked fewer times is not judged.
    passes[1:1] = [START + timedelta(minutes=minute) for minute in (6, 12)]
    with Press(OUTLETS, START, passes[-1], lambda: now[0]) as press:
        config = write_config(folder, press.sources(), network={"timeout": "5s"})
        with Passes(config, START - timedelta(minutes=1)) as service:
            for at in passes:
                now[0] = at
                service.make(at, due=at not in (*passes[:3], passes[-1]))
        archive = folder / "data" / "archive.db"
        stored, spans = defaultdict(set), defaultdict(list)
        for outlet, link in rows(
            archive, "select e.source_id, o.link from offers o join endpoints e on e.id = o.endpoint_id"
        ):
            stored[outlet].add(link)
        for outlet, kind, since, until, missed in rows(
            archive,
            "select v.source_id, v.kind, g.since, g.until, g.missed from gaps g join events v on v.id = g.event_id",
        ):
            end = datetime.fromisoformat(until) if until else None
            spans[outlet].append(Span(kind, datetime.fromisoformat(since), end, missed))
        return Ledger({outlet.id: press.offered(outlet) for outlet in OUTLETS}, stored, spans)


def test_what_was_offered_is_stored_or_inside_a_span_that_says_so(ledger: Ledger) -> None:
    outside = {
        outlet: lost
        for outlet in ledger.offered
        if (
            lost := [
                (link, at)
                for link, at in ledger.missing(outlet).items()
                if not any(span.holds(at) for span in ledger.spans[outlet])
            ]
        )
    }
    assert outside == {}
    # Nothing is there that nobody offered.
    assert all(ledger.stored[outlet] <= set(ledger.offered[outlet]) for outlet in ledger.offered)


def test_no_span_is_told_in_which_nothing_was_missed(ledger: Ledger) -> None:
    empty = [
        (outlet, span)
        for outlet, spans in ledger.spans.items()
        for span in spans
        if not any(span.holds(at) for at in ledger.missing(outlet).values())
    ]
    assert empty == []


def test_estimates_are_within_a_factor_of_two_in_nine_of_ten_events(ledger: Ledger) -> None:
    said = [
        (outlet, span, sum(span.holds(at) for at in ledger.missing(outlet).values()))
        for outlet, spans in ledger.spans.items()
        for span in spans
        if span.until is not None
    ]
    wrong = [
        (outlet, span, missed)
        for outlet, span, missed in said
        if span.missed is None or not missed / 2 <= span.missed <= 2 * missed
    ]
    assert len(said) >= 20
    assert len(wrong) <= len(said) / 10, wrong


def test_the_day_had_every_kind_of_accident(ledger: Ledger) -> None:
    kinds = {span.kind for spans in ledger.spans.values() for span in spans}
    assert kinds >= {"overrun", "unreachable", "http_error", "gone", "blocked"}
    for quiet in ("steady", "sleepy", "hiccup", "polite"):
        assert (ledger.missing(quiet), ledger.spans[quiet]) == ({}, [])
    for hit in (
        "wire",
        "burst",
        "undated",
        "outage",
        "relapse",
        "dead",
        "gone",
        "refusing",
        "captcha",
        "liar",
    ):
        assert ledger.missing(hit), hit
