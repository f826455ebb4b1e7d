"""The links by which a reader leaves one list."""

from __future__ import annotations

import re
from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import leave
from alerts.leave import Wanted
from alerts.model import Leaving
from alerts.render import render_all
from tests.alerts.factory import article, digest, server, subscription

KEY = bytes(range(32))
LEAVING = Leaving(public_url="https://press.example.org/", key=KEY)
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(words, words)
def test_a_token_says_what_was_signed(subscription_id: str, recipient: str) -> None:
    wanted = Wanted(subscription_id, recipient)
    text = leave.token(KEY, wanted)
    assert leave.read(KEY, text) == wanted
    assert leave.read(bytes(32), text) is None, "another key"
    assert text.isascii()
    assert "/" not in text


@given(st.data())
def test_a_token_in_which_anything_is_changed_is_refused(data: st.DataObject) -> None:
    text = leave.token(KEY, Wanted("lima-desk", "desk@example.org"))
    at = data.draw(st.integers(0, len(text)))
    other = data.draw(st.sampled_from("Aa9-_.=é /"))
    forged = {text[:at] + other + text[at:], text[:at] + other + text[at + 1 :], text[:at]} - {text}
    assert [leave.read(KEY, one) for one in forged] == [None] * len(forged)


@pytest.mark.parametrize("text", ["", ".", "a", "a.b", "W10.", "ñ.ñ", "e30.e30", "." * 5000])
def test_what_is_no_token_is_refused(text: str) -> None:
    assert leave.read(KEY, text) is None


def test_each_recipient_has_a_link_of_its_own_in_the_headers_and_in_the_foot() -> None:
    to = ("desk@example.org", "second.desk@example.org")
    mails = render_all(
        digest(article(1), subscription=subscription(to=to)),
        to,
        server(leaving=LEAVING, unsubscribe="mailto:leave@example.org"),
    )
    links = [leave.link(LEAVING, "lima-desk", one) for one in to]
    for mail, own, other in zip(mails, links, reversed(links), strict=True):
        message = message_from_bytes(mail.body, policy=policy.default)
        assert message["List-Unsubscribe"] == (
            f"<{own}>, <mailto:leave@example.org?subject=unsubscribe%20lima-desk>"
        )
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        parts = [message.get_body((kind,)).get_content() for kind in ("plain", "html")]  # type: ignore[union-attr]
        for part in (*parts, mail.html):
            assert own in part
            assert other not in part
        assert len(message.get_all("List-Unsubscribe")) == 1


def test_one_click_is_promised_over_https_only() -> None:
    plain = Leaving(public_url="http://10.0.0.7:8001", key=KEY)
    (mail,) = render_all(digest(article(1)), ["desk@example.org"], server(leaving=plain))
    message = message_from_bytes(mail.body, policy=policy.default)
    assert message["List-Unsubscribe"] == f"<{leave.link(plain, 'lima-desk', 'desk@example.org')}>"
    assert message["List-Unsubscribe-Post"] is None


def test_without_pages_that_readers_reach_there_is_no_link() -> None:
    (mail,) = render_all(digest(article(1)), ["desk@example.org"], server())
    message = message_from_bytes(mail.body, policy=policy.default)
    assert message["List-Unsubscribe"] is None
    assert message["List-Unsubscribe-Post"] is None


@pytest.mark.parametrize("path", ["o'brien", "a&b", "ñ", "a%20b"])
def test_no_path_of_the_pages_leaves_one_readers_link_in_anothers_mail(path: str) -> None:
    to = ("a@example.org", "longer.than.that@example.org")
    leaving = Leaving(public_url=f"https://press.example.org/{path}/", key=KEY)
    for mail, one in zip(render_all(digest(article(1)), to, server(leaving=leaving)), to, strict=True):
        message = message_from_bytes(mail.body, policy=policy.default)
        parts = [message.get_body((kind,)).get_content() for kind in ("plain", "html")]  # type: ignore[union-attr]
        for part in (*parts, message["List-Unsubscribe"]):
            signed = re.findall(r"/-/unsubscribe/([A-Za-z0-9_.-]+)", part)
            assert [leave.read(KEY, token.rstrip(".")) for token in signed] == [Wanted("lima-desk", one)]


def test_a_link_that_no_header_can_hold_takes_neither_the_address_with_it_nor_promises_one_click() -> None:
    leaving = Leaving(public_url=f"https://press.example.org/{'p' * 900}", key=KEY)
    (mail,) = render_all(
        digest(article(1)), ["desk@example.org"], server(leaving=leaving, unsubscribe="leave@example.org")
    )
    message = message_from_bytes(mail.body, policy=policy.default)
    assert message["List-Unsubscribe"] == "<mailto:leave@example.org?subject=unsubscribe%20lima-desk>"
    assert message["List-Unsubscribe-Post"] is None
