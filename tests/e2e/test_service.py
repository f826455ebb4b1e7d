"""`presswatch run`, as it runs for months: started, looked at, and told to stop."""

from __future__ import annotations

import json
import os
import resource
import signal
import sqlite3
import subprocess
import threading
import urllib.request
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawler.demo.newsroom import START, Newsroom
from tests.conftest import PROGRAM, environment, presswatch
from tests.crawler.server import RSS, Answer, Request, press
from tests.e2e.world import MailBox, dump, free_port, rows, write_config


def wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    """Look again every 20 ms until ``condition`` holds; fail after ``seconds``."""
    pause = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if condition():
            return
        pause.wait(0.02)
    pytest.fail("it did not come about")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_the_service_reads_serves_and_leaves_when_told(tmp_path: Path, number: signal.Signals) -> None:
    with Newsroom(now=lambda: START + timedelta(hours=26)) as newsroom:
        config = write_config(tmp_path, newsroom.sources_yaml())
        port = free_port()
        settings = {
            "data_dir": str(tmp_path / "data"),
            "network": {"allow_private": ["127.0.0.0/8"], "delay": 0},
            "web": {"port": port},
        }
        dump(config / "settings.yaml", settings)
        said: list[str] = []
        command = [str(PROGRAM), "--config", str(config), "run"]
        with subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE, text=True) as service:
            assert service.stderr is not None
            reader = threading.Thread(target=lambda: said.extend(service.stderr), daemon=True)
            reader.start()
            archive = tmp_path / "data" / "archive.db"
            wait_for(lambda: any("the archive: " in line for line in said))
            wait_for(lambda: rows(archive, "select count(*) from matches")[0][0] > 40)
            with urllib.request.urlopen(
                f"http://127.0.0.1:{port}/archive/source_health.json?_shape=array"
            ) as page:
                assert {row["id"] for row in json.load(page)} == {outlet.id for outlet in newsroom.outlets}
            service.send_signal(number)
            assert service.wait(30) == 0
            reader.join(10)
    assert said[-1] == "stopped\n"
    assert not any("Traceback" in line for line in said)
    # One file to hand on: nothing is left in a write-ahead log.
    assert not archive.with_name("archive.db-wal").exists()


def test_a_mail_that_is_leaving_is_finished_before_the_service_leaves(tmp_path: Path) -> None:
    arrived, may_answer = threading.Event(), threading.Event()

    def hold() -> None:
        arrived.set()
        may_answer.wait(60)

    box, port = MailBox(before_reply=hold), free_port()
    reader = {
        "id": "reader",
        "to": ["desk@one.example"],
        "topics": "all",
        "when": "daily at 07:00",
        "zone": "UTC",
    }
    with Newsroom(now=lambda: START) as newsroom, box.listening(port):
        config = write_config(tmp_path, newsroom.sources_yaml(), subscribers=[reader], mail_port=port)
        # In July, when this was news: the digest that has been due since is sent as soon as the service starts.
        presswatch("run", "--once", "--as-of", START.isoformat(), config=config)
        command = [str(PROGRAM), "--config", str(config), "run"]
        with subprocess.Popen(command, env=environment(), stderr=subprocess.DEVNULL) as service:
            assert arrived.wait(60)
            service.send_signal(signal.SIGTERM)
            with pytest.raises(subprocess.TimeoutExpired):
                service.wait(1)
            may_answer.set()
            assert service.wait(30) == 0
    assert len(box.mails) == 1
    assert rows(tmp_path / "data/alerts.db", "select state from deliveries") == [("sent",)]


