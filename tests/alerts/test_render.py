"""What a reader gets."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
)

from alerts import tell
from alerts.model import OUTBOX, Digest, Empty, Message
from alerts.render import HTML_LIMIT, render, render_all
from alerts.safe import clean, link
from alerts.words import Speaker
from archive.model import Content, Hit, MatchedArticle
from crawler.failures import as_fetch_error
from tests.alerts.factory import NOON, article, change, digest, hit, server, subscription, trouble

UTC_ZONE = ZoneInfo("UTC")
ANYTHING = st.text(max_size=80)


def parts(message: Message) -> tuple[EmailMessage, str, str]:
    mail = message_from_bytes(message.body, _class=EmailMessage, policy=SMTP)
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text
    assert html
    return mail, text.get_content().replace("\r\n", "\n"), html.get_content()


def sent(made: Digest, **settings: object) -> tuple[EmailMessage, str, str]:
    return parts(render(made, "desk@example.org", server(**settings)))


def taken(mail: EmailMessage) -> int:
    """How many octets of the mail its HTML part is, as it goes over the wire."""
    html = mail.get_body(("html",))
    assert html
    return len(str(html.get_payload()).replace("\r\n", "\n").replace("\n", "\r\n"))


class Seen(HTMLParser):
    """Every tag and link that a browser would make of a page, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def test_both_parts_say_the_same() -> None:
    title, summary = "Marchas en Perú", "Hubo paro. Dina Boularte calló. Fin."
    one = article(
        1,
        title=title,
        summary=summary,
        language="es",
        author="Ana Rojas",
        content=Content.SUMMARY,
        hits=(hit(title, "Perú"), hit(summary, "Boularte", "summary", "fuzzy", "Boluarte~")),
    )
    mail, text, html = sent(digest(one, coverage=(trouble(),)), unsubscribe="leave@example.org")
    assert mail["Subject"] == "Marchas en Perú · Peru (1)"
    page = Seen(html)
    for said in (
        "Sunday, 19 July 2026",
        "1 article: Peru\N{NO-BREAK SPACE}(1)",
        "Andina, Peru · 19 Jul, 05:00 · Spanish · by Ana Rojas · summary only",
        "Matched as “Boularte”, one slip from “Boluarte”.",
        "14 sources were read. 1 had trouble:",
        "Refuses to be read: HTTP 403",
        "La República, since 18 Jul, 17:00",
        "To leave, write to leave@example.org.",
    ):
        assert said in text, said
        assert said in page.text, said
    assert "Marchas en *Perú*" in text
    assert "    Dina *Boularte* calló.\n" in text
    assert "https://news.example/1\n" in text
    assert ("href", "https://news.example/1") in page.attributes
    assert ("lang", "es") in page.attributes
    assert ("lang", "en") in page.attributes


def test_a_digest_that_is_late_is_dated_when_it_was_made_and_stays_the_same_message() -> None:
    one = digest(article(1))
    late = replace(one, caught_up_from=NOON, made_at=NOON + timedelta(days=5))
    mails = [sent(each)[0] for each in (one, late)]
    assert [mail["Date"].datetime for mail in mails] == [NOON, NOON + timedelta(days=5)]
    assert mails[0]["Message-ID"] == mails[1]["Message-ID"]


def test_the_headers_are_those_of_a_list() -> None:
    mail, _, _ = sent(digest(article(1)), reply_to="desk@example.org", unsubscribe="mailto:leave@example.org")
    assert mail["From"] == "Presswatch <press@example.org>"
    assert mail["To"] == "desk@example.org"
    assert mail["Reply-To"] == "desk@example.org"
    assert mail["Date"].datetime == NOON
    assert mail["List-Id"] == "<lima-desk.presswatch.example.org>"
    assert mail["List-Unsubscribe"] == "<mailto:leave@example.org?subject=unsubscribe%20lima-desk>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Content-Language"] == "en"
    assert re.fullmatch(r"<[0-9a-f]{32}@example\.org>", mail["Message-ID"])
    assert mail.get_content_type() == "multipart/alternative"


