"""What other services write and this language does not: their fields, operators and signs, and what to write instead.

    archive.querytokens ─▶ a field's name, one word, a distance        archive.queryfixes ─▶ what stands side by side

A `Fault` says where it is and carries rewrites; `archive.query.parse` tries each before it shows one. What is read as
it is (``intitle:``, ``w/5``, ``-x``) is in `ALIASES` here and in `archive.querytokens`.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from archive.normalize import clean_line
from archive.tree import PLACES


@dataclass(frozen=True, slots=True)
class Fix:
    """A rewrite that may work: ``text`` in place of what stands from ``start`` to ``end``."""

    start: int
    end: int
    text: str


class Fault(Exception):
    """What cannot be read, and where; `archive.query.parse` makes a `TopicError` of it."""

    def __init__(self, message: str, column: int, *fixes: Fix) -> None:
        self.message = message
        self.column = column
        self.fixes = fixes
        super().__init__(message)


ALIASES = {
    "intitle": "title",
    "headline": "title",
    "intext": "body",
    "content": "body",
    "inurl": "url",
    "site": "url",
    "domain": "url",
    "host": "url",
    "byline": "author",
    "language": "lang",
}
"""Fields as other services name them."""

LONGEST = 120
"""Characters of the longest rewrite that helps a reader; nothing longer is worked out."""

LONGEST_NAME = 20  # comparing names costs the square of their length
# What is near enough to one of ours to be suggested, and not to be taken for it.
_MEANT = {
    "location": "country", "region": "country", "place": "country", "hd": "title", "hl": "title", "hlead": "title",
    "lp": "summary", "ingress": "", "by": "author", "au": "author", "la": "lang", "sn": "source", "rst": "source",
}  # fmt: skip
# Asked of articles elsewhere, and not known here: any guess would be a silly one.
_UNKNOWN_HERE = {
    "sentiment",
    "rating",
    "continent",
    "reach",
    "emotion",
    "engagement",
    "followers",
    "gender",
    "rank",
}
_SCHEME = re.compile(r"\s*(?:https?://)+", re.IGNORECASE)
_DISTANCE = re.compile(
    r"(AROUND|O?NEAR|ADJ|WITHIN|BEFORE)(?:\s*\(\s*([0-9]{1,9})\s*\)|\s*/\s*([0-9]{1,9})(?!\w)|([0-9]{1,9})(?!\w))",
    re.IGNORECASE,
)
_NEXT_NUMBER = re.compile(r"\s*(?:/\s*([0-9]{1,9})(?!\w)|\(\s*([0-9]{1,9})\s*\))")
_ORDERED = ("ONEAR", "ADJ", "BEFORE")
_CALLED = re.compile(r"[^\W\d_]{2,}[0-9]*")
_WEIGHT = re.compile(r"\^[0-9.]+")
_EQUALS = re.compile(r"([^\W\d_]+)=(.+)", re.DOTALL)
_COMPARED = re.compile(r"[<>]=?[0-9]")
_DOTS = re.compile(r"(?<=[^\W\d_]{2})\.{2,}(?=[^\W\d_]{2})")
_COMMA = re.compile(r"(?<=[^\W_])[,;](?=[^\W\d_])")
_BEFORE_NUMBER = re.compile(r"/\+?([0-9]{1,9})")
_OF_PATTERNS = re.compile(r"[\[\]{}\\$^?*+]|(?<=.)/$")


def short(text: str) -> str:
    """Return ``text`` as a message may quote it."""
    return text if len(text) <= 40 else f"{text[:39]}…"


def place_of(name: str) -> str:
    """Return the field that ``name`` means, or nothing."""
    if len(name) > LONGEST_NAME:
        return ""
    name = clean_line(name).casefold()
    return ALIASES.get(name, name if name in PLACES else "")


def scheme(address: str) -> int:
    """Return how much of an address is https:// and the like: every stored one has it, and nobody looks for it."""
    found = _SCHEME.match(address)
    return found.end() if found and re.search(r"\w", address[found.end() :]) else 0


def unknown_field(found: re.Match[str], name: str) -> Fault:
    """Return what is wrong with a word before whose colon no field stands."""
    at, word = found.start(), found[0]
    if not name:
        return Fault("a : needs a field before it", at, Fix(at, found.end(), word.strip(":")))
    if name.casefold() in _UNKNOWN_HERE:
        message = f'unknown field "{name}": this is not known of an article here'
        return Fault(f"{message}; the fields are {', '.join(PLACES)}", at)
    fixes = []
    if near := re.fullmatch(r"(?i:near|onear|around):([0-9]+)", word):
        fixes.append(Fix(at, found.end(), f"NEAR/{near[1]}"))
    if name.casefold() == "date":
        fixes.append(Fix(at, found.end(), f"date({word[5:]})"))
    close = _close(name)
    fixes += [Fix(at, at + len(name), field) for field in close]
    if len(word) > len(name) + 1:
        fixes.append(Fix(at, found.end(), f'"{word}"'))
    listed = not close and name.isalpha() and not word.startswith("//", len(name) + 1)
    which = f"; the fields are {', '.join(PLACES)}" if listed else ""
    message = f'unknown field "{short(name)}": put quotes around it if it is a word{which}'
    return Fault(message, at, *fixes)


