"""A reader leaves by the link of a mail, and what the operator sees of it: processes of the installed program."""

from __future__ import annotations

import json
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from types import MappingProxyType

import pytest
from ruamel.yaml import YAML

from alerts import leave, web
from alerts.model import Leaving
from tests.conftest import PROGRAM, Done, environment, presswatch
from tests.crawler.server import RSS, Answer, press
from tests.e2e.day import one_pass
from tests.e2e.test_service import feeds, wait_for
from tests.e2e.world import MailBox, dump, free_port, rows, write_config

ADDRESS = "desk@example.org"
MORNING = datetime(2026, 7, 19, 6, 30, tzinfo=UTC)


def run(config: Path, *arguments: str) -> Done:
    return presswatch(*arguments, config=config, code=None)


def asked(
    url: str, body: bytes | None = None, headers: Mapping[str, str] = MappingProxyType({})
) -> tuple[int, str]:
    request = urllib.request.Request(url, body, dict(headers))
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def public(config: Path) -> str:
    """Say in the settings where readers find the pages: on this machine."""
    yaml, path = YAML(), config / "settings.yaml"
    settings = yaml.load(path.read_text("utf-8"))
    settings["web"]["public_url"] = f"http://127.0.0.1:{settings['web']['port']}"
    dump(path, settings)
    return str(settings["web"]["public_url"])


@contextmanager
def running(config: Path, command: str) -> Iterator[None]:
    """A process that answers, while inside; it must leave by itself when told to."""
    with subprocess.Popen(
        [str(PROGRAM), "--config", str(config), command], env=environment(), stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
    assert process.returncode == 0


@pytest.fixture
def config(tmp_path: Path) -> Path:
    reader = {
        "id": "lima-desk", "name": "Lima desk", "topics": "all", "when": "daily at 07:00", "zone": "UTC",
        "to": [ADDRESS],
    }  # fmt: skip
    with press({"/feed": Answer(RSS)}) as server:
        config = write_config(tmp_path, feeds(f"{server.url}/feed"), subscribers=[reader])
        public(config)
        assert run(config, "run", "--once").code == 0
    return config


def test_who_leaves_by_the_link_is_not_written_to_until_the_operator_lifts_it(config: Path) -> None:
    assert "lima-desk" not in run(config, "check").err
    settings = YAML(typ="safe").load((config / "settings.yaml").read_text("utf-8"))
    leaving = Leaving(public_url=settings["web"]["public_url"], key=web.key(config.parent / "data"))
    link = leave.link(leaving, "lima-desk", ADDRESS)
    with running(config, "serve"):
        wait_for(lambda: _answers(leaving.public_url))
        status, page = asked(link)
        assert (status, "Lima desk" in page) == (200, True)
        assert json.loads(run(config, "suppressions", "--json").out) == []
        assert asked(link[:-2], b"List-Unsubscribe=One-Click")[0] == 403
        assert asked(link, b"List-Unsubscribe=One-Click")[0] == 200
    (one,) = json.loads(run(config, "suppressions", "--json").out)
    assert (one["recipient"], one["subscription_id"], one["why"]) == (ADDRESS, "lima-desk", web.WHY)

    checked = run(config, "check")
    assert checked.code == 0, "the files are good all the same"
    assert f"\nnote: subscribers.yaml: lima-desk: {ADDRESS} is not written to" in f"\n{checked.err}"
    assert f"presswatch suppressions lift {ADDRESS} lima-desk" in " ".join(checked.err.split())

    lifted = run(config, "suppressions", "lift", ADDRESS)
    assert lifted.out == f"{ADDRESS} gets lima-desk again\n"
    assert lifted.err == "do this only for a reader who asked to come back\n"
    assert run(config, "suppressions").out.startswith("nobody")
    again = run(config, "suppressions", "lift", ADDRESS)
    assert (again.code, "has not left" in again.err) == (1, True)


def test_one_click_at_a_running_service_holds_for_the_mail_that_waits_and_for_nobody_else(
    tmp_path: Path,
) -> None:
    """The link is that of the mail itself, the requests are those of a scanner, a forger and Gmail."""
    left, stays = ADDRESS, "night@example.org"
    reader = {
        "id": "lima-desk", "name": "Lima desk", "topics": "all", "when": "daily at 07:00", "zone": "UTC",
        "to": [left, stays],
    }  # fmt: skip
    box, port = MailBox(), free_port()
    with press({"/feed": Answer(RSS)}) as server:
        config = write_config(tmp_path, feeds(f"{server.url}/feed"), subscribers=[reader], mail_port=port)
        url = public(config)
        for at in (MORNING, MORNING + timedelta(days=1)):
            one_pass(config, at)  # nobody answers at the mail server
        sql = "select body from deliveries where recipient = ? and state = 'due'"
        ((body,),) = rows(tmp_path / "data" / "alerts.db", sql, left)
        mail = message_from_bytes(body, policy=policy.default)
        link = mail["List-Unsubscribe"].strip("<>")
        assert link.startswith(f"{url}{leave.PATH}")
        with running(config, "run"):
            wait_for(lambda: _answers(url))
            assert asked(link)[0] == 200
            forged = leave.link(Leaving(public_url=url, key=bytes(32)), "lima-desk", left)
            status, page = asked(forged, b"List-Unsubscribe=One-Click", {"Accept-Language": "es-PE,es;q=0.9"})
            assert (status, "Este enlace no funciona" in page, left in page) == (403, True, False)
            assert json.loads(run(config, "suppressions", "--json").out) == []
            # As Gmail has it: a form, no cookie, no referrer, no language.
            gmail = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "Gmail One-Click"}
            assert asked(link, b"List-Unsubscribe=One-Click", gmail)[0] == 200
            (one,) = json.loads(run(config, "suppressions", "--json").out)
            assert (one["recipient"], one["subscription_id"]) == (left, "lima-desk")
        with box.listening(port):
            one_pass(config, datetime.now(UTC) + timedelta(hours=2), code=None)
    assert [recipient for recipient, _ in box.mails] == [stays]
    said = rows(
        tmp_path / "data" / "alerts.db", "select recipient, state, last_error from deliveries order by 1"
    )
    assert [(recipient, state) for recipient, state, _ in said] == [(left, "dead"), (stays, "sent")]
    assert web.WHY in said[0][2]


def _answers(url: str) -> bool:
    try:
        return asked(url)[0] == 200
    except OSError:
        return False
