"""The page at which a reader leaves, asked as browsers, mail programs, link scanners and forgers do."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from alerts import leave, state, suppressions, web
from alerts.leave import Wanted
from alerts.model import Leaving
from archive.errors import ArchiveError
from archive.threads import Writer
from archive.web import datasette
from crawler import upgrade
from tests.alerts.factory import NOON, subscription

T = TypeVar("T")

KEY = bytes(32)
TO = "desk@example.org"
LINK = leave.link(Leaving(public_url="http://press.example", key=KEY), "lima-desk", TO)
CLICK = "List-Unsubscribe=One-Click"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def known(conn: sqlite3.Connection) -> sqlite3.Connection:
    state.sync_subscriptions(conn, [subscription(name="Lima <desk> & Co")], 0, NOON - timedelta(days=1))
    return conn


async def _inner(scope: web.Scope, _receive: web.Receive, send: web.Send) -> None:
    await send({"type": "http.response.start", "status": 418, "headers": []})
    await send({"type": "http.response.body", "body": scope["path"].encode()})


def ask(
    conn: sqlite3.Connection, method: str, url: str = LINK, *, inner: web.App = _inner, **request: Any
) -> httpx.Response:
    async def run(work: Callable[[sqlite3.Connection], T]) -> T:
        return work(conn)

    async def main() -> httpx.Response:
        app = web.Unsubscribe(inner, KEY, run, lambda: NOON)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
            return await client.request(method, url, **request)

    return asyncio.run(main())


def left(conn: sqlite3.Connection) -> list[tuple[str, str]]:
    return [(one.recipient, one.subscription_id) for one in suppressions.listed(conn)]


def test_a_post_as_a_mail_program_sends_it_leaves_the_list_at_once(known: sqlite3.Connection) -> None:
    # No cookie, no token, no referrer.
    answer = ask(known, "POST", content=CLICK, headers=FORM)
    assert answer.status_code == 200
    assert left(known) == [(TO, "lima-desk")]
    assert (
        suppressions.suppressed(known, TO, "lima-desk")
        == f"suppressed since 2026-07-19T12:00:00+00:00: {web.WHY}"
    )
    # Sent again, as they do when the answer was lost.
    assert ask(known, "POST", content=CLICK, headers=FORM).status_code == 200
    assert left(known) == [(TO, "lima-desk")]


def test_it_does_so_as_a_form_of_parts_too(known: sqlite3.Connection) -> None:
    assert ask(known, "POST", files={"List-Unsubscribe": (None, "One-Click")}).status_code == 200
    assert left(known) == [(TO, "lima-desk")]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_whoever_looks_at_the_link_changes_nothing_and_sees_a_button(
    known: sqlite3.Connection, method: str
) -> None:
    answer = ask(known, method)
    assert answer.status_code == 200
    assert left(known) == []
    assert ('<form method="post">' in answer.text) == (method == "GET")
    assert "<script" not in answer.text
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"
    if method == "GET":
        assert "Lima &lt;desk&gt; &amp; Co" in answer.text
        assert TO in answer.text


def test_the_button_posts_what_leaves_the_list(known: sqlite3.Connection) -> None:
    page = ask(known, "GET").text
    assert 'name="List-Unsubscribe" value="One-Click"' in page
    answer = ask(known, "POST", data={"List-Unsubscribe": "One-Click"})
    assert "Lima &lt;desk&gt; &amp; Co" in answer.text
    assert TO in answer.text
    assert "<form" not in ask(known, "GET").text, "who left is told so, and asked no more"


@pytest.mark.parametrize("body", ["", "List-Unsubscribe=", "One-Click", "x=1", CLICK + "&" + "x" * 5000])
def test_a_post_that_does_not_say_so_changes_nothing(known: sqlite3.Connection, body: str) -> None:
    assert ask(known, "POST", content=body, headers=FORM).status_code == 400
    assert left(known) == []


FORGED = leave.link(Leaving(public_url="http://press.example", key=bytes([1] * 32)), "lima-desk", TO)


def test_a_reader_of_a_spanish_list_is_answered_in_spanish(conn: sqlite3.Connection) -> None:
    state.sync_subscriptions(conn, [subscription(language="es-PE")], 0, NOON)
    english = {"Accept-Language": "en-GB"}  # of a browser that somebody else has set up
    assert "Darse de baja" in ask(conn, "GET", headers=english).text
    assert "Baja confirmada" in ask(conn, "POST", content=CLICK, headers={**FORM, **english}).text


@pytest.mark.parametrize(
    ("accepted", "said"),
    [
        ("es-PE,es;q=0.9,en;q=0.8", "Este enlace no funciona"),
        ("en;q=0.8, ES", "Este enlace no funciona"),
        ("qu, es;q=0.1", "Este enlace no funciona"),
        ("es;q=0, en", "This link does not work"),
        ("en,es;q=0.9", "This link does not work"),
        ("fr", "This link does not work"),
        ("es;q=<b>,*;;q,\xff", "This link does not work"),
        (None, "This link does not work"),
    ],
)
def test_who_comes_with_a_link_that_is_not_ours_is_refused_in_the_language_of_their_browser(
    known: sqlite3.Connection, accepted: str | None, said: str
) -> None:
    headers = [] if accepted is None else [(b"Accept-Language", accepted.encode("latin-1"))]
    answer = ask(known, "GET", FORGED, headers=headers)
    assert answer.status_code == 403
    assert said in answer.text
    assert f'<html lang="{"es" if "Este" in said else "en"}">' in answer.text


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("url", [FORGED, LINK[:-1], LINK + "x", f"http://press.example{leave.PATH}<b>"])
def test_a_link_that_we_did_not_sign_is_refused_and_says_nothing(
    known: sqlite3.Connection, method: str, url: str
) -> None:
    answer = ask(known, method, url, content=CLICK, headers=FORM)
    assert answer.status_code == 403
    assert TO not in answer.text
    assert "<b>" not in answer.text
    assert left(known) == []


def test_no_other_method_is_answered(known: sqlite3.Connection) -> None:
    answer = ask(known, "DELETE")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST")


def test_a_list_that_is_no_more_can_be_left_all_the_same(conn: sqlite3.Connection) -> None:
    assert ask(conn, "POST", content=CLICK, headers=FORM).status_code == 200
    assert left(conn) == [(TO, "lima-desk")]


def test_when_it_cannot_be_written_down_the_reader_is_told_to_come_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with closing(sqlite3.connect(":memory:")) as empty:
        answer = ask(empty, "POST", content=CLICK, headers=FORM)
    assert answer.status_code == 503
    assert "try again" in answer.text
    assert "no such table" in caplog.text


def test_all_else_is_the_archives_pages(known: sqlite3.Connection) -> None:
    answer = ask(known, "GET", "http://press.example/archive")
    assert (answer.status_code, answer.text) == (418, "/archive")


def test_the_archives_pages_do_not_ask_for_their_own_token(known: sqlite3.Connection, tmp_path: Path) -> None:
    path = tmp_path / "archive.db"
    writer = Writer()
    writer.submit(path, lambda conn: upgrade.migrate(conn, NOON)).result()
    writer.close()
    pages = datasette(path)
    try:
        sent = {"inner": pages.app(), "content": CLICK, "headers": {**FORM, "Cookie": "ds_csrftoken=x"}}
        assert ask(known, "POST", "http://press.example/-/logout", **sent).status_code == 403
        assert ask(known, "POST", **sent).status_code == 200
    finally:
        for database in pages.databases.values():
            database.close()


# --- the key --------------------------------------------------------------------------------------------------------


def test_the_key_is_made_once_and_is_the_owners_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made = web.key(tmp_path / "data")
    path = tmp_path / "data" / "unsubscribe.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["unsubscribe.key"]
    path.chmod(0o644)
    with caplog.at_level(logging.WARNING):
        assert web.key(tmp_path / "data") == made
    assert "could be read by others" in caplog.text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_that_is_cut_off_is_no_key(tmp_path: Path) -> None:
    (tmp_path / "unsubscribe.key").write_bytes(b"short")
    with pytest.raises(ArchiveError, match="no key of 32 bytes"):
        web.key(tmp_path)


def test_what_a_link_says_is_whom_it_is_for() -> None:
    assert leave.read(KEY, LINK.rsplit("/", 1)[1]) == Wanted("lima-desk", TO)
