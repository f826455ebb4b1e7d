"""The corpus of whole live feeds, served from loopback under an address each."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.e2e.world import Answer, Site


@contextmanager
def served(corpus: Path) -> Iterator[list[dict[str, Any]]]:
    """Serve every feed under an address of its own; yields the sources, with ``pages: false``."""
    with ExitStack() as stack:
        sources = []
        for number, path in enumerate(sorted((corpus / "feeds").glob("*.xml")), start=1):
            body = gzip.compress(path.read_bytes(), mtime=0)
            headers = {"Content-Type": "application/xml", "Content-Encoding": "gzip"}
            site = Site({"/feed.xml": Answer(body, headers=headers)}, host=f"127.3.0.{number}")
            stack.enter_context(site)
            name = path.stem
            sources.append(
                {
                    "id": f"feed-{name}",
                    "name": name,
                    "pages": False,
                    "endpoints": [{"feed": f"{site.url}/feed.xml"}],
                }
            )
        yield sources
