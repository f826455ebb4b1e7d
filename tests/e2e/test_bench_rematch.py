"""The bench of stored articles runs, small, and holds what it finds against a full scan."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bench import bench_rematch, timing


@pytest.mark.corpus
def test_a_small_archive_is_rematched_and_previewed_as_a_full_scan_would(
    corpus: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRESSWATCH_BENCH_ARTICLES", "1500")
    code = bench_rematch.main()
    rematch, preview = map(json.loads, capsys.readouterr().out.splitlines())
    assert (rematch["bench"], preview["bench"]) == ("rematch", "preview")
    assert rematch["matched"] > 3
    assert rematch["wrong"] == preview["wrong"] == 0
    assert rematch.keys() >= {"s", "limit_s", "reference_s", "share"}
    assert preview.keys() >= {"ms", "limit_ms", "reference_s", "all_ms"}
    assert code == (1 if rematch["missed"] or preview["missed"] else 0)


def test_without_a_corpus_it_is_skipped(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(timing, "CORPUS", tmp_path)
    assert bench_rematch.main() == 0
    assert "skipped" in json.loads(capsys.readouterr().out)
