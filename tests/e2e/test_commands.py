"""Every command through the installed program, in a process of its own, with every key of its JSON filled."""

from __future__ import annotations

import email
import email.policy
import gzip
import json
import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archive.times import stamp
from crawler.demo.newsroom import START, Newsroom
from tests.conftest import PROGRAM, ROOT, Done, environment, presswatch
from tests.e2e.world import Answer, MailBox, Site, rows, write_config

PAGE = """<html lang="en"><head><title>Lithium talks in Peru | Harbour Post</title>
<meta property="og:site_name" content="Harbour Post"><meta name="author" content="Desk of the Harbour Post">
<meta property="article:published_time" content="2026-07-19T09:30:00-05:00"></head><body><nav>Home</nav><article>
<h1>Lithium talks in Peru</h1><p>{}</p></article></body></html>""".format(
    "</p><p>".join(
        f"Negotiators met for round {number} of the talks on lithium in Peru, and US troops were not discussed."
        for number in range(1, 9)
    )
)
FEED = """<rss version="2.0"><channel><title>Harbour Post</title><item><title>Lithium talks in Peru</title>
<link>{site}/2026/talks</link><guid>talks-1</guid><author>desk@harbour.example (Desk)</author>
<pubDate>Sun, 19 Jul 2026 14:30:00 GMT</pubDate><description>A &lt;b&gt;new&lt;/b&gt; round</description></item>
</channel></rss>"""


def config_of(folder: Path) -> Path:
    return folder / "config"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory):
    with Site({}) as site:
        site.answers |= {
            "/feed": Answer(
                FEED.format(site=site.url).encode(), headers={"Content-Type": "application/rss+xml"}
            ),
            "/2026/talks": Answer(PAGE.encode(), headers={"Content-Type": "text/html; charset=utf-8"}),
        }
        yield site


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory, site: Site) -> Path:
    sources = [{"id": "harbour", "name": "Harbour Post", "endpoints": [{"feed": f"{site.url}/feed"}]}]
    return write_config(tmp_path_factory.mktemp("harbour"), sources)


def assert_filled(value: dict, keys: str) -> None:
    for key in keys.split():
        assert value[key] not in (None, "", [], {}), f"{key} is empty in {value}"


def test_try_feed_shows_what_a_feed_contains(harbour: Path, site: Site) -> None:
    feed = presswatch("try", "feed", f"{site.url}/feed", "--json", config=harbour).json
    assert_filled(feed, "url title format entries")
    assert feed["warnings"] == []
    assert_filled(feed["entries"][0], "url guid title published author summary")
    assert feed["entries"][0]["published"] == "2026-07-19T14:30:00+00:00"
    assert feed["entries"][0]["summary"] == "A new round"


def test_try_feed_reads_a_file_too(harbour: Path, site: Site, tmp_path: Path) -> None:
    path = tmp_path / "feed.xml"
    path.write_text(FEED.format(site=site.url), "utf-8")
    assert presswatch("try", "feed", path, "--json", config=harbour).json["title"] == "Harbour Post"


@pytest.mark.parametrize("from_file", [False, True], ids=["over the network", "from a file"])
def test_try_page_shows_what_a_page_becomes(
    harbour: Path, site: Site, tmp_path: Path, from_file: bool
) -> None:
    address = f"{site.url}/2026/talks"
    path = tmp_path / "page.html"
    path.write_text(PAGE, "utf-8")
    target = (path, "--url", address) if from_file else (address,)
    page = presswatch("try", "page", *target, "--json", config=harbour).json
    assert_filled(page, "url title author published published_from language text content")
    assert (page["url"], page["title"], page["content"]) == (address, "Lithium talks in Peru", "full")
    assert (page["published"], page["published_from"]) == ("2026-07-19T14:30:00+00:00", "meta")
    assert page["text"].count("\n") >= 7


