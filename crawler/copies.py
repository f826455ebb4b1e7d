"""Articles of one archive become stories: what changed is read and sketched in a reader thread, stored by the writer.

Beside matching, not before it: a copy may hold a word that the first one lacks. A piece is one transaction; where it
cannot be stored, each article is by itself, and one that makes this fail is said and left alone until it changes, or
until the next start.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from archive import sketches, stories
from archive.connect import transaction
from archive.errors import ArchiveError
from archive.stories import Sketched
from archive.threads import Readers, Writer
from crawler.pipelines import Aside, of_the_file
from crawler.storing import Storing

log = logging.getLogger(__name__)

PIECE = 25
"""Articles of a transaction. One with 600 copies takes 20 ms; with 200 of these what was polled waited four seconds."""


def take_copies(conn: sqlite3.Connection, aside: Aside) -> tuple[int, list[Sketched]]:
    """Sketch articles that wait; return how many were taken up, and what there is to store."""
    waiting = stories.take(conn, aside=aside)
    results = []
    for one in waiting:
        try:
            results.append(stories.sketched(one))
        except Exception as error:  # noqa: BLE001 - see the top
            _put_aside(aside, one, "made", error)
    return len(waiting), results


def store_copies(conn: sqlite3.Connection, results: Sequence[Sketched], aside: Aside) -> None:
    """Store what was sketched, and take the articles out of the queue."""
    try:
        with transaction(conn):
            for one in results:
                stories.store(conn, one)
    except Exception as error:
        if of_the_file(error):
            raise
    else:
        return
    # Not so from the first: under a savepoint SQLite keeps each page that it touches, and takes three times as long.
    for one in results:
        try:
            with transaction(conn):
                stories.store(conn, one)
        except Exception as error:
            if of_the_file(error):
                raise
            _put_aside(aside, one.waiting, "stored", error)


def _put_aside(aside: Aside, one: stories.Waiting, what: str, error: Exception) -> None:
    aside[one.article_id] = one.upto
    log.error("the story of article %d could not be %s: %s", one.article_id, what, error, exc_info=error)


class Copies:
    """The stories of one service, over its writer and its readers. ``tell`` is called when something was stored."""

    def __init__(
        self, archive: Path, writer: Writer, readers: Readers, storing: Storing, tell: Callable[[], None]
    ) -> None:
        self.archive = archive
        self.writer = writer
        self.readers = readers
        self.storing = storing
        self.tell = tell
        self.aside: Aside = {}
        self._turn = asyncio.Lock()  # what two took up at a time would be stored twice

    async def find(self) -> None:
        """Make stories of what changed, until nothing waits but what makes this fail."""
        async with self._turn:
            while not self.storing.holds() and await self._find_some():
                self.tell()

    async def _find_some(self) -> bool:
        taken, results = await self.readers.run(lambda conn: take_copies(conn, self.aside))
        if not taken:
            return False
        for first in range(0, len(results), PIECE):
            piece = results[first : first + PIECE]
            try:
                await self.writer.run(self.archive, partial(store_copies, results=piece, aside=self.aside))
            except ArchiveError as error:
                self.storing.failed(error, f"the stories of {len(results) - first} articles")
                return False
        return True

    async def prune(self) -> None:
        """Let go of sketches that are asked for no more."""
        while await self.writer.run(self.archive, sketches.prune):
            pass
