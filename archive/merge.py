"""Two articles that turn out to be one: the page of one leads to the other, or names it as canonical.

The older one stays. Where it was offered, its other addresses, its matches and its words come together there, and
what else it lacks it takes from the other, whose row stays as it was and says in ``merged_into`` what it is now: an id
that somebody cited is never another article's, nor gone. Whatever either goes on to say, the words of the other stay
(`others`): a match that nobody was told of yet must not end for want of them. Runs in the caller's transaction.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from archive.normalize import fold, joined
from archive.queue import enqueue
from archive.times import stamp


def owners(conn: sqlite3.Connection, article_id: int, url: str) -> tuple[int, int | None]:
    """Return what ``article_id`` is by now, and the article whose own key ``url`` is, if there is one."""
    row = conn.execute(
        "select coalesce(merged_into, id) from articles where id = ?", (article_id,)
    ).fetchone()
    other = conn.execute("select coalesce(merged_into, id) from articles where key = ?", (url,)).fetchone()
    return row[0], other[0] if other else None


def owner(conn: sqlite3.Connection, url: str) -> tuple[int | None, bool]:
    """Return the article that ``url`` leads to, and whether it is an article's own key, not only another address."""
    row = conn.execute(
        """select coalesce(merged_into, id) as id, 1 as own from articles where key = ?1
        union all select article_id, 0 from aliases where url = ?1 order by own desc limit 1""",
        (url,),
    ).fetchone()
    return (row["id"], bool(row["own"])) if row else (None, False)


def others(
    conn: sqlite3.Connection, article_ids: Collection[int]
) -> dict[int, tuple[tuple[str, str, str], ...]]:
    """Return title, summary and text of the articles that became each of these; none for nearly all."""
    found: dict[int, list[tuple[str, str, str]]] = defaultdict(list)
    for row in conn.execute(
        f"""select merged_into, title, summary, text from articles
        where merged_into in ({",".join("?" * len(article_ids))}) order by id""",  # noqa: S608 - question marks
        tuple(article_ids),
    ):
        found[row["merged_into"]].append((row["title"], row["summary"], row["text"]))
    return {article_id: tuple(words) for article_id, words in found.items()}


def point(conn: sqlite3.Connection, url: str, article_id: int, why: str, at: datetime) -> None:
    """Record that ``url`` is another address of an article; the first to have it keeps it.

    Two articles that lead to one address which is no article's own stay two: it may be where a server sends
    everybody, a login say.
    """
    conn.execute(
        "insert or ignore into aliases (url, article_id, why, first_seen_at) values (?, ?, ?, ?)",
        (url, article_id, why, stamp(at)),
    )


def keep_words(conn: sqlite3.Connection, article_id: int, why: str, at: datetime) -> int | None:
    """Keep what an article says as a revision, and lead the hits that cut it there; return its number."""
    revision_id = conn.execute(
        """insert into revisions (article_id, at, why, title, summary, text, content)
        select id, ?, ?, title, summary, text, content from articles where id = ?""",
        (stamp(at), why, article_id),
    ).lastrowid
    conn.execute(
        "update matches set revision_id = ? where article_id = ? and revision_id is null",
        (revision_id, article_id),
    )
    return revision_id


