from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from archive.model import (
    Article,
    Change,
    Content,
    Entry,
    Fields,
    KnownArticle,
    Outcome,
    PageOutcome,
    PageTask,
    PublishedFrom,
    content_of,
)
from archive.normalize import clean
from crawler.ingest import (
    _BLOCKS,
    MAX_AUTHOR,
    MAX_TITLE,
    aliases,
    decide,
    merge_page,
    merge_same,
    offer_hash,
    shortened,
    to_text,
)

NOW = datetime(2026, 7, 20, 12, tzinfo=UTC)
NOON = datetime(2026, 7, 19, 12, tzinfo=UTC)
URL = "https://example.org/a"


def entry(**more: Any) -> Entry:
    values = {
        "key": URL,
        "url": URL,
        "link": URL,
        "guid": "1",
        "title": "Peru votes",
        "summary": "Polls open",
    }
    return Entry(**{**values, **more})


def known(**more: Any) -> KnownArticle:
    values: dict[str, Any] = {
        "article_id": 1,
        "title": "Peru votes",
        "summary": "Polls open",
        "text": "",
        "author": None,
        "published_at": None,
        "published_from": PublishedFrom.NONE,
    }
    return KnownArticle(**{**values, **more})


def stored(fields: Fields, was: KnownArticle | None, fingerprint: str) -> KnownArticle:
    """What the archive knows after it stored ``fields``."""
    return known(
        article_id=was.article_id if was else 1,
        title=fields.title,
        summary=fields.summary,
        text=fields.text,
        author=fields.author,
        published_at=fields.published_at,
        published_from=fields.published_from,
        offer_hash=fingerprint,
    )


words = st.sampled_from(
    ["", "Peru", "Lima & Callao", "<b>litio</b>", "<p>a</p><p>b</p>", "\u200b", "\ud83d", "A\u0301"]
)
dates = st.none() | st.datetimes(datetime(1990, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
entries = st.builds(
    entry,
    title=words | st.text(max_size=20),
    summary=words | st.text(max_size=20),
    author=st.none() | words,
    published_at=dates,
    language=st.sampled_from([None, "es"]),
)
articles = st.builds(
    known,
    title=words.map(lambda text: to_text(text).replace("\n", " ")),
    summary=words.map(to_text),
    text=st.sampled_from(["", "All of it."]),
    author=st.sampled_from([None, "Ana"]),
    published_at=dates,
    offer_hash=st.sampled_from([None, "other"]),
)


# --- HTML to text -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        pytest.param("Peru votes", "Peru votes", id="plain text"),
        pytest.param("<p>Peru</p><p>votes</p>", "Peru\nvotes", id="paragraphs are lines"),
        pytest.param("Peru<br>votes<BR/>today", "Peru\nvotes\ntoday", id="line breaks"),
        pytest.param("<b>Pe</b>ru <i>votes</i>", "Peru votes", id="words stay whole"),
        pytest.param("<p>Peru\n   votes</p>", "Peru\nvotes", id="lines of the source"),
        pytest.param("<table><tr><td>Peru</td><td>votes</td></tr></table>", "Peru\nvotes", id="a table"),
        pytest.param("Peru</td><td>votes", "Peru\nvotes", id="half a table"),
        pytest.param("<ul><li>Peru<li>votes</ul>", "Peru\nvotes", id="a list without ends"),
        pytest.param("a<script>if (a<b) alert('Peru')</script>b", "ab", id="a script goes"),
        pytest.param("<style>p { color: red }</style>Peru", "Peru", id="a style goes"),
        pytest.param("<!-- secret -->Peru<!--[if IE]>votes<![endif]-->", "Peru", id="comments go"),
        pytest.param("<a href='javascript:x'>Peru</a>", "Peru", id="a link leaves its words"),
        pytest.param("<img src=x onerror=alert(1) alt='votes'>Peru", "Peru", id="an image goes"),
        pytest.param(
            "Am&eacute;rica &amp; Per&#250; &#x2014; 5 &lt; 6",
            "Am\u00e9rica & Per\u00fa \u2014 5 < 6",
            id="entities",
        ),
        pytest.param("&amp;lt;p&amp;gt;", "&lt;p&gt;", id="entities are read once"),
        pytest.param("AT&T, Johnson & Johnson", "AT&T, Johnson & Johnson", id="a plain ampersand"),
        pytest.param("3 < 5", "3 < 5", id="a plain less-than"),
        pytest.param("&lt;p&gt;Peru&lt;/p&gt;votes", "<p>Peru</p>votes", id="markup that is spoken about"),
        pytest.param("Peru&nbsp;votes&#160;now", "Peru votes now", id="no-break spaces"),
        pytest.param("<p>Pe&shy;ru</p>", "Peru", id="soft hyphens"),
        pytest.param("<p>unclosed <b>Peru", "unclosed Peru", id="nothing is closed"),
        pytest.param("<p title='<td>'>Peru</p>", "Peru", id="a tag in an attribute"),
        pytest.param("<p lang=es dir=ltr style='x' id=y>Peru</p>", "Peru", id="attributes"),
        pytest.param("<p>\ud800Peru</p>", "\ufffdPeru", id="half a character"),
        pytest.param("<p>Pe\x00ru</p>", "Peru", id="a null"),
        pytest.param("", "", id="nothing"),
        pytest.param("<p></p><br>", "", id="nothing but tags"),
    ],
)
def test_html_becomes_text(markup: str, text: str) -> None:
    assert to_text(markup) == text


