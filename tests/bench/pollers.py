"""What polls the feeds of `feedhost`, each in a process of its own: Presswatch, and lemon24's `reader`.

    python tests/bench/pollers.py ours|reader FOLDER COUNT PORT ARTICLES   prints "ready", then obeys one line at a time:
    poll | match | index     does that, and prints what came of it as JSON

Ours is the service as `presswatch run --once` has it: the same configuration, crawl, workers and writer, and its own
clock; only what else a pass does (matching, digests) is left to commands of their own. `reader` polls, and what its
full-text index lacks is indexed, which for ours is part of storing.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import closing
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.bench.feedhost import NOW, address, sentences

TOPICS = "topics:\n  lithium:\n    terms: [lithium, litio]\n"


def ours(folder: Path, count: int, port: int, articles: int) -> None:
    """Poll as the program does, with so many articles in the archive from before."""
    from crawler import config, loop, run

    files = _configured(folder, count, port)
    if articles:
        fill(folder, files, articles, count)
    clock = _Clock()

    async def main(stop: asyncio.Event) -> None:
        read = config.load(files, {})
        async with run.opened(read, clock.now) as service:
            _say("ready")
            while command := (await asyncio.to_thread(sys.stdin.readline)).strip():
                if command == "match":
                    await service.match()
                    _say({"matches": service.counts.matches})
                    continue
                before = asdict(service.counts.tally)
                stored = service.counts.unstored
                clock.at += timedelta(hours=1)
                service.heartbeat.stall_ms = 0.0
                await run.read_all(service, stop)
                after = asdict(service.counts.tally)
                _say({
                    "polled": after["polled"] - before["polled"],
                    "new": after["new"] - before["new"],
                    "failed": after["failed"],
                    "unstored": service.counts.unstored - stored,
                    "stall_ms": round(service.heartbeat.stall_ms, 1),
                })  # fmt: skip

    loop.run(main)


def theirs(folder: Path, count: int, port: int, _articles: int) -> None:
    """Poll with `reader`, as its documentation has it."""
    from reader import make_reader

    with closing(make_reader(str(folder / "reader.db"))) as reader:
        for number in range(count):
            reader.add_feed(address(number, port))
        reader.enable_search()
        _say("ready")
        for command in map(str.strip, sys.stdin):
            if command == "index":
                reader.update_search()
            else:
                reader.update_feeds(scheduled=False)
            counts = reader.get_entry_counts()
            failed = [feed.url for feed in reader.get_feeds() if feed.last_exception]
            _say({"entries": counts.total, "failed": failed})


class _Clock:
    at = NOW

    def now(self) -> datetime:
        return self.at


def _say(what: Any) -> None:
    print(what if isinstance(what, str) else json.dumps(what), flush=True)


def _configured(folder: Path, count: int, port: int) -> Path:
    """Write the four files: a source for each feed, without pages, as they would come from an OPML file."""
    files = folder / "config"
    files.mkdir()
    sources = "".join(
        f"  - id: feed{number}\n    name: Feed {number}\n    language: en\n    pages: false\n"
        f"    endpoints: [{{feed: {json.dumps(address(number, port))}}}]\n"
        for number in range(count)
    )
    texts = {
        "sources": f"sources:\n{sources}",
        "settings": f"data_dir: {json.dumps(str(folder / 'data'))}\n"
        "network: {allow_private: [127.0.0.0/8], delay: 0, contact: bench}\n",
        "keywords": TOPICS,
        "subscribers": "subscribers:\n  - {id: bench, topics: all, when: daily at 07:00, zone: America/Lima}\n",
    }
    for name, text in texts.items():
        (files / f"{name}.yaml").write_text(text, encoding="utf-8")
    return files


def fill(folder: Path, files: Path, count: int, feeds: int) -> None:
    """Make the archive hold ``count`` articles that the same feeds offered, as years of polling leave it."""
    from archive import due, reach, schema
    from archive.connect import open_writer, transaction
    from archive.times import stamp
    from crawler import config

    with closing(open_writer(folder / "data" / "archive.db")) as conn:
        schema.migrate(conn)
        conn.execute("pragma synchronous = off")  # to build it only
        with transaction(conn):
            due.sync(conn, config.load(files, {}).sources, (), NOW)
        at, words = stamp(NOW - timedelta(days=300)), sentences()
        with transaction(conn):
            conn.executemany(
                """insert into articles (id, key, url, source_id, title, language, published_from, first_seen_at, summary,
                content, odd) values (?1, ?2, ?2, ?3, ?4, 'en', 'none', ?5, ?6, 'summary', 0)""",
                (
                    (
                        number + 1, f"https://feed{number % feeds}.example/news/2025/{number}-story",
                        f"feed{number % feeds}", f"{words[number % len(words)][:80]} {number}", at,
                        f"{words[number * 7 % len(words)]} {number}. {words[number * 13 % len(words)]}",
                    )
                    for number in range(count)
                ),
            )  # fmt: skip
            conn.execute(
                """insert into pages (article_id, source_id, state, reason) select id, source_id, 'off', 'pages_off'
                from articles"""
            )
            reach.admit_new(conn)
            conn.execute(
                """insert into offers (article_id, endpoint_id, link, guid, hash, first_seen_at, last_seen_at)
                select a.id, e.id, a.url, a.id, a.id, ?1, ?1 from articles a join endpoints e using (source_id)""",
                (at,),
            )
            conn.execute(
                """insert into polls (endpoint_id, at, outcome, status, items, known, new, bytes, ms)
                select e.id, ?, 'ok', 200, 30, 29, 1, 45000, 20 from articles a join endpoints e using (source_id)""",
                (at,),
            )


if __name__ == "__main__":
    {"ours": ours, "reader": theirs}[sys.argv[1]](Path(sys.argv[2]), *map(int, sys.argv[3:]))
