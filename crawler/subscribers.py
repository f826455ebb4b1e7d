"""The rules of subscribers.yaml, and what its shapes mean: who gets what, and when.

    Document ─▶ each text by itself, and what it names in the other files ─▶ complaints
    Subscriber ─▶ Subscription, and the topic that its own query is

A subscription's query is matched like every topic, under the name ``query:`` and a digest of its words: so what it
finds has a sequence number, and the rule of `alerts.state` holds for it too. The name says nothing of the subscriber,
because it stands in the archive that researchers get; two who ask the same share it.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from ipaddress import ip_address
from urllib.parse import urlsplit

from alerts.model import QUERY_TOPIC, Empty, Subscription
from alerts.watch import read_quiet, read_when
from archive.errors import Complaint, TopicError
from archive.query import parse
from archive.topic import TopicSpec
from crawler import keywords
from crawler.complaints import hint, zone_hint
from crawler.readers import Subscriber
from crawler.settings import InstantDefaults
from crawler.yamlfile import ANY, Document

_ONE = ("subscribers", ANY)
_NO_PLACE = {
    "localtime",
    "Factory",
}  # files beside the zones: whatever this computer is set to, and nothing at all


def faults(subscribers: Document, topics: Document, sources: Document) -> Iterator[Complaint]:
    """Yield all that is wrong with the subscribers, beyond the shape of the file."""
    names = topics.keys("topics") if _readable(topics, "topics") else None
    if names is not None:
        for place, text in subscribers.texts(*_ONE, "topics", ANY):
            if text.strip() not in names:
                yield subscribers.complain(place, f"no such topic in {topics.file}{hint(text, names)}")
    yield from _queries(subscribers, topics, names)
    if _readable(sources, "sources"):
        yield from _sources(subscribers, sources)
    zones = zoneinfo.available_timezones() - _NO_PLACE
    for place, text in subscribers.texts(*_ONE, "zone"):
        if text.strip() not in zones:
            need = "no such time zone; one such as America/Lima is needed here"
            meant = "" if text.strip() in _NO_PLACE else zone_hint(text, zones)
            yield subscribers.complain(place, need + meant)
    for pattern, read in ((("when",), read_when), (("when", ANY), read_when), (("quiet",), read_quiet)):
        for place, text in subscribers.texts(*_ONE, *pattern):
            try:
                read(text.strip())
            except ValueError as error:
                yield subscribers.complain(place, str(error))


def _readable(document: Document, name: str) -> bool:
    """Tell whether a file can be read at all: one that cannot is one complaint, not twenty."""
    return isinstance(document.data, dict) and (name,) not in document.broken


def _queries(subscribers: Document, topics: Document, names: Sequence[str] | None) -> Iterator[Complaint]:
    for place, text in subscribers.texts(*_ONE, "query"):
        if not text.strip():
            continue  # the shape complains of it
        try:
            parse(text)
        except TopicError as error:
            yield subscribers.complain(place, str(error), column=error.column)
            continue
        for column, name in keywords.refs(text):
            if names is not None and name not in names:
                message = f"there is no topic {name} in {topics.file}{hint(name, names)}"
                yield subscribers.complain(place, message, column=column)


def _sources(subscribers: Document, sources: Document) -> Iterator[Complaint]:
    ids = [text.strip() for _, text in sources.texts("sources", ANY, "id")]
    for pattern in (("sources",), ("exclude", "sources")):
        for tail in ((), (ANY,)):
            for place, text in subscribers.texts(*_ONE, *pattern, *tail):
                if text.strip() not in ids:
                    yield subscribers.complain(place, f"no such source in {sources.file}{hint(text, ids)}")


def notes(subscribers: Document, sources: Document) -> Iterator[Complaint]:
    """Yield what can be read, and brings less than whoever wrote it may think."""
    countries = {text.strip() for _, text in sources.texts("sources", ANY, "country")}
    for tail in ((), (ANY,)):
        for place, text in subscribers.texts(*_ONE, "countries", *tail):
            if text.strip() not in countries:
                yield subscribers.complain(
                    place,
                    f"note: no source in {sources.file} is of this country, so nothing comes from there",
                )
    for place, text in subscribers.texts(*_ONE, "channel"):
        if text.strip() == "mail" and "to" not in subscribers.keys(*place[:-1]):
            message = (
                "note: to names nobody, so this is written to the folder outbox in data_dir all the same"
            )
            yield subscribers.complain(place, message)


def notes_of_leaving(subscribers: Document, settings: Document) -> Iterator[Complaint]:
    """Yield what keeps readers, where mail goes out, from leaving as mail programs have it."""
    folders = {place[:-1] for place, text in subscribers.texts(*_ONE, "channel") if text.strip() == "folder"}
    mailed = {
        place[:2] for tail in ((), (ANY,)) for place, _ in subscribers.texts(*_ONE, "to", *tail)
    } - folders
    if not mailed:
        return
    url = next((text.strip() for _, text in settings.texts("web", "public_url")), None)
    if url is None and "unsubscribe" not in settings.keys("mail"):
        message = "note: mails go out that nobody can leave: set web.public_url, or mail.unsubscribe"
        yield settings.complain(("mail", "unsubscribe"), message)
    elif url and url.lower().startswith("http://") and not _is_here(url):
        message = (
            "note: over plain http mail programs show no button to leave with one click (RFC 8058): use https"
        )
        yield settings.complain(("web", "public_url"), message)


def _is_here(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:  # a name
        return host == "localhost" or host.endswith(".localhost")


def subscription(one: Subscriber, instant: InstantDefaults) -> Subscription:
    """Return the subscription that a shape means."""
    topics = one.topics or ()
    when = "; ".join(one.when)
    return Subscription(
        id=one.id,
        name=one.name or one.id,
        to=one.to,
        topics=None if topics == "all" else tuple(topics),
        when=when,
        zone=one.zone,
        language=one.language,
        query_topic=_query_topic(one.query) if one.query else None,
        languages=one.languages,
        sources=one.sources,
        countries=one.countries,
        not_languages=one.exclude.languages,
        not_sources=one.exclude.sources,
        not_countries=one.exclude.countries,
        quiet=one.quiet,
        empty=Empty(one.empty),
        cap=one.cap,
        channel=one.channel,
        backfill=one.backfill,
        thread=one.thread,
        grown=one.instant.grown or instant.grown,
        per_hour=one.instant.per_hour or instant.per_hour,
        spikes=read_when(when).instant if one.spikes is None else one.spikes,
    )


def query_topics(subscribers: Sequence[Subscriber], languages: tuple[str, ...]) -> tuple[TopicSpec, ...]:
    """Return the topics that the subscribers' own queries are, each once. Readers see the query as its title."""
    queries = {_query_topic(one.query): " ".join(one.query.split()) for one in subscribers if one.query}
    return tuple(
        TopicSpec(topic_id=topic_id, title=query, query=query, languages=languages)
        for topic_id, query in queries.items()
    )


def _query_topic(query: str) -> str:
    return QUERY_TOPIC + blake2b(" ".join(query.split()).encode(), digest_size=6).hexdigest()