def merge(conn: sqlite3.Connection, one: int, other: int, why: str, at: datetime) -> bool:
    """Make two articles one, and put it in the change queue; return False when they are told apart.

    They are when one feed offers both under different headlines: it would be where a server sends everybody again,
    and an article lost is worse than one told twice.
    """
    kept, gone = sorted((one, other))
    if _told_apart(conn, kept, gone):
        return False
    # The address of an article leads to what it is now, whatever was recorded before it was an article's own.
    conn.execute(
        """insert into aliases (url, article_id, why, first_seen_at) select key, ?, ?, ? from articles where id = ?
        on conflict (url) do update set article_id = excluded.article_id""",
        (kept, why, stamp(at), gone),
    )
    conn.execute("update aliases set article_id = ? where article_id = ?", (kept, gone))
    conn.execute("update or ignore offers set article_id = ? where article_id = ?", (kept, gone))
    conn.execute("delete from offers where article_id = ?", (gone,))
    conn.execute("delete from pages where article_id = ?", (gone,))
    conn.execute("delete from changes where article_id = ?", (gone,))
    _fill(conn, kept, gone)
    _move_matches(conn, kept, gone, at)
    conn.execute("update articles set merged_into = ?1 where merged_into = ?2 or id = ?2", (kept, gone))
    enqueue(conn, kept, "merged", at)
    return True


def _told_apart(conn: sqlite3.Connection, kept: int, gone: int) -> bool:
    together = conn.execute(
        """select 1 from offers k join offers g on g.endpoint_id = k.endpoint_id and g.article_id = ?
        where k.article_id = ? limit 1""",
        (gone, kept),
    ).fetchone()
    titles = {
        fold(row[0])
        for row in conn.execute("select title from articles where id in (?, ?)", (kept, gone))
        if row[0]
    }
    return together is not None and len(titles) > 1


def _fill(conn: sqlite3.Connection, kept: int, gone: int) -> None:
    k, g = conn.execute(
        "select title, summary, text from articles where id in (?, ?) order by id", (kept, gone)
    ).fetchall()
    title = k["title"] or g["title"]
    summary = joined(k["summary"], g["title"], g["summary"], said=title)
    # min(content): full, summary, title stand in the order of the alphabet, and the most that was read is meant.
    conn.execute(
        """update articles as k set title = ?3, summary = ?4, text = ?5,
        pruned_at = iif(k.text = '' and g.text <> '', null, k.pruned_at),
        content = min(k.content, g.content, iif(?4 = '', 'title', 'summary')),
        author = coalesce(k.author, g.author), language = coalesce(k.language, g.language),
        language_said = iif(k.language is null, g.language_said, k.language_said),
        paywalled = coalesce(k.paywalled, g.paywalled),
        published_at = coalesce(k.published_at, g.published_at),
        published_from = iif(k.published_at is null, g.published_from, k.published_from),
        backfill = min(k.backfill, g.backfill), odd = iif(k.odd = 0 and g.odd = 0, 0, null)
        from articles as g where k.id = ?1 and g.id = ?2""",
        (kept, gone, title, summary, joined(k["text"], g["text"])),
    )


def _move_matches(conn: sqlite3.Connection, kept: int, gone: int, at: datetime) -> None:
    """Give the standing matches of one article to the other, with their sequence: who was told is not told again."""
    # A match of the older one makes room for the one that stands where it has ended, or is one that nobody is told of.
    # One that ended and is news does not make room for one that is not: it comes back through the queue.
    stale = conn.execute(
        """select k.seq from matches k join matches g on g.topic_id = k.topic_id and g.article_id = ?
        where k.article_id = ? and g.ended_at is null
        and iif(k.ended_at is null, g.backfill < k.backfill, g.backfill <= k.backfill)""",
        (gone, kept),
    ).fetchall()
    for row in stale:
        conn.execute("delete from hits where match_seq = ?", (row["seq"],))
        conn.execute("delete from matches where seq = ?", (row["seq"],))
    cutting = conn.execute(
        "select 1 from matches where article_id = ? and ended_at is null and revision_id is null limit 1",
        (gone,),
    ).fetchone()
    if cutting:
        # Until they are matched again, and after that if they end: their hits cut what the other article said.
        keep_words(conn, gone, "merged", at)
    conn.execute(
        "update or ignore matches set article_id = ? where article_id = ? and ended_at is null", (kept, gone)
    )
    conn.execute(
        "update matches set ended_at = ?, ended_because = 'merged' where article_id = ? and ended_at is null",
        (stamp(at), gone),
    )
