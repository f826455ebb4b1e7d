"""A topic as news search engines are asked for it: their RSS, by language and country.

    topic ─▶ its terms in that language ─▶ tree ─▶ queries, each an AND of ORs ─▶ cut to what an engine takes ─▶ URLs

What comes back are candidates; the matcher decides. So a query may ask for more than the topic does: distances, NOT,
fields and what is excluded are left out. Where it asks for less (an ending, a slip, a term that has no place), `Asked`
says so. Neither engine promises how it reads a query: nothing but words, quotes, OR and one level of parentheses is
used. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import parse_qs, quote_plus, urlsplit

from archive.datewords import spellings
from archive.topic import TopicSpec, compile_topic
from archive.tree import ATTRIBUTES, And, Date, In, Near, Node, Not, Or, Phrase, Ref

Engine = Literal["google", "bing"]

_PLACES = ("https://www.bing.com/news/search?", "https://news.google.com/rss/search?")

MOST_WORDS = {"google": 30, "bing": 10}
"""Words of one query: Google passes over those past the 32nd (``when:`` takes one), Bing past the tenth."""

MOST_CHARACTERS = 1_400
"""Of one query, as it stands in the address; with all around it that stays below what servers and proxies take."""

MOST_QUERIES = 8
"""Feeds that one search becomes in one edition; each is asked as often as any other feed."""

_HOME = {"en": "US", "es": "US", "pt": "BR"}  # where a language is searched when no country is named
_BARE = re.compile(r"\w+")
_STAR = re.compile(r"\S+\*")
_MARK = re.compile(r"[*~+](?!\w)")

Clause = tuple[str, ...]
"""Terms, any of which is enough."""

Query = tuple[Clause, ...]
"""Clauses, all of which must hold."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The feeds of one search. ``lost``: what the topic looks for and no query asks, each in a few words."""

    urls: tuple[str, ...]
    lost: tuple[str, ...]


def is_search(url: str) -> bool:
    """Tell whether what is read at ``url`` answers a search."""
    return url.startswith(_PLACES)


def default_editions(language: str | None, country: str | None, languages: Iterable[str]) -> tuple[str, ...]:
    """Return the editions of a source that names none: its own, else one for each language of the installation."""
    own = language.partition("-")[0] if language else None
    if own and country and len(country) == 2:
        return (f"{own}-{country}",)
    codes = dict.fromkeys(one.partition("-")[0] for one in ([own] if own else languages))
    return tuple(f"{code}-{_HOME.get(code, code.upper())}" for code in codes)


def asks(url: str) -> str:
    """Return what the address of a search, as `ask` makes it, asks: the query, and in which edition."""
    said = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    where = said.get("ceid") or f"{said.get('setlang')}-{said.get('cc')}"
    return f"{said.get('q', '')} ({where})"


def ask(topic_id: str, topics: Mapping[str, TopicSpec], engine: Engine, edition: str) -> Asked:
    """Return the feeds in which ``engine`` answers for a topic; none where nothing of it can be asked."""
    language, _, country = edition.partition("-")
    writer = _Writer(topics, language)
    queries = writer.topic(topic_id) or []
    cut = list(dict.fromkeys(one for query in queries for one in _cut(query, MOST_WORDS[engine])))
    lost = [*writer.lost]
    if len(cut) > MOST_QUERIES:
        left = [term for query in cut[MOST_QUERIES:] for term in query[0]]
        lost.append(f"{len(left)} terms have no place, from {left[0]} on")
    urls = (_address(engine, text, language, country) for text in map(_text, cut[:MOST_QUERIES]))
    return Asked(tuple(urls), tuple(dict.fromkeys(lost)))


