"""A topic: what an operator looks for, as written (`TopicSpec`) and compiled for the matcher (`Topic`).

    terms, query, dates ─▶ one tree, any of them
    exclude ─▶ phrases that hide words      require ─▶ trees that must be true too

What dictionaries say about its words (`archive.facts`) comes in from outside: asking them is slow, and is done once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from archive.errors import TopicError
from archive.facts import Facts, Wanted, wanted
from archive.phrase import STEM, compile_phrase
from archive.query import parse
from archive.tree import MOST_NESTING, MOST_TERMS, Date, Node, Phrase, Ref, any_of, walk

LANGUAGES = ("en", "es")


@dataclass(frozen=True, slots=True)
class Term:
    """One phrase as the operator wrote it, and the language it stands under (None: any)."""

    text: str
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicSpec:
    """A topic as the operator wrote it. ``match`` and ``no_match`` are its examples.

    ``languages``: those in which its dates are spelled, and whose dictionaries are asked.
    """

    topic_id: str
    title: str
    terms: tuple[Term, ...] = ()
    query: str | None = None
    dates: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    require: tuple[str, ...] = ()
    match: tuple[str, ...] = ()
    no_match: tuple[str, ...] = ()
    languages: tuple[str, ...] = LANGUAGES

    @property
    def definition(self) -> str:
        """What it looks for, as canonical JSON: titles and examples change nothing about matching.

        What is not used does not stand in it, so that a topic of an earlier version keeps its name.
        """
        parts: dict[str, object] = {
            "terms": [asdict(term) for term in self.terms],
            "exclude": list(self.exclude),
        }
        if self.query is not None:
            parts["query"] = self.query
        if self.dates:
            parts["dates"] = list(self.dates)
        if self.require:
            parts["require"] = list(self.require)
        if self.languages != LANGUAGES:
            parts["languages"] = list(self.languages)
        return json.dumps(parts, ensure_ascii=False, sort_keys=True)

    @property
    def version(self) -> str:
        """The name of this definition: the same words have the same version on every machine."""
        return hashlib.sha256(self.definition.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Topic:
    """A compiled topic, ready for the matcher. ``facts`` None: nothing is known, so capitals always count."""

    topic_id: str
    title: str
    version: str
    tree: Node
    exclude: tuple[Phrase, ...] = ()
    require: tuple[Node, ...] = ()
    facts: Facts | None = None
    languages: tuple[str, ...] = LANGUAGES
    definition: str = ""  # as written, in JSON

    @property
    def trees(self) -> tuple[Node, ...]:
        """All that is looked for, excludes too."""
        return (self.tree, *self.exclude, *self.require)


def compile_topic(spec: TopicSpec, facts: Facts | None = None) -> Topic:
    """Return ``spec`` ready for the matcher; what it refers to (``@topic``) is not looked at.

    Raises `TopicError` for the first thing that cannot be read.
    """
    nodes: list[Node] = [compile_phrase(term.text) for term in spec.terms]
    if spec.query is not None:
        nodes.append(parse(spec.query))
    nodes += [parse_date(text) for text in spec.dates]
    if not nodes:
        raise TopicError("nothing is looked for: terms, query or dates are needed")
    tree = any_of(tuple(nodes))
    if sum(isinstance(node, Phrase | Date) for node in walk(tree)) > MOST_TERMS:
        raise TopicError(f"more than {MOST_TERMS:,} terms: make two topics of it")
    return Topic(
        spec.topic_id,
        spec.title,
        spec.version,
        tree,
        tuple(compile_phrase(text) for text in spec.exclude),
        tuple(parse(text, bounded=False) for text in spec.require),
        facts,
        spec.languages,
        spec.definition,
    )


def parse_date(text: str) -> Node:
    """Return the date that a line under ``dates`` means, such as ``07-19`` or ``2026-07-19``."""
    before = "date("
    try:
        node = parse(f"{before}{text.strip()})")
    except TopicError as error:
        raise TopicError(str(error), max(0, error.column - len(before))) from error
    if not isinstance(node, Date):
        raise TopicError("one day is needed here, such as 07-19 or 2026-07-19")
    return node


def compile_topics(specs: Sequence[TopicSpec], facts: Facts | None = None) -> tuple[Topic, ...]:
    """Return a whole watch list ready for the matcher.

    A topic that refers to others gets a version that changes when one of those does. Raises `TopicError` for a name
    that no topic has, and for topics that refer to each other in a circle.
    """
    topics = {spec.topic_id: compile_topic(spec, facts) for spec in specs}
    for topic_id, fault in reference_faults({key: refs(topic.trees) for key, topic in topics.items()}):
        raise TopicError(f"{topic_id}: {fault}")
    return tuple(_versioned(topic, topics) for topic in topics.values())


def refs(trees: Iterable[Node]) -> tuple[str, ...]:
    """Return the topics that ``trees`` refer to, each once."""
    return tuple(
        dict.fromkeys(node.topic_id for tree in trees for node in walk(tree) if isinstance(node, Ref))
    )


def reference_faults(referred: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Yield each topic whose references cannot be followed, and why. ``referred``: topic to the topics it names."""
    for topic_id, names in referred.items():
        if _is_deep(names, referred):
            yield topic_id, f"its @topics refer to others over more than {MOST_NESTING} steps"
            continue
        for name in names:
            if name not in referred:
                yield topic_id, f"there is no topic {name}"
            elif circle := _way(name, topic_id, referred):
                way = " → ".join(f"@{step}" for step in (topic_id, *circle))
                yield topic_id, f"it refers to itself: {way}"


def _is_deep(names: Sequence[str], referred: Mapping[str, Sequence[str]]) -> bool:
    """Tell whether a way of references goes on for more steps than anybody can follow; a circle is no such way."""
    level, seen = set(names), set(names)
    for _ in range(MOST_NESTING):
        level = {other for name in level for other in referred.get(name, ())} - seen
        seen |= level
    return bool(level)


def _way(start: str, goal: str, referred: Mapping[str, Sequence[str]]) -> list[str] | None:
    """Return the steps from one topic to another, None if there are none."""
    todo, seen = [[start]], {start}
    while todo:
        way = todo.pop()
        if way[-1] == goal:
            return way
        for name in referred.get(way[-1], ()):
            if name not in seen:
                seen.add(name)
                todo.append([*way, name])
    return None


def _versioned(topic: Topic, topics: Mapping[str, Topic]) -> Topic:
    reached: dict[str, None] = {}
    todo = list(refs(topic.trees))
    while todo:
        name = todo.pop()
        if name not in reached:
            reached[name] = None
            todo += refs(topics[name].trees)
    if not reached:
        return topic
    names = [topic.version, *sorted(f"{name}={topics[name].version}" for name in reached)]
    version = hashlib.sha256("\n".join(names).encode()).hexdigest()[:12]
    return replace(topic, version=version)


def all_wanted(topics: Iterable[Topic]) -> Wanted:
    """Return what dictionaries must be asked about ``topics``."""
    return wanted(tree for topic in topics for tree in topic.trees)


__all__ = [
    "LANGUAGES", "STEM", "Term", "Topic", "TopicSpec", "all_wanted", "compile_phrase", "compile_topic",
    "compile_topics", "reference_faults", "refs",
]  # fmt: skip
