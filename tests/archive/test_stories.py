"""Stories in an archive: a function of its articles, whatever the order, the batches and the kills."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from archive import cluster, maintain, reach, schema, sketches, stories
from archive.cluster import MOST_OF_ONE, WINDOW
from archive.connect import open_reader, open_writer, transaction
from archive.model import Copy
from archive.sketches import KEPT
from archive.times import stamp
from tests.archive.world import NOW, RSS, column, dump, entry, later, one, page, poll, store, undone

DAY = timedelta(days=1)


@cache
def prose(seed: object, words: int = 80) -> str:
    dice = random.Random(str(seed))
    return " ".join(f"w{dice.randrange(10**6)}" for _ in range(words))


TEXT, OTHER = prose("text"), prose("other")
CUT = " ".join(TEXT.split()[:50])


def add(
    conn: sqlite3.Connection,
    text: str,
    *,
    source: str = "andina",
    at: datetime = NOW,
    key: str | None = None,
    language: str | None = None,
    author: str | None = None,
    admit: bool = True,
) -> int:
    """Store an article as somebody would who knows nothing of stories."""
    number = conn.execute("select coalesce(max(id), 0) + 1 from articles").fetchone()[0]
    conn.execute(
        """insert into articles (id, key, source_id, title, published_from, first_seen_at, text, content, language,
        author) values (?, ?, ?, '', 'none', ?, ?, 'full', ?, ?)""",
        (number, key or f"k{number}", source, stamp(at), text, language, author),
    )
    if admit:
        reach.admit_new(conn)
    return int(number)


def outlets(conn: sqlite3.Connection) -> list[str]:
    """Who has the story of the first article, the first of them first."""
    return [one.outlet for one in stories.of(conn, [1])[1].copies]


def settle(conn: sqlite3.Connection, batch: int = stories.BATCH) -> None:
    """Do what the service's tick does, until nothing waits."""
    while waiting := stories.take(conn, batch):
        with transaction(conn):
            for each in waiting:
                stories.store(conn, stories.sketched(each))


def told(conn: sqlite3.Connection) -> set[frozenset[str]]:
    """Return the stories, as the keys of their articles; the rows of `stories` must say the same."""
    found: dict[int, list[sqlite3.Row]] = {}
    for row in conn.execute("select * from articles where story_id is not null order by id"):
        found.setdefault(row["story_id"], []).append(row)
    rows = conn.execute(
        "select id, first_article_id, first_seen_at, last_seen_at, outlets, articles from stories"
    )
    assert {tuple(row) for row in rows} == {
        (
            story_id,
            members[0]["id"],
            min(row["first_seen_at"] for row in members),
            max(row["first_seen_at"] for row in members),
            len({row["source_id"] for row in members}),
            len(members),
        )
        for story_id, members in found.items()
    }
    assert all(story_id == members[0]["id"] and len(members) > 1 for story_id, members in found.items())
    return {frozenset(row["key"] for row in members) for members in found.values()}


# --- what is a story --------------------------------------------------------------------------------------


def test_copies_of_several_outlets_are_one_story_that_begins_with_the_earliest(
    conn: sqlite3.Connection,
) -> None:
    add(conn, OTHER)
    add(conn, TEXT)
    add(conn, CUT, source="harbour", at=later(5), language="es")
    settle(conn)
    assert told(conn) == {frozenset({"k2", "k3"})}
    story = one(conn, "select * from stories")
    assert story["id"] == story["first_article_id"] == 2
    assert (story["outlets"], story["articles"], story["language"]) == (2, 2, "es")
    assert (story["first_seen_at"], story["last_seen_at"]) == (stamp(NOW), stamp(later(5)))
    assert column(conn, "select article_id from story_articles where story_id = 2 order by 1") == [2, 3]


def test_what_is_asked_for_articles_is_their_story_and_nothing_for_one_without(
    conn: sqlite3.Connection,
) -> None:
    add(conn, TEXT)
    add(conn, OTHER)
    add(conn, CUT, source="harbour", language="es")
    conn.execute("update articles set url = 'https://andina.example/1' where id = 1")
    settle(conn)
    found = stories.of(conn, [2, 3])
    assert found == {
        3: stories.Story(
            1, NOW, 2, (1, 3), (Copy("Andina", "https://andina.example/1"), Copy("Harbour Post"))
        )
    }


