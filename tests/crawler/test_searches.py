"""A topic, as search engines are asked for it. Nothing is asked here: an address is looked at."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.model import EndpointKind
from archive.query import parse
from archive.topic import TopicSpec
from archive.tree import And, Near, Node, Or
from crawler import keywords, urls
from crawler.cli.source import say_searches
from crawler.config import load
from crawler.searches import MOST_QUERIES, MOST_WORDS, ask, default_editions
from crawler.settings import TopicShape
from tests.conftest import presswatch
from tests.crawler.test_config import write

CASES = tomllib.loads((Path(__file__).parents[1] / "cases" / "searches.toml").read_text("utf-8"))["case"]
MINES = keywords.spec("mines", TopicShape.model_validate({"terms": ["mine", "pit"]}), ("en", "es"))


def q(url: str) -> str:
    return parse_qs(urlsplit(url).query)["q"][0]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_topic_is_asked(case: dict[str, Any]) -> None:
    spec = keywords.spec("t", TopicShape.model_validate(case["topic"]), ("en", "es"))
    asked = ask("t", {"t": spec, "mines": MINES}, case.get("engine", "google"), case.get("edition", "en-US"))
    assert [q(url) for url in asked.urls] == case["asked"]
    if "lost" in case:
        assert list(asked.lost) == case["lost"]


@pytest.mark.parametrize(
    ("edition", "engine", "tail"),
    [
        ("es-PE", "google", "hl=es-419&gl=PE&ceid=PE:es-419"),
        ("es-ES", "google", "hl=es&gl=ES&ceid=ES:es"),
        ("en-US", "google", "hl=en-US&gl=US&ceid=US:en"),
        ("en-GB", "google", "hl=en-GB&gl=GB&ceid=GB:en"),
        ("pt-BR", "google", "hl=pt-BR&gl=BR&ceid=BR:pt-419"),
        ("pt-PT", "google", "hl=pt-PT&gl=PT&ceid=PT:pt-150"),
        ("fr-FR", "google", "hl=fr&gl=FR&ceid=FR:fr"),
        ("es-PE", "bing", "format=rss&setlang=es&cc=PE"),
    ],
)
def test_an_edition_is_a_language_in_a_country(edition: str, engine: Any, tail: str) -> None:
    (url,) = ask("mines", {"mines": MINES}, engine, edition).urls
    assert url.endswith(f"&{tail}")


@pytest.mark.parametrize(
    ("language", "country", "editions"),
    [
        ("es", "PE", ("es-PE",)),
        ("es", "LATAM", ("es-US",)),
        ("pt-BR", None, ("pt-BR",)),
        (None, "PE", ("en-US", "es-US", "fr-FR")),
        (None, None, ("en-US", "es-US", "fr-FR")),
    ],
)
def test_a_source_without_editions_is_searched_in_its_own(
    language: str | None, country: str | None, editions: tuple[str, ...]
) -> None:
    assert default_editions(language, country, ("en", "es", "fr")) == editions


TERM = st.sampled_from([f"word{n}" for n in range(30)] + ["two words", "three more words"])
TREE = st.recursive(
    TERM.map(lambda text: parse(f'"{text}"')),
    lambda inner: st.lists(inner, min_size=2, max_size=12).flatmap(
        lambda nodes: st.sampled_from([Or(tuple(nodes)), And(tuple(nodes))])
    ),
    max_leaves=60,
)


@given(TREE, st.sampled_from(["google", "bing"]), st.data())
def test_an_article_that_a_topic_finds_is_found_by_a_query_unless_it_says_what_it_loses(
    tree: Node, engine: Any, data: st.DataObject
) -> None:
    asked = ask("t", {"t": TopicSpec(topic_id="t", title="t", query=_written(tree))}, engine, "en-US")
    assert len(asked.urls) <= MOST_QUERIES
    for url in asked.urls:
        assert urls.refusal(url) is None, "it can be fetched"
        words = q(url).replace("when:7d", "").replace(" OR ", " ")
        assert (
            len([word for word in words.replace("(", " ").replace(")", " ").split() if word])
            <= MOST_WORDS[engine]
        )
    if any("have no place" in lost for lost in asked.lost):
        return
    words = frozenset(data.draw(st.sets(TERM)))
    if _holds(tree, words):
        assert any(_answers(q(url), words) for url in asked.urls)


def _written(tree: Node) -> str:
    match tree:
        case Or(children):
            return "(" + " OR ".join(map(_written, children)) + ")"
        case And(children) | Near(operands=children):
            return "(" + " AND ".join(map(_written, children)) + ")"
        case _:
            return str(tree)


def _holds(tree: Node, words: frozenset[str]) -> bool:
    match tree:
        case Or(children):
            return any(_holds(child, words) for child in children)
        case And(children):
            return all(_holds(child, words) for child in children)
        case _:
            return str(tree).strip('"') in words


def _answers(query: str, words: frozenset[str]) -> bool:
    """An engine that reads what it is given: clauses, of which all must hold."""
    text = query.removesuffix(" when:7d")
    clauses: list[str] = []
    while text:
        if text.startswith("("):
            clause, _, text = text[1:].partition(")")
        elif " OR " in text and "(" not in text:
            clause, text = text, ""
        elif text.startswith('"'):
            clause, _, text = text[1:].partition('"')
        else:
            clause, _, text = text.partition(" ")
        clauses.append(clause)
        text = text.strip()
    return all(any(term.strip('"') in words for term in clause.split(" OR ")) for clause in clauses)


def test_a_search_in_a_file_becomes_feeds_and_check_says_what_they_lose(tmp_path: Path) -> None:
    config = load(
        write(
            tmp_path,
            keywords="topics: {peru: {terms: {en: [Peru], es: [Perú, peruan*]}}}\n",
            sources="""
                sources:
                  - id: found
                    name: Found by search
                    endpoints:
                      - search: peru
                        editions: [es-PE, en-US]
                        every: 1h
                      - {search: peru, engine: bing, editions: [en-GB]}
                """,
        )
    )
    endpoints = config.sources[0].endpoints
    assert [(one.kind, one.topic, one.every) for one in endpoints] == [
        (EndpointKind.FEED, "peru", 3600.0),
        (EndpointKind.FEED, "peru", 3600.0),
        (EndpointKind.FEED, "peru", None),
    ]
    assert [urlsplit(one.url).hostname for one in endpoints] == ["news.google.com"] * 2 + ["www.bing.com"]
    (note,) = [str(one) for one in config.notes if "search engine" in one.message]
    assert note == (
        "sources.yaml:6:17: sources[0].endpoints[0].search: note: a search engine finds less: "
        "peruan* is asked as the word peruan"
    )


def test_terms_that_an_edition_does_not_ask_and_editions_that_nobody_named_are_noted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(
        tmp_path,
        settings="network: {contact: a@b.example}\n",
        keywords="topics: {peru: {terms: {en: [Peru], es: [Perú]}, query: lithium}}\n",
        sources="""
            sources:
              - id: found
                name: Found by search
                endpoints:
                  - search: peru
                    editions: [fr-FR]
                  - search: peru
                    engine: bing
            """,
    )
    notes = [one.message for one in load(folder).notes if one.file == "sources.yaml"]
    lost = "no term of peru is asked in fr, only its query: they stand under en, es"
    default = "note: no editions are named, so it is asked in en-US, es-US"
    assert notes == [f"note: a search engine finds less: {lost}", default]
    assert lost in presswatch("check", config=folder).err
    config = load(folder)
    say_searches(config, config.sources[0])
    before = capsys.readouterr().err
    assert lost in before
    assert default in before
    assert "search for peru: lithium when:7d (FR:fr)" in before
    assert "search for peru: Peru OR lithium (en-US)" in before
