from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.model import (
    EndpointKind,
    Feed,
    Outcome,
    PageOutcome,
    PagePlan,
    PageState,
    PageTask,
    PollOutcome,
    PollTask,
)
from crawler.schedule import (
    INTERVAL,
    LONGEST,
    PAGE_WAITS,
    Pause,
    after_page,
    after_poll,
    maintenance_due,
)

NOW = datetime(2026, 7, 20, 12, tzinfo=UTC)
TASK = PollTask(endpoint_id=1, source_id="press", kind=EndpointKind.FEED, url="https://example.org/feed")
HOUR = 3600.0

REASONS = [
    "timeout", "connection", "dns", "too_large", "redirects", "bad_url", "refused", "error", "empty", "not_a_feed", "parse_error",
    "parse_timeout", "parse_memory", "worker_died", "http_400", "http_401", "http_403", "http_404", "http_410", "http_429", "http_451",
    "http_500", "http_503", "http_304",
]  # fmt: skip
KINDS = [
    "unreachable",
    "blocked",
    "http_error",
    "not_a_feed",
    "refused",
    "parse_error",
    "capped",
    "moved",
    "silent",
]


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
moves = st.none() | st.just("https://example.org/new")
polls = st.one_of(
    st.builds(read, feed=feeds, retry_after=waits, moved_to=moves),
    st.builds(
        read,
        feed=st.none(),
        outcome=st.sampled_from([Outcome.UNCHANGED, Outcome.NOT_MODIFIED]),
        moved_to=moves,
    ),
    st.builds(failed, st.sampled_from(REASONS), detail=st.sampled_from(["", "why"]), retry_after=waits),
)
everies = st.none() | st.floats(30, 7 * 86400)
before = st.integers(0, 10_000)
opened = st.sets(st.sampled_from(KINDS)).map(lambda kinds: tuple(sorted(kinds)))


@pytest.mark.parametrize(
    ("poll", "failures", "every", "interval"),
    [
        pytest.param(read(), 0, None, INTERVAL, id="the usual interval"),
        pytest.param(read(), 7, None, INTERVAL, id="after failures, too"),
        pytest.param(read(), 0, 60.0, 60.0, id="the operator's interval"),
        pytest.param(read(), 0, 2 * 86400.0, 2 * 86400.0, id="which may be longer than a day"),
        pytest.param(read(feed=feed(ttl=HOUR)), 0, None, HOUR, id="the feed's own wish"),
        pytest.param(
            read(feed=feed(ttl=60.0)), 0, None, INTERVAL, id="no more often than usual, though it asks"
        ),
        pytest.param(read(feed=feed(ttl=365 * 86400.0)), 0, None, LONGEST, id="nor once a year"),
        pytest.param(read(feed=feed(ttl=HOUR)), 0, 60.0, 60.0, id="the operator before the feed"),
        pytest.param(read(outcome=Outcome.NOT_MODIFIED, feed=None), 3, None, INTERVAL, id="304 is a success"),
        pytest.param(failed("timeout"), 0, None, 2 * INTERVAL, id="one failure doubles it"),
        pytest.param(failed("timeout"), 1, None, 4 * INTERVAL, id="the next again"),
        pytest.param(failed("timeout"), 500, None, LONGEST, id="up to a day"),
        pytest.param(failed("timeout"), 0, 2 * 86400.0, 2 * 86400.0, id="or to what the operator asked for"),
        pytest.param(failed("http_429", retry_after=7 * HOUR), 0, None, 7 * HOUR, id="Retry-After"),
        pytest.param(
            failed("http_429", retry_after=60.0), 3, None, 16 * INTERVAL, id="Retry-After shortens nothing"
        ),
        pytest.param(failed("http_503", retry_after=1e9), 0, None, LONGEST, id="Retry-After, up to a day"),
        pytest.param(read(retry_after=2 * HOUR), 0, 60.0, 2 * HOUR, id="Retry-After of a success"),
    ],
)
def test_the_next_poll_comes_when_it_should(
    poll: PollOutcome, failures: int, every: float | None, interval: float
) -> None:
    plan = after_poll(poll, failures=failures, every=every, open_events=())
    assert plan.interval == interval
    assert plan.next_poll_at == NOW + timedelta(seconds=interval)


