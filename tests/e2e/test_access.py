"""How one source wants to be asked, from sources.yaml to the servers: who is told what, and where it may never stand."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from archive.model import Access, EndpointKind, PollTask, Source
from crawler.answers import granted
from tests.conftest import Done, presswatch
from tests.crawler.server import Answer, Asked, press

PASSWORD, KEY = "kipu-7f3a-secret", "chasqui-55-key"
BASIC = "Basic " + b64encode(f"desk:{PASSWORD}".encode()).decode()
SECRETS = (PASSWORD, KEY, BASIC.split()[1])
AGENT = "TotoraDesk/3.1 (+https://desk.example/why)"

PAGE = (
    "<html><body><article><h1>{0}</h1><p>"
    + "The lake rose again this week, people said. " * 20
    + "</p></article>"
)

SOURCES = """
sources:
  - id: totora
    name: La Totora
    user_agent: {agent}
    headers: {{X-Reader-Key: {key}, Accept-Language: es-PE}}
    username: desk
    password_env: TOTORA_PASSWORD
    endpoints:
      - feed: {own}/feed
      - feed: {own}/moved-feed
      - feed: {own}/closed-feed
"""


def feed(*links: str) -> Answer:
    items = "".join(
        f"<item><title>Lake {n}</title><link>{link}</link></item>" for n, link in enumerate(links)
    )
    return Answer(f"<rss version='2.0'><channel><title>T</title>{items}</channel></rss>".encode())


@dataclass(frozen=True)
class Watched:
    """What two servers were asked, and all that the program left: its output and the files of its data folder."""

    own: dict[str, Asked]
    other: dict[str, Asked]
    said: list[Done]
    kept: dict[str, bytes]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("access")
    with (
        press({}) as own,
        press({}, host="127.0.0.2") as other,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("TOTORA_PASSWORD", PASSWORD)
        links = [
            f"{own.url}/page",
            f"{own.url}/moved-page",
            f"{other.url}/stranger",
            f"{own.url}/closed-page",
        ]
        # robots.txt lets this agent in by its own name, and nobody else.
        own.routes |= {
            "/robots.txt": Answer(b"User-agent: totoradesk\nAllow: /\n\nUser-agent: *\nDisallow: /\n"),
            "/feed": feed(*links),
            "/moved-feed": Answer(b"", 302, (("Location", f"{other.url}/feed"),)),
            "/closed-feed": Answer(b"who are you?", 401),
            "/page": Answer(PAGE.format("Lake 0").encode()),
            "/moved-page": Answer(b"", 302, (("Location", f"{other.url}/landed"),)),
            "/closed-page": Answer(b"not for you", 403),
        }
        other.routes |= {
            "/robots.txt": Answer(b"User-agent: totoradesk\nAllow: /\n\nUser-agent: *\nDisallow: /\n"),
            "/feed": feed(f"{other.url}/second"),
            "/landed": Answer(PAGE.format("Lake 1").encode()),
            "/stranger": Answer(PAGE.format("Lake 2").encode()),
            "/second": Answer(PAGE.format("Lake 3").encode()),
        }
        config = folder / "config"
        config.mkdir()
        (config / "settings.yaml").write_text(
            f"data_dir: {folder / 'data'}\nnetwork: {{allow_private: [127.0.0.0/8], delay: 0}}\n"
        )
        (config / "keywords.yaml").write_text("topics: {lake: {terms: [lake]}}\n")
        (config / "subscribers.yaml").write_text("subscribers: []\n")
        (config / "sources.yaml").write_text(SOURCES.format(agent=AGENT, key=KEY, own=own.url))
        commands: list[list[object]] = [["run", "--once"], ["sources"], ["check"], ["sources", "export"]]
        commands += [["explain", f"{own.url}/closed-page"], ["try", "source", "totora"]]
        said = [presswatch(*command, config=config, code=None) for command in commands]
        patch.delenv("TOTORA_PASSWORD")
        said.append(presswatch("check", config=config, code=1))
        data = {str(path): path.read_bytes() for path in (folder / "data").rglob("*") if path.is_file()}
        yield Watched(
            {one.path: one for one in own.asked}, {one.path: one for one in other.asked}, said, data
        )


OWN = ("/feed", "/moved-feed", "/closed-feed", "/page", "/moved-page", "/closed-page", "/robots.txt")
OTHER = ("/feed", "/landed", "/stranger", "/second", "/robots.txt")


@pytest.mark.parametrize("path", OWN)
def test_its_own_server_is_asked_as_the_source_says(watched: Watched, path: str) -> None:
    sent = watched.own[path].headers
    assert sent["user-agent"] == AGENT
    assert sent["authorization"] == BASIC
    assert (sent["x-reader-key"], sent["accept-language"]) == (KEY, "es-PE")


@pytest.mark.parametrize("path", OTHER)
def test_another_server_is_told_the_agent_and_no_more(watched: Watched, path: str) -> None:
    sent = watched.other[path].headers
    assert sent["user-agent"] == AGENT
    assert not {"authorization", "x-reader-key", "accept-language"} & set(sent)


def test_no_secret_stands_in_the_archive_or_in_anything_that_is_printed(watched: Watched) -> None:
    assert any(path.endswith("archive.db") for path in watched.kept)
    first = watched.said[0]
    assert "http_401" in first.out + first.err, "a failure was printed, so it could have named the secret"
    for secret in SECRETS:
        assert not [path for path, body in watched.kept.items() if secret.encode() in body]
        assert not [done for done in watched.said if secret in done.out + done.err]


def test_a_password_that_is_not_set_is_a_complaint(watched: Watched) -> None:
    assert "password_env: this environment variable is not set" in watched.said[-1].out


def test_a_task_that_is_printed_shows_no_secret() -> None:
    access = Access(headers=(("X-Reader-Key", KEY),), username="desk", password=PASSWORD)
    task = PollTask(
        endpoint_id=1, source_id="a", kind=EndpointKind.FEED, url="https://a.example/", access=access
    )
    assert not any(secret in repr((task, Source(id="a", name="A", access=access))) for secret in SECRETS)


SERVERS = ["https://feeds.lantern.example/rss", "https://www.totora.example/", "http://127.0.0.1:8080/feed"]


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        ("https://feeds.lantern.example/other", True),
        ("https://FEEDS.lantern.example/other", True),
        ("https://totora.example/page", True),
        ("https://www.totora.example/page", True),
        ("http://127.0.0.1:8080/page", True),
        ("http://www.totora.example/page", False),  # what was sent in secret is not sent in the open
        ("https://lantern.example/page", False),
        ("https://feeds.lantern.example:8443/rss", False),
        ("http://127.0.0.1:8081/page", False),
        ("https://totora.example.evil.example/", False),
    ],
)
def test_what_lets_us_in_goes_to_the_servers_beside_it_alone(url: str, ours: bool) -> None:
    access = Access(user_agent="A/1", headers=(("X", "y"),), username="u", password="p")
    assert granted(access, url, SERVERS) == (access if ours else Access(user_agent="A/1"))
