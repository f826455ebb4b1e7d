"""A phrase, as an operator writes it: words in order, compiled for the matcher.

In a phrase four things mean something: ``*`` after a word (any ending), ``~`` after a word (one slip), ``+`` after a
word (all its forms), and capitals in a word of two or three letters (*US* is not *us*). Quotes around the whole are
taken off. Everything else is plain words: punctuation between them does not count.
"""

from __future__ import annotations

import re

from archive.errors import TopicError
from archive.normalize import clean_line, tokens
from archive.tree import Mode, Phrase, Word

STEM = 4  # letters that must stand before a *: shorter stems reach half the dictionary
SLIP = 6  # letters that a word with ~ must have: one slip turns a shorter one into too many others
MOST_LETTERS = 1_000  # of a phrase; a longer one is a text that was pasted by mistake
LONGEST_CAPITALS = 3  # letters of a word whose capitals may matter
_QUOTES = {'"': '"', "\u201c": "\u201d", "\u00ab": "\u00bb", "'": "'"}
_MARK = re.compile(r"[*~+](?![\w*~+])")
_STRAY = re.compile(r"[*~]")
_ANY_QUOTES = re.compile('["\u201c\u201d]')
_NEED = {
    "*": "a * may only end a word, as in peruan*",
    "~": "a ~ may only end a word, as in Boluarte~",
}


def compile_phrase(text: str, mode: Mode = Mode.FOLDED) -> Phrase:
    """Return the phrase that ``text`` means.

    Raises `TopicError` with the column (in ``text``, from 0) of what cannot be read.
    """
    inner, offset = _unquoted(text)
    if inner.count("\u201c") != inner.count("\u201d"):
        at = next(at for at, char in enumerate(inner) if char in "\u201c\u201d")
        message = (
            'half a pair of curly quotes: use straight ones ("copper, gold"), or a list splits at the comma'
        )
        raise TopicError(message, offset + at)
    if len(inner) > MOST_LETTERS:
        raise TopicError(f"a phrase has at most {MOST_LETTERS} characters", offset + MOST_LETTERS)
    cut = tokens(inner)
    # Where the words end, not where a letter stands before the mark: marks (NFD) and the s of Peru's differ.
    marks = {end: inner[end] for end in cut.ends if _MARK.match(inner, end)}
    if stray := next((found for found in _STRAY.finditer(inner) if found.start() not in marks), None):
        raise TopicError(_stray(inner, stray), offset + stray.start())
    if not cut.words:
        raise TopicError("there is no word in it", offset)
    # All of a phrase in capitals says nothing by its capitals, as in a headline: "MINISTERIO DE SALUD".
    shouted = inner.isupper() and max(map(len, cut.words)) > LONGEST_CAPITALS and len(cut.words) > 1
    words = []
    for number, fold in enumerate(cut.words):
        mark = marks.get(cut.ends[number], "")
        surface = cut.surface(number, number)
        if fault := _fault(surface, fold, mark, mode):
            raise TopicError(fault, offset + cut.starts[number])
        short = number in cut.acronyms or surface.isupper()
        capitals = short and 2 <= len(fold) <= LONGEST_CAPITALS and fold.isalpha() and not shouted
        words.append(Word(fold, mark, capitals, number in cut.acronyms))
    # Cleaned as stored text is, so that an exact hit is known for one however the phrase was typed.
    return Phrase(clean_line(_ANY_QUOTES.sub(" ", inner)), tuple(words), mode)


def plain(phrase: Phrase) -> str:
    """Return what an exact hit of ``phrase`` looks like in a text."""
    marks = [end for end in tokens(phrase.text).ends if _MARK.match(phrase.text, end)]
    chars = [char for at, char in enumerate(phrase.text) if at not in marks]
    return "".join(chars)


def _fault(surface: str, fold: str, mark: str, mode: Mode) -> str | None:
    """Return what is wrong with one word, None if nothing is."""
    if mark == "*" and len(fold) < STEM:
        return f"{surface}* is too short: write at least {STEM} letters before the *"
    if mark == "~" and len(fold) < SLIP:
        return (
            f"{surface}~ is too short: a word with ~ needs at least {SLIP} letters; write the spellings out"
        )
    if mark == "~" and not fold.isalpha():
        return f"{surface}~ is not made of letters alone: write the spellings out"
    if mark in ("~", "+") and mark and mode is not Mode.FOLDED:
        return f"{mark} cannot stand in {mode}(...): it takes the word as it is written"
    return None


def _stray(inner: str, found: re.Match[str]) -> str:
    following = re.match(r"\w+", inner[found.end() :])
    if found[0] == "*" and following and (found.start() == 0 or inner[found.start() - 1].isspace()):
        return f'a * cannot stand before a word (did you mean "{following[0]}*"?)'
    return _NEED[found[0]]


def _unquoted(text: str) -> tuple[str, int]:
    """Return ``text`` without the quotes around it, and how many characters were cut at its front."""
    stripped = text.strip()
    offset = len(text) - len(text.lstrip())
    if len(stripped) > 1 and _QUOTES.get(stripped[0]) == stripped[-1]:
        return stripped[1:-1], offset + 1
    return stripped, offset
