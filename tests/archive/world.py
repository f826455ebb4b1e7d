"""A small archive to ask things of: two outlets, three topics, and what a crawl would bring."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from archive import due, queue
from archive.connect import transaction
from archive.match import Matcher
from archive.model import (
    Article,
    Endpoint,
    EndpointKind,
    Entry,
    Feed,
    Outcome,
    PageOutcome,
    PageTask,
    PollOutcome,
    PollTask,
    PublishedFrom,
    Result,
    Source,
)
from archive.topic import Term, TopicSpec, compile_topics
from crawler.pipelines import Aside, Tally, ingest, store_matches

NOW = datetime(2026, 7, 19, 12, 0, tzinfo=UTC)

ANDINA = Source(
    id="andina",
    name="Andina",
    country="PE",
    language="es",
    endpoints=(
        Endpoint(kind=EndpointKind.FEED, url="https://andina.example/politica.xml"),
        Endpoint(kind=EndpointKind.FEED, url="https://andina.example/portada.xml"),
    ),
)
HARBOUR = Source(
    id="harbour",
    name="Harbour Post",
    country="GB",
    language="en",
    pages=False,
    endpoints=(Endpoint(kind=EndpointKind.FEED, url="https://harbour.example/rss"),),
)
POLITICS, FRONT, RSS = 1, 2, 3  # ids of their endpoints


def spec(topic_id: str, *terms: str, exclude: tuple[str, ...] = ()) -> TopicSpec:
    return TopicSpec(
        topic_id=topic_id, title=topic_id.title(), terms=tuple(Term(term) for term in terms), exclude=exclude
    )


TOPICS = (
    spec("peru", "Peru", "Peruvian*", exclude=("Peru, Indiana",)),
    spec("us-troops", "US troops", "tropas de EE.UU."),
    spec("lithium", "lithium", "litio"),
)
COMPILED = compile_topics(TOPICS)
MATCHER = Matcher(COMPILED)
VERSIONS = {topic.topic_id: topic.version for topic in TOPICS}


def later(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def configure(conn: sqlite3.Connection, *sources: Source, at: datetime = NOW) -> None:
    with transaction(conn):
        due.sync(conn, sources or (ANDINA, HARBOUR), COMPILED, at)


def entry(name: str, title: str | None = None, summary: str = "", **changes: Any) -> Entry:
    """An entry whose link and guid are made of ``name``."""
    url = f"https://news.example/{name}"
    values = {"key": url, "url": url, "link": url, "guid": name, "title": title, "summary": summary}
    if title is None:
        values["title"] = f"Story {name}"
    return Entry(**{**values, **changes})


def poll(
    entries: Iterable[Entry] | None, endpoint: int = POLITICS, at: datetime = NOW, **changes: Any
) -> PollOutcome:
    """A poll that read ``entries``; None: it read no feed."""
    source = HARBOUR if endpoint == RSS else ANDINA
    feed = None if entries is None else Feed(title="Portada", format="rss20", entries=tuple(entries))
    values: dict[str, Any] = {
        "task": PollTask(
            endpoint_id=endpoint,
            source_id=source.id,
            kind=EndpointKind.FEED,
            url=source.endpoints[(endpoint - 1) % 2].url,
            language=source.language,
        ),
        "at": at,
        "outcome": Outcome.OK,
        "status": 200,
        "feed": feed,
        "etag": '"v1"',
        "last_modified": "Sun, 19 Jul 2026 12:00:00 GMT",
        "body_hash": "abc",
        "bytes": 1000,
    }
    return PollOutcome(**{**values, **changes})


def page(article_id: int, text: str = "", name: str = "a", at: datetime = NOW, **changes: Any) -> PageOutcome:
    """A page that was read, with ``text`` on it."""
    url = f"https://news.example/{name}"
    article = Article(
        title=None,
        author=None,
        published_at=None,
        published_from=PublishedFrom.NONE,
        language=None,
        text=text,
    )
    values: dict[str, Any] = {
        "task": PageTask(article_id=article_id, source_id="andina", url=url),
        "at": at,
        "outcome": Outcome.OK,
        "url": url,
        "status": 200,
        "article": article,
    }
    return PageOutcome(**{**values, **changes})


def store(conn: sqlite3.Connection, *results: Result) -> Tally:
    return ingest(conn, results)


def match(conn: sqlite3.Connection, at: datetime = NOW, matcher: Matcher = MATCHER) -> int:
    """Do what the service's match tick does, until nothing waits; return how many matches are new."""
    new = 0
    versions = {topic_id: topic.version for topic_id, topic in matcher.topics.items()}
    while taken := queue.take(conn, 200):
        found = [(one, matcher.match(one.fields)) for one in taken]
        aside: Aside = {}
        new += store_matches(conn, found, versions, aside, at)
        assert aside == {}, "an article could not be matched, and would wait for ever"
    return new


@contextmanager
def undone(conn: sqlite3.Connection) -> Iterator[None]:
    """Everything inside is as if it had never been: hypothesis tries one archive many times."""

    class UndoneError(Exception):
        pass

    with suppress(UndoneError), transaction(conn):
        yield
        raise UndoneError


def dump(conn: sqlite3.Connection, *tables: str) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that stands in ``tables``."""
    return {table: sorted(map(tuple, conn.execute(f"select * from {table}")), key=repr) for table in tables}


def column(conn: sqlite3.Connection, sql: str, *values: Any) -> list[Any]:
    return [row[0] for row in conn.execute(sql, values)]


def one(conn: sqlite3.Connection, sql: str, *values: Any) -> dict[str, Any]:
    rows = conn.execute(sql, values).fetchall()
    assert len(rows) == 1, f"{len(rows)} rows: {sql}"
    return dict(rows[0])
