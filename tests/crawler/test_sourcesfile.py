"""sources.yaml, added to by the program: all that was there stays as it was written."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.errors import ConfigError, PresswatchError
from crawler.config import load
from crawler.sourcesfile import NewEndpoint, NewSource, added, write
from crawler.yamlfile import Document, read_text
from tests.crawler.test_config import GOOD
from tests.crawler.test_config import write as write_files

SHIPPED = (Path(__file__).parents[2] / "config" / "sources.yaml").read_text("utf-8")
FARO = NewSource(
    id="faro",
    name="El Faro: diario",
    country="NO",
    language="es",
    tags=("diario", "puno"),
    endpoints=(
        NewEndpoint(kind="feed", url="https://faro.example/rss", every="15m", note="seen working 2026-07"),
        NewEndpoint(kind="sitemap", url="https://faro.example/news.xml"),
    ),
)
ENTRY = """\
  - id: faro
    name: 'El Faro: diario'
    country: "NO"
    language: es
    tags: [diario, puno]
    endpoints:
      - feed: https://faro.example/rss  # seen working 2026-07
        every: 15m
      - sitemap: https://faro.example/news.xml
"""

TEXTS = {
    "the shipped file": SHIPPED,
    "a comment at the end": GOOD["sources"] + "      # - feed: https://andina.pe/b.xml (gone)\n# the end\n",
    "no line end at the end": GOOD["sources"].rstrip(),
    "odd blanks and quotes": 'sources:\n  - {id: a,   name: "A",\n     endpoints: [{feed: "https://a.example/"}]}  # x\n\n\n',
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_an_entry_is_added_at_the_end_and_no_other_byte_changes(text: str) -> None:
    assert added(text, [FARO]) == text.rstrip() + "\n\n" + ENTRY


def test_an_entry_stands_as_far_in_as_the_others() -> None:
    text = "sources:\n- id: a\n  name: A\n  endpoints:\n  - feed: https://a.example/\n"
    assert added(text, [FARO]).removeprefix(text) == "\n" + "\n".join(
        line.removeprefix("  ") for line in ENTRY.split("\n")
    )


def test_line_ends_stay_those_of_the_file() -> None:
    text = GOOD["sources"].replace("\n", "\r\n")
    assert added(text, [FARO]) == text + "\r\n" + ENTRY.replace("\n", "\r\n")


@pytest.mark.parametrize(
    "text",
    [
        "# ours\nsources: []\n",
        "# ours\nsources: [{id: a, name: A, endpoints: [{feed: 'https://a.example/'}]}]  # one line\n",
        "# ours\n",
        "# ours\nsources:\n  - id: a\n    name: A\n    endpoints:\n      - feed: https://a.example/\n...\n",
    ],
    ids=["empty", "in brackets", "nothing", "with an end"],
)
def test_a_file_that_cannot_be_added_to_at_its_end_is_written_anew_with_its_comments(text: str) -> None:
    after = added(text, [FARO])
    assert after.startswith("# ours\n")
    assert _data(after)["sources"][:-1] == (_data(text) or {}).get("sources", [])
    assert _data(after)["sources"][-1]["endpoints"][0] == {"feed": "https://faro.example/rss", "every": "15m"}


def _data(text: str) -> dict:
    document = Document("sources.yaml")
    read_text(text, document)
    assert not document.complaints
    return document.data


LINE = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=30).filter(
    lambda text: text.strip() == text
)


@given(name=LINE, tags=st.lists(LINE, max_size=4), note=LINE)
def test_any_name_and_any_tag_come_back_as_they_were(name: str, tags: list[str], note: str) -> None:
    new = NewSource(
        id="new",
        name=name,
        tags=tuple(tags),
        endpoints=(NewEndpoint(kind="feed", url="https://a.example/?a=1#b", note=note),),
    )
    entry = _data(added(GOOD["sources"], [new]))["sources"][-1]
    assert (entry["name"], entry.get("tags", [])) == (name, tags)
    assert entry["endpoints"] == [{"feed": "https://a.example/?a=1#b"}]


def test_what_check_would_complain_of_is_not_written(tmp_path: Path) -> None:
    folder = write_files(tmp_path)
    before = (folder / "sources.yaml").read_bytes()
    twice = NewSource(id="andina", name="B", endpoints=(NewEndpoint(kind="feed", url="https://b.example/"),))
    with pytest.raises(ConfigError, match="this id already stands in line 2"):
        write(folder, added(before.decode(), [twice]))
    assert (folder / "sources.yaml").read_bytes() == before
    assert len(list(folder.iterdir())) == 4, "nothing is left lying about"


def test_a_file_that_is_written_keeps_its_mode_and_its_link(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    folder = write_files(tmp_path / "config")
    real = tmp_path / "real.yaml"
    (folder / "sources.yaml").rename(real)
    real.chmod(0o640)
    (folder / "sources.yaml").symlink_to(real)
    write(folder, added(real.read_text(), [FARO]))
    assert (folder / "sources.yaml").is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert [one.id for one in load(folder).sources] == ["andina", "faro"]


def test_a_file_that_cannot_be_read_is_left_alone() -> None:
    with pytest.raises(PresswatchError, match="presswatch check"):
        added("sources: [\n", [FARO])
