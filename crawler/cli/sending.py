"""What `digest --send` does: the next digest of one subscriber goes out now, whatever its hours.

lock free ─▶ prepare ─▶ outbox ─▶ deliver, here
lock held ─▶ the service puts it into its outbox, and delivers it within seconds
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from typing import Any

import typer

from alerts.model import Subscription
from archive import due, revised, search
from archive.errors import PresswatchError
from archive.lock import is_held
from archive.threads import Readers, Writer
from crawler.cli.app import clock
from crawler.cli.asking import Ask, lock_or_answer
from crawler.cli.output import counted, note, say, say_json
from crawler.cli.query import archive
from crawler.clock import refuse_past
from crawler.config import Config
from crawler.outgoing import Counts, Outgoing


def send(
    config: Config, subscription: Subscription, as_of: datetime | None, wait: float, *, json: bool
) -> None:
    """Send the next digest of ``subscription`` now. Exits with 1 when it was made, and could not be handed over."""
    with archive(config.data_dir) as conn:
        if as_of is not None:
            refuse_past(as_of, due.newest_time(conn))
    if as_of is not None and is_held(config.data_dir):
        raise PresswatchError("a service is running, and it goes by its own clock: leave --as-of out")
    ask = Ask("send", {"subscriber": subscription.id}, wait)
    with lock_or_answer(config.data_dir, ask) as answer:
        queued = answer is not None
        done = answer if answer is not None else asyncio.run(_here(config, subscription.id, as_of))
    recipients = done["recipients"]
    if json:
        say_json(done)
    elif not recipients:
        say("nothing to tell since the last digest, so nothing is sent")
    elif queued:
        say(f"the service sends it to {', '.join(recipients)}: {done['subject']}")
    elif not done["waiting"] and not done["given_up"]:
        say(f"sent to {', '.join(recipients)}: {done['subject']}")
    if not queued and (done["waiting"] or done["given_up"]):
        note(
            f"sent: {done['sent']}; not taken yet, the next `run` tries again: {done['waiting']}; "
            f"given up: {counted(done['given_up'], 'mail')}"
        )
        raise typer.Exit(1)


async def _here(config: Config, subscription_id: str, as_of: datetime | None) -> Mapping[str, Any]:
    path = config.data_dir / "archive.db"
    with closing(Writer()) as writer, closing(Readers(path)) as readers:
        outgoing = Outgoing(config, clock(as_of), writer, readers, Counts())
        await outgoing.migrate()
        await outgoing.sync(await readers.run(search.top_seq), await readers.run(revised.top))
        done = await outgoing.send({"subscriber": subscription_id})
        await outgoing.deliver(asyncio.Event())
        return {
            **done,
            "sent": outgoing.counts.sent,
            "waiting": await outgoing.waiting(),
            "given_up": outgoing.counts.given_up,
        }
