"""The engine and the reference agree on 100,000 random pairs and on every real text, on both cores. The seed is printed."""

from __future__ import annotations

import multiprocessing
import os
import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from tests.archive.test_agreement import EVERYTHING, SHARE, agree, agree_on_texts, texts

WORKERS = 2
PAIRS = 100_000
CHUNK = 2_500  # pairs, or thereabouts as much text, that one task compares
LONG = 60_000  # characters of texts in one task
QUERIES = 60  # about the texts of one task, asked of each of them


def on_both_cores(task: Callable[..., Counter[str]], *arguments: list[object]) -> Counter[str]:
    """Add up what ``task`` returns for each of ``arguments``; the first difference that any finds is raised."""
    seen: Counter[str] = Counter()
    # Never fork: a thread of the test run may hold a lock.
    with ProcessPoolExecutor(WORKERS, multiprocessing.get_context("spawn")) as pool:
        try:
            for counted in pool.map(task, *arguments):
                seen.update(counted)
        except Exception:
            pool.shutdown(cancel_futures=True)
            raise
    return seen


@pytest.fixture
def seed() -> int:
    seed = int(os.environ.get("PRESSWATCH_SEED") or random.randrange(10**9))
    print(f"PRESSWATCH_SEED={seed}")
    return seed


@pytest.mark.timeout(1200)
def test_they_agree_on_a_hundred_thousand_random_pairs(seed: int) -> None:
    tasks = range(PAIRS // CHUNK)
    seen = on_both_cores(agree, [seed + number for number in tasks], [CHUNK for _ in tasks])
    print(f"{seen['matching']} of {seen['pairs']} pairs match")
    assert seen["pairs"] == PAIRS
    assert seen["matching"] >= SHARE * PAIRS
    assert {name for name in EVERYTHING if seen[name] < 200} == set()


@pytest.mark.corpus
@pytest.mark.timeout(1200)
def test_they_agree_on_every_real_text(corpus: Path, seed: int) -> None:
    every = list(texts(corpus))
    random.Random(seed).shuffle(every)
    chunks: list[list[object]] = [[]]
    size = 0
    for document in every:
        size += sum(map(len, document.values()))
        if size > LONG * len(chunks):
            chunks.append([])
        chunks[-1].append(document)
    seeds: list[object] = [seed + number for number in range(len(chunks))]
    seen = on_both_cores(agree_on_texts, list(chunks), seeds, [QUERIES for _ in chunks])
    print(f"{seen['pairs']} pairs of a text and a query, {seen['matching']} match, with {seen['hits']} hits")
    assert seen["pairs"] == len(every) * QUERIES
    assert seen["hits"] > len(every)
