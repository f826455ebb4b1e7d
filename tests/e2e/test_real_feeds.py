"""Real input: whole live feeds, through the installed program."""

from __future__ import annotations

import io
from pathlib import Path
from urllib.parse import urljoin

import feedparser
import pytest

from tests.conftest import presswatch
from tests.e2e.feeds91 import served
from tests.e2e.world import rows, write_config

pytestmark = pytest.mark.corpus


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
    missing = []
    entries = 0
    for source in sources:
        url = source["endpoints"][0]["feed"]
        offered = rows(
            archive,
            """select o.guid, o.link, o.article_id from offers o join endpoints e on e.id = o.endpoint_id
            join articles a on a.id = o.article_id where e.url = ?""",
            url,
        )
        guids = {guid: article for guid, _, article in offered if guid}
        links = {link: article for _, link, article in offered if link}
        body = (corpus / "feeds" / f"{source['name']}.xml").read_bytes()
        for entry in feedparser.parse(io.BytesIO(body)).entries:
            entries += 1
            link, guid = entry.get("link"), entry.get("id")
            by_link = links.get(urljoin(url, link)) if link else None
            by_guid = guids.get(guid) if guid else None
            if by_link is None and by_guid is None and not (link is None and guid is None):
                missing.append((source["name"], guid, link))
            # Entries with one link share one article.
            assert by_link is None or by_guid is None or by_link == by_guid or link not in links
    assert entries > 2000
    assert missing == []
    # An article that several feeds offer is one article.
    assert rows(archive, "select count(*) - count(distinct key) from articles") == [(0,)]