def test_try_page_says_who_has_to_pay_and_which_language_was_said(harbour: Path, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    head = '<html lang="es"><head><meta itemprop="isAccessibleForFree" content="false">'
    path.write_text(PAGE.replace('<html lang="en"><head>', head), "utf-8")
    page = presswatch("try", "page", path, "--json", config=harbour).json
    assert (page["paywalled"], page["language"], page["language_said"]) == (True, "en", "es")
    said = presswatch("try", "page", path, config=harbour).out
    assert "paywalled:      yes, as the page says" in said
    assert "its text is not in the language that it is said to be in (es)" in said


def test_try_page_does_not_take_a_page_for_what_is_missing_for_an_article(
    harbour: Path, tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    path.write_text(
        "<html><head><title>404 Not Found</title></head><body><p>Sorry.</p></body></html>", "utf-8"
    )
    done = presswatch("try", "page", path, config=harbour, code=1)
    assert "soft_404: it calls itself '404 Not Found'" in done.err


def test_what_cannot_be_fetched_is_an_answer_with_its_reason(harbour: Path, site: Site) -> None:
    done = presswatch("try", "feed", f"{site.url}/missing", config=harbour, code=1)
    assert "http_404" in done.err
    assert done.out == ""
    done = presswatch("try", "page", "no-such-file.html", config=harbour, code=2)
    assert "neither a file nor" in done.err


@pytest.mark.parametrize(
    ("target", "hint"),
    [
        ("midiario.example/rss", " (did you mean https://midiario.example/rss?)"),
        ("www.midiario.example", " (did you mean https://www.midiario.example?)"),
        ("feed.xml", ""),
        ("feeds/front.xml", ""),
        ("../no/feed.xml", ""),
    ],
)
def test_an_address_without_its_https_is_told_from_a_file_that_is_not_there(
    harbour: Path, target: str, hint: str
) -> None:
    done = presswatch("try", "feed", target, config=harbour, code=2)
    assert f"{target} is neither a file nor an http(s) URL{hint}\n" in done.err


def test_match_codes_json_lines_and_says_which_line_is_bad(harbour: Path, tmp_path: Path) -> None:
    lines = tmp_path / "lines.jsonl"
    lines.write_text(
        '{"id": 7, "title": "Peru’s U.S Troops", "text": ""}\nnot json\n{"title": "rain"}\n', "utf-8"
    )
    done = presswatch("match", lines, config=harbour, code=1)
    first, second = (json.loads(line) for line in done.out.splitlines())
    assert first["id"] == 7
    assert {match["topic"] for match in first["matches"]} == {"peru", "us-troops"}
    assert_filled(first["matches"][0], "topic version hits")
    assert_filled(first["matches"][0]["hits"][0], "field end text variant how")
    assert second["matches"] == []
    assert f"{lines}:2: this is not JSON" in done.err


BAD_LINES = [
    pytest.param(b'{"title": "\\ud800"}', r"half a character stands in it: \ud800", id="a lone surrogate"),
    pytest.param(
        b'{"\\udfff": 1}', r"half a character stands in it: \udfff", id="a lone surrogate in a name"
    ),
    pytest.param(b"[" * 100_000, "nest too deeply", id="far too many brackets"),
    pytest.param(b'{"title": "\xe9"}', "this is not UTF-8", id="Latin-1"),
    pytest.param(b'{"title": 1}', "title must be text", id="a number for a title"),
]


@pytest.mark.parametrize(("bad", "why"), BAD_LINES)
def test_match_names_a_line_that_cannot_be_read_and_goes_on(
    harbour: Path, tmp_path: Path, bad: bytes, why: str
) -> None:
    lines = tmp_path / "lines.jsonl"
    lines.write_bytes(b'{"title": "Peru"}\n' + bad + b'\n{"title": "Peru \\ud83d\\ude00"}\n')
    done = presswatch("match", lines, config=harbour, code=1)
    assert [json.loads(line)["title"] for line in done.out.splitlines()] == ["Peru", "Peru 😀"]
    first, last = done.err.splitlines()
    assert first.startswith(f"{lines}:2: ")
    assert why in first
    assert last == "lines that could not be read: 1"


@pytest.mark.parametrize(
    ("cut", "read"),
    [(lambda packed: packed[:-30], 1), (lambda packed: packed[:-8] + b"x" * 8, 2), (lambda _: b"no gzip", 0)],
    ids=["cut off", "a wrong checksum", "not packed at all"],
)
def test_match_says_at_which_line_a_packed_file_breaks_off(
    harbour: Path, tmp_path: Path, cut: Callable[[bytes], bytes], read: int
) -> None:
    lines = [json.dumps({"title": f"Peru {number}", "text": os.urandom(9000).hex()}) for number in (1, 2)]
    packed = tmp_path / "lines.jsonl.gz"
    packed.write_bytes(cut(gzip.compress("".join(f"{line}\n" for line in lines).encode())))
    done = presswatch("match", packed, config=harbour, code=1)
    assert len(done.out.splitlines()) == read
    first, last = done.err.splitlines()
    assert first.startswith(f"{packed}:{read + 1}: nothing can be read from here on: ")
    assert last == "lines that could not be read: 1"


def test_match_hands_no_control_character_to_the_terminal(harbour: Path, tmp_path: Path) -> None:
    lines = tmp_path / "lines.jsonl"
    lines.write_text('{"title": "Peru \x9b31m \\u001b[31m \x7f"}\n', "utf-8")
    done = presswatch("match", lines, config=harbour)
    assert r"Peru \u009b31m \u001b[31m \u007f" in done.out
    assert json.loads(done.out)["title"] == "Peru \x9b31m \x1b[31m \x7f"


def test_help_tells_each_command_in_one_line_of_80_columns() -> None:
    for group in ((), ("try",), ("sources",), ("suppressions",)):
        lines = presswatch(*group, "--help").out.split("Commands:\n")[1].splitlines()
        assert [line for line in lines if len(line) > 80 or line.endswith(("...", "…"))] == []


def test_check_is_silent_about_good_files_and_points_into_bad_ones(harbour: Path, tmp_path: Path) -> None:
    assert presswatch("check", "--json", config=harbour).json == []
    done = presswatch("check", config=harbour)
    assert done.out == "config is good: 1 source (1 feed), 5 topics (50 examples tried), 1 subscriber\n"
    assert done.err == ""
    bad = tmp_path / "config"
    bad.mkdir()
    for name in ("settings", "sources", "subscribers", "keywords"):
        (bad / f"{name}.yaml").write_bytes((harbour / f"{name}.yaml").read_bytes())
    (bad / "sources.yaml").write_text(
        "sources:\n  - id: a\n    name: A\n    endpoints:\n      - feed: http://127.0.0.1/x\n        evry: 15m\n"
    )
    complaint = presswatch("check", "--json", config=bad, code=1).json[0]
    assert_filled(complaint, "file line column path message")
    assert (complaint["file"], complaint["line"], complaint["column"]) == ("sources.yaml", 6, 9)
    assert 'did you mean "every"?' in complaint["message"]
    # The same file stops the service, with the same words.
    assert 'did you mean "every"?' in presswatch("run", "--once", config=bad, code=2).err


def test_check_notes_what_may_surprise_and_is_still_content(tmp_path: Path) -> None:
    sources = [{"id": "a", "name": "A", "endpoints": [{"feed": "http://a.example/"}]}]
    reader = {"id": "a", "to": ["a@b"], "topics": "all", "when": "daily at 07:00", "zone": "UTC"}
    config = write_config(
        tmp_path, sources, subscribers=[reader], network={"contact": "x", "user_agent": "y"}
    )
    settings = config / "settings.yaml"
    settings.write_text(
        settings.read_text("utf-8").replace("contact: x", "").replace("user_agent: y", ""), "utf-8"
    )
    done = presswatch("check", "--json", config=config)
    assert done.json == []
    contact, outbox = done.err.splitlines()
    assert "network.contact: note: not set" in contact
    assert "subscribers[0].to: note: settings.yaml names no mail server" in outbox


def test_a_folder_that_is_not_there_is_said_without_a_line_of_it(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    for done in (presswatch("check", config=nowhere, code=1), presswatch("sources", config=nowhere, code=2)):
        assert (done.out + done.err).startswith(f"{nowhere}: there is no such folder: ")
        assert "--config DIR" in done.out + done.err
    assert presswatch("check", "--json", config=nowhere, code=1).json[0]["file"] == str(nowhere)


def test_an_example_that_fails_is_a_complaint_of_check(harbour: Path, tmp_path: Path) -> None:
    bad = tmp_path / "config"
    bad.mkdir()
    for name in ("settings", "sources", "subscribers"):
        (bad / f"{name}.yaml").write_bytes((harbour / f"{name}.yaml").read_bytes())
    (bad / "keywords.yaml").write_text(
        "topics:\n  peru:\n    terms: [Peru]\n    examples:\n      match: [A weekend in Perugia]\n"
    )
    complaint = presswatch("check", "--json", config=bad, code=1).json[0]
    assert (complaint["file"], complaint["line"]) == ("keywords.yaml", 5)


@pytest.fixture(scope="module")
def passed(harbour: Path) -> tuple[Path, Done]:
    return harbour, presswatch("run", "--once", "--json", "--as-of", "2026-07-19T15:00Z", config=harbour)


def test_run_once_prints_what_the_pass_came_to(passed: tuple[Path, Done]) -> None:
    summary = passed[1].json
    assert {key: summary[key] for key in ("polled", "failed", "entries", "new", "pages", "articles")} == {
        "polled": 1,
        "failed": 0,
        "entries": 1,
        "new": 1,
        "pages": 1,
        "articles": 1,
    }
    assert summary["matches"] == 3  # lithium, peru, us-troops
    assert summary["sent"] == 0
    assert summary["stall_ms"] >= summary["held_ms"] >= 0


def test_search_finds_the_article_by_words_of_its_text(passed: tuple[Path, Done]) -> None:
    found = presswatch("search", "negotiators", "--json", config=passed[0]).json
    assert len(found) == 1
    assert_filled(found[0], "id url title source published first_seen content snippet")
    assert found[0]["source"] == "Harbour Post"
    assert "⟦Negotiators⟧" in found[0]["snippet"]
    assert presswatch("search", "zeppelin", "--json", config=passed[0]).json == []


def test_search_prints_a_block_an_article_with_its_address_whole_on_a_line_of_its_own(
    passed: tuple[Path, Done], site: Site
) -> None:
    """The columns of a table cut an address in two, on a terminal of 100 columns as in a pipe."""
    done = presswatch("search", "negotiators", config=passed[0])
    first, empty, title, where, snippet, address = done.out.splitlines()
    assert (first, empty, title) == ("1 article, the newest first", "", "Lithium talks in Peru")
    assert where == "    Harbour Post, published 2026-07-19 14:30, first seen 2026-07-19 15:00 UTC"
    assert "⟦Negotiators⟧" in snippet
    assert address == f"    {site.url}/2026/talks"


def test_search_says_how_many_articles_there_are_and_not_how_many_it_shows(demo_folder: Path) -> None:
    config = config_of(demo_folder)
    everything = len(presswatch("search", "peru", "--limit", 1000, "--json", config=config).json)
    shown = presswatch("search", "peru", "--limit", 3, config=config).out
    assert shown.startswith(f"the newest 3 of {everything} articles\n")
    assert shown.count("first seen") == 3
    assert presswatch("search", "peru", "--limit", everything, config=config).out.startswith(
        f"{everything} articles, the newest first\n"
    )


def test_search_that_finds_nothing_says_so_and_prints_no_result(passed: tuple[Path, Done]) -> None:
    done = presswatch("search", "zeppelin", config=passed[0])
    assert done.out == ""
    assert done.err == "no article holds zeppelin\n"


def test_sources_tells_how_each_is(passed: tuple[Path, Done]) -> None:
    source = presswatch("sources", "--json", config=passed[0]).json[0]
    assert_filled(source, "id name state last_ok articles")
    assert (source["state"], source["failures"], source["events"]) == ("ok", 0, [])


def test_sources_says_in_words_how_long_ago_one_was_read(passed: tuple[Path, Done], tmp_path: Path) -> None:
    """The state stays ok when nothing has run for months: the age is what a person sees first."""
    data = tmp_path / "data"
    data.mkdir()
    with closing(sqlite3.connect(passed[0].parent / "data/archive.db")) as conn:
        conn.execute("vacuum into ?", (str(data / "archive.db"),))
    with closing(sqlite3.connect(data / "archive.db")) as conn, conn:
        then = datetime.now(UTC) - timedelta(days=200)
        conn.execute("update endpoints set last_ok_at = ?", (stamp(then),))
    config = write_config(tmp_path, [{"id": "a", "name": "A", "endpoints": [{"feed": "http://a.example/"}]}])
    (row,) = (line for line in presswatch("sources", config=config).out.splitlines() if "harbour" in line)
    assert "200 days ago" in row
    assert " ok " in row


def test_a_digest_is_shown_and_sent_to_nobody(passed: tuple[Path, Done], tmp_path: Path) -> None:
    config = passed[0]
    arguments = ("digest", "reader", "--preview", "--as-of", "2026-07-19T16:00Z")
    done = presswatch(*arguments, "--into", tmp_path, config=config)
    assert "*Lithium* talks in *Peru*" in done.out
    files = {path.name: path.read_bytes().decode() for path in tmp_path.iterdir()}
    assert set(files) == {"reader.html", "reader.txt", "reader.headers.txt", "reader.eml"}
    assert "*Lithium* talks in *Peru*" in files["reader.txt"]
    assert "\nList-Id: <reader.presswatch." in files["reader.headers.txt"]
    assert files["reader.eml"].startswith(files["reader.headers.txt"].replace("\n", "\r\n"))
    assert_filled(
        presswatch(*arguments, "--json", config=config).json, "subject recipient html text headers eml"
    )
    assert rows(config.parent / "data/alerts.db", "select count(*) from deliveries") == [(0,)]
    assert "there are: reader" in presswatch("digest", "nobody", "--preview", config=config, code=1).err


def test_the_plan_is_what_the_next_day_polls_and_sends(passed: tuple[Path, Done]) -> None:
    planned = presswatch("plan", "--as-of", "2026-07-19T15:10Z", "--json", config=passed[0]).json
    assert (planned["from"], planned["until"]) == ("2026-07-19T15:10:00+00:00", "2026-07-20T15:10:00+00:00")
    (poll,) = planned["polls"]
    data = passed[0].parent / "data/archive.db"
    ((url, interval, due),) = rows(data, "select url, interval, next_poll_at from endpoints")
    assert (poll["url"], poll["interval"], poll["next"]) == (url, interval, max(due, planned["from"]))
    ahead = datetime.fromisoformat(planned["until"]) - datetime.fromisoformat(poll["next"])
    assert (poll["times"] - 1) * interval < ahead.total_seconds() <= poll["times"] * interval
    (digest,) = planned["digests"]
    assert (digest["subscriber"], digest["due"]) == ("reader", ["2026-07-20T12:00:00+00:00"])
    assert digest["local"] == ["2026-07-20T07:00-05:00"]
    printed = presswatch("plan", "--as-of", "2026-07-19T15:10Z", config=passed[0])
    assert url in printed.out
    assert "2026-07-20T07:00-05:00" in printed.out
    assert presswatch("plan", "--as-of", "2026-07-19T14:00Z", config=passed[0], code=2).out == ""


def test_a_plan_before_the_first_start_asks_everybody_at_once(tmp_path: Path) -> None:
    feed = {"feed": "http://a.example/", "every": "12h"}
    reader = {"id": "now", "topics": "all", "when": "instant", "zone": "America/Lima"}
    config = write_config(tmp_path, [{"id": "a", "name": "A", "endpoints": [feed]}], subscribers=[reader])
    planned = presswatch("plan", "--as-of", "2026-07-19T15:10Z", "--json", config=config).json
    assert [(one["next"], one["times"]) for one in planned["polls"]] == [("2026-07-19T15:10:00+00:00", 2)]
    assert [(one["instant"], one["due"]) for one in planned["digests"]] == [(True, [])]
    assert not (tmp_path / "data").exists()


def test_a_test_goes_to_one_address_and_is_not_remembered(passed: tuple[Path, Done], tmp_path: Path) -> None:
    shutil.copytree(passed[0].parent / "data", tmp_path / "data")
    with (box := MailBox()).listening() as port:
        config = write_config(
            tmp_path, [{"id": "a", "name": "A", "endpoints": [{"feed": "http://a.example/"}]}], mail_port=port
        )
        arguments = ("digest", "reader", "--send-test", "boss@example.org", "--as-of", "2026-07-19T16:00Z")
        done = presswatch(*arguments, config=config)
    assert done.out.startswith("sent to boss@example.org: [test] ")
    ((recipient, mail),) = box.mails
    assert (recipient, mail["To"]) == ("boss@example.org", "boss@example.org")
    assert rows(tmp_path / "data/alerts.db", "select count(*) from deliveries") == [(0,)]
    assert "names no mail server" in presswatch(*arguments, config=passed[0], code=1).err
    assert "not a mail address" in presswatch(*arguments[:3], "boss", config=config, code=2).err


def test_check_names_a_template_that_cannot_be_used_and_goes_on(tmp_path: Path) -> None:
    config = write_config(tmp_path, [{"id": "a", "name": "A", "endpoints": [{"feed": "http://a.example/"}]}])
    (config / "templates").mkdir()
    (config / "templates" / "digest.html").write_text("<p>\n{{ view.no_such_thing }}\n", "utf-8")
    done = presswatch("check", config=config, code=1)
    assert "templates/digest.html:2:1: " in done.out
    assert "no_such_thing" in done.out
    assert "the program's own template is used" in done.out


def test_a_clock_before_the_newest_time_is_refused(passed: tuple[Path, Done]) -> None:
    done = presswatch("run", "--once", "--as-of", "2026-07-19T14:00Z", config=passed[0], code=2)
    assert "already holds 2026-07-19T15:00:00+00:00" in done.err


def test_a_digest_at_a_time_before_the_newest_is_refused(passed: tuple[Path, Done], tmp_path: Path) -> None:
    arguments = ("digest", "reader", "--preview", "--into", tmp_path, "--as-of", "2026-07-19T14:59:59Z")
    done = presswatch(*arguments, config=passed[0], code=2)
    assert "already holds 2026-07-19T15:00:00+00:00" in done.err
    assert done.out == ""
    assert list(tmp_path.iterdir()) == []


def test_migrate_lists_and_does_nothing_twice(passed: tuple[Path, Done]) -> None:
    listed = presswatch("migrate", "--list", "--json", config=passed[0]).json
    assert listed == {"archive.db": [], "alerts.db": []}
    assert presswatch("migrate", "--json", config=passed[0]).json == listed


def test_the_lock_names_the_process_that_holds_it(passed: tuple[Path, Done]) -> None:
    data = passed[0].parent / "data"
    script = f"""import sys, pathlib; from archive.lock import service_lock
with service_lock(pathlib.Path({str(data)!r})):
    print("held", flush=True); sys.stdin.read()"""
    command = [str(PROGRAM.with_name("python")), "-c", script]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, env=environment(), **pipes) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        for refused in (("run", "--once"), ("migrate",)):
            assert f"process {holder.pid}" in presswatch(*refused, config=passed[0], code=2).err
        assert holder.stdin is not None
        holder.stdin.close()
        holder.wait(10)


def test_a_source_that_cannot_be_read_is_named_and_nothing_readable_at_all_is_a_failure(
    tmp_path: Path,
) -> None:
    with Site({}) as gone:
        sources = [{"id": "gone", "name": "Gone", "endpoints": [{"feed": f"{gone.url}/feed"}]}]
        config = write_config(tmp_path, sources)
        done = presswatch("run", "--once", "--json", config=config, code=1)
    assert (done.json["polled"], done.json["failed"]) == (1, 1)
    assert f"gone {gone.url}/feed: http_404" in done.err
    source = presswatch("sources", "--json", config=config).json[0]
    assert (source["state"], source["failures"]) == ("failing", 1)
    assert_filled(source["events"][0], "kind since detail")


def test_the_demo_ends_with_matches_for_all_topics_and_a_digest(demo_folder: Path) -> None:
    data = demo_folder / "data"
    topics = dict(rows(data / "archive.db", "select topic_id, count(*) from matches group by topic_id"))
    assert set(topics) == {"peru", "boluarte", "us-troops", "lithium", "july-19"}
    assert len(list((data / "outbox").glob("*.eml"))) == len(list((data / "outbox").glob("*.html"))) == 2


def test_the_demo_finds_what_a_careful_reader_finds(demo_folder: Path) -> None:
    """The newsroom says of each article which topics it is about."""
    found: dict[str, set[str]] = {}
    for path, topic in rows(
        demo_folder / "data" / "archive.db",
        """select coalesce(a.url, a.key), m.topic_id from articles a
        left join matches m on m.article_id = a.id and m.ended_at is null""",
    ):
        found.setdefault(path.rstrip("/").rsplit("/", 1)[-1], set()).update({topic} - {None})
    with Newsroom(now=lambda: START) as newsroom:
        expected = {
            article.slug: set(article.topics) for outlet in newsroom.outlets for article in outlet.articles
        }
    wrong = {
        slug: (topics, found_topics)
        for slug, topics in expected.items()
        for name, found_topics in found.items()
        if slug in name and topics != found_topics
    }
    assert wrong == {}
    assert len(found) == len(expected)


def test_the_digest_that_the_readme_shows_is_the_one_that_the_demo_makes(demo_folder: Path) -> None:
    shown = re.findall(
        r"^```text\n(.*?)^```$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL
    )[1]
    first = min((demo_folder / "data/outbox").glob("*.eml"))
    mail = email.message_from_bytes(first.read_bytes(), policy=email.policy.default)
    body = mail.get_body(("plain",))
    assert body
    made = iter([f"Subject: {mail['Subject']}", *body.get_content().replace("\xa0", " ").splitlines()])
    for line in shown.splitlines():
        assert line in ("", "…") or line in made, f"not there, or not in this order: {line}"


def test_the_archive_of_the_demo_is_sound(demo_folder: Path) -> None:
    with closing(sqlite3.connect(demo_folder / "data" / "archive.db")) as conn:
        assert conn.execute("pragma integrity_check").fetchone() == ("ok",)
        assert conn.execute("pragma foreign_key_check").fetchall() == []
        assert conn.execute("select count(*) from changes").fetchone() == (0,)
        # Every span cuts its words out of the article as it stands.
        for field in ("title", "summary", "text"):
            cut = f'substr(a.{field}, h.start + 1, h."end" - h.start)'
            wrong = conn.execute(
                f"""select count(*) from hits h join matches m on m.seq = h.match_seq and m.ended_at is null
                join articles a on a.id = m.article_id where h.field = ? and {cut} <> h.text""",
                (field,),
            ).fetchone()
            assert wrong == (0,)
