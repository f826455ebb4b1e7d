"""The two places where SQLite works, neither of them the event loop."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from operator import methodcaller
from pathlib import Path
from typing import Any

import pytest

from archive.connect import open_reader, open_writer, transaction
from archive.errors import ArchiveError
from archive.threads import Readers, Writer
from tests.archive.world import column, entry, poll, store


@pytest.fixture
def writer() -> Iterator[Writer]:
    writer = Writer()
    yield writer
    writer.close()


@pytest.fixture
def readers(conn: sqlite3.Connection, path: Path) -> Iterator[Readers]:
    readers = Readers(path)
    yield readers
    readers.close()


def list_nothing(_: sqlite3.Connection) -> list[str]:
    return []


class Bad(Exception):
    """What a step may raise."""


def test_steps_run_in_order_on_one_thread(writer: Writer, path: Path) -> None:
    ran: list[tuple[int, int]] = []

    def note(number: int, _: sqlite3.Connection) -> None:
        ran.append((number, threading.get_ident()))

    # The first step waits, so that all the others are queued behind it.
    queued = threading.Event()
    first = writer.submit(path, lambda _: queued.wait())
    futures = [writer.submit(path, partial(note, number)) for number in range(100)]
    assert not ran
    queued.set()
    assert first.result()
    for future in futures:
        future.result()
    assert [number for number, _ in ran] == list(range(100))
    threads = {thread for _, thread in ran}
    assert len(threads) == 1
    assert threading.get_ident() not in threads


def test_an_exception_reaches_its_caller_and_the_next_step_still_runs(writer: Writer, path: Path) -> None:
    async def main() -> Any:
        def bad(conn: sqlite3.Connection) -> None:
            with transaction(conn):
                conn.execute("insert into sources (id, name, added_at) values ('x', 'x', 'x')")
                raise Bad

        return await asyncio.gather(
            writer.run(path, bad),
            writer.run(path, lambda conn: column(conn, "select count(*) from sources")),
            return_exceptions=True,
        )

    first, second = asyncio.run(main())
    assert isinstance(first, Bad)
    assert second == [0]


def test_an_error_of_sqlite_reaches_its_caller_as_ours(writer: Writer, readers: Readers, path: Path) -> None:
    async def main() -> None:
        with pytest.raises(ArchiveError, match="no such table: nowhere"):
            await writer.run(path, lambda conn: conn.execute("select * from nowhere"))
        with pytest.raises(ArchiveError, match="no such table: nowhere"):
            await readers.run(lambda conn: conn.execute("select * from nowhere"))

    asyncio.run(main())


def test_a_database_that_cannot_be_opened_is_an_error_of_its_caller_only(
    writer: Writer, path: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"no database " * 500)
    with pytest.raises(ArchiveError, match=r"broken\.db"):
        writer.submit(broken, list_nothing).result()
    assert writer.submit(path, lambda conn: column(conn, "select 1")).result() == [1]


def test_each_database_has_its_own_connection(writer: Writer, path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    names = [
        writer.submit(
            where, lambda conn: (id(conn), conn.execute("pragma database_list").fetchone()["file"])
        ).result()
        for where in (path, other, path)
    ]
    assert [Path(file) for _, file in names] == [path, other, path]
    assert names[0] == names[2] != names[1]


def test_close_finishes_what_is_queued(path: Path) -> None:
    writer = Writer()
    queued = threading.Event()
    writer.submit(path, lambda _: queued.wait())
    sql = "insert into robots (host, fetched_at, expires_at) values (?, '', '')"
    futures = [writer.submit(path, methodcaller("execute", sql, (number,))) for number in range(50)]
    queued.set()
    writer.close()
    assert all(future.done() and future.exception() is None for future in futures)
    # The last connection that closes folds the log into the file: a copy of the file alone is whole.
    assert [file.name for file in path.parent.iterdir()] == ["archive.db"]
    with closing(open_reader(path)) as reader:
        assert column(reader, "select count(*) from robots") == [50]


def test_a_closed_writer_refuses(path: Path) -> None:
    writer = Writer()
    writer.close()
    with pytest.raises(ArchiveError, match="the writer is closed"):
        writer.submit(path, list_nothing)
    writer.close()


def test_a_step_runs_to_its_end_when_its_caller_stops_waiting(writer: Writer, path: Path) -> None:
    started, go_on = threading.Event(), threading.Event()

    def step(conn: sqlite3.Connection) -> None:
        with transaction(conn):
            conn.execute("insert into sources (id, name, added_at) values ('x', 'x', 'x')")
            started.set()
            go_on.wait()
            conn.execute("update sources set name = 'y'")

    async def main() -> None:
        waiting = asyncio.create_task(writer.run(path, step))
        await asyncio.to_thread(started.wait)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        go_on.set()
        assert await writer.run(path, lambda conn: column(conn, "select name from sources")) == ["y"]

    asyncio.run(main())


def test_a_step_that_nobody_waits_for_any_more_is_not_begun(writer: Writer, path: Path) -> None:
    go_on = threading.Event()
    ran: list[sqlite3.Connection] = []
    writer.submit(path, lambda _: go_on.wait())
    future = writer.submit(path, ran.append)
    assert future.cancel()
    go_on.set()
    writer.submit(path, list_nothing).result()
    assert ran == []


def test_the_writer_keeps_no_value_of_a_step_that_is_done(writer: Writer, path: Path) -> None:
    class Value:
        """Something large."""

    value, gone = Value(), threading.Event()
    weakref.finalize(value, gone.set)
    writer.submit(path, partial(lambda value, _: None, value)).result()
    del value
    assert gone.wait(60)  # it goes while the writer has nothing else to do


# --- readers ----------------------------------------------------------------------------------------------


def test_readers_see_what_is_committed_and_nothing_else(readers: Readers, conn: sqlite3.Connection) -> None:
    async def titles() -> list[str]:
        return await readers.run(lambda reader: column(reader, "select title from articles"))

    async def main() -> None:
        with transaction(conn):
            store(conn, poll([entry("a")]))
            assert await titles() == []
        assert await titles() == ["Story a"]

    asyncio.run(main())


def test_readers_cannot_write(readers: Readers) -> None:
    async def main() -> None:
        with pytest.raises(ArchiveError, match="readonly"):
            await readers.run(lambda reader: reader.execute("delete from sources"))

    asyncio.run(main())


def test_readers_run_side_by_side(readers: Readers) -> None:
    meeting = threading.Barrier(2)  # one reader alone would wait here until the suite's time limit

    async def main() -> list[int]:
        return await asyncio.gather(*(readers.run(lambda _: meeting.wait()) for _ in range(2)))

    assert sorted(asyncio.run(main())) == [0, 1]


def test_readers_keep_their_connections(readers: Readers) -> None:
    async def main() -> set[int]:
        return {await readers.run(id) for _ in range(20)}

    assert len(asyncio.run(main())) <= 2


def test_readers_of_an_archive_that_is_not_there_yet_read_it_once_it_is(tmp_path: Path) -> None:
    path = tmp_path / "archive.db"
    readers = Readers(path)

    async def main() -> None:
        with pytest.raises(ArchiveError, match="there is no archive"):
            await readers.run(list_nothing)
        open_writer(path).close()
        assert await readers.run(list_nothing) == []

    asyncio.run(main())
    readers.close()


def test_readers_see_whole_polls_while_the_writer_stores_them(
    readers: Readers, conn: sqlite3.Connection, writer: Writer, path: Path
) -> None:
    polls, size = 30, 7

    def whole(number: int, conn: sqlite3.Connection) -> None:
        store(conn, poll([entry(f"{number}-{other}") for other in range(size)]))

    async def count() -> int:
        (articles,) = await readers.run(lambda reader: column(reader, "select count(*) from articles"))
        return int(articles)

    async def main() -> None:
        stored = [asyncio.create_task(writer.run(path, partial(whole, number))) for number in range(polls)]
        seen = [await count()]
        while not all(task.done() for task in stored):
            seen.append(await count())
        await asyncio.gather(*stored)
        seen.append(await count())
        assert [articles % size for articles in seen] == [0] * len(seen)
        assert seen == sorted(seen)
        assert seen[-1] == polls * size

    asyncio.run(main())