@pytest.mark.parametrize(
    ("unsubscribe", "header", "href", "said"),
    [
        (
            "https://example.org/leave?list=1",
            "<https://example.org/leave?list=1>",
            "https://example.org/leave?list=1",
            "To leave: https://example.org/leave?list=1",
        ),
        (
            "http://exämple.org:8080/ñ>",
            "<http://xn--exmple-cua.org:8080/%C3%B1%3E>",
            "http://xn--exmple-cua.org:8080/%C3%B1%3E",
            "To leave: http://xn--exmple-cua.org:8080/%C3%B1%3E",
        ),
        (
            "leave@example.org",
            "<mailto:leave@example.org?subject=unsubscribe%20lima-desk>",
            "mailto:leave@example.org?subject=unsubscribe%20lima-desk",
            "To leave, write to leave@example.org.",
        ),
        (
            "mailto:leave@example.org",
            "<mailto:leave@example.org?subject=unsubscribe%20lima-desk>",
            "mailto:leave@example.org?subject=unsubscribe%20lima-desk",
            "To leave, write to leave@example.org.",
        ),
    ],
)
def test_a_reader_can_leave_by_mail_or_on_a_page(unsubscribe: str, header: str, href: str, said: str) -> None:
    mail, text, html = sent(digest(article(1)), unsubscribe=unsubscribe)
    assert mail["List-Unsubscribe"] == header
    assert mail["List-Unsubscribe-Post"] is None
    page = Seen(html)
    assert said in text
    # An address of a page is long, and says nothing to whoever can follow it.
    assert (said if href.startswith("mailto:") else "Unsubscribe from this list") in page.text
    assert ("https://" in page.text, "http://" in page.text) == (False, False)
    assert ("href", href) in page.attributes


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_foot_of_a_digest_that_is_only_kept_claims_no_address(language: str) -> None:
    mailed, kept = {
        "en": ("You get this because your address is on the", "This is not mailed: the Presswatch list"),
        "es": ("Recibe este correo porque su dirección", "Esto no se envía por correo: la lista"),
    }[language]
    for to, here, not_here in ((("desk@example.org",), mailed, kept), ((), kept, mailed)):
        reader = subscription(language=language, to=to)
        for address in to or (OUTBOX,):
            made = digest(article(1), subscription=reader)
            mail, text, html = parts(render(made, address, server(unsubscribe="leave@example.org")))
            for part in (" ".join(text.split()), Seen(html).text):
                assert here in part
                assert not_here not in part
                assert ("leave@example.org" in part) == bool(to), "who has no address cannot leave"
            assert bool(mail["List-Unsubscribe"]) == bool(to)


def test_a_page_for_leaving_that_no_header_can_hold_still_stands_at_the_foot() -> None:
    url = "https://example.org/" + "a" * 1500
    mail, text, _ = sent(digest(article(1)), unsubscribe=url)
    assert mail["List-Unsubscribe"] is None
    assert url in text


@pytest.mark.parametrize(
    ("sender", "shown"),
    [
        ("press@example.org", "Presswatch <press@example.org>"),
        ("Lima desk <press@example.org>", "Lima desk <press@example.org>"),
    ],
)
def test_the_sender_has_a_name(sender: str, shown: str) -> None:
    mail, _, _ = sent(digest(article(1)), sender=sender)
    assert mail["From"] == shown


def test_a_long_unsubscribe_address_is_not_folded_into_encoded_words() -> None:
    address = f"leave@{'sub.' * 20}example.org"
    body = render(digest(article(1)), "desk@example.org", server(unsubscribe=address)).body
    assert f"List-Unsubscribe: <mailto:{address}?subject=unsubscribe%20lima-desk>\r\n".encode() in body


def test_made_again_it_is_the_same_to_the_byte() -> None:
    made = digest(article(1), coverage=(trouble(),))
    later = replace(made, made_at=made.made_at.replace(hour=20))
    assert render(made, "a@example.org", server()) == render(later, "a@example.org", server())


def test_it_is_rendered_once_and_each_recipient_gets_what_it_would_get_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    grouped: list[Digest] = []
    group = tell.group
    monkeypatch.setattr(tell, "group", lambda made: (grouped.append(made), group(made))[1])
    made = digest(*(article(n, text="Peru " * 50) for n in range(1, 500)))
    to = ["a@example.org", "b@example.org", OUTBOX]
    together = render_all(made, to, server())
    assert len(grouped) == 1, "also where it must be cut to fit"
    assert together == [render(made, one, server()) for one in to]
    assert len({one.message_id for one in together}) == 3
    assert [parts(one)[0]["To"] for one in together] == [*to[:2], "Lima desk <outbox@presswatch.invalid>"]
    assert [one.body.count(b"\nMessage-ID:") for one in together] == [1, 1, 1]


