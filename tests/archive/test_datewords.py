"""How a day is written, and which places in a text are that day."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator

import pytest
from babel.dates import format_date
from hypothesis import given
from hypothesis import strategies as st

from archive.datewords import accept, numbers, spellings
from archive.normalize import tokens
from archive.tree import Date

BOTH = ("en", "es")
JULY_19 = Date(7, 19)
LEAP_YEAR = [dt.date(2024, 1, 1) + dt.timedelta(days=number) for number in range(366)]


def places(date: Date, text: str, languages: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Yield what a matcher finds: every place where the words of a spelling or of the numbers stand."""
    cut = tokens(text)
    for written in (*spellings(date, languages), *numbers(date)):
        words = tokens(written).words
        for first in range(len(cut.words) - len(words) + 1):
            last = first + len(words) - 1
            if cut.words[first : last + 1] == words:
                yield cut.starts[first], cut.ends[last]


def found(
    text: str,
    date: Date = JULY_19,
    lang: str | None = "en",
    country: str | None = None,
    *,
    published: dt.date | None = None,
    languages: tuple[str, ...] = BOTH,
) -> set[str]:
    """Return what would be quoted."""
    spans = {
        accept(date, text, start, end, lang=lang, country=country, published=published)
        for start, end in places(date, text, languages)
    }
    return {text[span[0] : span[1]] for span in spans if span}


# What is written: what is quoted.
ENGLISH = {
    "They march on July 19 in Lima": "July 19",
    "on July 19th, they": "July 19th",
    "on Jul. 19 they": "Jul. 19",
    "Jul 19: strike": "Jul 19",
    "JULY 19 MARCH": "JULY 19",
    "on 19 July they": "19 July",
    "the 19th July": "19th July",
    "the 19th of July": "19th of July",
    "19 of July": "19 of July",
    "July the 19th": "July the 19th",
    "19 Jul": "19 Jul",
    "July 19, 2023": "July 19",
    "July 19,2023": "July 19",
    "July 19's march": "July 19",
    "July 19-21": "July 19",
    "the July 17-18 and July 19-Aug. 5 strikes": "July 19",
    "July\u00a019": "July\u00a019",
    "18-19 July": "19 July",
    "the post-July 19 mood": "July 19",
    "19-Jul-2023": "19-Jul",
    "3 Dead in July 19 Clash": "July 19",
    "Killed July 19. 30 were hurt": "July 19",
    "On 19 July 20 people died": "19 July",
}
NEVER_ENGLISH = [
    "July 1, 9 people",
    "July 190",
    "July 19,000 people",
    "29 July",
    "July 29",
    "July 19.5 percent",
    "July 19%",
    "July 19 % more",
    "In July 19 percent left",
    "July 19:30",
    "it ended in July. 19 people died",
    "in July, 19 people died",
    "they counted 19. July was cold",
    "sold for $19 July delivery",
    "COVID-19 July update",
    "In July 19-year-old Ana",
    "at 18.19 July",
    "July (19)",
    "July\n19",
    "seat 19 J",
    "The 19 Julys",
]
SPANISH = {
    "la marcha del 19 de julio en Lima": "19 de julio",
    "19 de julio de 2023": "19 de julio",
    "el 19 de Julio": "19 de Julio",
    "19 julio": "19 julio",
    "19 de jul": "19 de jul",
    "19 jul. 2023": "19 jul",
    "julio 19 de 2023": "julio 19",
    "18 y 19 de julio": "19 de julio",
    "la 19J": "19J",
    "#19J en Lima": "19J",
    "#19j": "19j",
    "paro 19j": "19j",
    "el 19-J": "19-J",
    "el 19–J": "19–J",
    "marchas 19J/20J": "19J",
    "del 12 de mayo-19 de julio": "19 de julio",
    "19-jul-2023": "19-jul",
    "#19_de_julio": "19_de_julio",
    "https://x.pe/la-marcha-del-19-de-julio": "19-de-julio",
}
NEVER_SPANISH = [
    "29 de julio",
    "julio. 19 personas",
    "julio, 19 personas",
    "el 19 J",
    "19. Julio dijo",
    "1 de julio 19 personas",
    "julio 19 mil",
    "julio 19,5",
    "US$19J",
    "ley A-19J",
    "norma 19-J-2",
    "mar 19",
]


