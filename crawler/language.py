"""Language tags, as feeds and pages write them."""

from __future__ import annotations

import re

_PRIMARY = re.compile(r"\s*([A-Za-z]{2,3})(?:[-_]|\s*$)")


def primary(tag: object) -> str | None:
    """Return the language of ``tag`` (BCP 47: ``es-PE``, ``es_PE``, ``ES``) as ``es``; None for no tag.

    The region is dropped: sources and topics name languages only.
    """
    found = _PRIMARY.match(tag) if isinstance(tag, str) else None
    return found.group(1).lower() if found else None
