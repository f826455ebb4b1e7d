"""How long the slowest of many hostile pairs of a query and a text takes. One line of JSON; exit 1 over a second.

Reference: the same texts searched by ``re`` for one word, which is as little as anything can do with them.
"""

from __future__ import annotations

import json
import re
import sys
from contextlib import suppress
from pathlib import Path
from time import process_time

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from archive.errors import TopicError  # noqa: E402
from archive.match import Matcher  # noqa: E402
from archive.topic import TopicSpec, compile_topics  # noqa: E402
from tests.archive.hostile import NOT_QUERIES, QUERIES, TEXTS  # noqa: E402
from tests.archive.test_query import HOSTILE  # noqa: E402

LIMIT_S = 1.0


def matcher(query: str) -> Matcher:
    return Matcher(compile_topics([TopicSpec(topic_id="t", title="t", query=query)]))


def main() -> int:
    taken: dict[str, float] = {}
    for name, query in {**NOT_QUERIES, **HOSTILE}.items():
        begun = process_time()
        with suppress(TopicError):
            matcher(query)
        taken[f"query: {name}"] = process_time() - begun
    reference = 0.0
    for query_name, query in QUERIES.items():
        topics = matcher(query)
        topics.match({"text": "Boluarte 19 July US troops"})
        for name, text in TEXTS.items():
            begun = process_time()
            topics.match({"text": text, "lang": "en"})
            taken[f"{query_name} in {name}"] = process_time() - begun
    for text in TEXTS.values():
        begun = process_time()
        re.findall(r"\bboluarte\b", text, re.IGNORECASE)
        reference = max(reference, process_time() - begun)
    slowest = sorted(taken, key=taken.__getitem__, reverse=True)[:3]
    figure = taken[slowest[0]]
    print(
        json.dumps(
            {
                "bench": "hostile",
                "slowest_s": round(figure, 3),
                "limit_s": LIMIT_S,
                "pairs": len(taken),
                "slowest": {name: round(taken[name], 3) for name in slowest},
                "reference": "re, one word, IGNORECASE, the slowest of the same texts",
                "reference_s": round(reference, 4),
                "ratio": round(reference / figure, 3),
            }
        )
    )
    return 1 if figure > LIMIT_S else 0


if __name__ == "__main__":
    sys.exit(main())
