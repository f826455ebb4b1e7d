"""A letter, laid out already, as the mails that each of its recipients gets: pure.

All of them hold the same but To, Message-ID and the link by which one leaves. Made again after a crash they must be the
same messages, so nothing in them comes from a clock or from chance: the date, the Message-ID and even the MIME boundary
come from the letter.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from urllib.parse import quote, urlsplit

from alerts import headers
from alerts.leave import headers as leave_headers
from alerts.leave import link
from alerts.model import FOLDER_CHANNEL, MAIL_CHANNEL, OUTBOX, MailServer, Message, Subscription
from alerts.safe import clean
from alerts.view import Leave

NOWHERE = "presswatch.invalid"  # RFC 2606: never a real domain


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What goes to all recipients of a subscription. ``identity`` is what makes it another letter than all others."""

    subscription: Subscription
    identity: tuple[object, ...]
    subject: str
    date: datetime
    language: str
    text: str
    html: str


def ways_out(
    server: MailServer | None, subscription: Subscription, recipients: Sequence[str]
) -> tuple[Leave | None, Mapping[str, str]]:
    """Return where a reader can leave, as a letter says it, and each recipient's own link, if they have one.

    The longest of the links stands in the letter for everybody's, so that none makes it longer than it was laid out.
    """
    if not subscription.to:
        return None, {}  # what is only kept as a file has no reader who could leave
    if server is None or server.leaving is None:
        return _address_to_leave(server, subscription.id), {}
    # HTML writes & and ' otherwise: a link with one would not be found in that part, and leave another's there.
    own = {
        one: _ascii_url(link(server.leaving, subscription.id, one)).replace("&", "%26").replace("'", "%27")
        for one in recipients
    }
    longest = max(own.values(), key=len)
    return Leave(url=longest, shown=longest), own


def seal(
    letter: Letter,
    recipients: Sequence[str],
    server: MailServer | None,
    leave: Leave | None,
    own: Mapping[str, str],
) -> list[Message]:
    """Return the mail for each recipient, `OUTBOX` for a subscription that names nobody.

    Raises ValueError when the sender or a recipient is no address.
    """
    subscription = letter.subscription
    sender = _sender(server)
    name = clean(subscription.name)
    to = [Address(name, OUTBOX, NOWHERE) if one == OUTBOX else _address(one) for one in recipients]
    by_mail = _address_to_leave(server, subscription.id) if subscription.to else None
    mail = EmailMessage(policy=headers.POLICY)
    mail["From"] = headers.mailbox("From", sender)
    mail["To"] = ""
    if server and server.reply_to:
        mail["Reply-To"] = headers.mailbox("Reply-To", _address(server.reply_to))
    mail["Subject"] = headers.text("Subject", letter.subject)
    mail["Date"] = format_datetime(letter.date)
    mail["Message-ID"] = ""
    if subscription.thread:
        # RFC 5322, 3.6.4: all of them follow one message, which was never sent. So it matters to nobody which of them
        # a reader keeps.
        root = _id(sender, "thread", subscription.id)
        mail["In-Reply-To"] = root
        mail["References"] = root
    mail["List-Id"] = f"<{_slug(subscription.id)}.presswatch.{sender.domain}>"
    # RFC 3834: no holiday notices, please. The second is what Exchange listens to.
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    by_post = server is not None and subscription.channel != FOLDER_CHANNEL
    messages: list[Message] = []
    for recipient, address in zip(recipients, to, strict=True):
        text, html = letter.text, letter.html
        if leave is not None and recipient in own:
            text, html = (part.replace(leave.url, own[recipient]) for part in (text, html))
        if not messages or own:
            _fill(mail, letter, text, html)
        message_id = _id(sender, *letter.identity, recipient)
        mail.replace_header("To", headers.mailbox("To", address))
        mail.replace_header("Message-ID", message_id)
        for header, value in leave_headers(own.get(recipient), by_mail.url if by_mail else None).items():
            del mail[header]
            mail[header] = value
        messages.append(
            Message(
                recipient=recipient,
                channel=MAIL_CHANNEL if by_post and recipient != OUTBOX else FOLDER_CHANNEL,
                message_id=message_id,
                subject=letter.subject,
                body=mail.as_bytes(),
                html=html,
            )
        )
    return messages


def _fill(mail: EmailMessage, letter: Letter, text: str, html: str) -> None:
    mail.clear_content()
    mail.set_content(text, cte="quoted-printable")
    mail.add_alternative(html, subtype="html", cte="quoted-printable")
    mail.set_boundary(f"=_{_hash(*letter.identity)[:24]}")
    mail["Content-Language"] = letter.language  # set_content drops every Content-* set before it


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


def _address_to_leave(server: MailServer | None, subscription_id: str) -> Leave | None:
    """Return what mail.unsubscribe names: a web page of the operator's, or a mail that names the list."""
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


def _hash(*what: object) -> str:
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()
