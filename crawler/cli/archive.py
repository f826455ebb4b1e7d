"""Commands that ask the archive: search, sources."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from typing import Annotated, Any

import typer

from archive import search as asking
from archive.connect import open_reader
from archive.errors import TopicError
from archive.times import moment
from crawler.cli.app import Json, app, clock, load
from crawler.cli.output import age, counted, note, say, say_json, table
from crawler.cli.sources import sources_app
from crawler.config import Config
from crawler.remedies import remedy


@contextmanager
def _archive(config: Config) -> Iterator[sqlite3.Connection]:
    with closing(open_reader(config.data_dir / "archive.db")) as conn:
        yield conn


@app.command()
def search(
    context: typer.Context,
    words: Annotated[
        list[str], typer.Argument(metavar="QUERY", help='Words, "a phrase", or wor*; all must be there.')
    ],
    limit: Annotated[int, typer.Option(min=1, help="How many articles to show, the newest first.")] = 20,
    json: Json = False,
) -> None:
    """Search the archive's text: words, "phrases", word*."""
    query = " ".join(words)
    with _archive(load(context)) as conn:
        try:
            found = asking.search(conn, query, limit)
        except TopicError as error:
            raise typer.BadParameter(str(error)) from error
        number = len(found) if json or len(found) < limit else asking.count(conn, query)
    if {"AND", "OR", "NOT"} & set(query.split()):
        note(
            "AND, OR and NOT are searched for as words: this version looks for articles that hold all the words"
        )
    if json:
        say_json([asdict(one) for one in found])
    elif found:
        _show(found, number)
    else:
        note(f"no article holds {query}")


def _show(found: Sequence[asking.Found], number: int) -> None:
    """Print a block for each article. Nothing is wrapped: an address must stay one word on one line."""
    articles = counted(number, "article")
    say(f"{articles}, the newest first" if len(found) == number else f"the newest {len(found)} of {articles}")
    for one in found:
        when = f"published {_minute(one.published)}" if one.published else "undated"
        say(f"\n{_line(one.title) or '(untitled)'}")
        say(f"    {_line(one.source)}, {when}, first seen {_minute(one.first_seen)} UTC")
        say(f"    {_line(one.snippet)}")
        say(f"    {one.url or 'the feed gave no link'}")


def _minute(stamped: str) -> str:
    return stamped[:16].replace("T", " ")


def _line(text: str) -> str:
    return " ".join(text.split())


@sources_app.callback()
def sources(context: typer.Context, json: Json = False) -> None:
    """Show how each source is: read or failing, and since when."""
    if context.invoked_subcommand is not None:
        return
    with _archive(load(context)) as conn:
        health = asking.health(conn)
    for source in health:
        for event in source["events"]:
            event["do"] = remedy(event["kind"], event["detail"], event["url"])
    if json:
        say_json(health)
        return
    rows = [(one["id"], one["state"], _last_read(one["last_ok"]), one["articles"]) for one in health]
    table("sources", ("id", "state", "last read (UTC)", "articles"), rows)
    for source in health:
        for event in source["events"]:
            say(
                f"{source['id']}: {event['kind']} since {_minute(event['since'])} UTC{_times(event)}: {event['detail']}"
            )
            say(f"    {event['url']}\n    what to do: {event['do']}")


def _times(event: Mapping[str, Any]) -> str:
    """Return how often an overrun happened, and what was missed in all: its words are those of the last time."""
    if event["kind"] != "overrun" or event["count"] < 2:
        return ""
    missed = f", about {round(event['missed'])} items in all" if event["missed"] else ""
    return f" ({event['count']} times{missed}), the last time"


def _last_read(last_ok: str | None) -> str:
    # In words too: the state is that of the last poll, however long ago that was.
    if last_ok is None:
        return "never"
    ago = age(moment(last_ok), clock(None)())
    return _minute(last_ok) + (f" ({ago})" if ago else "")
