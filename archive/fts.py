r"""The tree of a topic, as an FTS5 query that misses no article which the matcher would find.

    boluarte~ AND (tropas de EE.UU.)  ─▶  ("boluarte" OR "bolurte" OR …) AND NEAR("tropas" "de" "ee uu", …) …

It may find more: what it finds are candidates, and the matcher decides. Each part of a tree becomes an expression, or
None where the index cannot tell, so that any article may have it.

The index (`unicode61 remove_diacritics 2`) cuts words by its own rules. What our own make one word of it holds as
several, next to each other: *U.S.* as "u s", *EE. UU.* as "ee uu", *19,000* as "19 000", *Peru's* as "peru s"; so a
word is looked for in each of these ways. Where letters themselves are read otherwise (*ß*, *½*, *º*, a soft hyphen,
other alphabets) no query can help. Such a text is odd (`archive.odd`), and stands once more in an index of its own, as
we read it. One query serves both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from math import prod
from string import ascii_lowercase, digits
from typing import NamedTuple

from archive.datewords import numbers, spellings
from archive.facts import Facts
from archive.months import REACH, names_of
from archive.normalize import tokens
from archive.odd import FOREIGN, LONGEST, spelled
from archive.topic import Topic
from archive.tree import ATTRIBUTES, PLACES, And, Date, In, Near, Node, Not, Or, Phrase, Ref, Word

MOST_CHARACTERS = 500_000
"""Of a query. What is longer is no help: SQLite takes as long for it as for reading the articles."""

_MOST_MIXED = (
    16  # ways in which all words of a phrase can be written together; beyond, only that all are there
)
_DEEPEST = (
    24  # parentheses in each other: each takes three of the hundred places on the stack of FTS5's parser
)
_FARTHEST = REACH // 2
_LINKS = frozenset({"de", "of", "the", "d"})
_LETTERS = ascii_lowercase + digits + FOREIGN


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
                return None if part is None else _readable(f"({{{' '.join(PLACES[place])}}} : {part})")
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


def _joined(joint: str, parts: Iterable[str]) -> str | None:
    texts = list(parts)
    return texts[0] if len(texts) == 1 else _readable(f"({joint.join(texts)})")


def _readable(query: str) -> str | None:
    """Return ``query``, None if its parentheses nest deeper than the parser of FTS5 can follow."""
    if query.count("(") > _DEEPEST:
        depth = 0
        for bracket in re.findall(r"[()]", query):
            depth += 1 if bracket == "(" else -1
            if depth > _DEEPEST:
                return None
    return query


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
            yield from (_Way((first,), open=True) for first in (word.fold[0], FOREIGN))
        case _:
            yield from _ways(word.fold)


def _ways(word: str) -> Iterator[_Way]:
    """Yield how the index holds a word of ours."""
    yield _Way((spelled(word),))
    if not word.isascii():
        return
    if word.isalpha() and 2 <= len(word) <= LONGEST:
        yield _Way(tuple(word))
    if word.isalpha() and len(word) == 4 and word[0] == word[1] and word[2] == word[3]:
        yield _Way((word[:2], word[2:]))
    if word.isdigit() and len(word) > 3:
        yield _Way(_thousands(word, len(word) % 3 or 3))


def _beginnings(stem: str) -> Iterator[_Way]:
    """Yield how the index holds words that begin with ``stem``, which has four letters or more."""
    yield _Way((spelled(stem),), open=True)
    if not any(map(str.isascii, stem)):
        yield _Way((FOREIGN * len(stem),), open=True)  # its word may go on in ASCII
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
    return _any(_close([_Way((spelled(word),)) for word in words], slack) for words, slack in found.items())