def test_a_very_long_title_fills_neither_part() -> None:
    title = "word " * 50_000 + "Peru"
    _, text, html = sent(digest(article(1, title=title)))
    assert "*Peru*" in text
    assert ">Peru</b>" in html
    assert len(text) < 2000
    assert html.count("word") < 100


@pytest.mark.parametrize(
    ("language", "number", "said"),
    [
        ("en", 0, "No source could be read."),
        ("en", 1, "1 source was read. Nothing is known to be missing."),
        ("en", 2, "2 sources were read. Nothing is known to be missing."),
        ("es", 0, "No se pudo leer ninguna fuente."),
        ("es", 1, "Se leyó 1 fuente. No consta que falte nada."),
        ("es", 2, "Se leyeron 2 fuentes. No consta que falte nada."),
    ],
)
def test_one_and_many_are_told_apart_and_none_is_not_called_complete(
    language: str, number: int, said: str
) -> None:
    made = digest(
        *(article(n) for n in range(1, number + 1)),
        subscription=subscription(language=language),
        sources_read=number,
    )
    _, text, html = sent(made)
    assert f"\n{said}\n" in text
    assert said in Seen(html).text
    articles = {
        "en": ["Nothing matched", "1 article: ", "2 articles: "],
        "es": ["Sin coincidencias", "1 artículo: ", "2 artículos: "],
    }
    assert articles[language][number] in text


@pytest.mark.parametrize(
    ("language", "said", "nothing"),
    [
        ("en", "No source could be read.", "Nothing matched"),
        ("es", "No se pudo leer ninguna fuente.", "Sin coincidencias"),
    ],
)
def test_where_no_source_could_be_read_subject_and_head_begin_with_it(
    language: str, said: str, nothing: str
) -> None:
    """ "Nothing matched" alone would be taken for news."""
    made = digest(sources_read=0, coverage=(trouble("Ojo"),), subscription=subscription(language=language))
    mail, text, html = sent(made)
    assert mail["Subject"].startswith(f"{said} {nothing} — ")
    assert f"{said} {nothing}" in text.split("\n\n")[1]
    assert f"{said} {nothing}" in Seen(html).text
    some = sent(digest(article(1), sources_read=0, subscription=subscription(language=language)))[0]
    assert some["Subject"] == f"{said} Peru story 1 · Peru (1)"


def test_a_trouble_that_several_sources_have_is_told_once_with_all_their_names() -> None:
    dns = "dns: the name cannot be looked up"
    names = ("Correo", "El Tiempo", "La República", "Ojo", "Perú 21")
    coverage = [trouble(name, "unreachable", dns) for name in names]
    coverage[1] = replace(coverage[1], since=NOON - timedelta(hours=2))
    _, text, html = sent(digest(sources_read=0, coverage=[*coverage, trouble("Uno", "blocked", "HTTP 403")]))
    assert (
        """
  Cannot be reached: the name cannot be looked up
    Correo, La República, Ojo and Perú 21, since 18 Jul, 17:00
    El Tiempo, since 19 Jul, 05:00

  Refuses to be read: HTTP 403
    Uno, since 18 Jul, 17:00
"""
        in text
    )
    assert Seen(html).text.count("the name cannot be looked up") == 1
    assert "No source could be read. 6 had trouble:" in text


