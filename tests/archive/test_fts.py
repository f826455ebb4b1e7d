"""The index misses nothing: what a topic matches is among its candidates, in an archive as it is."""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive import maintain, reach
from archive.connect import transaction
from archive.document import COLUMNS, document
from archive.errors import TopicError
from archive.facts import one_slip
from archive.fts import _slips, candidates
from archive.match import Matcher
from archive.normalize import fold
from archive.odd import as_read, is_odd
from archive.query import parse
from archive.topic import Topic, TopicSpec, compile_topics
from tests.archive.pairs import KNOWN, SMALL, Shape, random_document, random_topic
from tests.archive.test_agreement import features, texts, topics_about
from tests.archive.world import entry, later, page, poll, store

SEED = 20260719
# Letters that make words, and all that the index and we might read each in our own way.
ALPHABET = "aeiouábcdlmnprstuñÁ019.,'’- \n_…ºß½²ＡøłЖ秘\u0301\u00ad\u200b´‑🔴ﬁ№🫠"


# Every character, but of the ideographs, which are all alike.
BLOCKS = ((0, 0x3500), (0xA000, 0xAC10), (0xF900, 0x12000), (0x16800, 0x17000), (0x1B000, 0x20000))
EVERY = [chr(code) for first, last in BLOCKS for code in range(first, last)]


def add(conn: sqlite3.Connection, fields: Mapping[str, str], number: int) -> None:
    """Store an article as given, not cleaned: what others wrote to an archive must be found, too."""
    source = fields.get("source", "none\nNo Name").split("\n")
    conn.execute(
        """insert into sources (id, name, country, tags, added_at)
        values (?, ?, ?, json_array(?), '2026-07-19') on conflict do nothing""",
        (f"{source[0]}{number}", source[-1], fields.get("country"), fields.get("tag", "")),
    )
    conn.execute(
        """insert into articles (key, url, source_id, title, summary, text, author, language, tags, published_at,
        published_from, first_seen_at, content)
        values (?, ?, ?, ?, ?, ?, ?, ?, json_array(?), ?, 'none', '2023-07-19', 'full')""",
        (
            str(number), fields.get("url"), f"{source[0]}{number}",
            *(fields.get(name, "") for name in ("title", "summary", "text")),
            fields.get("author"), fields.get("lang") or None, fields.get("section", ""), fields.get("date"),
        ),
    )  # fmt: skip


def stored(conn: sqlite3.Connection, documents: Iterable[Mapping[str, str]]) -> dict[int, dict[str, str]]:
    """Store ``documents``; return each article as the matcher reads it."""
    with transaction(conn):
        for number, fields in enumerate(documents):
            add(conn, fields, number)
        reach.admit_new(conn)
        while maintain.judge_texts(conn):
            pass
    rows = conn.execute(f"select {COLUMNS} from articles a join sources s on s.id = a.source_id")
    return {row["id"]: document(row) for row in rows}


def found(conn: sqlite3.Connection, topic: Topic, topics: Mapping[str, Topic]) -> list[int] | None:
    """Return the candidates of ``topic``, None if it cannot be restricted."""
    match = reach.query(conn, [topic.topic_id], topics)
    sql, values = reach.candidate_ids(match)
    return None if match is None else [row[0] for row in conn.execute(sql, values)]


def hold(
    conn: sqlite3.Connection,
    articles: Mapping[int, Mapping[str, str]],
    topics: Sequence[Topic],
    seen: Counter[str],
) -> None:
    """Assert that all articles which ``topics`` match are candidates, and count what took part in it."""
    matcher = Matcher(topics)
    matched = {topic.topic_id: set[int]() for topic in topics}
    for article_id, fields in articles.items():
        for topic_id, hits in matcher.match(fields).items():
            matched[topic_id].add(article_id)
            seen.update({f"found {hit.how}" for hit in hits})
            seen["accents"] += any(hit.text.isalpha() and fold(hit.text) != hit.text.lower() for hit in hits)
    seen["pairs"] += len(articles)
    seen["matching"] += len(set[int]().union(*matched.values()))
    for topic in topics:
        ids, wanted = found(conn, topic, matcher.topics), matched[topic.topic_id]
        seen["topics"] += 1
        if ids is None:
            continue
        assert ids == sorted(set(ids))
        missed = sorted(wanted - set(ids))
        assert not missed, (
            f"{[(one.topic_id, *map(str, one.trees)) for one in topics]}\n{topic.topic_id} {topic.languages} misses "
            f"{articles[missed[0]]!a}\n{candidates(topic, matcher.topics)}"
        )
        seen["restricted"] += 1
        seen["candidates"] += len(ids)
        seen["of these matching"] += len(wanted)
        if wanted:
            seen.update(features(topic))


