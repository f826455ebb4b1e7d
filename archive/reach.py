"""Which stored articles a topic may match: the query of `archive.fts`, asked.

    topics ─▶ one FTS5 query ─▶ its articles in both full-text indexes ─▶ candidates, in the order of their ids

A candidate need not match: that is for `archive.match` to say. What is no candidate does not. An article of which it is
not known yet whether it is odd is always one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping

from archive.fts import MOST_CHARACTERS, candidates
from archive.odd import as_read
from archive.topic import Topic

MOST_TOPICS = 50
"""At once through the index. Of more, nearly every article is a candidate, and reading all of them costs less."""

_MERGED = "select id from articles where merged_into is not null"


def languages(conn: sqlite3.Connection) -> frozenset[str]:
    """Return all languages that articles are in."""
    # From one to the next in the index, since to read all articles for a dozen languages takes seconds.
    rows = conn.execute(
        """with recursive each (language) as (
            select min(language) from articles
            union select (select min(a.language) from articles a where a.language > each.language)
            from each where each.language is not null)
        select language from each where language is not null
        union select language from sources where language is not null"""
    )
    return frozenset(row[0] for row in rows)


def query(conn: sqlite3.Connection, wanted: Collection[str], topics: Mapping[str, Topic]) -> str | None:
    """Return the FTS5 query for what any of ``wanted`` may match, None if every article may.

    ``topics``: all of the watch list, for those that refer to others.
    """
    if len(wanted) > MOST_TOPICS:
        return None
    known = languages(conn)
    parts: dict[str, None] = {}
    for topic_id in sorted(wanted):
        part = candidates(topics[topic_id], topics, known)
        if part is None:
            return None
        parts[part] = None
    joined = " OR ".join(parts)
    return joined if len(joined) <= MOST_CHARACTERS else None


def candidate_ids(
    match: str | None, topics: Collection[str] = (), *, after: int = 0, limit: int = -1
) -> tuple[str, dict[str, object]]:
    """Return SQL with its values that gives ``id`` of at most ``limit`` candidates above ``after``, the lowest.

    ``match``: what `query` returned. ``topics``: articles that stand matched by these are candidates, too, so that
    what no longer matches is found.
    """
    values: dict[str, object] = {"after": after, "limit": limit}
    if match is None:
        sql = f"select id from articles where id > :after and id not in ({_MERGED}) order by id limit :limit"  # noqa: S608 - ours
        return sql, values
    values["match"] = match
    # Each is cut to the limit by itself, and in the order of its own index: none is read to its end for a batch.
    parts = [
        f"""select id from (select rowid as id from articles_fts where articles_fts match :match
            and rowid > :after and rowid not in ({_MERGED}) order by rowid limit :limit)""",  # noqa: S608 - ours
        f"""select id from (select rowid as id from articles_fts_odd where articles_fts_odd match :match
            and rowid > :after and rowid not in ({_MERGED}) order by rowid limit :limit)""",  # noqa: S608 - ours
        f"""select id from (select id from articles where odd is null
            and id > :after and id not in ({_MERGED}) order by id limit :limit)""",  # noqa: S608 - ours
    ]
    for number, topic_id in enumerate(sorted(topics)):
        values[f"topic{number}"] = topic_id
        parts.append(
            f"""select id from (select article_id as id from matches where topic_id = :topic{number}
            and ended_at is null and article_id > :after and article_id not in ({_MERGED})
            order by article_id limit :limit)"""  # noqa: S608 - ours
        )
    return f"select id from ({' union '.join(parts)}) order by id limit :limit", values  # noqa: S608 - ours


def admit_new(conn: sqlite3.Connection) -> None:
    """Put new articles into the full-text index, and into the queue of those that may be copies of one another.

    To be called at the end of the transaction that made them. Ids only grow, and the index keeps one row an article
    (``articles_fts_docsize``): what lies above the last is new. Triggers would do it one by one, at thrice the cost.
    """
    last = conn.execute("select coalesce(max(id), 0) from articles_fts_docsize").fetchone()[0]
    conn.execute(
        "insert into story_changes (article_id) select id from articles where id > ? order by id", (last,)
    )
    conn.execute(
        """insert into articles_fts (rowid, title, summary, text) select id, title, summary, text from articles
        where id > ? order by id""",
        (last,),
    )


def keep_odd(conn: sqlite3.Connection, article_id: int, texts: tuple[str, str, str], *, odd: bool) -> None:
    """Make the index of odd articles hold the title, summary and text of this one, or nothing if it is not odd."""
    conn.execute("delete from articles_fts_odd where rowid = ?", (article_id,))
    if odd:
        conn.execute(
            "insert into articles_fts_odd (rowid, title, summary, text) values (?, ?, ?, ?)",
            (article_id, *map(as_read, texts)),
        )