@pytest.mark.parametrize(("text", "quoted"), ENGLISH.items(), ids=str)
def test_an_english_day_is_quoted_as_written(text: str, quoted: str) -> None:
    assert found(text) == {quoted}


@pytest.mark.parametrize(("text", "quoted"), SPANISH.items(), ids=str)
def test_a_spanish_day_is_quoted_as_written(text: str, quoted: str) -> None:
    assert found(text, lang="es") == {quoted}


@pytest.mark.parametrize("text", NEVER_ENGLISH)
def test_what_only_has_the_words_is_no_day_in_english(text: str) -> None:
    assert found(text) == set()


@pytest.mark.parametrize("text", NEVER_SPANISH)
def test_what_only_has_the_words_is_no_day_in_spanish(text: str) -> None:
    assert found(text, lang="es") == set()


# Lists and ranges. The month behind, or before.
ENGLISH_LISTS = {
    "on 19 and 20 July": "19 and 20 July",
    "on 18, 19 and 20 July": "19 and 20 July",
    "on 19, 20, and 21 July": "19, 20, and 21 July",
    "on 19, 20 July 2026": "19, 20 July",
    "the 19th and 20th of July": "19th and 20th of July",
    "from the 19th to the 21st of July": "19th to the 21st of July",
    "19–21 July": "19–21 July",
    "19 - 21 July": "19 - 21 July",
    "19/20 July": "19/20 July",
    "19 & 20 July": "19 & 20 July",
    "19 or 20 July": "19 or 20 July",
    "between 19 and 21 July": "19 and 21 July",
    "on Sunday 19 and Monday 20 July": "19 and Monday 20 July",
    "on July 18 and 19 they": "July 18 and 19",
    "on July 18-19 they": "July 18-19",
    "on July 17, 18 and 19 they": "July 17, 18 and 19",
    "on July 17, 18, and 19": "July 17, 18, and 19",
    "on July 18, 19 and 20": "July 18, 19",
    "July 18 through 19": "July 18 through 19",
    "July 18th and 19th": "July 18th and 19th",
    "Jul. 18 and 19": "Jul. 18 and 19",
    "JULY 18 & 19": "JULY 18 & 19",
    "July 5-7, 11-12 and 19": "July 5-7, 11-12 and 19",
    "on July 18 and 19. 20 people": "July 18 and 19",
    "on July 18 and 19, 20 people": "July 18 and 19",
    "19 July and 20 August": "19 July",
    "On 5 July, 19 and 20 July": "19 and 20 July",
}
SPANISH_LISTS = {
    "el 19 y 20 de julio": "19 y 20 de julio",
    "el 18, 19 y 20 de julio": "19 y 20 de julio",
    "del 19 al 21 de julio": "19 al 21 de julio",
    "19 al 21 de julio": "19 al 21 de julio",
    "entre el 19 y el 21 de julio": "19 y el 21 de julio",
    "desde el 19 hasta el 21 de julio": "19 hasta el 21 de julio",
    "el 19 o el 20 de julio": "19 o el 20 de julio",
    "19/20 de julio": "19/20 de julio",
    "19-21 de julio": "19-21 de julio",
    "19, 20 y 21 de julio de 2026": "19, 20 y 21 de julio",
    "el domingo 19 y el lunes 20 de julio": "19 y el lunes 20 de julio",
    "el sábado 18, domingo 19 y lunes 20 de julio": "19 y lunes 20 de julio",
    "19 y 20 jul. 2026": "19 y 20 jul",
    "julio 18 y 19": "julio 18 y 19",
    "#19_y_20_de_julio": "19_y_20_de_julio",
    "the 19 and 20 July marches": "19 and 20 July",
}
NO_ENGLISH_LISTS = [
    "15 to 25 July",
    "July 15-25",
    "19 people and 20 July",
    "in 19 and July 20",
    "19 and 2026 July",
    "$19 and 20 July",
    "$18-19 and then 20 July",
    "19 killed, 20 July",
    "at 18.19 July",
    "at 18.19 and 20 July",
    "at 18,19 July",
    "10:15-19 and 20 July",
    "2026-06-19 and 20 July",
    "COVID-19 and 20 July",
    "On July 18, 19 people died",
    "On July 18, 19, and then",
    "On July 17, 18 and 19 people died",
    "July 18 and 19%",
    "July 18 and 19.5",
    "July 18 to 19:30",
    "July 18 and 19 percent",
    "July 18-19-year-old",
    "July 12 and 19 August",
    "in July. 18 and 19",
    "On 17 July 18 and 19 people",
    "July 18\nand 19",
    "19 and\n20 July",
    "won 21-19, 20 July",
    "19 and 12 July",
    "19 to 3 July",
    "19 and 200 July",
    "119 and 20 July",
    "19 and 20 June",
    "19 and 20 Julys",
    "the 19th and 20th century",
    "No. 19, 20 July",
    "Week 19 - 20 July",
    "19 and 20 people in July",
    "July 19-day",
]
NO_SPANISH_LISTS = [
    "del 15 al 25 de julio",
    "19 personas y 20 de julio",
    "pagó S/ 19 y el 20 de julio",
    "19 y 20 de junio",
    "del 19 de junio al 21 de julio",
    "del 19 al 2 de julio",
    "julio 18 y 19 mil",
    "julio 18, 19 personas",
    "19 y medio, 20 de julio",
    "19,5 y 20 de julio",
]


