"""What a command does that needs the service lock, and finds it taken: it asks the one who has it.

lock free ─▶ the command does it
lock held ─▶ a row in `requests` ─▶ look, wait, look … ─▶ the answer
├─▶ the lock has become free: the command does it after all
└─▶ waited long enough: the row is taken away, and that is said
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from pathlib import Path
from typing import Annotated, Any

import typer

from alerts import requests, schema
from alerts.requests import State
from archive.connect import open_writer, transaction, translated
from archive.errors import ArchiveError, LockHeld, PresswatchError
from archive.lock import is_held, service_lock
from crawler.cli.app import clock
from crawler.cli.output import note

LOOK = 0.5  # seconds between two looks at the row and the lock
# Seconds for which the lock must be seen free. A service that is started again must find it free: it would end, and
# systemd would not start it once more. Its next run then takes the request up.
FREE = 5.0
SAY = 10.0  # seconds between two lines that say that nothing has come yet

Wait = Annotated[
    int,
    typer.Option(
        "--wait", metavar="SECONDS", min=1, help="Beside a running service: how long to wait for its answer."
    ),
]


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked for, with what, and for how many seconds it is waited for."""

    what: str
    arguments: Mapping[str, Any]
    wait: float


class Step(Enum):
    """What an asker does next."""

    WAIT = auto()
    ANSWERED = auto()
    TAKE = auto()
    GIVE_UP = auto()


def next_step(how_far: State, waited: float, free: float, limit: float) -> Step:
    """Say what to do after ``waited`` seconds of at most ``limit``; ``free``: for how long the lock has been free."""
    if how_far in (State.DONE, State.FAILED):
        return Step.ANSWERED
    if free >= FREE:
        return Step.TAKE  # even if it was claimed: whoever did that is no more
    if waited >= limit:
        return Step.GIVE_UP
    return Step.WAIT


@contextmanager
def lock_or_answer(data_dir: Path, ask: Ask) -> Iterator[Mapping[str, Any] | None]:
    """Hold the service lock while inside, or yield what its holder answered.

    Raises `PresswatchError` when the holder says that it cannot be done, or says nothing in time.
    """
    with ExitStack() as held:
        answer = None
        try:
            held.enter_context(service_lock(data_dir))
        except LockHeld as error:
            who = f"process {error.pid}" if error.pid else "another process"
            answer = _answer(data_dir, ask, who, held)
        yield answer


def _answer(data_dir: Path, ask: Ask, who: str, held: ExitStack) -> Mapping[str, Any] | None:
    path = data_dir / "alerts.db"
    if not path.exists():
        raise ArchiveError(f"{who} is only beginning in {data_dir}: try again in a moment")
    with closing(open_writer(path)) as conn, translated(path):
        if schema.pending(conn):
            raise ArchiveError(f"{who}, which runs in {data_dir}, is of an earlier version: start it again")
        now = clock(None)()
        request_id, claimed = None, False
        try:
            # In a transaction, since Ctrl-C may come before the id is known: then the row is not there either.
            with transaction(conn):
                request_id = requests.ask(
                    conn, ask.what, ask.arguments, now=now, until=now + timedelta(seconds=ask.wait)
                )
            note(f"{who} works in {data_dir}: it is asked to do this")
            answered = _wait(conn, request_id, data_dir, ask, held)
            claimed = answered is None
        finally:
            # Also at Ctrl-C: what nobody waits for must not be begun. Who has the lock knows that nobody is at it.
            if request_id is not None:
                requests.drop(conn, request_id, claimed=claimed)
    return answered


def _wait(
    conn: sqlite3.Connection, request_id: int, data_dir: Path, ask: Ask, held: ExitStack
) -> Mapping[str, Any] | None:
    began = said = seen_held = time.monotonic()
    pause = threading.Event()
    while True:
        request = requests.look(conn, request_id)
        if request is None:
            raise ArchiveError("the request is not in alerts.db any more: was the file replaced?")
        now = time.monotonic()
        if is_held(data_dir):
            seen_held = now
        step = next_step(request.state, now - began, now - seen_held, ask.wait)
        if step is Step.ANSWERED:
            if request.state is State.FAILED:
                raise PresswatchError(str(request.answer.get("error", "it cannot be done")))
            return request.answer
        if step is Step.TAKE:
            try:
                held.enter_context(service_lock(data_dir))
            except LockHeld:
                seen_held = now  # somebody was quicker: that one may answer
                continue
            request = requests.look(conn, request_id)
            if request is not None and request.state is State.DONE:
                return request.answer
            note("nobody works there any more: it is done here")
            return None
        if step is Step.GIVE_UP:
            raise PresswatchError(_given_up(ask.wait, dropped=requests.drop(conn, request_id)))
        if now - said >= SAY:
            said = now
            how_far = "is at it" if request.state is State.CLAIMED else "has not taken it up"
            note(f"waiting for {now - began:.0f} s: it {how_far}")
        pause.wait(LOOK)


def _given_up(wait: float, *, dropped: bool) -> str:
    if not dropped:
        return f"no answer in {wait:g} s: the service is at it still, and goes on; its log says how it ends"
    return (
        f"nobody took it up in {wait:g} s, so nothing was done and nothing will be: it is busy, making a single pass, "
        "or of another version. Try again with a longer --wait, or start the service again"
    )
