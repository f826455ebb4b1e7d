"""The cases of matching, which are data: every file of tests/cases/matching, read.

A case asks one thing of one document, with a name that is true when it passes:

    [[case]]
    name = "Perugia is not Peru"
    query = 'Peru'             # or terms = [...] (or a table by language), dates = [...], in any mixture
    exclude = [...]            # and require = [...], which are queries
    topics = {other = '...'}   # what @other means: a query, or a table with these same keys
    title = "A weekend in Perugia"   # or summary, text, any attribute, date
    finds = []                 # the hits as they stand in the text, in the order of the fields and of the text
    fields = [...]             # beside it, if they matter: how, variant, fields, starts of these hits
    refused = true             # instead of it: the query cannot be read

A file may begin with a [watch_list], whose topics its cases name: of = "peru"; or with shipped = true, which is the one
in config/. What dictionaries would say is `FACTS`, so that no case rests on what a dictionary happens to hold.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archive.facts import Facts
from archive.model import Hit
from archive.topic import Term, Topic, TopicSpec, compile_topics
from archive.tree import ATTRIBUTES, FIELDS
from crawler import config

SHIPPED = Path(__file__).parents[2] / "config"
FOLDER = Path(__file__).parents[1] / "cases" / "matching"

ORDINARY = """
us who it un aid am as so or in on at an be by do go he if is me my no of to up we all and any are can
for had has her him his how its may new not now old one our out red set she the too two use was way you
al da de el en es fe ha la le lo mi se si su te tu ya con era las les los mas muy por que sin son sus una
uno
"""

FACTS = Facts(
    ordinary=frozenset(ORDINARY.split()),
    near={
        "boluarte": frozenset({"baluarte"}),
        "castillo": frozenset({"castilla", "castillos"}),
        "troops": frozenset({"troop"}),
        "congresista": frozenset({"congresistas"}),
        "lithium": frozenset(),
    },
    forms={
        "soldado": frozenset({"soldado", "soldados"}),
        "soldier": frozenset({"soldier", "soldiers"}),
        "militar": frozenset({"militar", "militares"}),
        "peruano": frozenset({"peruano", "peruana", "peruanos", "peruanas"}),
        "camion": frozenset({"camion", "camiones"}),
        "child": frozenset({"child", "children"}),
        "march": frozenset({"march", "marches", "marched", "marching"}),
        "mina": frozenset({"mina", "minas"}),
        "tropa": frozenset({"tropa", "tropas"}),
        # Those that the shipped topics ask for.
        "troop": frozenset({"troop", "troops"}),
        "marine": frozenset({"marine", "marines"}),
        "paratrooper": frozenset({"paratrooper", "paratroopers"}),
        "paracaidista": frozenset({"paracaidista", "paracaidistas"}),
        "estadounidense": frozenset({"estadounidense", "estadounidenses"}),
        "norteamericano": frozenset(
            {"norteamericano", "norteamericana", "norteamericanos", "norteamericanas"}
        ),
        "votar": frozenset({"votar", "vota", "votan", "votaron", "votaran", "votado"}),
    },
)

ASKS = frozenset({"terms", "query", "dates", "exclude", "require", "languages"})
SAYS = frozenset({*FIELDS, *ATTRIBUTES, "date"})
WANTS = frozenset({"finds", "how", "variant", "fields", "starts", "matches", "refused"})


@dataclass(frozen=True, slots=True)
class Case:
    """One case. ``specs``: the topic ``topic_id``, and those that it may refer to."""

    name: str
    theme: str
    topic_id: str
    specs: tuple[TopicSpec, ...]
    document: Mapping[str, str]
    wanted: Mapping[str, Any]

    @property
    def topics(self) -> tuple[Topic, ...]:
        """All of its topics, compiled; raises `TopicError`."""
        return compile_topics(self.specs, FACTS)

    def check(self, found: Mapping[str, Sequence[Hit]]) -> None:
        """Assert that ``found``, the hits of each topic that matches, is what the case wants."""
        hits = found.get(self.topic_id)
        if "matches" in self.wanted:
            assert (hits is not None) == self.wanted["matches"], f"hits: {hits}"
            return
        got = {
            "finds": [hit.text for hit in hits or ()],
            "how": [hit.how for hit in hits or ()],
            "variant": [hit.variant for hit in hits or ()],
            "fields": [hit.field for hit in hits or ()],
            "starts": [hit.start for hit in hits or ()],
        }
        got = {name: got[name] for name in self.wanted}
        assert got == self.wanted, f"it is {got}, and not {self.wanted}: {hits}"
        assert (hits is not None) == bool(hits), "a topic that matches has hits"
        for hit in hits or ():
            assert self.document[hit.field][hit.start : hit.end] == hit.text


def spec(topic_id: str, asked: Mapping[str, Any]) -> TopicSpec:
    """Return the topic that ``asked`` describes."""
    terms = asked.get("terms", ())
    by_language = terms if isinstance(terms, dict) else {None: terms}
    more = {"languages": tuple(asked["languages"])} if "languages" in asked else {}
    return TopicSpec(
        topic_id=topic_id,
        title=topic_id,
        terms=tuple(Term(text, language) for language, texts in by_language.items() for text in texts),
        query=asked.get("query"),
        **{name: tuple(asked.get(name, ())) for name in ("dates", "exclude", "require")},
        **more,
    )


def _case(theme: str, written: Mapping[str, Any], watch_list: Sequence[TopicSpec]) -> Case:
    left = dict(written)
    name = left.pop("name")
    topic_id = left.pop("of", "topic")
    asked = {
        key: {"query": text} if isinstance(text, str) else text
        for key, text in left.pop("topics", {}).items()
    }
    if own := {key: left.pop(key) for key in tuple(left) if key in ASKS}:
        asked["topic"] = own
    specs = (*watch_list, *(spec(key, parts) for key, parts in asked.items()))
    document = {key: left.pop(key) for key in tuple(left) if key in SAYS}
    wanted = {key: left.pop(key) for key in tuple(left) if key in WANTS}
    assert not left, f"{theme}.toml: {name}: nothing is called {', '.join(left)}"
    assert wanted, f"{theme}.toml: {name}: it wants nothing"
    assert topic_id in {spec.topic_id for spec in specs}, f"{theme}.toml: {name}: it asks nothing"
    return Case(name, theme, topic_id, specs, document, wanted)


def load() -> tuple[Case, ...]:
    """Return every case, in the order of the files."""
    cases = []
    for path in sorted(FOLDER.glob("*.toml")):
        file = tomllib.loads(path.read_text("utf-8"))
        watch_list = [spec(topic_id, asked) for topic_id, asked in file.get("watch_list", {}).items()]
        if file.get("shipped"):
            watch_list += config.load(SHIPPED, {}).topics
        cases += [_case(path.stem, written, watch_list) for written in file["case"]]
    return tuple(cases)
