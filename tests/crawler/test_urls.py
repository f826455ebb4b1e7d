from __future__ import annotations

import json
import tomllib
from itertools import combinations
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler import redirectors, urls
from crawler.urls import MAX_URL, TRACKING, canonical, join, plain, refusal, without_user

CASES = Path(__file__).parents[1] / "cases" / "urls"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param(
            "HTTP://Example.ORG/Path", "http://example.org/Path", id="scheme and host in lower case"
        ),
        pytest.param("http://example.org", "http://example.org/", id="an empty path is a slash"),
        pytest.param("http://example.org?", "http://example.org/", id="an empty query goes"),
        pytest.param("https://example.org:443/", "https://example.org/", id="default port of https"),
        pytest.param("http://example.org:80/", "http://example.org/", id="default port of http"),
        pytest.param("http://example.org:443/", "http://example.org:443/", id="another port stays"),
        pytest.param("http://example.org:/", "http://example.org/", id="empty port"),
        pytest.param("http://example.org/#top", "http://example.org/", id="fragment"),
        pytest.param("http://example.org/%7eana/%c3%a9", "http://example.org/~ana/%C3%A9", id="escapes"),
        pytest.param("http://example.org/año?q=ñ", "http://example.org/a%C3%B1o?q=%C3%B1", id="not ASCII"),
        pytest.param("http://example.org/100%", "http://example.org/100%25", id="a percent sign alone"),
        pytest.param("http://example.org/a b", "http://example.org/a%20b", id="a space"),
        pytest.param("http://example.org/a/./b/../c", "http://example.org/a/c", id="dot segments"),
        pytest.param("http://example.org/../../a", "http://example.org/a", id="nothing above the root"),
        pytest.param("http://example.org/a/..", "http://example.org/", id="dots at the end"),
        pytest.param("http://example.org/a/b/.", "http://example.org/a/b/", id="a dot at the end"),
        pytest.param("http://example.org/a/%2E%2e/b", "http://example.org/b", id="escaped dots"),
        pytest.param("http://example.org/.hidden", "http://example.org/.hidden", id="a name with a dot"),
        pytest.param("http://example.org//a//b", "http://example.org//a//b", id="double slashes stay"),
        pytest.param("http://peñarol.example/", "http://xn--pearol-xwa.example/", id="IDNA"),
        pytest.param("http://[2001:DB8:0::1]:80/", "http://[2001:db8::1]/", id="IPv6"),
        pytest.param("http://under_score.example/", "http://under_score.example/", id="an underscore"),
        pytest.param(" \u00a0http://example.org/\n", "http://example.org/", id="white space around"),
        pytest.param("http://exam\nple.org/a\tb", "http://example.org/ab", id="line breaks inside"),
        pytest.param("http://example.org/?b=2&a=1", "http://example.org/?b=2&a=1", id="order stays"),
        pytest.param("http://example.org/?a&&b=", "http://example.org/?a&&b=", id="odd queries stay"),
        pytest.param("http://example.org/?UTM_Source=x&id=3", "http://example.org/?id=3", id="utm"),
        pytest.param("http://example.org/?%75tm_id=x", "http://example.org/", id="escaped utm"),
        pytest.param("http://user:pw@example.org/", "http://user:pw@example.org/", id="userinfo stays"),
        pytest.param(" mailto:desk@example.org\x00", "mailto:desk@example.org", id="another scheme is kept"),
        pytest.param("javascript:alert(1)", "javascript:alert(1)", id="a script is kept"),
    ],
)
def test_a_url_is_fetched_and_shown_in_one_form(url: str, expected: str) -> None:
    assert plain(url) == expected


