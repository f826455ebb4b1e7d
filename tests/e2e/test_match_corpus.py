"""`presswatch match` over a real corpus: the spans cut exactly what they quote."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path

import pytest

from archive.normalize import fold
from tests.conftest import presswatch
from tests.e2e.world import write_config

pytestmark = pytest.mark.corpus


def test_spans_over_1543_spanish_texts_cut_the_quoted_words(corpus: Path, tmp_path: Path) -> None:
    packed = corpus / "text" / "fakenews-es.jsonl.gz"
    plain = tmp_path / "corpus.jsonl"
    plain.write_bytes(gzip.decompress(packed.read_bytes()))
    config = write_config(
        tmp_path, [{"id": "none", "name": "None", "endpoints": [{"feed": "http://127.0.0.1/"}]}]
    )
    lines = [json.loads(line) for line in presswatch("match", plain, config=config).out.splitlines()]
    before = [json.loads(line) for line in plain.read_text("utf-8").splitlines()]
    assert [{key: line[key] for key in line if key != "matches"} for line in lines] == before
    topics: Counter[str] = Counter()
    for line in lines:
        for match in line["matches"]:
            topics[match["topic"]] += 1
            assert match["hits"]
            for hit in match["hits"]:
                assert line[hit["field"]][hit["start"] : hit["end"]] == hit["text"]
    assert topics["peru"] >= 10
    words = {fold(hit["text"]) for line in lines for match in line["matches"] for hit in match["hits"]}
    assert {"peru", "litio"} <= words
    # What a plain search for the folded word finds, the matcher finds.
    loose = [
        line for line in lines if " peru " in f" {fold(line['text'])} ".replace(",", " ").replace(".", " ")
    ]
    assert all(any(match["topic"] == "peru" for match in line["matches"]) for line in loose)
