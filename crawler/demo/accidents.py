"""Four more invented outlets, to each of which something happens in the demo's day: `presswatch demo --accidents`.

What can go wrong with a source is seen in `presswatch sources` afterwards: a wire that is faster than it is read, a
paper that puts a captcha where its feed was, a feed that shows the same old copy, and one that fell silent. Their items
say nothing, so that no topic finds them; where they lead nothing is fetched (``pages: false``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from crawler.demo.content import START

_HOUR = timedelta(hours=1)
_CAPTCHA = (
    b"<!doctype html><html><title>One moment</title><body><p>Show that you are no robot.</p></body></html>"
)

# Name, how often it has something, how much its feed holds, from when on it has nothing new (hours after START).
OUTLETS: dict[str, tuple[str, timedelta, int, float]] = {
    "cumbre-flash": ("Cumbre Flash", _HOUR / 6, 12, 1000),
    "muralla": ("Diario Muralla", _HOUR, 20, 1000),
    "copia-vieja": ("La Copia Vieja", _HOUR, 10, -24 * 400),
    "faro-mudo": ("Faro Mudo", 3 * _HOUR, 200, -1),
}
_WALL = 10  # hours after START: from then on Muralla shows a captcha


def feed(outlet: str, at: datetime) -> bytes:
    """Return what an outlet's feed is at a time; nothing is remembered, so the same time gives the same bytes."""
    name, step, size, until = OUTLETS[outlet]
    if outlet == "muralla" and at >= START + _WALL * _HOUR:
        return _CAPTCHA
    newest = int((min(at, START + until * _HOUR) - START) // step)
    items = "".join(
        f"<item><title>{name}, bulletin {number}</title><link>http://{outlet}.example/{number}</link>"
        f"<pubDate>{format_datetime(START + number * step)}</pubDate></item>"
        for number in range(newest, newest - size, -1)
    )
    return f'<rss version="2.0"><channel><title>{name}</title>{items}</channel></rss>'.encode()


def sources_yaml(port: int) -> str:
    """Return the outlets as entries of a sources.yaml."""
    return "".join(
        f"  - id: {outlet}\n    name: {name}\n    language: es\n    pages: false\n"
        f"    endpoints:\n      - feed: http://127.0.0.1:{port}/{outlet}\n"
        for outlet, (name, *_) in OUTLETS.items()
    )


@contextmanager
def serving(now: Callable[[], datetime]) -> Iterator[int]:
    """Serve the feeds on loopback while inside; yields the port."""

    class Handler(BaseHTTPRequestHandler):
        """Answers with the feed whose name is the path."""

        def do_GET(self) -> None:
            """A feed, or 404."""
            outlet = self.path.strip("/")
            body = feed(outlet, now()) if outlet in OUTLETS else b""
            self.send_response(200 if body else 404)
            kind = "text/html" if body is _CAPTCHA else "application/rss+xml"
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing on standard error."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="accidents", daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
