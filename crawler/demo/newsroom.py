"""The demo newsroom: a small web server for each invented outlet, on loopback, at a time the caller sets.

    with Newsroom(now=lambda: clock.time) as newsroom:
        write(newsroom.sources_yaml())        # four feeds on 127.0.0.1
        ...                                   # move the clock; poll; look at newsroom.log

`now` decides everything: what is published, what is edited, what the validators are, even the Date header. So
a test that plays the day twice gets the same bytes twice. This module only serves: what the outlets say is in
`content`, what it looks like in `pages`.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import socket
import socketserver
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from ruamel.yaml import YAML

from crawler.demo import pages
from crawler.demo.content import END, FEED_SIZE, LIMA, START, TOPICS, Article, Outlet, load

__all__ = ["END", "FEED_SIZE", "LIMA", "START", "TOPICS", "Article", "Newsroom", "Outlet", "Request"]

_HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Request:
    """One request that was answered; `path` with its query, header names in lower case."""

    outlet: str
    method: str
    path: str
    status: int
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer before HTTP has its say about validators, compression and HEAD."""

    status: int
    body: bytes
    content_type: str = _HTML
    headers: Mapping[str, str] = field(default_factory=dict)
    modified: datetime | None = None


def reply(outlet: Outlet, target: str, at: datetime) -> Reply:
    """What the outlet answers to a GET of `target` at a time. Pure."""
    path = target.partition("?")[0].partition("#")[0]
    if path == outlet.feed_path:
        feed = pages.feed(outlet, at)
        content_type = f"{outlet.feed_type}; charset={outlet.feed_encoding}"
        return Reply(200, feed.body, content_type, modified=feed.modified)
    if path == "/":
        return Reply(200, pages.front(outlet, at))
    if path == "/robots.txt" and outlet.robots is not None:
        return Reply(200, outlet.robots.encode(), "text/plain; charset=utf-8")
    for article in outlet.by(at):
        if article.no_link or path not in {article.path, article.redirect}:
            continue
        if article.redirect is not None and path == article.path:
            return Reply(302, b"", headers={"Location": article.redirect})
        if article.status != 200:
            return Reply(article.status, pages.message(outlet, article.status))
        return Reply(200, pages.page(outlet, article), modified=article.updated)
    return Reply(404, pages.message(outlet, 404))


class Newsroom:
    """An outlet to a port. The ports are taken at once: addresses are known before anything answers."""

    def __init__(self, now: Callable[[], datetime], host: str = "127.0.0.1") -> None:
        self.log: list[Request] = []
        self.faults: list[BaseException] = []
        self._now = now
        self._servers: list[_Server] = []
        self._threads: list[threading.Thread] = []
        try:
            for outlet in load():
                self._servers.append(_Server(self, outlet, host))
        except BaseException:
            self.close()
            raise
        self.outlets: tuple[Outlet, ...] = tuple(server.outlet for server in self._servers)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def now(self) -> datetime:
        """The newsroom's time."""
        return self._now()

    def start(self) -> None:
        """Begins to answer. Starting twice is starting once."""
        if self._threads:
            return
        for server in self._servers:
            # Stopping waits for the next look at the flag: half a second by default, four times over.
            thread = threading.Thread(
                target=server.serve_forever,
                kwargs={"poll_interval": 0.05},
                name=f"newsroom-{server.outlet.id}",
                daemon=True,
            )
            thread.start()
            self._threads.append(thread)

    def close(self) -> None:
        """Stops answering, hangs up on who is still connected, frees the ports. Closing twice is harmless."""
        servers, self._servers = self._servers, []
        threads, self._threads = self._threads, []
        # `shutdown` of a server that never ran would wait for ever, and each waits for one poll: all at once.
        stopping = [threading.Thread(target=server.shutdown) for server in servers if threads]
        for thread in stopping:
            thread.start()
        for thread in stopping + threads:
            thread.join()
        for server in servers:
            server.hang_up()
            server.server_close()

    def articles(self, by: datetime | None = None) -> list[Article]:
        """What is out by a time (default: now) in all outlets, newest first, as it reads then.

        `articles(END)` is the whole day.
        """
        at = self.now() if by is None else by
        found = [article for outlet in self.outlets for article in outlet.by(at)]
        return sorted(found, key=lambda a: (a.appears, a.guid), reverse=True)

    def sources_yaml(self) -> str:
        """A complete sources.yaml for this newsroom."""
        yaml = YAML()
        yaml.indent(mapping=2, sequence=4, offset=2)
        out = io.StringIO()
        yaml.dump(
            {
                "sources": [
                    {
                        "id": outlet.id,
                        "name": outlet.name,
                        "country": outlet.country,
                        "language": outlet.language,
                        "endpoints": [{"feed": outlet.feed_url}],
                    }
                    for outlet in self.outlets
                ]
            },
            out,
        )
        return out.getvalue()


