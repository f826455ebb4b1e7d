"""A world for end-to-end tests: a configuration on disk, and servers on loopback that the program talks to."""

from __future__ import annotations

import asyncio
import os
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any, Self

from aiosmtpd.controller import Controller
from ruamel.yaml import YAML

from crawler.demo.day import shipped


def write_config(
    folder: Path,
    sources: str | list[dict[str, Any]],
    *,
    subscribers: list[dict[str, Any]] | None = None,
    mail_port: int | None = None,
    allow: tuple[str, ...] = ("127.0.0.0/8",),
    network: Mapping[str, Any] | None = None,
) -> Path:
    """Write the four files under ``folder``/config and return that folder; data goes to ``folder``/data."""
    config = folder / "config"
    config.mkdir(parents=True, exist_ok=True)
    settings: dict[str, Any] = {
        "data_dir": str(folder / "data"),
        "network": {
            "allow_private": list(allow),
            "delay": 0,
            "contact": "test",
            "timeout": "10s",
            **(network or {}),
        },
        "web": {"port": free_port()},
    }
    if mail_port is not None:
        settings["mail"] = {
            "host": "127.0.0.1",
            "port": mail_port,
            "security": "none",
            "from": "digest@press.example",
        }
    reader = {
        "id": "reader",
        "name": "Reader",
        "topics": "all",
        "when": "daily at 07:00",
        "zone": "America/Lima",
    }
    dump(config / "settings.yaml", settings)
    dump(config / "subscribers.yaml", {"subscribers": subscribers or [reader]})
    (config / "keywords.yaml").write_text(shipped("keywords.yaml").read_text("utf-8"), "utf-8")
    if isinstance(sources, str):
        (config / "sources.yaml").write_text(sources, "utf-8")
    else:
        dump(config / "sources.yaml", {"sources": sources})
    return config


def dump(path: Path, value: Any) -> None:
    """Write ``value`` as YAML."""
    with path.open("w", encoding="utf-8") as file:
        YAML().dump(value, file)


def rows(database: Path, sql: str, *values: object) -> list[tuple[Any, ...]]:
    """Ask a database that the program wrote."""
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as conn:
        return conn.execute(sql, values).fetchall()


@dataclass
class MailBox:
    """A real SMTP server. ``before_reply`` is awaited after the content arrived, before the server says so."""

    mails: list[tuple[str, EmailMessage]] = field(default_factory=list)
    before_reply: Callable[[], Any] | None = None

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        for recipient in envelope.rcpt_tos:
            self.mails.append((recipient, message))
        if self.before_reply is not None:
            await asyncio.get_running_loop().run_in_executor(None, self.before_reply)
        return "250 taken"

    @contextmanager
    def listening(self, port: int = 0) -> Iterator[int]:
        """Listen on loopback while inside; yields the port."""
        controller = Controller(self, hostname="127.0.0.1", port=port or free_port(), ready_timeout=10)
        controller.start()
        try:
            yield controller.port
        finally:
            controller.stop()


# Below those that the system gives out by itself, and for each process that runs tests from another one on: what nobody
# listens on yet is given to nobody else meanwhile.
_PORTS = count(20_000 + os.getpid() * 97 % 12_000)


def free_port() -> int:
    """Return a port on which nothing listens just now."""
    return next(port for port in _PORTS if _is_free(port))


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@dataclass
class Answer:
    """What a path of a `Site` answers."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class Site:
    """A small web server on loopback with fixed answers by path; ``asked`` is what was asked of it.

    An answer with an ETag is given as a 304 to who has it.
    """

    def __init__(self, answers: Mapping[str, Answer], host: str = "127.0.0.1", port: int = 0) -> None:
        self.answers = dict(answers)
        self.asked: list[tuple[str, dict[str, str]]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                site.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                answer = site.answers.get(self.path, Answer(b"not here", 404))
                tag = answer.headers.get("ETag")
                if tag is not None and self.headers.get("If-None-Match") == tag:
                    answer = Answer(b"", 304, answer.headers)
                self.send_response(answer.status)
                for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer((host, port), Handler)
        self.server.daemon_threads = True
        self.server.block_on_close = False
        self.port = self.server.server_address[1]
        self.url = f"http://{host}:{self.port}"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()
