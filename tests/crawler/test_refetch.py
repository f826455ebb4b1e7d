"""When a page is fetched again: a table of states and outcomes, and what holds whatever they are."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.model import KnownPage, Outcome, PageOutcome, PagePlan, PageState, PageTask, Refetch
from crawler.refetch import AGAIN, MOST_WAIT, NEAR, again, plan

READ = datetime(2026, 7, 19, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
TASK = PageTask(article_id=1, source_id="press", url="https://example.org/a")
KNOWN = KnownPage(state=PageState.READ, read_at=READ, asked_at=READ, matched=True)


def page(hours: float, reason: str | None = None, **more: Any) -> PageOutcome:
    outcome = Outcome.FAILED if reason else Outcome.NOT_MODIFIED
    return PageOutcome(
        task=TASK, at=READ + hours * HOUR, outcome=outcome, url=TASK.url, reason=reason, **more
    )


def then(hours: float | None, state: PageState = PageState.READ, tries: int = 0) -> PagePlan:
    return PagePlan(state=state, again_at=None if hours is None else READ + hours * HOUR, tries=tries)


TABLE = [
    ("at first", KNOWN, page(0), then(1)),
    ("an hour later", KNOWN, page(1), then(6)),
    ("six hours later", KNOWN, page(6), then(24)),
    ("a day later", KNOWN, page(24), then(None)),
    ("a late service asks once for what it missed", KNOWN, page(20), then(24)),
    ("one that comes just before the next time asks for it, too", KNOWN, page(5.6), then(24)),
    ("one that comes a while before does not", KNOWN, page(5.4), then(6)),
    ("a week late", KNOWN, page(168), then(None)),
    ("nobody was told of it", replace(KNOWN, matched=False), page(0), then(None)),
    ("all are wanted", replace(KNOWN, matched=False, refetch=Refetch.ALL), page(0), then(1)),
    ("none is wanted", replace(KNOWN, refetch=Refetch.NONE), page(0), then(None)),
    ("it is old", replace(KNOWN, backfill=True), page(0), then(None)),
    ("it is old, and all are wanted", replace(KNOWN, backfill=True, refetch=Refetch.ALL), page(0), then(None)),
    ("the page holds for two hours", KNOWN, page(0, max_age=7200), then(2)),
    ("for less than there is to wait", KNOWN, page(1, max_age=7200), then(6)),
    ("for a year", KNOWN, page(0, max_age=3e7), then(6)),
    ("for longer than can be said", KNOWN, page(0, max_age=1e10), then(6)),
    ("it cannot be asked", KNOWN, page(1, "timeout"), then(1 + 1 / 6, tries=1)),
    ("nor again", replace(KNOWN, tries=1), page(1.5, "http_503"), then(2.5, tries=2)),
    ("nor a third time", replace(KNOWN, tries=2), page(3, "http_503"), then(6)),
    ("its server wants to be left alone", KNOWN, page(1, "http_429", retry_after=7200), then(3, tries=1)),
    ("for a year, even", KNOWN, page(1, "http_429", retry_after=3e7), then(25, tries=1)),
    ("robots.txt forbids it now", KNOWN, page(1, "robots", retry=False), then(6)),
    ("it is not there", KNOWN, page(1, "http_404"), then(6, PageState.GONE)),
    ("an error page is there", KNOWN, page(1, "no_text"), then(6, PageState.GONE)),
    ("it is gone for good", KNOWN, page(1, "http_410", retry=False), then(None, PageState.GONE)),
    ("it is back", replace(KNOWN, state=PageState.GONE), page(6), then(24)),
    ("it is gone, and cannot be asked", replace(KNOWN, state=PageState.GONE), page(6, "dns"),
     then(6 + 1 / 6, PageState.GONE, 1)),
    ("it leads where nobody may go", KNOWN, page(1, "refused", retry=False), then(None)),
    ("its entry changed, and nobody was told of it", replace(KNOWN, matched=False), page(50, "http_503"),
     then(50 + 1 / 6, tries=1)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("known", "outcome", "expected"), [case[1:] for case in TABLE], ids=[case[0] for case in TABLE]
)
def test_a_page_that_was_read_is_asked_for_again(
    known: KnownPage, outcome: PageOutcome, expected: PagePlan
) -> None:
    assert plan(outcome, known) == expected


def test_the_first_reading_decides_as_a_page_does_that_was_never_read() -> None:
    unread = KnownPage(matched=True)
    assert plan(page(0, "timeout"), unread) == PagePlan(
        state=PageState.DUE, due_at=READ + timedelta(seconds=600)
    )
    assert plan(replace(page(0), outcome=Outcome.OK), unread) == then(1)


reasons = st.sampled_from(
    [None, "timeout", "http_404", "http_429", "http_503", "no_text", "robots", "http_410"]
)


@given(st.lists(st.tuples(reasons, st.floats(0, 90_000), st.floats(0, 1e9), st.floats(0, 3e7)), min_size=30))
def test_whatever_comes_the_requests_of_a_page_come_to_an_end(
    answers: list[tuple[str | None, float, float, float]],
) -> None:
    known, at, asked = replace(KNOWN, again_at=READ + HOUR), READ + HOUR, 0
    for reason, late, retry_after, max_age in answers:
        at += timedelta(seconds=late)
        answer = PageOutcome(
            task=TASK, at=at, outcome=Outcome.FAILED if reason else Outcome.OK, url=TASK.url, reason=reason,
            retry_after=retry_after, max_age=max_age,
        )  # fmt: skip
        found = plan(answer, known)
        asked += 1
        if found.again_at is None:
            break
        assert found.again_at > at
        known, at = (
            replace(known, state=found.state, tries=found.tries, again_at=found.again_at),
            found.again_at,
        )
    assert asked <= 3 * len(AGAIN)


@given(st.floats(0, 48), st.floats(0, 1e12))
def test_the_next_time_lies_ahead_and_max_age_puts_it_off_by_hours_at_most(
    hours: float, max_age: float
) -> None:
    at = READ + hours * HOUR
    soonest, held = again(KNOWN, at), again(KNOWN, at, max_age)
    assert (soonest is None) == (held is None)
    if soonest is not None and held is not None:
        assert at + NEAR < soonest <= held <= max(soonest, at + MOST_WAIT)
