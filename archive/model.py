"""The values that flow through Presswatch, in the order in which they flow.

    Source, Endpoint          what the operator wrote down   config   -> archive
    PollTask, PageTask        what is to be fetched          archive  -> crawl
    Entry, Article            what was read                  worker   -> crawl
    RobotsRecord, PollOutcome, PageOutcome   what happened   crawl    -> ingest
    KnownArticle, KnownPage, EndpointState   what the archive has   archive  -> ingest
    Reading, Before           what a poll says beside that   ingest   -> schedule
    Intent, PollPlan, PagePlan   what is to be done, and why   ingest   -> archive
    Hit                       one span of one match          matcher  -> archive
    MatchedArticle            one line of a digest           archive  -> digest

All are frozen and can be written as JSON (`to_json`, `from_json`): a carrier may take tasks to another
machine and bring results back. Times are aware, in UTC. Text is code points.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, Literal, NamedTuple, TypeVar

from pydantic import TypeAdapter

T = TypeVar("T")


class EndpointKind(StrEnum):
    """What an endpoint of a source is."""

    FEED = "feed"
    SITEMAP = "sitemap"
    SECTION = "section"


class Content(StrEnum):
    """What was read of an article: the most of these that is not empty."""

    TITLE = "title"
    SUMMARY = "summary"
    FULL = "full"


class PublishedFrom(StrEnum):
    """Where an article's date came from, the most trusted first."""

    FEED = "feed"
    JSON_LD = "json-ld"
    META = "meta"
    TIME = "time"
    URL = "url"
    TEXT = "text"
    NONE = "none"


class Outcome(StrEnum):
    """How a poll or a page request ended."""

    OK = "ok"
    NOT_MODIFIED = "not_modified"  # the server said 304
    UNCHANGED = "unchanged"  # the server said 200 and sent the same bytes as last time
    FAILED = "failed"


class Change(StrEnum):
    """What an entry or a page means to an article."""

    NEW = "new"
    SAME = "same"
    REVISED = "revised"


class PageState(StrEnum):
    """Where the page of an article stands."""

    OFF = "off"  # the source says pages: false, or there is no URL to fetch
    DUE = "due"
    READ = "read"
    FAILED = "failed"  # given up for now; the reason says why
    REFUSED = "refused"  # never connected to: scheme, address, or syntax
    GONE = "gone"  # it was read, and is no longer there; the text that it had stays


class Refetch(StrEnum):
    """Which articles of a source have their pages fetched again in their first day."""

    MATCHED = "matched"
    ALL = "all"
    NONE = "none"


