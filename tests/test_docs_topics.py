"""The page about topics runs: every query on it finds what the page says, and is refused as the page says."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sqlite3
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from archive.errors import ConfigError, TopicError
from archive.facts import Facts, wanted
from archive.lexicon import look_up
from archive.match import MOST_SPOTS, Matcher
from archive.model import Hit
from archive.phrase import SLIP, STEM
from archive.query import MOST_CHARACTERS, caret, parse
from archive.querytokens import ALIASES
from archive.topic import LANGUAGES, TopicSpec, all_wanted, compile_topics
from archive.tree import ATTRIBUTES, MOST_NESTING, MOST_TERMS, MOST_WORDS_BETWEEN, PLACES, Ref, walk
from crawler.cli.config import Trial
from crawler.config import Config, examples_complaints, load
from tests.conftest import PROGRAM, environment, presswatch

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "topics.md"
PAGE_TEXT = PAGE.read_text(encoding="utf-8")
# The session is played from its beginning to its end; all else on the page can be tried by itself.
TEXT, SESSION = PAGE_TEXT.split("\n## An analyst's session\n")
LESSON = TEXT.split("\n## In ten minutes\n")[1].split("\n## ")[0]
FIND = "| query | finds | does not find |"
ARTICLE = "| query | article | finds |"
HOW = "| how | query | finds | meaning |"
THERE = "| there | here | how |"


def fenced(language: str, text: str = TEXT) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def rows(header: str) -> list[list[str]]:
    """The cells of every table with this header."""
    tables = re.findall(rf"^{re.escape(header)}\n\|[-|]+\|\n((?:\|.*\n)+)", TEXT, re.MULTILINE)
    lines = [line for table in tables for line in table.splitlines()]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def code(cell: str) -> str:
    """What stands in code style in a cell, nothing if nothing does."""
    found = re.fullmatch(r"`(.*)`", cell)
    return found[1].replace(r"\|", "|") if found else ""


def codes(cell: str) -> list[str]:
    """All that stands in code style in a cell, and nothing else may stand there."""
    found = re.findall(r"`([^`]+)`", cell)
    assert ", ".join(f"`{one}`" for one in found) == cell
    return [one.replace(r"\|", "|") for one in found]


def texts(cell: str) -> list[str]:
    """What stands in italics in a cell, and nothing else may stand there."""
    found = re.findall(r"\*([^*]+)\*", cell)
    assert ", ".join(f"*{text}*" for text in found) == cell
    return found


def named(row: Sequence[str]) -> str:
    return "/".join(filter(None, map(code, row[:2])))


def lesson() -> dict[str, Any]:
    """The watch list that the lesson builds: later blocks add topics to those of earlier ones, or replace them."""
    topics: dict[str, Any] = {}
    for block in fenced("yaml", LESSON):
        topics |= YAML(typ="safe").load(block)["topics"]
    return {"topics": topics}


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of configuration that holds the watch list of the lesson."""
    path = tmp_path_factory.mktemp("lesson")
    shutil.copytree(ROOT / "config", path, dirs_exist_ok=True)
    (path / "subscribers.yaml").write_text("subscribers: []\n", encoding="utf-8")
    (path / "settings.yaml").write_text(
        f"data_dir: {path / 'data'}\nnetwork:\n  contact: https://example.org\n", encoding="utf-8"
    )
    with (path / "keywords.yaml").open("w", encoding="utf-8") as file:
        YAML().dump(lesson(), file)
    return path


@pytest.fixture(scope="session")
def watch_list(folder: Path) -> Config:
    return load(folder)


@pytest.fixture(scope="session")
def facts(watch_list: Config) -> Facts:
    """What the real dictionaries say about every word of the page, asked once."""
    queries = {code(row[0]) for header in (FIND, ARTICLE) for row in rows(header)}
    queries |= {code(row[1]) for row in rows(HOW)}
    trees = [parse(query) for query in queries]
    return look_up(wanted(trees) | all_wanted(compile_topics(watch_list.topics)), LANGUAGES)


