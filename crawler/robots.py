"""robots.txt as RFC 9309 has it: protego reads the file, this module keeps one per host, and decides.

    2xx            the file, read up to 500 KiB
    4xx            there is none: everything is allowed; so it is when redirects lead nowhere
    5xx, no answer everything is disallowed; after 30 days the last good copy counts again, or none
    expires        after 24 hours
    Crawl-delay    is no part of it, and kept all the same, up to a minute: `crawler.throttle`

Protego's own choice of a group is not used: to it "User-agent: press" speaks to *presswatch* too (RFC 9309,
2.2.1 asks for the whole product token), and it does not say which line decided.

Pure: `crawler.middlewares` fetches, the archive keeps the records.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from protego import Protego
from protego._utils import _quote_path

from archive.model import RobotsRecord

MAX_BYTES = 500 * 1024  # RFC 9309, 2.5: at least 500 KiB must be read
LIFETIME = timedelta(hours=24)
UNREACHABLE_LIFETIME = timedelta(minutes=30)
PATIENCE = timedelta(days=30)
MOST_DELAY = 60.0  # seconds; who asks for more than that between two requests asks for his news to come late
IN_LOOP = (
    16 * 1024
)  # characters; a longer file is read by a worker: one of 450 KB held the loop up for 0.65 s
MOST_HOSTS = 2000  # files kept in memory, beyond those that still hold

_PRODUCT = re.compile(r"[A-Za-z_-]+")
_TOKEN = re.compile(r"[a-z_-]*")  # RFC 9309, 2.2.1; "Presswatch/0.1" in a file means presswatch


class Rules(NamedTuple):
    """What a file says to one name; plain values, so that a worker can hand over twenty thousand lines at once.

    ``lines``: whether it allows, and the pattern, the deciding ones first. ``delay``: the seconds of its Crawl-delay.
    """

    lines: tuple[tuple[bool, str], ...]
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a URL may be fetched, and the line or rule that says so."""

    allowed: bool
    why: str


def robots_name(agent: str) -> str:
    """Return the name by which robots.txt files may speak to ``agent``: its product (RFC 9309, 2.2.1)."""
    found = _PRODUCT.match(agent)
    return found[0].lower() if found else "presswatch"


class RobotsBook:
    """The robots.txt files known at the moment, each parsed once."""

    def __init__(self, agent: str) -> None:
        self.agent = agent.lower()
        self._records: dict[str, RobotsRecord] = {}
        self._rules: dict[str, dict[str, Rules]] = {}  # by host, and by the name under which we ask there

    def __len__(self) -> int:
        """Return how many hosts are known."""
        return len(self._records)

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

    def forget(self, now: datetime) -> None:
        """Let go of what nobody will miss, so that the book does not grow for as long as the service lives.

        An expired file is worth keeping: it counts when its host does not answer any more, and says since when that
        is so. After `PATIENCE` it is not, and where there are very many, those that expired first go.
        """
        # Not what expired just now: a page may be on its way to `decide` with it.
        gone = now - UNREACHABLE_LIFETIME
        expired = sorted(
            (one.expires_at, host) for host, one in self._records.items() if one.expires_at <= gone
        )
        too_many = max(0, len(self._records) - MOST_HOSTS)
        for number, (expires_at, host) in enumerate(expired):
            if number < too_many or expires_at < now - PATIENCE:
                del self._records[host]
                self._rules.pop(host, None)

    def long(self, host: str) -> bool:
        """Tell whether the file of ``host`` is one that the loop has no time for."""
        return len(self._records[host].body) > IN_LOOP

    def unread(self, host: str, now: datetime, agent: str | None = None) -> RobotsRecord | None:
        """Return the file of ``host`` when it is long, and has yet to be parsed before anything can be decided.

        Then `take` brings what `rules` makes of it; without that, `decide` parses it where it stands.
        """
        known = self._records[host]
        read = (agent or self.agent) in self._rules.get(host, ())
        settled = read or _without_file(known, now) is not None
        return None if settled or not self.long(host) else known

    def take(self, known: RobotsRecord, found: Rules, agent: str | None = None) -> None:
        """Take note of what ``known`` was parsed to, unless another file has taken its place."""
        if self._records.get(known.host) is known:
            self._rules.setdefault(known.host, {})[agent or self.agent] = found

    def decide(self, host: str, url: str, now: datetime, agent: str | None = None) -> Decision:
        """Return whether ``url`` on ``host`` may be fetched; the file must have been added.

        ``agent``: the name under which a source is asked that wants another than the others.
        """
        known = self._records[host]
        settled = _without_file(known, now)
        if settled is not None:
            return settled
        path = _quote_path(url)
        for allowed, pattern in self._read(known, agent or self.agent).lines:
            if _matches(pattern, path):
                return Decision(allowed, f"robots.txt: {'Allow' if allowed else 'Disallow'}: {pattern}")
        return Decision(True, "robots.txt has no rule for it")

    def delay(self, host: str, agent: str | None = None) -> float:
        """Return how many seconds ``host`` wants between two requests, 0 where it says nothing, or nothing is known.

        An expired file counts too: it is the last that was heard. One that only a worker may parse, once it has.
        """
        known = self._records.get(host)
        name = agent or self.agent
        if known is None or (name not in self._rules.get(host, ()) and len(known.body) > IN_LOOP):
            return 0.0
        return min(self._read(known, name).delay, MOST_DELAY)

    def _read(self, known: RobotsRecord, name: str) -> Rules:
        by_agent = self._rules.setdefault(known.host, {})
        found = by_agent.get(name)
        if found is None:
            found = by_agent[name] = rules(known.body, name)
        return found


def _without_file(known: RobotsRecord, now: datetime) -> Decision | None:
    """Return what is decided before the file is looked at, None where the file decides."""
    since = known.unreachable_since
    if since is not None and now - since <= PATIENCE:
        answer = "could not be reached" if known.status is None else f"answered {known.status}"
        return Decision(False, f"robots.txt {answer}")
    if since is None and known.status is not None and known.status >= 300:
        return Decision(True, f"there is no robots.txt ({known.status})")
    return None


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


def rules(body: str, agent: str) -> Rules:
    """Return the rules of all groups that speak to ``agent``, or to everybody, the deciding ones first."""
    # A test holds these private names against the pinned version.
    groups = Protego.parse(body)._user_agents
    mine = [group for name, group in groups.items() if _TOKEN.match(name)[0] == agent]  # type: ignore[index]
    everybody = [groups["*"]] if "*" in groups else []
    ours = mine or everybody
    found = [(rule.field == "allow", rule.value._pattern) for group in ours for rule in group._rules]
    # The longest pattern decides; of two as long, the one that allows (RFC 9309, 2.2.2).
    lines = tuple(sorted(found, key=lambda rule: (len(rule[1]), rule[0]), reverse=True))
    return Rules(lines, max((group.crawl_delay or 0.0 for group in ours), default=0.0))


def _matches(pattern: str, path: str) -> bool:
    """Return what protego's pattern would, without an object for each: a file may have fifty thousand."""
    exact = pattern.endswith("$")
    first, *parts = pattern[: -1 if exact else None].split("*")
    if not parts:
        return path == first if exact else path.startswith(first)
    if not path.startswith(first):
        return False
    at = len(first)
    *middle, last = parts
    for part in middle:
        found = path.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return path.endswith(last) and len(path) - len(last) >= at if exact else path.find(last, at) >= 0
