"""Connections: one that writes, any number that read, and transactions that are all or nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from archive.connect import open_reader, open_writer, transaction, translated
from archive.errors import ArchiveError
from tests.archive.other import other_process
from tests.archive.world import column


@pytest.fixture
def numbers(tmp_path: Path) -> Path:
    path = tmp_path / "numbers.db"
    with closing(open_writer(path)) as conn:
        conn.execute("create table numbers (n integer primary key, parent integer references numbers(n))")
    return path


def test_a_writer_makes_its_folder_and_is_set_up_to_lose_nothing(tmp_path: Path) -> None:
    with closing(open_writer(tmp_path / "deep" / "archive.db")) as conn:
        pragmas = {
            name: column(conn, f"pragma {name}")[0]
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_reader_reads_and_cannot_write(numbers: Path) -> None:
    with closing(open_writer(numbers)) as conn, closing(open_reader(numbers)) as reader:
        conn.execute("insert into numbers (n) values (1)")
        assert column(reader, "select n from numbers") == [1]
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            reader.execute("insert into numbers (n) values (2)")
        reader.execute("pragma query_only = off")
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            reader.execute("insert into numbers (n) values (2)")
        assert column(conn, "select n from numbers") == [1]


def test_a_reader_makes_no_archive(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match=r"there is no archive at .*--config demo-data/config"):
        open_reader(tmp_path / "archive.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a b.db", "año.db", "50%.db", "what?.db", "a#b.db", "file:x?mode=rw.db"])
def test_any_file_name_will_do(tmp_path: Path, name: str) -> None:
    with closing(open_writer(tmp_path / name)) as conn:
        conn.execute("create table here (x)")
    with closing(open_reader(tmp_path / name)) as reader:
        assert column(reader, "select name from sqlite_schema") == ["here"]
    assert (tmp_path / name).is_file()


@pytest.mark.parametrize("opened", [open_reader, open_writer])
def test_a_file_that_is_no_database_is_an_error_of_ours(tmp_path: Path, opened: object) -> None:
    path = tmp_path / "archive.db"
    path.write_text("This is a text, and it is long enough to be read as the header of a database.\n" * 20)
    with pytest.raises(ArchiveError, match=r"archive\.db: file is not a database") as caught:
        opened(path)  # type: ignore[operator]
    assert isinstance(caught.value.__cause__, sqlite3.DatabaseError)
    assert path not in [handle.resolve() for handle in Path("/proc/self/fd").iterdir()]


def test_an_error_of_sqlite_becomes_ours_with_its_cause(numbers: Path) -> None:
    with closing(open_writer(numbers)) as conn:
        with pytest.raises(ArchiveError, match="no such table: nowhere") as caught, translated(numbers):
            conn.execute("select * from nowhere")
        assert isinstance(caught.value.__cause__, sqlite3.OperationalError)


# --- transactions -----------------------------------------------------------------------------------------


def test_a_transaction_is_all_or_nothing(numbers: Path) -> None:
    with closing(open_writer(numbers)) as conn, closing(open_reader(numbers)) as reader:
        with transaction(conn):
            conn.execute("insert into numbers (n) values (1)")
            assert column(reader, "select n from numbers") == []
        assert column(reader, "select n from numbers") == [1]
        with pytest.raises(RuntimeError), transaction(conn):
            conn.execute("insert into numbers (n) values (2)")
            raise RuntimeError
        assert not conn.in_transaction
        assert column(reader, "select n from numbers") == [1]


def test_one_inside_another_is_undone_alone(numbers: Path) -> None:
    with closing(open_writer(numbers)) as conn:
        with transaction(conn):
            conn.execute("insert into numbers (n) values (1)")
            with pytest.raises(RuntimeError), transaction(conn):
                conn.execute("insert into numbers (n) values (2)")
                with transaction(conn):
                    conn.execute("insert into numbers (n) values (3)")
                raise RuntimeError
            with transaction(conn):
                conn.execute("insert into numbers (n) values (4)")
        assert column(conn, "select n from numbers") == [1, 4]


def test_what_is_inside_is_undone_with_what_is_around_it(numbers: Path) -> None:
    with closing(open_writer(numbers)) as conn:
        with pytest.raises(RuntimeError), transaction(conn):
            with transaction(conn):
                conn.execute("insert into numbers (n) values (1)")
            raise RuntimeError
        assert column(conn, "select n from numbers") == []


def test_a_commit_that_fails_leaves_no_transaction_open(numbers: Path) -> None:
    with closing(open_writer(numbers)) as conn:
        with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"), transaction(conn):
            conn.execute("pragma defer_foreign_keys = on")
            conn.execute("insert into numbers (n, parent) values (1, 99)")
        assert not conn.in_transaction
        with transaction(conn):
            conn.execute("insert into numbers (n) values (2)")
        with closing(open_reader(numbers)) as reader:
            assert column(reader, "select n from numbers") == [2]


def test_an_error_after_which_sqlite_has_rolled_back_arrives_as_itself(numbers: Path) -> None:
    with closing(open_writer(numbers)) as conn:
        conn.execute(
            "create trigger no before insert on numbers begin select raise(rollback, 'not today'); end"
        )
        with pytest.raises(sqlite3.IntegrityError, match="not today"), transaction(conn):
            conn.execute("insert into numbers (n) values (1)")
        with pytest.raises(sqlite3.IntegrityError, match="not today"), transaction(conn), transaction(conn):
            conn.execute("insert into numbers (n) values (1)")
        assert not conn.in_transaction


# --- beside another process -------------------------------------------------------------------------------


OPEN = "import pathlib; from archive.connect import *; conn = open_writer(pathlib.Path(path))"


def test_readers_see_what_was_stored_while_another_process_writes(numbers: Path) -> None:
    with other_process() as other, closing(open_reader(numbers)) as reader:
        assert other.do(OPEN, path=str(numbers)) == "None"
        other.do("held = transaction(conn); held.__enter__()")
        other.do(
            "conn.executemany('insert into numbers (n) values (?)', [(n,) for n in range(5000)]).rowcount"
        )
        assert column(reader, "select count(*) from numbers") == [0]  # neither waits for the other
        assert other.do("held.__exit__(None, None, None)") in ("None", "False")
        assert column(reader, "select count(*) from numbers") == [5000]


def test_a_reader_sees_one_state_from_its_first_read_to_its_last(numbers: Path) -> None:
    with other_process() as other, closing(open_reader(numbers)) as reader:
        other.do(OPEN, path=str(numbers))
        reader.execute("begin")
        assert column(reader, "select count(*) from numbers") == [0]
        other.do("conn.execute('insert into numbers (n) values (1)').rowcount")
        assert column(reader, "select count(*) from numbers") == [0]
        reader.execute("commit")
        assert column(reader, "select count(*) from numbers") == [1]


def test_a_transaction_of_a_killed_process_leaves_nothing(numbers: Path) -> None:
    with other_process() as other:
        other.do(OPEN, path=str(numbers))
        other.do("conn.execute('insert into numbers (n) values (1)').rowcount")
        other.do("held = transaction(conn); held.__enter__()")
        assert other.do("conn.execute('insert into numbers (n) values (2)').rowcount") == "1"
        other.kill()
        with closing(open_writer(numbers)) as conn, transaction(conn):
            assert column(conn, "select n from numbers") == [1]
            assert column(conn, "pragma integrity_check") == ["ok"]
