"""The single values that operators write, as types: durations, sizes, addresses, codes.

Each is a type for the models in `crawler.settings`, and each says in plain words what is needed in its
place. Files hold texts only (`crawler.yamlfile`), so ``15m`` and ``10MB`` arrive here as they were written.
"""

from __future__ import annotations

import re
from email.utils import parseaddr
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema

from crawler.urls import refusal

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")


def _duration(value: Any) -> Any:
    """15m, 2h, 1.5s: a number and its unit, as seconds."""
    found = (
        re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,6})?) ?(ms|[smhd])", value) if isinstance(value, str) else None
    )
    if found:
        return float(found[1]) * _SECONDS[found[2]]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value  # from code; a file holds texts
    raise ValueError("a duration such as 30s, 15m, 2h or 1d is needed here")


def _between(least: str, why_least: str, most: str, why_most: str = "") -> AfterValidator:
    """Bound a duration: a time too far away to be a date would stop the program where it is added to one."""
    shortest, longest = _duration(least), _duration(most)

    def check(seconds: float) -> float:
        if seconds < shortest:
            raise ValueError(f"{least} is the least{why_least}")
        if seconds > longest:
            raise ValueError(f"{most} is the most{why_most}")
        return seconds

    return AfterValidator(check)


def _seconds(value: Any) -> Any:
    """A duration, or a bare number of seconds."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", value):
        return float(value)
    return _duration(value)


def _size(value: Any) -> Any:
    found = re.fullmatch(r"([0-9]{1,12}) ?([a-z]*)", value.lower()) if isinstance(value, str) else None
    if found and found[2] in _BYTES:
        return int(found[1]) * _BYTES[found[2]]
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError("a size such as 500kB or 10MB is needed here")


def _one_line(text: str) -> str:
    if "\n" in text or "\t" in text:
        raise ValueError("this must stand on one line")
    return text


def _ascii(text: str) -> str:
    """It is sent in a header of every request, where other characters arrive as rubbish."""
    if not text.isascii() or not text.isprintable():
        raise ValueError("only plain letters, digits and signs can be sent to a server (no accents)")
    return text


# Of these the program needs its own, or the server would be told something that is not true of the request.
_OURS = {
    "authorization": "username and password_env",
    "connection": None, "content-length": None, "cookie": None, "host": None, "if-modified-since": None,
    "if-none-match": None, "transfer-encoding": None,
    "user-agent": "user_agent",
}  # fmt: skip


def _header(name: str) -> str:
    if name.lower() in _OURS:
        setting = _OURS[name.lower()]
        hint = f": write {setting} instead" if setting else ""
        raise ValueError(f"this header is set by the program{hint}")
    return name


def _address(text: str) -> str:
    if not _ADDRESS.fullmatch(text):
        bare = parseaddr(text)[1]
        hint = f' (did you mean "{bare}"?)' if bare != text and _ADDRESS.fullmatch(bare) else ""
        raise ValueError(f"a mail address such as desk@example.org is needed here{hint}")
    return text


def _css(text: str) -> str:
    from crawler.selected import xpath  # with all that reads pages behind it, which most commands never need

    xpath(text)
    return text


def _web_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        # .port raises on nonsense; no name server takes an empty or endless label.
        host = (parts.hostname or "").encode("idna") if parts.port != 0 else b""
    except ValueError:  # also UnicodeError, a kind of it
        host = b""
    if not host or parts.scheme not in ("http", "https") or any(c.isspace() for c in text):
        raise ValueError("a web address with http:// or https:// and a host is needed here")
    return text


def _feed_url(text: str) -> str:
    """What no spider would fetch is said here, not at each poll."""
    text = _web_url(text)
    if "@" in urlsplit(text).netloc:
        raise ValueError(
            "no user name or password may stand in an address: take what stands before the @ out, and write "
            "username and password_env beside endpoints"
        )
    if reason := refusal(text):
        raise ValueError(f"this address is never fetched: {reason}")
    return text


def _host(text: str) -> str:
    """Take the name or the address of a computer, without anything around it."""
    bare = text.rpartition("://")[2].partition("/")[0]
    if _is_address(bare.strip("[]")):
        bare = bare.strip("[]")
    found = re.fullmatch(r"\[?(.*?)\]?:([0-9]+)", bare)
    if found and not _is_address(bare):
        raise ValueError(
            f"the port is a setting of its own (did you mean host: {found[1]} and port: {found[2]}?)"
        )
    if bare != text or any(c.isspace() for c in text) or "@" in text:
        hint = f' (did you mean "{bare}"?)' if bare != text and bare else ""
        raise ValueError(f"the bare name of a computer is needed here, e.g. smtp.example.org{hint}")
    return text


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _leave(text: str) -> str:
    if text.startswith("mailto:"):
        _address(text.removeprefix("mailto:"))
        return text
    if _ADDRESS.fullmatch(text):
        return text
    return _web_url(text)


def _network(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return ip_network(value)
    except ValueError:
        pass
    try:
        hint = f' (did you mean "{ip_network(value, strict=False)}"?)'
    except ValueError:
        hint = ""
    raise ValueError(f"a network such as 127.0.0.0/8 or ::1/128 is needed here{hint}")


def _pattern(regex: str, need: str) -> AfterValidator:
    def check(text: str) -> str:
        if not re.fullmatch(regex, text):
            raise ValueError(need)
        return text

    return AfterValidator(check)


_DURATION_SCHEMA = {
    "type": "string",
    "pattern": r"^[0-9]+(\.[0-9]+)? ?(ms|s|m|h|d)$",
    "examples": ["30s", "15m", "2h"],
}
_NEED_ID = "small letters (a to z), digits and hyphens are needed here, e.g. lima-desk"
_NEED_COUNTRY = "a country in two capital letters (PE), or a region in capitals (INT, LATAM) is needed here"
_NEED_EDITION = "a language and a country are needed here, such as es-PE or en-US"
_NEED_HEADER = "the name of a header is needed here, e.g. Accept-Language"
_NEED_LANGUAGE = "a language code such as en, es or pt-BR is needed here"

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_one_line)]
Example = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Id = Annotated[Text, _pattern(r"[a-z0-9]+(-[a-z0-9]+)*", _NEED_ID)]
Country = Annotated[Text, _pattern(r"[A-Z]{2,12}", _NEED_COUNTRY)]
Language = Annotated[Text, _pattern(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", _NEED_LANGUAGE)]
Edition = Annotated[Text, _pattern(r"[a-z]{2}-[A-Z]{2}", _NEED_EDITION)]
Ascii = Annotated[Text, AfterValidator(_ascii)]
HeaderName = Annotated[Text, _pattern(r"[A-Za-z][A-Za-z0-9-]*", _NEED_HEADER), AfterValidator(_header)]
Address = Annotated[Text, AfterValidator(_address)]
WebUrl = Annotated[Text, AfterValidator(_web_url)]
Css = Annotated[Text, AfterValidator(_css)]
FeedUrl = Annotated[Text, AfterValidator(_feed_url)]
Host = Annotated[Text, AfterValidator(_host)]
LeaveUrl = Annotated[Text, AfterValidator(_leave)]
Duration = Annotated[float, BeforeValidator(_duration), WithJsonSchema(_DURATION_SCHEMA)]
Interval = Annotated[
    Duration,
    _between(
        "30s",
        ": newspapers lock out those who ask more often",
        "30d",
        ": what a feed held in between would be lost",
    ),
]
Keep = Annotated[Duration, _between("1d", "", "36500d", ": that is a hundred years")]
Seconds = Annotated[
    float,
    BeforeValidator(_seconds),
    _between("0s", "", "1h"),
    WithJsonSchema({"anyOf": [{"type": "number"}, _DURATION_SCHEMA]}),
]
Size = Annotated[
    int, BeforeValidator(_size), WithJsonSchema({"type": ["integer", "string"], "examples": ["10MB"]})
]
Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network), WithJsonSchema({"type": "string"})]
Port = Annotated[int, Field(ge=1, le=65535)]