def test_who_had_a_story_first_is_who_published_it_first_whatever_was_read_first(
    conn: sqlite3.Connection,
) -> None:
    add(conn, TEXT)
    add(conn, CUT, source="harbour", language="es")
    settle(conn)
    publish = "update articles set published_at = ? where id = ?"
    conn.execute(publish, (stamp(later(-20)), 1))
    conn.execute(publish, (stamp(later(-45)), 2))
    assert outlets(conn) == ["Harbour Post", "Andina"]
    assert stories.of(conn, [1])[1].articles == (2, 1)
    conn.execute(publish, (stamp(later(60)), 2))
    assert outlets(conn) == ["Andina", "Harbour Post"], "it cannot be later than when it was seen"
    conn.execute(publish, (None, 2))
    assert outlets(conn) == ["Andina", "Harbour Post"]


def test_whose_copy_an_article_is_is_not_known_before_the_queue_and_its_page_were_read(
    conn: sqlite3.Connection,
) -> None:
    add(conn, TEXT)
    assert stories.unsettled(conn, [1, 2], NOW - DAY) == {1}
    assert stories.unsettled(conn, [1], NOW) == set(), "it has waited long enough"
    settle(conn)
    assert stories.unsettled(conn, [1], NOW - DAY) == set()
    due = "insert or replace into pages (article_id, state, attempts, fetched_at) values (1, 'due', ?, ?)"
    conn.execute(due, (0, None))
    assert stories.unsettled(conn, [1], NOW - DAY) == {1}
    conn.execute(due, (1, None))
    assert stories.unsettled(conn, [1], NOW - DAY) == set(), "it failed once, and may for days"
    conn.execute(due, (0, stamp(NOW)))
    assert stories.unsettled(conn, [1], NOW - DAY) == set(), "it was read, and is only looked at again"


@pytest.mark.parametrize(
    ("change", "copies"),
    [
        pytest.param({}, True, id="as it is"),
        pytest.param({"language": "en"}, False, id="another language"),
        pytest.param({"at": NOW + WINDOW * DAY}, True, id="seven days later"),
        pytest.param({"at": NOW + (WINDOW + 1) * DAY}, False, id="eight days later"),
        pytest.param({"text": prose("text", 29)}, False, id="too short"),
        pytest.param({"source": "andina"}, False, id="not enough for the same outlet"),
    ],
)
def test_what_makes_two_articles_copies(
    conn: sqlite3.Connection, change: dict[str, Any], copies: bool
) -> None:
    add(conn, TEXT, language="es")
    half = f"{' '.join(TEXT.split()[:45])} {prose('own', 35)}"
    add(conn, **{"text": half, "source": "harbour", "language": "es", **change})
    settle(conn)
    assert bool(told(conn)) is copies


def test_an_article_without_a_language_has_that_of_its_source(conn: sqlite3.Connection) -> None:
    add(conn, TEXT)
    add(conn, TEXT, source="harbour", language="es")
    add(conn, TEXT, source="harbour")
    settle(conn)
    assert told(conn) == {frozenset({"k1", "k2"})}


def test_feed_texts_are_a_story_where_they_are_long_enough(conn: sqlite3.Connection) -> None:
    store(
        conn, poll([entry("a", "Mina en Puno", prose("a", 40)), entry("b", "Mina en Puno", prose("b", 10))])
    )
    store(conn, poll([entry("c", "Mina", prose("a", 40), language="es")], RSS))
    store(conn, poll([entry("d", "Mina en Puno", prose("b", 10), language="es")], RSS))
    settle(conn)
    assert told(conn) == {frozenset({"https://news.example/a", "https://news.example/c"})}


def test_what_an_outlet_prints_below_everything_glues_nothing(conn: sqlite3.Connection) -> None:
    below = prose("below", 300)
    for number in range(MOST_OF_ONE):
        add(conn, f"{prose(number, 60)} {below}")
    settle(conn)
    assert len(told(conn)) == 1, "so far nobody can know"
    add(conn, f"{prose('last', 60)} {below}")
    settle(conn)
    assert told(conn) == set()


