"""The command that finds what a site offers: sources add."""

from __future__ import annotations

import asyncio
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer
from pydantic import TypeAdapter, ValidationError

from archive.due import RECENT
from archive.model import EndpointKind
from archive.times import stamp
from crawler import opml, sourcesfile, urls, values
from crawler.cli.app import AsOf, Json, clock, load
from crawler.cli.output import age, counted, logs, note, say, say_json, table
from crawler.cli.sources import DryRun, put, sources_app
from crawler.clock import Clock
from crawler.config import Config, same_url

ASKED_BY_NAME = (
    "write the entry into sources.yaml by hand, with username, and in password_env the environment variable that "
    "holds the password (docs/sources.md, How a source is asked)"
)
"""What to do where a server wants a name and a password: this command knows none."""

if TYPE_CHECKING:
    from crawler.lookout import Found, Looked


@dataclass(frozen=True, slots=True, kw_only=True)
class _Proposed:
    """What an entry for a site would say, unless somebody says otherwise."""

    id: str
    name: str
    country: str | None
    language: str | None


def _as_in_the_file(kind: Any) -> Callable[[Any], Any]:
    """Return what refuses an option that `presswatch check` would refuse in sources.yaml, before anybody is asked."""

    def check(value: Any) -> Any:
        for one in value if isinstance(value, list) else [value]:
            try:
                TypeAdapter(kind | None).validate_python(one)
            except ValidationError as error:
                (first, *_) = error.errors(include_url=False)
                empty = first["type"] == "string_too_short"
                said = "must not be empty" if empty else first["msg"].removeprefix("Value error, ")
                raise typer.BadParameter(f"{one!r}: {said}") from error
        return value

    return check


def _numbers(value: str | None) -> str | None:
    if value is not None and not re.fullmatch(r"\s*\d+\s*(,\s*\d+\s*)*", value):
        raise typer.BadParameter(f"{value!r}: numbers are needed, such as 1 or 1,3")
    return value


_CHOOSE = typer.Option(
    "--choose", metavar="N[,N]", callback=_numbers, help="Which of the addresses found to take."
)
_ID = typer.Option("--id", callback=_as_in_the_file(values.Id), help="The id, instead of the proposed one.")
_NAME = typer.Option(callback=_as_in_the_file(values.Text), help="The name, instead of the site's own.")
_COUNTRY = typer.Option(callback=_as_in_the_file(values.Country), help="PE, or a region such as LATAM.")
_LANGUAGE = typer.Option(callback=_as_in_the_file(values.Language), help="The language: es.")
_TAG = typer.Option(
    "--tag", callback=_as_in_the_file(values.Text), help="A word of your own; more than once."
)


@sources_app.command("add")
def add(
    context: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="The address of a site, or of a feed.")],
    choose: Annotated[str | None, _CHOOSE] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Take the first one, and ask nothing.")] = False,
    dry_run: DryRun = False,
    source_id: Annotated[str | None, _ID] = None,
    name: Annotated[str | None, _NAME] = None,
    country: Annotated[str | None, _COUNTRY] = None,
    language: Annotated[str | None, _LANGUAGE] = None,
    tag: Annotated[list[str] | None, _TAG] = None,
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """Find the feeds of a site, and write those you choose.

    Sitemaps too. The entry is written at the end of sources.yaml, all else stays as it is.
    """
    config = load(context)
    if any(source.id == source_id for source in config.sources):
        raise typer.BadParameter(f"--id {source_id}: a source of sources.yaml has this id already")
    logs()
    now = clock(as_of)
    looked = _look(_address(url), config, now)
    proposed = _proposed(looked, config)
    listed = {same_url(one.url): source.id for source in config.sources for one in source.endpoints}
    result = _as_json(looked, proposed, listed)
    if not json:
        _show(looked, proposed, listed, now())
    open_ = [found for found in looked.found if same_url(found.url) not in listed]
    if not open_:
        if json:
            say_json(result)
        else:
            for line in _nothing(looked):
                note(line)
        raise typer.Exit(0 if looked.found else 1)
    chosen = _chosen(looked.found, open_, choose, yes=yes, dry_run=dry_run, ask=not json)
    twice = [one for one in chosen or () if same_url(one.url) in listed]
    if twice:
        raise typer.BadParameter(
            f"{twice[0].url} is in sources.yaml already ({listed[same_url(twice[0].url)]})"
        )
    if chosen:
        new = sourcesfile.NewSource(
            id=source_id or proposed.id,
            name=name or proposed.name,
            country=country or proposed.country,
            language=language or proposed.language,
            tags=tuple(tag or ()),
            endpoints=tuple(
                sourcesfile.NewEndpoint(
                    kind=one.kind,
                    url=one.url,
                    note=f"{'seen working' if one.newest else 'read'} {now():%Y-%m}",
                )
                for one in chosen
            ),
        )
        put(context.obj, [new], dry_run=dry_run)
        result |= {"added": not dry_run, "entry": sourcesfile.written([new])}
        if not json:
            say(("" if dry_run else "written to sources.yaml:\n") + sourcesfile.written([new]).rstrip("\n"))
            if not dry_run:
                note("it counts from the next start of `presswatch run`")
    if json:
        say_json(result)
    elif chosen is None:
        note("nothing was written: choose with --choose N, or take the first with --yes")
        raise typer.Exit(1)
    elif not chosen:
        note("nothing was written")


