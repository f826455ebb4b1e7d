"""Write docs/commands.md from what the program says of itself: ``python -m tests.make_docs``.

The help is printed by one process of its own, whose environment is fixed: the page must not depend on the
terminal, the colours or the CI of whoever makes it.
"""

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from crawler.cli import app

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "commands.md"

HEAD = """\
# Commands

What `--help` says, command by command. This page is made by `python -m tests.make_docs`, and a test fails when
it is stale: change the program, never this page. For what the commands are good for, see the
[README](../README.md); for exit codes, [operations](operations.md#exit-codes).
"""

# What Rich and Typer ask about width and colour.
_OUTSIDE = ("COLORTERM", "FORCE_COLOR", "GITHUB_ACTIONS", "LINES", "PY_COLORS", "TERMINAL_WIDTH")
_FIXED = {"COLUMNS": "100", "TERM": "dumb", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}


def commands() -> list[tuple[str, ...]]:
    """Every command, groups before what is in them; the program itself is the empty one."""
    return [(), *sorted(_below(typer.main.get_command(app), ()))]


def _below(group: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name, command in getattr(group, "commands", {}).items():
        yield (*path, name)
        yield from _below(command, (*path, name))


def page() -> str:
    """The whole page, as it should be."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in _OUTSIDE and not name.startswith(("PRESSWATCH", "TYPER", "_TYPER"))
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.make_docs", "--print"],
        cwd=ROOT,
        env={**kept, **_FIXED},
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=60,
    )
    return done.stdout


def _section(path: tuple[str, ...]) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.suppress(SystemExit):
        app([*path, "--help"], prog_name="presswatch")
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    help_text = "\n".join(lines).strip("\n")
    return f"## `{' '.join(('presswatch', *path))}`\n\n```text\n{help_text}\n```\n"


if __name__ == "__main__":
    if "--print" in sys.argv:
        sys.stdout.write("\n".join([HEAD, *map(_section, commands())]))
    else:
        PAGE.write_text(page(), encoding="utf-8")
