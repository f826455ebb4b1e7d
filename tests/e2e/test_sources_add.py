"""presswatch sources add: from the address of a site to an entry in sources.yaml, through the program and real servers."""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from crawler.config import load
from crawler.home import MOST
from tests.conftest import PROGRAM, environment, presswatch
from tests.crawler.server import Answer, Press, press
from tests.crawler.test_config import GOOD, write

NOW = "2026-07-20T12:00Z"

HOME = b"""<!doctype html><html lang="es-PE"><head><title>Portada | El Faro</title>
<meta property="og:site_name" content="El Faro del Lago">
<link rel="alternate" type="application/rss+xml" title="Comentarios" href="/comments/feed/">
<link rel="alternate" type="application/rss+xml" title="Portada" href="/portada.xml">
<link rel="alternate" type="application/rss+xml" title="Archivo" href="/old.xml"></head><body></body></html>"""


def feed(title: str, *days: int) -> Answer:
    items = "".join(
        f"<item><title>{title} {day}</title><link>https://faro.example/{title}/{day}</link>"
        f"<pubDate>{day:02} Jul 2026 08:00:00 GMT</pubDate></item>"
        for day in days
    )
    body = f"<rss version='2.0'><channel><title>{title}</title>{items}</channel></rss>"
    return Answer(body.encode(), headers=(("Content-Type", "application/rss+xml"),))


def sitemap(*locations: str) -> Answer:
    urls = "".join(
        f"<url><loc>{one}</loc><n:news><n:publication><n:name>Faro</n:name><n:language>es</n:language>"
        "</n:publication><n:publication_date>2026-07-20T09:00:00Z</n:publication_date><n:title>Lago</n:title></n:news></url>"
        for one in locations
    )
    names = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:n="http://www.google.com/schemas/sitemap-news/0.9"'
    return Answer(f"<urlset {names}>{urls}</urlset>".encode())


@pytest.fixture
def site() -> Iterator[Press]:
    with press({}) as server:
        index = "".join(f"<sitemap><loc>{server.url}/part{n}.xml</loc></sitemap>" for n in range(40))
        server.routes |= {
            "/": Answer(HOME, headers=(("Content-Type", "text/html"),)),
            "/robots.txt": Answer(
                f"User-agent: *\nAllow: /\nSitemap: {server.url}/all.xml\nSitemap: {server.url}/news.xml\n".encode()
            ),
            "/portada.xml": feed("Portada", 20, 19),
            "/feed/": feed("Portada", 20, 19),  # the same articles under another address
            "/comments/feed/": feed("Comentarios", 20),
            "/old.xml": feed("Archivo", 1),
            "/arcio/rss/": feed("Arc", 20, 18, 17),
            "/rss": Answer(HOME, headers=(("Content-Type", "text/html"),)),
            "/news.xml": sitemap(f"{server.url}/lago"),
            "/all.xml": Answer(f"<sitemapindex>{index}</sitemapindex>".encode()),
            **{f"/part{n}.xml": sitemap(f"{server.url}/part/{n}") for n in range(40)},
        }
        yield server


def folder(tmp_path: Path, **files: str) -> Path:
    settings = "network: {allow_private: [127.0.0.0/8], delay: 0}\n"
    return write(tmp_path, **({"settings": settings} | files))


