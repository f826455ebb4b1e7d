"""A press that means harm, read by the real service beside outlets that do not.

Each case is a source of its own on an address of its own, so nothing but the service decides who waits for whom. What is
measured is the service's process, at its highest; the workers have a limit of their own, which is their defence.
"""

from __future__ import annotations

import gzip
import signal
import sqlite3
import subprocess
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from crawler.budget import MOST
from crawler.netguard import MOST_HEAD
from tests.conftest import PROGRAM, environment
from tests.crawler.server import RSS, Answer, Press, Request, Route, press
from tests.e2e.test_service import wait_for
from tests.e2e.world import rows, write_config

MOST_RSS_MB = 400
HOLDING, HELD = 50, 9_500_000  # servers that send nearly all that they may, and then hold on
GOOD = 24  # outlets that mean no harm
TIMEOUT = 4  # seconds an answer may take
MB = 1_000_000


def raw(*pieces: bytes, forever: bytes = b"", every: float | None = None) -> Route:
    """Write ``pieces`` as they are, and then ``forever`` again and again, with a pause of ``every`` seconds if it is given."""

    def answer(request: Request) -> None:
        for piece in pieces:
            request.wfile.write(piece)
        while forever and not (
            request.server.stopping.is_set() if every is None else request.server.stopping.wait(every)
        ):
            request.wfile.write(forever)
        request.hang_up()

    return answer


def head(*lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in ("HTTP/1.1 200 OK", *lines)).encode() + b"\r\n"


def packed(body: bytes, *encodings: str) -> Answer:
    """Say that the body is packed so; whether that is true is another matter."""
    return Answer(body, headers=tuple(("Content-Encoding", one) for one in encodings))


def bomb(size: int, times: int = 1) -> bytes:
    """Return ``size`` blanks, packed ``times`` over."""
    body = b"<rss>" + b" " * size
    for _ in range(times):
        body = gzip.compress(body)
    return body


def many(entries: int) -> bytes:
    one = b"<item><title>Peru %d</title><link>http://127.4.0.1/%d</link></item>"
    return b"<rss><channel>" + b"".join(one % (n, n) for n in range(entries)) + b"</channel></rss>"


ENTITIES = b"<!DOCTYPE r [<!ENTITY a0 'ha'>" + b"".join(
    b"<!ENTITY a%d '%b'>" % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12)
)
FEED = b"<rss><channel><item><title>%b</title><link>http://127.4.0.1/x</link></item></channel></rss>"
CHUNK = b"%x\r\n%b\r\n" % (65536, b" " * 65536)

