"""The shipped topics against sentences that somebody labelled who had not seen them: what is missed, what is too much.

Two draws by two people. The corpus' sentences stand in no repository: a label names file, record, field and span.
Invented ones stand for days and names that the corpus does not hold. What two careful people could disagree about
(``borderline``) is left out of the measure.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from archive.match import Matcher
from crawler.config import load
from crawler.watchlist import compile_config

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests" / "cases" / "labelled"
TOPICS = ("peru", "boluarte", "us-troops", "lithium", "july-19")
LEAST = 0.95


@dataclass(frozen=True)
class Sentence:
    """One sentence; ``label``: whether a subscriber to the topic would want it."""

    topic: str
    text: str
    lang: str
    label: bool


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return Matcher(compile_config(load(ROOT / "config")))


def labels(kind: str) -> list[dict[str, Any]]:
    rows = [
        row
        for path in sorted(FOLDER.glob(f"{kind}-*.toml"))
        for row in tomllib.loads(path.read_text("utf-8"))["sentence"]
    ]
    return [row for row in rows if not row.get("borderline")]


def invented() -> Iterator[Sentence]:
    for row in labels("invented"):
        yield Sentence(row["topic"], row["text"], row["lang"], row["label"])


def drawn(corpus: Path) -> Iterator[Sentence]:
    rows = labels("corpus")
    files = {row["file"].removesuffix(".jsonl.gz") for row in rows}
    records = {}
    for file in files:
        with gzip.open(corpus / "text" / f"{file}.jsonl.gz", "rt", encoding="utf-8") as lines:
            records[file] = {record["id"]: record for record in map(json.loads, lines)}
    for row in rows:
        file = row["file"].removesuffix(".jsonl.gz")
        text = records[file][row["id"]][row["field"]][row["start"] : row["end"]]
        assert hashlib.sha256(text.encode()).hexdigest()[:8] == row["sha"]
        lang = "es" if file == "fakenews-es" or row["field"] == "es" else "en"
        yield Sentence(row["topic"], text, lang, row["label"])


def wrong(matcher: Matcher, sentences: list[Sentence]) -> tuple[list[str], list[str], int]:
    """What is missed, what is too much, and how many are right to be found."""
    missed, extra, right = [], [], 0
    for one in sentences:
        found = one.topic in matcher.match({"text": one.text, "lang": one.lang})
        if one.label and found:
            right += 1
        elif one.label:
            missed.append(one.text)
        elif found:
            extra.append(one.text)
    return missed, extra, right


@pytest.mark.corpus
@pytest.mark.parametrize("topic", TOPICS)
def test_a_shipped_topic_finds_what_its_readers_want_and_little_else(
    matcher: Matcher, corpus: Path, topic: str
) -> None:
    sentences = [one for one in (*drawn(corpus), *invented()) if one.topic == topic]
    assert len(sentences) >= 40
    missed, extra, right = wrong(matcher, sentences)
    recall = right / max(1, right + len(missed))
    precision = right / max(1, right + len(extra))
    assert min(recall, precision) >= LEAST, f"recall {recall:.3f}, precision {precision:.3f}:\n" + "\n".join(
        [f"missed: {text}" for text in missed] + [f"too much: {text}" for text in extra]
    )


@pytest.mark.parametrize("topic", TOPICS)
def test_a_shipped_topic_finds_what_was_invented_for_it(matcher: Matcher, topic: str) -> None:
    missed, extra, right = wrong(matcher, [one for one in invented() if one.topic == topic])
    assert right / (right + len(missed)) >= LEAST, f"missed: {missed}"
    assert right / (right + len(extra)) >= LEAST, f"too much: {extra}"
