"""How results are printed: results go to standard output, everything else to standard error."""

from __future__ import annotations

import io
import json
import logging
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, TextIO

from rich.console import Console
from rich.logging import RichHandler
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

if TYPE_CHECKING:
    from crawler.outgoing import Counts


class _StandardError(io.TextIOBase):
    """Standard error, but what it does not take is lost: a full disk, or a reader that has left, stops no service."""

    @property
    def _stream(self) -> TextIO:
        # While a bar is shown, Rich puts something in its place that leads back here.
        stream: TextIO = getattr(sys.stderr, "rich_proxied_file", sys.stderr)
        return stream

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Return what characters are written as."""
        return self._stream.encoding

    def isatty(self) -> bool:
        """Tell whether it is a terminal."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """Return its number to the system."""
        return self._stream.fileno()

    def write(self, text: str) -> int:
        """Write ``text``, if that can be."""
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Hand over what was written, if that can be."""
        with suppress(OSError):
            self._stream.flush()


stderr: Any = _StandardError()  # Any: typeshed does not take a TextIOBase for the TextIO that it is
out = Console(soft_wrap=True, highlight=False)
err = Console(file=stderr, soft_wrap=True, highlight=False)


# Titles and addresses come from strangers: in a terminal, an escape sequence among them would be obeyed.
# Half a character (a lone surrogate) cannot be printed at all.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
# What json.dumps leaves as it is; the rest it escapes by itself.
_CONTROL_IN_JSON = re.compile(r"[\x7f-\x9f\ud800-\udfff]")


def harmless(text: str) -> str:
    """Return ``text`` without control characters, but for tabs and line ends."""
    return _CONTROL.sub("", text)


def harmless_json(value: Any, indent: int | None = None) -> str:
    """Return ``value`` as JSON that reads back the same, and that a terminal can show."""
    dumped = json.dumps(value, ensure_ascii=False, indent=indent, default=_plain)
    return _CONTROL_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", dumped)


def counted(number: int, one: str, more: str | None = None) -> str:
    """Return ``1 feed`` or ``2 feeds``; ``more``: what several are called."""
    return f"{number} {one if number == 1 else more or one + 's'}"


def age(then: datetime, now: datetime) -> str:
    """Return how long ago that was, in words; nothing for what is not in the past."""
    if then > now:
        return ""
    minutes = int((now - then).total_seconds() // 60)
    for unit, length in (("day", 1440), ("hour", 60), ("minute", 1)):
        if minutes >= length:
            return f"{counted(minutes // length, unit)} ago"
    return "just now"


def fail(message: str) -> None:
    """Print an error for a person."""
    message = harmless(message)
    err.print(f"[bold red]error:[/] {escape(message)}" if err.is_terminal else escape(message))


def note(message: str) -> None:
    """Print something that is not a result."""
    err.print(escape(harmless(message)))


def say(message: str) -> None:
    """Print a line of a result."""
    # Not through Rich: it would wrap and colour what a pipe is to get whole.
    sys.stdout.write(harmless(message) + "\n")


def say_json(value: Any) -> None:
    """Print a result as JSON."""
    sys.stdout.write(harmless_json(value, indent=2) + "\n")


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a result as a table."""
    grid = Table(title=escape(harmless(title)), title_justify="left", header_style="bold")
    for column in columns:
        grid.add_column(column, overflow="fold")
    for row in rows:
        grid.add_row(*("" if cell is None else escape(harmless(str(cell))) for cell in row))
    # A pipe has no width of its own; 200 columns keep one row on one line for grep.
    Console(highlight=False, width=None if out.is_terminal else 200).print(grid)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


class _Harmless(logging.Formatter):
    """What is logged quotes mail servers and feeds too."""

    def format(self, record: logging.LogRecord) -> str:
        return harmless(super().format(record))


def logs(level: int = logging.INFO) -> None:
    """Send the program's log to standard error: coloured on a terminal, plain lines elsewhere."""
    handler: logging.Handler
    if err.is_terminal:
        handler = RichHandler(console=err, show_path=False, markup=False)
        handler.setFormatter(_Harmless("%(message)s"))
    else:
        handler = logging.StreamHandler(stderr)
        handler.setFormatter(_Harmless("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for chatty in (
        "scrapy",
        "twisted",
        "apscheduler",
        "httpx",
        "uvicorn",
        "asyncio",
        "trafilatura",
        "htmldate",
    ):
        logging.getLogger(chatty).setLevel(logging.ERROR)
    # Extraction logs an error for every page without text; that is an outcome, not an error. What a tick raises is told
    # by the service itself, and a tick that is cut off at the end is no error either.
    for silent in ("trafilatura", "readability", "protego", "apscheduler.executors"):
        logging.getLogger(silent).setLevel(logging.CRITICAL)


@contextmanager
def progress() -> Iterator[Any]:
    """Yield a function of `Counts` that shows how a pass is going, on a terminal; elsewhere it says nothing."""
    if not err.is_terminal:
        yield lambda _: None
        return
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=err, transient=True
    ) as bar:
        task = bar.add_task("starting")

        def show(counts: Counts) -> None:
            tally = counts.tally
            bar.update(
                task,
                description=f"{tally.polled} polls ({tally.unread} failed), {tally.new} new articles, "
                f"{tally.pages} pages, {counts.matches} matches",
            )

        yield show
