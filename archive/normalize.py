"""Text: what is stored, and what is compared.

Two things, kept apart on purpose:

* `clean` and `clean_line` make the text that is *stored*: NFC, without invisible controls, white space
  plain. It is "the original" that spans point into.
* `tokens` makes what is *compared*: folded words, each with the place in the original it came from. It
  takes any text (a corpus need not be clean), and the spans cut the text as it was given.

Folding is NFKD, casefold, marks dropped, one character at a time, so that a map back to the original is
a list of offsets. Marks are dropped rather than composed, so NFC and NFD input fold alike (UAX #15).
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass

# Soft hyphen, zero-width characters, bidi marks and embeddings, word joiner, byte order mark. They change
# nothing that a reader sees and hide words from a search.
_INVISIBLE = "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb"
_DROP = re.compile(f"[{_INVISIBLE}\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")
_LINE_END = re.compile("\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_BLANK = re.compile(r"[^\S\n]{2,}|[^\S\n ]")
_SURROGATE = re.compile("[\ud800-\udfff]")
MARKS = 30  # combining marks on one letter, as in the stream-safe format of UAX #15
_PILE = re.compile(rf"[^\w\s\x00-\u02ff]{{{MARKS + 1},}}")

# Nearly every text is clean as it comes, and one look finds that out: what the patterns above look for, but the
# plain spaces and line ends of which text is full, and runs in which there may be a pile.
_RARE = re.compile(
    f"[{_INVISIBLE}\x00-\x09\x0b-\x1f\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ud800-\udfff]"
)
_HIGH = re.compile(f"[^\x00-\u02ff]{{{MARKS + 1}}}")


def clean(text: str) -> str:
    """Return ``text`` as it is stored; paragraphs stay apart by one newline. Cleaning twice is cleaning once."""
    rare = _RARE.search(text)
    if rare:
        text = _LINE_END.sub("\n", _DROP.sub("", _SURROGATE.sub("\ufffd", text)))
    if not _is_latin(text):
        # Normalising sorts the marks of a letter in quadratic time: 40,000 on one letter took 1.7 s. What it
        # decomposes can make a pile higher, so it is cut before and after.
        text = _level(text)
        if not unicodedata.is_normalized("NFC", text):
            text = _level(unicodedata.normalize("NFC", text))
    if rare or "  " in text:
        text = _BLANK.sub(" ", text)
    if "\n\n" in text or " \n" in text or "\n " in text:
        text = "\n".join(filter(None, (line.strip(" ") for line in text.split("\n"))))
    return text.strip()


def _is_latin(text: str) -> bool:
    """Tell whether every character is below U+0100: no text of these has marks, or is normalised otherwise."""
    try:
        text.encode("latin-1")  # the quickest way to ask
    except UnicodeEncodeError:
        return False
    return True


def _level(text: str) -> str:
    return _PILE.sub(_cut, text) if _HIGH.search(text) else text


def _cut(pile: re.Match[str]) -> str:
    kept, height = [], 0
    for char in pile.group():
        # By category: U+0F73 has no combining class, and decomposes into two marks that have.
        height = height + 1 if unicodedata.category(char).startswith("M") else 0
        if height <= MARKS:
            kept.append(char)
    return "".join(kept)


def clean_line(text: str) -> str:
    """Return ``text`` as `clean` does, on one line: for titles, authors and names."""
    return clean(text).replace("\n", " ")


def joined(text: str, *others: str, said: str = "") -> str:
    """Return ``text`` with those lines of ``others`` below it that stand neither in it nor in ``said``.

    A phrase is found within one line, so what is found in any of them is found in what is returned.
    """
    lines = dict.fromkeys(line for other in others for line in other.split("\n"))
    new = lines.keys() - {"", *text.split("\n"), *said.split("\n")}
    return "\n".join((*((text,) if text else ()), *(line for line in lines if line in new)))


class _Folds(dict[int, str]):
    """`str.translate` table that learns each character on first sight."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        read_as = unicodedata.normalize("NFD", char).translate(_READ_AS)
        plain = unicodedata.normalize("NFKD", read_as).translate(_READ_AS)
        parts = unicodedata.normalize("NFKD", plain.casefold())
        fold = "".join(part for part in parts if unicodedata.category(part) != "Mn" and not _DROP.match(part))
        if len(_PLAIN_WORD.findall(fold)) > 1:
            # ½ is 1⁄2 and ㏂ is a.m.: two words cut from one character would overlap.
            fold = " "
        if len(fold) != 1:
            _IRREGULAR.add(char)
        self[code] = fold
        return fold


# Where NFKD would glue something to a word (Peru™ is not "PeruTM"), lose an apostrophe (Peru´s, Peruʼs), or make dots
# that no acronym has (EE…UU).
_READ_AS = str.maketrans({"\u2122": " ", "\u2120": " ", "\u00b4": "'", "\u02bc": "'", "\u2026": " "})
_PLAIN_WORD = re.compile(r"[^\W_]+")
_IRREGULAR: set[str] = set()
_FOLDS = _Folds()


def fold(text: str) -> str:
    """Return ``text`` folded for comparison: *Perú*, *PERU* and *peru* become one."""
    return text.translate(_FOLDS)


def fold_with_map(text: str) -> tuple[str, list[int] | None]:
    """Return the folded text, and for each of its characters the offset in ``text`` it came from.

    None stands for the identity: nearly all text folds character by character.
    """
    folded = text.translate(_FOLDS)
    if _IRREGULAR.isdisjoint(text):
        return folded, None
    lengths = [len(_FOLDS[ord(char)]) for char in text]
    offsets = [at for at, length in enumerate(lengths) for _ in range(length)]
    return folded, offsets


