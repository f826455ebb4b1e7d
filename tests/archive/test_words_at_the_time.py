"""Every hit can be cut out again: of the article, or of the revision that had the words; and a match says what became of it."""

from __future__ import annotations

import sqlite3
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive import due, maintain, rematch
from archive.connect import transaction
from archive.match import Matcher
from archive.topic import TopicSpec, compile_topics
from tests.archive.world import (
    ANDINA,
    FRONT,
    HARBOUR,
    NOW,
    POLITICS,
    TOPICS,
    column,
    entry,
    later,
    match,
    one,
    page,
    poll,
    store,
    undone,
)

CUT = """
select h.field, h.start, h."end", h.text, substr(
    case h.field when 'title' then coalesce(r.title, a.title) when 'summary' then coalesce(r.summary, a.summary)
                 else coalesce(r.text, a.text) end, h.start + 1, h."end" - h.start) as cut
from hits h join matches m on m.seq = h.match_seq join articles a on a.id = m.article_id
left join revisions r on r.id = m.revision_id
"""


def assert_every_hit_cuts_its_text(conn: sqlite3.Connection) -> int:
    """Every hit in the archive, ended matches included; return how many there are."""
    found = conn.execute(CUT).fetchall()
    for hit in found:
        assert hit["cut"] == hit["text"], dict(hit)
    assert not column(
        conn, "select seq from matches where ended_at is null and seq not in (select match_seq from hits)"
    )
    return len(found)


def taken_back(conn: sqlite3.Connection) -> None:
    """Match with topics of which one has a NOT."""
    specs = [TopicSpec(topic_id=topic_id, title=topic_id, query=query) for topic_id, query in (
        ("peru", "Peru NOT Chile"), ("lithium", "lithium OR litio"), ("us-troops", '"US troops"'),
    )]  # fmt: skip
    match(conn, matcher=Matcher(compile_topics(specs)))


def rematched(conn: sqlite3.Connection, query: str, minutes: int) -> None:
    """Apply another definition of a topic to what is stored."""
    spec = TopicSpec(topic_id="peru", title="Peru", query=query)
    topics = compile_topics([spec, *(one for one in TOPICS if one.topic_id != "peru")])
    versions, matcher = {topic.topic_id: topic.version for topic in topics}, Matcher(topics)
    due.sync(conn, [ANDINA, HARBOUR], topics, later(minutes))
    while work := rematch.todo(conn):
        taken = rematch.take(conn, work)
        results = [(one, matcher.match(one.fields)) for one in taken]
        upto = taken[-1].article_id if taken else None
        rematch.store(conn, work, upto, results, versions, later(minutes))


def said(conn: sqlite3.Connection, topic_id: str = "peru") -> tuple[str | None, ...]:
    row = one(
        conn,
        "select first_content, content, later, ended_because from matches where topic_id = ?",
        topic_id,
    )
    return tuple(row.values())


# --- what the full text did -------------------------------------------------------------------------------------


def test_a_match_made_on_a_title_waits_for_the_full_text(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a", "Peru votes")]))
    match(conn)
    assert said(conn) == ("title", "title", None, None)


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("In Peru all went well.", "confirmed"),
        ("In Peru the Peruvians voted.", "widened"),
        ("All went well there.", None),
    ],
)
def test_the_full_text_confirms_or_widens_a_match_or_says_nothing_of_it(
    conn: sqlite3.Connection, text: str, becomes: str | None
) -> None:
    store(conn, poll([entry("a", "Peru votes")]))
    match(conn)
    seq = column(conn, "select seq from matches")
    store(conn, page(1, text))
    match(conn)
    assert said(conn) == ("title", "full", becomes, None)
    assert column(conn, "select seq from matches") == seq, "it is one match"


