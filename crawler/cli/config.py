"""Commands about the operator's files: check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from archive import preview, rematch
from archive.errors import ArchiveError, Complaint, ConfigError, PresswatchError, TopicError
from archive.match import Matcher
from archive.model import EndpointKind
from archive.query import caret
from archive.times import stamp
from archive.topic import Topic, TopicSpec
from crawler import urls
from crawler.cli import difference, suppressions
from crawler.cli.app import Json, app
from crawler.cli.found import lately
from crawler.cli.output import counted, note, say, say_json
from crawler.cli.query import archive
from crawler.config import Config, NoFolder, Survey, examples_complaints, survey
from crawler.settings import Settings
from crawler.watchlist import compile_specs, stored_facts

MOST_SHOWN = 3  # words that a failed example was found by
_UNKNOWN = {"since": None, "waiting": None, "topics": None}  # what the topics would change, to a program


@app.command()
def check(
    context: typer.Context,
    diff: Annotated[
        bool,
        typer.Option("--diff", help="Show what new and changed topics would gain and lose in the archive."),
    ] = False,
    days: Annotated[
        int, typer.Option(min=1, help="With --diff: in how many of the archive's last days.")
    ] = 30,
    limit: Annotated[int, typer.Option(min=0, help="With --diff: how many articles of each to show.")] = 3,
    json: Json = False,
) -> None:
    """Say all that is wrong in config/, and try all examples."""
    config, topics = None, None
    try:
        found = survey(context.obj)
    except ConfigError as error:
        complaints = list(error.complaints)
        said = (
            str(error)
            if isinstance(error, NoFolder)
            else "\n".join(_shown(context.obj, one) for one in complaints)
        )
    else:
        topics = _compiled(found, needed=diff and found.config is not None)
        complaints = sorted({*found.complaints, *_examples(found, topics)})
        said = "\n".join(_shown(context.obj, complaint) for complaint in complaints)
        if found.config is not None:
            config = found.config
            # Not among the complaints: whoever asks a script whether the files are good gets yes.
            for one in (*config.notes, *suppressions.notes(config)):
                note(str(one))
    told = [asdict(complaint) for complaint in complaints]
    if not json:
        say(said or (_good(config) if config else ""))
    elif not diff:
        say_json(told)
    if diff and config is not None and topics is not None:
        _say_difference(config.data_dir, topics, told, days, limit, as_json=json)
    elif diff:
        note("what the topics would change is said once these mistakes are mended")
        if json:
            say_json({"complaints": told, **_UNKNOWN})
    raise typer.Exit(1 if complaints else 0)


def _say_difference(
    data_dir: Path,
    topics: Sequence[Topic],
    complaints: Sequence[Any],
    days: int,
    limit: int,
    *,
    as_json: bool,
) -> None:
    try:
        with archive(data_dir) as conn:
            begin, waiting = preview.since(conn, days), rematch.waiting(conn)
            found = difference.changes(conn, topics, begin=begin, samples=limit)
            if as_json:
                changes = {one.topic_id: difference.as_json(one) for one in found}
                said = {"since": stamp(begin), "waiting": waiting, "topics": changes}
            else:
                number = preview.articles(conn, begin)
                say(f"\namong {counted(number, 'article')} first seen {lately(days)}:\n")
                if not difference.show(found, waiting):
                    say(
                        "nothing changes: the archive was matched with the topics as they stand in keywords.yaml"
                    )
    except ArchiveError:
        if as_json:
            # What is wrong in the files is known all the same.
            say_json({"complaints": complaints, **_UNKNOWN})
        raise
    if as_json:
        say_json({"complaints": complaints, **said})


def _shown(folder: Path, complaint: Complaint) -> str:
    """Return a complaint with the line that it is about, and a caret under the place."""
    try:
        line = (folder / complaint.file).read_text("utf-8-sig").splitlines()[complaint.line - 1]
    except (OSError, UnicodeDecodeError, IndexError):
        return str(complaint)  # there is no such line to show
    if not line.strip():
        return str(complaint)
    before = urls.without_user(line[: complaint.column - 1])
    below = caret(urls.without_user(line), TopicError("", len(before)))
    return "\n".join([str(complaint), *(f"    {row}" for row in below.split("\n"))])


def _good(config: Config) -> str:
    kinds = Counter(
        "search feed" if one.topic else "section page" if one.kind is EndpointKind.SECTION else str(one.kind)
        for source in config.sources
        for one in source.endpoints
    )
    endpoints = ", ".join(counted(number, kind) for kind, number in sorted(kinds.items())) or "nothing to ask"
    examples = sum(len(topic.match) + len(topic.no_match) for topic in config.topics)
    return (
        f"config is good: {counted(len(config.sources), 'source')} ({endpoints}), "
        f"{counted(len(config.topics), 'topic')} ({counted(examples, 'example')} tried), "
        f"{counted(len(config.subscriptions), 'subscriber')}"
    )


def _compiled(found: Survey, *, needed: bool) -> tuple[Topic, ...] | None:
    """Return the topics that can be tried; None where dictionaries cannot be asked, or need not: no topic has examples.

    ``needed``: they are wanted for more than examples.
    """
    if not needed and not any(topic.match or topic.no_match for topic in found.topics):
        return None
    settings = found.settings or Settings()
    try:
        return compile_specs(
            found.topics,
            settings.languages,
            stored_facts(settings.folder, settings.languages) if found.settings else None,
        )
    except PresswatchError as error:
        # With other complaints to tell, those come first.
        if not found.complaints:
            raise
        note(f"the examples were not tried: {error}")
        return None


def _examples(found: Survey, topics: Sequence[Topic] | None) -> Sequence[Complaint]:
    """Return the complaints about examples."""
    if topics is None:
        return ()
    trial = Trial(topics)
    return examples_complaints(found, trial.matches, trial.why)


class Trial:
    """All topics, tried on sentences. Each sentence is matched once, however many topics ask about it."""

    def __init__(self, topics: Sequence[Topic]) -> None:
        self.topics = {topic.topic_id: topic for topic in topics}
        self._matcher = Matcher(topics)

    def matches(self, spec: TopicSpec, text: str) -> bool:
        """Tell whether ``spec`` finds ``text``, taken for a title."""
        return spec.topic_id in self._matcher.match({"title": text})

    def why(self, spec: TopicSpec, text: str) -> str:
        """Return in a few words why ``spec`` finds ``text``, or what keeps it from it; nothing if that is not plain."""
        found = self._matcher.match({"title": text}).get(spec.topic_id)
        if found:
            words = list(dict.fromkeys(f'"{hit.text}" ({hit.variant})' for hit in found))
            more = f" and {len(words) - MOST_SHOWN} more" if len(words) > MOST_SHOWN else ""
            return f"it found {', '.join(words[:MOST_SHOWN])}{more}"
        topic = self.topics[spec.topic_id]
        if self._finds(replace(topic, require=()), text):
            return "what require asks for is not in it"
        if topic.exclude and self._finds(replace(topic, exclude=(), require=()), text):
            return "a phrase under exclude hides what it would find"
        return ""

    def _finds(self, topic: Topic, text: str) -> bool:
        # Only what it refers to: a list of ten thousand topics must not be compiled for each example.
        needed = preview.with_refs(topic, self.topics)
        return topic.topic_id in Matcher(needed).match({"title": text})