def test_a_mail_server_that_is_away_never_stops_the_reading(tmp_path: Path) -> None:
    """Everything else goes on, and the mail stays due with its reason."""
    reader = {
        "id": "reader",
        "to": ["desk@one.example"],
        "topics": "all",
        "when": "daily at 07:00",
        "zone": "America/Lima",
    }
    clock = [START]
    with Newsroom(now=lambda: clock[0]) as newsroom:
        config = write_config(tmp_path, newsroom.sources_yaml(), subscribers=[reader], mail_port=free_port())
        for hours in (0, 14.1):
            clock[0] = START + timedelta(hours=hours)
            arguments = ["run", "--once", "--json", "--as-of", clock[0].isoformat()]
            done = subprocess.run(
                [str(PROGRAM), "--config", str(config), *arguments],
                env=environment(),
                capture_output=True,
                text=True,
                check=True,
                timeout=120,
            )
    summary = json.loads(done.stdout)
    assert (summary["sent"], summary["waiting"]) == (0, 1)
    assert "mail will be tried again: desk@one.example" in done.stderr
    state, attempts, error = rows(
        tmp_path / "data/alerts.db", "select state, attempts, last_error from deliveries"
    )[0]
    assert (state, attempts) == ("due", 1)
    assert "127.0.0.1" in error


