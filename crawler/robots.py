"""robots.txt as RFC 9309 has it: protego reads the file, this module keeps one per host, and decides.

    2xx            the file, read up to 500 KiB
    4xx            there is none: everything is allowed; so it is when redirects lead nowhere
    5xx, no answer everything is disallowed; after 30 days the last good copy counts again, or none
    expires        after 24 hours

Protego's own choice of a group is not used: to it "User-agent: press" speaks to *presswatch* too (RFC 9309,
2.2.1 asks for the whole product token), and it does not say which line decided.

Pure: `crawler.middlewares` fetches, the archive keeps the records.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from protego import Protego
from protego._ruleset import _Rule
from protego._utils import _quote_path

from archive.model import RobotsRecord

MAX_BYTES = 500 * 1024  # RFC 9309, 2.5: at least 500 KiB must be read
LIFETIME = timedelta(hours=24)
UNREACHABLE_LIFETIME = timedelta(minutes=30)
PATIENCE = timedelta(days=30)

_TOKEN = re.compile(r"[a-z_-]*")  # RFC 9309, 2.2.1; "Presswatch/0.1" in a file means presswatch


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a URL may be fetched, and the line or rule that says so."""

    allowed: bool
    why: str


class RobotsBook:
    """The robots.txt files known at the moment, each parsed once."""

    def __init__(self, agent: str) -> None:
        self._agent = agent.lower()
        self._records: dict[str, RobotsRecord] = {}
        self._rules: dict[str, tuple[_Rule, ...]] = {}

    def add(self, record: RobotsRecord) -> None:
        """Take note of a host's file."""
        self._records[record.host] = record
        self._rules.pop(record.host, None)

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
        rules = self._rules.get(host)
        if rules is None:
            rules = self._rules[host] = _rules(known.body, self._agent)
        path = _quote_path(url)
        for rule in rules:
            if rule.value.match(path):
                line = f"{rule.field.capitalize()}: {rule.value._pattern}"
                return Decision(rule.field == "allow", f"robots.txt: {line}")
        return Decision(True, "robots.txt has no rule for it")


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
    text = body[:MAX_BYTES].decode("utf-8-sig", "replace") if good else ""
    return RobotsRecord(host=host, fetched_at=now, expires_at=now + LIFETIME, status=status, body=text)


def _rules(body: str, agent: str) -> tuple[_Rule, ...]:
    """Return the rules of all groups that speak to ``agent``, or to everybody, the deciding ones first."""
    # A test holds these private names against the pinned version.
    groups = Protego.parse(body)._user_agents
    mine = [group for name, group in groups.items() if _TOKEN.match(name)[0] == agent]  # type: ignore[index]
    everybody = [groups["*"]] if "*" in groups else []
    rules = [rule for group in mine or everybody for rule in group._rules]
    # The longest pattern decides; of two as long, the one that allows (RFC 9309, 2.2.2).
    return tuple(sorted(rules, key=lambda rule: (rule.value.priority, rule.field == "allow"), reverse=True))