@pytest.mark.parametrize(
    ("detail", "said"),
    [
        ("dns: the name cannot be looked up", "no se encuentra el nombre del servidor"),
        ("http_403: the server answered 403", "el servidor respondió 403"),
        ("connection: the connection broke: Bye", "se cortó la conexión: Bye"),
        ("line 44: mismatched tag", "línea 44: una etiqueta mal cerrada"),
        (
            "the feed is not well-formed; 3 entries past max_entries were not read",
            "el archivo de titulares está mal formado; 3 artículos por encima del límite no se leyeron",
        ),
        ("error: KeyError: 'x'", "error: KeyError: 'x'"),
        ("", "responde con un error\n"),
    ],
)
def test_in_spanish_a_trouble_is_told_in_spanish_where_there_is_a_word_for_it(detail: str, said: str) -> None:
    made = digest(coverage=[trouble("Ojo", "http_error", detail)], subscription=subscription(language="es"))
    _, text, _ = sent(made)
    assert f"Responde con un error: {said}" in " ".join(text.split()) or said.capitalize() in text
    assert detail in ("", said) or detail not in text


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en",
            """
  Items came faster than they were read; some may be missing
    Ojo, since 18 Jul, 17:00: about 29 items came and went between 18 Jul,
    23:00 and 19 Jul, 05:00
    Uno, since 18 Jul, 17:00: about 1 item came and went between 18 Jul,
    23:00 and 19 Jul, 05:00; its sitemap is searched for them

  Shows an old copy of itself: the newest item is of 13 Jun 2025, 400 days
  ago
    Tres, since 18 Jul, 17:00
""",
        ),
        (
            "es",
            """
  Publica más rápido de lo que se lee; puede faltar algo
    Ojo, desde el 18 jul, 17:00: aparecieron y desaparecieron unos 29
    artículos entre el 18 jul, 23:00 y el 19 jul, 05:00
    Uno, desde el 18 jul, 17:00: apareció y desapareció aproximadamente 1
    artículo entre el 18 jul, 23:00 y el 19 jul, 05:00; se buscan en su
    mapa del sitio

  Muestra una copia antigua: lo más nuevo es del 13 jun 2025, hace 400
  días
    Tres, desde el 18 jul, 17:00
""",
        ),
    ],
)
def test_what_the_crawl_says_in_utc_is_told_in_the_zone_of_the_reader(language: str, said: str) -> None:
    span = "came and went between 2026-07-19 04:00 and 2026-07-19 10:00 UTC"
    coverage = [
        trouble("Ojo", "overrun", f"about 29 items (22 to 36) {span}"),
        trouble("Uno", "overrun", f"about 1 item (0 to 2) {span}; its sitemap is searched for them"),
        trouble("Tres", "stale", "the newest item is of 2025-06-13, 400 days ago"),
    ]
    made = digest(coverage=coverage, subscription=subscription(language=language))
    _, text, html = sent(made)
    assert said in text
    assert "UTC" not in text + html


@pytest.mark.parametrize(
    ("missed", "said"),
    [
        (0.2, "14 sources were read. Nothing is known to be missing."),
        (1.0, "14 sources were read. About 1 item came and went unread."),
        (29.4, "14 sources were read. About 29 items came and went unread."),
    ],
)
def test_what_was_missed_is_said_also_where_it_is_over(missed: float, said: str) -> None:
    assert f"\n{said}\n" in sent(digest(article(1), missed=missed))[1]


LONG = "Peru’s Congress is told where the troops of another country will train"


@pytest.mark.parametrize(
    ("topics", "subject"),
    [
        (("Peru",), "Peru’s Congress is told where the troops of another… · Peru (1)"),
        (("Peru", "Salt"), "Peru’s Congress is told where the troops of another… · Peru (1), Salt (1)"),
        (
            ("Peru", "Salt", "Ports"),
            "Peru’s Congress is told where the troops of another… · Peru (1), Salt (1), +1",
        ),
        (("A topic with a very long name",), "Peru’s Congress is told where the troops of another…"),
    ],
)
def test_a_subject_is_the_first_headline_and_as_many_numbers_as_a_list_of_mails_shows(
    topics: tuple[str, ...], subject: str
) -> None:
    found = [
        article(n, article_id=1, title=LONG, topic_id=f"t{n}", topic_title=title)
        for n, title in enumerate(topics, 1)
    ]
    order = tuple(f"t{n}" for n in range(1, 9))
    mail, _, _ = sent(digest(*found, subscription=subscription(topics=order)))
    assert mail["Subject"] == subject
    assert len(subject) <= 78


@pytest.mark.parametrize("empty", Empty)
def test_a_mail_about_nothing_says_why_it_comes_where_such_mails_are_wanted(empty: Empty) -> None:
    _, text, _ = sent(digest(subscription=subscription(empty=empty)))
    assert "\nNothing matched" in text
    assert ("This mail only says that Presswatch is running." in text) == (empty is not Empty.SKIP)


