"""What a subscription wants of what was found: pure, one article at a time.

All of it is decided when a digest is made, by what the article is then; that moves no match from one range of
sequences into another, so what is filtered out is dealt with like what no topic of the subscription found.

Languages are compared as ranges (RFC 4647): ``es`` takes ``es-PE``. What language an article is in may be unknown, and
then no filter by language leaves it out: none is missed. What country a source is of, the operator writes down; one of
which nothing is written is of none.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from alerts.model import QUERY_TOPIC, Subscription


class Sourced(Protocol):
    """What is of a source, or is one."""

    @property
    def source_id(self) -> str:
        """The outlet."""

    @property
    def country(self) -> str | None:
        """The country of the outlet."""


class Tellable(Sourced, Protocol):
    """What has a topic, a source and a language: a match, or an edit that did something to a term."""

    @property
    def topic_id(self) -> str:
        """The topic that found it."""

    @property
    def language(self) -> str | None:
        """The language of the article."""


def topics(subscription: Subscription) -> tuple[str, ...] | None:
    """Return the topics to read for a subscription; None: all."""
    if subscription.topics is None:
        return None
    return (*subscription.topics, *([subscription.query_topic] if subscription.query_topic else []))


def wants(subscription: Subscription, one: Tellable) -> bool:
    """Tell whether a reader is told of this."""
    return (
        has_topic(subscription, one.topic_id)
        and takes_in(subscription, one)
        and (
            one.language is None
            or not subscription.languages
            or _within(one.language, subscription.languages)
        )
        and not (one.language and _within(one.language, subscription.not_languages))
    )


def takes_in(subscription: Subscription, one: Sourced) -> bool:
    """Tell whether a reader is told of anything of this source, and so of what keeps it from being read."""
    return (
        (not subscription.sources or one.source_id in subscription.sources)
        and one.source_id not in subscription.not_sources
        and (not subscription.countries or one.country in subscription.countries)
        and one.country not in subscription.not_countries
    )


def has_topic(subscription: Subscription, topic_id: str) -> bool:
    """Tell whether a subscription is told of a topic at all."""
    if topic_id == subscription.query_topic:
        return True
    if subscription.topics is None:
        return not topic_id.startswith(QUERY_TOPIC)  # another subscription's own
    return topic_id in subscription.topics


def _within(language: str, ranges: Iterable[str]) -> bool:
    spoken = language.casefold()
    return any(spoken == one.casefold() or spoken.startswith(f"{one.casefold()}-") for one in ranges)
