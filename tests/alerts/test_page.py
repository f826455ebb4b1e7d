"""The page that a mail client gets: valid, small enough, and nobody else's."""

from __future__ import annotations

import email
import email.policy
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email.header import decode_header, make_header
from pathlib import Path

import pytest

from alerts.envelope import Letter, seal
from alerts.model import DigestKind, Message
from alerts.quote import TITLE
from alerts.render import HTML_LIMIT, PLAIN, render
from alerts.safe import clean, shorten
from alerts.sample import digests
from alerts.tell import Teller
from alerts.view import Room
from archive.model import Hit, MatchedArticle
from tests.alerts.factory import NOON, article, digest, hit, server, subscription, trouble
from tests.alerts.page import Strict

FULL, EMPTY = digests()


def sent(made: object) -> Message:
    return render(made, "desk@example.org", server(unsubscribe="leave@example.org"))  # type: ignore[arg-type]


def plain(message: Message) -> str:
    part = email.message_from_bytes(message.body, policy=email.policy.default).get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


@pytest.mark.parametrize("language", ["en", "es", "xx"])
@pytest.mark.parametrize(
    "made",
    [
        pytest.param(FULL, id="full"),
        pytest.param(EMPTY, id="empty"),
        pytest.param(replace(EMPTY, kind=DigestKind.HEARTBEAT), id="heartbeat"),
        pytest.param(replace(FULL, kind=DigestKind.INSTANT, since=None), id="at once"),
        pytest.param(
            replace(FULL, caught_up_from=NOON, held_back=3, rest_at=NOON, sources_read=0, sources_well=0),
            id="not by plan",
        ),
    ],
)
def test_the_page_is_valid_html(made: object, language: str) -> None:
    reader = replace(made.subscription, language=language)  # type: ignore[attr-defined]
    page = Strict(sent(replace(made, subscription=reader)).html)  # type: ignore[type-var]
    assert page.langs[0] == ("es" if language == "es" else "en")


