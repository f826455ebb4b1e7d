"""Commands that look at one thing without keeping it: try feed, try page; `crawler.cli.query` has try query."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Annotated, Any

import typer

from archive.errors import FetchError
from archive.model import (
    Article,
    Content,
    EndpointKind,
    Feed,
    PageOutcome,
    PageTask,
    PollOutcome,
    PollTask,
    Result,
    RobotsRecord,
    Task,
)
from archive.times import stamp
from crawler.cli.app import AsOf, Json, app, clock, load
from crawler.cli.output import logs, note, say, say_json, table
from crawler.clock import Clock
from crawler.config import Config

Target = Annotated[str, typer.Argument(metavar="URL|FILE", help="An http(s) address, or a file.")]

try_app = typer.Typer(no_args_is_help=True, help="Try one feed, page or query, without keeping anything.")
app.add_typer(try_app, name="try")


@try_app.command("feed")
def try_feed(context: typer.Context, target: Target, as_of: AsOf = None, json: Json = False) -> None:
    """Show what a feed (a URL or a file) contains."""
    config = load(context)
    logs()
    now = clock(as_of)
    path = _local(target)
    if path:
        url = path.resolve().as_uri()
        feed = asyncio.run(_read_feed(path.read_bytes(), url, config.settings.network.max_entries))
    else:
        task = PollTask(endpoint_id=0, source_id="try", kind=EndpointKind.FEED, url=target)
        outcome = _fetch(config, task, now)
        assert isinstance(outcome, PollOutcome)
        if outcome.feed is None:
            raise FetchError(outcome.reason or "error", outcome.detail)
        url, feed = outcome.moved_to or target, outcome.feed
    _print_feed(url, feed, as_json=json)


@try_app.command("page")
def try_page(
    context: typer.Context,
    target: Target,
    url: Annotated[str | None, typer.Option(help="For a file: the address that the page has.")] = None,
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """Show what an article's page (a URL or a file) becomes."""
    config = load(context)
    logs()
    now = clock(as_of)
    path = _local(target)
    if path:
        address = url or path.resolve().as_uri()
        article = asyncio.run(_read_page(path.read_bytes(), address, now))
    else:
        outcome = _fetch(config, PageTask(article_id=0, source_id="try", url=target), now)
        assert isinstance(outcome, PageOutcome)
        if outcome.article is None:
            raise FetchError(outcome.reason or "error", outcome.detail)
        address, article = outcome.url, outcome.article
    result = {
        "url": address,
        "title": article.title,
        "author": article.author,
        "published": stamp(article.published_at),
        "published_from": article.published_from,
        "language": article.language,
        "text": article.text,
        "content": Content.FULL if article.text else Content.TITLE,
        "canonical_url": article.canonical_url,
    }
    if json:
        say_json(result)
        return
    for name in ("url", "title", "author", "published", "published_from", "language", "content"):
        say(f"{name + ':':16}{result[name] if result[name] is not None else '-'}")
    say("\n" + (article.text or "no article text was found on this page"))


def _local(target: str) -> Path | None:
    """Return the file that ``target`` names, None when it is a URL."""
    if target.startswith(("http://", "https://")):
        return None
    path = Path(target)
    if not path.is_file():
        hint = f" (did you mean https://{target}?)" if _like_an_address(target) else ""
        raise typer.BadParameter(f"{target} is neither a file nor an http(s) URL{hint}")
    return path


def _like_an_address(target: str) -> bool:
    """Tell whether it begins like a host; with a host alone it may as well be the name of a file, but for www."""
    return re.fullmatch(r"(?i)www\.\S+|([a-z0-9-]+\.)+[a-z]{2,}(:\d+)?/\S*", target) is not None


def _fetch(config: Config, task: Task, now: Clock) -> Result:
    """Fetch one thing through the same crawl, guard and robots.txt as the service."""
    from crawler import loop
    from crawler.engine import Crawl
    from crawler.pool import Workers

    async def one(_stop: asyncio.Event) -> Result:
        workers = Workers(workers=1)
        crawl = Crawl(config.settings.network, now=now, workers=workers)
        try:
            await crawl.open(())
            crawl.carrier.send([task])
            while True:
                for result in await crawl.carrier.receive():
                    if not isinstance(result, RobotsRecord):
                        return result
        finally:
            await crawl.close()
            workers.close()

    return loop.run(one)


async def _read_feed(body: bytes, url: str, max_entries: int) -> Feed:
    from crawler.pool import Workers

    workers = Workers(workers=1)
    try:
        return await workers.feed(body, url=url, source_id="try", max_entries=max_entries)
    finally:
        workers.close()


async def _read_page(body: bytes, url: str, now: Clock) -> Article:
    from crawler.pool import Workers

    workers = Workers(workers=1)
    try:
        return await workers.page(body, url=url, now=now())
    finally:
        workers.close()


def _print_feed(url: str, feed: Feed, *, as_json: bool) -> None:
    from crawler.ingest import to_text

    entries: list[dict[str, Any]] = [
        {
            "url": entry.url,
            "guid": entry.guid,
            "title": to_text(entry.title).replace("\n", " "),
            "published": stamp(entry.published_at),
            "author": entry.author,
            "summary": to_text(entry.summary),
        }
        for entry in feed.entries
    ]
    warnings = list(feed.warnings)
    if feed.capped:
        warnings.append(f"{feed.capped} entries past max_entries were not read")
    if as_json:
        say_json(
            {"url": url, "title": feed.title, "format": feed.format, "warnings": warnings, "entries": entries}
        )
        return
    for warning in warnings:
        note(f"warning: {warning}")
    rows = [
        (entry["published"] or "undated", entry["title"], entry["url"] or entry["guid"]) for entry in entries
    ]
    table(
        f"{feed.title or 'untitled'} ({feed.format}, {len(entries)} entries)",
        ("published", "title", "url"),
        rows,
    )
