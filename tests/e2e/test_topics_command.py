"""``presswatch topics`` and ``check`` through the installed program, over topics that use all of the language."""

from __future__ import annotations

import textwrap
from contextlib import closing
from pathlib import Path

import pytest

from archive import due, schema
from archive.connect import open_writer
from archive.reach import admit_new
from crawler.clock import system
from crawler.config import load
from crawler.watchlist import compile_config
from tests.conftest import presswatch
from tests.e2e.world import write_config

KEYWORDS = """\
    topics:
      peru:
        title: Peru
        terms: {en: [Peru], es: [peruan*]}
        exclude: ["Peru, Indiana"]
        examples:
          match: [Congresistas peruanas]
          no_match: ["A fair in Peru, Indiana"]
      troops:
        terms: [US troops, tropas de EE.UU., ONU, 'soldado+', 'zzyzx+']
        query: (US OR "Estados Unidos") NEAR/6 militar* AND cs("Peru") AND exact("año")
        require: "@peru OR title:Lima"
        examples:
          match: [Los soldados llegan al Perú, "Lima: US troops land"]
          no_match: [US troops land, "They tell us troops were late in Peru"]
      boluarte:
        terms: [Boluarte~]
        examples: {match: [Boularte calla], no_match: [Un baluarte]}
      july-19:
        dates: [07-19, 2026-07-20]
        examples: {match: [La marcha del 19 de julio], no_match: [29 de julio]}
    """
