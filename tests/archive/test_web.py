"""What the browser says about the archive is what the archive has, and what its page says."""

from __future__ import annotations

import asyncio
import html
import re
import sqlite3
from pathlib import Path

import pytest

from archive.web import datasette
from archive.web.columns import descriptions
from tests.archive.columns_page import PAGE, page
from tests.archive.world import column, entry, match, poll, store


def test_every_column_of_every_table_and_view_is_described_and_none_that_is_not_there(
    conn: sqlite3.Connection,
) -> None:
    names = column(
        conn,
        """select name from sqlite_schema where type in ('table', 'view')
        and name not like 'sqlite~_%' escape '~' and name not like '~_sqlite~_%' escape '~'
        and name not like 'articles~_fts~_%' escape '~'""",
    )
    described = {name: set(one["columns"]) for name, one in descriptions().items()}
    assert described == {
        name: set(column(conn, "select name from pragma_table_info(?)", name)) for name in names
    }
    assert all(one["description"] and all(one["columns"].values()) for one in descriptions().values())


def test_the_page_of_the_archive_is_made_of_the_same_words() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == page(text), "stale: python -m tests.archive.columns_page writes it anew"


def test_what_is_shown_in_a_browser_has_no_markup() -> None:
    for one in descriptions().values():
        for text in (one["description"], *one["columns"].values()):
            assert "`" not in text
            assert "](" not in text
            assert "*" not in text


@pytest.mark.parametrize("name", ["polls", "matched_articles"])
def test_the_page_of_a_table_or_view_explains_each_of_its_columns(
    conn: sqlite3.Connection, path: Path, name: str
) -> None:
    async def ask() -> str:
        answer = await datasette(path).client.get(f"/archive/{name}")
        assert answer.status_code == 200
        return html.unescape(answer.text)

    shown = asyncio.run(ask())
    for text in descriptions()[name]["columns"].values():
        assert text in shown


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        pytest.param("/nothing", 404, "Database not found", id="no such page"),
        pytest.param("/archive/nothing", 404, "Table not found", id="no such table"),
        pytest.param("/archive/polls/77", 404, "Record not found", id="no such row"),
        pytest.param("/archive?sql=selec", 400, "Statement must be a SELECT", id="no SELECT"),
        pytest.param("/archive?sql=select+nix", 400, "no such column: nix", id="no such column"),
    ],
)
def test_what_is_not_there_or_cannot_be_asked_gets_a_page_that_says_so_and_no_traceback(
    path: Path, capsys: pytest.CaptureFixture[str], asked: str, status: int, said: str
) -> None:
    async def ask() -> tuple[int, str]:
        answer = await datasette(path).client.get(asked)
        return answer.status_code, html.unescape(answer.text)

    got, shown = asyncio.run(ask())
    assert got == status
    assert said in shown
    assert "Traceback" not in capsys.readouterr().err


def test_the_first_pages_lead_to_what_matched_before_anything_else_and_show_no_table_of_the_machinery(
    conn: sqlite3.Connection, path: Path
) -> None:
    store(conn, poll([entry("1", "Peru votes"), entry("2", "Peru waits")]))
    match(conn)

    async def ask(address: str) -> str:
        answer = await datasette(path).client.get(address)
        assert answer.status_code == 200
        return answer.text

    for address in ("/", "/archive"):
        shown = asyncio.run(ask(address))
        links = [link for link in re.findall(r'href="(/archive/[^"?]+)"', shown) if "sql" not in link]
        assert links[0] == "/archive/matched_articles"
        for hidden in (
            "_sqlite_migrations",
            "sqlite_sequence",
            "changes",
            "story_changes",
            "sketches",
            "shingles",
        ):
            assert f"/archive/{hidden}" not in links
        for link in links:
            asyncio.run(ask(link))
    newest = asyncio.run(ask("/archive/matched_articles"))
    assert 0 < newest.index(">Peru votes<") < newest.index(">Peru waits<"), (
        "entries are stored the last first"
    )
    for sheet in re.findall(r'href="(/static/[^"]+)"', newest):
        assert "column-descriptions" in asyncio.run(ask(sheet))


def test_each_column_of_what_matched_is_explained_in_a_few_words_of_its_own() -> None:
    said = list(descriptions()["matched_articles"]["columns"].values())
    assert len(set(said)) == len(said)
    assert max(map(len, said)) < 50
