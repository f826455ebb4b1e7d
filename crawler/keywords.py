"""The rules of keywords.yaml: what is wrong with its phrases, queries and dates, and with @topics in them.

    Document ─▶ each text by itself ─▶ what refers to what ─▶ complaints, warnings

It looks at the texts as they were written, so that each complaint points at its place in the file; what they mean is
for `archive.phrase` and `archive.query` to say, and what can be read and is rarely meant for `crawler.doubts`. Nothing
is read here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from pydantic import ValidationError

from archive.errors import Complaint, TopicError
from archive.phrase import compile_phrase
from archive.query import parse
from archive.querytokens import Kind, read
from archive.topic import Term, TopicSpec, parse_date, reference_faults
from archive.tree import MOST_TERMS, Date, Node, Phrase, any_of, walk
from crawler import doubts
from crawler.complaints import hint, is_meant
from crawler.doubts import PHRASES, is_cut
from crawler.settings import KeywordsFile, TopicShape
from crawler.yamlfile import ANY, Document, Place
from crawler.yamlwords import COMMENT

_LOOKS = ("terms", "query", "dates")
_QUERIES = (("query",),)
_REQUIRES = (("require",), ("require", ANY))
_DATES = (("dates",), ("dates", ANY))
_CALL = re.compile(r"date\(([^()]*)\)")


@dataclass(slots=True)
class _Read:
    """What one topic's texts are: the trees of what it looks for, and each @topic with its place and column."""

    trees: list[Node] = field(default_factory=list)
    refs: list[tuple[Place, int, str]] = field(default_factory=list)


def faults(keywords: Document) -> Iterator[Complaint]:
    """Yield all that is wrong with the topics, beyond the shape of the file."""
    topics: dict[str, _Read] = {}
    for topic_id in keywords.keys("topics"):
        names = keywords.keys("topics", topic_id)
        if names and not is_meant(TopicShape, names, _LOOKS):
            message = f"nothing is looked for: {', '.join(_LOOKS[:-1])} or {_LOOKS[-1]} are needed"
            yield keywords.complain(("topics", topic_id), message, at_key=True)
        topics[topic_id] = found = _Read()
        yield from _texts(keywords, topic_id, found)
        if (
            found.trees
            and sum(isinstance(node, Phrase | Date) for node in walk(any_of(tuple(found.trees)))) > MOST_TERMS
        ):
            message = f"more than {MOST_TERMS:,} terms: make two topics of it"
            yield keywords.complain(("topics", topic_id), message, at_key=True)
    yield from _references(keywords, topics)


def _texts(keywords: Document, topic_id: str, into: _Read) -> Iterator[Complaint]:
    """Read the texts of one topic, and yield what cannot be read."""
    readers: list[tuple[tuple[tuple[str | None, ...], ...], Callable[[str], Node]]] = [
        (PHRASES, compile_phrase),
        (_QUERIES, parse),
        (_REQUIRES, partial(parse, bounded=False)),  # it stands beside the terms
        (_DATES, _date),
    ]
    for patterns, reader in readers:
        for pattern in patterns:
            for place, text in keywords.texts("topics", topic_id, *pattern):
                if not text.strip():
                    continue  # the shape complains of it
                try:
                    tree = reader(text)
                except TopicError as error:
                    cut = f"; {COMMENT}" if is_cut(keywords, place) else ""
                    yield keywords.complain(place, f"{error}{cut}", column=error.column)
                    continue
                if place[2] in _LOOKS:
                    into.trees.append(tree)
                if patterns in (_QUERIES, _REQUIRES) and "@" in text:
                    into.refs += [(place, column, name) for column, name in refs(text)]


def _date(text: str) -> Node:
    ahead = len(text) - len(text.lstrip())
    try:
        date = parse_date(text)
    except TopicError as error:
        # The query language writes it date(07-19); here that is what the line says anyway.
        raise TopicError(_CALL.sub(r"\1", str(error)), error.column + ahead) from error
    if not isinstance(date, Date):
        raise TopicError("one day is needed here, such as 07-19 or 2026-07-19", ahead)
    return date


def refs(query: str) -> Iterator[tuple[int, str]]:
    """Yield the topics that a query which can be read refers to, and where."""
    token = read(query, 0)
    while token.kind is not Kind.END:
        if token.kind is Kind.REF:
            yield token.start, token.value
        token = read(query, token.end, in_field=token.kind is Kind.FIELD)


def _references(keywords: Document, topics: Mapping[str, _Read]) -> Iterator[Complaint]:
    """Yield each @topic that leads nowhere, or back to where it stands."""
    for found in topics.values():
        for place, column, name in found.refs:
            if name not in topics:
                yield keywords.complain(place, f"there is no topic {name}{hint(name, topics)}", column=column)
    known = {
        topic_id: list(dict.fromkeys(name for _, _, name in found.refs if name in topics))
        for topic_id, found in topics.items()
    }
    for topic_id, fault in reference_faults(known):
        # "it refers to itself: @a → @b → @a": the second is the name that stands in the text.
        by = fault.split(" → ")[1].removeprefix("@")
        for place, column, name in topics[topic_id].refs:
            if name == by:
                yield keywords.complain(place, fault, column=column)


def warnings(keywords: Document) -> Iterator[Complaint]:
    """Yield what can be read and is rarely what was meant."""
    return doubts.warnings(keywords)


def spec(topic_id: str, shape: TopicShape, languages: tuple[str, ...]) -> TopicSpec:
    """Return the topic that a shape means."""
    if isinstance(shape.terms, dict):
        terms = tuple(Term(text, language) for language, texts in shape.terms.items() for text in texts)
    else:
        terms = tuple(Term(text, None) for text in shape.terms or ())
    return TopicSpec(
        topic_id=topic_id,
        title=shape.title or topic_id,
        terms=terms,
        query=shape.query,
        dates=shape.dates,
        exclude=shape.exclude,
        require=shape.require,
        match=shape.examples.match,
        no_match=shape.examples.no_match,
        languages=languages,
    )


def sound(
    keywords: Document, complaints: set[Complaint], languages: tuple[str, ...]
) -> tuple[TopicSpec, ...]:
    """Return those topics of a file with mistakes that can be used all the same, and all to which they refer."""
    wrong = {complaint.path.split(".")[1].split("[")[0] for complaint in complaints if "." in complaint.path}
    specs: dict[str, TopicSpec] = {}
    for topic_id in keywords.keys("topics"):
        if topic_id in wrong:
            continue
        try:
            file = KeywordsFile.model_validate({"topics": {topic_id: keywords.data["topics"][topic_id]}})
        except ValidationError:
            continue
        specs[topic_id] = spec(topic_id, file.topics[topic_id], languages)
    named = {
        topic_id: {name for text in (one.query, *one.require) if text for _, name in refs(text)}
        for topic_id, one in specs.items()
    }
    while lost := [topic_id for topic_id in specs if not named[topic_id] <= specs.keys()]:
        for topic_id in lost:
            del specs[topic_id]
    return tuple(specs.values())
