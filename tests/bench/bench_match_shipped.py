"""How long the five shipped topics take to be looked for in an article, with what dictionaries say about their words.

Reference: one alternation of all their phrases and the spellings of their dates, without what else the topics ask for
(no excludes, no capitals, no NEAR), of texts that were folded beforehand.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from archive.datewords import spellings
from archive.normalize import fold
from archive.topic import Topic
from archive.tree import Date, Phrase, Word, walk
from crawler import config
from crawler.watchlist import compile_config
from tests.bench import timing
from tests.bench.bench_match_phrases import finding
from tests.bench.texts import ROOT, articles

LIMIT_MS, LEAST_RATIO = 0.2, 1


def main(texts: int = 1_000, rounds: int = timing.ROUNDS) -> int:
    if timing.skipped("match shipped"):
        return 0
    topics = compile_config(config.load(ROOT / "config", {}))
    documents = articles()[:texts]
    matcher = timing.frozen(topics)
    parts = list(dict.fromkeys(part for topic in topics for part in patterns(topic)))
    folded = timing.batches(list(map(fold, documents)), 200)
    ms, reference = timing.best(
        rounds,
        [
            (timing.matching(matcher), timing.batches(documents, 200)),
            (finding(re.compile(rf"\b(?:{'|'.join(parts)})\b", re.IGNORECASE)), folded),
        ],
    )
    matched, hits = timing.found(matcher, documents)
    return timing.report(
        {
            "bench": "match shipped",
            "topics": len(topics),
            "phrases": len(parts),
            "texts": texts,
            "ms": round(ms, 3),
            "reference": "one re alternation of their phrases, IGNORECASE, of folded text",
            "reference_ms": round(reference, 2),
            "ratio": round(reference / ms, 1),
            "matched": matched,
            "hits": hits,
        },
        most={"ms": LIMIT_MS},
        least={"ratio": LEAST_RATIO},
    )


def patterns(topic: Topic) -> Iterator[str]:
    """Yield what a plain reader of the topic would write for `re`."""
    for node in walk(topic.tree):
        if isinstance(node, Phrase):
            yield r"\W+".join(one(word, topic) for word in node.words)
        elif isinstance(node, Date):
            for spelling in spellings(node, topic.languages):
                yield r"\W+".join(re.findall(r"\w+", fold(spelling)))


def one(word: Word, topic: Topic) -> str:
    if word.mark == "+" and topic.facts is not None:
        return f"(?:{'|'.join(sorted({word.fold, *topic.facts.forms.get(word.fold, ())}))})"
    return re.escape(word.fold) + (r"\w*" if word.mark == "*" else "")


if __name__ == "__main__":
    sys.exit(main())
