"""Whole weeks around every change of clocks of the next two years, in every zone that has one.

The matches, their store and the clock behave badly on purpose: matches are committed late, the clock of the computer
is set back and forth, the service is down. What must hold: each match is in exactly one digest, each local day has its
digest at its hour, and after a stop there is one that says so.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest

from alerts import state
from alerts.due import due_digests
from alerts.model import Digest, Subscription
from alerts.prepare import Found, Prepared, build_next, store
from alerts.watch import last_due, next_due, quiet_until, read_quiet, read_when
from archive.model import MatchedArticle
from tests.alerts.factory import article, connect, outlets, subscription

START, YEARS = datetime(2026, 7, 1, tzinfo=UTC), timedelta(days=731)
DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
TICK = timedelta(minutes=30)


def transitions(zone: ZoneInfo) -> tuple[tuple[datetime, timedelta, timedelta], ...]:
    """Return the changes of clocks of the next two years: when, and from what to what."""
    found = []
    day = START
    while day < START + YEARS:
        if _offset(day, zone) != _offset(day + DAY, zone):
            low, high = day, day + DAY
            while high - low > SECOND:
                middle = low + timedelta(seconds=(high - low) // SECOND // 2)
                low, high = (middle, high) if _offset(middle, zone) == _offset(low, zone) else (low, middle)
            found.append((high, _offset(low, zone), _offset(high, zone)))
        day += DAY
    return tuple(found)


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    offset = moment.astimezone(zone).utcoffset()
    assert offset is not None
    return offset


@cache
def zones_by_the_wall() -> tuple[dict[str, tuple[datetime, ...]], ...]:
    """Return the zones whose clocks change, with when; together those whose clocks on the wall show the same.

    Of zones that change at the same moments by the same hours one is enough: until the end of the two years they are
    one zone by several names. The other zones of a group (Chicago with New York) lie a fixed number of hours apart. So
    everything in them is due at the same distance from the change, which
    `test_in_every_zone_all_is_due_when_it_is_in_the_first_of_those_with_the_same_clock_on_the_wall` holds; whole weeks
    are then played in the first one.
    """
    groups: dict[object, dict[str, tuple[datetime, ...]]] = {}
    seen = set()
    for name in sorted(available_timezones()):
        changes = transitions(ZoneInfo(name))
        if changes and changes not in seen:
            seen.add(changes)
            wall = tuple((moment + before, moment + after) for moment, before, after in changes)
            groups.setdefault(wall, {})[name] = tuple(moment for moment, _, _ in changes)
    return tuple(groups.values())


def first_of_each() -> dict[str, tuple[datetime, ...]]:
    """Return one zone of each group."""
    return dict(next(iter(group.items())) for group in zones_by_the_wall())


class Week:
    """One subscription, its table, and an archive that grows while ticks come."""

    def __init__(self, one: Subscription, start: datetime, seed: int) -> None:
        self.conn = connect()
        self.random = random.Random(seed)
        self.archive: list[MatchedArticle] = []
        self.waiting: list[datetime] = []
        self.made: list[Digest] = []
        state.sync_subscriptions(self.conn, [one], 0, start)
        self.known = state.active_subscriptions(self.conn)

    def tick(self, now: datetime) -> None:
        self.waiting.append(now)
        # A commit may come hours after the match was made; its sequence is that of the commit.
        while self.waiting and self.random.random() < 0.7:
            seen = self.waiting.pop(self.random.randrange(len(self.waiting)))
            self.archive.append(article(len(self.archive) + 1, first_seen_at=seen, published_at=seen))
        (known,) = self.known
        due_at = due_digests(known, now)
        if due_at is None or state.made(self.conn, known.subscription.id, due_at):
            return
        found = Found(matched=self._matched, top_seq=len(self.archive), coverage=(), sources_read=outlets(3))
        digest = build_next(self.conn, known, found, due_at, now)
        store(self.conn, Prepared(digest=digest, messages=()))
        self.made.append(digest)
        self.known = state.active_subscriptions(self.conn)  # nothing else changes what is remembered

    def _matched(self, low: int, high: int, topics: object) -> list[MatchedArticle]:
        return self.archive[low:high]

    def told(self) -> list[int]:
        return [one.seq for digest in self.made for one in digest.articles]


def days_due(one: Subscription, start: datetime, end: datetime) -> Iterator[tuple[date, time]]:
    """Yield each local day and hour for which a digest must have come, told by the calendar alone."""
    zone = ZoneInfo(one.zone)
    day = start.astimezone(zone).date() + DAY
    while day < end.astimezone(zone).date():
        for days, times in read_when(one.when).days:
            if day.weekday() in days:
                yield from ((day, at) for at in times)
        day += DAY


def shows(moment: datetime, zone: ZoneInfo, day: date, at: time) -> bool:
    """Tell whether a clock on the wall shows this hour then, or was set over it at that very moment."""
    wall = moment.astimezone(zone).replace(tzinfo=None)
    before = (moment - SECOND).astimezone(zone).replace(tzinfo=None)
    wanted = datetime.combine(day, at)
    return wall == wanted or before < wanted < wall


@pytest.mark.parametrize(
    ("when", "quiet"),
    [
        ("hourly", None),
        ("daily at 00:00, 02:30, 03:00 and 23:30", None),
        ("daily at 02:30 and 23:30", "22:00 to 06:30"),
        ("weekdays at 00:00 and 07:00", None),
        ("weekly on sunday at 03:00", "02:30 to 03:00"),
    ],
)
def test_in_every_zone_all_is_due_when_it_is_in_the_first_of_those_with_the_same_clock_on_the_wall(
    when: str, quiet: str | None
) -> None:
    schedule, silence = read_when(when), read_quiet(quiet) if quiet else None

    def around(name: str, change: datetime) -> list[timedelta]:
        reach = 6 * HOUR if schedule.hourly else 2 * DAY
        zone, start, end = ZoneInfo(name), change - reach, change + reach
        ahead = [next_due(schedule, zone, start, silence)]
        while ahead[-1] < end:
            ahead.append(next_due(schedule, zone, ahead[-1], silence))
        back = [last_due(schedule, zone, end, silence)]
        while back[-1] > start:
            back.append(last_due(schedule, zone, back[-1] - SECOND, silence))
        return [moment - change for moment in ahead + back]

    for group in zones_by_the_wall():
        (first, changes), *others = group.items()
        wanted = [around(first, change) for change in changes]
        for name, moments in others:
            assert [around(name, change) for change in moments] == wanted, (name, first)


@pytest.mark.parametrize(
    "when", ["daily at 02:30", "weekdays at 00:00 and 07:00", "weekly on sunday at 03:00"]
)
def test_around_each_change_of_clocks_each_match_is_in_one_digest_at_its_local_hour(when: str) -> None:
    for name, changes in first_of_each().items():
        zone = ZoneInfo(name)
        one = subscription(when=when, zone=name)
        for change in changes:
            start, end = change - 2 * DAY, change + 2 * DAY
            week = Week(one, start, seed=hash(change.timestamp()))
            now = start
            while now < end:
                week.tick(now)
                now += TICK if abs(now - change) < DAY else 2 * HOUR
                if week.random.random() < 0.05:  # somebody sets the clock back, and it goes on from there
                    now -= week.random.choice([TICK, HOUR, 3 * HOUR])
            reached = week.made[-1].to_seq if week.made else 0
            assert sorted(week.told()) == list(range(1, reached + 1)), name
            due = [digest.due_at for digest in week.made]
            assert len(due) == len(set(due)), (name, "a moment twice")
            for day, at in days_due(one, start, end):
                hits = [moment for moment in due if shows(moment, zone, day, at)]
                assert len(hits) == 1, (name, change, day, at, due)


@pytest.mark.parametrize("away", [timedelta(hours=9), timedelta(days=7)], ids=["over seven", "for a week"])
def test_a_service_that_was_down_catches_up_with_one_digest_that_says_since_when(away: timedelta) -> None:
    for name, changes in first_of_each().items():
        zone = ZoneInfo(name)
        change = changes[0]
        week = Week(subscription(when="daily at 07:00", zone=name), change - 3 * DAY, seed=7)
        day = (change - DAY).astimezone(zone).date()
        down = datetime.combine(day, time(2), zone).astimezone(UTC)  # five hours before its digest
        now = change - 3 * DAY
        while now < down:
            week.tick(now)
            now += TICK
        before = len(week.made)
        assert all(digest.caught_up_from is None for digest in week.made), name
        now += away
        week.tick(now)
        late = week.made[before:]
        assert len(late) == 1, name
        assert late[0].caught_up_from is not None, name
        first = late[0].caught_up_from.astimezone(zone)
        assert (first.date(), first.time()) == (day, time(7)), name
        up = now
        while now < up + 2 * DAY:
            now += TICK
            week.tick(now)
        assert all(digest.caught_up_from is None for digest in week.made[before + 1 :]), name
        assert sorted(week.told()) == list(range(1, week.made[-1].to_seq + 1)), name


@pytest.mark.parametrize("when", ["hourly", "daily at 23:30 and 04:00", "daily at 12:00"])
def test_no_digest_is_due_in_quiet_hours_and_what_was_due_in_them_comes_once_at_their_end(when: str) -> None:
    quiet = read_quiet("22:00 to 06:30")
    for name, changes in first_of_each().items():
        one = subscription(when=when, zone=name, quiet=str(quiet))
        for change in changes[:2]:
            week = Week(one, change - DAY, seed=3)
            now = change - DAY
            while now < change + DAY:
                week.tick(now)
                now += TICK
            due = [digest.due_at for digest in week.made]
            assert due == sorted(set(due)), name
            assert all(quiet_until(quiet, name, moment) is None for moment in due), (name, due)
            ends = {quiet_until(quiet, name, moment) for moment in _nights(change, ZoneInfo(name))}
            inside = [moment for moment in ends if moment and change - DAY < moment < change + DAY]
            assert [moment for moment in inside if moment not in due] == (
                [] if when != "daily at 12:00" else inside
            )
            assert sorted(week.told()) == list(range(1, week.made[-1].to_seq + 1)), name


def _nights(change: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    day = (change - 2 * DAY).astimezone(zone).date()
    for number in range(4):
        yield datetime.combine(day + number * DAY, time(23, 45), zone).astimezone(UTC)


def test_an_hour_that_exists_twice_has_two_hourly_digests_and_one_that_does_not_has_none() -> None:
    for name, changes in first_of_each().items():
        zone = ZoneInfo(name)
        for change in changes[:2]:
            week = Week(subscription(when="hourly", zone=name), change - 6 * HOUR, seed=1)
            now = change - 6 * HOUR
            while now < change + 6 * HOUR:
                week.tick(now)
                now += timedelta(minutes=15)
            due = [digest.due_at for digest in week.made]
            walls = [moment.astimezone(zone) for moment in due]
            assert {(wall.minute, wall.second) for wall in walls} == {(0, 0)}, name
            assert all(TICK <= after - one <= 2 * HOUR for one, after in itertools.pairwise(due)), name