def documents(dice: random.Random, count: int) -> list[dict[str, str]]:
    """Return random articles: half of them in plain letters, as nearly all are in life."""
    made = []
    for number in range(count):
        one = random_document(dice, dice.randint(40, 120))
        if number % 2:
            one = {name: "".join(c for c in text if not is_odd(c)) for name, text in one.items()}
        elif number % 4 == 2:
            one["text"] += "".join(dice.choice(ALPHABET) for _ in range(40))
        made.append(one)
    return made


def ask(conn: sqlite3.Connection, seed: int, size: int, lists: int, shape: Shape = SMALL) -> Counter[str]:
    """Ask ``lists`` random watch lists about ``size`` random articles."""
    dice = random.Random(seed)
    articles = stored(conn, documents(dice, size))
    about = list(articles.values())
    seen: Counter[str] = Counter(odd=len(conn.execute("select 1 from articles where odd").fetchall()))
    for _ in range(lists):
        topics: list[Topic] = []
        facts = dice.choice((KNOWN, KNOWN, KNOWN, None))
        for number in range(dice.choice((1, 1, 2, 3))):
            topics.append(random_topic(dice, f"t{number}", dice.choice(about), topics, facts, shape))
        hold(conn, articles, topics, seen)
    return seen


EVERYTHING = {
    *("Or", "And", "Not", "Near", "In", "Phrase", "Date", "Ref", "folded", "cs", "exact"),
    *("mark *", "mark ~", "mark +", "capitals", "ONEAR", "exclude", "require", "accents"),
    *(f"found {how}" for how in ("exact", "folded", "acronym", "inflected", "fuzzy", "date")),
}


def test_no_article_that_matches_is_missed_in_ten_thousand_random_pairs_of_which_a_third_match(
    conn: sqlite3.Connection,
) -> None:
    seen = ask(conn, SEED, 40, 280)
    assert seen["pairs"] > 10_000
    assert seen["matching"] > seen["pairs"] / 3
    assert {name for name in EVERYTHING if seen[name] < 10} == set()
    assert seen["odd"] >= 20
    assert seen["restricted"] > 0.8 * seen["topics"]
    assert seen["of these matching"] > 1_000
    # It is of use: of what the index gives, a good part matches, although these topics are made to be strange.
    assert seen["candidates"] < 3 * seen["of these matching"]


@pytest.mark.corpus
def test_nor_in_500_real_texts(conn: sqlite3.Connection, corpus: Path) -> None:
    dice = random.Random(SEED)
    every = list(texts(corpus))
    articles = stored(conn, dice.sample(every, 500))
    seen: Counter[str] = Counter()
    hold(conn, articles, topics_about(list(articles.values()), dice, 60), seen)
    assert seen["restricted"] > 40
    assert seen["of these matching"] > 100
    assert seen["candidates"] < seen["restricted"] * len(articles) / 3


@given(text=st.text(st.sampled_from(ALPHABET), max_size=12))
def test_a_text_in_whatever_letters_is_found_by_its_own_words(text: str) -> None:
    with sqlite3.connect(":memory:") as conn:
        conn.execute(
            "create virtual table plain using fts5 (title, tokenize='unicode61 remove_diacritics 2')"
        )
        conn.execute("create virtual table odd using fts5 (title, tokenize='unicode61 remove_diacritics 0')")
        odd = is_odd(text)
        conn.execute(f"insert into {'odd' if odd else 'plain'} values (?)", (as_read(text) if odd else text,))
        for word in text.split():
            for written in (word, f"{word}*", f"{word}~"):
                try:
                    [topic] = compile_topics([TopicSpec(topic_id="t", title="t", query=f'"{written}"')])
                except TopicError:
                    continue
                if Matcher([topic]).match({"title": text}):
                    query = candidates(topic, {})
                    table = "odd" if odd else "plain"
                    assert conn.execute(f"select 1 from {table} where {table} match ?", (query,)).fetchone()
    conn.close()


