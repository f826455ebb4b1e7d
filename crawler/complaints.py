"""What pydantic says about a file, in the words of somebody who edits YAML, with the place in the file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from archive.errors import Complaint
from crawler.settings import Shape
from crawler.yamlfile import Document, Place

# What pydantic's error types mean to somebody who edits YAML; braces are filled from the error's context.
_PLAIN_WORDS = {
    "missing": "is missing",
    "string_type": 'text is needed here (quotes around it help when it holds ": " or starts with [ or {{)',
    "tuple_type": "a list is needed here, e.g. [{example}]",
    "dict_type": "settings are needed here, one a line: name: value",
    "model_type": "settings are needed here, one a line: name: value",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "int_parsing": "a whole number is needed here",
    "int_type": "a whole number is needed here",
    "int_parsing_size": "this number is too large",
    "literal_error": "must be one of {expected}",
    "string_too_short": "must not be empty",
    "too_short": "at least one is needed here",
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than_equal": "must be at most {le:g}",
    "finite_number": "this number is too large",
}


def hint(text: str, names: Iterable[str]) -> str:
    """Return `` (did you mean "every"?)`` when one of ``names`` looks like ``text``, else nothing."""
    spelled = {name.lower(): name for name in sorted(names)}
    close = get_close_matches(text.strip().lower(), spelled, n=1)
    return f' (did you mean "{spelled[close[0]]}"?)' if close else ""


def zone_hint(text: str, zones: Iterable[str]) -> str:
    """Return the hint for a time zone: people write the city alone, ``Lima`` or ``new york``."""
    # Etc/GMT+5 lies west of Greenwich, the opposite of what everybody means by it; an abbreviation or a
    # distance from Greenwich knows no summer time.
    places = [zone for zone in zones if "/" in zone and not zone.startswith("Etc/")]
    wanted = text.strip().replace(" ", "_")
    cities: dict[str, str] = {}
    for zone in sorted(places, key=lambda zone: (zone.count("/"), zone), reverse=True):
        cities[zone.rpartition("/")[2].lower()] = zone
    if re.fullmatch(r"[A-Z]{3,4}|(UTC|GMT)? ?[+-].*", wanted):
        return ""
    if found := cities.get(wanted.rpartition("/")[2].lower()):
        return f' (did you mean "{found}"?)'
    if "/" in wanted:
        return hint(wanted, places)
    close = get_close_matches(wanted.lower(), cities, n=1)
    return f' (did you mean "{cities[close[0]]}"?)' if close else ""


def translate(document: Document, root: type[Shape], error: ValidationError) -> Iterator[Complaint]:
    """Yield what pydantic found wrong with ``document``, whose data should have the shape ``root``."""
    for detail in error.errors(include_url=False):
        place = _place(document, detail)
        if place in document.broken:
            continue  # it has its complaint already
        shape = _shape_at(root, place[:-1])
        message, at_key = _PLAIN_WORDS.get(detail["type"]), detail["loc"][-1:] == ("[key]",)
        if detail["type"] == "extra_forbidden":
            yield document.complain(place, _unknown(shape, str(place[-1])), at_key=True)
        elif detail["type"] == "too_short" and detail["input"]:
            continue  # pydantic counts the good items only; the bad ones have their complaints
        elif detail["type"] == "missing" and _has_unbuilt(document.data, place[:-1], shape):
            continue  # what stands in its place has its complaint
        elif example := _example(root, place, detail):
            yield document.complain(place, example)
        elif message:
            yield document.complain(place, message.format(**_context(detail)), at_key=at_key)
        else:
            yield document.complain(place, detail["msg"].removeprefix("Value error, "), at_key=at_key)


def _example(root: type[Shape], place: Place, detail: ErrorDetails) -> str | None:
    """Show the shape of a list of settings where a text or one item stands for it; None: it is another mistake."""
    written = detail["input"]
    items = _shape_at(root, place)
    first = next(iter(items.model_fields))
    value = f"{first}: {written}" if isinstance(written, str) and len(written) < 80 else f"{first}: ..."
    if detail["type"] == "tuple_type" and items is not _shape_at(root, place[:-1]):
        return f'a list is needed here, each item below this line, with a hyphen: "- {value}"'
    if detail["type"] == "model_type" and place and isinstance(place[-1], int) and isinstance(written, str):
        return f'settings are needed here, name: value (did you mean "{value}"?)'
    return None


def _place(document: Document, detail: ErrorDetails) -> Place:
    """Where an error stands in the file: pydantic also names the branches of a union it went through."""
    place: Place = ()
    for step in detail["loc"]:
        if (*place, step) in document.places or (detail["type"] == "missing" and step == detail["loc"][-1]):
            place = (*place, step)
    return place


def _context(detail: ErrorDetails) -> dict[str, Any]:
    written = detail["input"]
    example = written if isinstance(written, str) and len(written) < 60 else "a, b"
    context = {"example": example, **detail.get("ctx", {})}
    if "expected" in context:
        context["expected"] = context["expected"].replace("'", "").replace(" or ", ", ")
    return context


def _unknown(shape: type[Shape], name: str) -> str:
    if name in shape.not_yet:
        return "this version of Presswatch does not read this yet"
    names = [info.alias or key for key, info in shape.model_fields.items()]
    return "no such setting" + (hint(name, names) or f" (there are: {', '.join(names)})")


def _has_unbuilt(data: Any, place: Place, shape: type[Shape]) -> bool:
    for step in place:
        data = data[step]
    return isinstance(data, dict) and not shape.not_yet.isdisjoint(data)


def _shape_at(root: type[Shape], place: Place) -> type[Shape]:
    """Return the shape whose settings stand at ``place``."""
    shape, steps = root, iter(place)
    for step in steps:
        for key, info in shape.model_fields.items():
            if step == (info.alias or key) and (inner := _inner(info.annotation)):
                shape, mapping_or_list = inner
                if mapping_or_list:
                    next(steps, None)  # the name or number of the item
                break
    return shape


def _inner(annotation: Any) -> tuple[type[Shape], bool] | None:
    """Return the shape that an annotation holds, and whether it holds many of it."""
    if isinstance(annotation, type) and issubclass(annotation, Shape):
        return annotation, False
    many = get_origin(annotation) in (tuple, dict)
    for argument in get_args(annotation):
        if found := _inner(argument):
            return found[0], many or found[1]
    return None
