"""The messages of a digest, as they stand in the code."""

from __future__ import annotations

import ast
from pathlib import Path

import alerts
from alerts.troubles import DETAILS, FIELDS, KINDS

TAKES = {"say": 1, "many": 2}


def messages() -> list[str | tuple[str, ...]]:
    """Return every message, each once, in the order of the code; one with a plural is a pair.

    By the tree of the code: Babel's extractor goes by tokens, and does not look into f-strings.
    """
    found: list[str | tuple[str, ...]] = []
    for path in sorted(Path(alerts.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", None))
                said = [one.value for one in node.args[: TAKES.get(name, 0)] if isinstance(one, ast.Constant)]
                if said and isinstance(said[0], str):
                    found.append(tuple(said) if len(said) > 1 else said[0])
    return list(dict.fromkeys([*found, *KINDS.values(), *FIELDS.values(), *DETAILS.values()]))
