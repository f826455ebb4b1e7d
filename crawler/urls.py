"""URLs: what a link means, what makes two links one, and which are never fetched.

    join      a link as offered, made absolute
    plain     the address that is fetched and shown (RFC 3986, section 6.2.2, without trackers)
    canonical the form under which an article is known: `plain`, and all twins of one page as one (`crawler.twins`)
    refusal   why a URL must not be fetched, by its syntax alone

Nothing here connects, resolves a name, or judges an address: the network guard does. Nothing here raises
for any text: a link that cannot be read is a value like any other.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from urllib.parse import SplitResult, urljoin, urlsplit

import idna

from . import twins

RULES = 2
"""The number of the rules of `canonical`. Whoever changes them counts on: the keys of an archive follow (`upgrade`)."""

MAX_URL = 2_000
"""Characters of the longest URL that is fetched; some servers and proxies stop at 2,048."""

NO_SCHEME = "no scheme"
"""What `refusal` says of a link that is not absolute."""

TRACKING = frozenset({
    "_ga", "_gl", "_hsenc", "_hsmi", "at_campaign", "at_custom1", "at_custom2", "at_custom3", "at_custom4",
    "at_format", "at_link_id", "at_link_origin", "at_link_type", "at_medium", "at_ptr_name", "at_bbc_team",
    "cmpid", "dclid", "fbclid", "gbraid", "gclid", "gclsrc", "igshid", "igsh", "ito", "mc_cid", "mc_eid",
    "mkt_tok", "msclkid", "ncid", "srsltid", "twclid", "ttclid", "wbraid", "yclid",
    "__twitter_impression", "_branch_match_id", "_branch_referrer", "_openstat", "fb_action_ids",
    "fb_action_types", "fb_ref", "fb_source", "guccounter", "guce_referrer", "guce_referrer_sig", "hsctatracking",
    "li_fat_id", "ns_campaign", "ns_fee", "ns_linkname", "ns_mchannel", "ns_source", "ocid", "oly_anon_id",
    "oly_enc_id", "ref_src", "ref_url", "smid", "smtyp", "traffic_source", "wickedid", "wt.mc_id", "wt_mc", "xtor",
    "ysclid", "__hssc", "__hstc", "__hsfp",
    # Of Matomo; others call the number of an article pk_something.
    "pk_campaign", "pk_cid", "pk_content", "pk_group", "pk_keyword", "pk_kwd", "pk_medium", "pk_placement", "pk_source",
    "pk_vid",
})  # fmt: skip
"""Query parameters that say how a reader came, never what is read. Whole families are dropped beside them."""

_FAMILIES = ("utm_", "mtm_", "itm_", "hsa_", "matomo_")

_EDGE = (
    "".join(map(chr, range(0x21)))
    + "\x7f"
    + "".join(map(chr, range(0x80, 0xA1)))
    + "\u200b\u2028\u2029\ufeff"
)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(?=:)")
_TAIL = re.compile("[?#]")
_BREAKS = re.compile("[\t\r\n]")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
# RFC 3986, appendix A: what pchar, query and userinfo may hold beside unreserved characters and escapes.
_NOT_PATH = re.compile(r"%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9\-._~!$&'()*+,;=:@/%]")
_NOT_QUERY = re.compile(r"%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9\-._~!$&'()*+,;=:@/?%]")
_NOT_USERINFO = re.compile(r"%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9\-._~!$&'()*+,;=:%]")
_HOST = re.compile(r"[a-z0-9._-]+")
_BRACKETS = re.compile(r"\[[^\[\]]*\](?::\d*)?")
# An absolute link with nothing in it that joining would change; nearly all are such.
_WHOLE = re.compile(
    r"https?://[A-Za-z0-9.-]+(?:/[A-Za-z0-9._~!$&'()*+,=:@%/-]*)?(?:\?[A-Za-z0-9._~!$&'()*+,=:@%/-]+)?"
)
_PORTS = {"http": 80, "https": 443}
# Up to the last @ before the path; or, where no port follows the first colon, further: passwords hold slashes too.
_USER = re.compile(r"(?<=[/\\]{2})(?:[^\s/?#\\\"']*@|[^\s/?#:@\"']*:(?!\d*(?:[/?#\s]|$))[^\s\"']*@)")
_ALONE = re.compile(r"^[^\s/?#:@]+:[^\s@]*@")


def join(base: str, link: str) -> str | None:
    """Return ``link``, as offered on ``base``, made absolute (RFC 3986, section 5, and as browsers read it).

    None when it is empty, cannot be read, or stays relative because ``base`` is.
    """
    if _WHOLE.fullmatch(link):
        return link
    base, link = _strip(base), _strip(link)
    try:
        joined = urljoin(base, _slashed(base, link)) if link else ""
    except ValueError:  # http://[::1 was seen in a live feed
        return None
    return joined if _SCHEME.match(joined) else None


def canonical(url: str) -> str | None:
    """Return the form of ``url`` under which an article is known; the canonical form of that is itself.

    Beyond `plain`: no last slash, AMP and mobile addresses as those they are of, no ``ref`` (`crawler.twins` says
    when). It need not be an address that a server knows. None when ``url`` is relative or cannot be read.
    """
    form = plain(url)
    return untwinned(form) if form is not None else None


def untwinned(form: str) -> str:
    """Return the canonical form of a URL that is in its plain form."""
    if not form.startswith(("http://", "https://")):
        return form
    while (folded := _folded(form)) != form:
        # What a marker hid may be dots: /a/..;jsessionid=1/b
        form = (plain(folded) or form) if "/." in folded else folded
    return form


@lru_cache(maxsize=512)
def plain(url: str) -> str | None:
    """Return ``url`` as it is fetched and shown; the plain form of that is itself.

    RFC 3986, section 6.2.2 and 6.2.3: scheme and host in lower case, the host in IDNA, no default port, no
    fragment, an empty path is ``/``, escapes in one spelling, no dot segments. Parameters that only track
    readers are dropped (`TRACKING`); the others keep their order. A fragment that begins with ``!`` stays: such
    sites have all their pages at one address. A URL that is not http or https comes
    back stripped and otherwise as it is. None when ``url`` is relative or cannot be read.
    """
    url = _strip(url)
    found = _SCHEME.match(url)
    if not found or not _encodable(url):
        return None
    scheme = found.group().lower()
    if scheme not in _PORTS:
        return url
    parts = _split(url)
    authority = _authority(scheme, parts) if parts else None
    if parts is None or authority is None:
        return None
    path = _without_dots(_escaped(parts.path, _NOT_PATH)) or "/"
    query = _without_trackers(_escaped(parts.query, _NOT_QUERY))
    fragment = _escaped(parts.fragment, _NOT_QUERY) if parts.fragment[1:] and parts.fragment[0] == "!" else ""
    return (
        f"{scheme}://{authority}{path}"
        + (f"?{query}" if query else "")
        + (f"#{fragment}" if fragment else "")
    )


def _folded(url: str) -> str:
    scheme, _, rest = url.partition("://")
    rest, hashed, fragment = rest.partition("#")
    rest, _, query = rest.partition("?")
    authority, _, path = rest.partition("/")
    user, at, place = authority.rpartition("@")
    host, colon, port = (place, "", "") if place.startswith("[") else place.partition(":")
    host, path, query = twins.fold(host, f"/{path}", query)
    return (
        f"{scheme}://{user}{at}{host}{colon}{port}{path}" + (f"?{query}" if query else "") + hashed + fragment
    )


def refusal(url: str) -> str | None:
    """Return why ``url`` must never be fetched, by its syntax; None when the network guard may judge it."""
    url = _strip(url)
    found = _SCHEME.match(url)
    if not found:
        return NO_SCHEME
    if found.group().lower() not in _PORTS:
        return f"scheme {found.group().lower()[:20]} is not fetched"
    if len(url) > MAX_URL:
        return f"longer than {MAX_URL:,} characters"
    parts = _split(url)
    if parts is None:
        return "the URL cannot be read"
    if "@" in parts.netloc:
        return "the URL carries a user name"
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        return "the port is out of range"
    if not host:
        return "no host"
    if port == 0:
        return "the port is out of range"
    return None if plain(url) else "the host cannot be read"


def without_user(text: str) -> str:
    """Return ``text``, an address or a line that holds some, as it may be printed: no user name, and no password."""
    return _USER.sub("", text if "//" in text else _ALONE.sub("", text))


def _strip(url: str) -> str:
    """Return ``url`` without what browsers ignore in it (WHATWG URL, section 4.4)."""
    return _BREAKS.sub("", url).strip(_EDGE)


def _slashed(base: str, link: str) -> str:
    """Return a web link with the slashes that browsers see in it (WHATWG URL, section 4.4).

    A backslash is one, any number of them leads to a host, and ``https:faro.example`` on another scheme does too.
    """
    found, there = _SCHEME.match(link), _SCHEME.match(base)
    scheme, beneath = (one.group().lower() if one else "" for one in (found, there))
    if (scheme or beneath) not in _PORTS:
        return link
    end = _TAIL.search(link)
    tail = link[end.start() :] if end else ""
    head = link.removesuffix(tail).replace("\\", "/")
    rest = head[len(scheme) + 1 :] if scheme else head
    if rest.startswith("//") or (scheme and scheme != beneath):
        head = (f"{scheme}:" if scheme else "") + "//" + rest.lstrip("/")
    return head + tail


def _encodable(url: str) -> bool:
    # A lone surrogate (JSON can carry one) fits neither a request line nor SQLite.
    return not any("\ud800" <= char <= "\udfff" for char in url) if not url.isascii() else True


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None


def _authority(scheme: str, parts: SplitResult) -> str | None:
    userinfo, at, place = parts.netloc.rpartition("@")
    # urlsplit overlooks what stands between a bracket and the port: http://[::1]x/
    if "[" in place and not _BRACKETS.fullmatch(place):
        return None
    try:
        host, port = _host(parts.hostname or ""), parts.port
    except ValueError:
        return None
    if host is None:
        return None
    if at:
        host = f"{_escaped(userinfo, _NOT_USERINFO)}@{host}"
    return host if port is None or port == _PORTS[scheme] else f"{host}:{port}"


def _host(host: str) -> str | None:
    """Return ``host`` in ASCII and lower case, None when it is none. Raises ValueError (idna, ipaddress)."""
    if ":" in host:
        return f"[{ipaddress.IPv6Address(host).compressed}]" if "%" not in host else None
    if not host.isascii():
        host = idna.encode(host, uts46=True).decode("ascii")
    return host.lower() if _HOST.fullmatch(host.lower()) else None


def _escaped(text: str, forbidden: re.Pattern[str]) -> str:
    """Return ``text`` with one spelling of every character (RFC 3986, sections 2.1 and 6.2.2.2)."""
    text = forbidden.sub(lambda found: "".join(f"%{byte:02X}" for byte in found.group().encode()), text)
    return _ESCAPE.sub(_unescape, text)


def _unescape(found: re.Match[str]) -> str:
    byte = int(found.group(1), 16)
    return chr(byte) if byte in _UNRESERVED else found.group().upper()


def _without_dots(path: str) -> str:
    """Return ``path`` without ``.`` and ``..`` (RFC 3986, section 5.2.4)."""
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")
    for segment in segments:
        if segment == "..":
            # The first is the empty one before the leading slash: nothing climbs above the root.
            del kept[max(1, len(kept) - 1) :]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in {".", ".."}:
        kept.append("")
    return "/".join(kept)


def _without_trackers(query: str) -> str:
    return "&".join(piece for piece in query.split("&") if not _tracks(piece.partition("=")[0].lower()))


def _tracks(name: str) -> bool:
    name = name.removeprefix("amp;")  # a link that was escaped twice
    return name.startswith(_FAMILIES) or name in TRACKING