@pytest.mark.parametrize(
    ("poll", "before", "opens", "closes"),
    [
        pytest.param(read(), (), [], (), id="all is well"),
        pytest.param(read(), ("blocked", "parse_error", "capped", "moved"), [], ("blocked", "parse_error", "capped", "moved"), id="all is well again"),
        pytest.param(
            read(outcome=Outcome.UNCHANGED, feed=None), ("unreachable", "parse_error", "capped"), [], ("unreachable",), id="the same body says nothing of itself"
        ),
        pytest.param(read(feed=feed(complete=False, capped=9)), ("parse_error",), ["capped"], ("parse_error",), id="too many entries"),
        pytest.param(read(feed=feed(complete=False, warnings=("line 3: no",))), ("capped",), ["parse_error"], ("capped",), id="not well-formed"),
        pytest.param(read(moved_to="https://example.org/new"), ("blocked",), ["moved"], ("blocked",), id="moved"),
        pytest.param(read(moved_to="https://example.org/new"), ("moved",), ["moved"], (), id="still moved"),
        pytest.param(failed("http_403"), (), ["blocked"], (), id="blocked"),
        pytest.param(failed("http_403"), ("blocked",), ["blocked"], (), id="still blocked"),
        pytest.param(failed("timeout"), ("blocked",), ["unreachable"], ("blocked",), id="another failure takes its place"),
        pytest.param(failed("timeout"), ("parse_error", "capped", "moved"), ["unreachable"], (), id="a failure says nothing of the body"),
        pytest.param(failed("parse_error"), ("http_error",), ["parse_error"], ("http_error",), id="it answers again, but cannot be read"),
    ],
)  # fmt: skip
def test_events_are_opened_and_closed(
    poll: PollOutcome, before: tuple[str, ...], opens: list[str], closes: tuple[str, ...]
) -> None:
    plan = after_poll(poll, failures=0, every=None, open_events=before)
    assert [kind for kind, _ in plan.events] == opens
    assert plan.closes == closes


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("http_401", "blocked"), ("http_403", "blocked"), ("http_451", "blocked"),
        ("http_404", "http_error"), ("http_429", "http_error"), ("http_500", "http_error"),
        ("timeout", "unreachable"), ("dns", "unreachable"), ("connection", "unreachable"), ("too_large", "unreachable"), ("error", "unreachable"),
        ("not_a_feed", "not_a_feed"), ("not_a_sitemap", "not_a_feed"), ("no_articles", "not_a_feed"), ("refused", "refused"),
        ("robots", "blocked"),
        ("parse_error", "parse_error"), ("parse_timeout", "parse_error"), ("empty", "parse_error"),
    ],
)  # fmt: skip
def test_each_failure_has_a_name_that_operators_know(reason: str, kind: str) -> None:
    plan = after_poll(failed(reason, detail="why"), failures=0, every=None, open_events=())
    assert plan.events == ((kind, f"{reason}: why"),)


@pytest.mark.parametrize(
    ("poll", "keep"),
    [
        (read(), True),
        (read(outcome=Outcome.NOT_MODIFIED, feed=None), True),
        (read(outcome=Outcome.UNCHANGED, feed=None), True),
        (read(feed=feed(complete=False)), False),
        (read(feed=feed(complete=False, capped=1)), False),
        (failed("timeout"), False),
        (failed("parse_error"), False),
    ],
)
def test_validators_are_kept_of_whole_bodies_only(poll: PollOutcome, keep: bool) -> None:
    assert after_poll(poll, failures=0, every=None, open_events=()).keep is keep


@given(polls, before, everies, opened)
def test_an_endpoint_is_asked_neither_too_often_nor_too_rarely(
    poll: PollOutcome, failures: int, every: float | None, events: tuple[str, ...]
) -> None:
    plan = after_poll(poll, failures=failures, every=every, open_events=events)
    base = every or INTERVAL
    assert base <= plan.interval <= max(LONGEST, base)
    # Nothing is ever switched off.
    assert NOW < plan.next_poll_at <= NOW + timedelta(seconds=max(LONGEST, base))


@given(polls, before, everies, opened)
def test_failures_are_counted_and_a_success_forgets_them(
    poll: PollOutcome, failures: int, every: float | None, events: tuple[str, ...]
) -> None:
    plan = after_poll(poll, failures=failures, every=every, open_events=events)
    assert plan.failures == (failures + 1 if poll.outcome is Outcome.FAILED else 0)
    assert not (plan.keep and plan.failures)


@given(polls, before, everies, opened)
def test_a_poll_never_opens_and_closes_the_same_event(
    poll: PollOutcome, failures: int, every: float | None, events: tuple[str, ...]
) -> None:
    plan = after_poll(poll, failures=failures, every=every, open_events=events)
    shown = [kind for kind, _ in plan.events]
    assert len(shown) == len(set(shown))
    assert not set(shown) & set(plan.closes)
    assert set(plan.closes) <= set(events)
    assert bool(shown) or poll.outcome is not Outcome.FAILED


@given(polls, everies)
def test_a_server_that_asks_for_time_gets_it(poll: PollOutcome, every: float | None) -> None:
    plan = after_poll(poll, failures=0, every=every, open_events=())
    assert plan.interval >= min(poll.retry_after or 0.0, LONGEST)


@given(st.sampled_from(REASONS), everies, st.integers(0, 100))
def test_the_longer_it_fails_the_less_it_is_asked(reason: str, every: float | None, failures: int) -> None:
    sooner = after_poll(failed(reason), failures=failures, every=every, open_events=())
    later = after_poll(failed(reason), failures=failures + 1, every=every, open_events=())
    assert sooner.interval <= later.interval


@given(polls, before, everies, opened)
def test_after_a_good_poll_no_failure_stays_open(
    poll: PollOutcome, failures: int, every: float | None, events: tuple[str, ...]
) -> None:
    plan = after_poll(poll, failures=failures, every=every, open_events=events)
    if poll.outcome is not Outcome.FAILED:
        left = set(events) - set(plan.closes)
        assert not left & {"unreachable", "blocked", "http_error", "not_a_feed", "refused"}


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
