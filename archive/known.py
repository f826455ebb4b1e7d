"""What the archive has of what comes in: articles by their keys, by guids of their source, by their ids.

Deciding what an entry or a page means needs little of an article (`KnownArticle`); it is read here, by whoever stores.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from archive import merge
from archive.model import KnownArticle, PublishedFrom
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
                   o.hash, max(o.last_seen_at) as last_seen_at, min(o.first_seen_at) as offered_since
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
                   a.published_from, o.hash, max(o.last_seen_at) as last_seen_at, min(o.first_seen_at) as offered_since
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
    """Return the article with this id, None when it is gone or became one with another."""
    row = conn.execute(
        """select id, title, summary, text, author, published_at, published_from, null as hash, null as last_seen_at,
        null as offered_since
        from articles where id = ? and merged_into is null""",
        (article_id,),
    ).fetchone()
    return _known(row, merge.others(conn, {article_id})) if row else None


def _known(row: sqlite3.Row, others: Mapping[int, tuple[tuple[str, str, str], ...]]) -> KnownArticle:
    return KnownArticle(
        article_id=row["id"],
        title=row["title"],
        summary=row["summary"],
        text=row["text"],
        author=row["author"],
        published_at=moment(row["published_at"]),
        published_from=PublishedFrom(row["published_from"]),
        offer_hash=row["hash"],
        offered_at=moment(row["last_seen_at"]),
        offered_since=moment(row["offered_since"]),
        others=others.get(row["id"], ()),
    )


def _chunks(values: Iterable[str], size: int) -> Iterator[Sequence[str]]:
    iterator = iter(values)
    while chunk := tuple(islice(iterator, size)):
        yield chunk
