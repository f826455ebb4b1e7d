"""Commands about the operator's files: check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from archive import preview
from archive.errors import Complaint, ConfigError, PresswatchError, TopicError
from archive.match import Matcher
from archive.query import caret
from archive.times import stamp
from archive.topic import Topic, TopicSpec, refs
from crawler.cli import difference
from crawler.cli.app import Json, app
from crawler.cli.output import counted, note, say, say_json
from crawler.cli.query import archive
from crawler.config import Config, NoFolder, Survey, examples_complaints, survey
from crawler.settings import Settings
from crawler.watchlist import compile_specs, compile_stored, stored_facts

MOST_SHOWN = 3  # words that a failed example was found by


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
    """Say all that is wrong in config/, and try the topics' examples."""
    config = None
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
        complaints = sorted({*found.complaints, *_examples(found)})
        said = "\n".join(_shown(context.obj, complaint) for complaint in complaints)
        if found.config is not None:
            config = found.config
            # Not among the complaints: whoever asks a script whether the files are good gets yes.
            for one in config.notes:
                note(str(one))
    told = [asdict(complaint) for complaint in complaints]
    if not json:
        say(said or (_good(config) if config else ""))
    elif not diff:
        say_json(told)
    if diff and config is not None:
        _say_difference(config, told, days, limit, as_json=json)
    elif diff:
        note("what the topics would change is said once the files can be read")
        if json:
            say_json({"complaints": told, "topics": {}})
    raise typer.Exit(1 if complaints else 0)


def _say_difference(
    config: Config, complaints: Sequence[Any], days: int, limit: int, *, as_json: bool
) -> None:
    topics = compile_stored(config)
    with archive(config.data_dir) as conn:
        begin = preview.since(conn, days)
        found = difference.changes(conn, topics, begin=begin, samples=limit)
        if as_json:
            changes = {one.topic_id: difference.as_json(one) for one in found}
            say_json({"complaints": complaints, "since": stamp(begin), "topics": changes})
            return
        number = preview.articles(conn, begin)
        last = f"in the archive's last {days} days" if days > 1 else "on the archive's last day"
        say(f"\namong {counted(number, 'article')} first seen {last}:\n")
        if not difference.show(found):
            say("nothing changes: the archive was matched with the topics as they stand in keywords.yaml")


def _shown(folder: Path, complaint: Complaint) -> str:
    """Return a complaint with the line that it is about, and a caret under the place."""
    try:
        line = (folder / complaint.file).read_text("utf-8-sig").splitlines()[complaint.line - 1]
    except (OSError, UnicodeDecodeError, IndexError):
        return str(complaint)  # there is no such line to show
    if not line.strip():
        return str(complaint)
    below = caret(line, TopicError("", complaint.column - 1))
    return "\n".join([str(complaint), *(f"    {row}" for row in below.split("\n"))])


def _good(config: Config) -> str:
    feeds = sum(len(source.endpoints) for source in config.sources)
    examples = sum(len(topic.match) + len(topic.no_match) for topic in config.topics)
    return (
        f"config is good: {counted(len(config.sources), 'source')} ({counted(feeds, 'feed')}), "
        f"{counted(len(config.topics), 'topic')} ({counted(examples, 'example')} tried), "
        f"{counted(len(config.subscriptions), 'subscriber')}"
    )


def _examples(found: Survey) -> Sequence[Complaint]:
    """Return the complaints about examples; where there are none, dictionaries need not be asked."""
    if not any(topic.match or topic.no_match for topic in found.topics):
        return ()
    settings = found.settings or Settings()
    try:
        topics = compile_specs(
            found.topics,
            settings.languages,
            stored_facts(settings.folder, settings.languages) if found.settings else None,
        )
    except PresswatchError as error:
        # With other complaints to tell, those come first.
        if not found.complaints:
            raise
        note(f"the examples were not tried: {error}")
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
        needed = {topic.topic_id: topic}
        todo = list(refs(topic.trees))
        while todo:
            name = todo.pop()
            if name not in needed:
                needed[name] = self.topics[name]
                todo += refs(self.topics[name].trees)
        return topic.topic_id in Matcher(needed.values()).match({"title": text})
