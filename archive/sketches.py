"""The sketches of the last weeks: who has which hash, and whom an article is a copy of.

    keep     sketch ─▶ rows of ``sketches`` and ``shingles`` ─▶ articles that it makes look different are queued
    drop     the same the other way
    copies   what an article shares with others ─▶ its copies
    prune    sketches that are asked for no more

A hash counts for nothing in the articles of an outlet for which it is common (`archive.cluster`). An article that comes
or goes may make a hash common, or not common any more, for others of its outlet: those are queued, to be compared anew.
"""

from __future__ import annotations

import json
import sqlite3
import struct
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from archive import cluster
from archive.cluster import MOST_OF_ONE, WINDOW, Sketch
from archive.connect import transaction

KEPT = 3 * WINDOW
"""Days. A settled article may be a copy of one that is a week older, and look different by one of a week after it."""
BATCH = 500  # sketches that are pruned in one go

# How many articles of an outlet have a hash within a week either way of a day. Only as far as it matters.
_COUNT = """(select count(*) from (select 1 from shingles c where c.hash = j.value and c.outlet = :outlet
    and c.day between {first} and {last} limit :many))"""
_COUNTED = f"""select value, many from (select j.value, {_COUNT.format(first=":first", last=":last")} as many
    from json_each(:hashes) j) where many > 1"""  # noqa: S608 - ours
# Articles for which another makes the difference. Those of one half of its two weeks all see one another; so where they
# are many nothing changes for any of them, and long lists are never read.
_TURNED = f"""insert into story_changes (article_id, words)
    select distinct o.article_id, 0 from json_each(:hashes) j
    join shingles o on o.hash = j.value and o.outlet = :outlet and o.day between :first and :last
    where {_COUNT.format(first=":first", last=":last")} <= :exactly and o.article_id <> :article_id
    and {_COUNT.format(first="o.day - :window", last="o.day + :window")} = :exactly
    and not exists (select 1 from story_changes q where q.article_id = o.article_id)"""  # noqa: S608 - ours


@dataclass(frozen=True, slots=True)
class Stored:
    """A sketch with what is asked of its article. ``common``: hashes that are common to its outlet, as last seen."""

    article_id: int
    outlet: int
    day: int
    language: str | None
    sketch: Sketch
    common: frozenset[int] = frozenset()


def stored(conn: sqlite3.Connection, article_ids: Iterable[int]) -> dict[int, Stored]:
    """Return the sketches that are there of articles."""
    rows = conn.execute(
        """select article_id, outlet, day, language, hashes, common from sketches
        where article_id in (select value from json_each(?))""",
        (json.dumps(list(article_ids)),),
    )
    return {
        row[0]: Stored(
            row[0], row[1], row[2], row[3], Sketch(_unpacked(row[4])), frozenset(_unpacked(row[5]))
        )
        for row in rows
    }


def newest(conn: sqlite3.Connection) -> int | None:
    """Return the day of the newest sketch."""
    day: int | None = conn.execute("select max(day) from sketches").fetchone()[0]
    return day


def keep(conn: sqlite3.Connection, one: Stored) -> Stored:
    """Store a sketch; return it with what is common. Whoever has the same hashes in its outlet may be queued."""
    before = newest(conn)
    # Row by row: for a statement of many SQLite keeps a copy of each page that it touches, which takes twice as long.
    conn.executemany(
        "insert into shingles (hash, outlet, day, article_id) values (?, ?, ?, ?)",
        [(each, one.outlet, one.day, one.article_id) for each in one.sketch.hashes],
    )
    counts = _counts(conn, one)
    one = replace(one, common=_common(counts))
    conn.execute(
        "insert into sketches (article_id, outlet, day, language, hashes, common) values (?, ?, ?, ?, ?, ?)",
        (one.article_id, one.outlet, one.day, one.language, _packed(one.sketch.hashes), _packed(one.common)),
    )
    # Where more have a hash already, the others know, unless some of them are of later than this one.
    later = before is not None and one.day < before
    made = [each for each, many in counts.items() if later or many <= MOST_OF_ONE + 1]
    _turn(conn, one, made, MOST_OF_ONE + 1, later=later)
    return one


