"""What the topics as they stand in keywords.yaml would change in the archive: check --diff, rematch --plan.

topics of the file ─┬─ against those that the archive was matched with ─▶ new, changed, taken out
                    └─▶ what each would gain and lose (`archive.preview`) ─▶ text, or JSON

Reads only.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from archive import preview
from archive.topic import Topic
from crawler.cli import found as shown
from crawler.cli.output import counted, note


@dataclass(frozen=True, slots=True)
class Change:
    """One topic whose definition the archive was not matched with, and what that would do.

    ``kind``: new, changed, unchanged (asked for by its name), or taken out: then its matches stay.
    """

    topic_id: str
    kind: str
    difference: preview.Difference


def changes(
    conn: sqlite3.Connection,
    topics: Sequence[Topic],
    *,
    only: Collection[str] | None = None,
    begin: datetime | None = None,
    samples: int = preview.SAMPLES,
) -> Iterator[Change]:
    """Yield what is new or changed, in the order of the file, then what is taken out.

    ``only``: just these topics, whether they changed or not. ``begin``: in articles first seen since then.
    """
    rows = {row["id"]: row for row in conn.execute("select id, active, applied from topics")}
    by_id = {topic.topic_id: topic for topic in topics}
    for topic in topics:
        row = rows.get(topic.topic_id)
        same = row is not None and row["applied"] == topic.version
        if topic.topic_id in only if only else not same:
            kind = "new" if row is None or not row["active"] else "unchanged" if same else "changed"
            yield Change(
                topic.topic_id, kind, preview.compare(conn, topic, by_id, begin=begin, samples=samples)
            )
    for topic_id, row in rows.items():
        if row["active"] and topic_id not in by_id and not only:
            yield Change(
                topic_id, "taken out", preview.Difference(kept=preview.standing(conn, topic_id, begin))
            )


def as_text(change: Change) -> Iterator[str]:
    """Yield what a topic would gain and lose, for people."""
    gained, lost, kept = change.difference.gained, change.difference.lost, change.difference.kept
    if change.kind == "taken out":
        stay = f"{counted(kept, 'match', 'matches')} {'stays' if kept == 1 else 'stay'}"
        yield f"{change.topic_id}: taken out: it finds nothing from then on, and {stay}"
        return
    yield f"{change.topic_id}: {change.kind}: {gained.total} gained, {lost.total} lost, {kept} stay"
    for label, articles in (("gained", gained), ("lost", lost)):
        if articles.total:
            yield from ("", f"{label}: {articles.total}", *shown.counts(articles))
            for one in articles.samples:
                yield from ("", *shown.sample(one))


def as_json(change: Change) -> Mapping[str, Any]:
    """Return the same for programs."""
    return {
        "change": change.kind,
        "gained": shown.as_json(change.difference.gained),
        "lost": shown.as_json(change.difference.lost),
        "kept": change.difference.kept,
    }


def show(found: Iterable[Change], waiting: int) -> int:
    """Print each change as it is found out; return how many there were. ``waiting``: articles in the change queue."""
    number = 0
    for change in found:
        shown.show([*([""] if number else []), *as_text(change)])
        number += 1
    if number and waiting:
        note(
            f"{counted(waiting, 'article')} that came in or changed lately: what is gained of those is told as news"
        )
    return number
