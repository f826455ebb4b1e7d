"""The topics that a service looks for, and how they meet articles.

    match      change queue ─▶ matcher (reader thread) ─▶ matches (writer)
    rematch    stored articles ─▶ topics that are new or changed ─▶ matches, marked backfill
    take_over  other topics, from one moment on

That moment is a turn of the writer, in which the archive's topics and the `Watch` change together. What was matched
with the topics of before and comes to be stored after it is thrown away and matched again: it would be stored under
a version that is no more, and the article would be out of the queue without the new topics having seen it.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from archive import maintain
from archive.connect import transaction
from archive.errors import ArchiveError
from archive.match import Matcher
from archive.rematch import Gains, Work, todo
from archive.threads import Readers, Writer
from archive.topic import Topic
from crawler.clock import Clock
from crawler.outgoing import Counts
from crawler.pipelines import Aside, store_matches, store_stored, take_matches, take_stored
from crawler.storing import Storing

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Watch:
    """Some topics, ready for articles: what is matched with it is stored under its versions, or not at all."""

    matcher: Matcher
    versions: Mapping[str, str]
    aside: Aside = field(default_factory=dict)  # other topics may not fail where these do


@dataclass(frozen=True, slots=True)
class _Batch:
    """What came of some stored articles; ``last``: there are no more."""

    gains: Gains
    looked_at: int
    last: bool


def ready(topics: Sequence[Topic]) -> Watch:
    """Return the `Watch` of ``topics``; for thousands of them it takes a while."""
    return Watch(Matcher(topics), {topic.topic_id: topic.version for topic in topics})


class Watching:
    """The topics of one service, over its writer and its readers. ``tell`` is called when something was stored."""

    def __init__(
        self,
        archive: Path,
        now: Clock,
        writer: Writer,
        readers: Readers,
        counts: Counts,
        storing: Storing,
        tell: Callable[[], None],
    ) -> None:
        self.archive = archive
        self.now = now
        self.writer = writer
        self.readers = readers
        self.counts = counts
        self.storing = storing
        self.tell = tell
        self.watch = ready(())  # until the dictionaries have been asked
        self._turn = asyncio.Lock()  # one at a time goes over the stored articles
        self._wanted = False  # somebody waits for that turn

    async def take_over(self, topics: Sequence[Topic], sync: Callable[[sqlite3.Connection], None]) -> None:
        """Look for ``topics`` from now on; ``sync`` makes the archive say so, in a transaction that it is given."""
        other = await asyncio.to_thread(ready, topics)

        def step(conn: sqlite3.Connection) -> None:
            with transaction(conn):
                sync(conn)
            if other.versions != self.watch.versions:
                self.watch = other

        await self.writer.run(self.archive, step)

    async def match(self) -> None:
        """Match what changed, until nothing waits but what makes the matcher fail."""
        while not self.storing.holds() and await self._match_some(self.watch):
            self.tell()

    async def _match_some(self, watch: Watch) -> bool:
        """Match the next of the queue; tell whether there may be more. ``watch`` was read before they are."""
        taken, results = await self.readers.run(lambda conn: take_matches(conn, watch.matcher, watch.aside))
        if not taken:
            return False
        now = self.now()
        try:
            new = await self._store(
                watch, lambda conn: store_matches(conn, results, watch.versions, watch.aside, now)
            )
        except ArchiveError as error:
            self.storing.failed(error, f"the matches of {len(results)} articles")
            return False
        self.counts.matches += new or 0
        return True

    async def rematch(self, stop: asyncio.Event) -> None:
        """Apply what is new or changed to the stored articles, unless somebody does who was asked to."""
        if not self._wanted:
            async with self._turn:
                await self._apply(lambda: stop.is_set() or self._wanted, None)

    @asynccontextmanager
    async def asked(self) -> AsyncIterator[None]:
        """Have the turn to `apply`, for somebody who wants to be told what it came to."""
        self._wanted = True
        try:
            async with self._turn:
                yield
        finally:
            self._wanted = False

    async def apply(self, stop: asyncio.Event, names: Collection[str] = ()) -> Gains:
        """Do what `rematch` does, for the topics ``names`` or all; return what it came to.

        Raises `ArchiveError` when it was not brought to its end.
        """
        gains = await self._apply(stop.is_set, names)
        if await self.readers.run(lambda conn: todo(conn, names or None)) is not None:
            raise ArchiveError(
                "the topics are taken over, and not yet applied to all stored articles: "
                + ("the service is being stopped, and its next start" if stop.is_set() else "the service")
                + " goes on with that"
            )
        return gains

    async def _apply(self, ends: Callable[[], bool], names: Collection[str] | None) -> Gains:
        gains, looked_at, found, done = Gains(), 0, 0, None
        await self._judge(ends)
        while not ends() and not self.storing.holds():
            watch = self.watch
            work = await self.readers.run(lambda conn: todo(conn, names or None))
            if work is None or (watch, work) == done:
                break  # it is done, or it does not advance
            done = watch, work
            batch = await self._apply_some(watch, work)
            if batch is None:
                continue
            gains.add(batch.gains)
            self.counts.backfilled += batch.gains.new.total()
            looked_at += batch.looked_at
            found += batch.gains.new.total()
            if batch.last and looked_at:
                applied = ", ".join(sorted(work.topics))
                log.info("%d matches in %d stored articles (new or changed: %s)", found, looked_at, applied)
                looked_at = found = 0
        return gains

    async def _judge(self, ends: Callable[[], bool]) -> None:
        """Find out of texts whether they are odd: an article of which that is not known may match any topic."""
        try:
            while await self.writer.run(self.archive, maintain.judge_texts) and not ends():
                pass
        except ArchiveError as error:
            self.storing.failed(error, "which texts are odd")

    async def _apply_some(self, watch: Watch, work: Work) -> _Batch | None:
        """Match and store the next stored articles; None when nothing was stored."""
        if not work.topics <= watch.versions.keys():
            return None  # it was read just after others were taken over
        taken = await self.readers.run(lambda conn: take_stored(conn, watch.matcher, work))
        now = self.now()
        try:
            gains = await self._store(
                watch, lambda conn: store_stored(conn, work, taken, watch.versions, now)
            )
        except ArchiveError as error:
            self.storing.failed(error, f"the matches of {len(taken[1])} stored articles")
            return None
        return None if gains is None else _Batch(gains, len(taken[1]), last=taken[0] is None)

    async def _store(self, watch: Watch, store: Callable[[sqlite3.Connection], T]) -> T | None:
        """Store what was matched ``watch`` these topics; None when others have been taken over since."""
        return await self.writer.run(self.archive, lambda conn: store(conn) if self.watch is watch else None)
