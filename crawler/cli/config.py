"""Commands about the operator's files: check."""

from __future__ import annotations

from dataclasses import asdict

import typer

from archive.errors import ConfigError
from archive.match import Matcher
from archive.topic import TopicSpec, compile_topic
from crawler.cli.app import Json, app, load
from crawler.cli.output import say, say_json
from crawler.config import examples_complaints


@app.command()
def check(context: typer.Context, json: Json = False) -> None:
    """Read all of config/, say everything that is wrong with it, and try each topic's examples."""
    try:
        config = load(context)
    except ConfigError as error:
        complaints = list(error.complaints)
        good = ""
    else:
        complaints = sorted({*config.warnings, *examples_complaints(config, matches)})
        feeds = sum(len(source.endpoints) for source in config.sources)
        good = (
            f"config is good: {len(config.sources)} sources ({feeds} feeds), {len(config.topics)} topics, "
            f"{len(config.subscriptions)} subscribers"
        )
    if json:
        say_json([asdict(complaint) for complaint in complaints])
    else:
        for complaint in complaints:
            say(str(complaint))
        if not complaints:
            say(good)
    raise typer.Exit(1 if complaints else 0)


def matches(spec: TopicSpec, text: str) -> bool:
    """Tell whether ``spec`` finds ``text``, taken for a title."""
    return spec.topic_id in Matcher([compile_topic(spec)]).match({"title": text})
