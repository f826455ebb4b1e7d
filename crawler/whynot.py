"""Why the archive does not have an article, or not its text, and which command or setting would change that.

Pure: what is known is handed in, and nothing is fetched. The same advice, reason by reason, stands in docs/sources.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from archive.model import RobotsRecord
from crawler.notfound import CONSENT_URL, about_consent, asks_for_consent
from crawler.redirectors import opaque
from crawler.remedies import advice, remedy
from crawler.robots import RobotsBook
from crawler.urls import canonical, plain, refusal

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that stood in the way, and what would change it (nothing, if nothing would)."""

    why: str
    change: str = ""


# What a feed is in while it cannot be read; the other events tell of one that is.
_FAILURES = ("unreachable", "blocked", "http_error", "not_a_feed", "refused", "gone")

_OBEYED = (
    "robots.txt is obeyed, and no setting changes that: ask the paper, or stop asking for its pages with pages: false "
    "in sources.yaml"
)

FEWEST = 50  # words of what is called an article without a doubt


# --- an article whose page was not read ---------------------------------------------------------------------------


def of_page(page: Row | None, url: str | None, text: str = "") -> Finding | None:
    """Return why the text of an article's page is not in the archive, None where it is.

    ``text``: what is in the archive for it; it may be a page's that is no article.
    """
    if page is None:
        return None
    if page["state"] == "read":
        return _of_text(text, page["url"] or "", url) if text else None
    reason, detail = page["reason"], page["detail"] or page["reason"]
    if page["state"] == "gone":
        kept = "; what it said before is kept" if text else ""
        return Finding(f"its page is not there any more since {_minute(page['gone_at'])} UTC: {detail}{kept}")
    again = f"; tried again at {_minute(page['due_at'])} UTC" if page["state"] == "due" and reason else ""
    if reason is None:
        return Finding(
            f"its page waits to be read since {_minute(page['due_at'])} UTC", "`presswatch run` reads it"
        )
    if reason == "robots":
        return Finding(
            f"its page is not read: {detail}{again}",
            _OBEYED,
        )
    if reason == "consent":
        return _consent(f"its page is not the article: {detail}{again}")
    if reason == "no_text" and CONSENT_URL.search(page["url"] or ""):
        return _consent(f"its page leads to one that asks for consent: {page['url']}{again}")
    if reason == "no_text" and url and opaque(url):
        return Finding(
            f"its link leads through {place(url)}, which does not say where to, and its page did not lead on{again}",
            "add a feed of the paper itself to sources.yaml",
        )
    if reason == "no_text":
        return Finding(
            f"its page was fetched, but no article text was found on it: too short, made by scripts, a video, "
            f"or a page that asks for consent{again}",
            f"`presswatch try page {url}` shows what it becomes",
        )
    if reason == "pages_off":
        return Finding("its page is not read: the source says pages: false", "pages: true in sources.yaml")
    if reason == "no_link":
        return Finding(
            "it has no page to read: the feed gives no link",
            "another feed of the paper may give one: `presswatch try feed URL` shows what a feed holds",
        )
    if page["state"] == "refused":
        return Finding(f"its page is never connected to: {detail}", advice("refused"))
    given_up = " (given up)" if page["state"] == "failed" else ""
    return Finding(
        f"its page could not be read{given_up}: {reason}: {detail}{again}",
        advice(reason) or f"`presswatch try page {url}` tries it now",
    )


def _of_text(text: str, ended: str, url: str | None) -> Finding | None:
    """Return what is doubtful about the text of a page that was read. A guess, by its length and its words alone."""
    words, about = about_consent(text)
    if CONSENT_URL.search(ended) or asks_for_consent(words, about):
        return _consent(
            f"its page was read, but looks like one that asks for consent, not like an article: {words} words "
            f"of text, {len(about)} of them about cookies, privacy or accepting"
        )
    if words < FEWEST:
        return Finding(
            f"its page was read, but is too short for an article: {words} "
            f"word{'s' if words != 1 else ''} of text, as of a video or pictures, or before a paywall",
            f"`presswatch try page {url}` shows what it becomes today",
        )
    return None


def _consent(why: str) -> Finding:
    return Finding(
        why,
        "open it in a browser: if that asks, too, pages: false in sources.yaml leaves what the feed says of articles",
    )


# --- an article that is not there -----------------------------------------------------------------------------------


def place(url: str) -> str | None:
    """Return host and port of a URL as the archive writes them, None if it is no http(s) URL."""
    clean = plain(url)
    return urlsplit(clean).netloc.rpartition("@")[2] if clean and clean.startswith("http") else None


