"""The benches hold the program to their limits: a figure over it is a failure, not only a line."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.bench import bench_stall
from tests.conftest import Done


@pytest.mark.parametrize(
    ("rounds", "figure", "code"), [([59, 3, 60], 60, 0), ([3, 60.1, 5], 60.1, 1)], ids=["below", "over"]
)
def test_a_stall_over_the_limit_in_any_round_fails_the_bench(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    rounds: list[float],
    figure: float,
    code: int,
) -> None:
    @contextmanager
    def served(_corpus: Path):
        yield []

    answers = iter(rounds)
    monkeypatch.setenv("PRESSWATCH_CORPUS", str(tmp_path))
    monkeypatch.setattr(bench_stall, "served", served)
    monkeypatch.setattr(
        bench_stall, "presswatch", lambda *_, **__: Done(0, json.dumps({"stall_ms": next(answers)}), "")
    )
    assert bench_stall.main() == code
    line = json.loads(capsys.readouterr().out)
    assert (line["stall_ms"], line["limit_ms"], line["rounds"]) == (figure, 60, rounds)


def test_without_a_corpus_the_bench_is_skipped(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("PRESSWATCH_CORPUS", str(tmp_path / "nowhere"))
    assert bench_stall.main() == 0
    assert "skipped" in json.loads(capsys.readouterr().out)
