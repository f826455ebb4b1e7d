"""What an HTTP answer says beside its body: its status, its validators, where it moved, how long to wait.

And how a source is asked. The seam to Scrapy's responses; nothing here keeps or fetches anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

from scrapy.http import Response
from w3lib.http import basic_auth_header

from archive.errors import FetchError
from archive.model import Access, Source, Task
from crawler.site import same_site
from crawler.urls import refusal

_MAX_AGE = re.compile(r'(?:^|[\s,])max-age\s*=\s*"?(\d{1,10})"?\s*(?:,|$)', re.IGNORECASE)
_NOT_KEPT = re.compile(r"(?:^|[\s,])no-(?:cache|store)\b", re.IGNORECASE)

TaskKind = TypeVar("TaskKind", bound=Task)

FEED_TYPES = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.8"
)
SITEMAP_TYPES = "application/xml, text/xml, */*;q=0.8"
ROBOTS_TYPES = "text/plain, */*;q=0.5"
PAGE_TYPES = "text/html, application/xhtml+xml, */*;q=0.5"


def asking(access: Access, types: str) -> dict[str, str]:
    """Return the headers of a request as its source wants them."""
    headers = {"Accept": types, **dict(access.headers)}
    if access.user_agent:
        headers["User-Agent"] = access.user_agent
    if access.username is not None:
        headers["Authorization"] = basic_auth_header(access.username, access.password or "").decode("ascii")
    return headers


def granted(access: Access, url: str, servers: Iterable[str]) -> Access:
    """Return what of ``access`` may be sent to ``url``: all of it to the servers that it is for, else the name alone.

    A header may be a key as well as a password is. ``servers`` are the addresses that the operator wrote down beside
    it; one with ``www.`` before it is the same, one by http where that was https is not. Whether certificates count
    is said for the whole site.
    """
    named = tuple(servers)
    if _server(url) in {_server(one) for one in named}:
        return access
    # Not verifying is no secret, but a risk that was taken for one site.
    verify = access.verify or not any(same_site(url, one) for one in named)
    return Access(user_agent=access.user_agent, verify=verify)


def of_source(task: TaskKind, source: Source) -> TaskKind:
    """Return ``task`` with what ``source`` is to be asked with; an entry of its feed may link to anybody."""
    access = granted(source.access, task.url, (one.url for one in source.endpoints))
    return replace(task, access=access, selectors=source.selectors)


def _server(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower().removeprefix("www.")


def validators(task: Task) -> dict[str, str]:
    """Return the headers that ask for an answer only if it is another than the one we have."""
    asked = {"If-None-Match": task.etag, "If-Modified-Since": task.last_modified}
    return {name: value for name, value in asked.items() if value}


def same(response: Response, task: Task) -> bool:
    """Tell whether the answer is that nothing changed; only to who asked that."""
    return response.status == 304 and bool(task.etag or task.last_modified)


def still_held(common: dict[str, Any], task: Task) -> dict[str, Any]:
    """Return the validators after a 304, which need not repeat them: those that were sent hold (RFC 9110, 15.4.5)."""
    return {name: common[name] or getattr(task, name) for name in ("etag", "last_modified")}


def problem(response: Response) -> FetchError | None:
    """Return what is wrong with the answer as a whole, None when its body can be read."""
    status = response.status
    if not 100 <= status < 600:
        return FetchError("bad_status", f"{str(status)[:20]} is no HTTP status")
    if status == 304:
        return FetchError("http_304", "the server says that nothing changed, but was not asked that")
    if 300 <= status < 400:
        # Redirects to http and https were followed before this; what arrives here leads elsewhere.
        target = urljoin(response.url, header(response, "Location") or "")
        why = refusal(target) or "the redirect leads nowhere"
        return FetchError("refused", f"redirected to {target}: {why}", retry=False)
    if status >= 400:
        return FetchError(f"http_{status}", f"the server answered {status}", retry=status != 410)
    if status == 204 or not response.body:
        return FetchError("empty", "the answer is empty")
    return None


def header(response: Response, name: str) -> str | None:
    """Return one header, None when it is missing or empty."""
    value = response.headers.get(name)
    return value.decode("latin-1").strip() or None if value else None


def ms(response: Response) -> int:
    """Return how many milliseconds the answer took."""
    return int(1000 * response.meta.get("download_latency", 0.0))


def moved_to(response: Response) -> str | None:
    """Return where a chain of permanent redirects led; one temporary step makes it temporary."""
    reasons = response.meta.get("redirect_reasons", [])
    return response.url if reasons and all(reason in (301, 308) for reason in reasons) else None


def retry_after(response: Response, now: datetime) -> float | None:
    """Return the seconds of Retry-After, which gives seconds or a date (RFC 9110, 10.2.3)."""
    value = header(response, "Retry-After")
    if value is None:
        return None
    if value.isdecimal() and value.isascii():
        return float(value)
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None  # a server that writes neither is treated as one that wrote nothing
    # The oldest of the three forms of a date, that of asctime, names no zone: it is in UTC as well.
    return max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - now).total_seconds())


def max_age(value: str | None) -> float | None:
    """Return for how many seconds an answer holds, as its Cache-Control says; None where it says nothing of use."""
    if value is None or _NOT_KEPT.search(value):
        return None
    found = _MAX_AGE.search(value)
    return float(found.group(1)) if found else None


def led_home(response: Response, asked: str) -> str:
    """Return words for a redirect to a home page, where many an address that is no more leads; nothing for others."""
    here = urlsplit(response.url)
    home = here.path in ("", "/") and not here.query and urlsplit(asked).path not in ("", "/")
    return f"; the address redirects to the home page {response.url}" if home else ""
