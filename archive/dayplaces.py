"""Whether what stands at a place in a text is a day: reads the words there, and around them.

Where it can be read in two ways (7/8 is July or August), the article's language and country decide, and where they
are not known it is refused. A wrong date is quoted to people; one that is missed is mostly written again nearby.
What is written here by hand is which words and signs say that a number is no day.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from archive.months import (
    MONTH_BEFORE,
    MONTH_FIRST,
    NEXT,
    NUMBER_NEXT,
    REACH,
    DayList,
    Window,
    day_list,
    dot_after_day,
    month_words,
    months_here,
    names_of,
    orders,
    signs_of,
    wide_words,
)
from archive.normalize import fold
from archive.tree import Date


class Place(NamedTuple):
    """A day that was read: the span to quote, and the year that is written beside it."""

    start: int
    end: int
    year: int | None


def read(
    date: Date, text: str, start: int, end: int, *, lang: str | None, country: str | None
) -> Place | None:
    """Return ``date`` as it is written in words at ``text[start:end]``, None if that is no day."""
    inside = fold(text[start:end])
    if _LONE.fullmatch(inside):
        return _listed(date, text, start, end, lang, country)
    return _worded(date, inside, text, start, end, lang, country)


def around(text: str, start: int, end: int) -> tuple[str, str]:
    """Return what stands on either side of a place, folded."""
    return fold(text[max(0, start - _AROUND) : start]), fold(text[end : end + _AROUND])


def century(digits: str) -> int:
    """Return the year that two digits stand for."""
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
    before, after = around(text, start, end)
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
    return Place(start, end, _year_ahead(before))


def _year_behind(after: str, name: str | None, lang: str | None) -> int | None:
    """Return the year that stands behind a day; ``name``: the month that the day ends with."""
    # "on July 19. 2000 people": only a short name has a dot that ends no sentence.
    if after[:1] == "." and after[1:2].isspace() and not (name and _may_have_dot(name, lang)):
        return None
    year = _YEAR_AFTER.match(after)
    if year is None:
        return None
    return century(year["short"]) if year["short"] else int(year["named"] or year["bare"])


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

_LONE = re.compile(r"[0-9]{1,2}(?:st|nd|rd|th|o|er|r)?|primero")
_NOT_BEFORE_LIST = re.compile(r"(?:[$€£¥₿]\s?|\bs/\.?\s?|[0-9][-‐‑–—.,:/])\Z")
# "No. 19, 20 July", "Week 19 - 20 July": without an "and" these are two things.
_LABEL = re.compile(
    r"""\b(?: nos? | num | numero | number | vol | pp?
    | pages? | paginas? | art | articulo | article | ley | aged | edad | chapter | capitulo | episodio | episode
    | edicion | edition | week | semana | round | jornada | matchday | part | parte | phase | fase | group | grupo
    | season | temporada | version )\.?\s\Z""",
    re.VERBOSE,
)
_COUNTED = re.compile(
    r"""\s(?: people | persons? | others | dead | killed | injured | wounded | hurt
    | personas | otros | otras | muertos | heridos | pessoas | personnes )\b""",
    re.VERBOSE,
)


def _listed(
    date: Date, text: str, start: int, end: int, lang: str | None, country: str | None
) -> Place | None:
    """Read one day of a list or of a range, whose month stands behind the last or before the first."""
    # Nearly every number is no day: what is cheap to see comes first.
    follows = NUMBER_NEXT.match(text, end) is not None
    if not follows and not any("0" <= char <= "9" for char in text[max(0, start - NEXT) : start]):
        return None
    names = names_of(date.month, lang)
    after = Window(text, end, min(end + REACH, len(text)))
    follows = follows and any(name in after.folded for name in names)
    before = Window(text, max(0, start - REACH), start)
    if not follows and not any(name in before.folded for name in names):
        return None
    these = day_list(date.day, before.folded, after, lang)
    american = orders(lang, country) == MONTH_FIRST
    whole = start <= REACH  # else something may stand before what is read here
    month = these.month_behind() if these.tail else None
    if month and month["name"] in names:
        stop = after.end(month.end())
        if month.end() > after.size or not (these.first or whole):
            return None
        if not _is_before_month(these, month, text[after.start(month.start("name")) : stop], lang):
            return None
        behind = fold(text[stop : stop + _AROUND])
        year = _year_behind(behind, month["name"], lang)
        if year is None and (
            (american and _NUMBER_AFTER.match(behind))
            or (month["name"] == "may" and not month["link"] and _MODAL.match(behind))
        ):
            return None
        return Place(start, stop, year or _year_ahead(these.before[: these.first]))
    month = these.month_ahead() if these.head else None
    if month and month["name"] in names and (month.start() or whole):
        first = before.start(month.start())
        last = _last(these, these.head[0].joint)
        # "On 19 July 20 and 21 people": as for a day alone.
        torn = not american and _NUMBER_BEFORE.search(these.before[: month.start()])
        if last is None or torn or not _is_behind_month(these, month, text[first:end], lang):
            return None
        stop = after.end(last)
        year = _year_behind(fold(text[stop : stop + _AROUND]), None, lang)
        return Place(first, end, year or _year_ahead(these.before[: month.start()]))
    return None


def _last(these: DayList, joint: str) -> int | None:
    """Return where a list behind its month ends in ``after``, None if not even the day itself is of it.

    "On July 17, 18 people": what only a comma joins is of a list where an "and" closes it. And what counts
    something, or has a month of its own, is not: July 18 and 19 people, July 12 and 19 August.
    """
    ends = [(0, joint), *these.tail]
    while ends:
        at, joint = ends.pop()
        compound = _COMPOUND.match(these.after, at)
        month = these.month_at(at)
        if not (
            joint == ","
            or _NOT_AFTER_DAY.match(these.after, at)
            or _COUNTED.match(these.after, at)
            or (compound and compound[1] not in these.months)
            or (month and not month["tight"])
        ):
            return at
    return None


def _is_before_month(these: DayList, month: re.Match[str], written: str, lang: str | None) -> bool:
    """Tell whether days and the month behind them are a list: *19 and 20 July*, and not *$19 and 20 July*."""
    name, linked, own = month["name"], month["link"] is not None, month_words(lang)
    before = these.before[: these.first]
    if not (linked or _is_month(name, own, "1", written)):
        return False
    ordinary = name in _ORDINARY and not linked
    if these.tail[0].joint == "/" and (ordinary or len(these.tail) > 1):
        return False  # the 7/19 March in Lima; 5/07 and 20 July
    if these.month_ahead() and (ordinary or not these.head):
        return False  # On July 19 and 20 May said
    if _NOT_BEFORE_LIST.search(before) or _continues(before, own):
        return False
    return any(item.joint == "and" for item in these.tail) or not _LABEL.search(before)


def _is_behind_month(these: DayList, month: re.Match[str], written: str, lang: str | None) -> bool:
    """Tell whether a month and the days behind it hold together: *Jul. 18 and 19*, and not *in July. 18 and 19*."""
    if month["dot"] and not _may_have_dot(month["name"], lang):
        return False
    if these.head[0].joint == "/" and (len(these.head) > 1 or month["name"] in _ORDINARY):
        return False  # as `beside_month` has it, or a day would be found twice
    return _is_month(month["name"], month_words(lang), fold(written), written)


def _year_ahead(before: str) -> int | None:
    year = _YEAR_BEFORE.search(before)
    return int(year[1]) if year else None


def _behind_list(date: Date, text: str, end: int, lang: str | None) -> str:
    """Return what stands behind the list that begins with July 17: *July 17, 18 and 19, 2026*. Nothing if none does."""
    if not NUMBER_NEXT.match(text, end):
        return ""
    after = Window(text, end, min(end + REACH, len(text)))
    these = day_list(date.day, "", after, lang)
    last = _last(these, "and") if these.tail else None
    return fold(text[after.end(last) : after.end(last) + _AROUND]) if last else ""


def beside_month(text: str, first: int, last: int, lang: str | None) -> bool:
    """Tell whether two numbers with a stroke are two days of a month that is named: 7/8 de julio."""
    before, after = around(text, first, last)
    months = months_here(lang)
    month = signs_of(dotted=dot_after_day(lang)).month.match(after)
    if month and month["name"] in months and (month["link"] or month["name"] not in _ORDINARY):
        return True
    ahead = MONTH_BEFORE.search(before, max(0, len(before) - NEXT))
    if ahead is None or ahead["name"] not in months - _ORDINARY:
        return False
    return not ahead["dot"] or _may_have_dot(ahead["name"], lang)