# --- what the operator wrote down -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One feed, sitemap or section page of a source. ``every``: seconds between polls, None to decide.

    ``topic``: of a feed that a search engine makes, the topic that it looks for.
    """

    kind: EndpointKind
    url: str
    every: float | None = None
    topic: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How one source wants to be asked. It is in no table: the archive is handed on, and a password may be here."""

    user_agent: str | None = None
    verify: bool = True  # whether its server must prove by a certificate who it is
    # Whoever prints a task prints no secret: a header may be a key too.
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selectors:
    """Where the parts of a site stand, as CSS selectors; None: as the program finds them itself.

    ``links``: the links of a section page that lead to articles; the others are of an article's page.
    """

    links: str | None = None
    title: str | None = None
    text: str | None = None
    author: str | None = None
    date: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One outlet. ``pages``: whether the pages of its articles are fetched; ``refetch``: which of them again."""

    id: str
    name: str
    country: str | None = None
    language: str | None = None
    tags: tuple[str, ...] = ()
    pages: bool = True
    refetch: Refetch = Refetch.MATCHED
    access: Access = Access()
    selectors: Selectors = Selectors()
    endpoints: tuple[Endpoint, ...] = ()


# --- what is to be fetched --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PollTask:
    """Ask one endpoint what it offers. Validators are None when the last body was not kept whole.

    ``since``: of a sitemap or a section page, only what is not older need be told; None: all of it.
    """

    endpoint_id: int
    source_id: str
    kind: EndpointKind
    url: str
    language: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    since: datetime | None = None
    access: Access = Access()
    selectors: Selectors = Selectors()


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTask:
    """Fetch the page of one article. Validators and hash are those of the page whose text the archive has, if any."""

    article_id: int
    source_id: str
    url: str
    language: str | None = None
    attempts: int = 0
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    access: Access = Access()
    selectors: Selectors = Selectors()


Task = PollTask | PageTask


# --- what was read ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a feed, as it came: title and summary may still hold HTML (ingest cleans what is new).

    ``key`` is the identity: the canonical URL of where the link leads, as far as it says, or ``source_id:guid`` where
    there is no usable link; ``url`` is that place as it is fetched and shown.
    ``link`` is the link as offered, made absolute; ``refused`` says why its page must not be fetched.
    ``also`` are other keys under which it may be known: of the links as offered, where those lead on to ``url``.
    ``twins`` are (guid, link) of other entries of the same feed that have the same key and were merged into it.
    ``timeless``: nothing says when it is from, as of a link that may be navigation; what its endpoint showed so at the
    first poll is not news.
    """

    key: str
    url: str | None
    link: str | None
    guid: str | None
    title: str
    summary: str
    author: str | None = None
    published_at: datetime | None = None
    language: str | None = None
    tags: tuple[str, ...] = ()
    refused: str | None = None
    also: tuple[str, ...] = ()
    twins: tuple[tuple[str | None, str | None], ...] = ()
    timeless: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What one body turned out to be. ``complete`` is False when something in it could not be read."""

    title: str
    format: str
    entries: tuple[Entry, ...]
    warnings: tuple[str, ...] = ()
    complete: bool = True
    capped: int = 0  # entries left out past max_entries
    older: int = 0  # entries, or sitemaps of an index, left out as older than what was asked for
    ttl: float | None = None  # the feed's own wish, in seconds
    changed: datetime | None = None  # of a sitemap: when the latest of its pages changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """What one page turned out to be. ``text`` keeps paragraphs, separated by one newline.

    ``language_said``: in what the source or the page says it is, where the text is in another language.
    ``paywalled``: whether the page says that it is not free to read; None: it does not say.
    """

    title: str | None
    author: str | None
    published_at: datetime | None
    published_from: PublishedFrom
    language: str | None
    text: str
    canonical_url: str | None = None
    warnings: tuple[str, ...] = ()  # selectors that found nothing
    language_said: str | None = None
    paywalled: bool | None = None


# --- what happened ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotsRecord:
    """One host's robots.txt. ``status`` is the last answer's, None when there was none.

    ``body`` is the last good copy, at most 500 KiB; ``unreachable_since`` tells how old a failure is.
    """

    host: str  # scheme://host:port, the unit of RFC 9309
    fetched_at: datetime
    expires_at: datetime
    status: int | None
    body: str
    unreachable_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PollOutcome:
    """The end of one poll. ``reason`` is None unless it failed; ``feed`` is None unless it was read."""

    task: PollTask
    at: datetime
    outcome: Outcome
    status: int | None = None
    reason: str | None = None
    detail: str = ""
    feed: Feed | None = None
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    bytes: int = 0
    ms: int = 0
    retry_after: float | None = None  # seconds, from the server
    max_age: float | None = None  # seconds, of Cache-Control
    moved_to: str | None = None  # a permanent redirect (301, 308) led here


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOutcome:
    """The end of one page request. ``url`` is where it ended after redirects.

    ``article`` is None where it failed, and where the page is the one that we have (a 304, or the same bytes).
    """

    task: PageTask
    at: datetime
    outcome: Outcome
    url: str
    status: int | None = None
    reason: str | None = None
    detail: str = ""
    article: Article | None = None
    robots: str | None = None  # the line of robots.txt that decided
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    bytes: int = 0
    ms: int = 0
    retry_after: float | None = None
    max_age: float | None = None  # seconds, of Cache-Control
    retry: bool = True


Result = PollOutcome | PageOutcome | RobotsRecord


# --- what is known, and what is to be done ----------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownArticle:
    """What the archive holds under a key, as far as deciding needs it.

    ``offer_hash`` is the hash of the entry as this endpoint last offered it, ``offered_at`` when that was, and
    ``offered_since`` when it first did; None if it never did; ``offered_title`` is the title that it gave last, None
    where that is not known. ``page_title`` is the page's own title when it was last read. ``others`` are title, summary
    and text of the articles that turned out to be this one: what they say, it says too.
    """

    article_id: int
    title: str
    summary: str
    text: str
    author: str | None
    published_at: datetime | None
    published_from: PublishedFrom
    paywalled: bool | None = None
    offer_hash: str | None = None
    offered_at: datetime | None = None
    offered_since: datetime | None = None
    offered_title: str | None = None
    page_title: str | None = None
    others: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPage:
    """What the archive knows of the page of an article, as far as deciding when to fetch it again needs it.

    ``read_at`` is when it was first read, None if it never was; ``asked_at`` when it was last read, or found to be the
    same. ``again_at`` is when it is to be fetched again; ``tries``: how often that has failed in a row. ``matched``: a
    topic has found the article, and was not itself changed since.
    """

    state: PageState = PageState.DUE
    refetch: Refetch = Refetch.MATCHED
    read_at: datetime | None = None
    asked_at: datetime | None = None
    again_at: datetime | None = None
    tries: int = 0
    matched: bool = False
    backfill: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointState:
    """What the archive knows of an endpoint before a poll, as far as deciding needs it.

    ``url`` is as configured, ``moved_to`` where it is asked instead. ``open_events``: each kind with when it was last
    shown. The times are explained in docs/archive.md, column by column.
    """

    url: str
    every: float | None = None
    pages: bool = True
    failures: int = 0
    weight: float = 0.0
    pace: float | None = None
    ttl: float | None = None
    good_polls: int = 0
    last_ok_at: datetime | None = None
    read_at: datetime | None = None
    item_at: datetime | None = None
    etag: str | None = None
    last_modified: str | None = None
    whole_at: datetime | None = None
    said_304_at: datetime | None = None
    whole_by: datetime | None = None
    whole_until: datetime | None = None
    habit_at: datetime | None = None
    overrun_at: datetime | None = None
    moved_to: str | None = None
    gap_since: datetime | None = None  # of the outage that lasts
    open_events: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One body beside what its endpoint offered before. ``shared``: entries that stood in the one before as well.

    ``fresh``: entries that this endpoint never offered; ``dates``: when the entries were published, where they say so,
    and ``fresh_dates`` those of the fresh ones. ``guids`` and ``titles`` (folded) are of all entries.
    """

    items: int
    fresh: int = 0
    shared: int = 0
    dates: tuple[datetime, ...] = ()
    fresh_dates: tuple[datetime, ...] = ()
    guids: frozenset[str] = frozenset()
    titles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What is looked up only where a poll looks odd: what the body before held, and when items used to come.

    ``times``: of each item of the last weeks, in order; ``blind``: spans in which nothing was read.
    """

    guids: frozenset[str] = frozenset()
    titles: frozenset[str] = frozenset()
    times: tuple[datetime, ...] = ()
    first: datetime | None = None  # since when ``times`` are known
    blind: tuple[tuple[datetime, datetime], ...] = ()
    offered: int = 1  # items of the body before
    sitemap: bool = False  # whether the source has one to search
    taken: bool = False  # whether the address to which a feed has moved is an endpoint of the source already


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """The fields of an article that readers see, clean and ready to store.

    ``language``: None leaves what is known, and ``language_said`` with it.
    """

    title: str
    summary: str
    text: str
    author: str | None
    language: str | None
    published_at: datetime | None
    published_from: PublishedFrom
    language_said: str | None = None
    paywalled: bool | None = None

    @property
    def content(self) -> Content:
        """What was read of it."""
        return content_of(self.summary, self.text, paywalled=self.paywalled)


TEASER = 800
"""Characters of a text that may be no more than a teaser: some 130 words."""


def content_of(summary: str, text: str, *, paywalled: bool | None = None) -> Content:
    """Return what was read of an article.

    A short text is not the article where its page says that one has to pay for it, or where the feed has said it all:
    it is the beginning of one, or the summary once more.
    """
    said = " ".join(text.rstrip("….").split())
    teaser = len(text) < TEASER and (paywalled or said in " ".join(summary.split()))
    if text and not teaser:
        return Content.FULL
    return Content.SUMMARY if summary or text else Content.TITLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What an entry asks of the archive. ``fields`` is None when nothing of the article changes.

    ``offered_title`` is the title of the entry as it is remembered of its endpoint, None where it was not looked at.
    """

    entry: Entry
    offer_hash: str
    change: Change
    why: str
    was: KnownArticle | None = None
    fields: Fields | None = None
    offered_title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A span in which items may have come and gone unread; ``missed`` of them, between ``low`` and ``high``."""

    since: datetime
    until: datetime
    missed: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PollPlan:
    """What a poll does to its endpoint. ``keep``: the validators of this body may be used next time.

    ``lost`` is None when the poll failed and the outage lasts, a `Gap` when items were missed, else False.
    """

    failures: int
    weight: float
    pace: float  # seconds between polls while all goes well, before anybody's wish
    interval: float  # seconds to the next one
    next_poll_at: datetime
    keep: bool
    events: tuple[tuple[str, str], ...] = ()  # (kind, detail) that this poll showed
    closes: tuple[tuple[str, str], ...] = ()  # (kind, why) of events that it ended
    lost: Gap | Literal[False] | None = False
    overrun: bool = False
    moved_to: str | None = None  # where it is asked from now on, if not where sources.yaml says
    ttl: float | None = None  # seconds that the feed itself asked for, as last read
    item_at: datetime | None = None  # when something new last came
    said_304_at: datetime | None = None
    whole_by: datetime | None = None  # from then on a request is not conditional
    whole_until: datetime | None = None  # and none is until then
    habit_at: datetime | None = None  # when its habit is looked at next, should nothing come


@dataclass(frozen=True, slots=True, kw_only=True)
class PagePlan:
    """What a page request does to its article's page.

    ``due_at``: when it is tried again, of a page that was never read; ``again_at``: when one that was is fetched again,
    and ``tries`` how often that has failed in a row.
    """

    state: PageState
    due_at: datetime | None = None
    again_at: datetime | None = None
    tries: int = 0


# --- matching ---------------------------------------------------------------------------------------------


class Hit(NamedTuple):
    """One span that a topic looks for: ``text`` is ``field[start:end]``, offsets in code points.

    ``variant`` is the term that found it; ``how`` is exact, folded, acronym, inflected, fuzzy or date.
    """

    field: str
    start: int
    end: int
    text: str
    variant: str
    how: str


# --- alerts -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedArticle:
    """One match with the article and source it is about, as a digest needs it.

    ``summary``, ``text`` and ``hits`` are empty until it is known that somebody is to read them.
    ``was``: the ids of the articles that turned out to be this one; somebody may have been told of them.
    ``wire``: the agency that its text names as its own.
    """

    seq: int
    topic_id: str
    topic_title: str
    article_id: int
    url: str | None
    title: str
    summary: str
    text: str
    author: str | None
    language: str | None
    content: Content
    source_id: str
    source_name: str
    country: str | None
    published_at: datetime | None
    first_seen_at: datetime
    hits: tuple[Hit, ...]
    was: tuple[int, ...] = ()
    wire: str | None = None
    paywalled: bool = False


class Outlet(NamedTuple):
    """A source, as far as subscribers choose by it."""

    source_id: str
    country: str | None


class Place(NamedTuple):
    """Under which topic and where a match stood, as far as subscribers choose by it."""

    topic_id: str
    source_id: str
    country: str | None
    language: str | None


@dataclass(frozen=True, slots=True)
class Headline:
    """An article as it is named: ``story`` is the same for copies of one text."""

    story: int
    title: str
    url: str | None
    source: str
    place: Place


Weekly = Mapping[str, Sequence[Mapping[Place, int]]]
"""Of each topic, of each week before: how many matches there were in each place."""


class Copy(NamedTuple):
    """Where a text stands in one outlet."""

    outlet: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """Copies of one text, the earliest published first. ``outlets``: how many have it; ``copies``: each one's first."""

    story_id: int
    first_seen_at: datetime
    outlets: int
    articles: tuple[int, ...]
    copies: tuple[Copy, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TermChange:
    """A term of a topic that came to a field of an article with an edit, or left it, as a digest needs it.

    ``id`` is its sequence, ``text`` the words that the term found there. ``before`` and ``after`` are the headlines on
    either side of the edit; they may be the same, since the field may be another.
    """

    id: int
    topic_id: str
    topic_title: str
    article_id: int
    url: str | None
    source_id: str
    source_name: str
    country: str | None
    language: str | None
    term: str
    text: str
    field: str
    came: bool
    at: datetime
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """One thing that kept a source from being read, for the foot of a digest."""

    source_id: str
    source_name: str
    kind: str
    since: datetime
    detail: str
    country: str | None = None


# It compiles a schema, which takes longer than a hundred values.
_adapter: Callable[[Any], TypeAdapter[Any]] = cache(TypeAdapter)


def to_json(value: Any) -> bytes:
    """Return ``value``, one of the dataclasses above, as JSON."""
    return _adapter(type(value)).dump_json(value)


def from_json(kind: type[T], data: bytes | str) -> T:
    """Return the ``kind`` that `to_json` wrote.

    Raises pydantic's ``ValidationError`` when ``data`` is something else.
    """
    value: T = _adapter(kind).validate_json(data)
    return value
