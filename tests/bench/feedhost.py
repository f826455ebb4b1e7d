"""Feeds on loopback for the bench of polling, in a process of their own, so that their cost is nobody's.

    python tests/bench/feedhost.py 2000   prints the port, then obeys one line at a time:
    first | quiet | ordinary              answers as in that round, from now on; prints how many requests it had

Feed N is ``http://127.0.1.H:PORT/N.xml``: RSS of 30 entries and 45 KB with an ETag, gzipped. In a round that is *quiet*
whoever names the tag is told 304; in an *ordinary* one so are eight feeds of ten, the ninth says the same without a tag,
and the tenth has three new entries.
"""

from __future__ import annotations

import asyncio
import gzip
import random
import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from html import escape
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from crawler.demo.content import END, load

HOSTS = 100
ENTRIES, NEWER = 30, 3
SIZE = 45_000  # bytes of a feed
NOW = datetime(2026, 7, 20, 12, tzinfo=UTC)


def address(number: int, port: int) -> str:
    """Return where feed ``number`` is."""
    return f"http://127.0.1.{1 + number % HOSTS}:{port}/{number}.xml"


@cache
def sentences() -> tuple[str, ...]:
    """Return what the invented outlets of the demo wrote."""
    texts = [paragraph for outlet in load() for article in outlet.by(END) for paragraph in article.text]
    return tuple(one.strip() for text in texts for one in text.split(". ") if 20 < len(one) < 400)


def feed(number: int, newer: int = 0) -> bytes:
    """Return the body of a feed, ``newer`` entries after its first."""
    dice = random.Random(number)
    items = []
    for entry in range(ENTRIES + newer):
        # Each has its own words: what is the same for all would be compressed and indexed too well.
        title = f"{dice.choice(sentences())[:90]} {number}-{entry}"
        paragraphs = []
        while sum(map(len, paragraphs)) < SIZE / ENTRIES - 690:
            paragraphs.append(
                f'<p>{dice.choice(sentences())}. <a href="/t/{entry}">{dice.randrange(10**6)}</a></p>'
            )
        published = NOW - timedelta(hours=30) + timedelta(minutes=50 * entry)
        items.append(
            f"<item><title>{escape(title)}</title><link>https://feed{number}.example/news/2026/{entry}-story</link>"
            f'<guid isPermaLink="false">{number}-{entry}</guid><pubDate>{format_datetime(published)}</pubDate>'
            f"<dc:creator>Reporter {entry % 7}</dc:creator><category>News</category>"
            f"<description>{escape(''.join(paragraphs))}</description></item>"
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<channel><title>Feed {number}</title><link>https://feed{number}.example/</link><description>News"
        f"</description><language>en</language>{''.join(reversed(items[-ENTRIES:]))}</channel></rss>"
    ).encode()


class Feeds:
    """What is offered in which round."""

    def __init__(self, count: int) -> None:
        self._bodies = [gzip.compress(feed(number), 6, mtime=0) for number in range(count)]
        self._newer = {
            number: gzip.compress(feed(number, NEWER), 6, mtime=0)
            for number in range(count)
            if number % 10 == 9
        }
        self.round = "first"
        self.asked = 0

    def answer(self, number: int, asked_tag: bytes) -> bytes:
        """Return the answer, head and body."""
        self.asked += 1
        body, tag = self._bodies[number], b'"%d-0"' % number
        if self.round == "ordinary" and number % 10 == 8:
            asked_tag = tag = b""
        if self.round == "ordinary" and number % 10 == 9:
            body, tag = self._newer[number], b'"%d-1"' % number
        etag = b"ETag: %b\r\n" % tag if tag else b""
        if tag and asked_tag == tag:
            return b"HTTP/1.1 304 Not Modified\r\n%b\r\n" % etag
        return (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml; charset=utf-8\r\nContent-Encoding: gzip\r\n"
            b"%bContent-Length: %d\r\n\r\n%b" % (etag, len(body), body)
        )


class Connection(asyncio.Protocol):
    """One connection, kept alive; requests have no body."""

    def __init__(self, feeds: Feeds) -> None:
        self._feeds, self._got = feeds, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._got += data
        while b"\r\n\r\n" in self._got:
            head, _, self._got = self._got.partition(b"\r\n\r\n")
            first, *lines = head.split(b"\r\n")
            names = dict(line.split(b": ", 1) for line in lines)
            tag = next((value for name, value in names.items() if name.lower() == b"if-none-match"), b"")
            number = int(first.split(b" ")[1].removeprefix(b"/").removesuffix(b".xml"))
            self._transport.write(self._feeds.answer(number, tag))


async def main(count: int) -> None:
    loop = asyncio.get_running_loop()
    feeds = Feeds(count)
    port = 0
    for host in range(min(HOSTS, count)):
        server = await loop.create_server(lambda: Connection(feeds), f"127.0.1.{1 + host}", port, backlog=128)
        port = server.sockets[0].getsockname()[1]
    print(port, flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        feeds.round, had, feeds.asked = line.strip(), feeds.asked, 0
        print(had, flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
