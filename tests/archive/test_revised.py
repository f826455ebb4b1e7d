"""What the archive holds of an article that was edited, whoever shows the edit: its feed, its page, or both."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import Any

import pytest

from archive import due, rematch, revised
from archive.model import Outcome, PageOutcome, Refetch
from crawler.pipelines import store_stored, take_stored
from tests.archive.world import (
    ANDINA,
    HARBOUR,
    MATCHER,
    VERSIONS,
    column,
    configure,
    dump,
    entry,
    later,
    match,
    one,
    page,
    poll,
    store,
)

HOUR = 60
LEFT, CAME = "left", "came"


def read(text: str, title: str | None = None, at: float = 0, **more: Any) -> PageOutcome:
    """The page of article 1, read so many minutes after the start, with a title of its own."""
    found = page(1, text, at=later(at), **more)
    assert found.article is not None
    return replace(found, article=replace(found.article, title=title))


def offered(title: str, summary: str = "", at: float = 0, **more: Any) -> Any:
    return poll([entry("a", title, summary)], at=later(at), **more)


def title(conn: sqlite3.Connection) -> str:
    return str(one(conn, "select title from articles")["title"])


def again(conn: sqlite3.Connection) -> str | None:
    stamp: str | None = one(conn, "select again_at from pages")["again_at"]
    return stamp and stamp[11:16]


# --- whose title it is ----------------------------------------------------------------------------------------------


def test_a_headline_that_is_edited_on_the_page_alone_is_the_articles_and_no_poll_takes_it_back(
    conn: sqlite3.Connection,
) -> None:
    store(conn, offered("Peru votes", "Early"), read("Texto", "Peru votes today"))
    assert title(conn) == "Peru votes"
    store(conn, read("Texto", "Peru has voted today", HOUR))
    assert title(conn) == "Peru has voted today"
    for at in (70, 80):
        store(conn, offered("Peru votes", "Early", at), read("Texto", "Peru has voted today", at + 5))
    # Nor does the feed when it changes something else, and goes on with the title that it had.
    store(conn, offered("Peru votes", "Late", 90), read("Texto", "Peru has voted today", 95))
    assert title(conn) == "Peru has voted today"
    assert column(conn, "select title || ', ' || summary || ', ' || why from revisions") == [
        "Peru votes, Early, page revised", "Peru has voted today, Early, entry revised",
    ]  # fmt: skip


def test_a_headline_that_is_edited_in_the_feed_is_the_articles_until_somebody_changes_it_again(
    conn: sqlite3.Connection,
) -> None:
    store(conn, offered("One"), read("Texto", "One, on the page"))
    store(conn, offered("Two", at=10), read("Texto", "One, on the page", 11))
    assert title(conn) == "Two"
    store(conn, read("Texto", "Three, on the page", HOUR))
    assert title(conn) == "Three, on the page"
    store(conn, offered("Two", at=70), offered("Four", at=80), read("Texto", "Three, on the page", 90))
    assert title(conn) == "Four"
    assert column(conn, "select title from revisions") == ["One", "Two", "Three, on the page"]


@pytest.mark.parametrize("feed_first", [True, False])
def test_an_edit_that_feed_and_page_show_is_one_title_whoever_is_read_first(
    conn: sqlite3.Connection, feed_first: bool
) -> None:
    store(conn, offered("One"), read("Texto", "One"))
    edit = [offered("Two", at=HOUR), read("Otro texto", "Two", HOUR)]
    for result in edit if feed_first else reversed(edit):
        store(conn, result)
    store(conn, offered("Two", at=70), read("Otro texto", "Two", 75))
    assert title(conn) == "Two"
    # Each field had one state before; between the two readings stood what never was at the outlet.
    assert set(column(conn, "select title from revisions")) - {"Two"} == {"One"}
    assert set(column(conn, "select text from revisions")) - {"Otro texto"} == {"Texto"}


def test_a_second_feed_with_a_title_of_its_own_changes_nothing(conn: sqlite3.Connection) -> None:
    store(conn, offered("One"), read("Texto", "One"))
    for at in (10, 20):
        store(conn, offered("Uno", at=at, endpoint=2), offered("One", at=at + 5))
    assert (title(conn), column(conn, "select count(*) from revisions")) == ("One", [0])
    assert column(conn, "select title from offers order by endpoint_id") == ["One", "Uno"]


# --- what is a revision ---------------------------------------------------------------------------------------------


def test_a_clock_on_the_page_and_one_in_the_feed_make_no_revision(conn: sqlite3.Connection) -> None:
    store(
        conn,
        offered("Peru votes", "Hace 5 minutos"),
        read("El Congreso votó.\nActualizado 16:02:11", "Peru votes"),
    )
    match(conn)
    before = dump(conn, "articles", "revisions", "changes", "matches", "hits")
    store(
        conn,
        offered("Peru votes", "Hace 1 hora", at=HOUR),
        read("El Congreso votó.\nActualizado 17:02:13", "Peru votes", HOUR),
    )
    assert dump(conn, "articles", "revisions", "changes", "matches", "hits") == before
    assert one(conn, "select fetched_at from pages") == {"fetched_at": "2026-07-19T13:00:00+00:00"}


def test_a_page_that_is_no_longer_there_leaves_its_text_and_says_so_until_it_is_back(
    conn: sqlite3.Connection,
) -> None:
    store(conn, offered("Peru votes"), read("Texto"))
    match(conn)
    answer = read("", at=HOUR, outcome=Outcome.FAILED, reason="no_text", detail="nothing there")
    gone = replace(answer, article=None)
    store(conn, gone)
    row = one(conn, "select state, reason, detail, gone_at, again_at from pages")
    assert row == {
        "state": "gone", "reason": "no_text", "detail": "nothing there", "gone_at": "2026-07-19T13:00:00+00:00",
        "again_at": "2026-07-19T18:00:00+00:00",
    }  # fmt: skip
    assert column(conn, "select text from articles") == ["Texto"]
    assert column(conn, "select ended_at from matches") == [None]
    store(conn, read("Texto, corregido", at=6 * HOUR))
    assert one(conn, "select state, reason, gone_at from pages") == {
        "state": "read",
        "reason": None,
        "gone_at": None,
    }
    assert column(conn, "select text from articles") == ["Texto, corregido"]


# --- what is another page by now ------------------------------------------------------------------------------------

OLD = """El Congreso de Lima votó de noche la ley del litio, que había vuelto de la comisión por segunda vez este año.
La ministra prometió cuarenta puentes antes de fin de año, y no nombró ninguno de los lugares donde han de estar.
Dos comisiones informan en agosto, y nadie en la sala supo decir qué fue del informe que se pidió el año pasado."""
OTHER = """Una tormenta dejó sin luz a tres barrios del puerto, donde los pescadores esperan desde el lunes para salir.
El alcalde pidió paciencia, y dijo que las cuadrillas trabajan con linternas en los postes de la avenida del mar."""
ELSEWHERE = "https://news.example/b"


def beside(conn: sqlite3.Connection, text: str = OTHER) -> None:
    """Article 1 about Peru, and article 2 at another address; both were read, and found."""
    store(conn, offered("Peru votes"), read(OLD, "Peru votes"))
    store(conn, poll([entry("b", "Storm in Peru")], 2))
    found = page(2, text, "b")
    assert found.article is not None
    store(conn, replace(found, article=replace(found.article, title="Storm in Peru")))
    match(conn)


def leads(text: str, title: str, at: float = HOUR, url: str = ELSEWHERE) -> PageOutcome:
    return read(text, title, at, url=url)


def names(text: str, title: str, at: float = HOUR, url: str = ELSEWHERE) -> PageOutcome:
    found = read(text, title, at)
    assert found.article is not None
    return replace(found, article=replace(found.article, canonical_url=url))


KEPT = ("articles", "revisions", "changes", "matches", "hits", "aliases", "offers")


@pytest.mark.parametrize("url", [ELSEWHERE, "https://news.example/live"])
@pytest.mark.parametrize("shows", [leads, names])
def test_an_article_whose_page_becomes_another_keeps_its_text_and_stays_itself_until_it_is_back(
    conn: sqlite3.Connection, shows: Any, url: str
) -> None:
    beside(conn)
    before = dump(conn, *KEPT)
    for at in (HOUR, 6 * HOUR):
        store(conn, shows(OTHER, "Storm in Peru", at, url))
        row = one(conn, "select state, reason, gone_at, detail from pages where article_id = 1")
        assert (row["state"], row["reason"], row["gone_at"]) == ("gone", "moved_on", later(HOUR).isoformat())
        assert url in row["detail"]
        assert dump(conn, *KEPT) == before
    store(conn, read(OLD, "Peru votes", 24 * HOUR))
    assert one(conn, "select state, reason from pages where article_id = 1") == {
        "state": "read",
        "reason": None,
    }
    assert dump(conn, *KEPT) == before


def test_the_title_of_another_article_alone_does_not_make_two_articles_one(conn: sqlite3.Connection) -> None:
    beside(conn)
    store(conn, leads(OTHER, "Peru votes"))
    assert column(conn, "select merged_into from articles") == [None, None]
    assert column(conn, "select state from pages where article_id = 1") == ["gone"]


def test_a_page_that_names_an_article_of_other_words_and_has_its_own_is_read_and_not_merged(
    conn: sqlite3.Connection,
) -> None:
    beside(conn)
    store(conn, names(f"{OLD}\nCorregido.", "Peru votes"))
    assert column(conn, "select merged_into from articles") == [None, None]
    assert column(conn, "select text from articles where id = 1") == [f"{OLD}\nCorregido."]
    assert dump(conn, "aliases") == {"aliases": []}


@pytest.mark.parametrize("shows", [leads, names])
def test_two_articles_of_one_text_become_one_when_the_page_of_one_leads_to_the_other_later(
    conn: sqlite3.Connection, shows: Any
) -> None:
    beside(conn, OLD)
    store(conn, shows(OLD, "Peru votes"))
    assert column(conn, "select merged_into from articles order by id") == [None, 1]


@pytest.mark.parametrize(
    ("text", "title"), [(f"{OLD}\nFin agregado.", "A country votes"), (OTHER, "Peru votes")]
)
def test_an_article_that_moved_with_its_words_or_its_title_has_another_address(
    conn: sqlite3.Connection, text: str, title: str
) -> None:
    store(conn, offered("Peru votes"), read(OLD, "Peru votes"))
    store(conn, leads(text, title))
    assert column(conn, "select url from aliases") == [ELSEWHERE]
    assert column(conn, "select text from articles") == [text]
    # From then on it is there, whatever is rewritten.
    store(conn, leads(OTHER, "Storm in Peru", 6 * HOUR))
    assert column(conn, "select text from articles") == [OTHER]


@pytest.mark.parametrize(
    ("text", "title", "state"),
    [
        pytest.param(
            "Te invitamos a leer las noticias más vistas.", "¡Ups!", "gone", id="a few words of regret"
        ),
        pytest.param("Te invitamos a leer las noticias más vistas.", None, "gone", id="under no title"),
        pytest.param("Corrección: esta nota se retiró.", "Peru votes", "read", id="cut to a correction"),
        pytest.param(OTHER, "Storm in the harbour", "read", id="rewritten under a new title"),
        pytest.param(OLD[:50], "Congress meets", "read", id="its own first words under a new title"),
    ],
)
def test_a_page_of_which_next_to_nothing_is_left_under_another_title_is_not_the_article(
    conn: sqlite3.Connection, text: str, title: str | None, state: str
) -> None:
    store(conn, offered("Peru votes"), read(OLD, "Peru votes"))
    match(conn)
    for at, then in (HOUR, "18:00"), (6 * HOUR, "12:00"):
        store(conn, read(text, title, at))
        if state == "gone":
            assert again(conn) == then, "the next time is asked whether it is back"
        assert column(conn, "select state from pages") == [state]
        assert column(conn, "select text from articles") == [OLD if state == "gone" else text]


def walled(text: str, at: float) -> PageOutcome:
    """A page that says it must be paid for."""
    found = read(text, at=at)
    assert found.article is not None
    return replace(found, article=replace(found.article, paywalled=True))


def test_a_wall_that_goes_up_takes_nothing_back_but_an_edit_beside_it_counts(
    conn: sqlite3.Connection,
) -> None:
    whole = "El Congreso votó. El ministro habló hasta la noche.\nNadie respondió."
    store(conn, offered("Peru votes"), read(whole))
    store(conn, walled("El Congreso votó. El ministro…", HOUR), walled("Nadie respondió.", 2 * HOUR))
    assert one(conn, "select text, paywalled from articles") == {"text": whole, "paywalled": 1}
    assert column(conn, "select count(*) from revisions") == [0]
    store(conn, walled("El Congreso no votó…", 3 * HOUR))
    assert column(conn, "select text from revisions") == [whole]


OFFER = "Suscríbete desde un sol al mes y accede a todo el contenido, sin publicidad."


@pytest.mark.parametrize(
    ("shows", "text", "kept"),
    [
        pytest.param(walled, OFFER, True, id="the page says so"),
        pytest.param(walled, "Desde un sol al mes, sin publicidad.", True, id="the page alone says so"),
        pytest.param(lambda text, at: read(text, at=at), OFFER, True, id="its words say so"),
        pytest.param(
            lambda text, at: read(text, at=at), "Corrección: esta nota se retiró por errores.", False,
            id="a correction offers nothing",
        ),
    ],
)  # fmt: skip
def test_an_offer_to_subscribe_that_replaces_a_text_takes_nothing_back(
    conn: sqlite3.Connection, shows: Any, text: str, kept: bool
) -> None:
    store(conn, offered("Peru votes"), read(OLD))
    store(conn, shows(text, HOUR), shows(text, 6 * HOUR))
    assert column(conn, "select text from articles") == [OLD if kept else text]
    assert column(conn, "select state from pages") == ["read"]


def test_what_a_page_that_is_free_leaves_out_is_an_edit(conn: sqlite3.Connection) -> None:
    store(conn, offered("Peru votes"), read("El Congreso votó.\nNadie respondió."))
    store(conn, read("El Congreso votó.", at=HOUR))
    assert column(conn, "select text from articles") == ["El Congreso votó."]


def test_a_page_that_cannot_be_asked_again_is_still_read(conn: sqlite3.Connection) -> None:
    store(conn, offered("Peru votes"), read("Texto"))
    store(conn, replace(read("", at=HOUR), outcome=Outcome.FAILED, reason="http_503", article=None))
    assert one(conn, "select state, reason, tries, due_at from pages") == {
        "state": "read", "reason": "http_503", "tries": 1, "due_at": None,
    }  # fmt: skip


# --- when it is read again ------------------------------------------------------------------------------------------


def test_what_nobody_was_told_of_is_read_again_only_when_its_entry_changes(conn: sqlite3.Connection) -> None:
    store(conn, offered("Nothing of note"), read("Texto"))
    match(conn)
    assert again(conn) is None
    store(conn, offered("Nothing at all", at=30))
    assert again(conn) == "12:30"
    store(conn, read("Texto", at=31))
    match(conn)
    assert again(conn) is None


def test_the_first_match_has_a_page_read_again_however_late_the_matcher_comes(
    conn: sqlite3.Connection,
) -> None:
    store(conn, offered("Nothing of note"), read("Un lago de litio"))
    assert again(conn) is None
    match(conn, later(90))
    assert again(conn) == "13:00"


def test_a_topic_that_is_new_asks_for_what_is_still_to_come(conn: sqlite3.Connection) -> None:
    store(conn, offered("Lithium"), read("Texto"))
    conn.execute("delete from changes")
    work = rematch.Work(frozenset(VERSIONS), 0)
    store_stored(conn, work, take_stored(conn, MATCHER, work), VERSIONS, later(3 * HOUR))
    assert column(conn, "select backfill from matches") == [1]
    assert again(conn) == "18:00"


@pytest.mark.parametrize(
    ("refetch", "unmatched", "revised"), [("all", "13:00", "12:30"), ("none", None, None)]
)
def test_a_source_may_want_all_pages_again_or_none(
    conn: sqlite3.Connection, refetch: str, unmatched: str | None, revised: str | None
) -> None:
    configure(conn, replace(ANDINA, refetch=Refetch(refetch)), HARBOUR)
    store(conn, offered("Nothing of note"), read("Texto"))
    match(conn)
    assert again(conn) == unmatched
    store(conn, offered("Peru, after all", at=30))
    match(conn, later(30))
    assert again(conn) == revised


def test_a_page_is_asked_for_by_what_we_have_of_it_unless_its_text_was_let_go(
    conn: sqlite3.Connection,
) -> None:
    store(conn, offered("Peru votes"), read("Texto", etag='"p1"', last_modified="then", body_hash="abc"))
    match(conn)
    tasks = due.due_pages(conn, later(HOUR), 10, leave=frozenset())
    assert [(task.article_id, task.etag, task.last_modified, task.body_hash) for task in tasks] == [
        (1, '"p1"', "then", "abc")
    ]
    conn.execute("update articles set text = ''")
    (task,) = due.due_pages(conn, later(HOUR), 10, leave=frozenset())
    assert (task.etag, task.last_modified, task.body_hash) == (None, None, None)


def test_an_article_at_a_new_address_is_not_asked_for_by_what_stood_at_the_old_one(
    conn: sqlite3.Connection,
) -> None:
    said = "The polls are open until four, says the board."
    store(
        conn, offered("Peru votes", said), read("Texto", etag='"p1"', last_modified="then", body_hash="abc")
    )
    match(conn)
    moved = "https://news.example/moved"
    store(conn, poll([entry("a", "Peru votes", said, key=moved, url=moved, link=moved)], at=later(30)))
    (task,) = due.due_pages(conn, later(HOUR), 10, leave=frozenset())
    assert (task.url, task.etag, task.last_modified) == (moved, None, None)


def test_the_same_page_again_costs_a_row_of_pages_and_nothing_else(conn: sqlite3.Connection) -> None:
    store(conn, offered("Peru votes"), read("Texto", etag='"p1"', body_hash="abc"))
    match(conn)
    before = dump(conn, "articles", "revisions", "changes", "matches", "hits")
    tally = store(conn, replace(read("", at=HOUR), outcome=Outcome.NOT_MODIFIED, status=304, article=None, etag='"p1"',
                                body_hash="abc"))  # fmt: skip
    assert (tally.pages, tally.articles) == (1, 0)
    assert dump(conn, "articles", "revisions", "changes", "matches", "hits") == before
    assert one(conn, "select state, status, etag, body_hash, read_at, fetched_at, again_at from pages") == {
        "state": "read", "status": 304, "etag": '"p1"', "body_hash": "abc", "read_at": "2026-07-19T12:00:00+00:00",
        "fetched_at": "2026-07-19T13:00:00+00:00", "again_at": "2026-07-19T18:00:00+00:00",
    }  # fmt: skip


def test_a_clock_that_ran_ahead_does_not_put_a_page_off(conn: sqlite3.Connection) -> None:
    store(conn, offered("Peru votes", at=9 * 24 * HOUR), read("Texto", at=9 * 24 * HOUR))
    match(conn)
    due.set_right(conn, later(5))
    assert again(conn) == "12:05"


# --- what came and left ---------------------------------------------------------------------------------------------


def changes(conn: sqlite3.Connection) -> list[tuple[Any, ...]]:
    rows = conn.execute(
        """select c.topic_id, c.change, c.field, c.text, r.why from hit_changes c
        join revisions r on r.id = c.revision_id and r.at = c.at order by c.id"""
    )
    return [tuple(row) for row in rows]


def test_a_name_that_leaves_the_headline_and_stands_in_the_text_still_is_told(
    conn: sqlite3.Connection,
) -> None:
    store(conn, offered("Peru has lithium"), read("Peru has it."))
    match(conn)
    assert changes(conn) == []
    (seq,) = column(conn, "select seq from matches where topic_id = 'peru'")
    store(conn, offered("A country has lithium", at=10))
    match(conn, later(11))
    assert changes(conn) == [("peru", LEFT, "title", "Peru", "entry revised")]
    row = one(conn, "select seq, ended_at, revision_id from matches where topic_id = 'peru'")
    assert row == {"seq": seq, "ended_at": None, "revision_id": None}
    assert column(conn, "select field from hits where match_seq = ?", seq) == ["text"]


def test_a_name_that_leaves_the_article_ends_the_match_and_one_that_comes_makes_one(
    conn: sqlite3.Connection,
) -> None:
    store(conn, offered("Peru"), read("Texto"))
    match(conn)
    store(conn, read("Un lago de litio", at=HOUR), offered("A country", at=HOUR))
    match(conn, later(HOUR))
    assert sorted(changes(conn)) == [
        ("lithium", CAME, "text", "litio", "page revised"), ("peru", LEFT, "title", "Peru", "entry revised"),
    ]  # fmt: skip
    ended = one(
        conn,
        """select m.ended_because, m.seq, r.title from matches m join revisions r on r.id = m.revision_id
        where m.topic_id = 'peru'""",
    )
    assert (ended["ended_because"], ended["title"]) == ("revised", "Peru")
    store(conn, offered("Peru, again", at=2 * HOUR))
    match(conn, later(2 * HOUR))
    assert changes(conn)[-1] == ("peru", CAME, "title", "Peru", "entry revised")
    # It is one match still, under a number that a later digest looks at; who was told is known where digests are kept.
    assert column(conn, "select count(*) from matches where topic_id = 'peru'") == [1]
    assert column(conn, "select seq from matches where topic_id = 'peru'")[0] > ended["seq"]


def test_the_first_reading_of_a_page_brings_nothing(conn: sqlite3.Connection) -> None:
    store(conn, offered("Una noticia"))
    match(conn)
    store(conn, read("Perú y su litio"))
    match(conn)
    assert len(column(conn, "select seq from matches")) == 2
    assert changes(conn) == []


def test_what_was_edited_before_anybody_looked_is_no_change(conn: sqlite3.Connection) -> None:
    store(conn, offered("Una noticia"), offered("Perú", at=10))
    match(conn, later(11))
    assert len(column(conn, "select seq from matches")) == 1
    assert changes(conn) == []


def test_a_name_that_leaves_the_headline_before_the_first_text_was_looked_at_is_told(
    conn: sqlite3.Connection,
) -> None:
    store(conn, offered("Peru votes on lithium"))
    match(conn)
    store(conn, read("El litio del norte"), offered("Calm votes on lithium", at=10))
    match(conn, later(11))
    # Of the text nothing is told: it was read, not edited.
    assert changes(conn) == [("peru", LEFT, "title", "Peru", "entry revised")]


def test_a_topic_that_was_itself_changed_says_nothing_of_what_came(conn: sqlite3.Connection) -> None:
    store(conn, offered("Peru"), read("Texto"))
    match(conn)
    conn.execute("update matches set topic_version = 'of before'")
    store(conn, offered("A country", at=10))
    match(conn, later(11))
    assert changes(conn) == []


# --- told between two sequences -------------------------------------------------------------------------------------


def test_what_came_and_left_is_told_with_the_headlines_on_both_sides(conn: sqlite3.Connection) -> None:
    store(conn, offered("Peru has lithium"))
    match(conn)
    assert revised.top(conn) == 0
    store(conn, offered("A country has lithium", at=10))
    match(conn, later(11))
    store(conn, offered("A country votes", at=20))
    match(conn, later(21))
    first, second = revised.between(conn, 0, revised.top(conn), None)
    assert (first.topic_id, first.term, first.text, first.field) == ("peru", "Peru", "Peru", "title")
    assert not first.came
    assert (first.before, first.after) == ("Peru has lithium", "A country has lithium")
    assert (second.topic_id, second.before, second.after) == (
        "lithium",
        "A country has lithium",
        "A country votes",
    )
    assert (first.at, first.source_name, first.article_id) == (later(10), "Andina", 1)
    assert revised.between(conn, first.id, second.id, None) == [second]
    assert revised.between(conn, 0, second.id, ["lithium"]) == [second]


def test_ranges_that_meet_tell_each_change_once(conn: sqlite3.Connection) -> None:
    for number, words in enumerate(["Peru today", "Lithium", "Peru and lithium", "Rain", "Peru"]):
        store(conn, offered(words, at=10 * number))
        match(conn, later(10 * number + 1))
    top = revised.top(conn)
    assert top == 6
    for cut in range(top + 1):
        told = [*revised.between(conn, 0, cut, None), *revised.between(conn, cut, top, None)]
        assert [one.id for one in told] == list(range(1, top + 1))