def test_below_the_subject_a_list_of_mails_shows_what_the_subject_does_not_say() -> None:
    def below(*found: MatchedArticle) -> str:
        shown = re.search(r'class="preheader"[^>]*>([^<]*)<', sent(digest(*found))[2])
        assert shown
        return shown[1]

    one = article(1, summary="The sentence about Peru. More.")
    assert below(one, article(2), article(3)) == "Peru story 2 · Peru story 3"
    assert below(one) == "The sentence about Peru."
    assert below() == "14 sources were read. Nothing is known to be missing."


def test_what_the_crawl_says_of_a_source_that_failed_has_a_word_in_spanish() -> None:
    """The sentences stand in `crawler.failures`; a new one there wants one here."""
    for kind in (
        CannotResolveHostError,
        DownloadConnectionRefusedError,
        DownloadTimeoutError,
        DownloadCancelledError,
        DownloadFailedError,
    ):
        error = as_fetch_error(kind("x"))
        assert Speaker("es", UTC_ZONE).detail(f"{error.reason}: {error.detail}", NOON) not in (
            error.detail,
            f"{error.reason}: {error.detail}",
        )


def test_a_source_that_was_not_read_for_days_is_said_to_be_so() -> None:
    long = replace(trouble("El Tiempo"), since=NOON - timedelta(days=5, hours=1))
    short = replace(trouble("Ojo"), since=NOON - timedelta(days=1, hours=23))
    _, text, _ = sent(digest(article(1), coverage=(long, short)))
    assert "El Tiempo, since 14 Jul, 06:00 (5 days)\n" in text
    assert "Ojo, since 17 Jul, 08:00\n" in text
    spanish = digest(article(1), coverage=(long,), subscription=subscription(language="es"))
    assert "(5 días)" in sent(spanish)[1]


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "From 17 Jul, 07:00 to 19 Jul, 07:00"), ("es", "Del 17 jul, 07:00 al 19 jul, 07:00")],
)
def test_the_head_says_from_when_to_when_in_the_zone_of_the_reader(language: str, said: str) -> None:
    made = digest(article(1), since=NOON - timedelta(days=2), subscription=subscription(language=language))
    _, text, html = sent(made)
    assert f"\n{said}\n" in text
    assert said in Seen(html).text


def test_the_message_id_tells_digests_and_recipients_apart() -> None:
    made = digest(article(1))
    others = [
        replace(made, to_seq=2),
        replace(made, from_seq=-1),
        replace(made, due_at=NOON.replace(hour=13)),
    ]
    ids = [render(one, "a@example.org", server()).message_id for one in (made, *others)]
    assert len({*ids, render(made, "b@example.org", server()).message_id}) == 5


@pytest.mark.parametrize(
    ("recipient", "with_server", "channel", "to"),
    [
        ("desk@example.org", True, "mail", "desk@example.org"),
        ("desk@example.org", False, "folder", "desk@example.org"),
        (OUTBOX, True, "folder", "Lima desk <outbox@presswatch.invalid>"),
        (OUTBOX, False, "folder", "Lima desk <outbox@presswatch.invalid>"),
    ],
)
def test_it_goes_by_mail_only_with_a_server_and_an_address(
    recipient: str, with_server: bool, channel: str, to: str
) -> None:
    message = render(digest(article(1)), recipient, server() if with_server else None)
    assert message.channel == channel
    assert parts(message)[0]["To"] == to


@pytest.mark.parametrize(
    "address",
    ["", "desk", "a@b@c", "a\r\nBcc: x@y.org", "a@b.org\nX: y", "a@", "@b", "a@b>c", "ñ@example.org"],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="not a mail address"):
        render(digest(article(1)), address, server())


def test_in_spanish_words_and_dates_are_spanish() -> None:
    mail, text, html = sent(
        digest(article(1, published_at=None), subscription=subscription(language="es-PE"))
    )
    assert mail["Subject"] == "Peru story 1 · Peru (1)"
    assert "Domingo, 19 de julio de 2026" in text
    assert "Andina, Perú · sin fecha" in text
    assert "(todos los días a las 07:00)" in " ".join(text.split())
    assert "(todos los días a las 07:00)" in Seen(html).text
    assert "daily" not in text
    assert '<html lang="es"' in html


def test_an_unknown_language_gets_english_words() -> None:
    _, text, _ = sent(digest(article(1), subscription=subscription(language="xx")))
    assert "1 article" in text


