"""What the archive has of what comes in: articles by their keys, by guids of their source, by their ids.

Deciding what an entry or a page means needs little of an article (`KnownArticle`); it is read here, by whoever stores.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from archive import merge
from archive.model import KnownArticle, KnownPage, PageState, PublishedFrom, Refetch
from archive.times import moment


def under_keys(conn: sqlite3.Connection, endpoint_id: int, keys: Iterable[str]) -> dict[str, KnownArticle]:
    """Return what the archive has under each of ``keys`` (an article's own key or an alias of it)."""
    # One endpoint may have offered an article under several links: the last of them says when it was there.
    found: dict[str, KnownArticle] = {}
    for chunk in _chunks(keys, 400):
        marks = ",".join("?" * len(chunk))
        cursor = conn.execute(
            f"""
            select w.wanted, a.id, a.title, a.summary, a.text, a.author, a.published_at, a.published_from,
                   a.paywalled, o.hash, o.title as offered_title, max(o.last_seen_at) as last_seen_at,
                   min(o.first_seen_at) as offered_since, null as page_title
            from (select key as wanted, id as article_id, 0 as alias from articles
                  where key in ({marks}) and merged_into is null
                  union all select url, article_id, 1 from aliases where url in ({marks})) w
            join articles a on a.id = w.article_id
            left join offers o on o.article_id = a.id and o.endpoint_id = ?
            group by w.wanted, w.alias, a.id order by w.alias
            """,  # noqa: S608 - only question marks are put in
            (*chunk, *chunk, endpoint_id),
        )
        rows = cursor.fetchall()
        others = merge.others(conn, {row["id"] for row in rows})
        for row in rows:
            # An article's own key stands above an alias of another.
            found.setdefault(row["wanted"], _known(row, others))
    return found


def own(conn: sqlite3.Connection, keys: Iterable[str]) -> dict[str, int]:
    """Return the ids of the articles whose own key each of ``keys`` is."""
    return {
        row["key"]: row["id"]
        for chunk in _chunks(keys, 400)
        for row in conn.execute(
            f"""select key, id from articles
            where key in ({",".join("?" * len(chunk))}) and merged_into is null""",  # noqa: S608 - question marks
            chunk,
        )
    }


def under_guids(
    conn: sqlite3.Connection, endpoint_id: int, guids: Iterable[str]
) -> dict[str, list[KnownArticle]]:
    """Return the articles that the source of an endpoint has offered under each of ``guids``."""
    found: dict[str, list[KnownArticle]] = {}
    for chunk in _chunks(guids, 400):
        rows = conn.execute(
            f"""
            select w.guid as wanted, a.id, a.title, a.summary, a.text, a.author, a.published_at,
                   a.published_from, a.paywalled, o.hash, o.title as offered_title, max(o.last_seen_at) as last_seen_at,
                   min(o.first_seen_at) as offered_since, null as page_title
            from offers w indexed by offers_guid
            join endpoints e on e.id = w.endpoint_id
                and e.source_id = (select source_id from endpoints where id = ?)
            join articles a on a.id = w.article_id
            left join offers o on o.article_id = a.id and o.endpoint_id = ?
            where w.guid in ({",".join("?" * len(chunk))}) group by w.guid, a.id order by a.id
            """,  # noqa: S608 - only question marks are put in
            (endpoint_id, endpoint_id, *chunk),
        ).fetchall()
        others = merge.others(conn, {row["id"] for row in rows})
        for row in rows:
            found.setdefault(row["wanted"], []).append(_known(row, others))
    return found


def by_id(conn: sqlite3.Connection, article_id: int) -> KnownArticle | None:
    """Return the article with this id, None when it is gone or became one with another.

    No endpoint is meant: ``offered_since`` is when any first offered it.
    """
    row = conn.execute(
        """select a.id, a.title, a.summary, a.text, a.author, a.published_at, a.published_from, a.paywalled,
        null as hash, null as offered_title, null as last_seen_at, a.first_seen_at as offered_since,
        p.title as page_title
        from articles a left join pages p on p.article_id = a.id where a.id = ? and a.merged_into is null""",
        (article_id,),
    ).fetchone()
    return _known(row, merge.others(conn, {article_id})) if row else None


def page(conn: sqlite3.Connection, article_id: int) -> KnownPage | None:
    """Return what is known of the page of an article; None where there is none, as of one that became another."""
    row = conn.execute(
        """select p.state, p.read_at, p.fetched_at, p.again_at, p.tries, a.backfill, s.refetch,
        exists (select 1 from matches m where m.article_id = a.id
            and coalesce(m.ended_because, 'revised') = 'revised') as matched
        from pages p join articles a on a.id = p.article_id join sources s on s.id = a.source_id
        where p.article_id = ?""",
        (article_id,),
    ).fetchone()
    if row is None:
        return None
    return KnownPage(
        state=PageState(row["state"]),
        refetch=Refetch(row["refetch"]),
        read_at=moment(row["read_at"]),
        asked_at=moment(row["fetched_at"]),
        again_at=moment(row["again_at"]),
        tries=row["tries"],
        matched=bool(row["matched"]),
        backfill=bool(row["backfill"]),
    )


def _known(row: sqlite3.Row, others: Mapping[int, tuple[tuple[str, str, str], ...]]) -> KnownArticle:
    return KnownArticle(
        article_id=row["id"],
        title=row["title"],
        summary=row["summary"],
        text=row["text"],
        author=row["author"],
        published_at=moment(row["published_at"]),
        published_from=PublishedFrom(row["published_from"]),
        paywalled=None if row["paywalled"] is None else bool(row["paywalled"]),
        offer_hash=row["hash"],
        offered_at=moment(row["last_seen_at"]),
        offered_title=row["offered_title"],
        page_title=row["page_title"],
        offered_since=moment(row["offered_since"]),
        others=others.get(row["id"], ()),
    )


def _chunks(values: Iterable[str], size: int) -> Iterator[Sequence[str]]:
    iterator = iter(values)
    while chunk := tuple(islice(iterator, size)):
        yield chunk
