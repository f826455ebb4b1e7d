"""Changes to sources.yaml by the program: entries are added at its end, and all else stays as it was written.

text + entries ─▶ ruamel writes the entries ─▶ appended ─▶ read back: what was there, and the new ones?
                                                   └▶ else (a list in brackets, an empty file): ruamel round trip
the file ─▶ the folder as it would be ─▶ nothing wrong in any file? ─▶ written at once, or not at all
"""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from archive.errors import ConfigError, PresswatchError
from crawler.config import survey
from crawler.settings import FILES
from crawler.yamlfile import Document, read_text

NAME = "sources.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEndpoint:
    """An endpoint to write; ``note`` becomes the comment behind it."""

    kind: str
    url: str
    every: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSource:
    """An entry to write. What is None or empty is left out."""

    id: str
    name: str
    country: str | None = None
    language: str | None = None
    tags: tuple[str, ...] = ()
    pages: bool = True
    endpoints: tuple[NewEndpoint, ...]


def added(text: str, sources: Sequence[NewSource]) -> str:
    """Return ``text``, a sources.yaml, with ``sources`` at its end."""
    before, wanted = _data(text), [_plain(source) for source in sources]
    old = before.get("sources", []) if isinstance(before, dict) else None
    if not isinstance(old, list):
        raise PresswatchError(f"{NAME} cannot be read: `presswatch check` says why")
    if before == {}:
        return f"{text}\nsources:\n{written(sources)}".lstrip()
    for column in _columns(text):
        after = f"{text.rstrip()}\n\n{written(sources, column)}"
        if _ends(text):
            after = after.replace("\n", "\r\n").replace("\r\r\n", "\r\n")
        if old and _data(after) == {"sources": [*old, *wanted]}:
            return after
    yaml = _yaml()
    data = yaml.load(text) or CommentedMap()
    listed = data.setdefault("sources", CommentedSeq())
    listed.fa.set_block_style()
    listed.extend(_node(source) for source in sources)
    into = io.StringIO()
    yaml.dump(data, into)
    return into.getvalue()


def written(sources: Sequence[NewSource], column: int = 2) -> str:
    """Return ``sources`` as they stand in the file, their hyphens in ``column`` (from 0)."""
    blocks = []
    for source in sources:
        into = io.StringIO()
        _yaml().dump([_node(source)], into)
        lines = into.getvalue().rstrip("\n").split("\n")
        # ruamel puts the hyphen of a list at the top two columns in, as everywhere.
        blocks.append("\n".join(" " * column + line[2:] if line else line for line in lines))
    return "\n\n".join(blocks) + "\n"


def write(folder: Path, text: str, environ: Mapping[str, str] = os.environ) -> None:
    """Put ``text`` in the place of the folder's sources.yaml, at once.

    Raises `ConfigError`, and writes nothing, when `presswatch check` would find something wrong with it.
    """
    path = Path(os.path.realpath(folder / NAME))  # a link stays a link
    with tempfile.TemporaryDirectory() as trial:
        for name in FILES:
            if (folder / f"{name}.yaml").is_file():
                shutil.copyfile(folder / f"{name}.yaml", Path(trial, f"{name}.yaml"))
        Path(trial, NAME).write_bytes(text.encode())
        found = survey(Path(trial), environ)
    if found.config is None:
        raise ConfigError(found.complaints)
    handle, temporary = tempfile.mkstemp(prefix=f".{NAME}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, temporary)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _data(text: str) -> Any:
    document = Document(NAME)
    read_text(text.removeprefix("\ufeff"), document)
    return document.data if not document.complaints else None


def _columns(text: str) -> tuple[int, ...]:
    """Return where the hyphens of the list may stand, the column of the first one that there is first."""
    first = next((line for line in text.splitlines() if line.lstrip().startswith("- ")), "  -")
    return tuple(dict.fromkeys((len(first) - len(first.lstrip()), 2, 0)))


def _ends(text: str) -> bool:
    return "\r\n" in text


def _yaml() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 1_000_000  # what is on one line stays there
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _node(source: NewSource) -> CommentedMap:
    node = CommentedMap()
    for key, value in _plain(source).items():
        if isinstance(value, str):
            node[key] = _text(value)
    if not source.pages:
        node["pages"] = False
    if source.tags:
        node["tags"] = CommentedSeq(map(_text, source.tags))
        node["tags"].fa.set_flow_style()
    node["endpoints"] = CommentedSeq()
    for endpoint in source.endpoints:
        kind = str(endpoint.kind)  # of an enum too: ruamel writes plain texts only
        one = CommentedMap({kind: endpoint.url})
        if endpoint.every:
            one["every"] = endpoint.every
        if endpoint.note:
            one.yaml_add_eol_comment(
                " ".join(endpoint.note.split()), kind, column=len(f"      - {kind}: {endpoint.url}  ")
            )
        node["endpoints"].append(one)
    return node


def _plain(source: NewSource) -> dict[str, Any]:
    """Return the entry as `crawler.yamlfile` reads it: texts, lists and mappings."""
    found: dict[str, Any] = {"id": source.id, "name": source.name}
    found |= {key: value for key in ("country", "language") if (value := getattr(source, key))}
    if source.tags:
        found["tags"] = list(source.tags)
    if not source.pages:
        found["pages"] = "false"
    found["endpoints"] = [
        {str(one.kind): one.url} | ({"every": one.every} if one.every else {}) for one in source.endpoints
    ]
    return found


def _text(value: str) -> str:
    """Return ``value``, in quotes where YAML 1.1, which other programs read, would take it for yes or no."""
    return DoubleQuotedScalarString(value) if value.lower() in ("no", "yes", "on", "off", "y", "n") else value
