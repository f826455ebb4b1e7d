"""The command that says what the next day would do, and does nothing of it: plan.

polls     each endpoint: when it is asked next, and how often at its present pace
digests   each subscriber: at which moments, to whom
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import nullcontext
from datetime import datetime, timedelta
from math import ceil
from typing import Any

import typer

from alerts.due import quiet_hours
from alerts.model import Subscription
from alerts.prepare import recipients
from alerts.suppressions import EVERY
from alerts.watch import next_due, read_when, read_zone
from archive import due
from archive.model import Endpoint
from archive.times import moment, stamp
from crawler.cli.app import AsOf, Json, app, clock, load
from crawler.cli.output import counted, note, say_json, table
from crawler.cli.query import archive
from crawler.cli.suppressions import standing
from crawler.clock import refuse_past
from crawler.config import Config
from crawler.schedule import INTERVAL

DAY = timedelta(days=1)


@app.command()
def plan(context: typer.Context, as_of: AsOf = None, json: Json = False) -> None:
    """Show what the next day would poll and send; nothing is done.

    How often a feed is asked follows what it brings, so its times are those of its present pace.
    """
    config = load(context)
    now = clock(as_of)()
    with archive(config.data_dir) if (config.data_dir / "archive.db").exists() else nullcontext() as conn:
        if conn is not None and as_of is not None:
            refuse_past(as_of, due.newest_time(conn))
        polls = _polls(config, conn, now)
    digests = _digests(config, now)
    if json:
        say_json({"from": stamp(now), "until": stamp(now + DAY), "polls": polls, "digests": digests})
        return
    table(
        f"Polls until {stamp(now + DAY)}",
        ("source", "kind", "address", "next", "then every", "times"),
        [
            (one["source"], one["kind"], one["url"], one["next"], _span(one["interval"]), one["times"])
            for one in polls
        ],
    )
    table(
        "Digests in that time, where there is something to tell",
        ("subscriber", "due", "zone", "to"),
        [
            (
                one["subscriber"],
                ", ".join(("at once",) * one["instant"] + tuple(one["local"])),
                one["zone"],
                ", ".join(one["recipients"]) or "nobody: all have left",
            )
            for one in digests
        ],
    )
    requests = counted(sum(one["times"] for one in polls), "request")
    note(f"{requests} for {counted(len(polls), 'endpoint')}, beside the pages of new articles")


def _polls(config: Config, conn: sqlite3.Connection | None, now: datetime) -> list[dict[str, Any]]:
    """Return each endpoint of the configuration; one that was never asked is asked at once."""
    known: Mapping[tuple[str, str, str], sqlite3.Row] = {}
    if conn is not None:
        rows = conn.execute(
            "select source_id, kind, url, next_poll_at, interval, last_poll_at from endpoints where active = 1"
        )
        known = {(row["source_id"], row["kind"], row["url"]): row for row in rows}
    found = []
    for source in config.sources:
        for endpoint in source.endpoints:
            row = known.get((source.id, endpoint.kind, endpoint.url))
            first = max(moment(row["next_poll_at"]), now) if row and row["last_poll_at"] else now
            interval = _interval(endpoint, row)
            found.append(
                {
                    "source": source.id,
                    "kind": str(endpoint.kind),
                    "url": endpoint.url,
                    "next": stamp(first),
                    "interval": interval,
                    "times": max(ceil((now + DAY - first).total_seconds() / interval), 0),
                }
            )
    return sorted(found, key=lambda one: (one["next"], one["source"]))


def _interval(endpoint: Endpoint, row: sqlite3.Row | None) -> float:
    """Return how many seconds lie between two polls, as things are."""
    return endpoint.every or (row["interval"] if row else None) or INTERVAL


def _digests(config: Config, now: datetime) -> list[dict[str, Any]]:
    left = {(one.recipient, one.subscription_id) for one in standing(config.data_dir)}
    return [
        {
            "subscriber": one.id,
            "zone": one.zone,
            "instant": read_when(one.when).instant,
            "due": [stamp(at) for at in moments],
            "local": [at.astimezone(read_zone(one.zone)).isoformat(timespec="minutes") for at in moments],
            "recipients": _written_to(recipients(one), one.id, left),
        }
        for one in config.subscriptions
        for moments in [list(_moments(one, now))]
    ]


def _moments(subscription: Subscription, now: datetime) -> Iterator[datetime]:
    """Yield when a digest is due within a day; what is told at once alone has no hours."""
    when = read_when(subscription.when)
    if when.only_instant:
        return
    quiet = quiet_hours(subscription)
    at = now
    while (at := next_due(when, subscription.zone, at, quiet)) <= now + DAY:
        yield at


def _written_to(to: Sequence[str], subscription_id: str, left: AbstractSet[tuple[str, str]]) -> list[str]:
    """Return who of ``to`` has not left."""
    return [
        one for one in to if left.isdisjoint({(one.casefold(), subscription_id), (one.casefold(), EVERY)})
    ]


def _span(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:g} h"
