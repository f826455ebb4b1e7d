from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protego import Protego
from protego._urlpattern import _URLPattern

from archive.model import RobotsRecord
from crawler.robots import (
    IN_LOOP,
    LIFETIME,
    MAX_BYTES,
    MOST_HOSTS,
    PATIENCE,
    UNREACHABLE_LIFETIME,
    RobotsBook,
    Rules,
    _matches,
    record,
    robots_name,
    rules,
)
from tests.conftest import ROOT

NOW = datetime(2026, 7, 20, 12, tzinfo=UTC)
HOST = "https://example.org"
NO = "User-agent: *\nDisallow: /\n"


def decide(body: str, path: str = "/page", agent: str = "presswatch") -> tuple[bool, str]:
    return answered(record(HOST, 200, body.encode(), NOW, None), path, agent=agent)


def answered(
    known: RobotsRecord, path: str = "/page", now: datetime = NOW, agent: str = "presswatch"
) -> tuple[bool, str]:
    book = RobotsBook(agent)
    book.add(known)
    decision = book.decide(HOST, HOST + path, now)
    return decision.allowed, decision.why


CASES: list[dict[str, Any]] = tomllib.loads((ROOT / "tests/cases/robots.toml").read_text("utf-8"))["case"]
MEANS = {
    "{filling}": "# filling\n" * (MAX_BYTES // 10 + 1),
    "{lines}": "".join(f"Disallow: /other/{number}\n" for number in range(10_000)),
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_file_decides_and_the_line_is_named(case: dict[str, Any]) -> None:
    body = case["body"]
    for name, text in MEANS.items():
        body = body.replace(name, text)
    path, agent = case.get("path", "/page"), case.get("agent", "presswatch")
    known = record(HOST, case.get("status", 200) or None, body.encode(), NOW, None)
    assert answered(known, path, agent=agent) == (case["allowed"], case["why"])
    book = RobotsBook(agent)
    book.add(known)
    book.take(known, rules(known.body, agent))  # as a worker does with a long file
    assert book.delay(HOST) == case.get("delay", 0.0)
    if known.status in range(200, 300):
        decided = Protego.parse(known.body).can_fetch(HOST + path, agent)
        assert decided is case.get("protego", case["allowed"]), "what decides is a library"


def test_the_table_has_all_that_rfc_9309_asks_for() -> None:
    assert len(CASES) >= 60
    assert len({case["name"] for case in CASES}) == len(CASES)


def test_nothing_is_known_of_the_pause_of_a_host_whose_long_file_has_yet_to_be_read() -> None:
    book = RobotsBook("presswatch")
    assert book.delay(HOST) == 0
    known = record(HOST, 200, ("User-agent: *\nCrawl-delay: 5\n" + MEANS["{filling}"]).encode(), NOW, None)
    book.add(known)
    assert book.delay(HOST) == 0
    book.take(known, rules(known.body, "presswatch"))
    assert book.delay(HOST) == 5


@pytest.mark.parametrize("body", [NO, ""])
def test_after_thirty_days_the_last_good_copy_counts_or_none(body: str) -> None:
    good = record(HOST, 200, body.encode(), NOW, None)
    down = record(HOST, 503, b"", NOW, good)
    assert answered(down, now=NOW + PATIENCE) == (False, "robots.txt answered 503")
    assert answered(down, now=NOW + PATIENCE + timedelta(seconds=1))[0] is not bool(body)


def test_the_thirty_days_begin_with_the_first_failure() -> None:
    known = record(HOST, 200, NO.encode(), NOW, None)
    for day in range(1, 40):
        known = record(HOST, 503 if day % 2 else None, b"", NOW + timedelta(days=day), known)
        assert (known.unreachable_since, known.body) == (NOW + timedelta(days=1), NO)
    back = record(HOST, 404, b"", NOW + timedelta(days=41), known)
    assert (back.unreachable_since, back.body) == (None, "")


def test_a_file_that_is_gone_is_not_the_last_good_copy() -> None:
    gone = record(HOST, 404, b"", NOW, record(HOST, 200, NO.encode(), NOW, None))
    down = record(HOST, 500, b"", NOW, gone)
    assert answered(down, now=NOW + PATIENCE + timedelta(days=1))[0]


def test_500_kib_are_read_and_no_more() -> None:
    rules = b"User-agent: *\nDisallow: /page\n"
    filling = b"#" * (MAX_BYTES - len(rules) - 1) + b"\n"
    assert not answered(record(HOST, 200, filling + rules, NOW, None))[0]
    assert answered(record(HOST, 200, b"#" * len(rules) + filling + rules, NOW, None))[0]
    assert len(record(HOST, 200, b"\xc3\xb1" * MAX_BYTES, NOW, None).body) <= MAX_BYTES


@pytest.mark.parametrize(
    ("status", "lifetime"),
    [
        (200, LIFETIME),
        (404, LIFETIME),
        (302, LIFETIME),
        (500, UNREACHABLE_LIFETIME),
        (None, UNREACHABLE_LIFETIME),
    ],
)
def test_what_is_known_expires(status: int | None, lifetime: timedelta) -> None:
    book = RobotsBook("presswatch")
    assert not book.fresh(HOST, NOW)
    assert book.get(HOST) is None
    book.add(record(HOST, status, b"", NOW, None))
    assert book.fresh(HOST, NOW + lifetime - timedelta(seconds=1))
    assert not book.fresh(HOST, NOW + lifetime)
    assert book.get(HOST) is not None


def test_a_day_is_the_longest_that_rfc_9309_allows() -> None:
    assert timedelta(hours=24) >= LIFETIME >= UNREACHABLE_LIFETIME


def test_a_new_file_takes_the_place_of_the_old() -> None:
    book = RobotsBook("presswatch")
    for body, may in ((NO, False), ("", True), (NO, False)):
        book.add(record(HOST, 200, body.encode(), NOW, None))
        assert book.decide(HOST, f"{HOST}/page", NOW).allowed is may


def test_one_host_says_nothing_about_another() -> None:
    book = RobotsBook("presswatch")
    book.add(record(HOST, 200, NO.encode(), NOW, None))
    book.add(record(HOST + ":8443", 404, b"", NOW, None))
    assert book.decide(HOST + ":8443", f"{HOST}:8443/page", NOW).allowed
    assert not book.fresh("http://example.org", NOW)


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Presswatch/0.1.0 (+mailto:desk@example.org)", "presswatch"),
        ("LimaDesk/2.0", "limadesk"),
        ("lima-desk_bot", "lima-desk_bot"),
        ("2fast", "presswatch"),
        ("", "presswatch"),
    ],
)
def test_a_file_speaks_to_us_by_the_name_that_we_give(agent: str, name: str) -> None:
    assert robots_name(agent) == name
    assert not decide(f"User-agent: {name}\nDisallow: /", agent=robots_name(agent))[0]