@pytest.mark.parametrize(("text", "quoted"), ENGLISH_LISTS.items(), ids=str)
def test_a_day_of_an_english_list_is_quoted_with_its_month(text: str, quoted: str) -> None:
    assert found(text) == {quoted}


@pytest.mark.parametrize(("text", "quoted"), SPANISH_LISTS.items(), ids=str)
def test_a_day_of_a_spanish_list_is_quoted_with_its_month(text: str, quoted: str) -> None:
    assert found(text, lang="es") == {quoted}


@pytest.mark.parametrize("text", NO_ENGLISH_LISTS)
def test_what_only_looks_like_a_list_is_none_in_english(text: str) -> None:
    assert found(text) == set()


@pytest.mark.parametrize("text", NO_SPANISH_LISTS)
def test_what_only_looks_like_a_list_is_none_in_spanish(text: str) -> None:
    assert found(text, lang="es") == set()


OTHER_LISTS = [
    ("Portuguese", JULY_19, "pt", "dias 19 e 20 de julho", "19 e 20 de julho"),
    ("a Portuguese range", JULY_19, "pt", "de 19 a 21 de julho", "19 a 21 de julho"),
    ("French", JULY_19, "fr", "les 19 et 20 juillet", "19 et 20 juillet"),
    ("a French range", JULY_19, "fr", "du 19 au 21 juillet", "19 au 21 juillet"),
    ("a French first", Date(5, 1), "fr", "les 1er et 2 mai", "1er et 2 mai"),
    ("German", JULY_19, "de", "am 19. und 20. Juli", "19. und 20. Juli"),
    ("a German pair", JULY_19, "de", "am 19./20. Juli", "19./20. Juli"),
    ("Catalan", JULY_19, "ca", "els 19 i 20 de juliol", "19 i 20 de juliol"),
    ("no language", JULY_19, None, "19 and 20 jul", "19 and 20 jul"),
    ("a first", Date(5, 1), "es", "el 1.º y 2 de mayo", "1.º y 2 de mayo"),
    ("a first in words", Date(5, 1), "es", "el primero y el 2 de mayo", "primero y el 2 de mayo"),
    ("a first of October", Date(10, 1), "es", "el 1º y 2 de octubre", "1º y 2 de octubre"),
    ("a padded day", Date(5, 1), "es", "01 y 02 de mayo", "01 y 02 de mayo"),
    ("two days, and no date in numbers", Date(7, 7), "es", "el 7/8 de julio", "7/8 de julio"),
    ("the second of them", Date(7, 8), "en-GB", "July 7/8", "July 7/8"),
    ("the month, not the verb", Date(5, 19), "en", "on 19 and 20 May", "19 and 20 May"),
    ("an American number before", JULY_19, "en-US", "killed 12 July 18 and 19", "July 18 and 19"),
    ("a march and a date in numbers", JULY_19, "en-US", "the 7/19 March", "7/19"),
]
NO_OTHER_LISTS = [
    ("the verb", Date(5, 19), "en", "19 and 20 may have died"),
    ("the verb in a headline", Date(5, 19), "en", "At Least 19 and 20 May Have Died"),
    ("the other march", Date(3, 19), "en", "19 and 20 march on Congress"),
    ("the surname", Date(5, 19), "en", "On July 19 and 20 May said"),
    ("the surname behind a list", Date(5, 19), "en", "On July 18, 19 and 20 May said"),
    ("two days of July", Date(8, 7), "es", "el 7/8 de julio"),
    ("two days of July, month first", Date(8, 7), "en-GB", "July 7/8"),
    ("a march of another month", Date(5, 1), "es", "la marcha del 1O"),
    ("a planet", Date(3, 19), "en", "19 and 20 Mars rovers"),
    ("an American number behind", JULY_19, "en-US", "killed 19 and 20 July 21"),
]


