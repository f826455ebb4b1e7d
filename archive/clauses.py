"""Trees of topics, ready to be asked about one article: a clause for each node, a number for each leaf.

A clause's `find` returns the occurrences that make it true, or None. Which leaves a tree cannot do without is decided
here too: of all children of an AND one is enough, the one whose leaves look rarest; of an OR all are needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING

from archive import near
from archive.leaf import Leaf, Occurrence
from archive.topic import Topic
from archive.tree import ATTRIBUTES, And, Date, In, Near, Node, Not, Or, Phrase, Ref, walk

if TYPE_CHECKING:
    from archive.match import Document


class Clause:
    """One node."""

    __slots__ = ()

    def find(self, document: Document) -> list[Occurrence] | None:
        """Return the occurrences that make it true, None if it is not."""
        raise NotImplementedError

    def gate(self) -> frozenset[bytes] | None:
        """Return words, or first letters of words, of which one must be there; None if that cannot be said."""
        return None

    def spans(self, document: Document) -> list[tuple[int, near.Span]]:
        """Return what it finds as spans for NEAR: the field, and the span in words with its occurrences."""
        found = []
        for spot in self.find(document) or ():
            cut = document.cut(spot[0])
            last = cut.joined.rfind(b" ", 0, spot[2]) + 1
            found.append((spot[0], (cut.number(spot[1]), cut.number(last), [spot])))
        return found


class LeafClause(Clause):
    """A phrase or a date that is in the automaton."""

    __slots__ = ("leaf", "number")

    def __init__(self, leaf: Leaf) -> None:
        self.number = leaf.number
        self.leaf = leaf

    def gate(self) -> frozenset[bytes] | None:
        """Return its probe."""
        if self.leaf.probe is None or self.leaf.attribute:
            return None
        return frozenset((self.leaf.probe,))

    def find(self, document: Document) -> list[Occurrence] | None:
        """Return what the automaton found, less what is masked."""
        spots = document.spots.get(self.number)
        return document.unmasked(spots) if spots and document.hidden else spots


class _Other(LeafClause):
    """A phrase or a date that is not in the automaton: it is looked up when it is asked for.

    ``probe``: a word that must be there, or its first letters. Most leaves that are asked for occur nowhere, and to
    know that a set of words is enough.
    """

    __slots__ = ("probe", "stem")

    def __init__(self, leaf: Leaf) -> None:
        super().__init__(leaf)
        self.probe = leaf.probe
        self.stem = leaf.marks == "*"

    def find(self, document: Document) -> list[Occurrence] | None:
        if self.probe is not None and not self.leaf.attribute:
            words = document.stems if self.stem else document.words
            if self.probe not in words:
                return None
        spots = document.look_up(self.leaf)
        return document.unmasked(spots) if spots and document.hidden else spots


class _Within(Clause):
    """What is looked for in some fields only."""

    __slots__ = ("child", "fields")

    def __init__(self, child: LeafClause, fields: frozenset[int]) -> None:
        self.child = child
        self.fields = fields

    def gate(self) -> frozenset[bytes] | None:
        return self.child.gate()

    def find(self, document: Document) -> list[Occurrence] | None:
        return [spot for spot in self.child.find(document) or () if spot[0] in self.fields] or None


class _Or(Clause):
    __slots__ = ("children",)

    def __init__(self, children: Sequence[Clause]) -> None:
        self.children = tuple(children)

    def gate(self) -> frozenset[bytes] | None:
        probes: set[bytes] = set()
        for child in self.children:
            if (gate := child.gate()) is None:
                return None
            probes |= gate
        return frozenset(probes)

    def find(self, document: Document) -> list[Occurrence] | None:
        found = [spots for child in self.children if (spots := child.find(document)) is not None]
        if len(found) < 2:
            return found[0] if found else None
        return [spot for spots in found for spot in spots]

    def spans(self, document: Document) -> list[tuple[int, near.Span]]:
        return [span for child in self.children for span in child.spans(document)]


class _And(Clause):
    __slots__ = ("children",)

    def __init__(self, children: Sequence[Clause]) -> None:
        self.children = tuple(children)

    def gate(self) -> frozenset[bytes] | None:
        return _narrowest(self.children)

    def find(self, document: Document) -> list[Occurrence] | None:
        spots: list[Occurrence] = []
        for child in self.children:
            found = child.find(document)
            if found is None:
                return None
            spots += found
        return spots


class _Not(Clause):
    __slots__ = ("child",)

    def __init__(self, child: Clause) -> None:
        self.child = child

    def find(self, document: Document) -> list[Occurrence] | None:
        return [] if self.child.find(document) is None else None


class _Near(Clause):
    __slots__ = ("asked", "gaps", "operands", "ordered")

    def __init__(
        self, operands: Sequence[Clause], asked: list[int], gaps: tuple[int, ...], ordered: tuple[bool, ...]
    ) -> None:
        self.operands = tuple(operands)
        self.asked = tuple(self.operands[number] for number in asked)
        self.gaps = gaps
        self.ordered = ordered

    def gate(self) -> frozenset[bytes] | None:
        return _narrowest(self.asked)

    def _by_field(self, document: Document) -> Iterator[tuple[int, list[list[near.Span]]]]:
        fields: dict[int, list[list[near.Span]]] = {}
        for place, operand in enumerate(self.operands):
            for field, span in operand.spans(document):
                fields.setdefault(field, [[] for _ in self.operands])[place].append(span)
        yield from ((field, spans) for field, spans in fields.items() if all(spans))

    def find(self, document: Document) -> list[Occurrence] | None:
        for operand in self.asked:
            if operand.find(document) is None:
                return None
        spots: dict[Occurrence, None] = {}
        for _, operands in self._by_field(document):
            for ways in near.kept(operands, self.gaps, self.ordered) or ():
                spots.update((spot, None) for _, _, carried in ways for spot in carried)
        return list(spots) or None

    def spans(self, document: Document) -> list[tuple[int, near.Span]]:
        return [
            (field, (first, last, [spot for spots in carried for spot in spots]))
            for field, operands in self._by_field(document)
            for first, last, carried in near.minimal(operands, self.gaps, self.ordered)
        ]


class _Ref(Clause):
    __slots__ = ("topic_id",)

    def __init__(self, topic_id: str) -> None:
        self.topic_id = topic_id

    def find(self, document: Document) -> list[Occurrence] | None:
        return document.topic(self.topic_id)


class Build:
    """All clauses of a watch list. ``places``: a place of the query language to the numbers of its fields."""

    def __init__(self, topics: Mapping[str, Topic], places: Mapping[str, frozenset[int]]) -> None:
        self.leaves: list[Leaf] = []
        self.clauses: dict[str, Clause] = {}
        self.required: dict[str, tuple[Clause, ...]] = {}
        self.masks: dict[str, tuple[Clause, ...]] = {}
        self._topics = topics
        self._places = places
        self._numbers: dict[tuple[object, ...], int] = {}
        self._orders: dict[str, dict[int, int]] = {}
        self._needs: dict[str, tuple[float, tuple[int, ...]]] = {}
        self.wakes: dict[int, list[str]] = {}  # leaf: the topics that must be looked at where it occurs
        for topic_id, topic in topics.items():
            for leaf in self._needed(topic.tree, topic, attribute=False)[1]:
                self.wakes.setdefault(leaf, []).append(topic_id)
        self.wanted = frozenset(self.wakes)
        for topic_id, topic in topics.items():
            self.clauses[topic_id] = self.clause(topic.tree, topic, None)
            self.required[topic_id] = tuple(self.clause(tree, topic, None) for tree in topic.require)
            self.masks[topic_id] = tuple(self._masks(topic))

    def _masks(self, topic: Topic) -> Iterator[Clause]:
        inside = any(_in_attributes(node) for tree in topic.trees for node in walk(tree))
        for phrase in topic.exclude:
            yield self.clause(phrase, topic, None)
            if inside:
                yield from (self.clause(phrase, topic, place) for place in ATTRIBUTES)

    def order(self, topic_id: str) -> dict[int, int]:
        """Return the place of each leaf in the tree of a topic."""
        if topic_id not in self._orders:
            order = self._orders[topic_id] = {}
            topic = self._topics[topic_id]
            for leaf in self._walk(topic, topic.tree, None, {topic_id}):
                order.setdefault(leaf, len(order))
        return self._orders[topic_id]

    def patterns(self, *, attribute: bool) -> dict[bytes, list[tuple[int, int]]]:
        """Return what the automaton looks for: the bytes, and for each its leaves and how many words stand before."""
        patterns: dict[bytes, list[tuple[int, int]]] = {}
        for number in self.wakes:
            leaf = self.leaves[number]
            if leaf.attribute is attribute:
                for pattern, back in leaf.looks:
                    patterns.setdefault(pattern, []).append((number, back))
        return patterns

    def _leaf(self, node: Phrase | Date, topic: Topic, *, attribute: bool) -> int:
        # Topics of one watch list share their facts; where they do not, a leaf is theirs alone.
        key = (node, attribute, id(topic.facts), topic.languages if isinstance(node, Date) else None)
        if key not in self._numbers:
            self._numbers[key] = len(self.leaves)
            self.leaves.append(
                Leaf(len(self.leaves), node, topic.facts, topic.languages, attribute=attribute)
            )
        return self._numbers[key]

    def clause(self, node: Node, topic: Topic, place: str | None) -> Clause:
        """Return ``node`` of ``topic``, in ``place`` if one is named, ready to be asked."""
        match node:
            case Phrase() | Date():
                leaf = self.leaves[self._leaf(node, topic, attribute=place in ATTRIBUTES)]
                found = LeafClause(leaf) if leaf.number in self.wanted else _Other(leaf)
                return found if place is None else _Within(found, self._places[place])
            case Ref(topic_id):
                return _Ref(topic_id)
            case In(inner, child):
                return self.clause(child, topic, inner)
            case Or(children):
                return _Or([self.clause(child, topic, place) for child in children])
            case And(children):
                asked = self._asked(children, topic, place)
                return _And([self.clause(children[number], topic, place) for number in asked])
            case Not(child):
                return _Not(self.clause(child, topic, place))
            case Near(operands, gaps, ordered):
                asked = self._asked(operands, topic, place)
                return _Near([self.clause(child, topic, place) for child in operands], asked, gaps, ordered)

    def _asked(self, children: Sequence[Node], topic: Topic, place: str | None) -> list[int]:
        """Return in which order to ask: what woke the topic is true already, and a NOT mostly is, so they come last."""
        costs = [self._needed(child, topic, attribute=place in ATTRIBUTES)[0] for child in children]
        return sorted(range(len(children)), key=lambda number: -costs[number] if costs[number] < inf else 1)

    def _walk(self, topic: Topic, node: Node, place: str | None, seen: set[str]) -> Iterator[int]:
        """Yield the leaves of ``node``, those of each topic in ``seen`` left out: they have their place already."""
        match node:
            case Phrase() | Date():
                yield self._leaf(node, topic, attribute=place in ATTRIBUTES)
            case Ref(topic_id):
                if topic_id not in seen:
                    seen.add(topic_id)
                    yield from self._walk(self._topics[topic_id], self._topics[topic_id].tree, None, seen)
            case In(inner, child):
                yield from self._walk(topic, child, inner, seen)
            case Or(children) | And(children) | Near(children):
                for child in children:
                    yield from self._walk(topic, child, place, seen)

    def _needed(self, node: Node, topic: Topic, *, attribute: bool) -> tuple[float, tuple[int, ...]]:
        """Return leaves of which one must occur where ``node`` is true, and how common they look."""
        match node:
            case Phrase() | Date():
                letters = sum(len(word.fold) for word in node.words) if isinstance(node, Phrase) else 8
                return 2.0**-letters, (self._leaf(node, topic, attribute=attribute),)
            case Ref(topic_id):
                if topic_id not in self._needs:
                    other = self._topics[topic_id]
                    self._needs[topic_id] = self._needed(other.tree, other, attribute=False)
                return self._needs[topic_id]
            case In(place, child):
                cost, needed = self._needed(child, topic, attribute=place in ATTRIBUTES)
                # A country or a language is true of a whole source.
                return cost + (place in ATTRIBUTES), needed
            case Or(children):
                found = [self._needed(child, topic, attribute=attribute) for child in children]
                leaves = dict.fromkeys(leaf for _, some in found for leaf in some)
                return sum(cost for cost, _ in found), tuple(leaves)
            case And(children) | Near(children):
                ways = (self._needed(child, topic, attribute=attribute) for child in children)
                return min(ways, key=lambda way: way[0])
            case Not():
                return inf, ()


def _narrowest(clauses: Sequence[Clause]) -> frozenset[bytes] | None:
    """Return the smallest gate among clauses that must all be true."""
    gates = [gate for clause in clauses if (gate := clause.gate()) is not None]
    return min(gates, key=len, default=None)


def _in_attributes(node: Node) -> bool:
    return isinstance(node, In) and node.place in ATTRIBUTES