def cases(name: str, kind: str = "case") -> list[Any]:
    listed = tomllib.loads((CASES / name).read_text("utf-8"))[kind]
    return [pytest.param(case, id=case["why"]) for case in listed]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://ana:s3cret@faro.example/rss", "http://faro.example/rss"),
        ("HTTPS://ana@faro.example", "HTTPS://faro.example"),
        ("http://ana:s3/cr#e?t@faro.example/", "http://faro.example/"),
        ("http://ana:s3@cret@faro.example/", "http://faro.example/"),
        ("feed:http://ana:s3cret@faro.example/", "feed:http://faro.example/"),
        ("ana:s3cret@faro.example/rss", "faro.example/rss"),
        ("- feed: http://ana:s3cret@faro.example/  # of Ana", "- feed: http://faro.example/  # of Ana"),
        ("https://faro.example/@ana", "https://faro.example/@ana"),
        ("https://faro.example:8080/@ana/1", "https://faro.example:8080/@ana/1"),
        ("{from: desk@faro.example}", "{from: desk@faro.example}"),
        ("[http://a.example/, http://b.example/@ana]", "[http://a.example/, http://b.example/@ana]"),
    ],
)
def test_no_user_name_and_no_password_is_shown(text: str, shown: str) -> None:
    assert without_user(text) == shown


@pytest.mark.parametrize("case", cases("canonical.toml"))
def test_two_addresses_are_one_article_or_two_as_the_table_says(case: dict[str, Any]) -> None:
    keys = [canonical(url) for url in case.get("same") or case["apart"]]
    assert None not in keys
    if "same" in case:
        assert set(keys) == {case.get("key", keys[0])}
    else:
        assert [pair for pair in combinations(keys, 2) if pair[0] == pair[1]] == []


@pytest.mark.parametrize("case", cases("redirectors.toml"))
def test_a_link_through_a_redirector_leads_where_the_table_says(case: dict[str, Any]) -> None:
    link, to = case["link"], case.get("to")
    assert redirectors.resolved(link) == (to or link)
    assert redirectors.opaque(link) == (to == "")


@pytest.mark.parametrize(
    "url",
    [
        "", "/path", "example.org", "http://", "http:", "http:///path", "http://[::1", "http://[::1]x/",
        "http://[fe80::1%25eth0]/", "http://exa mple.org/", "http://a%00b/", "http://example.org:port/",
        "http://example.org:99999/", "http://-\u2260-/", "http://example.org/\ud800", "x:\udfff",
        "http://a\\@b\\/", "http://::1/",
    ],
)  # fmt: skip
def test_what_cannot_be_read_has_no_canonical_form(url: str) -> None:
    assert canonical(url) is None
    assert plain(url) is None


@pytest.mark.parametrize("name", sorted(TRACKING))
def test_a_tracking_parameter_makes_no_difference(name: str) -> None:
    for form in (plain, canonical):
        assert form(f"https://example.org/a?id=1&{name}=x&z=2") == "https://example.org/a?id=1&z=2"


_PIECES = st.lists(
    st.sampled_from([
        "http://", "HTTPS://", "//", "/", ".", "..", "%", "%2e", "%2F", "%C3%B1", "%c3", "?", "&", "=", "#", "@", ":",
        "80", "443", "example.org", "PERÚ.example", "[::1]", "[", "]", "utm_source", "fbclid", "a", "Z", "ñ", " ",
        "\\", "\t", "\x00", "\u200b", "😀", "\u2025", "xn--", ";", "+", "|", "㎏", "。",
        "/amp", ".amp", ".html", "m.", "www.", "amp.", ";jsessionid=", "el-congreso-aprueba-la-ley", "/amp/", "ref=",
        "?amp", "#!", "news.google.com", "/rss/articles/CBMi", "/url?url=", "www.google.com", "l.facebook.com/l.php?u=",
    ]),
    max_size=14,
).map("".join)  # fmt: skip


@given(
    st.one_of(_PIECES, _PIECES.map("http://example.org/".__add__), _PIECES.map("http://".__add__), st.text())
)
@settings(max_examples=500)
def test_the_canonical_form_of_a_canonical_form_is_itself(url: str) -> None:
    for form in (plain, canonical):
        once = form(url)
        if once is not None:
            assert form(once) == once
            assert not once.startswith("http") or once.isascii() or refusal(once)
    assert canonical(url) == canonical(plain(url) or url)


