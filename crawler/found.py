"""What an archive knows that a digest may ask: `alerts.prepare.Found`, over one connection that only reads."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from alerts import spike
from alerts.model import Stationery
from alerts.prepare import Found
from archive import pace, revised, search, stories
from archive import weekly as weeks_before
from archive.model import Weekly

SETTLES = timedelta(minutes=5)  # so long at most a mail that is sent at once waits for an article's page
# weekly(archive, since, until), as `archive.weekly.weekly`.
AskWeekly = Callable[[sqlite3.Connection, datetime, datetime], Weekly]


def found_in(
    archive: sqlite3.Connection,
    topic_order: Sequence[str],
    stationery: Stationery,
    weekly: AskWeekly = weeks_before.weekly,
) -> Found:
    """Return what ``archive`` knows just now, and for as long as it is open."""
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
        weekly=lambda since, until: weekly(archive, since, until),
    )


class Weeks:
    """`archive.weekly.weekly`, for many subscribers that ask for the same span."""

    def __init__(self, most: int = 50) -> None:
        self._most = most
        self._known: dict[tuple[datetime, datetime], Weekly] = {}

    def __call__(self, archive: sqlite3.Connection, since: datetime, until: datetime) -> Weekly:
        """Return how many matches there were in the weeks before."""
        key = since, until
        known = self._known.get(key)
        if known is None:
            known = weeks_before.weekly(archive, since, until)
            # Readers of several threads may count the same twice, and none waits for another.
            self._known = {**dict(list(self._known.items())[1 - self._most :]), key: known}
        return known
