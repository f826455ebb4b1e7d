"""The researchers' pages: Datasette over archive.db, read-only.

Pages of our own come as routes of a plugin in a later version; the tables, the views and the full-text
search of Datasette are here now, with the description of every table.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from datasette import handle_exception
from datasette.app import Datasette

# With Rich installed, Datasette prints 100 lines of traceback for every mistyped query; the page says it all.
handle_exception.rich = None

DESCRIPTIONS = {
    "matched_articles": "Articles that match a topic, with the words that matched. Start here.",
    "daily_mentions": "Matched articles a day, topic and source.",
    "source_health": "One row a source: whether it can be read, and since when not.",
    "articles": "Every article that a source offered, once, with what was read of it.",
    "matches": "An article that matches a topic; seq is the order in which digests take them.",
    "hits": "The words that matched: field[start:end], in code points.",
    "offers": "Which feed offered which article, and when.",
    "sources": "The outlets.",
    "endpoints": "The feeds of the outlets.",
    "polls": "What each poll of a feed came to.",
    "pages": "Where the page of each article stands.",
    "events": "What keeps sources from being read: open until they recover.",
    "revisions": "What an article said before it changed.",
    "aliases": "Other addresses of an article.",
    "topics": "What is being watched.",
    "topic_versions": "Each definition that a topic has had.",
}


# What a researcher wants first: the newest, and a search box over the articles' words.
_MORE: dict[str, dict[str, str]] = {
    "matched_articles": {"sort_desc": "seq", "fts_table": "articles_fts", "fts_pk": "article_id"},
    "articles": {"sort_desc": "id"},
    "matches": {"sort_desc": "seq"},
    "polls": {"sort_desc": "id"},
}


def datasette(archive: Path) -> Datasette:
    """Return Datasette over the archive at ``archive``; the file must exist."""
    metadata: dict[str, Any] = {
        "title": "Presswatch",
        "description": "What the press wrote about our topics.",
        "databases": {
            "archive": {
                "tables": {
                    name: {"description": text, **_MORE.get(name, {})} for name, text in DESCRIPTIONS.items()
                }
            }
        },
    }
    return Datasette(
        [str(archive)],
        metadata=metadata,
        settings={"default_page_size": 50, "allow_download": False, "sql_time_limit_ms": 3000},
    )
