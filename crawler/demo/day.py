"""The demo: the simulated day, played over the bundled newsroom with the real service.

    write a config of its own ─▶ open the newsroom and the service ─▶ for each hour: set the clock, one full pass

Nothing in it is special: the same crawl, matcher and digest as in `presswatch run`, on loopback.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from archive import search
from archive.errors import ArchiveError
from archive.lock import service_lock
from crawler import config as configuration
from crawler import run
from crawler.demo import accidents
from crawler.demo.content import START
from crawler.demo.newsroom import Newsroom
from crawler.outgoing import Counts
from crawler.service import Service

MARK = "presswatch-demo"  # the file that says a folder is ours to empty
LOCK = "service.lock"

# Hours after START (17:00 in Lima): evening, night, just before and after the digest of 07:00, the morning in
# which headlines change, noon, the evening, and the next morning's digest.
PASSES = tuple(START + timedelta(hours=hours) for hours in (0, 6, 13.9, 14.1, 16.5, 18, 20, 25, 30, 38.1))

_SETTINGS = """\
# The demo's own settings: the newsroom is on this computer, so spiders may enter it.
data_dir: {data}
network:
  allow_private: [127.0.0.0/8]
  contact: demo
  delay: 0
web: {{port: 8002}}
"""

_SUBSCRIBERS = """\
subscribers:
  - id: demo-reader
    name: Demo reader
    topics: all
    when: daily at 07:00
    zone: America/Lima
    language: en
"""


@dataclass(frozen=True, slots=True)
class Played:
    """What the day came to, and where to look.

    ``failures`` names each feed that could not be read, with why; ``in_vain``: none ever was.
    """

    folder: Path
    passes: int
    articles: int
    matches: dict[str, int]
    digests: tuple[Path, ...]
    failures: tuple[str, ...] = ()
    in_vain: bool = False
    troubled: bool = False
    edited: tuple[str, ...] = ()  # articles that said something else before

    def as_json(self) -> dict[str, Any]:
        """Return it for ``--json``."""
        return {
            "folder": str(self.folder),
            "archive": str(self.folder / "data" / "archive.db"),
            "passes": self.passes,
            "articles": self.articles,
            "matches": self.matches,
            "edited": list(self.edited),
            "digests": [str(path) for path in self.digests],
            "failures": list(self.failures),
        }

    def as_text(self, program: str, *, stay: bool) -> str:
        """Return it for a person, who started ``program``; ``stay``: the newsroom stays open."""
        topics = "\n".join(f"  {topic:12} {count:4} matches" for topic, count in self.matches.items())
        digests = "\n".join(f"  {path}" for path in self.digests) or "  none was due yet"
        command = f"{program} --config {self.folder / 'config'}"
        outlets = "eight" if self.troubled else "four"
        passes = "1 pass" if self.passes == 1 else f"{self.passes} passes"
        links = (
            "" if stay else "  (their links lead nowhere: the newsroom has closed; --serve keeps it open)\n"
        )
        return (
            f"One day of {outlets} invented outlets, read in {passes}: {self.articles} articles.\n{topics}\n"
            f"The digests, as their reader gets them (open one in a browser):\n{digests}\n{links}"
            f"The archive:\n  {self.folder / 'data' / 'archive.db'}\n"
            f"  {command} serve            # look at it in a browser\n"
            f'  {command} search "tropas"'
            + (f"\n  {command} explain {self.edited[0]}  # how it was edited" if self.edited else "")
            + (f"\n  {command} sources          # what happened, and what to do" if self.troubled else "")
        )


def shipped(name: str) -> Path:
    """Return a file of the shipped configuration: of the checkout, or of the installed package."""
    here = Path(__file__).parent
    checkout = here.parents[1] / "config" / name
    return checkout if checkout.exists() else here / "config" / name


def prepare(folder: Path, sources: str) -> Path:
    """Empty ``folder`` of an earlier demo and write the demo's configuration; return its folder.

    Raises `ArchiveError` when the folder holds something that no demo put there, and `LockHeld` when another
    process works in it: nothing was touched then.
    """
    if folder.exists() and not folder.is_dir():
        raise ArchiveError(f"{folder} is a file: name an empty folder with --dir")
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise ArchiveError(f"{folder} holds other things: name an empty folder with --dir")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).write_text(
        "Made by `presswatch demo`, which empties it at its next start.\n", encoding="utf-8"
    )
    config, data = folder / "config", folder / "data"
    with service_lock(data):
        shutil.rmtree(config, ignore_errors=True)
        for part in data.iterdir():
            if part.is_dir() and not part.is_symlink():
                shutil.rmtree(part)
            elif part.name != LOCK:  # it is held by its file: without that, another could hold it too
                part.unlink()
        _configure(folder, config, sources)
    return config


def _configure(folder: Path, config: Path, sources: str) -> None:
    config.mkdir()
    (config / "settings.yaml").write_text(_SETTINGS.format(data=folder / "data"), encoding="utf-8")
    (config / "subscribers.yaml").write_text(_SUBSCRIBERS, encoding="utf-8")
    (config / "sources.yaml").write_text(sources, encoding="utf-8")
    shutil.copyfile(shipped("keywords.yaml"), config / "keywords.yaml")


async def play(
    folder: Path,
    stop: asyncio.Event,
    *,
    as_of: datetime | None,
    troubled: bool = False,
    show: Callable[[Counts], None],
    tell: Callable[[Played], None],
    station: Callable[[str], None] = lambda _: None,
    stay: Callable[[str], None] | None = None,
) -> Played:
    """Play the day in ``folder``, up to ``as_of``; ``tell`` and return what it came to.

    ``troubled``: with four more outlets, to each of which something happens.
    ``show`` is told how far it is, and ``station`` when a pass begins.
    ``stay``: keep the newsroom and the archive's pages open until ``stop``, and say their address to it, unless
    there is nothing to look at because no feed was read.
    """
    time = [START]
    passes = [moment for moment in PASSES if as_of is None or moment < as_of]
    if as_of is not None:
        passes.append(as_of)
    with Newsroom(now=lambda: time[0]) as newsroom, accidents.serving(lambda: time[0]) as port:
        more = accidents.sources_yaml(port) if troubled else ""
        config = configuration.load(prepare(folder, newsroom.sources_yaml() + more))
        time[0] = passes[0]
        async with run.opened(config, lambda: time[0].astimezone(UTC)) as service:
            service.on_progress, service.on_station = show, station
            made = 0
            for moment in passes:
                if stop.is_set():
                    break
                time[0] = moment
                summary = await run.one_pass(service, stop)
                made += summary.finished
            played = replace(await _played(service, folder, made), troubled=troubled)
            tell(played)
        if stay is not None and not played.in_vain:
            async with run.serving(config, stop) as address:
                stay(f"the archive: {address}   stop: Ctrl-C")
                await stop.wait()
    return played


async def _played(service: Service, folder: Path, passes: int) -> Played:
    articles, matches = await service.readers.run(search.totals)
    edited = await service.readers.run(search.edited)
    digests = tuple(sorted((folder / "data" / "outbox").glob("*.html")))
    tally = service.counts.tally
    # Each pass asks every feed again: one that fails all day is named once.
    failures = {failure.partition(": ")[0]: failure for failure in tally.failed}
    return Played(
        folder=folder,
        passes=passes,
        articles=articles,
        matches=matches,
        digests=digests,
        failures=tuple(sorted(failures.values())),
        in_vain=0 < tally.polled == tally.unread,
        edited=tuple(edited),
    )
