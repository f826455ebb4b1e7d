"""Links by which a reader leaves one list: signed, and made of what they say, so that nothing need be kept.

    link     subscription, recipient  ->  {public_url}/-/unsubscribe/{what}.{signature}
    read     the last part of a link  ->  subscription, recipient; None when we did not sign it
    headers  what a mail says of it   ->  List-Unsubscribe (RFC 2369), List-Unsubscribe-Post (RFC 8058)

Whoever holds a link can take one address off one list, and nothing else: it is no password to anything. It does not
run out, because the mail that holds it does not either. Pure.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import NamedTuple

from alerts.model import Leaving

PATH = "/-/unsubscribe/"  # Datasette keeps /-/ for what is no table
ONE_CLICK = ("List-Unsubscribe", "One-Click")  # what RFC 8058 has a mail program post
KEY_BYTES = 32
# RFC 5322: a line holds 998 octets at most, and an address in a header is not folded.
_LONGEST = 900
_SIGNATURE = 16  # bytes: nobody guesses 128 bits, and links stay short


class Wanted(NamedTuple):
    """Who wants to leave what."""

    subscription_id: str
    recipient: str


def link(leaving: Leaving, subscription_id: str, recipient: str) -> str:
    """Return the address at which ``recipient`` leaves the subscription."""
    return leaving.public_url.rstrip("/") + PATH + token(leaving.key, Wanted(subscription_id, recipient))


def token(key: bytes, wanted: Wanted) -> str:
    """Return the signed part of a link."""
    said = json.dumps(wanted, ensure_ascii=False, separators=(",", ":")).encode()
    return f"{_text(said)}.{_text(_signature(key, said))}"


def read(key: bytes, text: str) -> Wanted | None:
    """Return what a token says, None unless it was signed with ``key``.

    Nothing of it is looked at before the signature holds, which takes as long whatever is wrong with it.
    """
    said, _, signature = text.partition(".")
    try:
        # Strict, so that each token has one spelling only.
        what = urlsafe_b64decode(_padded(said))
        given = urlsafe_b64decode(_padded(signature))
    except (binascii.Error, ValueError):
        return None
    if not hmac.compare_digest(given, _signature(key, what)) or (_text(what), _text(given)) != (
        said,
        signature,
    ):
        return None
    return Wanted(*json.loads(what))


def headers(link: str | None, mailto: str | None) -> dict[str, str]:
    """Return the headers by which mail programs offer a way out: a page, an address, both or neither.

    RFC 8058 wants https: over plain http the page is offered, and one click is not promised. A way that no line of a
    header can hold is left out, and stands at the foot of the mail alone.
    """
    ways: list[str] = []
    for one in (link, mailto):
        if one and len(", ".join([*ways, f"<{one}>"])) < _LONGEST:
            ways.append(f"<{one}>")
    said = {"List-Unsubscribe": ", ".join(ways)} if ways else {}
    if link and f"<{link}>" in ways and link.lower().startswith("https://"):
        said["List-Unsubscribe-Post"] = "=".join(ONE_CLICK)
    return said


def _signature(key: bytes, said: bytes) -> bytes:
    return hmac.digest(key, b"presswatch unsubscribe\0" + said, hashlib.sha256)[:_SIGNATURE]


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _padded(text: str) -> bytes:
    return text.encode("ascii") + b"=" * (-len(text) % 4)
