"""What the archive says is to be done: who is configured, and which endpoints and pages are due.

The reads are for the feeder, which asks every tick; they walk an index on the due time. `sync` writes what
the operator configured, at the start of a service, and `sync_topics` again when it takes over other topics.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice, zip_longest

from archive.model import Endpoint, EndpointKind, PageTask, PollTask, RobotsRecord, Source
from archive.times import moment, stamp
from archive.topic import Topic, all_wanted

LONGEST = timedelta(
    days=1
)  # no page, no robots.txt and no failed poll waits longer; `crawler.schedule` sees to it

RECENT = timedelta(days=3)
"""How far back a sitemap or a section page is read: their dates are often of a day, or late."""


def sync(conn: sqlite3.Connection, sources: Iterable[Source], topics: Iterable[Topic], now: datetime) -> None:
    """Make sources, endpoints, topics and topic versions what the configuration says.

    What is no longer configured is marked inactive and keeps its rows: the archive is the researchers' too.
    """
    at = stamp(now)
    conn.execute("update sources set active = 0")
    conn.execute("update endpoints set active = 0")
    for source in sources:
        conn.execute(
            """insert into sources (id, name, country, language, tags, pages, added_at) values (?, ?, ?, ?, ?, ?, ?)
            on conflict (id) do update set name = excluded.name, country = excluded.country,
            language = excluded.language, tags = excluded.tags, pages = excluded.pages, active = 1""",
            (
                source.id,
                source.name,
                source.country,
                source.language,
                json.dumps(source.tags, ensure_ascii=False),
                source.pages,
                at,
            ),
        )
        urls = [endpoint.url for endpoint in source.endpoints]
        for endpoint in source.endpoints:
            _readdress(conn, source.id, endpoint, urls, at)
            conn.execute(
                """insert into endpoints (source_id, kind, url, every, next_poll_at) values (?, ?, ?, ?, ?)
                on conflict (source_id, kind, url) do update set every = excluded.every, active = 1""",
                (source.id, endpoint.kind, endpoint.url, endpoint.every, at),
            )
    # Nobody asks there any more, so no poll would ever end what is open.
    conn.execute(
        """update events set until = ?, ended_because = 'removed'
        where until is null and endpoint_id in (select id from endpoints where active = 0)""",
        (at,),
    )
    sync_topics(conn, topics, now)


def sync_topics(conn: sqlite3.Connection, topics: Iterable[Topic], now: datetime) -> None:
    """Do what `sync` does with topics alone. Call it in a transaction: in between, none is active."""
    conn.execute("update topics set active = 0")
    for topic in topics:
        _sync_topic(conn, topic, stamp(now))
    # While it is not looked for, articles come in that it has not seen.
    conn.execute("update topics set applied = null, applied_upto = 0 where active = 0")


def _readdress(
    conn: sqlite3.Connection, source_id: str, endpoint: Endpoint, urls: Sequence[str], at: str
) -> None:
    """Let an endpoint that has moved keep what is known of it, once the operator wrote its new address down."""
    if conn.execute(
        "select 1 from endpoints where source_id = ? and kind = ? and url = ?",
        (source_id, endpoint.kind, endpoint.url),
    ).fetchone():
        return
    moved = conn.execute(
        f"""update endpoints set url = moved_to, moved_to = null where id = (
            select max(id) from endpoints where source_id = ? and kind = ? and moved_to = ?
            and url not in ({",".join("?" * len(urls))})) returning id""",  # noqa: S608 - only question marks
        (source_id, endpoint.kind, endpoint.url, *urls),
    ).fetchone()
    if moved is not None:
        conn.execute(
            """update events set until = ?, ended_because = 'recovered'
            where endpoint_id = ? and kind = 'moved' and until is null""",
            (at, moved[0]),
        )


def _sync_topic(conn: sqlite3.Connection, topic: Topic, at: str) -> None:
    # How far the stored articles were matched is said of one version; with another it begins anew. So it does with one
    # that was applied once and comes back: articles that came meanwhile were matched with another.
    conn.execute(
        """insert into topics (id, title, version) values (?, ?, ?)
        on conflict (id) do update set title = excluded.title, active = 1, version = excluded.version,
        applied = case when version = excluded.version then applied end,
        applied_upto = case when version = excluded.version then applied_upto else 0 end""",
        (topic.topic_id, topic.title, topic.version),
    )
    facts = topic.facts.restrict(all_wanted([topic])).to_json() if topic.facts is not None else None
    conn.execute(
        """insert into topic_versions (topic_id, version, number, definition, added_at, facts)
        select ?, ?, 1 + (select count(*) from topic_versions where topic_id = ?), ?, ?, ?
        where true on conflict (topic_id, version) do update set facts = coalesce(excluded.facts, facts)""",
        (topic.topic_id, topic.version, topic.topic_id, topic.definition, at, facts),
    )


def due_polls(
    conn: sqlite3.Connection, now: datetime, limit: int, *, leave: frozenset[int], everyone: bool = False
) -> list[PollTask]:
    """Return at most ``limit`` polls that are due, the longest overdue first, without the endpoints in ``leave``.

    ``everyone``: all are due whatever their time says, but those whose server asked to be left alone until then.
    """
    rows = conn.execute(
        """select e.id, e.source_id, e.kind, coalesce(e.moved_to, e.url) as url, e.etag, e.last_modified,
        e.body_hash, e.last_ok_at, e.since, s.language,
        coalesce(?1 >= e.whole_by, 0) or coalesce(?1 < e.whole_until, 0) as whole
        from endpoints e join sources s on s.id = e.source_id
        where e.active = 1 and (e.next_poll_at <= ?1 or (?2 and coalesce(e.last_status, 0) not in (429, 503)))
        order by e.next_poll_at, e.id""",
        (stamp(now), everyone),
    )
    tasks: list[PollTask] = []
    for row in rows:
        if len(tasks) >= limit:
            break
        if row["id"] not in leave:
            # Now and then a request asks as if nothing were known (`crawler.coverage` says when), and one for what was
            # missed does: the sitemap that was read may be the same, and have been read for other days.
            plain = bool(row["whole"]) or row["since"] is not None
            tasks.append(
                PollTask(
                    endpoint_id=row["id"],
                    source_id=row["source_id"],
                    kind=EndpointKind(row["kind"]),
                    url=row["url"],
                    language=row["language"],
                    etag=None if plain else row["etag"],
                    last_modified=None if plain else row["last_modified"],
                    body_hash=None if row["since"] is not None else row["body_hash"],
                    since=_since(row, now),
                )
            )
    return tasks


def _since(row: sqlite3.Row, now: datetime) -> datetime | None:
    """Return since when what an endpoint shows counts: at first the last days, then a little more than what is new.

    Longer ago where a feed of its source lost something then.
    """
    if row["kind"] == EndpointKind.FEED:  # a feed holds what its outlet calls new
        return None
    usual = min(now, moment(row["last_ok_at"]) or now) - RECENT
    return min(usual, moment(row["since"]) or usual)


def set_right(conn: sqlite3.Connection, now: datetime) -> None:
    """Make due again, at a start, what a clock that ran ahead has put off: it would wait for that date."""
    at, ahead = stamp(now), stamp(now + LONGEST)
    conn.execute(
        """update endpoints set next_poll_at = ?1
        where next_poll_at > ?1 and (last_poll_at is null or last_poll_at > ?1)""",
        (at,),
    )
    conn.execute(
        "update pages set due_at = ?1 where state = 'due' and (due_at > ?2 or fetched_at > ?1)", (at, ahead)
    )
    conn.execute(
        """update robots set expires_at = min(expires_at, ?1), unreachable_since = min(unreachable_since, ?1)
        where expires_at > ?2 or unreachable_since > ?1""",
        (at, ahead),
    )


def wake(conn: sqlite3.Connection, now: datetime) -> None:
    """Make the endpoints that failed due again, at a start: whoever starts the service may have mended the cause.

    One whose server asked to be left alone (429, 503) keeps its time. What was put off by a clock that ran ahead
    is due again too.
    """
    set_right(conn, now)
    conn.execute(
        """update endpoints set next_poll_at = min(next_poll_at, ?)
        where failures > 0 and coalesce(last_status, 0) not in (429, 503)""",
        (stamp(now),),
    )


def due_pages(
    conn: sqlite3.Connection, now: datetime, limit: int, *, leave: frozenset[int]
) -> list[PageTask]:
    """Return at most ``limit`` pages that are due, without the articles in ``leave``.

    The newest articles of a source do not wait behind another's backlog: sources take turns, the one whose page
    has waited longest first.
    """
    # From one source with due pages to the next: asking each of 2,000 sources took longer than a poll.
    sources = conn.execute(
        """with recursive waiting(id) as (
            select min(source_id) from pages where state = 'due' union all
            select (select min(p.source_id) from pages p where p.state = 'due' and p.source_id > w.id)
            from waiting w where w.id is not null)
        select s.id, s.language, (select min(p.due_at) from pages p where p.state = 'due' and p.source_id = s.id)
        as first from waiting w cross join sources s on s.id = w.id where s.active = 1 and first <= ?
        order by first, s.id""",
        (stamp(now),),
    ).fetchall()
    lines = [_line(conn, source, now, leave) for source in sources]
    turns = (task for turn in zip_longest(*lines) for task in turn if task is not None)
    return list(islice(turns, limit))


def _line(
    conn: sqlite3.Connection, source: sqlite3.Row, now: datetime, leave: frozenset[int]
) -> Iterator[PageTask]:
    # Read no further than its turns come: sorting a backlog of 100,000 pages took 0.4 s, every second.
    read, more = 0, 8
    while rows := conn.execute(
        """select p.article_id, p.attempts, a.url from pages p join articles a on a.id = p.article_id
        where p.state = 'due' and p.source_id = ? and p.due_at <= ? order by p.due_at, p.article_id desc
        limit ? offset ?""",
        (source["id"], stamp(now), more, read),
    ).fetchall():
        for row in rows:
            if row["article_id"] not in leave:
                yield PageTask(
                    article_id=row["article_id"],
                    source_id=source["id"],
                    url=row["url"],
                    language=source["language"],
                    attempts=row["attempts"],
                )
        read, more = read + more, 4 * more


def robots_records(conn: sqlite3.Connection) -> Sequence[RobotsRecord]:
    """Return the robots.txt of every host, expired ones included: a host that fails falls back on them."""
    return [
        RobotsRecord(
            host=row["host"],
            fetched_at=moment(row["fetched_at"]),
            expires_at=moment(row["expires_at"]),
            status=row["status"],
            body=row["body"],
            unreachable_since=moment(row["unreachable_since"]),
        )
        for row in conn.execute("select * from robots")
    ]


def newest_time(conn: sqlite3.Connection) -> datetime | None:
    """Return the newest time that the archive holds, None when it is empty: a clock must not stand before it."""
    row: sqlite3.Row = conn.execute(
        """select max(t) as newest from (select max(at) as t from polls
        union all select max(fetched_at) from robots union all select max(matched_at) from matches)"""
    ).fetchone()
    newest: str | None = row["newest"]
    return moment(newest)
