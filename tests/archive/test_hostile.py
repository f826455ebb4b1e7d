"""Hostile queries and texts end in a result or in an error of ours. How fast is for tests/bench/bench_hostile.py to say."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive.errors import TopicError
from archive.match import MOST_SPOTS, Matcher
from archive.topic import TopicSpec, compile_topics
from tests.archive.hostile import NOT_QUERIES, QUERIES, TEXTS


def matcher(queries: dict[str, str]) -> Matcher:
    return Matcher(
        compile_topics([TopicSpec(topic_id=name, title=name, query=query) for name, query in queries.items()])
    )


@pytest.mark.parametrize("name", TEXTS)
def test_a_hostile_text_ends_in_hits_that_cut_it(name: str) -> None:
    text = TEXTS[name]
    found = matcher(QUERIES).match({"title": text[:500], "text": text, "lang": "en", "date": "2026-07-19"})
    for hits in found.values():
        assert len(hits) <= 2 * 4 * MOST_SPOTS
        for hit in hits[:50] + hits[-50:]:
            assert hit.text == (text[:500] if hit.field == "title" else text)[hit.start : hit.end]


@pytest.mark.parametrize("name", NOT_QUERIES)
def test_a_hostile_query_is_refused_or_read(name: str) -> None:
    query = NOT_QUERIES[name]
    try:
        topics = compile_topics([TopicSpec(topic_id="t", title="t", query=query)])
    except TopicError as error:
        assert 0 <= error.column <= len(query)
        assert len(str(error)) < 1_000
    else:
        assert Matcher(topics).match({"text": "nothing of it"}) == {}


@pytest.mark.corpus
def test_every_naughty_string_is_a_query_and_a_text(corpus: Path) -> None:
    strings = (corpus / "hostile" / "naughty-strings.txt").read_text("utf-8").split("\n")
    plain = matcher(QUERIES)
    read = 0
    for text in strings:
        for hits in plain.match({"title": text, "text": text}).values():
            assert all(hit.text == text[hit.start : hit.end] for hit in hits)
        try:
            own = compile_topics([TopicSpec(topic_id="t", title="t", query=text)])
        except TopicError:
            continue
        read += 1
        # What a string asks for stands in it, unless it denies it or asks for a field.
        if not any(sign in str(own[0].tree) for sign in ("NOT", ":")):
            assert "t" in Matcher(own).match({"text": text}), text
    assert read > 50