@pytest.mark.parametrize(
    "tag", sorted(_BLOCKS | {"td", "th", "tr", "tbody", "thead", "tfoot", "caption", "table"})
)
@pytest.mark.parametrize(
    "form", ["<{0}>Peru</{0}><{0}>votes</{0}>", "Peru<{0}>votes", "Peru<{0} lang='es' title='x'>votes"]
)
def test_no_block_glues_two_words_together(tag: str, form: str) -> None:
    assert to_text(form.format(tag)).split() == ["Peru", "votes"]


@given(st.text())
@example("a\r\nb")
@example("<td>")
def test_text_that_was_escaped_comes_back_whole(text: str) -> None:
    assert to_text(html.escape(text)) == clean(text)


@given(st.text(alphabet="<>/&;pbrtd \n'\"=!-aé"))
def test_what_comes_out_is_clean_and_never_raises(markup: str) -> None:
    text = to_text(markup)
    assert clean(text) == text


# --- entries ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offered", "was", "change", "why", "expect"),
    [
        pytest.param(entry(), None, Change.NEW, "new", {"title": "Peru votes", "summary": "Polls open", "text": ""}, id="new"),
        pytest.param(entry(title="<b>Peru</b>\nvotes"), None, Change.NEW, "new", {"title": "Peru votes"}, id="a title is one line"),
        pytest.param(entry(), None, Change.NEW, "new", {"language": "es", "published_from": PublishedFrom.NONE}, id="the source's language"),
        pytest.param(entry(language="qu"), None, Change.NEW, "new", {"language": "qu"}, id="its own language"),
        pytest.param(entry(published_at=NOON), None, Change.NEW, "new", {"published_at": NOON, "published_from": PublishedFrom.FEED}, id="a date"),
        pytest.param(entry(published_at=NOW + timedelta(days=9)), None, Change.NEW, "new", {"published_at": None}, id="a date to come is none"),
        pytest.param(entry(), known(offer_hash=offer_hash(entry())), Change.SAME, "same", None, id="the same again"),
        pytest.param(entry(title="Peru has voted"), known(offer_hash="old"), Change.REVISED, "entry revised", {"title": "Peru has voted"}, id="revised"),
        pytest.param(entry(summary=""), known(offer_hash="old"), Change.SAME, "same words", None, id="what is left out is not taken back"),
        pytest.param(entry(author="Ana"), known(offer_hash="old"), Change.SAME, "same words", {"author": "Ana"}, id="an author is no revision"),
        pytest.param(entry(title="Other words"), known(), Change.SAME, "offered again", None, id="another feed changes nothing that stands"),
        pytest.param(
            entry(title="Other", published_at=NOON),
            known(summary="", author=None),
            Change.SAME,
            "offered again",
            {"title": "Peru votes", "summary": "Polls open", "published_at": NOON, "published_from": PublishedFrom.FEED},
            id="another feed fills gaps",
        ),
        pytest.param(
            entry(title="New title"), known(text="All of it.", offer_hash="old"), Change.REVISED, "entry revised", {"text": "All of it."}, id="a revision keeps the page"
        ),
        pytest.param(
            entry(title="New title"),
            known(published_at=NOON, published_from=PublishedFrom.JSON_LD, offer_hash="old"),
            Change.REVISED,
            "entry revised",
            {"published_at": NOON, "published_from": PublishedFrom.JSON_LD},
            id="a revision keeps the page's date",
        ),
    ],
)  # fmt: skip
def test_an_entry_means_something_to_the_archive(
    offered: Entry, was: KnownArticle | None, change: Change, why: str, expect: dict[str, Any] | None
) -> None:
    intent = decide(offered, was, language="es", now=NOW)
    assert (intent.change, intent.why, intent.was, intent.entry) == (change, why, was, offered)
    assert (intent.fields is None) is (expect is None)
    for name, value in (expect or {}).items():
        assert getattr(intent.fields, name) == value, name


