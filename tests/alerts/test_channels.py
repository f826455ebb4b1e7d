"""Conversations with mail servers that answer, refuse, hang up and say nothing; and files."""

from __future__ import annotations

import asyncio
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.channels import Channel
from alerts.channels.fake import FakeChannel
from alerts.channels.folder import FolderChannel, file_stem
from alerts.channels.mail import MailChannel, dotted
from alerts.model import OUTBOX, Delivery, DeliveryState, Security
from alerts.render import render
from archive.errors import DeliveryError
from tests.alerts.factory import NOON, article, digest, server
from tests.alerts.smtp_server import Handler, mail_server, scripted_server, self_signed


def delivery(to: str = "desk@example.org", **changes: Any) -> Delivery:
    message = render(digest(article(1, title="Peru\n.\n..dots")), to, server())
    values: dict[str, Any] = {
        "id": 1,
        "digest_id": 1,
        "subscription_id": "lima-desk",
        "due_at": NOON,
        "recipient": to,
        "channel": message.channel,
        "message_id": message.message_id,
        "subject": message.subject,
        "body": message.body,
        "html": message.html,
        "state": DeliveryState.CLAIMED,
        "attempts": 1,
    }
    return Delivery(**{**values, **changes})


class Told:
    """An ``on_data`` that counts, and what the server had seen when it was called."""

    def __init__(self, seen: Callable[[], int] = lambda: 0) -> None:
        self.calls: list[int] = []
        self._seen = seen

    async def __call__(self) -> None:
        self.calls.append(self._seen())


def channel(port: int, **changes: Any) -> MailChannel:
    context = changes.pop("tls_context", None)
    limits = {key: changes.pop(key) for key in ("timeout", "content_timeout") if key in changes}
    return MailChannel(
        server(port=port, **changes),
        tls_context=context,
        local_hostname="localhost",
        **{"timeout": 5.0, "content_timeout": 5.0, **limits},
    )


def talk(handler: Handler, one: Delivery, told: Told, **changes: Any) -> None:
    async def conversation() -> None:
        settings = changes.pop("settings", {})
        async with mail_server(handler, **settings) as port:
            await channel(port, **changes).deliver(one, told)

    asyncio.run(conversation())


def test_a_message_arrives_as_it_was_rendered_and_the_word_comes_before_it() -> None:
    handler, one = Handler(), delivery()
    told = Told(lambda: handler.seen)
    talk(handler, one, told)
    assert handler.taken == [("press@example.org", ["desk@example.org"], one.body, False)]
    assert told.calls == [0]


@pytest.mark.parametrize(
    ("answers", "permanent", "words"),
    [
        ({"mail": "451 busy"}, False, "not now: 451 busy"),
        ({"mail": "550 no"}, True, "refused: 550 no"),
        ({"mail": "530 Authentication required"}, False, "not now: 530"),
        ({"rcpt": "450 greylisted"}, False, "not now: 450 greylisted"),
        ({"rcpt": "550 no such user"}, True, "refused: 550 no such user"),
    ],
)
def test_what_is_refused_before_the_content_has_not_left(
    answers: dict[str, str], permanent: bool, words: str
) -> None:
    told = Told()
    with pytest.raises(DeliveryError, match=words) as caught:
        talk(Handler(**answers), delivery(), told)
    assert (caught.value.permanent, caught.value.unknown, told.calls) == (permanent, False, [])


@pytest.mark.parametrize(
    ("answer", "permanent", "unknown"),
    [("554 looks like spam", True, False), ("451 try later", False, False), (None, False, True)],
)
def test_what_happens_after_the_content(answer: str | None, permanent: bool, unknown: bool) -> None:
    told = Told()
    with pytest.raises(DeliveryError) as caught:
        talk(Handler(data=answer), delivery(), told)
    assert (caught.value.permanent, caught.value.unknown, told.calls) == (permanent, unknown, [0])


