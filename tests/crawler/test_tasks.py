from __future__ import annotations

import pytest

from archive.model import Access, Endpoint, EndpointKind, PollTask, Source
from crawler.tasks import with_settings

ACCESS = Access(user_agent="us", headers=(("X-Key", "1"),), username="me", password="secret")
SOURCE = Source(
    id="press",
    name="Press",
    access=ACCESS,
    endpoints=(Endpoint(kind=EndpointKind.FEED, url="https://press.example/feed"),),
)


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("https://press.example/feed", True),
        ("https://press.example/new", True),
        ("http://press.example/new", False),
        ("https://other.example/feed", False),
        ("https://press.example:8443/feed", False),
        ("http://[::1", False),
    ],
)
def test_what_lets_us_in_at_one_server_is_shown_to_no_other_that_a_feed_moved_to(
    url: str, named: bool
) -> None:
    task = PollTask(endpoint_id=1, source_id="press", kind=EndpointKind.FEED, url=url)
    assert with_settings(task, {"press": SOURCE}).access == (ACCESS if named else Access(user_agent="us"))


def test_a_source_that_is_unknown_has_no_settings() -> None:
    task = PollTask(endpoint_id=1, source_id="gone", kind=EndpointKind.FEED, url="https://press.example/feed")
    assert with_settings(task, {"press": SOURCE}) == task
