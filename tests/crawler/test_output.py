"""How results are printed: what strangers wrote is shown, and obeyed by no terminal."""

from __future__ import annotations

import errno
import io
import json
import logging
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from crawler.cli import output
from crawler.outgoing import Counts
from tests.conftest import ROOT

NOW = datetime(2026, 7, 19, 12, tzinfo=UTC)
HOSTILE = "a\x00\x07\x1b[31m\x7f\x80\x9b31m\x9f\u2028é😀\ud800b"


def test_commands_that_run_no_service_load_nothing_that_only_a_service_needs() -> None:
    """Scrapy, Datasette and the readers of pages take a second to load: each command would begin with it."""
    named = "import sys; from crawler import cli; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", named], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(done.stdout.split())
    assert "crawler.cli.rematch" in loaded
    assert loaded.isdisjoint(
        {"scrapy", "twisted", "datasette", "trafilatura", "uvicorn", "apscheduler", "simplemma"}
    )


def test_a_single_pass_loads_no_datasette() -> None:
    named = "import sys; from crawler import loop, run; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", named], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert "crawler.engine" in done.stdout.split()
    assert "datasette" not in done.stdout.split()


@pytest.mark.parametrize("indent", [None, 2])
def test_json_holds_no_control_character_and_reads_back_the_same(indent: int | None) -> None:
    printed = output.harmless_json({HOSTILE: [HOSTILE, {"at": NOW}]}, indent)
    assert not [c for c in printed if (ord(c) < 32 and c != "\n") or 0x7F <= ord(c) < 0xA0]
    assert r"\u001b[31m\u007f\u0080\u009b31m" in printed
    assert "é😀" in printed
    printed.encode()  # half a character would end the program
    assert json.loads(printed) == {HOSTILE: [HOSTILE, {"at": NOW.isoformat()}]}


def test_json_is_printed_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    output.say_json(["\x9b"])
    assert capsys.readouterr().out == '[\n  "\\u009b"\n]\n'


def test_text_is_printed_without_controls_and_halves_of_characters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    output.say(HOSTILE)
    assert capsys.readouterr().out == "a[31m31m\u2028é😀b\n"


def test_what_is_logged_is_harmless_too(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        output.logs()
        logging.getLogger("presswatch.test").warning("mail %s", "550 \x1b[31mno\x9b")
        assert "mail 550 [31mno\n" in capsys.readouterr().err
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


class Full(io.StringIO):
    """Standard error on a disk that is full, until there is ``room``."""

    room = False

    def write(self, text: str) -> int:
        if not self.room:
            raise OSError(errno.ENOSPC, "no room")
        return super().write(text)


class Left(io.StringIO):
    """Standard error whose reader has left."""

    def flush(self) -> None:
        raise BrokenPipeError(errno.EPIPE, "nobody reads")


@pytest.mark.parametrize("stream", [Full, Left])
@pytest.mark.parametrize("terminal", ["0", "1"])
def test_what_standard_error_does_not_take_is_lost_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, stream: type[io.StringIO], terminal: str
) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr("sys.stderr", stream())
    monkeypatch.setitem(output.err._environ, "TTY_COMPATIBLE", terminal)
    failed: list[logging.LogRecord] = []
    monkeypatch.setattr(logging.Handler, "handleError", lambda _, record: failed.append(record))
    try:
        output.logs()
        output.note("a note")
        output.fail("an error")
        logging.getLogger("presswatch.test").warning("a warning")
        with output.progress() as show:
            show(Counts())
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    assert failed == []


def test_once_standard_error_takes_words_again_the_next_are_there_and_no_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    full = Full()
    monkeypatch.setattr("sys.stderr", full)
    output.note("lost")
    full.room = True
    output.note("kept")
    assert full.getvalue() == "kept\n"


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (timedelta(seconds=-1), ""),
        (timedelta(), "just now"),
        (timedelta(seconds=61), "1 minute ago"),
        (timedelta(minutes=59), "59 minutes ago"),
        (timedelta(minutes=60), "1 hour ago"),
        (timedelta(hours=47), "1 day ago"),
        (timedelta(days=200), "200 days ago"),
    ],
)
def test_an_age_is_told_in_words(passed: timedelta, words: str) -> None:
    assert output.age(NOW - passed, NOW) == words


@pytest.mark.parametrize(("number", "words"), [(0, "0 feeds"), (1, "1 feed"), (2, "2 feeds")])
def test_one_is_no_plural(number: int, words: str) -> None:
    assert output.counted(number, "feed") == words
