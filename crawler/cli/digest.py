"""The command that shows what a subscriber would get: digest."""

from __future__ import annotations

import asyncio
import email
import email.policy
import socket
from contextlib import closing, nullcontext
from email.message import EmailMessage
from pathlib import Path
from typing import Annotated

import typer

from alerts.model import Message, Subscription
from archive import due
from archive.connect import open_reader
from archive.errors import PresswatchError
from archive.times import stamp
from crawler.cli.app import AsOf, Json, app, clock, load
from crawler.cli.asking import Wait
from crawler.cli.output import note, say, say_json
from crawler.clock import refuse_past
from crawler.config import Config


@app.command()
def digest(
    context: typer.Context,
    subscriber: Annotated[str, typer.Argument(help="The id of a subscriber in subscribers.yaml.")],
    preview: Annotated[
        bool, typer.Option("--preview", help="Build it and show it; nothing is sent or kept.")
    ] = False,
    send: Annotated[
        bool, typer.Option("--send", help="Send it now; its next hour has what comes after.")
    ] = False,
    test: Annotated[
        str | None,
        typer.Option(
            "--send-test",
            metavar="ADDRESS",
            help="Send it to this address alone, marked as a test; nothing is kept.",
        ),
    ] = None,
    into: Annotated[
        Path | None, typer.Option("--into", help="Where the preview's files go (default: data_dir/preview).")
    ] = None,
    as_of: AsOf = None,
    wait: Wait = 60,
    json: Json = False,
) -> None:
    """Build the next digest of a subscriber, as it would be now.

    A preview is four files: the HTML part, the text part, the headers, and the whole message for a mail program.
    """
    config = load(context)
    asked = [
        option
        for option, is_set in (("--preview", preview), ("--send", send), ("--send-test", test is not None))
        if is_set
    ]
    if len(asked) != 1:
        raise typer.BadParameter(
            f"{' and '.join(asked)} are several things to do: give one of them"
            if asked
            else "say what to do with it: --preview, --send-test ADDRESS or --send (`run` sends those that are due)"
        )
    found = [one for one in config.subscriptions if one.id == subscriber]
    if not found:
        known = ", ".join(one.id for one in config.subscriptions)
        raise PresswatchError(f"no subscriber {subscriber!r} in subscribers.yaml (there are: {known})")
    if send:
        from crawler.cli import sending

        sending.send(config, found[0], as_of, wait, json=json)
        return
    if test is not None:
        _send_test(config, found[0], test, as_of, json=json)
        return
    message = _built(config, found[0], as_of)
    files = _written(message, into or config.data_dir / "preview", subscriber)
    if json:
        say_json({"subject": message.subject, "recipient": message.recipient, **files})
        return
    say(f"Subject: {message.subject}\n")
    say(files["text"].read_text("utf-8"))
    for path in files.values():
        note(f"written: {path}")


def _built(config: Config, subscription: Subscription, as_of: AsOf, to: str | None = None) -> Message:
    from alerts import jobs, schema, state
    from crawler.found import found_in
    from crawler.outgoing import with_leaving

    alerts = config.data_dir / "alerts.db"
    with closing(open_reader(config.data_dir / "archive.db")) as archive:
        if as_of is not None:
            refuse_past(as_of, due.newest_time(archive))
        there = closing(schema.open_as_now(alerts)) if alerts.exists() else nullcontext()
        with there as conn:
            stands = state.subscription_state(conn, subscription.id) if conn else None
            order = tuple(one.topic_id for one in config.topics)
            found = found_in(archive, order, config.stationery)
            message = jobs.preview(conn, subscription, found, with_leaving(config), clock(as_of)(), to=to)
    if stands is None:
        note("`run` has not met this subscriber yet: its first digest starts with what matches from then on")
    elif stands.last_due_at is not None:
        note(f"this is what would follow the digest that was due at {stamp(stands.last_due_at)}")
    return message


def _written(message: Message, folder: Path, name: str) -> dict[str, Path]:
    """Write the parts of a message into ``folder``, and return what each file is."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # they name a recipient
    files = {
        "html": folder / f"{name}.html",
        "text": folder / f"{name}.txt",
        "headers": folder / f"{name}.headers.txt",
        "eml": folder / f"{name}.eml",
    }
    mail = email.message_from_bytes(message.body, _class=EmailMessage, policy=email.policy.default)
    plain = mail.get_body(("plain",))
    files["html"].write_text(message.html, encoding="utf-8")
    files["text"].write_text(plain.get_content() if plain else "", encoding="utf-8")
    # As they go over the wire: whoever looks for what a mail program made of them needs no other form.
    files["headers"].write_bytes(message.body.partition(b"\r\n\r\n")[0].replace(b"\r\n", b"\n") + b"\n")
    files["eml"].write_bytes(message.body)
    return files


def _send_test(config: Config, subscription: Subscription, to: str, as_of: AsOf, *, json: bool) -> None:
    from alerts.channels.mail import MailChannel
    from alerts.envelope import address_of
    from alerts.jobs import send_test

    if config.mail is None:
        raise PresswatchError(
            "settings.yaml names no mail server, so no test can be sent: look at it with --preview"
        )
    try:
        address_of(to)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    message = _built(config, subscription, as_of, to)
    channel = MailChannel(config.mail, local_hostname=socket.gethostname())
    asyncio.run(send_test(message, channel, subscription.id, clock(as_of)()))
    if json:
        say_json(
            {"subject": message.subject, "recipient": message.recipient, "message_id": message.message_id}
        )
    else:
        say(f"sent to {message.recipient}: {message.subject}")
