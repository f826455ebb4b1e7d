"""Commands about the operator's files: check."""

from __future__ import annotations

from dataclasses import asdict

import typer

from archive.errors import ConfigError
from archive.match import Matcher
from archive.topic import TopicSpec, compile_topic
from crawler.cli.app import Json, app, load
from crawler.cli.output import counted, note, say, say_json
from crawler.config import examples_complaints


@app.command()
def check(context: typer.Context, json: Json = False) -> None:
    """Say all that is wrong in config/, and try the topics' examples."""
    said = good = ""
    try:
        config = load(context)
    except ConfigError as error:
        complaints = list(error.complaints)
        said = str(error)
    else:
        complaints = sorted({*config.warnings, *examples_complaints(config, matches)})
        said = "\n".join(str(complaint) for complaint in complaints)
        feeds = sum(len(source.endpoints) for source in config.sources)
        good = (
            f"config is good: {counted(len(config.sources), 'source')} ({counted(feeds, 'feed')}), "
            f"{counted(len(config.topics), 'topic')}, {counted(len(config.subscriptions), 'subscriber')}"
        )
        # Not among the complaints: whoever asks a script whether the files are good gets yes.
        for one in config.notes:
            note(str(one))
    if json:
        say_json([asdict(complaint) for complaint in complaints])
    else:
        say(said or good)
    raise typer.Exit(1 if complaints else 0)


def matches(spec: TopicSpec, text: str) -> bool:
    """Tell whether ``spec`` finds ``text``, taken for a title."""
    return spec.topic_id in Matcher([compile_topic(spec)]).match({"title": text})
