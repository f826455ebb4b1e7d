"""Sentences: the one around some words, and as much of it as there is room for. Pure.

Guessed from stops and capitals, for people to read; nothing is matched by it, and a text without a stop costs no more
than one with many.
"""

from __future__ import annotations

import re

# Where a sentence ends: a stop, perhaps closing marks, and a start that is not a small letter.
_STOP = re.compile(r"(?:[.!?…][\"”’»)\]]*\s+(?=[^\sa-zà-ÿ])|\n+)")
# "EE. UU.", "Sr. Castillo", "U.S. troops": a stop after these says nothing about sentences.
_SHORT = re.compile(r"(?:^|[\s(\"“«])(?:[A-ZÁÉÍÓÚÑ][\w]{0,2}|\w\.\w)$")


def excerpt(text: str, start: int, end: int, most: int, before: int) -> tuple[int, int, bool, bool]:
    """Return the ends of what to show of the sentence around a span, and whether something is cut off at either end.

    ``most`` characters are shown, of which ``before`` may stand before the span where all do not fit.
    """
    low, high = sentence(text, start, end)
    opened = closed = False
    if high - low > most:
        if start - low > before and min(high, end) - low > most - before:
            low, opened = word_after(text, start - before, start), True
        if high - low > most:
            high, closed = word_before(text, low + most, max(end, low)), True
    return low, high, opened, closed


def sentence(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the ends of the sentence of ``text`` that holds the span, without the white space around it."""
    low, high = 0, len(text)
    # Nobody writes sentences of 2,000 letters; texts of a megabyte without a stop do come.
    window = max(0, start - 2000)
    for stop in _STOP.finditer(text, window, min(len(text), end + 2000)):
        if re.match(r"\.\s", stop[0]) and _SHORT.search(text, max(window, stop.start() - 8), stop.start()):
            continue
        if stop.end() <= start:
            low = stop.end()
        elif stop.start() >= end and stop.end() > low + 1:
            high = stop.end()
            break
    while low < high and text[low].isspace():
        low += 1
    while high > low and text[high - 1].isspace():
        high -= 1
    return low, high


def word_after(text: str, position: int, latest: int) -> int:
    """Return the first start of a word in [position, latest], ``position`` itself where there is none."""
    found = re.compile(r"\s+").search(text, position, latest)
    return found.end() if found else position


def word_before(text: str, position: int, earliest: int) -> int:
    """Return the last end of a word in [earliest, position], ``position`` itself where there is none."""
    for index in range(position, max(earliest, position - 60) - 1, -1):
        if index < len(text) and text[index].isspace():
            return index
    return position
