"""How long the event loop cannot answer while the service has its worst minute.

That is, after the first crawl has begun: 200 heavy pages come in and are extracted, a feed of 1.3 MB is parsed, 1,000
articles are stored and matched, and all along another process takes the archive's write lock for two seconds.

``stall_ms`` is what the issue asks about. On a machine that others keep busy it says mostly how long the loop waited for a
processor; so there ``held_ms``, which leaves that out, is what is held against the limit, and ``judged`` says so.

Reference: what the loop would stand still for if it parsed that feed by itself. One line of JSON, whose figures are
the worst of the rounds, because the limit is for every run; exit 1 when that is over it, or when a round did not do all of
the work.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from time import perf_counter
from typing import Any

import feedparser

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.conftest import presswatch  # noqa: E402
from tests.e2e.world import Answer, Site, write_config  # noqa: E402

LIMIT_MS = 50
ROUNDS = 3
PAGES = 200
ARTICLES = 1000
HOSTS = 8  # that the pages are on
LOCK_SECONDS = 2
LARGE = 1_300_000  # bytes of the feed

# Another process, so that nothing of it is in the loop's: waits for the archive to hold something, then locks it.
LOCKER = f"""
import sqlite3, sys, threading
conn = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
pause = threading.Event()
while not conn.execute("select count(*) from articles").fetchone()[0]:
    pause.wait(0.01)
conn.execute("begin immediate")
print("locked", flush=True)
pause.wait({LOCK_SECONDS})
conn.execute("rollback")
"""


def heavy(corpus: Path) -> list[bytes]:
    """Return the largest pages of the corpus that are no larger than a browser would expect."""
    pages = [path.read_bytes() for path in (corpus / "articles/readability").glob("*/source.html")]
    return sorted((page for page in pages if len(page) < 2_000_000), key=len)[-40:]


def feed(links: list[str], filling: int = 0) -> bytes:
    """Return a feed of ``links``; ``filling`` bytes of words in each entry."""
    words = "Congress of Peru votes on lithium; the president spoke of US troops. " * (filling // 68 + 1)
    items = "".join(
        f"<item><title>Peru votes, part {n}</title><link>{link}</link><description>{words[:filling]}</description></item>"
        for n, link in enumerate(links)
    )
    return f"<rss version='2.0'><channel><title>Heavy</title>{items}</channel></rss>".encode()


@contextmanager
def served(corpus: Path) -> Iterator[list[dict[str, Any]]]:
    """Serve all of that; yields the sources."""
    pages = heavy(corpus)
    with ExitStack() as stack:
        sources = []
        for host in range(HOSTS):
            numbers = range(host, PAGES, HOSTS)
            site = stack.enter_context(Site({}, host=f"127.5.0.{host + 1}"))
            for number in numbers:
                body = gzip.compress(pages[number % len(pages)], 1)
                headers = {"Content-Type": "text/html", "Content-Encoding": "gzip"}
                site.answers[f"/page/{number}"] = Answer(body, headers=headers)
            site.answers["/feed"] = Answer(feed([f"{site.url}/page/{number}" for number in numbers]))
            sources.append(source(f"pages-{host}", site, pages=True))
        site = stack.enter_context(Site({}, host="127.5.1.1"))
        links = [f"{site.url}/news/{number}" for number in range(ARTICLES)]
        body = feed(links, LARGE // ARTICLES - 110)
        site.answers["/feed"] = Answer(gzip.compress(body), headers={"Content-Encoding": "gzip"})
        sources.append(source("large", site, pages=False))
        yield sources


def source(name: str, site: Site, *, pages: bool) -> dict[str, Any]:
    return {"id": name, "name": name, "pages": pages, "endpoints": [{"feed": f"{site.url}/feed"}]}


@contextmanager
def locked(archive: Path) -> Iterator[list[str]]:
    """Have another process hold the write lock of ``archive`` for a while, once there is something in it."""
    said: list[str] = []

    def lock() -> None:
        pause = threading.Event()
        while not ended.is_set():
            pause.wait(0.01)
            with suppress(sqlite3.Error):
                conn = sqlite3.connect(f"{archive.as_uri()}?mode=ro", uri=True)
                conn.execute("select count(*) from articles")
                conn.close()
                break
        if not ended.is_set():
            with subprocess.Popen(
                [sys.executable, "-c", LOCKER, str(archive)], stdout=subprocess.PIPE, text=True
            ) as one:
                said.append(one.stdout.read() if one.stdout else "")

    ended = threading.Event()
    thread = threading.Thread(target=lock, daemon=True)
    thread.start()
    try:
        yield said
    finally:
        ended.set()
        thread.join(30)


def one_round(corpus: Path) -> dict[str, Any]:
    """Return what one pass says of itself, with what of the work was ``missing``."""
    with tempfile.TemporaryDirectory() as folder, served(corpus) as sources:
        config = write_config(Path(folder), sources, network={"timeout": "60s"})
        with locked(Path(folder) / "data/archive.db") as said:
            done: dict[str, Any] = presswatch("run", "--once", "--json", config=config).json
    wanted = {
        f"{ARTICLES + PAGES} articles": done["new"] >= ARTICLES + PAGES,
        f"{PAGES} pages": done["pages"] >= PAGES,
        "the lock": said == ["locked\n"],
    }
    return {**done, "missing": [name for name, there in wanted.items() if not there]}


def main() -> int:
    corpus = Path(os.environ.get("PRESSWATCH_CORPUS", ROOT.parent / "shared" / "data"))
    if not corpus.is_dir():
        print(json.dumps({"bench": "stall", "skipped": "no corpus: set PRESSWATCH_CORPUS"}))
        return 0
    load = os.getloadavg()[0]
    judged = "stall_ms" if load < (os.cpu_count() or 1) / 2 else "held_ms"
    rounds = [one_round(corpus) for _ in range(ROUNDS)]
    warnings.simplefilter("ignore")
    body = feed([f"http://127.5.1.1/news/{number}" for number in range(ARTICLES)], LARGE // ARTICLES - 110)
    begun = perf_counter()
    feedparser.parse(io.BytesIO(body))
    reference = 1000 * (perf_counter() - begun)
    figures = {name: max(done[name] for done in rounds) for name in ("stall_ms", "held_ms")}
    missing = [name for done in rounds for name in done["missing"]]
    print(
        json.dumps(
            {
                "bench": "stall",
                **figures,
                "limit_ms": LIMIT_MS,
                "judged": judged,
                "load": round(load, 1),
                "rounds": [done["stall_ms"] for done in rounds],
                "rounds_held": [done["held_ms"] for done in rounds],
                "missing": missing,
                "reference": f"feedparser.parse of the {len(body):,} bytes that are read meanwhile",
                "reference_ms": round(reference, 1),
                "ratio": round(reference / max(figures[judged], 0.1), 2),
            }
        )
    )
    return 1 if figures[judged] > LIMIT_MS or missing else 0


if __name__ == "__main__":
    sys.exit(main())
