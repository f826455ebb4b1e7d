"""A corpus on its way through the matcher: lines in, coded lines out, in their order, in this process or in several.

    lines ─▶ batches ─▶ Coder (one in each process) ─▶ text to print, and what could not be read

However long the corpus is, one batch for each process is in memory. Nothing is printed here.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import multiprocessing
import re
import signal
import zlib
from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from math import isfinite
from multiprocessing.connection import Connection
from typing import Any, BinaryIO

from archive.errors import PresswatchError
from archive.match import Matcher
from archive.topic import Topic
from archive.tree import ATTRIBUTES, FIELDS
from crawler.cli.output import harmless, harmless_json

COLUMNS = (
    "id", "line", "topic", "version", "field", "start", "end", "text", "variant", "how", "title", "url",
)  # fmt: skip
"""Of the CSV: one row a hit."""

LONGEST = 1 << 26  # bytes of one line: nobody's article has 64 MB
_BATCH_LINES, _BATCH_BYTES = 200, 1 << 20

Line = tuple[int, bytes | str]
"""The number of a line from 1, and its bytes; or text: why there are none."""


@dataclass(slots=True)
class Coded:
    """What became of some lines.

    ``silent``: those with nothing to read; ``odd``: what could not be read beside the words, and why, as in "lang is no
    text".
    """

    output: str = ""
    faults: list[tuple[int, str]] = field(default_factory=list)
    silent: int = 0
    odd: Counter[str] = field(default_factory=Counter)


# --- lines ------------------------------------------------------------------------------------------------


def lines_of(stream: BinaryIO) -> Iterator[Line]:
    """Yield the lines; where the stream ends before its end, why, as the last one: it is one more bad line."""
    number = 0
    try:
        while line := stream.readline(LONGEST + 1):
            number += 1
            if len(line) > LONGEST:
                while line and not line.endswith(b"\n"):
                    line = stream.readline(LONGEST)
                yield number, f"it is longer than {LONGEST >> 20} MB"
            elif line.strip():
                yield number, line
    except (OSError, EOFError, zlib.error) as error:
        yield number + 1, f"nothing can be read from here on: {error}"


def json_lines(lines: Iterator[Line]) -> Iterator[Line]:
    """Return ``lines``; raises `PresswatchError` if the first shows that this is a file of another kind."""
    first = next(lines, None)
    if first is None:
        return iter(())
    if isinstance(first[1], bytes) and (what := _other_format(first[1])):
        raise PresswatchError(f"{what}: {_NEEDED}")
    return chain([first], lines)


_NEEDED = (
    'JSON lines are needed, one object a line, such as {"title": "…", "text": "…"} '
    "(`jq -c '.[]' list.json` makes them of a list)"
)


def _other_format(line: bytes) -> str:
    """Return what a file is that begins with ``line``; nothing where it may well be JSON lines with a mistake."""
    text = line.decode("utf-8-sig", "replace").strip()
    if text.startswith("["):
        return "this is a JSON list"
    if text == "{":
        return "this is JSON on several lines"
    if text.startswith("PK\x03\x04"):
        return "this is a spreadsheet or a zip file"
    if text.startswith("{"):
        return ""
    names = {name.strip(" \"'").casefold() for name in re.split("[,;\t]", text)}
    return "this is CSV" if len(names) > 1 and names & {*FIELDS, *ATTRIBUTES, "id", "date", "body"} else ""


@contextmanager
def unpacked(raw: BinaryIO, *, packed: bool) -> Iterator[BinaryIO]:
    """Yield ``raw``, or what is packed in it."""
    if not packed:
        yield raw
        return
    with gzip.open(raw) as stream:
        yield stream  # type: ignore[misc]  # it reads lines, and that is all we ask of it


def batches(lines: Iterable[Line], most: int = _BATCH_LINES) -> Iterator[list[Line]]:
    """Yield ``lines`` in pieces that are worth the way to another process."""
    batch: list[Line] = []
    size = 0
    for line in lines:
        batch.append(line)
        size += len(line[1])
        if len(batch) >= most or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


# --- coding -----------------------------------------------------------------------------------------------


class Coder:
    """Matches lines. ``as_csv``: one row a hit, and not the line with its matches."""

    def __init__(self, topics: Sequence[Topic], *, as_csv: bool) -> None:
        self._matcher = Matcher(topics)
        self._as_csv = as_csv

    def code(self, lines: Sequence[Line]) -> Coded:
        """Return what becomes of ``lines``."""
        coded = Coded()
        out = io.StringIO()
        rows = csv.writer(out, lineterminator="\n")
        for number, line in lines:
            try:
                record = _record(line)
                document = _document(record, coded)
            except ValueError as error:
                coded.faults.append((number, str(error)))
                continue
            coded.silent += not any(name in record for name in FIELDS)
            found = self._matcher.match(document)
            matches: list[dict[str, Any]] = [
                {
                    "topic": topic_id,
                    "version": self._matcher.topics[topic_id].version,
                    "hits": [hit._asdict() for hit in hits],
                }
                for topic_id, hits in found.items()
            ]
            if self._as_csv:
                about: dict[str, Any] = {"id": _cell(record.get("id")), "line": number}
                about |= {name: _cell(record.get(name)) for name in ("title", "url")}
                rows.writerows(
                    [{**about, **match, **hit}[column] for column in COLUMNS]
                    for match in matches
                    for hit in match["hits"]
                )
            else:
                out.write(harmless_json({**record, "matches": matches}) + "\n")
        coded.output = harmless(out.getvalue()) if self._as_csv else out.getvalue()
        return coded


def header() -> str:
    """Return the first line of the CSV."""
    return ",".join(COLUMNS) + "\n"


def _record(line: bytes | str) -> dict[str, Any]:
    if isinstance(line, str):
        raise ValueError(line)  # noqa: TRY004 - bad data, not a bad call
    try:
        record = json.loads(line.decode("utf-8-sig"), parse_constant=_no_number, parse_float=_number)
        if rb"\u" in line:  # else there is none
            json.dumps(record, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        half = error.object[error.start]
        raise ValueError(f"half a character stands in it: \\u{ord(half):04x}") from error
    except RecursionError as error:
        raise ValueError("its lists and objects nest too deeply") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"this is not UTF-8: byte {line[error.start]:#x} at {error.start}") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"this is not JSON: {error.msg} at column {error.colno}") from error
    if not isinstance(record, dict):
        raise ValueError('a JSON object is needed, such as {"title": "…", "text": "…"}')  # noqa: TRY004 - bad data
    return record


def _number(text: str) -> float:
    return float(text) if isfinite(float(text)) else _no_number(text)


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number that JSON can hold")


def _document(record: dict[str, Any], coded: Coded) -> dict[str, str]:
    """Return what the matcher reads of a record."""
    document = {}
    for name in FIELDS:
        value = record.get(name)
        if value is not None and not isinstance(value, str):
            raise ValueError(f"{name} must be text")
        document[name] = value or ""
    for name in (*ATTRIBUTES, "date"):
        value = record.get(name)
        if isinstance(value, list) and all(isinstance(part, str) for part in value) and name != "date":
            value = "\n".join(value)
        if isinstance(value, str):
            document[name] = value
        elif value is not None:
            # Other people's collections have numbers and objects there; the words can be read all the same.
            coded.odd[f"{name} is no text"] += 1
    if (day := document.get("date")) and not _is_day(day):
        coded.odd["date cannot be read (2026-07-19 is needed)"] += 1
    return document


def _is_day(text: str) -> bool:
    """Tell whether the matcher can read a date."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _cell(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False)