def test_what_a_site_offers_is_shown_the_best_first(site: Press, tmp_path: Path) -> None:
    config = folder(tmp_path)
    done = presswatch("sources", "add", site.url, "--as-of", NOW, "--json", config=config).json
    assert {key: done[key] for key in ("id", "name", "country", "language")} == {
        "id": "el-faro-del-lago",
        "name": "El Faro del Lago",
        "country": "PE",
        "language": "es",
    }
    shown = [
        (one["number"], one["kind"], one["url"].removeprefix(site.url), one["items"], one["newest"])
        for one in done["found"]
    ]
    assert shown == [
        (1, "feed", "/portada.xml", 2, "2026-07-20T08:00:00+00:00"),
        (2, "feed", "/arcio/rss/", 3, "2026-07-20T08:00:00+00:00"),
        (3, "sitemap", "/news.xml", 1, "2026-07-20T09:00:00+00:00"),
        (4, "sitemap", "/all.xml", 2, "2026-07-20T09:00:00+00:00"),
        (5, "feed", "/old.xml", 1, "2026-07-01T08:00:00+00:00"),
        (6, "feed", "/comments/feed/", 1, "2026-07-20T08:00:00+00:00"),
    ]
    assert {one["url"].removeprefix(site.url): one["reason"] for one in done["missed"]}[
        "/rss"
    ] == "not_a_feed"
    assert len(site.asked) <= MOST + 2, "twenty addresses, and two sitemaps of an index"
    assert (done["added"], (config / "sources.yaml").read_text()) == (False, GOOD["sources"])


def test_what_is_chosen_is_written_with_its_evidence_and_can_be_used(site: Press, tmp_path: Path) -> None:
    config = folder(tmp_path)
    arguments = [
        "sources",
        "add",
        site.url,
        "--as-of",
        NOW,
        "--choose",
        "2,3",
        "--tag",
        "puno",
        "--name",
        "El Faro",
    ]
    plan = presswatch(*arguments, "--dry-run", config=config)
    assert (config / "sources.yaml").read_text() == GOOD["sources"]
    done = presswatch(*arguments, config=config)
    entry = f"""
  - id: el-faro-del-lago
    name: El Faro
    country: PE
    language: es
    tags: [puno]
    endpoints:
      - feed: {site.url}/arcio/rss/  # seen working 2026-07
      - sitemap: {site.url}/news.xml  # seen working 2026-07
"""
    assert entry.strip() in done.out
    assert entry.strip() in plan.out
    assert (config / "sources.yaml").read_text() == GOOD["sources"] + entry
    presswatch("check", config=config)
    again = presswatch("sources", "add", site.url, "--as-of", NOW, "--choose", "2", config=config, code=2)
    assert "is in sources.yaml already (el-faro-del-lago)" in again.err


def test_yes_takes_the_first_that_is_not_there_yet(site: Press, tmp_path: Path) -> None:
    config = folder(tmp_path)
    for _ in range(2):
        presswatch("sources", "add", site.url, "--as-of", NOW, "--yes", "--json", config=config)
    first, second = load(config).sources[1:]
    assert (first.id, first.endpoints[0].url) == ("el-faro-del-lago", f"{site.url}/portada.xml")
    assert (second.id, second.endpoints[0].url) == ("el-faro-del-lago-2", f"{site.url}/arcio/rss/")


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (("--country", "peru"), "'--country': 'peru': a country in two capital letters"),
        (("--language", "Spanish"), "'--language': 'Spanish': a language code"),
        (("--id", "El Faro"), "'--id': 'El Faro': small letters"),
        (("--id", "andina"), "--id andina: a source of sources.yaml has this id already"),
        (("--tag", "a", "--tag", ""), "'--tag': '': must not be empty"),
        (("--choose", "first"), "'--choose': 'first': numbers are needed"),
    ],
)
def test_an_option_that_the_file_would_not_take_is_refused_before_anything_is_asked(
    site: Press, tmp_path: Path, option: tuple[str, ...], said: str
) -> None:
    done = presswatch("sources", "add", site.url, "--yes", *option, config=folder(tmp_path), code=2)
    assert said in " ".join(done.err.replace("│", " ").split())
    assert site.asked == []


def test_where_nobody_can_be_asked_nothing_is_written_and_a_dry_run_shows_the_first(
    site: Press, tmp_path: Path
) -> None:
    config = folder(tmp_path)
    done = presswatch("sources", "add", site.url, "--as-of", NOW, config=config, code=1)
    assert "nothing was written: choose with --choose N" in done.err
    plan = presswatch("sources", "add", site.url, "--as-of", NOW, "--dry-run", config=config)
    assert f"- feed: {site.url}/portada.xml  # seen working 2026-07" in plan.out
    assert (config / "sources.yaml").read_text() == GOOD["sources"]


