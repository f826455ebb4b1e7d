"""The docs run: what they show loads, what they ask is answered, and nothing that exists goes unmentioned."""

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import get_args

import pytest
from ruamel.yaml import YAML

from alerts.troubles import KINDS
from archive.model import Content, Outcome, PageState, PublishedFrom
from crawler import coverage
from crawler.cli.config import Trial
from crawler.config import examples_complaints, load
from crawler.settings import FILES, Shape
from crawler.watchlist import compile_specs
from tests.archive.cases import FACTS
from tests.make_docs import PAGE, commands, page

ROOT = Path(__file__).parents[1]
DOCS = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in (
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "CHANGELOG.md",
        *sorted((ROOT / "docs").glob("*.md")),
    )
}
# Where the settings of each file are explained, and as what: `web.host`, but `every`.
EXPLAINED = {
    "settings": ("docs/operations.md", True),
    "keywords": ("docs/topics.md", False),
    "sources": ("docs/sources.md", False),
    "subscribers": ("docs/subscribers.md", False),
}


def blocks(language: str, *names: str) -> list[pytest.param]:
    """The fenced blocks of a language, each named by its page and line."""
    return [
        pytest.param(found[1], id=f"{name}:{text[: found.start()].count(chr(10)) + 1}")
        for name, text in DOCS.items()
        if not names or name in names
        for found in re.finditer(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    ]


def section(text: str, heading: str) -> str:
    """What stands under a heading, up to the next one of its rank or above."""
    rank = len(heading.split(maxsplit=1)[0])
    after = text.split(f"\n{heading}\n", 1)
    assert len(after) == 2, f"there is no heading {heading!r}"
    return re.split(rf"^#{{1,{rank}}} ", after[1], maxsplit=1, flags=re.MULTILINE)[0]


def words_of_first_cells(text: str) -> list[str]:
    """The words in code style in the first column of the tables in ``text``."""
    cells = re.findall(r"^\| (.*?) \|", text, re.MULTILINE)
    return [word for cell in cells for word in re.findall(r"`([^`]+)`", cell)]


# --- README -----------------------------------------------------------------------------------------------------


def test_the_readme_begins_with_make_run_and_make_test() -> None:
    first = blocks("sh", "README.md")[0].values[0]
    assert [line.split("#")[0].strip() for line in first.splitlines()] == ["make run", "make test"]
    before = DOCS["README.md"].split("```sh")[0]
    assert "`" not in before, "no other command, and no condition, stands before the two"


def test_every_target_that_the_docs_name_is_in_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {
        target for text in DOCS.values() for target in re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE)
    }
    assert {"run", "test", "demo"} <= named <= targets


# --- commands ---------------------------------------------------------------------------------------------------


def test_the_page_of_commands_is_what_the_program_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "stale: python -m tests.make_docs writes it anew"


@pytest.mark.parametrize("command", [" ".join(path) for path in commands() if path])
def test_every_command_is_in_the_readme(command: str) -> None:
    table = section(DOCS["README.md"], "## Commands")
    assert f"presswatch {command}" in words_of_first_cells(table)


def test_the_readme_names_no_command_that_does_not_exist() -> None:
    table = section(DOCS["README.md"], "## Commands")
    known = {f"presswatch {' '.join(path)}" for path in commands() if path}
    assert set(words_of_first_cells(table)) == known


# --- configuration ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", blocks("yaml"))
def test_a_yaml_block_loads_without_a_complaint(block: str, tmp_path: Path) -> None:
    names = YAML(typ="safe").load(block)
    file = next((name for name in ("keywords", "sources", "subscribers") if _top(name) in names), "settings")
    for name in FILES:
        shutil.copyfile(ROOT / "config" / f"{name}.yaml", tmp_path / f"{name}.yaml")
    (tmp_path / "subscribers.yaml").write_text("subscribers: []\n", encoding="utf-8")
    (tmp_path / f"{file}.yaml").write_text(block, encoding="utf-8")
    config = load(tmp_path, {"PRESSWATCH_SMTP": "secret"})
    assert config.warnings == ()
    # What its words need of the dictionaries is mostly among the fixed facts; for the rest they are asked.
    trial = Trial(compile_specs(config.topics, config.settings.languages, FACTS))
    assert examples_complaints(config, trial.matches) == ()


