"""``presswatch digest --send``: by itself, beside a running service, and with a mail server that is not there."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PROGRAM, environment, presswatch
from tests.crawler.server import RSS, Answer, press
from tests.e2e.day import one_pass
from tests.e2e.test_service import feeds, wait_for
from tests.e2e.world import MailBox, free_port, rows, write_config

READ = datetime(2026, 7, 20, 15, tzinfo=UTC)
SEND = ("digest", "desk", "--send")


@pytest.fixture
def box() -> MailBox:
    return MailBox()


@pytest.fixture
def config(tmp_path: Path, box: MailBox) -> Iterator[Path]:
    """A configuration whose one feed has been read, and a mailbox that listens at its mail port."""
    with press({"/feed": Answer(RSS)}) as server, box.listening() as port:
        config = configured(tmp_path, server.url, port)
        one_pass(config, READ)
        yield config


def configured(folder: Path, url: str, port: int, when: str = "daily at 07:00") -> Path:
    reader: dict[str, Any] = {
        "id": "desk", "to": ["a@desk.example", "b@desk.example"], "topics": "all", "when": when, "zone": "America/Lima",
    }  # fmt: skip
    return write_config(folder, feeds(f"{url}/feed"), subscribers=[reader], mail_port=port)


def test_the_next_digest_goes_out_now_and_the_next_hour_has_what_comes_after(
    config: Path, box: MailBox
) -> None:
    done = presswatch(*SEND, "--as-of", "2026-07-20T16:00Z", "--json", config=config)
    assert (done.json["recipients"], done.json["sent"]) == (["a@desk.example", "b@desk.example"], 2)
    assert sorted(recipient for recipient, _ in box.mails) == ["a@desk.example", "b@desk.example"]
    assert "Peru votes" in box.mails[0][1]["Subject"]
    again = presswatch(*SEND, "--as-of", "2026-07-20T16:05Z", config=config)
    assert again.out == "nothing to tell since the last digest, so nothing is sent\n"
    one_pass(config, datetime(2026, 7, 21, 12, 30, tzinfo=UTC))  # past seven in Lima
    assert len(box.mails) == 2


def test_a_mail_server_that_is_not_there_is_said_and_the_next_pass_tries_again(
    tmp_path: Path, box: MailBox
) -> None:
    with press({"/feed": Answer(RSS)}) as server:
        config = configured(tmp_path, server.url, port := free_port())
        one_pass(config, READ)
        before = presswatch(*SEND, "--as-of", "2026-07-20T16:00Z", config=config, code=1)
        assert before.out == ""
        assert "not taken yet, the next `run` tries again: 2" in before.err
        with box.listening(port):
            one_pass(config, datetime(2026, 7, 20, 18, tzinfo=UTC))
    assert len(box.mails) == 2


def test_beside_a_running_service_that_one_sends_it(tmp_path: Path, box: MailBox) -> None:
    with press({"/feed": Answer(RSS)}) as server, box.listening() as port:
        config = configured(tmp_path, server.url, port, when="weekly on monday at 03:21")
        command = [str(PROGRAM), "--config", str(config), "run"]
        with (
            (tmp_path / "log").open("w", encoding="utf-8") as log,
            subprocess.Popen(command, env=environment(), stderr=log, text=True) as process,
        ):
            try:
                wait_for(lambda: "the archive: " in (tmp_path / "log").read_text("utf-8"))
                wait_for(lambda: bool(rows(tmp_path / "data/archive.db", "select 1 from matches")))
                done = presswatch(*SEND, config=config)
                assert done.out.startswith("the service sends it to a@desk.example, b@desk.example: ")
                wait_for(lambda: len(box.mails) == 2)
                past = presswatch(*SEND, "--as-of", "2100-01-01", config=config, code=1)
                assert "goes by its own clock" in past.err
            finally:
                process.kill()


def test_what_is_to_be_done_is_one_thing(config: Path) -> None:
    assert "give one of them" in presswatch(*SEND, "--preview", config=config, code=2).err
    assert "say what to do with it" in presswatch(*SEND[:2], config=config, code=2).err
