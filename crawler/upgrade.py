"""An archive of an earlier version becomes one of this: its tables, then its keys.

Tables are the archive's own affair (`archive.schema`); what makes two addresses one article is the crawler's.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime

from archive import rekey, schema
from crawler import redirectors, urls

KEYS = f"canonical_urls_{urls.RULES}"
"""How the keys are called in a list of migrations."""


def migrate(conn: sqlite3.Connection, now: datetime) -> list[str]:
    """Bring an archive up to date; return the names of what was done."""
    done = schema.migrate(conn)
    if not rekey.stands(conn, urls.RULES):
        rekey.rekey(conn, canonical, urls.RULES, now)
        done.append(KEYS)
    return done


def pending(conn: sqlite3.Connection) -> list[str]:
    """Return the names of what `migrate` would do."""
    return schema.pending(conn) + ([] if rekey.stands(conn, urls.RULES) else [KEYS])


def canonical(key: str) -> str | None:
    """Return the key that an entry with this link has today, as far as the link itself says."""
    return urls.canonical(redirectors.resolved(key))
