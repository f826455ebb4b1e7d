"""The files in config/: they are what most people start from, so they hold what they say."""

import csv
import re
import shutil
from pathlib import Path

import pytest

from archive.model import EndpointKind, PollTask
from crawler.answers import of_source
from crawler.cli.config import Trial
from crawler.config import Config, examples_complaints, load
from crawler.pool import Workers
from crawler.robots import RobotsBook
from crawler.settings import FILES, Settings
from crawler.spiders.press import PressSpider
from crawler.watchlist import compile_config

SHIPPED = Path(__file__).parents[2] / "config"


@pytest.fixture(scope="module")
def shipped() -> Config:
    return load(SHIPPED)


def test_the_shipped_files_have_nothing_wrong(shipped: Config) -> None:
    assert shipped.warnings == ()
    trial = Trial(compile_config(shipped))
    assert examples_complaints(shipped, trial.matches, trial.why) == ()
    assert shipped.settings == Settings(), "the shipped settings are the defaults"


def test_the_shipped_sources_are_many_and_sorted_by_region(shipped: Config) -> None:
    assert sum(len(source.endpoints) for source in shipped.sources) >= 40
    regions = [str(source.country) for source in shipped.sources]
    assert regions == sorted(regions, key=["PE", "LATAM", "INT"].index)
    assert all(source.language in ("en", "es") and source.tags for source in shipped.sources)


LINES = (SHIPPED / "sources.yaml").read_text(encoding="utf-8").splitlines()
PACK = {
    match[2]: (match[1], line)
    for line, text in enumerate(LINES)
    if (match := re.match(r"      - (feed|sitemap|section): (\S+)", text))
}


def test_every_entry_of_the_pack_is_tested(shipped: Config) -> None:
    endpoints = [one for source in shipped.sources for one in source.endpoints]
    assert [(str(one.kind), one.url) for one in endpoints] == [(kind, url) for url, (kind, _) in PACK.items()]


@pytest.mark.parametrize("url", PACK)
def test_an_entry_of_the_pack_can_be_asked_and_says_how_it_is_known_to_work(
    shipped: Config, url: str
) -> None:
    (source,) = (one for one in shipped.sources if url in [endpoint.url for endpoint in one.endpoints])
    kind, line = PACK[url]
    task = PollTask(endpoint_id=1, source_id=source.id, kind=EndpointKind(kind), url=url)
    spider = PressSpider(workers=Workers(), robots=RobotsBook("a"), now=lambda: None, max_entries=1)
    assert spider.request(of_source(task, source)).url.startswith("https://")
    behind, above = LINES[line].partition("  # ")[2], LINES[line - 1].strip()
    evidence = behind or (above.removeprefix("# ") if above.startswith("# ") else "")
    assert re.search(r"seen working 20\d\d|in use|20\d\d-\d\d", evidence), evidence


@pytest.mark.corpus
def test_the_pack_holds_all_that_was_verified_or_is_in_use_and_nothing_to_be_avoided(corpus: Path) -> None:
    with (corpus / "sources-peru-latam.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    good = {row["url"] for row in rows if row["confidence"][0] in "AB"}
    workarounds = {row["url"] for row in rows if row["confidence"] == "workaround"}
    assert (len(good), len(workarounds)) == (43, 2)
    assert set(PACK) == good | workarounds


def test_the_watch_list_has_its_five_topics_with_examples_both_ways(shipped: Config) -> None:
    names = [topic.topic_id for topic in shipped.topics]
    assert names == ["peru", "boluarte", "us-troops", "lithium", "july-19"]
    assert all(topic.match and topic.no_match for topic in shipped.topics)


@pytest.mark.parametrize("name", FILES)
def test_editors_find_the_schema_of_a_shipped_file(name: str) -> None:
    first = (SHIPPED / f"{name}.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first == f"# yaml-language-server: $schema=schema/{name}.json"


@pytest.mark.parametrize("name", ["settings", "subscribers"])
def test_the_commented_examples_can_be_used(tmp_path: Path, name: str) -> None:
    """Take the # away from what looks like YAML: the result must load."""
    lines = (SHIPPED / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    if name == "settings":
        at = lines.index("# mail:")
        text = "\n".join(line.removeprefix("# ") for line in lines[at:])
    else:
        at = next(n for n, line in enumerate(lines) if "# - id:" in line)
        text = "\n".join(lines[:at] + [line.replace("# ", "", 1) for line in lines[at:]])
    shutil.copytree(SHIPPED, tmp_path / "config")
    (tmp_path / "config" / f"{name}.yaml").write_text(text, encoding="utf-8")
    config = load(tmp_path / "config", {"PRESSWATCH_SMTP": "x"})
    assert config.mail if name == "settings" else len(config.subscriptions) == 2