@pytest.mark.parametrize(
    ("date", "lang", "text", "quoted"), [row[1:] for row in OTHER_LISTS], ids=[row[0] for row in OTHER_LISTS]
)
def test_other_lists_are_quoted_with_their_month(
    date: Date, lang: str | None, text: str, quoted: str
) -> None:
    languages = (*BOTH, lang) if lang else BOTH
    assert found(text, date, lang, languages=languages) == {quoted}


@pytest.mark.parametrize(
    ("date", "lang", "text"), [row[1:] for row in NO_OTHER_LISTS], ids=[row[0] for row in NO_OTHER_LISTS]
)
def test_what_looks_like_another_list_is_none(date: Date, lang: str, text: str) -> None:
    assert found(text, date, lang) == set()


def test_each_day_that_is_written_is_found_and_no_other() -> None:
    for text, days in (
        ("on 18, 19 and 21 July", {18, 19, 21}),
        ("on July 15-19, 21 and 23", {15, 19, 21, 23}),
        ("from the 15th to the 19th of July", {15, 19}),
        ("on 1, 2, 3, 4 and 5 July", {1, 2, 3, 4, 5}),
        ("on 1, 2, 3, 4, 5 and 6 July", {2, 3, 4, 5, 6}),
    ):
        assert {day for day in range(1, 32) if found(text, Date(7, day))} == days, text


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("19, " * 100_000, id="many numbers"),
        pytest.param("19, 20 " * 50_000 + "July", id="many days"),
        pytest.param("18 and 19 jul" * 50_000, id="many that are nearly a list"),
        pytest.param("july" * 10 + " 1 and 19" + " " * 100_000 + "July", id="a month far away"),
        pytest.param("19" + "_" * 100_000 + "20 July", id="a gap without end"),
    ],
)
def test_a_hostile_text_is_read_in_bounded_steps(text: str) -> None:
    cut = tokens(text)
    every = [at for at, word in enumerate(cut.words) if word == "19"]
    begun = time.perf_counter()
    for at in every:
        accept(JULY_19, text, cut.starts[at], cut.ends[at], lang="en", country=None, published=None)
    assert time.perf_counter() - begun < 10  # it takes half a second; what is quadratic takes hours


