"""The application object that the commands register with, and the options that several of them share."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from crawler import config
from crawler.clock import Clock, standing, system

app = typer.Typer(
    name="presswatch",
    help="Watches the press: reads feeds and pages, matches them against your topics, keeps the matches in a "
    "SQLite archive, and sends digests.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no time: write 2026-07-19T07:00-05:00") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


AsOf = Annotated[
    datetime | None,
    typer.Option(
        parser=_moment,
        metavar="TIME",
        help="Set the clock: ISO 8601, as 2026-07-19T07:00-05:00 (without a zone: UTC).",
    ),
]


def clock(as_of: datetime | None) -> Clock:
    """Return the clock that ``--as-of`` asks for."""
    return standing(as_of) if as_of else system


def load(context: typer.Context) -> config.Config:
    """Return the configuration of the folder that ``--config`` names."""
    folder: Path = context.obj
    return config.load(folder)


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"presswatch {version('presswatch')}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Option("--config", envvar="PRESSWATCH_CONFIG", help="The folder of the YAML files.")
    ] = Path("config"),
    _version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Print the version.")
    ] = False,
) -> None:
    """Take the options that stand before the command."""
    context.obj = folder
