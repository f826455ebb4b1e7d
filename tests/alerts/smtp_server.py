"""Mail servers on the loopback: a real one that misbehaves on purpose, and one that reads from a script."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Handler:
    """Answers as told; keeps what it took over in ``taken``."""

    def __init__(
        self,
        *,
        mail: str = "250 OK",
        rcpt: str | dict[str, str] = "250 OK",
        data: str | None = "250 OK",
        password: str = "secret",
    ) -> None:
        self.mail, self.rcpt, self.data, self.password = mail, rcpt, data, password
        self.taken: list[tuple[str, list[str], bytes, bool]] = []
        self.logins: list[str] = []
        self.seen = 0

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.mail.startswith("250"):
            envelope.mail_from = address
        return self.mail

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        answer = self.rcpt if isinstance(self.rcpt, str) else self.rcpt.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.seen += 1
        if self.data is None:
            server.transport.abort()
            return "250 never arrives"
        if self.data.startswith("250"):
            taken = (envelope.mail_from, envelope.rcpt_tos, envelope.content, session.ssl is not None)
            self.taken.append(taken)
        return self.data

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, auth: Any) -> AuthResult:
        self.logins.append(auth.login.decode())
        return AuthResult(success=auth.password == self.password.encode(), handled=False)


@asynccontextmanager
async def mail_server(
    handler: Handler, *, tls: ssl.SSLContext | None = None, start_tls: bool = False, **settings: Any
) -> AsyncIterator[int]:
    """Yield the port of a real server; ``tls`` from the first byte, or after STARTTLS."""
    loop = asyncio.get_running_loop()
    protocols: list[Any] = []
    if start_tls:
        settings |= {"tls_context": tls, "require_starttls": True}

    def protocol() -> SMTP:
        one = SMTP(handler, hostname="localhost", loop=loop, **settings)
        protocols.append(one)
        return one

    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=None if start_tls else tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()
        for one in protocols:
            if one.transport is not None:
                one.transport.abort()
        await settled()


@asynccontextmanager
async def scripted_server(
    script: Sequence[str | None], silent: bool = False
) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Yield a port and what was heard there: after each line (or the whole content) the next reply, None hangs up."""
    heard: list[bytes] = []
    over = asyncio.Event()
    talks: list[asyncio.Task[Any]] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        content = False
        task = asyncio.current_task()
        assert task
        talks.append(task)
        for reply in script:
            if reply is None:
                break
            writer.write(reply.encode() + b"\r\n")
            heard.append(await (reader.readuntil(b"\r\n.\r\n") if content else reader.readline()))
            content = reply.startswith("354")
        if silent:
            await over.wait()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], heard
    finally:
        over.set()
        server.close()
        await server.wait_closed()
        await asyncio.gather(*talks, return_exceptions=True)
        await settled()


async def settled() -> None:
    """Let connections that were closed on both sides finish closing."""
    for _ in range(5):
        await asyncio.sleep(0)


def self_signed(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return the contexts of a server with a certificate of its own for 127.0.0.1, and of a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "mail.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    of_server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    of_server.load_cert_chain(path)
    return of_server, ssl.create_default_context(cafile=str(path))