def test_a_digest_of_nothing_says_so() -> None:
    mail, text, html = sent(digest())
    assert mail["Subject"] == "Nothing matched — Lima desk, 19 July 2026"
    assert "Nothing matched" in text
    assert "Nothing matched" in html
    assert "Nothing is known to be missing." in text


def test_a_huge_digest_stays_under_the_limit_and_hides_nothing() -> None:
    loud = [article(n, title=f"Peru story {n} & <more>", text="Peru " * 50) for n in range(1, 500)]
    quiet = [
        article(n, topic_id="lithium", topic_title="Lithium", title=f"Lithium {n}") for n in range(500, 503)
    ]
    _, text, html = sent(digest(*loud, *quiet, coverage=tuple(trouble(f"Source {n}") for n in range(90))))
    assert len(html.encode()) <= HTML_LIMIT
    assert all(f"story {n} &" in text for n in range(1, 500))
    unwrapped = " ".join(text.split())
    assert all(re.search(rf"\bSource {n}\b", unwrapped) for n in range(90))
    assert all(f"Lithium {n}" in html for n in range(500, 503)), "a quiet topic must not be pushed out"
    left_out = int(re.findall(r"(\d+) more: see the plain-text part", html)[0])
    links = [
        value
        for key, value in Seen(html).attributes
        if key == "href" and int(str(value).split("/")[-1]) < 500
    ]
    assert len(links) == len(set(links)) == 499 - left_out
    assert html.count("Peru Peru") >= 15, "the first of them are told in full"
    assert "and 50 more: see the plain-text part" in html


def test_a_huge_digest_with_articles_under_several_topics_stays_under_the_limit() -> None:
    text = "Peru " * 30 + "sells. Lithium " + "fell " * 50 + "."
    same = [
        {"article_id": n, "title": f"Peru story {n}", "text": text, "published_at": NOON}
        for n in range(1, 200)
    ]
    first = [article(n, **one, hits=(hit(text, "Peru", "text"),)) for n, one in enumerate(same, 1)]
    other = {"topic_id": "lithium", "topic_title": "Lithium", "hits": (hit(text, "Lithium", "text"),)}
    second = [article(1000 + n, **one, **other) for n, one in enumerate(same, 1)]
    mail, plain, html = sent(digest(*first, *second))
    assert HTML_LIMIT - 2_000 <= taken(mail) <= HTML_LIMIT, "no more is left out than must be"
    assert plain.count("told in full under Peru\n") == plain.count("*Lithium* fell") == 199
    under_lithium = html[html.index(">Lithium <span") :]
    in_detail = under_lithium.count("told in full under Peru")
    assert in_detail >= 10, "the first of every topic are told in full"
    assert under_lithium.count(">Lithium</b>") == in_detail
    assert "also under Peru" in under_lithium, (
        "where the other topic has only its headline, no more is promised"
    )


@pytest.mark.parametrize("language", ["en", "es"])
def test_hundreds_of_edits_stay_under_the_limit_and_push_no_story_out(language: str) -> None:
    long = "Según la comisión, la exportación continuará así en Perú: "
    edits = [change(n, article_id=1000 + n, before=long * 4, after=f"{n} {long * 3}") for n in range(1, 600)]
    made = digest(
        *(article(n) for n in range(1, 6)),
        changes=edits,
        change_range=(0, 600),
        subscription=subscription(language=language),
    )
    mail, text, html = sent(made)
    assert taken(mail) <= HTML_LIMIT, "written with all its accents"
    assert all(f"https://news.example/{n}" in html for n in range(1, 6))
    shown = html.count("https://news.example/") - 5
    left_out = int(re.findall(r"(\d+) (?:more: see|m[aá]s)", html)[0])
    assert 20 <= shown == 599 - left_out
    assert text.count("https://news.example/") == 604, "the text part has all of them"


