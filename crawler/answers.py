"""What the headers of an answer ask of us: how long to leave the server alone, how long its answer holds. Pure."""

from __future__ import annotations

import re
from datetime import datetime
from email.utils import parsedate_to_datetime

_MAX_AGE = re.compile(r'(?:^|[\s,])max-age\s*=\s*"?(\d{1,10})"?\s*(?:,|$)', re.IGNORECASE)
_NOT_KEPT = re.compile(r"(?:^|[\s,])no-(?:cache|store)\b", re.IGNORECASE)


def retry_after(value: str | None, now: datetime) -> float | None:
    """Return the seconds of Retry-After, which gives seconds or a date (RFC 9110, 10.2.3).

    A server that writes neither is treated as one that wrote nothing.
    """
    if value is None:
        return None
    value = value.strip()
    if value.isdecimal() and value.isascii():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    except (ValueError, TypeError):
        return None  # no date, or one of no zone


def max_age(value: str | None) -> float | None:
    """Return for how many seconds an answer holds, as its Cache-Control says; None where it says nothing of use."""
    if value is None or _NOT_KEPT.search(value):
        return None
    found = _MAX_AGE.search(value)
    return float(found.group(1)) if found else None
