"""Fixtures that every test may use. What a machine lacks is skipped with one line; in CI a skip is a failure."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# A machine that is busy makes no test fail: how long an example takes is asserted nowhere.
settings.register_profile("presswatch", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("presswatch")

PROGRAM = Path(sys.executable).with_name("presswatch")
ROOT = Path(__file__).parents[1]


# Each of these does one long thing, and its tests look at what came of it: two processes would both do it.
WHOLE = frozenset({
    "test_access", "test_certificates", "test_commands", "test_crawl_pages", "test_crawl_polls", "test_crawl_sitemaps",
    "test_docs_topics", "test_explain", "test_hostile_server", "test_labelled", "test_ledger", "test_match_command",
    "test_netguard", "test_pool", "test_revisions", "test_ssrf", "test_throttle", "test_topics_command",
})  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of such a module in one process (`--dist loadgroup`)."""
    for item in items:
        if item.path.stem in WHOLE:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """In CI nothing may rest on what happens to be missing."""
    if (
        os.environ.get("PRESSWATCH_NO_SKIPS")
        and call.excinfo
        and call.excinfo.errisinstance(pytest.skip.Exception)
    ):
        failure = AssertionError(f"skipped in CI: {call.excinfo.value}").with_traceback(call.excinfo.tb)
        call.excinfo = pytest.ExceptionInfo.from_exception(failure)
    return None


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
) -> None:
    """After a failure, say how the same order is had again: what stands at the top of a run is not shown with -q."""
    if exitstatus:
        terminalreporter.write_line(f"the order: --randomly-seed={config.getoption('randomly_seed')}")


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real feeds, pages and texts."""
    folder = Path(os.environ.get("PRESSWATCH_CORPUS", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("no corpus: PRESSWATCH_CORPUS names the folder of real material")
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """A headless browser."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found:
        pytest.skip("no chromium on this machine")
    return found


@pytest.fixture(scope="session")
def tidy() -> str:
    """HTML Tidy, which says what of a page is not as the standard has it."""
    found = shutil.which("tidy")
    if not found:
        pytest.skip("no tidy on this machine")
    return found


@dataclass(frozen=True)
class Done:
    """What the installed program answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its standard output, which is JSON."""
        return json.loads(self.out)


def presswatch(
    *arguments: object, config: Path | None = None, cwd: Path | None = None, code: int | None = 0
) -> Done:
    """Run the installed program in a process of its own; ``code`` None: any exit code will do."""
    command = [str(PROGRAM), *(["--config", str(config)] if config else []), *map(str, arguments)]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=cwd, timeout=200, check=False, env=environment()
    )
    if code is not None:
        assert done.returncode == code, f"{command}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return Done(done.returncode, done.stdout, done.stderr)


def environment() -> dict[str, str]:
    """The environment of the programs that tests start: plain output."""
    keep = {name: value for name, value in os.environ.items() if not name.startswith("PRESSWATCH")}
    return {**keep, "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "100"}


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A finished demo: config/ and data/ of one day of the bundled newsroom. Read only."""
    folder = tmp_path_factory.mktemp("demo") / "played"
    presswatch("demo", "--dir", folder)
    return folder
