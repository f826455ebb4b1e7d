"""What the tables and columns mean, for whoever looks at them in a browser.

The words stand in ``columns.toml``, once; `docs/archive.md` is made of the same file.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

WORDS = Path(__file__).with_name("columns.toml")
_LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")
_MARK = re.compile(r"`([^`]*)`|\*([^*]+)\*")


def descriptions() -> dict[str, dict[str, Any]]:
    """Return what Datasette's metadata says of each table and view: ``description``, and ``columns`` by name."""
    words = tomllib.loads(WORDS.read_text(encoding="utf-8"))
    return {
        name: {
            "description": _plain(one["about"]),
            "columns": {
                column: _plain(text)
                for columns, text in one["columns"].items()
                for column in columns.split(", ")
            },
        }
        for name, one in (words["views"] | words["tables"]).items()
    }


def _plain(markdown: str) -> str:
    """Return the words without their markup: Datasette shows them as they are, and links lead to no page of its."""
    return " ".join(_MARK.sub(r"\1\2", _LINK.sub(r"\1", markdown)).split())
