"""The page at which a reader leaves a list, as an ASGI application around the archive's pages.

    GET   shows whom the link is for and a button, and changes nothing: programs that look at links come here too
    POST  with List-Unsubscribe=One-Click (RFC 8058: what a mail program sends, and the button) leaves the list

No cookie and no CSRF token: a mail program has none, and the signature in the link is what is believed. So this stands
before Datasette, which would ask for its own. Without JavaScript. What cannot be read or is not signed by us is refused
alike, and nothing of it is shown.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import sqlite3
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress as ignoring
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from alerts import leave, state, suppressions
from alerts.jobs import Run
from alerts.leave import KEY_BYTES, ONE_CLICK, PATH, Wanted
from alerts.leavepage import Standing, page
from archive.errors import ArchiveError

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LONGEST_BODY = 4096
WHY = "the reader asked to leave, by the link in a mail"
_TOKEN = re.compile(re.escape(PATH) + r"([^/]+)/?\Z")
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'",  # nobody lays our button under another
    "Referrer-Policy": "no-referrer",  # the link itself is the secret
    "X-Robots-Tag": "noindex",
}


class Unsubscribe:
    """Answers under `PATH`, and hands all else to ``inner``. ``run`` gives the connection that may write alerts.db."""

    def __init__(self, inner: App, key: bytes, run: Run, now: Callable[[], datetime]) -> None:
        self._inner = inner
        self._key = key
        self._run = run
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or PATH not in scope["path"]:
            await self._inner(scope, receive, send)
            return
        status, shown = await self._answer(scope, receive)
        body = shown.encode()
        headers = {**_HEADERS, "Content-Length": str(len(body))}
        if status == 405:
            headers["Allow"] = "GET, HEAD, POST"
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            }
        )
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[int, str]:
        accepted = b",".join(value for name, value in scope["headers"] if name == b"accept-language")
        spoken = accepted.decode("latin-1")
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return 405, page("refused", spoken)
        found = _TOKEN.search(scope["path"])
        wanted = leave.read(self._key, found[1]) if found else None
        if wanted is None:
            return 403, page("refused", spoken)
        try:
            if scope["method"] != "POST":
                standing = await self._run(lambda conn: _standing(conn, wanted))
                return 200, page("left" if standing.left else "ask", spoken, wanted, standing)
            if not _one_click(await _body(receive)):
                return 400, page("refused", spoken)
            now = self._now()
            standing = await self._run(lambda conn: _leave(conn, wanted, now))
        except ArchiveError as error:
            # The reader may come back, and a mail program tries again.
            log.error("somebody could not leave %s: %s", wanted.subscription_id, error)  # noqa: TRY400 - its words say it all
            return 503, page("later", spoken, wanted)
        return 200, page("left", spoken, wanted, standing)


def key(data_dir: Path) -> bytes:
    """Return what links are signed with: the key in the data folder, made when there is none.

    Only the owner may read it. Without it (a folder copied in part) the links in old mails are refused.
    """
    path = data_dir / "unsubscribe.key"
    try:
        if not path.exists():
            # Written beside, then linked: never half there, and of two that make it at once one is everybody's.
            data_dir.mkdir(parents=True, exist_ok=True)
            new = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
            handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(secrets.token_bytes(KEY_BYTES))
                    file.flush()
                    os.fsync(file.fileno())
                with ignoring(FileExistsError):
                    os.link(new, path)
            finally:
                new.unlink()
        if path.stat().st_mode & 0o077:
            log.warning("%s could be read by others; that is taken back", path)
            path.chmod(0o600)
        found = path.read_bytes()
    except OSError as error:
        raise ArchiveError(f"{path}: {error.strerror or error}") from error
    if len(found) != KEY_BYTES:
        raise ArchiveError(
            f"{path} is no key of {KEY_BYTES} bytes: put the right one back, or delete it "
            "(then links in mails that were sent stop to work)"
        )
    return found


def _standing(conn: sqlite3.Connection, wanted: Wanted) -> Standing:
    known = state.subscription_state(conn, wanted.subscription_id)
    return Standing(
        name=known.subscription.name if known else wanted.subscription_id,
        language=known.subscription.language if known else None,
        left=suppressions.suppressed(conn, wanted.recipient, wanted.subscription_id) is not None,
    )


def _leave(conn: sqlite3.Connection, wanted: Wanted, now: datetime) -> Standing:
    if suppressions.suppress(conn, wanted.recipient, WHY, now, wanted.subscription_id):
        log.info("%s left %s", wanted.recipient, wanted.subscription_id)
    return _standing(conn, wanted)


async def _body(receive: Receive) -> bytes:
    """Return what was posted, b"" when it is more than anybody would have to post or never came whole."""
    body = b""
    while len(body) <= LONGEST_BODY:
        message = await receive()
        if message["type"] != "http.request":
            return b""
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body if len(body) <= LONGEST_BODY else b""
    return b""


def _one_click(body: bytes) -> bool:
    """Tell whether this is what RFC 8058 has posted, as a form of either kind."""
    name, value = ONE_CLICK
    text = body.decode("utf-8", "replace")
    part = rf'name="?{name}"?[^\r\n]*\r?\n(?:[^\r\n]+\r?\n)*\r?\n{value}\r?\n'
    return ONE_CLICK in parse_qsl(text.strip()) or re.search(part, text) is not None
