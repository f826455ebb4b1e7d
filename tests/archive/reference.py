"""The slow, obvious matcher: what a topic means, said with nested loops. The engine must agree with it, hit for hit.

    tokens of each field ─▶ for each topic: what its excludes hide ─▶ what its trees find ─▶ of these hits the widest

No index, no short way, and nothing shared with the engine but the tree, the tokens and the words for dates. Where the
two differ, docs/topics.md says which of them is wrong.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from archive import datewords
from archive.model import Hit
from archive.normalize import Tokens, tokens
from archive.phrase import plain
from archive.topic import Topic
from archive.tree import ATTRIBUTES, FIELDS, PLACES, And, Date, In, Mode, Near, Node, Not, Or, Phrase, Ref

Leaf = Phrase | Date
Named = tuple[Leaf, bool, tuple[str, ...]]
# The same texts are read with many topics. Nothing else is remembered.
cut_of = lru_cache(maxsize=4_000)(tokens)


@dataclass(frozen=True, slots=True)
class Found:
    """One occurrence of what is ``named``: tokens ``first`` to ``last`` of a field, and the hit that this makes."""

    field: str
    first: int
    last: int
    named: Named
    hit: Hit


@dataclass(frozen=True, slots=True)
class Span:
    """What one operand of a NEAR stands on, and the occurrences that make it up."""

    field: str
    first: int
    last: int
    found: frozenset[Found]

    def holds(self, other: Span) -> bool:
        return self.field == other.field and self.first <= other.first and other.last <= self.last


def matches(topics: Sequence[Topic], document: Mapping[str, str]) -> dict[str, tuple[Hit, ...]]:
    """Return the hits of every topic that ``document`` matches."""
    by_id = {topic.topic_id: topic for topic in topics}
    judged = {topic_id: Reader(topic_id, by_id, document).judge() for topic_id in by_id}
    return {name: tuple(found.hit for found in every) for name, every in judged.items() if every is not None}


class Reader:
    """One topic of a watch list, reading one document."""

    def __init__(self, topic_id: str, topics: Mapping[str, Topic], document: Mapping[str, str]) -> None:
        self.topic = topics[topic_id]
        self.topics = topics
        self.document = document
        self.cuts = {field: cut_of(document.get(field) or "") for field in (*FIELDS, *ATTRIBUTES)}
        self.hidden = {
            (field, token)
            for field, cut in self.cuts.items()
            for phrase in self.topic.exclude
            for first, last in self.places(phrase, field)
            if in_one_sentence(cut, first, last)
            for token in range(first, last + 1)
        }

    def judge(self) -> list[Found] | None:
        """Return what the topic finds, None if the document does not match it."""
        every = self.find(self.topic.tree, FIELDS)
        if every is None or any(self.find(node, FIELDS) is None for node in self.topic.require):
            return None
        order = list(self.named(self.topic.tree, FIELDS))
        every.sort(key=lambda one: (one.first, -one.last, one.hit.how != "exact", order.index(one.named)))
        return [found for field in (*FIELDS, *ATTRIBUTES) for found in widest(every, field)]

    def named(self, node: Node, fields: Sequence[str]) -> Iterator[Named]:
        """Yield what may be hit, in the order of the tree; @x stands for what x names."""
        match node:
            case Phrase() | Date():
                yield self.name(node, fields)
            case In(place, child):
                yield from self.named(child, PLACES[place])
            case Ref(topic_id):
                other = Reader(topic_id, self.topics, {})
                yield from other.named(other.topic.tree, FIELDS)
            case And(children) | Or(children) | Near(operands=children):
                for child in children:
                    yield from self.named(child, fields)

    def name(self, leaf: Leaf, fields: Sequence[str]) -> Named:
        """Return what tells ``leaf`` from others: a day that topics write in other languages is not one leaf."""
        return leaf, fields[0] in ATTRIBUTES, self.topic.languages if isinstance(leaf, Date) else ()

    def find(self, node: Node, fields: Sequence[str]) -> list[Found] | None:
        """Return what ``node`` finds in ``fields``, None if it is not true of them."""
        match node:
            case Phrase() | Date():
                return self.occurrences(node, fields) or None
            case In(place, child):
                return self.find(child, PLACES[place])
            case Or(children):
                true = [part for child in children if (part := self.find(child, fields)) is not None]
                return [found for part in true for found in part] if true else None
            case And(children):
                parts = [self.find(child, fields) for child in children]
                return None if None in parts else [found for part in parts for found in part or ()]
            case Not(child):
                return [] if self.find(child, fields) is None else None
            case Ref(topic_id):
                return Reader(topic_id, self.topics, self.document).judge()
            case Near():
                spans = [span for choice in self.assignments(node, fields) for span in choice]
                return list({found for span in spans for found in span.found}) or None

    def assignments(self, near: Near, fields: Sequence[str]) -> Iterator[tuple[Span, ...]]:
        """Yield each choice of a span for every operand in which neighbours are near each other."""
        options = [self.spans(operand, fields) for operand in near.operands]

        def choose(chosen: tuple[Span, ...]) -> Iterator[tuple[Span, ...]]:
            number = len(chosen)
            if number == len(options):
                yield chosen
                return
            for span in options[number]:
                if number == 0 or are_near(chosen[-1], span, near, number - 1):
                    yield from choose((*chosen, span))

        return choose(())

    def spans(self, operand: Node, fields: Sequence[str]) -> list[Span]:
        """Return all that an operand of a NEAR may stand on."""
        match operand:
            case Phrase() | Date():
                every = self.occurrences(operand, fields)
                return [Span(found.field, found.first, found.last, frozenset({found})) for found in every]
            case In(place, child):
                return self.spans(child, PLACES[place])
            case Or(children):
                return [span for child in children for span in self.spans(child, fields)]
            case Near():
                return smallest([covered(choice) for choice in self.assignments(operand, fields)])
        raise AssertionError(f"no operand of NEAR: {operand}")

    def occurrences(self, leaf: Leaf, fields: Sequence[str]) -> list[Found]:
        """Return where ``leaf`` stands in ``fields``, but for what is hidden."""
        return [
            Found(
                field,
                first,
                last,
                self.name(leaf, [field]),
                hit_of(leaf, field, self.cuts[field], first, last),
            )
            for field in fields
            for first, last in (self.places if isinstance(leaf, Phrase) else self.days)(leaf, field)
            if not any((field, token) in self.hidden for token in range(first, last + 1))
        ]

    def places(self, phrase: Phrase, field: str) -> Iterator[tuple[int, int]]:
        """Yield the first and the last token of each place where the words of ``phrase`` stand in order."""
        cut, count = self.cuts[field], len(phrase.words)
        for first in range(len(cut.words) - count + 1):
            for number in range(count):
                if not self.fits(phrase, number, field, first + number):
                    break
            else:
                if cut.breaks[first] == cut.breaks[first + count - 1]:
                    yield first, first + count - 1

    def fits(self, phrase: Phrase, number: int, field: str, at: int) -> bool:
        """Tell whether one word of ``phrase`` is what stands at token ``at``."""
        word, cut, facts = phrase.words[number], self.cuts[field], self.topic.facts
        token = cut.words[at]
        fits = token.startswith(word.fold) if word.mark == "*" else token == word.fold
        if word.mark == "+" and facts:
            fits = fits or token in facts.forms.get(word.fold, ())
        if word.mark == "~" and token[0] == word.fold[0]:
            known = facts is not None and token in facts.near.get(word.fold, ())
            fits = fits or (not known and edits(token, word.fold) == 1)
        if not fits:
            return False
        surface, ordinary = cut.surface(at, at), facts is None or word.fold in facts.ordinary
        written_so = surface.isupper() or at in cut.acronyms
        if word.capitals and field in FIELDS and ordinary and not written_so:
            return False
        if phrase.mode is Mode.FOLDED:
            return True
        letters = with_capitals if phrase.mode is Mode.CASE else with_marks
        there, wanted = letters(surface), letters(cut_of(phrase.text).surface(number, number))
        return there.startswith(wanted) if word.mark == "*" else there == wanted

    def days(self, date: Date, field: str) -> Iterator[tuple[int, int]]:
        """Yield the first and the last token of each place where ``date`` is written."""
        cut, about = self.cuts[field], {name: self.document.get(name) for name in ("lang", "country")}
        written = (*datewords.spellings(date, self.topic.languages), *datewords.numbers(date))
        for words in {tuple(cut_of(text).words) for text in written}:
            for first in range(len(cut.words) - len(words) + 1):
                last = first + len(words) - 1
                if tuple(cut.words[first : last + 1]) != words or cut.breaks[first] != cut.breaks[last]:
                    continue
                start, end = cut.starts[first], cut.ends[last]
                span = datewords.accept(date, cut.text, start, end, published=day_of(self.document), **about)
                if span is not None:
                    inside = [at for at, start in enumerate(cut.starts) if span[0] <= start < span[1]]
                    yield inside[0], inside[-1]


def widest(every: Sequence[Found], field: str) -> Iterator[Found]:
    """Yield what lies in nothing else, in the order of the text; of equals the first. ``every`` is sorted."""
    reach = -1
    for found in every:
        if found.field == field and found.last > reach:
            reach = found.last
            yield found


def are_near(one: Span, other: Span, near: Near, joint: int) -> bool:
    """Tell whether ``other`` may be the span behind a joint of ``near``: beside ``one``, and not too far away."""
    gap, ordered = near.gaps[joint], near.ordered[joint]
    if one.last < other.first:
        return one.field == other.field and other.first - one.last - 1 <= gap
    return one.field == other.field and 0 <= one.first - other.last - 1 <= gap and not ordered


def covered(choice: Sequence[Span]) -> Span:
    """Return what one assignment covers, from its first token to its last."""
    first, last = min(span.first for span in choice), max(span.last for span in choice)
    return Span(choice[0].field, first, last, frozenset[Found]().union(*(span.found for span in choice)))


def smallest(spans: Sequence[Span]) -> list[Span]:
    """Return the spans that hold no other one; equal ones become one, with the occurrences of all."""
    merged: dict[tuple[str, int, int], Span] = {}
    for span in spans:
        place = span.field, span.first, span.last
        merged[place] = replace(span, found=span.found | merged.get(place, span).found)
    places = list(merged.values())
    return [span for span in places if not any(span is not other and span.holds(other) for other in places)]


def in_one_sentence(cut: Tokens, first: int, last: int) -> bool:
    """Tell whether no sentence ends between two tokens: a full stop, and white space somewhere after it."""
    gaps = [cut.text[cut.ends[at] : cut.starts[at + 1]] for at in range(first, last)]
    stops = [gap[at:] for gap in gaps for at, char in enumerate(gap) if char in ".!?…"]
    return not any(char.isspace() for stop in stops for char in stop)


def hit_of(leaf: Leaf, field: str, cut: Tokens, first: int, last: int) -> Hit:
    """Return the hit that an occurrence is."""
    variant = leaf.text if isinstance(leaf, Phrase) and leaf.mode is Mode.FOLDED else str(leaf)
    how = how_found(leaf, cut, first, last) if isinstance(leaf, Phrase) else "date"
    return Hit(field, cut.starts[first], cut.ends[last], cut.surface(first, last), variant, how)


def how_found(phrase: Phrase, cut: Tokens, first: int, last: int) -> str:
    """Return the first word for it that fits."""
    pairs = list(zip(phrase.words, range(first, last + 1), strict=True))
    surface, wanted = cut.surface(first, last), plain(phrase)
    other = {word.mark for word, at in pairs if cut.words[at] != word.fold}
    if other & {"~", "+"}:
        return "fuzzy" if "~" in other else "inflected"
    if surface == wanted or (phrase.words[-1].mark == "*" and surface.startswith(wanted)):
        return "exact"
    return "acronym" if any(word.acronym or at in cut.acronyms for word, at in pairs) else "folded"


def with_capitals(text: str) -> str:
    """Return letters and digits without their accents: U.S. is US, and Perú is Peru."""
    return "".join(char for char in unicodedata.normalize("NFKD", text) if char.isalnum())


def with_marks(text: str) -> str:
    """Return letters and digits with their accents, in small letters: AÑO is año, and not ano."""
    small = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(char for char in small if char.isalnum() or unicodedata.category(char)[0] == "M")


def day_of(document: Mapping[str, str]) -> dt.date | None:
    """Return the day of the article, None where it says none that can be read."""
    try:
        return dt.date.fromisoformat(document.get("date", "")[:10])
    except ValueError:
        return None


def edits(one: str, other: str) -> int:
    """Return the optimal string alignment distance: letters put in, left out, changed, swapped with the next."""
    table = [[i + j for j in range(len(other) + 1)] for i in range(len(one) + 1)]
    for i, letter in enumerate(one, start=1):
        for j, wanted in enumerate(other, start=1):
            changed = table[i - 1][j - 1] + (letter != wanted)
            table[i][j] = min(table[i - 1][j] + 1, table[i][j - 1] + 1, changed)
            if i > 1 and j > 1 and (letter, one[i - 2]) == (other[j - 2], wanted):
                table[i][j] = min(table[i][j], table[i - 2][j - 2] + 1)
    return table[-1][-1]
