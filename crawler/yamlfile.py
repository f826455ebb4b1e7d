"""One YAML file as plain text values, with the place of every one of them.

    file ─▶ decode ─▶ compose (ruamel.yaml, YAML 1.2) ─▶ Document: data, places, complaints

Every scalar stays the text that the operator wrote; what it means (a number, yes or no, a duration) is for
the models in `crawler.settings` to say. So NO stays a country and 12:30 a time. Nothing here knows what the
settings are called. Nothing is raised: what cannot be read is a complaint, and the rest is still read.
"""

from __future__ import annotations

import unicodedata
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from archive.errors import Complaint
from crawler.urls import without_user
from crawler.yamltext import Shown, locate
from crawler.yamlwords import NO_BREAK, OF_A_TOPIC, SHIFTED, explain

Place = tuple[str | int, ...]
"""Where a value stands in the data: ("sources", 3, "endpoints", 0, "every")."""

ANY = None
"""Stands for any one step in a pattern of `Document.texts`."""


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A place in the file; both count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Where:
    """The marks of one value: of its key (of the item itself in a list), of the value, and of its text.

    ``text`` is what the file shows of a scalar, for `crawler.yamltext.locate`; ``behind`` the three characters after
    it, if there are no quotes around it.
    """

    key: Mark
    value: Mark
    text: Shown | None = None
    behind: str = ""


@dataclass(slots=True)
class Document:
    """What one file holds. ``data`` is made of dict, list, str and None; an empty file is an empty dict."""

    file: str
    data: Any = None
    places: dict[Place, Where] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)
    broken: set[Place] = field(default_factory=set)

    def complain(
        self, place: Place, message: str, *, at_key: bool = False, column: int | None = None
    ) -> Complaint:
        """Return a complaint about the value at ``place``, or about the nearest thing around it.

        ``column`` counts code points within the value's text, on however many lines of the file that stands.
        """
        known = place
        while known and known not in self.places:
            known = known[:-1]
        where = self.places.get(known, _TOP)
        mark = where.key if at_key or known != place else where.value
        if column is not None and where.text and known == place:
            lines, before = locate(where.text, column)
            mark = Mark(mark.line + lines, before + (1 if lines else mark.column))
        return Complaint(self.file, mark.line, mark.column, show(place), without_user(message))

    def texts(self, *pattern: str | int | None) -> Iterator[tuple[Place, str]]:
        """Yield every text whose place fits ``pattern``; what is broken beside it does not matter."""
        yield from ((place, value) for place, value in self._found(pattern) if isinstance(value, str))

    def under(self, *pattern: str | int | None) -> list[Place]:
        """Return every place that fits ``pattern``, whatever stands there."""
        return [place for place, _ in self._found(pattern)]

    def keys(self, *pattern: str | int | None) -> list[str]:
        """Return the names written in the mappings at ``pattern``."""
        return [key for _, value in self._found(pattern) if isinstance(value, dict) for key in value]

    def _found(self, pattern: tuple[str | int | None, ...]) -> list[tuple[Place, Any]]:
        found: list[tuple[Place, Any]] = [((), self.data)]
        for step in pattern:
            found = [((*place, key), value) for place, data in found for key, value in _children(data, step)]
        return found


_TOP = Where(Mark(1, 1), Mark(1, 1))


def show(place: Place) -> str:
    """Return ``place`` as people write it: ``sources[3].endpoints[0].every``."""
    text = ""
    for step in place:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def read(path: Path) -> Document:
    """Read one file. Whatever is wrong with it stands in ``complaints`` of the result."""
    document = Document(path.name)
    try:
        text = path.read_bytes().decode("utf-8-sig")  # Windows editors put a BOM first
    except FileNotFoundError:
        document.complaints.append(document.complain((), f"there is no such file in {path.parent}"))
    except OSError as error:
        document.complaints.append(document.complain((), f"cannot be read: {error.strerror}"))
    except UnicodeDecodeError as error:
        document.complaints.append(_not_utf8(document.file, error))
    else:
        read_text(text, document)
    return document


def read_text(text: str, document: Document) -> None:
    """Fill ``document`` from ``text``."""
    try:
        with warnings.catch_warnings():
            # ruamel warns of an anchor set twice; we refuse the first one already.
            warnings.simplefilter("ignore")
            root = YAML(typ="rt", pure=True).compose(text)
    except MarkedYAMLError as error:
        line, column, message = explain(text, error)
        document.complaints.append(Complaint(document.file, line, column, "", message))
    except ReaderError as error:
        line, column = _line_column(text, int(error.position))
        document.complaints.append(Complaint(document.file, line, column, "", "an unprintable character"))
    except RecursionError:
        document.complaints.append(document.complain((), "lists and mappings nest too deeply"))
    except (YAMLError, ArithmeticError, AttributeError, LookupError, ValueError) as error:
        # ruamel.yaml lets bare errors out on some broken texts ("%YAML 1.x", "\U99999999"), without a place.
        document.complaints.append(document.complain((), f"cannot be read as YAML: {error}"))
    else:
        if root is None:
            document.data = {}
        else:
            builder = _Builder(text, document)
            document.data = builder.build(root, (), Mark(1, 1))
            if builder.odd:
                # Nothing is where it should be, and that is one mistake.
                document.data = None
                document.complaints = [Complaint(document.file, builder.odd.line, 1, "", NO_BREAK)]