HELLO = ["220 hi", "250 hi", "250 ok", "250 ok"]


@pytest.mark.parametrize(
    ("script", "silent", "called", "unknown"),
    [
        pytest.param([None], False, 0, False, id="hangs up at once"),
        pytest.param(["220 hi", None], False, 0, False, id="hangs up at EHLO"),
        pytest.param([*HELLO, None], False, 0, False, id="hangs up at DATA"),
        pytest.param([*HELLO, "421 closing", None], False, 0, False, id="closes at DATA"),
        pytest.param([*HELLO, "354 go", None], False, 1, True, id="hangs up after the content"),
        pytest.param([*HELLO, "354 go", "what?", None], False, 1, True, id="answers nonsense"),
        pytest.param([*HELLO, "354 go", "421 closing", None], False, 1, False, id="says 421 to the content"),
        pytest.param([], True, 0, False, id="never says hello"),
        pytest.param(["220 hi", "250 hi"], True, 0, False, id="says nothing to MAIL"),
        pytest.param([*HELLO, "354 go"], True, 1, True, id="says nothing to the content"),
    ],
)
def test_a_line_that_drops_is_unknown_only_after_the_content(
    script: list[str | None], silent: bool, called: int, unknown: bool
) -> None:
    told = Told()

    async def conversation() -> None:
        async with scripted_server(script, silent) as (port, _):
            await channel(port, timeout=0.3, content_timeout=0.3).deliver(delivery(), told)

    with pytest.raises(DeliveryError) as caught:
        asyncio.run(conversation())
    assert (len(told.calls), caught.value.unknown, caught.value.permanent) == (called, unknown, False)


def test_a_delivery_that_is_not_ours_any_more_does_not_leave() -> None:
    async def refuse() -> None:
        raise DeliveryError("somebody else has it")

    async def conversation() -> list[bytes]:
        async with scripted_server([*HELLO, "354 go", "250 ok", None]) as (port, heard):
            with pytest.raises(DeliveryError, match="somebody else"):
                await channel(port).deliver(delivery(), refuse)
            return list(heard)

    heard = asyncio.run(conversation())
    assert heard[-1] in (b"DATA\r\n", b"")


def test_a_server_that_is_down_is_tried_again_later() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(DeliveryError, match=f"127.0.0.1:{port}") as caught:
        asyncio.run(channel(port).deliver(delivery(), Told()))
    assert not caught.value.permanent
    assert not caught.value.unknown


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_it_goes_over_a_secure_line(security: Security, tmp_path: Path) -> None:
    of_server, of_client = self_signed(tmp_path)
    handler = Handler()
    settings = {"tls": of_server, "start_tls": security is Security.STARTTLS}
    talk(handler, delivery(), Told(), security=security, tls_context=of_client, settings=settings)
    assert len(handler.taken) == 1
    assert handler.taken[0][3] or security is Security.TLS


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_a_certificate_that_nobody_vouches_for_stops_it(security: Security, tmp_path: Path) -> None:
    of_server, _ = self_signed(tmp_path)
    handler, told = Handler(), Told()
    settings = {"tls": of_server, "start_tls": security is Security.STARTTLS}
    with pytest.raises(DeliveryError, match="certificate") as caught:
        talk(handler, delivery(), told, security=security, settings=settings)
    assert (caught.value.permanent, caught.value.unknown, told.calls, handler.seen) == (False, False, [], 0)


def test_a_server_without_starttls_gets_nothing() -> None:
    handler, told = Handler(), Told()
    with pytest.raises(DeliveryError, match="STARTTLS") as caught:
        talk(handler, delivery(), told, security=Security.STARTTLS)
    assert (caught.value.permanent, told.calls, handler.seen) == (False, [], 0)


