"""The demo's content as values: what each invented outlet publishes, when, and what a careful reader finds.

Reads `outlets/*.yaml` and nothing else: no sockets, no clock. The time is always an argument, so a day can be
played twice and come out the same. An unknown key in a file is an error, because a misspelt `redirect` or
`edits` would quietly take a hard case away from every test that counts on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from functools import cache
from importlib.resources import files
from typing import Any

from ruamel.yaml import YAML

# Peru keeps one offset all year, so a fixed one is exact and needs no time zone database.
LIMA = timezone(timedelta(hours=-5))
START = datetime(2026, 7, 18, 17, 0, tzinfo=LIMA)
END = datetime(2026, 7, 19, 23, 0, tzinfo=LIMA)

TOPICS = frozenset({"peru", "boluarte", "us-troops", "lithium", "july-19"})
FEED_SIZE = 25

_FORMATS = frozenset({"rss", "atom", "json"})
_DATED_BY = frozenset({"json-ld", "opengraph", "time", "url"})
_OUTLET_KEYS = "id name country language tagline feed dated_by path gzip sections robots articles"
_FEED_KEYS = "format path encoding type"
_ARTICLE_KEYS = (
    "slug section path redirect link_query language published undated appears author title untitled summary "
    "text edits page broken no_link relative_link expect expect_feed"
)
_EDIT_KEYS = "at title summary text"


@dataclass(frozen=True, slots=True)
class Edit:
    """A later state of an article; what is None stays as it was."""

    at: datetime
    title: str | None = None
    summary: str | None = None
    text: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Article:
    """One article as its outlet tells it, with the answer that a careful reader would give about it.

    `published` is what the page says of itself, `feed_date` what the feed says; either may be None. `appears`
    is when it is really there. `expect` is about title, summary and text together, `expect_feed` about title
    and summary as the feed gives them; both are meant for the end of the day, when all edits are in.
    """

    outlet: str
    slug: str
    section: str
    path: str
    language: str
    author: str
    title: str
    summary: str
    text: tuple[str, ...]
    appears: datetime
    updated: datetime
    published: datetime | None
    feed_date: datetime | None
    edits: tuple[Edit, ...]
    expect: frozenset[str]
    expect_feed: frozenset[str]
    status: int = 200
    redirect: str | None = None
    link_query: str = ""
    broken: str = ""
    untitled: bool = False
    no_link: bool = False
    relative_link: bool = False
    robots_allow: bool = True
    base_url: str = ""

    @property
    def guid(self) -> str:
        """What the feed gives as the entry's own name; never changes, whatever is edited."""
        return f"{self.outlet}:{self.slug}"

    @property
    def link(self) -> str | None:
        """The address that the feed means, absolute, tracking parameters and all; None where it has none."""
        if self.no_link:
            return None
        return self.base_url + self.path + (f"?{self.link_query}" if self.link_query else "")

    @property
    def url(self) -> str | None:
        """Where the page is in the end: after a redirect, and without tracking parameters."""
        return None if self.no_link else self.base_url + (self.redirect or self.path)

    @property
    def readable(self) -> bool:
        """Whether a polite robot gets to read the page."""
        return not self.no_link and self.status == 200 and self.robots_allow

    @property
    def topics(self) -> frozenset[str]:
        """What a polite watcher who misses nothing ends the day with: the page's topics, else the feed's."""
        return self.expect if self.readable else self.expect_feed

    def as_of(self, at: datetime) -> Article:
        """The same article with every edit made by `at`."""
        known = self
        for edit in self.edits:
            if edit.at <= at:
                known = replace(
                    known,
                    title=known.title if edit.title is None else edit.title,
                    summary=known.summary if edit.summary is None else edit.summary,
                    text=known.text if edit.text is None else edit.text,
                    updated=edit.at,
                )
        return known


@dataclass(frozen=True, slots=True)
class Outlet:
    """An invented outlet. `base_url` is empty until a server has a port for it."""

    id: str
    name: str
    country: str
    language: str
    tagline: str
    sections: tuple[str, ...]
    feed_format: str
    feed_path: str
    feed_encoding: str
    feed_type: str
    dated_by: str
    gzip: bool
    robots: str | None
    articles: tuple[Article, ...]
    base_url: str = ""

    @property
    def feed_url(self) -> str:
        """The address of the one feed."""
        return self.base_url + self.feed_path

    def placed(self, base_url: str) -> Outlet:
        """The same outlet at an address, its articles too."""
        return replace(
            self, base_url=base_url, articles=tuple(replace(a, base_url=base_url) for a in self.articles)
        )

    def by(self, at: datetime) -> tuple[Article, ...]:
        """Every article that is out by `at`, newest first, as it reads then."""
        out = sorted((a for a in self.articles if a.appears <= at), key=lambda a: a.appears, reverse=True)
        return tuple(a.as_of(at) for a in out)

    def offered(self, at: datetime, size: int = FEED_SIZE) -> tuple[Article, ...]:
        """The entries of the feed: the newest `size` of what is out."""
        return self.by(at)[:size]


