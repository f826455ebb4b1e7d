"""The values of the alerts side, in the order in which they flow.

Subscription, MailServer, Stationery   what the operator wrote down   config -> watch, channels, render
Digest                     which matches, for whom, when due   watch   -> render
Message                    what one recipient gets             render  -> outbox
SubscriptionState          what is remembered of each          state   -> digest
Delivery                   a message on its way                outbox  -> channel
DigestSummary, DeliverySummary, Problem   how a tick ended     jobs    -> service
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from archive.model import Coverage, MatchedArticle, Story, TermChange


class Empty(StrEnum):
    """What a reader gets when a digest is due and holds nothing."""

    SKIP = "skip"  # no mail
    HEARTBEAT = "heartbeat"  # a mail that says so, with what could not be read
    WEEKLY_PROOF = "weekly-proof"  # such a mail once a reader has heard nothing for a week


# A subscription's own query is a topic of this name and no other; no operator can write one with a colon.
QUERY_TOPIC = "query:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Who gets what, and when. ``topics`` None means all; ``to`` empty means data_dir/outbox.

    ``when`` is the operator's own words (``daily at 07:00``), several joined by ``; ``, read by
    `alerts.watch.read_when`, and ``quiet`` (``22:00 to 07:00``) by `alerts.watch.read_quiet`; both are hours of
    ``zone``, an IANA time zone. ``language`` is that of the digest's own words, ``languages`` those of the articles.
    ``query_topic`` is the topic that was made of the subscription's own query. What is empty filters nothing.
    """

    id: str
    name: str
    to: tuple[str, ...]
    topics: tuple[str, ...] | None
    when: str
    zone: str
    language: str
    query_topic: str | None = None
    languages: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    not_languages: tuple[str, ...] = ()
    not_sources: tuple[str, ...] = ()
    not_countries: tuple[str, ...] = ()
    quiet: str | None = None
    empty: Empty = Empty.SKIP
    cap: int | None = None  # stories told under one topic; None: as many as there are
    channel: str | None = None  # MAIL_CHANNEL or FOLDER_CHANNEL; None: mail, where it can be sent
    backfill: bool = False  # also what a new or changed topic found in articles that were stored already
    thread: bool = False  # all digests are one thread in the reader's mail program
    # Of ``instant``: by how many outlets a story must grow until it is told again, and mails an hour at most.
    grown: int = 5
    per_hour: int = 6
    spikes: bool = False  # also told when a topic has more than chance explains


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """The web page at which a reader leaves with one click: where it is, and what its links are signed with."""

    public_url: str
    key: bytes

    def __repr__(self) -> str:
        return f"Leaving({self.public_url})"


class Security(StrEnum):
    """How the line to the mail server is protected."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where mail is handed in. ``password`` came from the environment; it is never shown."""

    host: str
    port: int
    security: Security
    sender: str
    username: str | None = None
    password: str | None = None
    reply_to: str | None = None
    unsubscribe: str | None = None
    leaving: Leaving | None = None

    def __repr__(self) -> str:
        return f"MailServer({self.host}:{self.port}, {self.security}, user={self.username!r})"


class DigestKind(StrEnum):
    """What a mail is. Only digests form the chain of ranges; the others stand beside it."""

    DIGEST = "digest"
    INSTANT = "instant"  # told at once; what it holds is left out of the next digest
    SPIKE = "spike"  # a topic has more articles than chance explains
    HEARTBEAT = "heartbeat"  # nothing was found, and the reader wants to know that


