"""A digest as mail: pure, and the same bytes every time.

    Digest ─ group ─▶ View (words, dates, links: everything decided) ─▶ digest.txt ─┐
                                                                    └─▶ digest.html ┴─▶ EmailMessage ─▶ Message

A digest is rendered once, whoever gets it: only To and Message-ID are a recipient's own. Made again after a crash it
must be the same message, so nothing in it comes from a clock or from chance: the date, the Message-ID and even the
MIME boundary come from the digest.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from functools import cache
from urllib.parse import quote, urlsplit

from css_inline import CSSInliner

from alerts import headers
from alerts.layout import Layout, layout
from alerts.model import FOLDER_CHANNEL, MAIL_CHANNEL, OUTBOX, Digest, MailServer, Message, Stationery
from alerts.safe import clean
from alerts.tell import Teller
from alerts.view import Leave, Room, View

NOWHERE = "presswatch.invalid"  # RFC 2606: never a real domain
# Gmail cuts a message at 102 KB, and what it cuts off is the foot that says which sources were not read.
HTML_LIMIT = 100_000
# RFC 5322: a line holds 998 octets at most, and this header is not folded.
_LONGEST_HEADER = 900
# So many articles are told in full before the first is cut down to its headline.
_FULL_FIRST = 20


PLAIN = Stationery()


def render(
    digest: Digest, recipient: str, server: MailServer | None, stationery: Stationery = PLAIN
) -> Message:
    """Return the mail for one recipient; see `render_all`."""
    return render_all(digest, [recipient], server, stationery)[0]


def render_all(
    digest: Digest, recipients: Sequence[str], server: MailServer | None, stationery: Stationery = PLAIN
) -> list[Message]:
    """Return the mail for each recipient, `OUTBOX` for a subscription that names nobody.

    Text in the digest may be anything. Raises ValueError when the sender or a recipient is no address, or
    the zone is none.
    """
    sender = _sender(server)
    name = clean(digest.subscription.name)
    to = [Address(name, OUTBOX, NOWHERE) if one == OUTBOX else _address(one) for one in recipients]
    # What is only kept as a file has no reader who could leave.
    leave = _leave(server, digest.subscription.id) if digest.subscription.to else None
    teller = Teller(digest, leave, stationery)
    whole = teller.view(Room())
    laid_out = layout(stationery.templates)
    text = laid_out.text(whole)
    html = _html(teller, whole, laid_out)

    mail = EmailMessage(policy=headers.POLICY)
    mail["From"] = headers.mailbox("From", sender)
    mail["To"] = ""
    if server and server.reply_to:
        mail["Reply-To"] = headers.mailbox("Reply-To", _address(server.reply_to))
    mail["Subject"] = headers.text("Subject", whole.subject)
    mail["Date"] = format_datetime(digest.due_at)
    mail["Message-ID"] = ""
    if digest.subscription.thread:
        # RFC 5322, 3.6.4: all of them follow one message, which was never sent. So it matters to nobody which of them
        # a reader keeps.
        root = _id(sender, "thread", digest.subscription.id)
        mail["In-Reply-To"] = root
        mail["References"] = root
    mail["List-Id"] = f"<{_slug(digest.subscription.id)}.presswatch.{sender.domain}>"
    if leave and len(leave.url) < _LONGEST_HEADER:
        mail["List-Unsubscribe"] = f"<{leave.url}>"
    # RFC 3834: no holiday notices, please. The second is what Exchange listens to.
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(text, cte="quoted-printable")
    mail.add_alternative(html, subtype="html", cte="quoted-printable")
    mail.set_boundary(f"=_{_hash(*_identity(digest))[:24]}")
    mail["Content-Language"] = whole.language  # set_content drops every Content-* set before it

    messages = []
    for recipient, address in zip(recipients, to, strict=True):
        message_id = _id(sender, *_identity(digest), recipient)
        mail.replace_header("To", headers.mailbox("To", address))
        mail.replace_header("Message-ID", message_id)
        messages.append(
            Message(
                recipient=recipient,
                channel=MAIL_CHANNEL if server and recipient != OUTBOX else FOLDER_CHANNEL,
                message_id=message_id,
                subject=whole.subject,
                body=mail.as_bytes(),
                html=html,
            )
        )
    return messages


def _html(teller: Teller, view: View, laid_out: Layout) -> str:
    """Return the HTML part with as much of the digest in it as `HTML_LIMIT` allows.

    The first of every topic are told in full; the room that is left goes to headlines, and what then is left
    to more in full. What finds none is counted, with where it is: the text part always holds everything.
    """

    def inlined(view: View) -> str:
        return str(_inliner().inline(laid_out.html(view)))

    whole = inlined(view)
    if _size(whole) <= HTML_LIMIT:
        return whole
    total = teller.total
    first = min(_FULL_FIRST, total)

    def at(steps: int) -> str:
        full = min(steps, first) + max(0, steps - total)
        return inlined(teller.view(Room(full=full, brief=min(steps, total) - full, coverage=40)))

    # The last step has everything in full: what did not fit may have been the coverage.
    low, high, best = 0, 2 * total - first + 1, at(0)
    while high - low > 1:
        middle = (low + high) // 2
        tried = at(middle)
        if _size(tried) <= HTML_LIMIT:
            low, best = middle, tried
        else:
            high = middle
    return best


def _size(html: str) -> int:
    return len(html.encode()) + html.count("\n")  # in a mail each line ends in two octets


@cache
def _inliner() -> CSSInliner:
    return CSSInliner(load_remote_stylesheets=False)


# --- addresses --------------------------------------------------------------------------------------------


def _address(text: str) -> Address:
    """Return the address in ``name <local@domain>`` or ``local@domain``; raises ValueError when it is none."""
    name, spec = parseaddr(text)
    whole = text == spec or text.endswith(f"<{spec}>")  # parseaddr drops what it does not understand
    if not whole or text != clean(text) or spec.count("@") != 1 or not spec.isascii():
        raise ValueError(f"{text!r} is not a mail address")
    try:
        address = Address(clean(name), addr_spec=spec)
    except Exception as error:  # the parser raises errors of several families, IndexError among them
        raise ValueError(f"{text!r} is not a mail address") from error
    if not address.username or not re.fullmatch(r"[A-Za-z0-9.-]+", address.domain):
        raise ValueError(f"{text!r} is not a mail address")
    return address


def address_of(text: str) -> str:
    """Return the bare ``local@domain`` of an address with or without a name; raises ValueError as above."""
    return str(_address(text).addr_spec)


def _sender(server: MailServer | None) -> Address:
    """Return who a mail comes from; an address without a name gets ours."""
    if server is None:
        return Address("Presswatch", "presswatch", NOWHERE)
    address = _address(server.sender)
    return address if address.display_name else Address("Presswatch", addr_spec=address.addr_spec)


def _leave(server: MailServer | None, subscription_id: str) -> Leave | None:
    """Return where `List-Unsubscribe` (RFC 2369) points: a web page, or a mail that names the list."""
    if not server or not server.unsubscribe:
        return None
    said = clean(server.unsubscribe)
    if re.match(r"(?i)https?://", said):
        url = _ascii_url(said)
        return Leave(url=url, shown=url)
    address = _address(re.sub(r"(?i)^mailto:", "", said).split("?")[0]).addr_spec
    return Leave(url=f"mailto:{address}?subject=unsubscribe%20{_slug(subscription_id)}", shown=address)


def _ascii_url(url: str) -> str:
    """Return a web address as a header may hold it: ASCII, and nothing that ends it early."""
    parts = urlsplit(url)
    if not parts.netloc.isascii():
        user, at, place = parts.netloc.rpartition("@")
        host, colon, port = place.partition(":")
        url = parts._replace(netloc=f"{user}{at}{host.encode('idna').decode()}{colon}{port}").geturl()
    return quote(url, safe="%/:=&?~#+!$,;'@()*[]")


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]+", "-", text).strip("-")[:60] or "list"


def _id(sender: Address, *what: object) -> str:
    return f"<{_hash(*what)[:32]}@{sender.domain}>"


def _identity(digest: Digest) -> tuple[object, ...]:
    return digest.subscription.id, digest.from_seq, digest.to_seq, digest.due_at.isoformat()


def _hash(*what: object) -> str:
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()
