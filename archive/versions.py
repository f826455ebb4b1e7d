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

    ``definition``: what was written, in JSON. ``before``: the definition that it is compared with, if there is one.
    ``added_at``: when the archive first saw it. ``made``: matches that it was the first to make. ``standing``: those
    that stand and were last found to hold by it. ``applied``: it is the one that all stored articles were matched with.
    """

    version: str
    number: int | None
    added_at: datetime | None
    definition: str
    before: str | None
    made: int = 0
    standing: int = 0
    applied: bool = False

    @property
    def parts(self) -> tuple[str, ...]:
        """What was written, one line each."""
        return parts_of(self.definition)

    @property
    def added(self) -> tuple[str, ...]:
        """What it says and the one before did not."""
        return self._compared[0]

    @property
    def removed(self) -> tuple[str, ...]:
        """What the one before said and it does not."""
        return self._compared[1]

    @property
    def moved(self) -> bool:
        """Whether only the order of its lines differs from the one before, or spaces."""
        return self.before not in (None, self.definition) and not any(self._compared)

    @property
    def _compared(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return compared(parts_of(self.before) if self.before is not None else (), self.parts)


def history(conn: sqlite3.Connection, topic_id: str) -> list[Version]:
    """Return the versions of a topic that the archive has seen, the oldest first."""
    rows = conn.execute(
        """select v.version, v.number, v.added_at, v.definition,
        lag(v.definition) over (order by v.number) as before,
        (select count(*) from matches m where m.topic_id = v.topic_id and m.first_version = v.version) as made,
        (select count(*) from matches m where m.topic_id = v.topic_id and m.topic_version = v.version
        and m.ended_at is null) as standing, t.active and t.applied is v.version as applied
        from topic_versions v join topics t on t.id = v.topic_id where v.topic_id = ? order by v.number""",
        (topic_id,),
    )
    return [
        Version(
            row["version"],
            row["number"],
            moment(row["added_at"]),
            row["definition"],
            row["before"],
            row["made"],
            row["standing"],
            bool(row["applied"]),
        )
        for row in rows
    ]


def unseen(version: str, definition: str, seen: Sequence[Version]) -> Version:
    """Return a definition that stands in the file and that the archive has not seen, against the one it would replace.

    That need not be the newest: a topic may have been edited and edited back.
    """
    replaced = next((one for one in seen if one.applied), seen[-1] if seen else None)
    return Version(version, None, None, definition, replaced.definition if replaced else None)


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
