"""What an archive knows that a digest may ask: `alerts.prepare.Found`, over one connection that only reads."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from alerts import spike
from alerts.model import Stationery
from alerts.prepare import Found
from archive import pace, revised, search, stories
from archive import weekly as weeks_before

SETTLES = timedelta(minutes=5)  # so long at most a mail that is sent at once waits for an article's page
T = TypeVar("T")


def found_in(
    archive: sqlite3.Connection,
    topic_order: Sequence[str],
    stationery: Stationery,
    spans: Spans | None = None,
) -> Found:
    """Return what ``archive`` knows just now, and for as long as it is open; ``spans`` remembers from call to call."""
    asked = spans or Spans()
    coverage, read = search.coverage(archive)
    return Found(
        matched=lambda after, upto, topics: search.matched_between(archive, after, upto, topics),
        worded=lambda matched: search.worded(archive, matched),
        top_seq=search.top_seq(archive),
        coverage=coverage,
        sources_read=read,
        topic_order=topic_order,
        changed=lambda after, upto, topics: revised.between(archive, after, upto, topics),
        top_change=revised.top(archive),
        stationery=stationery,
        backfilled=lambda after, upto, topics: search.matched_between(
            archive, after, upto, topics, backfill=True
        ),
        stories=lambda ids: stories.of(archive, ids),
        unsettled=lambda ids, now: stories.unsettled(archive, ids, now - SETTLES),
        paces=lambda at: pace.paces(
            archive, at, hours=spike.HOURS, weeks=spike.WEEKS, least=spike.LEAST, within=max(spike.WINDOWS)
        ),
        weekly=lambda since, until: asked.weekly(archive, since, until),
        missed=lambda since, until: asked.missed(archive, since, until),
    )


class Remembered(Generic[T]):
    """What an archive answers about a span, for many subscribers that ask for the same one."""

    def __init__(self, ask: Callable[[sqlite3.Connection, datetime, datetime], T], most: int = 50) -> None:
        self._ask = ask
        self._most = most
        self._known: dict[tuple[datetime, datetime], T] = {}

    def __call__(self, archive: sqlite3.Connection, since: datetime, until: datetime) -> T:
        """Return what is known of it, else what ``archive`` answers."""
        key, known = (since, until), self._known
        if key in known:
            return known[key]
        answer = self._ask(archive, since, until)
        # Readers of several threads may ask the same twice, and none waits for another.
        self._known = {**dict(list(self._known.items())[1 - self._most :]), key: answer}
        return answer


class Spans:
    """What is asked about spans of time: `archive.weekly.weekly`, and `archive.search.missed`."""

    def __init__(self) -> None:
        self.weekly = Remembered(weeks_before.weekly)
        self.missed = Remembered(search.missed)