def test_the_full_text_contradicts_a_match_whose_words_still_stand(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a", "Peru votes")]))
    taken_back(conn)
    store(conn, page(1, "So does Chile."))
    taken_back(conn)
    assert said(conn) == ("title", "title", "contradicted", "revised")
    store(conn, page(1, "So does Bolivia, and Peru.", at=later(5)))
    taken_back(conn)
    assert said(conn) == ("title", "full", "confirmed", None), (
        "it came back, and is still first made on the title"
    )
    assert_every_hit_cuts_its_text(conn)


def test_a_match_whose_words_are_gone_is_not_contradicted(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a", "Peru votes")]))
    match(conn)
    store(conn, poll([entry("a", "Bolivia votes")], at=later(1)), page(1, "In La Paz.", at=later(2)))
    match(conn)
    assert said(conn) == ("title", "title", None, "revised")
    assert assert_every_hit_cuts_its_text(conn) == 1


def test_a_match_made_on_the_full_text_has_nothing_that_came_later(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a", "A vote")]), page(1, "In Peru."))
    match(conn)
    store(conn, page(1, "In Peru, the Peruvians.", at=later(1)))
    match(conn)
    assert said(conn) == ("full", "full", None, None)


# --- every hit cuts its text ------------------------------------------------------------------------------------


def test_hits_of_words_that_are_waiting_to_be_matched_again_cut_the_revision(
    conn: sqlite3.Connection,
) -> None:
    store(conn, poll([entry("a", "In Peru")]))
    match(conn)
    store(conn, poll([entry("a", "Votes in Peru")], at=later(1)))
    assert column(conn, "select revision_id from matches") == [1]
    assert assert_every_hit_cuts_its_text(conn) == 1
    match(conn)
    assert column(conn, "select revision_id from matches") == [None]
    assert assert_every_hit_cuts_its_text(conn) == 1


def test_a_match_that_moved_to_another_article_cuts_what_its_own_said(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a", "Votes")], POLITICS), poll([entry("b", "Now Peru votes")], FRONT))
    match(conn)
    store(conn, page(2, "", "b", at=later(1), url="https://news.example/a"))
    assert column(conn, "select article_id from matches") == [1]
    assert column(conn, "select why from revisions") == ["merged"]
    assert assert_every_hit_cuts_its_text(conn) == 1
    # Texts of the other are let go, but not the words that a match cuts.
    conn.execute("update matches set ended_at = 'x'")
    conn.execute("delete from changes")
    long_after = NOW + timedelta(days=900)
    with transaction(conn):
        maintain.prune_texts(conn, long_after, timedelta(days=90))
    assert assert_every_hit_cuts_its_text(conn) == 1


def test_the_text_of_a_revision_that_a_match_cuts_is_kept(conn: sqlite3.Connection) -> None:
    store(conn, poll([entry("a", "A")], POLITICS), poll([entry("b", "B")], FRONT), page(2, "In Peru.", "b"))
    match(conn)
    store(conn, page(2, "Again in Peru.", "b", at=later(1)))  # not matched again before it moves
    store(conn, page(2, "Again in Peru.", "b", at=later(2), url="https://news.example/a"))
    conn.execute("delete from changes")
    with transaction(conn):
        maintain.prune_texts(conn, NOW + timedelta(days=900), timedelta(days=90))
    assert assert_every_hit_cuts_its_text(conn) == 1


WORDS = ("Peru", "Peruvians", "litio", "US troops", "Chile", "vota", "Perú\nmarcha")
titles = st.sampled_from(("Peru votes", "In Peru", "Chile", "Litio", ""))
texts = st.lists(st.sampled_from(WORDS), max_size=4).map(" y ".join)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("entry"), st.sampled_from("ab"), titles, texts),
        st.tuples(st.just("page"), st.sampled_from((1, 2)), texts),
        st.tuples(st.just("lead"), st.sampled_from((1, 2)), texts),
        st.tuples(st.just("match")),
        st.tuples(st.just("match NOT")),
        st.tuples(st.just("rematch"), st.sampled_from(("Peru", "Peru NOT Chile", "votes OR marcha"))),
        st.tuples(st.just("prune")),
    ),
    max_size=12,
)


@given(steps)
@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_edited_ended_and_comes_back_every_hit_cuts_its_text(
    conn: sqlite3.Connection, steps: list[tuple]
) -> None:
    with undone(conn):
        store(conn, poll([entry("a", "Peru votes")], POLITICS), poll([entry("b", "Litio")], FRONT))
        for number, (what, *arguments) in enumerate(steps, 1):
            at = later(number)
            if what == "entry":
                name, title, summary = arguments
                store(conn, poll([entry(name, title, summary)], POLITICS if name == "a" else FRONT, at))
            elif what in ("page", "lead"):
                article_id, text = arguments
                name = "ab"[article_id - 1] if what == "page" else "ba"[article_id - 1]
                store(conn, page(article_id, text, name, at))
            elif what == "match":
                match(conn, at)
            elif what == "match NOT":
                taken_back(conn)
            elif what == "rematch":
                rematched(conn, *arguments, minutes=number)
            else:
                maintain.prune_texts(conn, NOW + timedelta(days=900), timedelta(days=90))
            assert_every_hit_cuts_its_text(conn)