@given(
    word=st.text(st.sampled_from("abceø1"), min_size=6, max_size=8),
    other=st.text("abceø1", min_size=5, max_size=9),
)
def test_every_slip_is_looked_for(word: str, other: str) -> None:
    other = word[0] + other[1:]
    if word.isascii() and one_slip(word, other):
        assert other.replace("ø", as_read("xø")[1]) in _slips(word)


def test_plain_characters_are_read_alike_by_the_index_and_by_us(conn: sqlite3.Connection) -> None:
    plain = [char for char in EVERY if not is_odd(char)]
    words = tokenized(conn, [f"qa{char}b" for char in plain], diacritics=2)
    wanted = [[f"qa{fold(char)}b"] if fold(char).isalnum() else ["qa", "b"] for char in plain]
    wrong = [char for char, have, want in zip(plain, words, wanted, strict=True) if have != want]
    assert wrong == []
    assert {*"aÁñüÑ 0’“”—…€¿¡\n´🔴"} <= set(plain)


def test_letters_that_are_no_plain_ones_are_words_to_the_index_of_odd_articles(
    conn: sqlite3.Connection,
) -> None:
    foreign = [
        char for char in EVERY if len(fold(char)) == 1 and fold(char).isalnum() and not fold(char).isascii()
    ]
    words = tokenized(conn, list(map(as_read, foreign)), diacritics=0)
    assert [char for char, have in zip(foreign, words, strict=True) if len(have) != 1] == []


def tokenized(conn: sqlite3.Connection, texts: list[str], *, diacritics: int) -> list[list[str]]:
    """Return the words that FTS5 makes of each text."""
    conn.execute(
        f"create virtual table temp.f using fts5 (t, tokenize='unicode61 remove_diacritics {diacritics}')"
    )
    conn.execute("create virtual table temp.v using fts5vocab (temp, f, 'instance')")
    conn.executemany("insert into temp.f (rowid, t) values (?, ?)", enumerate(texts))
    words: list[list[str]] = [[] for _ in texts]
    for row in conn.execute("select term, doc from temp.v order by doc, offset"):
        words[row["doc"]].append(row["term"])
    return words


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("Bogotá", '"bogota"'),
        ("US", '("us" OR "u s")'),
        ("EE.UU.", '("eeuu" OR "e e u u" OR "ee uu")'),
        ("19000", '("19000" OR "19 000")'),
        ('"estados unidos"', 'NEAR("estados" "unidos", 4)'),
        ("peruan*", '"peruan" *'),
        ("title:Cusco AND Tacna", '(({title} : "cusco") AND "tacna")'),
        ("body:Cusco", '({summary text} : "cusco")'),
        ("Cusco NEAR/5 Tacna", '("cusco" AND "tacna")'),
        ("Cusco NOT Tacna", '"cusco"'),
        ("Cusco AND source:rpp", '"cusco"'),
        ("source:rpp", None),
        ("Cusco OR source:rpp", None),
        ('cs("ONU")', '("onu" OR "o n u")'),
        ("Straße", '"strasse"'),
        ("Łódź", '"ǃodz"'),
        ("秘鲁", '"秘鲁"'),
    ],
)
def test_a_query_of_the_index(query: str, expected: str | None) -> None:
    assert candidates(Topic("t", "t", "", parse(query)), {}) == expected


def test_what_is_required_restricts_and_what_is_excluded_does_not() -> None:
    [topic] = compile_topics(
        [
            TopicSpec(
                topic_id="t",
                title="t",
                query="Cusco",
                require=("Tacna", "NOT lang:es"),
                exclude=("Cusco, Ohio",),
            )
        ]
    )
    assert candidates(topic, {}) == '("cusco" AND "tacna")'