def _close(name: str) -> list[str]:
    """Return the field that ``name`` may mean, or none."""
    known, name = [*PLACES, *ALIASES], name.casefold()
    if name in _MEANT:
        return [_MEANT[name]] if _MEANT[name] else []
    close = difflib.get_close_matches(name, known, 1) if len(name) <= LONGEST_NAME else []
    # allintitle: and the like hold the name of one of ours.
    close = close or [field for field in known if len(field) > 3 and field in name][:1]
    return [ALIASES.get(field, field) for field in close]


def foreign_word(found: re.Match[str]) -> Fault | None:
    """Return what is wrong with a word that means more elsewhere than its letters; None: nothing is.

    Only of a word that is never shown without quotes: what is canonical must be read.
    """
    (at, end), word = found.span(), found[0]
    if len(word) > 200:
        return None
    if word.startswith("/") and (fault := _slash(found)):
        return fault
    if weight := _WEIGHT.search(word):
        begin = at + weight.start()
        return Fault(f"a weight ({weight[0]}) means nothing here", begin, Fix(begin, at + weight.end(), ""))
    if compared := _COMPARED.search(word):
        return Fault(f"numbers cannot be compared here: {short(word)}", at + compared.start())
    if equals := _EQUALS.fullmatch(word):
        place = place_of(equals[1]) or _MEANT.get(equals[1].casefold(), "")
        fixes = [Fix(at, end, f"{place}:{equals[2]}")] if place else []
        return Fault("a field is written with a colon", at + equals.end(1), *fixes, Fix(at, end, f'"{word}"'))
    if dots := _DOTS.search(word):
        return Fault(
            f"{dots[0]} means nothing here", at + dots.start(), Fix(at, end, f'"{_DOTS.sub(" ", word)}"')
        )
    if comma := _COMMA.search(word):
        fixes = [Fix(at, end, f"({_COMMA.sub(' OR ', word)})"), Fix(at, end, f'"{_COMMA.sub(", ", word)}"')]
        return Fault(f"a {comma[0]} means nothing in a query", at + comma.start(), *fixes)
    return None


def _slash(found: re.Match[str]) -> Fault | None:
    at, end, word = found.start(), found.end(), found[0]
    if number := _BEFORE_NUMBER.fullmatch(word):
        near = f"NEAR/{number[1]}"
        return Fault(f"{word} is written {near} here", at, Fix(at, end, near))
    if word.casefold() in ("/s", "/p", "/sent", "/para"):
        return Fault(f"{word} is not known here: write how many words may stand between, as in NEAR/15", at)
    if _OF_PATTERNS.search(word) or found.string[end : end + 1] in ("(", "|"):
        return Fault("regular expressions are not read here: write the spellings with OR between", at)
    return None


def loose_number(text: str, at: int, end: int, near: str) -> Fault | None:
    """Return what is wrong with ``NEAR(5)`` and ``NEAR /5``; ``near`` stands from ``at`` to ``end``."""
    found = _NEXT_NUMBER.match(text, end)
    if not found:
        return None
    written = f"{near}/{found[1] or found[2]}"
    return Fault(
        f"the number stands behind the / at once: {written}", at, Fix(at, found.end(), f"{written} ")
    )


def operator(text: str, words: list[str], places: list[tuple[int, int]]) -> Fault | None:
    """Return what is wrong where the second of ``words`` joins the first and the third in another language.

    ``places``: where each stands in ``text``. None: it is no operator that anybody is known to use.
    """
    (start, _), (at, end) = places[0], places[1]
    found = _DISTANCE.match(text, at, at + 40)
    if found and not (found.end() <= end and found[1].upper().endswith("NEAR")):
        number = found[2] or found[3] or found[4]
        name = found[1].upper()
        near = f"{'ONEAR' if name in _ORDERED else 'NEAR'}/{number}"
        said = "AROUND(n) is written NEAR/n" if name == "AROUND" else f"{found[0]} is written {near}"
        return Fault(f"{said} here", at, Fix(at, found.end(), f" {near} "))
    match words[1]:
        case "ADJ" | "NEXT":
            return Fault(f"{words[1]} is written ONEAR/0 here", at, Fix(at, end, "ONEAR/0"))
        case "SAME":
            message = "sentences and paragraphs are not known here: write how many words may stand between"
            return Fault(message, at, Fix(at, end, "NEAR/15"))
        case "NO":
            return Fault("NO is written NOT here", at, Fix(at, end, "NOT"))
        case "XOR":
            fixes = []
            if len(words) > 2:
                a, b = words[0], words[2]
                fixes.append(Fix(start, places[2][1], f"({a} OR {b}) NOT ({a} AND {b})"))
            return Fault("XOR is not known here", at, *fixes)
    return None


def call(name: str, start: int, end: int) -> Fault | None:
    """Return what is wrong with ``name(``, where no blank stands between; ``end``: where the parenthesis is."""
    if not _CALLED.fullmatch(name):
        return None
    fixes = [Fix(start, end, "")]
    if place := place_of(name) or _MEANT.get(name.casefold(), ""):
        fixes = [Fix(start, end, f"{place}:"), *fixes]
    if name.upper().startswith("ATLEAST"):
        return Fault("how often a word stands in an article cannot be asked", start, *fixes)
    message = f"there is no {short(name)}(...): there are date(...), cs(...) and exact(...)"
    return Fault(message, start, *fixes[:1], Fix(end, end, " AND "))
