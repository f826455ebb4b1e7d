"""The searches of sources.yaml: each becomes the feeds that a search engine makes of its topic.

    shapes + topics ─▶ `crawler.searches` ─▶ endpoints of each source; complaints; notes of what is not asked

It looks at files that are right by themselves: that a topic is there, `crawler.config` has seen to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from archive.errors import Complaint
from archive.model import Endpoint, EndpointKind
from archive.topic import TopicSpec
from crawler.searches import ask, default_editions
from crawler.settings import EndpointShape, SourceShape
from crawler.yamlfile import Document, Place


@dataclass(slots=True)
class Searches:
    """What the searches of one file come to. ``endpoints``: by the place of each search."""

    endpoints: dict[Place, tuple[Endpoint, ...]] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)
    notes: list[Complaint] = field(default_factory=list)


def expand(
    sources: Sequence[SourceShape],
    document: Document,
    topics: Mapping[str, TopicSpec],
    languages: Sequence[str],
) -> Searches:
    """Return what every search of ``sources``, which were read from ``document``, comes to."""
    result = Searches()
    seen: dict[str, Place] = {}
    for number, source in enumerate(sources):
        for index, endpoint in enumerate(source.endpoints):
            if endpoint.search is None:
                continue
            place: Place = ("sources", number, "endpoints", index, "search")
            found, lost = _endpoints(endpoint, source, topics, languages)
            result.endpoints[place] = found
            if not found:
                message = (
                    f"nothing of the topic {endpoint.search} can be asked of a search engine: it looks for no word "
                    "that every article about it has"
                )
                result.complaints.append(document.complain(place, message))
            for one in found:
                if seen.setdefault(one.url, place) != place:
                    line = document.places[seen[one.url]].value.line
                    result.complaints.append(
                        document.complain(place, f"line {line} searches for this already")
                    )
                    break
            if lost:
                said = "; ".join(lost[:3]) + (f"; and {len(lost) - 3} more" if len(lost) > 3 else "")
                result.notes.append(document.complain(place, f"note: a search engine finds less: {said}"))
    return result


def _endpoints(
    endpoint: EndpointShape, source: SourceShape, topics: Mapping[str, TopicSpec], languages: Sequence[str]
) -> tuple[tuple[Endpoint, ...], list[str]]:
    assert endpoint.search is not None
    editions = endpoint.editions or default_editions(source.language, source.country, languages)
    urls: dict[str, None] = {}
    lost: dict[str, None] = {}
    for edition in editions:
        asked = ask(endpoint.search, topics, endpoint.engine or "google", edition)
        urls |= dict.fromkeys(asked.urls)
        lost |= dict.fromkeys(asked.lost)
    found = (
        Endpoint(kind=EndpointKind.FEED, url=url, every=endpoint.every, topic=endpoint.search) for url in urls
    )
    return tuple(found), list(lost)
