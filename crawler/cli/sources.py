"""Commands that hand lists of feeds on: sources import, sources export; and how sources.yaml is written.

`presswatch sources` alone shows how they are (`crawler.cli.archive`), `presswatch sources add` finds new ones
(`crawler.cli.adding`).
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from archive.errors import ParseError, PresswatchError
from archive.model import Access, EndpointKind
from crawler import opml, sourcesfile
from crawler.cli.app import Json, app, load
from crawler.cli.output import counted, note, say, say_json
from crawler.config import Config, same_url

sources_app = typer.Typer(invoke_without_command=True)
app.add_typer(sources_app, name="sources")

DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be written, and write nothing.")]


def put(folder: Path, new: Sequence[sourcesfile.NewSource], *, dry_run: bool) -> None:
    """Write ``new`` into sources.yaml; with ``dry_run``, only see whether that could be done."""
    path = folder / sourcesfile.NAME
    with path.open(encoding="utf-8", newline="") as file:  # its line ends stay as they are
        text = sourcesfile.added(file.read(), new)
    if not dry_run:
        sourcesfile.write(folder, text)


@sources_app.command("import")
def take_in(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE.opml", exists=True, dir_okay=False, help="An OPML file.")
    ],
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Add the feeds of an OPML file to sources.yaml.

    Folders become tags, and what is there already stays as it is.
    """
    config = load(context)
    try:
        listed = opml.read(file.read_bytes(), str(file))
    except ParseError as error:
        raise PresswatchError(f"{error.detail}; nothing was written") from error
    known = {
        same_url(one.url): f"there already ({source.id})"
        for source in config.sources
        for one in source.endpoints
    }
    skipped: list[tuple[str, str | None, str]] = [(name, None, why) for name, why in listed.refused]
    fresh = []
    for one in listed.outlines:
        if (why := known.get(same_url(one.url))) is not None:
            skipped.append((one.name, one.url, why))
        else:
            known[same_url(one.url)] = "it stands in the file twice"
            fresh.append(one)
    new = [
        sourcesfile.NewSource(
            id=source_id,
            name=group[0].name,
            country=group[0].country,
            language=group[0].language,
            tags=group[0].tags,
            pages=group[0].pages,
            endpoints=tuple(
                sourcesfile.NewEndpoint(kind=EndpointKind.FEED, url=one.url, every=one.every) for one in group
            ),
        )
        for source_id, group in opml.grouped(fresh, (source.id for source in config.sources))
    ]
    if new:
        put(context.obj, new, dry_run=dry_run)
    if json:
        added = [
            {"id": one.id, "name": one.name, "feeds": [feed.url for feed in one.endpoints]} for one in new
        ]
        say_json(
            {
                "added": added,
                "skipped": [dict(zip(("name", "url", "why"), one, strict=True)) for one in skipped],
                "warnings": list(listed.warnings),
                "written": bool(new) and not dry_run,
            }
        )
        return
    for warning in listed.warnings:
        note(f"warning: {warning}")
    for name, url, why in skipped:
        note(f"skipped: {name}: {why}" + (f": {url}" if url else ""))
    if dry_run and new:
        say(sourcesfile.written(new).rstrip("\n"))
    feeds = sum(len(one.endpoints) for one in new)
    verb = "would be added" if dry_run else "added"
    note(f"{counted(len(new), 'source')} with {counted(feeds, 'feed')} {verb}, {len(skipped)} skipped")


@sources_app.command("export")
def hand_out(
    context: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE.opml]", help="Where to write it; left out, standard output."),
    ] = None,
) -> None:
    """Write the feeds of sources.yaml as OPML."""
    config = load(context)
    body = opml.written(config.sources)
    if file is None:
        sys.stdout.write(body.decode())
    else:
        try:
            file.write_bytes(body)
        except OSError as error:
            raise PresswatchError(f"{file} cannot be written: {error.strerror}") from error
    for line in _left_out(config):
        note(line)


def _left_out(config: Config) -> Iterable[str]:
    """Yield what the sources hold and OPML has no word for."""
    kinds = Counter(
        "search" if one.topic else str(one.kind) for source in config.sources for one in source.endpoints
    )
    for kind, name in (
        ("sitemap", "sitemap"),
        ("section", "section page"),
        ("search", "search feed"),
    ):
        if kinds[kind]:
            yield f"not exported, as OPML lists feeds: {counted(kinds[kind], name)}"
    for source in config.sources:
        if source.access != Access():
            yield f"not exported: how {source.id} is asked (user_agent, headers, username, verify)"
