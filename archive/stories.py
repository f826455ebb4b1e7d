"""Stories: which articles are copies of one text.

    take, sketched   story queue ─▶ sketch and wire credit of each article       (a reader thread)
    store            sketch ─▶ copies (`archive.sketches`) ─▶ stories            (the writer, in a transaction)
    of               articles ─▶ their stories

`archive.reach.admit_new` puts new articles into the queue (``story_changes``), and a trigger those whose words change,
so whoever edits articles needs to know nothing of it. `store` deletes exactly the rows that `take` saw. When the queue
is empty, every pair of articles has been decided with what is now known of both, so the stories are those of
`archive.cluster`, whatever the order in which articles came, and wherever the program was killed.

A story's id is that of its earliest article. Seven days after it was first seen an article is settled: what it says
later no longer moves it.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from zlib import crc32

from archive import cluster, sketches
from archive.cluster import WINDOW, Sketch
from archive.model import Copy, Story
from archive.sketches import KEPT, Stored
from archive.times import moment, stamp
from archive.wire import credit

BATCH = 200  # articles
NONE: Mapping[int, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Waiting:
    """One article of the queue. ``upto`` is the newest of its rows; ``changed``: its words, not only what is common."""

    article_id: int
    upto: int
    changed: bool
    gone: bool
    title: str
    body: str
    author: str | None
    wire: str | None
    language: str | None
    source_id: str
    first_seen_at: datetime


@dataclass(frozen=True, slots=True)
class Sketched:
    """What `store` is to know of an article. ``sketch`` None: it is what it was, or the article is another now."""

    waiting: Waiting
    sketch: Sketch | None
    wire: str | None


# --- from the queue ---------------------------------------------------------------------------------------------------


def take(conn: sqlite3.Connection, limit: int = BATCH, aside: Mapping[int, int] = NONE) -> list[Waiting]:
    """Return at most ``limit`` articles that wait, the longest waiting first.

    ``aside``: articles that are left alone, until they have a row of the queue above this one.
    """
    rows = conn.execute(
        """select c.article_id, (select max(seq) from story_changes where article_id = c.article_id) as upto,
        (select max(words) from story_changes where article_id = c.article_id) as changed,
        a.title, a.summary, a.text, a.author, a.wire, a.source_id, a.first_seen_at,
        coalesce(a.language, s.language) as language, a.merged_into is not null as gone
        from (select q.article_id, q.seq from story_changes q left join json_each(?) x on x.key = q.article_id
              where x.value is null or q.seq > x.value order by q.seq limit ?) c
        join articles a on a.id = c.article_id join sources s on s.id = a.source_id
        group by c.article_id order by min(c.seq)""",
        (json.dumps(dict(aside)), limit),
    )
    return [
        Waiting(
            **{
                name: row[name]
                for name in ("article_id", "upto", "title", "author", "wire", "language", "source_id")
            },
            changed=bool(row["changed"]),
            gone=bool(row["gone"]),
            # A feed often gives the beginning of what the page has, and now and then more than was read of the page.
            body=max(row["text"], row["summary"], key=len),
            first_seen_at=moment(row["first_seen_at"]),
        )
        for row in rows
    ]


def sketched(one: Waiting) -> Sketched:
    """Return what is to be stored of an article. It takes the processor, and no archive."""
    fresh = one.changed and not one.gone
    sketch = cluster.sketch(f"{one.title}\n{one.body}") if fresh else None
    return Sketched(one, sketch, credit(one.body, one.author) if fresh else one.wire)


# --- into the archive -------------------------------------------------------------------------------------------------


def store(conn: sqlite3.Connection, one: Sketched) -> None:
    """Store what is known of an article, make its story anew, and take it out of the queue. In a transaction."""
    waiting = one.waiting
    article_id = waiting.article_id
    was = sketches.stored(conn, [article_id]).get(article_id)
    if waiting.gone:
        if was is not None:
            sketches.drop(conn, was)
        _link(conn, article_id, {})
    else:
        if one.wire != waiting.wire:
            conn.execute("update articles set wire = ? where id = ?", (one.wire, article_id))
        now = was
        if one.sketch is not None:
            outlet = crc32(waiting.source_id.encode()) >> 8  # three bytes in each row of shingles
            day = waiting.first_seen_at.toordinal()
            now = Stored(article_id, outlet, day, waiting.language, one.sketch)
        if now is not None:
            _keep(conn, now, was)
    conn.execute("delete from story_changes where article_id = ? and seq <= ?", (article_id, waiting.upto))


def _keep(conn: sqlite3.Connection, now: Stored, was: Stored | None) -> None:
    """Make ``now`` what is known of an article, and find its copies."""
    newest = sketches.newest(conn)
    late = newest is not None and now.day < newest - (KEPT if was is None else WINDOW)
    if was is not None and (late or (was.sketch, was.language) == (now.sketch, now.language)):
        known = sketches.seen_anew(conn, was)
    elif late:
        return  # what it may be a copy of is not kept any more
    else:
        if was is not None:
            sketches.drop(conn, was)
        known = sketches.keep(conn, now)
    _link(conn, known.article_id, sketches.copies(conn, known))


# --- stories ----------------------------------------------------------------------------------------------------------


def _link(conn: sqlite3.Connection, article_id: int, copies: Mapping[int, float]) -> None:
    """Make ``copies``, each with the part that is contained, the copies of an article, and its story what follows."""
    before = dict(
        conn.execute("select copy_id, share from copies where article_id = ?", (article_id,)).fetchall()
    )
    if before == copies:
        return
    gone, new = before.keys() - copies.keys(), copies.keys() - before.keys()
    pairs = [(article_id, other) for other in before]
    conn.executemany(
        "delete from copies where article_id = ? and copy_id = ?",
        [*pairs, *((other, one) for one, other in pairs)],
    )
    conn.executemany(
        "insert into copies (article_id, copy_id, share) values (?, ?, ?)",
        [
            row
            for other, share in copies.items()
            for row in ((article_id, other, share), (other, article_id, share))
        ],
    )
    if gone or new:
        _tell(conn, {article_id} | gone | new, parted=bool(gone))


def _tell(conn: sqlite3.Connection, touched: AbstractSet[int], *, parted: bool) -> None:
    """Make the stories of ``touched``, which are one if nothing was ``parted``."""
    chosen = json.dumps(list(touched))
    old = [
        row[0]
        for row in conn.execute(
            """select distinct story_id from articles
            where id in (select value from json_each(?)) and story_id is not null""",
            (chosen,),
        )
    ]
    members = touched | {
        row[0]
        for row in conn.execute(
            "select id from articles where story_id in (select value from json_each(?))", (json.dumps(old),)
        )
    }
    groups = [frozenset(members)]
    if parted:
        pairs = conn.execute(
            """select article_id, copy_id from copies
            where article_id in (select value from json_each(?)) and article_id < copy_id""",
            (json.dumps(list(members)),),
        )
        groups = cluster.stories(members, map(tuple, pairs))
    conn.execute("delete from stories where id in (select value from json_each(?))", (json.dumps(old),))
    firsts = {group: min(group) if len(group) > 1 else None for group in groups}
    for group, first in firsts.items():
        conn.execute(
            "update articles set story_id = ?1 where id in (select value from json_each(?2)) and story_id is not ?1",
            (first, json.dumps(list(group))),
        )
    # Only when all stand in their stories they can be counted.
    conn.executemany(
        """insert into stories (id, first_article_id, first_seen_at, last_seen_at, language, outlets, articles)
        select ?1, ?1, min(a.first_seen_at), max(a.first_seen_at),
        (select coalesce(f.language, s.language) from articles f join sources s on s.id = f.source_id
         where f.id = ?1), count(distinct a.source_id), count(*) from articles a where a.story_id = ?1""",
        [(first,) for first in firsts.values() if first is not None],
    )


# --- who asks ---------------------------------------------------------------------------------------------------------


def of(conn: sqlite3.Connection, article_ids: Collection[int]) -> dict[int, Story]:
    """Return the stories of articles; one that has no copies is missing.

    Who had it first is told by what each says of when it was published, if that is not after we saw it: what we
    happened to read first in one round of polls says nothing.
    """
    chosen = "(select value from json_each(?))"
    asked = json.dumps(list(article_ids))
    by_story: dict[int, list[int]] = defaultdict(list)
    copies: dict[int, dict[str, Copy]] = defaultdict(dict)
    for row in conn.execute(
        f"""select a.id, a.story_id, a.source_id, a.url, s.name from articles a join sources s on s.id = a.source_id
        where a.story_id in (select story_id from articles where id in {chosen})
        order by min(coalesce(a.published_at, a.first_seen_at), a.first_seen_at), a.id""",  # noqa: S608 - ours
        (asked,),
    ):
        by_story[row["story_id"]].append(row["id"])
        copies[row["story_id"]].setdefault(row["source_id"], Copy(row["name"], row["url"]))
    told = {
        row["id"]: Story(
            row["id"],
            moment(row["first_seen_at"]),
            row["outlets"],
            tuple(by_story[row["id"]]),
            tuple(copies[row["id"]].values()),
        )
        for row in conn.execute(
            f"select id, first_seen_at, outlets from stories where id in {chosen}",  # noqa: S608 - ours
            (json.dumps(list(by_story)),),
        )
    }
    wanted = set(article_ids)
    return {one: story for story in told.values() for one in story.articles if one in wanted}


def unsettled(conn: sqlite3.Connection, article_ids: Collection[int], since: datetime) -> frozenset[int]:
    """Return of which of these articles it is not known yet whose copies they are.

    They wait in the queue, or for the first fetch of their page. One that was first seen before ``since`` has waited
    long enough: whatever keeps it may keep it for ever.
    """
    rows = conn.execute(
        """select a.id from articles a left join pages p on p.article_id = a.id
        where a.id in (select value from json_each(?)) and a.first_seen_at > ?
        and (exists (select 1 from story_changes c where c.article_id = a.id)
             or (p.state = 'due' and p.fetched_at is null and p.attempts = 0))""",
        (json.dumps(list(article_ids)), stamp(since)),
    )
    return frozenset(row[0] for row in rows)