OTHER_DAYS = [
    ("a short name of another region", Date(9, 4), "Sept. 4", "en", "Sept. 4"),
    ("its American form", Date(9, 4), "Sep 4", "en", "Sep 4"),
    ("Peru's name of September", Date(9, 4), "4 de setiembre", "es", "4 de setiembre"),
    ("Spain's name of September", Date(9, 4), "4 de septiembre", "es", "4 de septiembre"),
    ("a short one", Date(9, 4), "4 set. 2023", "es", "4 set"),
    ("a padded day", Date(5, 1), "01 de mayo", "es", "01 de mayo"),
    ("a short name with its dot", Date(5, 1), "1 may. 2023", "es", "1 may"),
    ("a first", Date(5, 1), "1 de mayo", "es", "1 de mayo"),
    ("a first with its ending", Date(5, 1), "el 1º de mayo", "es", "1º de mayo"),
    ("a first with a dotted ending", Date(5, 1), "el 1.º de mayo", "es", "1.º de mayo"),
    ("a first in words", Date(5, 1), "Primero de Mayo", "es", "Primero de Mayo"),
    ("the 8M", Date(3, 8), "el 8M", "es", "8M"),
    ("a hashtag anywhere", Date(3, 8), "the #8M rally", "en", "8M"),
    ("the month, not the verb", Date(5, 19), "on May 19 people", "en", "May 19"),
    ("the month first", Date(5, 19), "may 19th", "en", "may 19th"),
    ("an of", Date(3, 19), "19th of march", "en", "19th of march"),
    ("a name that is short in Spanish", Date(5, 19), "19 may 2023", "es", "19 may"),
    ("American English, number before", JULY_19, "a gunman killed 12 July 19", "en-US", "July 19"),
    ("a Spanish day in an English text", JULY_19, 'the "19 de julio" march', "en", "19 de julio"),
    ("an English day in a Spanish text", JULY_19, "the July 19 movement", "es", "July 19"),
    ("a text of unknown language", JULY_19, "19 jul", None, "19 jul"),
]
NO_OTHER_DAYS = [
    ("the verb", Date(5, 19), "at least 19 may have died", "en"),
    ("the verb in a headline", Date(5, 19), "At Least 19 May Have Died", "en"),
    ("the other march", Date(3, 19), "19 march on Congress", "en"),
    ("the surname", Date(5, 19), "On July 19 May said", "en"),
    ("a number of people after a day", Date(7, 20), "On 19 July 20 people died", "en-GB"),
    ("a number of people before a day", Date(7, 12), "a gunman killed 12 July 19", "en-US"),
    ("a shape", Date(12, 3), "en 3D", "es"),
    ("a shape with a hyphen", Date(12, 3), "a big bet on 3-D", "en"),
    ("a phase", Date(8, 2), "la fase 2A", "es"),
    ("euros", Date(3, 2), "el 1,2M€ que", "es"),
    ("more euros", Date(3, 12), "unos 12M€", "es"),
    ("three-dimensional printing", Date(12, 3), "3D printing", "en"),
    ("millions", Date(3, 19), "19M users", "en"),
    ("soles", Date(3, 19), "S/19M para obras", "es"),
    ("metres", Date(3, 19), "un muro de 19m", "es"),
    ("a first alone", Date(10, 1), "el 1º en llegar", "es"),
    ("a tennis set", Date(9, 19), "they won 19 set points", "en"),
    ("years ago", Date(8, 19), "the 19 ago", "en"),
]


@pytest.mark.parametrize(
    ("date", "text", "lang", "quoted"), [row[1:] for row in OTHER_DAYS], ids=[row[0] for row in OTHER_DAYS]
)
def test_other_days_are_quoted_as_written(date: Date, text: str, lang: str | None, quoted: str) -> None:
    assert found(text, date, lang) == {quoted}


@pytest.mark.parametrize(
    ("date", "text", "lang"), [row[1:] for row in NO_OTHER_DAYS], ids=[row[0] for row in NO_OTHER_DAYS]
)
def test_what_looks_like_another_day_is_none(date: Date, text: str, lang: str) -> None:
    assert found(text, date, lang) == set()


GENERIC = [
    ("Portuguese", "pt-BR", "em 19 de julho de 2023", "19 de julho"),
    ("Portuguese, short", "pt-BR", "19 de jul. de 2023", "19 de jul"),
    ("French", "fr", "le 19 juillet", "19 juillet"),
    ("French, short", "fr", "le 19 juil. 2023", "19 juil"),
    ("German", "de", "am 19. Juli 2023", "19. Juli"),
    ("Catalan", "ca", "el 19 de juliol", "19 de juliol"),
    ("Russian", "ru", "19 июля 2023", "19 июля"),
]


@pytest.mark.parametrize(
    ("lang", "text", "quoted"), [row[1:] for row in GENERIC], ids=[row[0] for row in GENERIC]
)
def test_other_languages_are_babels(lang: str, text: str, quoted: str) -> None:
    assert found(text, lang=lang, languages=(*BOTH, lang)) == {quoted}


def test_a_french_first_has_its_ending() -> None:
    assert found("le 1er mai", Date(5, 1), "fr", languages=("fr",)) == {"1er mai"}


def test_a_french_month_is_a_planet_in_an_english_text() -> None:
    assert found("19 Mars rovers", Date(3, 19), "en", languages=("en", "fr")) == set()
    assert found("le 19 mars", Date(3, 19), "fr", languages=("en", "fr")) == {"19 mars"}


def test_marches_are_named_so_only_where_spanish_is_watched() -> None:
    assert "19J" not in spellings(JULY_19, ("en",))
    assert "19J" in spellings(JULY_19, ("es-PE",))