def drop(conn: sqlite3.Connection, one: Stored) -> None:
    """Remove a sketch, and queue whoever looks different for it."""
    _remove(conn, one)
    _turn(conn, one, one.sketch.hashes, MOST_OF_ONE, later=True)


def seen_anew(conn: sqlite3.Connection, one: Stored) -> Stored:
    """Return a stored sketch with what is common now."""
    common = _common(_counts(conn, one))
    if common != one.common:
        conn.execute("update sketches set common = ? where article_id = ?", (_packed(common), one.article_id))
    return replace(one, common=common)


def copies(conn: sqlite3.Connection, one: Stored) -> dict[int, float]:
    """Return the articles of which one is a copy, or which are copies of it, each with the part that is contained."""
    first, last = one.day - WINDOW, one.day + WINDOW
    rows = conn.execute(
        """select s.article_id from json_each(?) j join shingles s on s.hash = j.value
        where s.article_id <> ? and s.day between ? and ?""",
        (
            json.dumps([each for each in one.sketch.hashes if each not in one.common]),
            one.article_id,
            first,
            last,
        ),
    )
    shared = Counter(row[0] for row in rows)
    likely = [article_id for article_id, count in shared.items() if count >= cluster.LEAST_SHARED]
    found = {}
    for other in stored(conn, likely).values() if likely else ():
        share = cluster.containment(one.sketch, other.sketch, one.common | other.common)
        if other.language == one.language and cluster.is_copy(share, same_outlet=other.outlet == one.outlet):
            found[other.article_id] = share
    return found


def prune(conn: sqlite3.Connection) -> int:
    """Remove sketches that are asked for no more, at most `BATCH`; return of how many articles."""
    with transaction(conn):
        old = conn.execute(
            "select article_id from sketches where day < ? order by day limit ?",
            ((newest(conn) or 0) - KEPT, BATCH),
        ).fetchall()
        for one in stored(conn, [row[0] for row in old]).values():
            _remove(conn, one)
    return len(old)


def _remove(conn: sqlite3.Connection, one: Stored) -> None:
    conn.execute("delete from sketches where article_id = ?", (one.article_id,))
    conn.executemany(
        "delete from shingles where hash = ? and outlet = ? and day = ? and article_id = ?",
        [(each, one.outlet, one.day, one.article_id) for each in one.sketch.hashes],
    )


def _counts(conn: sqlite3.Connection, one: Stored) -> dict[int, int]:
    """Return how many articles of its outlet have a hash of an article, where others have it."""
    values = {"hashes": json.dumps(one.sketch.hashes), "outlet": one.outlet, "many": MOST_OF_ONE + 2}
    values |= {"first": one.day - WINDOW, "last": one.day + WINDOW}
    return dict(conn.execute(_COUNTED, values).fetchall())


def _common(counts: Mapping[int, int]) -> frozenset[int]:
    return frozenset(each for each, many in counts.items() if many > MOST_OF_ONE)


def _turn(
    conn: sqlite3.Connection, one: Stored, hashes: Collection[int], exactly: int, *, later: bool
) -> None:
    """Queue the articles for which one of ``hashes`` became common, or stopped to be: ``exactly`` so many have it.

    ``later``: there may be articles that came on a day after this one.
    """
    if not hashes:
        return
    values = {"hashes": json.dumps(hashes), "outlet": one.outlet, "article_id": one.article_id}
    values |= {"exactly": exactly, "many": MOST_OF_ONE + 2, "window": WINDOW}
    halves = ((one.day - WINDOW, one.day), (one.day, one.day + WINDOW))
    for first, last in halves if later else halves[:1]:
        conn.execute(_TURNED, {**values, "first": first, "last": last})


def _packed(hashes: Collection[int]) -> bytes:
    return struct.pack(f"<{len(hashes)}I", *sorted(hashes))


def _unpacked(packed: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(packed) // 4}I", packed)
