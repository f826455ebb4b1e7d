"""A story is told once, by whom it was first, and whether it goes on; an edit is an item of its own."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from alerts import jobs
from alerts.channels.fake import FakeChannel
from alerts.grouping import group
from alerts.model import Stationery
from alerts.render import render
from archive.model import Content, Copy, MatchedArticle, Story, TermChange
from tests.alerts.factory import NOON, article, digest, knows, make_digests, server, subscription
from tests.alerts.page import Strict
from tests.alerts.test_jobs import deliver
from tests.alerts.test_page import plain

DAY = timedelta(days=1)


def copies(*ids: int, names: tuple[str, ...] = ("Andina", "RPP", "Ojo")) -> dict[int, Story]:
    story = Story(min(ids), NOON, len(names), ids, tuple(map(Copy, names)))
    return dict.fromkeys(ids, story)


def edit(**changes: Any) -> TermChange:
    values: dict[str, Any] = {
        "id": 1,
        "topic_id": "peru",
        "topic_title": "Peru",
        "article_id": 50,
        "url": "https://news.example/50",
        "source_id": "rpp",
        "source_name": "RPP",
        "country": "PE",
        "language": "es",
        "term": "Boluarte",
        "text": "Boluarte",
        "field": "title",
        "came": False,
        "at": NOON - timedelta(hours=1),
        "before": "Boluarte viaja",
        "after": "La presidenta viaja",
    }
    return TermChange(**{**values, **changes})


def text(made: object, **settings: Any) -> str:
    return plain(render(made, "desk@example.org", server(), **settings))  # type: ignore[arg-type]


def test_copies_of_one_text_are_one_item_with_their_outlets() -> None:
    first, second = (
        article(1),
        article(2, title="Peru story 1", source_name="RPP", url="https://rpp.example/2"),
    )
    made = digest(first, second, article(3), stories=copies(1, 2))
    (only,) = group(made)
    assert [[item.article.article_id, *(one.article_id for one in item.copies)] for item in only.items] == [
        [1, 2],
        [3],
    ]
    assert (only.size, only.stories) == (3, 2)
    said = text(made)
    assert "3 articles in 2 stories: Peru\N{NO-BREAK SPACE}(3)" in said
    assert "First in Andina, also in 2 other outlets: RPP, Ojo.\n" in said
    assert "\nRPP: https://rpp.example/2\n" in said
    page = Strict(render(made, "a@example.org", server()).html)
    assert page.links == ["https://news.example/1", "https://rpp.example/2", "https://news.example/3"]


def test_who_had_a_story_first_is_linked_where_another_tells_it_and_who_tells_it_is_not_linked_twice() -> (
    None
):
    first = article(1, paywalled=True)
    second = article(2, source_name="RPP", url="https://rpp.example/2")
    made = digest(first, second, stories=copies(1, 2))
    said = text(made)
    assert "First in Andina, also in 1 other outlet: Ojo.\n" in said
    assert said.count("https://rpp.example/2\n") == 1
    assert "\nAndina: https://news.example/1\n" in said
    page = Strict(render(made, "a@example.org", server()).html)
    assert page.links == ["https://rpp.example/2", "https://news.example/1"]


FIRST = Copy("Correo de La Paz", "https://correo.example/1")
DIARIO, RPP, OJO = (
    Copy("Diario de Lima", "https://diario.example/2"),
    Copy("RPP"),
    Copy("Ojo", "https://ojo.example/"),
)


@pytest.mark.parametrize(
    ("language", "outlets", "said", "links"),
    [
        ("en", [FIRST, DIARIO], "First in Correo de La Paz.", [FIRST]),
        ("es", [FIRST, DIARIO], "Primero en Correo de La Paz.", [FIRST]),
        ("en", [RPP, DIARIO], "First in RPP.", []),
        ("en", [FIRST, DIARIO, OJO], "First in Correo de La Paz, also in 1 other outlet: Ojo.", [FIRST, OJO]),
        (
            "en",
            [FIRST, DIARIO, RPP, OJO],
            "First in Correo de La Paz, also in 2 other outlets: RPP, Ojo.",
            [FIRST, OJO],
        ),
        (
            "es",
            [FIRST, DIARIO, OJO],
            "Primero en Correo de La Paz, también en 1 medio más: Ojo.",
            [FIRST, OJO],
        ),
        (
            "es",
            [FIRST, OJO, RPP, DIARIO],
            "Primero en Correo de La Paz, también en 2 medios más: Ojo, RPP.",
            [FIRST, OJO],
        ),
        (
            "en",
            [DIARIO, FIRST],
            "First in Diario de Lima, also in 1 other outlet: Correo de La Paz.",
            [FIRST],
        ),
    ],
)
def test_of_a_story_told_by_a_later_copy_the_first_is_linked_and_the_one_before_the_reader_is_no_other(
    language: str, outlets: list[Copy], said: str, links: list[Copy]
) -> None:
    """The other copies were told before, or are of no wanted source: the digest holds this one alone."""
    only = article(2, source_name=DIARIO.outlet, url=DIARIO.url)
    made = digest(
        only,
        stories={2: Story(1, NOON, len(outlets), (1, 2), tuple(outlets))},
        subscription=subscription(language=language),
    )
    mail = render(made, "a@example.org", server())
    shown, page = plain(mail), Strict(mail.html)
    assert f"{said}\n" in shown
    assert said in "".join(page.text)
    assert page.links == [DIARIO.url, *(one.url for one in links)]
    assert [shown.count(f"{one.outlet}: {one.url}\n") for one in links] == [1] * len(links)
    assert shown.count(f"{DIARIO.url}\n") == 1


@pytest.mark.parametrize(
    ("changes", "who"),
    [
        pytest.param({}, 1, id="the first"),
        pytest.param({"content": Content.TITLE}, 2, id="of the first only the title was read"),
        pytest.param({"paywalled": True}, 2, id="the first has to be paid for"),
    ],
)
def test_a_story_is_told_by_the_first_copy_that_everybody_can_read(changes: dict[str, Any], who: int) -> None:
    made = digest(article(1, **changes), article(2), stories=copies(1, 2))
    assert [item.article.article_id for item in group(made)[0].items] == [who]


def test_a_story_under_two_topics_is_told_in_full_once_also_where_each_found_another_copy() -> None:
    other = article(2, topic_id="lithium", topic_title="Lithium")
    peru, lithium = group(digest(article(1), other, stories=copies(1, 2)))
    assert [item.also for item in peru.items] == [("Lithium",)]
    assert lithium.items == ()
    assert [(item.article.article_id, item.under) for item in lithium.references] == [(2, "Peru")]


def test_what_is_new_comes_before_what_goes_on() -> None:
    running = article(1, published_at=NOON - timedelta(minutes=50))
    made = digest(
        running, article(2, published_at=NOON - timedelta(hours=9)), stories=copies(1, 90), told={(90, "x")}
    )
    (only,) = group(made)
    assert [(item.article.article_id, item.continues) for item in only.items] == [(2, False), (1, True)]
    assert "*Peru* story 1 [continues]\n" in text(made)
    assert Strict(render(made, "a@example.org", server()).html).text.count("continues") == 1


def test_a_story_that_runs_for_three_days_is_new_once_and_then_continues(conn: sqlite3.Connection) -> None:
    jobs.sync(conn, [subscription()], 0, NOON - DAY)
    channel = FakeChannel()
    matches: list[MatchedArticle] = []
    for day in range(3):
        matches.append(article(day + 1, title=f"Peru day {day}"))
        ids = tuple(one.article_id for one in matches)
        known = {} if day == 0 else copies(*ids)
        make_digests(
            conn,
            lambda low, high, _: [one for one in matches if low < one.seq <= high],
            len(matches),
            NOON + day * DAY,
            mail=server(),
            stories=lambda _, known=known: known,
        )
        deliver(conn, channel, NOON + day * DAY)
    said = [plain(one) for one in channel.sent]
    assert ["[continues]" in one for one in said] == [False, True, True]
    assert [f"*Peru* day {day}" in one for day, one in enumerate(said)] == [True] * 3


def test_an_edited_headline_is_no_second_item(conn: sqlite3.Connection) -> None:
    """Its match ended and came back with a new sequence; in one digest, and over two."""
    before, after = article(1, title="Peru votes"), article(2, article_id=1, title="Peru has voted")
    (only,) = group(digest(before, after))
    assert [item.article.title for item in only.items] == ["Peru has voted"]
    jobs.sync(conn, [subscription()], 0, NOON - DAY)
    channel = FakeChannel()
    for day, found in enumerate((before, after)):
        make_digests(
            conn,
            lambda low, high, _, one=found: [one] * (low < one.seq <= high),
            day + 1,
            NOON + day * DAY,
            mail=server(),
        )
        deliver(conn, channel, NOON + day * DAY)
    assert len(channel.sent) == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "“Boluarte” left the headline at 06:00\n"),
        ({"came": True}, "“Boluarte” appeared in the headline at 06:00\n"),
        ({"field": "text"}, "“Boluarte” left the text at 06:00\n"),
        ({"field": "summary", "came": True}, "“Boluarte” appeared in the summary at 06:00\n"),
        ({"at": NOON - timedelta(hours=10)}, "“Boluarte” left the headline at 21:00 (18 Jul)\n"),
    ],
)
def test_a_keyword_that_comes_or_leaves_with_an_edit_is_an_item(changes: dict[str, Any], said: str) -> None:
    made = digest(changes=[edit(**changes)], change_range=(0, 1))
    shown = text(made)
    assert (
        f"\n{said}    La presidenta viaja\n    Before: Boluarte viaja\nRPP, Peru\nhttps://news.example/50\n"
        in shown
    )
    page = Strict(render(made, "a@example.org", server()).html)
    assert said.strip() in "".join(page.text)
    assert page.links == ["https://news.example/50"]
    assert render(made, "a@example.org", server()).subject.startswith(said[:20])


def test_an_edit_that_brought_the_term_for_which_an_article_stands_here_is_not_told_beside_it() -> None:
    changes = [edit(id=1, article_id=1, came=True), edit(id=2, article_id=1, came=False)]
    shown = text(digest(article(1), changes=changes, change_range=(0, 2)))
    assert "appeared" not in shown
    assert shown.count("left the headline") == 1


def test_terms_that_one_edit_took_from_a_field_are_one_item() -> None:
    changes = [edit(id=1), edit(id=2, text="Perú", term="Peru"), edit(id=3, field="text")]
    shown = text(digest(changes=changes, change_range=(0, 3)))
    assert "“Boluarte”, “Perú” left the headline at 06:00\n" in shown
    assert shown.count("Boluarte viaja") == 2
    assert "Nothing matched. 2 edits\n" in shown


def test_past_the_cap_stories_are_counted_with_a_page_that_lists_them() -> None:
    found = [article(n, topic_id="peru") for n in range(1, 41)]
    made = digest(*found, subscription=subscription(cap=3))
    (only,) = group(made)
    assert (len(only.items), only.over, only.size) == (3, 37, 40)
    assert "\n+37 more\n" in text(made)
    url = "https://press.example/archive/matched_articles?topic_id=peru&seq__gt=0&seq__lte=40&_sort_desc=seq"
    stationery = Stationery(public_url="https://press.example/")
    assert f"\n+37 more: {url}\n" in text(made, stationery=stationery)
    assert url in Strict(render(made, "a@example.org", server(), stationery).html).links


def test_a_story_past_the_cap_of_one_topic_is_told_in_full_under_the_next() -> None:
    same = {"article_id": 9, "published_at": NOON - timedelta(days=2)}
    found = [article(1), article(2, **same), article(3, topic_id="lithium", topic_title="Lithium", **same)]
    peru, lithium = group(digest(*found, subscription=subscription(cap=1)))
    assert [item.article.article_id for item in peru.items] == [1]
    assert [(item.article.article_id, item.under) for item in lithium.items] == [(9, None)]


def test_a_topic_is_held_against_what_it_usually_finds() -> None:
    made = digest(article(1), article(2, topic_id="lithium", topic_title="Lithium"), usual={"peru": 2.5})
    said = text(made)
    assert "PERU · 1 article, usually 2–3 on a Sunday\n" in said
    assert (
        "Peru\N{NO-BREAK SPACE}(1;\N{NO-BREAK SPACE}usually\N{NO-BREAK SPACE}2–3), Lithium\N{NO-BREAK SPACE}(1)\n"
        in said
    )


def test_what_was_read_the_agency_and_the_paywall_are_told() -> None:
    one = article(1, content=Content.SUMMARY, wire="EFE", paywalled=True, language="es", author="Ana Rojas")
    said = text(digest(one))
    assert "*Peru* story 1 [paywall]\n" in said
    assert "· Spanish · by Ana Rojas · summary only\n" in said
    assert "\nAgency: EFE.\n" in said


def test_digests_that_are_one_thread_have_one_root_and_one_subject() -> None:
    reader = subscription(thread=True)
    mails = [
        render(digest(article(n), subscription=reader, from_seq=n - 1), "desk@example.org", server())
        for n in (1, 2)
    ]
    assert len({one.message_id for one in mails}) == 2
    roots = {
        line
        for one in mails
        for line in one.body.split(b"\r\n")
        if line.startswith((b"References", b"In-Reply"))
    }
    assert len(roots) == 2, "the same two lines in both"
    assert {one.subject for one in mails} == {"Lima desk — Presswatch"}
    other = render(digest(article(1), subscription=replace(reader, id="other")), "desk@example.org", server())
    assert not roots & set(other.body.split(b"\r\n"))
    alone = render(digest(article(1)), "desk@example.org", server())
    assert b"References" not in alone.body


def test_a_test_is_a_message_of_its_own() -> None:
    reader, found = subscription(), knows(lambda *_: [article(1)], 1)
    shown = jobs.preview(None, reader, found, server(), NOON, from_seq=0)
    test = jobs.preview(None, reader, found, server(), NOON, from_seq=0, to="desk@example.org")
    assert test.subject == f"[test] {shown.subject}"
    assert test.message_id != shown.message_id
    assert test.html == shown.html
