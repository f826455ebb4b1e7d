"""How results are printed: what strangers wrote is shown, and obeyed by no terminal."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta

import pytest

from crawler.cli import output

NOW = datetime(2026, 7, 19, 12, tzinfo=UTC)
HOSTILE = "a\x00\x07\x1b[31m\x7f\x80\x9b31m\x9f\u2028é😀\ud800b"


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
