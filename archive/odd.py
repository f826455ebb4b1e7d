"""Texts that the full-text index may hold otherwise than we read them, and how they are written for it to look up.

The index is `unicode61 remove_diacritics 2`. It takes *ß* and *º* as they stand, cuts a word at a soft hyphen, and
what its old Unicode does not know is a letter to it. Which characters both read alike is said here by rules that are on
the safe side; a test holds them against FTS5 itself. An odd text stands once more in an index of its own, word by word.
"""

from __future__ import annotations

import re
import unicodedata

from archive.normalize import fold, tokens

FOREIGN = "\u01c3"
"""Stands for a letter that is not ASCII, in a word with others that are; itself a letter."""

LONGEST = 4  # letters of an acronym that is looked for; longer ones, which are rare, make a text odd
# N.A.A.C.P., N. A. A. C. P.: from its first dot on, since a search that begins with one character is quick.
_LONG_ACRONYM = re.compile(
    r"\.(?:(?<=[\W_][^\W\d_]\.)|(?<=\A[^\W\d_]\.))(?:[^\w.]?[^\W\d_]\.){3}[^\w.]?[^\W\d_](?![^\W_])"
)
_OLD = unicodedata.ucd_3_2_0
# The Latin letters of Europe and Vietnam: of some others the index does not take the marks off.
_LATIN = ((0x00, 0x17F), (0x1E00, 0x1EFF))
# Pictures that stand in headlines, and were there before the index learnt its characters.
_PICTURES = (
    (0x1F300, 0x1F320),
    (0x1F3A0, 0x1F3C4),
    (0x1F442, 0x1F4F7),
    (0x1F500, 0x1F53D),
    (0x1F600, 0x1F640),
)


class _Plain(dict[str, bool]):
    """Whether the index and we read a character alike; learnt on first sight."""

    def __missing__(self, char: str) -> bool:
        self[char] = found = _is_plain(char)
        return found


def _is_plain(char: str) -> bool:
    folded = fold(char)
    if len(folded) != 1:
        return False
    if not folded.isalnum():
        # To the index a character that it does not know is a letter, and it knows those of an old Unicode.
        sign = _OLD.category(char)[0] in "PSZ" or char == "\n" or _within(char, _PICTURES)
        return sign and folded in (char, " ", "'")
    letter, *marks = list(unicodedata.normalize("NFD", char))
    return (
        letter.lower() == folded
        and folded.isascii()
        and (bool(marks) or char.isascii())
        and all(unicodedata.category(mark) == "Mn" for mark in marks)
        and _within(char, _LATIN)
    )


def _within(char: str, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= ord(char) <= last for first, last in ranges)


_PLAIN = _Plain()
# Of nearly all texts, one look says that all their characters are plain.
_UNUSUAL = re.compile(
    "[^"
    + re.escape("".join(char for char in map(chr, (*range(0x180), *range(0x2010, 0x2028))) if _PLAIN[char]))
    + "]"
)


def is_odd(*texts: str) -> bool:
    """Tell whether the index may hold other words of these texts than we would find in them."""
    return any(
        (_UNUSUAL.search(text) is not None and not all(map(_PLAIN.__getitem__, set(text))))
        or _LONG_ACRONYM.search(text) is not None
        for text in texts
    )


def as_read(text: str) -> str:
    """Return the words of an odd text as they stand in the index of odd articles."""
    return " ".join(map(spelled, tokens(text).words))


def spelled(word: str) -> str:
    """Return a word as an index can look it up. Letters that are not ASCII, among others that are, become one.

    So that a slip which puts one there can be written down. Words of another alphabet stay as they are, as far as
    their letters were known when the index learnt them.
    """
    if word.isascii():
        return word
    mixed = any(map(str.isascii, word))
    return "".join(
        char if char.isascii() or (not mixed and _OLD.category(char)[0] in "LN") else FOREIGN for char in word
    )
