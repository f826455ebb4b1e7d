"""Commands that run the service: run, demo, serve, migrate.

What they run is imported when they run: Scrapy and Datasette take a second to load, and `presswatch check`
needs neither.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crawler.cli.app import AsOf, Json, app, clock, load
from crawler.cli.output import counted, err, logs, note, progress, say, say_json
from crawler.config import Config

if TYPE_CHECKING:
    from crawler.outgoing import Counts
    from crawler.run import Summary


@app.command("run")
def run_command(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Make one full pass and stop.")] = False,
    due: Annotated[
        bool, typer.Option("--due", help="With --once: ask only the feeds whose time has come (for cron).")
    ] = False,
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """Watch the press until stopped, or make one pass.

    Polls the feeds, fetches the pages, matches, sends the digests that are due, and serves the archive's pages.
    """
    from crawler import loop, run

    if (due or as_of) and not once:
        raise typer.BadParameter("--due and --as-of go with --once")
    config = load(context)
    logs()
    if not once:
        loop.run(lambda stop: _forever(config, stop, lambda: load(context)))
        return

    async def one(stop: asyncio.Event) -> Summary:
        async with run.opened(config, clock(as_of), as_of) as service:
            with told(10) as (service.on_progress, service.on_station):
                return await run.one_pass(service, stop, only_due=due)

    summary = loop.run(one)
    print_summary(
        summary, "sent" if config.mail else f"written to {config.data_dir / 'outbox'}", as_json=json
    )
    raise typer.Exit(1 if summary.in_vain else 0)


class Lines:
    """Progress in plain lines: at most one in ``every`` seconds, and none when nothing was done since the last.

    ``news``: polls that brought nothing are no reason for a line.
    """

    def __init__(self, say: Callable[[str], None], every: float, *, news: bool = False) -> None:
        self._say, self._every, self._news = say, every, news
        self._words = ""
        self._seen: tuple[int, ...] = ()
        self._timer: asyncio.TimerHandle | None = None

    def show(self, counts: Counts) -> None:
        """Take note of how far it is; when the time has come, a line says the last that was noted."""
        tally = counts.tally
        seen = (tally.new, tally.pages, counts.matches, counts.sent, 0 if self._news else tally.polled)
        self._words = in_words(counts)
        if seen != self._seen and any(seen) and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._every, self._tell)
        self._seen = seen

    def _tell(self) -> None:
        self._timer = None
        self._say(self._words)

    def close(self) -> None:
        """Say no more."""
        if self._timer is not None:
            self._timer.cancel()


class Unread:
    """Names each feed that could not be read, once, and says so when that is all ``feeds`` of them.

    The health table keeps count of the rest.
    """

    def __init__(self, say: Callable[[str], None], feeds: int) -> None:
        self._say, self._feeds = say, feeds
        self._named: set[str] = set()
        self._hinted = False

    def show(self, counts: Counts) -> None:
        """Name what is new among the failures of ``counts``, and take them out of it."""
        tally = counts.tally
        for failure in tally.failed:
            # Its source and address; why it failed may be worded anew each time.
            feed = failure.partition(": ")[0]
            # What is remembered is no more than there are feeds, whatever they are called.
            if feed not in self._named and len(self._named) < self._feeds:
                self._named.add(feed)
                self._say(f"could not be read: {failure}")
        tally.told += len(tally.failed)
        tally.failed.clear()
        if not self._hinted and len(self._named) == self._feeds and 0 < tally.unread == tally.polled:
            self._hinted = True
            self._say("no feed at all could be read: is this computer online?")


def in_words(counts: Counts) -> str:
    """Return how far a pass, or the service, is."""
    tally = counts.tally
    failed = f" ({tally.unread} failed)" if tally.unread else ""
    return (
        f"so far: {counted(tally.polled, 'poll')}{failed}, {counted(tally.new, 'new article')}, "
        f"{counted(tally.pages, 'page')}, {counts.matches} new matches, {counted(counts.sent, 'message')}"
    )


@contextmanager
def told(
    every: float, *, news: bool = False
) -> Iterator[tuple[Callable[[Counts], None], Callable[[str], None]]]:
    """Yield what tells of progress, and of each station: a bar on a terminal, and plain lines elsewhere."""
    if err.is_terminal:
        with progress() as show:
            yield show, lambda _: None
        return
    lines = Lines(note, every, news=news)
    try:
        yield lines.show, note
    finally:
        lines.close()


def print_summary(summary: Summary, sent: str, *, as_json: bool) -> None:
    """Print what a pass came to; what failed is named on standard error. ``sent`` says where messages went."""
    for failure in summary.failures:
        note(f"could not be read: {failure}")
    if summary.unstored:
        note(
            f"the archive could not be written: {counted(summary.unstored, 'result')}, due again at the next pass"
        )
    if not summary.finished:
        note("stopped before the pass was finished: no digest was made, and what is left is due at the next")
    if as_json:
        say_json(summary.as_json())
        return
    backfilled = f"{summary.backfilled} match" + ("" if summary.backfilled == 1 else "es")
    say(
        f"polled {summary.polled} ({summary.failed} failed), {summary.entries} entries, {summary.new} new; "
        f"{summary.pages} pages, {summary.articles} read; {summary.matches} new matches; "
        f"{summary.sent} messages {sent}"
        + (
            f"; {backfilled} of new or changed topics in stored articles (backfill)"
            if summary.backfilled
            else ""
        )
        + (f", {summary.waiting} waiting to be tried again" if summary.waiting else "")
        + (f", {summary.given_up} given up or of unknown end" if summary.given_up else "")
    )


async def _forever(config: Config, stop: asyncio.Event, reload: Callable[[], Config]) -> None:
    from crawler import run

    feeds = sum(len(source.endpoints) for source in config.sources)
    sources, topics = counted(len(config.sources), "source"), counted(len(config.topics), "topic")
    note(f"watching {sources} ({counted(feeds, 'feed')}) for {topics}")
    unread = Unread(note, feeds)

    def ready(address: str) -> None:
        note(f"the archive: {address}   data: {config.data_dir}   stop: Ctrl-C")

    with told(60, news=True) as (show, _):

        def on_progress(counts: Counts) -> None:
            unread.show(counts)
            show(counts)

        await run.forever(config, clock(None), stop, ready=ready, progress=on_progress, reload=reload)
    note("stopped")


@app.command()
def serve(context: typer.Context) -> None:
    """Serve the archive's pages alone, without watching."""
    from archive.connect import open_reader
    from archive.threads import Writer
    from crawler import loop, outgoing, run

    config = load(context)
    logs()
    now = clock(None)
    with closing(open_reader(config.data_dir / "archive.db")):
        pass  # says what is wrong before anything listens

    async def main(stop: asyncio.Event) -> None:
        # A writer of its own, beside that of a service perhaps: a reader who leaves is one row, and takes its turn.
        with closing(Writer()) as writer:
            alerts = outgoing.AlertsBeside(config.data_dir / "alerts.db", writer)

            def around(pages: Any) -> Any:
                return outgoing.leaving_page(config, pages, alerts, now)

            async with run.serving(config, stop, around) as address:
                note(f"the archive: {address}   stop: Ctrl-C")
                await stop.wait()

    loop.run(main)


