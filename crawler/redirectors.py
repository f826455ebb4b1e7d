"""Links that lead through somebody who counts clicks: where they lead, as far as the link itself says.

    target   the address that a link leads to; None where it leads nowhere else, or does not say where
    opaque   whether a link leads on, and does not say where: only the redirect of its page tells

Nothing is asked. Google News wrote the address into its links until 2024, in base64; since then it writes a number
that only its own scripts can read. ``<source url>`` beside it is the home page of the paper, not the article.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from urllib.parse import SplitResult, unquote, urlsplit

from . import urls

MOST_STEPS = 5

# Host, path, and the parameters of which the first that is a web address is where the link leads.
_BY_PARAMETER = tuple(
    (re.compile(host), re.compile(path), names)
    for host, path, names in (
        (r"(?:www\.)?google(?:\.[a-z]{2,3}){1,2}", r"/url", ("url", "q")),  # Google Alerts
        (r"news\.google\.com", r"/news/url", ("url",)),
        (r"(?:www\.)?bing\.com", r"/news/apiclick\.aspx", ("url",)),
        (r"(?:lm?|m|www)\.facebook\.com", r"/l\.php", ("u",)),
        (r"l\.(?:instagram|threads)\.com", r"/", ("u",)),
        (r"(?:www\.)?youtube\.com", r"/redirect", ("q",)),
        (r"(?:www\.)?linkedin\.com", r"/(?:safety/go|redir/redirect)/?", ("url",)),
        (r"out\.reddit\.com", r".*", ("url",)),
        (r"t\.umblr\.com", r"/redirect", ("z",)),
        (r"(?:html\.)?duckduckgo\.com", r"/l/", ("uddg",)),
        (r"(?:www\.|m\.)?vk\.com", r"/away\.php", ("to",)),
        (r"[a-z0-9]+\.safelinks\.protection\.outlook\.com", r"/.*", ("url",)),
    )
)

_SHORT = frozenset({
    "bit.ly", "buff.ly", "cutt.ly", "dlvr.it", "fb.me", "goo.gl", "ift.tt", "is.gd", "j.mp", "lnkd.in", "ow.ly",
    "rebrand.ly", "shar.es", "t.co", "tinyurl.com", "trib.al",
})  # fmt: skip
# Nearly no link is one of these, and each is asked.
_MAYBE = re.compile(
    r"/~r/|//[^/]*(?:google|bing\.|facebook|instagram|threads\.|youtube|linkedin|reddit|umblr|duckduckgo|vk\.com"
    rf"|outlook|yahoo|ampproject)|//(?:{'|'.join(map(re.escape, sorted(_SHORT)))})[:/?#]",
    re.IGNORECASE,
)
_GOOGLE_NEWS = re.compile(r"/(?:__i/)?(?:rss/)?(?:rd/)?(?:articles|read)/([A-Za-z0-9_-]+={0,2})/?")
_FEEDBURNER = "/~r/"  # at feedproxy.google.com, or at a name that the paper has there: feeds.paper.example
_YAHOO = re.compile(r"/RU=([^/]+)/")
_OLD_YAHOO = re.compile(r"/\*(https?(?::|%3a).*)", re.IGNORECASE)
_AMP_VIEWER = re.compile(r"/amp/(s/)?([^/]+\.[^/]+(?:/.*)?)")
_AMP_CACHE = re.compile(r"/[civ]/(s/)?([^/]+\.[^/]+(?:/.*)?)")


def resolved(url: str) -> str:
    """Return where ``url`` leads at the end of all that can be told from it; itself where it leads nowhere else."""
    for _ in range(MOST_STEPS):
        further = target(url)
        if further is None:
            break
        url = further
    return url


def target(url: str) -> str | None:
    """Return the web address that ``url`` leads to by its own words, None when it is no redirector or does not say."""
    parts = _split(url)
    if parts is None:
        return None
    found = next((one for one in _targets(parts) if one and one.startswith(("http://", "https://"))), None)
    # A link of the redirector's own (its help, its home) leads nowhere; nor may it smuggle what is never fetched.
    return found if found and not urls.refusal(found) else None


def opaque(url: str) -> bool:
    """Tell whether ``url`` leads somewhere else without saying where."""
    parts = _split(url)
    if parts is None:
        return False
    host = parts.hostname or ""
    through = (
        host in _SHORT
        or (host == "news.google.com" and bool(_GOOGLE_NEWS.fullmatch(parts.path)))
        or parts.path.startswith(_FEEDBURNER)
    )
    return through and target(url) is None


def asks(url: str) -> bool:
    """Tell whether ``url``, in its plain form, is where a server sends everybody to be asked for consent."""
    return url.startswith(("https://consent.", "https://guce."))


def _split(url: str) -> SplitResult | None:
    if not _MAYBE.search(url):
        return None
    plain = urls.plain(url)
    return urlsplit(plain) if plain and plain.startswith(("http://", "https://")) else None


def _targets(parts: SplitResult) -> Iterator[str | None]:
    host = parts.hostname or ""
    for hosts, path, names in _BY_PARAMETER:
        if hosts.fullmatch(host) and path.fullmatch(parts.path):
            given = dict(_pairs(parts.query))
            yield from (given.get(name) for name in names)
    if host == "news.google.com" and (article := _GOOGLE_NEWS.fullmatch(parts.path)):
        yield _google_news(article.group(1))
    if host.endswith(".search.yahoo.com") and (found := _YAHOO.search(parts.path)):
        yield unquote(found.group(1))
    if host.endswith(".rd.yahoo.com") and (found := _OLD_YAHOO.search(parts.path)):
        yield unquote(found.group(1))
    amp = None
    if re.fullmatch(r"(?:www\.)?google(?:\.[a-z]{2,3}){1,2}", host):
        amp = _AMP_VIEWER.fullmatch(parts.path)
    elif host.endswith(".cdn.ampproject.org"):
        amp = _AMP_CACHE.fullmatch(parts.path)
    if amp:
        query = f"?{parts.query}" if parts.query else ""
        yield f"http{'s' if amp.group(1) else ''}://{amp.group(2)}{query}"


def _pairs(query: str) -> Iterator[tuple[str, str]]:
    for piece in query.split("&"):
        name, _, value = piece.partition("=")
        yield name, unquote(value)


def _google_news(article: str) -> str | None:
    """Return the address in the name of an article of Google News: field 4 of a protocol buffer, in base64."""
    try:
        data = base64.urlsafe_b64decode(article.rstrip("=") + "=" * (-len(article.rstrip("=")) % 4))
    except (binascii.Error, ValueError):
        return None
    start = data.find(b"\x22")
    if start < 0:
        return None
    length, shift, at = 0, 0, start + 1
    while at < len(data) and shift < 21:
        length |= (data[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 0x80:
            break
    try:
        return data[at : at + length].decode("ascii") if at + length <= len(data) else None
    except UnicodeDecodeError:
        return None
