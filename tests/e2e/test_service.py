"""`presswatch run`, as it runs for months: started, looked at, and told to stop."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawler.demo.newsroom import START, Newsroom
from tests.conftest import PROGRAM, environment, presswatch
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
        # Two days ago: the digest that has been due since is sent as soon as the service starts.
        before = datetime.now(UTC) - timedelta(days=2)
        presswatch("run", "--once", "--as-of", before.isoformat(), config=config)
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
