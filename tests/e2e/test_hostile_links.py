"""What an entry must not make us connect to: stored with the reason, and the sockets stay silent."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.conftest import presswatch
from tests.e2e.world import Answer, Site, rows, write_config

FEED_HOST, PRIVATE_HOST = "127.1.0.1", "127.2.0.1"  # only the first is in allow_private

FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>Harbour Post</title>
<item><title>A file in Peru</title><link>file:///etc/hostname</link><guid isPermaLink="false">a</guid></item>
<item><title>A private page</title><link>http://{private}/secret</link><guid isPermaLink="false">b</guid></item>
<item><title>A redirect inside</title><link>{site}/inside</link><guid isPermaLink="false">c</guid></item>
<item><title>A redirect to a file</title><link>{site}/to-file</link><guid isPermaLink="false">d</guid></item>
<item><title>A script</title><link>javascript:alert(1)</link><guid isPermaLink="false">e</guid></item>
<item><title>A broken address</title><link>http://[::1</link><guid isPermaLink="false">f</guid></item>
<item><title>An address in decimal</title><link>http://2130837505:{port}/</link><guid isPermaLink="false">g</guid></item>
<item><title>An address in IPv6</title><link>http://[::ffff:127.2.0.1]:{port}/</link><guid>h</guid></item>
</channel></rss>"""


def listener() -> socket.socket:
    """A socket that would take a connection, and can say whether one came."""
    private = socket.socket()
    private.bind((PRIVATE_HOST, 0))
    private.listen()
    private.setblocking(False)
    return private


def test_links_to_files_and_private_addresses_are_stored_and_never_followed(tmp_path: Path) -> None:
    with listener() as private, Site({}, host=FEED_HOST) as site:
        port = private.getsockname()[1]
        address = f"{PRIVATE_HOST}:{port}"
        feed = FEED.format(private=address, site=site.url, port=port)
        site.answers |= {
            "/feed": Answer(feed.encode(), headers={"Content-Type": "application/rss+xml"}),
            "/inside": Answer(status=302, headers={"Location": f"http://{address}/redirected"}),
            "/to-file": Answer(status=302, headers={"Location": "file:///etc/hostname"}),
        }
        sources = [{"id": "harbour", "name": "Harbour Post", "endpoints": [{"feed": f"{site.url}/feed"}]}]
        config = write_config(tmp_path, sources, allow=("127.1.0.0/16",))
        summary = presswatch("run", "--once", "--json", config=config).json
        with pytest.raises(BlockingIOError):
            private.accept()

    assert summary["new"] == 8
    found = {
        title: (state, detail)
        for title, state, detail in rows(
            tmp_path / "data/archive.db",
            "select a.title, p.state, p.detail from articles a join pages p on p.article_id = a.id",
        )
    }
    assert {state for state, _ in found.values()} == {"refused"}
    assert "scheme file" in found["A file in Peru"][1]
    offered = "select a.url, o.link from articles a join offers o on o.article_id = a.id where a.title = 'A file in Peru'"
    assert rows(tmp_path / "data/archive.db", offered) == [("file:///etc/hostname", "file:///etc/hostname")]
    assert "not a public address" in found["A private page"][1]
    assert "not a public address" in found["A redirect inside"][1]
    assert "file:///etc/hostname" in found["A redirect to a file"][1]
    assert "scheme javascript" in found["A script"][1]
    assert "not a public address" in found["An address in decimal"][1]
    assert "not a public address" in found["An address in IPv6"][1]
    assert all(detail for _, detail in found.values())
    # The feed's own words are read all the same.
    assert rows(tmp_path / "data/archive.db", "select topic_id from matches") == [("peru",)]


def test_a_status_that_no_table_can_hold_ends_in_an_outcome(tmp_path: Path) -> None:
    with Site({"/feed": Answer(b"abc", status=99999999999999999999)}, host=FEED_HOST) as site:
        sources = [{"id": "harbour", "name": "Harbour Post", "endpoints": [{"feed": f"{site.url}/feed"}]}]
        config = write_config(tmp_path, sources, allow=("127.1.0.0/16",))
        summary = presswatch("run", "--once", "--json", config=config, code=1).json
    assert (summary["polled"], summary["failed"]) == (1, 1)
    assert "bad_status" in summary["failures"][0]
