r"""A text, cut for the automaton: its folded words joined by single blanks, with the way back to the original.

    "Tropas de EE.UU., en Lima.\nDicen"  ─▶  b" tropas de eeuu en lima \n dicen "

A phrase is then found by looking for its bytes. A line feed is a word of its own, so no phrase runs over the end of a
paragraph. Places in `Cut.joined` are called offsets here; `Cut.start` and `Cut.end` lead back to the text.

Two ways lead there, and give the same (a law that the tests hold). The general way is `archive.normalize.tokens`. The
short way is for text whose characters all stand in Windows-1252 and fold to one character each, which is nearly all
English and Spanish text: bytes are translated by a table, and numpy squeezes the blanks, in a tenth of the time.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from archive.normalize import fold, tokens, word_at

_BLANK, _LINE, _GONE = 0x20, 0x0A, 0x00
_APOSTROPHES = "'\u2019`"


def _tables() -> tuple[bytes, bytes]:
    """Return what each byte of Windows-1252 folds to (``!`` for signs), and the bytes that need the general way."""
    folds, odd = bytearray(b"!" * 256), bytearray()
    for code in range(256):
        char = bytes([code]).decode("cp1252", "replace")
        folded = "'" if char in _APOSTROPHES else fold(char)
        if char == "\ufffd" or len(folded) != 1 or (folded.isalnum() and not folded.isascii()):
            odd.append(code)
        elif folded.isascii():
            folds[code] = ord(folded)
    return bytes(folds), bytes(odd)


class _Like(dict[int, str]):
    """`str.translate` table: for a character outside of Windows-1252 one of it that is read alike, if there is any."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        folded = fold(char)
        if char.encode("cp1252", "ignore"):
            pass  # it is inside
        elif len(folded) == 1 and (folded.isascii() or not folded.isalnum()):
            char = folded if folded.isascii() else "!"
        self[code] = char
        return char


_LIKE = _Like()


def _classes(letter: str, digit: str, other: dict[str, str]) -> bytes:
    chars = map(chr, range(128))
    return (
        "".join(
            letter or c if c.isalpha() else digit or c if c.isdigit() else other.get(c, " ") for c in chars
        ).encode()
        + b" " * 128
    )


_FOLDED, _ODD = _tables()
_WORDS = _classes("", "", {"\n": "\n", "\x00": "\x00"})  # of what is folded: words stay, the rest is blank
_KINDS = _classes("a", "0", {".": ".", ",": ","})  # of what is folded: what kind of character it is
# What stands in a number with separators, in kinds.
_NUMBERS = (b"0.000", b"0,000")


