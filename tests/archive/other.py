"""A second process: it runs what it is told on its own connection or lock, one line of Python at a time."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

LOOP = """
import sys
names = {}
for line in sys.stdin:
    try:
        try:
            answer = eval(line, names)
        except SyntaxError:
            answer = exec(line, names)
    except Exception as error:
        answer = error
    print(repr(answer), flush=True)
"""


class Other:
    """Another Python process, asked line by line; it has done a line when its answer comes."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", LOOP], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def do(self, line: str, **values: Any) -> str:
        """Run ``line`` and return the repr of what it gives, or of the exception."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        for name, value in values.items():
            assert self.do(f"{name} = {value!r}") == "None"
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def kill(self) -> None:
        """End it as a crash does: nothing of it runs any more."""
        self.process.kill()
        self.process.wait()


@contextmanager
def other_process() -> Iterator[Other]:
    """A process that is gone at the end, however the test ends."""
    other = Other()
    try:
        yield other
    finally:
        other.kill()
        for pipe in (other.process.stdin, other.process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    pytest.fail("the other process died with a line unread")
