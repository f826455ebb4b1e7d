"""A site that has no feed, written down as docs/sources.md shows it, tried, and read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT, presswatch
from tests.e2e.world import Answer, Site, rows, write_config

ROBOTS = "User-agent: *\nDisallow: /buscar\n"
STORY = """<!doctype html><html lang="es"><head><title>{title} | Faro del Sur</title></head><body>
<nav><a href="/">Portada</a></nav><h1>{title}</h1><div class="aviso">Suscríbase al boletín de Bolivia</div>
<div class="nota"><p>{text}</p><p>La sesión sigue mañana.</p></div></body></html>"""
STORIES = {
    "/puno-discute-el-litio": ("Puno discute el litio", "El Perú exportará carbonato desde el puerto."),
    "/vecinos-de-ate-piden-agua": ("Vecinos de Ate piden agua", "Tres distritos siguen sin servicio."),
    "/tropas": ("Tropas de EE.UU. parten", "Los soldados dejaron el Perú."),
}


def html(text: str) -> Answer:
    return Answer(text.encode(), headers={"Content-Type": "text/html; charset=utf-8"})


def front(*paths: str) -> Answer:
    """The home page: navigation, the articles, and what is no article under a headline of its own."""
    cards = "".join(
        f'<article><h2><a href="{path}?ref=portada">{STORIES[path][0]}</a></h2></article>' for path in paths
    )
    return html(
        f"""<!doctype html><html lang="es"><head><title>Faro del Sur</title></head><body>