def variants(url: str) -> list[str]:
    """Return what people write for the same URL, as keys: with and without www, http or https, no query."""
    clean = plain(url)
    if place(url) is None or clean is None:
        return []
    parts = urlsplit(clean)
    host = parts.netloc.removeprefix("www.")
    made = (
        canonical(f"{scheme}://{www}{host}{parts.path}{query}")
        for query in dict.fromkeys((f"?{parts.query}" if parts.query else "", ""))
        for scheme in ("https", "http")
        for www in ("", "www.")
    )
    return [one for one in dict.fromkeys(made) if one is not None and one != canonical(url)]


def schemed(text: str) -> list[str]:
    """Return the keys of the addresses that ``text`` is but for its http:// or https://, none where it is none."""
    if place(text) is not None or "/" not in text or plain(f"https://{text}") is None:
        return []
    made = (canonical(f"{scheme}://{text}") for scheme in ("https", "http"))
    return [one for one in made if one is not None]


def kin(one: str, other: str) -> bool:
    """Tell whether two hosts (with port) look like one site: one is the other, or a part of it (feeds., www.)."""
    one, other = one.removeprefix("www."), other.removeprefix("www.")
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def of_source(source_id: str, feeds: Sequence[Row]) -> list[Finding]:
    """Return why none of a source's feeds brought an article."""
    if not feeds:
        return [Finding(f"{source_id}: its feeds were not asked yet", "`presswatch run`")]
    found = []
    for feed in feeds:
        events = [one for one in feed["events"] if one["kind"] in _FAILURES]
        if feed["last_poll_at"] is None:
            found.append(
                Finding(f"{source_id}: its feed {feed['url']} was not asked yet", "`presswatch run`")
            )
        elif feed["failures"]:
            detail = events[0]["detail"] if events else feed["last_detail"] or feed["last_outcome"]
            last = f"last read {_minute(feed['last_ok_at'])} UTC" if feed["last_ok_at"] else "never read"
            times = f"{feed['failures']} times in a row" if feed["failures"] > 1 else "at the last try"
            found.append(
                Finding(f"{source_id}: its feed {feed['url']} failed {times} ({detail}; {last})",
                        advice(detail.partition(":")[0]) or "`presswatch sources` says when it can be read again")
            )  # fmt: skip
        else:
            at = f"was read at {_minute(feed['last_poll_at'])} UTC"
            found.append(Finding(f"{source_id}: its feed {feed['url']} {at}, and never offered it"))
        found += [_lost(source_id, feed["url"], event) for event in feed["events"] if event not in events]
    return found


def _lost(source_id: str, url: str, event: Row) -> Finding:
    return Finding(
        f"{source_id}: {event['kind']} since {_minute(event['since'])} UTC: {event['detail']}",
        remedy(event["kind"], event["detail"], url),
    )


def of_no_list(url: str, newest: Mapping[str, str | None]) -> Finding:
    """Return that what no feed lists is never seen. ``newest``: sources, and when each last had something new."""
    last = ", ".join(f"{one} {_minute(at)} UTC" for one, at in newest.items() if at)
    return Finding(
        "what no feed lists is never seen" + (f" (newest articles: {last})" if last else ""),
        f"add a feed that lists it under endpoints: of {' or '.join(newest)} in sources.yaml; "
        f"`presswatch try page {url}` shows what its page would become",
    )


def of_no_source(url: str, hosts: Sequence[str]) -> Finding:
    """Return that no source has the host of ``url``. ``hosts`` are those that sources have."""
    known = f" (they have {', '.join(hosts[:5])}{' …' if len(hosts) > 5 else ''})" if hosts else ""
    return Finding(
        f"no source in sources.yaml has the host {place(url)}{known}",
        "add a source with the feed of that paper to sources.yaml: `presswatch try feed URL` shows what a feed holds, "
        f"`presswatch try page {url}` what the page would become",
    )


def of_address(url: str) -> Finding | None:
    """Return why an address is never fetched, None if it may be."""
    why = refusal(url)
    return Finding(f"its page would not be read: {why}") if why else None


def of_robots(url: str, known: RobotsRecord | None, agent: str, now: datetime) -> Finding | None:
    """Return what the robots.txt that is known of a host says of ``url``, None where it lets it be read."""
    if known is None:
        return None
    book = RobotsBook(agent)
    book.add(known)
    decision = book.decide(known.host, url, now)
    if decision.allowed:
        return None
    return Finding(
        f"its page would not be read even if a feed offered it: {decision.why}",
        _OBEYED,
    )


def _minute(stamped: str | None) -> str:
    return (stamped or "?")[:16].replace("T", " ")