@pytest.mark.parametrize(("password", "let_in"), [("secret", True), ("wrong", False)])
def test_a_login_that_fails_waits_for_the_operator(password: str, let_in: bool, tmp_path: Path) -> None:
    of_server, of_client = self_signed(tmp_path)
    handler = Handler()
    settings = {
        "tls": of_server,
        "start_tls": True,
        "authenticator": handler.authenticate,
        "auth_required": True,
    }
    changes = {"security": Security.STARTTLS, "tls_context": of_client, "settings": settings}
    login = {"username": "press", "password": password}
    if let_in:
        talk(handler, delivery(), Told(), **changes, **login)
        assert len(handler.taken) == 1
    else:
        with pytest.raises(DeliveryError, match="refuses the login of 'press'") as caught:
            talk(handler, delivery(), Told(), **changes, **login)
        assert not caught.value.permanent
        assert not handler.taken
        assert password not in str(caught.value)
    assert set(handler.logins) == {"press"}


@pytest.mark.parametrize("recipient", [OUTBOX, "no address", "a@b.org\r\nRCPT TO:<c@d.org>"])
def test_what_is_no_address_is_never_said_to_a_server(recipient: str) -> None:
    handler = Handler()
    with pytest.raises(DeliveryError) as caught:
        talk(
            handler,
            delivery(recipient=recipient),
            Told(),
        )
    assert caught.value.permanent
    assert not handler.taken


@given(st.binary(max_size=60))
def test_the_content_ends_where_it_should(body: bytes) -> None:
    wire = dotted(body)
    assert wire.endswith(b"\r\n.\r\n")
    assert b"\r\n.\r\n" not in wire[:-3]
    assert not wire.startswith(b".\r\n")


def test_a_folder_gets_both_files_once(tmp_path: Path) -> None:
    one, told = delivery(), Told()
    out = FolderChannel(tmp_path / "outbox")
    for _ in range(2):
        asyncio.run(out.deliver(one, told))
    files = sorted((tmp_path / "outbox").iterdir())
    assert [file.name for file in files] == [
        f"2026-07-19-1200Z-lima-desk-{files[0].stem[-8:]}.eml",
        f"2026-07-19-1200Z-lima-desk-{files[0].stem[-8:]}.html",
    ]
    assert files[0].read_bytes() == one.body
    assert files[1].read_text("utf-8") == one.html
    assert told.calls == [], "writing twice is harmless, so it is never unknown"


def test_other_accounts_of_the_computer_cannot_read_what_lies_in_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "outbox"
    asyncio.run(FolderChannel(folder).deliver(delivery(), Told()))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}


def test_a_file_that_was_half_written_is_written_anew(tmp_path: Path) -> None:
    one = delivery()
    (tmp_path / f".{file_stem(one)}.eml.part").write_text("half")
    asyncio.run(FolderChannel(tmp_path).deliver(one, Told()))
    assert (tmp_path / f"{file_stem(one)}.eml").read_bytes() == one.body
    assert stat.S_IMODE((tmp_path / f"{file_stem(one)}.eml").stat().st_mode) == 0o600


def test_a_folder_takes_no_path_from_a_subscription_and_tells_recipients_apart(tmp_path: Path) -> None:
    out = FolderChannel(tmp_path)
    for recipient in ("a@example.org", "b@example.org"):
        asyncio.run(out.deliver(delivery(recipient, subscription_id="../../é/x"), Told()))
    names = {path.name.rsplit("-", 1)[0] for path in tmp_path.iterdir()}
    assert names == {"2026-07-19-1200Z-x"}
    assert len(list(tmp_path.iterdir())) == 4


def test_a_folder_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file")
    with pytest.raises(DeliveryError, match="cannot write") as caught:
        asyncio.run(FolderChannel(tmp_path / "outbox").deliver(delivery(), Told()))
    assert not caught.value.permanent
    assert not caught.value.unknown


def test_every_channel_has_a_name_of_its_own() -> None:
    channels: list[Channel] = [FakeChannel("fake"), FolderChannel(Path()), channel(25)]
    assert [one.name for one in channels] == ["fake", "folder", "mail"]