class _Builder:
    """Turns ruamel's nodes into plain data, noting where each value stands."""

    def __init__(self, text: str, document: Document) -> None:
        self.text = text
        self.document = document
        self.odd: Mark | None = None  # the first name behind non-breaking spaces

    def build(self, node: Node, place: Place, key: Mark) -> Any:
        start = _mark(node)
        empty = isinstance(node, ScalarNode) and node.start_mark.index == node.end_mark.index
        # ruamel places an empty value on the line after it; its key is where the eye looks.
        self.document.places[place] = Where(key, key if empty else start)
        if self.text[node.start_mark.index :][:1] in ("!", "&") and not empty:
            # Also what makes data that holds itself, or a few lines that unfold into gigabytes.
            self.refuse(place, "text that starts with ! or & needs quotes (no YAML tags and anchors here)")
            return None
        if isinstance(node, MappingNode):
            return self.mapping(node, place)
        if isinstance(node, SequenceNode):
            return [self.build(item, (*place, n), _mark(item)) for n, item in enumerate(node.value)]
        assert isinstance(node, ScalarNode)  # the three kinds of node there are
        return self.scalar(node, place)

    def mapping(self, node: MappingNode, place: Place) -> dict[str, Any]:
        data: dict[str, Any] = {}
        swallowed = False
        for name, value in _unshifted(node) if place == ("topics",) else node.value:
            mark = _mark(name)
            if isinstance(name, ScalarNode) and name.value[:1].isspace():
                self.odd = self.odd or mark
            here = (*place, name.value if isinstance(name, ScalarNode) else "?")
            if not isinstance(name, ScalarNode) or not name.value or not _printable(name.value, lines=False):
                self.document.places.setdefault((*place, "?"), Where(mark, mark))
                self.refuse((*place, "?"), "a name on one line is needed before the colon")
            elif name.value in data:
                first = self.document.places[here].key.line
                message = f"written twice: it already stands in line {first}"
                if name.value == next(iter(data)) and place and isinstance(place[-1], int):
                    # The first setting of an item again: the next item begins here, and all of it stands twice.
                    message += " (is a hyphen missing before this line?)"
                    swallowed = True
                elif swallowed:
                    continue
                self.document.complaints.append(
                    Complaint(self.document.file, mark.line, mark.column, show(here), message)
                )
            else:
                if isinstance(value, _Shifted):
                    at, message = _mark(value), SHIFTED.format(name=name.value)
                    self.document.complaints.append(
                        Complaint(self.document.file, at.line, at.column, show(here), message)
                    )
                data[name.value] = self.build(value, here, mark)
        return data

    def scalar(self, node: ScalarNode, place: Place) -> str | None:
        raw = self.text[node.start_mark.index : node.end_mark.index]
        start = _mark(node)
        if node.style is None and raw in ("", "~", "null", "Null", "NULL"):
            self.refuse(
                place, "empty: write a value, or take the line out (text that starts with # needs quotes)"
            )
            return None
        # ruamel leaves a bell where it folded a line, to fold it there again; a file cannot hold one itself.
        value = str(node.value).replace("\a", "") if node.style == ">" else str(node.value)
        if not _printable(value, lines=True):
            self.refuse(place, "an unprintable character stands in this text")
            return None
        shown = Shown(raw, node.style or "", value)
        behind = self.text[node.end_mark.index : node.end_mark.index + 3] if node.style is None else ""
        self.document.places[place] = Where(self.document.places[place].key, start, shown, behind)
        return value

    def refuse(self, place: Place, message: str) -> None:
        self.document.broken.add(place)
        self.document.complaints.append(self.document.complain(place, message))


class _Shifted(MappingNode):
    """The settings of a topic that stand beside its name, where they should stand below it."""


def _unshifted(node: MappingNode) -> list[tuple[Node, Node]]:
    """Return the topics of a file, those settings put below a name that stand beside it while it has none itself."""
    found: list[tuple[Node, Node]] = []
    for name, value in node.value:
        if found and isinstance(name, ScalarNode) and name.value in OF_A_TOPIC:
            topic, settings = found[-1]
            if isinstance(settings, _Shifted):
                settings.value.append((name, value))
                continue
            if isinstance(settings, ScalarNode) and not settings.value and settings.style is None:
                shifted = _Shifted("tag:yaml.org,2002:map", [(name, value)], name.start_mark, node.end_mark)
                found[-1] = (topic, shifted)
                continue
        found.append((name, value))
    return found


def _children(data: Any, step: str | int | None) -> list[tuple[str | int, Any]]:
    if isinstance(data, dict):
        return [(key, value) for key, value in data.items() if step is ANY or key == step]
    if isinstance(data, list):
        return [(number, value) for number, value in enumerate(data) if step is ANY or number == step]
    return []


def _printable(text: str, *, lines: bool) -> bool:
    """Tell whether mails, pages and terminals can show ``text``: no controls, no half surrogates."""
    return all(unicodedata.category(c) not in ("Cc", "Cs") or (lines and c in "\n\t") for c in text)


def _mark(node: Node) -> Mark:
    return Mark(node.start_mark.line + 1, node.start_mark.column + 1)


def _line_column(text: str, index: int) -> tuple[int, int]:
    before = text[:index]
    return before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1


def _not_utf8(file: str, error: UnicodeDecodeError) -> Complaint:
    before = error.object[: error.start]
    line = before.count(b"\n") + 1
    column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8-sig", "replace")) + 1
    return Complaint(file, line, column, "", "this is not UTF-8 text: save the file as UTF-8")
