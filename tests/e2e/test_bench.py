"""The benches hold the program to their limits: a figure over it is a failure, not only a line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bench import bench_stall

# What three passes say of themselves: the longest stall, and of it what the program itself did.
WELL, SLOW, STARVED = (48.0, 9.0), (50.1, 50.1), (300.0, 9.0)


@pytest.mark.parametrize(
    ("rounds", "load", "missing", "code"),
    [
        ([WELL, WELL, WELL], 0.1, [], 0),
        ([WELL, SLOW, WELL], 0.1, [], 1),
        ([WELL, SLOW, WELL], 99.0, [], 1),
        ([WELL, STARVED, WELL], 99.0, [], 0),
        ([WELL, STARVED, WELL], 0.1, [], 1),
        ([WELL, WELL, WELL], 0.1, ["the lock"], 1),
    ],
    ids=[
        "below",
        "over in one round",
        "over by itself",
        "a busy machine",
        "a quiet machine",
        "work left undone",
    ],
)
def test_a_stall_over_the_limit_in_any_round_fails_the_bench(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    rounds: list[tuple[float, float]],
    load: float,
    missing: list[str],
    code: int,
) -> None:
    answers = iter({"stall_ms": stall, "held_ms": held, "missing": missing} for stall, held in rounds)
    monkeypatch.setenv("PRESSWATCH_CORPUS", str(tmp_path))
    monkeypatch.setattr(bench_stall, "one_round", lambda _corpus: next(answers))
    monkeypatch.setattr(bench_stall.os, "getloadavg", lambda: (load, 0.0, 0.0))
    assert bench_stall.main() == code
    line = json.loads(capsys.readouterr().out)
    assert (line["stall_ms"], line["held_ms"]) == tuple(map(max, zip(*rounds, strict=True)))
    assert line["limit_ms"] == 50


def test_without_a_corpus_the_bench_is_skipped(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("PRESSWATCH_CORPUS", str(tmp_path / "nowhere"))
    assert bench_stall.main() == 0
    assert "skipped" in json.loads(capsys.readouterr().out)
