"""One process at a time writes in a data folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from archive.errors import LockHeld
from archive.lock import service_lock
from tests.archive.other import Other, other_process

TAKE = "import pathlib; from archive.lock import service_lock; held = service_lock(pathlib.Path(folder)); held.__enter__()"


def take(other: Other, folder: Path) -> str:
    return other.do(TAKE, folder=str(folder))


def test_a_second_process_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    with service_lock(tmp_path), other_process() as other:
        answer = take(other, tmp_path)
        assert answer.startswith("LockHeld(")
        assert f"process {os.getpid()} holds {tmp_path / 'service.lock'}" in answer


def test_a_process_is_told_which_other_holds_it(tmp_path: Path) -> None:
    with other_process() as other:
        assert take(other, tmp_path) == "None"
        with pytest.raises(LockHeld) as caught, service_lock(tmp_path):
            pass
        assert caught.value.pid == other.process.pid


def test_the_lock_of_a_killed_process_is_free_at_once(tmp_path: Path) -> None:
    with other_process() as other:
        assert take(other, tmp_path) == "None"
        other.kill()
        with service_lock(tmp_path):
            assert (tmp_path / "service.lock").read_text() == f"{os.getpid()}\n"


def test_the_lock_is_free_after_use_and_after_an_error(tmp_path: Path) -> None:
    with service_lock(tmp_path):
        pass
    with pytest.raises(RuntimeError), service_lock(tmp_path):
        raise RuntimeError
    with other_process() as other:
        assert take(other, tmp_path) == "None"


def test_being_refused_takes_nothing_from_the_one_who_holds_it(tmp_path: Path) -> None:
    with service_lock(tmp_path):
        for _ in range(2):
            with pytest.raises(LockHeld) as caught, service_lock(tmp_path):
                pass
            assert caught.value.pid == os.getpid()


def test_the_pid_of_the_holder_before_is_gone(tmp_path: Path) -> None:
    (tmp_path / "service.lock").write_text("99999999999999\n")
    with service_lock(tmp_path):
        assert (tmp_path / "service.lock").read_text() == f"{os.getpid()}\n"


def test_two_folders_have_two_locks(tmp_path: Path) -> None:
    with service_lock(tmp_path / "one"), service_lock(tmp_path / "deep" / "two"):
        assert (tmp_path / "deep" / "two" / "service.lock").exists()


@pytest.mark.parametrize("content", [b"", b"nonsense", b"-1\n", b"\xff\xfe"])
def test_a_holder_that_did_not_say_who_it_is_has_no_pid(tmp_path: Path, content: bytes) -> None:
    with service_lock(tmp_path):
        (tmp_path / "service.lock").write_bytes(content)
        with pytest.raises(LockHeld, match="another process") as caught, service_lock(tmp_path):
            pass
        assert caught.value.pid is None


def test_a_program_that_the_holder_starts_does_not_keep_the_lock(tmp_path: Path) -> None:
    with service_lock(tmp_path):
        child = subprocess.Popen(
            [sys.executable, "-c", "print(input('running'), flush=True)"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            close_fds=False,
        )
    assert child.stdout is not None
    assert child.stdout.read(7) == b"running"
    try:
        with service_lock(tmp_path):
            assert child.poll() is None
    finally:
        child.communicate(b"\n")
