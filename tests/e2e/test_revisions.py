"""Articles that are edited in their first day, from real servers through the program to what its archive and its reader have.

One source, one reader, six passes: first reading, the digest, the pages again after 1, 6 and 24 hours, and the digest of
the next day. Between the first digest and the next pass each article is edited in its own way, one of them later.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import presswatch
from tests.e2e.day import one_pass
from tests.e2e.world import Answer, MailBox, Site, free_port, rows, write_config

FIRST = datetime(2026, 7, 19, 11, 30, tzinfo=UTC)
DIGEST = FIRST + timedelta(minutes=35)  # 07:05 in Lima
# The second of them at 16:02 in Lima.
AGAIN = tuple(FIRST + timedelta(minutes=minutes) for minutes in (70, 9 * 60 + 32, 24 * 60 + 10))
NEXT = DIGEST + timedelta(days=1)
READER = {
    "id": "reader",
    "to": ["desk@one.example"],
    "topics": "all",
    "when": "daily at 07:00",
    "zone": "America/Lima",
}

TEXT = (
    "Peru’s Congress met until midnight, and its members spoke about the roads that the rain has washed away.",
    "The minister promised forty bridges before the end of the year, and named none of the places where they are to be.",
    "Two committees are to report in August. Nobody in the chamber could say what had become of the report of last year.",
)
HEADLINES = {
    "headline": "Peru counts its bridges",
    "feed": "Peru looks for its roads",
    "text": "Peru plans forty bridges",
    "correction": "Peru hears its minister",
    "error-page": "Peru asks for a report",
    "clock": "Peru waits for August",
    "same": "Peru sleeps",
    "nobody": "A harbour wakes",
    "name": "Boluarte opens the session in Peru",
}


def page(title: str, *paragraphs: str) -> Answer:
    text = "".join(f"<p>{one}</p>" for one in paragraphs)
    body = (
        f"<!doctype html><html lang='en'><head><title>{title}</title></head>"
        f"<body><article><h1>{title}</h1>{text}</article></body></html>"
    ).encode()
    return Answer(body, headers={"ETag": f'"{sha256(body).hexdigest()[:12]}"', "Content-Type": "text/html"})


def clock(at: datetime) -> Answer:
    return page(HEADLINES["clock"], f"Updated {at:%H:%M:%S}", *TEXT, f"{at.hour * 311} views")


def feed(url: str, headlines: dict[str, str]) -> Answer:
    items = "".join(
        f"<item><title>{title}</title><link>{url}/{name}</link><guid>{name}</guid>"
        f"<pubDate>{format_datetime(FIRST - timedelta(hours=1))}</pubDate></item>"
        for name, title in headlines.items()
    )
    return Answer(f"<rss version='2.0'><channel><title>Totora</title>{items}</channel></rss>".encode())


@dataclass
class Played:
    """The day as it came out."""

    config: Path
    site: Site
    mails: list[tuple[str, EmailMessage]]
    passes: list[Any]

    def ask(self, sql: str, name: str) -> list[tuple[Any, ...]]:
        """Ask the archive about one article, ``a``."""
        return rows(self.config.parent / "data" / "archive.db", sql, f"{self.site.url}/{name}")

    def article(self, name: str) -> tuple[Any, ...]:
        found = self.ask("select title, text from articles a where a.key = ?", name)
        assert len(found) == 1
        return found[0]

    def revisions(self, name: str) -> list[tuple[Any, ...]]:
        return self.ask(
            """select r.why, r.title, r.text, r.at from revisions r join articles a on a.id = r.article_id
            where a.key = ? order by r.id""",
            name,
        )

    def explained(self, name: str) -> Any:
        return presswatch("explain", f"{self.site.url}/{name}", "--json", config=self.config).json

    def asked(self, name: str) -> list[dict[str, str]]:
        return [headers for path, headers in self.site.asked if path == f"/{name}"]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    box, port = MailBox(), free_port()
    with Site({}) as site, box.listening(port):
        site.answers = {f"/{name}": page(title, *TEXT) for name, title in HEADLINES.items()}
        site.answers |= {
            "/rss.xml": feed(site.url, HEADLINES),
            "/clock": clock(FIRST),
            "/nobody": page(HEADLINES["nobody"], *TEXT[1:]),
        }
        source = {
            "id": "totora",
            "name": "Totora",
            "language": "en",
            "endpoints": [{"feed": f"{site.url}/rss.xml"}],
        }
        config = write_config(
            tmp_path_factory.mktemp("revisions"), [source], subscribers=[READER], mail_port=port
        )
        passes = [one_pass(config, FIRST), one_pass(config, DIGEST)]
        new_title = "Officials count bridges"
        site.answers |= {
            "/rss.xml": feed(site.url, {**HEADLINES, "feed": "Officials look for roads"}),
            "/headline": page(new_title, *TEXT),
            "/text": page(HEADLINES["text"], TEXT[0], TEXT[1].replace("forty", "twenty"), TEXT[2]),
            "/correction": page(
                HEADLINES["correction"], *TEXT, "Correction: an earlier version named another month."
            ),
            "/error-page": page(
                "Page not found",
                "The page that you are looking for does not exist, or was moved. Peru is on the front page.",
            ),
        }
        for at in (*AGAIN, NEXT):
            site.answers["/clock"] = clock(at)
            if at == AGAIN[1]:
                site.answers["/name"] = page("President opens the session in Peru", *TEXT)
            passes.append(one_pass(config, at))
        yield Played(config, site, box.mails, passes)


def test_a_headline_that_is_edited_on_its_page_is_the_articles_and_the_old_one_is_kept(
    played: Played,
) -> None:
    assert played.article("headline")[0] == "Officials count bridges"
    (why, title, text, at), *more = played.revisions("headline")
    assert (why, title, at, more) == ("page revised", "Peru counts its bridges", AGAIN[0].isoformat(), [])
    assert text == played.article("headline")[1]
    # The name has left the headline; the match stands by the text.
    changed = played.ask(
        """select c.topic_id, c.change, c.field, c.text from hit_changes c join articles a on a.id = c.article_id
        where a.key = ?""",
        "headline",
    )
    assert changed == [("peru", "left", "title", "Peru")]


def test_a_name_that_leaves_a_headline_is_an_item_of_the_next_digest_and_an_edit_is_no_second_article(
    played: Played,
) -> None:
    _, (_, mail) = played.mails
    text, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    lines = " ".join(text.get_content().split())
    said = "“Boluarte” left the headline at 16:02"
    assert f"{said} (19 Jul) President opens the session in Peru Before: {HEADLINES['name']} Totora" in lines
    assert said in html.get_content()
    assert "“Peru” left the headline at 07:40" in lines
    assert mail["Subject"].startswith("“")
    assert "Nothing matched. 3 edits" in lines, "and no article is told again"


def test_a_headline_that_is_edited_in_its_feed_has_its_page_read_at_once(played: Played) -> None:
    assert played.article("feed")[0] == "Officials look for roads"
    assert [(why, title) for why, title, *_ in played.revisions("feed")] == [
        ("entry revised", "Peru looks for its roads")
    ]


def test_an_edited_text_replaces_the_old_one_which_is_kept(played: Played) -> None:
    assert "twenty bridges" in played.article("text")[1]
    ((why, title, text, _),) = played.revisions("text")
    assert (why, title) == ("page revised", HEADLINES["text"])
    assert "forty bridges" in text


def test_a_correction_that_is_appended_is_a_revision(played: Played) -> None:
    now, ((_, _, before, _),) = played.article("correction")[1], played.revisions("correction")
    assert now == f"{before}\nCorrection: an earlier version named another month."


def test_a_page_that_became_an_error_page_keeps_its_text_and_says_so(played: Played) -> None:
    assert played.article("error-page")[1].startswith("Peru’s Congress met")
    assert played.revisions("error-page") == []
    page = played.explained("error-page")["page"]
    assert (page["state"], page["status"], page["reason"]) == ("gone", 200, "soft_404")
    assert page["gone_at"] == AGAIN[0].isoformat()
    text = presswatch("explain", f"{played.site.url}/error-page", config=played.config).out
    assert "its page is not there any more since 2026-07-19 12:40 UTC" in text
    assert "what it said before is kept" in text
    assert len(played.asked("error-page")) == 4, "it is asked whether it has come back"


def test_a_clock_that_changes_at_every_fetch_is_no_revision(played: Played) -> None:
    assert played.revisions("clock") == []
    assert "Updated 11:30:00" in played.article("clock")[1]
    assert played.explained("clock")["page"]["status"] == 200


def test_a_page_that_stays_as_it_is_costs_three_304s(played: Played) -> None:
    first, *again = played.asked("same")
    assert "if-none-match" not in first
    tag = played.site.answers["/same"].headers["ETag"]
    assert [one["if-none-match"] for one in again] == [tag] * 3
    assert played.explained("same")["page"]["status"] == 304


def test_a_page_that_no_topic_found_is_read_once(played: Played) -> None:
    assert len(played.asked("nobody")) == 1


def test_nobody_is_told_twice_and_no_article_is_there_twice(played: Played) -> None:
    assert [one["new"] for one in played.passes] == [len(HEADLINES), 0, 0, 0, 0, 0]
    assert [one["sent"] for one in played.passes] == [0, 1, 0, 0, 0, 1]
    assert [one["matches"] for one in played.passes[1:]] == [0, 0, 0, 0, 0]
    assert [recipient for recipient, _ in played.mails] == ["desk@one.example"] * 2
    asked = {name: len(played.asked(name)) for name in HEADLINES}
    # The page whose entry changed is asked for at once, and once more if it had been read just before its feed was.
    assert asked.pop("feed") in (4, 5)
    assert asked == {**dict.fromkeys(asked, 4), "nobody": 1}


def test_explain_shows_what_changed_and_when_the_page_is_read_next(played: Played) -> None:
    text = presswatch("explain", f"{played.site.url}/headline", config=played.config).out
    assert "revised     2026-07-19 12:40 UTC: title (page revised)" in text
    assert 'until then: "Peru counts its bridges"' in text
    assert '"Peru" (peru) left: title' in text
    assert played.explained("headline")["page"]["again_at"] is None