@given(entries, st.none() | articles)
def test_deciding_twice_is_the_same(offered: Entry, was: KnownArticle | None) -> None:
    first = decide(offered, was, language="en", now=NOW)
    after = (
        stored(first.fields, was, first.offer_hash)
        if first.fields
        else replace(was or known(), offer_hash=first.offer_hash)
    )
    again = decide(offered, after, language="en", now=NOW)
    assert (again.change, again.fields) == (Change.SAME, None)


@given(entries, st.none() | articles)
def test_what_is_new_or_revised_has_fields(offered: Entry, was: KnownArticle | None) -> None:
    intent = decide(offered, was, language="en", now=NOW)
    assert (intent.change is Change.NEW) is (was is None)
    if intent.change is not Change.SAME:
        assert intent.fields is not None
        assert (intent.fields.published_at is None) is (
            intent.fields.published_from is PublishedFrom.NONE
        ) or was


@given(entries, articles)
def test_no_entry_empties_what_is_known(offered: Entry, was: KnownArticle) -> None:
    fields = decide(offered, was, language="en", now=NOW).fields
    if fields is not None:
        for name in ("title", "summary", "text", "author", "published_at"):
            assert getattr(fields, name) or not getattr(was, name), name
        assert fields.text == was.text


@given(entries, articles)
def test_fields_are_clean(offered: Entry, was: KnownArticle) -> None:
    fields = decide(offered, was, language="en", now=NOW).fields
    if fields is not None:
        assert (clean(fields.title), clean(fields.summary)) == (fields.title, fields.summary)
        assert "\n" not in fields.title
        fields.title.encode()


@given(entries, entries)
def test_two_entries_have_one_hash_only_when_they_say_the_same(one: Entry, other: Entry) -> None:
    def said(entry: Entry) -> tuple[object, ...]:
        return (entry.title, entry.summary, entry.author or "", entry.published_at, entry.link)

    assert (offer_hash(one) == offer_hash(other)) is (said(one) == said(other))


# --- several entries of one article -----------------------------------------------------------------------

several = st.lists(
    st.builds(
        entry, key=st.sampled_from("abc"), title=words, summary=words, guid=st.sampled_from([None, "1", "2"])
    ),
    max_size=8,
)


def said(entries: Sequence[Entry], key: str) -> set[str]:
    return {text for one in entries if one.key == key for text in (one.title, one.summary) if text}


@given(several)
def test_merging_leaves_one_entry_a_key_in_the_order_of_the_feed(offered: list[Entry]) -> None:
    merged = merge_same(offered)
    assert [one.key for one in merged] == list(dict.fromkeys(one.key for one in offered))


@given(several)
def test_merging_loses_no_text(offered: list[Entry]) -> None:
    for one in merge_same(offered):
        assert all(text in (one.title + "\n" + one.summary) for text in said(offered, one.key))


@given(several)
def test_merging_loses_no_offer(offered: list[Entry]) -> None:
    offers = sorted(str((one.guid, one.link)) for one in offered)
    kept = [pair for one in merge_same(offered) for pair in ((one.guid, one.link), *one.twins)]
    assert sorted(map(str, kept)) == offers


