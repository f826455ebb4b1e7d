"""Whether what stands at a place in a text is a day: reads the words there, and around them.

Where it can be read in two ways (7/8 is July or August), the article's language and country decide, and where they
are not known it is refused. A wrong date is quoted to people; one that is missed is mostly written again nearby.
What is written here by hand is which words and signs say that a number is no day.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from archive.months import (
    MONTH_FIRST,
    base_of,
    dot_after_day,
    month_words,
    names_of,
    orders,
    weekday_words,
    wide_words,
)
from archive.normalize import fold, fold_with_map
from archive.tree import Date


class Place(NamedTuple):
    """A day that was read: the span to quote, and the year that is written beside it."""

    start: int
    end: int
    year: int | None


def read(
    date: Date, text: str, start: int, end: int, *, lang: str | None, country: str | None
) -> Place | None:
    """Return ``date`` as it is written at ``text[start:end]``, None if that is no day."""
    inside = fold(text[start:end])
    march = _MARCH.fullmatch(inside)
    if march and any(name[0] == march["initial"] for name in names_of(date.month, "es")):
        place = _march(march, text, start, end, lang)
        if place or not _LONE.fullmatch(inside):
            return place
    if _LONE.fullmatch(inside):
        return _listed(date, text, start, end, lang, country)
    if march:
        return None
    if _NUMBERS.fullmatch(inside):
        return _numeric(date, text, start, end, lang, country)
    return _worded(date, inside, text, start, end, lang, country)


def _around(text: str, start: int, end: int) -> tuple[str, str]:
    return fold(text[max(0, start - _AROUND) : start]), fold(text[end : end + _AROUND])


def _century(digits: str) -> int:
    return int(digits) + (2000 if int(digits) < 70 else 1900)


_AROUND = 48  # characters that are read on either side

# --- In words: July 19, 19 de julio

_TOKEN = re.compile(r"[^\W_]+")
_BLANK = re.compile(r"[^\S\n]+|_")  # also #19_de_julio
_DOT_BLANK = re.compile(r"\.[^\S\n]+")
_JOINT = re.compile(r"\.?[-‐‑–/]")  # 19-jul-2023, 19/Jul/2023
_LINKS = frozenset({"de", "of", "d"})
# Month names that are ordinary words when small, in English.
_ORDINARY = frozenset({"may", "march", "mar"})
_MODAL = re.compile(r"\s+(?:have|be|not|also|never|yet|soon|still|well)\b")  # At Least 19 May Have Died

# Before a day that begins it: $19 July, 10.19 July; COVID-19 July, but 12 de diciembre-6 de enero.
_NOT_BEFORE_DAY = re.compile(r"(?:[$€£¥₿]\s?|\d[.,:])\Z")
_COMPOUND_BEFORE = re.compile(r"([^\W\d_]+)\.?[-‐‑]\Z")
_NUMBER_BEFORE = re.compile(r"(?<![\w.,:])\d{1,2}(?:st|nd|rd|th|\.?o|er)?\.?[^\S\n]+(?:(?:of|de)[^\S\n]+)?\Z")
_WORD_BEFORE = re.compile(r"([^\W\d_]+)\.?[^\S\n]+\Z")
# After a day that ends it: July 19.5, July 19:30, July 19%, July 19 million.
_NOT_AFTER_DAY = re.compile(
    r"[.,:]\d|\s?[%‰]|\s(?:per\s?cent|pct|por ciento|mil|thousand|million|millones|billion|trillion)\b"
)
_COMPOUND = re.compile(r"[-‐‑]([^\W\d_]+)")  # July 19-year-old; but July 19-Aug. 5
_NUMBER_AFTER = re.compile(r"\.?[^\S\n]+\d{1,2}(?:st|nd|rd|th)?(?![\w:])")

# A year after it, with the end of a range between: July 19-21, 2026; July 19 to August 5, 2026.
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_NAME = r"[^\W\d_]{3,12}"
_YEAR_AFTER = re.compile(
    rf"""\.?
    (?: \s? (?:[-‐‑–—/&] | \b(?:to|and|until|through|y|e|al?|hasta|au|bis) \b) \s? (?:el\s)?
        (?: {_NAME}\.?\s{_DAY} | {_DAY}(?:\s(?:de\s|of\s)?{_NAME}\.?)? ) )?
    (?: ,? \s+ (?:del?|of|in|en|do) \s+ (?:the\s+|el\s+)? (?:year\s+|ano\s+)? (?P<named>[12]\d{{3}})
      | (?: [,.]?\s* \(? | [-‐‑/] ) (?P<bare> 1[6-9]\d\d | 2[01]\d\d )
      | ,?\s* ['’] (?P<short>\d\d) )
    (?! [\w%‰] | [.,:]\d | \s[%‰] )""",
    re.VERBOSE,
)
_YEAR_BEFORE = re.compile(r"(?<![\w.,])(1[6-9]\d\d|2[01]\d\d),?\s+\Z")  # In 2020, July 19 was a Sunday


def _worded(
    date: Date, inside: str, text: str, start: int, end: int, lang: str | None, country: str | None
) -> Place | None:
    before, after = _around(text, start, end)
    cut = [(found.start(), found.end(), found[0]) for found in _TOKEN.finditer(inside)]
    if not cut:
        return None
    day_first = cut[0][2][0].isdigit() or not any(word[0].isdigit() for _, _, word in cut)
    name = cut[-1][2] if day_first else cut[0][2]
    linked = any(word in _LINKS for _, _, word in cut)
    own = month_words(lang)
    gaps = [inside[cut[at][1] : cut[at + 1][0]] for at in range(len(cut) - 1)]
    address = linked and set(gaps) == {"-"}  # /la-marcha-del-19-de-julio
    if not address and not all(
        _tight(gap, at, len(gaps), name, lang, day_first=day_first) for at, gap in enumerate(gaps)
    ):
        return None
    if len(name) == 1 or not (linked or _is_month(name, own, inside, text[start:end])):
        return None  # "19 J" is no march
    if day_first and not address and _continues(before, own):
        return None
    if day_first and name == "may" and not linked and _MODAL.match(after):
        return None
    year = _year_behind(after, name if day_first else None, lang)
    if year is None and not day_first:
        year = _year_behind(_behind_list(date, text, end, lang), None, lang)
    if year is not None:
        return Place(start, end, year)
    american = orders(lang, country) == MONTH_FIRST
    if _torn(before, after, own, day_first=day_first, linked=linked, american=american):
        return None
    earlier = _YEAR_BEFORE.search(before)
    return Place(start, end, int(earlier[1]) if earlier else None)


def _year_behind(after: str, name: str | None, lang: str | None) -> int | None:
    """Return the year that stands behind a day; ``name``: the month that the day ends with."""
    # "on July 19. 2000 people": only a short name has a dot that ends no sentence.
    if after[:1] == "." and after[1:2].isspace() and not (name and _may_have_dot(name, lang)):
        return None
    year = _YEAR_AFTER.match(after)
    if year is None:
        return None
    return _century(year["short"]) if year["short"] else int(year["named"] or year["bare"])


def _continues(before: str, own: frozenset[str]) -> bool:
    """Tell whether the day's number is the end of something else."""
    compound = _COMPOUND_BEFORE.search(before)
    return bool(_NOT_BEFORE_DAY.search(before)) or (
        compound is not None and compound[1] not in own | wide_words()
    )


def _torn(
    before: str, after: str, own: frozenset[str], *, day_first: bool, linked: bool, american: bool
) -> bool:
    """Tell whether the number or the month belongs to what stands beside it."""
    months = own | wide_words()
    if not day_first:
        compound = _COMPOUND.match(after)
        if _NOT_AFTER_DAY.match(after) or (compound and compound[1] not in months):
            return True
        # "On 19 July 20 people": the 20 is none. Americans write "a gunman killed 12 July 19".
        return not american and bool(_NUMBER_BEFORE.search(before))
    word = _WORD_BEFORE.search(before)
    if word and word[1] in wide_words() and not linked:
        return True  # On July 19 May said
    return american and bool(_NUMBER_AFTER.match(after))


def _tight(gap: str, at: int, count: int, name: str, lang: str | None, *, day_first: bool) -> bool:
    """Tell whether two words of a date hold together: *in July. 19 people* and *19, July* do not."""
    if _BLANK.fullmatch(gap) or gap in ("'", "\u2019"):
        return True
    if day_first:
        # 1.º de mayo, 19-jul; "19. Juli" only where Babel's pattern has the dot, else a sentence ended.
        return (
            (at == 0 and gap == "." and count > 1)
            or (count == 1 and bool(_JOINT.fullmatch(gap)))
            or (at == 0 and bool(_DOT_BLANK.fullmatch(gap)) and dot_after_day(lang))
        )
    return gap == "." if at else bool(_DOT_BLANK.fullmatch(gap)) and _may_have_dot(name, lang)


def _may_have_dot(name: str, lang: str | None) -> bool:
    """Tell "Jul. 19" from "July. 19": a name that is not cut short has no dot, so a sentence ended.

    "may." is short in Spanish, and whole in English.
    """
    short_here = name in month_words(lang) and name not in wide_words(lang)
    return len(name) <= 4 and (short_here or name not in wide_words())


def _is_month(name: str, own: frozenset[str], inside: str, written: str) -> bool:
    """Tell whether a word is a month here. Short ones are other words elsewhere: *set*, *ago*, *out*, *mars*."""
    english = "march" in own
    if own and len(name) <= 4 and name not in own and name not in wide_words():
        return False
    if name in _ORDINARY and (english or name not in own):
        ordinal = not inside[0].isdigit() and not inside[-1].isdigit()  # may 19th
        return ordinal or any(char.isupper() for char in written if char.isalpha())
    return True


# --- In a list or a range: 19 and 20 July, del 19 al 21 de julio, July 17, 18 and 19

_REACH = 64  # characters that are read on either side of one day of a list
_NEXT = 32  # and to the next one
_MOST = 4  # days that may stand on one side of it
_JOINTS = {
    "en": "and or to through until till",
    "es": "y e o u a al hasta",
    "pt": "e ou a ao ate",
    "fr": "et ou a au jusqu'au jusqu’au",
    "de": "und oder bis",
    "it": "e o al",
    "ca": "i o al fins",
}
_ARTICLES = {"en": "the", "es": "el del al dia", "pt": "o dia", "fr": "le", "de": "den zum", "it": "il"}


def _either(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))


_LONE = re.compile(r"[0-9]{1,2}(?:st|nd|rd|th|o|er|r)?|primero")
_LONE_END = re.compile(r"\.o(?![^\W_])")  # 1.º
_NUMBER_NEXT = re.compile(rf"[^0-9\n]{{1,{_NEXT}}}[0-9]")
_GAP = r"(?:[^\S\n]|_){1,3}"
_LISTED_DAY = r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th|\.?o|er|r)?"
_JOINED = rf"""(?: (?:{_GAP})? (?P<sign>[-‐‑–—−/&]) (?:{_GAP})?
    | (?: (?P<comma>,){_GAP} | ,?{_GAP}(?:{_either({*" ".join(_JOINTS.values()).split()})}){_GAP} )
      (?: (?:{_either({*" ".join(_ARTICLES.values()).split()})}){_GAP} ){{0,2}}
      (?: (?:{_either(weekday_words(*_JOINTS))})\.?{_GAP} )? )"""
# "No. 19, 20 July", "aged 19, 20 July": only a list with its "and" cannot be two things.
_LABEL = re.compile(r"\b(?:no|nos|num|numero|vol|pp?|page|pagina|art|articulo|article|aged|ley)\.?\s\Z")
_NOT_BEFORE_LIST = re.compile(r"(?:[$€£¥₿]\s?|[0-9][-‐‑–—.,:/])\Z")
_COUNTED = re.compile(
    r"\s(?:people|persons?|others|dead|killed|injured|wounded|hurt|personas|otros|otras|muertos|heridos|pessoas|personnes)\b"
)
_MONTH_BEFORE = re.compile(
    rf"(?<![^\W_])(?P<name>[^\W\d_]{{2,14}})(?P<dot>\.?){_GAP}(?:the{_GAP})?\Z", re.VERBOSE
)


class _Signs(NamedTuple):
    """How the days of a list are joined, and its month to it: in a language that writes *19. Juli* with dots."""

    before: re.Pattern[str]
    after: re.Pattern[str]
    month: re.Pattern[str]


@lru_cache(maxsize=2)
def _signs(*, dotted: bool) -> _Signs:
    dot = r"\.?" if dotted else ""
    return _Signs(
        re.compile(rf"(?<![^\W_])(?<![0-9][.,:]){_LISTED_DAY}{dot}{_JOINED}\Z", re.VERBOSE),
        re.compile(rf"{dot}{_JOINED}{_LISTED_DAY}(?![^\W_]|[.,:][0-9])", re.VERBOSE),
        re.compile(
            rf"""{dot} (?: {_GAP} (?P<link> (?:de|of|do){_GAP} | d['’] )? | [-‐‑–/] )
            (?P<name>[^\W\d_]{{2,14}}) (?![^\W_])""",
            re.VERBOSE,
        ),
    )


class _Listed(NamedTuple):
    """Another day of the list. ``at``: where it begins if it stands before, where it ends if it stands after."""

    at: int
    sign: str


class _List(NamedTuple):
    """One day of a list, and what stands around it, folded."""

    before: str
    after: str
    head: list[_Listed]  # the nearest first
    tail: list[_Listed]
    own: frozenset[str]
    signs: _Signs

    @property
    def first(self) -> int:
        return self.head[-1].at if self.head else len(self.before)

    def month_at(self, at: int) -> re.Match[str] | None:
        """Return the month that stands at a place behind the day."""
        found = self.signs.month.match(self.after, at)
        return found if found and found["name"] in self.own | wide_words() else None

    def month_before(self) -> re.Match[str] | None:
        """Return the month that the list stands behind."""
        found = _MONTH_BEFORE.search(self.before, max(0, self.first - 24), self.first)
        return found if found and found["name"] in self.own | wide_words() else None


def _head(before: str, day: int, signs: _Signs) -> list[_Listed]:
    """Return the days before one. They rise, so that a score or a range from last month is no list."""
    found: list[_Listed] = []
    at = len(before)
    while len(found) < _MOST and (item := signs.before.search(before, max(0, at - _NEXT - 4), at)):
        if not 0 < int(item["day"]) < day:
            break
        day, at = int(item["day"]), item.start()
        found.append(_Listed(at, item["comma"] or item["sign"] or "and"))
    return found


def _tail(after: str, day: int, signs: _Signs) -> list[_Listed]:
    """Return the days after one."""
    found: list[_Listed] = []
    ending = _LONE_END.match(after)
    at = ending.end() if ending else 0
    while len(found) < _MOST and (item := signs.after.match(after, at)):
        if not day < int(item["day"]) <= 31:
            break
        day, at = int(item["day"]), item.end()
        found.append(_Listed(at, item["comma"] or item["sign"] or "and"))
    return found


def _listed(
    date: Date, text: str, start: int, end: int, lang: str | None, country: str | None
) -> Place | None:
    """Read one day of a list or of a range, whose month stands behind the last or before the first."""
    # Nearly every number is no day: what is cheap to see comes first.
    follows = _NUMBER_NEXT.match(text, end) is not None
    leads = any("0" <= char <= "9" for char in text[max(0, start - _NEXT) : start])
    if not (follows or leads):
        return None
    names = names_of(date.month, lang)
    after, offsets_after = fold_with_map(text[end : end + _REACH])
    follows = follows and any(name in after for name in names)
    begin = max(0, start - _REACH)
    before, offsets_before = fold_with_map(text[begin:start])
    leads = leads and any(name in before for name in names)
    if not (follows or leads):
        return None
    own, signs = month_words(lang) or names, _signs(dotted=dot_after_day(lang))
    these = _List(before, after, _head(before, date.day, signs), _tail(after, date.day, signs), own, signs)
    american = orders(lang, country) == MONTH_FIRST
    month = these.month_at(these.tail[-1].at) if these.tail else None
    if month and month["name"] in names:
        stop = end + (offsets_after[month.end() - 1] if offsets_after else month.end() - 1) + 1
        if (month.end() == len(after) and stop < len(text)) or (these.first == 0 and begin > 0):
            return None  # more than is read here
        written = text[
            end + (offsets_after[month.start("name")] if offsets_after else month.start("name")) : stop
        ]
        if not _is_day_first(these, month, written):
            return None
        behind = fold(text[stop : stop + _AROUND])
        if month["name"] == "may" and not month["link"] and _MODAL.match(behind):
            return None
        year = _year_behind(behind, month["name"], lang)
        if year is None and american and _NUMBER_AFTER.match(behind):
            return None
        return Place(start, stop, year or _year_ahead(before[: these.first]))
    month = these.month_before() if these.head else None
    if month and month["name"] in names:
        first = begin + (offsets_before[month.start()] if offsets_before else month.start())
        last = _last(these, these.head[0].sign)
        if (month.start() == 0 and begin > 0) or last is None:
            return None
        if not _is_month_first(these, month, text[first:end], lang, american=american):
            return None
        place = end + (last and (offsets_after[last - 1] if offsets_after else last - 1) + 1)
        year = _year_behind(fold(text[place : place + _AROUND]), None, lang)
        return Place(first, end, year or _year_ahead(before[: month.start()]))
    return None


def _year_ahead(before: str) -> int | None:
    year = _YEAR_BEFORE.search(before)
    return int(year[1]) if year else None


def _is_day_first(these: _List, month: re.Match[str], written: str) -> bool:
    """Tell whether the days before a month are a list: *19 and 20 July*; not *$19 and 20 July*, *19 and 20 may die*."""
    name, linked = month["name"], month["link"] is not None
    before = these.before[: these.first]
    if not (linked or _is_month(name, these.own, "1", written)):
        return False
    ordinary = name in _ORDINARY and not linked
    if these.tail[0].sign == "/" and (ordinary or len(these.tail) > 1):
        return False  # the 7/19 March in Lima
    if these.month_before() and (ordinary or not these.head):
        return False  # On July 19 and 20 May said
    if _NOT_BEFORE_LIST.search(before) or _continues(before, these.own):
        return False
    return not (all(item.sign == "," for item in these.tail) and _LABEL.search(before))


def _is_month_first(
    these: _List, month: re.Match[str], written: str, lang: str | None, *, american: bool
) -> bool:
    """Tell whether a month and the days behind it are a list."""
    name = month["name"]
    if month["dot"] and not _may_have_dot(name, lang):
        return False  # in July. 18 and 19
    if these.head[0].sign == "/" and len(these.head) > 1:
        return False
    # "On 19 July 20 and 21 people": as for a day alone
    torn = not american and _NUMBER_BEFORE.search(these.before[: month.start()])
    return not torn and _is_month(name, these.own, fold(written), written)


def _last(these: _List, sign: str | None) -> int | None:
    """Return where a list ends that a month stands before, None if not even its first day is of it.

    "On July 17, 18 people" has one day: what only a comma joins is of the list where an "and" closes it. And what
    counts something, or has a month of its own, is not.
    """
    ends = [_LONE_END.match(these.after) is not None and 2 or 0, *(item.at for item in these.tail)]
    joints = [sign, *(item.sign for item in these.tail)]
    while ends:
        at, after = ends[-1], these.after
        compound = _COMPOUND.match(after, at)
        counts = _NOT_AFTER_DAY.match(after, at) or _COUNTED.match(after, at) or these.month_at(at)
        if (
            not counts
            and joints[-1] != ","
            and not (compound and compound[1] not in these.own | wide_words())
        ):
            return at
        ends.pop()
        joints.pop()
    return None


def _behind_list(date: Date, text: str, end: int, lang: str | None) -> str:
    """Return what stands behind the list that begins with a day whose month stands before it: July 17, 18 and 19."""
    if not _NUMBER_NEXT.match(text, end):
        return ""
    after, offsets = fold_with_map(text[end : end + _REACH])
    signs = _signs(dotted=dot_after_day(lang))
    these = _List("", after, [], _tail(after, date.day, signs), month_words(lang), signs)
    last = _last(these, None) if these.tail else None
    if not last:
        return ""
    place = end + (offsets[last - 1] if offsets else last - 1) + 1
    return fold(text[place : place + _AROUND])


def _beside_month(text: str, first: int, last: int, lang: str | None) -> bool:
    """Tell whether two numbers with a stroke are two days of a month that is named."""
    before, after = _around(text, first, last)
    months = month_words(lang) | wide_words()
    behind = _signs(dotted=False).month.match(after)
    if behind and behind["name"] in months and (behind["link"] or behind["name"] not in _ORDINARY):
        return True
    ahead = _MONTH_BEFORE.search(before, max(0, len(before) - 24))
    return ahead is not None and not ahead["dot"] and ahead["name"] in months - _ORDINARY


# --- As a march: 19J

_MARCH = re.compile(r"(?P<day>\d{1,2})(?P<dash>[-‐‑–—−])?(?P<initial>[a-z])")
# S/19M, US$19M, 1,19M€, A-19J; #19J and "19J/20J" are marches.
_NOT_BEFORE_MARCH = re.compile(r"(?:[$€£¥]\s?|\bs/\.?\s?|[^\W_][-‐‑–.]|\d,)\Z")
_NAMED = re.compile(r"\b(?:el|al|del|este|ese|pasado|proximo|marcha|manifestacion|paro|huelga)\s+\Z")
_NOT_AFTER_MARCH = re.compile(r"\s?[$€£]|[-‐‑–/.](?!(?:19|20)\d\d(?!\w))(?!\d{1,2}[-‐‑–]?[a-z](?!\w))\w")
_YEAR_AFTER_MARCH = re.compile(r"[-‐‑–\s]?(?:(?:de|del)\s)?((?:19|20)\d\d)(?!\w)")


def _march(march: re.Match[str], text: str, start: int, end: int, lang: str | None) -> Place | None:
    """Read 19J: a day and the first letter of its Spanish month. What is a quantity or a code is refused."""
    before, after = _around(text, start, end)
    if _NOT_BEFORE_MARCH.search(before) or _NOT_AFTER_MARCH.match(after):
        return None
    letter = text[end - 1]
    if not letter.isascii():  # 1º, 1ª: folded they are 1o and 1a
        return None
    if not before.endswith("#") and _is_measure(march, letter, before, spanish=base_of(lang) == "es"):
        return None
    year = _YEAR_AFTER_MARCH.match(after)
    return Place(start, end, int(year[1]) if year else None)


def _is_measure(march: re.Match[str], letter: str, before: str, *, spanish: bool) -> bool:
    """Tell whether it is another thing with a number and a letter, as far as how it is written tells."""
    if march[0].replace("-", "") in ("2d", "3d"):
        return True  # a shape: 3D, 3-D
    if march["dash"] is not None:
        return False
    if letter.islower() and letter != "j":
        return True  # 19m and 19s are lengths and times, 19a an ordinal
    if not spanish:
        return int(march["day"]) < 10 or letter == "M"  # row 4A; nineteen million
    return int(march["day"]) < 10 and not _NAMED.search(before)  # el 8M is a day, "fase 2A" none


# --- In numbers: 19/07, 2023-07-19

_NUMBERS = re.compile(r"[0-9]{1,2}([^0-9a-z]+)[0-9]{1,2}")
_LEFT = {sep: re.compile(rf"(?:[0-9]+{mark})*\Z") for sep, mark in (("-", "[-‐‑]"), ("/", "/"), (".", r"\."))}
_RIGHT = {sep: re.compile(rf"(?:{mark}[0-9]+)*") for sep, mark in (("-", "[-‐‑]"), ("/", "/"), (".", r"\."))}
_DIGITS = re.compile(r"[0-9]+")
_NOT_BEFORE_NUMBER = re.compile(r"(?:[$€£¥]\s?|\d[.,:]|[^\W\d_][-‐‑]|[\w/])\Z")
_NOT_AFTER_NUMBER = re.compile(r"[.,:][0-9]|\s?[%‰]|[\w/]|[-‐‑][^\W\d_]")
_NOT_BEFORE_YEAR = re.compile(r"(?:\d[.,:-]|\w)\Z")
_NOT_AFTER_YEAR = re.compile(r"[.,:][0-9]|%|\w")
# Fractions; always open; and the eleventh of September where the ninth of November is written so.
_FRACTIONS = frozenset({"1/2", "1/3", "2/3", "1/4", "3/4"})
_NO_DAYS = {"md": _FRACTIONS, "dm": _FRACTIONS | {"24/7", "9/11"}}


def _numeric(
    date: Date, text: str, start: int, end: int, lang: str | None, country: str | None
) -> Place | None:
    """Read the whole numeric date that two of its numbers stand in."""
    gap = text[start:end].strip("0123456789")
    sep = "-" if gap in ("-", "‐", "‑") else gap
    if sep not in _LEFT:
        return None
    left = _LEFT[sep].search(text[max(0, start - 16) : start])
    right = _RIGHT[sep].match(text[end : end + 16])
    first, last = start - len(left[0] if left else ""), end + len(right[0] if right else "")
    parts = [(found[0], first + found.start()) for found in _DIGITS.finditer(text[first:last])]
    at = next(number for number, (_, place) in enumerate(parts) if place == start)
    texts = [digits for digits, _ in parts]
    if len(texts[0]) == 4 and at == 1:
        return _year_first(date, text, parts, sep)
    if at != 0 or not _alone(text, first, last):
        return None
    wanted = {"md": (date.month, date.day), "dm": (date.day, date.month)}
    readings = _readings(date, orders(lang, country))
    fitting = [order for order in readings if wanted[order] == (int(texts[0]), int(texts[1]))]
    if not fitting:
        return None
    if len(texts) == 3 and len(texts[2]) == 4:
        return Place(first, last, int(texts[2]))
    if len(texts) == 3 and len(texts[2]) == 2 and sep == "/":
        return Place(first, last, _century(texts[2]))
    if len(texts) != 2 or sep != "/" or text[first:last] in _NO_DAYS[fitting[0]]:
        return None
    if _beside_month(text, first, last, lang):
        return None  # 7/8 de julio, July 7/8: two days
    return Place(first, last, None)


def _year_first(date: Date, text: str, parts: list[tuple[str, int]], sep: str) -> Place | None:
    """Read 2023-07-19, also in an address: /2023/07/19/1234-titulo."""
    if len(parts) > 3 and sep != "/":
        return None
    year, first = parts[0]
    third, place = parts[2]
    end = place + len(third)
    if (int(parts[1][0]), int(third)) != (date.month, date.day) or len(third) > 2:
        return None
    if _NOT_BEFORE_YEAR.search(text[max(0, first - 2) : first]) or _NOT_AFTER_YEAR.match(text[end : end + 2]):
        return None
    return Place(first, end, int(year))


def _alone(text: str, first: int, last: int) -> bool:
    before, after = text[max(0, first - 2) : first], text[last : last + 3]
    return not (_NOT_BEFORE_NUMBER.search(before) or _NOT_AFTER_NUMBER.match(after))


def _readings(date: Date, orders: frozenset[str]) -> frozenset[str]:
    """Return in which orders the day may be written; "?dm" is day first where it can mean nothing else."""
    return frozenset(order[-2:] for order in orders if order[0] != "?" or date.day > 12)
