"""What pydantic says about a file, in the words of somebody who edits YAML, with the place in the file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import Any, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from archive.errors import Complaint
from crawler.shapes import Shape
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


# What a setting is called elsewhere: no spelling is near enough to guess it from.
_ALSO_CALLED = {
    "rss": "feed", "atom": "feed", "url": "feed", "link": "feed", "address": "feed",
    "feeds": "endpoints", "urls": "endpoints", "label": "name",
    "words": "terms", "keywords": "terms", "phrases": "terms", "not": "exclude", "except": "exclude",
    "boolean": "query", "search": "query", "expression": "query", "days": "dates", "day": "dates",
    "needs": "require", "and": "require", "must": "require", "filter": "require",
    "email": "to", "mail": "to", "recipients": "to", "schedule": "when", "time": "when", "at": "when",
    "timezone": "zone", "tz": "zone", "lang": "language", "server": "host", "smtp": "host", "user": "username",
    "password": "password_env", "sender": "from",
    "quiet_hours": "quiet", "silence": "quiet", "frequency": "when", "limit": "cap", "max": "cap",
    "country": "countries", "source": "sources", "outlets": "sources", "langs": "languages", "per-hour": "per_hour",
}  # fmt: skip


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
            yield document.complain(place, _unknown(shape, str(place[-1]), detail["input"]), at_key=True)
        elif detail["type"] == "too_short" and detail["input"]:
            continue  # pydantic counts the good items only; the bad ones have their complaints
        elif detail["type"] == "missing" and _has_another(document.data, place, shape):
            continue  # what stands in its place has its complaint
        elif example := _example(root, place, detail):
            yield document.complain(place, example)
        elif message:
            yield document.complain(place, message.format(**_context(detail)), at_key=at_key)
        else:
            said = detail["msg"].removeprefix("Value error, ")
            yield document.complain(
                place, said.replace("{example}", _context(detail)["example"]), at_key=at_key
            )


def _example(root: type[Shape], place: Place, detail: ErrorDetails) -> str | None:
    """Show the shape of a list of settings where a text or one item stands for it; None: it is another mistake."""
    written = detail["input"]
    items = _shape_at(root, place)
    first = next(iter(items.model_fields))
    value = f"{first}: {written}" if isinstance(written, str) and len(written) < 80 else f"{first}: ..."
    if detail["type"] == "tuple_type" and items is not _shape_at(root, place[:-1]):
        return f'a list is needed here, each item below this line, with a hyphen: "- {value}"'
    if isinstance(written, str) and detail["type"] in ("model_type", "dict_type"):
        name, colon, rest = written.partition(":")
        if colon and rest.strip() and _meant(name, _names(items)):
            return f"a blank is missing after the colon (did you mean {name}: {' '.join(rest.split())[:80]}?)"
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


def is_meant(shape: type[Shape], names: Iterable[str], wanted: Sequence[str]) -> bool:
    """Tell whether one of ``names`` stands for one of ``wanted``, or is it: its own complaint says the rest."""
    known = _names(shape)
    return any((name if name in known else _meant(name, known) or "") in wanted for name in names)


def _unknown(shape: type[Shape], name: str, written: Any) -> str:
    names = _names(shape)
    if meant := _meant(name, names):
        return f'no such setting (did you mean "{meant}"?)'
    if names == ["topics"] and isinstance(written, dict):
        return 'no such setting (is it a topic? Then indent it by two spaces, below "topics:")'
    return f"no such setting (there are: {', '.join(names)})"


def _meant(name: str, names: list[str]) -> str | None:
    """Return which of ``names`` somebody meant who wrote ``name``."""
    called = _ALSO_CALLED.get(name.strip().lower())
    if called in names:
        return called
    found = hint(name, names)
    return found.split('"')[1] if found else None


def _names(shape: type[Shape]) -> list[str]:
    return [info.alias or key for key, info in shape.model_fields.items()]


def _has_another(data: Any, place: Place, shape: type[Shape]) -> bool:
    """Tell whether something stands where ``place`` is missing: it by another name."""
    for step in place[:-1]:
        data = data[step]
    if not isinstance(data, dict):
        return False
    names = _names(shape)
    unknown = [name for name in data if name not in names]
    return any(_meant(name, names) == place[-1] for name in unknown)


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
