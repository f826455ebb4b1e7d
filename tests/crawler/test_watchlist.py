"""The watch list asks dictionaries for what is not known, and for nothing else."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from archive import due, schema
from archive.connect import open_writer
from archive.errors import PresswatchError
from archive.facts import Facts, Wanted
from archive.match import Matcher
from archive.normalize import fold
from archive.topic import LANGUAGES
from crawler import watchlist
from crawler.clock import system
from crawler.config import Config, load
from crawler.watchlist import compile_config, missing, stored_facts
from tests.crawler.test_config import write

KEYWORDS = """\
    topics:
      troops: {terms: [US troops, soldado+]}
      boluarte: {terms: [Boluarte~], require: "@troops OR ONU"}
    """


@pytest.fixture
def config(tmp_path: Path) -> Config:
    settings = f"data_dir: {tmp_path / 'data'}\nlanguages: [en, es]\n"
    return load(write(tmp_path, keywords=KEYWORDS, settings=settings), {})


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Wanted]:
    """What is asked of dictionaries that know *us*, *baluarte* and *soldados*."""
    questions: list[Wanted] = []

    def look_up(wanted: Wanted, languages: Sequence[str]) -> Facts:
        assert tuple(languages) == ("en", "es")
        if wanted:
            questions.append(wanted)
        return Facts(
            ordinary=wanted.capitals & {"us"},
            proper=wanted.capitals - {"us"},
            near={word: frozenset({"baluarte"}) for word in wanted.slips},
            forms={fold(word): frozenset({"soldado", "soldados"}) for word in wanted.forms},
        )

    monkeypatch.setattr(watchlist, "look_up", look_up)
    return questions


ALL = Wanted(capitals=frozenset({"us", "onu"}), slips=frozenset({"boluarte"}), forms=frozenset({"soldado"}))


def test_the_topics_match_with_what_the_dictionaries_say(config: Config, asked: list[Wanted]) -> None:
    matcher = Matcher(compile_config(config))
    assert asked == [ALL]
    assert matcher.match({"title": "Us soldados"}).keys() == {"troops"}
    assert matcher.match({"title": "they tell us troops"}) == {}
    assert matcher.match({"title": "Un baluarte de la onu"}) == {}
    assert matcher.match({"title": "Bolarte ante la onu"}).keys() == {"boluarte"}


def test_what_is_known_is_not_asked_again(config: Config, asked: list[Wanted]) -> None:
    facts = compile_config(config)[0].facts
    assert facts is not None
    asked.clear()
    assert compile_config(config, facts)[0].facts == facts
    assert asked == []
    less = Facts(ordinary=frozenset({"us"}), near={"boluarte": frozenset({"x"})})
    again = compile_config(config, less)[0].facts
    assert asked == [Wanted(capitals=frozenset({"onu"}), forms=frozenset({"soldado"}))]
    assert again is not None
    assert again.near == {"boluarte": frozenset({"x"})}
    assert missing(ALL, Facts()) == ALL
    assert not missing(ALL, again)


def test_all_topics_share_their_facts_so_that_the_matcher_shares_their_phrases(
    config: Config, asked: list[Wanted]
) -> None:
    assert len({id(topic.facts) for topic in compile_config(config)}) == 1


def test_dictionaries_that_cannot_be_asked_are_an_error_of_ours(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> Facts:
        raise PresswatchError("the dictionaries cannot be asked: no memory")

    monkeypatch.setattr(watchlist, "look_up", fail)
    with pytest.raises(PresswatchError, match="no memory"):
        compile_config(config)


def test_the_archive_remembers_what_was_asked(config: Config, asked: list[Wanted]) -> None:
    assert stored_facts(config.data_dir, config.settings.languages) is None
    topics = compile_config(config)
    with closing(open_writer(config.data_dir / "archive.db")) as conn:
        schema.migrate(conn)
        assert stored_facts(config.data_dir, config.settings.languages) is None
        due.sync(conn, (), topics, system())
    known = stored_facts(config.data_dir, config.settings.languages)
    assert known is not None
    assert known.covers(ALL)
    asked.clear()
    assert compile_config(config, known)[0].facts == topics[0].facts
    assert asked == []


@pytest.mark.parametrize(
    "facts", ["no JSON", "{}", "[1]", '{"ordinary": 1, "proper": [], "near": {}, "forms": {}}']
)
def test_facts_that_cannot_be_read_are_asked_for_again(
    config: Config, asked: list[Wanted], facts: str
) -> None:
    with closing(open_writer(config.data_dir / "archive.db")) as conn:
        schema.migrate(conn)
        due.sync(conn, (), compile_config(config), system())
        conn.execute("update topic_versions set facts = ?", (facts,))
    assert stored_facts(config.data_dir, config.settings.languages) is None


def test_an_archive_of_an_earlier_version_or_no_archive_at_all_remembers_nothing(tmp_path: Path) -> None:
    (tmp_path / "archive.db").write_bytes(b"this is no database, but long enough to be looked at" * 20)
    assert stored_facts(tmp_path, LANGUAGES) is None
    (tmp_path / "archive.db").unlink()
    with closing(sqlite3.connect(tmp_path / "archive.db")) as conn:
        conn.execute("create table topic_versions (topic_id, version)")
    assert stored_facts(tmp_path, LANGUAGES) is None