def test_the_headings_of_a_thousand_topics_stay_under_the_limit() -> None:
    wide = subscription(topics=None)
    found = [
        article(n, topic_id=f"t{n}", topic_title=f"Topic number {n}", title=f"Peru story {n}")
        for n in range(1, 1201)
    ]
    _, text, html = sent(digest(*found, subscription=wide))
    assert len(html.encode()) <= HTML_LIMIT
    left_out = int(re.findall(r"and ([\d,]+) more topics: see", html)[0].replace(",", ""))
    assert 50 <= html.count('class="topic"') == 1200 - left_out
    assert html.count('class="headline"') >= 50, "of those that it has room for it tells what was found"
    assert "1,200 articles: Topic number 1" in " ".join(text.split()).replace("\N{NO-BREAK SPACE}", " ")
    assert "and 1,160 more" in " ".join(text.split())
    assert all(f"TOPIC NUMBER {n} ·" in text and f"*Peru* story {n}" in text for n in range(1, 1201))


def test_much_trouble_with_sources_pushes_no_article_out() -> None:
    _, text, html = sent(
        digest(
            article(1),
            article(2),
            coverage=tuple(trouble(f"Source {n}", detail=f"{n} {'x' * 150}") for n in range(600)),
        )
    )
    assert len(html.encode()) <= HTML_LIMIT
    assert "Source 599," in text
    assert "https://news.example/1" in html
    assert "https://news.example/2" in html
    assert "and 560 more: see the plain-text part" in html


def test_under_its_other_topics_an_article_has_headline_sentence_and_where_it_is_told() -> None:
    title, body = "Boluarte y el litio", "Boluarte calló. Perú vende litio. Fin."
    same = {"article_id": 7, "title": title, "text": body, "language": "es", "author": "Ana Rojas"}
    own = (hit(title, "litio"), hit(body, "litio", "text"))
    _, text, html = sent(
        digest(
            article(1, **same, hits=(hit(body, "Perú", "text"),)),
            article(
                2, **same, topic_id="lithium", topic_title="Lithium", hits=own, url="https://n.example/7"
            ),
        )
    )
    assert (
        "LITHIUM · 1 article\n" + "=" * 74 + "\n\nBoluarte y el *litio*\n\n    Perú vende *litio*.\n\n"
        "Andina, Peru · told in full under Peru\nhttps://n.example/7\n"
    ) in text
    under = "<td><h2" + html[html.index(">Lithium <span") : html.index('<td class="foot"')]
    page = Seen(under)
    assert [value for key, value in page.attributes if key == "href"] == ["https://n.example/7"]
    assert page.attributes.count(("lang", "es")) == 2
    assert [line for line in map(str.strip, page.text.splitlines()) if line][-3:] == [
        "Boluarte y el litio",
        "Perú vende litio.",
        "Andina, Peru · told in full under Peru",
    ]
    assert under.count(">litio</b>") == 2
    assert ">Perú</b>" not in under
    assert text.count("Ana Rojas") == Seen(html).text.count("Ana Rojas") == 1


def test_a_topic_that_matched_only_elsewhere_says_where() -> None:
    hits = (Hit("author", 0, 3, "Ana", "Ana", "exact"),)
    other = article(2, article_id=1, title="Peru", topic_id="lithium", topic_title="Lithium", hits=hits)
    _, text, html = sent(digest(article(1, title="Peru"), other))
    said = "Matched in the name of the author: “Ana”."
    assert f"{said}\nAndina, Peru · told in full under Peru\n" in text
    assert Seen(html).text.count(said) == 2


def test_a_spelling_found_in_two_places_is_explained_once() -> None:
    summary, body = "Llegan tropas de EE. UU. hoy.", "Las tropas de EE. UU. llegan."
    hits = tuple(
        hit(where, "tropas de EE. UU.", field, "acronym", "tropas de EE.UU.")
        for where, field in ((summary, "summary"), (body, "text"))
    )
    _, text, html = sent(digest(article(1, title="T", summary=summary, text=body, hits=hits)))
    assert text.count("Matched as") == Seen(html).text.count("Matched as") == 1


def test_the_page_follows_dark_mode_and_fetches_nothing() -> None:
    _, _, html = sent(digest(article(1)))
    assert "@media (prefers-color-scheme: dark)" in html
    assert '<meta name="color-scheme" content="light dark">' in html
    assert html.index("<meta charset") < 1024
    page = Seen(html)
    assert not page.tags & {"img", "link", "script", "iframe", "object", "form", "video", "audio"}
    assert "url(" not in html
    assert "@import" not in html


