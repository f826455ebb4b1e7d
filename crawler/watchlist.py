"""The operator's topics, compiled with what dictionaries say about their words.

    specs ─▶ compiled ─▶ what is to be asked, less what is known ─▶ dictionaries (archive.lexicon) ─▶ topics with facts

Asking the dictionaries takes a process and some two seconds; what the archive remembers from earlier costs nothing.
What a topic means is for `archive.topic` to say, and whether it finds something for `archive.match`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

from archive.connect import open_reader, translated
from archive.errors import ArchiveError
from archive.facts import Facts, Wanted
from archive.lexicon import look_up
from archive.normalize import fold
from archive.topic import LANGUAGES, Topic, TopicSpec, all_wanted, compile_topics
from crawler.config import Config


def compile_config(config: Config, known: Facts | None = None) -> tuple[Topic, ...]:
    """Return all topics of ``config``; dictionaries are asked for what ``known`` does not cover, and for nothing else.

    Raises `PresswatchError` if they must be asked and cannot be.
    """
    return compile_specs(config.topics, config.settings.languages, known)


def compile_stored(config: Config) -> tuple[Topic, ...]:
    """Return the same; what the archive of ``config`` remembers from earlier is not asked again."""
    return compile_config(config, stored_facts(config.data_dir, config.settings.languages))


def compile_specs(
    specs: Sequence[TopicSpec], languages: Sequence[str], known: Facts | None = None
) -> tuple[Topic, ...]:
    """Return the topics of ``specs``, as `compile_config` does. All of them share one `Facts`."""
    topics = compile_topics(specs)
    known = known or Facts()
    facts = known | look_up(missing(all_wanted(topics), known), languages)
    return tuple(replace(topic, facts=facts) for topic in topics)


def missing(wanted: Wanted, known: Facts) -> Wanted:
    """Return what of ``wanted`` is not in ``known``."""
    return Wanted(
        capitals=wanted.capitals - known.ordinary - known.proper,
        slips=wanted.slips - known.near.keys(),
        forms=frozenset(word for word in wanted.forms if fold(word) not in known.forms),
    )


def stored_facts(data_dir: Path, languages: Sequence[str]) -> Facts | None:
    """Return what the archive remembers about the words of its topics; None if there is nothing that can be read.

    Only what the dictionaries of just these ``languages`` said counts.
    """
    path = data_dir / "archive.db"
    try:
        with closing(open_reader(path)) as conn, translated(path):
            rows = conn.execute(
                """select v.facts, v.definition from topic_versions v
                join topics t on t.id = v.topic_id and t.version = v.version
                where v.facts is not null"""
            ).fetchall()
    except ArchiveError:
        # An archive of an earlier version, or none, or one that is being made: then dictionaries are asked.
        return None
    known = []
    for row in rows:
        with suppress(ValueError):  # what cannot be read is asked for again
            if json.loads(row["definition"]).get("languages", list(LANGUAGES)) == list(languages):
                known.append(Facts.from_json(row["facts"]))
    return _merged(known) if known else None


def _merged(all_facts: Iterable[Facts]) -> Facts:
    ordinary: set[str] = set()
    proper: set[str] = set()
    near: dict[str, frozenset[str]] = {}
    forms: dict[str, frozenset[str]] = {}
    for facts in all_facts:
        ordinary |= facts.ordinary
        proper |= facts.proper
        # Not one by one with |: that would copy all words for each of ten thousand topics.
        near.update(facts.near)
        forms.update(facts.forms)
    return Facts(ordinary=frozenset(ordinary), proper=frozenset(proper - ordinary), near=near, forms=forms)
