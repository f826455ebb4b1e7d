"""The sources of sources.yaml: shapes become values, and each search the feeds that an engine makes of its topic.

    shapes + topics ─▶ sources; searches by `crawler.searches`; complaints; notes of what is not asked

It looks at files that are right by themselves: that a topic is there, `crawler.config` has seen to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from archive.errors import Complaint
from archive.model import Access, Endpoint, EndpointKind, Refetch, Selectors, Source
from archive.topic import TopicSpec
from crawler.searches import ask, default_editions
from crawler.settings import EndpointShape, SourceShape
from crawler.yamlfile import Document, Place


@dataclass(slots=True)
class Outlets:
    """What one file comes to, and what is to be said of its searches."""

    sources: tuple[Source, ...] = ()
    complaints: list[Complaint] = field(default_factory=list)
    notes: list[Complaint] = field(default_factory=list)


def read_outlets(
    shapes: Sequence[SourceShape],
    document: Document,
    topics: Mapping[str, TopicSpec],
    languages: Sequence[str],
    environ: Mapping[str, str],
) -> Outlets:
    """Return what ``shapes``, which were read from ``document``, come to."""
    result = Outlets()
    found = []
    seen: dict[str, Place] = {}
    for number, one in enumerate(shapes):
        endpoints: list[Endpoint] = []
        for index, endpoint in enumerate(one.endpoints):
            if endpoint.search is None:
                endpoints += _addresses(endpoint)
                continue
            searched, lost = _searches(endpoint, endpoint.search, one, topics, languages)
            endpoints += searched
            place: Place = ("sources", number, "endpoints", index, "search")
            result.complaints += _faults(searched, endpoint.search, place, document, seen)
            if not endpoint.editions:
                names = ", ".join(default_editions(one.language, one.country, languages))
                result.notes.append(
                    document.complain(place, f"note: no editions are named, so it is asked in {names}")
                )
            if lost:
                said = "; ".join(lost[:3]) + (f"; and {len(lost) - 3} more" if len(lost) > 3 else "")
                result.notes.append(document.complain(place, f"note: a search engine finds less: {said}"))
        found.append(_source(one, tuple(endpoints), environ))
    result.sources = tuple(found)
    return result


def _source(one: SourceShape, endpoints: tuple[Endpoint, ...], environ: Mapping[str, str]) -> Source:
    return Source(
        id=one.id,
        name=one.name,
        country=one.country,
        language=one.language,
        tags=one.tags,
        pages=one.pages,
        refetch=Refetch(one.refetch),
        access=Access(
            user_agent=one.user_agent,
            verify=one.verify,
            headers=tuple(one.headers.items()),
            username=one.username,
            password=environ.get(one.password_env) if one.password_env else None,
        ),
        selectors=Selectors(**one.selectors.model_dump()),
        endpoints=endpoints,
    )


def _addresses(one: EndpointShape) -> tuple[Endpoint, ...]:
    return tuple(
        Endpoint(kind=kind, url=url, every=one.every)
        for kind in EndpointKind
        if (url := getattr(one, kind)) is not None
    )


def _searches(
    endpoint: EndpointShape,
    topic: str,
    source: SourceShape,
    topics: Mapping[str, TopicSpec],
    languages: Sequence[str],
) -> tuple[tuple[Endpoint, ...], list[str]]:
    editions = endpoint.editions or default_editions(source.language, source.country, languages)
    urls: dict[str, None] = {}
    lost: dict[str, None] = {}
    for edition in editions:
        asked = ask(topic, topics, endpoint.engine or "google", edition)
        urls |= dict.fromkeys(asked.urls)
        lost |= dict.fromkeys(asked.lost)
    kind = EndpointKind.FEED
    return tuple(Endpoint(kind=kind, url=url, every=endpoint.every, topic=topic) for url in urls), list(lost)


def _faults(
    searched: Sequence[Endpoint], topic: str, place: Place, document: Document, seen: dict[str, Place]
) -> list[Complaint]:
    """Return what is wrong with one search; ``seen`` are the addresses of those before it, and gets its own."""
    if not searched:
        message = (
            f"nothing of the topic {topic} can be asked of a search engine: it looks for no word that every "
            "article about it has"
        )
        return [document.complain(place, message)]
    again = [seen[one.url] for one in searched if one.url in seen]
    for one in searched:
        seen.setdefault(one.url, place)
    return [
        document.complain(place, f"line {document.places[first].value.line} searches for this already")
        for first in again[:1]
    ]
