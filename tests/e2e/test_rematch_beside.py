"""``presswatch rematch`` beside a running service: two processes of the installed program, and one answer."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.conftest import PROGRAM, Done, environment, presswatch
from tests.crawler.server import RSS, Answer, Request, press
from tests.e2e.test_service import feeds, wait_for
from tests.e2e.world import dump, free_port, rows, write_config

BEFORE = "topics:\n  peru:\n    title: Peru\n    terms: [Peru]\n"
VOTES = BEFORE + "  votes:\n    title: Votes\n    terms: [votes, vote]\n"
LATER = RSS.replace(b"Peru votes", b"A vote in Lima").replace(b"peru-votes", b"lima-vote")


class Beside:
    """A service on loopback: one of its feeds has answered, the other answers when ``later`` is set."""

    def __init__(self, config: Path, process: subprocess.Popen[str]) -> None:
        self.config = config
        self.process = process
        self.data = config.parent / "data"
        self.later = threading.Event()

    def edit(self, keywords: str) -> None:
        (self.config / "keywords.yaml").write_text(keywords, "utf-8")

    def matches(self) -> list[tuple[str, str, int]]:
        sql = """select topic_id, title, m.backfill from matches m join articles a on a.id = m.article_id
            where ended_at is null order by 1, 2"""
        return rows(self.data / "archive.db", sql)

    def requests(self) -> list[str]:
        return [state for (state,) in rows(self.data / "alerts.db", "select state from requests")]


@contextmanager
def asking(beside: Beside, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Have a second process ask, while inside; ends it if it has not ended."""
    command = [str(PROGRAM), "--config", str(beside.config), "rematch", *arguments]
    with subprocess.Popen(
        command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def beside(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Beside]:
    readers = getattr(request, "param", None)
    held: list[Beside] = []

    def answer(request: Request) -> Answer:
        held[0].later.wait(120)
        return Answer(LATER)

    with press({"/feed": Answer(RSS), "/later": answer}) as server:
        config = write_config(
            tmp_path, feeds(f"{server.url}/feed", f"{server.url}/later"), subscribers=readers
        )
        (config / "keywords.yaml").write_text(BEFORE, "utf-8")
        settings = {
            "data_dir": str(tmp_path / "data"),
            "network": {"allow_private": ["127.0.0.0/8"], "delay": 0, "timeout": "3m"},
            "web": {"port": free_port()},
        }
        dump(config / "settings.yaml", settings)
        command = [str(PROGRAM), "--config", str(config), "run"]
        with (
            (tmp_path / "log").open("w", encoding="utf-8") as log,
            subprocess.Popen(command, env=environment(), stderr=log, text=True) as process,
        ):
            held.append(Beside(config, process))
            try:
                wait_for(lambda: "the archive: " in (tmp_path / "log").read_text("utf-8"))
                wait_for(lambda: held[0].matches() == [("peru", "Peru votes", 0)])
                # Its first look at what is stored is over.
                applied = "select count(*) from topics where applied = version"
                wait_for(lambda: rows(held[0].data / "archive.db", applied) == [(2 if readers else 1,)])
                yield held[0]
            finally:
                held[0].later.set()
                process.kill()


def test_a_running_service_takes_over_todays_topics(beside: Beside) -> None:
    beside.edit(VOTES)
    done = presswatch("rematch", "--json", config=beside.config)
    assert done.json == {
        "topics": {"votes": {"matches": 1, "new": 1, "ended": 0}}, "waiting": 0, "restart": [],
    }  # fmt: skip
    assert f"process {beside.process.pid} works in" in done.err
    assert beside.matches() == [("peru", "Peru votes", 0), ("votes", "Peru votes", 1)]
    # What comes later is news to the new topic.
    beside.later.set()
    wait_for(lambda: ("votes", "A vote in Lima", 0) in beside.matches())
    assert presswatch("rematch", config=beside.config).out == "all topics are applied as they are\n"
    assert beside.requests() == []
    beside.process.send_signal(signal.SIGTERM)
    assert beside.process.wait(30) == 0


def test_a_broken_file_changes_nothing_and_is_named(beside: Beside) -> None:
    beside.edit(VOTES + "    termz: [vote]\n")
    done = presswatch("rematch", config=beside.config, code=2)
    assert "keywords.yaml:8:5" in done.err
    assert 'did you mean "terms"?' in done.err
    assert beside.requests() == []
    beside.later.set()
    wait_for(lambda: rows(beside.data / "archive.db", "select count(*) from articles") == [(2,)])
    assert rows(beside.data / "archive.db", "select id from topics where active = 1") == [("peru",)]
    # The other files are named, and the topics taken over all the same.
    beside.edit(VOTES)
    (beside.config / "subscribers.yaml").write_text("subscribers: []\n", "utf-8")
    done = presswatch("rematch", config=beside.config)
    assert done.out == "votes: 2 articles, 2 new, 0 no longer\n"
    assert "only by a new start of the service: subscribers.yaml" in done.err


@pytest.mark.parametrize(
    "beside", [[{"id": "desk", "query": "Lima", "when": "hourly", "zone": "UTC"}]], indirect=True
)
def test_a_query_is_looked_for_until_the_service_reads_who_asks_another(beside: Beside) -> None:
    reader = {"id": "desk", "query": "Cusco", "when": "hourly", "zone": "UTC"}
    dump(beside.config / "subscribers.yaml", {"subscribers": [reader]})
    beside.edit(VOTES)
    done = presswatch("rematch", "--json", config=beside.config)
    assert done.json["restart"] == ["subscribers.yaml"]
    beside.later.set()
    wait_for(lambda: ("votes", "A vote in Lima", 0) in beside.matches())
    found = [topic_id for topic_id, title, _ in beside.matches() if title == "A vote in Lima"]
    assert [topic_id.partition(":")[0] for topic_id in found] == ["query", "votes"]


def test_whoever_asks_a_service_that_does_not_answer_gives_up_and_nothing_is_left(beside: Beside) -> None:
    beside.process.send_signal(signal.SIGSTOP)
    beside.edit(VOTES)
    done = presswatch("rematch", "--wait", 1, config=beside.config, code=1)
    assert "nobody took it up in 1 s, so nothing was done" in done.err
    assert beside.requests() == []
    with asking(beside) as other:
        wait_for(lambda: beside.requests() == ["open"])
        other.send_signal(signal.SIGINT)
        assert other.wait(30) != 0
    assert beside.requests() == []
    # One that was killed could not take its request away. Once its time is over, nobody does it.
    with asking(beside) as other:
        wait_for(lambda: beside.requests() == ["open"])
        other.kill()
    with closing(sqlite3.connect(beside.data / "alerts.db")) as conn:
        conn.execute("update requests set until = asked_at")
        conn.commit()
    beside.edit(BEFORE)
    beside.process.send_signal(signal.SIGCONT)
    assert presswatch("rematch", config=beside.config).out == "all topics are applied as they are\n"
    assert beside.requests() == ["open"]
    assert rows(beside.data / "archive.db", "select id from topics") == [("peru",)]


@pytest.mark.parametrize("state", ["open", "claimed"])
def test_when_the_service_is_killed_the_one_who_asks_does_it(beside: Beside, state: str) -> None:
    beside.process.send_signal(signal.SIGSTOP)
    beside.edit(VOTES)
    with asking(beside, "--json") as other:
        wait_for(lambda: beside.requests() == ["open"])
        with closing(sqlite3.connect(beside.data / "alerts.db")) as conn:
            conn.execute("update requests set state = ?", (state,))
            conn.commit()
        beside.process.kill()
        out, err = other.communicate(timeout=120)
    done = Done(other.returncode, out, err)
    assert done.code == 0, err
    assert json.loads(out)["topics"] == {"votes": {"matches": 1, "new": 1, "ended": 0}}
    assert "it is done here" in err
    assert beside.matches() == [("peru", "Peru votes", 0), ("votes", "Peru votes", 1)]
    assert beside.requests() == []
