"""The language that a text is in, by its words.

A text is in a language when many of its words are among that language's most frequent ones, and fewer among those of
any other; so are its parts. What is short, mixed, or in a language without a list is in none that is known: precision
before all. The lists are jusText's, which comes with trafilatura: 50,000 words, 15 MB, half a millisecond a text.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from itertools import chain

from justext.utils import get_stoplist

_WORD = re.compile(r"[^\W\d_]+")

# Those in which sources write, and what might be taken for one of them.
_LISTS = {
    "ar": "Arabic", "ca": "Catalan", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek", "en": "English",
    "es": "Spanish", "fi": "Finnish", "fr": "French", "gl": "Galician", "hu": "Hungarian", "id": "Indonesian",
    "it": "Italian", "nl": "Dutch", "no": "Norwegian_Bokmal", "pl": "Polish", "pt": "Portuguese", "qu": "Quechua",
    "ro": "Romanian", "ru": "Russian", "sv": "Swedish", "tr": "Turkish", "uk": "Ukrainian",
}  # fmt: skip

FEWEST = 60
"""Words below which no language is told: a quote in a caption, a list of names."""

MOST = 1_000
"""Words that are looked at, evenly from the whole text."""

_SHARE = 0.33  # of the words, at least; of Spanish and English news it is about half
_LEAD = 1.1  # over the next language; Spanish has 1.3 over Galician, and a text half Spanish, half English has none
_PIECES = 4  # of a text, each of which must be in the language as well, or in none


def detect(text: str) -> str | None:
    """Return the language that ``text`` is in, None where that is not certain."""
    words = _WORD.findall(text.lower())
    if len(words) < FEWEST:
        return None
    words = words[:: len(words) // MOST + 1]
    size = len(words) // _PIECES
    pieces = [_counts(words[at : at + size]) for at in range(0, size * _PIECES, size)]
    whole = _best(sum(pieces, Counter()), size * _PIECES)
    return whole if whole and all(_best(piece, size) in (None, whole) for piece in pieces) else None


def _counts(words: list[str]) -> Counter[str]:
    lists = _frequent()
    return Counter(chain.from_iterable(lists[word] for word in words if word in lists))


def _best(counts: Counter[str], words: int) -> str | None:
    (first, most), (_, next_) = (*counts.most_common(2), ("", 0), ("", 0))[:2]
    return first if most >= _SHARE * words and most >= _LEAD * next_ and most else None


@cache
def _frequent() -> dict[str, tuple[str, ...]]:
    """Return the frequent words, each with the languages that it is frequent in."""
    found: dict[str, list[str]] = {}
    for language, name in _LISTS.items():
        for word in get_stoplist(name):
            found.setdefault(word.lower(), []).append(language)
    return {word: tuple(languages) for word, languages in found.items()}
