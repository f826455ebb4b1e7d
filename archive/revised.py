"""What a revision did to the hits of an article: which terms came, and which left, in which of its fields.

A match says what stands now, and once it has ended what stood last. That a name has left a headline, and still stands
in the text, is told by neither; nor is it that a match was made by an edit. So it is written down when the matcher
looks at a revised article (`archive.queue`), before the hits of then make way. A topic that was itself changed
meanwhile says nothing: with its words of before, nobody has looked at what stands now.

The rows are never taken away, and their ids only grow, so that `between` two of them each change is exactly once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from itertools import pairwise

from archive.model import Hit, TermChange
from archive.times import moment

FIELDS = ("title", "summary", "text")  # what revisions are kept of
CAME, LEFT = "came", "left"

_Terms = dict[tuple[str, str], str]  # field and term to the words that it found


def note(
    conn: sqlite3.Connection,
    article_id: int,
    revision_id: int,
    found: Mapping[str, tuple[Hit, ...]],
    versions: Mapping[str, str],
    *,
    edits_only: bool = False,
) -> None:
    """Note what came and left since ``revision_id``, which has what the article said when it was last matched.

    There may be later ones: what came to a field or left it is noted of the one in which that field changed.

    ``edits_only``: a field that no revision changed says nothing, for it was first read since then.
    ``found``: the hits of now by topic; ``versions``: what each topic was matched with. The rows of `hits` must still
    be those of before.
    """
    when = _changed(conn, article_id, revision_id, edits_only=edits_only)
    before = {
        row["topic_id"]: row
        for row in conn.execute(
            "select seq, topic_id, topic_version, ended_at from matches where article_id = ?", (article_id,)
        )
    }
    for topic_id in sorted({*before, *found} & set(versions)):
        row = before.get(topic_id)
        if row is not None and row["topic_version"] != versions[topic_id]:
            continue
        stood = _stood(conn, row["seq"]) if row is not None and row["ended_at"] is None else {}
        stands: _Terms = {}
        for hit in found.get(topic_id, ()):
            if hit.field in FIELDS:
                stands.setdefault((hit.field, hit.variant), hit.text)
        changes = [(LEFT, key, text) for key, text in stood.items() if key not in stands]
        changes += [(CAME, key, text) for key, text in stands.items() if key not in stood]
        changes = [one for one in changes if one[1][0] in when]
        conn.executemany(
            """insert into hit_changes (article_id, topic_id, revision_id, at, change, field, variant, text)
            values (?, ?, ?, ?, ?, ?, ?, ?)""",
            [
                (article_id, topic_id, *when[field], change, field, variant, text)
                for change, (field, variant), text in changes
            ],
        )


def _changed(
    conn: sqlite3.Connection, article_id: int, revision_id: int, *, edits_only: bool
) -> dict[str, tuple[int, str]]:
    """Return of each field the revision in which it changed last, and when; the first, or none, if it did not."""
    states = conn.execute(
        """select * from (
            select id, at, title, summary, text from revisions where article_id = ?1 and id >= ?2 union all
            select null, null, title, summary, text from articles where id = ?1)
        order by id is null, id""",
        (article_id, revision_id),
    ).fetchall()
    found = {}
    for field in FIELDS:
        changed = [one for one, after in pairwise(states) if one[field] != after[field]]
        if edits_only and not changed:
            continue
        row = changed[-1] if changed else states[0]
        found[field] = row["id"], row["at"]
    return found


def _stood(conn: sqlite3.Connection, seq: int) -> _Terms:
    terms: _Terms = {}
    for row in conn.execute(
        'select field, variant, text from hits where match_seq = ? order by field, start, "end"', (seq,)
    ):
        if row["field"] in FIELDS:
            terms.setdefault((row["field"], row["variant"]), row["text"])
    return terms


def top(conn: sqlite3.Connection) -> int:
    """Return the newest change that there is, 0 when there is none."""
    newest: int = conn.execute("select coalesce(max(id), 0) from hit_changes").fetchone()[0]
    return newest


def between(
    conn: sqlite3.Connection, from_id: int, to_id: int, topics: Sequence[str] | None
) -> list[TermChange]:
    """Return the changes with ``from_id < id <= to_id`` of ``topics`` (None: all), in the order of id.

    An article that turned out to be another is told as that one; its headlines are those that were edited.
    """
    rows = conn.execute(
        """select c.id, c.topic_id, t.title as topic_title, kept.id as article_id, kept.url, a.source_id,
                  s.name as source_name, s.country, coalesce(a.language, s.language) as language,
                  c.variant as term, c.text, c.field, c.change, c.at, r.title as before,
                  coalesce((select n.title from revisions n where n.article_id = c.article_id and n.id > c.revision_id
                            order by n.id limit 1), a.title) as after
        from hit_changes c join revisions r on r.id = c.revision_id join articles a on a.id = c.article_id
        join articles kept on kept.id = coalesce(a.merged_into, a.id)
        join topics t on t.id = c.topic_id join sources s on s.id = a.source_id
        where c.id > ? and c.id <= ? order by c.id""",
        (from_id, to_id),
    )
    return [
        TermChange(
            came=row["change"] == CAME,
            at=moment(row["at"]),
            **{name: row[name] for name in row.keys() if name not in ("change", "at")},  # noqa: SIM118 - a Row is no dict
        )
        for row in rows
        if topics is None or row["topic_id"] in topics
    ]