# lang, country, what is found
NUMERIC = [
    (
        "7/19 is American",
        "7/19",
        JULY_19,
        [("en", "US"), ("en-US", None), ("en", "CA"), ("en", None), ("es", "PR"), (None, None)],
    ),
    (
        "19/07 is British and Spanish",
        "19/07",
        JULY_19,
        [
            ("en", "GB"),
            ("en-GB", "US"),
            ("en", "ZA"),
            ("en", "AU"),
            ("en", "UK"),
            ("es", None),
            ("es", "PE"),
            ("es", "US"),
            ("es", "LATAM"),
            ("fr", "CA"),
            ("en", None),
            ("en", "INT"),
            (None, None),
        ],
    ),
    ("7/5 is May in Spanish", "7/5", Date(5, 7), [("es", None), ("en", "IN")]),
    ("7/5 is July in English", "7/5", Date(7, 5), [("en", None), ("en", "US")]),
]
NO_NUMERIC = [
    (
        "7/19 is none in Spanish",
        "7/19",
        JULY_19,
        [("es", None), ("en", "GB"), ("en-GB", "US"), ("pt-BR", None)],
    ),
    ("19/07 is none in American English", "19/07", JULY_19, [("en", "US"), ("en-US", "GB"), ("es", "PR")]),
    ("7/5 is no May in English", "7/5", Date(5, 7), [("en", None), ("en", "US"), (None, None)]),
    ("7/5 is no July in Spanish", "7/5", Date(7, 5), [("es", None), (None, None)]),
]


@pytest.mark.parametrize(
    ("text", "date", "readers"), [row[1:] for row in NUMERIC], ids=[row[0] for row in NUMERIC]
)
def test_numbers_are_read_as_the_article_writes_them(
    text: str, date: Date, readers: list[tuple[str | None, str | None]]
) -> None:
    for lang, country in readers:
        assert found(f"on {text}, they", date, lang, country) == {text}, (lang, country)


@pytest.mark.parametrize(
    ("text", "date", "readers"), [row[1:] for row in NO_NUMERIC], ids=[row[0] for row in NO_NUMERIC]
)
def test_numbers_are_not_read_the_other_way_round(
    text: str, date: Date, readers: list[tuple[str | None, str | None]]
) -> None:
    for lang, country in readers:
        assert found(f"on {text}, they", date, lang, country) == set(), (lang, country)


WHOLE = [
    ("es", "el 19-7-2023.", "19-7-2023"),
    ("es", "el 19.07.2023.", "19.07.2023"),
    ("es", "el 19/7/2023,", "19/7/2023"),
    ("es", "el 19/07/23", "19/07/23"),
    ("es", "(19/07/2023 10:30)", "19/07/2023"),
    ("es", "18/07-19/07", "19/07"),
    ("en-US", "on 7/19/2023", "7/19/2023"),
    ("en-US", "on 7/19/23", "7/19/23"),
    ("en-US", "7/19-7/21", "7/19"),
    ("en", "on 2023-07-19.", "2023-07-19"),
    ("es", "2023/07/19", "2023/07/19"),
    (None, "2023-07-19/2023-07-20", "2023-07-19"),
    ("es", "https://x.pe/2023/07/19/123-titulo", "2023/07/19"),
    ("es", "https://x.pe/noticias/2023-07-19-titulo", "2023-07-19"),
]
NO_NUMBERS = [
    ("es", "24/7/19"),
    ("en-US", "24/7/19"),
    ("es", "1/7/19"),
    ("en-US", "1/7/19"),
    ("en-US", "7/19/1"),
    ("en-US", "7/190"),
    ("en-US", "17/19"),
    ("en-US", "7/19%"),
    ("en-US", "7/19.5"),
    ("en-US", "7/19/titulo"),
    ("en-US", "x.pe/7/19"),
    ("en-US", "$7/19"),
    ("es", "19-7"),
    ("es", "19.7"),
    ("es", "19.07"),
    ("es", "19 / 7 / 2023"),
    ("es", "7 19"),
    ("es", "covid-19/07"),
    ("es", "1.19/07"),
    ("es", "19/07/2023/4"),
    ("es", "19.7.2023.4"),
    ("es", "19/7.2023"),
    ("es", "19-07-23"),
    ("es", "2023-07-19-20"),
    ("es", "12023-07-19"),
    ("es", "07/19/2023"),
    ("es", "2023-19-07"),
    ("es", "７/19"),
]


