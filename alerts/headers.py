"""Headers of a mail, as they go over the wire: ASCII, folded, and read back as what was meant.

    a text ─┬▶ short, ASCII, no "=?" in it: as it is
            └▶ else: nothing but encoded words (RFC 2047), one a line

The standard library's policy encodes word by word, and between the two kinds of word the space is told twice or not
at all, by an empty encoded word (``=?utf-8?q??=``) on a line of its own: readers disagree about both. It also folds a
long ``List-Unsubscribe`` into encoded words, which no mail client reads as a URL any more. So what a digest says
is folded here, and the policy hands it through. Only text of one line comes here (`alerts.view.clean`).
"""

from __future__ import annotations

import re
from email.errors import HeaderParseError
from email.header import Header
from email.headerregistry import Address
from email.policy import EmailPolicy
from typing import Any

# RFC 5322, 2.1.1: a line should hold no more than 78 characters. One with encoded words holds 76 (RFC 2047, 2).
_LINE, _ENCODED_LINE = 78, 76
# A space at either end, or two together, may get lost on the way.
_PLAIN = re.compile(r"[!-~]+( [!-~]+)*")
# RFC 5322, 3.2.3: what a name may hold without quotes.
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_READY = frozenset(
    {
        "from",
        "to",
        "reply-to",
        "subject",
        "message-id",
        "in-reply-to",
        "references",
        "list-id",
        "list-unsubscribe",
        "list-unsubscribe-post",
    }
)
_LOOSE_BREAK = re.compile(r"\r\n(?! \S)|(?<!\r)\n|\r(?!\n)")


def text(header: str, value: str) -> str:
    """Return ``value`` as the header called ``header`` holds it: what is no short plain text is encoded whole."""
    if len(header) + len(": ") + len(value) <= _LINE and _plain(value):
        return value
    return _encoded(header, value)


def mailbox(header: str, address: Address) -> str:
    """Return ``address`` as the header called ``header`` holds it: ``name <local@domain>``, or the bare address."""
    name, spec = address.display_name, address.addr_spec
    if not name:
        return spec
    if _plain(name):
        quoted = name if _ATOMS.fullmatch(name) else '"{}"'.format(re.sub(r'(["\\])', r"\\\1", name))
        if len(header) + len(": ") + len(quoted) <= _LINE:
            return _beside(header, quoted, spec)
    return _beside(header, _encoded(header, name), spec)


def _plain(value: str) -> bool:
    # A topic called "=?utf-8?q?x?=" is called that, and not "x".
    return bool(_PLAIN.fullmatch(value)) and "=?" not in value


def _encoded(header: str, value: str) -> str:
    return Header(value, "utf-8", _ENCODED_LINE, header).encode(linesep="\r\n")


def _beside(header: str, name: str, spec: str) -> str:
    last = f"{header}: {name}".rpartition("\r\n")[2]
    gap = " " if len(last) + len(f" <{spec}>") <= _LINE else "\r\n "
    return f"{name}{gap}<{spec}>"


class _Policy(EmailPolicy):
    """SMTP's policy, but what comes ready is neither parsed nor folded again."""

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        if name.lower() not in _READY:
            return super().header_store_parse(name, value)
        if not value.isascii() or _LOOSE_BREAK.search(value):
            raise HeaderParseError(f"{name} is not ready for the wire: {value!r}")
        return name, value

    def fold(self, name: str, value: Any) -> str:
        if name.lower() not in _READY:
            return str(super().fold(name, value))
        return f"{name}: {value}{self.linesep}"

    def fold_binary(self, name: str, value: Any) -> bytes:
        if name.lower() not in _READY:
            return bytes(super().fold_binary(name, value))
        return self.fold(name, value).encode("ascii")


POLICY: EmailPolicy = _Policy(linesep="\r\n", cte_type="7bit")
