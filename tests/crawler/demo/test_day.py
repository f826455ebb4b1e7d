"""The demo's folder: emptied only when it is ours, and nobody works in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive.errors import ArchiveError, LockHeld
from archive.lock import service_lock
from crawler.demo.day import MARK, prepare


def contents(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def played(folder: Path) -> set[str]:
    """A demo that was played: what is in its folder."""
    prepare(folder, "sources: []\n")
    (folder / "data/archive.db").write_text("x")
    (folder / "data/outbox").mkdir()
    (folder / "data/outbox/a.html").write_text("x")
    return contents(folder)


def test_a_demo_in_which_somebody_works_is_left_as_it_is(tmp_path: Path) -> None:
    before = played(tmp_path / "demo")
    (tmp_path / "demo/config/sources.yaml").write_text("theirs")
    with service_lock(tmp_path / "demo/data"), pytest.raises(LockHeld):
        prepare(tmp_path / "demo", "sources: []\n")
    assert contents(tmp_path / "demo") == before
    assert (tmp_path / "demo/config/sources.yaml").read_text() == "theirs"


def test_a_demo_that_has_ended_is_emptied_but_for_the_file_that_is_the_lock(tmp_path: Path) -> None:
    played(tmp_path / "demo")
    lock = (tmp_path / "demo/data/service.lock").stat().st_ino
    config = prepare(tmp_path / "demo", "sources: []\n")
    assert {path.name for path in (tmp_path / "demo/data").iterdir()} == {"service.lock"}
    assert (tmp_path / "demo/data/service.lock").stat().st_ino == lock
    assert {path.stem for path in config.iterdir()} == {"settings", "keywords", "sources", "subscribers"}


def test_a_demo_that_was_cut_off_at_its_very_start_can_be_started_again(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / MARK).touch()
    assert prepare(tmp_path / "demo", "sources: []\n").is_dir()


def test_a_folder_of_somebody_else_and_a_file_are_refused_untouched(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters/one.txt").touch()
    for name, why in (("letters", "holds other things"), ("letters/one.txt", "is a file")):
        with pytest.raises(ArchiveError, match=why):
            prepare(tmp_path / name, "sources: []\n")
    assert contents(tmp_path) == {"letters", "letters/one.txt"}


def test_what_a_link_in_the_demo_leads_to_is_not_emptied(tmp_path: Path) -> None:
    played(tmp_path / "demo")
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters/one.txt").touch()
    (tmp_path / "demo/data/link").symlink_to(tmp_path / "letters")
    prepare(tmp_path / "demo", "sources: []\n")
    assert (tmp_path / "letters/one.txt").exists()
    assert not (tmp_path / "demo/data/link").is_symlink()
