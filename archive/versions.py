"""The definitions that a topic has had, and what each of them found.

    topic_versions, matches ─▶ versions, the oldest first ─▶ what each took out and put in

A definition is shown in parts, one for each line that its author wrote, so that two of them can be compared.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from archive.times import moment


@dataclass(frozen=True, slots=True)
class Version:
    """One definition. ``number``: its place in the topic's history; None: the archive has not seen it yet.

    ``added_at``: when the archive first saw it. ``made``: matches that it was the first to make. ``standing``: those
    that stand and were last found to hold by it. ``parts``: what was written, one line each. ``added`` and
    ``removed``: against the one before.
    """

    version: str
    number: int | None
    added_at: datetime | None
    parts: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    made: int = 0
    standing: int = 0


def history(conn: sqlite3.Connection, topic_id: str) -> list[Version]:
    """Return the versions of a topic that the archive has seen, the oldest first."""
    rows = conn.execute(
        """select v.version, v.number, v.added_at, v.definition,
        (select count(*) from matches m where m.topic_id = v.topic_id and m.first_version = v.version) as made,
        (select count(*) from matches m where m.topic_id = v.topic_id and m.topic_version = v.version
        and m.ended_at is null) as standing
        from topic_versions v where v.topic_id = ? order by v.number""",
        (topic_id,),
    ).fetchall()
    found: list[Version] = []
    for row in rows:
        parts = parts_of(row["definition"])
        before = found[-1].parts if found else ()
        found.append(
            Version(
                row["version"],
                row["number"],
                moment(row["added_at"]),
                parts,
                *compared(before, parts),
                row["made"],
                row["standing"],
            )
        )
    return found


def unseen(version: str, definition: str, before: Sequence[Version]) -> Version:
    """Return a definition that stands in the file and that the archive has not seen, after those it has."""
    parts = parts_of(definition)
    return Version(version, None, None, parts, *compared(before[-1].parts if before else (), parts))


ORDER = ("terms", "query", "dates", "exclude", "require", "languages")
"""What parts are called before their colon, terms with their language: ``terms.es: litio``."""


def parts_of(definition: str) -> tuple[str, ...]:
    """Return what a definition (`archive.topic.TopicSpec.definition`) says, a line for each thing."""
    said = json.loads(definition)
    lines = [
        f"terms{'.' + term['language'] if term['language'] else ''}: {term['text']}" for term in said["terms"]
    ]
    if "query" in said:
        lines.append(f"query: {' '.join(said['query'].split())}")
    for name in ORDER[2:]:
        lines += [f"{name}: {text}" for text in said.get(name, ())]
    return tuple(lines)


def compared(before: Sequence[str], after: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what came in and what went out, each in its own order."""
    return tuple(one for one in after if one not in before), tuple(one for one in before if one not in after)
