"""A topic: what an operator looks for, written as phrases, compiled for the matcher.

A phrase is words in order. Three things in it mean something: a trailing ``*`` on a word (any
ending, four letters before it at least), quotes around the whole, and capitals in a word of two or three
letters (*US* is not *us*). Everything else is plain words: punctuation between them does not count.

The query language of a later version compiles to the same `Topic`; ``~`` and dates have their place here.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass

from archive.errors import TopicError
from archive.normalize import clean_line, tokens

STEM = 4  # letters that must stand before a *: shorter stems reach half the dictionary
_QUOTES = {'"': '"', "\u201c": "\u201d", "\u00ab": "\u00bb", "'": "'"}
_STAR = re.compile(r"\*(?!\w)")


@dataclass(frozen=True, slots=True)
class Term:
    """One phrase as the operator wrote it, and the language it stands under (None: any)."""

    text: str
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicSpec:
    """A topic as the operator wrote it. ``match`` and ``no_match`` are its examples."""

    topic_id: str
    title: str
    terms: tuple[Term, ...]
    exclude: tuple[str, ...] = ()
    match: tuple[str, ...] = ()
    no_match: tuple[str, ...] = ()

    @property
    def definition(self) -> str:
        """What it looks for, as canonical JSON: titles and examples change nothing about matching."""
        parts = {"terms": [asdict(term) for term in self.terms], "exclude": list(self.exclude)}
        return json.dumps(parts, ensure_ascii=False, sort_keys=True)

    @property
    def version(self) -> str:
        """The name of this definition: the same words have the same version on every machine."""
        return hashlib.sha256(self.definition.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a phrase, folded. ``capitals``: the text must write it in capitals, or as an acronym."""

    fold: str
    prefix: bool = False
    capitals: bool = False
    acronym: bool = False


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words in order. ``text`` is its canonical form; ``plain`` what an exact hit looks like."""

    text: str
    plain: str
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Topic:
    """A compiled topic, ready for the matcher."""

    topic_id: str
    title: str
    version: str
    phrases: tuple[Phrase, ...]
    exclude: tuple[Phrase, ...]


def compile_phrase(text: str) -> Phrase:
    """Return the phrase that ``text`` means.

    Raises `TopicError` with the column of what cannot be read.
    """
    inner, offset = _unquoted(text)
    if inner.count("\u201c") != inner.count("\u201d"):
        at = next(at for at, char in enumerate(inner) if char in "\u201c\u201d")
        message = (
            'half a pair of curly quotes: use straight ones ("copper, gold"), or a list splits at the comma'
        )
        raise TopicError(message, offset + at)
    if "~" in inner:
        message = "~ (one slip allowed) is not read by this version: write the spellings out, one a line"
        raise TopicError(message, offset + inner.index("~"))
    cut = tokens(inner)
    # Where the words end, not where a letter stands before the *: marks (NFD) and the s of Peru's differ.
    stars = [end for end in cut.ends if _STAR.match(inner, end)]
    if stray := [at for at, char in enumerate(inner) if char == "*" and at not in stars]:
        raise TopicError("a * may only end a word, as in peruan*", offset + stray[0])
    if not cut.words:
        raise TopicError("there is no word in it", offset)
    words = []
    for number, word in enumerate(cut.words):
        prefix = cut.ends[number] in stars
        surface = cut.surface(number, number)
        if prefix and len(word) < STEM:
            message = f"{surface}* is too short: write at least {STEM} letters before the *"
            raise TopicError(message, offset + cut.starts[number])
        short = number in cut.acronyms or surface.isupper()
        capitals = short and 2 <= len(word) <= 3 and word.isalpha() and not prefix
        words.append(Word(word, prefix, capitals, number in cut.acronyms))
    # Cleaned as stored text is, so that an exact hit is known for one however the phrase was typed.
    return Phrase(clean_line(inner), clean_line(inner.replace("*", "")), tuple(words))


def compile_topic(spec: TopicSpec) -> Topic:
    """Return ``spec`` ready for the matcher; raises `TopicError` for the first phrase that cannot be read."""
    return Topic(
        spec.topic_id,
        spec.title,
        spec.version,
        tuple(compile_phrase(term.text) for term in spec.terms),
        tuple(compile_phrase(text) for text in spec.exclude),
    )


def _unquoted(text: str) -> tuple[str, int]:
    """Return ``text`` without the quotes around it, and how many characters were cut at its front."""
    stripped = text.strip()
    offset = len(text) - len(text.lstrip())
    if len(stripped) > 1 and _QUOTES.get(stripped[0]) == stripped[-1]:
        return stripped[1:-1], offset + 1
    return stripped, offset
