"""How the definitions that a topic has had are shown: topics --history."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from archive import versions
from archive.times import stamp
from archive.topic import Topic, refs
from archive.versions import ORDER, Version
from crawler.cli import found as shown
from crawler.cli.output import counted, say_json
from crawler.cli.query import archive
from crawler.config import Config


def show(config: Config, topics: Sequence[Topic], *, as_json: bool) -> None:
    """Print the history of each of ``topics``."""
    with archive(config.data_dir) as conn:
        histories = [(topic, _history(conn, topic)) for topic in topics]
    if as_json:
        say_json({topic.topic_id: list(map(version_as_json, past)) for topic, past in histories})
        return
    for number, (topic, past) in enumerate(histories):
        shown.show([*([""] if number else []), *as_text(topic, past)])


def _history(conn: sqlite3.Connection, topic: Topic) -> list[Version]:
    """Return what ``topic`` was and is, the oldest first; the last may stand in the file alone."""
    seen = versions.history(conn, topic.topic_id)
    if any(one.version == topic.version for one in seen):
        return seen
    return [*seen, versions.unseen(topic.version, topic.definition, seen)]


def as_text(topic: Topic, past: Sequence[Version]) -> Iterator[str]:
    """Yield the lines of a history, 80 columns wide."""
    yield topic.topic_id if topic.title == topic.topic_id else f"{topic.topic_id}: {topic.title}"
    for one in past:
        today = one.version == topic.version
        yield ""
        yield from _head(one, today=today)
        marked = [*(("-", part) for part in one.removed), *(("+", part) for part in one.added)]
        # What was written in one place stands together: the old query above the new one.
        marked.sort(key=lambda line: ORDER.index(line[1].partition(":")[0].partition(".")[0]))
        for sign, part in marked:
            yield from shown.wrapped(part, f"    {sign} ", "        ")
        if one.moved:
            yield "    the same words, in another order or with other spaces"
        elif not marked:
            # A title or an example makes no version; another topic that this one refers to does.
            others = " or ".join(f"@{name}" for name in refs(topic.trees)) if today else ""
            yield from shown.wrapped(
                f"the same words; {others or 'a topic that it referred to'} had changed", "    "
            )


def _head(one: Version, *, today: bool) -> Iterator[str]:
    if one.number is None or one.added_at is None:
        yield f"  definition {one.version} stands in keywords.yaml and is not applied yet"
        return
    now = ", today's" if today else ""
    yield f"  definition {one.number} ({one.version}){now}, first seen {one.added_at:%Y-%m-%d %H:%M} UTC"
    again = "not applied yet; " if today and not one.applied else ""
    yield from shown.wrapped(
        f"{again}made {counted(one.made, 'match', 'matches')}; {one.standing} stand by it", "    "
    )


def version_as_json(one: Version) -> dict[str, Any]:
    """Return a version for programs."""
    return {
        "version": one.version,
        "number": one.number,
        "added_at": stamp(one.added_at),
        "made": one.made,
        "standing": one.standing,
        "applied": one.applied,
        "definition": list(one.parts),
        "added": list(one.added),
        "removed": list(one.removed),
    }