@given(several)
def test_merging_twice_is_merging_once(offered: list[Entry]) -> None:
    once = merge_same(offered)
    assert merge_same(once) == once


@given(several, st.randoms(use_true_random=False))
def test_the_order_of_the_feed_decides_what_is_title_but_not_what_is_said(
    offered: list[Entry], random: Any
) -> None:
    shuffled = list(offered)
    random.shuffle(shuffled)

    def words_of(entries: list[Entry]) -> dict[str, set[str]]:
        return {
            one.key: {*to_text(f"{one.title}<br>{one.summary}").split("\n")} for one in merge_same(entries)
        }

    assert words_of(shuffled) == words_of(offered)


def test_two_keys_of_one_article_are_one_entry() -> None:
    offered = [
        entry(key="a", title="One", guid="1"),
        entry(key="b", title="Two", guid="2"),
        entry(key="c", title="Three", guid="3"),
    ]
    article = known(article_id=7)
    [first, other] = merge_same(merge_same(offered), {"a": article, "b": article})
    assert (first.key, first.title, first.summary) == ("a", "One", "Polls open<br>Two")
    assert first.twins == (("2", URL),)
    assert other.key == "c"


def test_merging_again_keeps_those_that_were_merged_before() -> None:
    offered = [entry(key=key, title=key, guid=str(number)) for number, key in enumerate("aabb")]
    article = known(article_id=7)
    [one] = merge_same(merge_same(offered), {"a": article, "b": article})
    assert [guid for guid, _ in one.twins] == ["1", "2", "3"]


# --- pages ------------------------------------------------------------------------------------------------


def article(**more: Any) -> Article:
    values: dict[str, Any] = {
        "title": "Page title",
        "author": "Ana",
        "published_at": NOON,
        "published_from": PublishedFrom.META,
        "language": "es",
        "text": "All of it.",
    }
    return Article(**{**values, **more})


@pytest.mark.parametrize(
    ("read", "was", "expect"),
    [
        pytest.param(article(), known(), {"title": "Peru votes", "summary": "Polls open", "text": "All of it."}, id="the feed's words stand"),
        pytest.param(article(), known(title=""), {"title": "Page title", "author": "Ana", "language": "es"}, id="the page fills the rest"),
        pytest.param(article(), known(), {"published_at": NOON, "published_from": PublishedFrom.META}, id="the page's date"),
        pytest.param(
            article(), known(published_at=NOW, published_from=PublishedFrom.FEED), {"published_at": NOW, "published_from": PublishedFrom.FEED}, id="the feed's date stands"
        ),
        pytest.param(article(), known(author="Luz"), {"author": "Luz"}, id="the feed's author stands"),
        pytest.param(article(text=""), known(text="Before."), {"text": "Before."}, id="a page without text takes nothing back"),
        pytest.param(article(text="After."), known(text="Before."), {"text": "After."}, id="a page that was revised"),
        pytest.param(article(text=" a\u00ad\u200bb \r\n\r\n c "), known(), {"text": "ab\nc"}, id="the text is cleaned"),
        pytest.param(article(title="Two\nlines", author="\u200b"), known(title=""), {"title": "Two lines", "author": None}, id="so are the lines"),
    ],
)  # fmt: skip
def test_a_page_fills_what_the_feed_left_open(
    read: Article, was: KnownArticle, expect: dict[str, Any]
) -> None:
    fields = merge_page(read, was)
    for name, value in expect.items():
        assert getattr(fields, name) == value, name


def test_what_was_read_is_the_most_that_is_there() -> None:
    fields = merge_page(article(), known())
    assert fields.content is Content.FULL
    assert replace(fields, text="").content is Content.SUMMARY
    assert replace(fields, text="", summary="").content is Content.TITLE


