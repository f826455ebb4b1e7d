"""``presswatch rematch`` and ``try query`` through the installed program, over the demo's archive."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from archive.lock import service_lock
from tests.conftest import presswatch

CHANGED = """
topics:
  peru:
    title: Peru
    terms: [Perú]
  boluarte:
    title: Boluarte
    terms: [decretos, decrees]
  marches:
    title: Marches
    terms: [marcha*]
    exclude: [sin marcha]
"""


@pytest.fixture
def changed(demo_folder: Path, tmp_path: Path) -> Path:
    """The config folder of a demo whose topics were changed after it was played."""
    folder = tmp_path / "played"
    shutil.copytree(demo_folder, folder)
    config = folder / "config"
    settings = config / "settings.yaml"
    settings.write_text(settings.read_text("utf-8").replace(str(demo_folder), str(folder)), "utf-8")
    (config / "keywords.yaml").write_text(CHANGED, "utf-8")
    (config / "subscribers.yaml").write_text("subscribers: []\n", "utf-8")
    return config


def matches(config: Path) -> dict[str, int]:
    with closing(sqlite3.connect(config.parent / "data" / "archive.db")) as conn:
        return dict(
            conn.execute(
                "select topic_id, count(*) from matches where ended_at is null group by 1"
            ).fetchall()
        )


def test_a_plan_is_what_rematch_does_and_writes_nothing(changed: Path) -> None:
    before = matches(changed)
    plan = presswatch("rematch", "--plan", "--json", config=changed).json["topics"]
    assert matches(changed) == before
    assert plan["marches"]["gained"]["total"] > 3
    assert plan["marches"]["lost"]["total"] == 0
    assert plan["boluarte"]["lost"]["total"] > 3
    done = presswatch("rematch", "--json", config=changed).json
    assert {topic_id: one["change"] for topic_id, one in plan.items()} == {
        **dict.fromkeys(("peru", "boluarte"), "changed"),
        "marches": "new",
        **dict.fromkeys(("us-troops", "lithium", "july-19"), "taken out"),
    }
    for topic_id in done["topics"]:
        one = plan[topic_id]
        assert done["topics"][topic_id] == {
            "matches": one["gained"]["total"] + one["kept"],
            "new": one["gained"]["total"],
            "ended": one["lost"]["total"],
        }
        assert matches(changed)[topic_id] == one["gained"]["total"] + one["kept"]
    assert presswatch("rematch", config=changed).out == "all topics are applied as they are\n"
    assert presswatch("rematch", "--plan", config=changed).out == "all topics are applied as they are\n"
    again = presswatch("rematch", "--plan", "--json", "marches", config=changed).json["topics"]
    assert again["marches"]["kept"] == done["topics"]["marches"]["matches"]
    assert again["marches"]["gained"]["total"] == again["marches"]["lost"]["total"] == 0


def test_a_plan_reads_well_on_eighty_columns(changed: Path) -> None:
    text = presswatch("rematch", "--plan", "--limit", 1, config=changed).out
    assert "marches: " in text
    assert "\ngained: " in text
    assert "\nlost: " in text
    assert "  by source    " in text
    assert "*" in text
    long = [line for line in text.splitlines() if len(line) > 80 and "http" not in line]
    assert long == []


def test_one_topic_is_applied_and_the_others_wait(changed: Path) -> None:
    before = matches(changed)
    assert presswatch("rematch", "marches", config=changed).out.startswith("marches: ")
    after = matches(changed)
    assert after.pop("marches") > 3
    assert after == before


def test_what_rematch_adds_is_backfill(changed: Path) -> None:
    presswatch("rematch", "marches", config=changed)
    with closing(sqlite3.connect(changed.parent / "data" / "archive.db")) as conn:
        assert conn.execute(
            "select distinct backfill from matches where topic_id = 'marches'"
        ).fetchall() == [(1,)]


def test_while_nobody_answers_the_plan_is_shown_all_the_same(changed: Path) -> None:
    with service_lock(changed.parent / "data"):
        done = presswatch("rematch", "--wait", 1, config=changed, code=1)
        assert f"process {os.getpid()} works in" in done.err
        assert "nobody took it up in 1 s" in done.err
        assert "marches" in presswatch("rematch", "--plan", config=changed).out  # it only reads


def test_a_service_of_an_earlier_version_is_to_be_started_again(changed: Path) -> None:
    with closing(sqlite3.connect(changed.parent / "data" / "alerts.db")) as conn:
        conn.execute("delete from _sqlite_migrations where name = 'requests_that_are_claimed'")
        conn.commit()
    with service_lock(changed.parent / "data"):
        assert "of an earlier version" in presswatch("rematch", config=changed, code=1).err


def test_a_topic_that_is_not_there_is_named(changed: Path) -> None:
    done = presswatch("rematch", "marhces", config=changed, code=1)
    assert 'there is no topic marhces in keywords.yaml (did you mean "marches"?)' in done.err


def test_nothing_is_made_where_no_archive_is(changed: Path) -> None:
    shutil.rmtree(changed.parent / "data")
    assert "there is no archive" in presswatch("rematch", config=changed, code=1).err
    assert not (changed.parent / "data" / "archive.db").exists()


def test_an_archive_of_an_earlier_version_is_told_to_be_migrated(changed: Path) -> None:
    path = changed.parent / "data" / "archive.db"
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("delete from _sqlite_migrations where name = 'odd_articles'")
        conn.commit()
    for arguments in (("rematch", "--plan"), ("try", "query", "Lima")):
        done = presswatch(*arguments, config=changed, code=1)
        assert "`presswatch migrate` brings it up to date" in done.err


# --- check --diff


def test_check_says_what_the_edited_topics_would_gain_and_lose_before_anything_takes_them(
    changed: Path,
) -> None:
    before = matches(changed)
    told = presswatch("check", "--diff", "--json", config=changed).json
    assert matches(changed) == before
    assert told["complaints"] == []
    assert (
        told["topics"]
        == presswatch("rematch", "--plan", "--limit", 3, "--json", config=changed).json["topics"]
    )
    gained = told["topics"]["marches"]["gained"]
    assert sum(gained["sources"].values()) == sum(gained["languages"].values()) == gained["total"] > 3
    assert [len(one["hits"]) > 0 for one in gained["samples"]] == [True] * 3
    lost = told["topics"]["boluarte"]["lost"]
    assert lost["total"] == before["boluarte"] - told["topics"]["boluarte"]["kept"]
    # What was found in an article that is lost is what the archive says.
    assert {hit["text"] for one in lost["samples"] for hit in one["hits"]} >= {"Boluarte"}
    assert told["topics"]["lithium"]["kept"] == before["lithium"]


def test_a_difference_counts_only_the_last_days_of_the_archive(changed: Path) -> None:
    archive = changed.parent / "data" / "archive.db"
    with closing(sqlite3.connect(archive)) as conn:
        conn.execute(
            "update articles set first_seen_at = '2026-05-01T00:00:00+00:00' where first_seen_at < '2026-07-19'"
        )
        conn.commit()

    def change(*arguments: object) -> dict[str, Any]:
        found: dict[str, Any] = presswatch("check", "--diff", "--json", *arguments, config=changed).json
        assert found["since"][:10] == ("2026-06-21" if not arguments else "2026-05-01")
        return found["topics"]["boluarte"]

    lately, ever = change(), change("--days", 200)
    assert 0 < lately["lost"]["total"] < ever["lost"]["total"]
    assert "2026-05-01" in ever["lost"]["days"]
    assert "2026-05-01" not in lately["lost"]["days"]


def test_a_difference_is_shown_beside_an_example_that_fails_and_not_beside_a_file_that_cannot_be_read(
    changed: Path,
) -> None:
    keywords = changed / "keywords.yaml"
    example = "    examples: {match: [Nobody walked]}\n"
    keywords.write_text(CHANGED + example, "utf-8")
    out = presswatch("check", "--diff", config=changed, code=1).out
    assert "the topic marches does not find this" in out
    assert "\nmarches: new: " in out
    keywords.write_text(CHANGED + "    exclud: [x]\n", "utf-8")
    done = presswatch("check", "--diff", config=changed, code=1)
    assert "gained" not in done.out
    assert "once these mistakes are mended" in done.err
    told = presswatch("check", "--diff", "--json", config=changed, code=1).json
    assert [one["path"] for one in told.pop("complaints")] == ["topics.marches.exclud"]
    assert told == {"since": None, "waiting": None, "topics": None}


def test_where_the_archive_cannot_be_asked_a_program_is_told_what_is_wrong_in_the_files(
    changed: Path,
) -> None:
    (changed / "keywords.yaml").write_text(CHANGED + "    examples: {match: [Nobody walked]}\n", "utf-8")
    (changed.parent / "data" / "archive.db").unlink()
    done = presswatch("check", "--diff", "--json", config=changed, code=1)
    assert "there is no archive" in done.err
    assert [one["path"] for one in done.json["complaints"]] == ["topics.marches.examples.match[0]"]
    assert done.json["topics"] is None


def test_what_waits_to_be_matched_is_counted_beside_a_difference(changed: Path) -> None:
    with closing(sqlite3.connect(changed.parent / "data" / "archive.db")) as conn:
        conn.execute(
            "insert into changes (article_id, why, at) select id, 'new', ? from articles where id % 3 = 0",
            ("2026-07-20T13:00:00+00:00",),
        )
        conn.commit()
        waiting = conn.execute("select count(*) from changes").fetchone()[0]
    news = f"{waiting} articles that came in or changed lately: what is gained of those is told as news"
    for command in (["check", "--diff"], ["rematch", "--plan"]):
        assert news in presswatch(*command, config=changed).err
        assert presswatch(*command, "--json", config=changed).json["waiting"] == waiting
    gained = presswatch("check", "--diff", "--json", config=changed).json["topics"]["marches"]["gained"]
    assert presswatch("rematch", "--json", config=changed).json["topics"]["marches"]["new"] < gained["total"]


def test_one_match_of_a_topic_that_is_taken_out_stays(changed: Path) -> None:
    with closing(sqlite3.connect(changed.parent / "data" / "archive.db")) as conn:
        conn.execute(
            """update matches set ended_at = matched_at, ended_because = 'revised' where topic_id = 'lithium'
            and seq <> (select min(seq) from matches where topic_id = 'lithium')"""
        )
        conn.commit()
    out = presswatch("check", "--diff", config=changed).out
    assert "lithium: taken out: it finds nothing from then on, and 1 match stays\n" in out
    assert "us-troops: taken out: it finds nothing from then on, and 9 matches stay\n" in out


def test_a_difference_says_that_nothing_changes(changed: Path) -> None:
    presswatch("rematch", config=changed)
    assert "\nnothing changes: " in presswatch("check", "--diff", config=changed).out


# --- topics --history


def test_a_history_tells_each_definition_with_what_came_in_and_went_out(changed: Path) -> None:
    before = matches(changed)["peru"]
    (first, now) = presswatch("topics", "peru", "--history", "--json", config=changed).json["peru"]
    assert (first["number"], first["made"], first["standing"]) == (1, before, before)
    assert (first["applied"], now["applied"]) == (True, False)
    assert now["number"] is now["added_at"] is None
    assert now["added"] == ["terms: Perú"]
    assert "terms.es: peruan*" in now["removed"]
    assert (
        "stands in keywords.yaml and is not applied yet"
        in presswatch("topics", "--history", config=changed).out
    )
    presswatch("rematch", config=changed)
    (first, now) = presswatch("topics", "peru", "--history", "--json", config=changed).json["peru"]
    assert (now["number"], now["standing"]) == (2, matches(changed)["peru"])
    assert (first["made"], first["standing"]) == (before, 0)
    assert (first["applied"], now["applied"]) == (False, True)
    (only,) = presswatch("topics", "marches", "--history", "--json", config=changed).json["marches"]
    assert only["added"] == ["terms: marcha*", "exclude: sin marcha"]


def test_a_definition_that_is_back_in_the_file_is_not_applied_before_the_archive_has_it(
    changed: Path,
) -> None:
    keywords = changed / "keywords.yaml"
    presswatch("rematch", config=changed)
    keywords.write_text(CHANGED.replace("[decretos, decrees]", "[decrees]"), "utf-8")
    presswatch("rematch", config=changed)
    keywords.write_text(CHANGED, "utf-8")

    def told() -> tuple[str, str]:
        out = presswatch("topics", "boluarte", "--history", config=changed).out
        assert [line for line in out.splitlines() if len(line) > 80] == []
        (second, third) = re.findall(r"definition [23] .*\n.*", out)
        return second, third

    second, third = told()
    assert ", today's, first seen 20" in second
    assert "    not applied yet; made " in second
    assert "today's" not in third
    presswatch("rematch", config=changed)
    assert "not applied yet" not in told()[0]
    # What is edited next is compared with what it replaces, not with what came last.
    keywords.write_text(CHANGED.replace("[decretos, decrees]", "[decretos, decrees, leyes]"), "utf-8")
    last = presswatch("topics", "boluarte", "--history", "--json", config=changed).json["boluarte"][-1]
    assert (last["added"], last["removed"]) == (["terms: leyes"], [])


def test_a_definition_of_the_same_words_says_what_else_changed(changed: Path) -> None:
    keywords = changed / "keywords.yaml"
    other = '  puno:\n    query: "@peru AND Puno"\n'
    keywords.write_text(CHANGED + other, "utf-8")
    presswatch("rematch", config=changed)
    edited = CHANGED.replace("[decretos, decrees]", "[decrees, decretos]").replace("[Perú]", "[Perú, Lima]")
    keywords.write_text(edited + other, "utf-8")
    moved = "\n    the same words, in another order or with other spaces\n"
    refers = "\n    the same words; @peru had changed\n"
    for _ in range(2):
        assert moved in presswatch("topics", "boluarte", "--history", config=changed).out
        assert refers in presswatch("topics", "puno", "--history", config=changed).out
        presswatch("rematch", config=changed)


# --- try query


def test_a_query_is_tried_beside_a_file_with_mistakes(changed: Path) -> None:
    (changed / "keywords.yaml").write_text(CHANGED + "  broken:\n    query: Peru OR\n", "utf-8")
    done = query(changed.parent, "@marches OR Puno", "--json")
    assert done.json["total"] > 3
    assert "`presswatch check` shows them" in done.err
    assert "there is no topic broken" in query(changed.parent, "@broken", code=2).err
    (changed / "settings.yaml").write_text("data_dirr: x\n", "utf-8")
    assert "settings.yaml:1:1" in query(changed.parent, "Puno", code=2).err


def query(folder: Path, *arguments: object, code: int = 0):
    return presswatch("try", "query", *arguments, config=folder / "config", code=code)


def test_a_query_is_shown_by_day_source_and_language_with_samples(demo_folder: Path) -> None:
    text = query(demo_folder, "tropas OR troops", "--limit", 3).out
    assert text.startswith("looks for tropas OR troops\n\n11 articles of 49 in the archive's last 30 days")
    assert "\n  2026-07-19  ████████████████████████████████████████ 8\n" in text
    assert "\n  by source    andean-lantern 5, " in text
    assert "\n  by language  en 7, es 4\n" in text
    assert "when US *troops* may" in text.replace("under which US *troops* may", "when US *troops* may")
    assert text.count("first seen") == 4


def test_a_query_is_answered_as_json(demo_folder: Path) -> None:
    one = query(demo_folder, "tropas OR troops", "--days", 1, "--limit", 1, "--json").json
    assert (one["total"], one["days"], one["days_asked"]) == (2, {"2026-07-20": 2}, 1)
    [sample] = one["samples"]
    # Which of the two came last is the outlets' to say: they answer side by side.
    assert sample["hits"][0]["text"] in ("tropas", "troops")
    assert sample["hits"][0]["text"] in sample["quote"]


def test_a_query_may_refer_to_topics(demo_folder: Path) -> None:
    both = query(demo_folder, "@peru AND tropas", "--json").json["total"]
    assert 0 < both < query(demo_folder, "tropas OR @peru", "--json").json["total"]


@pytest.mark.parametrize(
    ("text", "words", "at"),
    [
        ("tropas AND troops OR Lima", "AND and OR side by side need parentheses", 18),
        ("Lima AND @nothing", "there is no topic nothing", 9),
        ("Lima NEAR", "", None),
    ],
    ids=["mixed", "no such topic", "half"],
)
def test_a_query_that_cannot_be_read_is_shown_with_a_caret(
    demo_folder: Path, text: str, words: str, at: int | None
) -> None:
    done = query(demo_folder, text, code=2)
    assert done.out == ""
    assert words in done.err
    line, caret = done.err.splitlines()[-2:]
    assert line == f"    {text}"
    assert at is None or caret == f"    {' ' * at}^"


def test_a_query_that_finds_nothing_says_so(demo_folder: Path) -> None:
    text = query(demo_folder, "zzyzx").out
    assert (
        text
        == "looks for zzyzx\n\n0 articles of 49 in the archive's last 30 days, by the day first seen (UTC)\n"
    )


def test_a_query_writes_nothing(demo_folder: Path) -> None:
    path = demo_folder / "data" / "archive.db"
    before = path.stat().st_mtime_ns
    query(demo_folder, "Lima")
    assert path.stat().st_mtime_ns == before
