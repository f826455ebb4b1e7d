"""When an article was published, as its page says it, and what on the page says so.

    JSON-LD ─▶ meta ─▶ time ─▶ URL ─▶ words above the text ─▶ other times ─▶ text

The first that can be true; its origin is kept beside it.

What cannot be true: the future; what lies before `dates.EARLIEST`; the moment at which the page was fetched, for that
is a clock; the moment at which the file was written (Last-Modified), where the page also names an earlier day; the day
of the fetch, where the address names an earlier one: pages that are built anew say when. The day in a masthead is
today's for every article, so a time in the frame of a page counts for nothing (`crawler.frame`). One that stands
neither above the text nor says that it is the article's comes behind the address.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from htmldate import find_date

from archive.model import PublishedFrom

from . import dates, frame, printed
from .metadata import Metadata

META = (
    "article:published_time", "og:article:published_time", "og:published_time", "article.published",
    "datepublished", "parsely-pub-date", "sailthru.date", "cxenseparse:recs:publishtime", "publishdate",
    "publish-date", "publish_date", "pubdate", "published_date", "publication_date",
    "citation_publication_date", "prism.publicationdate", "dcterms.issued", "dc.date.issued",
    "dcterms.created", "dc.date.created", "dcterms.date", "dc.date", "article_date_original",
    "originalpublicationdate", "article:publicationdate", "article:published", "pdate", "ptime", "date",
)  # fmt: skip

AT_ONCE = timedelta(seconds=15)
"""How near to the moment of the fetch a time is a clock. Nobody fetches an article so soon after it appeared."""

WRITTEN = timedelta(seconds=2)
"""How near to Last-Modified a time is that of the file."""

AHEAD = timedelta(hours=1)
"""How far a time that names its zone may lie ahead; one that names none may be nearly a day off."""

_DAY = timedelta(days=1)
_ZONED = re.compile(r"\d(?:Z|\s?UTC|\s?GMT|\s?[+-]\d{2}:?\d{2})\s*$", re.IGNORECASE)
_CLOCK = re.compile(
    r"(?:^|[\s_-])(?:clock|reloj|today|hoy|current|updated?|(?:date)?modified|actualizad[oa])(?:$|[\s_-])",
    re.IGNORECASE,
)


class Said(NamedTuple):
    """One place where a page names a date."""

    origin: PublishedFrom
    text: str
    moment: datetime | None


def read(
    tree: Any, said: Metadata, *, url: str, now: datetime, last_modified: datetime | None = None
) -> tuple[datetime | None, PublishedFrom]:
    """Return when the page ``tree``, fetched at ``now`` from ``url``, says it was published, and where it says so."""
    refused: set[str] = set()
    written: Said | None = None
    addressed = dates.from_url(url)
    own = cache(
        lambda: frame.own(tree)
    )  # a copy of the page: made only where nothing above it decides, and once
    for one in _candidates(own, said, url):
        if one.moment is None:
            continue
        if not _possible(one, now):
            # Found once more in the text of the page it is no better.
            refused |= {one.moment.date().isoformat(), one.text.strip()[:10]}
        elif (last_modified is not None and abs(one.moment - last_modified) <= WRITTEN) or (
            addressed is not None and now - one.moment < _DAY and one.moment - addressed > 2 * _DAY
        ):
            written = written or one
        elif written is None or written.moment is None or one.moment < written.moment - _DAY:
            return one.moment, one.origin
    if written is not None and written.origin in (PublishedFrom.JSON_LD, PublishedFrom.META):
        return (
            written.moment,
            written.origin,
        )  # many a system gives an article that was never changed its own date
    day = _in_text(own().tree, now)
    # htmldate reads times as well, and of a change it knows nothing.
    if day is None or day in refused or day in _days_of_clocks(tree):
        return None, PublishedFrom.NONE
    moment = dates.sane(dates.from_iso(day), now)
    return (moment, PublishedFrom.TEXT) if moment else (None, PublishedFrom.NONE)


def _possible(one: Said, now: datetime) -> bool:
    moment = dates.sane(one.moment, now)
    if moment is None or (moment > now + AHEAD and _ZONED.search(one.text)):
        return False
    return abs(moment - now) > AT_ONCE


def _candidates(framed: Callable[[], frame.Own], said: Metadata, url: str) -> Iterator[Said]:
    """Yield all dates of the page but those in its text, the most trusted origin first."""
    for text in said.ld_dates:
        yield Said(PublishedFrom.JSON_LD, text, dates.from_iso(text))
    for name in META:
        for text in said.meta.get(name, ()):
            yield Said(PublishedFrom.META, text, dates.from_iso(text))
    own = framed()
    sure, unsure = _times(own)
    for text in sure:
        yield Said(PublishedFrom.TIME, text, dates.from_iso(text))
    for text in printed.times(own):
        yield Said(PublishedFrom.TIME, text, dates.from_iso(text))
    for place in (url, said.canonical_url):
        if place:
            yield Said(PublishedFrom.URL, "", dates.from_url(place))
    for text in printed.lines(own):
        yield Said(PublishedFrom.TEXT, text, dates.from_iso(text))
    for text in unsure:
        yield Said(PublishedFrom.TIME, text, dates.from_iso(text))


def _times(own: frame.Own) -> tuple[list[str], list[str]]:
    """Return the times that are the article's own, by their marks or their place, and the first of the rest."""
    marked = own.tree.xpath(
        '//*[@itemprop="datePublished"]/@datetime | //*[@itemprop="datePublished"][not(self::meta)]/@content'
        " | //time[@pubdate]/@datetime"
    )
    above = {id(one) for one in own.head}
    times = [time for time in own.tree.xpath("//time[@datetime]") if not _is_clock(time)]
    sure = [time.get("datetime") for time in times if id(time) in above]
    unsure = [time.get("datetime") for time in times if id(time) not in above]
    return [*map(str, marked), *sure[:1]], unsure[:1]


def _days_of_clocks(tree: Any) -> set[str]:
    written = [time.get("datetime") or "" for time in tree.iter("time") if _is_clock(time)]
    moments = [moment for text in written if (moment := dates.from_iso(text))]
    return {text.strip()[:10] for text in written} | {moment.date().isoformat() for moment in moments}


def _is_clock(element: Any) -> bool:
    return any(_CLOCK.search(element.get(name) or "") for name in ("class", "id", "itemprop"))


def _in_text(inner: Any, now: datetime) -> str | None:
    """Return the day that the text of the page names, as htmldate reads it. Takes clocks out of the tree."""
    day = _guess(inner, now)
    if day is None or abs((dates.from_iso(day) or now) - now) > 2 * _DAY:
        return day
    # Today's: of the article, or of a clock. Without the times and the clocks only its own is left.
    for element in inner.xpath(".//time | .//meta"):
        element.drop_tree()
    for element in [one for one in inner.iter("div", "span", "p", "section") if _is_clock(one)]:
        if element.getparent() is not None:
            element.drop_tree()
    return day if _guess(inner, now) == day else None


def _guess(tree: Any, now: datetime) -> str | None:
    # An empty URL keeps htmldate from reading the date of a link out of the page.
    return find_date(
        tree, extensive_search=False, original_date=True, url="", min_date=dates.EARLIEST, max_date=now
    )