@pytest.mark.parametrize(
    ("summary", "text", "paywalled", "expected"),
    [
        pytest.param("Puno pide.", "Puno pide una consulta previa.", None, Content.FULL, id="more than the summary"),
        pytest.param("Puno pide una consulta.", "Puno pide", None, Content.SUMMARY, id="the summary once more"),
        pytest.param("Puno pide una\nconsulta.", "Puno pide\nuna…", None, Content.SUMMARY, id="cut off"),
        pytest.param("Lima vota hoy, y mañana.", "Puno pide.", None, Content.FULL, id="shorter, and something else"),
        pytest.param("x" * 2_000, "x" * 1_000, None, Content.FULL, id="a feed that gives whole articles"),
        pytest.param("Puno pide.", "Puno pide una consulta previa.", True, Content.SUMMARY, id="a teaser that is paid for"),
        pytest.param("", "Puno pide una consulta previa.", True, Content.SUMMARY, id="the same without a summary"),
        pytest.param("Puno pide.", "Puno pide una consulta. " * 60, True, Content.FULL, id="paid for, and read whole"),
        pytest.param("Puno pide.", "Puno pide una consulta previa.", False, Content.FULL, id="free"),
        pytest.param("", "", True, Content.TITLE, id="nothing"),
    ],
)  # fmt: skip
def test_a_teaser_is_not_the_article(
    summary: str, text: str, paywalled: bool | None, expected: Content
) -> None:
    assert content_of(summary, text, paywalled=paywalled) is expected


WHOLE = "\n".join(f"Puno pide una consulta previa, y es la {number}." for number in range(40))
SUBSCRIBE = "Puno pide una consulta previa…\nSuscríbete para seguir leyendo."


@pytest.mark.parametrize(
    ("text", "paywalled", "before", "known_paywalled", "kept"),
    [
        pytest.param(WHOLE[:60] + "…", True, WHOLE, True, True, id="the beginning"),
        pytest.param("\n".join(WHOLE.split("\n")[::3]), True, WHOLE, True, True, id="some of its lines"),
        pytest.param(SUBSCRIBE, True, WHOLE, True, True, id="the beginning, and what it costs"),
        pytest.param("Suscríbete.", True, "Puno pide.\nLima calla.", None, True, id="a short article that was free"),
        pytest.param("Puno ya no pide nada.", True, "Puno pide una consulta.", True, False, id="a teaser that is edited"),
        pytest.param(WHOLE.replace("pide", "pidió")[:1_500], True, WHOLE, True, False, id="an edit of what is paid for"),
        pytest.param(SUBSCRIBE, None, WHOLE, None, False, id="a page that says nothing of a wall"),
    ],
)  # fmt: skip
def test_a_wall_that_went_up_takes_nothing_back(
    text: str, paywalled: bool | None, before: str, known_paywalled: bool | None, kept: bool
) -> None:
    read = article(text=text, paywalled=paywalled, language="de")
    fields = merge_page(read, known(text=before, paywalled=known_paywalled))
    assert fields.text == (before if kept else text)
    # What a wall says is no reason to call the text that is kept another language's.
    assert fields.language == (None if kept else "de")


@given(articles, words, words)
def test_merging_a_page_twice_is_merging_it_once(was: KnownArticle, title: str, text: str) -> None:
    read = article(title=title, text=text)
    once = merge_page(read, was)
    assert merge_page(read, stored(once, was, "hash")) == once


def page(url: str, named: str | None, asked: str = URL) -> PageOutcome:
    return PageOutcome(
        task=PageTask(article_id=1, source_id="press", url=asked),
        at=NOW,
        outcome=Outcome.OK,
        url=url,
        article=article(canonical_url=named),
    )


REDIRECT, CANONICAL = "redirect", "rel=canonical"


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        pytest.param(page(URL, None), [], id="no other URL"),
        pytest.param(page(URL, URL), [], id="it names itself"),
        pytest.param(page(URL + "?utm_source=x#top", "HTTPS://Example.org:443/a"), [], id="itself, otherwise spelled"),
        pytest.param(page("https://example.org/b", None), [("https://example.org/b", REDIRECT)], id="a redirect"),
        pytest.param(page("https://other.example/b", None), [("https://other.example/b", REDIRECT)], id="a redirect to another host"),
        pytest.param(page(URL, "https://example.org/b"), [("https://example.org/b", CANONICAL)], id="rel=canonical"),
        pytest.param(
            page("https://EXAMPLE.org:443/a", "https://example.org/b"), [("https://example.org/b", CANONICAL)], id="rel=canonical of a host that is otherwise spelled"
        ),
        pytest.param(page(URL, "https://agency.example/story"), [], id="rel=canonical of another outlet"),
        pytest.param(page(URL, "mailto:desk@example.org"), [], id="rel=canonical that is no page"),
        pytest.param(page("https://example.org/", "https://example.org"), [], id="where everybody is sent"),
        pytest.param(page("https://example.org/?from=a", None), [], id="the home page with a query"),
        pytest.param(
            page("https://example.org/b", "https://example.org/c"), [("https://example.org/b", REDIRECT), ("https://example.org/c", CANONICAL)], id="both"
        ),
        pytest.param(replace(page("https://example.org/b", None), article=None), [("https://example.org/b", REDIRECT)], id="a page that was not read"),
    ],
)  # fmt: skip
def test_a_page_shows_the_other_urls_of_its_article(
    outcome: PageOutcome, expected: list[tuple[str, str]]
) -> None:
    assert aliases(outcome) == expected


