"""How long 10,000 phrases take to be looked for in an article, normalisation and evaluation included.

Reference: one alternation of the same phrases, compiled once, asked with ``finditer`` about texts that were folded for
it beforehand; on fewer texts, because it is slow. Folded text would allow to leave out ``re.IGNORECASE``, with
which that is three times faster: the line says this figure too, as ``case_ms``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from archive.normalize import fold
from tests.bench import timing
from tests.bench.texts import Rules, articles

LIMIT_MS, LEAST_RATIO = 0.3, 100


def main(rules: int = 10_000, texts: int = 1_000, slow: int = 40, rounds: int = timing.ROUNDS) -> int:
    if timing.skipped("match phrases"):
        return 0
    phrases = Rules().phrases(rules)
    documents = articles()[:texts]
    matcher = timing.frozen(timing.compiled(phrases))
    sample = timing.every(documents, slow)
    folded = [list(map(fold, sample))]
    plain = [phrase.strip('"') for phrase in phrases]
    any_case = re.compile(alternation(plain), re.IGNORECASE)
    ms, reference, case = timing.best(
        rounds,
        [
            (timing.matching(matcher), timing.batches(documents, 200)),
            (finding(any_case), folded),
            (finding(re.compile(alternation(plain))), folded),
        ],
    )
    matched, hits = timing.found(matcher, documents)
    both = expected = 0
    for text in sample:
        theirs = {found.casefold() for found in any_case.findall(fold(text))}
        ours = {plain[int(name)] for name in matcher.match({"text": text})}
        both, expected = both + len(theirs & ours), expected + len(theirs)
    return timing.report(
        {
            "bench": "match phrases",
            "rules": rules,
            "texts": texts,
            "ms": round(ms, 3),
            "reference": "one re alternation, IGNORECASE, of folded text",
            "reference_texts": slow,
            "reference_ms": round(reference, 2),
            "ratio": round(reference / ms),
            "case_ms": round(case, 2),
            "case_ratio": round(case / ms),
            "agreement": round(both / max(expected, 1), 4),
            "matched": matched,
            "hits": hits,
        },
        most={"ms": LIMIT_MS},
        least={"ratio": LEAST_RATIO, "matched": timing.LEAST, "hits": timing.LEAST, "agreement": 0.98},
    )


def alternation(phrases: Sequence[str]) -> str:
    return rf"\b(?:{'|'.join(map(re.escape, phrases))})\b"


def finding(pattern: re.Pattern[str]) -> Callable[[Sequence[str]], None]:
    def treat(texts: Sequence[str]) -> None:
        for text in texts:
            for _ in pattern.finditer(text):
                pass

    return treat


if __name__ == "__main__":
    sys.exit(main())
