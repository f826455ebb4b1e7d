"""Matching: which topics an article is about, and exactly where it says so.

    fields ─▶ tokens ─▶ for each word: the phrases that can begin here ─▶ compare the words that follow
           ─▶ drop what an exclude masks ─▶ drop what lies inside a longer hit ─▶ hits by topic

The index is by first word, so the cost of a text hardly depends on how many topics there are. This module
decides only: it reads no table and writes none.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from archive.model import Hit
from archive.normalize import Tokens, tokens
from archive.topic import STEM, Phrase, Topic, Word

_SENTENCE_END = re.compile(r"[.!?…]")

FIELDS = ("title", "summary", "text")


@dataclass(frozen=True, slots=True)
class _Rule:
    """One phrase of one topic. ``mask``: it hides words instead of finding them."""

    topic_id: str
    phrase: Phrase
    mask: bool


class Matcher:
    """All topics of a watch list, ready to be asked about one article after another."""

    def __init__(self, topics: Iterable[Topic]) -> None:
        self.topics = {topic.topic_id: topic for topic in topics}
        self._by_word: dict[str, list[_Rule]] = defaultdict(list)
        self._by_stem: dict[str, list[_Rule]] = defaultdict(list)
        for topic in self.topics.values():
            for phrase in topic.phrases:
                self._add(_Rule(topic.topic_id, phrase, mask=False))
            for phrase in topic.exclude:
                self._add(_Rule(topic.topic_id, phrase, mask=True))

    def _add(self, rule: _Rule) -> None:
        first = rule.phrase.words[0]
        if first.prefix:
            self._by_stem[first.fold[:STEM]].append(rule)
        else:
            self._by_word[first.fold].append(rule)

    def match(self, fields: Mapping[str, str]) -> dict[str, tuple[Hit, ...]]:
        """Return the hits of each topic that matches, in the order of the text.

        ``fields`` are title, summary and text (any may be missing); the offsets of a hit are code points
        into the field as given, its end exclusive.
        """
        hits: dict[str, list[Hit]] = defaultdict(list)
        for field in FIELDS:
            text = fields.get(field)
            if text:
                for topic_id, hit in self._field(field, text):
                    hits[topic_id].append(hit)
        return {topic_id: tuple(found) for topic_id, found in hits.items()}

    def _field(self, field: str, text: str) -> Iterator[tuple[str, Hit]]:
        cut = tokens(text)
        found: dict[str, list[tuple[int, int, Hit]]] = defaultdict(list)
        masked: dict[str, set[int]] = defaultdict(set)  # topic: the tokens that its excludes hide
        for at, word in enumerate(cut.words):
            for rule in self._candidates(word):
                last = at + len(rule.phrase.words) - 1
                if _here(rule.phrase.words, cut, at, last):
                    if not rule.mask:
                        found[rule.topic_id].append((at, last, _hit(field, cut, at, last, rule.phrase)))
                    elif _in_one_sentence(cut, at, last):
                        masked[rule.topic_id].update(range(at, last + 1))
        for topic_id, spans in found.items():
            hidden = masked[topic_id]
            open_spans = [span for span in spans if hidden.isdisjoint(range(span[0], span[1] + 1))]
            for hit in _widest(open_spans):
                yield topic_id, hit

    def _candidates(self, word: str) -> Iterator[_Rule]:
        yield from self._by_word.get(word, ())
        if len(word) >= STEM:
            yield from self._by_stem.get(word[:STEM], ())


def _here(words: Sequence[Word], cut: Tokens, at: int, last: int) -> bool:
    """Tell whether the words of a phrase stand at token ``at``, within one paragraph."""
    if last >= len(cut.words) or cut.breaks[at] != cut.breaks[last]:
        return False
    for number, word in enumerate(words, start=at):
        there = cut.words[number]
        if not (there.startswith(word.fold) if word.prefix else there == word.fold):
            return False
        # In an all-capitals headline every US is one: that "TELL US TROOPS" is found is the price.
        if word.capitals and number not in cut.acronyms and not cut.surface(number, number).isupper():
            return False
    return True


def _in_one_sentence(cut: Tokens, first: int, last: int) -> bool:
    """Tell whether no sentence ends between two tokens.

    Asked of excludes only: "He flew home to Peru. Indiana plays today" is about Peru. A phrase that looks for
    something may run over a full stop, because *St. Louis* and *Jul. 19* have one and are missed otherwise.
    """
    gaps = (cut.text[cut.ends[at] : cut.starts[at + 1]] for at in range(first, last))
    ends = ((gap, end) for gap in gaps if (end := _SENTENCE_END.search(gap)))
    return not any(char.isspace() for gap, end in ends for char in gap[end.end() :])


def _widest(spans: list[tuple[int, int, Hit]]) -> Iterator[Hit]:
    """Yield the hits that lie in no other, in the order of the text; of equals, the exact one."""
    reach = -1
    for _, last, hit in sorted(spans, key=lambda span: (span[0], -span[1], span[2].how != "exact")):
        if last > reach:
            reach = last
            yield hit


def _hit(field: str, cut: Tokens, first: int, last: int, phrase: Phrase) -> Hit:
    surface = cut.surface(first, last)
    if surface.startswith(phrase.plain) if phrase.words[-1].prefix else surface == phrase.plain:
        how = "exact"
    elif any(word.acronym or number in cut.acronyms for number, word in enumerate(phrase.words, first)):
        how = "acronym"
    else:
        how = "folded"
    return Hit(field, cut.starts[first], cut.ends[last], surface, phrase.text, how)