@given(st.text(), st.text())
def test_no_url_makes_aliases_fail(url: str, named: str) -> None:
    aliases(page(url, named))


@pytest.mark.parametrize("named", ["foo://[::1", "http://[::1", "javascript:alert(1)", ""])
def test_nor_do_those_that_cannot_be_read(named: str) -> None:
    assert aliases(page(URL, named)) == []


def test_a_summary_of_nothing_but_tags_is_read_soon() -> None:
    assert to_text("<div>" * 60_000 + "Peru<b>votes</b>") == "Peru\nvotes"


# --- long lines -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "most", "expected"),
    [
        ("Peru votes", 10, "Peru votes"),
        ("Peru votes", 9, "Peru…"),
        ("Peru votes", 6, "Peru…"),
        ("Peru votes", 5, "Peru…"),
        ("Peru votes", 4, "Per…"),
        ("Perugia", 5, "Peru…"),
        ("Peru  votes", 7, "Peru…"),
        ("", 5, ""),
    ],
)
def test_a_long_line_is_cut_after_a_word(line: str, most: int, expected: str) -> None:
    assert shortened(line, most) == expected


@given(st.text(alphabet="ab ñ", max_size=40), st.integers(2, 20))
def test_a_shortened_line_is_a_beginning_of_whole_words(line: str, most: int) -> None:
    short = shortened(line, most)
    assert len(short) <= most
    if len(line) > most:
        kept = short.removesuffix("…")
        assert line.startswith(kept)
        assert line[len(kept)] == " " or " " not in line[: most - 1].strip()


def test_a_title_of_megabytes_is_cut_and_nothing_of_it_is_lost() -> None:
    offered = entry(title="Peru votes " * 300_000 + "lithium", author="Ana Quispe, " * 1000)
    intent = decide(offered, None, language="es", now=NOW)
    assert intent.fields is not None
    assert len(intent.fields.title) <= MAX_TITLE
    assert intent.fields.title.endswith(" Peru…")
    assert intent.fields.summary.startswith("Peru votes Peru votes")
    assert intent.fields.summary.endswith("lithium\nPolls open")
    assert intent.fields.author is not None
    assert len(intent.fields.author) <= MAX_AUTHOR


def test_a_title_that_was_cut_is_not_revised_by_the_same_title() -> None:
    offered = entry(title="Peru votes " * 1000)
    fields = decide(offered, None, language=None, now=NOW).fields
    assert fields is not None
    known = KnownArticle(
        article_id=1,
        title=fields.title,
        summary=fields.summary,
        text="",
        author=fields.author,
        published_at=fields.published_at,
        published_from=fields.published_from,
        offer_hash="of another day",
    )
    again = decide(offered, known, language=None, now=NOW)
    assert (again.change, again.fields) == (Change.SAME, None)


def test_the_title_of_a_page_is_cut_too() -> None:
    known = KnownArticle(
        article_id=1,
        title="",
        summary="",
        text="",
        author=None,
        published_at=None,
        published_from=PublishedFrom.NONE,
    )
    article = Article(
        title="Peru " * 1000, author="Ana " * 1000, published_at=None, published_from=PublishedFrom.NONE,
        language=None, text="Text",
    )  # fmt: skip
    fields = merge_page(article, known)
    assert len(fields.title) <= MAX_TITLE
    assert fields.author is not None
    assert len(fields.author) <= MAX_AUTHOR
