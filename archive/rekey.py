"""Keys that follow the rules of canonical URLs when these change.

An article that is stored under the key of old rules would come in a second time under that of new ones. So each key and
each alias is made anew, once for each set of rules, whose number stands in SQLite's ``user_version``. Where two
articles then have one key they are one, unless one feed offers both under different headlines: then each keeps its own.

The rules are handed in: they are the crawler's.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import datetime

from archive import merge
from archive.connect import transaction

Rule = Callable[[str], str | None]

STEP = 5_000  # rows read at a time


def stands(conn: sqlite3.Connection, rules: int) -> bool:
    """Tell whether the keys of an archive follow the rules with this number, or a later one."""
    return int(conn.execute("pragma user_version").fetchone()[0]) >= rules


def rekey(conn: sqlite3.Connection, rule: Rule, rules: int, now: datetime) -> int:
    """Give every article and alias the key that ``rule`` says; return how many changed. All of them, or none."""
    if stands(conn, rules):
        return 0
    changed = 0
    with transaction(conn):
        changed += _articles(conn, rule, now)
        changed += _aliases(conn, rule, now)
        conn.execute(f"pragma user_version = {int(rules)}")
    return changed


def _articles(conn: sqlite3.Connection, rule: Rule, now: datetime) -> int:
    changed, after = 0, 0
    while rows := conn.execute(
        "select id, key from articles where id > ? order by id limit ?", (after, STEP)
    ).fetchall():
        after = rows[-1][0]
        for article_id, key in rows:
            new = _new(rule, key)
            if new is None:
                continue
            changed += 1
            taken = conn.execute(
                "update or ignore articles set key = ? where id = ?", (new, article_id)
            ).rowcount
            if not taken:
                kept, other = merge.owners(conn, article_id, new)
                if other is not None and other != kept:
                    merge.merge(conn, kept, other, "canonical", now)
    return changed


def _aliases(conn: sqlite3.Connection, rule: Rule, now: datetime) -> int:
    changed, after = 0, ""
    while rows := conn.execute(
        "select url, article_id, why from aliases where url > ? order by url limit ?", (after, STEP)
    ).fetchall():
        after = rows[-1][0]
        for url, article_id, why in rows:
            new = _new(rule, url)
            if new is None:
                continue
            changed += 1
            # The old one stays: it costs little, and the walk is not disturbed.
            kept, other = merge.owners(conn, article_id, new)
            if other is None:
                merge.point(conn, new, kept, why, now)
    return changed


def _new(rule: Rule, key: str) -> str | None:
    """Return the key that takes the place of ``key``; None when it stays, as that of an article without a link does."""
    if not key.startswith(("http://", "https://")):
        return None
    new = rule(key)
    return new if new is not None and new != key else None