def test_a_story_that_very_many_outlets_print_stays_one(conn: sqlite3.Connection) -> None:
    for number in range(60):
        conn.execute(
            "insert into sources (id, name, added_at, language) values (?, ?, '', 'es')",
            (f"s{number}", f"S{number}"),
        )
        add(conn, TEXT, source=f"s{number}")
    settle(conn)
    (story,) = told(conn)
    assert len(story) == 60


def test_a_copy_with_its_outlets_paragraph_below_is_found_once_that_is_known(
    conn: sqlite3.Connection,
) -> None:
    below = prose("below", 250)
    add(conn, TEXT, source="harbour", language="es")
    add(conn, f"{TEXT} {below}")
    for number in range(MOST_OF_ONE):
        add(conn, f"{prose(number)} {below}")
    settle(conn)
    assert frozenset({"k1", "k2"}) in told(conn)


# --- what changes -----------------------------------------------------------------------------------------


def test_a_text_that_arrives_later_joins_and_one_that_changes_leaves(conn: sqlite3.Connection) -> None:
    store(
        conn,
        poll([entry("a", "Mina", language="es")]),
        poll([entry("b", "Puerto", TEXT, language="es")], RSS),
    )
    settle(conn)
    assert told(conn) == set()
    store(conn, page(1, TEXT))
    settle(conn)
    assert len(told(conn)) == 1
    store(conn, page(1, OTHER, at=later(60)))
    settle(conn)
    assert told(conn) == set()
    assert column(conn, "select count(*) from copies") == [0]


def test_the_article_between_two_others_that_changes_parts_them(conn: sqlite3.Connection) -> None:
    add(conn, TEXT)
    add(conn, f"{TEXT} {OTHER}", source="harbour", language="es")
    add(conn, OTHER)
    add(conn, OTHER, source="harbour", language="es")
    settle(conn)
    assert told(conn) == {frozenset({"k1", "k2", "k3", "k4"})}
    conn.execute("update articles set text = ? where id = 2", (TEXT,))
    settle(conn)
    assert told(conn) == {frozenset({"k1", "k2"}), frozenset({"k3", "k4"})}


