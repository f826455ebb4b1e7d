"""The tick that makes stories: what makes it fail is put aside, and the rest goes on."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from archive import schema, stories
from archive.connect import open_writer
from archive.threads import Readers, Writer
from crawler.copies import Copies
from crawler.storing import Storing
from tests.archive.test_stories import TEXT, add, told
from tests.archive.world import NOW, column, configure


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "archive.db"
    with closing(open_writer(path)) as conn:
        schema.migrate(conn)
        configure(conn)
        add(conn, TEXT)
        add(conn, "Otra cosa.")
        add(conn, TEXT, source="harbour", language="es")
    return path


def found(archive: Path, times: int = 1) -> tuple[Copies, list[None], Storing]:
    """Run the tick."""
    writer, readers, storing, calls = Writer(), Readers(archive), Storing(lambda: NOW), list[None]()
    copies = Copies(archive, writer, readers, storing, tell=lambda: calls.append(None))

    async def run() -> None:
        await asyncio.gather(*(copies.find() for _ in range(times)))
        await copies.prune()

    try:
        asyncio.run(run())
    finally:
        readers.close()
        writer.close()
    return copies, calls, storing


def waiting(archive: Path) -> list[int]:
    with closing(open_writer(archive)) as conn:
        return column(conn, "select article_id from story_changes order by seq")


def test_what_waits_becomes_stories_and_is_told_and_two_at_a_time_do_it_once(archive: Path) -> None:
    copies, calls, _ = found(archive, times=2)
    assert (waiting(archive), copies.aside, len(calls)) == ([], {}, 1)
    with closing(open_writer(archive)) as conn:
        assert told(conn) == {frozenset({"k1", "k3"})}


@pytest.mark.parametrize("place", ["sketched", "store"])
def test_an_article_that_makes_it_fail_is_said_and_left_and_the_others_are_stored(
    archive: Path, place: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = getattr(stories, place)

    def failing(*arguments: Any) -> Any:
        one = arguments[-1]
        if getattr(one, "waiting", one).article_id == 2:
            raise ValueError("odd")
        return real(*arguments)

    monkeypatch.setattr(stories, place, failing)
    copies, _, storing = found(archive)
    assert waiting(archive) == [2]
    assert copies.aside.keys() == {2}
    assert storing.failures == 0
    assert "the story of article 2 could not be" in caplog.text
    with closing(open_writer(archive)) as conn:
        assert told(conn) == {frozenset({"k1", "k3"})}


def test_a_file_that_fails_ends_the_tick_and_all_still_waits(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    monkeypatch.setattr(stories, "store", full)
    copies, calls, storing = found(archive)
    assert waiting(archive) == [1, 2, 3]
    assert (copies.aside, calls, storing.failures) == ({}, [], 1)
