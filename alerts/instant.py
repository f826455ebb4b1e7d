"""What is told at once, and what waits for the next digest: pure functions, no I/O, no clock.

    choose     new matches, their stories, what was told of these     -> Choice

The first article of a story is told at once. Then nothing of that story is, until as many more outlets have it as the
subscription says; what comes in between is in the next digest. An article that has no copies is a story of its own.
Which story an article belongs to may change as copies are found, so what was told is remembered by article, with how
many outlets its story had by then: of a story that two have become, what was told of either was told.

Copies are found seconds after their match. An article of which that is not known yet (``unsettled``) is left for a
later look: told now, every newspaper that prints an agency's text would be a first article.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from archive.model import MatchedArticle, Story


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to be told at once. ``upto``: matches up to here need no other look."""

    tell: tuple[MatchedArticle, ...]
    upto: int


def choose(
    matched: Sequence[MatchedArticle],
    stories: Mapping[int, Story],
    told: Mapping[int, int],
    *,
    grown: int,
    upto: int,
    unsettled: Collection[int] = frozenset(),
) -> Choice:
    """Return which of ``matched`` are told at once; none of them was told before, and all are up to ``upto``.

    ``told``: of articles that the reader was told of, or will be by the next digest, how many outlets had the story.
    """
    tell: list[MatchedArticle] = []
    telling: set[int] = set()
    for one in sorted(matched, key=lambda one: one.seq):
        if one.article_id in unsettled:
            upto = min(upto, one.seq - 1)
            continue
        key = story_of(one, stories)
        if key not in telling:
            story = stories.get(one.article_id)
            members = {one.article_id, *one.was, *(story.articles if story else ())}
            before = [told[member] for member in members & told.keys()]
            if before and outlets(one.article_id, stories) - max(before) < grown:
                continue
        # What else is new of the story goes with it.
        telling.add(key)
        tell.append(one)
    return Choice(tuple(tell), upto)


def story_of(one: MatchedArticle, stories: Mapping[int, Story]) -> int:
    """Return what the story of an article is known by: an id of one of its articles."""
    story = stories.get(one.article_id)
    return story.story_id if story else one.article_id


def outlets(article_id: int, stories: Mapping[int, Story]) -> int:
    """Return how many outlets have the story of an article."""
    story = stories.get(article_id)
    return story.outlets if story else 1
