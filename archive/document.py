"""An article as the matcher reads it: its words, and what is known beside them."""

from __future__ import annotations

import json
import sqlite3

COLUMNS = """a.id, a.title, a.summary, a.text, a.content, a.backfill, a.url, a.author,
    coalesce(a.language, s.language) as lang, a.tags as section, coalesce(a.published_at, a.first_seen_at) as date,
    s.id as source_id, s.name as source_name, s.country, s.tags as source_tags"""
"""What `document` needs, from ``articles a join sources s on s.id = a.source_id``."""


def document(row: sqlite3.Row) -> dict[str, str]:
    """Return what `archive.match.Matcher.match` takes. What holds several values has one a line."""
    fields = {
        "title": row["title"],
        "summary": row["summary"],
        "text": row["text"],
        "url": row["url"],
        "source": f"{row['source_id']}\n{row['source_name']}",
        "lang": row["lang"],
        "country": row["country"],
        "author": row["author"],
        "section": "\n".join(json.loads(row["section"])),
        "tag": "\n".join(json.loads(row["source_tags"])),
        "date": row["date"],
    }
    return {name: value for name, value in fields.items() if value}
