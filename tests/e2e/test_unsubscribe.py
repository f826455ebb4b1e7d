"""A reader leaves by the link of a mail, and what the operator sees of it: processes of the installed program."""

from __future__ import annotations

import json
import signal
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from alerts import leave, web
from alerts.model import Leaving
from tests.conftest import PROGRAM, Done, environment, presswatch
from tests.crawler.server import RSS, Answer, press
from tests.e2e.test_service import feeds, wait_for
from tests.e2e.world import write_config

ADDRESS = "desk@example.org"


def run(config: Path, *arguments: str) -> Done:
    return presswatch(*arguments, config=config, code=None)


def asked(url: str, body: bytes | None = None) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, body, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    reader = {
        "id": "lima-desk", "name": "Lima desk", "topics": "all", "when": "daily at 07:00", "zone": "UTC",
        "to": [ADDRESS],
    }  # fmt: skip
    with press({"/feed": Answer(RSS)}) as server:
        config = write_config(tmp_path, feeds(f"{server.url}/feed"), subscribers=[reader])
        yaml = YAML()
        path = config / "settings.yaml"
        settings = yaml.load(path.read_text("utf-8"))
        settings["web"]["public_url"] = f"http://127.0.0.1:{settings['web']['port']}"
        with path.open("w", encoding="utf-8") as file:
            yaml.dump(settings, file)
        assert run(config, "run", "--once").code == 0
    return config


def test_who_leaves_by_the_link_is_not_written_to_until_the_operator_lifts_it(config: Path) -> None:
    assert "lima-desk" not in run(config, "check").err
    settings = YAML(typ="safe").load((config / "settings.yaml").read_text("utf-8"))
    leaving = Leaving(public_url=settings["web"]["public_url"], key=web.key(config.parent / "data"))
    link = leave.link(leaving, "lima-desk", ADDRESS)
    with subprocess.Popen(
        [str(PROGRAM), "--config", str(config), "serve"], env=environment(), stderr=subprocess.PIPE, text=True
    ) as served:
        try:
            assert served.stderr is not None
            wait_for(lambda: _answers(leaving.public_url))
            status, page = asked(link)
            assert (status, "Lima desk" in page) == (200, True)
            assert json.loads(run(config, "suppressions", "--json").out) == []
            assert asked(link[:-2], b"List-Unsubscribe=One-Click")[0] == 403
            assert asked(link, b"List-Unsubscribe=One-Click")[0] == 200
        finally:
            served.send_signal(signal.SIGTERM)
            served.communicate(timeout=30)
    (one,) = json.loads(run(config, "suppressions", "--json").out)
    assert (one["recipient"], one["subscription_id"], one["why"]) == (ADDRESS, "lima-desk", web.WHY)

    checked = run(config, "check")
    assert checked.code == 0, "the files are good all the same"
    assert f"lima-desk: {ADDRESS} is not written to" in checked.err
    assert f"presswatch suppressions lift {ADDRESS} lima-desk" in " ".join(checked.err.split())

    lifted = run(config, "suppressions", "lift", ADDRESS)
    assert lifted.out == f"{ADDRESS} gets lima-desk again\n"
    assert run(config, "suppressions").out.startswith("nobody")
    again = run(config, "suppressions", "lift", ADDRESS)
    assert (again.code, "has not left" in again.err) == (1, True)


def _answers(url: str) -> bool:
    try:
        return asked(url)[0] == 200
    except OSError:
        return False
