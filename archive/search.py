"""Asking the archive: full-text search, what matched between two sequences, and how the sources are.

Reads only. The query language of a later version compiles to the same MATCH; for now a search is words,
all of which must be there, and "phrases in quotes"; a trailing * means any ending.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice, product
from sys import intern
from typing import Any

from archive.document import told
from archive.errors import TopicError
from archive.model import Content, Coverage, Hit, MatchedArticle, Outlet
from archive.normalize import Tokens, clean_line, tokens
from archive.times import moment, stamp

MOST_WORDS = 200
MOST_SPELLINGS = 32  # of one phrase: each short word in capitals doubles them
_PART = re.compile(r'"([^"]*)"?|(\S+)')
_PAIRS = re.compile(r"([^\W\d_])\1([^\W\d_])\2")


@dataclass(frozen=True, slots=True)
class Found:
    """One article that a search found; ``snippet`` marks what was found between ⟦ and ⟧."""

    id: int
    url: str | None
    title: str
    source: str
    published: str | None
    first_seen: str
    content: str
    snippet: str


def match_expression(query: str) -> str:
    """Return the FTS5 MATCH expression for the words and quoted phrases of ``query``.

    Whatever stands in ``query``, it is searched for, never run: every word is quoted. Raises `TopicError`
    when there is no word in it, or more than `MOST_WORDS`.
    """
    parts = []
    count = 0
    for found in _PART.finditer(query):
        quoted, plain = found.groups("")
        text = clean_line(quoted or plain)
        cut = tokens(text)
        count += len(cut.words)
        if count > MOST_WORDS:
            raise TopicError(f"a search has at most {MOST_WORDS} words", found.start())
        if cut.words and plain.endswith("*"):
            parts.append(_quoted(" ".join(cut.words)) + "*")
        elif cut.words:
            either = " OR ".join(_quoted(spelling) for spelling in _spellings(text, cut))
            parts.append(f"({either})")
    if not parts:
        raise TopicError("there is no word to search for")
    # Each once: 200 times the same word in a long text took 14 s, most of it for the snippet.
    return " AND ".join(dict.fromkeys(parts))


def _spellings(text: str, cut: Tokens) -> Iterable[str]:
    """Return the ways in which the index may hold a phrase.

    The index cuts words by its own rules: it holds U.S. as the words "u s" and EE. UU. as "ee uu", Peru's as
    "peru s", and ß as it stands. So a phrase is searched for as folded, with its acronyms spelled out, and as
    it was typed.
    """
    ways = [_ways(cut, number) for number in range(len(cut.words))]
    # The first and last way of every word come first: where there are too many, the mixed ones are left out.
    found = [" ".join(way[0] for way in ways), " ".join(way[-1] for way in ways)]
    found += [" ".join(way) for way in islice(product(*ways), MOST_SPELLINGS)]
    return dict.fromkeys([*found, text.lower()])


def _ways(cut: Tokens, number: int) -> list[str]:
    word = cut.words[number]
    ways = [word]
    capitals = cut.surface(number, number).isupper() and word.isalpha() and 2 <= len(word) <= 4
    if number in cut.acronyms or capitals:
        ways.append(" ".join(word))
    if _PAIRS.fullmatch(word):
        ways.append(f"{word[:2]} {word[2:]}")
    return ways


def _quoted(words: str) -> str:
    return '"' + words.replace('"', '""') + '"'


def search(conn: sqlite3.Connection, query: str, limit: int = 20) -> list[Found]:
    """Return the newest articles that hold every word of ``query``; what turned out to be another is not told."""
    rows = conn.execute(
        """select a.id, a.url, a.title, s.name as source, a.published_at, a.first_seen_at, a.content,
                  snippet(articles_fts, -1, '⟦', '⟧', '…', 24) as snippet
        from articles_fts f join articles a on a.id = f.rowid join sources s on s.id = a.source_id
        where articles_fts match ? and a.merged_into is null order by f.rowid desc limit ?""",
        (match_expression(query), limit),
    )
    return [Found(*tuple(row)) for row in rows]


def count(conn: sqlite3.Connection, query: str) -> int:
    """Return how many articles `search` could find; what turned out to be another is not counted."""
    # The merged ones by their index: asking each article would read past its text.
    number: int = conn.execute(
        """select count(*) from articles_fts where articles_fts match ?
        and rowid not in (select id from articles where merged_into is not null)""",
        (match_expression(query),),
    ).fetchone()[0]
    return number


def top_seq(conn: sqlite3.Connection) -> int:
    """Return the newest sequence that was ever handed out to a match, 0 when there is none.

    Not the newest that stands: a merge removes matches, and whoever was told up to there must not find less.
    """
    # A sum, for the row is missing until the first match.
    seq: int = conn.execute(
        "select coalesce(sum(seq), 0) from sqlite_sequence where name = 'matches'"
    ).fetchone()[0]
    return seq


def matched_between(
    conn: sqlite3.Connection,
    from_seq: int,
    to_seq: int,
    topics: Sequence[str] | None,
    *,
    backfill: bool = False,
) -> list[MatchedArticle]:
    """Return the matches with ``from_seq < seq <= to_seq`` of ``topics`` (None: all), in the order of seq.

    Backfill is left out, or, with ``backfill``, all else; and so are matches that ended before anybody was told.
    They come without their words, which `worded` gives to those that somebody is to read: of a day in which a hundred
    thousand were found, a mail shows some.
    """
    # By the index of topics: of a day of which many are told, each wants little.
    wanted = "?4 is not null" if topics is None else "m.topic_id in (select value from json_each(?4))"
    rows = conn.execute(
        f"""select m.seq, m.topic_id, t.title as topic_title, m.article_id, a.url, a.title, '' as summary, '' as text,
                  a.author, a.language, m.content, a.source_id, s.name as source_name, s.country,
                  a.published_at, a.first_seen_at, a.wire, a.paywalled,
                  (select group_concat(w.id) from articles w where w.merged_into = a.id) as was
        from matches m join articles a on a.id = m.article_id join topics t on t.id = m.topic_id
        join sources s on s.id = a.source_id
        where m.seq > ?1 and m.seq <= ?2 and m.backfill = ?3 and m.ended_at is null
        and {wanted} order by m.seq""",  # noqa: S608 - our own words
        (from_seq, to_seq, backfill, json.dumps(topics)),
    )
    found: list[MatchedArticle] = []
    articles: dict[int, dict[str, Any]] = {}
    for row in rows:
        # Many matches are of few articles, topics and sources: each is held once.
        about = articles.get(row["article_id"])
        if about is None:
            about = articles[row["article_id"]] = {
                **told(row),
                "article_id": row["article_id"],
                "language": _once(row["language"]),
                "source_id": _once(row["source_id"]),
                "source_name": _once(row["source_name"]),
                "country": _once(row["country"]),
                "was": tuple(sorted(map(int, row["was"].split(",")))) if row["was"] else (),
                "wire": row["wire"],
                "paywalled": bool(row["paywalled"]),
            }
            del about["content"]  # that of the match may be another
        found.append(
            MatchedArticle(
                seq=row["seq"],
                topic_id=_once(row["topic_id"]),
                topic_title=_once(row["topic_title"]),
                content=Content(row["content"]),
                hits=(),
                **about,
            )
        )
    return found


def _once(text: Any) -> Any:
    return None if text is None else intern(text)


def worded(conn: sqlite3.Connection, matched: Sequence[MatchedArticle]) -> list[MatchedArticle]:
    """Return the same matches with their words: summary, text, and the hits in them."""
    hits = _hits_of(conn, [one.seq for one in matched])
    words = {
        row["id"]: (row["summary"], row["text"])
        for row in conn.execute(
            "select id, summary, text from articles where id in (select value from json_each(?))",
            (json.dumps(sorted({one.article_id for one in matched})),),
        )
    }
    found = []
    for one in matched:
        # An article that was merged away since then is told by its headline.
        summary, text = words.get(one.article_id, ("", ""))
        found.append(replace(one, summary=summary, text=text, hits=tuple(hits[one.seq])))
    return found


def _hits_of(conn: sqlite3.Connection, seqs: Sequence[int]) -> dict[int, list[Hit]]:
    hits: dict[int, list[Hit]] = defaultdict(list)
    for row in conn.execute(
        """select match_seq, field, start, "end", text, variant, how from hits
        where match_seq in (select value from json_each(?))
        order by match_seq, instr('title summary text', field), start""",
        (json.dumps(seqs),),
    ):
        words = intern(row["text"]), intern(row["variant"]), intern(row["how"])
        hits[row["match_seq"]].append(Hit(intern(row["field"]), row["start"], row["end"], *words))
    return hits


def coverage(conn: sqlite3.Connection) -> tuple[tuple[Coverage, ...], tuple[Outlet, ...]]:
    """Return what keeps sources from being read just now, and which sources could be read."""
    rows = conn.execute(
        """select v.source_id, s.name, s.country, v.kind, min(v.since) as since, v.detail
        from events v join sources s on s.id = v.source_id
        left join endpoints e on e.id = v.endpoint_id
        where v.until is null and s.active = 1 and coalesce(e.active, 1) = 1
        group by v.source_id, v.kind, v.detail order by s.name, since"""
    )
    ill = tuple(
        Coverage(
            source_id=row["source_id"],
            source_name=row["name"],
            kind=row["kind"],
            since=moment(row["since"]),
            detail=row["detail"],
            country=row["country"],
        )
        for row in rows
    )
    read = conn.execute(
        """select s.id, s.country from sources s where s.id in (
            select id from source_health where state in ('ok', 'partly')) order by s.id"""
    )
    return ill, tuple(Outlet(*row) for row in read)


def missed(conn: sqlite3.Connection, since: datetime, until: datetime) -> dict[Outlet, float]:
    """Return about how many items of which sources were missed in gaps that ended after ``since``, and by ``until``."""
    # Of the gap, not of its event: that may be open for weeks, and over by now.
    rows = conn.execute(
        """select s.id, s.country, sum(g.missed) from gaps g join endpoints e on e.id = g.endpoint_id
        join sources s on s.id = e.source_id where g.until > ? and g.until <= ? and e.active = 1 and s.active = 1
        group by s.id having sum(g.missed) > 0""",
        (stamp(since), stamp(until)),
    )
    return {Outlet(source_id, country): number for source_id, country, number in rows}


def totals(conn: sqlite3.Connection) -> tuple[int, dict[str, int]]:
    """Return how many articles there are, and how many of them match each active topic."""
    # Counted apart, by its index: asking each article whether it is merged would read past its text.
    articles: int = conn.execute(
        """select (select count(*) from articles) - (select count(*) from articles where merged_into is not null)"""
    ).fetchone()[0]
    rows = conn.execute(
        """select t.id, count(m.seq) from topics t left join matches m on m.topic_id = t.id and m.ended_at is null
        where t.active = 1 group by t.id order by t.id"""
    )
    return articles, {row[0]: row[1] for row in rows}


def edited(conn: sqlite3.Connection) -> list[str]:
    """Return the addresses of the articles that said something else before, those with the most changed hits first."""
    rows = conn.execute(
        """select coalesce(a.url, a.key), (select count(*) from hit_changes c where c.article_id = a.id) as changes
        from articles a where a.id in (select article_id from revisions) and a.merged_into is null
        order by changes desc, a.id"""
    )
    return [row[0] for row in rows]


def health(conn: sqlite3.Connection) -> list[dict[str, Any]]:
    """Return one row a source, as the view ``source_health`` has it, with its open events."""
    events: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in conn.execute(
        """select v.source_id, v.kind, v.since, v.count, v.detail, e.url, (
            select sum(g.missed) from gaps g where g.event_id = v.id) as missed
        from events v join endpoints e on e.id = v.endpoint_id and e.active = 1
        where v.until is null order by v.since, v.id"""
    ):
        events[row["source_id"]].append(
            {key: row[key] for key in ("kind", "since", "count", "detail", "url", "missed")}
        )
    return [
        {
            **{key: row[key] for key in ("id", "name", "state", "last_ok", "failures", "articles")},
            "events": events[row["id"]],
        }
        for row in conn.execute("select * from source_health order by id")
    ]