# --- processes --------------------------------------------------------------------------------------------


def coded(
    lines: Iterable[Line], topics: Sequence[Topic], *, workers: int, as_csv: bool
) -> Generator[Coded, None, None]:
    """Yield what becomes of ``lines``, in their order. One worker: here, line by line; more: in processes of their own.

    Raises `PresswatchError` if one of them dies. Closing the iterator ends them.
    """
    if workers == 1:
        coder = Coder(topics, as_csv=as_csv)
        yield from (coder.code([line]) for line in lines)
        return
    team: list[_Worker] = []
    try:
        team += [_Worker(topics, as_csv) for _ in range(workers)]
        busy: deque[_Worker] = deque()
        for number, batch in enumerate(batches(lines)):
            worker = team[number % workers]
            # It is its turn again, so its result is the next one: the order of the lines needs no more than that.
            result = busy.popleft().result() if len(busy) == workers else None
            worker.give(batch)
            busy.append(worker)
            if result is not None:
                yield result
        while busy:
            yield busy.popleft().result()
    finally:
        for worker in team:
            worker.end()


class _Worker:
    """A process that codes one batch at a time. So neither side ever waits to write while the other does."""

    def __init__(self, topics: Sequence[Topic], as_csv: bool) -> None:
        # Not forked: a progress bar has a thread of its own.
        spawn = multiprocessing.get_context("spawn")
        self._ours, theirs = spawn.Pipe()
        self._process = spawn.Process(target=_work, args=(theirs, tuple(topics), as_csv), daemon=True)
        # Ctrl-C reaches the whole group of processes; the one that the operator started says what happens.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            self._process.start()
        finally:
            signal.signal(signal.SIGINT, before)
        # Held by nobody else, its end tells us of the worker's, and ours tells the worker that we are gone.
        theirs.close()

    def give(self, batch: Sequence[Line]) -> None:
        """Send it what to code."""
        with _alive():
            self._ours.send(batch)

    def result(self) -> Coded:
        """Wait for what became of it."""
        with _alive():
            result: Coded = self._ours.recv()
            return result

    def end(self) -> None:
        """End the process, whatever it does."""
        self._process.terminate()
        self._process.join()
        self._ours.close()


@contextmanager
def _alive() -> Iterator[None]:
    try:
        yield
    except (EOFError, OSError) as error:
        raise PresswatchError(
            "a worker process died (is there memory enough? --workers 1 needs the least): "
            "what was written is good, and the rest is missing"
        ) from error


def _work(pipe: Connection, topics: Sequence[Topic], as_csv: bool) -> None:
    """What a worker process does, until nobody gives it anything any more."""
    coder = Coder(topics, as_csv=as_csv)
    with suppress(EOFError, OSError):
        while True:
            pipe.send(coder.code(pipe.recv()))