def test_on_a_terminal_it_asks(site: Press, tmp_path: Path) -> None:
    config = folder(tmp_path)
    ours, theirs = pty.openpty()
    program = subprocess.Popen(
        [PROGRAM, "--config", config, "sources", "add", site.url, "--as-of", NOW],
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env=environment(),
    )
    os.write(ours, b"17\n1\n")  # a number that is not there is asked again
    os.close(theirs)
    said = b""
    while True:
        try:
            part = os.read(ours, 10_000)
        except OSError:  # what a terminal says when nobody is at the other end any more
            break
        said += part
    os.close(ours)
    assert program.wait(timeout=60) == 0, said
    assert load(config).sources[1].endpoints[0].url == f"{site.url}/portada.xml"


def test_the_address_of_a_feed_is_that_feed(site: Press, tmp_path: Path) -> None:
    done = presswatch(
        "sources",
        "add",
        f"{site.url}/portada.xml",
        "--as-of",
        NOW,
        "--yes",
        "--json",
        config=folder(tmp_path),
    ).json
    assert [one["url"] for one in done["found"]] == [f"{site.url}/portada.xml"]
    assert (done["name"], done["added"]) == ("Portada", True)
    assert [one.path for one in site.asked] == ["/robots.txt", "/portada.xml"]


ARTICLES = "".join(
    f"<h2><a href='/noticias/{n}12345'>El lago baja otra vez en el {n}. año de sequía</a></h2>"
    for n in range(3)
)


@pytest.mark.parametrize(
    ("routes", "said"),
    [
        pytest.param(
            {"/": Answer(b"<html><title>Nada</title><body></body></html>")},
            "no link of its page looks like one to an article; a page that lists articles can be read under `section:`",
            id="nothing at all",
        ),
        pytest.param(
            {"/": Answer(f"<html><title>Lista</title><body>{ARTICLES}</body></html>".encode())},
            "its page holds 3 links that look like one to an article: `section: {url}/` reads it",
            id="links to articles",
        ),
        pytest.param(
            {"/": Answer(b"who are you?", status=401)},
            "asks for a name and a password (http_401): write the entry into sources.yaml by hand, with username",
            id="a password",
        ),
    ],
)
def test_a_site_without_a_feed_is_said_to_have_none_and_what_else_can_be_done(
    tmp_path: Path, routes: dict[str, Answer], said: str
) -> None:
    with press(routes) as site:
        done = presswatch("sources", "add", f"{site.url}/", config=folder(tmp_path), code=1)
    assert "no feed was found" in done.err
    assert said.format(url=site.url) in done.err
    assert "docs/sources.md" in done.err


PLAIN = "".join(
    f"<url><loc>https://faro.example/{name}</loc><lastmod>{day}</lastmod></url>"
    for name, day in (
        ("a", "2026-07-20"),
        ("b", "2026-07-19T08:00:00Z"),
        ("c", "2020-01-02"),
        ("d", "2019-01-02"),
    )
)


def test_a_sitemap_without_dates_of_publication_is_as_fresh_as_its_last_change(tmp_path: Path) -> None:
    body = f"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>{PLAIN}</urlset>".encode()
    with press({"/": Answer(b"<html></html>"), "/sitemap-news.xml": Answer(body)}) as site:
        config = folder(tmp_path)
        done = presswatch("sources", "add", site.url, "--as-of", NOW, "--json", config=config).json
        tried = presswatch("try", "feed", f"{site.url}/sitemap-news.xml", "--as-of", NOW, config=config)
    (found,) = done["found"]
    assert (found["items"], found["newest"]) == (2, "2026-07-20T12:00:00+00:00"), "the day is not over"
    assert "4 entries" in tried.out
    assert "a poll takes what is of the last 3 days: 2 of these 4 would be left out as too old" in tried.err


