"""Two addresses of one article on one site: AMP and mobile pages, the last slash, ``?ref=``, session ids.

    fold   host, path and query of an address ─▶ those of the form under which its article is known

No page is asked, so this folds only what no site uses to tell two articles apart, and where that is not sure, only
where the path names the article by itself (`tells`): ``m.`` may be a site of its own, and its ``/nota/7`` another
article than the ``/nota/7`` of ``www.``; the same headline in both paths is one article. ``crawler.ingest.aliases``
learns the others from their pages.
"""

from __future__ import annotations

import re

PREFIXES = frozenset({"www", "m", "mobile", "movil", "amp"})
"""First labels of a host that lead to the same articles, where the path tells which."""

REFERRERS = frozenset({"ref", "src", "source", "from"})
"""Parameters that say who led there, where their value is a word; with a number in it they may say what is shown."""

CAMPAIGNS = frozenset({"cmp", "icid", "mbid", "s_cid", "taid", "emc"})
"""Parameters that say how a reader came whatever their value, unless the page is one that shows any article."""

SESSIONS = frozenset({"jsessionid", "phpsessid", "aspsessionid"})
"""Parameters that are new at every visit."""

_SCRIPT = re.compile(r"\.(?:[sx]?html?|php\d?|aspx?|jsp|cfm|cms|ece|do)$", re.IGNORECASE)
_AMP_FILE = re.compile(r"(?<=[^/.])\.amp(?=$|\.html?$)", re.IGNORECASE)
_SESSION = re.compile(r";jsessionid=[^/;]*", re.IGNORECASE)
_WORD = re.compile(r"[^-_A-Za-z]*[A-Za-z][^-_]+|[^-_A-Za-z]+[A-Za-z]")
_NUMBER = re.compile(r"\d{4}")
_DAY = re.compile(r"/(?:19|20)\d\d[-/](?:\d\d?|[a-z]{3})[-/]\d\d?$", re.IGNORECASE)
_NO_NAME = frozenset({"", "index", "default", "home"})
_REFERRER = re.compile(r"(?:[a-z]+(?:(?:[._-]|%20|\+)[a-z]+)*\d{0,2})?", re.IGNORECASE)
_BLOGGER = re.compile(r"(?:^|\.)blogspot(?:\.[a-z]{2,3}){1,2}$")
_YES = ("", "1", "true", "yes")


def fold(host: str, path: str, query: str) -> tuple[str, str, str]:
    """Return host (without port), path and query of the form under which an article is known.

    All three are in the form of `crawler.urls.plain`. May have to be applied again until nothing changes.
    """
    path = _path(path)
    if query:
        query = "&".join(piece for piece in query.split("&") if not _beside(host, path, *_pair(piece)))
    return (bare(host) if host.partition(".")[0] in PREFIXES and tells(path) else host), path, query


def tells(path: str) -> bool:
    """Tell whether a path names an article by itself: one of its last two segments is a headline, or a day and a word.

    The last but one counts as a headline only when it is longer than names of sections are:
    ``latin-america-and-the-caribbean``.
    """
    before, _, last = path.rstrip("/").rpartition("/")
    last = _SCRIPT.sub("", last) if "." in last else last
    words = len(_WORD.findall(last))
    if words >= 4 or (words == 3 and len(last) >= 20):
        return True
    if _DAY.search(before) and last.lower() not in _NO_NAME and re.search("[A-Za-z]{3}", last):
        return True
    return len(_WORD.findall(before.rstrip("/").rpartition("/")[2])) >= 6


def bare(host: str) -> str:
    """Return a host without what stands before it for readers on a phone, or for nothing (`PREFIXES`)."""
    while True:
        label, _, rest = host.partition(".")
        if label not in PREFIXES or "." not in rest:
            return host
        host = rest


def _path(path: str) -> str:
    path = _SESSION.sub("", path).rstrip("/") if ";" in path else path.rstrip("/")
    if "amp" not in path.lower():
        return path or "/"
    path = _AMP_FILE.sub("", path)
    segments = path.split("/")
    # "/amp" alone is a home page, of an association of that name perhaps.
    while len(segments) > 2 and segments[-1].lower() == "amp":
        segments.pop()
    if tells("/".join(segments)):
        segments = [segment for segment in segments if segment.lower() != "amp"]
    return "/".join(segments).rstrip("/") or "/"


def _beside(host: str, path: str, name: str, value: str) -> bool:
    """Tell whether a parameter says how a page is shown or who led there, not which page it is."""
    if name in ("outputtype", "output"):
        return value.lower() == "amp"
    if name in ("amp", "_amp"):
        return value.lower() in _YES
    if name == "m":
        return value == "1" and bool(_BLOGGER.search(host))
    if name in REFERRERS or name in CAMPAIGNS:
        # Rarely it is the number of a press release, or the name of an article on a page that shows any.
        named = tells(path) or bool(_NUMBER.search(path.rpartition("/")[2]))
        return named and (name in CAMPAIGNS or bool(_REFERRER.fullmatch(value)))
    return name in SESSIONS


def _pair(piece: str) -> tuple[str, str]:
    name, _, value = piece.partition("=")
    return name.lower(), value
