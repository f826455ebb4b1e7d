"""Values to build digests of."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeVar

from alerts import jobs, schema
from alerts.digest import build
from alerts.model import Digest, DigestSummary, MailServer, Security, Subscription
from alerts.prepare import Found, Matched
from archive.model import Content, Coverage, Hit, MatchedArticle, Outlet, TermChange

T = TypeVar("T")

NOON = datetime(2026, 7, 19, 12, 0, tzinfo=UTC)  # seven in the morning in Lima


def subscription(**changes: Any) -> Subscription:
    values: dict[str, Any] = {
        "id": "lima-desk",
        "name": "Lima desk",
        "to": ("desk@example.org",),
        "topics": ("peru", "lithium"),
        "when": "daily at 07:00",
        "zone": "America/Lima",
        "language": "en",
    }
    return Subscription(**{**values, **changes})


def hit(text: str, wanted: str, field: str = "title", how: str = "folded", variant: str | None = None) -> Hit:
    start = text.index(wanted)
    return Hit(field, start, start + len(wanted), wanted, variant or wanted, how)


def article(seq: int, **changes: Any) -> MatchedArticle:
    """One match; a hit on "Peru" in the title unless told otherwise."""
    title = changes.get("title", f"Peru story {seq}")
    hits = (hit(title, "Peru"),) if "Peru" in title else ()
    values: dict[str, Any] = {
        "seq": seq,
        "topic_id": "peru",
        "topic_title": "Peru",
        "article_id": seq,
        "url": f"https://news.example/{seq}",
        "title": title,
        "summary": "",
        "text": "",
        "author": None,
        "language": "en",
        "content": Content.FULL,
        "source_id": "andina",
        "source_name": "Andina",
        "country": "PE",
        "published_at": NOON - timedelta(hours=seq % 24 + 1),
        "first_seen_at": NOON - timedelta(minutes=30),
        "hits": hits,
    }
    return MatchedArticle(**{**values, **changes})


def change(number: int, **changes: Any) -> TermChange:
    """A name that left a headline with an edit."""
    values: dict[str, Any] = {
        "id": number,
        "topic_id": "peru",
        "topic_title": "Peru",
        "article_id": number,
        "url": f"https://news.example/{number}",
        "source_id": "andina",
        "source_name": "Andina",
        "country": "PE",
        "language": "en",
        "term": "Boluarte",
        "text": "Boluarte",
        "field": "title",
        "came": False,
        "at": NOON - timedelta(hours=2),
        "before": "Boluarte speaks in Peru",
        "after": "President speaks in Peru",
    }
    return TermChange(**{**values, **changes})


def trouble(source: str = "La República", kind: str = "blocked", detail: str = "HTTP 403") -> Coverage:
    return Coverage(
        source_id=source, source_name=source, kind=kind, since=NOON - timedelta(hours=14), detail=detail
    )


def outlets(number: int) -> tuple[Outlet, ...]:
    """So many sources that were read."""
    return tuple(Outlet(f"outlet-{one}", "PE") for one in range(number))


def digest(*articles: MatchedArticle, **changes: Any) -> Digest:
    values: dict[str, Any] = {
        "subscription": subscription(),
        "from_seq": 0,
        "to_seq": max([one.seq for one in articles], default=0),
        "due_at": NOON,
        "matched": articles,
        "coverage": (),
        "sources_read": outlets(14),
        "made_at": NOON + timedelta(seconds=3),
    }
    return build(**{**values, **changes})


def server(**changes: Any) -> MailServer:
    values: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": 25,
        "security": Security.NONE,
        "sender": "Presswatch <press@example.org>",
    }
    return MailServer(**{**values, **changes})


def connect(path: str = ":memory:") -> sqlite3.Connection:
    conn = sqlite3.connect(path, isolation_level=None)
    conn.execute("PRAGMA foreign_keys = on")
    if path == ":memory:":
        conn.deserialize(_empty())
    else:
        schema.migrate(conn)
    return conn


@cache
def _empty() -> bytes:
    """The file of a database in which nothing stands: made once, since it takes longer than most of the tests."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as conn:
        schema.migrate(conn)
        return conn.serialize()


def knows(matched: Matched, top_seq: int, **changes: Any) -> Found:
    """An archive that holds no more than that, and reads three sources."""
    values: dict[str, Any] = {
        "matched": matched,
        "top_seq": top_seq,
        "coverage": (),
        "sources_read": outlets(3),
    }
    return Found(**{**values, **changes})


def make_digests(
    conn: sqlite3.Connection,
    matched: Matched,
    top_seq: int,
    now: datetime,
    *,
    mail: MailServer | None = None,
    **changes: Any,
) -> DigestSummary:
    """Make the digests that are due as the service does, with one connection for the reader and the writer."""
    found = knows(matched, top_seq, **changes)

    async def run(work: Callable[[sqlite3.Connection], T]) -> T:
        return work(conn)

    async def look(work: Callable[[sqlite3.Connection, Callable[[], Found]], T]) -> T:
        return work(conn, lambda: found)

    return asyncio.run(jobs.digest_due(look, run, mail, now))
