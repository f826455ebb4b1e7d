"""What the archive already has of a poll: by keys, by the links of redirectors, by guids.

    known     entries ─▶ the articles that they are, new names of these recorded as aliases
    remember  entries that are stored by now ─▶ the redirector's link is an alias too

Runs in the writer's transaction. What is the same and what is not is said by pure modules: `entries`, `renamed`.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence

from archive import known as stored
from archive import store
from archive.model import Entry, KnownArticle, PollOutcome
from crawler import renamed


def known(conn: sqlite3.Connection, poll: PollOutcome, entries: Sequence[Entry]) -> dict[str, KnownArticle]:
    """Return what the archive has of the entries of a poll, by their keys and the links that lead to these."""
    endpoint_id = poll.task.endpoint_id
    keys = [key for entry in entries for key in (entry.key, *entry.also)]
    found = stored.under_keys(conn, endpoint_id, keys)
    if _resolve(conn, poll, entries, found):
        found = stored.under_keys(conn, endpoint_id, keys)
    unknown = renamed.unknown(entries, found)
    if unknown:
        dates = Counter(entry.published_at for entry in entries if entry.published_at)
        under = stored.under_guids(conn, endpoint_id, unknown)
        offered = tuple(found.values())
        for guid, entry in unknown.items():
            was = renamed.earlier(entry, under.get(guid, ()), offered, dates)
            if was is not None:
                store.rename(conn, was.article_id, entry, poll.at)
                found[entry.key] = was
    return found


def _resolve(
    conn: sqlite3.Connection, poll: PollOutcome, entries: Sequence[Entry], found: Mapping[str, KnownArticle]
) -> bool:
    """Recognise articles that are stored under a redirector's link; return whether there was any.

    They are of an earlier version, or of before the feed said where it leads. Not by the link alone: a feed may give
    one to everything, beside guids that tell them apart.
    """
    led = {link: entry for entry in entries for link in entry.also if link in found}
    changed = False
    for link, article_id in stored.own(conn, led).items():
        entry, was = led[link], found[link]
        now = found.get(entry.key)
        if (now is None or now.article_id != article_id) and renamed.alike(entry, was):
            store.add_alias(conn, article_id, entry.key, "redirector", poll.at)
            changed = True
    return changed


def remember(
    conn: sqlite3.Connection, poll: PollOutcome, entries: Sequence[Entry], found: Mapping[str, KnownArticle]
) -> None:
    """Record the redirectors' links of entries that were resolved as other addresses; ``found``: what `known` said."""
    led = {link: entry.key for entry in entries for link in entry.also if link not in found}
    articles = stored.under_keys(conn, poll.task.endpoint_id, led.values()) if led else {}
    for link, key in led.items():
        store.add_alias(conn, articles[key].article_id, link, "redirector", poll.at)