@pytest.mark.parametrize(("lang", "text", "quoted"), WHOLE)
def test_a_numeric_date_is_quoted_whole(lang: str | None, text: str, quoted: str) -> None:
    assert found(text, lang=lang) == {quoted}


@pytest.mark.parametrize(("lang", "text"), NO_NUMBERS)
def test_other_numbers_are_no_date(lang: str, text: str) -> None:
    assert found(text, lang=lang) == set()


@pytest.mark.parametrize(
    ("date", "text", "lang"),
    [
        pytest.param(Date(7, 24), "abierto 24/7", "es", id="always open"),
        pytest.param(Date(11, 9), "the 9/11 attacks", "en-GB", id="the attacks"),
        pytest.param(Date(2, 1), "1/2 kilo", "es", id="a half"),
        pytest.param(Date(2, 3), "2/3 of all", "en-US", id="two thirds"),
    ],
)
def test_some_numbers_are_no_date_although_they_could_be(date: Date, text: str, lang: str) -> None:
    assert found(text, date, lang) == set()


OF_2026 = Date(7, 19, 2026)
YEARS = [
    "July 19, 2026", "July 19 2026", "July 19 (2026)", "July 19th of 2026", "July 19-21, 2026", "July 19 and 20, 2026",
    "July 19 to August 5, 2026", "19 July 2026", "19 July, 2026", "19 Jul. 2026", "19 July '26", "In 2026, July 19 was",
    "19 de julio de 2026", "19 de julio del 2026", "19 de julio del año 2026", "19 de julio, 2026", "19 de julio al 5 de agosto de 2026",
    "19 and 20 July 2026", "18, 19 and 20 July 2026", "19-21 July, 2026", "July 18 and 19, 2026", "July 17, 18 and 19 (2026)",
    "July 19, 20 and 21, 2026", "July 18, 19 and 20, 2026", "19 y 20 de julio de 2026", "del 19 al 21 de julio del 2026", "In 2026, 19 and 20 July",
    "julio 19 de 2026", "19-jul-2026", "19J 2026", "19-J de 2026", "19/07/2026", "19-7-2026", "19.07.2026", "19/7/26", "2026-07-19", "2026/07/19",
]  # fmt: skip


@pytest.mark.parametrize("text", YEARS)
def test_a_year_beside_the_day_must_be_the_asked_one(text: str) -> None:
    far = dt.date(1999, 1, 1)
    lang = "es" if "/" in text else "en"
    other = text.replace("2026", "2025").replace("26", "25")
    assert found(text, OF_2026, lang, published=far), "the year decides, not when it was published"
    assert found(other, OF_2026, lang, published=dt.date(2026, 7, 19)) == set()
    assert found(other, JULY_19, lang), "a day without a year is of any"


@pytest.mark.parametrize(
    "text",
    [
        *("July 19", "19 de julio", "19J", "19/07", "on July 19. 2000 people", "July 19, 300 people"),
        *("19 and 20 July", "July 18 and 19", "on 19 and 20 July. 2000 people"),
    ],
)
def test_a_day_without_its_year_is_of_the_year_that_is_nearest(text: str) -> None:
    near, far = dt.date(2026, 1, 17), dt.date(2026, 1, 16)
    assert found(text, OF_2026, published=near)
    assert found(text, OF_2026, published=far) == set()
    assert found(text, OF_2026, published=None) == set()
    assert found(text, JULY_19, published=None)


def test_two_digits_are_a_year_of_1970_to_2069() -> None:
    assert found("19/07/69", Date(7, 19, 2069), "es")
    assert found("19/07/70", Date(7, 19, 1970), "es")


def test_a_day_that_its_year_does_not_have_is_nowhere() -> None:
    assert found("February 29", Date(2, 29, 2026), published=dt.date(2026, 3, 1)) == set()


def test_no_two_spellings_have_the_same_words_and_the_order_stays() -> None:
    for day in LEAP_YEAR:
        date = Date(day.month, day.day)
        written = spellings(date, BOTH)
        assert len({tuple(tokens(text).words) for text in written}) == len(written)
        assert spellings(Date(day.month, day.day, 2024), list(BOTH)) == written
    assert spellings(JULY_19, ("en",))[:3] == ("July 19", "July 19th", "19 July")


