"""Real input: whole live feeds, through the installed program."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import feedparser
import pytest

from tests.conftest import presswatch
from tests.e2e.feeds91 import served
from tests.e2e.world import rows, write_config

pytestmark = pytest.mark.corpus


@dataclass(frozen=True)
class Listed:
    """What identifies an entry as feedparser lists it."""

    link: str
    guid: str | None
    title: str
    says: tuple[str | None, ...]

    @classmethod
    def of(cls, entry: Any, base: str) -> Listed:
        link = entry.get("link")
        return cls(
            link=urljoin(base, link) if link else "",
            guid=entry.get("id") or None,
            title=" ".join(entry.get("title", "").split()),
            says=tuple(entry.get(name) for name in ("summary", "published", "updated")),
        )


@pytest.mark.filterwarnings("ignore::DeprecationWarning:feedparser")
def test_every_entry_of_91_live_feeds_is_offered_once_and_points_at_one_article(
    corpus: Path, tmp_path: Path
) -> None:
    with served(corpus) as sources:
        config = write_config(tmp_path, sources)
        first = presswatch("run", "--once", "--json", config=config).json
        archive = tmp_path / "data/archive.db"
        counted = [rows(archive, f"select count(*) from {table}") for table in ("offers", "articles")]
        second = presswatch("run", "--once", "--json", config=config).json
        assert counted == [rows(archive, f"select count(*) from {table}") for table in ("offers", "articles")]

    assert first["polled"] == len(sources) == 91
    assert (second["polled"], second["new"]) == (91, 0)
    entries = 0
    for source in sources:
        url = source["endpoints"][0]["feed"]
        offered = rows(
            archive,
            """select o.link, o.guid, o.article_id, a.title from offers o join endpoints e on e.id = o.endpoint_id
            join articles a on a.id = o.article_id where e.url = ?""",
            url,
        )
        parsed = feedparser.parse(io.BytesIO((corpus / "feeds" / f"{source['name']}.xml").read_bytes()))
        base = urljoin(url, parsed.feed.get("link", ""))
        listed = [Listed.of(entry, base) for entry in parsed.entries]
        entries += len(listed)
        named = {(one.link, one.guid) for one in listed if one.link or one.guid}
        unnamed = {one for one in listed if not one.link and not one.guid}
        # No entry is missing, and nothing is there that no entry is.
        assert Counter((link, guid) for link, guid, _, _ in offered) == Counter(named) + Counter(
            {("", None): len(unnamed)}
        ), source["name"]
        # Entries with one link, or without one with one guid, are one article.
        articles: dict[tuple[str, str | None], set[int]] = {}
        for link, guid, article, _ in offered:
            if link or guid:
                articles.setdefault((link, None) if link else ("", guid), set()).add(article)
        assert {name: len(found) for name, found in articles.items()} == dict.fromkeys(articles, 1), source[
            "name"
        ]
        # What has neither is told apart by what it says.
        nameless = [(article, title) for link, guid, article, title in offered if not link and not guid]
        assert len({article for article, _ in nameless}) == len(unnamed)
        assert Counter(title for _, title in nameless) == Counter(one.title for one in unnamed)
    assert entries == 3023
    # An article that several feeds offer is one article.
    assert rows(archive, "select count(*) - count(distinct key) from articles") == [(0,)]
