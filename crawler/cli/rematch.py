"""The command that applies topics to the articles that are stored already: rematch.

topics that are new or changed ─▶ candidates of the archive ─▶ matcher ─▶ matches, or (--plan) what they would be
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import closing
from typing import Annotated

import typer

from archive import due, maintain, rematch
from archive.connect import open_reader, open_writer, transaction, translated
from archive.errors import PresswatchError
from archive.match import Matcher
from archive.topic import Topic
from crawler import upgrade
from crawler.cli import difference
from crawler.cli.app import Json, app, clock, load
from crawler.cli.asking import Ask, Wait, lock_or_answer
from crawler.cli.output import counted, note, say, say_json
from crawler.cli.query import archive
from crawler.complaints import hint
from crawler.config import Config
from crawler.pipelines import store_stored, take_stored
from crawler.watchlist import compile_stored


@app.command("rematch")
def rematch_command(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TOPIC]...", help="Topics of keywords.yaml; left out: all that are new or changed."
        ),
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Only show what would be gained and lost.")] = False,
    limit: Annotated[int, typer.Option(min=0, help="With --plan: how many articles of each to show.")] = 5,
    wait: Wait = 300,
    json: Json = False,
) -> None:
    """Apply today's topics to the stored articles.

    `run` does it by itself when it starts. What is found so is marked as backfill, and is in no digest.
    Beside a running service, that one is asked to do it, and looks for the topics as they are now from then on.
    """
    config = load(context)
    known = [topic.topic_id for topic in config.topics]
    for name in names or ():
        if name not in known:
            raise PresswatchError(f"there is no topic {name} in keywords.yaml{hint(name, known)}")
    if plan:
        _plan(config, compile_stored(config), names, limit, as_json=json)
        return
    with closing(open_reader(config.data_dir / "archive.db")):
        pass  # nothing is made where nothing is
    versions = {topic.topic_id: topic.version for topic in config.topics}
    ask = Ask("rematch", {"names": list(names or ()), "versions": versions}, wait)
    with lock_or_answer(config.data_dir, ask) as answer:
        done, waiting = _apply(config, names) if answer is None else (answer["topics"], answer["waiting"])
    if json:
        say_json({"topics": done, "waiting": waiting, "restart": answer["restart"] if answer else []})
        return
    for topic_id, one in done.items():
        say(f"{topic_id}: {counted(one['matches'], 'article')}, {one['new']} new, {one['ended']} no longer")
    if not done:
        say("all topics are applied as they are")
    if any(one["new"] for one in done.values()):
        note("what is new so is in the archive, marked as backfill, and in no digest")
    if answer is not None:
        if others := answer["restart"]:
            note(f"changed too, and taken over only by a new start of the service: {', '.join(others)}")
    elif waiting:
        note(
            f"{counted(waiting, 'article')} that came in or changed lately: the next `run` matches them, as news"
        )


# --- applying ---------------------------------------------------------------------------------------------


def _apply(config: Config, names: Collection[str] | None) -> tuple[dict[str, dict[str, int]], int]:
    """Apply topics; return of each what that came to, and how many articles wait."""
    topics = compile_stored(config)
    now = clock(None)()
    path = config.data_dir / "archive.db"
    versions = {topic.topic_id: topic.version for topic in topics}
    matcher = Matcher(topics)
    gains = rematch.Gains()
    with closing(open_writer(path)) as conn, translated(path):
        upgrade.migrate(conn, now)
        with transaction(conn):
            due.sync(conn, config.sources, topics, now)
        while maintain.judge_texts(conn):
            pass  # an article of which it is not known whether it is odd may match any topic
        while work := rematch.todo(conn, names or None):
            gains.add(store_stored(conn, work, take_stored(conn, matcher, work), versions, now))
        return rematch.outcome(conn, gains, versions), rematch.waiting(conn)


# --- the plan ---------------------------------------------------------------------------------------------


def _plan(
    config: Config, topics: Sequence[Topic], names: Collection[str] | None, limit: int, *, as_json: bool
) -> None:
    with archive(config.data_dir) as conn:
        found = difference.changes(conn, topics, only=names, samples=limit)
        if as_json:
            say_json(
                {
                    "topics": {one.topic_id: difference.as_json(one) for one in found},
                    "waiting": rematch.waiting(conn),
                }
            )
        elif not difference.show(found, rematch.waiting(conn)):
            say("all topics are applied as they are")
