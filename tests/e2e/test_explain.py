"""`presswatch explain` through the installed program: why, why not, and why not there; it never fetches anything."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from archive.facts import Facts, Wanted
from crawler import watchlist
from crawler.cli.app import app
from crawler.cli.explained import as_text
from tests.conftest import Done, presswatch
from tests.e2e.world import Answer, Site, dump, rows, write_config

LONG = "</p><p>".join(
    f"In round {number} of the talks nobody spoke of anything else." for number in range(1, 9)
)
PAGE = (
    "<html lang='en'><head><title>T</title></head><body><article><h1>T</h1><p>{}</p></article></body></html>"
)
FREE = '<script type="application/ld+json">{"@type": "NewsArticle", "isAccessibleForFree": true}</script>'
WALL = "We and our partners store cookies on your device. Accept all, or reject what you do not want."
ITEM = "<item><title>{title}</title><link>{site}/{name}</link><guid>{name}</guid><description>{summary}</description></item>"
ENTRIES = {
    "talks": "Lithium talks in Peru",
    "blocked": "A page that is not given",
    "short": "A page without a text",
    "hidden/secret": "A page that robots.txt keeps",
    "video": "A page with a line",
    "wall": "A page that asks for consent",
}


def feed(site: str, **entries: str) -> bytes:
    items = "".join(
        ITEM.format(site=site, name=name, title=title, summary="") for name, title in entries.items()
    )
    return f"<rss version='2.0'><channel><title>Post</title>{items}</channel></rss>".encode()


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site({}) as site:
        html = {"Content-Type": "text/html; charset=utf-8"}
        site.answers |= {
            "/robots.txt": Answer(
                b"User-agent: *\nDisallow: /hidden/\n", headers={"Content-Type": "text/plain"}
            ),
            "/feed": Answer(feed(site.url, **ENTRIES)),
            "/plain": Answer(feed(site.url, plain="A page that nobody wants")),
            "/many": Answer(
                feed(site.url, **{f"m{number}": f"Number {number}" for number in (0, 1, 10, *range(2, 10))})
            ),
            "/broken": Answer(b"no", 403),
            "/talks": Answer(
                PAGE.format(f"In Peru they met. {LONG}").replace("</head>", f"{FREE}</head>").encode(),
                headers=html,
            ),
            "/blocked": Answer(b"no", 403),
            "/short": Answer(b"<html><body></body></html>", headers=html),
            "/video": Answer(PAGE.format("Watch the video.").encode(), headers=html),
            "/wall": Answer(PAGE.format(WALL).encode(), headers=html),
        }
        yield site


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, site: Site) -> Path:
    """A configuration whose one pass has met a page of each kind."""
    sources = [
        {"id": "post", "name": "Post", "country": "GB", "language": "en", "endpoints": [{"feed": f"{site.url}/feed"}]},
        {"id": "plain", "name": "Plain", "pages": False, "endpoints": [{"feed": f"{site.url}/plain"}]},
        {"id": "many", "name": "Many", "endpoints": [{"feed": f"{site.url}/many"}]},
        {"id": "broken", "name": "Broken", "endpoints": [{"feed": f"{site.url}/broken"}]},
    ]  # fmt: skip
    config = write_config(tmp_path_factory.mktemp("explain"), sources, network={"max_entries": 6})
    presswatch("run", "--once", "--as-of", "2026-07-19T15:00Z", config=config)
    site.asked.clear()
    return config


@pytest.fixture(autouse=True)
def _asks_nobody(site: Site) -> Iterator[None]:
    before = len(site.asked)
    yield
    assert len(site.asked) in (before, 0), "explain fetched something"


def explain(config: Path, url: str, *more: str, code: int = 0) -> Done:
    return presswatch("explain", url, *more, config=config, code=code)


def topic(answer: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in answer["topics"] if one["topic"] == name)


# --- an article of the archive ------------------------------------------------------------------------------------


def test_an_article_that_matched_is_explained_with_every_key_filled(folder: Path, site: Site) -> None:
    answer = explain(folder, f"{site.url}/talks", "--json").json
    for key in ("url", "source", "endpoint", "first_seen", "content", "page", "topics"):
        assert answer[key] not in (None, "", [], {}), key
    assert answer["url"] == f"{site.url}/talks"
    assert (answer["source"], answer["endpoint"]) == ("post", f"{site.url}/feed")
    assert answer["first_seen"] == "2026-07-19T15:00:00+00:00"
    assert (answer["content"], answer["page"]["state"]) == ("full", "read")
    assert answer["page"]["robots"] == "robots.txt has no rule for it"
    assert [one["topic"] for one in answer["topics"]] == [
        "peru",
        "boluarte",
        "us-troops",
        "lithium",
        "july-19",
    ]
    peru = topic(answer, "peru")
    assert peru["matched"] is True
    assert [hit["field"] for hit in peru["hits"]] == ["title", "text"]
    assert peru["hits"][0]["sentence"] == "Lithium talks in ⟦Peru⟧"
    assert peru["hits"][1]["sentence"] == "In ⟦Peru⟧ they met."
    assert peru["why"] == '"Peru" is in the title, as written, and 1 more hit'
    assert peru["stored"]["version"] == peru["today"]["version"]
    boluarte = topic(answer, "boluarte")
    assert (boluarte["matched"], boluarte["hits"]) == (False, [])
    assert boluarte["why"] == 'none of "Boluarte~" and "Dina Baluarte" is in the title or the text'


def test_for_people_the_same_stands_in_lines(folder: Path, site: Site) -> None:
    lines = explain(folder, f"{site.url}/talks", "--topic", "peru").out.splitlines()
    assert lines[0] == "Lithium talks in Peru"
    assert any(line.startswith("  source      Post (post, GB, en), article ") for line in lines)
    assert "  text        In ⟦Peru⟧ they met." in lines
    assert not any("Boluarte" in line for line in lines)


@pytest.mark.parametrize("ask", ["{url}?utm_source=mail#top", "{url}/", "talks", "{bare}"])
def test_an_article_is_found_by_what_people_have_of_its_address(folder: Path, site: Site, ask: str) -> None:
    url = f"{site.url}/talks"
    asked = ask.format(url=url, bare=url.removeprefix("http://"))
    assert explain(folder, asked, "--json").json["url"] == url


def test_what_its_page_says_of_paying_and_of_its_language_is_shown(folder: Path, site: Site) -> None:
    done = explain(folder, f"{site.url}/talks", "--json").json
    assert (done["paywalled"], done["language_said"]) == (False, None)
    assert explain(folder, f"{site.url}/blocked", "--json").json["paywalled"] is None
    lines = as_text({**done, "paywalled": True, "language_said": "es"}).splitlines()
    assert "  paywalled   yes, as its page says" in lines
    assert "  language    en, by its text; it is said to be in es" in lines


def test_an_address_without_its_scheme_goes_before_longer_ones_that_it_is_a_part_of(
    folder: Path, site: Site
) -> None:
    answer = explain(folder, f"{site.url}/m1".removeprefix("http://"), "--json").json
    assert (answer["url"], answer["found_by"]) == (f"{site.url}/m1", f"address, but as {site.url}/m1")


def test_an_article_is_found_by_its_address_and_by_the_number_that_it_has(folder: Path, site: Site) -> None:
    url = f"{site.url}/talks"
    answer = explain(folder, url, "--json").json
    assert answer["found_by"] == "address"
    number = explain(folder, str(answer["id"]), "--json").json
    assert (number["url"], number["found_by"]) == (url, "number")


def test_a_part_of_several_addresses_is_refused_with_them(folder: Path, site: Site) -> None:
    done = explain(folder, "/m", code=1)
    assert "stands in the address or the title of several articles" in done.err
    assert f"{site.url}/m0" in done.err
    assert "stands in no article's address or title" in explain(folder, "nothing-like-it", code=1).err


def test_an_article_is_found_by_words_of_its_title(folder: Path, site: Site) -> None:
    answer = explain(folder, "A page that robots.txt", "--json").json
    assert (answer["url"], answer["found_by"]) == (f"{site.url}/hidden/secret", "words of its title")
    # An address goes before a title that has the same words.
    assert explain(folder, "/talks", "--json").json["found_by"] == "part of its address"


def test_a_topic_that_would_match_today_is_not_said_to_fail(folder: Path, site: Site, tmp_path: Path) -> None:
    config = edited(folder, tmp_path, {"talks": {"terms": ["talks"]}})
    text = explain(config, f"{site.url}/talks", "--topic", "talks").out
    assert "\ntalks would match\n" in text
    assert "`presswatch rematch`, or the next start of `presswatch run`, stores it" in text


def test_a_topic_that_does_not_exist_is_said_with_the_one_that_was_meant(folder: Path, site: Site) -> None:
    done = explain(folder, f"{site.url}/talks", "--topic", "peur", code=1)
    assert 'there is no topic peur in keywords.yaml (did you mean "peru"?)' in done.err


UNREAD = [
    ("blocked", "its page could not be read: http_403: the server answered 403", "set network.contact"),
    ("short", "no article text was found on it: too short", "`presswatch try page"),
    ("hidden/secret", "its page is not read: robots.txt: Disallow: /hidden/", "ask the paper"),
    ("plain", "its page is not read: the source says pages: false", "pages: true in sources.yaml"),
]


@pytest.mark.parametrize(("name", "why", "change"), UNREAD)
def test_a_page_that_was_not_read_is_explained_with_what_would_change_that(
    folder: Path, site: Site, name: str, why: str, change: str
) -> None:
    answer = explain(folder, f"{site.url}/{name}", "--json").json
    (finding,) = answer["findings"]
    assert why in finding["why"]
    assert change in finding["change"]
    assert answer["content"] == "title"
    assert "(there is no summary and no text)" in topic(answer, "boluarte")[
        "why"
    ] or "is in the title" in str(answer)
    assert why in explain(folder, f"{site.url}/{name}").out


@pytest.mark.parametrize(
    ("name", "why", "change"),
    [
        (
            "video",
            "its page was read, but is too short for an article: 3 words of text",
            "`presswatch try page",
        ),
        (
            "wall",
            "its page was read, but looks like one that asks for consent",
            "pages: false in sources.yaml",
        ),
    ],
)
def test_a_page_that_was_read_and_is_no_article_is_explained(
    folder: Path, site: Site, name: str, why: str, change: str
) -> None:
    answer = explain(folder, f"{site.url}/{name}", "--json").json
    (finding,) = answer["findings"]
    assert why in finding["why"]
    assert change in finding["change"]
    assert (answer["content"], answer["page"]["state"]) == ("full", "read")


# --- what today's definition says ---------------------------------------------------------------------------------


def edited(folder: Path, tmp_path: Path, topics: dict[str, Any]) -> Path:
    """The same archive under other keywords."""
    config = tmp_path / "config"
    shutil.copytree(folder, config)
    dump(config / "keywords.yaml", {"topics": topics})
    subscribers = YAML(typ="safe").load((config / "subscribers.yaml").read_text("utf-8"))
    dump(config / "subscribers.yaml", subscribers)
    return config


def test_a_match_that_todays_definition_would_not_find_says_so(
    folder: Path, site: Site, tmp_path: Path
) -> None:
    config = edited(folder, tmp_path, {"peru": {"query": "Peru NOT Lithium"}, "talks": {"terms": ["talks"]}})
    answer = explain(config, f"{site.url}/talks", "--json").json
    peru, talks = topic(answer, "peru"), topic(answer, "talks")
    assert (peru["matched"], peru["today"]["matched"]) == (True, False)
    assert peru["stored"]["version"] != peru["today"]["version"]
    assert peru["today"]["why"] == 'NOT Lithium: "Lithium" is in the title ("Lithium talks in Peru")'
    assert (talks["matched"], talks["today"]["matched"]) == (False, True)
    assert "no match is stored yet" in talks["why"]
    assert (
        topic(answer, "lithium")["why"]
        == '"Lithium" is in the title, with other accents, capitals or punctuation'
    )
    assert topic(answer, "lithium")["today"] is None, "it is no longer in keywords.yaml"
    shown = explain(config, f"{site.url}/talks", "--topic", "peru").out
    assert "today's definition would not find it: NOT Lithium" in shown


def test_for_one_topic_dictionaries_are_not_asked_about_the_words_of_others(
    folder: Path, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    topics = {
        "new": {"terms": ["Bolognesi~"]},
        "talks": {"query": "@round AND talks"},
        "round": {"terms": ["round"]},
    }
    config = edited(folder, tmp_path, topics)
    asked = []

    def look_up(wanted: Wanted, languages: object) -> Facts:
        asked.append(wanted.slips)
        return Facts()

    monkeypatch.setattr(watchlist, "look_up", look_up)
    for more, slips in ((["--topic", "talks"], set()), ([], {"bolognesi"})):
        done = CliRunner().invoke(app, ["--config", str(config), "explain", f"{site.url}/talks", *more])
        assert done.exit_code == 0
        assert asked.pop() == slips


# --- an article that is not there ---------------------------------------------------------------------------------


def absent(config: Path, url: str) -> list[dict[str, str]]:
    answer = explain(config, url, "--json", code=1).json
    assert (answer["url"], answer["first_seen"], answer["topics"]) == (url, None, [])
    return answer["findings"]


def test_of_a_host_that_no_source_has_the_command_for_another_source_is_named(folder: Path) -> None:
    (finding,) = absent(folder, "https://nowhere.example/story")
    assert "no source in sources.yaml has the host nowhere.example" in finding["why"]
    assert "`presswatch try feed URL`" in finding["change"]
    assert "`presswatch try page https://nowhere.example/story`" in finding["change"]
    done = explain(folder, "https://nowhere.example/story", code=1)
    assert done.out.startswith("https://nowhere.example/story\n  is not in the archive\n  - no source")


def test_what_no_feed_offered_names_every_feed_that_might_have(folder: Path, site: Site) -> None:
    said = [one["why"] for one in absent(folder, f"{site.url}/never")]
    assert f"post: its feed {site.url}/feed was read at 2026-07-19 15:00 UTC, and never offered it" in said
    assert any(
        one.startswith("many: capped since 2026-07-19 15:00 UTC: 5 entries past max_entries") for one in said
    )
    assert any(
        one.startswith(
            f"broken: its feed {site.url}/broken failed at the last try (http_403: the server answered 403"
        )
        for one in said
    )


def test_what_robots_txt_would_keep_is_said_of_an_article_that_is_not_there(folder: Path, site: Site) -> None:
    found = absent(folder, f"{site.url}/hidden/other")
    assert "even if a feed offered it: robots.txt: Disallow: /hidden/" in found[-1]["why"]


def test_without_an_archive_there_is_nothing_to_explain(tmp_path: Path, site: Site) -> None:
    sources = [{"id": "a", "name": "A", "endpoints": [{"feed": f"{site.url}/feed"}]}]
    done = explain(write_config(tmp_path, sources), f"{site.url}/talks", code=1)
    assert "there is no archive at" in done.err


# --- the demo -------------------------------------------------------------------------------------------------------


DEMO = [
    ("known word", "el-baluarte-del-rey", "boluarte", '"baluarte" is a word that the dictionaries know, so ~ does not reach it'),
    ("exclude", "rail-depot-in-peru", "peru", '"Peru" stands only in "Peru, Indiana" and "Peru, Illinois", which exclude hides'),
    ("capitals", "scouts-gather-in-cartagena", "us-troops", '"us" is written in small letters; US wants capitals'),
    ("date", "nine-hurt-and-a-bus", "july-19", 'the text has "July 9"'),
]  # fmt: skip


@pytest.mark.parametrize(("part", "name", "why"), [one[1:] for one in DEMO], ids=[one[0] for one in DEMO])
def test_the_demo_says_why_a_careful_reader_would_not_have_it(
    demo_folder: Path, part: str, name: str, why: str
) -> None:
    database = demo_folder / "data" / "archive.db"
    found = rows(database, "select id, url from articles where url like ?", f"%{part}%")
    assert len(found) == 1, f"the demo has changed: {part}"
    answer = explain(demo_folder / "config", part, "--topic", name, "--json").json
    assert answer["found_by"] == "part of its address"
    (only,) = answer["topics"]
    assert only["matched"] is False
    assert why in only["why"]


def test_every_article_of_the_demo_has_a_reason_for_every_topic(demo_folder: Path) -> None:
    database = demo_folder / "data" / "archive.db"
    for (number,) in rows(database, "select id from articles order by id limit 6"):
        answer = explain(demo_folder / "config", str(number), "--json").json
        matched = {
            name for (name,) in rows(database, "select topic_id from matches where article_id = ?", number)
        }
        assert {one["topic"] for one in answer["topics"] if one["matched"]} == matched
        assert all(one["why"] for one in answer["topics"])
