"""The command try source: asks what one source of sources.yaml offers, keeps nothing, and says what would be read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import typer

from archive.due import RECENT
from archive.model import EndpointKind, PageOutcome, PageTask, PollOutcome, PollTask, Source
from archive.times import stamp
from crawler import sourcesfile
from crawler.cli.app import AsOf, Json, clock, load
from crawler.cli.ask import Ask, asking
from crawler.cli.look import entry_result, page_result, say_entries, say_page, try_app, warnings_of
from crawler.cli.output import counted, fail, logs, note, say, say_json
from crawler.complaints import hint
from crawler.config import Config
from crawler.searches import asks

SAMPLES = 5


@dataclass(frozen=True, slots=True)
class _Seen:
    """What each endpoint answered, and the page of one of the articles."""

    polls: tuple[PollOutcome, ...]
    page: PageOutcome | None


@try_app.command("source")
def try_source(
    context: typer.Context,
    source_id: Annotated[str, typer.Argument(metavar="ID", help="Its id in sources.yaml.")],
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """Show what a source of sources.yaml offers.

    Each of its endpoints is asked once, and the page of one article; nothing is kept. Its headers, password and
    selectors are used, as they stand in sources.yaml. Exit 1 when an endpoint, or the page, could not be read.
    """
    config = load(context)
    logs()
    now = clock(as_of)
    source = next((one for one in config.sources if one.id == source_id), None)
    if source is None:
        known = hint(source_id, [one.id for one in config.sources])
        raise typer.BadParameter(f"no source of sources.yaml has the id {source_id}{known}")
    say_searches(config, source)
    moment = now()
    seen = asking(config, now, lambda ask: _look(ask, source, moment))
    result = {
        "id": source.id,
        "name": source.name,
        "endpoints": [_endpoint(source, poll) for poll in seen.polls],
        "page": _page(seen.page),
    }
    if json:
        say_json(result)
    else:
        _print(result)
    if any(poll.feed is None for poll in seen.polls) or (seen.page is not None and seen.page.article is None):
        raise typer.Exit(1)


def say_searches(config: Config, source: Source) -> None:
    """Say what will be asked of search engines, and what of the topics will not: before anything is asked."""
    here = f"sources[{config.sources.index(source)}]."
    for one in config.notes:
        if one.file == sourcesfile.NAME and one.path.startswith(here):
            note(str(one))
    for endpoint in source.endpoints:
        if endpoint.topic is not None:
            note(f"search for {endpoint.topic}: {asks(endpoint.url)}")


async def _look(ask: Ask, source: Source, now: datetime) -> _Seen:
    from crawler.answers import of_source

    polls: list[PollOutcome] = []
    for one in source.endpoints:
        asked = PollTask(
            endpoint_id=0,
            source_id=source.id,
            kind=one.kind,
            url=one.url,
            language=source.language,
            since=None if one.kind is EndpointKind.FEED else now - RECENT,
        )
        poll = await ask(of_source(asked, source))
        assert isinstance(poll, PollOutcome)
        polls.append(poll)
    offered = (entry for poll in polls if poll.feed for entry in poll.feed.entries)
    url = next((entry.url for entry in offered if entry.url and entry.refused is None), None)
    if not source.pages or url is None:
        return _Seen(tuple(polls), None)
    task = PageTask(article_id=0, source_id=source.id, url=url, language=source.language)
    page = await ask(of_source(task, source))
    assert isinstance(page, PageOutcome)
    return _Seen(tuple(polls), page)


def _endpoint(source: Source, poll: PollOutcome) -> dict[str, Any]:
    feed = poll.feed
    entries = feed.entries if feed else ()
    return {
        "kind": poll.task.kind,
        "url": poll.task.url,
        "reason": poll.reason,
        "detail": poll.detail,
        "title": feed.title if feed else None,
        "format": feed.format if feed else None,
        "entries": len(entries),
        "timeless": sum(entry.timeless for entry in entries),
        "newest": stamp(max(filter(None, (entry.published_at for entry in entries)), default=None)),
        "warnings": [*_advice(source, poll), *(warnings_of(feed) if feed else ())],
        "samples": [entry_result(entry) for entry in entries[:SAMPLES]],
    }


def _advice(source: Source, poll: PollOutcome) -> list[str]:
    """Return what whoever wrote the source may not expect of an endpoint that can be read."""
    if poll.feed is None:
        return []
    advice = []
    if poll.moved_to:
        advice.append(f"it has moved to {poll.moved_to}: put that into sources.yaml")
    kind, entries = poll.task.kind, poll.feed.entries
    if kind is EndpointKind.SITEMAP and not entries:
        advice.append(f"nothing in it is of the last {RECENT.days} days")
    if not source.pages and any(not entry.title for entry in entries):
        advice.append(
            "its entries have no titles, and pages: false keeps them from their pages: they match nothing"
        )
    if timeless := sum(entry.timeless for entry in entries):
        how = ", or name the links to articles with selectors.links" if kind is EndpointKind.SECTION else ""
        advice.append(
            f"{timeless} of {len(entries)} say nowhere when they are from: those that stand there at the first poll "
            f"are left out, and what comes later is taken; wait for the second poll{how}"
        )
    return advice


def _page(page: PageOutcome | None) -> dict[str, Any] | None:
    if page is None:
        return None
    if page.article is None:
        return {"url": page.url, "reason": page.reason, "detail": page.detail}
    return {**page_result(page.url, page.article), "reason": None, "warnings": list(page.article.warnings)}


def _print(result: dict[str, Any]) -> None:
    for one in result["endpoints"]:
        if one["reason"]:
            fail(f"{one['kind']} {one['url']}: {one['reason']}: {one['detail']}")
            continue
        for warning in one["warnings"]:
            note(f"warning: {warning}")
        newest = f", the newest of {one['newest']}" if one["newest"] else ""
        title = f"{one['kind']} {one['url']} ({one['format']}, {counted(one['entries'], 'article')}{newest})"
        say_entries(title, one["samples"])
    page = result["page"]
    if page is None:
        return
    say("")
    if page["reason"]:
        fail(f"page {page['url']}: {page['reason']}: {page['detail']}")
        return
    for warning in page["warnings"]:
        note(f"warning: {warning}")
    say_page(page)
