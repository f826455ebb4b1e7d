"""Matching: which topics an article is about, and exactly where it says so.

    fields ─▶ cut into words ─▶ one automaton over leaves of all topics ─▶ occurrences
           ─▶ topics of which a leaf that they cannot do without occurs ─▶ their trees ─▶ hits

A percolator: a topic's tree gives one leaf for each of its branches without which it cannot match, the rarest as far as
can be told. Only these are in the automaton, and only a topic of which one occurs is looked at; its other leaves are
looked up then. So the cost of a text hardly depends on how many topics there are. This module decides only: it reads no
table and writes none.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from datetime import date, datetime

from ahocorasick_rs import BytesAhoCorasick, Implementation

from archive.clauses import Build, Clause, LeafClause
from archive.cut import Cut
from archive.leaf import Leaf, Occurrence, Setting
from archive.model import Hit
from archive.normalize import ends_sentence
from archive.phrase import STEM
from archive.topic import Topic
from archive.tree import ATTRIBUTES, FIELDS, PLACES

_ALL = (*FIELDS, *ATTRIBUTES)
MOST_SPOTS = 20_000
"""Places of one leaf in one field that are looked at. A text that people read has no more, hostile ones have."""

_NUMBER = {field: number for number, field in enumerate(_ALL)}
_FIELD_NUMBERS = tuple(_NUMBER[field] for field in FIELDS)
_ATTRIBUTE_NUMBERS = tuple(_NUMBER[field] for field in ATTRIBUTES)

Masks = dict[int, tuple[list[int], list[int]]]
"""What an exclude hides: for each field where it begins, and where it ends."""
_NOTHING: Masks = {}


class Matcher:
    """All topics of a watch list, ready to be asked about one article after another."""

    def __init__(self, topics: Iterable[Topic]) -> None:
        self.topics = {topic.topic_id: topic for topic in topics}
        build = self.build = Build(
            self.topics, {name: frozenset(_NUMBER[field] for field in PLACES[name]) for name in PLACES}
        )
        names = self._names = tuple(self.topics)
        order = {topic_id: number for number, topic_id in enumerate(names)}
        # Arrays, because what is asked for every word of every text should lie close together in memory.
        self._wakes = array("l", [-1]) * len(build.leaves)
        self._wakes_more: dict[int, tuple[int, ...]] = {}
        for leaf, ids in build.wakes.items():
            numbers = tuple(sorted({order[topic_id] for topic_id in ids}))
            if len(numbers) == 1:
                self._wakes[leaf] = numbers[0]
            else:
                self._wakes_more[leaf] = numbers
        self._plain = [_plain(build, name) for name in names]
        self._gates = [
            None if clause is None or isinstance(clause, LeafClause) else clause.gate()
            for clause in self._plain
        ]
        self.indexes = (
            (Index(build.leaves, build.patterns(attribute=False), wanted=True), FIELDS),
            (
                Index(
                    build.leaves,
                    build.patterns(attribute=True),
                    wanted=any(leaf.attribute for leaf in build.leaves),
                ),
                ATTRIBUTES,
            ),
        )

    def match(self, fields: Mapping[str, str]) -> dict[str, tuple[Hit, ...]]:
        """Return the hits of each topic that matches, in the order of the text.

        ``fields`` are title, summary and text, and what is known beside them (`archive.tree.ATTRIBUTES`, and ``date``,
        the article's own day as ISO 8601); any may be missing. The offsets of a hit are code points into the field as
        given, its end exclusive.
        """
        document = Document(self, fields)
        if not document.spots:
            return {}
        wakes, plain, names = self._wakes, self._plain, self._names
        woken = set()
        for leaf in document.spots:
            if wakes[leaf] >= 0:
                woken.add(wakes[leaf])
            else:
                woken.update(self._wakes_more[leaf])
        found = {}
        for number in sorted(woken):
            # Most topics that are woken lack a word that they need besides, and that is cheaply known.
            gate = self._gates[number]
            if gate is not None and gate.isdisjoint(document.present):
                continue
            clause = plain[number]
            spots = document.topic(names[number]) if clause is None else clause.find(document)
            if spots is not None:
                if len(spots) > 1 and clause is not None and type(clause) is not LeafClause:
                    spots = document.widest(spots, names[number])
                found[names[number]] = tuple(map(document.hit, spots))
        return found


class Document:
    """One article on its way through the matcher. ``spots``: the occurrences of each leaf that was looked up."""

    def __init__(self, matcher: Matcher, fields: Mapping[str, str]) -> None:
        self._matcher = matcher
        self._leaves = matcher.build.leaves
        self.cuts: list[Cut | None] = [None] * len(_ALL)
        self.spots: dict[int, list[Occurrence]] = {}
        self.hidden: Masks = _NOTHING
        self._words: set[bytes] | None = None
        self._stems: set[bytes] | None = None
        self._present: set[bytes] | None = None
        self._looked_up: dict[int, list[Occurrence] | None] = {}
        self._topics: dict[str, list[Occurrence] | None] = {}
        self._setting = Setting(fields.get("lang"), fields.get("country"), _day(fields.get("date")))
        for index, names in matcher.indexes:
            for name in names if index.wanted else ():
                if text := fields.get(name):
                    number = _NUMBER[name]
                    cut = self.cuts[number] = Cut(text)
                    index.find(cut, number, self.spots, self._setting)

    def topic(self, topic_id: str) -> list[Occurrence] | None:
        """Return where a topic finds what it looks for, None if it does not match."""
        if topic_id in self._topics:
            return self._topics[topic_id]
        build, outer = self._matcher.build, self.hidden
        masks, required = build.masks[topic_id], build.required[topic_id]
        self.hidden = self.masked(masks) if masks else _NOTHING
        spots = build.clauses[topic_id].find(self)
        if required and spots is not None and any(clause.find(self) is None for clause in required):
            spots = None
        self.hidden = outer
        if spots is not None and len(spots) > 1:
            spots = self.widest(spots, topic_id)
        self._topics[topic_id] = spots
        return spots

    @property
    def words(self) -> set[bytes]:
        """All words of title, summary and text."""
        if self._words is None:
            self._words = set()
            for number in _FIELD_NUMBERS:
                if (cut := self.cuts[number]) is not None:
                    self._words.update(cut.joined.split())
        return self._words

    @property
    def present(self) -> set[bytes]:
        """All words, and what they begin with."""
        if self._present is None:
            self._present = self.words | self.stems
        return self._present

    @property
    def stems(self) -> set[bytes]:
        """What those words begin with."""
        if self._stems is None:
            self._stems = {word[:STEM] for word in self.words}
        return self._stems

    def look_up(self, leaf: Leaf) -> list[Occurrence] | None:
        """Return the occurrences of a leaf that is not in the automaton, None if there are none."""
        if leaf.number in self._looked_up:
            return self._looked_up[leaf.number]
        spots: list[Occurrence] = []
        for number in _ATTRIBUTE_NUMBERS if leaf.attribute else _FIELD_NUMBERS:
            if (cut := self.cuts[number]) is not None:
                for pattern, back in leaf.looks:
                    start, tried = cut.joined.find(pattern), 0
                    while start >= 0 and (tried := tried + 1) <= MOST_SPOTS:
                        span = leaf.at(cut, start + 1, start + len(pattern) - 1, back, self._setting)
                        if span is not None and (spot := (number, *span, leaf.number)) not in spots[-4:]:
                            spots.append(spot)
                        start = cut.joined.find(pattern, start + 1)
        self._looked_up[leaf.number] = spots or None
        return spots or None

    def unmasked(self, spots: list[Occurrence]) -> list[Occurrence] | None:
        """Return those of ``spots`` that touch nothing hidden, None if there are none."""
        return [spot for spot in spots if not self._is_hidden(spot)] or None

    def hit(self, spot: Occurrence) -> Hit:
        """Return an occurrence as the archive keeps it."""
        number, begin, end, leaf_number = spot
        cut, leaf = self.cuts[number], self._leaves[leaf_number]
        assert cut is not None
        start, stop = cut.span(begin, end)
        surface = cut.text[start:stop]
        if surface == leaf.exact:
            how = "exact"
        elif leaf.simple and not cut.acronyms:
            how = "folded"
        else:
            how = leaf.how(cut, begin, end, surface)
        return Hit(_ALL[number], start, stop, surface, leaf.variant, how)

    def cut(self, number: int) -> Cut:
        """Return the words of a field that has an occurrence."""
        cut = self.cuts[number]
        assert cut is not None
        return cut

    def masked(self, masks: tuple[Clause, ...]) -> Masks:
        """Return what excludes hide."""
        spans: dict[int, list[tuple[int, int]]] = {}
        self.hidden = _NOTHING
        for mask in masks:
            for number, begin, end, _ in mask.find(self) or ():
                if in_one_sentence(self.cut(number), begin, end):
                    spans.setdefault(number, []).append((begin, end))
        return {number: _merged(found) for number, found in spans.items()}

    def _is_hidden(self, spot: Occurrence) -> bool:
        number, begin, end, _ = spot
        if number not in self.hidden:
            return False
        begins, ends = self.hidden[number]
        at = bisect_left(ends, begin + 1)
        return at < len(ends) and begins[at] < end

    def widest(self, spots: list[Occurrence], topic_id: str) -> list[Occurrence]:
        """Return the occurrences that lie in no other, in the order of the text; of equals, the exact one."""
        kept: list[Occurrence] = []
        last: Occurrence = (-1, -1, -1, -1)
        for spot in sorted(set(spots)):
            if spot[0] != last[0] or spot[2] > last[2]:
                if spot[0] == last[0] and spot[1] == last[1]:
                    kept.pop()  # it begins at the same place, and is shorter
                last = spot
                kept.append(spot)
            elif spot[:3] == last[:3]:
                last = kept[-1] = min(last, spot, key=lambda spot: self._rank(spot, topic_id))
        return kept

    def _rank(self, spot: Occurrence, topic_id: str) -> tuple[bool, int]:
        order = self._matcher.build.order(topic_id)
        return self.hit(spot).how != "exact", order.get(spot[3], len(order))


class Index:
    """The leaves that wake topics, in one Aho-Corasick automaton. ``wanted``: whether its fields are looked at."""

    def __init__(
        self, leaves: list[Leaf], patterns: Mapping[bytes, list[tuple[int, int]]], *, wanted: bool
    ) -> None:
        self.wanted = wanted
        self._leaves = leaves
        # Most patterns belong to one leaf of which nothing is left to check: they need no call.
        alone = [leaves[found[0][0]] if len(found) == 1 else None for found in patterns.values()]
        self._whole = array(
            "l", [leaf.number if leaf and leaf.exact and not leaf.marks else -1 for leaf in alone]
        )
        self._tail = array(
            "l", [leaf.number if leaf and leaf.exact and leaf.marks == "*" else -1 for leaf in alone]
        )
        self._others = [tuple(found) for found in patterns.values()]
        self._automaton = BytesAhoCorasick(list(patterns), implementation=Implementation.ContiguousNFA)

    def find(self, cut: Cut, field: int, spots: dict[int, list[Occurrence]], setting: Setting) -> None:
        """Add the occurrences in one field to ``spots``."""
        whole, tail, joined = self._whole, self._tail, cut.joined
        tried: dict[int, int] = {}
        for pattern, start, end in self._automaton.find_matches_as_indexes(cut.joined, overlapping=True):
            leaf, stop = whole[pattern], end - 1
            if leaf < 0 <= tail[pattern]:
                leaf, stop = tail[pattern], joined.index(b" ", end)
            if leaf >= 0:
                if leaf not in spots:
                    spots[leaf] = [(field, start + 1, stop, leaf)]
                elif len(spots[leaf]) < MOST_SPOTS:
                    spots[leaf].append((field, start + 1, stop, leaf))
                continue
            for leaf, back in self._others[pattern]:
                tried[leaf] = tried.get(leaf, 0) + 1
                if tried[leaf] > MOST_SPOTS:
                    continue
                span = self._leaves[leaf].at(cut, start + 1, end - 1, back, setting)
                if span is not None:
                    spot = (field, *span, leaf)
                    if leaf not in spots:
                        spots[leaf] = [spot]
                    # Two patterns may lead to one place (a slip's front and back, two spellings of a day).
                    elif spot not in spots[leaf][-4:]:
                        spots[leaf].append(spot)


def _plain(build: Build, topic_id: str) -> Clause | None:
    """Return the tree of a topic that masks and requires nothing, as most of a long watch list do; else None."""
    more = build.required[topic_id] or build.masks[topic_id]
    return None if more else build.clauses[topic_id]


def _merged(spans: list[tuple[int, int]]) -> tuple[list[int], list[int]]:
    begins: list[int] = []
    ends: list[int] = []
    for begin, end in sorted(spans):
        if ends and begin < ends[-1]:
            ends[-1] = max(ends[-1], end)
        else:
            begins.append(begin)
            ends.append(end)
    return begins, ends


def in_one_sentence(cut: Cut, begin: int, end: int) -> bool:
    """Tell whether no sentence ends between two words.

    Asked of excludes only: "He flew home to Peru. Indiana plays today" is about Peru. A phrase that looks for
    something may run over a full stop, because *St. Louis* and *Jul. 19* have one and are missed otherwise.
    """
    at = cut.word_end(begin)
    while at < end:
        if ends_sentence(cut.text[cut.end(at) : cut.start(at + 1)]):
            return False
        at = cut.word_end(at + 1)
    return True


def _day(text: str | None) -> date | None:
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        return None


__all__ = ["FIELDS", "Document", "Matcher"]
