"""The bench of polling runs, small, and does in each round what it says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.bench import bench_polling, feedhost

ROUNDS = ("first", "quiet", "ordinary")


def test_a_small_run_prints_its_figures_and_limits_and_needs_no_peer(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_polling, "has_peer", lambda: False)
    monkeypatch.delenv("PRESSWATCH_NO_SKIPS", raising=False)
    code = bench_polling.main(feeds=20, articles=300)
    out, err = capsys.readouterr()
    line = json.loads(out)
    assert line.keys() >= {f"{name}_{what}" for name in ROUNDS for what in ("ms", "full_ms", "growth")}
    assert line.keys() >= {f"limit_{name}_ms" for name in ROUNDS} | {"peak_mb", "limit_peak_mb", "workers_mb"}
    assert line["first_ms"] > line["quiet_ms"] > 0
    assert line["workers_mb"] > 0
    assert code == (1 if line["missed"] else 0)
    assert err == f"{bench_polling.MISSING}\n"


FIGURES: dict[str, Any] = {
    "first": 20.0, "quiet": 2.5, "ordinary": 4.5, "peak_mb": 220.0, "workers_mb": 1.0, "match": 1.0, "stall_ms": 1.0,
    "wall_s": {},
}  # fmt: skip
PEER = FIGURES | {"first": 34.0, "quiet": 2.5, "ordinary": 9.0}


@pytest.mark.parametrize(
    ("ours", "full", "missed"),
    [
        ({}, {}, []),
        ({"first": 20.01}, {}, ["first_ms 20.01 is over 20"]),
        ({"peak_mb": 220.1}, {}, ["peak_mb 220.1 is over 220"]),
        ({}, {"quiet": 3.1}, ["quiet_growth 1.24 is over 1.2"]),
        ({"ordinary": 4.49}, {}, []),
    ],
    ids=["just", "slow", "large", "growing", "quick"],
)
def test_what_misses_a_limit_is_named_and_fails_the_bench(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    ours: dict[str, float],
    full: dict[str, float],
    missed: list[str],
) -> None:
    def poll(who: str, feeds: int, port: int, turn: Any, articles: int = 0) -> dict[str, Any]:
        return PEER if who == "reader" else FIGURES | (full if articles else ours)

    monkeypatch.setattr(bench_polling, "poll", poll)
    monkeypatch.setattr(bench_polling, "has_peer", lambda: True)
    assert bench_polling.main(feeds=10, articles=1) == bool(missed)
    assert json.loads(capsys.readouterr().out)["missed"] == missed


def test_without_the_peer_it_fails_where_nothing_may_be_skipped(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_polling, "poll", lambda *_: FIGURES)
    monkeypatch.setattr(bench_polling, "has_peer", lambda: False)
    monkeypatch.setenv("PRESSWATCH_NO_SKIPS", "1")
    assert bench_polling.main(feeds=10, articles=0) == 1
    assert "[bench]" in capsys.readouterr().err


def test_the_feeds_are_as_large_as_they_are_said_to_be_and_bring_what_is_new_first() -> None:
    first, later = feedhost.feed(9), feedhost.feed(9, feedhost.NEWER)
    sizes = [len(feedhost.feed(number)) for number in range(20)]
    assert 43_000 < sum(sizes) / len(sizes) < 47_000
    assert first.count(b"<item>") == later.count(b"<item>") == feedhost.ENTRIES
    items, shifted = (body.split(b"<item>")[1:] for body in (first, later))
    assert [item.removesuffix(b"</channel></rss>") for item in items[: -feedhost.NEWER]] == [
        item.removesuffix(b"</channel></rss>") for item in shifted[feedhost.NEWER :]
    ]
