"""The command that applies topics to the articles that are stored already: rematch.

topics that are new or changed ─▶ candidates of the archive ─▶ matcher ─▶ matches, or (--plan) what they would be
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from contextlib import closing
from typing import Annotated

import typer

from archive import due, rematch, search
from archive.connect import open_reader, open_writer, transaction, translated
from archive.errors import LockHeld, PresswatchError
from archive.lock import service_lock
from archive.match import Matcher
from archive.topic import Topic
from crawler import upgrade
from crawler.cli import difference
from crawler.cli.app import Json, app, clock, load
from crawler.cli.output import counted, note, say, say_json
from crawler.cli.query import archive
from crawler.complaints import hint
from crawler.config import Config
from crawler.pipelines import store_stored, take_stored
from crawler.watchlist import compile_config, stored_facts


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
    json: Json = False,
) -> None:
    """Apply today's topics to the stored articles.

    `run` does it by itself when it starts. What is found so is marked as backfill, and is in no digest.
    """
    config = load(context)
    known = [topic.topic_id for topic in config.topics]
    for name in names or ():
        if name not in known:
            raise PresswatchError(f"there is no topic {name} in keywords.yaml{hint(name, known)}")
    topics = compile_config(config, stored_facts(config.data_dir, config.settings.languages))
    if plan:
        _plan(config, topics, names, limit, as_json=json)
        return
    with closing(open_reader(config.data_dir / "archive.db")):
        pass  # nothing is made where nothing is
    try:
        with service_lock(config.data_dir):
            done, waiting = _apply(config, topics, names)
    except LockHeld:
        note(
            "the service applies new and changed topics by itself when it is started again: restart it, or stop it"
        )
        raise
    if json:
        say_json({"topics": done, "waiting": waiting})
        return
    for topic_id, one in done.items():
        say(f"{topic_id}: {counted(one['matches'], 'article')}, {one['new']} new, {one['ended']} no longer")
    if not done:
        say("all topics are applied as they are")
    if waiting:
        note(
            f"{counted(waiting, 'article')} that came in or changed lately: the next `run` matches them, as news"
        )


# --- applying ---------------------------------------------------------------------------------------------


def _apply(
    config: Config, topics: Sequence[Topic], names: Collection[str] | None
) -> tuple[dict[str, dict[str, int]], int]:
    """Apply topics; return for each its matches, how many are new and how many ended, and how many articles wait."""
    now = clock(None)()
    path = config.data_dir / "archive.db"
    versions = {topic.topic_id: topic.version for topic in topics}
    matcher = Matcher(topics)
    with closing(open_writer(path)) as conn, translated(path):
        upgrade.migrate(conn, now)
        with transaction(conn):
            due.sync(conn, config.sources, topics, now)
        top = search.top_seq(conn)
        before = _standing(conn)
        reached: set[str] = set()
        while work := rematch.todo(conn, names or None):
            reached |= work.topics
            store_stored(conn, work, take_stored(conn, matcher, work), versions, now)
        after = _standing(conn)
        new = dict(
            conn.execute(
                "select topic_id, count(*) from matches where seq > ? and ended_at is null group by topic_id",
                (top,),
            ).fetchall()
        )
        waiting = conn.execute("select count(distinct article_id) from changes").fetchone()[0]
    done = {
        topic_id: {
            "matches": after.get(topic_id, 0),
            "new": new.get(topic_id, 0),
            "ended": before.get(topic_id, 0) + new.get(topic_id, 0) - after.get(topic_id, 0),
        }
        for topic_id in versions
        if topic_id in reached
    }
    return done, waiting


def _standing(conn: sqlite3.Connection) -> dict[str, int]:
    return dict(
        conn.execute(
            "select topic_id, count(*) from matches where ended_at is null group by topic_id"
        ).fetchall()
    )


# --- the plan ---------------------------------------------------------------------------------------------


def _plan(
    config: Config, topics: Sequence[Topic], names: Collection[str] | None, limit: int, *, as_json: bool
) -> None:
    with archive(config.data_dir) as conn:
        if as_json:
            found = difference.changes(conn, topics, only=names, samples=limit)
            say_json({"topics": {one.topic_id: difference.as_json(one) for one in found}})
        elif not difference.show(difference.changes(conn, topics, only=names, samples=limit)):
            say("all topics are applied as they are")
