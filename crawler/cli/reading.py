"""What try feed wants to know beside what a body offers: the feeds that a page names, and what a poll would leave out.

The readers of the service, asked once more: nothing is fetched for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from archive.due import RECENT
from archive.errors import ParseError
from archive.model import EndpointKind, Feed
from crawler.cli.output import counted
from crawler.home import Link
from crawler.pool import Workers
from crawler.sitemaps import Sitemap

MOST_NAMED = 3  # feeds of a page that are told by their addresses


@dataclass(frozen=True, slots=True)
class Offered:
    """What was at an address, and sentences about it."""

    kind: EndpointKind
    url: str
    feed: Feed
    advice: tuple[str, ...]


class Reading(Workers):
    """Workers that note beside what they read: ``since`` is from when on a poll would take it."""

    def __init__(self, since: datetime) -> None:
        super().__init__(workers=1)
        self._since = since
        self._named: tuple[Link, ...] = ()
        self._old = 0

    async def sitemap(self, body: bytes, *, timeout: float = 20.0, **settings: Any) -> Sitemap:
        """Read a sitemap as ever, and count what a poll would leave out."""
        found = await super().sitemap(body, timeout=timeout, **settings)
        fresh = await super().sitemap(body, timeout=timeout, **(settings | {"since": self._since}))
        self._old += _all(found.feed) - _all(fresh.feed)
        return found

    async def section(self, body: bytes, *, timeout: float = 20.0, **settings: Any) -> Feed:
        """Read a section page as ever, count what a poll would leave out, and note the feeds that it names."""
        about = {name: settings[name] for name in ("url", "content_type") if name in settings}
        try:
            self._named = (await self.home(body, timeout=timeout, **about)).links
        except ParseError:
            self._named = ()  # the same body is read next, and says what is wrong with it
        found = await super().section(body, timeout=timeout, **settings)
        fresh = await super().section(body, timeout=timeout, **(settings | {"since": self._since}))
        self._old += _all(found) - _all(fresh)
        return found

    def offered(self, kind: EndpointKind, url: str, feed: Feed) -> Offered:
        """Return what was read, with what is to be said of it."""
        return Offered(kind, url, feed, (*self.feeds(url), *self._left_out(feed)))

    def feeds(self, url: str) -> Iterator[str]:
        """Yield what to say of the feeds that the page at ``url`` names."""
        if self._named:
            shown = ", ".join(link.url for link in self._named[:MOST_NAMED])
            more = len(self._named) - MOST_NAMED
            yield (
                f"it names {counted(len(self._named), 'feed')}: {shown}"
                + (f" and {more} more" if more > 0 else "")
                + f"; `presswatch sources add {url}` looks at them"
            )

    def _left_out(self, feed: Feed) -> Iterator[str]:
        if self._old:
            yield (
                f"a poll takes what is of the last {RECENT.days} days: {self._old} of these {_all(feed)} would be "
                "left out as too old"
            )


def _all(feed: Feed) -> int:
    return len(feed.entries) + feed.capped
