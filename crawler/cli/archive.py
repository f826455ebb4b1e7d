"""Commands that ask the archive: search, sources, digest."""

from __future__ import annotations

import email
import email.policy
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from archive import due, revised
from archive import search as asking
from archive.connect import open_reader
from archive.errors import PresswatchError, TopicError
from archive.times import moment, stamp
from crawler.cli.app import AsOf, Json, app, clock, load
from crawler.cli.output import age, counted, note, say, say_json, table
from crawler.cli.sources import sources_app
from crawler.clock import refuse_past
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


@app.command()
def digest(
    context: typer.Context,
    subscriber: Annotated[str, typer.Argument(help="The id of a subscriber in subscribers.yaml.")],
    preview: Annotated[
        bool, typer.Option("--preview", help="Build it and show it; nothing is sent or kept.")
    ] = False,
    into: Annotated[
        Path | None, typer.Option("--into", help="Where the preview's files go (default: data_dir/preview).")
    ] = None,
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """Build the next digest of a subscriber, as it would be now."""
    from alerts import jobs
    from alerts import schema as alerts_schema
    from alerts import state as alerts_state
    from crawler.outgoing import with_leaving

    config = load(context)
    if not preview:
        raise typer.BadParameter(
            "this version shows digests: add --preview (`run` sends them when they are due)"
        )
    found = [one for one in config.subscriptions if one.id == subscriber]
    if not found:
        known = ", ".join(one.id for one in config.subscriptions)
        raise PresswatchError(f"no subscriber {subscriber!r} in subscribers.yaml (there are: {known})")
    alerts = config.data_dir / "alerts.db"
    with _archive(config) as conn:
        if as_of is not None:
            refuse_past(as_of, due.newest_time(conn))
        coverage, read = asking.coverage(conn)
        with (
            closing(alerts_schema.open_as_now(alerts))
            if alerts.exists()
            else closing(sqlite3.connect(":memory:")) as state
        ):
            stands = alerts_state.subscription_state(state, subscriber) if alerts.exists() else None
            message = jobs.preview(
                state if alerts.exists() else None,
                found[0],
                lambda after, upto, topics: asking.matched_between(conn, after, upto, topics),
                asking.top_seq(conn),
                coverage,
                read,
                with_leaving(config),
                clock(as_of)(),
                topic_order=tuple(one.topic_id for one in config.topics),
                changed=lambda after, upto, topics: revised.between(conn, after, upto, topics),
                top_change=revised.top(conn),
            )
    folder = into or config.data_dir / "preview"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # they name a recipient
    files = {"html": folder / f"{subscriber}.html", "eml": folder / f"{subscriber}.eml"}
    if stands is not None and stands.last_due_at is not None:
        note(f"this is what would follow the digest that was due at {stamp(stands.last_due_at)}")
    elif stands is None:
        note("`run` has not met this subscriber yet: its first digest starts with what matches from then on")
    files["html"].write_text(message.html, encoding="utf-8")
    files["eml"].write_bytes(message.body)
    if json:
        say_json({"subject": message.subject, "recipient": message.recipient, **files})
        return
    say(f"Subject: {message.subject}\n")
    plain = email.message_from_bytes(message.body, policy=email.policy.default).get_body(("plain",))
    say(plain.get_content() if plain else "")
    for path in files.values():
        note(f"written: {path}")
