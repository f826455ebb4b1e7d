"""What is remembered, and the moves of a delivery."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from alerts import outbox, schema, state, suppressions
from alerts.model import Digest, Message
from alerts.render import render
from archive.connect import open_writer
from archive.errors import ArchiveError
from archive.model import to_json
from archive.times import stamp
from tests.alerts.factory import NOON, article, connect, digest, server, subscription

MINUTE = timedelta(minutes=1)


def ready(conn: sqlite3.Connection, top_seq: int = 0) -> None:
    state.sync_subscriptions(conn, [subscription()], top_seq, NOON - timedelta(days=1))


def queued(conn: sqlite3.Connection, *to: str, due: int = 0) -> tuple[Digest, list[Message]]:
    known = state.subscription_state(conn, "lima-desk")
    assert known
    seq = known.seq
    made = digest(article(seq + 1), from_seq=seq, to_seq=seq + 1, due_at=NOON + timedelta(days=due))
    messages = [render(made, one, server()) for one in (to or ("desk@example.org",))]
    assert outbox.queue(conn, made, messages)
    return made, messages


def states(conn: sqlite3.Connection) -> list[str]:
    return [row[0] for row in conn.execute("SELECT state FROM deliveries ORDER BY id")]


def test_migrating_twice_changes_nothing(conn: sqlite3.Connection) -> None:
    before = conn.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall()
    schema.migrate(conn)
    assert conn.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall() == before


def test_a_new_subscription_starts_after_what_is_there_and_an_edited_or_returning_one_keeps_its_place(
    conn: sqlite3.Connection,
) -> None:
    state.sync_subscriptions(conn, [subscription()], 7, NOON)
    state.sync_subscriptions(conn, [subscription(name="Other")], 9, NOON + MINUTE)
    known = state.subscription_state(conn, "lima-desk")
    assert known
    assert (known.seq, known.created_at, known.subscription.name) == (7, NOON, "Other")
    state.sync_subscriptions(conn, [], 11, NOON)
    assert state.active_subscriptions(conn) == []
    state.sync_subscriptions(conn, [subscription()], 13, NOON)
    assert [one.seq for one in state.active_subscriptions(conn)] == [7]


def test_queueing_the_same_digest_again_changes_nothing(conn: sqlite3.Connection) -> None:
    ready(conn)
    made, messages = queued(conn)
    assert not outbox.queue(conn, made, messages)
    assert states(conn) == ["due"]
    known = state.subscription_state(conn, "lima-desk")
    assert known
    assert (known.seq, known.last_due_at) == (1, NOON)


@pytest.mark.parametrize("start", [0, 3])
def test_a_digest_that_does_not_go_on_where_the_last_one_ended_is_refused(
    conn: sqlite3.Connection, start: int
) -> None:
    ready(conn)
    made, messages = queued(conn)
    with pytest.raises(ArchiveError, match="no digest can start at"):
        outbox.queue(conn, replace(made, from_seq=start, to_seq=9, due_at=NOON + timedelta(days=1)), messages)
    with pytest.raises(ArchiveError, match="another digest"):
        outbox.queue(conn, replace(made, to_seq=9), messages)
    assert states(conn) == ["due"]


def test_when_one_message_cannot_be_stored_nothing_is(conn: sqlite3.Connection) -> None:
    ready(conn)
    made = digest(article(1))
    message = render(made, "desk@example.org", server())
    with pytest.raises(ArchiveError, match="UNIQUE"):
        outbox.queue(conn, made, [message, message])
    assert states(conn) == []
    assert conn.execute("SELECT count(*) FROM digests").fetchone() == (0,)
    known = state.subscription_state(conn, "lima-desk")
    assert known
    assert (known.seq, known.last_due_at) == (0, None)


def test_empty_digests_move_the_due_moment_and_are_no_rows(conn: sqlite3.Connection) -> None:
    ready(conn, top_seq=5)
    for day in range(3):
        assert outbox.queue(conn, digest(from_seq=5, to_seq=5, due_at=NOON + timedelta(days=day)), [])
    assert conn.execute("SELECT count(*) FROM digests").fetchone() == (0,)
    known = state.subscription_state(conn, "lima-desk")
    assert known
    assert (known.seq, known.last_due_at) == (5, NOON + timedelta(days=2))


def test_a_range_with_nothing_wanted_in_it_is_a_row_without_deliveries(conn: sqlite3.Connection) -> None:
    ready(conn)
    assert outbox.queue(conn, digest(from_seq=0, to_seq=5), [])
    assert conn.execute("SELECT from_seq, to_seq, matches FROM digests").fetchall() == [(0, 5, 0)]
    assert states(conn) == []


def test_a_suppressed_address_is_not_written_to_and_the_row_says_why(conn: sqlite3.Connection) -> None:
    ready(conn)
    suppressions.suppress(conn, "Desk@Example.org", "asked to leave", NOON)
    queued(conn, "desk@example.org", "other@example.org")
    assert states(conn) == ["dead", "due"]
    assert conn.execute("SELECT last_error FROM deliveries WHERE state = 'dead'").fetchall() == [
        ("suppressed since 2026-07-19T12:00:00+00:00: asked to leave",)
    ]


def test_what_waits_for_an_address_when_it_is_suppressed_does_not_leave_either(
    conn: sqlite3.Connection,
) -> None:
    ready(conn)
    made, _ = queued(conn, "Desk@example.org", "other@example.org")
    suppressions.suppress(conn, "desk@Example.org", "asked to leave", NOON)
    assert [one.recipient for one in outbox.claim(conn, made.made_at, 9)] == ["other@example.org"]
    assert conn.execute("SELECT recipient, last_error FROM deliveries WHERE state = 'dead'").fetchall() == [
        ("Desk@example.org", "suppressed since 2026-07-19T12:00:00+00:00: asked to leave")
    ]


def test_what_waits_for_an_address_that_left_the_file_is_given_up_and_no_other(
    conn: sqlite3.Connection,
) -> None:
    ready(conn)
    made, _ = queued(conn, "gone@example.org", "Desk@example.org", "outbox")
    assert suppressions.forget(conn, ["desk@Example.org"], NOON) == 1
    assert [one.recipient for one in outbox.claim(conn, made.made_at, 9)] == ["Desk@example.org", "outbox"]
    assert conn.execute("SELECT recipient, last_error FROM deliveries WHERE state = 'dead'").fetchall() == [
        ("gone@example.org", "no longer in subscribers.yaml")
    ]
    assert suppressions.forget(conn, [], NOON) == 0, "what is in somebody's hand stays there"


def test_a_delivery_is_claimed_once_when_it_is_due_and_by_its_channel(conn: sqlite3.Connection) -> None:
    ready(conn)
    made, _ = queued(conn, "a@example.org", "b@example.org", "c@example.org")
    assert outbox.claim(conn, made.made_at - MINUTE, 9) == []
    assert outbox.claim(conn, made.made_at, 9, "folder") == []
    first = outbox.claim(conn, made.made_at, 2, "mail")
    assert [(one.recipient, one.attempts, one.state) for one in first] == [
        ("a@example.org", 1, "claimed"),
        ("b@example.org", 1, "claimed"),
    ]
    assert [one.recipient for one in outbox.claim(conn, made.made_at, 9)] == ["c@example.org"]
    assert outbox.claim(conn, made.made_at, 9) == []


def test_trying_again_takes_twelve_attempts_in_three_days() -> None:
    now, attempts = NOON, 1
    while (later := outbox.next_try(attempts, now)) is not None:
        assert later > now
        now, attempts = later, attempts + 1
    assert attempts == 12
    assert timedelta(days=2.9) < now - NOON < timedelta(days=3.1)


def test_after_a_crash_what_was_claimed_is_due_and_what_was_on_the_wire_is_unknown(
    conn: sqlite3.Connection,
) -> None:
    ready(conn)
    made, _ = queued(conn, "a@example.org", "b@example.org", "c@example.org")
    first, second, third = outbox.claim(conn, made.made_at, 9)
    assert outbox.on_the_wire(conn, second.id)
    assert outbox.sent(conn, third.id, NOON)
    lost = outbox.recover(conn, NOON + MINUTE)
    assert [one.recipient for one in lost] == ["b@example.org"]
    assert states(conn) == ["due", "unknown", "sent"]
    assert [one.id for one in outbox.claim(conn, NOON + MINUTE, 9)] == [first.id]
    assert outbox.recover(conn, NOON + MINUTE) == []


def test_what_somebody_has_in_hand_is_left_alone_while_the_rest_is_settled(conn: sqlite3.Connection) -> None:
    ready(conn)
    made, _ = queued(conn, "a@example.org", "b@example.org", "c@example.org", "d@example.org")
    claimed, wire, _, lost = outbox.claim(conn, made.made_at, 9)
    assert outbox.on_the_wire(conn, wire.id)
    assert outbox.on_the_wire(conn, lost.id)
    assert [one.id for one in outbox.recover(conn, NOON, in_hand={claimed.id, wire.id})] == [lost.id]
    assert states(conn) == ["claimed", "data", "due", "unknown"]
    assert outbox.sent(conn, wire.id, NOON), "it still ends as if nothing had been settled"


def test_what_waits_for_a_mail_server_that_is_no_more_goes_to_the_folder(conn: sqlite3.Connection) -> None:
    ready(conn)
    made, _ = queued(conn, "a@example.org", "b@example.org")
    (taken,) = outbox.claim(conn, made.made_at, 1, "mail")
    assert outbox.again(conn, taken.id, "down", NOON + timedelta(days=1))
    assert outbox.reroute(conn, NOON) == 2
    assert outbox.reroute(conn, NOON) == 0
    assert [(one.recipient, one.attempts) for one in outbox.claim(conn, NOON, 9, "folder")] == [
        ("a@example.org", 1),
        ("b@example.org", 1),
    ]


def test_the_same_article_and_topic_is_never_stored_in_two_digests(conn: sqlite3.Connection) -> None:
    ready(conn)
    queued(conn)
    made = digest(article(2, article_id=1), from_seq=1, to_seq=2, due_at=NOON + timedelta(days=1))
    with pytest.raises(ArchiveError, match="UNIQUE"):
        outbox.queue(conn, made, [])
    assert state.told(conn, "lima-desk", [1, 2]) == {(1, "peru")}
    assert state.told(conn, "other", [1, 2]) == frozenset()


@pytest.mark.parametrize(("found", "becomes"), [(None, 0o600), (0o644, 0o640), (0o600, 0o600)])
def test_other_accounts_of_the_computer_cannot_read_who_gets_mail(
    tmp_path: Path, found: int | None, becomes: int
) -> None:
    path = tmp_path / "alerts.db"
    if found is not None:
        with closing(open_writer(path)) as conn:
            schema.migrate(conn)
        path.chmod(found)
    with closing(open_writer(path)) as conn:
        schema.migrate(conn)
        ready(conn)
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert modes == dict.fromkeys(("alerts.db", "alerts.db-shm", "alerts.db-wal"), becomes)


def test_only_the_operator_sends_an_unknown_one_again(conn: sqlite3.Connection) -> None:
    ready(conn)
    made, _ = queued(conn)
    (only,) = outbox.claim(conn, made.made_at, 9)
    assert outbox.on_the_wire(conn, only.id)
    assert outbox.unknown(conn, only.id, "dropped", NOON)
    assert outbox.claim(conn, NOON + timedelta(days=9), 9) == []
    assert not outbox.again(conn, only.id, "no", NOON)
    assert not outbox.sent(conn, only.id, NOON)


MOVES = st.lists(
    st.tuples(
        st.sampled_from(["claim", "on_the_wire", "sent", "again", "dead", "unknown", "recover", "wait"]),
        st.integers(1, 3),
    ),
    max_size=40,
)


@given(MOVES)
def test_every_claimed_delivery_ends_sent_due_unknown_or_dead(moves: list[tuple[str, int]]) -> None:
    conn = connect()
    ready(conn)
    queued(conn, "a@example.org", "b@example.org", "c@example.org")
    now = NOON + MINUTE
    was = dict(conn.execute("SELECT id, state FROM deliveries"))
    for move, row in moves:
        if move == "claim":
            outbox.claim(conn, now, row)
        elif move == "on_the_wire":
            outbox.on_the_wire(conn, row)
        elif move == "sent":
            outbox.sent(conn, row, now)
        elif move == "again":
            outbox.again(conn, row, "later", now + MINUTE)
        elif move == "dead":
            outbox.dead(conn, row, "no", now)
        elif move == "unknown":
            outbox.unknown(conn, row, "?", now)
        elif move == "recover":
            outbox.recover(conn, now)
        else:
            now += timedelta(hours=1)
        are = dict(conn.execute("SELECT id, state FROM deliveries"))
        for key, ends in are.items():
            # What was sent stays sent, and what may have been sent is never due again by itself.
            assert was[key] != "sent" or ends == "sent"
            assert was[key] != "unknown" or ends == "unknown"
            assert (was[key], ends) != ("data", "due") or move == "again"
            assert (was[key], ends) != ("due", "data")
        was = are
    outbox.recover(conn, now)
    assert set(states(conn)) <= {"due", "sent", "unknown", "dead"}
    conn.close()


def test_what_waits_and_what_is_in_trouble_is_counted(conn: sqlite3.Connection) -> None:
    assert outbox.waiting(conn) == (0, None)
    assert outbox.troubled(conn) == {"unknown": 0, "dead": 0}
    ready(conn)
    queued(conn, *(f"{name}@example.org" for name in "abcdef"))
    first = NOON + timedelta(seconds=3)
    assert outbox.waiting(conn) == (6, first)
    a, b, c, d, e, _ = outbox.claim(conn, NOON + MINUTE, 6)
    assert outbox.waiting(conn) == (6, first), "what is claimed is still on its way"
    assert outbox.on_the_wire(conn, a.id)
    assert outbox.unknown(conn, a.id, "dropped", NOON)
    assert outbox.dead(conn, b.id, "no", NOON)
    assert outbox.dead(conn, c.id, "no", NOON)
    assert outbox.sent(conn, d.id, NOON)
    assert outbox.again(conn, e.id, "busy", NOON + 9 * MINUTE)
    assert outbox.waiting(conn) == (2, first)
    outbox.recover(conn, NOON + 5 * MINUTE)
    assert outbox.waiting(conn) == (2, NOON + 5 * MINUTE), "the other was only claimed"
    assert outbox.troubled(conn) == {"unknown": 1, "dead": 2}


def test_what_sqlite_says_arrives_as_our_error(conn: sqlite3.Connection) -> None:
    with pytest.raises(ArchiveError, match="no such table"):
        state.rows(conn, "SELECT * FROM nowhere")
    with sqlite3.connect(":memory:") as empty, pytest.raises(ArchiveError):
        state.active_subscriptions(empty)
    empty.close()


def test_a_file_of_an_earlier_version_keeps_its_digests_and_remembers_from_now_on(
    tmp_path: Path,
) -> None:
    path = tmp_path / "alerts.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
        conn.execute("PRAGMA foreign_keys = on")
        schema.migrations.apply(Database(conn, execute_plugins=False), stop_before="kinds_and_changes")
        before = {
            "subscriptions": ("lima-desk", "Lima", to_json(subscription()).decode(), 0, stamp(NOON), None, 1),
            "digests": (7, "lima-desk", 0, 4, stamp(NOON), stamp(NOON), 1, "Peru (1)"),
            "digest_items": ("lima-desk", 4, "peru", 7),
            "deliveries": (
                1, 7, "desk@example.org", "mail", "<a@b>", "Peru (1)", b"x", "<p>", "due", 0, stamp(NOON), None, None, None,
            ),
            "suppressions": ("gone@example.org", stamp(NOON), "asked to leave"),
        }  # fmt: skip
        for table, row in before.items():
            conn.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
    with closing(schema.open_as_now(path)) as copy:
        assert state.told(copy, "lima-desk", [4]) == {(4, "peru")}, "a preview needs no migration of the file"
    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
        conn.execute("PRAGMA foreign_keys = on")
        assert schema.migrate(conn) == [
            "kinds_and_changes",
            "told_at_once",
            "since_when_hours_hold",
            "queries_of_before",
        ]
        assert conn.execute("PRAGMA foreign_key_check").fetchall() == []
        state.sync_subscriptions(conn, [subscription()], 9, NOON + MINUTE, top_change=5)
        known = state.subscription_state(conn, "lima-desk")
        assert known is not None
        assert (known.seq, known.change) == (4, 5), "edits of before this version are no news"
        assert suppressions.suppressed(conn, "gone@example.org", "lima-desk")
        (claimed,) = outbox.claim(conn, NOON, 9)
        assert (claimed.digest_id, claimed.subscription_id) == (7, "lima-desk")


def test_an_interrupted_ending_in_the_folder_is_no_attempt(conn: sqlite3.Connection) -> None:
    ready(conn)
    made, _ = queued(conn, "a@example.org", "b@example.org")
    conn.execute("UPDATE deliveries SET channel = 'folder' WHERE recipient = 'a@example.org'")
    now = made.made_at
    for _ in range(outbox.MAX_ATTEMPTS + 2):
        outbox.claim(conn, now, 9)
        outbox.recover(conn, now)
    assert states(conn) == ["due", "dead"]
    assert [one.attempts for one in outbox.claim(conn, now, 9)] == [1]


def test_a_failure_of_the_folder_is_an_attempt(conn: sqlite3.Connection) -> None:
    ready(conn)
    made, _ = queued(conn)
    conn.execute("UPDATE deliveries SET channel = 'folder'")
    (taken,) = outbox.claim(conn, made.made_at, 9)
    assert outbox.again(conn, taken.id, "disk full", made.made_at)
    assert [one.attempts for one in outbox.claim(conn, made.made_at, 9)] == [2]


def test_what_waits_for_a_date_to_which_a_clock_had_run_ahead_is_due_again(conn: sqlite3.Connection) -> None:
    ready(conn)
    made, _ = queued(conn, "a@example.org", "b@example.org")
    ahead, waits = outbox.claim(conn, made.made_at, 9)
    assert outbox.again(conn, ahead.id, "down", NOON + timedelta(days=365))
    assert outbox.again(conn, waits.id, "down", NOON + timedelta(days=1))
    outbox.recover(conn, NOON)
    assert [one.id for one in outbox.claim(conn, NOON, 9)] == [ahead.id]
    assert [one.id for one in outbox.claim(conn, NOON + timedelta(days=1), 9)] == [waits.id]


def test_who_leaves_one_list_still_gets_the_others(conn: sqlite3.Connection) -> None:
    both = [subscription(), subscription(id="weekly", name="Weekly")]
    state.sync_subscriptions(conn, both, 0, NOON - timedelta(days=1))
    assert suppressions.suppress(conn, "Desk@example.org", "asked to leave", NOON, "lima-desk")
    assert not suppressions.suppress(conn, "desk@example.org", "asked again", NOON + MINUTE, "lima-desk")
    for one in both:
        made = digest(article(1), subscription=one)
        outbox.queue(conn, made, [render(made, "desk@example.org", server())])
    assert states(conn) == ["dead", "due"]
    # And what waits for it when the reader leaves the second.
    suppressions.suppress(conn, "desk@example.org", "asked to leave", NOON, "weekly")
    assert outbox.claim(conn, NOON + MINUTE, 9) == []
    assert states(conn) == ["dead", "dead"]
    assert [one.subscription_id for one in suppressions.lift(conn, "desk@example.org", "weekly")] == [
        "weekly"
    ]
    assert [(one.subscription_id, one.why) for one in suppressions.listed(conn)] == [
        ("lima-desk", "asked to leave")
    ]


def test_an_address_that_is_to_get_nothing_gets_no_list(conn: sqlite3.Connection) -> None:
    suppressions.suppress(conn, "desk@example.org", "bounced", NOON)
    assert (
        suppressions.suppressed(conn, "DESK@example.org", "any") == f"suppressed since {stamp(NOON)}: bounced"
    )
    assert suppressions.suppressed(conn, "other@example.org", "any") is None
    assert len(suppressions.lift(conn, "desk@example.org")) == 1
    assert suppressions.suppressed(conn, "desk@example.org", "any") is None


def test_what_is_claimed_when_its_reader_leaves_does_not_go_on_the_wire(conn: sqlite3.Connection) -> None:
    ready(conn)
    made, _ = queued(conn, "a@example.org", "b@example.org")
    one, other = outbox.claim(conn, made.made_at, 9)
    suppressions.suppress(conn, "a@example.org", "asked to leave", NOON, "lima-desk")
    assert [outbox.on_the_wire(conn, each.id) for each in (one, other)] == [False, True]
    outbox.again(conn, one.id, "not now", made.made_at)
    assert outbox.claim(conn, made.made_at, 9) == []
    assert states(conn) == ["dead", "data"]