def hits(query: str, document: Mapping[str, str], watch_list: Config, facts: Facts) -> tuple[Hit, ...]:
    spec = TopicSpec(topic_id="asked", title="asked", query=query)
    refers = any(isinstance(node, Ref) for node in walk(parse(query)))
    topics = compile_topics([spec, *(watch_list.topics if refers else ())], facts)
    return Matcher(topics).match(document).get("asked", ())


# --- the lesson -------------------------------------------------------------------------------------------------


def test_the_watch_list_of_the_lesson_does_what_its_examples_say(watch_list: Config, facts: Facts) -> None:
    assert watch_list.warnings == ()
    assert [topic.topic_id for topic in watch_list.topics][:5] == [
        "peru", "boluarte", "us-troops", "lithium", "july-19",
    ]  # fmt: skip
    assert examples_complaints(watch_list, Trial(compile_topics(watch_list.topics, facts)).matches) == ()
    assert sum(len(topic.match) + len(topic.no_match) for topic in watch_list.topics) > 15


@pytest.mark.parametrize("block", fenced("yaml"))
def test_a_step_of_the_lesson_does_what_its_examples_say(
    block: str, folder: Path, facts: Facts, tmp_path: Path
) -> None:
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / "keywords.yaml").write_text(block, encoding="utf-8")
    config = load(tmp_path)
    assert config.warnings == ()
    assert examples_complaints(config, Trial(compile_topics(config.topics, facts)).matches) == ()


def test_the_tests_see_all_that_is_on_the_page() -> None:
    """A table with another heading would be run by nobody."""
    known = (FIND, ARTICLE, HOW, THERE)
    assert [len(rows(header)) > least for header, least in zip(known, (30, 20, 5, 20), strict=True)] == [
        True
    ] * 4
    headers = re.findall(r"^(\|.*\|)\n\|[-|]+\|$", TEXT, re.MULTILINE)
    plain = {
        "| setting | meaning |",
        "| field | where it looks |",
        "| limit | |",
        "| it says | and you can |",
    }
    assert set(headers) == {*known, *plain}
    assert set(re.findall(r"^```(\w+)$", PAGE_TEXT, re.MULTILINE)) == {
        "yaml",
        "refused",
        "mistakes",
        "text",
        "edit",
    }
    assert len(REFUSED) > 8
    assert len(STARTS) == 10


# --- what is found ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", rows(FIND), ids=named)
def test_a_query_finds_what_the_page_says_and_nothing_that_it_denies(
    row: Sequence[str], watch_list: Config, facts: Facts
) -> None:
    query = code(row[0])
    assert query
    for number, wanted_hits in ((1, True), (2, False)):
        for text in texts(row[number]):
            assert bool(hits(query, {"title": text}, watch_list, facts)) is wanted_hits, text


@pytest.mark.parametrize("row", rows(ARTICLE), ids=named)
def test_a_query_finds_in_an_article_what_the_page_says(
    row: Sequence[str], watch_list: Config, facts: Facts
) -> None:
    article = json.loads(code(row[1]))
    document = {
        name: value if isinstance(value, str) else "\n".join(value) for name, value in article.items()
    }
    assert document.keys() <= {*PLACES, "date"}
    found = hits(code(row[0]), document, watch_list, facts)
    assert (", ".join(f"{hit.field}: *{hit.text}*" for hit in found) or "nothing") == row[2]


@pytest.mark.parametrize("row", rows(HOW), ids=named)
def test_a_hit_is_found_as_the_page_says(row: Sequence[str], watch_list: Config, facts: Facts) -> None:
    (text,) = texts(row[2])
    (hit,) = hits(code(row[1]), {"title": text}, watch_list, facts)
    assert (hit.how, hit.text) == (code(row[0]), text)


def test_the_page_says_of_plus_what_the_dictionaries_say(watch_list: Config) -> None:
    facts = look_up(wanted([parse("march+ OR militar+")]), LANGUAGES)
    assert "`march+` finds\n  *marched* and *March*, `militar+` also *milita*" in TEXT
    for query, text in (("march+", "marched"), ("march+", "March"), ("militar+", "milita")):
        assert hits(query, {"title": text}, watch_list, facts)


