"""Which sitemaps of an index are read, in which order, and what they come to. Pure; the spider asks for them.

One poll of an index is one walk: the spider asks for `Walk.next`, tells what came (`read`, `failed`), and at the end
takes `Walk.feed`. A sitemap that cannot be read is a warning, and the walk goes on; the limits are warnings as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from archive.errors import FetchError
from archive.model import Entry, Feed

from .sitemaps import Child, Sitemap

MAX_FILES = 50
"""Sitemaps asked for in one poll; at a second each that is most of a minute of one host's queue."""

MAX_DEPTH = 3
"""The protocol knows no index within an index; sites do."""

MAX_WARNINGS = 20
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_STOP = frozenset({"http_429", "http_503"})


@dataclass(slots=True)
class Walk:
    """The walk through the sitemaps of the index at ``url``, which ``first`` says. ``most``: entries in all."""

    url: str
    first: Sitemap
    most: int
    asked: int = 0
    problem: FetchError | None = None  # the first
    _read: int = 0
    _depth: int = 0
    _exact: bool = True
    _waiting: list[tuple[int, Child]] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)
    _entries: dict[str, Entry] = field(default_factory=dict)
    _warnings: list[str] = field(default_factory=list)
    _capped: int = 0
    _older: int = 0
    _title: str = ""
    _format: str = ""
    _changed: datetime | None = None

    def __post_init__(self) -> None:
        self._seen.add(self.url)
        self._take(self.first)

    @property
    def room(self) -> int:
        """How many more entries are taken."""
        return self.most - len(self._entries)

    def next(self) -> str | None:
        """Return the address of the sitemap to ask for now, None when there is none to be had."""
        if self._waiting and self.asked >= MAX_FILES:
            self._end(f"sitemaps past the first {MAX_FILES} were not read")
        if self._waiting and self.room <= 0:
            self._end("sitemaps were not read: there are more entries than max_entries already")
        if not self._waiting:
            return None
        self.asked += 1
        depth, child = self._waiting.pop(0)
        self._depth = depth + 1
        return child.url

    def read(self, sitemap: Sitemap) -> None:
        """Take what the sitemap that `next` named turned out to be."""
        self._read += 1
        self._take(sitemap)

    def failed(self, url: str, error: FetchError) -> None:
        """Take that it could not be read. A server that wants to be left alone is asked for nothing more."""
        self.problem = self.problem or error
        self._warn(f"{url}: {error}")
        if error.reason in _STOP and self._waiting:
            self._end(
                f"more sitemaps were not asked for, as the server said {error.reason.removeprefix('http_')}"
            )

    @property
    def settled(self) -> bool:
        """Whether an index that did not change means that none of its sitemaps did.

        One that names no time of day for each of them says the same whatever happens in them.
        """
        return self._exact

    @property
    def feed(self) -> Feed | None:
        """What all of them offer; None when none of them could be read."""
        if self.asked and not self._read and not self._entries:
            return None
        return Feed(
            title=self._title,
            format=self._format or self.first.feed.format,
            entries=tuple(self._entries.values()),
            warnings=tuple(self._warnings),
            complete=not self._capped and not self._warnings,
            capped=self._capped,
            changed=self._changed,
            older=self._older,
        )

    def _take(self, sitemap: Sitemap) -> None:
        feed = sitemap.feed
        for entry in feed.entries:
            if self.room > 0 or entry.key in self._entries:
                self._entries.setdefault(entry.key, entry)
            else:
                self._capped += 1
        if feed.entries:
            self._format = self._format or feed.format
        self._title = self._title or feed.title
        self._changed = max(filter(None, (self._changed, feed.changed)), default=None)
        self._capped += feed.capped
        self._older += feed.older
        for warning in feed.warnings:
            self._warn(warning)
        children = {child.url: child for child in sitemap.children if child.url not in self._seen}
        new = children.values()
        self._seen.update(children)
        if new and self._depth >= MAX_DEPTH:
            self._warn(f"{len(new)} sitemaps lie more than {MAX_DEPTH} steps deep and were not read")
            return
        self._exact = self._exact and all(child.exact for child in new)
        self._waiting.extend((self._depth, child) for child in new)
        self._waiting.sort(key=lambda pair: pair[1].lastmod or _LONG_AGO, reverse=True)

    def _end(self, why: str) -> None:
        self._warn(f"{len(self._waiting)} {why}")
        self._waiting.clear()

    def _warn(self, warning: str) -> None:
        if len(self._warnings) < MAX_WARNINGS:
            self._warnings.append(warning)