@pytest.mark.parametrize("articles", ["", ARTICLES], ids=["a home page", "one that lists articles"])
def test_try_feed_says_which_feeds_a_page_names(tmp_path: Path, articles: str) -> None:
    page = HOME.replace(b"<body>", f"<body>{articles}".encode())
    with press({"/": Answer(page, headers=(("Content-Type", "text/html"),))}) as site:
        done = presswatch("try", "feed", f"{site.url}/", config=folder(tmp_path), code=0 if articles else 1)
        names = f"{site.url}/comments/feed/, {site.url}/portada.xml, {site.url}/old.xml"
        said = f"it names 3 feeds: {names}; `presswatch sources add {site.url}/` looks at them"
        assert said in done.err
        assert len([one for one in site.asked if one.path == "/"]) <= 3, "nothing is asked again for it"


def test_a_site_whose_page_is_forbidden_is_asked_for_its_feeds_all_the_same(
    site: Press, tmp_path: Path
) -> None:
    site.routes["/robots.txt"] = Answer(b"User-agent: *\nDisallow: /\n")
    done = presswatch("sources", "add", site.url, "--as-of", NOW, "--json", config=folder(tmp_path)).json
    assert [one["url"].removeprefix(site.url) for one in done["found"]] == ["/feed/", "/arcio/rss/"]
    assert "/" not in [one.path for one in site.asked]


def test_the_guard_stands_before_it(site: Press, tmp_path: Path) -> None:
    done = presswatch("sources", "add", site.url, config=write(tmp_path), code=1)
    assert "refused" in done.err
    assert site.asked == []


@pytest.mark.parametrize("address", ["ftp://faro.example/", "https://", "file:///etc/passwd"])
def test_what_is_no_web_address_is_refused(tmp_path: Path, address: str) -> None:
    assert "is no web address" in presswatch("sources", "add", address, config=write(tmp_path), code=2).err


@pytest.mark.parametrize("address", ["http://ana:s3cret@faro.example/", "ana:s3cret@faro.example"])
@pytest.mark.parametrize("command", [("sources", "add"), ("try", "feed"), ("try", "page")])
def test_a_password_in_an_address_is_not_printed(
    tmp_path: Path, command: tuple[str, ...], address: str
) -> None:
    done = presswatch(*command, address, config=write(tmp_path), code=None)
    assert done.code in (1, 2)
    assert "s3cret" not in done.out + done.err
    if command == ("sources", "add"):
        assert "faro.example is no web address" in done.err or "faro.example/ is no web address" in done.err
        assert "with username, and in password_env" in done.err


def test_check_shows_the_line_of_an_address_without_its_password(tmp_path: Path) -> None:
    sources = (
        "sources:\n- {id: a, name: A, endpoints: [{feed: 'http://ana:s3cret@a.example/rss', evry: 1h}]}\n"
    )
    more = "- {id: b, name: B, endpoints: ['http://ana:s3cret@b.example/rss']}\n"
    done = presswatch("check", config=write(tmp_path, sources=sources + more), code=1)
    assert "s3cret" not in done.out + done.err
    line, mark = next(
        pair
        for pair in pairwise(done.out.splitlines())
        if "evry: 1h" in pair[0] and "^" in pair[1] and pair[0].index("evry") == pair[1].index("^")
    )
    assert "http://a.example/rss" in line
    assert mark.strip().startswith("^")
    assert "username and password_env" in done.out


def test_a_config_with_mistakes_is_not_added_to(site: Press, tmp_path: Path) -> None:
    config = folder(tmp_path, subscribers="subscribers: [")
    done = presswatch("sources", "add", site.url, "--yes", config=config, code=2)
    assert "subscribers.yaml:1" in done.err
    assert site.asked == []
