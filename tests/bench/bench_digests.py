"""How long the digests of 1,000 subscriptions take over an archive with 100,000 matches in the window, and the memory.

The archive is made here: 50,000 articles of 3 KB, each found by two of 1,000 topics, with two hits each. A subscription
wants three topics, at most 20 articles of each, so a digest tells of 60 among 300. All are made and queued as the
service does it, by a process of its own that does nothing else, whose memory is told. The time is that of the processor,
``wall`` what the clock said. The reference is one plain read of all matches with their articles and hits, which nobody
who tells of them can do without. PRESSWATCH_BENCH_SUBSCRIPTIONS makes fewer of them.

Beside it, in processes of their own: three subscriptions that want all topics, with the same cap (20,000 stories a
mail), and 300 that are told at once, three topics each. They have the limit of memory only; their figures are those of
one subscription.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import random
import resource
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from multiprocessing.queues import Queue
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, TypeVar

sys.path.insert(0, str(Path(__file__).parents[2]))

from alerts import jobs
from alerts import schema as alerts_schema
from alerts.model import MailServer, Security, Stationery, Subscription
from alerts.prepare import Found
from archive import schema
from archive.connect import open_reader, open_writer, transaction
from archive.times import stamp
from crawler.found import Spans, found_in

T = TypeVar("T")

SUBSCRIPTIONS = int(os.environ.get("PRESSWATCH_BENCH_SUBSCRIPTIONS", "1000"))
MATCHES, TOPICS, WANTED, CAP = 100_000, 1000, 3, 20
NOW = datetime(2026, 7, 20, 12, 0, tzinfo=UTC)
SECONDS, MEGABYTES = 60.0, 400.0
WORDS = [
    "the",
    "a",
    "of",
    "in",
    "lithium",
    "copper",
    "Lima",
    "Puno",
    "strike",
    "vote",
    "court",
    "says",
    "after",
    "mine",
    "port",
    "march",
    "minister",
    "new",
]


def fill(conn: sqlite3.Connection) -> None:
    """Make the archive."""
    chance = random.Random(7)
    schema.migrate(conn)
    for (trigger,) in conn.execute("select name from sqlite_master where type = 'trigger'").fetchall():
        conn.execute(
            f"drop trigger {trigger}"
        )  # a digest asks neither the full-text index nor the queue of stories
    day = [stamp(NOW - timedelta(minutes=minute)) for minute in range(24 * 60)]
    with transaction(conn):
        conn.executemany(
            "insert into sources (id, name, country, language, added_at) values (?, ?, 'PE', 'es', ?)",
            [(f"s{n}", f"Outlet {n}", day[-1]) for n in range(100)],
        )
        conn.executemany(
            "insert into topics (id, title, version, applied) values (?, ?, 'v', 'v')",
            [(f"t{n}", f"Topic {n}") for n in range(TOPICS)],
        )
        for number in range(1, MATCHES // 2 + 1):
            name = f"Name{number % 97}"
            text = " ".join(
                " ".join(chance.choices(WORDS, k=14)).capitalize() + (f" {name}." if at == 9 else ".")
                for at in range(38)
            )
            title = f"{name} {' '.join(chance.choices(WORDS, k=8))}"
            seen = day[-1 - number * len(day) // MATCHES]
            conn.execute(
                """insert into articles (id, key, url, source_id, title, summary, text, content, language,
                first_seen_at, published_at, published_from) values (?, ?, ?, ?, ?, '', ?, 'full', 'es', ?, ?, 'feed')""",
                (
                    number,
                    f"k{number}",
                    f"https://news.example/{number}",
                    f"s{number % 100}",
                    title,
                    text,
                    seen,
                    seen,
                ),
            )
            at = text.index(name)
            for topic in chance.sample(range(TOPICS), 2):
                seq = conn.execute(
                    """insert into matches (article_id, topic_id, topic_version, matched_at, content)
                    values (?, ?, 'v', ?, 'full') returning seq""",
                    (number, f"t{topic}", seen),
                ).fetchone()[0]
                conn.executemany(
                    "insert into hits values (?, ?, ?, ?, ?, ?, 'exact')",
                    [
                        (seq, "title", 0, len(name), name, name),
                        (seq, "text", at, at + len(name), name, name),
                    ],
                )


def subscriptions(number: int, **changes: Any) -> list[Subscription]:
    """Return who wants what."""
    chance = random.Random(8)
    values = [
        {
            "id": f"r{n}", "name": f"Reader {n}", "to": (f"reader{n}@example.org",), "when": "daily at 07:00",
            "topics": tuple(f"t{topic}" for topic in chance.sample(range(TOPICS), WANTED)),
            "zone": "America/Lima", "language": "es" if n % 2 else "en", "cap": CAP,
        }
        for n in range(number)
    ]  # fmt: skip
    return [Subscription(**{**one, **changes}) for one in values]


KINDS = {
    "": subscriptions(SUBSCRIPTIONS),
    "all_topics": subscriptions(3, topics=None),
    "at_once": subscriptions(300, when="instant"),
}


def make(folder: Path, kind: str, answer: Queue[dict[str, Any]]) -> None:
    """Make all digests of a kind, and say what that took."""
    server = MailServer(host="127.0.0.1", port=25, security=Security.NONE, sender="Press <press@example.org>")
    with (
        closing(open_reader(folder / "archive.db")) as archive,
        closing(open_writer(folder / f"alerts{kind}.db")) as alerts,
    ):
        spans = Spans()

        async def run(work: Callable[[sqlite3.Connection], T]) -> T:
            return work(alerts)

        async def look(work: Callable[[sqlite3.Connection, Callable[[], Found]], T]) -> T:
            return work(alerts, lambda: found_in(archive, (), Stationery(), spans))

        alerts_schema.migrate(alerts)
        jobs.sync(alerts, KINDS[kind], 0, NOW - timedelta(hours=23))
        wall, took = perf_counter(), process_time()
        summary = asyncio.run(jobs.digest_due(look, run, server, NOW))
        wall, took = perf_counter() - wall, process_time() - took
        told = alerts.execute("select count(*), sum(matches) from digests").fetchone()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        began = process_time()
        read = sum(
            1 for _ in archive.execute("select * from matches m join articles a on a.id = m.article_id")
        )
        read += sum(1 for _ in archive.execute("select * from hits"))
        plain = process_time() - began
    answer.put(
        {
            "problems": [str(one) for one in summary.problems[:3]],
            "messages": summary.messages,
            "digests": told[0],
            "told": told[1],
            "seconds": took,
            "wall": wall,
            "megabytes": peak,
            "reference": plain,
            "rows": read,
        }
    )


def made(folder: Path, kind: str) -> dict[str, Any]:
    """Return what `make` says, from a process of its own."""
    context = multiprocessing.get_context("spawn")
    answer: Queue[dict[str, Any]] = context.Queue()
    process = context.Process(target=make, args=(folder, kind, answer))
    process.start()
    found = answer.get(timeout=1800)
    process.join()
    return found


def main() -> int:
    """Print the line; the exit is 1 when a limit is passed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with closing(open_writer(folder / "archive.db")) as conn:
            fill(conn)
        found = made(folder, "")
        others = {kind: made(folder, kind) for kind in KINDS if kind}
    everything = [found, *others.values()]
    good = all(one["messages"] == len(KINDS[kind]) for kind, one in {"": found, **others}.items())
    limit = SECONDS * SUBSCRIPTIONS / 1000
    line = {
        "bench": "digests",
        "figure": round(found["seconds"], 1),
        "unit": "s of processor",
        "limit": limit,
        "wall": round(found["wall"], 1),
        "megabytes": round(found["megabytes"]),
        "megabytes_limit": MEGABYTES,
        "messages": found["messages"],
        "told": found["told"],
        "reference": round(found["reference"], 2),
        "ratio": round(found["seconds"] / found["reference"], 1),
        **{f"{kind}_s": round(one["seconds"] / len(KINDS[kind]), 2) for kind, one in others.items()},
        **{f"{kind}_megabytes": round(one["megabytes"]) for kind, one in others.items()},
        **{f"{kind}_messages": one["messages"] for kind, one in others.items()},
        **(
            {"problems": problems}
            if (problems := [one for each in everything for one in each["problems"]])
            else {}
        ),
    }
    print(json.dumps(line))
    small = max(one["megabytes"] for one in everything) <= MEGABYTES
    return 0 if good and not problems and small and found["seconds"] <= limit else 1


if __name__ == "__main__":
    sys.exit(main())