@cache
def load() -> tuple[Outlet, ...]:
    """Every outlet that has a file, by file name. Read once: a test suite opens many newsrooms."""
    found = sorted(
        (f for f in files(__package__).joinpath("outlets").iterdir() if f.name.endswith(".yaml")),
        key=lambda f: f.name,
    )
    return tuple(_outlet(f.name, YAML(typ="safe", pure=True).load(f.read_text("utf-8"))) for f in found)


def _outlet(name: str, raw: Mapping[str, Any]) -> Outlet:
    _known(name, raw, _OUTLET_KEYS)
    feed: Mapping[str, str] = raw["feed"]
    _known(name, feed, _FEED_KEYS)
    if name != f"{raw['id']}.yaml" or feed["format"] not in _FORMATS or raw["dated_by"] not in _DATED_BY:
        raise ValueError(f"{name}: id, feed.format or dated_by is not what it can be")
    return Outlet(
        id=raw["id"],
        name=raw["name"],
        country=raw["country"],
        language=raw["language"],
        tagline=raw["tagline"],
        sections=tuple(raw["sections"]),
        feed_format=feed["format"],
        feed_path=feed["path"],
        feed_encoding=feed["encoding"],
        feed_type=feed["type"],
        dated_by=raw["dated_by"],
        gzip=raw.get("gzip", False),
        robots=raw.get("robots"),
        articles=tuple(_article(name, raw, one) for one in raw["articles"]),
    )


def _article(name: str, outlet: Mapping[str, Any], raw: Mapping[str, Any]) -> Article:
    where = f"{name}: {raw.get('slug')}"
    _known(where, raw, _ARTICLE_KEYS)
    undated = raw.get("undated", "")
    if undated not in {"", "feed", "everywhere"} or ("published" in raw) == (undated == "everywhere"):
        raise ValueError(f"{where}: either `published`, or `undated: everywhere` with `appears`")
    appears = datetime.fromisoformat(raw["appears"] if undated == "everywhere" else raw["published"])
    if appears.tzinfo is None:
        raise ValueError(f"{where}: a time without an offset")
    path = raw.get("path", outlet["path"]).format(
        section=raw["section"], slug=raw["slug"], date=f"{appears:%Y/%m/%d}"
    )
    expect = frozenset(raw["expect"])
    expect_feed = frozenset(raw.get("expect_feed", raw["expect"]))
    if not expect_feed <= expect <= TOPICS:
        raise ValueError(f"{where}: expect names no topic, or expect_feed has one more than expect")
    edits = tuple(_edit(where, one) for one in raw.get("edits", ()))
    return Article(
        outlet=outlet["id"],
        slug=raw["slug"],
        section=raw["section"],
        path=path,
        language=raw.get("language", outlet["language"]),
        author=raw["author"],
        title=raw["title"],
        summary=raw["summary"],
        text=tuple(raw["text"]),
        appears=appears,
        updated=appears,
        published=None if undated == "everywhere" else appears,
        feed_date=None if undated else appears,
        edits=tuple(sorted(edits, key=lambda e: e.at)),
        expect=expect,
        expect_feed=expect_feed,
        status=raw.get("page", {}).get("status", 200),
        redirect=raw.get("redirect"),
        link_query=raw.get("link_query", ""),
        broken=raw.get("broken", ""),
        untitled=raw.get("untitled", False),
        no_link=raw.get("no_link", False),
        relative_link=raw.get("relative_link", False),
        robots_allow=not _disallowed(outlet.get("robots"), path),
    )


def _edit(where: str, raw: Mapping[str, Any]) -> Edit:
    _known(where, raw, _EDIT_KEYS)
    return Edit(
        at=datetime.fromisoformat(raw["at"]),
        title=raw.get("title"),
        summary=raw.get("summary"),
        text=tuple(raw["text"]) if "text" in raw else None,
    )


def _disallowed(robots: str | None, path: str) -> bool:
    """Enough of robots.txt for files we write ourselves: plain prefixes, one group, no wildcards."""
    rules = (line.partition(":") for line in (robots or "").splitlines())
    return any(k.strip() == "Disallow" and path.startswith(v.strip()) for k, _, v in rules if v.strip())


def _known(where: str, raw: Mapping[str, Any], keys: str) -> None:
    if unknown := set(raw) - set(keys.split()):
        raise ValueError(f"{where}: no such setting: {', '.join(sorted(unknown))}")
