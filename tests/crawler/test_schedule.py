from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.model import (
    Before,
    EndpointKind,
    EndpointState,
    Feed,
    Outcome,
    PageOutcome,
    PagePlan,
    PageState,
    PageTask,
    PollOutcome,
    PollPlan,
    PollTask,
    Reading,
)
from crawler import coverage, trust
from crawler.remedies import remedy
from crawler.schedule import (
    LONGEST,
    PAGE_WAITS,
    SHORTEST,
    SLOWEST,
    Pause,
    after_page,
    after_poll,
    floor,
    maintenance_due,
    weight_of,
)
from tests.crawler import policy
from tests.crawler.policy import CASES

NOW = datetime(2026, 7, 20, 12, tzinfo=UTC)
TASK = PollTask(endpoint_id=1, source_id="press", kind=EndpointKind.FEED, url="https://example.org/feed")
HOUR = 3600.0

REASONS = [
    "timeout", "connection", "dns", "too_large", "redirects", "bad_url", "refused", "error", "empty", "not_a_feed", "parse_error",
    "parse_timeout", "parse_memory", "worker_died", "http_400", "http_401", "http_403", "http_404", "http_410", "http_429", "http_451",
    "http_500", "http_503", "http_304",
]  # fmt: skip
KINDS = [
    "unreachable", "blocked", "http_error", "not_a_feed", "refused", "gone", "parse_error", "capped", "moved", "silent", "stale",
    "overrun", "reidentified", "wrong_304", "pages_blocked", "no_items",
]  # fmt: skip
STATE = EndpointState(
    url="https://example.org/feed", last_ok_at=NOW - timedelta(minutes=15), read_at=NOW - timedelta(hours=1)
)
BEFORE = Before(
    times=tuple(NOW - timedelta(hours=hours) for hours in range(500, 0, -1)), first=NOW - timedelta(hours=500)
)


def feed(**more: Any) -> Feed:
    return Feed(title="T", format="rss20", entries=(), **more)


def read(**more: Any) -> PollOutcome:
    return PollOutcome(
        **{"task": TASK, "at": NOW, "outcome": Outcome.OK, "status": 200, "feed": feed(), **more}
    )


def failed(reason: str, **more: Any) -> PollOutcome:
    return PollOutcome(task=TASK, at=NOW, outcome=Outcome.FAILED, reason=reason, **more)


feeds = st.builds(
    feed,
    complete=st.booleans(),
    capped=st.integers(0, 3),
    ttl=st.none() | st.floats(1, 1e9),
    warnings=st.just(()) | st.just(("line 3: no",)),
)
waits = st.none() | st.floats(0, 1e12) | st.just(float("inf"))
ages = st.none() | st.floats(0, 3e6).map(lambda age: NOW - timedelta(seconds=age))
moves = st.none() | st.sampled_from(
    ["https://example.org/new", "https://example.org/", "https://other.example/feed"]
)
tags = st.none() | st.sampled_from(["v1", "v2"])
polls = st.one_of(
    st.builds(read, feed=feeds, retry_after=waits, max_age=waits, moved_to=moves, etag=tags),
    st.builds(
        read,
        feed=st.none(),
        outcome=st.sampled_from([Outcome.UNCHANGED, Outcome.NOT_MODIFIED]),
        moved_to=moves,
        max_age=waits,
    ),
    st.builds(
        failed, st.sampled_from(REASONS), detail=st.sampled_from(["", "an HTML page"]), retry_after=waits
    ),
)
opened = st.dictionaries(st.sampled_from(KINDS), ages.map(lambda age: age or NOW), max_size=len(KINDS))
states = st.builds(
    EndpointState,
    url=st.sampled_from(
        ["https://example.org/feed", "https://example.org/new", "http://www.example.org/feed"]
    ),
    every=st.none() | st.floats(30, 30 * 86400),
    failures=st.integers(0, 10_000),
    weight=st.floats(0, 10_000),
    pace=st.none() | st.floats(SHORTEST, SLOWEST),
    ttl=st.none() | st.floats(1, 1e9),
    good_polls=st.integers(0, 5),
    last_ok_at=ages,
    read_at=ages,
    item_at=ages,
    etag=tags,
    whole_at=ages,
    said_304_at=ages,
    whole_by=ages,
    whole_until=ages,
    habit_at=ages,
    overrun_at=ages,
    moved_to=moves,
    gap_since=ages,
    open_events=opened,
)
dates = st.lists(st.floats(0, 3e6).map(lambda age: NOW - timedelta(seconds=age)), max_size=5).map(tuple)
readings = st.builds(
    lambda items, fresh, shared, dates: Reading(
        items=items, fresh=min(fresh, items), shared=min(shared, items), dates=dates, fresh_dates=dates
    ),
    st.integers(0, 50),
    st.integers(0, 50),
    st.integers(0, 50) | st.just(0),
    dates,
)
jitters = st.floats(0, 1)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_poll_does_what_its_rule_says(case: dict[str, Any]) -> None:
    now, state = policy.at(case), policy.state(case)
    poll, reading, before = policy.poll(case), policy.reading(case), policy.before(case)
    if poll.outcome is Outcome.OK and reading is None:
        pytest.fail("a body that was read needs a reading")
    # What was not asked for is not there.
    known = before if coverage.looks_odd(poll, state, reading) else None
    plan = after_poll(poll, state, reading, known, jitter=case.get("jitter", 0.0))
    for name, wanted in case["expect"].items():
        assert (name, told(name, plan, now)) == (name, expected(name, wanted, now))