@app.command()
def migrate(
    context: typer.Context,
    show: Annotated[bool, typer.Option("--list", help="Only list what would be done.")] = False,
    json: Json = False,
) -> None:
    """Bring the databases to the present schema.

    `run` does it by itself.
    """
    from alerts import schema as alerts_schema
    from archive.connect import open_reader, open_writer
    from archive.lock import service_lock
    from crawler import upgrade

    config = load(context)
    now = clock(None)()
    pending = {"archive.db": upgrade.pending, "alerts.db": alerts_schema.pending}
    apply = {"archive.db": lambda conn: upgrade.migrate(conn, now), "alerts.db": alerts_schema.migrate}
    done: dict[str, list[str]] = {}
    if show:
        for name, ask in pending.items():
            path = config.data_dir / name
            with closing(open_reader(path) if path.exists() else sqlite3.connect(":memory:")) as conn:
                done[name] = ask(conn)
    else:
        with service_lock(config.data_dir):
            for name, bring in apply.items():
                with closing(open_writer(config.data_dir / name)) as conn:
                    done[name] = bring(conn)
    if json:
        say_json(done)
        return
    verb = "would run" if show else "ran"
    for name, steps in done.items():
        say(f"{name}: {verb} {', '.join(steps)}" if steps else f"{name}: up to date")


@app.command()
def demo(
    folder: Annotated[Path, typer.Option("--dir", help="Where the demo keeps its data.")] = Path("demo-data"),
    as_of: AsOf = None,
    stay: Annotated[
        bool, typer.Option("--serve", help="Afterwards, keep the newsroom and the archive's pages open.")
    ] = False,
    accidents: Annotated[
        bool,
        typer.Option("--accidents", help="With four more outlets, to each of which something happens."),
    ] = False,
    json: Json = False,
) -> None:
    """Play a day of a bundled newsroom.

    The whole program on four invented outlets on this computer: no network and no sources are needed.
    """
    from crawler import loop
    from crawler.demo import day

    logs()

    def tell(played: day.Played) -> None:
        for failure in played.failures:
            note(f"could not be read: {failure}")
        if played.in_vain:
            note(
                "no feed at all could be read: is this computer's loopback (127.0.0.1) up, and open to programs?"
            )
        if json:
            say_json(played.as_json())
        elif not played.in_vain:
            say(played.as_text(program(), stay=stay))

    with told(3) as (show, station):
        played = loop.run(
            lambda stop: day.play(
                folder,
                stop,
                as_of=as_of,
                troubled=accidents,
                show=show,
                tell=tell,
                station=station,
                stay=note if stay else None,
            )
        )
    raise typer.Exit(1 if played.in_vain else 0)


def program() -> str:
    """Return the command as the user can type it: its name, or the path under which it was started."""
    return "presswatch" if shutil.which("presswatch") else os.path.relpath(sys.argv[0])
