"""How long the event loop cannot answer while 91 live feeds are polled, parsed and stored.

Reference: the longest time that one of these feeds takes feedparser, which is what the loop would stand still
for if it parsed by itself. One line of JSON, whose ``stall_ms`` is the worst of the rounds, because the limit is for
every run; exit 1 when that is over it.
"""

from __future__ import annotations

import io
import json
import os
import sys
import tempfile
import warnings
from pathlib import Path
from time import perf_counter

import feedparser

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.conftest import presswatch  # noqa: E402
from tests.e2e.feeds91 import served  # noqa: E402
from tests.e2e.world import write_config  # noqa: E402

LIMIT_MS = 60
ROUNDS = 3


def main() -> int:
    corpus = Path(os.environ.get("PRESSWATCH_CORPUS", ROOT.parent / "shared" / "data"))
    if not corpus.is_dir():
        print(json.dumps({"bench": "stall", "skipped": "no corpus: set PRESSWATCH_CORPUS"}))
        return 0
    stalls = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder, served(corpus) as sources:
            config = write_config(Path(folder), sources)
            stalls.append(presswatch("run", "--once", "--json", config=config).json["stall_ms"])
    warnings.simplefilter("ignore")
    longest = 0.0
    for path in (corpus / "feeds").glob("*.xml"):
        begun = perf_counter()
        feedparser.parse(io.BytesIO(path.read_bytes()))
        longest = max(longest, 1000 * (perf_counter() - begun))
    figure = max(stalls)
    print(
        json.dumps(
            {
                "bench": "stall",
                "stall_ms": figure,
                "limit_ms": LIMIT_MS,
                "rounds": stalls,
                "reference": "longest feedparser.parse of the same feeds",
                "reference_ms": round(longest, 1),
                "ratio": round(longest / figure, 2),
            }
        )
    )
    return 1 if figure > LIMIT_MS else 0


if __name__ == "__main__":
    sys.exit(main())
