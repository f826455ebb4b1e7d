"""Topics that are taken over while the service runs, and what it is asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alerts import requests
from alerts.model import Stationery
from alerts.requests import Request, State
from archive import due
from archive.errors import Complaint, ConfigError
from archive.topic import TopicSpec, compile_topics
from crawler.config import Config, changed_files
from crawler.service import Service
from crawler.settings import Settings
from tests.archive.world import ANDINA, TOPICS, entry, later, poll, spec
from tests.crawler.test_service import READER, World, stored

MINES = spec("mining", "mina", "mine")
MARCHES = spec("mining", "marcha", "march")
Steps = Callable[[Service], Awaitable[Any]]


class Edited(World):
    """A data folder beside files that are edited while the service runs."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.files: Config | ConfigError = self.config

    def run(self, steps: Steps, as_of: Any = None) -> Service:
        async def with_files(service: Service) -> None:
            service.reload = self.reload
            service.listen()
            titles = ("Perú cierra una mina", "Una marcha en Lima", "Litio en Puno")
            await stored(service, poll([entry(str(at), title) for at, title in enumerate(titles)]))
            await service.match()
            await service.rematch()
            await steps(service)

        return super().run(with_files, as_of)

    def edit(self, *topics: TopicSpec) -> None:
        self.files = replace(self.config, topics=topics)

    def reload(self) -> Config:
        if isinstance(self.files, ConfigError):
            raise self.files
        return self.files

    def versions(self) -> dict[str, str]:
        assert isinstance(self.files, Config)
        return {topic.topic_id: topic.version for topic in self.files.topics}

    def found(self, topic: str = "mining") -> list[Any]:
        return self.ask(
            f"""select substr(a.key, -1) || iif(m.backfill, ' backfill', '') from matches m
            join articles a on a.id = article_id where topic_id = '{topic}' and ended_at is null order by 1"""
        )


@pytest.fixture
def world(tmp_path: Path) -> Edited:
    return Edited(tmp_path)


async def asked(service: Service, versions: Mapping[str, str], *names: str, what: str = "rematch") -> Request:
    """Ask the service for something, have it answer, and return what became of the request."""
    arguments = {"names": list(names), "versions": dict(versions)}
    request_id = await service.outgoing.with_alerts(
        lambda conn: requests.ask(conn, what, arguments, service.now(), later(60))
    )
    await service.answer()
    request = await service.outgoing.with_alerts(lambda conn: requests.look(conn, request_id))
    assert request
    return request


def test_who_asks_gets_todays_topics_applied_and_new_articles_are_matched_with_them(world: Edited) -> None:
    async def steps(service: Service) -> None:
        world.edit(*TOPICS, MINES)
        request = await asked(service, world.versions())
        assert request.state is State.DONE
        assert request.answer == {
            "topics": {"mining": {"matches": 1, "new": 1, "ended": 0}},
            "waiting": 0,
            "restart": [],
        }
        await stored(service, poll([entry("later", "A mine opens")]))
        await service.match()
        assert (await asked(service, world.versions())).answer["topics"] == {}

    world.run(steps)
    assert world.found() == ["0 backfill", "r"]


def test_a_topic_that_is_taken_out_keeps_its_matches_and_finds_nothing_new(world: Edited) -> None:
    async def steps(service: Service) -> None:
        world.edit(*(topic for topic in TOPICS if topic.topic_id != "peru"), MINES)
        request = await asked(service, world.versions())
        assert list(request.answer["topics"]) == ["mining"]
        await stored(service, poll([entry("later", "Perú: a mine opens")]))
        await service.match()
        assert "peru" not in service.outgoing.topic_order
        await service.digest()  # its reader still has `all`, and is told what it found before

    world.run(steps)
    assert world.found("peru") == ["0"]
    assert world.found() == ["0 backfill", "r"]


def test_what_was_matched_with_the_topics_of_before_is_matched_again(world: Edited) -> None:
    """Between reading and storing, others are taken over and applied: then nothing would look at the article again."""

    async def steps(service: Service) -> None:
        world.edit(*TOPICS, MINES)
        await asked(service, world.versions())
        await stored(service, poll([entry("n", "Otra marcha")]))
        matching, run = service.watching, service.readers.run
        topics = compile_topics((*TOPICS, MARCHES))

        async def interrupted(step: Any) -> Any:
            result = await run(step)
            service.readers.run = run  # type: ignore[method-assign]
            await matching.take_over(topics, lambda conn: due.sync_topics(conn, topics, later(1)))
            await service.rematch()
            return result

        service.readers.run = interrupted  # type: ignore[method-assign]
        before = service.counts.matches
        await service.match()
        assert service.counts.matches == before + 1

    world.run(steps)
    assert world.ask("select count(*) from changes") == [0]
    assert set(world.ask("select topic_version from matches where topic_id = 'mining' and ended_at is null")) == {
        compile_topics((MARCHES,))[0].version
    }  # fmt: skip
    assert world.found() == ["1 backfill", "n"]


