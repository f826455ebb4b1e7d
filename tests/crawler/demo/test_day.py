"""The demo: its folder is emptied only when it is ours and nobody works in it, and it tells what was played."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from archive.errors import ArchiveError, LockHeld
from archive.lock import service_lock
from crawler.demo.day import MARK, Played, prepare
from tests.conftest import ROOT, presswatch


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


STOPPED = """
import json, sys
from pathlib import Path
from crawler import loop
from crawler.demo import day

stations = []

def main(stop):
    def station(line):
        stations.append(line)
        if len(stations) == 3:
            stop.set()

    return day.play(
        Path(sys.argv[1]), stop, as_of=None, show=lambda _: None, station=station,
        tell=lambda played: print(json.dumps([stations, played.as_json()])),
    )

loop.run(main)
"""


def test_a_demo_that_is_stopped_tells_of_the_passes_that_were_made(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", STOPPED, str(tmp_path / "demo")],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    stations, summary = json.loads(done.stdout)
    assert [line.partition(": ")[0] for line in stations] == [
        "2026-07-18T22:00:00+00:00",
        "2026-07-19T04:00:00+00:00",
        "2026-07-19T11:54:00+00:00",
    ]
    assert summary["passes"] == 2  # the third was stopped as it began
    assert summary["articles"] > 0


def test_without_a_terminal_the_demo_says_which_pass_it_plays(tmp_path: Path) -> None:
    done = presswatch("demo", "--dir", tmp_path / "demo", "--as-of", "2026-07-18T23:00Z", "--json")
    stations = [line for line in done.err.splitlines() if line.endswith(" feeds to ask")]
    assert [line.partition(": ")[0] for line in stations] == [
        "2026-07-18T22:00:00+00:00",
        "2026-07-18T23:00:00+00:00",
    ]
    assert done.json["passes"] == 2


def test_what_the_demo_says_as_json_is_filled_and_true(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    summary = presswatch("demo", "--dir", folder, "--as-of", "2026-07-19T12:06Z", "--json").json
    assert list(summary) == [
        "folder",
        "archive",
        "passes",
        "articles",
        "matches",
        "edited",
        "digests",
        "failures",
    ]
    assert (summary["folder"], summary["passes"], summary["failures"]) == (str(folder), 4, [])
    assert set(summary["matches"]) == {"boluarte", "july-19", "lithium", "peru", "us-troops"}
    assert min(summary["matches"].values()) > 0
    with closing(sqlite3.connect(summary["archive"])) as conn:
        assert conn.execute("select count(*) from articles").fetchone() == (summary["articles"],)
        found = conn.execute(
            "select topic_id, count(*) from matches where ended_at is null group by topic_id"
        )
        assert dict(found) == summary["matches"]
    (digest,) = map(Path, summary["digests"])
    assert digest.parent == folder / "data/outbox"
    assert digest.read_text("utf-8").startswith("<!")


CUT_OFF = """
import re
from crawler.cli import main
from crawler.demo.newsroom import Newsroom

# As where the loopback interface is down: nothing answers at the newsroom's addresses.
written = Newsroom.sources_yaml
Newsroom.sources_yaml = lambda newsroom: re.sub(r":[0-9]+/", ":1/", written(newsroom))
main()
"""


@pytest.mark.parametrize("more", [(), ("--json",), ("--serve",)], ids=["text", "JSON", "to stay open"])
def test_a_demo_that_can_read_no_feed_names_them_and_fails(tmp_path: Path, more: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CUT_OFF, "demo", "--dir", str(tmp_path / "demo"), "--as-of", "2026-07-19T00:00Z", *more],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    told = [line for line in done.stderr.splitlines() if line.startswith("could not be read: ")]
    assert len(told) == 4, "each feed once, not once a pass"
    assert all(" http://127.0.0.1:1/" in line and ": connection: " in line for line in told)
    assert "no feed at all could be read: is this computer's loopback" in done.stderr
    if more == ("--json",):
        summary = json.loads(done.stdout)
        assert [f"could not be read: {failure}" for failure in summary["failures"]] == told
        assert (summary["passes"], summary["articles"]) == (2, 0)
    else:
        assert done.stdout == ""  # nothing was played that could be told


@pytest.mark.parametrize(
    ("passes", "words"), [(0, "read in 0 passes:"), (1, "read in 1 pass:"), (2, "in 2 passes:")]
)
def test_one_pass_is_no_plural(passes: int, words: str) -> None:
    played = Played(folder=Path("demo"), passes=passes, articles=0, matches={}, digests=())
    assert words in played.as_text("presswatch", stay=False)


def test_the_health_table_of_the_demo_with_accidents_says_what_happened_and_what_to_do(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "demo"
    presswatch("demo", "--accidents", "--dir", folder)
    health = presswatch("sources", "--json", config=folder / "config").json
    events = {(one["id"], event["kind"]): event for one in health for event in one["events"]}
    troubled = {
        ("cumbre-flash", "overrun"),
        ("muralla", "blocked"),
        ("copia-vieja", "stale"),
        ("faro-mudo", "silent"),
    }
    assert set(events) == {*troubled, ("totora-sur", "parse_error")}
    # One bulletin in ten minutes, a dozen in the feed: what was missed is known by heart.
    assert events["cumbre-flash", "overrun"]["missed"] == pytest.approx(131, rel=0.2)
    shown = presswatch("sources", config=folder / "config").out
    for (source, kind), event in events.items():
        assert event["do"]
        assert f"{source}: {kind} since" in shown
        assert f"what to do: {event['do']}" in " ".join(shown.split())
