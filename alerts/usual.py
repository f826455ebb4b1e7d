"""How many articles a topic usually finds for one subscription in such a span: pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from statistics import median

from alerts.model import Subscription
from alerts.wanted import wants
from archive.model import Weekly

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
            sum(number for place, number in week.items() if wants(subscription, place)) for week in weeks
        ]
        if len(numbers) >= FEWEST:
            found[topic_id] = float(median(numbers))
    return found
