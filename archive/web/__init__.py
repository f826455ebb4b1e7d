"""The researchers' pages: Datasette over archive.db, read-only.

Pages of our own come as routes of a plugin in a later version; the tables, the views and the full-text
search of Datasette are here now, with the description of every table and column.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from datasette.app import Datasette
from datasette.plugins import pm

from archive.web.columns import descriptions

# With Rich installed, Datasette prints 100 lines of traceback for every mistyped query; the page says it all.
# Asked of the plugin manager: `datasette.handle_exception` imported before it is registered while it is half made,
# without its hook, and then every error page is a bare 500.
pm.get_plugin("datasette.handle_exception").rich = None

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
                "tables": {name: {**words, **_MORE.get(name, {})} for name, words in descriptions().items()}
            }
        },
    }
    return Datasette(
        [str(archive)],
        metadata=metadata,
        settings={"default_page_size": 50, "allow_download": False, "sql_time_limit_ms": 3000},
    )
