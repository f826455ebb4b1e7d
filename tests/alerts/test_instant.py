"""What is told at once: which, how often, and what becomes of the rest."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts import jobs, state
from alerts.model import Digest, DigestSummary
from archive.errors import ArchiveError
from archive.model import MatchedArticle, Story
from tests.alerts.factory import NOON, article, connect, make_digests, server, subscription

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Press:
    """An archive whose articles have stories: ``print_`` adds one, told by the id of the first of its story."""

    def __init__(self) -> None:
        self.matches: list[MatchedArticle] = []
        self.story: dict[int, int] = {}
        self.fresh: set[int] = set()  # whose copies they are is not known yet

    def print_(self, now: datetime, of: int | None = None, **changes: Any) -> int:
        seq = len(self.matches) + 1
        self.matches.append(article(seq, first_seen_at=now, source_id=f"paper-{seq}", **changes))
        article_id = self.matches[-1].article_id
        self.story[article_id] = of or article_id
        return article_id

    def matched(self, low: int, high: int, topics: Collection[str] | None) -> Sequence[MatchedArticle]:
        return [one for one in self.matches[low:high] if topics is None or one.topic_id in topics]

    def stories(self, ids: Collection[int]) -> dict[int, Story]:
        found = {}
        for one in ids:
            members = tuple(other for other, story in self.story.items() if story == self.story[one])
            if len(members) > 1:
                found[one] = Story(self.story[one], NOON, len(members), members)
        return found

    def tick(self, conn: sqlite3.Connection, now: datetime) -> DigestSummary:
        return make_digests(
            conn,
            self.matched,
            len(self.matches),
            now,
            mail=server(),
            stories=self.stories,
            unsettled=lambda ids, _: self.fresh & set(ids),
        )


def ready(conn: sqlite3.Connection, now: datetime = NOON, **changes: Any) -> None:
    jobs.sync(conn, [subscription(**{"when": "instant; daily at 18:00", **changes})], 0, now)


def mails(conn: sqlite3.Connection) -> list[tuple[str, list[int]]]:
    """Return each digest as its kind and the articles in it."""
    found = conn.execute("SELECT id, kind FROM digests ORDER BY id").fetchall()
    items = "SELECT DISTINCT article_id FROM digest_items WHERE digest_id = ? ORDER BY article_id"
    return [(kind, [row[0] for row in conn.execute(items, (number,))]) for number, kind in found]


def test_the_first_article_of_a_story_is_told_at_once_and_then_nothing_until_it_has_grown(
    conn: sqlite3.Connection,
) -> None:
    ready(conn, grown=3)
    press = Press()
    now = NOON + MINUTE
    press.print_(now)
    assert press.tick(conn, now) == DigestSummary(made=1, messages=1)
    for number in range(2, 6):
        now += MINUTE
        press.print_(now, of=1)
        press.tick(conn, now)
        told = [("instant", [1])] + [("instant", [4])] * (number >= 4)
        assert mails(conn) == told, number
    press.tick(conn, NOON + 11 * HOUR)  # six in the evening in Lima
    assert mails(conn)[2:] == [("digest", [2, 3, 5])]


def test_an_article_of_another_story_is_told_at_once(conn: sqlite3.Connection) -> None:
    ready(conn)
    press = Press()
    for number in range(3):
        press.print_(NOON)
        press.tick(conn, NOON + number * MINUTE)
    assert mails(conn) == [("instant", [1]), ("instant", [2]), ("instant", [3])]


def test_copies_that_come_together_are_one_mail(conn: sqlite3.Connection) -> None:
    ready(conn)
    press = Press()
    press.print_(NOON)
    press.print_(NOON, of=1)
    press.print_(NOON)
    press.tick(conn, NOON)
    assert mails(conn) == [("instant", [1, 2, 3])]


def test_an_article_whose_copies_are_not_known_yet_waits_and_holds_up_no_other(
    conn: sqlite3.Connection,
) -> None:
    ready(conn)
    press = Press()
    first, second = press.print_(NOON), press.print_(NOON)
    press.fresh = {first}
    press.tick(conn, NOON)
    assert mails(conn) == [("instant", [second])]
    press.fresh = set()
    press.tick(conn, NOON + MINUTE)
    assert mails(conn)[1:] == [("instant", [first])]


def test_two_stories_that_become_one_were_both_told(conn: sqlite3.Connection) -> None:
    ready(conn, grown=2)
    press = Press()
    press.print_(NOON)
    press.print_(NOON)
    press.tick(conn, NOON)
    press.story[2] = 1  # a third text shows that they are copies
    press.print_(NOON, of=1)
    press.tick(conn, NOON + MINUTE)
    assert mails(conn) == [("instant", [1, 2]), ("instant", [3])], "from one outlet to three"
    press.print_(NOON, of=1)
    press.tick(conn, NOON + 2 * MINUTE)
    assert len(mails(conn)) == 2


def test_past_the_hours_mails_the_rest_joins_the_next_digest_which_counts_it(
    conn: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Digest] = []
    for module in ("alerts.atonce", "alerts.prepare"):
        whole = __import__(module, fromlist=["render_all"]).render_all
        monkeypatch.setattr(
            f"{module}.render_all", lambda one, *rest, whole=whole: (made.append(one), whole(one, *rest))[1]
        )
    ready(conn, per_hour=2)
    press = Press()
    for number in range(4):
        press.print_(NOON)
        press.tick(conn, NOON + number * MINUTE)
    assert mails(conn) == [("instant", [1]), ("instant", [2])]
    assert [one.rest_at for one in made] == [None, NOON + 11 * HOUR], "the last one says when the rest comes"
    press.print_(NOON, of=3)  # a copy of one that waits is no news
    press.print_(NOON)
    press.tick(conn, NOON + 2 * HOUR)
    assert mails(conn)[2:] == [("instant", [6])], "the next hour has mails again; what waits goes on waiting"
    press.tick(conn, NOON + 11 * HOUR)
    assert mails(conn)[3:] == [("digest", [3, 4, 5])]
    assert made[-1].held_back == 2
    assert conn.execute("SELECT count(*) FROM held").fetchone() == (0,)


def test_told_only_at_once_what_an_hour_had_no_room_for_comes_at_the_next_full_hour(
    conn: sqlite3.Connection,
) -> None:
    ready(conn, when="instant", per_hour=1)
    press = Press()
    press.print_(NOON)
    press.tick(conn, NOON + MINUTE)
    press.print_(NOON)
    press.tick(conn, NOON + 2 * MINUTE)
    press.tick(conn, NOON + 59 * MINUTE)
    assert mails(conn) == [("instant", [1])]
    press.tick(conn, NOON + HOUR)
    assert mails(conn) == [("instant", [1]), ("digest", [2])]


def test_what_had_no_room_and_turned_out_to_be_another_article_waits_no_longer(
    conn: sqlite3.Connection,
) -> None:
    ready(conn, when="instant", per_hour=1)
    press = Press()
    press.print_(NOON)
    press.tick(conn, NOON + MINUTE)
    press.print_(NOON)
    press.tick(conn, NOON + 2 * MINUTE)
    press.matches[1] = replace(press.matches[1], article_id=9, was=(2,))
    press.story[9] = 9
    press.tick(conn, NOON + HOUR)
    assert mails(conn) == [("instant", [1]), ("digest", [9])]
    (body,) = conn.execute("SELECT body FROM deliveries ORDER BY id DESC LIMIT 1").fetchone()
    assert b"was not told at once" in body.replace(b"=\r\n", b"")


def test_a_clock_that_is_set_back_gives_an_hour_no_more_mails(conn: sqlite3.Connection) -> None:
    ready(conn, now=NOON - HOUR, per_hour=2)
    press = Press()
    for minutes in (0, 1, -30, -29):
        press.print_(NOON)
        press.tick(conn, NOON + minutes * MINUTE)
    assert mails(conn) == [("instant", [1]), ("instant", [2])]


def test_told_only_at_once_what_is_more_of_a_told_story_waits_for_company_a_day_at_most(
    conn: sqlite3.Connection,
) -> None:
    ready(conn, when="instant")
    press = Press()
    press.print_(NOON)
    press.print_(NOON + HOUR, of=1)
    press.fresh = {2}
    press.tick(conn, NOON + MINUTE)
    press.fresh = set()
    for hours in range(1, 25):
        press.tick(conn, NOON + hours * HOUR)
        assert mails(conn) == [("instant", [1])], hours
    press.tick(conn, NOON + 25 * HOUR)
    assert mails(conn)[1:] == [("digest", [2])]


def test_in_quiet_hours_nothing_is_told_and_at_their_end_all_of_it_in_one_mail(
    conn: sqlite3.Connection,
) -> None:
    ready(conn, quiet="06:00 to 12:00")  # it is seven in the morning
    press = Press()
    for number in range(3):
        press.print_(NOON)
        assert press.tick(conn, NOON + number * HOUR) == DigestSummary()
    press.tick(conn, NOON + 5 * HOUR)
    assert mails(conn) == [("instant", [1, 2, 3])]


def test_what_backfill_brings_is_not_told_at_once(conn: sqlite3.Connection) -> None:
    ready(conn, backfill=True)
    old = [replace(article(1), article_id=1)]
    arguments: dict[str, Any] = {"mail": server(), "backfilled": lambda low, high, _: old[low:high]}
    make_digests(conn, lambda *_: (), 1, NOON, **arguments)
    assert mails(conn) == []
    make_digests(conn, lambda *_: (), 1, NOON + 11 * HOUR, **arguments)
    assert mails(conn) == [("digest", [1])]


def test_a_mail_that_cannot_be_stored_leaves_nothing_and_is_the_same_mail_when_made_again(
    conn: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(conn)
    press = Press()
    press.print_(NOON)

    def killed(*_: object) -> None:
        raise ArchiveError("disk full")

    ids: list[str] = []
    insert = "alerts.outbox._insert"
    with monkeypatch.context() as patch:
        patch.setattr(
            insert, lambda conn, number, one, message, now: (ids.append(message.message_id), killed())
        )
        assert press.tick(conn, NOON).problems
    assert mails(conn) == []
    assert state.looked_upto(conn, "lima-desk") == 0
    press.tick(conn, NOON + MINUTE)
    assert conn.execute("SELECT message_id FROM deliveries").fetchall() == [(ids[0],)]


@settings(max_examples=40)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("new"), st.sampled_from(["peru", "lithium", "us-troops"])),
            st.tuples(st.just("copy"), st.integers(0, 3)),
            st.tuples(st.just("wait"), st.integers(-90, 400)),
            st.tuples(st.just("tick"), st.just(0)),
        ),
        max_size=25,
    ),
    st.sampled_from(["instant", "instant; daily at 18:00", "instant; hourly"]),
    st.sampled_from([None, "22:00 to 07:00"]),
)
def test_every_wanted_match_is_in_exactly_one_mail(
    steps: list[tuple[str, Any]], when: str, quiet: str | None
) -> None:
    conn, press, now = connect(), Press(), NOON
    ready(conn, when=when, quiet=quiet, grown=2, per_hour=2)
    for step, what in steps:
        if step == "new":
            press.print_(now, topic_id=what)
        elif step == "copy" and press.matches:
            press.print_(now, of=press.story[press.matches[-1 - what % len(press.matches)].article_id])
        elif step == "wait":
            now += what * MINUTE  # the clock may be set back too
        assert press.tick(conn, now).problems == ()
        recent = "SELECT count(*) FROM digests WHERE kind = 'instant' AND due_at > ? AND due_at <= ?"
        window = ((now - HOUR).isoformat(), now.isoformat())
        assert conn.execute(recent, window).fetchone()[0] <= 2
    for hours in range(50):  # in two days all that waits has come
        press.tick(conn, now + hours * HOUR)
    wanted = [one.article_id for one in press.matches if one.topic_id != "us-troops"]
    assert sorted(article_id for _, ids in mails(conn) for article_id in ids) == wanted