ARTICLES = (
    ("Marchas peruanas", "Los peruanos y la peruana. Boluarte y Bolarte; un baluarte."),
    ("Peruanos en la calle", "Un soldado, dos soldados y la Perugia de siempre. BOLUARTE."),
    (
        "Militares",
        "La militarización " + " ".join(f"militara{letter}" for letter in "abcdefghijklmnopqrstuvw"),
    ),
)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with topics, and an archive of three articles."""
    folder = tmp_path_factory.mktemp("topics")
    source = {"id": "a", "name": "A", "endpoints": [{"feed": "http://a.example/"}]}
    config = write_config(folder, [source])
    (config / "keywords.yaml").write_text(textwrap.dedent(KEYWORDS), "utf-8")
    read = load(config)
    with closing(open_writer(folder / "data" / "archive.db")) as conn:
        schema.migrate(conn)
        due.sync(conn, read.sources, compile_config(read), system())
        conn.executemany(
            """insert into articles (key, source_id, title, published_from, first_seen_at, text, content)
            values (?1, 'a', ?1, 'none', '2026-07-19T00:00:00+00:00', ?2, 'full')""",
            ARTICLES,
        )
        admit_new(conn)
    return config


def term(topic: dict, text: str) -> dict:
    (found,) = (term for term in topic["terms"] if term["text"] == text)
    return found


def reached(topic: dict, text: str) -> dict[str, int]:
    return {one["word"]: one["articles"] for one in term(topic, text)["reaches"]}


def test_topics_tells_of_each_topic_all_that_it_looks_for(config: Path) -> None:
    peru, troops, boluarte, july = presswatch("topics", "--json", config=config).json
    assert (peru["id"], peru["title"], len(peru["version"])) == ("peru", "Peru", 12)
    assert (peru["canonical"], peru["exclude"]) == ("Peru OR peruan*", ['"Peru, Indiana"'])
    assert (troops["require"], troops["topics"]) == (["@peru OR title:Lima"], ["peru"])
    assert term(troops, '"US troops"')["variants"] == ["US troops", "U.S. troops", "U. S. troops"]
    assert term(troops, '"US troops"')["rules"] == ['US must stand in capitals: "us" is an ordinary word']
    assert term(troops, "ONU")["rules"] == ['capitals do not matter in ONU: "onu" is no ordinary word']
    assert "tropas de EE. UU." in term(troops, '"tropas de EE.UU."')["variants"]
    assert term(troops, "soldado+")["variants"] == ["soldado", "soldados"]
    assert term(troops, "zzyzx+")["rules"] == ["no dictionary knows another form of zzyzx"]
    assert term(troops, 'cs("Peru")')["rules"] == ["capitals as written"]
    assert term(troops, 'exact("año")')["rules"] == ["accents as written"]
    assert term(troops, "Lima")["part"] == "require"
    assert term(boluarte, "Boluarte~")["never"] == ["baluarte"]
    day = term(july, "date(07-19)")["languages"]
    assert ("July 19" in day["en"], "19 de julio" in day["es"], "19/7" in day["numbers"]) == (True,) * 3
    assert set(day["en"]) | set(day["es"]) <= set(term(july, "date(07-19)")["variants"])
    assert day["numbers"][-1] == "YYYY-07-19"
    assert term(july, "date(2026-07-20)")["languages"]["numbers"][-1] == "2026-07-20"
    assert not [text for text in term(july, "date(07-19)")["variants"] if "…" in text]
    listed = 'also as one day of a list, and as an end of a range: "18 and 19 July", "July 18-19"'
    assert listed in term(july, "date(07-19)")["rules"]


def test_topics_counts_the_words_of_the_archive_that_a_sign_reaches(config: Path) -> None:
    peru, troops, boluarte, _ = presswatch("topics", "--json", config=config).json
    assert reached(peru, "peruan*") == {"peruanos": 2, "peruana": 1, "peruanas": 1}
    assert reached(boluarte, "Boluarte~") == {"boluarte": 2, "bolarte": 1}  # never baluarte
    assert reached(troops, "soldado+") == {"soldado": 1, "soldados": 1}
    assert len(reached(troops, "militar*")) == 20
    assert term(troops, "militar*")["more"] == 25 - 20
    assert reached(troops, '"US troops"') == {}


def test_topics_prints_for_people_who_have_80_columns(config: Path) -> None:
    everything = presswatch("topics", config=config).out
    assert [line for line in everything.splitlines() if len(line) > 80] == []
    out = presswatch("topics", "boluarte", config=config).out
    assert out.startswith("boluarte (version ")
    assert "\n  looks for    Boluarte~\n" in out
    assert "\n    never        baluarte (words that dictionaries know)\n" in out
    assert "\n    reaches      boluarte 2, bolarte 1 (articles of the archive)\n" in out
    assert "july" not in out
    troops = presswatch("topics", "troops", config=config).out
    assert '\n  capitals     cs("Peru") (capitals as written)\n' in troops
    assert '\n  accents      exact("año") (accents as written)\n' in troops
    assert "+5 more" in presswatch("topics", "troops", config=config).out


def test_topics_needs_no_archive(config: Path, tmp_path: Path) -> None:
    fresh = tmp_path / "config"
    fresh.mkdir()
    for file in config.glob("*.yaml"):
        text = file.read_text("utf-8").replace(str(config.parent), str(tmp_path))
        (fresh / file.name).write_text(text, "utf-8")
    done = presswatch("topics", "peru", config=fresh)
    assert "any ending of peruan" in done.out
    assert "articles" not in done.out
    assert not (tmp_path / "data").exists()


def test_a_topic_that_is_not_there_is_an_answer_with_a_hint(config: Path) -> None:
    done = presswatch("topics", "bolurte", config=config, code=1)
    assert done.err == 'there is no topic bolurte in keywords.yaml (did you mean "boluarte"?)\n'
    done = presswatch("topics", "xyz", "--json", config=config, code=1)
    assert "there are: peru, troops, boluarte, july-19" in done.err
    assert done.out == ""


def test_check_tries_examples_with_references_requirements_and_what_dictionaries_know(config: Path) -> None:
    assert presswatch("check", "--json", config=config).json == []


WRONG = """\
    topics:
      peru:
        terms: [Peru]
        exclude: ["Peru, Indiana"]
        examples:
          match:
            - A fair in Peru, Indiana
            - Lima
          no_match:
            - Perú votes
      troops:
        terms: [troops]
        require: "@peru"
        examples: {match: [The troops left]}
      broken: {query: x y}
    """


def test_check_says_why_an_example_fails_also_beside_other_mistakes(config: Path, tmp_path: Path) -> None:
    bad = tmp_path / "config"
    bad.mkdir()
    for file in config.glob("*.yaml"):
        (bad / file.name).write_bytes(file.read_bytes())
    (bad / "keywords.yaml").write_text(textwrap.dedent(WRONG), "utf-8")
    (bad / "sources.yaml").write_text("sources: x\n", "utf-8")
    found = presswatch("check", "--json", config=bad, code=1).json
    assert [(one["file"], one["line"], one["column"], one["path"]) for one in found] == [
        ("keywords.yaml", 7, 11, "topics.peru.examples.match[0]"),
        ("keywords.yaml", 8, 11, "topics.peru.examples.match[1]"),
        ("keywords.yaml", 10, 11, "topics.peru.examples.no_match[0]"),
        ("keywords.yaml", 14, 24, "topics.troops.examples.match[0]"),
        ("keywords.yaml", 15, 21, "topics.broken.query"),
        ("sources.yaml", 1, 10, "sources"),
    ]
    assert [one["message"] for one in found[:4]] == [
        "the topic peru does not find this: a phrase under exclude hides what it would find",
        "the topic peru does not find this",
        'the topic peru finds this, and should not: it found "Perú" (Peru)',
        "the topic troops does not find this: what require asks for is not in it",
    ]
