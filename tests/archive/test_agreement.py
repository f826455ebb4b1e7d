"""The engine and the slow, obvious reference find the same, hit for hit: in random pairs and in real texts."""

from __future__ import annotations

import gzip
import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.match import Matcher
from archive.model import Hit
from archive.query import parse
from archive.topic import Topic
from archive.tree import And, Date, In, Mode, Near, Not, Or, Phrase, Ref, walk
from tests.archive import reference
from tests.archive.pairs import REAL, pair, pairs, random_topic

SEED = 20260719
SHARE = 1 / 3  # of the pairs must match, or their agreement says little

Document = Mapping[str, str]


def compare(
    topics: Sequence[Topic], document: Document, matcher: Matcher | None = None
) -> dict[str, tuple[Hit, ...]]:
    """Assert that the engine finds what the reference finds, and return it."""
    wanted = reference.matches(topics, document)
    found = (matcher or Matcher(topics)).match(document)
    assert found == wanted, difference(topics, document, found, wanted)
    return wanted


def difference(
    topics: Sequence[Topic], document: Document, found: Mapping[str, Any], wanted: Mapping[str, Any]
) -> str:
    """Say what the two make of a document, and no more than is needed to look into it."""
    by_id = {topic.topic_id: topic for topic in topics}
    lines = ["the engine and the reference differ", f"document: {dict(document)!a}"]
    for topic_id in by_id:
        if found.get(topic_id) != wanted.get(topic_id):
            lines += [
                f"topic {topic_id}:",
                *(
                    f"  the engine only:    {hit}"
                    for hit in found.get(topic_id, ())
                    if hit not in wanted.get(topic_id, ())
                ),
                *(
                    f"  the reference only: {hit}"
                    for hit in wanted.get(topic_id, ())
                    if hit not in found.get(topic_id, ())
                ),
                f"  the engine says    {'no match' if topic_id not in found else f'{len(found[topic_id])} hits'}",
                f"  the reference says {'no match' if topic_id not in wanted else f'{len(wanted[topic_id])} hits'}",
            ]
    lines += [
        f"@{topic_id} = {topic.tree}   exclude {[str(part) for part in topic.exclude]}"
        f"   require {[str(part) for part in topic.require]}   facts {topic.facts is not None} {topic.languages}"
        for topic_id, topic in by_id.items()
    ]
    return "\n".join(lines)


def agree(seed: int, count: int) -> Counter[str]:
    """Compare ``count`` random pairs; return how many matched, and what took part in those that did."""
    seen: Counter[str] = Counter()
    for topics, document in pairs(seed, count):
        found = compare(topics, document)
        seen["pairs"] += 1
        seen["matching"] += bool(found)
        for topic in topics:
            if topic.topic_id in found:
                seen.update(features(topic))
                seen.update({hit.how for hit in found[topic.topic_id]})
    return seen


def features(topic: Topic) -> set[str]:
    """Return names of what a topic makes use of."""
    names = {"exclude"} if topic.exclude else set()
    names |= {"require"} if topic.require else set()
    for node in walk(topic.tree):
        names.add(type(node).__name__)
        if isinstance(node, Phrase):
            names |= {node.mode.value, *(f"mark {word.mark}" for word in node.words)}
            names |= {"capitals"} if any(word.capitals for word in node.words) else set()
        if isinstance(node, Near):
            names |= {"ONEAR"} if any(node.ordered) else set()
            names |= {"nested"} if any(isinstance(part, Near) for part in node.operands) else set()
    return names


EVERYTHING = {
    *(kind.__name__ for kind in (And, Or, Not, Near, In, Phrase, Date, Ref)),
    *(mode.value for mode in Mode),
    *("mark *", "mark ~", "mark +", "capitals", "ONEAR", "nested", "exclude", "require"),
    *("exact", "folded", "acronym", "inflected", "fuzzy", "date"),
}


def test_they_agree_on_ten_thousand_random_pairs_of_which_a_third_match() -> None:
    seen = agree(SEED, 10_000)
    assert seen["pairs"] == 10_000
    assert seen["matching"] >= SHARE * seen["pairs"]
    assert {name for name in EVERYTHING if seen[name] < 20} == set()


# Even the smallest pair takes many choices; what Hypothesis finds wrong it still makes small.
@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False))
def test_they_agree_on_pairs_that_hypothesis_makes_as_small_as_it_can(dice: random.Random) -> None:
    compare(*pair(dice, (1, 8)))


def test_every_random_topic_could_be_written_as_a_query() -> None:
    for topics, _ in pairs(SEED + 1, 500):
        for tree in (tree for topic in topics for tree in (topic.tree, *topic.require)):
            assert parse(str(tree)) == tree


def test_a_difference_is_told_with_the_hit_and_the_topic() -> None:
    topics, document = next(
        (topics, document) for topics, document in pairs(SEED, 100) if reference.matches(topics, document)
    )
    wanted = reference.matches(topics, document)
    topic_id = next(iter(wanted))
    told = difference(topics, document, {**wanted, topic_id: wanted[topic_id][1:]}, wanted)
    assert f"the reference only: {wanted[topic_id][0]}" in told
    assert f"@{topic_id} = {topics[[topic.topic_id for topic in topics].index(topic_id)].tree}" in told


# --- real texts


def texts(folder: Path) -> Iterator[Document]:
    """Yield every real text: Spanish articles, English headlines, sentences in both languages."""
    for path in sorted(folder.glob("text/*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                if "title" in row:
                    yield {name: row[name] for name in ("title", "text", "lang") if row[name]}
                else:
                    yield from ({"text": row[language], "lang": language} for language in ("en", "es"))


def topics_about(documents: Sequence[Document], dice: random.Random, count: int) -> tuple[Topic, ...]:
    """Return ``count`` random topics, each with words of one of ``documents``."""
    topics: list[Topic] = []
    for number in range(count):
        others = dice.sample(topics, min(2, len(topics)))
        topics.append(random_topic(dice, f"t{number}", dice.choice(documents), others, shape=REAL))
    return tuple(topics)


def agree_on_texts(documents: Sequence[Document], seed: int, count: int) -> Counter[str]:
    """Compare ``count`` topics about ``documents`` on all of them; return how many pairs there were and matched."""
    topics = topics_about(documents, random.Random(seed), count)
    matcher = Matcher(topics)
    seen: Counter[str] = Counter()
    for document in documents:
        found = compare(topics, document, matcher)
        seen["pairs"] += len(topics)
        seen["matching"] += len(found)
        seen["hits"] += sum(len(hits) for hits in found.values())
        seen["documents"] += bool(found)
    return seen


@pytest.mark.corpus
def test_they_agree_on_500_real_texts_and_200_queries(corpus: Path) -> None:
    dice = random.Random(SEED)
    every = list(texts(corpus))
    long = [document for document in every if len(document.get("text", "")) > 400]
    short = [document for document in every if len(document.get("text", "")) <= 400]
    seen = agree_on_texts(dice.sample(long, 60) + dice.sample(short, 440), SEED, 200)
    assert seen["pairs"] == 100_000
    assert seen["documents"] > 300
    assert seen["hits"] > 2_000


def test_what_is_known_about_words_changes_what_is_found() -> None:
    topics, document = next(
        (topics, document)
        for topics, document in pairs(SEED, 10_000)
        if reference.matches(topics, document)
        != reference.matches([replace(topic, facts=None) for topic in topics], document)
    )
    compare(topics, document)
    compare([replace(topic, facts=None) for topic in topics], document)
