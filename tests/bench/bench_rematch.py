"""How long one new topic takes to reach 200,000 stored articles, and the preview of a query.

The archive is made here: articles of 3 KB whose sentences are drawn from real texts with a fixed seed, stored through
the same tables and triggers as the program's, so that the full-text indexes are what they would be. Two lines, one for
the topic and one for the preview: of the last 30 days, as `try query` has it unless told, and of all. The reference of
both is the whole archive, read and matched article by article, and what is found must be the same. Times are those of
the processor, as in the other benches; ``wall`` is what the clock said. PRESSWATCH_BENCH_ARTICLES makes it smaller.
"""

from __future__ import annotations

import os
import random
import re
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from math import inf
from pathlib import Path
from time import perf_counter, process_time
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).parents[2]))

from archive import due, preview, rematch, schema
from archive.connect import open_reader, open_writer, transaction
from archive.document import COLUMNS, document
from archive.match import Matcher
from archive.model import Source
from archive.odd import is_odd
from archive.reach import admit_new, keep_odd
from archive.times import stamp
from archive.topic import Topic, TopicSpec
from crawler.pipelines import store_stored, take_stored
from crawler.watchlist import compile_specs
from tests.bench import timing
from tests.bench.texts import SEED, articles

T = TypeVar("T")

ARTICLES = 200_000
LENGTH = 3_000  # characters of a text
MOST_SECONDS, MOST_MS, MOST_SHARE = 2.0, 300.0, 0.01
NOW = datetime(2026, 7, 19, 12, tzinfo=UTC)
A_DAY = 1_000  # articles
DAYS = 30  # that a preview looks at unless told
SOURCES = tuple(
    Source(
        id=f"s{number}",
        name=f"Source {number}",
        country="PE" if number % 2 else "US",
        language=None,
        endpoints=(),
    )
    for number in range(40)
)
# Something of each kind: a slip, words close together, a phrase, a field, all forms, an ending, a day, capitals, a NOT.
QUERY = (
    '((Bolsonaro~ NEAR/6 presidente) OR "soberanía nacional" OR title:terremoto OR (terremoto+ AND tsunami*) '
    'OR (date(07-19) AND huelga) OR (cs("NASA") AND "EE.UU.")) NOT deporte'
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


def main(number: int | None = None) -> int:
    if timing.skipped("rematch"):
        return 0
    count = number or int(os.environ.get("PRESSWATCH_BENCH_ARTICLES", ARTICLES))
    topic = topic_of("bench", QUERY)
    with tempfile.TemporaryDirectory(prefix="presswatch-bench-") as folder:
        path = Path(folder) / "archive.db"
        begun = perf_counter()
        build(path, count)
        built = perf_counter() - begun
        with closing(open_reader(path)) as conn:
            full, _, wanted = timed(lambda: scan(conn, topic), rounds=1)
            whole, _, found = timed(lambda: preview.find(conn, topic, {}))
            begin = preview.since(conn, DAYS)
            lately, wall, month = timed(lambda: preview.find(conn, topic, {}, begin=begin))
        with closing(open_writer(path)) as writer, closing(open_reader(path)) as reader:
            with transaction(writer):
                due.sync(writer, SOURCES, [topic], NOW)
            took, took_wall, _ = timed(lambda: apply(reader, writer, topic), rounds=1)
            stored = {
                row[0]
                for row in writer.execute(
                    "select article_id from matches where ended_at is null and backfill"
                )
            }
    size = {"articles": count, "built_s": round(built), "query": QUERY, "matched": len(wanted)}
    reference = {"reference": "all articles read and matched", "reference_s": round(full, 2)}
    code = timing.report(
        {
            "bench": "rematch", **size, "share": round(len(wanted) / count, 4), "s": round(took, 3),
            "wall_s": round(took_wall, 3), **reference, "ratio": round(full / took, 1), "wrong": len(wanted ^ stored),
        },
        most={"s": MOST_SECONDS, "share": MOST_SHARE, "wrong": 0},
        least={"matched": count // 2_000},
    )  # fmt: skip
    lately_wrong = abs(month.total - sum(found.days[day] for day in month.days))
    return code | timing.report(
        {
            "bench": "preview", **size, "days": DAYS, "days_matched": month.total, "ms": round(1_000 * lately, 1),
            "wall_ms": round(1_000 * wall, 1), "all_ms": round(1_000 * whole, 1), **reference,
            "ratio": round(full / lately, 1), "wrong": abs(found.total - len(wanted)) + lately_wrong,
        },
        most={"ms": MOST_MS, "wrong": 0},
        least={"matched": count // 2_000},
    )  # fmt: skip


def timed(do: Callable[[], T], rounds: int = timing.ROUNDS) -> tuple[float, float, T]:
    """Return the seconds of the processor and of the clock, each the best of all rounds, and what came out."""
    fastest, shortest = inf, inf
    for _ in range(rounds):
        begun, wall = process_time(), perf_counter()
        answer = do()
        fastest, shortest = min(fastest, process_time() - begun), min(shortest, perf_counter() - wall)
    return fastest, shortest, answer


def topic_of(topic_id: str, query: str) -> Topic:
    return compile_specs([TopicSpec(topic_id=topic_id, title=topic_id, query=query)], ("en", "es"))[0]


def texts(count: int) -> Iterator[tuple[str, str, str]]:
    """Yield title, summary and text of articles: sentences of the corpus, drawn anew."""
    dice = random.Random(SEED)
    sentences = [one for text in articles() for one in _SENTENCE.split(text) if 20 < len(one) < 400]
    odd = [one for one in sentences if is_odd(one)]
    plain = [one for one in sentences if not is_odd(one)]
    # As many odd articles as among the real ones; of sentences drawn from all it would be three times as many.
    share = sum(map(is_odd, articles())) / len(articles())
    for _ in range(count):
        title, summary = dice.choice(plain)[:100], dice.choice(plain)
        parts, length = [dice.choice(odd)] if dice.random() < share else [], 0
        while length < LENGTH:
            parts.append(dice.choice(plain))
            length += len(parts[-1]) + 1
        yield title, summary, " ".join(parts)


def build(path: Path, count: int) -> None:
    with closing(open_writer(path)) as conn:
        schema.migrate(conn)
        conn.execute("pragma synchronous = off")  # to build it only
        with transaction(conn):
            due.sync(conn, SOURCES, [], NOW)
        with transaction(conn):
            for number, (title, summary, text) in enumerate(texts(count), 1):
                odd = is_odd(title, summary, text)
                conn.execute(
                    """insert into articles (id, key, source_id, title, language, published_from, first_seen_at,
                    summary, text, content, odd) values (?, ?, ?, ?, ?, 'none', ?, ?, ?, 'full', ?)""",
                    (
                        number, f"https://news.example/{number}", SOURCES[number % len(SOURCES)].id, title,
                        ("es", "en")[number % 3 == 0], stamp(NOW - timedelta(days=(count - number) / A_DAY)),
                        summary, text, odd,
                    ),
                )  # fmt: skip
                if odd:
                    keep_odd(conn, number, (title, summary, text), odd=odd)
            admit_new(conn)
        conn.execute("pragma wal_checkpoint (truncate)")


def scan(conn: sqlite3.Connection, topic: Topic) -> set[int]:
    """Return what the matcher finds in the whole archive, without the index."""
    matcher = Matcher([topic])
    rows = conn.execute(
        f"select {COLUMNS} from articles a join sources s on s.id = a.source_id order by a.id"
    )
    return {row["id"] for row in rows if matcher.match(document(row))}


def apply(reader: sqlite3.Connection, writer: sqlite3.Connection, topic: Topic) -> None:
    """Do what the service does with a new topic."""
    matcher = Matcher([topic])
    while work := rematch.todo(reader):
        taken = take_stored(reader, matcher, work)
        store_stored(writer, work, taken, {topic.topic_id: topic.version}, NOW)


if __name__ == "__main__":
    sys.exit(main())
