"""Where an article came from and what became of it: everything the archive holds of one, for `presswatch explain`.

    find    an address, a number, a guid or a part of an address ─▶ the article
    trace   the article ─▶ its offers, its page, its other addresses, its revisions, its matches
    feeds   sources ─▶ their feeds, when these were last read, and what keeps them from being read

Reads only.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from archive.document import COLUMNS, document
from archive.model import RobotsRecord
from archive.times import moment

MOST_ALIKE = 10  # addresses that are named where a part of one fits several

Row = dict[str, Any]
_WORDS = ("title", "summary", "text")


@dataclass(frozen=True, slots=True)
class Found:
    """An article that was looked up. ``how`` says by what; ``was``: the article that turned out to be this one."""

    article_id: int
    how: str
    was: int | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """One article, row by row. ``fields`` is what the matcher reads; ``hits`` go by the sequence of their match.

    ``words`` are title, summary and text as the hits of each match cut them; ``waiting``: it is in the change queue.
    ``story``: the copies of its text, itself among them, the earliest first.
    """

    article: Row
    fields: Mapping[str, str]
    page: Row | None
    offers: list[Row]
    aliases: list[Row]
    revisions: list[Row]
    matches: list[Row]
    hits: Mapping[int, list[Row]]
    words: Mapping[int, Row]
    waiting: bool
    story: list[Row]


def find(
    conn: sqlite3.Connection, text: str, canonical: str | None, variants: Sequence[str] = ()
) -> Found | list[str]:
    """Return the article that ``text`` names; or the addresses of those in whose address or title it stands.

    ``canonical``: the canonical URL that it is, if it is one; such a one is looked for whole, and then by ``variants``,
    what people write for the same.
    """
    for sql, how, value in (
        ("select id from articles where key = ?", "address", canonical),
        ("select article_id from aliases where url = ?", "another address", canonical),
        ("select id from articles where id = ?", "number", text if text.isdecimal() else None),
        ("select id from articles where key = ?", "key", text),
        # Not indexed: the few who ask for an article may wait for as long as a list of all offers takes.
        ("select article_id from offers where link = ? limit 1", "link as offered", text),
        ("select article_id from offers where guid = ? order by article_id desc limit 1", "guid", text),
        *(("select id from articles where key = ?", f"address, but as {url}", url) for url in variants),
    ):
        row = conn.execute(sql, (value,)).fetchone() if value is not None else None
        if row:
            return _standing(conn, row[0], how)
    if canonical is not None or not text:
        return []
    rows = conn.execute(
        """select id, coalesce(url, key) as address, instr(coalesce(url, ''), ?1) > 0 as by_address from articles
        where (instr(url, ?1) or instr(title, ?1)) and merged_into is null
        order by by_address desc, id desc limit ?2""",
        (text, MOST_ALIKE + 1),
    ).fetchall()
    rows = [row for row in rows if row["by_address"] == rows[0]["by_address"]]
    if len(rows) != 1:
        return [row["address"] for row in rows]
    return _standing(
        conn, rows[0]["id"], "part of its address" if rows[0]["by_address"] else "words of its title"
    )


def _standing(conn: sqlite3.Connection, article_id: int, how: str) -> Found:
    row = conn.execute("select merged_into from articles where id = ?", (article_id,)).fetchone()
    return Found(article_id, how) if row[0] is None else Found(row[0], how, article_id)


def trace(conn: sqlite3.Connection, article_id: int) -> Trace:
    """Return all that is known of an article."""
    row = conn.execute(
        f"""select {COLUMNS}, a.key, a.language, a.published_at, a.published_from, a.first_seen_at, a.pruned_at,
        a.wire, a.story_id, a.paywalled, a.language_said, s.language as source_language, s.active as source_active
        from articles a join sources s on s.id = a.source_id where a.id = ?""",  # noqa: S608 - our own columns
        (article_id,),
    ).fetchone()
    matches = _rows(
        conn,
        """select m.*, t.title as topic_title, v.number as version_number, t.version as present_version,
        f.number as first_number from matches m join topics t on t.id = m.topic_id
        left join topic_versions v on v.topic_id = m.topic_id and v.version = m.topic_version
        left join topic_versions f on f.topic_id = m.topic_id and f.version = m.first_version
        where m.article_id = ? order by m.seq""",
        article_id,
    )
    return Trace(
        article=dict(row),
        fields=document(row),
        page=next(iter(_rows(conn, "select * from pages where article_id = ?", article_id)), None),
        offers=_rows(
            conn,
            """select e.url as endpoint, e.source_id, o.link, o.guid, o.first_seen_at, o.last_seen_at
            from offers o join endpoints e on e.id = o.endpoint_id
            where o.article_id = ? order by o.first_seen_at, e.id, o.link""",
            article_id,
        ),
        aliases=_rows(conn, "select url, why, first_seen_at from aliases where article_id = ?", article_id),
        revisions=_revisions(conn, row),
        matches=matches,
        hits=_hits(conn, [one["seq"] for one in matches]),
        words={one["seq"]: _words(conn, one, row) for one in matches},
        waiting=bool(_rows(conn, "select 1 from changes where article_id = ? limit 1", article_id)),
        story=_rows(
            conn,
            """select article_id, url, title, source_id, source, first_seen_at, wire from story_articles
            where story_id = ? order by article_id""",
            row["story_id"],
        ),
    )


def _revisions(conn: sqlite3.Connection, article: sqlite3.Row) -> list[Row]:
    """Return what an article said before, the oldest first: its title, which fields changed, what came and left."""
    found = _rows(
        conn,
        "select id, at, why, title, summary, text from revisions where article_id = ? order by id",
        article["id"],
    )
    states: list[Row] = [*found, {name: article[name] for name in _WORDS}]
    changes: dict[int, list[Row]] = defaultdict(list)
    for row in _rows(
        conn,
        """select revision_id, topic_id as topic, change, field, variant, text from hit_changes where article_id = ?
        order by id""",
        article["id"],
    ):
        changes[row.pop("revision_id")].append(row)
    return [
        {
            "at": one["at"],
            "why": one["why"],
            "title": one["title"],
            "changed": [name for name in _WORDS if one[name] != after[name]],
            "hits": changes[one["id"]],
        }
        for one, after in pairwise(states)
    ]


def _rows(conn: sqlite3.Connection, sql: str, *values: object) -> list[Row]:
    return [dict(row) for row in conn.execute(sql, values)]


def _hits(conn: sqlite3.Connection, seqs: Collection[int]) -> Mapping[int, list[Row]]:
    hits: dict[int, list[Row]] = defaultdict(list)
    for seq in seqs:
        hits[seq] = _rows(
            conn,
            """select field, start, "end", text, variant, how from hits where match_seq = ?
            order by instr('title summary text', field) = 0, instr('title summary text', field), start""",
            seq,
        )
    return hits


def _words(conn: sqlite3.Connection, match: Row, article: sqlite3.Row) -> Row:
    if match["revision_id"] is None:
        return {name: article[name] for name in _WORDS}
    return _rows(conn, "select title, summary, text from revisions where id = ?", match["revision_id"])[0]


def sources_at(conn: sqlite3.Connection, hosts: Collection[str]) -> dict[str, int]:
    """Return the sources whose articles have addresses on one of ``hosts`` (with port), and how many of them."""
    found: dict[str, int] = defaultdict(int)
    for host in hosts:
        for scheme in ("http", "https"):
            for row in conn.execute(
                "select source_id, count(*) from articles where key >= ? and key < ? group by source_id",
                (f"{scheme}://{host}/", f"{scheme}://{host}0"),  # 0 is what follows /
            ):
                found[row[0]] += row[1]
    return dict(found)


def feeds(conn: sqlite3.Connection, source_id: str) -> list[Row]:
    """Return the feeds of a source that are configured, each with its open events."""
    found = _rows(
        conn,
        """select id, url, last_poll_at, last_ok_at, last_outcome, last_status, last_detail, failures, next_poll_at
        from endpoints where source_id = ? and active = 1 order by id""",
        source_id,
    )
    for feed in found:
        feed["events"] = _rows(
            conn,
            "select kind, since, detail from events where endpoint_id = ? and until is null order by since",
            feed.pop("id"),
        )
    return found


def robots(conn: sqlite3.Connection, host: str) -> RobotsRecord | None:
    """Return what is kept of the robots.txt of ``host`` (with its scheme), None if nothing is."""
    row = conn.execute("select * from robots where host = ?", (host,)).fetchone()
    if row is None:
        return None
    return RobotsRecord(
        host=host,
        fetched_at=moment(row["fetched_at"]),
        expires_at=moment(row["expires_at"]),
        status=row["status"],
        body=row["body"],
        unreachable_since=moment(row["unreachable_since"]),
    )


def newest(conn: sqlite3.Connection, source_id: str) -> str | None:
    """Return when a new article of a source was last seen."""
    row = conn.execute(
        "select first_seen_at from articles where source_id = ? order by id desc limit 1", (source_id,)
    ).fetchone()
    return row[0] if row else None
