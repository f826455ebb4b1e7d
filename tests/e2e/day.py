"""Playing the newsroom's day through the installed program, pass by pass, with kills in between."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

from crawler.demo.newsroom import START, Newsroom
from tests.conftest import PROGRAM, environment, presswatch
from tests.e2e.world import rows


class Clock:
    """The newsroom's time; the program is told the same with --as-of."""

    now = START


def one_pass(config: Path, at: datetime, code: int | None = 0) -> Any:
    return presswatch("run", "--once", "--json", "--as-of", at.isoformat(), config=config, code=code).json


def killed_pass(config: Path, at: datetime, when: threading.Event) -> None:
    """Start a pass, and kill it hard once ``when`` is set."""
    command = [str(PROGRAM), "--config", str(config), "run", "--once", "--as-of", at.isoformat()]
    with subprocess.Popen(
        command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        assert when.wait(60), (
            process.stderr.read() if process.stderr and process.poll() is not None else "no sign"
        )
        process.send_signal(signal.SIGKILL)
        # A pass that was asked for little more may have ended just before.
        assert process.wait(30) in (-signal.SIGKILL, 0)


def contents(data: Path) -> dict[str, Counter[Any]]:
    """What the archive holds, without ids and without the times at which things were seen."""
    archive = data / "archive.db"
    return {
        "articles": Counter(
            rows(
                archive,
                "select key, title, summary, text, content, published_at, published_from from articles",
            )
        ),
        "offers": Counter(
            rows(
                archive,
                "select a.key, o.endpoint_id, o.guid from offers o join articles a on a.id = o.article_id",
            )
        ),
        "matches": Counter(
            rows(
                archive,
                """select a.key, m.topic_id, m.content, m.ended_because, h.field, h.start, h."end", h.text
                from matches m join articles a on a.id = m.article_id left join hits h on h.match_seq = m.seq""",
            )
        ),
        "stories": stories(archive),
    }


def stories(archive: Path) -> Counter[Any]:
    """Each article with the agency that it credits and all of its story; which was seen first hangs on the moment."""
    return Counter(
        rows(
            archive,
            """select a.key, a.wire, (select group_concat(key, ' ') from
            (select key from articles b where b.story_id = a.story_id order by key)) from articles a""",
        )
    )


def after_requests(newsroom: Newsroom, count: int) -> threading.Event:
    """Return an event that is set when ``count`` more requests were answered."""
    seen, event = len(newsroom.log), threading.Event()

    def watch() -> None:
        tick = threading.Event()
        while len(newsroom.log) < seen + count and not event.is_set():
            tick.wait(0.005)
        event.set()

    threading.Thread(target=watch, daemon=True).start()
    return event
