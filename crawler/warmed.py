"""The readers, once they have read: imported by the fork server alone, so that every worker begins with them warm.

Whatever the libraries load on first use (tables of languages, patterns, parsers) is loaded here, once, and shared by
all workers; were each to do it, an article would wait for a slow disk, and each of some hundred tasks pay for its part
of a fifth of a second.
"""

from __future__ import annotations

import gc
from contextlib import suppress
from datetime import UTC, datetime

from archive.errors import ParseError
from archive.model import Selectors

from . import worker

_FEED = b"<rss version='2.0'><channel><item><pubDate>19 de julio de 2026</pubDate></item></channel></rss>"
_SITEMAP = b"<urlset><url><loc>https://example.org/</loc></url></urlset>"
_SELECTORS = Selectors(links="a")
_PAGE = "<html><head><title>x</title></head><body><p>19 de julio de 2026, Perú</p></body></html>"
# Of a long text the language is looked up, a short one is looked for once more.
_LONG = _PAGE.replace("Perú", "Perú y " * 200)


def _warm() -> None:
    worker.parse_feed(body=_FEED, url="https://example.org/", source_id="warm")
    worker.parse_sitemap(body=_SITEMAP, url="https://example.org/", source_id="warm")
    with suppress(ParseError):  # the small page links to nothing
        worker.parse_section(
            body=_PAGE.encode(), url="https://example.org/", source_id="warm", selectors=_SELECTORS
        )
    for page, encoding in ((_PAGE, "utf-8"), (_LONG, "latin-1")):
        body = page.encode(encoding)
        worker.parse_page(body=body, url="https://example.org/", now=datetime(2026, 7, 20, tzinfo=UTC))


_warm()
gc.collect()
gc.freeze()  # what is here stays, and pages that the workers share are not to be touched by looking for garbage
