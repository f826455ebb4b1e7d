"""Commands that look at one thing without keeping it: try feed, try page.

`crawler.cli.source` has try source, `crawler.cli.query` try query.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archive.errors import FetchError
from archive.model import Article, EndpointKind, Entry, Feed, content_of
from archive.times import stamp
from crawler import urls
from crawler.cli import ask
from crawler.cli.app import AsOf, Json, app, clock, load
from crawler.cli.output import logs, note, say, say_json, table

if TYPE_CHECKING:
    from crawler.cli.reading import Offered

Target = Annotated[str, typer.Argument(metavar="URL|FILE", help="An http(s) address, or a file.")]
Address = Annotated[str | None, typer.Option("--url", help="For a file: the address that it has.")]

try_app = typer.Typer(no_args_is_help=True, help="Try one feed, page, source or query, and keep nothing.")
app.add_typer(try_app, name="try")

_CALLED = {EndpointKind.SITEMAP: "a sitemap", EndpointKind.SECTION: "a web page, read here as a section page"}


@try_app.command("feed")
def try_feed(
    context: typer.Context,
    target: Target,
    address: Address = None,
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """Show what a feed, a sitemap or a section page contains.

    It says which of them a URL or a file is, and so under which word the address belongs into sources.yaml.
    """
    config = load(context)
    logs()
    now = clock(as_of)
    path = _local(target)
    if path:
        url = address or path.resolve().as_uri()
        offered = ask.endpoint_file(config, now, path, url)
    else:
        offered = ask.endpoint(config, now, target)
    _print_feed(offered, as_json=json)


@try_app.command("page")
def try_page(
    context: typer.Context,
    target: Target,
    url: Address = None,
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
        article = ask.page_file(path, address, now)
    else:
        outcome = ask.page(config, now, target)
        if outcome.article is None:
            raise FetchError(outcome.reason or "error", outcome.detail)
        address, article = outcome.url, outcome.article
    result = page_result(address, article)
    if json:
        say_json(result)
        return
    say_page(result)


def page_result(address: str, article: Article) -> dict[str, Any]:
    """Return what a page became, as JSON has it."""
    return {
        "url": address,
        "title": article.title,
        "author": article.author,
        "published": stamp(article.published_at),
        "published_from": article.published_from,
        "language": article.language,
        "language_said": article.language_said,
        "paywalled": article.paywalled,
        "text": article.text,
        "content": content_of("", article.text, paywalled=article.paywalled),
        "canonical_url": article.canonical_url,
    }


def say_page(result: dict[str, Any]) -> None:
    """Print what a page became."""
    for name in ("url", "title", "author", "published", "published_from", "language", "content"):
        say(f"{name + ':':16}{result[name] if result[name] is not None else '-'}")
    if result["language_said"]:
        said = result["language_said"]
        say(f"{'':16}its text is not in the language that it is said to be in ({said})")
    if result["paywalled"] is not None:
        say(f"{'paywalled:':16}{'yes' if result['paywalled'] else 'no'}, as the page says")
    say("\n" + (result["text"] or "no article text was found on this page"))


def entry_result(entry: Entry) -> dict[str, Any]:
    """Return an entry, as JSON has it."""
    from crawler.ingest import to_text

    return {
        "url": entry.url,
        "guid": entry.guid,
        "title": to_text(entry.title).replace("\n", " "),
        "published": stamp(entry.published_at),
        "author": entry.author,
        "summary": to_text(entry.summary),
    }


def warnings_of(feed: Feed) -> list[str]:
    """Return what could not be read of a feed, in sentences."""
    warnings = list(feed.warnings)
    if feed.capped:
        warnings.append(f"{feed.capped} entries past max_entries were not read")
    return warnings


def say_entries(title: str, entries: list[dict[str, Any]]) -> None:
    """Print entries as a table."""
    rows = [
        (
            entry["published"] or "undated",
            entry["title"] or "(its page has the title)",
            entry["url"] or entry["guid"],
        )
        for entry in entries
    ]
    table(title, ("published", "title", "url"), rows)


def _local(target: str) -> Path | None:
    """Return the file that ``target`` names, None when it is a URL."""
    if target.startswith(("http://", "https://")):
        return None
    path = Path(target)
    if not path.is_file():
        hint = f" (did you mean https://{target}?)" if _like_an_address(target) else ""
        target = urls.without_user(target)
        raise typer.BadParameter(f"{target} is neither a file nor an http(s) URL{hint}")
    return path


def _like_an_address(target: str) -> bool:
    """Tell whether it begins like a host; with a host alone it may as well be the name of a file, but for www."""
    return re.fullmatch(r"(?i)www\.\S+|([a-z0-9-]+\.)+[a-z]{2,}(:\d+)?/\S*", target) is not None


def _print_feed(offered: Offered, *, as_json: bool) -> None:
    url, kind, feed = offered.url, offered.kind, offered.feed
    entries = [entry_result(entry) for entry in feed.entries]
    warnings = [*offered.advice, *warnings_of(feed)]
    if kind in _CALLED:
        warnings.insert(0, f"this is {_CALLED[kind]}: it belongs under {kind}: in sources.yaml")
    if as_json:
        say_json(
            {"url": url, "title": feed.title, "format": feed.format, "warnings": warnings, "entries": entries}
        )
        return
    for warning in warnings:
        note(f"warning: {warning}")
    say_entries(f"{feed.title or 'untitled'} ({feed.format}, {len(entries)} entries)", entries)