def test_the_text_part_is_no_wider_than_a_terminal() -> None:
    long = "Peru " + "a rather long headline that goes on " * 6
    _, text, _ = sent(
        digest(article(1, title=long, text="Peru " * 100), coverage=(trouble(detail="x y " * 60),))
    )
    assert all(len(line) <= 76 for line in text.splitlines())


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://example.org/a?b=c&d=e#f", True),
        ("http://example.org:8080/ñ", True),
        ("javascript:alert(1)", False),
        ("JAVASCRIPT:alert(1)", False),
        ("data:text/html,<script>", False),
        ("file:///etc/passwd", False),
        ("//example.org/", False),
        ("https://", False),
        ("http://[::1", False),
        ("http://example.org:99999/", False),
        ("https://user:pass@example.org/", False),
        ("https://example.org/a b", False),
        ("https://example.org/\nBcc: x", False),
        ('https://example.org/"onclick="x', False),
        ("https://example.org/" + "a" * 3000, False),
        ("", False),
        (None, False),
    ],
)
def test_only_http_links_in_one_piece_are_links(url: str | None, safe: bool) -> None:
    assert link(url) == (url if safe else None)


@given(ANYTHING, ANYTHING, ANYTHING, ANYTHING, ANYTHING, ANYTHING)
def test_any_text_makes_a_message_with_whole_headers_and_no_markup_of_its_own(
    title: str, author: str, summary: str, topic: str, name: str, url: str
) -> None:
    one = article(
        1,
        title=title,
        author=author,
        summary=summary,
        topic_title=topic,
        source_name=author,
        url=url,
        country=topic,
        language=name,
        hits=tuple(hit(summary, summary[1:3], "summary", "fuzzy", topic) for _ in [0] if len(summary) > 3),
    )
    made = digest(one, subscription=subscription(name=name), coverage=(trouble(title, topic, author),))
    mail, text, html = sent(made, unsubscribe="leave@example.org")
    head = render(made, OUTBOX, None).body.split(b"\r\n\r\n")[0]
    names = [line.split(b":")[0] for line in head.split(b"\r\n") if not line.startswith((b" ", b"\t"))]
    assert names == [
        b"From", b"To", b"Subject", b"Date", b"Message-ID", b"List-Id", b"Auto-Submitted",
        b"X-Auto-Response-Suppress", b"MIME-Version", b"Content-Type", b"Content-Language",
    ]  # fmt: skip
    assert max(map(len, head.split(b"\r\n"))) <= 998
    assert len(mail["Subject"].splitlines()) == 1
    page = Seen(html)
    assert page.tags <= {
        "html", "head", "meta", "title", "style", "body", "div", "table", "tbody", "tr", "td", "p", "h1", "a",
        "span", "b", "i", "br", "hr", "h2",
    }  # fmt: skip
    assert not [key for key, _ in page.attributes if key.startswith("on")]
    hrefs = {str(value) for key, value in page.attributes if key == "href"}
    assert hrefs <= {link(url), f"mailto:leave@example.org?subject=unsubscribe%20{made.subscription.id}"}
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202e]", text + html)
    if clean(title):
        assert clean(title)[:20].split()[0][:5] in text


@pytest.mark.parametrize(
    "title", ["<script>alert(1)</script>", "{{ 7*7 }}{% raw %}", "a\r\nBcc: x@y.org", "\0\u202eevil"]
)
def test_a_hostile_title_is_only_text(title: str) -> None:
    mail, text, html = sent(digest(article(1, title=title, topic_title=title)))
    assert mail["Bcc"] is None
    assert clean(title) in Seen(html).text
    assert clean(title) in text
    assert "<script" not in html


def test_what_has_no_name_and_no_title_has_something_in_its_place() -> None:
    far = "https://news.example/" + "a" * 100_000
    nobody = trouble("", "blocked")
    _, text, html = sent(digest(article(1, title="", url=far, hits=()), coverage=(nobody,)))
    assert "    —, since 18 Jul, 17:00\n" in text
    assert "https://news.example/aaa" in text
    assert len(text) < 2000, "an address is cut like a title"
    assert "a" * 400 not in html


def test_the_subject_says_of_which_day_an_edit_is() -> None:
    late = change(1, at=NOON - timedelta(hours=15))
    mail, _, _ = sent(digest(changes=[late], change_range=(0, 1)))
    assert mail["Subject"] == "“Boluarte” left the headline at 16:00 (18 Jul) — Lima desk, 19 July 2026"
