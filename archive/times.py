"""Times as the archive writes them: aware UTC, ISO 8601, whole seconds, so that text sorts as time does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import overload


@overload
def stamp(moment: datetime) -> str: ...
@overload
def stamp(moment: None) -> None: ...
def stamp(moment: datetime | None) -> str | None:
    """Return ``moment`` (aware) as it is stored, such as ``2026-07-19T12:00:00+00:00``."""
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="seconds")


@overload
def moment(text: str) -> datetime: ...
@overload
def moment(text: None) -> None: ...
def moment(text: str | None) -> datetime | None:
    """Return the time that `stamp` wrote."""
    return None if text is None else datetime.fromisoformat(text)
