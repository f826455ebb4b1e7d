from __future__ import annotations

import asyncio
import gc
import multiprocessing
import pickle
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest

from archive.errors import ParseError
from archive.model import Feed
from crawler.pool import Workers
from crawler.robots import Rules, rules

T = TypeVar("T")
Run = Callable[[Coroutine[Any, Any, T]], T]

NOW = datetime(2026, 7, 20, tzinfo=UTC)
WHERE: dict[str, Any] = {"url": "https://example.org/feed", "source_id": "case"}
SMALL = b'<rss version="2.0"><channel><title>T</title><item><title>x</title></item></channel></rss>'
# An address that feedparser's pattern for authors takes quadratic time over: hours, at this length.
ENDLESS = SMALL.replace(b"<title>x</title>", b"<author>" + b"a" * 2_000_000 + b"</author>")


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def workers(runner: asyncio.Runner) -> Iterator[Workers]:
    pool = Workers(workers=2)
    yield pool
    pool.close()


def evaluate(workers: Workers, expression: str) -> Coroutine[Any, Any, Any]:
    """Have a worker evaluate ``expression``: what its bars are made of can only be tried from inside."""
    return workers._run(eval, {}, 20.0, expression)


def test_a_feed_comes_back_from_a_worker(runner: asyncio.Runner, workers: Workers) -> None:
    assert [entry.title for entry in runner.run(workers.feed(SMALL, **WHERE)).entries] == ["x"]


def test_a_page_comes_back_from_a_worker(runner: asyncio.Runner, workers: Workers) -> None:
    body = b"<html><head><title>Litio</title></head><body><p>Una planta de litio en Puno.</p></body></html>"
    article = runner.run(workers.page(body, url="https://example.org/", now=NOW, language="es"))
    assert (article.title, article.language) == ("Litio", "es")


def test_the_rules_of_a_robots_txt_come_back_from_a_worker(runner: asyncio.Runner, workers: Workers) -> None:
    body = "User-agent: *\nDisallow: /private\nAllow: /private/press\n"
    found = runner.run(workers.robots(body, "presswatch"))
    assert found == rules(body, "presswatch") == Rules(((True, "/private/press"), (False, "/private")))


def test_an_error_of_the_reader_arrives_as_itself(runner: asyncio.Runner, workers: Workers) -> None:
    with pytest.raises(ParseError) as caught:
        runner.run(workers.feed(b"<html></html>", **WHERE))
    assert (caught.value.reason, caught.value.detail) == ("not_a_feed", "an HTML page")
    assert str(caught.value) == "not_a_feed: an HTML page"


def test_an_error_survives_pickling_whole() -> None:
    error = pickle.loads(pickle.dumps(ParseError("why", reason="not_a_feed")))
    assert (error.reason, error.detail, error.retry, str(error)) == (
        "not_a_feed",
        "why",
        True,
        "not_a_feed: why",
    )


def test_ten_megabytes_and_five_thousand_entries_pass(runner: asyncio.Runner, workers: Workers) -> None:
    item = "<item><title>{0}</title><link>https://example.org/{0}</link><description>{1}</description></item>"
    items = "".join(item.format(number, "x" * 2_000) for number in range(5_000))
    body = SMALL.replace(b"<item><title>x</title></item>", items.encode())
    assert len(body) > 10_000_000
    feed = runner.run(workers.feed(body, timeout=120.0, **WHERE))
    assert len(feed.entries) == 5_000
    assert sum(len(entry.summary) for entry in feed.entries) == 10_000_000


def test_many_bodies_wait_their_turn(runner: asyncio.Runner, workers: Workers) -> None:
    async def all_at_once() -> list[Feed]:
        return await asyncio.gather(*(workers.feed(SMALL, **WHERE) for _ in range(50)))

    assert len(runner.run(all_at_once())) == 50


def test_a_body_that_takes_too_long_costs_itself_only(runner: asyncio.Runner, workers: Workers) -> None:
    async def both() -> tuple[BaseException | Feed, BaseException | Feed]:
        endless, small = workers.feed(ENDLESS, timeout=0.5, **WHERE), workers.feed(SMALL, **WHERE)
        first, second = await asyncio.gather(endless, small, return_exceptions=True)
        return first, second

    slow, quick = runner.run(both())
    assert isinstance(slow, ParseError)
    assert slow.reason == "parse_timeout"
    assert isinstance(quick, Feed)
    assert isinstance(runner.run(workers.feed(SMALL, **WHERE)), Feed)


