"""Which of what was found a subscription wants."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.wanted import topics, wants
from tests.alerts.factory import article, digest, subscription


@pytest.mark.parametrize(
    ("settings", "found", "wanted"),
    [
        pytest.param({}, {}, True, id="nothing is filtered"),
        pytest.param({}, {"topic_id": "us-troops"}, False, id="another topic"),
        pytest.param({"topics": None}, {"topic_id": "us-troops"}, True, id="all topics"),
        pytest.param({"topics": None}, {"topic_id": "query:1f"}, False, id="somebody else's query"),
        pytest.param({"topics": (), "query_topic": "query:1f"}, {"topic_id": "query:1f"}, True, id="its own query"),
        pytest.param({"topics": (), "query_topic": "query:1f"}, {}, False, id="a query and no topic"),
        pytest.param({"query_topic": "query:1f"}, {}, True, id="a query beside topics"),
        pytest.param({"languages": ("es",)}, {"language": "es-PE"}, True, id="a kind of the language"),
        pytest.param({"languages": ("es",)}, {"language": "est"}, False, id="letters that begin alike"),
        pytest.param({"languages": ("pt-BR",)}, {"language": "pt"}, False, id="another kind of the language"),
        pytest.param({"languages": ("es",)}, {"language": "en"}, False, id="another language"),
        pytest.param({"languages": ("es",)}, {"language": None}, True, id="a language that is not known"),
        pytest.param({"not_languages": ("en",)}, {"language": "en-US"}, False, id="a language left out"),
        pytest.param({"not_languages": ("en",)}, {"language": None}, True, id="not known, so not left out"),
        pytest.param({"sources": ("andina",)}, {}, True, id="its source"),
        pytest.param({"sources": ("rpp",)}, {}, False, id="another source"),
        pytest.param({"not_sources": ("andina",)}, {}, False, id="a source left out"),
        pytest.param({"countries": ("PE", "BO")}, {}, True, id="its country"),
        pytest.param({"countries": ("PE",)}, {"country": None}, False, id="a source of no country"),
        pytest.param({"not_countries": ("PE",)}, {}, False, id="a country left out"),
        pytest.param({"not_countries": ("US",)}, {"country": None}, True, id="of no country, so not left out"),
        pytest.param({"countries": ("PE",), "not_sources": ("andina",)}, {}, False, id="both must hold"),
    ],
)  # fmt: skip
def test_what_is_wanted(settings: dict[str, Any], found: dict[str, Any], wanted: bool) -> None:
    one = subscription(**settings)
    match = article(1, **found)
    assert wants(one, match) is wanted
    assert len(digest(match, subscription=one).articles) == wanted
    asked = topics(one)
    assert not wanted or asked is None or match.topic_id in asked, "what is wanted is read"