STARTS = re.findall(
    r"`` (`) ``|`([^`])`", TEXT.split("In YAML a text that starts with ")[1].split(", or holds")[0]
)
AWKWARD = [f"{first}{second}x y" for first, second in STARTS] + ["title: Peru"]


@pytest.mark.parametrize("query", AWKWARD)
def test_a_query_needs_quotes_in_yaml_where_the_page_says_so(
    query: str, folder: Path, tmp_path: Path
) -> None:
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / "keywords.yaml").write_text(f"topics:\n  a:\n    query: {query}\n", encoding="utf-8")
    with pytest.raises(ConfigError):
        load(tmp_path)


@pytest.mark.parametrize("query", ['"US troops" OR Lima', "@a OR Lima", "#19J", "title: Peru", "[US]"])
def test_behind_the_sign_of_a_block_a_query_needs_no_quotes(query: str, folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    text = f"topics:\n  a: {{terms: [Peru]}}\n  b:\n    query: >\n      {query}\n"
    (tmp_path / "keywords.yaml").write_text(text, encoding="utf-8")
    assert str(parse(load(tmp_path).topics[1].query or "")) == str(parse(query))


# --- what is refused --------------------------------------------------------------------------------------------

REFUSED = [one.rstrip("\n") for block in fenced("refused") for one in block.split("\n\n")]


@pytest.mark.parametrize("shown", REFUSED, ids=lambda shown: shown.split("\n", maxsplit=1)[0])
def test_what_is_refused_is_refused_with_the_words_of_the_page(shown: str) -> None:
    query = shown.split("\n", maxsplit=1)[0]
    with pytest.raises(TopicError) as raised:
        parse(query)
    assert f"{caret(query, raised.value)}\n{raised.value}" == shown


def test_the_limits_are_those_of_the_program() -> None:
    limits = [row[1] for row in rows("| limit | |")]
    known = (MOST_TERMS, MOST_CHARACTERS, MOST_WORDS_BETWEEN, MOST_NESTING, STEM, SLIP, MOST_SPOTS)
    assert limits == [f"{limit:,}" for limit in known]


# --- other services ---------------------------------------------------------------------------------------------


def rewrites(query: str) -> list[str]:
    """What is suggested in place of a query, which must be refused."""
    with pytest.raises(TopicError) as raised:
        parse(query)
    hint = str(raised.value).partition("(did you mean ")[2]
    return ["".join(found) for found in re.findall(r""""([^"]*)"|'([^']*)'""", hint)]


OTHERS = [(there, code(row[1]), row[2]) for row in rows(THERE) for there in codes(row[0])]


@pytest.mark.parametrize(("there", "here", "becomes"), OTHERS)
def test_a_query_of_another_service_becomes_what_the_page_says(there: str, here: str, becomes: str) -> None:
    if becomes == "taken":
        assert str(parse(there)) == here
    elif becomes == "suggested":
        assert here in rewrites(there)
    elif becomes.startswith("write"):
        assert here not in rewrites(there)
        assert not here or parse(here)
    else:
        assert becomes.startswith("means something else")
        assert str(parse(there)) != str(parse(here))


def test_every_alias_stands_in_the_table() -> None:
    assert {there.split(":")[0] for there, _, becomes in OTHERS if becomes == "taken"} >= ALIASES.keys()


def test_every_field_has_a_row() -> None:
    fields = [code(row[0]) for row in rows("| field | where it looks |")]
    assert sorted(fields) == sorted(PLACES)
    assert fields[-len(ATTRIBUTES) :] == list(ATTRIBUTES)


# --- commands ---------------------------------------------------------------------------------------------------


def answers(command: str) -> list[str]:
    """What the page shows as the answers to a command."""
    return [block.split("\n", 1)[1] for block in fenced("text") if block.split("\n", 1)[0] == f"$ {command}"]


def test_check_says_of_the_mistakes_what_the_page_says(folder: Path, tmp_path: Path) -> None:
    (mistakes,) = fenced("mistakes")
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / "keywords.yaml").write_text(mistakes, encoding="utf-8")
    assert answers("presswatch check") == [presswatch("check", config=tmp_path, code=1).out]


