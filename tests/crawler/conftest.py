"""Where the real material is, for the tests marked ``corpus``."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder that PRESSWATCH_CORPUS names; the test skips where it is absent."""
    folder = Path(os.environ.get("PRESSWATCH_CORPUS", "../shared/data"))
    if not folder.is_dir():
        pytest.skip(f"no corpus at {folder} (set PRESSWATCH_CORPUS)")
    return folder