class Cut:
    """One text as the automaton reads it. ``acronyms``: offsets of words that were written with dots or blanks."""

    __slots__ = ("_acronyms", "_at", "_ends", "_numbers", "_order", "_starts", "acronyms", "joined", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.acronyms: frozenset[int] = frozenset()
        self._acronyms: list[int] | None = None
        self._numbers: npt.NDArray[np.int64] | None = None
        self._at: npt.NDArray[np.int64] | None = None
        self._order: tuple[list[int], list[int]] | None = None
        self._starts: dict[int, int] = {}
        self._ends: dict[int, int] = {}
        self.joined = b"  "
        if not self._short():
            self._general()

    def start(self, offset: int) -> int:
        """Return where in the text the word begins that begins at ``offset``."""
        return self._at.item(offset) if self._at is not None else self._starts[offset]

    def end(self, offset: int) -> int:
        """Return where in the text the word ends that ends before ``offset``."""
        return self._at.item(offset - 1) + 1 if self._at is not None else self._ends[offset]

    def span(self, begin: int, end: int) -> tuple[int, int]:
        """Return `start` and `end` of some words."""
        if self._at is None:
            return self._starts[begin], self._ends[end]
        return self._at.item(begin), self._at.item(end - 1) + 1

    def offset(self, at: int) -> int:
        """Return the offset of the first word that begins at ``at`` in the text, or later."""
        if self._at is not None:
            return int(np.searchsorted(self._at, at))
        if self._order is None:
            self._order = list(self._starts), list(self._starts.values())
        offsets, starts = self._order
        return offsets[bisect_left(starts, at)]

    def number(self, offset: int) -> int:
        """Return how many words stand before the one at ``offset``: distances count these."""
        if self._numbers is None:
            joined = np.frombuffer(self.joined, dtype=np.uint8)
            # A line feed stands between two blanks, and is no word.
            self._numbers = np.cumsum(joined == _BLANK) - np.cumsum(joined == _LINE)
        return self._numbers.item(offset)

    def has_acronym(self, begin: int, end: int) -> bool:
        """Tell whether an acronym begins among the words from ``begin`` to ``end``."""
        if not self.acronyms:
            return False
        if self._acronyms is None:
            self._acronyms = sorted(self.acronyms)
        at = bisect_left(self._acronyms, begin)
        return at < len(self._acronyms) and self._acronyms[at] < end

    def word_end(self, offset: int) -> int:
        """Return the offset after the word that ``offset`` lies in."""
        return self.joined.index(b" ", offset)

    # --- the short way ----------------------------------------------------------------------------------------

    def _short(self) -> bool:
        try:
            raw = self.text.encode("cp1252")
        except UnicodeEncodeError:
            try:
                raw = self.text.translate(_LIKE).encode("cp1252")
            except UnicodeEncodeError:
                return False
        if len(raw.translate(None, _ODD)) != len(raw):
            return False
        folded = raw.translate(_FOLDED)
        acronyms: list[int] = []
        if edits := list(_edits(self.text, folded)):
            whole = bytearray(folded)
            for start, end, word, acronym in edits:
                if word and folded[end : end + 1].isalnum():
                    return False  # U.S.Peru: two words with nothing between them to part them by
                # Its first and last letter stand where what was written begins and ends; what is between them goes.
                letters = word.encode()
                gap = bytes(end - start - len(letters))
                whole[start:end] = letters[:-1] + gap + letters[-1:] if word else b"!" * len(gap)
                if acronym:
                    acronyms.append(start)
            folded = bytes(whole)
        plain = folded.translate(_WORDS)
        line_feeds = b"\n" in plain
        if line_feeds:
            plain = plain.replace(b"\n", b" \n ")
        chars = np.frombuffer(b" " + plain + b" ", dtype=np.uint8)
        blank = chars == _BLANK
        keep = np.empty(len(chars), dtype=bool)
        keep[0] = True
        np.logical_not(blank[1:] & blank[:-1], out=keep[1:])
        if acronyms or b"\x00" in plain:
            keep &= chars != _GONE
        at = keep.nonzero()[0]
        self.joined = chars.take(at).tobytes()
        if line_feeds:
            # The two blanks that were put around a line feed are in no text.
            feeds = np.cumsum(chars == _LINE, dtype=np.int64)
            feeds += feeds
            at -= feeds.take(at)
        at -= 1
        self._at = at
        if acronyms:
            self.acronyms = frozenset(int(np.searchsorted(at, start)) for start in acronyms)
        return True

    # --- the general way --------------------------------------------------------------------------------------

    def _general(self) -> None:
        cut = tokens(self.text)
        parts = [b""]
        offset, line = 1, 0
        acronyms = []
        for number, word in enumerate(cut.words):
            if cut.breaks[number] != line:
                line = cut.breaks[number]
                parts.append(b"\n")
                offset += 2
            letters = word.encode("utf-8", "surrogatepass")
            parts.append(letters)
            self._starts[offset] = cut.starts[number]
            if number in cut.acronyms:
                acronyms.append(offset)
            offset += len(letters)
            self._ends[offset] = cut.ends[number]
            offset += 1
        parts.append(b"")
        self.joined = b" ".join(parts) if cut.words else b"  "
        self.acronyms = frozenset(acronyms)


def _edits(text: str, folded: bytes) -> Iterator[tuple[int, int, str, bool]]:
    """Yield where a word is not a plain run of letters: start, end, its letters (none: no word), whether an acronym.

    Their signs are rare, and looked for in ways that cost next to nothing where there are none.
    """
    starts = {*_dotted(folded), *_numbers(folded), *_money(folded)}
    possessives = list(_possessives(folded))
    if not starts and not possessives:
        return
    for start in possessives:
        yield start, start + 2, "", False
    plain, done = folded.decode("ascii"), 0
    skip = {start + 1 for start in possessives}
    for start in sorted(starts):
        if start < done or start in skip:
            continue
        if found := word_at(text, plain, start):
            word, done, acronym = found
            yield start, done, word, acronym
            if word and _POSSESSIVE.match(folded, done):
                yield done, done + 2, "", False


def _dotted(folded: bytes) -> list[int]:
    """Return where an acronym may begin: at one letter and a dot, as in U.S., or at two equal letters, as in EE. UU."""
    chars = np.frombuffer(b" " + folded + b"  ", dtype=np.uint8)
    free = np.frombuffer(b" " + folded.translate(_WORDS) + b"  ", dtype=np.uint8) <= _BLANK
    begins = free[:-3] & ~free[1:-2]
    one = begins & (chars[2:-1] == ord("."))
    two = begins & free[3:] & (chars[1:-2] == chars[2:-1])
    found: list[int] = (one | two).nonzero()[0].tolist()
    return [at for at in found if folded[at] > ord("9")]


def _money(folded: bytes) -> Iterator[int]:
    at = folded.find(b"$")
    while at >= 0:
        start = at
        while start and folded[start - 1 : start].isalpha():
            start -= 1
        if start < at and not folded[start - 1 : start].isdigit():
            yield start
        at = folded.find(b"$", at + 1)


def _numbers(folded: bytes) -> Iterator[int]:
    kinds = b" " + folded.translate(_KINDS)
    for sign in _NUMBERS:
        at = kinds.find(sign)
        while at >= 0:
            before = at
            while kinds[before] == ord("0"):
                before -= 1
            if kinds[before] != ord("a"):
                yield before
            at = kinds.find(sign, at + 1)


_POSSESSIVE = re.compile(rb"'s(?![a-z0-9])")


def _possessives(folded: bytes) -> Iterator[int]:
    at, end = folded.find(b"'s"), -1
    while at >= 0:
        if at and at != end and folded[at - 1 : at].isalnum() and _POSSESSIVE.match(folded, at):
            yield at
            end = at + 2  # what is taken off is taken off once: Peru's's
        at = folded.find(b"'s", at + 1)


def words(text: str) -> list[str]:
    """Return the folded words of ``text``, line feeds left out."""
    return re.findall(r"[^ \n]+", Cut(text).joined.decode("utf-8", "surrogatepass"))
