"""OPML: what a list of feeds becomes, and that nothing of ours is lost on the way out and in."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.errors import ParseError
from archive.model import Endpoint, EndpointKind, Source
from archive.normalize import clean_line
from crawler import opml
from crawler.config import load
from tests.conftest import presswatch
from tests.crawler.test_config import write

LIST = b"""<?xml version="1.0"?><opml version="1.0"><head><title>ours</title></head><body>
<outline text="Per&#250;">
  <outline text="El Faro" title="other" type="rss" xmlUrl="https://faro.example/rss" htmlUrl="https://faro.example/" language="es-PE"/>
  <outline text="Regions"><outline text="La Totora" type="rss" xmlUrl="feed://totora.example/rss"/></outline>
</outline>
<outline text="Lantern" category="/World/Asia,lithium" xmlUrl="https://lantern.example/a"/>
<outline text="Lantern" xmlUrl="https://lantern.example/b"/>
<outline text="A link" type="link" url="https://link.example/"/>
<outline text="A file" xmlUrl="file:///etc/passwd"/>
<outline xmlUrl="https://nameless.example/rss"/>
</body></opml>"""


def test_folders_and_categories_become_tags() -> None:
    listed = opml.read(LIST)
    assert [(one.name, one.url, one.tags, one.language) for one in listed.outlines] == [
        ("El Faro", "https://faro.example/rss", ("Perú",), "es"),
        ("La Totora", "http://totora.example/rss", ("Perú", "Regions"), None),
        ("Lantern", "https://lantern.example/a", ("World", "Asia", "lithium"), None),
        ("Lantern", "https://lantern.example/b", (), None),
        ("nameless.example", "https://nameless.example/rss", (), None),
    ]
    assert listed.refused == (
        ("A link", "no feed"),
        ("A file", "scheme file is not fetched: file:///etc/passwd"),
    )


def test_an_address_with_a_bare_ampersand_is_the_one_that_was_meant() -> None:
    body = b'<opml><body><outline text="A & B &amp; C&#44; D" xmlUrl="https://faro.example/?a=1&b=2&amp;c=3"/></body></opml>'
    (one,) = opml.read(body).outlines
    assert (one.name, one.url) == ("A & B & C, D", "https://faro.example/?a=1&b=2&c=3")


def test_feeds_of_one_name_and_host_are_one_source_with_an_id_that_is_free() -> None:
    grouped = list(opml.grouped(opml.read(LIST).outlines, ["el-faro"]))
    assert [(source_id, len(group)) for source_id, group in grouped] == [
        ("el-faro-2", 1),
        ("la-totora", 1),
        ("lantern", 2),
        ("nameless-example", 1),
    ]


@pytest.mark.parametrize(
    ("name", "expected"), [("El País: portada", "el-pais-portada"), ("朝日新聞", ""), ("--", "")]
)
def test_an_id_is_made_of_a_name(name: str, expected: str) -> None:
    assert opml.slug(name) == expected


def test_a_password_in_a_list_is_not_shown() -> None:
    address = b"http://ana:s3cret@faro.example/rss"
    listed = opml.read(LIST.replace(b"A file", address).replace(b"file:///etc/passwd", address))
    assert listed.refused[1] == (
        "http://faro.example/rss",
        "the URL carries a user name: http://faro.example/rss; write it by hand, with username and password_env",
    )


@pytest.mark.parametrize("body", [b"", b"<html></html>", b"{}", b"<rss version='2.0'/>"])
def test_what_is_no_opml_is_refused(body: bytes) -> None:
    with pytest.raises(ParseError, match="no OPML"):
        opml.read(body)


def test_a_bare_ampersand_is_kept_and_said() -> None:
    listed = opml.read(
        LIST.replace(b"El Faro", b"El & Faro").replace(b"lantern.example/a", b"lantern.example/a?b=1&c=2"),
        "l.opml",
    )
    assert len(listed.outlines) == 5
    assert (listed.outlines[0].name, listed.outlines[2].url) == (
        "El & Faro",
        "https://lantern.example/a?b=1&c=2",
    )
    said = 'a bare "&" was taken for itself; "&amp;" is how XML has it'
    assert listed.warnings == (
        f"l.opml:3:21: {said}",
        f"l.opml:6:93: {said}",
    )


@pytest.mark.parametrize(
    ("was", "now", "place", "said"),
    [
        (b'text="La T', b'text="<La T', "4:42", 'a "<" in a name'),
        (b'xmlUrl="https://lantern.example/b"', b"xmlUrl=https", "7:32", "a value without quotes"),
        (b"</outline>\n</outline>", b"</outline>\n</outlin>", "5:10", "an element is closed here"),
        (b"</opml>", b"</opml>\n<more/>", "12:1", "something follows </opml>"),
    ],
)
def test_each_place_that_is_not_well_formed_is_said(was: bytes, now: bytes, place: str, said: str) -> None:
    assert was in LIST
    (warning,) = opml.read(LIST.replace(was, now), "l.opml").warnings
    assert warning.startswith(f"l.opml:{place}: ")
    assert said in warning


def test_a_list_that_is_cut_off_or_empty_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    for cut in (len(LIST) - 10, LIST.index(b"Lantern")):
        with pytest.raises(ParseError, match=r"l.opml:\d+:\d+: the file is cut off here"):
            opml.read(LIST[:cut], "l.opml")
    with pytest.raises(ParseError, match=r"l.opml:1:1: no OPML: the file is empty"):
        opml.read(b" \n", "l.opml")
    config, file = write(tmp_path), tmp_path / "cut.opml"
    file.write_bytes(LIST[:-20])
    before = (config / "sources.yaml").read_bytes()
    done = presswatch("sources", "import", file, config=config, code=1)
    assert f"{file}:10:43: the file is cut off here" in done.err
    assert "the file is cut off here: no </opml> follows; nothing was written" in done.err
    assert (config / "sources.yaml").read_bytes() == before


@pytest.mark.corpus
def test_no_file_is_opened_and_no_bomb_goes_off(corpus: Path) -> None:
    hostile = sorted((corpus / "hostile").glob("*.xml"))
    assert hostile
    for path in hostile:
        body = path.read_bytes()
        try:
            listed = opml.read(body)
        except ParseError:
            continue
        assert listed.outlines == ()
    entity = b'<!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/hostname">]><opml><body><outline text="&x;" xmlUrl="https://a.example/"/></body></opml>'
    (one,) = opml.read(entity).outlines
    assert one.name == "&x;", "what is written, and not what it stands for"


TAG = (
    st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=8).map(clean_line).filter(bool)
)
TAGS = st.lists(TAG | st.sampled_from(["a, b", "n/s"]), max_size=4, unique=True).map(tuple)


@given(
    st.lists(
        st.tuples(
            TAG,
            TAGS,
            st.sampled_from([None, "es", "pt-BR"]),
            st.sampled_from([None, "PE", "LATAM"]),
            st.booleans(),
            st.lists(st.sampled_from([None, 30.0, 900.0, 90000.0, 1.5]), min_size=1, max_size=3),
        ),
        max_size=6,
    )
)
def test_what_goes_out_comes_back(given_sources: list[tuple]) -> None:
    sources = [
        Source(
            id=f"s{number}",
            name=name,
            tags=tags,
            language=language,
            country=country,
            pages=pages,
            endpoints=tuple(
                Endpoint(kind=EndpointKind.FEED, url=f"https://s{number}.example/{n}?a=1&b=2", every=every)
                for n, every in enumerate(intervals)
            ),
        )
        for number, (name, tags, language, country, pages, intervals) in enumerate(given_sources)
    ]
    back = dict(opml.grouped(opml.read(opml.written(sources)).outlines, ()))
    for source in sources:
        group = back.pop(source.id)
        first = group[0]
        assert (first.name, set(first.tags), first.language) == (
            source.name,
            set(source.tags),
            source.language,
        )
        assert (first.country, first.pages) == (source.country, source.pages)
        assert [one.url for one in group] == [one.url for one in source.endpoints]
        assert [one.every and opml._EVERY.fullmatch(one.every) is not None for one in group] == [
            one.every and True for one in source.endpoints
        ]
    assert back == {}


def test_only_feeds_go_out_and_how_a_server_is_asked_stays_here(tmp_path: Path) -> None:
    sources = """
        sources:
          - id: faro
            name: El Faro
            headers: {X-Key: hush}
            endpoints:
              - feed: https://faro.example/rss
              - sitemap: https://faro.example/sitemap.xml
              - search: peru
    """
    config = write(tmp_path, sources=sources)
    done = presswatch("sources", "export", config=config)
    assert [one.url for one in opml.read(done.out.encode()).outlines] == ["https://faro.example/rss"]
    assert "hush" not in done.out + done.err
    assert done.err.splitlines() == [
        "not exported, as OPML lists feeds: 1 sitemap",
        "not exported, as OPML lists feeds: 2 search feeds",
        "not exported: how faro is asked (user_agent, headers, username, verify)",
    ]


def test_an_import_keeps_what_is_there_and_names_what_it_leaves_out(tmp_path: Path) -> None:
    config = write(tmp_path)
    (tmp_path / "list.opml").write_bytes(
        LIST.replace(b"https://lantern.example/b", b"https://lantern.example/a").replace(
            b"https://nameless.example/rss", b"https://ANDINA.pe/a.xml"
        )
    )
    before = (config / "sources.yaml").read_text()
    plan = presswatch("sources", "import", tmp_path / "list.opml", "--dry-run", config=config)
    assert "- id: el-faro" in plan.out
    assert (config / "sources.yaml").read_text() == before
    done = presswatch("sources", "import", tmp_path / "list.opml", config=config)
    assert done.err.splitlines() == [
        "skipped: A link: no feed",
        "skipped: A file: scheme file is not fetched: file:///etc/passwd",
        "skipped: Lantern: it stands in the file twice: https://lantern.example/a",
        "skipped: andina.pe: there already (andina): https://ANDINA.pe/a.xml",
        "3 sources with 3 feeds added, 4 skipped",
    ]
    assert (config / "sources.yaml").read_text().startswith(before)
    assert [one.id for one in load(config).sources] == ["andina", "el-faro", "la-totora", "lantern"]
    again = presswatch("sources", "import", tmp_path / "list.opml", "--json", config=config).json
    assert (again["added"], again["written"], len(again["skipped"])) == ([], False, 7)


@pytest.mark.corpus
def test_real_lists_come_in_and_go_out_whole(corpus: Path, tmp_path: Path) -> None:
    files = sorted((corpus / "opml").rglob("*.opml"))
    assert len(files) >= 50
    wanted: set[str] = set()
    config = write(tmp_path)
    for path in files[::10]:
        listed = opml.read(path.read_bytes())
        assert listed.outlines
        done = presswatch("sources", "import", path, "--json", config=config).json
        added = [url for one in done["added"] for url in one["feeds"]]
        assert len(added) + len(done["skipped"]) == len(listed.outlines) + len(listed.refused), path
        wanted |= set(added)
    presswatch("check", config=config)
    presswatch("sources", "export", tmp_path / "out.opml", config=config)
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    write(fresh, sources="sources: []\n")
    presswatch("sources", "import", tmp_path / "out.opml", config=fresh)
    assert _all(fresh) == _all(config)
    assert wanted <= {url for one in _all(config) for url in json.loads(one)["urls"]}


def _all(config: Path) -> set[str]:
    """Every source, as one text; the order of its tags is that of the folders."""
    return {
        json.dumps(
            {
                "id": one.id,
                "name": one.name,
                "tags": sorted(one.tags),
                "language": one.language,
                "urls": [endpoint.url for endpoint in one.endpoints],
            }
        )
        for one in (replace(source) for source in load(config).sources)
    }
