"""What a topic would find in the archive, counted, and what it would gain and lose."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Sequence

import pytest

from archive import preview, reach, rematch
from archive.match import Matcher
from archive.topic import Topic, compile_topics
from tests.archive.pairs import KNOWN, random_topic
from tests.archive.test_fts import SEED, documents, stored
from tests.archive.test_rematch import List
from tests.archive.world import TOPICS, column, entry, later, match, poll, spec, store

DAY = 24 * 60


@pytest.fixture
def articles(conn: sqlite3.Connection) -> sqlite3.Connection:
    """Four articles on three days, of two sources."""
    store(conn, poll([entry("a", "Una mina en el Perú"), entry("b", "Litio en Puno")]))
    store(conn, poll([entry("c", "A mine in Peru", summary="Peru, again")], endpoint=3, at=later(DAY)))
    store(conn, poll([entry("d", "Otra mina del Perú")], at=later(2 * DAY)))
    List(conn, TOPICS, minutes=0).apply()
    match(conn)
    return conn


def topic(*terms: str) -> Topic:
    return compile_topics([spec("peru", *terms)])[0]


def found(conn: sqlite3.Connection, *terms: str, days: int | None = None, samples: int = 10) -> preview.Found:
    begin = preview.since(conn, days) if days else None
    return preview.find(conn, topic(*terms), {}, begin=begin, samples=samples)


def test_what_a_topic_finds_is_counted_by_day_source_and_language(articles: sqlite3.Connection) -> None:
    one = found(articles, "Perú")
    assert one.total == 3
    assert one.days == {"2026-07-19": 1, "2026-07-20": 1, "2026-07-21": 1}
    assert one.sources == {"andina": 2, "harbour": 1}
    assert one.languages == {"es": 2, "en": 1}


def test_samples_are_the_newest_with_what_was_found_in_them(articles: sqlite3.Connection) -> None:
    one = found(articles, "Perú", samples=2)
    assert [sample.title for sample in one.samples] == ["Otra mina del Perú", "A mine in Peru"]
    assert [hit.text for hit in one.samples[1].hits] == ["Peru", "Peru"]
    assert one.total == 3


@pytest.mark.parametrize(("days", "total"), [(1, 1), (2, 2), (3, 3), (3_000_000, 3)])
def test_the_last_days_are_those_of_the_archive(articles: sqlite3.Connection, days: int, total: int) -> None:
    assert found(articles, "Perú", days=days).total == total
    assert preview.articles(articles, preview.since(articles, days)) == total + (days > 2)


def test_an_archive_without_articles_has_no_days(conn: sqlite3.Connection) -> None:
    assert preview.since(conn, 30) is None
    assert found(conn, "Perú").total == 0


def test_what_became_another_article_is_not_found(articles: sqlite3.Connection) -> None:
    articles.execute("update articles set merged_into = 1 where id = 4")
    assert found(articles, "Perú").total == 2
    assert preview.articles(articles) == 3
    assert found(articles, "source:andina", days=3).total == 0  # a term is a phrase


def test_what_would_be_gained_and_lost(articles: sqlite3.Connection) -> None:
    difference = preview.compare(articles, topic("Puno", "A mine"), {})
    assert (difference.gained.total, difference.lost.total, difference.kept) == (1, 2, 1)
    assert [one.title for one in difference.gained.samples] == ["Litio en Puno"]
    lost = difference.lost.samples[0]
    assert (lost.title, [hit.text for hit in lost.hits]) == ("Otra mina del Perú", ["Perú"])


def test_a_plan_writes_nothing_and_is_what_happens(articles: sqlite3.Connection) -> None:
    changed = (spec("peru", "Puno", "A mine"), *TOPICS[1:])
    plan = preview.compare(articles, compile_topics(changed)[0], {})
    before = set(
        column(articles, "select article_id from matches where topic_id = 'peru' and ended_at is null")
    )
    List(articles, changed, minutes=1).apply()
    after = set(
        column(articles, "select article_id from matches where topic_id = 'peru' and ended_at is null")
    )
    assert {one.article_id for one in plan.gained.samples} == after - before
    assert {one.article_id for one in plan.lost.samples} == before - after
    assert plan.kept == len(before & after)


def lists(conn: sqlite3.Connection, count: int) -> tuple[dict[int, dict[str, str]], Sequence[Topic]]:
    dice = random.Random(SEED)
    made = documents(dice, 60)
    for one in made:
        if one.get("date") == "soon":
            del one["date"]
    every = stored(conn, made)
    topics: list[Topic] = []
    for number in range(count):
        about = dice.choice(list(every.values()))
        topics.append(random_topic(dice, f"t{number}", about, topics[-2:], KNOWN))
    return every, topics


def test_random_topics_are_applied_as_a_full_scan_would(
    conn: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    every, topics = lists(conn, reach.MOST_TOPICS)
    matcher = Matcher(topics)
    wanted = {(name, article_id) for article_id, fields in every.items() for name in matcher.match(fields)}
    monkeypatch.setattr(rematch.take, "__defaults__", (7,))
    read = 0
    for topic in topics:
        # One after the other: together some topic of them would make every article a candidate.
        conn.execute("insert into topics (id, title, version) values (?, '', '')", (topic.topic_id,))
        while work := rematch.todo(conn, [topic.topic_id]):
            taken = [
                (one, matcher.match(one.fields))
                for one in rematch.take(conn, rematch.restricted(conn, work, matcher.topics))
            ]
            read += len(taken)
            upto = taken[-1][0].article_id if taken else None
            rematch.store(conn, work, upto, taken, {topic.topic_id: ""}, later(1))
    rows = conn.execute("select topic_id, article_id from matches where ended_at is null")
    assert {tuple(row) for row in rows} == wanted
    assert len(wanted) > 200
    assert read < 0.7 * len(topics) * len(every)


def test_previews_of_random_topics_count_what_a_full_scan_finds(conn: sqlite3.Connection) -> None:
    every, topics = lists(conn, 30)
    matcher = Matcher(topics)
    matched = [(name, article_id) for article_id, fields in every.items() for name in matcher.match(fields)]
    for topic in topics:
        one = preview.find(conn, topic, matcher.topics, samples=99)
        assert [sample.article_id for sample in one.samples] == sorted(
            (article_id for name, article_id in matched if name == topic.topic_id), reverse=True
        )
        assert sum(one.days.values()) == sum(one.sources.values()) == one.total == len(one.samples)
