"""The index misses nothing: what a topic matches is among its candidates, in an archive as it is."""

from __future__ import annotations

import random
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path

import pytest

from archive import maintain, reach
from archive.connect import transaction
from archive.document import COLUMNS, document
from archive.facts import Facts, one_slip
from archive.fts import NOTHING, candidates, is_odd
from archive.match import Matcher
from archive.normalize import fold
from archive.topic import Term, Topic, TopicSpec, compile_topics
from tests.archive.pairs import (
    ABOUT,
    LANGUAGES,
    REAL,
    SMALL,
    Shape,
    random_document,
    random_text,
    random_topic,
)
from tests.archive.test_agreement import features

SEED = 20260719
ALPHABET = "aeiouábcdlmnprstuñÁ019.,'’- \n_…ºß½²ＡøЖ秘\u0301\u00ad\u200b´‑🔴ﬁ№"


def add(conn: sqlite3.Connection, fields: Mapping[str, str], number: int) -> None:
    """Store an article as given, not cleaned: an archive that others wrote to must be no other."""
    source = fields.get("source", "none\nNo Name").split("\n")
    conn.execute(
        """insert into sources (id, name, country, tags, added_at)
        values (?, ?, ?, json_array(?), '2026-07-19') on conflict do nothing""",
        (f"{source[0]}{number}", source[-1], fields.get("country"), fields.get("tag", "")),
    )
    texts = [fields.get(name, "") for name in ("title", "summary", "text")]
    conn.execute(
        """insert into articles (key, url, source_id, title, summary, text, author, language, tags, published_from,
        published_at, first_seen_at, content) values (?, ?, ?, ?, ?, ?, ?, ?, json_array(?), 'none', ?, '2023-07-19', 'full')""",
        (
            str(number), fields.get("url"), f"{source[0]}{number}", *texts, fields.get("author"),
            fields.get("lang") or None, fields.get("section", ""), fields.get("date"),
        ),
    )  # fmt: skip


def stored(conn: sqlite3.Connection, documents: Iterable[Mapping[str, str]]) -> dict[int, dict[str, str]]:
    """Store ``documents``; return each article as the matcher reads it."""
    with transaction(conn):
        for number, fields in enumerate(documents):
            add(conn, fields, number)
        while maintain.judge_texts(conn):
            pass
    rows = conn.execute(f"select {COLUMNS} from articles a join sources s on s.id = a.source_id")
    return {row["id"]: document(row) for row in rows}


def missed(
    conn: sqlite3.Connection,
    articles: Mapping[int, Mapping[str, str]],
    topics: Sequence[Topic],
    seen: Counter[str],
) -> None:
    """Assert that all articles which ``topics`` match are candidates, and count what took part in it."""
    matcher = Matcher(topics)
    matched = {topic.topic_id: set[int]() for topic in topics}
    for article_id, fields in articles.items():
        for topic_id in matcher.match(fields):
            matched[topic_id].add(article_id)
    for topic in topics:
        match = reach.query(conn, [topic.topic_id], matcher.topics)
        sql, values = reach.candidate_ids(match)
        found = [row[0] for row in conn.execute(sql, values)]
        assert found == sorted(set(found))
        lost = matched[topic.topic_id] - set(found)
        assert not lost, (
            f"{topic.tree} require {list(map(str, topic.require))} {topic.languages}\n{match}\n"
            f"{articles[min(lost)]!a}\n{[[*map(str, one.trees)] for one in topics]}"
        )
        seen["asked"] += 1
        seen["pairs"] += len(articles)
        seen["matching"] += len(matched[topic.topic_id])
        if match is not None:
            odd = set(conn.execute("select id from articles where odd is not 0").fetchall())
            seen["restricted"] += 1
            seen["spared"] += len(articles) - len(found)
            seen["by the index"] += len(matched[topic.topic_id] - {row[0] for row in odd})
            if matched[topic.topic_id]:
                seen.update(features(topic))


def noise(dice: random.Random, count: int) -> str:
    """Return some of the worst characters, which now and then make words."""
    return "".join(dice.choice(ALPHABET) for _ in range(count))


def documents(dice: random.Random, count: int) -> list[dict[str, str]]:
    """Return random articles: nearly half in plain letters, as in life most are."""
    made = []
    for number in range(count):
        one = random_document(dice, dice.randint(5, 60))
        if number % 4 == 3:
            one["text"] += noise(dice, 40)
        if number % 2:
            one = {name: "".join(c for c in text if not is_odd(c)) for name, text in one.items()}
        made.append(one)
    return made


def ask(conn: sqlite3.Connection, seed: int, size: int, rounds: int, shape: Shape = SMALL) -> Counter[str]:
    dice = random.Random(seed)
    articles = stored(conn, documents(dice, size))
    seen: Counter[str] = Counter()
    from tests.archive.pairs import KNOWN

    for _ in range(rounds):
        topics: list[Topic] = []
        facts = dice.choice((KNOWN, KNOWN, KNOWN, None))
        for number in range(dice.choice((1, 1, 2, 3))):
            about = dice.choice(list(articles.values()))
            topics.append(random_topic(dice, f"t{number}", about, topics, facts, shape))
        missed(conn, articles, topics, seen)
    return seen


@pytest.mark.parametrize("seed", range(4))
def test_candidates_miss_nothing_of_random_topics_and_articles(conn: sqlite3.Connection, seed: int) -> None:
    seen = ask(conn, SEED + seed, 150, 150)
    print(seen)


def test_plain_characters_are_read_alike_by_the_index(conn: sqlite3.Connection) -> None:
    plain = [
        char
        for code in range(sys.maxunicode + 1)
        if not is_odd(char := chr(code)) and not 0xD800 <= code < 0xE000
    ]
    conn.execute("create virtual table temp.f using fts5 (t, tokenize='unicode61 remove_diacritics 2')")
    conn.execute("create virtual table temp.v using fts5vocab (temp, f, 'instance')")
    conn.executemany("insert into temp.f (rowid, t) values (?, ?)", ((ord(c) + 1, f"qa{c}b") for c in plain))
    words: dict[int, list[str]] = {}
    for row in conn.execute("select term, doc from temp.v order by doc, offset"):
        words.setdefault(row["doc"] - 1, []).append(row["term"])
    wrong = [
        char
        for char in plain
        if words[ord(char)] != ([f"qa{fold(char)}b"] if fold(char).isalnum() else ["qa", "b"])
    ]
    assert wrong == []
    assert {*"aÁñüÑ 0’“”—…€¿¡\n´🔴"} <= set(plain)