def test_stored_articles_that_were_matched_with_the_topics_of_before_are_matched_again(world: Edited) -> None:
    async def steps(service: Service) -> None:
        world.edit(*TOPICS, MINES)
        first = compile_topics((*TOPICS, MINES))
        await service.watching.take_over(first, lambda conn: due.sync_topics(conn, first, later(1)))
        topics, run, calls = compile_topics((*TOPICS, MARCHES)), service.readers.run, 0

        async def interrupted(step: Any) -> Any:
            nonlocal calls
            result = await run(step)
            calls += 1
            if calls == 2:  # first what is to be done, then the articles
                await service.watching.take_over(topics, lambda conn: due.sync_topics(conn, topics, later(2)))
            return result

        service.readers.run = interrupted  # type: ignore[method-assign]
        await service.rematch()

    world.run(steps)
    assert world.found() == ["1 backfill"]
    assert world.ask("select count(*) from matches where topic_id = 'mining'") == [1]


def test_a_topic_that_was_changed_and_changed_back_sees_what_came_in_between(world: Edited) -> None:
    async def steps(service: Service) -> None:
        world.edit(*TOPICS, MINES)
        await asked(service, world.versions())
        # Taken over, and changed back before it was applied to what is stored.
        topics = compile_topics((*TOPICS, MARCHES))
        await service.watching.take_over(topics, lambda conn: due.sync_topics(conn, topics, later(1)))
        await stored(service, poll([entry("m", "A mine opens")]))
        await service.match()
        await asked(service, world.versions())

    world.run(steps)
    assert world.found() == ["0 backfill", "m backfill"]


def test_only_the_named_topics_are_waited_for_and_the_others_follow(world: Edited) -> None:
    async def steps(service: Service) -> None:
        world.edit(*TOPICS, MINES, spec("marches", "marcha"))
        request = await asked(service, world.versions(), "marches")
        assert list(request.answer["topics"]) == ["marches"]
        assert world.found() == []
        await service.rematch()

    world.run(steps)
    assert world.found() == ["0 backfill"]
    assert world.found("marches") == ["1 backfill"]


BROKEN = ConfigError((Complaint("config/keywords.yaml", 3, 5, "topics.peru", "no such setting"),))


@pytest.mark.parametrize(
    ("files", "versions", "words"),
    [
        (BROKEN, None, "config/keywords.yaml:3:5: topics.peru: no such setting"),
        (None, {"peru": "another"}, "was it started with another --config"),
    ],
    ids=["broken since it was read", "of another folder"],
)
def test_topics_that_cannot_be_taken_over_leave_the_last_good_ones(
    world: Edited, files: ConfigError | None, versions: dict[str, str] | None, words: str
) -> None:
    async def steps(service: Service) -> None:
        before = service.watching.watch
        asks = versions or world.versions()
        world.files = files or replace(world.config, topics=(MINES,))
        request = await asked(service, asks)
        assert request.state is State.FAILED
        assert words in request.answer["error"]
        assert service.watching.watch is before
        await stored(service, poll([entry("p", "Perú vota")]))
        await service.match()

    world.run(steps)
    assert world.found("peru") == ["0", "p"]
    assert sorted(world.ask("select id from topics where active = 1")) == ["lithium", "peru", "us-troops"]


def test_a_service_that_stops_meanwhile_says_so(world: Edited) -> None:
    async def steps(service: Service) -> None:
        world.edit(*TOPICS, MINES)
        service.stop.set()
        request = await asked(service, world.versions())
        assert request.state is State.FAILED
        assert "its next start goes on" in request.answer["error"]

    world.run(steps)
    world.config = replace(world.config, topics=(*TOPICS, MINES))
    World.run(world, lambda service: service.rematch())
    assert world.found() == ["0 backfill"]


def test_what_the_service_does_not_know_or_fails_at_is_answered(
    world: Edited, caplog: pytest.LogCaptureFixture
) -> None:
    async def steps(service: Service) -> None:
        unknown = await asked(service, {}, what="dance")
        assert (unknown.state, "does not know dance" in unknown.answer["error"]) == (State.FAILED, True)

        def bug() -> Config:
            raise ZeroDivisionError("by nought")

        service.reload = bug
        failed = await asked(service, {})
        assert failed.state is State.FAILED
        assert "ZeroDivisionError: by nought" in failed.answer["error"]
        await service.answer()  # and goes on

    world.run(steps)
    assert "Traceback" in caplog.text


def test_while_somebody_is_asked_the_tick_leaves_it_to_them(world: Edited) -> None:
    async def steps(service: Service) -> None:
        topics = compile_topics((*TOPICS, MINES))
        async with service.watching.asked():
            await service.watching.take_over(topics, lambda conn: due.sync_topics(conn, topics, later(1)))
            await asyncio.wait_for(service.rematch(), 60)
            gains = await service.watching.apply(service.stop)
        assert gains.new == {"mining": 1}

    world.run(steps)


def test_files_that_only_a_start_takes_over_are_named() -> None:
    running = Config(
        settings=Settings(), sources=(ANDINA,), topics=TOPICS, subscriptions=(READER,), mail=None, data_dir=Path("data")
    )  # fmt: skip
    cases = {
        (): replace(running, topics=(MINES,)),
        ("settings.yaml",): replace(running, settings=Settings(retention="1d")),
        ("sources.yaml",): replace(running, sources=()),
        ("subscribers.yaml",): replace(running, subscriptions=(replace(READER, topics=("peru",)),)),
        ("templates",): replace(running, stationery=Stationery(templates={"digest.txt": "x"})),
        ("sources.yaml", "subscribers.yaml"): replace(running, sources=(), subscriptions=()),
    }
    for names, now in cases.items():
        assert changed_files(running, now) == names
