"""Commands about who is not written to any more: suppressions, suppressions lift.

Who has left a list stands in alerts.db, above subscribers.yaml; only here can that be taken back.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer

from alerts import schema, suppressions
from alerts.suppressions import EVERY, Suppression
from archive.connect import open_writer, translated
from archive.errors import PresswatchError
from archive.times import stamp
from crawler.cli.app import Json, app, load
from crawler.cli.asking import Ask, Wait, lock_or_answer
from crawler.cli.output import note, say, say_json
from crawler.config import Config

suppressions_app = typer.Typer(invoke_without_command=True)
app.add_typer(suppressions_app, name="suppressions")


@suppressions_app.callback()
def show(context: typer.Context, json: Json = False) -> None:
    """Show who is not written to any more, and why.

    `suppressions lift` takes it back.
    """
    if context.invoked_subcommand is not None:
        return
    found = standing(load(context).data_dir)
    if json:
        say_json([one.as_json() for one in found])
    elif not found:
        say("nobody: everybody in subscribers.yaml is written to")
    for one in () if json else found:
        say(f"{one.recipient}  {_of(one)}  since {stamp(one.since)}: {one.why}")


@suppressions_app.command()
def lift(
    context: typer.Context,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="A mail address.")],
    subscriber: Annotated[
        str | None, typer.Argument(metavar="[SUBSCRIBER]", help="Of this list alone; left out: of all.")
    ] = None,
    wait: Wait = 60,
    json: Json = False,
) -> None:
    """Write to an address again.

    What was made for it meanwhile is not sent later; the next digest is.
    """
    config = load(context)
    ask = Ask("lift", {"recipient": address, "subscription_id": subscriber}, wait)
    with lock_or_answer(config.data_dir, ask) as answer:
        lifted: Sequence[Any] = (
            answer["lifted"] if answer is not None else _lifted(config, address, subscriber)
        )
    if not lifted:
        raise PresswatchError(f"{address} has not left{f' {subscriber}' if subscriber else ''}")
    if json:
        say_json(list(lifted))
        return
    for one in lifted:
        of = "all lists" if one["subscription_id"] == EVERY else one["subscription_id"]
        say(f"{one['recipient']} gets {of} again")
    note("do this only for a reader who asked to come back")


def standing(data_dir: Path) -> list[Suppression]:
    """Return who is not written to; nobody where no service has run yet."""
    path = data_dir / "alerts.db"
    if not path.exists():
        return []
    with closing(schema.open_as_now(path)) as conn, translated(path):
        return suppressions.listed(conn)


def notes(config: Config) -> list[str]:
    """Return what is to be said of addresses in subscribers.yaml that are not written to, all the same."""
    found = {(one.recipient, one.subscription_id): one for one in standing(config.data_dir)}
    said = []
    for subscription in config.subscriptions:
        for address in subscription.to:
            for of in (subscription.id, EVERY):
                if one := found.get((address.casefold(), of)):
                    said.append(
                        f"note: subscribers.yaml: {subscription.id}: {address} is not written to, whatever stands here "
                        f"({one}); `presswatch suppressions lift {address} {of if of != EVERY else ''}".rstrip()
                        + "` takes that back"
                    )
                    break
    return said


def _lifted(config: Config, address: str, subscriber: str | None) -> list[dict[str, str]]:
    path = config.data_dir / "alerts.db"
    if not path.exists():
        return []
    with closing(open_writer(path)) as conn, translated(path):
        schema.migrate(conn)
        return [one.as_json() for one in suppressions.lift(conn, address, subscriber)]


def _of(one: Suppression) -> str:
    return "of all lists" if one.subscription_id == EVERY else f"of {one.subscription_id}"