def _top(name: str) -> str:
    return next(iter(FILES[name].model_fields))


def settings_of(shape: type[Shape], prefix: str = "") -> Iterator[str]:
    """Every setting of a shape and of those in it, with the way to it."""
    for key, info in shape.model_fields.items():
        name = info.alias or key
        inner = list(_shapes(info.annotation))
        if not inner:
            yield f"{prefix}{name}"
        for one in inner:
            yield from settings_of(one, f"{prefix}{name}.")


def _shapes(annotation: object) -> Iterator[type[Shape]]:
    if isinstance(annotation, type) and issubclass(annotation, Shape):
        yield annotation
    for argument in get_args(annotation):
        yield from _shapes(argument)


@pytest.mark.parametrize("file", FILES)
def test_every_setting_has_a_row_and_no_row_is_without_a_setting(file: str) -> None:
    name, whole = EXPLAINED[file]
    ways = set(settings_of(FILES[file]))
    if whole:
        assert set(words_of_first_cells(section(DOCS[name], "## Settings"))) == ways
        return
    rows = re.search(r"^\| setting \|.*?\n\n", DOCS[name], re.MULTILINE | re.DOTALL)
    assert rows
    # match and no_match stand in the row of examples, sources and subscribers are the name of the file.
    missing = {way.split(".")[-1] for way in ways} - set(re.findall(r"`([a-z_]+)`", rows[0]))
    assert missing == set()
    known = {step for way in ways for step in way.split(".")}
    assert set(words_of_first_cells(rows[0])) <= known


# --- the archive ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def demo_archive(demo_folder: Path) -> Iterator[sqlite3.Connection]:
    path = demo_folder / "data" / "archive.db"
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as conn:
        yield conn


@pytest.mark.parametrize("block", blocks("sql", "docs/archive.md"))
def test_a_query_of_the_archive_page_runs_and_finds_something(
    block: str, demo_archive: sqlite3.Connection
) -> None:
    assert demo_archive.execute(block).fetchall() or block.startswith("select -- may be empty\n")


@pytest.mark.parametrize("block", blocks("sql", "docs/operations.md"))
def test_a_statement_for_operators_runs_on_the_alerts(block: str, demo_folder: Path, tmp_path: Path) -> None:
    path = demo_folder / "data" / "alerts.db"
    with (
        closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as original,
        closing(sqlite3.connect(tmp_path / "alerts.db")) as copy,
    ):
        original.backup(copy)
        copy.execute("attach ? as archive", (str(path.with_name("archive.db")),))
        copy.execute("update deliveries set state = 'unknown'")
        done = copy.execute(block)
        changed = done.rowcount if done.description is None else len(done.fetchall())
        due = "select count(*) from deliveries where state = 'due' and next_try_at like '____-__-__T__:__:__+00:00'"
        assert changed > 0
        assert done.description or copy.execute(due).fetchone()[0] == changed


def test_all_sql_of_the_docs_is_run() -> None:
    assert len(blocks("sql")) == len(blocks("sql", "docs/archive.md", "docs/operations.md"))
    assert len(blocks("sql", "docs/archive.md")) >= 10


def test_every_table_view_and_column_is_explained_and_none_that_is_not_there(
    demo_archive: sqlite3.Connection,
) -> None:
    names = [
        (row[0], row[1])
        for row in demo_archive.execute(
            "select name, type from sqlite_master where type in ('table', 'view')"
        )
        if not row[0].startswith(("sqlite_", "_sqlite_", "articles_fts_"))
    ]
    explained = re.findall(r"^### `(\w+)`$", DOCS["docs/archive.md"], re.MULTILINE)
    assert sorted(name for name, _ in names) == sorted(explained)
    for name, kind in names:
        part = section(DOCS["docs/archive.md"], "## Tables" if kind == "table" else "## Views")
        columns = {row[1] for row in demo_archive.execute(f'pragma table_info("{name}")')}
        assert set(words_of_first_cells(section(part, f"### `{name}`"))) == columns, name


