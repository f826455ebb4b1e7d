"""The agency story of the newsroom is one story, through the installed program; and the bench of copies, once."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from archive import schema
from archive.connect import open_writer
from crawler.demo.newsroom import START, Newsroom
from tests.bench import bench_near_duplicates, copied, timing
from tests.conftest import presswatch
from tests.e2e.day import one_pass
from tests.e2e.world import rows, write_config

SLUGS = (
    "delegaciones-del-sur-llegan-a-lima",
    "delegaciones-de-puno-y-del-sur-llegan-a-lima",
    "servicio-delegaciones-del-sur",
)


def test_the_agency_story_is_one_story_with_its_outlets_and_its_credit(tmp_path: Path) -> None:
    at = START + timedelta(hours=30)
    with Newsroom(now=lambda: at) as newsroom:
        config = write_config(tmp_path, newsroom.sources_yaml())
        one_pass(config, at)
    archive = config.parent / "data/archive.db"
    articles = {slug: rows(archive, "select id, url from articles where url like ?", f"%/{slug}%")[0] for slug in SLUGS}  # fmt: skip
    assert rows(archive, "select id, outlets, articles from stories") == [
        (min(number for number, _ in articles.values()), 3, 3)
    ]
    for number, url in articles.values():
        answer = presswatch("explain", url, "--json", config=config).json
        story = answer["story"]
        assert (story["id"], story["outlets"]) == (min(one for one, _ in articles.values()), 3)
        assert {copy["article_id"] for copy in story["articles"]} == {one for one, _ in articles.values()}
        assert {copy["wire"] for copy in story["articles"]} == {answer["wire"]} == {"Tres Nudos"}
        out = presswatch("explain", url, config=config).out
        assert f"  story       {story['id']}: 3 copies in 3 outlets\n" in out
        assert "  credits     Tres Nudos\n" in out
        for other, address in articles.values():
            if other != number:
                assert any(address in line for line in out.splitlines()[1:])
    (alone,) = rows(archive, "select url from articles where url like '%/us-troops-begin%'")
    answer = presswatch("explain", alone[0], "--json", config=config).json
    assert (answer["story"], answer["wire"]) == (None, None)


@pytest.mark.corpus
def test_copies_of_real_texts_are_found_and_what_is_none_is_not_joined(corpus: Path, tmp_path: Path) -> None:
    originals, documents = copied.made()
    with closing(open_writer(tmp_path / "archive.db")) as conn:
        schema.migrate(conn)
        copied.fill(conn, documents)
        copied.drain(conn)
        recall, precision = copied.judged(originals, documents, copied.told(conn))
    assert recall >= 0.93
    assert precision >= 0.97


def test_the_bench_says_what_misses_its_limit(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = [f"{' '.join(f'w{number}x{n}' for n in range(60))}." for number in range(12)]
    documents = [
        copied.Made(number % 12, number % 2 + 2 * (number // 12), plain[number % 12]) for number in range(24)
    ]
    monkeypatch.setattr(bench_near_duplicates, "made", lambda: (plain, documents))
    monkeypatch.setattr(bench_near_duplicates, "grown", lambda months: (100 * months, 90.0 + months, 100))
    monkeypatch.setattr(timing, "skipped", lambda _: False)
    assert bench_near_duplicates.main() == 1
    line = json.loads(capsys.readouterr().out)
    assert (line["recall"], line["precision"], line["changed_by_restart"]) == (1, 1, 0)
    assert "growth 14.0 is over 8" in line["missed"]


def test_without_a_corpus_it_is_skipped(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(timing, "CORPUS", tmp_path)
    assert bench_near_duplicates.main() == 0
    assert "skipped" in json.loads(capsys.readouterr().out)
