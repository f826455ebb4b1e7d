"""Headers in their raw bytes: what every reader makes of them, be it strict or not."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import headers
from alerts.model import OUTBOX
from alerts.render import render
from alerts.safe import clean
from tests.alerts.factory import article, digest, server, subscription

# Also what is nearly a header, an encoded word, an address or a sentence.
PIECES = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [" ", "—", "…+1", "a" * 90, "=?utf-8?q?x?=", "=?", "Peru (1), ", '"\\', "<a@b.c>", "ñ" * 40]
    ),
)
TEXTS = st.lists(PIECES, max_size=12).map(lambda pieces: clean("".join(pieces)[:300]))
# RFC 2047, section 2: no longer than 75 characters, and never without text.
WORD = re.compile(r"(?=.{,75}$)=\?utf-8\?[bq]\?[!->@-~]+\?=")


def raw(body: bytes) -> dict[str, str]:
    """The headers of a message as they stand in it."""
    head = body.partition(b"\r\n\r\n")[0].decode("ascii")
    return dict(one.split(": ", 1) for one in re.split(r"\r\n(?![ \t])", head))


def read(value: str) -> str:
    """What a reader makes of a header that was unfolded as RFC 5322 says: the line breaks go, and nothing else."""
    return str(make_header(decode_header(value.replace("\r\n", ""))))


def check_form(header: str, value: str) -> None:
    for line in f"{header}: {value}".split("\r\n"):
        assert len(line) <= 78
        assert not re.search(r"  |\t| $", line.removeprefix(" ")), "space that may be lost"
        for word in re.findall(r"=\?\S*", line):
            assert WORD.fullmatch(word), word
    assert not re.search(r"=\?utf-8\?[bq]\?\?=", value, re.IGNORECASE)


@given(TEXTS.filter(bool))
def test_any_text_is_read_back_from_a_header_as_it_was_meant(text: str) -> None:
    value = headers.text("Subject", text)
    check_form("Subject", value)
    assert read(value) == text
    # Never half and half: about the space between plain text and an encoded word, readers disagree.
    assert value == text or all(WORD.fullmatch(word) for word in value.split())
    assert value == headers.text("Subject", text)


@given(TEXTS.filter(bool))
def test_any_name_is_read_back_from_an_address_as_it_was_meant(name: str) -> None:
    value = headers.mailbox("Reply-To", Address(name, "desk", "example.org"))
    check_form("Reply-To", value)
    shown, spec = value.replace("\r\n", "").rsplit(" ", 1)
    assert spec == "<desk@example.org>"
    if shown.startswith('"'):
        shown = re.sub(r"\\(.)", r"\1", shown[1:-1])
    assert read(shown) == name


@given(st.lists(TEXTS, min_size=1, max_size=6), TEXTS.filter(bool))
def test_the_headers_of_a_digest_say_what_was_meant(topics: list[str], name: str) -> None:
    found = [article(n, topic_id=str(n), topic_title=topic) for n, topic in enumerate(topics, 1)]
    reader = subscription(id=name, name=name, topics=None, to=())
    message = render(digest(*found, subscription=reader), OUTBOX, server())
    written = raw(message.body)
    assert max(map(len, message.body.split(b"\r\n"))) <= 998
    for header in ("From", "To", "Subject", "Date"):
        check_form(header, written[header])
    assert read(written["Subject"]) == message.subject
    assert written["From"] == "Presswatch <press@example.org>"
    assert written["To"] == headers.mailbox("To", Address(name, OUTBOX, "presswatch.invalid"))


def test_a_line_that_ends_before_a_dash_makes_no_empty_encoded_word() -> None:
    topics = ["Lithium", "Peru", "US troops in Latin America"]
    found = [article(n, topic_id=name, topic_title=name) for n, name in enumerate(topics, 1)]
    message = render(digest(*found, subscription=subscription(topics=None)), "desk@example.org", server())
    value = raw(message.body)["Subject"]
    check_form("Subject", value)
    said = "Peru story 1 · Lithium (1), Peru (1), US troops in Latin America (1)"
    assert read(value) == message.subject == said
    assert message_from_bytes(message.body, _class=EmailMessage, policy=SMTP)["Subject"] == said


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("", "press@example.org"),
        ("Lima desk", "Lima desk <press@example.org>"),
        ('Desk, "Lima"', '"Desk, \\"Lima\\"" <press@example.org>'),
        ("Redacción", "=?utf-8?q?Redacci=C3=B3n?= <press@example.org>"),
        ("=?utf-8?q?x?=", "=?utf-8?b?PT91dGYtOD9xP3g/PQ==?= <press@example.org>"),
        ("a" * 65, "a" * 65 + "\r\n <press@example.org>"),
    ],
)
def test_a_name_is_plain_quoted_or_encoded(name: str, written: str) -> None:
    assert headers.mailbox("From", Address(name, "press", "example.org")) == written


def test_sender_and_address_for_replies_may_have_names_in_any_script() -> None:
    sender, reply_to = "Redacción de Lima, la del turno de la mañana — 早间新闻编辑部", "Turno: tarde, ñ"
    message = render(
        digest(article(1)),
        "desk@example.org",
        server(sender=f'"{sender}" <press@example.org>', reply_to=f'"{reply_to}" <reply@example.org>'),
    )
    written = raw(message.body)
    for header, name in (("From", sender), ("Reply-To", reply_to)):
        check_form(header, written[header])
        assert read(written[header].rpartition("<")[0]).strip() == name


@pytest.mark.parametrize("value", ["a\r\nBcc: x@y.org", "a\nb", "a\rb", "a\r\n \r\n b", "ñ"])
def test_what_would_end_a_header_early_is_refused(value: str) -> None:
    mail = EmailMessage(policy=headers.POLICY)
    with pytest.raises(HeaderParseError):
        mail["Subject"] = value
