"""Opens crawls in a process of its own, because Twisted's reactor runs once a process.

    stdin    {"now": …, "names": {name: [answers, …]}, "crawls": {name: {"network": …, "crash": …, "batches": …}}}
    stdout   one JSON line a result, and at the end one that says what else was seen

A batch is a list of tasks that are sent at once; the next one is sent when as many outcomes as ``wait`` says
(all, if it is left out) have come back. Names are never looked up elsewhere: ``names`` gives the answers to
the first, second, … question for a name, and the last one stands; those for ``*`` are for all other names. No
connection ever leaves this machine, whatever the guard says: `spy` is below it.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from contextlib import suppress
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from archive.errors import ParseError
from archive.model import Article, Feed, PageTask, PollTask, RobotsRecord, Task, from_json, to_json
from crawler.engine import Crawl
from crawler.loop import run
from crawler.pool import Workers
from crawler.robots import Rules
from crawler.settings import NetworkSettings


class BrokenWorkers(Workers):
    """Workers with a bug: a body in which ``crash`` stands makes them raise what nobody expects."""

    def __init__(self, crash: bytes) -> None:
        super().__init__(workers=2)
        self._crash = crash
        self.parsed: list[int] = []  # how long each robots.txt was that was not parsed in the loop

    def _look(self, body: bytes) -> None:
        if self._crash in body:
            raise ZeroDivisionError("a bug of ours")

    async def feed(self, body: bytes, **settings: Any) -> Feed:
        self._look(body)
        return await super().feed(body, **settings)

    async def page(self, body: bytes, **settings: Any) -> Article:
        self._look(body)
        return await super().page(body, **settings)

    async def robots(self, body: str, agent: str, **settings: Any) -> Rules:
        self.parsed.append(len(body))
        if self._crash.decode() in body:
            raise ParseError("not read within 20 s", reason="parse_timeout")
        return await super().robots(body, agent, **settings)


class Names:
    """The only name server there is."""

    def __init__(self, names: dict[str, list[list[str]]]) -> None:
        self._names = names
        self.asked: list[str] = []

    def resolveHostName(
        self,
        receiver: Any,
        hostName: str,
        portNumber: int = 0,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        from twisted.internet._resolver import HostResolution
        from twisted.internet.address import IPv4Address, IPv6Address

        resolution = HostResolution(hostName)
        receiver.resolutionBegan(resolution)
        for host in self._answer(hostName):
            kind = IPv6Address if ":" in host else IPv4Address
            receiver.addressResolved(kind("TCP", host, portNumber))
        receiver.resolutionComplete()
        return resolution

    def _answer(self, name: str) -> list[str]:
        answers = self._names.get(name)
        if answers:
            self.asked.append(name)
            return answers.pop(0) if len(answers) > 1 else answers[0]
        try:  # decimal, hexadecimal and octal forms are addresses to the system, without a question to anybody
            found = socket.getaddrinfo(name, 0, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        except OSError:
            self.asked.append(name)
            return self._names.get("*", [[]])[0]
        return [str(address[0]) for *_, address in found]


def listening() -> list[str]:
    """Return the local addresses at which this process listens."""
    own = set()
    for fd in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the one that lists the folder
            own.add(str(fd.readlink()))
    rows = [
        row.split()
        for table in ("tcp", "tcp6")
        for row in Path("/proc/self/net", table).read_text().splitlines()[1:]
    ]
    return [row[1] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in own]


async def drive(name: str, plan: dict[str, Any], now: datetime, workers: Workers) -> dict[str, Any]:
    crawl = Crawl(NetworkSettings(**plan["network"]), now=lambda: now, workers=workers)
    await crawl.open([from_json(RobotsRecord, json.dumps(record)) for record in plan.get("robots", ())])
    for batch in plan["batches"]:
        tasks: list[Task] = [
            from_json(PageTask if "article_id" in task else PollTask, json.dumps(task))
            for task in batch["tasks"]
        ]
        crawl.carrier.send(tasks)
        missing = batch.get("wait", len(tasks))
        while missing > 0:
            for result in await crawl.carrier.receive():
                missing -= not isinstance(result, RobotsRecord)
                say({"crawl": name, "kind": type(result).__name__, "result": json.loads(to_json(result))})
    ports = listening()
    assert crawl._crawler is not None
    assert crawl._crawler.engine is not None
    slots = crawl._crawler.engine.downloader.slots
    pauses = {host: slot.delay for host, slot in slots.items()}
    await crawl.close()
    assert crawl._running is not None
    return {"listening": ports, "ended": crawl._running.done(), "pauses": pauses}


def say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")


async def main(_stop: asyncio.Event) -> None:
    from twisted.internet import reactor

    spec = json.load(sys.stdin)
    names = Names(spec.get("names", {}))
    reactor.installNameResolver(names)
    connects: list[str] = []
    connect = reactor.connectTCP

    def spy(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        connects.append(host)
        if not ip_address(host).is_loopback:
            raise OSError(f"the tests do not connect to {host}")
        return connect(host, port, *args, **kwargs)

    reactor.connectTCP = spy
    sockets: set[str] = set()

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event == "socket.connect" and isinstance(args[1], tuple):
            sockets.add(args[1][0])

    sys.addaudithook(hook)
    workers = BrokenWorkers(spec.get("crash", "a body in which nothing crashes").encode())
    now = datetime.fromisoformat(spec["now"])
    try:
        crawls = spec["crawls"]
        seen = await asyncio.gather(*(drive(name, plan, now, workers) for name, plan in crawls.items()))
    finally:
        workers.close()
    say(
        {
            "kind": "end",
            "seen": dict(zip(crawls, seen, strict=True)),
            "connects": connects,
            "sockets": sorted(sockets),
            "names": names.asked,
            "parsed": workers.parsed,
        }
    )


if __name__ == "__main__":
    run(main)
