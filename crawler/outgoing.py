"""What goes out: the service's hand in `alerts`, and the one place where the two databases meet.

    sync      who subscribes, and from where on they are told
    digest    subscriptions that are due ─▶ (reader thread) digests, rendered ─▶ outbox (writer)
    deliver   outbox ─▶ channel ─▶ how it ended (writer)

What is in a digest and when is it due is `alerts`' to decide; this module only brings it what the archive knows.
"""

from __future__ import annotations

import logging
import socket
import sqlite3
from asyncio import Event
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from alerts import alarm, jobs, outbox, suppressions, web
from alerts import schema as alerts_schema
from alerts.channels import Channel
from alerts.channels.folder import FolderChannel
from alerts.channels.mail import MailChannel
from alerts.model import Leaving, MailServer
from alerts.prepare import Found
from archive.connect import open_reader
from archive.errors import ArchiveError
from archive.threads import Readers, Writer
from crawler.clock import Clock
from crawler.config import Config
from crawler.found import Spans, found_in
from crawler.pipelines import Tally
from crawler.schedule import Pause

log = logging.getLogger(__name__)

T = TypeVar("T")

DELIVER_BATCH = 50


@dataclass(slots=True)
class Counts:
    """What a service has done since it opened."""

    tally: Tally = field(default_factory=Tally)
    matches: int = 0
    backfilled: int = 0  # matches of new or changed topics in articles that were stored already
    sent: int = 0
    given_up: int = 0  # deliveries that failed for good, or of which nobody knows
    unstored: int = 0  # results that the archive could not take: they will be fetched again


def with_leaving(config: Config) -> MailServer | None:
    """Return the mail server with the page at which readers leave, where there is one."""
    public_url = config.settings.web.public_url
    if config.mail is None or public_url is None:
        return config.mail
    return replace(config.mail, leaving=Leaving(public_url=public_url, key=web.key(config.data_dir)))


def leaving_page(config: Config, archive: web.App, run: jobs.Run, now: Clock) -> web.App:
    """Return ``archive`` with the page at which readers leave before it. ``run`` works with alerts.db."""
    if config.settings.web.public_url is None:
        return archive
    return web.Unsubscribe(archive, web.key(config.data_dir), run, now)


class AlertsBeside:
    """The connection of alerts.db in a process that is not the service: only where the file is there, and of today."""

    def __init__(self, path: Path, writer: Writer) -> None:
        self._path = path
        self._writer = writer

    async def __call__(self, work: Callable[[sqlite3.Connection], T], /) -> T:
        """Run ``work`` in the writer thread; raises `ArchiveError` where there is nothing to work with."""
        if not self._path.exists():
            raise ArchiveError(f"{self._path}: `presswatch run` makes it")

        def step(conn: sqlite3.Connection) -> T:
            if alerts_schema.pending(conn):
                raise ArchiveError(f"{self._path} is of an earlier version: `presswatch migrate`")
            return work(conn)

        return await self._writer.run(self._path, step)


