"""An article as it is handed on: to the matcher with all that can be asked, to readers with what they are told."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from archive.model import Content
from archive.times import moment

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


def told(row: sqlite3.Row) -> dict[str, Any]:
    """Return what a `MatchedArticle` says of its article whoever asks, from a row that has these columns."""
    names = ("url", "title", "summary", "text", "author", "source_id", "source_name", "country")
    return {
        **{name: row[name] for name in names},
        "content": Content(row["content"]),
        "published_at": moment(row["published_at"]),
        "first_seen_at": moment(row["first_seen_at"]),
    }
