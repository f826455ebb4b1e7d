"""robots.txt as RFC 9309 has it: protego reads the file, this module keeps one per host and says who decided.

    2xx            the file, read up to 500 KiB
    4xx            there is none: everything is allowed
    5xx, no answer everything is disallowed; after 30 days the last good copy counts again, or none
    expires        after 24 hours

Pure: `crawler.middlewares` fetches, the archive keeps the records.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from protego import Protego
from protego._utils import _quote_path

from archive.model import RobotsRecord

MAX_BYTES = 500 * 1024  # RFC 9309, 2.5: at least 500 KiB must be read
LIFETIME = timedelta(hours=24)
UNREACHABLE_LIFETIME = timedelta(minutes=30)
PATIENCE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a URL may be fetched, and the line or rule that says so."""

    allowed: bool
    why: str


class RobotsBook:
    """The robots.txt files known at the moment, each parsed once."""

    def __init__(self, agent: str) -> None:
        self._agent = agent
        self._records: dict[str, RobotsRecord] = {}
        self._parsed: dict[str, Protego] = {}

    def add(self, record: RobotsRecord) -> None:
        """Take note of a host's file."""
        self._records[record.host] = record
        self._parsed.pop(record.host, None)

    def get(self, host: str) -> RobotsRecord | None:
        """Return what is known of ``host``, however old."""
        return self._records.get(host)

    def fresh(self, host: str, now: datetime) -> bool:
        """Tell whether the file of ``host`` is known and has not expired."""
        known = self._records.get(host)
        return known is not None and known.expires_at > now

    def decide(self, host: str, url: str, now: datetime) -> Decision:
        """Return whether ``url`` on ``host`` may be fetched; the file must have been added."""
        known = self._records[host]
        since = known.unreachable_since
        if since is not None and now - since <= PATIENCE:
            answer = "could not be reached" if known.status is None else f"answered {known.status}"
            return Decision(False, f"robots.txt {answer}")
        if since is None and known.status is not None and known.status >= 300:
            return Decision(True, f"there is no robots.txt ({known.status})")
        parsed = self._parsed.get(host)
        if parsed is None:
            parsed = self._parsed[host] = Protego.parse(known.body)
        allowed = bool(parsed.can_fetch(url, self._agent))
        line = _deciding_line(parsed, url, self._agent)
        return Decision(allowed, f"robots.txt: {line}" if line else "robots.txt has no rule for it")


def record(
    host: str, status: int | None, body: bytes, now: datetime, was: RobotsRecord | None
) -> RobotsRecord:
    """Return what is to be kept of an answer for robots.txt.

    ``status`` None: there was no answer. ``was``: what was known before; its body outlives a failure.
    """
    if status is None or status >= 500:
        return RobotsRecord(
            host=host,
            fetched_at=now,
            expires_at=now + UNREACHABLE_LIFETIME,
            status=status,
            body=was.body if was else "",
            unreachable_since=(was.unreachable_since if was else None) or now,
        )
    good = 200 <= status < 300
    text = body[:MAX_BYTES].decode("utf-8", "replace") if good else ""
    return RobotsRecord(host=host, fetched_at=now, expires_at=now + LIFETIME, status=status, body=text)


def _deciding_line(parsed: Protego, url: str, agent: str) -> str | None:
    # protego keeps its rules sorted by precedence but does not say which one decided. A test holds these
    # private names against the pinned version.
    rules = parsed._get_matching_rule_set(agent)
    quoted = _quote_path(url)
    for rule in rules._rules if rules else ():
        if rule.value.match(quoted):
            return f"{rule.field.capitalize()}: {rule.value._pattern}"
    return None
