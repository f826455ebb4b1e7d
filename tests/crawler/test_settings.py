"""The shapes of the operator's files, one value at a time, and the schemas that editors read."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from crawler.editors import schemas
from crawler.settings import FILES, NetworkSettings, Settings, Shape
from crawler.values import (
    Address,
    Ascii,
    Country,
    Duration,
    FeedUrl,
    Host,
    Id,
    Interval,
    Keep,
    Language,
    LeaveUrl,
    Network,
    Port,
    Seconds,
    Size,
    Text,
    WebUrl,
)

SCHEMAS = Path(__file__).parents[2] / "config" / "schema"

TAKEN: list[tuple[Any, Any, Any]] = [
    (Duration, "30s", 30),
    (Duration, "15m", 900),
    (Duration, "2h", 7200),
    (Duration, "1d", 86400),
    (Duration, "1.5 h", 5400),
    (Duration, "250ms", 0.25),
    (Duration, 12.5, 12.5),
    (Interval, "30s", 30),
    (Interval, "30d", 30 * 86400),
    (Keep, "1d", 86400),
    (Keep, "36500d", 36500 * 86400),
    (Seconds, "1h", 3600),
    (Host, "smtp.example.org", "smtp.example.org"),
    (Host, "::1", "::1"),
    (Host, "0.0.0.0", "0.0.0.0"),
    (FeedUrl, "https://a.example/?q=ñ@b", "https://a.example/?q=ñ@b"),
    (Seconds, "1.5", 1.5),
    (Seconds, "0", 0),
    (Seconds, "2s", 2),
    (Size, "10MB", 10_000_000),
    (Size, "10 kB", 10_000),
    (Size, "1KiB", 1024),
    (Size, "77", 77),
    (Size, 77, 77),
    (Port, "8001", 8001),
    (Text, "  Andina ", "Andina"),
    (Id, "us-troops", "us-troops"),
    (Id, "19", "19"),
    (Country, "PE", "PE"),
    (Country, "LATAM", "LATAM"),
    (Language, "pt-BR", "pt-BR"),
    (Language, "quz", "quz"),
    (Ascii, "Mine/1 (+https://a.example)", "Mine/1 (+https://a.example)"),
    (Address, "a.b+c@d.example", "a.b+c@d.example"),
    (Address, "root@localhost", "root@localhost"),
    (WebUrl, "https://a.example/?q=ñ", "https://a.example/?q=ñ"),
    (WebUrl, "HTTP://[::1]:8080/", "HTTP://[::1]:8080/"),
    (WebUrl, "https://perú.example", "https://perú.example"),
    (LeaveUrl, "mailto:a@b.example", "mailto:a@b.example"),
    (LeaveUrl, "leave@b.example", "leave@b.example"),
    (LeaveUrl, "https://a.example/leave", "https://a.example/leave"),
]

REFUSED: list[tuple[Any, list[Any]]] = [
    (Duration, ["15", "m", "-1m", "1w", "1e3s", "15M", "", "1.s", "٣s", True, None, []]),
    (Interval, ["29s", "1ms", "31d", "9999999d", "999999999d"]),
    (Keep, ["0d", "23h", "36501d", "999999999d"]),
    (Seconds, ["-1", "soon", "nan", "inf", True, "61m", "999999999"]),
    (Host, ["h:25", "[::1]", "[::1]:25", "smtp://h", "h/x", "a b", "a@b", ":25", ""]),
    (FeedUrl, ["http://u@a.example/", "http://u:p@a.example/", "http://:@a.example/", "http://a.example:0/"]),
    (Size, ["10 parsecs", "-1", "1.5MB", "MB", True]),
    (Port, ["0", "65536", "-1", "http", "1.5"]),
    (Text, ["", "  ", "a\nb", "a\tb"]),
    (Id, ["Lima", "a_b", "-a", "a--b", "ñ", "a b", "../a"]),
    (Country, ["pe", "Perú", "P", "P1"]),
    (Language, ["english", "EN", "e", "en_US", "en-"]),
    (Ascii, ["é", "a\x7f"]),
    (Address, ["a", "a@", "@b", "a b@c", "a@b@c", "A <a@b>", ".a@b", "a..b@c", "a@-b", "a@b\r\nBcc: c@d"]),
    (WebUrl, ["a", "//a", "http://", "http://a:0/", "http://a..b", "ftp://a", "mailto:a@b", "http://[::1",
              "https:///x", "http://a:x/", "http://a:99999/", "javascript:alert(1)", "file:///x",
              "http://a b/"]),
    (LeaveUrl, ["mailto:", "mailto:a", "a@"]),
    (Network, ["localhost", "10.0.0.1/8", "10.0.0.0/33", "", None]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "written", "meant"), TAKEN)
def test_a_value_means_what_people_expect(kind: Any, written: object, meant: object) -> None:
    assert TypeAdapter(kind).validate_python(written) == meant


@pytest.mark.parametrize(
    ("kind", "written"), [(kind, written) for kind, table in REFUSED for written in table]
)
def test_a_value_that_means_nothing_is_refused(kind: Any, written: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(written)


def test_left_out_settings_have_the_documented_defaults() -> None:
    settings = Settings()
    network = settings.network
    assert (settings.data_dir, settings.languages, settings.retention) == ("data", ("en", "es"), 90 * 86400)
    assert (settings.web.host, settings.web.port, settings.mail) == ("127.0.0.1", 8001, None)
    assert (network.delay, network.timeout, network.max_bytes, network.max_entries) == (1, 30, 10**7, 5000)
    assert network.allow_private == ()


def test_settings_do_not_change_once_they_are_read() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().data_dir = "elsewhere"


@pytest.mark.parametrize(
    ("network", "end"),
    [
        (NetworkSettings(), ""),
        (NetworkSettings(contact="https://a.example"), " (+https://a.example)"),
        (NetworkSettings(contact="https://a.example", user_agent="Mine/1"), "Mine/1"),
    ],
)
def test_the_user_agent_says_who_asks(network: NetworkSettings, end: str) -> None:
    assert network.agent.endswith(end)
    assert network.agent.startswith("Mine/1" if network.user_agent else "Presswatch")


def test_the_shipped_schemas_are_those_of_the_models() -> None:
    shipped = {path.name: path.read_text(encoding="utf-8") for path in SCHEMAS.glob("*.json")}
    assert shipped == schemas(), "stale: run python -m crawler.editors"


@pytest.mark.parametrize("text", schemas().values(), ids=schemas())
def test_a_schema_explains_each_setting_and_allows_no_other(text: str) -> None:
    schema = json.loads(text)
    for name, part in {"file": schema, **schema.get("$defs", {})}.items():
        if part["type"] != "object":
            continue  # the words that one setting may be
        assert part["additionalProperties"] is False, name
        assert part["description"], name
    assert '"null"' not in text


@pytest.mark.parametrize("shape", FILES.values(), ids=FILES)
def test_a_shape_refuses_settings_it_does_not_know(shape: type[Shape]) -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        shape.model_validate({"no-such-setting": 1})
