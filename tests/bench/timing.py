"""What the benches of the matcher share: times that a busy machine does not spoil, and the line that is printed.

Time is that of the processor, the matcher and its reference take turns, and of each batch of texts the best of all
rounds counts: what else runs on the machine can only make a time longer.
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from math import inf
from pathlib import Path
from time import process_time

sys.path.insert(0, str(Path(__file__).parents[2]))

from archive.match import Matcher
from archive.topic import Topic, TopicSpec, compile_topics
from tests.bench.texts import CORPUS

LEAST = 20  # rules that match an article, and hits in it: a bench in which nothing is found measures nothing
ROUNDS = 5


def skipped(bench: str) -> bool:
    """Say so in the line if there are no texts."""
    if (CORPUS / "text").is_dir():
        return False
    print(json.dumps({"bench": bench, "skipped": "no corpus: set PRESSWATCH_CORPUS"}))
    return True


def compiled(rules: Iterable[str]) -> tuple[Topic, ...]:
    """Return a topic for each query, named by its number."""
    return compile_topics(
        [TopicSpec(topic_id=str(n), title=rule, query=rule) for n, rule in enumerate(rules)]
    )


def frozen(topics: Iterable[Topic]) -> Matcher:
    """Return a matcher, with the heap as the service has it."""
    matcher = Matcher(topics)
    gc.collect()
    gc.freeze()
    return matcher


def batches(texts: Sequence[str], size: int) -> list[Sequence[str]]:
    """Return ``texts`` in parts."""
    return [texts[at : at + size] for at in range(0, len(texts), size)]


def every(texts: Sequence[str], number: int) -> list[str]:
    """Return ``number`` of ``texts``, long and short ones as they come, for a reference that takes its time."""
    by_length, step = sorted(texts, key=len), len(texts) / number
    return [by_length[int((at + 0.5) * step)] for at in range(number)]


def best(
    rounds: int, ways: Sequence[tuple[Callable[[Sequence[str]], object], Sequence[Sequence[str]]]]
) -> list[float]:
    """Return how many milliseconds a text takes, for each way to treat a batch of texts and the batches it is given."""
    times = [[inf] * len(parts) for _, parts in ways]
    for treat, parts in ways:
        treat(parts[0])  # what is learnt on first sight is learnt now
    for _ in range(rounds):
        for (treat, parts), fastest in zip(ways, times, strict=True):
            for number, part in enumerate(parts):
                begun = process_time()
                treat(part)
                fastest[number] = min(fastest[number], process_time() - begun)
    return [1_000 * sum(fast) / sum(map(len, parts)) for (_, parts), fast in zip(ways, times, strict=True)]


def matching(matcher: Matcher) -> Callable[[Sequence[str]], None]:
    """Return what a bench times."""

    def treat(texts: Sequence[str]) -> None:
        for text in texts:
            matcher.match({"text": text})

    return treat


def found(matcher: Matcher, texts: Sequence[str]) -> tuple[float, float]:
    """Return how many rules match a text, and how many hits they have in it."""
    results = [matcher.match({"text": text}) for text in texts]
    hits = sum(len(spans) for result in results for spans in result.values())
    return round(sum(map(len, results)) / len(texts), 1), round(hits / len(texts), 1)


def report(line: dict[str, object], *, most: dict[str, float], least: dict[str, float]) -> int:
    """Print the line with its limits and what missed one; return the exit code.

    ``most`` and ``least``: a figure of the line, and what it may and must be.
    """
    gc.unfreeze()
    missed = [f"{name} {line[name]} is over {limit:g}" for name, limit in most.items() if line[name] > limit]
    missed += [
        f"{name} {line[name]} is under {limit:g}" for name, limit in least.items() if line[name] < limit
    ]
    limits = {f"limit_{name}": limit for name, limit in most.items()}
    limits |= {f"least_{name}": limit for name, limit in least.items()}
    print(json.dumps({**line, **limits, "missed": missed}, ensure_ascii=False))
    return 1 if missed else 0
