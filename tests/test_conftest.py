"""What tests/conftest.py makes of a whole run: of tests that are skipped, and of the order of those that fail."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

SKIPPED = """
import pytest

def test_skips_itself():
    pytest.skip("no moon")

@pytest.mark.skipif(True, reason="no tide")
def test_is_marked():
    pass

def test_has_no_corpus(corpus):
    pass

def test_passes():
    pass
"""


def run(folder: Path, processes: int, **more: str) -> tuple[int, str]:
    """Run the tests above under our conftest, and return how that ended and what was printed."""
    (folder / "conftest.py").write_bytes((ROOT / "tests/conftest.py").read_bytes())
    (folder / "test_skips.py").write_text(SKIPPED, "utf-8")
    (folder / "pytest.ini").touch()
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-ra", "-n", str(processes), "--randomly-seed=7"],
        cwd=folder, capture_output=True, text=True, timeout=120, check=False,
        env={**surroundings, "PRESSWATCH_NO_SKIPS": "", "PRESSWATCH_CORPUS": str(folder / "none"), **more},
    )  # fmt: skip
    return done.returncode, done.stdout


def test_what_a_machine_lacks_is_skipped(tmp_path: Path) -> None:
    code, said = run(tmp_path, 0)
    assert code == 0, said
    assert "1 passed, 3 skipped" in said


@pytest.mark.parametrize("processes", [0, 2])
def test_in_ci_a_skip_is_a_failure_that_says_what_is_missing(tmp_path: Path, processes: int) -> None:
    code, said = run(tmp_path, processes, PRESSWATCH_NO_SKIPS="1")
    assert code == 1, said
    assert "1 failed, 1 passed, 2 errors" in said  # an error is a failure before the test begins
    for why in ("no moon", "no tide", "no corpus"):
        assert f"skipped in CI: {why}" in said
    assert "the order: --randomly-seed=7" in said