class _Server(ThreadingHTTPServer):
    """One outlet. Knows who is connected: a kept-alive connection would outlive the server otherwise."""

    daemon_threads = True
    # The default of 5 makes a burst of connections wait a second for the kernel to try again.
    request_queue_size = 128

    def __init__(self, newsroom: Newsroom, outlet: Outlet, host: str) -> None:
        self.newsroom = newsroom
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()
        super().__init__((host, 0), _Handler)
        self.outlet = outlet.placed(f"http://{host}:{self.server_port}")

    def server_bind(self) -> None:
        """As http.server does, without asking DNS for the host's name: offline, that can take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Counts the connection before its thread exists, so that none slips past `hang_up`."""
        with self._changed:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """The end of every connection, whatever ended it."""
        super().shutdown_request(request)
        with self._changed:
            self._open.discard(request)
            self._changed.notify_all()

    def hang_up(self) -> None:
        """Ends the connections that are open, and waits until their threads have let go of them."""
        with self._changed:
            for connection in self._open:
                # OSError: the other side was quicker.
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._changed.wait_for(lambda: not self._open, timeout=5)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Silent, as a demo must be; a broken connection is no fault, anything else is kept for the tests."""
        error = sys.exception()
        if error is not None and not isinstance(error, OSError):
            self.newsroom.faults.append(error)


class _Handler(BaseHTTPRequestHandler):
    """HTTP/1.1, connections kept alive. Head and body leave in one piece, lest Nagle hold the body back."""

    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    timeout = 30

    def do_GET(self) -> None:
        """A GET, and by `do_HEAD` a HEAD."""
        outlet = self.server.outlet
        try:
            answer = reply(outlet, self.path, self.server.newsroom.now())
        except Exception as error:  # noqa: BLE001 - kept for the tests, which hold that there is none
            self.server.newsroom.faults.append(error)
            answer = Reply(500, pages.message(outlet, 500))
        body, headers = answer.body, dict(answer.headers)
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        if outlet.gzip:
            headers["Vary"] = "Accept-Encoding"
            if body and _takes_gzip(self.headers.get("Accept-Encoding", "")):
                # No time stamp in the gzip header, and a tag of its own: strong tags name bytes.
                body, tag = gzip.compress(body, mtime=0), f'{tag[:-1]}-gzip"'
                headers["Content-Encoding"] = "gzip"
        status = answer.status
        if answer.modified is not None:
            headers["ETag"] = tag
            headers["Last-Modified"] = _http_date(answer.modified)
            if self._is_current(tag, answer.modified):
                status, body = 304, b""
                headers.pop("Content-Encoding", None)
        if status != 304:
            headers |= {"Content-Type": answer.content_type, "Content-Length": str(len(body))}
        # Before the answer goes out: who has read it must find it in the log.
        asked = {name.lower(): value for name, value in self.headers.items()}
        self.server.newsroom.log.append(Request(outlet.id, self.command, self.path, status, asked))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET

    def _is_current(self, tag: str, modified: datetime) -> bool:
        """Whether the client's copy is good. A tag counts more than a date (RFC 9110, 13.2.2)."""
        tags = self.headers.get("If-None-Match")
        if tags is not None:
            return tags.strip() == "*" or tag in {one.strip().removeprefix("W/") for one in tags.split(",")}
        try:
            since = parsedate_to_datetime(self.headers.get("If-Modified-Since", ""))
        except ValueError:
            return False
        # A date with "-0000" comes back naive; HTTP dates are GMT in any case.
        return modified.replace(microsecond=0) <= (since if since.tzinfo else since.replace(tzinfo=UTC))

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The Date header, by the newsroom's clock."""
        return _http_date(self.server.newsroom.now())

    def version_string(self) -> str:
        """The Server header, without the version of Python."""
        return "presswatch-demo"

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on standard error."""


def _http_date(at: datetime) -> str:
    return format_datetime(at.astimezone(UTC), usegmt=True)


def _takes_gzip(accepted: str) -> bool:
    for one in accepted.lower().split(","):
        coding, _, weight = one.partition(";")
        if coding.strip() in {"gzip", "*"}:
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False