@given(_PIECES | st.text(), _PIECES | st.text())
def test_no_text_makes_anything_raise(base: str, link: str) -> None:
    joined = join(base, link)
    for url in (link, joined or ""):
        assert refusal(url) or canonical(url)
        assert isinstance(redirectors.resolved(url), str)
        assert redirectors.opaque(url) in (True, False)


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("/nota/1", "https://example.org/nota/1"),
        ("nota", "https://example.org/feeds/nota"),
        ("//other.example/x", "https://other.example/x"),
        ("?page=2", "https://example.org/feeds/rss?page=2"),
        (" https://other.example/ \n", "https://other.example/"),
        ("mailto:desk@example.org", "mailto:desk@example.org"),
        ("", None),
        ("http://[::1", None),
    ],
)
def test_a_link_is_joined_to_its_base(link: str, expected: str | None) -> None:
    assert join("https://example.org/feeds/rss", link) == expected


def test_a_relative_link_on_no_base_is_no_url() -> None:
    assert join("", "/nota") is None


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://example.org/a", None),
        ("http://127.0.0.1/", None),  # the network guard's to judge
        ("http://2130706433/", None),
        ("file:///etc/hostname", "scheme file is not fetched"),
        ("JavaScript:alert(1)", "scheme javascript is not fetched"),
        ("data:text/html,x", "scheme data is not fetched"),
        ("/relative", "no scheme"),
        ("", "no scheme"),
        ("http:///x", "no host"),
        ("http:x", "no host"),
        ("http://user@example.org/", "the URL carries a user name"),
        ("http://@example.org/", "the URL carries a user name"),
        ("http://example.org:0/", "the port is out of range"),
        ("http://example.org:65536/", "the port is out of range"),
        ("http://example.org:x/", "the port is out of range"),
        ("http://[::1", "the URL cannot be read"),
        ("http://exa mple.org/", "the host cannot be read"),
        ("http://example.org/" + "a" * MAX_URL, "longer than 2,000 characters"),
    ],
)
def test_a_refusal_says_why(url: str, reason: str | None) -> None:
    assert refusal(url) == reason


@pytest.mark.corpus
@given(link=st.from_regex(urls._WHOLE, fullmatch=True))
def test_joining_would_change_nothing_of_a_link_that_is_taken_as_it_stands(link: str) -> None:
    assert urljoin("https://faro.example/a/b?c", link) == urljoin("http://faro.example", link) == link


def test_links_are_joined_as_browsers_join_them_but_for_the_differences_that_are_listed(corpus: Path) -> None:
    listed = [text for case in cases("browsers.toml", "difference") for text in case.values[0]["inputs"]]
    differ, seen = [], 0
    for case in json.loads((corpus / "hostile" / "whatwg-urls.json").read_text()):
        if isinstance(case, dict) and _is_of_the_web(case):
            seen += 1
            joined = join(case["base"] or "", case["input"])
            if _fetched(joined) != _fetched(case.get("href")):
                differ.append(case["input"])
    assert seen == 433
    assert sorted(differ) == sorted(listed)


def _is_of_the_web(case: dict[str, Any]) -> bool:
    if "failure" in case:
        return ((case["base"] or "") + case["input"].strip().lower()).startswith("http")
    return str(case["href"]).startswith(("http:", "https:"))


def _fetched(url: str | None) -> str | None:
    return plain(url) if url and not refusal(url) else None


@pytest.mark.corpus
def test_no_case_of_browsers_raises_and_each_canonical_form_is_stable(corpus: Path) -> None:
    for case in json.loads((corpus / "hostile" / "whatwg-urls.json").read_text()):
        if isinstance(case, dict):
            joined = join(case.get("base") or "", case["input"])
            once = canonical(joined) if joined else None
            assert once is None or canonical(once) == once
            assert isinstance(refusal(case["input"]), str | None)


@pytest.mark.corpus
def test_hostile_urls_of_other_schemes_are_refused(corpus: Path) -> None:
    lines = (corpus / "hostile" / "ssrf-urls.txt").read_text().splitlines()
    for url in filter(None, map(str.strip, lines)):
        if not url.lower().startswith(("http:", "https:")):
            assert refusal(url), url
        assert isinstance(canonical(url), str | None)