def test_a_pool_that_does_not_answer_is_replaced(
    runner: asyncio.Runner, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crawler.pool.GRACE", -59.5)
    with pytest.raises(ParseError) as caught:
        runner.run(workers.feed(ENDLESS, timeout=60.0, **WHERE))
    monkeypatch.undo()
    assert caught.value.reason == "parse_timeout"
    assert isinstance(runner.run(workers.feed(SMALL, **WHERE)), Feed)


def test_a_worker_that_dies_costs_its_task_only(runner: asyncio.Runner, workers: Workers) -> None:
    with pytest.raises(ParseError) as caught:
        runner.run(evaluate(workers, "__import__('os')._exit(7)"))
    assert caught.value.reason == "worker_died"
    assert isinstance(runner.run(workers.feed(SMALL, **WHERE)), Feed)


def test_a_page_that_kills_its_worker_or_takes_too_long_costs_that_page_only(
    runner: asyncio.Runner, workers: Workers
) -> None:
    page = b"<html><head><title>Litio</title></head><body><p>Una planta de litio en Puno.</p></body></html>"
    heavy = page.replace(
        b"<p>", b"<div><p>Una planta de litio en Puno, <a href=x>dicen</a>.</p>" * 20_000 + b"<p>"
    )
    where: dict[str, Any] = {"url": "https://example.org/", "now": NOW}

    async def together() -> list[Any]:
        killer = evaluate(workers, "__import__('os')._exit(7)")
        slow = workers.page(heavy, timeout=0.05, **where)
        return await asyncio.gather(killer, slow, workers.page(page, **where), return_exceptions=True)

    killed, slow, read = runner.run(together())
    assert isinstance(killed, ParseError)
    assert isinstance(slow, ParseError)
    assert (killed.reason, slow.reason, read.title) == ("worker_died", "parse_timeout", "Litio")


def test_a_worker_has_a_limit_of_memory(runner: asyncio.Runner, workers: Workers) -> None:
    with pytest.raises(ParseError) as caught:
        runner.run(evaluate(workers, "len(bytes(2 << 30))"))
    assert caught.value.reason == "parse_memory"


def test_a_bug_in_a_reader_is_an_error_with_its_name(runner: asyncio.Runner, workers: Workers) -> None:
    with pytest.raises(ParseError, match="parse_error: ZeroDivisionError: division by zero"):
        runner.run(evaluate(workers, "1 / 0"))


def test_a_task_that_is_cancelled_frees_its_slot(runner: asyncio.Runner, workers: Workers) -> None:
    async def cancel() -> None:
        tasks = [asyncio.create_task(workers.feed(ENDLESS, timeout=60.0, **WHERE)) for _ in range(2)]
        await evaluate_until_busy(workers, 2)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert all(task.cancelled() for task in tasks)
        await workers.feed(SMALL, **WHERE)

    runner.run(cancel())


async def evaluate_until_busy(workers: Workers, number: int) -> None:
    while len(workers._running) < number:  # noqa: ASYNC110
        await asyncio.sleep(0)


_FORBIDDEN = {
    "a socket": "__import__('socket').socket()",
    "a connection": "__import__('socket').create_connection(('192.0.2.1', 80))",
    "a name": "__import__('socket').getaddrinfo('example.org', 80)",
    "a request": "__import__('urllib.request').request.urlopen('http://192.0.2.1/')",
    "a program": "__import__('subprocess').run(['true'])",
    "a shell": "__import__('os').system('true')",
    "exec": "__import__('os').execv('/bin/true', ['true'])",
    "spawn": "__import__('os').posix_spawn('/bin/true', ['true'], {})",
    "fork": "__import__('os').fork()",
    "writing": "open('{0}', 'w')",
    "appending": "open('{0}', 'ab')",
    "updating": "open('{0}', 'r+b')",
    "creating": "open('{0}', 'x')",
    "low-level writing": "__import__('os').open('{0}', __import__('os').O_WRONLY | __import__('os').O_CREAT)",
    "Path": "__import__('pathlib').Path('{0}').write_text('x')",
    "a temporary file": "__import__('tempfile').mkstemp()",
    "removing": "__import__('os').remove('{0}')",
    "renaming": "__import__('os').rename('{0}', '{0}.x')",
    "a directory": "__import__('os').mkdir('{0}.d')",
    "a link": "__import__('os').symlink('{0}', '{0}.l')",
    "a copy": "__import__('shutil').copy('{0}', '{0}.c')",
    "a database": "__import__('sqlite3').connect('{0}.db')",
    "a signal": "__import__('os').kill(__import__('os').getppid(), 0)",
}


@pytest.mark.parametrize("expression", _FORBIDDEN.values(), ids=_FORBIDDEN.keys())
def test_a_worker_may_not(expression: str, runner: asyncio.Runner, workers: Workers, tmp_path: Path) -> None:
    path = tmp_path / "there"
    path.write_text("untouched")
    with pytest.raises(
        ParseError, match=r"PermissionError: a worker may not|FileNotFoundError: .* usable temporary"
    ):
        runner.run(evaluate(workers, expression.replace("{0}", str(path))))
    assert [one.name for one in tmp_path.iterdir()] == ["there"]
    assert path.read_text() == "untouched"


def test_a_worker_may_read_files(runner: asyncio.Runner, workers: Workers) -> None:
    assert runner.run(evaluate(workers, f"open({__file__!r}).readline()")).startswith("from __future__")


def test_a_worker_is_nice(runner: asyncio.Runner, workers: Workers) -> None:
    assert runner.run(evaluate(workers, "__import__('os').nice(0)")) >= 5


_ACTING = (
    "scrapy",
    "twisted",
    "sqlite3",
    "sqlite_utils",
    "apscheduler",
    "datasette",
    "smtplib",
    "aiosmtplib",
)
_OURS = {"archive", "archive.errors", "archive.model", "archive.months", "archive.normalize"}


def test_a_worker_holds_nothing_that_acts(runner: asyncio.Runner) -> None:
    async def modules() -> set[str]:
        pool = Workers(workers=1)
        try:
            await pool.feed(SMALL, **WHERE)
            await pool.page(
                b"<html><body><p>Litio en Puno</p></body></html>", url="https://example.org/", now=NOW
            )
            return set(await evaluate(pool, "sorted(__import__('sys').modules)"))
        finally:
            pool.close()

    loaded = runner.run(modules())
    assert not {name for name in loaded if name.split(".")[0] in _ACTING}
    assert {name for name in loaded if name.split(".")[0] == "archive"} <= _OURS
    assert not {name for name in loaded if name.split(".")[0] == "alerts"}


def test_a_worker_does_not_import_the_program_it_serves(tmp_path: Path) -> None:
    script = tmp_path / "program.py"
    script.write_text(
        "import asyncio, colorsys\n"
        "from crawler.pool import Workers\n"
        "if __name__ == '__main__':\n"
        "    pool = Workers(workers=1)\n"
        "    loaded = \"sorted(__import__('sys').modules)\"\n"
        "    print('colorsys' in asyncio.run(pool._run(eval, {}, 20.0, loaded)))\n"
        "    pool.close()\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-W", "error", script], check=False, capture_output=True, text=True, cwd=root,
        env={"PYTHONPATH": str(root)},
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_a_worker_is_replaced_after_its_tasks(runner: asyncio.Runner) -> None:
    async def pids() -> list[int]:
        pool = Workers(workers=1, max_tasks=2)
        try:
            return [await evaluate(pool, "__import__('os').getpid()") for _ in range(5)]
        finally:
            pool.close()

    assert len(set(runner.run(pids()))) == 3


def test_a_worker_killed_at_rest_does_not_end_the_pool(runner: asyncio.Runner) -> None:
    async def after() -> Feed:
        pool = Workers(workers=1)
        try:
            pid = await evaluate(pool, "__import__('os').getpid()")
            (victim,) = (process for process in multiprocessing.active_children() if process.pid == pid)
            victim.kill()
            victim.join()
            # pebble may or may not have noticed: one task at most is lost to it.
            first = (await asyncio.gather(pool.feed(SMALL, **WHERE), return_exceptions=True))[0]
            assert isinstance(first, Feed) or (
                isinstance(first, ParseError) and first.reason == "worker_died"
            )
            return await pool.feed(SMALL, **WHERE)
        finally:
            pool.close()

    assert isinstance(runner.run(after()), Feed)


def test_closing_ends_what_is_under_way_and_leaves_no_process(runner: asyncio.Runner) -> None:
    async def close_while_busy() -> tuple[str, int]:
        pool = Workers(workers=1)
        pid = await evaluate(pool, "__import__('os').getpid()")
        task = asyncio.create_task(pool.feed(ENDLESS, timeout=60.0, **WHERE))
        await evaluate_until_busy(pool, 1)
        pool.close()
        pool.close()
        with pytest.raises(ParseError) as caught:
            await task
        with pytest.raises(ParseError):
            await pool.feed(SMALL, **WHERE)
        return caught.value.reason, pid

    reason, pid = runner.run(close_while_busy())
    gc.collect()
    assert reason == "worker_died"
    assert pid not in {process.pid for process in multiprocessing.active_children()}


@pytest.mark.corpus
def test_hostile_documents_end_in_a_value_or_an_error(
    runner: asyncio.Runner, workers: Workers, corpus: Path
) -> None:
    async def outcome(body: bytes) -> Feed | ParseError:
        try:
            return await workers.feed(body, timeout=20.0, **WHERE)
        except ParseError as error:
            return error

    paths = sorted((corpus / "hostile").glob("*.xml"))
    assert paths
    for path in paths:
        result = runner.run(outcome(path.read_bytes()))
        assert not isinstance(result, ParseError) or result.reason in {
            "not_a_feed",
            "parse_error",
            "parse_timeout",
        }
        assert "root:" not in str(result)
