"""What the writer does to articles, offers, pages and endpoints. All SQL that stores a crawl is here.

These functions run in the writer's thread, inside a transaction that the caller opened (`connect.transaction`).
They decide nothing: an `Intent` or a plan says what is to be done, and storing the same thing twice changes
nothing. Every change of what an article says puts it in the change queue, in the same transaction.
"""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime

from archive import merge
from archive.model import (
    Change,
    Entry,
    Fields,
    Intent,
    KnownArticle,
    PageOutcome,
    PagePlan,
    PageState,
    PollOutcome,
    RobotsRecord,
)
from archive.odd import is_odd
from archive.queue import enqueue
from archive.reach import keep_odd
from archive.times import stamp

# --- entries ----------------------------------------------------------------------------------------------


def rename(conn: sqlite3.Connection, article_id: int, entry: Entry, at: datetime) -> None:
    """Record that an article is now offered under the key of ``entry``, which no other has."""
    merge.point(conn, entry.key, article_id, "guid", at)
    if entry.url is not None and entry.refused is None:
        move(conn, article_id, entry.url)
        # A page that was given up, or is gone, may be there, at its new place.
        conn.execute(
            "update pages set state = 'due', due_at = ?, attempts = 0 where article_id = ? and state = 'failed'",
            (stamp(at), article_id),
        )
        conn.execute(
            "update pages set again_at = ?, tries = 0 where article_id = ? and state = 'gone'",
            (stamp(at), article_id),
        )


def move(conn: sqlite3.Connection, article_id: int, url: str) -> None:
    """Give an article another address to be read at; its key stays. What was read elsewhere is no validator there."""
    moved = conn.execute("update articles set url = ?1 where id = ?2 and url is not ?1", (url, article_id))
    if moved.rowcount:
        conn.execute("update pages set etag = null, last_modified = null where article_id = ?", (article_id,))


def apply_entry(
    conn: sqlite3.Connection, intent: Intent, poll: PollOutcome, *, pages: bool, backfill: bool = False
) -> None:
    """Store what ``intent`` says of one entry.

    ``pages``: the source wants the pages of its articles fetched. ``backfill``: were it new, it would be no news.
    """
    entry, task, at = intent.entry, poll.task, stamp(poll.at)
    if intent.was is None:
        assert intent.fields is not None  # a new article has fields
        article_id = _insert_article(conn, entry, intent.fields, task.source_id, at, backfill=backfill)
        _insert_page(conn, article_id, task.source_id, entry, at, pages=pages)
        enqueue(conn, article_id, "new", poll.at)
    else:
        article_id = intent.was.article_id
        if intent.fields is not None:
            change_article(conn, intent.was, intent.fields, intent.why, poll.at)
        if (
            pages
            and entry.refused is None
            and (intent.change is Change.REVISED or intent.was.offer_hash is None)
        ):
            _page_again(conn, article_id, at, only_off=intent.change is not Change.REVISED)
    _insert_offer(conn, article_id, task.endpoint_id, intent, at, backfill=backfill)


