"""One topic, asked part by part about one article: where each part of its tree is found, masked or not.

The matcher says whether a topic matches; this asks the same clauses one by one, and others that the topic does not
have (a phrase without its capitals, another day), to learn why it does not. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from archive import near
from archive.clauses import Clause
from archive.closest import Words
from archive.cut import Cut
from archive.leaf import Occurrence
from archive.match import Document, Masks, Matcher
from archive.sentences import excerpt
from archive.tree import ATTRIBUTES, FIELDS, PLACES, Node

NAMES = (*FIELDS, *ATTRIBUTES)  # by their numbers in an occurrence
QUOTE = 160  # characters of a sentence that a reason quotes
_WORD = re.compile(rb"[^ \n]+")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a part of a topic is not true. ``nearest``: what came near, for a list; nothing where nothing did.

    ``far``: how far the article is from making it true, from 0, all but there, to `FAR`, nothing like it.
    ``missing``: what is looked for, where it is words that are not there.
    """

    text: str
    nearest: tuple[str, ...]
    far: int
    missing: str = ""

    @classmethod
    def told(cls, text: str, far: int) -> Reason:
        """Return a reason that is itself the nearest thing."""
        return cls(text, (text,), far)


FAR = 9


class Asked:
    """One topic and one article."""

    def __init__(
        self,
        matcher: Matcher,
        topic_id: str,
        fields: Mapping[str, str],
        document: Document | None = None,
    ) -> None:
        self.matcher = matcher
        self.topic = matcher.topics[topic_id]
        self.fields = fields
        self.document = document or Document(matcher, fields)
        masks = matcher.build.masks[topic_id]
        self._masks: Masks = self.document.masked(masks) if masks else {}
        self._words: dict[tuple[str, ...], Words] = {}

    def about(self, topic_id: str) -> Asked:
        """Return another topic asked about the same article."""
        return Asked(self.matcher, topic_id, self.fields, self.document)

    def had_it(self, **known: str) -> Asked:
        """Return the same topic asked about the article as it would be, had it another language, country or date."""
        return Asked(self.matcher, self.topic.topic_id, {**self.fields, **known})

    def spots(self, node: Node, place: str | None = None, *, masked: bool = True) -> list[Occurrence] | None:
        """Return where ``node`` is found, None where it is not true."""
        self.document.hidden = self._masks if masked else {}
        found = self._clause(node, place).find(self.document)
        self.document.hidden = {}
        return found

    def spans(self, node: Node, place: str | None) -> list[tuple[int, near.Span]]:
        """Return what ``node`` finds as NEAR sees it."""
        self.document.hidden = self._masks
        found = self._clause(node, place).spans(self.document)
        self.document.hidden = {}
        return found

    def _clause(self, node: Node, place: str | None) -> Clause:
        return self.matcher.build.clause(node, self.topic, place)

    def cut(self, field: str) -> Cut | None:
        """Return the words of a field, None if it is empty."""
        return self.document.cuts[NAMES.index(field)]

    def present(self, place: str | None) -> list[str]:
        """Return those fields of a place (None: title, summary and text) that have words."""
        return [field for field in wanted(place) if self.fields.get(field)]

    def words(self, place: str | None) -> Words:
        """Return the words of a place."""
        fields = tuple(self.present(place))
        if fields not in self._words:
            self._words[fields] = Words(self._read(fields))
        return self._words[fields]

    def _read(self, fields: Iterable[str]) -> Iterable[tuple[str, str]]:
        for field in fields:
            if cut := self.cut(field):
                for found in _WORD.finditer(cut.joined):
                    start, end = cut.span(*found.span())
                    yield found[0].decode("utf-8", "surrogatepass"), cut.text[start:end]

    def surface(self, spot: Occurrence) -> str:
        """Return an occurrence as it stands in the text, on one line."""
        cut = self.document.cut(spot[0])
        start, end = cut.span(spot[1], spot[2])
        return " ".join(cut.text[start:end].split())

    def sentence(self, spot: Occurrence) -> str:
        """Return the sentence around an occurrence, cut short where it is long."""
        cut = self.document.cut(spot[0])
        return quote(cut.text, *cut.span(spot[1], spot[2]))


def quote(text: str, start: int, end: int) -> str:
    """Return the sentence around a span, on one line, cut short where it is long."""
    low, high, opened, closed = excerpt(text, start, end, QUOTE, QUOTE // 2)
    shown = " ".join(text[low:high].split())
    return f"{'… ' if opened else ''}{shown}{' …' if closed else ''}"


def wanted(place: str | None) -> tuple[str, ...]:
    """Return the fields that a place means."""
    return FIELDS if place is None else PLACES[place]


def here(spot: Occurrence) -> str:
    """Return in which field an occurrence is, in words."""
    return f"the {NAMES[spot[0]]}"


def listed(names: Iterable[str], most: int = 3, last: str = "and") -> str:
    """Return ``a, b and c``, or ``a, b, c and 4 others``."""
    names = list(names)
    if len(names) > most + 1:
        return f"{', '.join(names[:most])} {last} {len(names) - most} others"
    return f"{', '.join(names[:-1])} {last} {names[-1]}" if len(names) > 1 else "".join(names)
