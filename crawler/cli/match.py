"""The command that codes a corpus: match."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from archive.tree import FIELDS
from crawler.cli import corpus
from crawler.cli.app import app, load
from crawler.cli.output import err, fail, note
from crawler.watchlist import compile_stored


@app.command()
def match(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(help="JSON lines, plain or .gz; left out: standard input.")
    ] = None,
    workers: Annotated[
        int, typer.Option(min=0, help="How many processes share the work; 0: one for each core.")
    ] = 1,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print CSV, one row a hit, and not the lines.")
    ] = False,
) -> None:
    """Code a corpus: JSON lines in, the same with matches out.

    Read are title, summary and text; url, source, lang, country, author, section and tag, each a text or a list of
    texts; and date, as 2026-07-19. A line that cannot be read is named and left out.

    The cells of --csv are the text as it came: one that begins with = is a formula to a spreadsheet.
    """
    if file is not None and (not file.exists() or file.is_dir()):  # a pipe will do, as in <(zcat …)
        raise typer.BadParameter(f"there is no file {file}")
    config = load(context)
    topics = compile_stored(config)
    bad = silent = 0
    odd: Counter[str] = Counter()
    with ExitStack() as stack:
        raw = stack.enter_context(file.open("rb")) if file else sys.stdin.buffer
        packed = file is not None and file.suffix == ".gz"
        lines = corpus.json_lines(corpus.lines_of(stack.enter_context(corpus.unpacked(raw, packed=packed))))
        if file is not None and file.is_file():
            lines = _watched(lines, raw, stack.enter_context(_bar(file)))
        results = corpus.coded(lines, topics, workers=workers or _cores(), as_csv=as_csv)
        if as_csv:
            sys.stdout.write(corpus.header())
        for coded in stack.enter_context(closing(results)):
            sys.stdout.write(coded.output)
            for number, message in coded.faults:
                fail(f"{file or 'standard input'}:{number}: {message}")
            bad += len(coded.faults)
            silent += coded.silent
            odd += coded.odd
    if silent:
        note(f"lines with none of the fields that are read ({', '.join(FIELDS)}): {silent}")
    for what, number in sorted(odd.items()):
        note(f"lines whose {what}, and was not looked at: {number}")
    if bad:
        note(f"lines that could not be read: {bad}")
        raise typer.Exit(1)


def _cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _watched(
    lines: Iterator[corpus.Line], raw: BinaryIO, show: Callable[[int], None]
) -> Iterator[corpus.Line]:
    for line in lines:
        show(raw.tell())
        yield line


@contextmanager
def _bar(file: Path) -> Iterator[Callable[[int], None]]:
    """Yield a function of how many bytes of ``file`` were read; it shows them on a terminal."""
    # Where the results go to the same terminal, they are the progress.
    if not err.is_terminal or sys.stdout.isatty():
        yield lambda _: None
        return
    with Progress(
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn(),
        console=err, transient=True,
    ) as bar:  # fmt: skip
        task = bar.add_task(file.name, total=file.stat().st_size)
        yield lambda read: bar.update(task, completed=read)
