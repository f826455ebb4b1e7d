"""One run of the program that is killed, and what the files and servers say of the moment at which the kill came.

The program is not asked and knows nothing of it. A place is proved by what is left:

    poll      more feeds had their answer than polls are stored
    matcher   all that was asked for is stored, articles wait in the change queue, and another process held the write
              lock, as a backup does, so that the matcher could take them up and not confirm them
    queued    a digest is in the outbox, a mail server was greeted, and no message was on the wire
    data      the row says that the message was leaving, and the mail server has all of it
    else      anywhere else: starting, reading pages, ending
"""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Any

from archive.times import stamp
from tests.conftest import PROGRAM, environment
from tests.e2e.world import rows
from tests.soak.faulty import FaultyNewsroom, SlowMailBox

PLACES = ("poll", "matcher", "queued", "data")
_WAITING = """select (select count(*) from polls), (select count(*) from changes),
    (select count(*) from pages where (state = 'due' and due_at <= ?1) or again_at <= ?1)"""
_PATIENCE = 120  # seconds until a run that shows no sign is given up


@dataclass
class Harness:
    """What is killed, and where the kills came."""

    config: Path
    newsroom: FaultyNewsroom
    box: SlowMailBox
    dice: random.Random
    places: dict[str, int] = field(default_factory=lambda: dict.fromkeys((*PLACES, "else"), 0))
    ended: int = 0  # runs that were over before their moment came
    groups: list[int] = field(default_factory=list)  # process group of each run

    def killed(self, at: datetime, aim: str) -> str | None:
        """Start a run, kill it at a moment of the kind ``aim``; return the place that it was killed at."""
        run = _Run(self, at)
        with self.box.silent("DATA" if aim == "data" else "MAIL") as heard, run.started() as process:
            sign = {"poll": run.some_answered(), "matcher": run.matching}.get(aim, lambda: False)
            if aim == "else":
                until = monotonic() + self.dice.uniform(0.3, 4)
                sign = lambda: monotonic() > until  # noqa: E731
            until_silence = monotonic() + _PATIENCE
            tick = threading.Event()
            locked: Any = None
            while process.poll() is None and not heard.is_set():
                locked = sign()
                if locked:
                    break
                assert monotonic() < until_silence, f"no sign of {aim}"
                tick.wait(0.001)
            with locked if hasattr(locked, "__exit__") else nullcontext():
                tick.wait(self.dice.uniform(0.1, 0.5) if aim == "matcher" else self.dice.uniform(0, 0.02))
                process.send_signal(signal.SIGKILL)
                if process.wait(60) != -signal.SIGKILL:
                    self.ended += 1
                    return None
                place = run.place()
        self.places[place] += 1
        return place

    @property
    def kills(self) -> int:
        return sum(self.places.values())


class _Run:
    def __init__(self, harness: Harness, at: datetime) -> None:
        self._harness, self._at = harness, at
        data = harness.config.parent / "data"
        self._conn: sqlite3.Connection | None = None
        self._archive, self._alerts = data / "archive.db", data / "alerts.db"
        self._answered_before = len(harness.newsroom.answered)
        self._mails_before = len(harness.box.mails)
        self._polls_before = self._count("polls")
        self._expected = len(harness.newsroom.outlets) - self._count(
            "endpoints where last_status in (429, 503) and next_poll_at > ?", stamp(at)
        )

    @contextmanager
    def started(self) -> Iterator[subprocess.Popen[bytes]]:
        command = [str(PROGRAM), "--config", str(self._harness.config), "run", "--once", "--as-of"]
        with subprocess.Popen(
            [*command, self._at.isoformat()],
            env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        ) as process:  # fmt: skip
            self._harness.groups.append(process.pid)
            try:
                yield process
            finally:
                process.kill()
                if self._conn is not None:
                    self._conn.close()

    def some_answered(self) -> Callable[[], bool]:
        wanted = self._answered_before + self._harness.dice.randint(1, max(1, self._expected))
        return lambda: len(self._harness.newsroom.answered) >= wanted

    def matching(self) -> Any:
        """Return the write lock of the archive, as a context, when all is stored and the matcher has yet to confirm.

        Matching takes some milliseconds, and this machine may be busy: once all feeds have had their answer, the lock
        is taken and given back, again and again, until the moment has come.
        """
        if self._answered() < self._expected or not self._archive.exists():
            return None
        conn = sqlite3.connect(self._archive, timeout=0, isolation_level=None)
        until, tick = monotonic() + 0.1, threading.Event()
        while monotonic() < until:
            try:
                conn.execute("begin immediate")
                if self._to_match():
                    return closing(conn)
                conn.execute("rollback")
            except sqlite3.OperationalError:
                pass  # the program is writing
            tick.wait(0.001)  # and is to get its turn
        conn.close()
        return None

    def _to_match(self) -> bool:
        # In one statement, over a connection that stays open: the moment is a short one.
        seen = self._ask(_WAITING, stamp(self._at))
        if seen is None:
            return False
        polls, changes, pages = seen
        polled = polls - self._polls_before
        return polled >= max(1, self._expected) and self._answered() <= polled and changes > 0 and pages == 0

    def _ask(self, sql: str, *values: object) -> tuple[int, ...] | None:
        if self._conn is None:
            if not self._archive.exists():
                return None
            self._conn = sqlite3.connect(f"{self._archive.as_uri()}?mode=ro", uri=True, timeout=5)
        try:
            found: tuple[int, ...] = self._conn.execute(sql, values).fetchone()
        except sqlite3.OperationalError:
            return None  # the very first run has not made its tables yet
        return found

    def place(self) -> str:
        """Return where the kill came, by what is left."""
        states = (
            {state for (state,) in rows(self._alerts, "select state from deliveries")}
            if self._alerts.exists()
            else set()
        )
        arrived = len(self._harness.box.mails) - self._mails_before
        if "data" in states:
            leaving = rows(self._alerts, "select message_id from deliveries where state = 'data'")
            taken = {message["Message-ID"] for _, message in self._harness.box.mails}
            assert {one for (one,) in leaving} <= taken, (
                "a kill fell where nobody can say what became of a mail"
            )
            return "data"
        if self._harness.box.heard.is_set() and not arrived and states & {"due", "claimed"}:
            return "queued"
        if self._answered() > self._polled():
            return "poll"
        return "matcher" if self._to_match() else "else"

    def _answered(self) -> int:
        return len(self._harness.newsroom.answered) - self._answered_before

    def _polled(self) -> int:
        return self._count("polls") - self._polls_before

    def _count(self, what: str, *values: object) -> int:
        return (self._ask(f"select count(*) from {what}", *values) or (0,))[0]