def _insert_article(
    conn: sqlite3.Connection, entry: Entry, fields: Fields, source_id: str, at: str, *, backfill: bool
) -> int:
    texts = fields.title, fields.summary, fields.text
    odd = is_odd(*texts)
    cursor = conn.execute(
        """insert into articles (key, url, source_id, title, author, language, published_at, published_from,
        first_seen_at, summary, text, content, tags, odd, backfill)
        values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            entry.key,
            entry.url,
            source_id,
            fields.title,
            fields.author,
            fields.language,
            stamp(fields.published_at),
            fields.published_from,
            at,
            fields.summary,
            fields.text,
            fields.content,
            json.dumps(entry.tags, ensure_ascii=False),
            odd,
            backfill,
        ),
    )
    assert cursor.lastrowid is not None
    if odd:
        keep_odd(conn, cursor.lastrowid, texts, odd=odd)
    return cursor.lastrowid


def _insert_page(
    conn: sqlite3.Connection, article_id: int, source_id: str, entry: Entry, at: str, *, pages: bool
) -> None:
    if entry.refused is not None:
        state, due, reason, detail = PageState.REFUSED, None, "refused", entry.refused
    elif entry.url is None:
        state, due, reason, detail = PageState.OFF, None, "no_link", "the entry has no link"
    elif not pages:
        state, due, reason, detail = PageState.OFF, None, "pages_off", "the source says pages: false"
    else:
        state, due, reason, detail = PageState.DUE, at, None, None
    conn.execute(
        "insert into pages (article_id, source_id, state, due_at, reason, detail) values (?, ?, ?, ?, ?, ?)",
        (article_id, source_id, state, due, reason, detail),
    )


def _page_again(conn: sqlite3.Connection, article_id: int, at: str, *, only_off: bool) -> None:
    """Make the page due: of a revised article, or of one that a source without pages offered first.

    One that was read keeps its state, whatever comes of asking again.
    """
    states = "('off')" if only_off else "('off', 'failed')"
    conn.execute(
        f"""update pages set state = 'due', due_at = ?, attempts = 0, reason = null, detail = null
        where article_id = ? and state in {states} and coalesce(reason, '') <> 'no_link'""",  # noqa: S608 - ours
        (at, article_id),
    )
    if not only_off:
        conn.execute(
            """update pages set again_at = ?, tries = 0 where article_id = ? and state in ('read', 'gone')
            and exists (select 1 from sources s where s.id = pages.source_id and s.refetch <> 'none')""",
            (at, article_id),
        )


def _insert_offer(
    conn: sqlite3.Connection, article_id: int, endpoint_id: int, intent: Intent, at: str, *, backfill: bool
) -> None:
    entry = intent.entry
    # One row a link: entries whose links mean one page (they differ in a fragment, say) were all offered.
    conn.executemany(
        """insert into offers (article_id, endpoint_id, link, guid, title, hash, first_seen_at, last_seen_at, backfill)
        values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (article_id, endpoint_id, link) do update set
        last_seen_at = max(last_seen_at, excluded.last_seen_at), guid = coalesce(guid, excluded.guid)""",
        [
            (
                article_id,
                endpoint_id,
                link or "",
                guid,
                intent.offered_title,
                intent.offer_hash,
                at,
                at,
                backfill,
            )
            for guid, link in ((entry.guid, entry.link), *entry.twins)
        ],
    )
    if intent.was is not None and intent.was.offer_hash != intent.offer_hash:
        conn.execute(
            "update offers set hash = ?1, title = ?4 where article_id = ?2 and endpoint_id = ?3 and hash <> ?1",
            (intent.offer_hash, article_id, endpoint_id, intent.offered_title),
        )


def change_article(
    conn: sqlite3.Connection, was: KnownArticle, fields: Fields, why: str, at: datetime
) -> None:
    """Give an article new fields. What it said before goes to ``revisions`` when a reader could have seen it."""
    replaced = any(
        old and old != new
        for old, new in ((was.title, fields.title), (was.summary, fields.summary), (was.text, fields.text))
    )
    revision_id = merge.keep_words(conn, was.article_id, why, at) if replaced else None
    texts = fields.title, fields.summary, fields.text
    odd = is_odd(*texts)
    conn.execute(
        """update articles set title = ?, summary = ?, text = ?, author = ?, published_at = ?,
        published_from = ?, language_said = iif(?, ?, language_said), language = coalesce(?, language),
        paywalled = ?, content = ?, pruned_at = iif(?, null, pruned_at),
        odd = ? where id = ?""",
        (
            *texts,
            fields.author,
            stamp(fields.published_at),
            fields.published_from,
            fields.language is not None,
            fields.language_said,
            fields.language,
            fields.paywalled,
            fields.content,
            fields.text != was.text,
            odd,
            was.article_id,
        ),
    )
    keep_odd(conn, was.article_id, texts, odd=odd)
    if (was.title, was.summary, was.text) != texts:
        enqueue(conn, was.article_id, why, at, revision_id)


# --- pages ------------------------------------------------------------------------------------------------


def finish_page(
    conn: sqlite3.Connection, page: PageOutcome, plan: PagePlan, title: str | None = None
) -> None:
    """Store how the request for a page ended; the text itself is stored by `change_article`.

    ``title``: the page's own, where it was read. With what it is asked next time, and its hash, it is kept of the last
    page that was read, whatever happened since.
    """
    good = page.outcome is not page.outcome.FAILED
    conn.execute(
        """update pages set state = :state, due_at = :due_at, again_at = :again_at, tries = :tries,
        attempts = iif(:good, 0, attempts + 1), status = :status, reason = :reason, detail = :detail, url = :url,
        robots = coalesce(:robots, robots), fetched_at = iif(:good, :at, fetched_at),
        read_at = iif(:good, coalesce(read_at, :at), read_at),
        gone_at = iif(:state = 'gone', coalesce(gone_at, :at), null),
        etag = iif(:good, :etag, etag), last_modified = iif(:good, :last_modified, last_modified),
        body_hash = iif(:good, :body_hash, body_hash), title = coalesce(:title, title)
        where article_id = :article_id""",
        {
            "state": plan.state,
            "due_at": stamp(plan.due_at),
            "again_at": stamp(plan.again_at),
            "tries": plan.tries,
            "good": good,
            "status": page.status,
            "reason": page.reason,
            "detail": page.detail or None,
            "url": page.url,
            "robots": page.robots,
            "at": stamp(page.at),
            "etag": page.etag,
            "last_modified": page.last_modified,
            "body_hash": page.body_hash,
            "title": title or None,
            "article_id": page.task.article_id,
        },
    )


def turned_out_old(conn: sqlite3.Connection, article_id: int) -> None:
    """Mark an article, and its matches, as backfill whose page says that it was old when it was first met.

    Only where all that offered it did so when they were first read: what a known feed adds is its news, however old.
    """
    old = conn.execute(
        """update articles set backfill = 1 where id = ? and backfill = 0 and not exists (
            select 1 from offers o where o.article_id = articles.id and o.first_seen_at > (
                select min(first_seen_at) from offers where endpoint_id = o.endpoint_id))""",
        (article_id,),
    )
    if old.rowcount:
        conn.execute("update offers set backfill = 1 where article_id = ?", (article_id,))
        conn.execute("update matches set backfill = 1 where article_id = ?", (article_id,))


def fetch_again(conn: sqlite3.Connection, article_id: int, at: datetime | None) -> None:
    """Note when the page of an article is fetched again, None: not any more."""
    conn.execute("update pages set again_at = ? where article_id = ?", (stamp(at), article_id))


def add_alias(conn: sqlite3.Connection, article_id: int, url: str, why: str, at: datetime) -> None:
    """Record another URL of an article. Where it is the URL of another article, the two become one."""
    kept, other = merge.owners(conn, article_id, url)
    if other is None:
        merge.point(conn, url, kept, why, at)
    elif other != kept:
        merge.merge(conn, kept, other, why, at)


def save_robots(conn: sqlite3.Connection, record: RobotsRecord) -> None:
    """Keep what one host's robots.txt said."""
    conn.execute(
        """insert into robots (host, fetched_at, expires_at, status, body, unreachable_since)
        values (?, ?, ?, ?, ?, ?) on conflict (host) do update set fetched_at = excluded.fetched_at,
        expires_at = excluded.expires_at, status = excluded.status, body = excluded.body,
        unreachable_since = excluded.unreachable_since""",
        (
            record.host,
            stamp(record.fetched_at),
            stamp(record.expires_at),
            record.status,
            record.body,
            stamp(record.unreachable_since),
        ),
    )
