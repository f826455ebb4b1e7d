"""The values of the alerts side, in the order in which they flow.

    Subscription, MailServer   what the operator wrote down        config  -> watch, channels
    Digest                     which matches, for whom, when due   watch   -> render
    Message                    what one recipient gets             render  -> outbox -> channel
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from archive.model import Coverage, MatchedArticle


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Who gets which topics, and when. ``topics`` None means all; ``to`` empty means data_dir/outbox.

    ``when`` is the operator's own words (``daily at 07:00``), read by `alerts.watch.read_when`;
    ``zone`` is an IANA time zone.
    """

    id: str
    name: str
    to: tuple[str, ...]
    topics: tuple[str, ...] | None
    when: str
    zone: str
    language: str


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

    def __repr__(self) -> str:
        return f"MailServer({self.host}:{self.port}, {self.security}, user={self.username!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """One issue of one subscription: every wanted match with from_seq < seq <= to_seq."""

    subscription: Subscription
    from_seq: int
    to_seq: int
    due_at: datetime
    articles: tuple[MatchedArticle, ...]
    coverage: tuple[Coverage, ...]
    sources_read: int
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One mail to one recipient, rendered and complete; ``body`` is the RFC 5322 message as sent."""

    recipient: str
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
