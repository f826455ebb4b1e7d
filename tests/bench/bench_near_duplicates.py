"""How many documents a second become stories, how many copies are found, and how many are wrongly joined.

Timed is all that happens to an article after it was stored: reading it from the queue, its sketch and its credit, looking up
who shares hashes with it, storing both and the stories, commits included, in a file with the settings of the
program; processor time, which is that of one core. That an outlet's last paragraph is common is learnt in that time. The reference, in the same run: all
pairs that share a shingle, by all shingles in memory, with the same rules; what it finds is what can be found.

A restart in the middle: half of the batches, a transaction that is never committed, the file closed; then the rest.
Memory: two archives, the second eight times as long, in processes of their own: the greatest size of each.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from contextlib import closing
from datetime import timedelta
from math import inf
from pathlib import Path
from time import process_time

sys.path.insert(0, str(Path(__file__).parents[2]))

from archive import cluster, schema, sketches, stories
from archive.connect import open_writer
from tests.bench import timing
from tests.bench.copied import START, Made, drain, fill, judged, made, told

ROUNDS = 3
LEAST_PER_SECOND, LEAST_RECALL, LEAST_PRECISION = 2_000, 0.93, 0.97
SHORT, LONG = 2, 16  # months of an archive
MOST_GROWTH = 8.0  # megabytes


def main() -> int:
    if timing.skipped("near_duplicates"):
        return 0
    originals, documents = made()
    best, found = inf, set[frozenset[int]]()
    with tempfile.TemporaryDirectory(prefix="presswatch-bench-") as name:
        folder = Path(name)
        for number in range(ROUNDS):
            took, found = straight(folder / f"{number}.db", documents)
            best = min(best, took)
        again = restarted(folder / "restarted.db", documents)
    begun = process_time()
    exactly = exact(documents)
    reference = process_time() - begun
    recall, precision = judged(originals, documents, found)
    exact_recall, exact_precision = judged(originals, documents, exactly)
    short, long = grown(SHORT), grown(LONG)
    per_second = len(documents) / best
    return timing.report(
        {
            "bench": "near_duplicates",
            "figure": round(per_second),
            "unit": "documents a second",
            "documents": len(documents),
            "recall": round(recall, 4),
            "precision": round(precision, 4),
            "stories": len(found),
            "changed_by_restart": len(found ^ again),
            "reference": "all shingles, all pairs",
            "reference_recall": round(exact_recall, 4),
            "reference_precision": round(exact_precision, 4),
            "reference_per_second": round(len(documents) / reference),
            "ratio": round(reference / best, 2),
            "articles_short_long": [short[0], long[0]],
            "megabytes_short_long": [short[1], long[1]],
            "sketches_short_long": [short[2], long[2]],
            "growth": round(long[1] - short[1], 1),
        },
        most={"changed_by_restart": 0, "growth": MOST_GROWTH},
        least={"figure": LEAST_PER_SECOND, "recall": LEAST_RECALL, "precision": LEAST_PRECISION},
    )


def straight(path: Path, documents: list[Made]) -> tuple[float, set[frozenset[int]]]:
    """Return the processor time of making stories, and the stories."""
    with closing(open_writer(path)) as conn:
        schema.migrate(conn)
        fill(conn, documents)
        begun = process_time()
        drain(conn)
        return process_time() - begun, told(conn)


def restarted(path: Path, documents: list[Made]) -> set[frozenset[int]]:
    """Return the stories after a restart in the middle, of an archive that was half filled before it."""
    half = len(documents) // 2
    with closing(open_writer(path)) as conn:
        schema.migrate(conn)
        fill(conn, documents[:half])
        drain(conn, 3)
        conn.execute("begin immediate")
        for one in stories.take(conn)[:77]:
            stories.store(conn, stories.sketched(one))
    with closing(open_writer(path)) as conn:
        fill(conn, documents[half:], START + timedelta(minutes=half))
        drain(conn)
        return told(conn)


def exact(documents: list[Made]) -> set[frozenset[int]]:
    """Return the stories by all shingles of all documents."""
    whole = [set(cluster.shingles(one.text).tolist()) for one in documents]
    count = Counter((one.outlet, each) for one, found in zip(documents, whole, strict=True) for each in found)
    having = defaultdict(list)
    for number, (one, found) in enumerate(zip(documents, whole, strict=True)):
        found -= {each for each in found if count[one.outlet, each] > cluster.MOST_OF_ONE}
        for each in found:
            having[each].append(number)
    shared = Counter(
        (a, b) for numbers in having.values() for at, b in enumerate(numbers) for a in numbers[:at]
    )
    pairs = [
        (a, b)
        for (a, b), many in shared.items()
        if many >= cluster.LEAST_SHARED
        and cluster.is_copy(
            many / min(len(whole[a]), len(whole[b])), same_outlet=documents[a].outlet == documents[b].outlet
        )
    ]
    return {story for story in cluster.stories(range(len(documents)), pairs) if len(story) > 1}


def grown(months: int) -> tuple[int, float, int]:
    """Return articles, megabytes and sketches of an archive of so many months, from a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, str(months)], capture_output=True, text=True, check=True, timeout=900
    )
    articles, megabytes, kept = done.stdout.split()
    return int(articles), float(megabytes), int(kept)


def grow(months: int) -> None:
    """Let the same documents come each month, and print how large this process was at most."""
    _, documents = made()
    with (
        tempfile.TemporaryDirectory(prefix="presswatch-bench-") as folder,
        closing(open_writer(Path(folder) / "archive.db")) as conn,
    ):
        schema.migrate(conn)
        for month in range(months):
            fill(conn, documents[:1_000], START + timedelta(days=30 * month))
            drain(conn)
            while sketches.prune(conn):
                pass
        articles, kept = conn.execute(
            "select (select count(*) from articles), (select count(*) from sketches)"
        ).fetchone()
    # Not getrusage: what that says of a process begins with the size of its parent.
    size = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("utf-8"))
    assert size, "this needs Linux"
    print(articles, round(int(size[1]) / 1024, 1), kept)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        grow(int(sys.argv[1]))
    else:
        sys.exit(main())
