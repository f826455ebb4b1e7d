"""Language tags, as feeds and pages write them."""

from __future__ import annotations

import re

from babel.core import get_global

_PRIMARY = re.compile(r"\s*([A-Za-z]{2,3})(?:[-_]|\s*$)")


def primary(tag: object) -> str | None:
    """Return the language of ``tag`` (BCP 47: ``es-PE``, ``es_PE``, ``ES``, ``spa``) as ``es``; None for no tag.

    The region is dropped: sources and topics name languages only.
    """
    found = _PRIMARY.match(tag) if isinstance(tag, str) else None
    language = found.group(1).lower() if found else None
    # Of three letters (ISO 639-2: spa) in news sitemaps, which may name them so.
    return (
        get_global("language_aliases").get(language, language)
        if language and len(language) == 3
        else language
    )
