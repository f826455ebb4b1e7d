"""The benches of the matcher run and print one line each; how fast it is only `make bench` asks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bench import (
    bench_match_memory,
    bench_match_phrases,
    bench_match_queries,
    bench_match_shipped,
    texts,
    timing,
)

EVERY = {"bench", "texts", "reference", "ratio", "matched", "missed"}
TIMED = EVERY | {"ms", "limit_ms", "reference_ms", "least_ratio", "hits"}
FEW = [
    (
        lambda: bench_match_phrases.main(rules=300, texts=20, slow=5, rounds=1),
        TIMED | {"rules", "least_matched", "least_hits", "agreement"},
    ),
    (
        lambda: bench_match_queries.main(rules=300, texts=20, rounds=1),
        TIMED | {"rules", "least_matched", "least_hits", "agreement", "goal_ms", "goal_ratio"},
    ),
    (lambda: bench_match_shipped.main(texts=20, rounds=1), TIMED | {"topics", "phrases"}),
    (
        lambda: bench_match_memory.main(rules=300, texts=20),
        EVERY | {"rules", "peak_mb", "limit_mb", "reference_mb"},
    ),
]


@pytest.mark.corpus
@pytest.mark.parametrize(("bench", "keys"), FEW, ids=["phrases", "queries", "shipped", "memory"])
def test_a_bench_prints_one_line_with_its_figure_its_limit_and_its_reference(
    corpus: Path, capsys: pytest.CaptureFixture[str], bench: Callable[[], int], keys: set[str]
) -> None:
    code = bench()
    line = json.loads(capsys.readouterr().out)
    assert line.keys() >= keys
    assert code == (1 if line["missed"] else 0)
    assert line["matched"] >= 0
    assert line.get("agreement", 1) > 0.9  # the reference looks for the same


@pytest.mark.corpus
def test_rules_are_drawn_with_a_fixed_seed_and_none_twice(corpus: Path) -> None:
    rules = texts.Rules().mixed(300)
    assert rules == texts.Rules().mixed(300)
    assert len(set(rules)) == 300
    assert sum(" NEAR/5 " in rule for rule in rules) == 60
    assert sum(" NOT " in rule for rule in rules) == 105


@pytest.mark.parametrize(
    ("ms", "ratio", "missed"),
    [(0.3, 5, []), (0.31, 5, ["ms 0.31 is over 0.3"]), (0.3, 4.9, ["ratio 4.9 is under 5"])],
    ids=["just", "slow", "no faster than the reference"],
)
def test_a_figure_beyond_its_limit_fails_the_bench_and_is_named(
    capsys: pytest.CaptureFixture[str], ms: float, ratio: float, missed: list[str]
) -> None:
    code = timing.report({"ms": ms, "ratio": ratio}, most={"ms": 0.3}, least={"ratio": 5})
    assert json.loads(capsys.readouterr().out)["missed"] == missed
    assert code == bool(missed)


def test_without_a_corpus_the_benches_are_skipped(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(timing, "CORPUS", tmp_path)
    for bench in (bench_match_phrases, bench_match_queries, bench_match_shipped):
        assert bench.main() == 0
        assert "skipped" in json.loads(capsys.readouterr().out)
    monkeypatch.setenv("PRESSWATCH_CORPUS", str(tmp_path))
    assert bench_match_memory.main() == 0
    assert "skipped" in json.loads(capsys.readouterr().out)
