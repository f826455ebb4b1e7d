"""How many articles a topic usually finds for one subscription in such a span: pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from statistics import median

from alerts.model import Subscription
from archive.model import Place, Weekly

FEWEST = 3  # weeks below which nothing is called usual
SHORTEST, LONGEST = timedelta(hours=6), timedelta(days=7)


def comparable(since: datetime, until: datetime) -> bool:
    """Tell whether a span can be held against the same one a week before: an hour is too little, weeks overlap."""
    return SHORTEST <= until - since <= LONGEST


def usual(weekly: Weekly, subscription: Subscription) -> dict[str, float]:
    """Return the median of the weeks before, of each topic that was looked for in enough of them."""
    found = {}
    for topic_id, weeks in weekly.items():
        numbers = [
            sum(number for place, number in week.items() if _wanted(place, subscription)) for week in weeks
        ]
        if len(numbers) >= FEWEST:
            found[topic_id] = float(median(numbers))
    return found


def _wanted(place: Place, one: Subscription) -> bool:
    for value, only, never in (
        (place.language, one.languages, one.not_languages),
        (place.source_id, one.sources, one.not_sources),
        (place.country, one.countries, one.not_countries),
    ):
        if (only and value not in only) or value in never:
            return False
    return True
