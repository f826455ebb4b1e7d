"""The command ``presswatch``: `main` is the console script; each file beside this one holds a few commands.

service.py   run, demo, serve, migrate
config.py    check
plan.py      plan
topics.py    topics (history.py: its definitions over time)
explain.py   explain (explained.py prints it)
look.py      try feed, try page
source.py    try source
query.py     try query
rematch.py   rematch
match.py     match (corpus.py does the work)
archive.py   search, sources
digest.py    digest (sending.py: --send)
adding.py    sources add
sources.py   sources import, sources export
suppressions.py  suppressions, suppressions lift
ask.py       asks for one thing, and keeps nothing (reading.py: what else is noted of a body)
asking.py    what is done when a running service has the lock
output.py    how results and errors are printed
difference.py  what changed topics would gain and lose: check --diff, rematch --plan
found.py     how articles that a topic finds are shown
"""

from __future__ import annotations

import io
import sys

from archive.errors import ClockError, ConfigError, LockHeld, PresswatchError
from crawler.cli import (
    adding,
    archive,
    config,
    digest,
    explain,
    look,
    match,
    plan,
    query,
    rematch,
    service,
    source,
    sources,
    suppressions,
    topics,
)
from crawler.cli.app import app
from crawler.cli.output import fail

# The order of `presswatch --help`: what a newcomer needs first stands first.
_ORDER = (
    "demo",
    "run",
    "check",
    "plan",
    "topics",
    "rematch",
    "match",
    "explain",
    "search",
    "digest",
    "serve",
    "migrate",
)
app.registered_commands.sort(key=lambda command: _ORDER.index(command.name or command.callback.__name__))  # type: ignore[union-attr]

__all__ = [
    "adding",
    "app",
    "archive",
    "config",
    "digest",
    "explain",
    "look",
    "main",
    "match",
    "plan",
    "query",
    "rematch",
    "service",
    "source",
    "sources",
    "suppressions",
    "topics",
]


def main() -> None:
    """Run the command line. Exit 0 done; 1 the answer is no, or something failed; 2 wrong usage or config."""
    # Where the system says ASCII (cron, containers), results are UTF-8 all the same.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.encoding.lower() not in ("utf-8", "utf8"):
            stream.reconfigure(encoding="utf-8")
    try:
        app()
    except ConfigError as error:
        fail(str(error))
        sys.exit(2)
    except (LockHeld, ClockError) as error:
        fail(str(error))
        sys.exit(2)
    except PresswatchError as error:
        fail(str(error))
        sys.exit(1)
    except BrokenPipeError:
        # The reader of our output (head, less) has seen enough.
        sys.stderr.close()
        sys.exit(0)