class _Writer:
    """Turns trees into queries. What narrows them is noted in ``lost``."""

    def __init__(self, topics: Mapping[str, TopicSpec], language: str) -> None:
        self._topics = topics
        self._language = language
        self.lost: list[str] = []

    def topic(self, topic_id: str) -> list[Query] | None:
        spec = self._topics[topic_id]
        spoken = tuple(term for term in spec.terms if self._spoken(term.language))
        if spoken or spec.query or spec.dates:
            if spec.terms and not spoken:
                under = dict.fromkeys(term.language for term in spec.terms if term.language)
                what = "query" if spec.query else "dates"
                self.lost.append(
                    f"no term of {topic_id} is asked in {self._language}, only its {what}: "
                    f"they stand under {', '.join(under)}"
                )
            spec = replace(spec, terms=spoken)
        topic = compile_topic(spec)
        return self._all([topic.tree, *topic.require])

    def _spoken(self, language: str | None) -> bool:
        return language is None or language.partition("-")[0] == self._language

    def _node(self, node: Node) -> list[Query] | None:
        """Return queries, any of which may find it; None where nothing can be asked that misses nothing."""
        match node:
            case Phrase():
                return [((self._term(node),),)]
            case Date():
                terms = tuple(map(_quoted, spellings(node, [self._language])))
                return [(terms,)] if terms else None
            case Ref(topic_id):
                return self.topic(topic_id)
            case In(place, child):
                return None if place in ATTRIBUTES else self._node(child)
            case Not():
                return None
            case Or(children):
                return self._any(children)
            case And(children) | Near(operands=children):
                return self._all(children)

    def _any(self, nodes: Iterable[Node]) -> list[Query] | None:
        found: list[Query] = []
        for node in nodes:
            queries = self._node(node)
            if queries is None:
                return None
            found += queries
        # Words and phrases are asked for together; what needs two things at once is a query of its own.
        simple = tuple(dict.fromkeys(term for query in found if len(query) == 1 for term in query[0]))
        return ([(simple,)] if simple else []) + [query for query in found if len(query) > 1]

    def _all(self, nodes: Iterable[Node]) -> list[Query] | None:
        found = [queries for queries in map(self._node, nodes) if queries is not None]
        if len(found) < 2:
            return found[0] if found else None
        clauses = (
            clause
            for queries in found
            for clause in (queries[0] if len(queries) == 1 else (_wider(queries),))
        )
        return [tuple(dict.fromkeys(clauses))]

    def _term(self, phrase: Phrase) -> str:
        text = phrase.text.replace('"', " ")
        if any(word.mark == "~" for word in phrase.words):
            self.lost.append(f"{phrase.text} is asked as it is written")
        if _STAR.search(text):
            # An ending that is left open is no word to an engine: the words around it are.
            whole = max((part.strip() for part in _STAR.split(text)), key=len)
            if not whole:
                self.lost.append(f"{phrase.text} is asked as the word {_MARK.sub('', text).strip()}")
            text = whole or text
        return _quoted(" ".join(_MARK.sub("", text).split()))


def _wider(queries: Iterable[Query]) -> Clause:
    """Return one clause that holds wherever any of ``queries`` does."""
    return tuple(dict.fromkeys(term for query in queries for term in min(query, key=len)))


def _quoted(text: str) -> str:
    return text if _BARE.fullmatch(text) and text not in ("OR", "AND", "NOT") else f'"{text}"'


def _cut(query: Query, most: int) -> Iterator[Query]:
    """Yield ``query``, or what finds all that it would in queries that an engine takes."""
    if len(query) > 1 and not _fits(query, most):
        largest = max(query, key=lambda clause: _words((clause,)))
        others = tuple(clause for clause in query if clause is not largest)
        half = len(largest) // 2
        # Without one of its conditions a query finds more; with a part of the words in one it finds a part.
        for part in (largest[:half], largest[half:]) if half else ((),):
            yield from _cut((*others, part) if part else others, most)
        return
    if len(query) > 1 or _fits(query, most):
        yield query
        return
    taken: list[str] = []
    for term in query[0]:
        if taken and not _fits(((*taken, term),), most):
            yield (tuple(taken),)
            taken = []
        # A phrase of more words than fit is found by its first ones.
        words = term.strip('"').split()
        taken.append(term if len(words) <= most else _quoted(" ".join(words[:most])))
    yield (tuple(taken),)


def _fits(query: Query, most: int) -> bool:
    return _words(query) <= most and len(quote_plus(_text(query))) <= MOST_CHARACTERS


def _words(query: Query) -> int:
    return sum(len(re.findall(r"\w+", term)) for clause in query for term in clause)


def _text(query: Query) -> str:
    texts = [" OR ".join(clause) for clause in query]
    return " ".join(f"({text})" if " OR " in text and len(query) > 1 else text for text in texts)


def _address(engine: Engine, text: str, language: str, country: str) -> str:
    if engine == "bing":
        return f"{_PLACES[0]}q={quote_plus(text)}&format=rss&setlang={language}&cc={country}"
    if " OR " in text and not text.startswith("("):
        text = f"({text})"
    # Of the last days: without it the most cited stories of all years fill the hundred places of the answer.
    query = quote_plus(f"{text} when:7d")
    spoken, edition = _google(language, country)
    return f"{_PLACES[1]}q={query}&hl={spoken}&gl={country}&ceid={country}:{edition}"


def _google(language: str, country: str) -> tuple[str, str]:
    """Return what Google calls a language in a country, in ``hl`` and in ``ceid``."""
    match language, country:
        case "en", _:
            return f"en-{country}", "en"
        case "es", "ES":
            return "es", "es"
        case "es", _:
            return "es-419", "es-419"
        case "pt", "BR":
            return "pt-BR", "pt-419"
        case "pt", _:
            return "pt-PT", "pt-150"
        case _:
            return language, language
