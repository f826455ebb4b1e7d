"""What gofeed gets out of its feed documents, beside what we get: title, link, guid and date of every item."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from archive.errors import ParseError
from archive.model import Entry
from crawler import dates, feeds, urls
from crawler.ingest import to_text

BASE = "https://case.example/feed"


class Item(NamedTuple):
    """What identifies one item."""

    title: str
    link: str
    guid: str
    date: datetime | None


def documents(corpus: Path) -> list[Path]:
    """Return every feed document of the corpus, those that are broken or no feed among them."""
    folder = corpus / "expectations"
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix in (".xml", ".json") and not path.name.endswith("_expected.json")
        if path.suffix == ".xml" or not path.with_suffix(".xml").exists()
    )


def expected(path: Path) -> list[Item] | None:
    """Return the items that gofeed finds in a document, None where it says nothing."""
    beside = (
        path.with_suffix(".json") if path.suffix == ".xml" else path.with_name(f"{path.stem}_expected.json")
    )
    if not beside.exists():
        return None
    said = json.loads(beside.read_text("utf-8-sig"))
    # gofeed's own parsers use the words of each format; its translator has one set of words for all.
    items = said.get("entries" if "/gofeed-parser/atom/" in path.as_posix() else "items") or []
    return [_item(item) for item in items]


def ours(path: Path) -> list[Item] | None:
    """Return the items that we find in a document, None where we say that it is no feed."""
    try:
        feed = feeds.read_feed(path.read_bytes(), url=BASE, source_id="case")
    except ParseError:
        return None
    return [_entry(entry) for entry in feed.entries]


def differences(path: Path) -> Iterator[tuple[str, str, str]]:
    """Yield where a document reads otherwise: the field of an item ("0.title"), what gofeed has, what we have."""
    wanted, found = expected(path) or [], ours(path) or []
    for number in range(max(len(wanted), len(found))):
        if number >= len(wanted) or number >= len(found):
            yield f"{number}", str(wanted[number:]), str(found[number:])
            continue
        for name in Item._fields:
            theirs, mine = getattr(wanted[number], name), getattr(found[number], name)
            if theirs != mine:
                yield f"{number}.{name}", str(theirs), str(mine)


def _item(item: dict[str, Any]) -> Item:
    guid = item.get("guid") or item.get("id") or ""
    links = item.get("links") or []
    alternate = [one for one in links if isinstance(one, dict) and one.get("rel", "alternate") == "alternate"]
    link = item.get("link") or item.get("url") or (alternate[0].get("href") if alternate else "")
    date = next(
        (item[name] for name in _DATES if item.get(name)),
        None,
    )
    return Item(
        title=_line(item.get("title") or ""),
        link=urls.join(BASE, link) or link if link else "",
        guid=(guid.get("value") or "") if isinstance(guid, dict) else guid,
        date=dates.from_iso(date),
    )


_DATES = ("publishedParsed", "pubDateParsed", "date_published", "updatedParsed", "date_modified")


def _entry(entry: Entry) -> Item:
    return Item(
        title=_line(entry.title),
        link=entry.link or "",
        guid=entry.guid or "",
        date=entry.published_at.astimezone(UTC) if entry.published_at else None,
    )


def _line(text: str) -> str:
    # As it is stored: our entries keep their markup until they turn out to be new.
    return " ".join(to_text(text).split())