@pytest.mark.parametrize(
    ("words", "heading"),
    [
        (Outcome, "### Outcomes"),
        (PageState, "### Page states"),
        (PublishedFrom, "### Where a date is from"),
    ],
)
def test_the_words_of_a_column_are_those_of_the_code(words: type[StrEnum], heading: str) -> None:
    assert sorted(words_of_first_cells(section(DOCS["docs/archive.md"], heading))) == sorted(words)


def test_the_words_for_content_are_those_of_the_code() -> None:
    assert [f"`{word}`" in section(DOCS["docs/archive.md"], "### Content") for word in Content] == [True] * 3


def literals(pattern: str, *modules: str) -> set[str]:
    text = "\n".join((ROOT / module).read_text(encoding="utf-8") for module in modules)
    return {
        word for found in re.findall(pattern, text) for word in ([found] if isinstance(found, str) else found)
    }


def test_every_reason_for_failure_is_explained_and_has_a_remedy() -> None:
    modules = [path.relative_to(ROOT).as_posix() for path in (ROOT / "crawler").rglob("*.py")]
    reasons = literals(r'FetchError\(\s*"([a-z_]+)"', *modules) | literals(r'reason="([a-z_]+)"', *modules)
    reasons |= literals(r'PageState\.\w+, \w+, "([a-z_]+)"', "archive/store.py")
    reasons |= literals(r'\bVerdict\(\s*"([a-z0-9_]+)"', "crawler/notfound.py", "crawler/strayed.py")
    reasons |= {"parse_error", "robots"}
    reasons -= {"stopped"}  # what we gave up ourselves stays due, and reaches no ledger
    assert {"dns", "no_text", "not_a_feed", "no_link", "worker_died"} <= reasons, (
        "the patterns no longer find them"
    )
    meanings = words_of_first_cells(section(DOCS["docs/archive.md"], "### Reasons"))
    remedies = words_of_first_cells(section(DOCS["docs/sources.md"], "## When a source cannot be read"))
    assert {word for word in meanings if not word.startswith("http_")} == reasons
    assert {word for word in remedies if not word.startswith("http_")} == reasons
    assert any(word.startswith("http_") for word in meanings)


def test_every_kind_of_event_and_every_way_of_a_hit_is_explained() -> None:
    events = words_of_first_cells(section(DOCS["docs/archive.md"], "### Kinds of events"))
    assert set(events) == coverage.KINDS
    said = words_of_first_cells(section(DOCS["docs/sources.md"], "## Events that are no failures"))
    # The others are told reason by reason.
    assert set(said) >= coverage.KINDS - coverage.STATES - {"parse_error"}
    for kind in coverage.KINDS:
        assert kind in KINDS
    hows = words_of_first_cells(section(DOCS["docs/archive.md"], "### How a hit was found"))
    assert literals(r'how = "([a-z]+)"', "archive/match.py") <= set(hows)


@pytest.mark.parametrize("package", ["archive", "crawler", "alerts"])
def test_every_module_has_its_line_in_the_architecture_and_no_line_is_without_a_module(package: str) -> None:
    told = section(DOCS["docs/architecture.md"], "## Rooms").split(f"**{package}** — ")[1].split("\n\n**")[0]
    there = {path.stem for path in (ROOT / package).glob("*.py")} - {"__init__"}
    folders = {path.parent.name for path in (ROOT / package).glob("*/__init__.py")}
    assert set(words_of_first_cells(told)) == there | folders


# --- links ------------------------------------------------------------------------------------------------------


def anchors(text: str) -> set[str]:
    """The anchors that a page has: its headings, as forges spell them."""
    plain = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", plain, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", DOCS)
def test_every_relative_link_leads_somewhere(name: str) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", DOCS[name]):
        if link.startswith(("http://", "https://")):
            continue
        file, _, anchor = link.partition("#")
        target = (ROOT / name).parent / file if file else ROOT / name
        assert target.is_file(), f"{name}: {link}"
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), f"{name}: {link}"


def test_every_page_can_be_reached_from_the_readme() -> None:
    linked = set(re.findall(r"\]\((docs/\w+\.md)", DOCS["README.md"]))
    assert linked == {name for name in DOCS if name.startswith("docs/")}
