"""What the alerts side remembers, in `alerts.db`: subscriptions, and what was told.

The rows of `digests` and `deliveries` are written by `alerts.outbox`, those of `requests` by `alerts.requests`, those
of `suppressions` by `alerts.suppressions`, through `rows` of this module; the tables stand in `alerts.schema`, and
nothing else in the project writes SQL for this file. Functions take a plain connection that somebody else opened (the
one writer, ``isolation_level=None``), and `archive.connect.transaction` is the only place that begins and commits.

**The sequence rule.** A digest holds every wanted match with from_seq < seq <= to_seq, and the next one of
the subscription starts at its to_seq. Where a subscription stands is therefore never stored apart from its
digests: it is the highest to_seq, or start_seq before the first, so the two cannot disagree.

What edits did to terms has a sequence of its own (`hit_changes.id` of the archive), and its range stands in the same
row: a change is in exactly one digest by the same rule. Rows of another kind (an alert that a topic spikes) stand
beside the chain: they move nothing.

A due moment at which the archive holds nothing newer has both ends alike. Two of those in a row would
break the chain's index, and a row with nothing between its ends says nothing: so it is not a
row. It only moves `last_due_at` of the subscription. A range that holds matches of which none is wanted *is*
a row (matches = 0, no deliveries): the chain of ranges has no holes, and a topic added to a subscription later
brings no old matches with it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from alerts.due import hours_since
from alerts.model import Subscription, SubscriptionState
from alerts.watch import read_when
from archive.connect import transaction
from archive.errors import ArchiveError
from archive.model import from_json, to_json
from archive.times import moment, stamp

# --- the seam to SQLite -----------------------------------------------------------------------------------


def rows(conn: sqlite3.Connection, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Run one statement and return all its rows. Raises `ArchiveError` for whatever SQLite says."""
    try:
        return [tuple(row) for row in conn.execute(sql, values).fetchall()]
    except sqlite3.Error as error:
        raise ArchiveError(f"alerts.db: {error}") from error


# --- subscriptions ----------------------------------------------------------------------------------------


def sync_subscriptions(
    conn: sqlite3.Connection,
    subscriptions: Sequence[Subscription],
    top_seq: int,
    now: datetime,
    top_change: int = 0,
) -> None:
    """Make the table say what the operator's file says.

    New ones start at ``top_seq`` and ``top_change``; edited ones, and those that return, keep their place; those that
    are gone become inactive. Who returns, or is told at once from now on, gets what was found before in the next
    digest. What a clock that ran ahead left as dealt with is not: no digest would be made until then.
    """
    with transaction(conn):
        rows(
            conn,
            """UPDATE subscriptions SET last_due_at = (
                   SELECT max(due_at) FROM digests
                   WHERE subscription_id = subscriptions.id AND kind IN ('digest', 'heartbeat') AND due_at <= ?1)
               WHERE last_due_at > ?1""",
            (stamp(now),),
        )
        for column in ("created_at", "hours_since"):
            rows(conn, f"UPDATE subscriptions SET {column} = ?1 WHERE {column} > ?1", (stamp(now),))  # noqa: S608 - our own words
        # Before there were changes in digests, nobody had a place among them.
        rows(conn, "UPDATE subscriptions SET start_change = ? WHERE start_change IS NULL", (top_change,))
        for one in subscriptions:
            if known := subscription_state(conn, one.id):
                _edit(conn, known, one, top_seq, now)
        rows(conn, "UPDATE subscriptions SET active = 0")
        for one in subscriptions:
            rows(
                conn,
                """INSERT INTO subscriptions (id, name, definition, start_seq, start_change, created_at, active)
                   VALUES (?, ?, ?, ?, ?, ?, 1)
                   ON CONFLICT (id) DO UPDATE SET name = excluded.name, definition = excluded.definition, active = 1""",
                (one.id, one.name, to_json(one).decode(), top_seq, top_change, stamp(now)),
            )


def _edit(
    conn: sqlite3.Connection, known: SubscriptionState, edited: Subscription, top_seq: int, now: datetime
) -> None:
    """Remember since when its hours hold, what it asked before, and what is not told at once any more."""
    since = hours_since(known, edited, now)
    asked = {topic: upto for topic, upto in known.queries_before.items() if upto > known.seq}
    if known.active and known.subscription.query_topic:
        asked[known.subscription.query_topic] = top_seq
    asked.pop(edited.query_topic or "", None)
    sql = "UPDATE subscriptions SET hours_since = ?, queries_before = ? WHERE id = ?"
    rows(conn, sql, (stamp(since) if since else None, json.dumps(asked), edited.id))
    if not known.active or not read_when(known.subscription.when).instant:
        look_upto(conn, edited.id, top_seq)