@pytest.mark.parametrize(
    "broken",
    [
        "<!doctype html><p><div></div></p>",
        "<!doctype html><table><td></td></table>",
        "<!doctype html><b><i></b></i>",
        '<!doctype html><html><body><a href="x" href="y"></a></body></html>',
        "<!doctype html><html><body>",
        "<html></html>",
    ],
)
def test_what_a_browser_would_mend_is_told(broken: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Strict(broken)


def test_sixty_stories_are_a_page_that_no_mail_client_cuts() -> None:
    text = "The harbour of Peru opens. " * 20
    found = [
        article(
            n,
            title=f"Peru story {n} with a headline of a usual length",
            summary=text,
            author="Ana Rojas",
            hits=(hit(text, "Peru", "summary"),),
            topic_id=f"t{n % 5}",
            topic_title=f"Topic {n % 5}",
        )
        for n in range(1, 61)
    ]
    message = sent(digest(*found, subscription=subscription(topics=None), coverage=(trouble(),)))
    size = len(message.html.encode()) + message.html.count("\n")
    assert size <= HTML_LIMIT <= 102_000
    page = Strict(message.html)
    assert len(re.findall(r"story \d+ with", "".join(page.text).split("Sunday, ")[1])) == 60
    assert "more: see the plain-text part" not in message.html, "there is room for all of them"
    assert len([one for one in page.links if one.startswith("https://news.example/")]) == 60


def test_each_item_says_in_what_language_it_is() -> None:
    found = [article(n, language=language) for n, language in enumerate(("es", "qu", "no language", None), 1)]
    page = Strict(sent(digest(*found)).html)
    assert page.langs == ["en", "es", "qu"]


def batches(texts: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(texts), 20):
        yield texts[start : start + 20]


def hostile(corpus: Path) -> list[str]:
    """Every line and every whole file there, and every string of what is JSON."""
    found: list[str] = []
    for path in sorted((corpus / "hostile").iterdir()):
        whole = path.read_text("utf-8")
        found += [whole, *whole.split("\n")]
        if path.suffix == ".json":
            found += strings(json.loads(whole))
    return list(dict.fromkeys(found))


def strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for one in value.values() if isinstance(value, dict) else value:
            yield from strings(one)


def in_three_places(n: int, text: str) -> list[tuple[MatchedArticle, str]]:
    """Return articles of which a text is the title, the author, the outlet; with each what a reader must find."""
    # What is longer is cut, and what leaves nothing to see has something in its place.
    shown, at, outlet = clean(text), NOON - timedelta(hours=1), f"Outlet {n}"
    title = f"{shown or f'https://news.example/{n}'} {outlet}, " if len(shown) <= TITLE else shown[:100]
    author = f"English · by {shorten(text, 80)} · full" if shown else "English · full"
    return [
        (article(n, title=text, source_name=outlet, published_at=at), title),
        (
            article(n + 1000, author=text, source_name=outlet, published_at=at),
            f"{outlet}, Peru · 19 Jul, 06:00 · {author}",
        ),
        (
            article(n + 2000, title=f"Title {n}", source_name=text),
            f"Title {n} {shorten(text, 120) or '—'}, Peru · ",
        ),
    ]


@pytest.mark.corpus
def test_hostile_strings_as_title_author_and_outlet_stand_there_and_harm_neither_part(corpus: Path) -> None:
    texts = hostile(corpus)
    assert len(texts) > 3000
    for some in batches(texts):
        found = [one for n, text in enumerate(some, 1) for one in in_three_places(n, text)]
        message = sent(digest(*(one for one, _ in found)))
        assert all(len(line) <= 998 for line in message.body.split(b"\r\n"))
        page = Strict(message.html)
        assert sorted(page.links[:-1]) == sorted(str(one.url) for one, _ in found)
        read, said = " ".join("".join(page.text).split()), bare(plain(message))
        for _, wanted in found:
            assert " ".join(wanted.split()) in read
            assert bare(wanted) in said


@pytest.mark.corpus
def test_a_hostile_title_is_a_subject_and_no_other_header(corpus: Path) -> None:
    names = [one[0] for one in email.message_from_bytes(sent(digest(article(1))).body).items()]
    for text in hostile(corpus):
        made = digest(article(1, title=text))
        said = Teller(made, None, PLAIN).view(Room()).subject
        assert said.startswith(shorten(text, 56) or "—")
        assert len(said) <= 78
        letter = Letter(
            subscription=made.subscription,
            identity=(),
            subject=said,
            date=NOON,
            language="en",
            text="",
            html="",
        )
        (message,) = seal(letter, ["desk@example.org"], server(unsubscribe="leave@example.org"), None, {})
        mail = email.message_from_bytes(message.body)
        assert [name for name, _ in mail.items()] == names
        assert str(make_header(decode_header(mail["Subject"]))) == said
        assert all(len(line) <= 998 for line in message.body.split(b"\r\n"))


@pytest.mark.corpus
def test_hostile_strings_in_all_places_at_once_harm_neither_part_nor_the_headers(corpus: Path) -> None:
    """Each as topic, quotation, link, language, agency and trouble too, and as the name of a list."""
    wanted = [one[0] for one in email.message_from_bytes(sent(digest(article(1))).body).items()]
    for texts in batches(hostile(corpus)):
        found = [
            article(
                n,
                topic_id=f"t{n}",
                title=text,
                author=text,
                source_name=text,
                topic_title=text,
                summary=text,
                wire=text,
                url=text,
                language=text,
                hits=(Hit("summary", 0, len(text), text, text, "fuzzy"),),
            )
            for n, text in enumerate(texts, 1)
        ]
        reader = subscription(name=texts[0], topics=None)
        message = sent(
            digest(*found, subscription=reader, coverage=[trouble(one, one, one) for one in texts])
        )
        mail = email.message_from_bytes(message.body)
        assert [name for name, _ in mail.items()] == wanted
        assert all(len(line) <= 998 for line in message.body.split(b"\r\n"))
        page = Strict(message.html)
        assert {one.split(":")[0].lower() for one in page.links} <= {"http", "https", "mailto"}
        said, read = plain(message), "".join(page.text)
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", said + message.html)
        for text in texts:
            shown = clean(text)
            if len(shown) < 300:
                assert shown in read
                assert bare(shown) in bare(said)


def bare(text: str) -> str:
    """Without what folding a line, or marking a hit, may put into it."""
    return "".join(text.replace("*", "").split())
