"""How long 10,000 queries take to be asked about an article: phrases, boolean rules, NEAR/5 and prefixes.

Reference: an in-memory FTS5 table of 200 articles that is asked rule by rule, the table and its filling included; each
article is a transaction of its own, as a monitor stores them. It tells which articles match, and not where. The line
also says, as ``batch_ms`` and ``batch_ratio``, what the same takes in the set-up that is fastest for FTS5: all articles in
one transaction, so that every query reads one segment. Against that the ratio of five is not reached.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from archive.query import parse
from archive.tree import And, Near, Node, Not, Or, Phrase
from tests.bench import timing
from tests.bench.texts import Rules, articles

LIMIT_MS, GOAL_MS = 0.9, 0.6
LEAST_RATIO, GOAL_RATIO = 5, 8
BATCH = 200
TABLE = """create virtual table articles using fts5
    (text, content = '', columnsize = 0, tokenize = 'unicode61 remove_diacritics 2')"""


def main(rules: int = 10_000, texts: int = 1_000, rounds: int = timing.ROUNDS) -> int:
    if timing.skipped("match queries"):
        return 0
    queries = Rules().mixed(rules)
    documents = articles()[:texts]
    matcher = timing.frozen(timing.compiled(queries))
    asked = [fts5(parse(query)) for query in queries]
    batches = timing.batches(documents, BATCH)
    ms, reference, each = timing.best(
        rounds,
        [
            (timing.matching(matcher), batches),
            (lambda part: ask(asked, part), batches),
            (lambda part: ask(asked, part, each=True), batches),
        ],
    )
    matched, hits = timing.found(matcher, documents)
    return timing.report(
        {
            "bench": "match queries",
            "rules": rules,
            "texts": texts,
            "ms": round(ms, 3),
            "goal_ms": GOAL_MS,
            "reference": "FTS5 in memory, 200 articles stored one by one, asked rule by rule",
            "reference_ms": round(each, 2),
            "ratio": round(each / ms, 1),
            "goal_ratio": GOAL_RATIO,
            "batch_ms": round(reference, 2),
            "batch_ratio": round(reference / ms, 1),
            "agreement": round(agreement(matcher, asked, batches[0]), 4),
            "matched": matched,
            "hits": hits,
        },
        most={"ms": LIMIT_MS},
        least={"ratio": LEAST_RATIO, "matched": timing.LEAST, "hits": timing.LEAST, "agreement": 0.98},
    )


def fts5(node: Node) -> str:
    """Return a query in the language of FTS5."""
    match node:
        case Phrase(words=words):
            return f'"{" ".join(word.fold for word in words)}"{words[-1].mark}'
        case Near(operands, gaps):
            return f"NEAR({' '.join(map(fts5, operands))}, {max(gaps)})"
        case Or(children):
            return f"({' OR '.join(map(fts5, children))})"
        case And(children):
            wanted = " AND ".join(fts5(child) for child in children if not isinstance(child, Not))
            return wanted + "".join(
                f" NOT {fts5(child.child)}" for child in children if isinstance(child, Not)
            )
    raise AssertionError(node)


def ask(queries: Sequence[str], texts: Sequence[str], *, each: bool = False) -> list[list[tuple[int]]]:
    """Return the numbers of the texts that each query finds. ``each``: every text is a transaction of its own."""
    with closing(sqlite3.connect(":memory:", isolation_level=None if each else "")) as conn:
        conn.execute(TABLE)
        conn.executemany("insert into articles (rowid, text) values (?, ?)", enumerate(texts))
        conn.commit()
        statement = "select rowid from articles where articles match ?"
        return [conn.execute(statement, (query,)).fetchall() for query in queries]


def agreement(matcher: timing.Matcher, queries: Sequence[str], texts: Sequence[str]) -> float:
    """Return how many of the pairs of query and text that either finds are found by both."""
    ours = {
        (int(name), text) for text, string in enumerate(texts) for name in matcher.match({"text": string})
    }
    theirs = {(query, text) for query, rows in enumerate(ask(queries, texts)) for (text,) in rows}
    return len(ours & theirs) / max(len(ours | theirs), 1)


if __name__ == "__main__":
    sys.exit(main())
