"""Where a letter of a YAML text stands in the file: quotes, escapes, indentation and folded lines come between.

YAML changes white space only (and what is escaped), so the letters that are no white space are the same in the file
and in the value, one after another: the n-th of the value is the n-th of the file. Nothing here reads a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_BLANK = frozenset(" \t\r\n")
_LINE_END = re.compile("\r\n?|\n")
_ESCAPE = re.compile(r"\\(?:x(..)|u(.{4})|U(.{8})|(\r\n|.))", re.DOTALL)
_NAMED = {"0": "\0", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
          "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    """A scalar: ``raw`` as the file shows it, from its quote or ``|`` on, its style, and the value that it means."""

    raw: str
    style: str
    value: str


def locate(shown: Shown, column: int) -> tuple[int, int]:
    """Return where the code point ``column`` of the value stands: lines below the beginning, characters before it.

    The characters are counted from the beginning of the scalar in its first line, and of the line in the others.
    What cannot be found is taken to stand at the beginning.
    """
    value = shown.value
    column = min(max(column, 0), len(value))
    letters = list(_letters(shown))
    if [char for _, char in letters] != [char for char in value if char not in _BLANK]:
        return 0, 0
    number = sum(char not in _BLANK for char in value[:column])
    if column < len(value) and value[column] not in _BLANK:
        at = letters[number][0]
    elif number:
        # White space, or the end: as far behind the letter before it as in the value, if the file has it so too.
        before = next(at for at in range(column - 1, -1, -1) if value[at] not in _BLANK)
        behind = _after(shown, letters[number - 1][0])
        gap = column - before - 1
        blanks = re.match(r"[ \t]*", shown.raw[behind:])
        at = behind + min(gap, len(blanks[0]) if blanks else 0)
    else:
        return 0, 0
    breaks = list(_LINE_END.finditer(shown.raw, 0, at))
    return len(breaks), at - (breaks[-1].end() if breaks else 0)


def _letters(shown: Shown) -> Iterator[tuple[int, str]]:
    """Yield each character of the value that is no white space, and where ``raw`` shows it."""
    raw, style = shown.raw, shown.style
    at, end = 0, len(raw)
    if style in ("|", ">"):
        first = _LINE_END.search(raw)
        at = first.end() if first else end
        end = _end_of_block(shown, at)
    elif style in ("'", '"'):
        at, end = 1, end - 1
    while at < end:
        char, following = raw[at], at + 1
        if style == '"' and (found := _ESCAPE.match(raw, at)):
            char, following = _escaped(found), found.end()
        elif style == "'" and raw.startswith("''", at):
            following = at + 2
        if char not in _BLANK:
            yield at, char
        at = following


def _end_of_block(shown: Shown, at: int) -> int:
    """Return where the letters of a block end: what its node holds below may be comments."""
    wanted = sum(char not in _BLANK for char in shown.value)
    for end in range(at, len(shown.raw)):
        if shown.raw[end] not in _BLANK:
            wanted -= 1
        if wanted < 0:
            return end
    return len(shown.raw)


def _after(shown: Shown, at: int) -> int:
    if shown.style == '"' and (found := _ESCAPE.match(shown.raw, at)):
        return found.end()
    return at + (2 if shown.style == "'" and shown.raw.startswith("''", at) else 1)


def _escaped(found: re.Match[str]) -> str:
    code = found[1] or found[2] or found[3]
    if code:
        return chr(int(code, 16))
    return _NAMED.get(found[4], found[4])[-1]
