"""Whole ticks: from matches to deliveries."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import jobs, outbox, prepare, schema, state
from alerts.channels.fake import FakeChannel
from alerts.channels.folder import FolderChannel
from alerts.channels.mail import MailChannel
from alerts.model import Delivery, DeliverySummary, DigestSummary, MailServer, Subscription
from alerts.prepare import Found
from archive.connect import open_reader
from archive.errors import ArchiveError, DeliveryError
from archive.model import MatchedArticle, TermChange
from archive.threads import Writer
from tests.alerts.factory import (
    NOON,
    article,
    change,
    connect,
    knows,
    make_digests,
    outlets,
    server,
    subscription,
)
from tests.alerts.smtp_server import Handler, mail_server

T = TypeVar("T")
DAY = timedelta(days=1)


class Archive:
    """Matches, as the service reads them."""

    def __init__(self, *matches: MatchedArticle) -> None:
        self.matches = list(matches)

    @property
    def top(self) -> int:
        return max([one.seq for one in self.matches], default=0)

    def matched(self, low: int, high: int, topics: tuple[str, ...] | None) -> Sequence[MatchedArticle]:
        return [
            one
            for one in self.matches
            if low < one.seq <= high and (topics is None or one.topic_id in topics)
        ]

    def tick(self, conn: sqlite3.Connection, now: datetime, mail: MailServer | None = None) -> DigestSummary:
        return make_digests(conn, self.matched, self.top, now, mail=mail or server())


def deliver(
    conn: sqlite3.Connection, channel: Any, now: datetime = NOON + timedelta(minutes=1), limit: int = 50
) -> DeliverySummary:
    async def run(work: Callable[[sqlite3.Connection], T]) -> T:
        return work(conn)

    return asyncio.run(jobs.deliver_due(run, channel, lambda: now, limit))


def ready(conn: sqlite3.Connection, *subscriptions: Subscription, top_seq: int = 0) -> None:
    jobs.sync(conn, subscriptions or (subscription(),), top_seq, NOON - DAY)


def test_matches_become_a_digest_at_its_hour_and_reach_everybody_once(conn: sqlite3.Connection) -> None:
    ready(conn, subscription(to=("a@example.org", "b@example.org", "A@example.org")))
    archive = Archive(article(1), article(2))
    assert archive.tick(conn, NOON - timedelta(hours=1)).made == 0
    assert archive.tick(conn, NOON) == DigestSummary(made=1, messages=2)
    assert archive.tick(conn, NOON + timedelta(minutes=1)) == DigestSummary()
    channel = FakeChannel()
    assert deliver(conn, channel) == DeliverySummary(sent=2)
    assert deliver(conn, channel) == DeliverySummary()
    assert [one.recipient for one in channel.sent] == ["A@example.org", "b@example.org"]


def test_after_days_of_standing_still_there_is_one_digest_with_everything(conn: sqlite3.Connection) -> None:
    ready(conn)
    archive = Archive(*(article(seq) for seq in range(1, 6)))
    assert archive.tick(conn, NOON + 4 * DAY + timedelta(hours=2)).made == 1
    assert conn.execute("SELECT from_seq, to_seq, matches, due_at FROM digests").fetchall() == [
        (0, 5, 5, "2026-07-23T12:00:00+00:00")
    ]


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("match"), st.sampled_from(["peru", "lithium", "us-troops"])),
            st.tuples(st.just("wait"), st.integers(1, 60)),
            st.tuples(st.just("tick"), st.none()),
            st.tuples(st.just("leave"), st.none()),
            st.tuples(st.just("return"), st.none()),
        ),
        max_size=40,
    )
)
def test_every_wanted_match_is_in_exactly_one_digest(steps: list[tuple[str, Any]]) -> None:
    conn = connect()
    archive, now = Archive(), NOON - DAY
    ready(conn)
    for step, what in steps:
        if step == "match":
            archive.matches.append(article(archive.top + 1, topic_id=what))
        elif step == "wait":
            now += timedelta(hours=what)
        elif step == "tick":
            assert not archive.tick(conn, now).problems
        else:
            jobs.sync(conn, [subscription()] if step == "return" else [], archive.top, now)
    jobs.sync(conn, [subscription()], archive.top, now)
    archive.tick(conn, now + 2 * DAY)
    deliver(conn, channel := FakeChannel(), now + 2 * DAY)
    told = [int(part.split(b"/")[-1]) for one in channel.sent for part in one.body.split() if _is_link(part)]
    assert sorted(told) == [one.seq for one in archive.matches if one.topic_id in ("peru", "lithium")]
    ranges = conn.execute("SELECT from_seq, to_seq FROM digests ORDER BY id").fetchall()
    assert [low for low, _ in ranges] == [0, *(high for _, high in ranges)][: len(ranges)]
    conn.close()


def _links(body: bytes) -> list[int]:
    return sorted(int(part.split(b"/")[-1]) for part in body.split() if _is_link(part))


def _is_link(part: bytes) -> bool:
    return part.startswith(b"https://news.example/")  # on a line of its own, so in the text part only


def test_one_bad_subscription_does_not_stop_the_rest(conn: sqlite3.Connection) -> None:
    bad = [
        subscription(id="bad-zone", zone="Nowhere"),
        subscription(id="bad-when", when="sometimes"),
        subscription(id="bad-address", to=("good@example.org", "x\r\nBcc: y@z.org")),
    ]
    ready(conn, *bad, subscription(id="good"))
    summary = Archive(article(1)).tick(conn, NOON)
    assert (summary.made, summary.messages) == (1, 1)
    assert [one.subscription_id for one in summary.problems] == ["bad-address", "bad-when", "bad-zone"]
    assert conn.execute("SELECT subscription_id FROM digests").fetchall() == [("good",)]
    ready(conn, subscription(id="bad-address"))
    assert Archive(article(1)).tick(conn, NOON).made == 1, "mended, it gets what was held back"


def test_an_archive_that_fails_for_one_digest_is_a_problem_and_it_stays_due(conn: sqlite3.Connection) -> None:
    ready(conn)

    def broken(low: int, high: int, topics: tuple[str, ...] | None) -> Sequence[MatchedArticle]:
        raise ArchiveError("disk I/O error")

    summary = make_digests(conn, broken, 5, NOON)
    assert [one.message for one in summary.problems] == ["ArchiveError: disk I/O error"]
    assert Archive(article(1)).tick(conn, NOON).made == 1


def test_an_archive_that_was_replaced_is_said_and_loses_no_place(conn: sqlite3.Connection) -> None:
    ready(conn, top_seq=50)
    (problem,) = Archive(article(3)).tick(conn, NOON).problems
    assert "was the archive replaced?" in problem.message
    known = state.subscription_state(conn, "lima-desk")
    assert known
    assert (known.seq, known.last_due_at) == (50, None)


def test_nothing_new_is_no_mail(conn: sqlite3.Connection) -> None:
    ready(conn)
    assert Archive().tick(conn, NOON) == DigestSummary(empty=1)
    assert Archive(article(1, topic_id="other")).tick(conn, NOON + DAY) == DigestSummary(empty=1)
    assert deliver(conn, FakeChannel(), NOON + DAY) == DeliverySummary()


def test_a_preview_shows_the_next_digest_and_keeps_nothing(conn: sqlite3.Connection) -> None:
    ready(conn)
    archive = Archive(article(1))
    before = list(conn.iterdump())
    shown = jobs.preview(conn, subscription(), knows(archive.matched, 1), server(), NOON - timedelta(hours=1))
    assert list(conn.iterdump()) == before
    archive.tick(conn, NOON)
    deliver(conn, channel := FakeChannel())
    assert (shown.body, shown.message_id) == (channel.sent[0].body, channel.sent[0].message_id)


def test_a_preview_at_the_hour_of_a_digest_is_of_that_one(conn: sqlite3.Connection) -> None:
    ready(conn)
    archive = Archive(article(1))
    shown = jobs.preview(conn, subscription(), knows(archive.matched, 1), server(), NOON)
    archive.tick(conn, NOON)
    deliver(conn, channel := FakeChannel())
    assert (shown.body, shown.message_id) == (channel.sent[0].body, channel.sent[0].message_id)


def test_a_preview_needs_no_database_and_starts_where_it_is_told() -> None:
    archive = Archive(article(1), article(2))
    arguments = (subscription(), knows(archive.matched, 2), None, NOON)
    assert jobs.preview(None, *arguments).subject.startswith("Nothing matched")
    assert jobs.preview(None, *arguments, from_seq=0).subject.endswith("Peru (2)")


def states(conn: sqlite3.Connection, state: str) -> int:
    return int(conn.execute("SELECT count(*) FROM deliveries WHERE state = ?", (state,)).fetchone()[0])


def test_a_match_that_ended_and_came_back_is_told_once(conn: sqlite3.Connection) -> None:
    ready(conn)
    archive = Archive(article(1), article(2))
    archive.tick(conn, NOON)
    archive.matches = [article(2), article(3, article_id=1), article(4)]
    shown = jobs.preview(conn, subscription(), knows(archive.matched, 4), server(), NOON + timedelta(hours=1))
    assert archive.tick(conn, NOON + DAY).made == 1
    deliver(conn, channel := FakeChannel(), NOON + DAY)
    first, second = channel.sent
    assert _links(first.body) == [1, 2]
    assert _links(second.body) == [4]
    assert shown.body == second.body
    archive.matches = [article(5, article_id=1)]
    assert archive.tick(conn, NOON + 2 * DAY) == DigestSummary(empty=1)


def test_an_article_that_was_told_under_another_id_is_told_once(conn: sqlite3.Connection) -> None:
    ready(conn)
    archive = Archive(article(1, article_id=7), article(2, article_id=8))
    archive.tick(conn, NOON)
    archive.matches = [
        article(3, article_id=5, was=(6, 7)),
        article(4, article_id=5, was=(6, 7), topic_id="lithium", topic_title="Lithium"),
        article(5, article_id=9, was=(10,)),
    ]
    assert archive.tick(conn, NOON + DAY).made == 1
    told = "SELECT article_id, topic_id FROM digest_items ORDER BY digest_id, article_id"
    assert conn.execute(told).fetchall() == [(7, "peru"), (8, "peru"), (5, "lithium"), (9, "peru")]


def test_after_the_clock_ran_ahead_digests_go_on_when_it_is_right_again(conn: sqlite3.Connection) -> None:
    ready(conn)
    archive = Archive(article(1))
    assert archive.tick(conn, NOON).made == 1
    archive.matches.append(article(2))
    assert archive.tick(conn, NOON + 365 * DAY).made == 1
    archive.matches.append(article(3))
    assert archive.tick(conn, NOON + DAY) == DigestSummary(), "it is told by the next start"
    ready(conn)
    known = state.subscription_state(conn, "lima-desk")
    assert known
    assert (known.seq, known.created_at, known.last_due_at) == (2, NOON - DAY, None)
    jobs.sync(conn, [subscription()], 3, NOON + DAY)
    assert archive.tick(conn, NOON + DAY).made == 1
    assert archive.tick(conn, NOON + DAY) == DigestSummary()
    archive.matches.append(article(4))
    assert archive.tick(conn, NOON + 365 * DAY) == DigestSummary(), "that moment has its digest already"
    assert archive.tick(conn, NOON + 366 * DAY) == DigestSummary(made=1, messages=1)
    deliver(conn, channel := FakeChannel(), NOON + 366 * DAY)
    assert sorted(number for one in channel.sent for number in _links(one.body)) == [1, 2, 3, 4]


def test_a_clock_that_was_set_back_by_seconds_makes_no_digest_twice(conn: sqlite3.Connection) -> None:
    ready(conn)
    archive = Archive(article(1))
    assert archive.tick(conn, NOON).made == 1
    jobs.sync(conn, [subscription()], 1, NOON - timedelta(seconds=2))
    archive.matches.append(article(2))
    assert archive.tick(conn, NOON) == DigestSummary()
    assert archive.tick(conn, NOON + DAY).made == 1


def test_a_subscription_that_was_made_by_a_clock_that_ran_ahead_is_told_from_now_on(
    conn: sqlite3.Connection,
) -> None:
    jobs.sync(conn, [subscription()], 0, NOON + 365 * DAY)
    jobs.sync(conn, [subscription()], 0, NOON - DAY)
    assert Archive(article(1)).tick(conn, NOON).made == 1


def test_a_digest_says_from_when_to_when_and_goes_in_the_order_of_the_operator(
    conn: sqlite3.Connection,
) -> None:
    everything = subscription(topics=None)
    ready(conn, everything)
    archive = Archive(
        article(1, topic_id="b", topic_title="Beta"), article(2, topic_id="a", topic_title="Alpha")
    )
    order = ("b", "a")
    assert make_digests(conn, archive.matched, archive.top, NOON, mail=server(), topic_order=order).made == 1
    deliver(conn, channel := FakeChannel())
    assert channel.sent[0].subject.endswith("· Beta (1), Alpha (1)")
    assert b"From 18 Jul, 07:00 to 19 Jul, 07:00" in channel.sent[0].body
    archive.matches.append(article(3, first_seen_at=NOON + DAY + timedelta(hours=3)))
    assert archive.tick(conn, NOON + DAY + timedelta(hours=4)).made == 1
    deliver(conn, channel, NOON + 2 * DAY)
    assert b"From 19 Jul, 07:00 to 20 Jul, 10:00" in channel.sent[1].body, (
        "made late, it holds what came since"
    )


def test_mail_that_waits_for_a_server_that_is_no_more_is_delivered_to_the_folder(
    conn: sqlite3.Connection, tmp_path: Path
) -> None:
    ready(conn)
    Archive(article(1)).tick(conn, NOON)
    deliver(conn, FakeChannel(before=failing(DeliveryError("down"))), NOON)
    summary = make_digests(conn, Archive().matched, 1, NOON + timedelta(seconds=9))
    assert summary == DigestSummary(rerouted=1)
    assert deliver(conn, FolderChannel(tmp_path)) == DeliverySummary(sent=1)
    assert len(list(tmp_path.glob("*.eml"))) == 1


def files(folder: Path) -> tuple[Writer, jobs.Look, jobs.Run]:
    """Return a writer, and the ways in as the service has them."""
    writer, path = Writer(), folder / "alerts.db"

    async def run(work: Callable[[sqlite3.Connection], T]) -> T:
        return await writer.run(path, work)

    async def look(work: Callable[[sqlite3.Connection, Callable[[], Found]], T]) -> T:
        def read() -> T:
            with closing(open_reader(path)) as conn:
                return work(conn, lambda: found)

        return await asyncio.to_thread(read)

    archive = Archive(article(1), article(2))
    found = Found(matched=archive.matched, top_seq=2, coverage=(), sources_read=outlets(3))
    return writer, look, run


def test_digests_are_read_and_rendered_outside_the_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []
    build_next = prepare.build_next
    monkeypatch.setattr(
        prepare,
        "build_next",
        lambda *all: (threads.append(threading.current_thread().name), build_next(*all))[1],
    )
    writer, look, run = files(tmp_path)
    bad = subscription(id="bad", to=("x\r\nBcc: y@z.org",))

    async def tick() -> DigestSummary:
        await run(schema.migrate)
        await run(lambda conn: ready(conn, subscription(), bad, subscription(id="quiet", topics=())))
        return await jobs.digest_due(look, run, server(), NOON)

    summary = asyncio.run(tick())
    writer.close()
    assert (summary.made, summary.messages, summary.empty) == (1, 1, 1)
    assert [one.subscription_id for one in summary.problems] == ["bad"]
    assert len(threads) == 3
    assert "presswatch-writer" not in threads


def test_a_digest_is_refused_when_its_subscription_moved_on_while_it_was_rendered(tmp_path: Path) -> None:
    writer, look, run = files(tmp_path)
    overtaking = True

    async def overtaken(work: Callable[[sqlite3.Connection], T]) -> T:
        nonlocal overtaking
        if overtaking:
            overtaking = False
            await run(lambda conn: conn.execute("UPDATE subscriptions SET active = 0"))
        return await run(work)

    async def ticks() -> tuple[DigestSummary, DigestSummary]:
        await run(schema.migrate)
        await run(ready)
        first = await jobs.digest_due(look, overtaken, server(), NOON)
        await run(lambda conn: conn.execute("UPDATE subscriptions SET active = 1"))
        return first, await jobs.digest_due(look, run, server(), NOON)

    first, second = asyncio.run(ticks())
    writer.close()
    assert (first.made, len(first.problems)) == (0, 1)
    assert "changed while its digest was made" in first.problems[0].message
    assert (second.made, second.messages) == (1, 1)


def test_two_ticks_that_make_the_same_digest_store_it_once(tmp_path: Path) -> None:
    writer, look, run = files(tmp_path)

    async def both() -> list[DigestSummary]:
        await run(schema.migrate)
        await run(ready)
        return await asyncio.gather(*(jobs.digest_due(look, run, server(), NOON) for _ in range(2)))

    asyncio.run(both())
    stored = asyncio.run(
        run(lambda conn: [tuple(row) for row in conn.execute("SELECT from_seq, to_seq FROM digests")])
    )
    sent = asyncio.run(run(lambda conn: conn.execute("SELECT count(*) FROM deliveries").fetchone()[0]))
    writer.close()
    assert (stored, sent) == ([(0, 2)], 1)


def failing(error: Exception) -> Callable[[Delivery], None]:
    def fail(delivery: Delivery) -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    ("where", "error", "ends", "summary", "follows"),
    [
        ("before", DeliveryError("busy"), "due", DeliverySummary(failed=1), "will be tried again"),
        ("before", DeliveryError("no", permanent=True), "dead", DeliverySummary(dead=1), "given up"),
        ("before", RuntimeError("a bug"), "due", DeliverySummary(failed=1), "will be tried again"),
        ("after", DeliveryError("try later"), "due", DeliverySummary(failed=1), "will be tried again"),
        ("after", DeliveryError("spam", permanent=True), "dead", DeliverySummary(dead=1), "given up"),
        (
            "after",
            DeliveryError("dropped", unknown=True),
            "unknown",
            DeliverySummary(unknown=1),
            "nobody knows whether it arrived",
        ),
        (
            "after",
            RuntimeError("a bug"),
            "unknown",
            DeliverySummary(unknown=1),
            "nobody knows whether it arrived",
        ),
    ],
)
def test_however_a_delivery_fails_it_ends_somewhere_and_it_is_said_what_follows(
    conn: sqlite3.Connection, where: str, error: Exception, ends: str, summary: DeliverySummary, follows: str
) -> None:
    ready(conn)
    Archive(article(1)).tick(conn, NOON)
    result = deliver(conn, FakeChannel(**{where: failing(error)}))  # type: ignore[arg-type]
    assert (result.sent, result.failed, result.unknown, result.dead) == (
        summary.sent, summary.failed, summary.unknown, summary.dead,
    )  # fmt: skip
    assert str(error) in result.errors[0]
    assert result.errors[0].startswith(f"{follows}: desk@example.org: ")
    assert conn.execute("SELECT state FROM deliveries").fetchall() == [(ends,)]


def test_a_server_that_stays_down_gets_twelve_tries_and_then_the_delivery_is_dead(
    conn: sqlite3.Connection,
) -> None:
    ready(conn)
    Archive(article(1)).tick(conn, NOON)
    now, tries = NOON, 0
    while not states(conn, "dead"):
        result = deliver(conn, FakeChannel(before=failing(DeliveryError("down"))), now)
        tries += result.failed + result.dead
        now += timedelta(minutes=30)
        assert now < NOON + 9 * DAY
    assert tries == 12
    assert timedelta(days=2.9) < now - NOON < timedelta(days=3.5)


def test_an_ending_that_cannot_be_written_down_is_raised_after_the_others_have_ended(
    conn: sqlite3.Connection,
) -> None:
    ready(conn, subscription(to=("a@example.org", "b@example.org")))
    Archive(article(1)).tick(conn, NOON)

    async def run(work: Callable[[sqlite3.Connection], T]) -> T:
        if not states(conn, "data") or states(conn, "claimed"):
            return work(conn)
        if not broken:
            broken.append(1)
            raise ArchiveError("disk full")
        return work(conn)

    broken: list[int] = []
    with pytest.raises(ArchiveError, match="disk full"):
        asyncio.run(jobs.deliver_due(run, FakeChannel(), lambda: NOON, 9))
    outbox.recover(conn, NOON)
    assert sorted(row[0] for row in conn.execute("SELECT state FROM deliveries")) == ["sent", "unknown"]


def test_one_bad_recipient_does_not_stop_the_rest_of_a_real_conversation(conn: sqlite3.Connection) -> None:
    ready(conn, subscription(to=("a@example.org", "gone@example.org", "later@example.org", "z@example.org")))
    Archive(article(1)).tick(conn, NOON)
    handler = Handler(rcpt={"gone@example.org": "550 gone", "later@example.org": "450 later"})

    async def run(work: Callable[[sqlite3.Connection], T]) -> T:
        return work(conn)

    async def tick() -> DeliverySummary:
        async with mail_server(handler) as port:
            channel = MailChannel(server(port=port), local_hostname="localhost")
            return await jobs.deliver_due(run, channel, lambda: NOON, 50)

    summary = asyncio.run(tick())
    assert (summary.sent, summary.failed, summary.dead, summary.unknown) == (2, 1, 1, 0)
    assert sorted(one[1][0] for one in handler.taken) == ["a@example.org", "z@example.org"]


@given(st.lists(st.sampled_from(["match", "change", "other", "digest"]), max_size=25))
def test_every_wanted_change_is_in_exactly_one_digest_with_matches_or_without(steps: list[str]) -> None:
    conn = connect()
    jobs.sync(conn, [subscription()], 0, NOON - DAY)
    matches: list[MatchedArticle] = []
    changes: list[TermChange] = []
    told: list[int] = []
    now = NOON
    for step in [*steps, "digest"]:
        if step == "match":
            matches.append(article(len(matches) + 1))
        elif step != "digest":
            changes.append(change(len(changes) + 1, topic_id="peru" if step == "change" else "us-troops"))
        else:
            now += DAY
            known = state.subscription_state(conn, "lima-desk")
            assert known is not None
            found = Found(
                matched=lambda low, high, _: [one for one in matches if low < one.seq <= high],
                top_seq=len(matches),
                coverage=(),
                sources_read=outlets(3),
                changed=lambda low, high, _: [one for one in changes if low < one.id <= high],
                top_change=len(changes),
            )
            prepared = prepare.prepare(conn, known, found, server(), now, now)
            assert bool(prepared.messages) == bool(prepared.digest.changes or prepared.digest.articles)
            prepare.store(conn, prepared)
            told += [one.id for one in prepared.digest.changes]
    assert told == [one.id for one in changes if one.topic_id == "peru"]
    conn.close()
