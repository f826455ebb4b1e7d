"""The words, quotes and signs of a query, each with its place. `archive.query` makes the tree of them.

    word      a run up to white space, a parenthesis or a quote; behind a field up to white space or a parenthesis
    phrase    "…"  “…”  «…», with ~n behind it: its words within n of each other; cs("…")  exact("…")
    date      date(07-19)  date(2026-07-19)
    ref       @topic-id
    field     a name of `archive.tree.PLACES`, or what other services call it, and a colon
    joint     AND  OR  NOT  NEAR/n  ONEAR/n, and what they are elsewhere: ANDNOT  -x  NEAR/nf  w/n  pre/n

One token is read at a time, so that the first mistake in a text of a megabyte costs no more than what stands before it.
What is wrong is a `Fault`, which carries rewrites; whether a rewrite would work is not known here.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from enum import StrEnum

from archive.months import names_of
from archive.normalize import clean_line, fold
from archive.queryforeign import (
    ALIASES,
    LONGEST_NAME,
    Fault,
    Fix,
    foreign_word,
    loose_number,
    place_of,
    short,
    unknown_field,
)
from archive.tree import MOST_WORDS_BETWEEN, Date, Mode


class Kind(StrEnum):
    """What a token is."""

    WORD = "word"
    PHRASE = "phrase"
    DATE = "date"
    REF = "@"
    FIELD = "field"
    OPEN = "("
    CLOSE = ")"
    AND = "AND"
    OR = "OR"
    NOT = "NOT"
    NEAR = "NEAR"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """``text[start:end]`` of a query. ``value`` is what it holds and ``at`` where that begins."""

    kind: Kind
    start: int
    end: int
    value: str = ""
    at: int = 0
    mode: Mode = Mode.FOLDED
    gap: int | None = None
    ordered: bool = False
    date: Date | None = None


_SPACE = re.compile(r"\s*")
_QUOTES = {
    '"': '"',
    "\u201c": "\u201c\u201d",
    "\u201d": "\u201d",
    "\u201e": "\u201c\u201d",
    "\u00ab": "\u00bb",
}
_QUOTE = '"\u201c\u201d\u201e\u00ab\u00bb'
# One & belongs to a word, as in AT&T; two are an operator of other languages.
_WORD = re.compile(rf"[^\s()|&{_QUOTE}]+(?:&(?!&)[^\s()|&{_QUOTE}]*)*")
_FIELD_WORD = re.compile(r"[^\s()]+")
_MINUS = "-\u2013\u2212"  # word processors make a dash of a minus
_JOINTS = {"AND": Kind.AND, "OR": Kind.OR, "NOT": Kind.NOT, "ANDNOT": Kind.NOT}
_FOREIGN = re.compile(r"&&|\|\||[&|!]|[+/,;](?=\s|$)")
_MEANS = {"!": "NOT", "&": "AND", "&&": "AND", "+": "AND"}
_NEAR = re.compile(r"(O?NEAR(?=/|$)|[Ww](?=/)|[Pp][Rr][Ee](?=/))/?(.*)", re.DOTALL)
_GAP = re.compile(r"([0-9]+)([fF]?)")
_CALL = re.compile(r"(date|cs|exact)\(\s*", re.IGNORECASE)
_JOINT = re.compile(r"\s+(?:AND|OR|NOT|ANDNOT|O?NEAR/[0-9]+)(?=[\s(])")
# Half a pair, and behind it what stands behind a whole one: word processors do that, and people who paste.
_LOOSE_CURLY = re.compile('([^"\u201c\u201d]*)\u201d(?=[\\s)]|$)')
_LOOSE_STRAIGHT = re.compile('([^"\u201c\u201d]*)"(?=\\s+(?:AND|OR|NOT|O?NEAR)\\b|\\s*\\)|\\s*$)')
_ANY = re.compile(".", re.DOTALL)
_TOPIC_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_DATE = re.compile(r"(?:([0-9]{4})-)?([0-9]{2})-([0-9]{2})")
_NUMBERS = re.compile(r"(?:([0-9]{4})\D)?([0-9]{1,2})\D([0-9]{1,2})(?:\D([0-9]{4}))?")


_PARTS = re.compile(r"[0-9]{1,4}|[^\W\d_]+")


def read(text: str, at: int, *, in_field: bool = False) -> Token:
    """Return the token at ``at`` or behind the white space there; ``in_field``: a field stands before it."""
    while True:
        at = _SPACE.match(text, at).end()  # type: ignore[union-attr]  # it matches everywhere
        if at == len(text):
            return Token(Kind.END, at, at)
        found = (_FIELD_WORD if in_field else _WORD).match(text, at)
        # What is invisible came along from a web page: it makes no word, and hides none.
        if not found or clean_line(found[0][:LONGEST_NAME]):
            return _read(text, at, found, in_field=in_field)
        at = found.end()


def _read(text: str, at: int, found: re.Match[str] | None, *, in_field: bool) -> Token:
    char = text[at]
    if char in "()":
        return Token(Kind.OPEN if char == "(" else Kind.CLOSE, at, at + 1)
    if char in _QUOTES:
        return _quoted(text, at)
    if char == "\u00bb":
        raise Fault("there is no « before this »", at)
    if call := _CALL.match(text, at):
        return _call(text, call)
    if char in _MINUS:
        return _minus(text, at)
    if not in_field and (foreign := _FOREIGN.match(text, at)):
        means = _MEANS.get(foreign[0], "OR")
        fix = Fix(at, foreign.end(), f" {means} ")
        raise Fault(f"{foreign[0]} is written {means} here", at, fix)
    if not found:  # every other character is one of a word
        raise AssertionError(char)
    if char == "@":
        return _ref(found)
    word = found[0]
    plain = clean_line(word) if len(word) <= LONGEST_NAME else word
    if plain in _JOINTS:
        return Token(_JOINTS[plain], at, found.end())
    if in_field:
        name, colon, _ = word.partition(":")
        if colon and place_of(name):
            return Token(Kind.FIELD, at, at + len(name) + 1, place_of(name))
        return Token(Kind.WORD, at, found.end(), word, at)
    if near := _NEAR.fullmatch(plain):
        return _near(text, at, found.end(), near[1], near[2] or "")
    return _word(found)


def _word(found: re.Match[str]) -> Token:
    """Return a word or the field at its front; signs that are wildcards elsewhere are refused."""
    (at, end), word = found.span(), found[0]
    name, colon, _ = word.partition(":")
    if colon:
        if place := place_of(name):
            return Token(Kind.FIELD, at, at + len(name) + 1, place)
        raise unknown_field(found, name)
    if fault := foreign_word(found):
        raise fault
    if word.startswith("*"):
        stem = word.strip("*")
        message = "a * cannot stand before a word" if stem else "a * alone would be every word there is"
        raise Fault(message, at, Fix(at, end, f"{stem}*"), Fix(at, end, stem))
    if braced := re.fullmatch(r"\{(\w+)\}?", word):
        raise Fault("capitals as written are asked for by cs()", at, Fix(at, end, f'cs("{braced[1]}")'))
    if inside := re.search(r"\w([?!])", word):
        sign, stem = inside[1], word[: inside.start(1)]
        fixes = [Fix(at, end, f'"{word}"')] if inside.end() == len(word) else []
        if sign == "!":
            fixes.insert(0, Fix(at, end, f"{stem}*"))
        message = f"{sign} stands for no letter here: * is any ending, and other spellings are written out"
        raise Fault(message, at + inside.start(1), *fixes)
    return Token(Kind.WORD, at, end, word, at)


def _near(text: str, at: int, end: int, name: str, number: str) -> Token:
    ordered = name == "ONEAR" or name.casefold() == "pre"
    canonical = "ONEAR" if ordered else "NEAR"
    found = _GAP.fullmatch(number)
    if not found:
        if not number and (fault := loose_number(text, at, end, canonical)):
            raise fault
        message = f"write how many words may stand between: {canonical}/10"
        raise Fault(message, at, Fix(at, end, f"{canonical}/10"))
    ordered = ordered or bool(found[2])
    canonical = "ONEAR" if ordered else "NEAR"
    fix = Fix(at, end, f"{canonical}/{MOST_WORDS_BETWEEN}")
    return Token(Kind.NEAR, at, end, gap=_gap(found[1], at, fix), ordered=ordered)


def _gap(digits: str, at: int, fix: Fix) -> int:
    if len(digits) > 9 or int(digits) > MOST_WORDS_BETWEEN:
        raise Fault(f"at most {MOST_WORDS_BETWEEN} words may stand between", at, fix)
    return int(digits)


def _quoted(text: str, at: int) -> Token:
    """Return a phrase in quotes, with the ~n behind it."""
    close = _closing(text, at)
    if not close:
        joint = _JOINT.search(text, at + 1)
        ends = [joint.start(), len(text)] if joint else [len(text)]
        raise Fault("this quote is never closed", at, *(Fix(end, end, _QUOTES[text[at]][-1]) for end in ends))
    inner, end = text[at + 1 : close.start()], close.end()
    if not inner.strip():
        raise Fault("there is nothing in the quotes", at)
    if text[end : end + 1] not in ("~", "*", "+"):
        return Token(Kind.PHRASE, at, end, inner, at + 1)
    slop = _GAP.match(text, end + 1) if text[end] == "~" else None
    if not slop:
        message = f"a {text[end]} belongs inside the quotes, behind a word"
        bare = inner.strip()
        marked = f"{bare}{text[end]}"
        raise Fault(
            message, end, Fix(at, end + 1, f'"{marked}"' if " " in bare else marked), Fix(end, end + 1, "")
        )
    gap = _gap(slop[1], end, Fix(end, slop.end(), f"~{MOST_WORDS_BETWEEN}"))
    return Token(Kind.PHRASE, at, slop.end(), inner, at + 1, gap=gap, ordered=bool(slop[2]))


def _closing(text: str, at: int) -> re.Match[str] | None:
    """Return the quote that closes the one at ``at``; a curly and a straight one are a pair where nothing else fits."""
    close = re.compile(f"[{_QUOTES[text[at]]}]").search(text, at + 1)
    other = {'"': _LOOSE_CURLY, "\u201c": _LOOSE_STRAIGHT}.get(text[at])
    mixed = other.match(text, at + 1) if other else None
    if not mixed or (close and close.start() < mixed.end(1)):
        return close
    return _ANY.match(text, mixed.end(1))


def _call(text: str, call: re.Match[str]) -> Token:
    """Return date(…), cs(…) or exact(…)."""
    name, at, inside = call[1].lower(), call.start(), call.end()
    if text[inside : inside + 1] in _QUOTES:
        phrase = _quoted(text, inside)
        value, value_at, end = phrase.value, phrase.at, phrase.end
        if phrase.gap is not None:
            raise Fault(f"words at a distance cannot stand in {name}(...)", inside)
    else:
        end = next((at for at in range(inside, len(text)) if text[at] in f"(){_QUOTE}"), len(text))
        value, value_at = text[inside:end].rstrip(), inside
        if name != "date" and len(value.split()) > 1 and text[end : end + 1] == ")":
            raise Fault("quotes are needed around several words", inside, Fix(inside, end, f'"{value}"'))
    end = _SPACE.match(text, end).end()  # type: ignore[union-attr]  # it matches everywhere
    if text[end : end + 1] != ")":
        raise Fault(f"{name}( needs one thing in it and a )", at, Fix(at, len(text), f"{text[at:]})"))
    if not value:
        example = "07-19" if name == "date" else '"ONU"'
        raise Fault(f"there is nothing in {name}(): write {name}({example})", at)
    if name == "date":
        return Token(Kind.DATE, at, end + 1, value, value_at, date=_date(value, at, end + 1, value_at))
    return Token(Kind.PHRASE, at, end + 1, value, value_at, Mode(name))


def _date(value: str, at: int, end: int, value_at: int) -> Date:
    if found := _DATE.fullmatch(value):
        day = Date(int(found[2]), int(found[3]), int(found[1]) if found[1] else None)
        if _exists(day):
            return day
        swapped = Date(day.day, day.month, day.year)
        fixes = [Fix(at, end, str(swapped))] if _exists(swapped) else []
        if day.year is not None and _exists(Date(day.month, day.day)):
            fixes.append(Fix(at, end, str(Date(day.month, day.day))))
        raise Fault(f"there is no day {value}: the month comes first, date(07-19)", value_at, *fixes)
    fixes = []
    if loose := _NUMBERS.fullmatch(value):
        first, second = int(loose[2]), int(loose[3])
        year = next((int(digits) for digits in (loose[1], loose[4]) if digits), None)
        days = (Date(first, second, year), Date(second, first, year))
        fixes = [Fix(at, end, str(day)) for day in days if _exists(day)]
    elif day_in_words := _in_words(value):
        fixes = [Fix(at, end, str(day_in_words))]
    raise Fault("a date is written date(07-19) or date(2026-07-19)", value_at, *fixes)


def _in_words(value: str) -> Date | None:
    """Return the day that ``value`` is in English or Spanish: 28 de julio, July 28, 2026."""
    parts = _PARTS.findall(fold(value[:60]))
    figures = [int(part) for part in parts if part.isdecimal()]
    days = [number for number in figures if number < 100]
    years = [number for number in figures if number >= 1000]
    months = {month for month in range(1, 13) for part in parts if part in names_of(month, None)}
    if len(days) != 1 or len(months) != 1 or len(years) > 1 or len(figures) != len(days) + len(years):
        return None
    day = Date(months.pop(), days[0], years[0] if years else None)
    return day if _exists(day) else None


def _exists(day: Date) -> bool:
    if day.year == 0 or not 1 <= day.month <= 12:
        return False
    return 1 <= day.day <= calendar.monthrange(day.year or 2000, day.month)[1]


def _minus(text: str, at: int) -> Token:
    if at + 1 == len(text) or text[at + 1].isspace() or text[at + 1] == ")":
        fix = Fix(at, at + 1, " NOT ")
        raise Fault("a - means NOT only where a word follows it at once", at, fix)
    return Token(Kind.NOT, at, at + 1)


def _ref(found: re.Match[str]) -> Token:
    at, end, topic_id = found.start(), found.end(), clean_line(found[0][1:])
    if _TOPIC_ID.fullmatch(topic_id):
        return Token(Kind.REF, at, end, topic_id)
    parts = re.findall(r"[a-z0-9]+", topic_id[:LONGEST_NAME].lower())
    message = (
        f'"@{short(topic_id)}" is the name of no topic: small letters, figures and single hyphens make one'
    )
    raise Fault(message, at, *([Fix(at, end, f"@{'-'.join(parts)}")] if parts else []))


__all__ = ["ALIASES", "Fault", "Fix", "Kind", "Token", "read", "short"]
