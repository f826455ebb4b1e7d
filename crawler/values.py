"""The single values that operators write, as types: durations, sizes, addresses, codes.

Each is a type for the models in `crawler.settings`, and each says in plain words what is needed in its
place. Files hold texts only (`crawler.yamlfile`), so ``15m`` and ``10MB`` arrive here as they were written.
"""

from __future__ import annotations

import re
from email.utils import parseaddr
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema

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


def _polite(seconds: float) -> float:
    if seconds < 30:
        raise ValueError("30s is the least: newspapers lock out those who ask more often")
    return seconds


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


def _address(text: str) -> str:
    if not _ADDRESS.fullmatch(text):
        bare = parseaddr(text)[1]
        hint = f' (did you mean "{bare}"?)' if bare != text and _ADDRESS.fullmatch(bare) else ""
        raise ValueError(f"a mail address such as desk@example.org is needed here{hint}")
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


def _leave(text: str) -> str:
    if text.startswith("mailto:"):
        _address(text.removeprefix("mailto:"))
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
_NEED_LANGUAGE = "a language code such as en, es or pt-BR is needed here"

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_one_line)]
Example = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Id = Annotated[Text, _pattern(r"[a-z0-9]+(-[a-z0-9]+)*", _NEED_ID)]
Country = Annotated[Text, _pattern(r"[A-Z]{2,12}", _NEED_COUNTRY)]
Language = Annotated[Text, _pattern(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", _NEED_LANGUAGE)]
Ascii = Annotated[Text, AfterValidator(_ascii)]
Address = Annotated[Text, AfterValidator(_address)]
WebUrl = Annotated[Text, AfterValidator(_web_url)]
LeaveUrl = Annotated[Text, AfterValidator(_leave)]
Duration = Annotated[float, BeforeValidator(_duration), WithJsonSchema(_DURATION_SCHEMA)]
Interval = Annotated[Duration, AfterValidator(_polite)]
Seconds = Annotated[
    float, BeforeValidator(_seconds), WithJsonSchema({"anyOf": [{"type": "number"}, _DURATION_SCHEMA]})
]
Size = Annotated[
    int, BeforeValidator(_size), WithJsonSchema({"type": ["integer", "string"], "examples": ["10MB"]})
]
Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network), WithJsonSchema({"type": "string"})]
Port = Annotated[int, Field(ge=1, le=65535)]
