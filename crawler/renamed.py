"""Whether an entry under another link than before is the same article, or another one with the same guid.

Outlets mend a headline, and the link with it; the guid stays. Careless feeds give several articles one guid: all of
them, or each the number of its place in the feed. Told twice is better than lost, so the guid alone is never enough:

* it stands in this poll at one entry only, and the archive knows one article of this source by it;
* that article is not offered in this poll under a link of its own;
* and the entry speaks of the same thing: date and headline, or headline and text, are like its own. Of one feed the
  date is enough where it tells: to the second, and no other entry of this poll has it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from archive.model import Entry, KnownArticle, PublishedFrom
from archive.normalize import fold

from .ingest import to_text

LIKE = 0.5  # of the words of both headlines, or of the shorter of two texts


def unknown(entries: Iterable[Entry], known: Mapping[str, KnownArticle]) -> dict[str, Entry]:
    """Return the entries whose key the archive does not know, by their guid, where no other entry has that."""
    by_guid: dict[str, set[str]] = defaultdict(set)
    found: dict[str, Entry] = {}
    for entry in entries:
        for guid, link in ((entry.guid, entry.link), *entry.twins):
            if guid:
                by_guid[guid].add(entry.key if link == entry.link else link or "")
        if entry.guid and entry.key not in known:
            found[entry.guid] = entry
    return {guid: entry for guid, entry in found.items() if len(by_guid[guid]) == 1}


def earlier(
    entry: Entry,
    under_guid: Sequence[KnownArticle],
    offered: Iterable[KnownArticle],
    dates: Counter[datetime],
) -> KnownArticle | None:
    """Return the article that ``entry`` is under a new link, None when it is one of its own.

    ``under_guid``: what the archive knows of this source by its guid; ``offered``: the articles of this poll;
    ``dates``: how many of its entries have each date.
    """
    if len(under_guid) != 1:
        return None
    was = under_guid[0]
    if any(other.article_id == was.article_id for other in offered):
        return None
    like = alike(entry, was)
    if (
        entry.published_at
        and entry.published_at == was.published_at
        and was.published_from is PublishedFrom.FEED
    ):
        tells = dates[entry.published_at] == 1 and (was.published_at.minute, was.published_at.second) != (
            0,
            0,
        )
        if like or (tells and was.offer_hash is not None):
            return was
    return was if like and _like(to_text(entry.summary), was.summary, whole=False) else None


def alike(entry: Entry, was: KnownArticle) -> bool:
    """Tell whether the headline of an entry is like that of an article."""
    return _like(to_text(entry.title), was.title, whole=True)


def _like(one: str, other: str, *, whole: bool) -> bool:
    a, b = set(fold(one).split()), set(fold(other).split())
    of = len(a | b) if whole else min(len(a), len(b))
    return of > 0 and len(a & b) >= LIKE * of
