"""The clock is an argument everywhere; these are the two that are ever handed in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def system() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


def standing(at: datetime) -> Clock:
    """Return a clock that stands at ``at``: what ``--as-of`` sets."""
    return lambda: at
