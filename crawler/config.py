"""The operator's four files, read once and handed down frozen.

    four files ─▶ Documents (crawler.yamlfile) ─▶ shapes (crawler.settings) ─┐
                        └────────▶ rules over all files (crawler.keywords: ──┴─▶ Config, or every complaint
                                   those of the topics)

A rule looks at the texts as they were written, not at the shapes: so a typing mistake in one place hides
nothing that is wrong in another. Nothing is fetched, resolved or written here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from pydantic import ValidationError

from alerts.model import QUERY_TOPIC, MailServer, Security, Stationery, Subscription
from archive.errors import Complaint, ConfigError
from archive.model import EndpointKind, Source
from archive.topic import TopicSpec
from crawler import keywords, subscribers
from crawler.complaints import hint, translate
from crawler.outlets import Outlets, read_outlets
from crawler.readers import SubscribersFile
from crawler.settings import (
    FILES,
    KeywordsFile,
    Mail,
    Settings,
    SourcesFile,
)
from crawler.shapes import Shape
from crawler.stationery import read_stationery
from crawler.yamlfile import ANY, Document, Place, read

_PORTS = {Security.NONE: 25, Security.STARTTLS: 587, Security.TLS: 465}


@dataclass(frozen=True, kw_only=True)
class Config:
    """All that the operator wrote down. ``data_dir`` is relative to the current directory."""

    settings: Settings
    sources: tuple[Source, ...]
    topics: tuple[TopicSpec, ...]
    subscriptions: tuple[Subscription, ...]
    mail: MailServer | None
    data_dir: Path
    stationery: Stationery = field(default_factory=Stationery)
    warnings: tuple[Complaint, ...] = ()
    notes: tuple[Complaint, ...] = ()  # nothing is wrong, and it may still not be what was meant
    keywords: Document = field(  # where each example stands in its file
        default_factory=lambda: Document("keywords.yaml"), repr=False, compare=False
    )


class NoFolder(ConfigError):
    """The folder itself is not there; its complaint has no line that anybody could look at."""

    def __init__(self, directory: Path) -> None:
        what = "this is a file, not a folder" if directory.exists() else "there is no such folder"
        message = (
            f"{what}: go to where your folder config is, or name it, as in `presswatch --config DIR check`, "
            "or by the environment variable PRESSWATCH_CONFIG"
        )
        super().__init__((Complaint(str(directory), 1, 1, "", message),))
        self.args = (f"{directory}: {message}",)


@dataclass(frozen=True, kw_only=True)
class Survey:
    """All that can be said of the four files. ``config`` is None when they cannot be used.

    ``settings`` are None only when something is wrong in settings.yaml itself. ``topics`` are those that can be tried:
    of a file with mistakes, the ones without any.
    """

    config: Config | None
    settings: Settings | None
    complaints: tuple[Complaint, ...]  # warnings too
    topics: tuple[TopicSpec, ...]
    keywords: Document


def load(directory: Path, environ: Mapping[str, str] = os.environ) -> Config:
    """Read the four files in ``directory``.

    Raises `ConfigError` with everything that is wrong in any of them, warnings too.
    """
    found = survey(directory, environ)
    if found.config is None:
        raise ConfigError(found.complaints)
    return found.config


def survey(directory: Path, environ: Mapping[str, str] = os.environ) -> Survey:
    """Read the four files in ``directory``, and say all that is wrong; raises `NoFolder` only."""
    if not directory.is_dir():
        raise NoFolder(directory)
    documents = {name: read(directory / f"{name}.yaml") for name in FILES}
    topics = documents["keywords"]
    shapes: dict[str, Shape] = {}
    found: set[Complaint] = set()
    for name, document in documents.items():
        found.update(document.complaints)
        if document.data is not None:
            try:
                shapes[name] = FILES[name].model_validate(document.data)
            except ValidationError as error:
                found.update(translate(document, FILES[name], error))
    found.update(_rules(documents, environ))
    warnings = tuple(sorted(keywords.warnings(topics)))
    if found:
        settings = shapes.get("settings")
        assert isinstance(settings, Settings | None)
        if any(complaint.file == documents["settings"].file for complaint in found):
            settings = None
        wrong = {complaint for complaint in found if complaint.file == topics.file}
        usable = keywords.sound(topics, wrong, (settings or Settings()).languages)
        complaints = tuple(sorted(found | set(warnings)))
        return Survey(config=None, settings=settings, complaints=complaints, topics=usable, keywords=topics)
    config, outlets = _config(shapes, documents, environ, warnings)
    if outlets.complaints:
        complaints = tuple(sorted((*outlets.complaints, *warnings)))
        return Survey(
            config=None,
            settings=config.settings,
            complaints=complaints,
            topics=config.topics,
            keywords=topics,
        )
    public_url = config.settings.web.public_url
    stationery, unusable = read_stationery(directory, str(public_url) if public_url else None)
    warnings = tuple(sorted((*warnings, *unusable)))
    config = replace(config, stationery=stationery, warnings=warnings)
    config = replace(config, notes=tuple(sorted((*_notes(documents), *outlets.notes))))
    return Survey(
        config=config, settings=config.settings, complaints=warnings, topics=config.topics, keywords=topics
    )


def changed_files(running: Config, now: Config) -> tuple[str, ...]:
    """Return the files, but for that of the topics, of which a service that is ``running`` does not know the state."""
    same = {
        "settings.yaml": running.settings == now.settings and running.mail == now.mail,
        "sources.yaml": running.sources == now.sources,
        "subscribers.yaml": running.subscriptions == now.subscriptions,
        "templates": running.stationery.templates == now.stationery.templates,
    }
    return tuple(name for name, known in same.items() if not known)


def still_asked(running: Config, now: Config) -> Config:
    """Return ``now`` with the readers' own queries that a service which is ``running`` still tells of.

    Who subscribes it reads at its start only. A query that nobody looked for any more until then would find nothing,
    and what came meanwhile would be told to nobody.
    """
    kept = tuple(
        one for one in running.topics if one.topic_id.startswith(QUERY_TOPIC) and one not in now.topics
    )
    return replace(now, topics=(*now.topics, *kept))


class Tried(Protocol):
    """What has examples: a `Config`, or a `Survey`."""

    @property
    def topics(self) -> tuple[TopicSpec, ...]:
        """The topics whose examples are tried."""

    @property
    def keywords(self) -> Document:
        """Where they stand."""


def examples_complaints(
    tried: Tried,
    match: Callable[[TopicSpec, str], bool],
    why: Callable[[TopicSpec, str], str] = lambda *_: "",
) -> tuple[Complaint, ...]:
    """Try each topic on its own examples, and return a complaint for each that does not do what it should.

    ``why`` returns what can be said of such an example in a few words, or nothing.
    """
    complaints = []
    for topic in tried.topics:
        for wanted, key, examples in ((True, "match", topic.match), (False, "no_match", topic.no_match)):
            for number, example in enumerate(examples):
                if match(topic, example) is not wanted:
                    place = ("topics", topic.topic_id, "examples", key, number)
                    does = "does not find this" if wanted else "finds this, and should not"
                    reason = why(topic, example)
                    message = f"the topic {topic.topic_id} {does}" + (f": {reason}" if reason else "")
                    complaints.append(tried.keywords.complain(place, message))
    return tuple(sorted(complaints))


# --- from shapes to values --------------------------------------------------------------------------------


def _config(
    shapes: Mapping[str, Shape],
    documents: Mapping[str, Document],
    environ: Mapping[str, str],
    warnings: tuple[Complaint, ...],
) -> tuple[Config, Outlets]:
    settings, topics = shapes["settings"], shapes["keywords"]
    sources, readers = shapes["sources"], shapes["subscribers"]
    assert isinstance(settings, Settings)
    assert isinstance(topics, KeywordsFile)
    assert isinstance(sources, SourcesFile)
    assert isinstance(readers, SubscribersFile)
    specs = tuple(
        keywords.spec(topic_id, shape, settings.languages) for topic_id, shape in topics.topics.items()
    )
    by_id = {spec.topic_id: spec for spec in specs}
    outlets = read_outlets(sources.sources, documents["sources"], by_id, settings.languages, environ)
    config = Config(
        settings=settings,
        sources=outlets.sources,
        topics=(*specs, *subscribers.query_topics(readers.subscribers, settings.languages)),
        subscriptions=tuple(subscribers.subscription(one, settings.instant) for one in readers.subscribers),
        mail=_mail_server(settings.mail, environ) if settings.mail else None,
        data_dir=settings.folder,
        warnings=warnings,
        keywords=documents["keywords"],
    )
    return config, outlets


def _mail_server(mail: Mail, environ: Mapping[str, str]) -> MailServer:
    return MailServer(
        host=mail.host,
        port=mail.port or _PORTS[Security(mail.security)],
        security=Security(mail.security),
        sender=mail.sender,
        username=mail.username,
        password=environ.get(mail.password_env) if mail.password_env else None,
        reply_to=mail.reply_to,
        unsubscribe=mail.unsubscribe,
    )


# --- rules over all files ---------------------------------------------------------------------------------


def _rules(documents: Mapping[str, Document], environ: Mapping[str, str]) -> Iterator[Complaint]:
    settings, topics = documents["settings"], documents["keywords"]
    sources, readers = documents["sources"], documents["subscribers"]
    yield from _unique(sources, "this id", ("sources", ANY, "id"))
    for kind in EndpointKind:
        yield from _unique(sources, "this address", ("sources", ANY, "endpoints", ANY, kind.value), same_url)
    yield from _unique(readers, "this id", ("subscribers", ANY, "id"))
    yield from _password(settings, ("mail",), environ)
    for place in sources.under("sources", ANY):
        yield from _password(sources, place, environ)
    yield from keywords.faults(topics)
    if isinstance(topics.data, dict) and ("topics",) not in topics.broken:
        # A keywords.yaml that cannot be read at all knows no topic; that is one complaint, not twenty.
        names = topics.keys("topics")
        for place, text in sources.texts("sources", ANY, "endpoints", ANY, "search"):
            if text.strip() not in names:
                yield sources.complain(place, f"no such topic in {topics.file}{hint(text, names)}")
    yield from subscribers.faults(readers, topics, sources)


def _unique(
    document: Document, what: str, pattern: tuple[str | None, ...], same: Callable[[str], str] = str.strip
) -> Iterator[Complaint]:
    first: dict[str, Place] = {}
    for place, text in document.texts(*pattern):
        earlier = first.setdefault(same(text), place)
        if earlier != place:
            line = document.places[earlier].value.line
            yield document.complain(place, f"{what} already stands in line {line}")


def same_url(text: str) -> str:
    """Return the form of an address in which two that are one are the same."""
    try:
        parts = urlsplit(text.strip())
    except ValueError:  # the shape complains of it
        return text
    return parts._replace(netloc=parts.netloc.lower(), path=parts.path or "/", fragment="").geturl()


def _password(document: Document, place: Place, environ: Mapping[str, str]) -> Iterator[Complaint]:
    """Yield what is wrong with the ``username`` and ``password_env`` that stand under ``place``."""
    names = document.keys(*place)
    for where, name in document.texts(*place, "password_env"):
        if not environ.get(name.strip()):
            yield document.complain(where, "this environment variable is not set")
        if "username" not in names:
            yield document.complain(where, "a password needs a username beside it")
    for where, _ in document.texts(*place, "username"):
        if "password_env" not in names:
            yield document.complain(where, "a username needs password_env beside it")


def _notes(documents: Mapping[str, Document]) -> Iterator[Complaint]:
    """What can be read and works, and may still surprise whoever wrote it. Nothing stops for it."""
    settings, readers = documents["settings"], documents["subscribers"]
    yield from subscribers.notes(readers, documents["sources"])
    if not {"contact", "user_agent"} & set(settings.keys("network")):
        message = "note: not set, so a newspaper cannot ask you anything, and may sooner lock you out"
        yield settings.complain(("network", "contact"), message)
    if settings.keys("mail"):
        yield from subscribers.notes_of_leaving(readers, settings)
    else:
        for place in {
            place[:3] for to in ((), (ANY,)) for place, _ in readers.texts("subscribers", ANY, "to", *to)
        }:
            message = (
                "note: settings.yaml names no mail server, so these mails are written to the folder outbox "
                "in data_dir and sent to nobody"
            )
            yield readers.complain(place, message)
