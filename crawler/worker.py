"""What runs inside a worker process: the readers, behind bars.

Feeds and pages come from strangers, and the libraries that read them are large. A worker that one of them
takes over, or that a bug leads astray, holds no archive, and cannot connect, start a program or write a
file: an audit hook (PEP 578) refuses. It is a fence against accidents and simple attacks, not a sandbox;
memory has a limit of its own, and time is kept by the pool.

This module imports nothing that acts. It is imported once, in the fork server (`crawler.warmed`), and shared by all
workers.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from typing import Any

from archive.model import Article, Feed

from . import extract, feeds, home, sections, sitemaps
from .sitemaps import Sitemap

_REFUSED = frozenset({
    "ctypes.dlopen", "os.chmod", "os.chown", "os.exec", "os.fork", "os.forkpty", "os.kill", "os.link",
    "os.mkdir", "os.posix_spawn", "os.remove", "os.rename", "os.rmdir", "os.spawn", "os.symlink",
    "os.system", "os.truncate", "pty.spawn", "sqlite3.connect", "subprocess.Popen", "urllib.Request",
})  # fmt: skip
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def start(memory_bytes: int) -> None:
    """Prepare this process for work; ``memory_bytes`` of address space is all that it gets."""
    os.nice(10)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the service, which then closes the pool
    sys.dont_write_bytecode = True
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    sys.addaudithook(_refuse)


def parse_feed(**kwargs: Any) -> Feed:
    """`crawler.feeds.read_feed`, where a pool can find it."""
    return feeds.read_feed(**kwargs)


def parse_sitemap(**kwargs: Any) -> Sitemap:
    """`crawler.sitemaps.read_sitemap`, where a pool can find it."""
    return sitemaps.read_sitemap(**kwargs)


def parse_home(**kwargs: Any) -> home.Home:
    """`crawler.home.read_home`, where a pool can find it."""
    return home.read_home(**kwargs)


def parse_section(**kwargs: Any) -> Feed:
    """`crawler.sections.read_section`, where a pool can find it."""
    return sections.read_section(**kwargs)


def parse_page(**kwargs: Any) -> Article:
    """`crawler.extract.read_page`, where a pool can find it."""
    return extract.read_page(**kwargs)


def _refuse(event: str, args: tuple[Any, ...]) -> None:
    if event == "open":
        _, mode, flags = args
        writes = (isinstance(mode, str) and not set(mode).isdisjoint("wax+")) or flags & _WRITES
        if writes:
            # Also keeps the import system from writing byte code; it takes OSError for "then not".
            raise PermissionError(f"a worker may not write to {args[0]!r}")
    elif event in _REFUSED or event.startswith(("socket.", "shutil.")):
        raise PermissionError(f"a worker may not do {event}")


def ready() -> None:
    """Do nothing: the answer says that a worker has started."""
