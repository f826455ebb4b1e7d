"""What polling 2,000 feeds costs the processor, in three rounds, beside lemon24's `reader` polling the same.

    first      all is new: stored, and in the full-text index
    quiet      all answer 304
    ordinary   80 % answer 304, 10 % the same body without ETag, 10 % have three new entries of thirty

The feeds are on loopback (`feedhost`: RSS of 45 KB, 30 entries, gzip, ETag), and cost nobody anything; each poller is a
process of its own (`pollers`), whose time is that of all processes below it as well: ours parses in workers. All of
them are given one processor, and the feeds' host another: two threads of one core share what is in it, so where all ran
at once a second of a processor would be worth less, and how much less is the machine's doing. The peak
memory is that of the polling process; what the workers take is said beside it. Ours polls once more with an archive that
holds 500,000 articles of the same feeds (PRESSWATCH_BENCH_ARTICLES makes it fewer, 0 leaves it out): the cost of a poll
must not grow. Linux only: it reads /proc. One line of JSON; exit 1 where a limit is missed.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.bench import timing
from tests.bench.feedhost import ENTRIES, NEWER

FEEDS, ARTICLES = 2_000, 500_000
ROUNDS = ("first", "quiet", "ordinary")
MOST_MS = {"first": 20.0, "quiet": 2.5, "ordinary": 4.5}
LEAST_RATIO = {"first": 1.7, "quiet": 1.0, "ordinary": 2.0}
MOST_MB = 220.0
MOST_GROWTH = 1.2  # of a poll with the full archive, to one with the empty one
MISSING = "no `reader`, the peer, here: .venv/bin/python -m pip install --no-build-isolation -e '.[bench]'"
TICK = os.sysconf("SC_CLK_TCK")


def main(feeds: int = FEEDS, articles: int | None = None) -> int:
    if articles is None:
        articles = int(os.environ.get("PRESSWATCH_BENCH_ARTICLES", ARTICLES))
    peer = has_peer()
    if not peer:
        print(MISSING, file=sys.stderr)
    line: dict[str, Any] = {"bench": "polling", "unit": "ms of processor a feed", "feeds": feeds}
    most, least = {}, {}
    with hosted(feeds) as (port, turn):
        figures = poll("ours", feeds, port, turn)
        full = poll("ours", feeds, port, turn, articles) if articles else {}
        theirs = poll("reader", feeds, port, turn) if peer else {}
    for name in ROUNDS:
        line[f"{name}_ms"] = figures[name]
        most[f"{name}_ms"] = MOST_MS[name]
        if peer:
            line |= {
                f"{name}_reader_ms": theirs[name],
                f"{name}_ratio": round(theirs[name] / figures[name], 2),
            }
            least[f"{name}_ratio"] = LEAST_RATIO[name]
        if articles:
            line |= {f"{name}_full_ms": full[name], f"{name}_growth": round(full[name] / figures[name], 2)}
            if name != "first":
                most[f"{name}_growth"] = MOST_GROWTH
    line |= {"peak_mb": figures["peak_mb"], "workers_mb": figures["workers_mb"], "match_ms": figures["match"]}
    most["peak_mb"] = MOST_MB
    if peer:
        line["reader_peak_mb"] = theirs["peak_mb"]
    line |= {"articles": articles, "stall_ms": figures["stall_ms"], "wall_s": figures["wall_s"]}
    code = timing.report(line, most=most, least=least)
    return code or (1 if not peer and os.environ.get("PRESSWATCH_NO_SKIPS") else 0)


def has_peer() -> bool:
    """Tell whether `reader` is installed here."""
    return importlib.util.find_spec("reader") is not None


@contextmanager
def hosted(feeds: int) -> Iterator[tuple[int, Any]]:
    """Serve the feeds while inside; yields their port, and what names the round and tells how much was asked before."""
    with started("feedhost.py", feeds, processor=-1) as host:
        yield int(host.says()), host.told


def poll(who: str, feeds: int, port: int, turn: Any, articles: int = 0) -> dict[str, Any]:
    """Poll all rounds, and return what each took for a feed, in milliseconds, and what else was seen."""
    figures: dict[str, Any] = {"stall_ms": 0.0, "wall_s": {}}
    with (
        tempfile.TemporaryDirectory(prefix="presswatch-bench-") as folder,
        started("pollers.py", who, folder, feeds, port, articles, processor=0) as poller,
    ):
        assert poller.says() == "ready"
        for name in ROUNDS:
            turn(name)
            figures[name], figures["wall_s"][name], said = poller.timed("poll", feeds)
            if who == "reader" and name != "quiet":
                figures[name] = round(figures[name] + poller.timed("index", feeds)[0], 2)
            _check(who, name, said, feeds, asked=int(turn(name)))
            figures["stall_ms"] = max(figures["stall_ms"], said.get("stall_ms", 0.0))
            if name == "first" and who == "ours":
                figures["match"] = poller.timed("match", feeds)[0]
        figures["peak_mb"], figures["workers_mb"] = poller.memory()
    return figures


def _check(who: str, name: str, said: dict[str, Any], feeds: int, asked: int) -> None:
    """A round that did not do what it is named for measures nothing."""
    new = {"first": ENTRIES * feeds, "quiet": 0, "ordinary": NEWER * len(range(9, feeds, 10))}
    assert asked == feeds, f"{who} asked {asked} times in the {name} round"
    assert not said["failed"], said["failed"][:3]
    if who == "ours":
        assert (said["polled"], said["new"], said["unstored"]) == (feeds, new[name], 0), said
    else:
        had = sum(new[one] for one in ROUNDS[: ROUNDS.index(name) + 1])
        assert said["entries"] == had, f"{said['entries']} entries, not {had}"


class Started:
    """A script of this folder that answers each line it is told with one."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def says(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline().strip()
        assert line, f"{self._process.args} ended"
        return line

    def told(self, what: str) -> str:
        assert self._process.stdin
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()
        return self.says()

    def timed(self, what: str, feeds: int) -> tuple[float, float, dict[str, Any]]:
        """Have it do ``what``; return milliseconds of processor a feed, seconds of the clock, and what it says."""
        begun, wall = self._cpu(), perf_counter()
        said = self.told(what)
        took = perf_counter() - wall
        return round(1_000 * (self._cpu() - begun) / feeds, 2), round(took, 1), json.loads(said)

    def memory(self) -> tuple[float, float]:
        """Return the most that the process itself had in memory so far, and that all below it had, each at its peak."""
        own, *others = (_peak(number) for number in self._tree())
        return round(own, 1), round(sum(others), 1)

    def _cpu(self) -> float:
        """Return the seconds of processor that the process took, all below it, and those below that have ended."""
        ticks = 0
        for number in self._tree():
            fields = _stat(number)
            ticks += sum(
                map(int, fields[11:15])
            )  # own time, in programs and in the kernel; the same of ended children
        return ticks / TICK

    def _tree(self) -> list[int]:
        parents = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal() and (fields := _stat(int(entry.name))):
                parents[int(entry.name)] = int(fields[1])
        tree = [self._process.pid]
        for number in tree:  # grows while it is walked
            tree += [child for child, parent in parents.items() if parent == number]
        return tree


@contextmanager
def started(script: str, *arguments: object, processor: int) -> Iterator[Started]:
    """Run a script of this folder while inside, on one of our processors; it ends when its standard input does."""
    command = [sys.executable, str(Path(__file__).with_name(script)), *map(str, arguments)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        os.sched_setaffinity(process.pid, {sorted(os.sched_getaffinity(0))[processor]})
        try:
            yield Started(process)
            assert process.stdin
            process.stdin.close()
            process.wait(60)
        finally:
            process.kill()


def _stat(number: int) -> list[str]:
    """Return what follows the name in /proc/N/stat: state, parent and so on; nothing when the process has ended."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    return []


def _peak(number: int) -> float:
    with suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{number}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1_000
    return 0.0


if __name__ == "__main__":
    sys.exit(main())