def test_numbers_are_both_orders_padded_and_not() -> None:
    assert numeric(JULY_19) == ["7/19", "07/19", "19/7", "19/07"]
    assert numeric(Date(12, 25)) == ["12/25", "25/12"]
    assert set(numeric(Date(7, 5))) == {"7/5", "7/05", "07/5", "07/05", "5/7", "5/07", "05/7", "05/07"}
    assert len(numeric(Date(7, 7))) == 4


def numeric(date: Date) -> list[str]:
    return [text for text in numbers(date) if "/" in text]


def test_the_number_of_a_day_alone_is_looked_for_as_lists_have_it() -> None:
    alone = {day: set(numbers(Date(7, day))) - set(numeric(Date(7, day))) for day in (1, 2, 19)}
    assert alone[19] == {"19, …", "19th, …"}
    assert alone[2] == {"2, …", "02, …", "2nd, …"}
    assert alone[1] == {"1, …", "01, …", "1st, …", "1º, …", "1er, …", "1r, …", "primero, …"}
    for day in range(1, 32):
        words = [tokens(text).words for text in numbers(Date(7, day)) if "/" not in text]
        assert all(len(found) == 1 for found in words)
        assert len({found[0] for found in words}) == len(words)


@pytest.mark.parametrize("locale", ["en", "en_GB", "es", "es_PE", "es_MX"])
@pytest.mark.parametrize("form", ["long", "medium", "short"])
def test_every_day_that_babel_writes_is_found(locale: str, form: str) -> None:
    """Seen with what the article would say of itself: its language and country."""
    lang, _, country = locale.partition("_")
    country = country or {"en": "US", "es": "ES"}[lang]
    for day in LEAP_YEAR:
        text = format_date(day, format=form, locale=f"{lang}_{country}")
        quoted = found(f"x {text} x", Date(day.month, day.day, 2024), lang, country)
        assert quoted, text
        assert all(part in text for part in quoted)


ODD = st.one_of(
    st.none(),
    st.text(max_size=12),
    st.sampled_from(["en-", "-US", "en_US_POSIX", "zh-Hans-CN", "es-419", "x" * 500, "en\nes"]),
)


PIECES = [
    *("19", "20", "18", "19th", "1", "05", "2026", ",", "-", "/", "–", ".", "\n", "_", "$", "%", "½"),
    *(
        "and",
        "y",
        "al",
        "to",
        "the",
        "el",
        "de",
        "of",
        "July",
        "julio",
        "Jul.",
        "jul",
        "may",
        "Ju\u0301ly",
        "\u00ad",
    ),
]


@given(
    st.lists(
        st.sampled_from(PIECES),
        max_size=14,
    ),
    st.sampled_from([" ", "", "\u00a0"]),
    ODD,
    st.sampled_from([None, 2026]),
)
def test_a_list_is_quoted_from_a_word_to_a_word(
    words: list[str], gap: str, lang: str | None, year: int | None
) -> None:
    text = gap.join(words)
    cut = tokens(text)
    for start, end in places(Date(7, 19, year), text, BOTH):
        span = accept(
            Date(7, 19, year), text, start, end, lang=lang, country=None, published=dt.date(2026, 7, 1)
        )
        if span is not None:
            assert span[0] <= start < end <= span[1]
            assert span[0] in cut.starts
            assert any(first < span[1] <= last for first, last in zip(cut.starts, cut.ends, strict=True))
            assert "\n" not in text[span[0] : span[1]]


@given(
    st.text(st.sampled_from("7190 /-.,:JjulioyJuly deº'\n%$á\u0301\u00ad²"), max_size=24),
    ODD,
    ODD,
    st.sampled_from([None, 2023]),
)
def test_whatever_stands_there_is_a_day_or_none(
    text: str, lang: str | None, country: str | None, year: int | None
) -> None:
    date = Date(7, 19, year)
    for start, end in places(date, text, BOTH):
        span = accept(date, text, start, end, lang=lang, country=country, published=dt.date(2023, 7, 1))
        assert span is None or (0 <= span[0] <= start < end <= span[1] <= len(text))