def test_an_article_that_becomes_another_leaves_its_story(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a", "Mina", language="es"), entry("c", "Mina")]))
    store(conn, poll([entry("b", "Mina", TEXT, language="es")], RSS))
    store(conn, page(1, TEXT), page(2, TEXT, "c"))
    settle(conn)
    assert len(*told(conn)) == 3
    store(conn, page(3, "", "b", at=later(1), url="https://news.example/a"))
    assert column(conn, "select id from articles where merged_into is not null")
    settle(conn)
    assert told(conn) == {frozenset({"https://news.example/a", "https://news.example/c"})}
    assert column(conn, "select story_id from articles where merged_into is not null") == [None]


def test_a_text_that_is_let_go_for_age_changes_no_story(conn: sqlite3.Connection) -> None:
    add(conn, TEXT)
    add(conn, TEXT, source="harbour", language="es")
    settle(conn)
    assert maintain.prune_texts(conn, NOW + 100 * DAY, 90 * DAY) == 2
    assert stories.take(conn) == []
    assert len(told(conn)) == 1


def test_an_article_is_settled_after_seven_days(conn: sqlite3.Connection) -> None:
    add(conn, TEXT)
    add(conn, TEXT, source="harbour", language="es")
    settle(conn)
    add(conn, OTHER, at=NOW + (WINDOW + 1) * DAY)
    conn.execute("update articles set text = ? where id = 1", (OTHER,))
    settle(conn)
    assert told(conn) == {frozenset({"k1", "k2"})}
    assert stories.take(conn) == []


def test_other_changes_of_an_article_queue_nothing(conn: sqlite3.Connection) -> None:
    add(conn, TEXT)
    settle(conn)
    for change in ("text = text", "published_at = 'now'", "backfill = 1", "story_id = story_id", "odd = 1"):
        conn.execute(f"update articles set {change}")
    assert stories.take(conn) == []


def test_a_credit_is_noted_and_follows_the_text(conn: sqlite3.Connection) -> None:
    add(conn, f"LIMA (EFE).- {TEXT}")
    add(conn, "Nada.", author="AFP")
    add(conn, OTHER)
    settle(conn)
    assert column(conn, "select wire from articles order by id") == ["EFE", "AFP", None]
    conn.execute("update articles set text = ? where id = 1", (OTHER,))
    settle(conn)
    assert column(conn, "select wire from articles order by id") == [None, "AFP", None]


def test_an_archive_of_an_earlier_version_finds_the_stories_of_its_last_week(tmp_path: Path) -> None:
    with closing(open_writer(tmp_path / "archive.db")) as conn:
        schema.migrations.apply(Database(conn, execute_plugins=False), stop_before="stories_of_copies")
        conn.execute(
            "insert into sources (id, name, added_at, language) values ('andina', 'Andina', '', 'es')"
        )
        conn.execute("insert into sources (id, name, added_at, language) values ('harbour', 'H', '', 'es')")
        for at in (NOW - 30 * DAY, NOW):
            add(conn, TEXT, at=at, admit=False)  # that version had no queue of them
            add(conn, TEXT, source="harbour", at=at, admit=False)
        schema.migrate(conn)
        settle(conn)
        assert told(conn) == {frozenset({"k3", "k4"})}


# --- the queue --------------------------------------------------------------------------------------------


def test_a_change_between_taking_and_storing_is_looked_at_again(conn: sqlite3.Connection) -> None:
    add(conn, TEXT)
    add(conn, TEXT, source="harbour", language="es")
    taken = [stories.sketched(each) for each in stories.take(conn)]
    conn.execute("update articles set text = ? where id = 1", (OTHER,))
    with transaction(conn):
        for each in taken:
            stories.store(conn, each)
    assert [each.article_id for each in stories.take(conn)] == [1]
    settle(conn)
    assert told(conn) == set()


def test_the_matcher_and_this_take_nothing_from_each_other(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a", "Peru"), entry("b", "Peru")]))
    waiting = dump(conn, "changes")
    settle(conn)
    assert dump(conn, "changes") == waiting
    store(conn, page(1, TEXT))
    conn.execute("delete from changes")
    assert [each.article_id for each in stories.take(conn)] == [1]


def test_what_is_aside_is_left_alone_until_it_changes(conn: sqlite3.Connection) -> None:
    add(conn, TEXT)
    add(conn, OTHER)
    first, second = stories.take(conn)
    aside = {first.article_id: first.upto}
    assert stories.take(conn, aside=aside) == [second]
    conn.execute("update articles set text = 'Otra cosa.' where id = 1")
    assert [each.article_id for each in stories.take(conn, aside=aside)] == [2, 1]


def test_a_reader_can_take_and_of(conn: sqlite3.Connection, path: Path) -> None:
    add(conn, TEXT)
    with closing(open_reader(path)) as reader:
        assert len(stories.take(reader)) == 1
        assert stories.of(reader, [1]) == {}


# --- the law ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Piece:
    """An article of a small world: which texts it is made of, what its outlet prints below, where and when."""

    parts: tuple[int, ...]
    below: bool
    outlet: int
    day: int

    @property
    def text(self) -> str:
        below = prose(f"below {self.outlet}", 150) if self.below else ""
        return " ".join([*(prose(part, 40) for part in self.parts), below])


OUTLETS = ("andina", "harbour")
FEW = 2  # articles of one outlet that may share a hash: in a small world
PIECES = st.builds(
    Piece,
    parts=st.lists(st.integers(0, 3), min_size=1, max_size=2, unique=True).map(tuple),
    below=st.sampled_from((True, True, True, False)),
    outlet=st.integers(0, 1),
    day=st.sampled_from((0, 0, 0, 3, 7, 8, 12)),
)


def reference(pieces: Iterable[tuple[str, Piece]]) -> set[frozenset[str]]:
    """All at once, from the words of the law: no table, no queue, no order."""
    known = [(key, piece, cluster.sketch(f"\n{piece.text}")) for key, piece in pieces]

    def common(piece: Piece, sketch: cluster.Sketch) -> set[int]:
        near = [s for _, p, s in known if p.outlet == piece.outlet and abs(p.day - piece.day) <= WINDOW]
        return {each for each in sketch.hashes if sum(each in s.hashes for s in near) > FEW}

    commons = [common(piece, sketch) for _, piece, sketch in known]
    pairs = []
    for a, (_, this, first) in enumerate(known):
        for b, (_, other, second) in enumerate(known[:a]):
            share = cluster.containment(first, second, commons[a] | commons[b])
            near = abs(this.day - other.day) <= WINDOW
            if near and cluster.is_copy(share, same_outlet=this.outlet == other.outlet):
                pairs.append((a, b))
    found = cluster.stories(range(len(known)), pairs)
    return {frozenset(known[n][0] for n in story) for story in found if len(story) > 1}


def played(
    conn: sqlite3.Connection,
    pieces: Sequence[tuple[str, Piece]],
    dice: random.Random,
    *,
    changing: bool,
) -> None:
    """Let articles arrive, ``changing``: with other words first now and then. They are looked at in between.

    One attempt in three is killed, at any place. No words change of an article that would be settled by then.
    """
    late: list[tuple[int, str]] = []
    began = pieces[0][1].day if pieces else 0
    for key, piece in pieces:
        if piece.day > began + WINDOW:
            while late:
                turn(conn, late.pop())
            began = piece.day
        first = piece.text
        if changing and dice.random() < 0.4:
            first = dice.choice(("", prose(0, 40), f"{prose(1, 40)} {prose(f'below {piece.outlet}', 150)}"))
        at = NOW + piece.day * DAY
        article_id = add(conn, first, source=OUTLETS[piece.outlet], at=at, key=key, language="es")
        if first != piece.text:
            late.append((article_id, piece.text))
        if dice.random() < 0.5:
            attempt(conn, dice)
        if late and dice.random() < 0.5:
            turn(conn, late.pop(dice.randrange(len(late))))
    while late:
        turn(conn, late.pop(dice.randrange(len(late))))
        attempt(conn, dice)
    settle(conn, dice.choice((1, 2, 200)))


def turn(conn: sqlite3.Connection, change: tuple[int, str]) -> None:
    conn.execute("update articles set text = ? where id = ?", change[::-1])


def attempt(conn: sqlite3.Connection, dice: random.Random) -> None:
    """Take up some, and store them, unless the program is killed in between or in the middle of storing."""
    taken = [stories.sketched(each) for each in stories.take(conn, dice.choice((1, 3, 200)))]
    if dice.random() < 0.33:
        with undone(conn):
            for each in taken[: dice.randrange(len(taken) + 1)]:
                stories.store(conn, each)
        return
    with transaction(conn):
        for each in taken:
            stories.store(conn, each)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.lists(PIECES, max_size=14), st.integers(0, 2**32))
def test_stories_are_a_function_of_the_articles(
    conn: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, pieces: list[Piece], seed: int
) -> None:
    monkeypatch.setattr(sketches, "MOST_OF_ONE", FEW)
    dice = random.Random(seed)
    named = [(f"k{number}", piece) for number, piece in enumerate(pieces)]
    expected = reference(named)
    by_day = sorted(named, key=lambda each: each[1].day)
    short = not pieces or by_day[-1][1].day - by_day[0][1].day <= WINDOW
    for order, changing in ((by_day, True), (dice.sample(named, len(named)), short)):
        with undone(conn):
            played(conn, order, dice, changing=changing)
            assert told(conn) == expected
            assert column(conn, "select count(*) from story_changes") == [0]


def test_the_law_is_tried_on_worlds_that_hold_something() -> None:
    dice = random.Random(4)
    found = [
        reference(
            [
                (str(n), Piece((dice.randrange(4),), dice.random() < 0.5, dice.randrange(2), 0))
                for n in range(14)
            ]
        )
        for _ in range(20)
    ]
    assert sum(len(each) > 1 for each in found) > 10


# --- what is kept -----------------------------------------------------------------------------------------


def test_sketches_are_pruned_when_nothing_can_ask_for_them_any_more(conn: sqlite3.Connection) -> None:
    for day in (0, 1, KEPT, KEPT + 1):
        add(conn, prose(day), at=NOW + day * DAY)
        add(conn, prose(day), at=NOW + day * DAY, source="harbour", language="es")
    settle(conn)
    before = told(conn)
    assert sketches.prune(conn) == 2
    assert sketches.prune(conn) == 0
    assert column(conn, "select article_id from sketches order by 1") == [3, 4, 5, 6, 7, 8]
    assert column(conn, "select distinct article_id from shingles order by 1") == [3, 4, 5, 6, 7, 8]
    assert told(conn) == before
    conn.execute("update articles set text = ? where id = 1", (OTHER,))
    settle(conn)
    assert told(conn) == before, "it is settled, though its sketch is gone"