def test_topics_shows_what_the_page_shows(folder: Path) -> None:
    assert answers("presswatch topics boluarte") == [presswatch("topics", "boluarte", config=folder).out]


EXPLAINED = [line[2:] for line in TEXT.splitlines() if line.startswith("$ presswatch explain ")]


@pytest.mark.parametrize("command", EXPLAINED)
def test_explain_says_of_the_demo_what_the_page_shows(command: str, demo_folder: Path) -> None:
    (shown,) = answers(command)
    head, _, below = shown.partition("…\n")
    assert (head, len(EXPLAINED)) == ("", 2)
    out = presswatch(*command.split()[1:], config=demo_folder / "config").out
    # Feeds are read side by side: which match comes first is another each time; and topics grow.
    assert _without_numbers(out).endswith(_without_numbers(below))


def _without_numbers(text: str) -> str:
    return re.sub(r"\b(match|the) \d+ (of|others)", r"\1 N \2", text)


# What the table of sentences quotes, in the words of the cases that read them.
SENTENCES = (ROOT / "tests" / "cases" / "explain.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("row", rows("| it says | and you can |"), ids=lambda row: row[0])
def test_what_the_page_says_of_explain_is_what_it_says(row: Sequence[str]) -> None:
    parts = [
        part
        for part in re.split(r"…|14|[;:] | \(|\)|the text has", row[0].strip("*"))
        if len(part.strip()) > 3
    ]
    assert parts
    for part in parts:
        assert part.strip() in SENTENCES, part


# What is another each time: ports, the numbers of matches, and today.
_ELSEWHEN = re.compile(r"127\.0\.0\.1:\d+|\bmatch \d+|\d{4}-\d\d-\d\d \d\d:\d\d UTC")


def test_the_session_of_an_analyst_goes_as_the_page_tells_it(demo_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "played"
    shutil.copytree(demo_folder, folder)
    config = folder / "config"
    settings = config / "settings.yaml"
    settings.write_text(settings.read_text("utf-8").replace(str(demo_folder), str(folder)), "utf-8")
    topics = (config / "keywords.yaml").read_text("utf-8").rstrip("\n")
    asked = []
    for language, block in re.findall(r"^```(\w+)\n(.*?)^```$", SESSION, re.MULTILINE | re.DOTALL):
        if language == "edit":
            (config / "keywords.yaml").write_text(f"{topics}\n\n{block}", "utf-8")
            continue
        command, shown = block.split("\n", 1)
        asked.append(shlex.split(command)[2])
        refused = asked == ["check"]
        out = presswatch(*shlex.split(command)[2:], config=config, code=1 if refused else 0).out
        shown, out = (_ELSEWHEN.sub("*", text) for text in (shown, out))
        if shown.startswith("…\n"):
            shown = shown.removeprefix("…\n")
            out = out[-len(shown) :]
        assert (command, out) == (command, shown)
    assert asked == ["check", "try", "check", "rematch", "explain", "explain", "check", "rematch", "topics"]
    with closing(sqlite3.connect(folder / "data" / "archive.db")) as conn:
        stored = conn.execute("select backfill from matches where topic_id = 'consultation'").fetchall()
    assert stored == [(1,), (1,)]


PIPED = re.compile(r"echo '(.*)' \| presswatch (match.*)")


@pytest.mark.parametrize("line", [line[2:] for line in TEXT.splitlines() if line.startswith("$ echo ")])
def test_match_answers_what_the_page_shows(line: str, folder: Path) -> None:
    piped = PIPED.fullmatch(line)
    assert piped
    done = subprocess.run(
        [str(PROGRAM), "--config", str(folder), *piped[2].split()],
        input=f"{piped[1]}\n", capture_output=True, text=True, check=True, timeout=200, env=environment(),
    )  # fmt: skip
    (shown,) = answers(line)
    # The page breaks the one line of JSON, as it would not fit.
    assert (shown if "--csv" in line else shown.replace("\n", " ").rstrip() + "\n") == done.stdout
