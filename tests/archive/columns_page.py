"""Write the tables and views of docs/archive.md anew from archive/web/columns.toml: ``python -m tests.archive.columns_page``."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from archive.web.columns import WORDS

PAGE = Path(__file__).parents[2] / "docs" / "archive.md"
START, END = "\n## Tables\n", "\n## Words\n"


def page(text: str) -> str:
    """The page, with what it says of tables and views as it should be."""
    words = tomllib.loads(WORDS.read_text(encoding="utf-8"))
    before, rest = text.split(START)
    after = rest.split(END)[1]
    parts = [
        f"\n## {kind.title()}\n\n" + "\n".join(map(_table, words[kind].items()))
        for kind in ("tables", "views")
    ]
    return "".join((before, *parts, END, after))


def _table(item: tuple[str, dict[str, Any]]) -> str:
    name, one = item
    lines = [f"| {_names(columns)} | {text} |" for columns, text in one["columns"].items()]
    return "\n".join((f"### `{name}`\n", one["about"], "\n| column | meaning |\n|---|---|", *lines, ""))


def _names(columns: str) -> str:
    return ", ".join(f"`{column}`" for column in columns.split(", "))


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