_STATE = """
    SELECT definition, created_at, active, last_due_at, hours_since, queries_before,
           coalesce((SELECT max(to_seq) FROM digests
                     WHERE subscription_id = subscriptions.id AND kind = 'digest'), start_seq),
           max(start_change, coalesce((SELECT max(to_change) FROM digests
                                       WHERE subscription_id = subscriptions.id AND kind = 'digest'), 0))
    FROM subscriptions"""


def _state(row: tuple[Any, ...]) -> SubscriptionState:
    definition, created_at, active, last_due_at, hours, queries, seq, change = row
    return SubscriptionState(
        subscription=from_json(Subscription, definition),
        created_at=moment(created_at),
        active=bool(active),
        seq=seq,
        change=change or 0,
        last_due_at=moment(last_due_at) if last_due_at else None,
        hours_since=moment(hours) if hours else None,
        queries_before=json.loads(queries),
    )


def active_subscriptions(conn: sqlite3.Connection) -> list[SubscriptionState]:
    """Return the subscriptions that the operator's file holds now, by id."""
    return [_state(row) for row in rows(conn, f"{_STATE} WHERE active = 1 ORDER BY id")]


def subscription_state(conn: sqlite3.Connection, subscription_id: str) -> SubscriptionState | None:
    """Return what is remembered of one subscription, active or not; None if it was never seen."""
    found = rows(conn, f"{_STATE} WHERE id = ?", (subscription_id,))
    return _state(found[0]) if found else None


def move_due(conn: sqlite3.Connection, subscription_id: str, due_at: datetime) -> None:
    """Remember that ``due_at`` was dealt with. It never moves back."""
    rows(
        conn,
        "UPDATE subscriptions SET last_due_at = max(coalesce(last_due_at, ''), ?) WHERE id = ?",
        (stamp(due_at), subscription_id),
    )


def made(conn: sqlite3.Connection, subscription_id: str, due_at: datetime) -> bool:
    """Tell whether there is a digest for this moment already: it may lie ahead, where a clock had run to."""
    sql = "SELECT 1 FROM digests WHERE subscription_id = ? AND kind IN ('digest', 'heartbeat') AND due_at = ?"
    return bool(rows(conn, sql, (subscription_id, stamp(due_at))))


def told(
    conn: sqlite3.Connection, subscription_id: str, article_ids: Iterable[int]
) -> frozenset[tuple[int, str]]:
    """Return which of these articles the digests of a subscription have listed, as (article_id, topic_id)."""
    found = rows(
        conn,
        """SELECT article_id, topic_id FROM digest_items
           WHERE subscription_id = ? AND article_id IN (SELECT value FROM json_each(?))""",
        (subscription_id, json.dumps(sorted(set(article_ids)))),
    )
    return frozenset((article_id, topic_id) for article_id, topic_id in found)


# --- what is told at once ---------------------------------------------------------------------------------


def looked_upto(conn: sqlite3.Connection, subscription_id: str) -> int:
    """Return up to which match a subscription was looked through for what is told at once."""
    found = rows(conn, "SELECT looked_upto FROM subscriptions WHERE id = ?", (subscription_id,))
    return found[0][0] if found else 0


def look_upto(conn: sqlite3.Connection, subscription_id: str, seq: int) -> None:
    """Remember up to which match a subscription was looked through. It never moves back."""
    sql = "UPDATE subscriptions SET looked_upto = max(looked_upto, ?) WHERE id = ?"
    rows(conn, sql, (seq, subscription_id))


def hold(conn: sqlite3.Connection, subscription_id: str, articles: Mapping[int, int]) -> None:
    """Remember articles that wait for the next digest, because an hour has had its mails; with their outlets."""
    for article_id, outlets in articles.items():
        sql = "INSERT INTO held VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET outlets = excluded.outlets"
        rows(conn, sql, (subscription_id, article_id, outlets))


def held(conn: sqlite3.Connection, subscription_id: str) -> frozenset[int]:
    """Return the articles that wait for the next digest."""
    found = rows(conn, "SELECT article_id FROM held WHERE subscription_id = ?", (subscription_id,))
    return frozenset(row[0] for row in found)


def spread(conn: sqlite3.Connection, subscription_id: str, article_ids: Iterable[int]) -> dict[int, int]:
    """Return how many outlets had the story of each of these articles when its reader was told, or it was held."""
    found = rows(
        conn,
        """SELECT article_id, max(outlets) FROM (
               SELECT article_id, outlets FROM digest_items WHERE subscription_id = ?1
               AND article_id IN (SELECT value FROM json_each(?2))
               UNION ALL SELECT article_id, outlets FROM held WHERE subscription_id = ?1
               AND article_id IN (SELECT value FROM json_each(?2)))
           GROUP BY article_id""",
        (subscription_id, json.dumps(sorted(set(article_ids)))),
    )
    return {article_id: outlets for article_id, outlets in found}  # noqa: C416 - rows are tuples of anything
