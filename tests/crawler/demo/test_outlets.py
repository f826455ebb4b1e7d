"""The content of the demo: every article is whole, its expectations are true, no hard case is missing."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime
from itertools import pairwise

import pytest

from crawler.demo.content import END, LIMA, START, TOPICS, Article, load

OUTLETS = load()
ALL = {article.slug: article.as_of(END) for outlet in OUTLETS for article in outlet.articles}
AWARE = [pytest.param(article, id=article.slug) for article in ALL.values()]

# What a careful reader would look for, written down again without any code of the project: plain forms, and
# only those that stand in the demo. It is a check on the YAML, not on the matcher.
FORMS = {
    "peru": re.compile(r"\b(?:per[uú](?!, I(?:ndiana|llinois)\b)|peruvians?|peruan[oa]s?)\b", re.IGNORECASE),
    "boluarte": re.compile(r"\bBo(?:lu|ul)arte\b"),
    "us-troops": re.compile(
        r"(?<![\w.])U\.?S\.? (?:[Tt]roops|[Ss]oldiers)\b|\bAmerican (?:troops|soldiers)\b"
        r"|\btropas de EE\. ?UU\.|\btropas estadounidenses\b|\bmilitares de Estados Unidos\b"
    ),
    "lithium": re.compile(r"\b(?:lithium|litio)\b", re.IGNORECASE),
    "july-19": re.compile(r"\bJuly 19\b|\bJul\. 19th\b|\b19 de julio\b|\b19-?J\b|\b2026-07-19\b"),
}

# Text that must stand in an article, letter for letter: a well-meant correction would take the case away.
VERBATIM = {
    "decree-and-training-mission": ("Boularte", "U.S Troops", "Peru\u2019s"),
    "comision-recibe-informe-sobre-ingreso-de-tropas": ("tropas de EE. UU.",),
    "alcaldes-piden-informe-por-tropas": ("tropas de EE.UU.", "tropas estadounidenses"),
    "preguntas-y-respuestas-sobre-los-instructores": (
        "militares de Estados Unidos",
        "tropas estadounidenses",
    ),
    "19-j-calles-cerradas-y-desvios": ("19-J", "19J"),
    "dispatch-a-plaza-at-noon": ("Jul. 19th",),
    "callao-notice-to-shipping": ("2026-07-19",),
    "lima-braces-for-july-19-marches": ("July 19",),
    "gremios-detallan-recorrido-de-las-marchas": ("19 de julio",),
}

# Text that comes close to a topic, in articles that match none.
NEAR_MISSES = {
    "from-perugia-to-the-caribbean-coast": ("Perugia", "Perugian"),
    "rail-depot-in-peru-indiana": ("Peru, Indiana", "Peru, Illinois"),
    "el-baluarte-del-rey-reabre-al-publico": ("baluarte", "baluartes", "29 de julio"),
    "la-helada-deja-escuelas-con-horario-de-invierno": ("29 de julio",),
    "scouts-gather-in-cartagena": ("tell us troops were late", "previous troops"),
    "french-troops-return-to-the-maroni": ("French troops", "soldiers"),
    "us-official-urges-faster-inspections": ("US official",),
    "nine-hurt-and-a-bus-inspection-in-oruro": ("July 1, 9 people hurt", "July 190"),
}


def feed_text(article: Article) -> str:
    """What the feed tells of it."""
    return article.summary if article.untitled else f"{article.title}\n{article.summary}"


def full_text(article: Article) -> str:
    """Title, summary and page."""
    return "\n".join((article.title, article.summary, *article.text))


def plain_reading(text: str) -> set[str]:
    """The topics whose forms stand in a text."""
    return {topic for topic, form in FORMS.items() if form.search(text)}


def sentences(article: Article) -> list[str]:
    return [one for text in article.text for one in re.split(r"(?<=[.»])\s+(?=[A-ZÁÉÍÓÚ«])", text)]


def test_there_are_four_outlets_with_a_feed_format_and_a_source_of_dates_each() -> None:
    assert len(OUTLETS) == 4
    assert Counter(outlet.feed_format for outlet in OUTLETS) == {"rss": 2, "atom": 1, "json": 1}
    assert {outlet.dated_by for outlet in OUTLETS} == {"json-ld", "opengraph", "time", "url"}
    assert Counter(outlet.language for outlet in OUTLETS) == {"es": 2, "en": 2}


def test_the_day_holds_enough_articles_a_third_of_them_before_midnight() -> None:
    midnight = datetime(2026, 7, 19, tzinfo=LIMA)
    before = sum(article.appears < midnight for article in ALL.values())
    early = sum(midnight <= a.appears < midnight.replace(hour=7) for a in ALL.values())
    assert len(ALL) == sum(len(outlet.articles) for outlet in OUTLETS) >= 34
    assert 0.28 <= before / len(ALL) <= 0.40
    assert early >= 5
    assert all(article.appears <= END for article in ALL.values())
    assert all(outlet.by(START) for outlet in OUTLETS), "every feed has entries at the first poll"


@pytest.mark.parametrize("article", AWARE)
def test_every_article_is_complete(article: Article) -> None:
    words = sum(len(paragraph.split()) for paragraph in article.text)
    assert article.title
    assert article.summary
    assert article.author
    assert article.path.startswith("/")
    if article.no_link:
        assert not article.text, "nobody could ever find the page"
    else:
        assert 120 <= words <= 350
        assert 4 <= len(article.text) <= 8
    for paragraph in (article.title, article.summary, *article.text):
        assert paragraph == " ".join(paragraph.split())


@pytest.mark.parametrize("article", AWARE)
def test_what_is_expected_of_an_article_is_what_a_plain_reading_finds(article: Article) -> None:
    assert plain_reading(full_text(article)) == article.expect
    assert plain_reading(feed_text(article)) == article.expect_feed


@pytest.mark.parametrize("topic", sorted(TOPICS))
def test_every_topic_has_hits_in_both_languages_and_in_feeds_alone(topic: str) -> None:
    found = Counter(article.language for article in ALL.values() if topic in article.expect)
    assert found["es"] >= 3
    assert found["en"] >= 3
    assert sum(topic in article.expect_feed for article in ALL.values()) >= 5


def test_some_articles_match_nothing_at_all() -> None:
    assert sum(not article.expect for article in ALL.values()) >= 10


@pytest.mark.parametrize(("slug", "phrases"), VERBATIM.items())
def test_a_hard_spelling_is_still_there(slug: str, phrases: tuple[str, ...]) -> None:
    assert [phrase for phrase in phrases if phrase not in full_text(ALL[slug])] == []


@pytest.mark.parametrize(("slug", "phrases"), NEAR_MISSES.items())
def test_a_near_miss_is_still_there_and_expects_nothing(slug: str, phrases: tuple[str, ...]) -> None:
    assert [phrase for phrase in phrases if phrase not in full_text(ALL[slug])] == []
    assert ALL[slug].expect == frozenset()


@pytest.mark.parametrize(
    ("slug", "form"),
    [
        ("19-j-calles-cerradas-y-desvios", r"19-?J"),
        ("dispatch-a-plaza-at-noon", r"Jul\. 19th"),
        ("callao-notice-to-shipping", r"2026-07-19"),
    ],
)
def test_a_rare_form_of_the_date_is_the_only_one_in_its_article(slug: str, form: str) -> None:
    assert plain_reading(re.sub(form, "…", full_text(ALL[slug]))).isdisjoint({"july-19"})


def test_lithium_stands_in_the_body_only_in_both_languages() -> None:
    found = [a for a in ALL.values() if "lithium" in a.expect - a.expect_feed and a.readable]
    assert {article.language for article in found} == {"es", "en"}


def test_the_agency_story_runs_in_three_outlets_once_shortened() -> None:
    whole = ALL["delegaciones-del-sur-llegan-a-lima"]
    copy = ALL["delegaciones-de-puno-y-del-sur-llegan-a-lima"]
    short = ALL["servicio-delegaciones-del-sur"]
    assert {a.author for a in (whole, copy, short)} == {"Agencia Tres Nudos"}
    assert {a.language for a in (whole, copy, short)} == {"es"}
    assert len({a.outlet for a in (whole, copy, short)}) == 3
    assert len(set(sentences(whole)) - set(sentences(copy))) == 2
    assert set(sentences(short)) < set(sentences(whole))
    assert 0.55 <= len(sentences(short)) / len(sentences(whole)) <= 0.65
    assert all(earlier.appears < later.appears for earlier, later in pairwise((whole, copy, short)))


def test_an_article_in_another_language_than_its_outlet_says_so() -> None:
    home = {outlet.id: outlet.language for outlet in OUTLETS}
    foreign = [article.slug for article in ALL.values() if article.language != home[article.outlet]]
    assert foreign == ["servicio-delegaciones-del-sur"]


def test_the_odd_entries_are_all_there() -> None:
    every = ALL.values()
    assert [a.slug for a in every if a.no_link and a.expect]
    assert [a.slug for a in every if a.untitled]
    assert [a.slug for a in every if a.relative_link]
    assert [a.slug for a in every if a.published is None and a.feed_date is None]
    assert [a.slug for a in every if a.published is not None and a.feed_date is None]
    assert [a.slug for a in every if a.redirect and a.redirect != a.path]
    assert [a.slug for a in every if "utm_source=" in a.link_query]
    assert [a.slug for a in every if a.status == 403 and a.topics]
    assert [a.slug for a in every if not a.robots_allow and a.path.startswith("/privado/") and a.topics]
    assert {a.broken for a in every} == {"", "ampersand", "unclosed-tag"}


def test_what_a_polite_robot_cannot_read_is_expected_from_the_feed_alone() -> None:
    hidden = [article for article in ALL.values() if not article.readable]
    assert len(hidden) == 3
    assert all(article.topics == article.expect_feed for article in hidden)
    assert [a.slug for a in hidden if a.expect != a.expect_feed], "one of them loses a topic by it"


def test_an_edit_counts_from_its_minute_on_and_gains_a_topic() -> None:
    (raw,) = [a for o in OUTLETS for a in o.articles if a.slug == "columnas-avanzan-hacia-la-plaza"]
    (edit,) = raw.edits
    before, after = raw.as_of(edit.at.replace(minute=0, hour=9)), raw.as_of(edit.at)
    assert edit.at == datetime(2026, 7, 19, 10, 0, tzinfo=LIMA)
    assert (before.guid, before.url) == (after.guid, after.url)
    assert plain_reading(full_text(before)) == set()
    assert plain_reading(feed_text(after)) == {"boluarte"}


def test_a_feed_holds_the_newest_and_no_more() -> None:
    outlet = OUTLETS[0]
    offered = outlet.offered(END, size=3)
    assert [a.slug for a in offered] == [a.slug for a in outlet.by(END)][:3]
    assert offered[0].appears > offered[1].appears > offered[2].appears