def feeds(*urls: str) -> list[dict[str, object]]:
    """Sources without pages, one for each feed."""
    return [
        {"id": f"s{number}", "name": f"S{number}", "pages": False, "endpoints": [{"feed": url}]}
        for number, url in enumerate(urls)
    ]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_pass_that_is_stopped_says_so_and_is_no_success(tmp_path: Path, number: signal.Signals) -> None:
    asked = threading.Event()

    def never(request: Request) -> None:
        asked.set()
        request.server.stopping.wait()
        request.hang_up()

    with press({"/silent": never, "/feed": Answer(RSS)}) as server:
        config = write_config(
            tmp_path, feeds(f"{server.url}/silent", f"{server.url}/feed"), network={"timeout": "1h"}
        )
        command = [str(PROGRAM), "--config", str(config), "run", "--once", "--json"]
        with subprocess.Popen(
            command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as running:
            assert asked.wait(60)
            wait_for(lambda: rows(tmp_path / "data/archive.db", "select count(*) from articles") == [(1,)])
            running.send_signal(number)
            out, err = running.communicate(timeout=30)
    summary = json.loads(out)
    assert (running.returncode, summary["finished"], summary["polled"], summary["matches"]) == (
        1,
        False,
        1,
        1,
    )
    assert "stopped before the pass was finished" in err
    assert "Traceback" not in err


def test_a_pass_that_cannot_store_asks_nobody_twice_and_is_no_success(tmp_path: Path) -> None:
    """The file may grow no more: what a full disk does, for one process."""
    running: list[subprocess.Popen[str]] = []
    started = threading.Event()

    def fill_the_disk(request: Request) -> Answer:
        started.wait(60)
        resource.prlimit(running[0].pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        return Answer(RSS)

    with press({"/feed": fill_the_disk}) as server:
        config = write_config(tmp_path, feeds(f"{server.url}/feed"))
        command = [str(PROGRAM), "--config", str(config), "run", "--once", "--json"]
        with subprocess.Popen(
            command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            running.append(process)
            started.set()
            out, err = process.communicate(timeout=60)
        assert [asked.path for asked in server.asked] == ["/feed"]
    summary = json.loads(out)
    assert (process.returncode, summary["unstored"], summary["polled"], summary["failed"]) == (1, 1, 0, 0)
    assert "the archive could not be written: 1 result" in err
    assert rows(tmp_path / "data/archive.db", "select count(*) from articles") == [(0,)]


def full_disk() -> tuple[int | None, int]:
    return None, os.open("/dev/full", os.O_WRONLY)


@pytest.mark.parametrize("standard_error", [full_disk, os.pipe, os.openpty])
def test_a_service_whose_words_nobody_takes_goes_on(
    tmp_path: Path, standard_error: Callable[[], tuple[int | None, int]]
) -> None:
    """The log is on a full disk, or its reader leaves, or the terminal is closed."""
    gone = threading.Event()

    def answer(_: Request) -> Answer:
        gone.wait(60)
        return Answer(RSS)

    reader, writer = standard_error()
    archive = tmp_path / "data/archive.db"
    with press({"/feed": answer}) as server:
        # The second is not there, which is said.
        config = write_config(tmp_path, feeds(f"{server.url}/feed", f"{server.url}/missing"))
        dump(
            config / "settings.yaml",
            {
                "data_dir": str(tmp_path / "data"),
                "network": {"allow_private": ["127.0.0.0/8"], "delay": 0},
                "web": {"port": free_port()},
            },
        )
        command = [str(PROGRAM), "--config", str(config), "run"]
        with subprocess.Popen(command, env={**environment(), "TERM": "xterm"}, stderr=writer) as service:
            os.close(writer)
            wait_for(lambda: server.asked or service.poll() is not None)
            if reader is not None:
                os.close(reader)
            gone.set()
            assert service.poll() is None
            # It is stored, told of, and matched after that.
            done = "select (select count(*) from polls), (select count(*) from matches)"
            wait_for(lambda: service.poll() is not None or rows(archive, done) == [(2, 1)])
            assert service.poll() is None
            service.send_signal(signal.SIGTERM)
            assert service.wait(30) == 0
    assert rows(archive, done) == [(2, 1)]


def test_a_clock_that_was_set_back_stops_no_pass(tmp_path: Path) -> None:
    with press({"/feed": Answer(RSS)}) as server:
        config = write_config(tmp_path, feeds(f"{server.url}/feed"))
        ahead = datetime.now(UTC) + timedelta(days=400)
        presswatch("run", "--once", "--as-of", ahead.isoformat(), config=config)
        done = presswatch("run", "--once", "--json", config=config)
        assert "was the clock set back?" in done.err
        assert (done.json["polled"], done.json["failed"], done.json["finished"]) == (1, 0, True)
        refused = presswatch("run", "--once", "--as-of", datetime.now(UTC).isoformat(), config=config, code=2)
        assert "the archive already holds" in refused.err


def test_the_first_pass_of_a_day_lets_go_of_what_has_outlived_its_keep(tmp_path: Path) -> None:
    clock = [START]

    def pruned() -> int:
        return int(
            rows(tmp_path / "data/archive.db", "select count(*) from articles where pruned_at is not null")[
                0
            ][0]
        )

    with Newsroom(now=lambda: clock[0]) as newsroom:
        config = write_config(tmp_path, newsroom.sources_yaml())
        settings = {
            "data_dir": str(tmp_path / "data"),
            "retention": "1d",
            "network": {"allow_private": ["127.0.0.0/8"], "delay": 0},
        }
        dump(config / "settings.yaml", settings)
        # 22:00 UTC, 02:00 and 20:00 of the day after, and the day after that.
        kept = []
        for hours in (0, 4, 25, 28):
            clock[0] = START + timedelta(hours=hours)
            presswatch("run", "--once", "--as-of", clock[0].isoformat(), config=config)
            kept.append(pruned())
    assert kept[:3] == [0, 0, 0]
    assert kept[3] > 0


def test_what_an_upgrade_left_unjudged_is_judged_by_the_next_pass(tmp_path: Path) -> None:
    with press({"/feed": Answer(RSS)}) as server:
        config = write_config(tmp_path, feeds(f"{server.url}/feed"))
        presswatch("run", "--once", "--as-of", "2026-07-19T10:00Z", config=config)
        database = tmp_path / "data/archive.db"
        with closing(sqlite3.connect(database)) as conn, conn:
            assert conn.execute("update articles set odd = null").rowcount > 0
        presswatch("run", "--once", "--as-of", "2026-07-19T11:00Z", config=config)
        assert rows(database, "select count(*) from articles where odd is null") == [(0,)]


def test_without_a_terminal_a_pass_says_in_lines_what_it_does(tmp_path: Path) -> None:
    with press({"/feed": Answer(RSS)}) as server:
        config = write_config(tmp_path, feeds(f"{server.url}/feed"))
        done = presswatch("run", "--once", "--json", "--as-of", "2026-07-20T12:00Z", config=config)
    assert done.err == "2026-07-20T12:00:00+00:00: 1 feed to ask\n"
    assert done.json["polled"] == 1
