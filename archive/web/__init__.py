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
    "stories": {"sort_desc": "id"},
    "story_articles": {"sort_desc": "story_id"},
}
# Ours or SQLite's own: named behind "hidden tables", so that the list begins with what is asked about.
_HIDDEN = ("_sqlite_migrations", "sqlite_sequence", "changes", "story_changes", "sketches", "shingles")
_START = """\
<p>What the press wrote about our topics. Start here:</p>
<ul class="bullets">
<li><a href="/archive/matched_articles">What matched</a>, the newest first: one row for each article and topic</li>
<li><a href="/archive/articles">All articles</a>, the newest first, with a search over their words</li>
<li><a href="/archive/daily_mentions">Mentions a day</a>, by topic and outlet</li>
<li><a href="/archive/stories">Stories</a>: nearly identical articles, and how many outlets had them</li>
<li><a href="/archive/source_health">How the sources are</a>: which can be read, and which cannot</li>
</ul>
"""


def datasette(archive: Path) -> Datasette:
    """Return Datasette over the archive at ``archive``; the file must exist."""
    tables: dict[str, dict[str, Any]] = {
        name: {**words, **_MORE.get(name, {})} for name, words in descriptions().items()
    }
    for name in _HIDDEN:
        tables.setdefault(name, {})["hidden"] = True
    metadata: dict[str, Any] = {
        "title": "Presswatch",
        "description_html": _START,
        "extra_css_urls": ["/static/presswatch.css"],
        "databases": {"archive": {"description_html": _START, "tables": tables}},
    }
    return Datasette(
        [str(archive)],
        metadata=metadata,
        static_mounts=[("static", str(Path(__file__).with_name("static")))],
        settings={"default_page_size": 50, "allow_download": False, "sql_time_limit_ms": 3000},
    )