<nav><h2><a href="/todas-las-secciones-del-diario">Todas las secciones del diario</a></h2></nav>
<main>{cards}<p><a href="/terminos-y-condiciones-de-uso">Términos y condiciones de uso</a></p></main></body></html>"""
    )


def written(url: str) -> str:
    """The ten lines of the docs, for the site at ``url``."""
    text = (ROOT / "docs/sources.md").read_text("utf-8").split("## A site without a feed", 1)[1]
    found = re.search(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert found
    assert len(found[1].splitlines()) == 10
    return found[1].replace("https://www.farodelsur.example/", f"{url}/")


@dataclass
class World:
    site: Site
    config: Path
    archive: Path


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    pages = {path: html(STORY.format(title=title, text=text)) for path, (title, text) in STORIES.items()}
    with_ref = {f"{path}?ref=portada": page for path, page in pages.items()}
    with Site({"/robots.txt": Answer(ROBOTS.encode()), **pages, **with_ref}) as site:
        site.answers["/"] = front("/puno-discute-el-litio", "/vecinos-de-ate-piden-agua")
        config = write_config(tmp_path, written(site.url))
        yield World(site, config, tmp_path / "data/archive.db")


def read(world: World) -> list[tuple[str, str, str]]:
    sql = "select title, language, text from articles order by id"
    return [tuple(row) for row in rows(world.archive, sql)]  # type: ignore[misc]


def test_a_site_without_a_feed_is_written_in_ten_lines_tried_and_read(world: World) -> None:
    assert presswatch("check", config=world.config).code == 0
    tried = presswatch("try", "source", "faro-del-sur", "--json", config=world.config).json
    (section,) = tried["endpoints"]
    assert (section["kind"], section["entries"], section["warnings"]) == ("section", 2, [])
    assert [one["title"] for one in section["samples"]] == [
        "Puno discute el litio",
        "Vecinos de Ate piden agua",
    ]
    assert tried["page"]["text"] == "El Perú exportará carbonato desde el puerto.\nLa sesión sigue mañana."
    assert not world.archive.exists(), "trying keeps nothing"

    first = presswatch("run", "--once", "--json", config=world.config).json
    assert (first["polled"], first["failed"], first["new"], first["articles"]) == (1, 0, 2, 2)
    assert sorted(read(world)) == [
        (
            "Puno discute el litio",
            "es",
            "El Perú exportará carbonato desde el puerto.\nLa sesión sigue mañana.",
        ),
        ("Vecinos de Ate piden agua", "es", "Tres distritos siguen sin servicio.\nLa sesión sigue mañana."),
    ]
    assert rows(world.archive, "select topic_id from matches order by topic_id") == [("lithium",), ("peru",)]

    again = presswatch("run", "--once", "--json", config=world.config).json
    assert (again["entries"], again["new"]) == (0, 0)
    world.site.answers["/"] = front("/tropas", "/puno-discute-el-litio")
    third = presswatch("run", "--once", "--json", config=world.config).json
    assert (third["new"], third["articles"]) == (1, 1)
    assert read(world)[2][0] == "Tropas de EE.UU. parten"
    assert ("us-troops",) in rows(world.archive, "select topic_id from matches")


def test_without_selectors_what_stood_there_first_is_no_news_and_what_comes_is(world: World) -> None:
    sources = world.config / "sources.yaml"
    lines = [line for line in sources.read_text("utf-8").splitlines(keepends=True) if "selectors" not in line]
    sources.write_text(
        "".join(line for line in lines if not line.startswith("      ") or "- section" in line), "utf-8"
    )
    world.site.answers["/"] = front("/puno-discute-el-litio")  # and nothing on it has a date
    tried = presswatch("try", "source", "faro-del-sur", config=world.config)
    assert "2 of 2 say nowhere when they are from" in " ".join(tried.err.split())
    assert presswatch("run", "--once", "--json", config=world.config).json["new"] == 0
    # So it is with the terms of use, which look the same; the second poll tells them apart from what is new.
    kept = [key for (key,) in rows(world.archive, "select key from standing order by key")]
    assert [key.rpartition("/")[2].partition("?")[0] for key in kept] == [
        "puno-discute-el-litio",
        "terminos-y-condiciones-de-uso",
    ]
    world.site.answers["/"] = front("/tropas", "/vecinos-de-ate-piden-agua", "/puno-discute-el-litio")
    # "/tropas" has no path like a headline: without a selector it is not found.
    assert presswatch("run", "--once", "--json", config=world.config).json["new"] == 1
    assert [title for title, *_ in read(world)] == ["Vecinos de Ate piden agua"]


def test_a_site_whose_page_or_selectors_fail_is_said_and_its_other_address_is_read(world: World) -> None:
    sources = world.config / "sources.yaml"
    sources.write_text(
        sources.read_text("utf-8").replace("text: .nota p", "text: .cuerpo")
        + f"      - section: {world.site.url}/seccion\n      - sitemap: {world.site.url}/sitemap.xml\n",
        "utf-8",
    )
    entry = f"<url><loc>{world.site.url}/tropas</loc><lastmod>2100-01-01</lastmod></url>"
    world.site.answers["/sitemap.xml"] = Answer(f"<urlset>{entry}</urlset>".encode())
    tried = presswatch("try", "source", "faro-del-sur", config=world.config, code=1)
    assert f"section {world.site.url}/seccion: http_404" in " ".join(tried.err.split())
    assert "selectors.text found nothing on the page (.cuerpo)" in tried.err

    summary = presswatch("run", "--once", "--json", config=world.config).json
    assert (summary["polled"], summary["failed"], summary["new"]) == (3, 1, 3)
    # The sitemap gave no title: its page did.
    assert "Tropas de EE.UU. parten" in {title for title, *_ in read(world)}
    details = rows(world.archive, "select distinct state, detail from pages")
    assert details == [("read", "selectors.text found nothing on the page (.cuerpo)")]
    assert ("us-troops",) in rows(world.archive, "select topic_id from matches")


def test_a_selector_that_is_none_is_a_complaint_with_its_place(world: World) -> None:
    sources = world.config / "sources.yaml"
    sources.write_text(sources.read_text("utf-8").replace("main h2 a", "main h2["), "utf-8")
    checked = presswatch("check", config=world.config, code=1)
    assert "sources.yaml:7:14: sources[0].selectors.links: this is no CSS selector" in checked.out


def test_a_sitemap_given_to_try_feed_is_told_apart(world: World) -> None:
    world.site.answers["/sitemap.xml"] = Answer(
        f"<urlset><url><loc>{world.site.url}/tropas</loc></url></urlset>".encode()
    )
    tried = presswatch("try", "feed", f"{world.site.url}/sitemap.xml", "--json", config=world.config).json
    assert set(tried) == {"url", "title", "format", "warnings", "entries"}
    assert tried["format"] == "urlset sitemap"
    assert tried["warnings"] == ["this is a sitemap: it belongs under sitemap: in sources.yaml"]
    assert [one["url"] for one in tried["entries"]] == [f"{world.site.url}/tropas"]


def test_a_page_given_to_try_feed_is_read_as_a_section_page_and_what_is_neither_is_refused(
    world: World,
) -> None:
    tried = presswatch("try", "feed", f"{world.site.url}/", "--json", config=world.config).json
    assert "it belongs under section: in sources.yaml" in tried["warnings"][0]
    assert tried["entries"][0]["title"] == "Puno discute el litio"
    refused = presswatch("try", "feed", f"{world.site.url}/tropas", config=world.config, code=1)
    assert refused.err.strip() == "not_a_feed: an HTML page; no link on it looks like one to an article"


def test_an_unknown_source_is_wrong_usage(world: World) -> None:
    wrong = presswatch("try", "source", "faro-del-sor", config=world.config, code=2)
    assert 'did you mean "faro-del-sur"?' in " ".join(wrong.err.split())