@given(st.binary(max_size=300), st.sampled_from([None, 200, 204, 301, 404, 500]), st.text(max_size=20))
def test_any_file_and_any_path_get_an_answer(body: bytes, status: int | None, path: str) -> None:
    known = record(HOST, status, body, NOW, None)
    for now in (NOW, NOW + PATIENCE * 2):
        allowed, why = answered(known, "/" + path, now)
        assert why
        assert allowed or status is None or status >= 500 or "Disallow:" in why


@given(st.text(alphabet="/ab*$?%", max_size=8), st.text(alphabet="/ab?%", max_size=8))
def test_without_a_rule_that_disallows_all_is_allowed(rule: str, path: str) -> None:
    assert decide(f"User-agent: *\nAllow: /{rule}", "/" + path)[0]


# --- long files, and many ---------------------------------------------------------------------------------

LONG = NO.replace("/\n", "/page\n") + "# filling\n" * (IN_LOOP // 10)


def test_a_long_file_is_read_elsewhere_and_decides_the_same() -> None:
    book = RobotsBook("presswatch")
    known = record(HOST, 200, LONG.encode(), NOW, None)
    book.add(known)
    assert book.long(HOST)
    assert book.unread(HOST, NOW) is known
    book.take(known, rules(known.body, "presswatch"))
    assert book.unread(HOST, NOW) is None
    assert book.decide(HOST, f"{HOST}/page", NOW) == book.decide(HOST, f"{HOST}/page/2", NOW)
    assert answered(known) == (False, "robots.txt: Disallow: /page")


def test_rules_of_a_file_that_was_replaced_meanwhile_are_not_taken() -> None:
    book = RobotsBook("presswatch")
    old, new = (record(HOST, 200, LONG.encode(), NOW + timedelta(days=day), None) for day in (0, 1))
    book.add(old)
    book.add(new)
    book.take(old, Rules(()))
    assert book.unread(HOST, NOW) is new


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(record(HOST, 200, NO.encode(), NOW, None), id="a short one"),
        pytest.param(record(HOST, 404, LONG.encode(), NOW, None), id="none"),
        pytest.param(
            record(HOST, 503, b"", NOW, record(HOST, 200, LONG.encode(), NOW, None)), id="the copy of one out of reach"
        ),
    ],
)  # fmt: skip
def test_a_file_that_decides_nothing_or_is_short_is_not_read_elsewhere(known: RobotsRecord) -> None:
    book = RobotsBook("presswatch")
    book.add(known)
    assert book.unread(HOST, NOW) is None


@given(st.text(alphabet="/ab*$", max_size=8), st.text(alphabet="/ab", max_size=8))
def test_patterns_match_as_those_of_protego(pattern: str, path: str) -> None:
    assert _matches(pattern, path) == _URLPattern(pattern).match(path)


def test_files_that_expired_long_ago_are_forgotten() -> None:
    book = RobotsBook("presswatch")
    for host, age in (
        ("http://old", PATIENCE + 2 * LIFETIME),
        ("http://kept", PATIENCE),
        ("http://new", 0 * LIFETIME),
    ):
        book.add(record(host, 200, NO.encode(), NOW - age, None))
    book.forget(NOW)
    assert book.get("http://old") is None
    assert book.get("http://kept") is not None
    assert book.fresh("http://new", NOW)


def test_of_very_many_files_those_that_expired_first_are_forgotten_and_none_that_holds() -> None:
    book = RobotsBook("presswatch")
    for number in range(MOST_HOSTS + 100):
        book.add(record(f"http://{number}", 404, b"", NOW - timedelta(days=2, seconds=number), None))
    book.forget(NOW)
    assert len(book) == MOST_HOSTS
    assert book.get(f"http://{MOST_HOSTS + 99}") is None
    assert book.get("http://0") is not None
    for number in range(MOST_HOSTS + 100):
        book.add(record(f"http://{number}", 404, b"", NOW, None))
    book.forget(NOW)
    assert len(book) == MOST_HOSTS + 100


def test_what_has_just_expired_is_not_taken_from_under_a_page() -> None:
    book = RobotsBook("presswatch")
    for number in range(MOST_HOSTS + 1):
        book.add(record(f"http://{number}", 404, b"", NOW - LIFETIME, None))
    book.forget(NOW)
    assert len(book) == MOST_HOSTS + 1
