"""The command that asks the archive before a topic is written: try query."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from archive import preview, schema
from archive.connect import open_reader, translated
from archive.errors import ArchiveError, ConfigError, TopicError
from archive.query import caret
from archive.topic import Topic, TopicSpec, compile_topic, refs
from crawler.cli import found as shown
from crawler.cli.app import Json
from crawler.cli.look import try_app
from crawler.cli.output import counted, fail, note, say_json
from crawler.complaints import hint
from crawler.config import survey
from crawler.settings import Settings
from crawler.watchlist import compile_specs, stored_facts

_NAME = "(query)"  # no topic can be called so


@try_app.command("query")
def try_query(
    context: typer.Context,
    query: Annotated[
        str, typer.Argument(help="As under query: in keywords.yaml; @topic is one of its topics.")
    ],
    days: Annotated[int, typer.Option(min=1, help="How many of the archive's last days to look at.")] = 30,
    limit: Annotated[int, typer.Option(min=0, help="How many articles to show, the newest first.")] = 10,
    json: Json = False,
) -> None:
    """Show what a query would find in the archive.

    How many articles on each day, of each source and language, and the newest with what was found in them. Nothing
    is written.
    """
    found = survey(context.obj)
    if found.settings is None:
        raise ConfigError(found.complaints)
    if found.config is None:
        # A query is often tried just because a topic cannot be read yet.
        note("mistakes in the files are left aside here: `presswatch check` shows them")
    try:
        topics = _compiled(found.settings, found.topics, query)
    except TopicError as error:
        fail(f"{error}\n{_indented(caret(query, error))}")
        raise typer.Exit(2) from error
    known = {topic.topic_id: topic for topic in topics}
    with archive(found.settings.folder) as conn:
        begin = preview.since(conn, days)
        articles = preview.find(conn, known[_NAME], known, begin=begin, samples=limit)
        held = preview.days_held(conn)
        number = preview.articles(conn, begin)
    if json:
        say_json(
            {
                "query": str(known[_NAME].tree),
                "days_asked": days,
                "articles": number,
                **shown.as_json(articles),
            }
        )
        return
    shown.show(shown.wrapped(str(known[_NAME].tree), "looks for "))
    if begin is None or held is None:
        shown.show(["", "the archive holds no article yet"])
        return
    shown.show(
        [
            "",
            f"{counted(articles.total, 'article')} of {number:,} {shown.lately(days)}, by the day first seen (UTC)",
        ]
    )
    if not articles.total:
        return
    shown.show(["", *shown.chart(articles.days, begin.date(), held[1]), "", *shown.counts(articles)])
    for one in articles.samples:
        shown.show(["", *shown.sample(one)])


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.split("\n"))


def _compiled(settings: Settings, written: Sequence[TopicSpec], query: str) -> tuple[Topic, ...]:
    """Return the query as a topic, with those of keywords.yaml if it refers to any."""
    spec = TopicSpec(topic_id=_NAME, title=query, query=query, languages=settings.languages)
    names = refs(compile_topic(spec).trees)
    known = [topic.topic_id for topic in written]
    for name in names:
        if name not in known:
            raise TopicError(f"there is no topic {name}{hint(name, known)}", max(query.find(f"@{name}"), 0))
    specs: Sequence[TopicSpec] = (*written, spec) if names else (spec,)
    return compile_specs(specs, settings.languages, stored_facts(settings.folder, settings.languages))


@contextmanager
def archive(data_dir: Path) -> Iterator[sqlite3.Connection]:
    """Yield a read connection to an archive of this version."""
    path = data_dir / "archive.db"
    with closing(open_reader(path)) as conn, translated(path):
        if schema.pending(conn):
            raise ArchiveError(
                f"{path} is from an earlier version: `presswatch migrate` brings it up to date"
            )
        yield conn
