"""A task between the archive, which says what is due, and the crawl: what its source is asked with. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from archive.model import Access, PageTask, PollTask, Source, Task


def with_settings(task: Task, sources: Mapping[str, Source]) -> Task:
    """Return a task with what its source is to be asked with. Not from the archive: it holds no password."""
    source = sources.get(task.source_id)
    if source is None:
        return task
    access = source.access
    if isinstance(task, PollTask) and not _at_home(task.url, source):
        # A feed that moved to another server is asked there; what lets us in at the old one is not for it to see.
        access = Access(user_agent=access.user_agent)
    return replace(task, access=access, selectors=source.selectors)


def _at_home(url: str, source: Source) -> bool:
    """Tell whether ``url`` is on a server that the operator named for ``source``, and no less safe."""
    named = [endpoint.url for endpoint in source.endpoints]
    safe = url.startswith("https:")
    return host(url) in {host(one) for one in named if safe or not one.startswith("https:")}


def key(task: Task) -> tuple[str, int]:
    """Return by what a task is known while it is in flight."""
    return ("page", task.article_id) if isinstance(task, PageTask) else ("poll", task.endpoint_id)


def host(url: str) -> str:
    """Return host and port of a URL."""
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""  # the spider refuses it, with its reason
