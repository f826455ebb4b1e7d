"""The clock is an argument everywhere; these are the two that are ever handed in, and when one is wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from archive.errors import ClockError
from archive.times import stamp

Clock = Callable[[], datetime]


def system() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


def standing(at: datetime) -> Clock:
    """Return a clock that stands at ``at``: what ``--as-of`` sets."""
    return lambda: at


def is_past(now: datetime, newest: datetime | None) -> bool:
    """Tell whether ``now`` stands before ``newest``, the newest time in the archive (None: it is empty)."""
    # The archive keeps whole seconds; the second that it holds already may still go on.
    return newest is not None and now.replace(microsecond=0) < newest


def refuse_past(as_of: datetime, newest: datetime | None) -> None:
    """Raise `ClockError` when ``as_of``, a time that somebody asked for, stands before ``newest``.

    Only for ``--as-of``. The computer's own clock may have been set back, and then the work must go on.
    """
    if newest is not None and is_past(as_of, newest):
        raise ClockError(
            f"--as-of says {stamp(as_of)}, but the archive already holds {stamp(newest)}: give a later time"
        )
