"""Mail by SMTP (RFC 5321): one connection and one conversation for each message.

    connect ─ (STARTTLS) ─ (AUTH) ─ MAIL ─ RCPT ─ DATA ─354─▶ on_data() ─▶ content ─▶ reply
    └──────── an error here: nothing has left ─────────────┘              └─ no reply: unknown

What follows from an answer:

* no connection, a time-out, a 4xx, a login that fails: nothing was taken, try again later. A login is for the
  operator to mend, and the digest waits for it;
* a 5xx on MAIL, RCPT or DATA, or on the content: refused for good;
* the line drops or nothing is said after the content has left: nobody knows. A mail server that answers 250 has
  promised to deliver (RFC 5321 section 6.1), and one whose 250 was lost on the way has promised too.

`aiosmtplib` sends DATA and the content in one call, and an error does not say on which side of that line it was;
so these two steps are made here, with its connection.
"""

from __future__ import annotations

import re
import ssl
from typing import NoReturn

import aiosmtplib
from aiosmtplib.errors import SMTPAuthenticationError, SMTPException, SMTPResponseException

from alerts.channels import OnData
from alerts.envelope import address_of
from alerts.model import MAIL_CHANNEL, OUTBOX, Delivery, MailServer, Security
from archive.errors import DeliveryError

# RFC 5321 section 4.5.3.2.6: a server may take ten minutes over the final dot, and giving up earlier makes
# doubles of mail that it then does deliver.
CONTENT_TIMEOUT = 600.0
_START_INPUT = 354
# "Authentication required", "too weak", "invalid", "encryption required": about the account, not the message.
_LOGIN_REPLIES = (530, 534, 535, 538)


class MailChannel:
    """Hands mail to one server.

    ``timeout`` is for each step before the content, ``content_timeout`` for the answer to it, both in seconds.
    ``tls_context`` None means the system's certificates, checked. ``local_hostname`` is what EHLO says; None
    asks the resolver for the name of this machine.
    """

    def __init__(
        self,
        server: MailServer,
        *,
        tls_context: ssl.SSLContext | None = None,
        timeout: float = 30.0,
        content_timeout: float = CONTENT_TIMEOUT,
        local_hostname: str | None = None,
    ) -> None:
        self._server = server
        self._sender = address_of(server.sender)
        self._tls_context = tls_context
        self._timeout = timeout
        self._content_timeout = content_timeout
        self._local_hostname = local_hostname

    @property
    def name(self) -> str:
        """``mail``."""
        return MAIL_CHANNEL

    async def deliver(self, delivery: Delivery, on_data: OnData) -> None:
        """Hand over one message; see `alerts.channels.Channel`."""
        if delivery.recipient == OUTBOX:
            raise DeliveryError("this message names no address to mail it to", permanent=True)
        client = aiosmtplib.SMTP(
            hostname=self._server.host,
            port=self._server.port,
            use_tls=self._server.security is Security.TLS,
            start_tls=self._server.security is Security.STARTTLS,
            tls_context=self._tls_context,
            timeout=self._timeout,
            local_hostname=self._local_hostname,
        )
        try:
            await self._open(client)
            await self._envelope(client, address_of(delivery.recipient))
            await self._content(client, delivery.body, on_data)
        except ValueError as error:
            raise DeliveryError(f"not an address: {error}", permanent=True) from error
        finally:
            client.close()

    async def _open(self, client: aiosmtplib.SMTP) -> None:
        server = self._server
        try:
            await client.connect()
            if server.username is not None:
                await client.login(server.username, server.password or "")
        except SMTPAuthenticationError as error:
            raise DeliveryError(
                f"{server.host} refuses the login of {server.username!r} ({error.code} {_said(error)}): "
                "check mail.username and the password"
            ) from error
        except ssl.SSLError as error:
            raise DeliveryError(f"{server.host}: no secure line: {error}") from error
        except (SMTPException, OSError) as error:
            raise DeliveryError(f"{server.host}:{server.port}: {error}") from error

    async def _envelope(self, client: aiosmtplib.SMTP, recipient: str) -> None:
        """Everything up to the word that the content may come."""
        try:
            await client.mail(self._sender)
            await client.rcpt(recipient)
            reply = await client.execute_command(b"DATA")
        except SMTPResponseException as error:
            _refused(error.code, _said(error), error)
        except (SMTPException, OSError) as error:
            raise DeliveryError(f"{self._server.host}: {error}") from error
        if reply.code != _START_INPUT:
            _refused(reply.code, reply.message)

    async def _content(self, client: aiosmtplib.SMTP, body: bytes, on_data: OnData) -> None:
        await on_data()
        protocol = client.protocol
        if protocol is None or not protocol.is_connected:
            raise DeliveryError(f"{self._server.host}: the line was lost before the message left")
        # No word between this write and its reply may be taken for "not sent", whatever goes wrong.
        protocol.write(dotted(body))
        try:
            reply = await protocol.read_response(timeout=self._content_timeout)
        except (SMTPException, OSError) as error:
            raise DeliveryError(
                f"{self._server.host}: no answer after the message was sent: {error}", unknown=True
            ) from error
        if not 200 <= reply.code < 300:
            _refused(reply.code, reply.message)


def dotted(body: bytes) -> bytes:
    """Return a message as DATA carries it: CRLF lines, leading dots doubled, a dot at the end (RFC 5321, 4.5.2)."""
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", body)
    if not lines.endswith(b"\r\n"):
        lines += b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", lines) + b".\r\n"


def _said(error: SMTPResponseException) -> str:
    return " ".join(error.message.split())


def _refused(code: int, message: str, cause: Exception | None = None) -> NoReturn:
    """Raise what a reply that is not the hoped-for one means."""
    said = f"{code} {' '.join(message.split())}"
    if 400 <= code < 500 or code in _LOGIN_REPLIES:
        raise DeliveryError(f"not now: {said}") from cause
    if 500 <= code < 600:
        raise DeliveryError(f"refused: {said}", permanent=True) from cause
    raise DeliveryError(f"an answer that makes no sense: {said}") from cause