class Outgoing:
    """Subscriptions, digests and deliveries of one service, over its writer and its readers."""

    def __init__(self, config: Config, now: Clock, writer: Writer, readers: Readers, counts: Counts) -> None:
        self.config = config
        self.now = now
        self.writer = writer
        self.readers = readers
        self.counts = counts
        self.path = config.data_dir / "alerts.db"
        self.channels: list[Channel] = [FolderChannel(config.data_dir / "outbox")]
        if config.mail:
            # Without a name of ours it would ask the resolver for one before every mail.
            self.channels.append(MailChannel(config.mail, local_hostname=socket.gethostname()))
        self.mail = with_leaving(config)
        self.topic_order = tuple(one.topic_id for one in config.topics)  # as the operator has them now
        self.sending = Pause()
        self._spans = Spans()
        self._looked_at: datetime | None = None  # the last step at which it was looked for spikes

    def pages(self, archive: web.App) -> web.App:
        """Return the archive's pages with the one at which readers leave before them."""
        return leaving_page(self.config, archive, self.with_alerts, self.now)

    async def migrate(self) -> None:
        """Bring alerts.db up to date."""
        await self.with_alerts(alerts_schema.migrate)

    async def sync(self, top_seq: int, top_change: int) -> None:
        """Make the subscriptions what the configuration says; a new one is told what follows the two."""
        now = self.now()
        await self.with_alerts(
            lambda conn: jobs.sync(conn, self.config.subscriptions, top_seq, now, top_change)
        )
        await self._recover()
        known = [address for one in self.config.subscriptions for address in one.to]
        forgotten = await self.with_alerts(lambda conn: suppressions.forget(conn, known, now))
        if forgotten:
            log.warning(
                "waiting mails to addresses that subscribers.yaml holds no more, and that are not sent: %d",
                forgotten,
            )

    async def lift(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Write to an address again, as `presswatch suppressions lift` asks."""
        lifted = await self.with_alerts(
            lambda conn: suppressions.lift(conn, arguments["recipient"], arguments["subscription_id"])
        )
        return {"lifted": [one.as_json() for one in lifted]}

    async def send(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Put the next digest of one subscription into the outbox now, as `presswatch digest --send` asks."""
        messages = await jobs.digest_now(
            self._look, self.with_alerts, self.mail, self.now(), arguments["subscriber"]
        )
        return {
            "subject": messages[0].subject if messages else None,
            "recipients": [one.recipient for one in messages],
        }

    async def digest(self) -> None:
        """Make the digests that are due, and put them in the outbox."""
        summary = await jobs.digest_due(self._look, self.with_alerts, self.mail, self.now())
        for problem in summary.problems:
            log.error("%s", problem)
        if summary.rerouted:
            log.warning(
                "no mail server is configured: waiting mails that go to the outbox folder: %d",
                summary.rerouted,
            )

    async def spike(self) -> None:
        """Tell who wants to know it that a topic has more articles than chance explains: once in each step."""
        now = self.now()
        if alarm.step(now) == self._looked_at:
            return
        summary = await jobs.alarms_due(self._look, self.with_alerts, self.mail, now)
        self._looked_at = alarm.step(now)
        for problem in summary.problems:
            log.error("%s", problem)

    async def deliver(self, stop: Event) -> None:
        """Hand over what lies in the outbox and is due, for as long as the endings can be written down."""
        if self.sending.holds(self.now()):
            return
        try:
            await self._deliver(stop)
        except ArchiveError:
            self.sending = self.sending.failed(self.now())
            raise
        self.sending = self.sending.stored(self.now())

    async def _deliver(self, stop: Event) -> None:
        # One at a time delivers, and ends with all that it claimed: whatever is under way by the table is in nobody's
        # hand, and its ending could not be written down.
        await self._recover()
        for channel in self.channels:
            summary = None
            while not stop.is_set() and (summary is None or summary.handled):
                summary = await jobs.deliver_due(self.with_alerts, channel, self.now, DELIVER_BATCH)
                self.counts.sent += summary.sent
                self.counts.given_up += summary.dead + summary.unknown
                for error in summary.errors:
                    log.warning("mail %s", error)

    async def _recover(self) -> None:
        now = self.now()
        for delivery in await self.with_alerts(lambda conn: outbox.recover(conn, now)):
            self.counts.given_up += 1
            log.warning(
                "nobody knows whether this mail was taken: %s to %s", delivery.subject, delivery.recipient
            )

    async def waiting(self) -> int:
        """Return how many messages wait in the outbox to be tried again."""
        number, _ = await self.with_alerts(outbox.waiting)
        return number

    async def with_alerts(self, step: Callable[[sqlite3.Connection], T], /) -> T:
        """Run ``step`` with the connection of alerts.db, in the writer thread."""
        return await self.writer.run(self.path, step)

    async def _look(self, work: Callable[[sqlite3.Connection, Callable[[], Found]], T]) -> T:
        """Run ``work`` in a reader thread, with alerts.db and a way to ask the archive."""

        def step(archive: sqlite3.Connection) -> T:
            def found() -> Found:
                return found_in(archive, self.topic_order, self.config.stationery, self._spans)

            with closing(open_reader(self.path)) as alerts:
                return work(alerts, found)

        return await self.readers.run(step)
