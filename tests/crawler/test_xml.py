"""XML that reaches for files, or that grows: nothing of this machine is in what comes out, and it does come out."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from archive.errors import ParseError
from crawler.feeds import read_feed
from crawler.home import read_home
from crawler.sitemaps import read_sitemap

READERS = {
    "feed": lambda body: read_feed(body, url="https://faro.example/", source_id="faro"),
    "sitemap": lambda body: read_sitemap(body, url="https://faro.example/", source_id="faro"),
    "home": lambda body: read_home(body, url="https://faro.example/"),
}
ENTITY = (
    b"<!DOCTYPE rss [<!ENTITY f SYSTEM 'file://%b'>]><rss><channel><title>&f;</title><item><title>A &f;</title>"
    b"<link>https://faro.example/a</link></item></channel></rss>"
)
INCLUDE = (
    b"<rss xmlns:xi='http://www.w3.org/2001/XInclude'><channel><item><title><xi:include href='file://%b' parse='text'/>"
    b"Peru</title><link>https://faro.example/a</link></item></channel></rss>"
)


def read(reader: str, body: bytes) -> str:
    """Return all that a reader makes of ``body``, or why it does not."""
    try:
        return repr(asdict(READERS[reader](body)))
    except ParseError as error:
        return f"{error.reason}: {error.detail}"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file that would be a good feed."""
    file = tmp_path / "secret.xml"
    file.write_text(
        "<rss><channel><item><title>hushed</title><link>https://faro.example/h</link></item></channel></rss>"
    )
    return file


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("form", [b"%b", b"file://%b", b"%b\n", ENTITY, INCLUDE])
def test_a_body_that_names_a_file_does_not_open_it(secret: Path, reader: str, form: bytes) -> None:
    assert "hushed" not in read(reader, form % bytes(secret))


@pytest.mark.corpus
@pytest.mark.parametrize("reader", READERS)
def test_what_others_tried_on_parsers_is_read_or_refused(corpus: Path, reader: str) -> None:
    files = sorted((corpus / "hostile").glob("*.xml"))
    assert len(files) >= 9
    for file in files:
        said = read(reader, file.read_bytes())
        assert len(said) < 20_000, file.name
        assert "root:" not in said, file.name