def told(name: str, plan: PollPlan, now: datetime) -> object:
    match name:
        case "interval" | "pace" | "ttl":
            return round(getattr(plan, name))
        case "opens":
            return sorted(kind for kind, _ in plan.events)
        case "closes":
            return sorted(f"{kind} {why}" for kind, why in plan.closes)
        case "says":
            return Words(" ".join(words for _, words in plan.events))
        case "lost":
            lost = plan.lost
            return "unknown" if lost is None else (lost.since, lost.until) if lost else "nothing"
        case "moved_to":
            return plan.moved_to or ""
        case "whole_by" | "whole_until" | "said_304_at" | "habit_at" | "item_at":
            time = getattr(plan, name)
            return time and round((now - time).total_seconds())
    return getattr(plan, name)


def expected(name: str, wanted: Any, now: datetime) -> object:
    if name == "says":
        return Words(wanted)
    if name == "lost" and isinstance(wanted, list):
        return tuple(now - timedelta(seconds=policy.seconds(age)) for age in wanted)
    if name in ("opens", "closes"):
        return sorted(wanted)
    if isinstance(wanted, str) and wanted and name not in ("lost", "moved_to"):
        return round(policy.seconds(wanted))
    return None if wanted == "" and name != "moved_to" else wanted


class Words(str):
    """Equal to the pattern that it holds."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and re.search(str.__str__(other), str.__str__(self)) is not None


def test_every_rule_is_named_once() -> None:
    names = [case["name"] for case in CASES]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("http_401", "blocked"), ("http_403", "blocked"), ("http_451", "blocked"), ("http_410", "gone"),
        ("http_404", "http_error"), ("http_429", "http_error"), ("http_500", "http_error"),
        ("timeout", "unreachable"), ("dns", "unreachable"), ("connection", "unreachable"), ("too_large", "unreachable"), ("error", "unreachable"),
        ("not_a_feed", "not_a_feed"), ("not_a_sitemap", "not_a_feed"), ("no_articles", "not_a_feed"), ("refused", "refused"),
        ("robots", "unreachable"),  # what it forbids is told beside it; see policy.toml
        ("parse_error", "parse_error"), ("parse_timeout", "parse_error"), ("empty", "parse_error"),
    ],
)  # fmt: skip
def test_each_failure_has_a_name_that_operators_know(reason: str, kind: str) -> None:
    plan = after_poll(failed(reason, detail="why"), STATE)
    assert plan.events == ((kind, f"{reason}: why"),)
    assert remedy(kind, f"{reason}: why", STATE.url)


@given(polls, states, readings, jitters)
def test_an_endpoint_is_asked_neither_too_often_nor_too_rarely_and_never_not_at_all(
    poll: PollOutcome, state: EndpointState, reading: Reading, jitter: float
) -> None:
    plan = after_poll(poll, state, reading if poll.feed else None, BEFORE, jitter=jitter)
    soonest = state.every or floor(poll.task.url)
    latest = max(LONGEST, state.every or 0.0)
    assert soonest <= plan.interval <= latest
    assert floor(poll.task.url) <= plan.pace <= SLOWEST
    # Nothing is ever switched off.
    assert NOW < plan.next_poll_at <= NOW + timedelta(seconds=latest)
    # And what is asked unconditionally now is so for a week at the most.
    assert plan.whole_until is None or plan.whole_until <= NOW + timedelta(days=7)


@given(polls, states, readings)
def test_failures_are_counted_and_a_success_forgets_them(
    poll: PollOutcome, state: EndpointState, reading: Reading
) -> None:
    plan = after_poll(poll, state, reading if poll.feed else None, BEFORE)
    if poll.outcome is Outcome.FAILED:
        assert plan.failures == state.failures + 1
        assert plan.weight - state.weight == pytest.approx(weight_of(poll.reason))
        assert plan.lost is None
    else:
        assert (plan.failures, plan.weight) == (0, 0.0)
        # A good answer that shows nothing of what was missed says so.
        assert plan.lost is not None or plan.events[0][0] in ("no_items", "parse_error")
    assert not (plan.keep and plan.failures)


@given(polls, states, readings)
def test_a_poll_never_opens_and_closes_the_same_event(
    poll: PollOutcome, state: EndpointState, reading: Reading
) -> None:
    plan = after_poll(poll, state, reading if poll.feed else None, BEFORE)
    shown = [kind for kind, _ in plan.events]
    closed = [kind for kind, _ in plan.closes]
    assert len(shown) == len(set(shown))
    assert not set(shown) & set(closed)
    assert set(closed) <= set(state.open_events)
    assert bool(shown) or poll.outcome is not Outcome.FAILED
    # Words are left out only where there are some already.
    assert all(words or kind in state.open_events for kind, words in plan.events)
    if poll.outcome is not Outcome.FAILED:
        assert not (set(state.open_events) - set(closed)) & coverage.STATES


@given(polls, states)
def test_a_server_that_asks_for_time_gets_it(poll: PollOutcome, state: EndpointState) -> None:
    plan = after_poll(poll, state, Reading(items=0) if poll.feed else None)
    assert plan.interval >= min(poll.retry_after or 0.0, LONGEST)


@given(st.sampled_from(REASONS), states)
def test_the_longer_it_fails_the_less_it_is_asked(reason: str, state: EndpointState) -> None:
    sooner = after_poll(failed(reason), state)
    later = after_poll(failed(reason), replace(state, failures=state.failures + 1, weight=sooner.weight))
    assert sooner.interval <= later.interval


@given(states, readings)
def test_a_gap_lies_between_the_last_good_poll_and_this_one(state: EndpointState, reading: Reading) -> None:
    plan = after_poll(read(), state, reading, BEFORE)
    if plan.lost:
        assert plan.lost.since < plan.lost.until <= NOW
        assert plan.lost.low is None or plan.lost.missed is None or plan.lost.high is None or (
            0 <= plan.lost.low <= plan.lost.missed <= plan.lost.high
        )  # fmt: skip


def test_unconditional_polls_come_every_six_hours_or_so_and_not_all_in_one_pass() -> None:
    waits = [trust.check_after(number) / timedelta(hours=1) for number in range(1, 2001)]
    assert 4.5 <= min(waits) < 4.6
    assert 7.4 < max(waits) <= 7.5
    # In no quarter of an hour more than a tenth.
    assert max(Counter(int(4 * wait) for wait in waits).values()) <= 200
    assert [trust.check_after(7)] * 3 == [trust.check_after(7) for _ in range(3)]


# --- pages ------------------------------------------------------------------------------------------------


def page(reason: str | None, attempts: int = 0, **more: Any) -> PageOutcome:
    task = PageTask(article_id=1, source_id="press", url="https://example.org/a", attempts=attempts)
    outcome = Outcome.FAILED if reason else Outcome.OK
    return PageOutcome(task=task, at=NOW, outcome=outcome, url=task.url, reason=reason, **more)


def due(seconds: float) -> PagePlan:
    return PagePlan(state=PageState.DUE, due_at=NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("outcome", "plan"),
    [
        pytest.param(page(None), PagePlan(state=PageState.READ), id="read"),
        pytest.param(page("refused", retry=False), PagePlan(state=PageState.REFUSED), id="refused"),
        pytest.param(page("timeout"), due(PAGE_WAITS[0]), id="the first failure"),
        pytest.param(page("timeout", 4), due(PAGE_WAITS[4]), id="the fifth"),
        pytest.param(page("timeout", 5), PagePlan(state=PageState.FAILED), id="the sixth is the last"),
        pytest.param(page("http_404"), due(PAGE_WAITS[0]), id="not there"),
        pytest.param(page("http_404", 1), PagePlan(state=PageState.FAILED), id="not there again"),
        pytest.param(page("http_410", retry=False), PagePlan(state=PageState.FAILED), id="gone for good"),
        pytest.param(page("robots"), due(LONGEST), id="disallowed may change in a day"),
        pytest.param(page("robots", 1), PagePlan(state=PageState.FAILED), id="disallowed again"),
        pytest.param(page("no_text", 1), due(LONGEST), id="no text may be a bad moment"),
        pytest.param(page("http_503", retry_after=7200.0), due(7200.0), id="Retry-After"),
        pytest.param(
            page("http_503", 4, retry_after=60.0), due(PAGE_WAITS[4]), id="Retry-After shortens nothing"
        ),
        pytest.param(page("http_503", retry_after=1e9), due(LONGEST), id="Retry-After, up to a day"),
    ],
)
def test_a_page_is_read_tried_again_or_given_up(outcome: PageOutcome, plan: PagePlan) -> None:
    assert after_page(outcome) == plan


@given(st.sampled_from([*REASONS, "no_text", "robots"]), waits, st.booleans())
def test_a_page_is_given_up_in_the_end(reason: str, retry_after: float | None, retry: bool) -> None:
    for attempts in range(20):
        plan = after_page(page(reason, attempts, retry_after=retry_after, retry=retry))
        if plan.state is not PageState.DUE:
            assert plan.due_at is None
            return
        assert plan.due_at is not None
        assert PAGE_WAITS[0] <= (plan.due_at - NOW).total_seconds() <= LONGEST
    pytest.fail("twenty tries")


def test_the_waits_grow() -> None:
    assert sorted(PAGE_WAITS) == list(PAGE_WAITS)
    assert PAGE_WAITS[-1] <= LONGEST


# --- a database that cannot be written --------------------------------------------------------------------


def test_after_each_failure_the_pause_is_twice_as_long_up_to_an_hour() -> None:
    pause, now, waits = Pause(), NOW, []
    assert not pause.holds(now)
    for _ in range(9):
        pause = pause.failed(now)
        waits.append(pause.wait / timedelta(minutes=1))
        assert pause.holds(now)
        assert pause.holds(now + pause.wait - timedelta(seconds=1))
        now += pause.wait
        assert not pause.holds(now)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_what_was_under_way_when_it_failed_counts_as_one_failure() -> None:
    pause = Pause().failed(NOW)
    assert pause.failed(NOW + timedelta(seconds=59)) == pause


def test_a_small_thing_that_still_went_in_does_not_end_the_pause() -> None:
    pause = Pause().failed(NOW)
    for seconds in (0, 30, 60, 119):
        assert pause.stored(NOW + timedelta(seconds=seconds)) == pause
    assert pause.stored(NOW + timedelta(seconds=120)) == Pause()


def test_a_clock_that_is_set_back_ends_the_pause() -> None:
    pause = Pause().failed(NOW)
    assert not pause.holds(NOW - timedelta(seconds=1))
    assert pause.stored(NOW - timedelta(days=1)) == Pause()


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 7200)), max_size=30))
def test_no_pause_is_longer_than_an_hour(steps: list[tuple[bool, int]]) -> None:
    pause, now = Pause(), NOW
    for failed, seconds in steps:
        now += timedelta(seconds=seconds)
        pause = pause.failed(now) if failed else pause.stored(now)
        assert pause.holds(now) or not failed
        assert not pause.holds(now + timedelta(hours=1))


# --- maintenance ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("newest", "due"),
    [
        pytest.param(None, False, id="an empty archive has nothing to let go"),
        pytest.param(NOW, False, id="the second pass of a day"),
        pytest.param(NOW.replace(hour=0), False, id="the day began with the last one"),
        pytest.param(NOW - timedelta(hours=12, seconds=1), True, id="the first pass of a day"),
        pytest.param(NOW - timedelta(days=30), True, id="after a month"),
        pytest.param(NOW + timedelta(days=1), False, id="the clock was set back"),
    ],
)
def test_maintenance_is_due_in_the_first_pass_of_a_day(newest: datetime | None, due: bool) -> None:
    assert maintenance_due(newest, NOW) is due
    if newest:
        lima = timezone(timedelta(hours=-5))
        assert maintenance_due(newest.astimezone(lima), NOW.astimezone(lima)) is due
