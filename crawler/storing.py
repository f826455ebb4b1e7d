"""Whether the archive can be written just now: a full disk must not make us ask newspapers for what nobody can keep.

How long nothing is asked for after a failure is decided in `crawler.schedule`; here it is remembered, and said once.
"""

from __future__ import annotations

import logging

from archive.errors import ArchiveError
from archive.times import stamp
from crawler import schedule
from crawler.clock import Clock

log = logging.getLogger(__name__)


class Storing:
    """Whether the archive can be written, as far as the last attempts say."""

    def __init__(self, now: Clock) -> None:
        self._now = now
        self._pause = schedule.Pause()

    @property
    def failures(self) -> int:
        """How many failures in a row are remembered."""
        return self._pause.failures

    def holds(self) -> bool:
        """Tell whether to ask for nothing, since it could not be stored."""
        return self._pause.holds(self._now())

    def failed(self, error: Exception, what: str) -> None:
        """Take note, and say, that ``what`` could not be stored."""
        now = self._now()
        first, self._pause = not self._pause.holds(now), self._pause.failed(now)
        ours = isinstance(error, ArchiveError)  # its words say it all; anything else is a bug
        log.error("%s could not be stored: %s", what, error, exc_info=None if ours else error)
        if first:
            log.error("nothing more is asked for until %s", stamp(now + self._pause.wait))

    def stored(self) -> None:
        """Take note that something could be stored."""
        before, self._pause = self._pause, self._pause.stored(self._now())
        if before.failures and not self._pause.failures:
            log.warning("what is read can be stored again")
