r"""The tree of a topic, as an FTS5 query that misses no article which the matcher would find.

    boluarte~ AND (tropas de EE.UU.)  ─▶  ("boluarte" OR "bolurte" OR …) AND NEAR("tropas" "de" "ee uu", …) …

It may find more: what it finds are candidates, and the matcher decides. Each part of a tree becomes an expression, or
None where the index cannot tell, so that any article may have it.

The index (`unicode61 remove_diacritics 2`) cuts words by its own rules. What our own make one word of it holds as
several, next to each other: *U.S.* as "u s", *EE. UU.* as "ee uu", *19,000* as "19 000", *Peru's* as "peru s"; so a
word is looked for in each of these ways. Where letters themselves are read otherwise (*ß*, *½*, *º*, a soft hyphen,
other alphabets) no query can help. Such a text is odd (`is_odd`), and stands once more in an index of its own, word by
word as we read it (`as_read`). One query serves both.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from math import prod
from string import ascii_lowercase, digits
from typing import NamedTuple

from archive.datewords import numbers, spellings
from archive.facts import Facts
from archive.months import REACH, names_of
from archive.normalize import fold, tokens
from archive.topic import Topic
from archive.tree import ATTRIBUTES, PLACES, And, Date, In, Near, Node, Not, Or, Phrase, Ref, Word

MOST_CHARACTERS = 500_000
"""Of a query. What is longer is no help: SQLite takes as long for it as for reading the articles."""

_MOST_MIXED = (
    16  # ways in which all words of a phrase can be written together; beyond, only that all are there
)
_FARTHEST = REACH // 2
_LINKS = frozenset({"de", "of", "the", "d"})
_FOREIGN = "\u01c3"  # stands for a letter that is not ASCII, in a word with others that are; itself a letter
_LETTERS = ascii_lowercase + digits + _FOREIGN


def candidates(topic: Topic, topics: Mapping[str, Topic], languages: Iterable[str] = ()) -> str | None:
    """Return the FTS5 query that finds, in both indexes, all articles which ``topic`` matches.

    None: it cannot be restricted. ``topics``: those that it may refer to. ``languages``: all that articles are in, for
    the names of months.
    """
    query = _Compiler(topics, frozenset(languages)).topic(topic)
    return query if query is None or len(query) <= MOST_CHARACTERS else None


class _Way(NamedTuple):
    """One way in which the index may hold a word: its own words, next to each other. ``open``: any ending."""

    words: tuple[str, ...]
    open: bool = False

    def __str__(self) -> str:
        return f'"{" ".join(self.words)}"' + (" *" if self.open else "")


class _Compiler:
    def __init__(self, topics: Mapping[str, Topic], languages: frozenset[str]) -> None:
        self._topics = topics
        self._languages = languages
        self._done: dict[str, str | None] = {}

    def topic(self, topic: Topic) -> str | None:
        # What it excludes only takes away.
        return _all(self._node(node, topic) for node in (topic.tree, *topic.require))

    def _node(self, node: Node, topic: Topic) -> str | None:
        match node:
            case Phrase():
                return _phrase(node, topic.facts)
            case Date():
                return _date(node, topic.languages, self._languages)
            case Ref(topic_id):
                if topic_id not in self._done:
                    self._done[topic_id] = self.topic(self._topics[topic_id])
                return self._done[topic_id]
            case In(place, child):
                part = None if place in ATTRIBUTES else self._node(child, topic)  # attributes are in no index
                return None if part is None else f"({{{' '.join(PLACES[place])}}} : {part})"
            case Or(children):
                return _any(self._node(child, topic) for child in children)
            case And(children) | Near(operands=children):
                return _all(self._node(child, topic) for child in children)
            case Not():
                return None


def _any(parts: Iterable[str | None]) -> str | None:
    found: dict[str, None] = {}
    for part in parts:
        if part is None:
            return None
        found[part] = None
    return _joined(" OR ", found)


def _all(parts: Iterable[str | None]) -> str | None:
    found = dict.fromkeys(part for part in parts if part is not None)
    return _joined(" AND ", found) if found else None


def _joined(joint: str, parts: Iterable[str]) -> str:
    texts = list(parts)
    return texts[0] if len(texts) == 1 else f"({joint.join(texts)})"


# --- phrases ----------------------------------------------------------------------------------------------


def _phrase(phrase: Phrase, facts: Facts | None) -> str | None:
    ways = [list(dict.fromkeys(_marked(word, facts or Facts()))) for word in phrase.words]
    if len(ways) > 1 and prod(map(len, ways)) <= _MOST_MIXED:
        return _any(_close(mixed) for mixed in product(*ways))
    return _all(_any(map(str, way)) for way in ways)


def _close(ways: Sequence[_Way], slack: int | None = None) -> str:
    """Return the query for words that are next to each other to us.

    Then between the first and the last stand those in the middle, and the s of each possessive at most.
    """
    if len(ways) == 1:
        return str(ways[0])
    if slack is None:
        slack = sum(len(way.words) for way in ways) + len(ways)
    return f"NEAR({' '.join(map(str, ways))}, {slack})"


def _marked(word: Word, facts: Facts) -> Iterator[_Way]:
    match word.mark:
        case "*":
            yield from _beginnings(word.fold)
        case "+":
            for form in sorted({word.fold, *facts.forms.get(word.fold, ())}):
                yield from _ways(form)
        case "~" if word.fold.isascii():
            # Every word one slip away, and not only those in the archive: looking for what is not there costs next
            # to nothing, reading the vocabulary costs more than the query.
            for slip in sorted(_slips(word.fold) - facts.near.get(word.fold, frozenset())):
                yield _Way((slip,))
        case "~":
            # Nobody can write down all letters that there are; but a slip leaves the first one as it is.
            yield from (_Way((first,), open=True) for first in (word.fold[0], _FOREIGN))
        case _:
            yield from _ways(word.fold)


def _ways(word: str) -> Iterator[_Way]:
    """Yield how the index holds a word of ours."""
    yield _Way((_spelled(word),))
    if not word.isascii():
        return
    if word.isalpha() and 2 <= len(word) <= _LONGEST:
        yield _Way(tuple(word))
    if word.isalpha() and len(word) == 4 and word[0] == word[1] and word[2] == word[3]:
        yield _Way((word[:2], word[2:]))
    if word.isdigit() and len(word) > 3:
        yield _Way(_thousands(word, len(word) % 3 or 3))


def _beginnings(stem: str) -> Iterator[_Way]:
    """Yield how the index holds words that begin with ``stem``, which has four letters or more."""
    yield _Way((_spelled(stem),), open=True)
    if not any(map(str.isascii, stem)):
        yield _Way((_FOREIGN * len(stem),), open=True)  # its word may go on in ASCII
    if stem.isascii() and stem.isdigit():
        yield from (_Way(_thousands(stem, first), open=True) for first in (1, 2, 3))
    else:
        yield from (way for way in _ways(stem) if len(way.words) > 1)


def _thousands(number: str, first: int) -> tuple[str, ...]:
    return (number[:first], *(number[at : at + 3] for at in range(first, len(number), 3)))


def _slips(word: str) -> set[str]:
    """Return ``word`` and all that is one slip from it (`archive.facts.one_slip`)."""
    found = {word}
    for at in range(1, len(word) + 1):
        front, back = word[:at], word[at:]
        found |= {f"{front}{letter}{back}" for letter in _LETTERS}
        if back:
            found.add(front + back[1:])
            found |= {f"{front}{letter}{back[1:]}" for letter in _LETTERS}
            found.add(front + back[1:2] + back[:1] + back[2:])
    return found


# --- days -------------------------------------------------------------------------------------------------


def _date(date: Date, languages: Sequence[str], articles: Iterable[str]) -> str | None:
    """Return the query for a day: its number beside a name of its month, or two numbers side by side.

    In a list or a range the month stands as far away as `archive.months.REACH` characters, which are half as many words
    at most, in any article's language.
    """
    months = sorted(
        {name for lang in (None, *articles) for name in names_of(date.month, lang) if name.isalnum()}
    )
    found: dict[tuple[str, ...], int | None] = {}
    for text in spellings(date, languages):
        found[tuple(word for word in tokens(text).words if word not in _LINKS)] = _FARTHEST
    for text in numbers(date):
        words = tuple(tokens(text).words)
        if len(words) > 1:
            found[words] = None
        else:
            found.update({(*words, month): _FARTHEST for month in months})
    return _any(_close([_Way((_spelled(word),)) for word in words], slack) for words, slack in found.items())


# --- odd texts --------------------------------------------------------------------------------------------

_LONGEST = 4  # letters of an acronym that is looked for; longer ones, which are rare, make a text odd
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


def is_odd(*texts: str) -> bool:
    """Tell whether the index may hold other words of these texts than we would find in them."""
    return any(
        not all(map(_PLAIN.__getitem__, set(text))) or _LONG_ACRONYM.search(text) is not None
        for text in texts
    )


def as_read(text: str) -> str:
    """Return the words of an odd text as they stand in the index of odd articles."""
    return " ".join(map(_spelled, tokens(text).words))


def _spelled(word: str) -> str:
    """Return a word as an index can look it up. Letters that are not ASCII, among others that are, become one.

    So that a slip which puts one there can be written down. Words of another alphabet stay as they are, as far as
    their letters were known when the index learnt them.
    """
    if word.isascii():
        return word
    mixed = any(map(str.isascii, word))
    return "".join(
        char if char.isascii() or (not mixed and _OLD.category(char)[0] in "LN") else _FOREIGN
        for char in word
    )