@dataclass(frozen=True, slots=True, kw_only=True)
class Stationery:
    """What all mails of an installation are written on.

    ``public_url`` is where readers find the archive's pages, if they do; ``templates`` are the operator's own, by
    name (``digest.html``), each instead of the one that comes with the program.
    """

    public_url: str | None = None
    templates: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """One issue of one subscription: every wanted match with from_seq < seq <= to_seq.

    ``changes``: every wanted term that came or left with an edit, from_change < id <= to_change.
    ``since`` is up to when the reader was told before, of one that holds nothing when the last mail was due;
    ``topic_order`` is the operator's order of all topics.
    ``stories`` of its articles that have copies, ``continued`` its articles of whose story the reader was told before,
    ``usual`` how many articles a topic finds in such a span.
    ``coverage``, ``sources_read`` and ``missed`` are of the sources that the subscription takes in.
    ``caught_up_from`` is the first hour that passed without a digest, because nothing ran; None when all went by plan.
    An instant digest holds some matches of its range and not the others; ``held_back`` counts the articles that were
    not told at once because the hour's mails were used up, and of an instant digest that uses up the last of them
    ``rest_at`` says when the rest comes.
    """

    subscription: Subscription
    from_seq: int
    to_seq: int
    due_at: datetime
    articles: tuple[MatchedArticle, ...]
    coverage: tuple[Coverage, ...]
    sources_read: int
    sources_well: int  # of these, how many had no trouble
    made_at: datetime
    since: datetime | None = None
    topic_order: tuple[str, ...] = ()
    from_change: int = 0
    to_change: int = 0
    changes: tuple[TermChange, ...] = ()
    stories: Mapping[int, Story] = field(default_factory=dict)
    continued: frozenset[int] = frozenset()
    usual: Mapping[str, float] = field(default_factory=dict)
    kind: DigestKind = DigestKind.DIGEST
    caught_up_from: datetime | None = None
    held_back: int = 0
    rest_at: datetime | None = None
    missed: float = 0.0  # about how many items came and went unread since then
    outlets: Mapping[int, int] = field(default_factory=dict)  # of articles, how many outlets have their story


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One mail to one recipient, rendered and complete; ``body`` is the RFC 5322 message as sent."""

    recipient: str
    channel: str
    message_id: str
    subject: str
    body: bytes
    html: str


class DeliveryState(StrEnum):
    """Where one message to one recipient stands."""

    DUE = "due"
    CLAIMED = "claimed"  # being handed over; nothing of the message has left yet
    DATA = "data"  # the message is on the wire: after a crash nobody knows
    SENT = "sent"
    UNKNOWN = "unknown"  # the line broke after the message left; the operator decides
    DEAD = "dead"  # refused for good, or tried too often


# Where a message goes when its subscription names nobody, or there is no mail server: see channels/folder.py.
OUTBOX = "outbox"
MAIL_CHANNEL = "mail"
FOLDER_CHANNEL = "folder"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionState:
    """What is remembered of a subscription.

    ``seq`` is where its next digest starts: every match up to it has been dealt with; ``change`` is the same for
    what edits did to terms. ``last_due_at`` is the latest due moment that was dealt with, with a digest or without;
    None before the first. ``hours_since`` is when the operator gave it other hours, or took it back into the file.
    ``queries_before``: what its own query was before, as topics, and up to which match.
    """

    subscription: Subscription
    created_at: datetime
    active: bool
    seq: int
    last_due_at: datetime | None
    change: int = 0
    hours_since: datetime | None = None
    queries_before: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message on its way to one recipient, as a channel gets it. ``attempts`` counts this one too."""

    id: int
    digest_id: int
    subscription_id: str
    due_at: datetime
    recipient: str
    channel: str
    message_id: str
    subject: str
    body: bytes
    html: str
    state: DeliveryState
    attempts: int
    last_error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What went wrong with one subscription; the others went on."""

    subscription_id: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestSummary:
    """The end of one digest tick. ``made`` digests hold something; ``empty`` ones were due and held nothing.

    ``rerouted`` messages waited for a mail server that is no longer configured, and go to the folder now.
    """

    made: int = 0
    empty: int = 0
    messages: int = 0
    rerouted: int = 0
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySummary:
    """The end of one delivery tick. ``failed`` will be tried again; ``dead`` and ``unknown`` will not.

    Each of ``errors`` says what follows, to whom, and why: ``given up: desk@example.org: 550 no such user``.
    """

    sent: int = 0
    failed: int = 0
    unknown: int = 0
    dead: int = 0
    errors: tuple[str, ...] = ()

    @property
    def handled(self) -> int:
        """How many deliveries were taken up."""
        return self.sent + self.failed + self.unknown + self.dead