# What is served, and the reasons in which it may end; None: it is read, or what of it can be.
CASES: dict[str, tuple[Route, set[str | None]]] = {
    "a billion laughs": (Answer(ENTITIES + b"]>" + FEED % b"&a11;"), {None, "not_a_feed", "parse_error"}),
    "a file as an entity": (
        Answer(b"<!DOCTYPE r [<!ENTITY f SYSTEM 'file:///etc/passwd'>]>" + FEED % b"&f;"),
        {None, "not_a_feed", "parse_error"},
    ),
    "one element with very many attributes": (
        Answer(b"<rss " + b"".join(b"a%d='' " % n for n in range(60_000)) + b">"),
        {"parse_timeout", "parse_memory", "not_a_feed", "parse_error"},
    ),
    "very deep elements": (
        Answer(b"<rss>" + b"<a>" * 500_000),
        {None, "parse_timeout", "parse_memory", "worker_died", "not_a_feed", "parse_error"},
    ),
    "a hundred thousand entries": (Answer(many(100_000)), {None, "parse_timeout", "parse_memory"}),
    "a gzip bomb": (packed(bomb(500 * MB), "gzip"), {"too_large"}),
    "a gzip bomb in a gzip bomb": (packed(bomb(500 * MB, 2), "gzip, gzip"), {"too_large"}),
    "packed nine times": (packed(bomb(20 * MB, 9), *["gzip"] * 9), {"too_large"}),
    "a deflate bomb": (packed(zlib.compress(b" " * (500 * MB)), "deflate"), {"too_large"}),
    "said to be gzip": (packed(RSS, "gzip"), {None, "not_a_feed", "empty", "error", "connection"}),
    "said to be deflate": (packed(RSS, "deflate"), {"error", "connection", "not_a_feed", "empty"}),
    "said to be br": (packed(RSS, "br"), {"error", "connection", "not_a_feed", "empty"}),
    "said to be zstd": (packed(RSS, "zstd"), {"error", "connection", "not_a_feed", "empty"}),
    "said to be nothing that there is": (packed(RSS, "rot13"), {None, "not_a_feed"}),
    "gzip that is cut off": (
        packed(gzip.compress(RSS * 20)[:60], "gzip"),
        {None, "not_a_feed", "empty", "error"},
    ),
    "gzip that nobody mentions": (Answer(gzip.compress(RSS)), {None, "not_a_feed"}),
    "an encoding that lies": (
        Answer(
            b"<?xml version='1.0' encoding='utf-16'?>" + RSS,
            headers=(("Content-Type", "text/xml; charset=utf-32"),),
        ),
        {None, "not_a_feed", "parse_error"},
    ),
    "an encoding that does not exist": (
        Answer(RSS, headers=(("Content-Type", "text/xml; charset=\x00evil"),)),
        {None, "bad_header", "connection", "parse_error"},
    ),
    "an endless body": (raw(head("Content-Type: text/xml"), forever=b"<a>" * 20_000), {"too_large"}),
    "an endless body in chunks": (raw(head("Transfer-Encoding: chunked"), forever=CHUNK), {"too_large"}),
    "a chunk of a terabyte": (
        raw(head("Transfer-Encoding: chunked"), b"10000000000\r\n", forever=b" " * 65536),
        {"too_large"},
    ),
    "a chunk whose size never ends": (
        raw(head("Transfer-Encoding: chunked"), forever=b"0" * 65536),
        {"connection", "error", "timeout"},
    ),
    "chunks that are none": (
        raw(head("Transfer-Encoding: chunked"), b"what\r\n", RSS),
        {"connection", "error"},
    ),
    "trailers without end": (
        raw(head("Transfer-Encoding: chunked"), b"0\r\n", forever=b"X-Trailer: " + b"x" * 4000 + b"\r\n"),
        {"connection", "error", "timeout", "empty"},
    ),
    "a byte now and then": (raw(head("Content-Type: text/xml"), forever=b" ", every=0.2), {"timeout"}),
    "a byte of a header now and then": (
        raw(b"HTTP/1.1 200 OK\r\nX-Slow: ", forever=b"x", every=0.2),
        {"timeout"},
    ),
    "nothing at all": (raw(), {"connection"}),
    "silence": (lambda request: request.server.stopping.wait() and None, {"timeout"}),
    "headers without end": (
        raw(b"HTTP/1.1 200 OK\r\n", forever=b"X-Flood: " + b"x" * 1000 + b"\r\n"),
        {"too_large"},
    ),
    "one header without end": (
        raw(b"HTTP/1.1 200 OK\r\nX-Flood: ", forever=b"x" * 65536),
        {"too_large", "connection", "error"},
    ),
    "a header folded without end": (
        raw(b"HTTP/1.1 200 OK\r\nX-Flood: x\r\n", forever=b" x" * 500 + b"\r\n"),
        {"too_large"},
    ),
    "provisional answers without end": (
        raw(forever=b"HTTP/1.1 100 Continue\r\nX: " + b"x" * 1000 + b"\r\n\r\n"),
        {"too_large"},
    ),
    "as many headers as just may be": (
        Answer(RSS, headers=tuple((f"X-{n}", "x" * 1000) for n in range(MOST_HEAD // 2000))),
        {None},
    ),
    "no HTTP": (raw(b"220 mail.example ESMTP\r\n"), {"connection", "error", "bad_status"}),
    "less than it said": (raw(head("Content-Length: 100000"), RSS), {"connection"}),
    "more than it said": (raw(head("Content-Length: 10"), RSS), {"not_a_feed", "empty", "parse_error"}),
    "two lengths": (raw(head("Content-Length: 10", "Content-Length: 20"), RSS), {"connection", "error"}),
    "a length below nothing": (raw(head("Content-Length: -1"), RSS), {None, "connection", "error"}),
    "a length that no table holds": (raw(head(f"Content-Length: {10**30}"), RSS), {"too_large"}),
    "redirects in a circle": (Answer(b"", 302, (("Location", "/poll"),)), {"redirects"}),
    "a redirect to a cloud's secrets": (
        Answer(b"", 302, (("Location", "http://169.254.169.254/latest/"),)),
        {"refused"},
    ),
    "a redirect to this machine": (Answer(b"", 301, (("Location", "http://127.0.0.1/"),)), {"refused"}),
    "a redirect to a file": (Answer(b"", 301, (("Location", "file:///etc/passwd"),)), {"refused"}),
    "a redirect that is too long": (Answer(b"", 301, (("Location", "/" + "x" * 10_000),)), {"refused"}),
}


class World:
    """The service after it has asked everybody once."""

    def __init__(self, archive: Path, rss: dict[str, float], said: str) -> None:
        self.polls = rows(
            archive,
            "select e.source_id, p.outcome, p.reason, p.detail from polls p join endpoints e on e.id = p.endpoint_id "
            "order by p.id",
        )
        self.first = {
            source: (outcome, reason, detail) for source, outcome, reason, detail in reversed(self.polls)
        }
        self.rss = rss
        self.said = said


def highest_mb(process: int) -> float:
    """Return how much memory a process has had at its highest, in MB."""
    status = Path(f"/proc/{process}/status").read_text()
    return float(status.split("VmHWM:")[1].split()[0]) / 1024


def children(process: int) -> Iterator[int]:
    for path in Path(f"/proc/{process}/task").glob("*/children"):
        for child in map(int, path.read_text().split()):
            yield child
            yield from children(child)


def each(made: Callable[[int], dict[str, Route]], count: int, first: str, stack: ExitStack) -> list[Press]:
    return [stack.enter_context(press(made(n), host=f"{first}.{n + 1}")) for n in range(count)]


def watched(folder: Path, kinds: dict[str, list[Press]]) -> World:
    """Run the service until it has asked everybody once; ``kinds`` in the order in which they are written down."""
    sources = [
        {
            "id": f"{kind}-{n}",
            "name": f"{kind} {n}",
            "pages": False,
            "endpoints": [{"feed": f"{one.url}/poll"}],
        }
        for kind, servers in kinds.items()
        for n, one in enumerate(servers)
    ]
    config = write_config(folder, sources, allow=("127.3.0.0/16",), network={"timeout": f"{TIMEOUT}s"})
    archive, log = folder / "data/archive.db", folder / "said"
    with log.open("w") as said:
        command = [str(PROGRAM), "--config", str(config), "run"]
        service = subprocess.Popen(command, env=environment(), stderr=said)
        try:
            wait_for(lambda: service.poll() is not None or asked(archive) == len(sources), 150)
            rss = {"service": highest_mb(service.pid)}
            rss |= {f"worker {child}": highest_mb(child) for child in children(service.pid)}
        finally:
            service.send_signal(signal.SIGTERM)
            service.wait(30)
    return World(archive, rss, log.read_text())


def good(stack: ExitStack) -> list[Press]:
    return each(
        lambda _: {"/poll": Answer(RSS.replace(b"example.org", b"127.4.0.1"))}, GOOD, "127.3.2", stack
    )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    routes = [route for route, _ in CASES.values()]
    with ExitStack() as stack:
        hostile = each(lambda n: {"/poll": routes[n]}, len(CASES), "127.3.1", stack)
        return watched(tmp_path_factory.mktemp("hostile"), {"hostile": hostile, "good": good(stack)})


@pytest.fixture(scope="module")
def held_on_to(tmp_path_factory: pytest.TempPathFactory) -> World:
    hold = raw(head("Content-Type: text/xml"), b" " * HELD, forever=b" ", every=0.5)
    with ExitStack() as stack:
        holding = each(lambda _: {"/poll": hold}, HOLDING, "127.3.3", stack)
        return watched(tmp_path_factory.mktemp("held"), {"holding": holding, "good": good(stack)})


def asked(archive: Path) -> int:
    """Return how many endpoints have been asked."""
    try:
        return rows(archive, "select count(distinct endpoint_id) from polls")[0][0]
    except sqlite3.OperationalError:  # not there yet, or without tables
        return 0


@pytest.mark.parametrize("name", CASES)
def test_each_ends_in_an_outcome_with_a_reason(world: World, name: str) -> None:
    number = list(CASES).index(name)
    outcome, reason, detail = world.first[f"hostile-{number}"]
    assert reason in CASES[name][1], (outcome, reason, detail)
    assert reason is None or detail


@pytest.mark.parametrize("which", ["world", "held_on_to"])
def test_the_service_keeps_its_memory(request: pytest.FixtureRequest, which: str) -> None:
    rss = request.getfixturevalue(which).rss
    assert rss["service"] < MOST_RSS_MB, rss


def test_of_what_is_held_on_to_only_so_much_is_kept(held_on_to: World) -> None:
    reasons = [held_on_to.first[f"holding-{n}"][1] for n in range(HOLDING)]
    assert set(reasons) == {"timeout", "busy"}
    assert reasons.count("timeout") <= MOST // HELD + 1
    assert {held_on_to.first[f"good-{n}"][0] for n in range(GOOD)} == {"ok"}


def test_outlets_that_mean_no_harm_are_asked_before_those_that_hold_on_come_to_their_end(
    world: World,
) -> None:
    order = [source for source, *_ in world.polls]
    slowest = min(
        order.index(f"hostile-{n}") for n, name in enumerate(CASES) if CASES[name][1] == {"timeout"}
    )
    early = {source for source in order[:slowest] if source.startswith("good-")}
    assert len(early) == GOOD
    assert {world.first[source][0] for source in early} == {"ok"}


def test_nothing_of_this_machine_is_read(world: World) -> None:
    assert not any("root:" in detail for *_, detail in world.polls if detail)
    assert "Traceback" not in world.said
