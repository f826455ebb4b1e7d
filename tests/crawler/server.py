"""A press on loopback: real HTTP servers that answer as told, and remember what they were asked."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from archive.model import PageOutcome, PollOutcome, RobotsRecord, Task, from_json, to_json

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 7, 20, 12, 0, tzinfo=UTC)

RSS = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>Peru Daily</title><item>
<title>Peru votes</title><link>http://example.org/peru-votes</link><description>Polls open</description>
</item></channel></rss>"""


@dataclass(frozen=True)
class Answer:
    """One answer; its length is said unless the headers say another, or that the body comes in chunks."""

    body: bytes = b""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Asked:
    """One request as it arrived; the names of its headers are in lower case."""

    path: str
    headers: dict[str, str]


class Request(BaseHTTPRequestHandler):
    """What a route is called with: it may read ``sent``, return an `Answer`, or write by itself."""

    protocol_version = "HTTP/1.1"
    server: Press

    @property
    def sent(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.headers.items()}

    def do_GET(self) -> None:
        self.server.asked.append(Asked(self.path, self.sent))
        route = self.server.routes.get(self.path, Answer(b"not here", 404))
        # A spider that hangs up in the middle of an answer is what some of the cases are about.
        with suppress(ConnectionError):
            answer = route if isinstance(route, Answer) else route(self)
            if answer is not None:
                self.answer(answer)

    def answer(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        if answer.status != 304 and not {"Content-Length", "Transfer-Encoding"} & {
            n for n, _ in answer.headers
        }:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def hang_up(self) -> None:
        """End the connection after what was written."""
        self.close_connection = True

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


Route = Answer | Callable[[Request], Answer | None]


class Press(ThreadingHTTPServer):
    """One host. ``routes`` may be filled in until it is asked."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128  # of five, the sixth spider at once would wait for seconds

    def __init__(
        self,
        routes: dict[str, Route],
        host: str = "127.0.0.1",
        port: int = 0,
        secure: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__((host, port), Request)
        if secure is not None:
            # The handshake is for the thread of the connection: a spider that breaks it off must not stop the others.
            self.socket = secure.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.routes = routes
        self.asked: list[Asked] = []
        self.stopping = threading.Event()  # a route that never answers waits for this

    @property
    def port(self) -> int:
        return self.server_address[1]

    @property
    def url(self) -> str:
        return f"http://{self.server_address[0]!s}:{self.port}"

    def handle_error(self, *args: Any) -> None:
        """A connection that the spider broke off is no error of ours."""


@contextmanager
def press(
    routes: dict[str, Route],
    host: str = "127.0.0.1",
    port: int = 0,
    secure: ssl.SSLContext | None = None,
) -> Iterator[Press]:
    """Serve ``routes`` while inside; ``secure``: by https."""
    with Press(routes, host, port, secure) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.stopping.set()
            server.shutdown()
            thread.join()


class Listener:
    """A port that must not be connected to: ``accepted`` counts who did."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self._socket = socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET
        )
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]

    def accepted(self) -> int:
        """Return how many connections wait: the system completes them without our help."""
        count = 0
        with suppress(BlockingIOError):
            while True:
                self._socket.accept()[0].close()
                count += 1
        return count

    def close(self) -> None:
        self._socket.close()


@contextmanager
def closed_port() -> Iterator[int]:
    """A port at which nobody listens, and nobody else will while inside."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]


def chunked(*chunks: bytes) -> bytes:
    """Return a body as Transfer-Encoding: chunked has it."""
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))


@dataclass
class Driven:
    """What came out of `crawl_driver`: outcomes by crawl and the number of their task, and what else it saw."""

    polls: dict[tuple[str, int], PollOutcome]
    pages: dict[tuple[str, int], PageOutcome]
    robots: dict[tuple[str, str], list[RobotsRecord]]
    outcomes: list[tuple[str, int]]  # each outcome, in the order in which they came
    connects: list[str]  # every address that a connection was opened to
    sockets: list[str]  # the same, as the interpreter saw it: each address once
    names: list[str]  # every name that was looked up
    listening: list[str]  # every port that was opened
    ended: bool  # whether each crawl was over when closing it returned
    pauses: dict[str, dict[str, float]] = field(
        default_factory=dict
    )  # by crawl: seconds between two requests to a host
    parsed: list[int] = field(default_factory=list)  # how long each robots.txt was that a worker parsed


def batch(*tasks: Task, **more: Any) -> dict[str, Any]:
    """Return tasks that are sent together, as the driver takes them."""
    return {"tasks": [json.loads(to_json(task)) for task in tasks], **more}


def crawl(
    batches: Sequence[dict[str, Any]], *, robots: Sequence[RobotsRecord] = (), **network: Any
) -> dict[str, Any]:
    """Return one crawl, as the driver takes it; ``network`` are its settings."""
    return {
        "network": {"delay": 0, "allow_private": ["127.0.0.0/8"], **network},
        "batches": list(batches),
        "robots": [json.loads(to_json(record)) for record in robots],
    }


def drive(
    crawls: dict[str, dict[str, Any]],
    *,
    environment: Mapping[str, str] | None = None,
    timeout: float = 120,
    **more: Any,
) -> Driven:
    """Run the crawls side by side in one process of its own; a warning there is an error."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.crawler.crawl_driver"],
        input=json.dumps({"now": NOW.isoformat(), "crawls": crawls, **more}),
        cwd=ROOT,
        env={
            **os.environ,
            "http_proxy": "http://127.0.0.1:1",
            "https_proxy": "http://127.0.0.1:1",
            **(environment or {}),
        },  # not for us
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Unhandled error" not in done.stderr, done.stderr
    *lines, end = map(json.loads, done.stdout.splitlines())
    driven = Driven(
        {}, {}, {}, [], end["connects"], end["sockets"], end["names"], [], True, parsed=end["parsed"]
    )
    for name, seen in end["seen"].items():
        driven.pauses[name] = seen["pauses"]
        driven.listening += seen["listening"]
        driven.ended &= seen["ended"]
    for line in lines:
        name, value = line["crawl"], json.dumps(line["result"])
        if line["kind"] == "RobotsRecord":
            record = from_json(RobotsRecord, value)
            driven.robots.setdefault((name, record.host), []).append(record)
        elif line["kind"] == "PollOutcome":
            poll = from_json(PollOutcome, value)
            driven.polls[name, poll.task.endpoint_id] = poll
            driven.outcomes.append((name, poll.task.endpoint_id))
        else:
            page = from_json(PageOutcome, value)
            driven.pages[name, page.task.article_id] = page
            driven.outcomes.append((name, page.task.article_id))
    return driven