@dataclass(frozen=True, slots=True)
class Tokens:
    """The words of one text. Parallel lists: token *i* is ``words[i]``, cut from ``text[starts[i]:ends[i]]``.

    ``acronyms`` holds the places where a dotted or spaced form became one word; ``breaks`` the number of
    the paragraph that each token stands in, so that a phrase never runs over a paragraph's end.
    """

    text: str
    words: list[str]
    starts: list[int]
    ends: list[int]
    acronyms: frozenset[int]
    breaks: list[int]

    def surface(self, first: int, last: int) -> str:
        """Return the original text from token ``first`` to token ``last``, both included."""
        return self.text[self.starts[first] : self.ends[last]]


# One alternative a kind of word, the longest reading first. Underscores separate words (hashtags, slugs).
# doubled: EE.UU., EE. UU., FF.AA.   bare: EE UU   spaced: U. S.   dotted: U.S., U.S, a.m.
# money: the letters of US$ 500 and S$ are no word: nobody's troops are in them.
# number: 19,000 and 19.000 are the word 19000, so that "July 19" is not found in "July 19,000", and 5,000 finds 5.000.
_WORD = re.compile(
    r"""
      (?P<doubled> (?<![^\W_]) ([^\W\d_])\2 \.\x20{0,3} ([^\W\d_])\3 (?![^\W_]) \.? )
    | (?P<dotted>  (?<![^\W_]) (?: [^\W\d_]\.){1,5} [^\W\d_] (?![^\W_]) \.? )
    | (?P<spaced>  (?<![^\W_]) (?: [^\W\d_]\.\x20){1,4} [^\W\d_]\. (?![^\W_]) )
    | (?P<bare>    (?<![^\W_]) (?P<one>[^\W\d_])(?P=one) \x20 (?P<two>[^\W\d_])(?P=two) (?![^\W_]) )
    | (?P<money>   (?<![^\W_]) [^\W\d_]{1,3} (?=\$) )
    | (?P<number>  \d{1,3} (?: [.,]\d{3})+ (?![^\W_]) )
    | [^\W_]+
    """,
    re.VERBOSE,
)
_NOT_LETTERS = re.compile(r"[\W_]+")
# "Peru's" is Peru: the ending is no word of its own.
_POSSESSIVE = re.compile(r"['\u2019`]s(?![^\W_])")


def tokens(text: str) -> Tokens:
    """Return the words of ``text``, folded, with their places in it."""
    folded, offsets = fold_with_map(text)
    words: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    acronyms: set[int] = set()
    at = 0
    while found := _WORD.search(folded, at):
        start, end = found.span()
        word = found.group()
        kind = found.lastgroup
        if kind == "money":
            at = end
            continue
        if kind in ("doubled", "dotted", "spaced", "bare"):
            if kind in ("spaced", "bare") and not _capitals(text, offsets, start, end):
                # "plan b. a." in running text: only capitals make spaced letters an acronym.
                word = _PLAIN_WORD.match(folded, start)[0]  # type: ignore[index]
                end = start + len(word)
            else:
                acronyms.add(len(words))
                word = _NOT_LETTERS.sub("", word)
        elif kind == "number":
            word = _NOT_LETTERS.sub("", word)
        words.append(word)
        starts.append(start if offsets is None else offsets[start])
        ends.append(end if offsets is None else _end(text, offsets[end - 1]))
        possessive = _POSSESSIVE.match(folded, end)
        at = possessive.end() if possessive else end
    line_ends = [at for at, char in enumerate(text) if char == "\n"] if "\n" in text else []
    breaks = [bisect_right(line_ends, start) for start in starts] if line_ends else [0] * len(starts)
    return Tokens(text, words, starts, ends, frozenset(acronyms), breaks)


def word_at(text: str, folded: str, at: int) -> tuple[str, int, bool] | None:
    """Return the word that begins at ``at`` if it is no plain run of letters: its letters, its end, whether an acronym.

    That is a dotted or spaced form, a number with separators, or the letters before a $, which are no word. The text
    must fold character by character.
    """
    found = _WORD.match(folded, at)
    if found is None or found.lastgroup is None:
        return None
    if found.lastgroup == "money":
        return "", found.end(), False
    if found.lastgroup in ("spaced", "bare") and not _capitals(text, None, at, found.end()):
        return None
    if found.lastgroup == "number":
        return _NOT_LETTERS.sub("", found.group()), found.end(), False
    return _NOT_LETTERS.sub("", found.group()), found.end(), True


def _capitals(text: str, offsets: list[int] | None, start: int, end: int) -> bool:
    original = text[start:end] if offsets is None else text[offsets[start] : offsets[end - 1] + 1]
    return original.upper() == original


def _end(text: str, last: int) -> int:
    """Return the end of a span whose last character is at ``last``: its combining marks belong to it."""
    end = last + 1
    while end < len(text) and not _FOLDS[ord(text[end])] and not _DROP.match(text[end]):
        end += 1
    return end


_SENTENCE_END = re.compile(r"[.!?…]")


def ends_sentence(gap: str) -> bool:
    """Tell whether a sentence ends in ``gap``, what stands between two words."""
    found = _SENTENCE_END.search(gap)
    return found is not None and any(char.isspace() for char in gap[found.end() :])


__all__ = [
    "Tokens",
    "clean",
    "clean_line",
    "ends_sentence",
    "fold",
    "fold_with_map",
    "joined",
    "tokens",
    "word_at",
]