def test_an_article_is_judged_when_it_is_stored_and_when_it_changes(conn: sqlite3.Connection) -> None:
    def odd() -> tuple[list[int | None], list[int]]:
        rows = conn.execute("select odd from articles order by id").fetchall()
        words = conn.execute(
            "select rowid from articles_fts_odd where articles_fts_odd match '\"1o\" OR strasse'"
        )
        return [row[0] for row in rows], [row[0] for row in words]

    store(conn, poll([entry("b", "El 1º de mayo"), entry("a", "El 19 de julio")]))
    assert odd() == ([0, 1], [2])
    store(conn, page(1, "In der Straße", at=later(1)))
    assert odd() == ([1, 1], [1, 2])
    store(conn, page(1, "En la calle", at=later(2)))
    assert odd() == ([0, 1], [2])


def test_an_article_of_an_earlier_version_is_a_candidate_until_it_is_judged(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a", "Litio"), entry("b", "El 1º de mayo")]))
    conn.execute("update articles set odd = null")
    conn.execute("delete from articles_fts_odd")
    topics = {"t": Topic("t", "t", "", parse("1o"))}
    assert found(conn, topics["t"], topics) == [1, 2]
    assert maintain.judge_texts(conn) == 2
    assert maintain.judge_texts(conn) == 0
    assert found(conn, topics["t"], topics) == [1]


def test_what_nests_deeper_than_the_parser_of_the_index_can_follow_is_left_out(
    conn: sqlite3.Connection,
) -> None:
    topics: dict[str, Topic] = {"t0": Topic("t0", "t0", "", parse("Cusco"))}
    for number in range(1, 60):
        query = f"Tacna OR (title:(Arequipa OR Ayacucho) AND @t{number - 1})"
        topics[f"t{number}"] = Topic(f"t{number}", "", "", parse(query))
    store(conn, poll([entry("a", "Tacna"), entry("b", "Ayacucho y Cusco"), entry("c", "Iquitos")]))
    wanted = [row[0] for row in conn.execute("select id from articles where title <> 'Iquitos' order by id")]
    answers = [found(conn, topic, topics) for name, topic in topics.items() if name != "t0"]
    assert answers[0] == wanted
    assert None in answers  # then every article is a candidate
    assert all(answer in (wanted, None) for answer in answers)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("NAACP", "The N.A.A.C.P. said"),
        ("NAACP", "The N. A. A. C. P. said"),
        ("NAACP*", "The N.A.A.C.P.T. said"),
        ("NAACP", "The N\u2024A\u2024A\u2024C\u2024P said"),  # one dot leaders
        ("EE.UU.", "En EE UU no"),
        ("EEUU*", "En EE. UU. no"),
        ("1234567", "Hay 1,234,567 casos"),
        ("1234*", "Hay 123,456 casos"),
        ("秘鲁总统*", "秘鲁总统abc"),
        ("秘鲁总统", "秘鲁总统"),
        ("Вашингтон~", "в Вашинтон"),
        ("Vancouver~", "In Vanc\u0153uver"),
        ('"Peru Lima"', "Peru's Lima"),
        ("Straße", "STRASSE"),
        ("1o", "El 1º de mayo"),
        ("date(07-19)", "Del 17, 18 y 19 de julio"),
        ("date(07-19)", "July 17, 18 and 19"),
        ("date(07-19)", "la marcha 19-J"),
        ("date(07-19)", "a 19.07.2023"),
    ],
)
def test_what_is_written_in_a_way_of_its_own_is_a_candidate(
    conn: sqlite3.Connection, query: str, text: str
) -> None:
    topics = {"t": Topic("t", "t", "", parse(query))}
    articles = stored(conn, [{"title": text, "lang": "es"}, {"title": "Otra cosa", "lang": "es"}])
    assert [number for number, one in articles.items() if Matcher(topics.values()).match(one)] == [1]
    assert found(conn, topics["t"], topics) == [1]