def _address(text: str) -> str:
    url = text if re.match(r"[a-z]+://", text, re.IGNORECASE) else f"https://{text}"
    why = urls.refusal(url)
    if why is not None or not urlsplit(url).hostname:
        beside = f": {ASKED_BY_NAME}" if url != urls.without_user(url) else ""
        raise typer.BadParameter(f"{urls.without_user(text)} is no web address ({why}){beside}")
    return url


def _look(url: str, config: Config, now: Clock) -> Looked:
    from crawler import lookout, loop

    async def one(_stop: asyncio.Event) -> Looked:
        return await lookout.look(url, config.settings.network, now, RECENT, note)

    return loop.run(one)


def _nothing(looked: Looked) -> Iterator[str]:
    """Yield why there is nothing to add, and what else can be done."""
    if looked.found:
        yield "nothing to add: all of it is in sources.yaml already"
        return
    yield "nothing to add: no feed was found"
    if any(reason == "http_401" for _, reason in looked.missed):
        yield f"the server asks for a name and a password (http_401): {ASKED_BY_NAME}"
    elif looked.links:
        yield (
            f"its page holds {counted(looked.links, 'link')} that {'looks' if looked.links == 1 else 'look'} like one "
            f"to an article: `section: {looked.url}` reads it (docs/sources.md, A site without a feed)"
        )
    else:
        yield (
            "no link of its page looks like one to an article; a page that lists articles can be read under "
            "`section:`, with selectors.links if need be (docs/sources.md, A site without a feed)"
        )


def _proposed(looked: Looked, config: Config) -> _Proposed:
    from crawler import home

    host = (urlsplit(looked.url).hostname or "").removeprefix("www.")
    title = next((one.title for one in looked.found if one.title), "")
    name = looked.home.name or title or host
    used = [source.id for source in config.sources]
    return _Proposed(
        id=opml.free_id(opml.slug(name) or opml.slug(host) or "site", used),
        name=name,
        country=home.country(host, looked.home.region),
        language=home.language(looked.home, [tag for one in looked.found for tag in one.languages]),
    )


def _chosen(
    found: Sequence[Found],
    open_: Sequence[Found],
    choose: str | None,
    *,
    yes: bool,
    dry_run: bool,
    ask: bool,
) -> list[Found] | None:
    """Return what is to be written: as the options say, else as whoever sits at the terminal does.

    None where nobody said anything, and nobody can be asked.
    """
    if choose is not None:
        taken = _taken(found, choose)
        if taken is None:
            raise typer.BadParameter(f"--choose {choose}: {_needed(found)}")
        return taken
    if yes:
        return [open_[0]]
    if not (ask and sys.stdin.isatty() and sys.stdout.isatty()):
        return [open_[0]] if dry_run else None
    first = str(found.index(open_[0]) + 1)
    while True:
        answer = typer.prompt("Which of them (1, or 1,3; 0 for none)", default=first, err=True)
        taken = _taken(found, answer)
        if taken is not None:
            return taken
        note(f"{answer}: {_needed(found)}")


def _taken(found: Sequence[Found], choose: str) -> list[Found] | None:
    """Return those that ``choose`` numbers, of which 0 alone means none; None when it is something else."""
    numbers = [part.strip() for part in choose.split(",")]
    if numbers == ["0"]:
        return []
    if not all(one.isdecimal() and 1 <= int(one) <= len(found) for one in numbers):
        return None
    return [found[int(one) - 1] for one in dict.fromkeys(numbers)]


def _needed(found: Sequence[Found]) -> str:
    return f"numbers from 1 to {len(found)} are needed, such as 1 or 1,3"


def _show(looked: Looked, proposed: _Proposed, listed: dict[str, str], now: datetime) -> None:
    about = ", ".join(filter(None, (proposed.country, proposed.language)))
    say(f"{proposed.name}" + (f" ({about})" if about else "") + f": {looked.url}")
    from crawler.lookout import MOST_CHILDREN

    if looked.found:
        rows = [
            (
                number,
                one.kind,
                one.items,
                (age(one.newest, now) or stamp(one.newest)) if one.newest else "undated",
                one.url,
                f"in sources.yaml: {listed[same_url(one.url)]}"
                if same_url(one.url) in listed
                else one.title or one.why,
            )
            for number, one in enumerate(looked.found, 1)
        ]
        table("found", ("", "kind", "items", "newest", "address", ""), rows)
    if any(one.kind is EndpointKind.SITEMAP for one in looked.found):
        note(
            f"of a sitemap the items of the last {RECENT.days} days are counted, of an index those of its "
            f"{MOST_CHILDREN} newest sitemaps; `presswatch try feed` shows all"
        )
    if looked.missed:
        reasons = Counter(reason for _, reason in looked.missed)
        said = ", ".join(f"{reason} ({number})" for reason, number in reasons.items())
        note(f"asked in vain: {said}")


def _as_json(looked: Looked, proposed: _Proposed, listed: dict[str, str]) -> dict[str, Any]:
    return {
        "url": looked.url,
        "id": proposed.id,
        "name": proposed.name,
        "country": proposed.country,
        "language": proposed.language,
        "found": [
            {
                "number": number,
                "kind": one.kind,
                "url": one.url,
                "title": one.title,
                "format": one.format,
                "why": one.why,
                "items": one.items,
                "newest": stamp(one.newest),
                "listed": listed.get(same_url(one.url)),
            }
            for number, one in enumerate(looked.found, 1)
        ],
        "links": looked.links,
        "missed": [{"url": url, "reason": reason} for url, reason in looked.missed],
        "added": False,
        "entry": None,
    }
