"""The languages of a digest: its words by gettext, and how dates, countries and lists are written by Babel.

English stands in the code, at the place that says it. Every other language is one file, ``locale/<language>.po``, for
any editor of such files. It is read as it is: there is nothing to compile, and a checkout and an installed copy are
the same. A test holds each catalogue complete: every message of the code, with its placeholders, and none that is no
more. A subscription in a language that has no catalogue gets English words and its own dates.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO
from math import ceil, floor
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, get_timezone_name
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from alerts.schedule import EVERY_DAY, WORKDAYS, When
from alerts.troubles import DETAILS, FIELDS, KINDS


@cache
def languages() -> tuple[str, ...]:
    """Return the languages in which a digest can speak."""
    return (
        "en",
        *sorted(
            one.name.removesuffix(".po")
            for one in files("alerts").joinpath("locale").iterdir()
            if one.name.endswith(".po")
        ),
    )


@cache
def catalogue(language: str) -> NullTranslations:
    """Return the words of one of `languages`; English has none but those in the code."""
    if language == "en":
        return NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, read_po(BytesIO(files("alerts").joinpath("locale", f"{language}.po").read_bytes())))
    compiled.seek(0)
    return GNUTranslations(compiled)


def spoken(language: str) -> str | None:
    """Return which of `languages` a tag means (``es`` for ``es-PE``), None for one that has no catalogue."""
    bare = language.replace("_", "-").split("-")[0].lower()
    return bare if bare in languages() else None


class Speaker:
    """Says things, and writes moments, countries and lists, the way one language in one zone does."""

    def __init__(self, language: str, zone: ZoneInfo) -> None:
        self.language = spoken(language) or "en"
        self.zone = zone
        self._locale = _locale(language)
        self._catalogue = catalogue(self.language)

    def say(self, message: str, /, *values: object, **named: object) -> str:
        """Return ``message`` in this language, filled in. What is filled in is never looked at for braces."""
        return self._catalogue.gettext(message).format(*values, **named)

    def many(self, one: str, many: str, number: int, /, *values: object, **named: object) -> str:
        """Return the form that fits ``number``, which is its ``{0}``."""
        form = self._catalogue.ngettext(one, many, number)
        return form.format(self.number(number), *values, **named)

    def number(self, number: float) -> str:
        """``1,234``, and ``2.5`` where it is no whole number."""
        return str(format_decimal(round(number, 1), locale=self._locale))

    def typical(self, median: float) -> str:
        """``7``, ``none``, and ``2–3`` for 2.5: nobody reads half an article."""
        if not median:
            return self.say("none")
        low, high = floor(median), ceil(median)
        return self.number(low) if low == high else f"{self.number(low)}–{self.number(high)}"

    def kind(self, kind: str) -> str:
        """Return what kept a source from being read, as a reader understands it."""
        return self.say(KINDS[kind]) if kind in KINDS else kind

    def field(self, field: str) -> str:
        """Return where in an article a topic found something, if not in its words: ``the section``."""
        return self.say(FIELDS[field]) if field in FIELDS else field

    def detail(self, said: str, beside: datetime) -> str:
        """Return what the crawl says of a trouble, part by part; as it is where there is no word for it."""
        return "; ".join(self._detail(part, beside) for part in said.split("; "))

    def _detail(self, said: str, beside: datetime) -> str:
        # The word of the ledger before it ("dns: ") says the same again.
        bare = re.sub(r"^[a-z]+(_[a-z0-9]+)*: ", "", said)
        for pattern, form in DETAILS.items():
            if found := re.fullmatch(pattern, bare):
                parts = [self._local(part or "", beside) for part in found.groups()]
                if isinstance(form, str):
                    return self.say(form, *parts)
                return self.many(*form, int(parts[0]), *parts[1:])
        return said

    def _local(self, said: str, beside: datetime) -> str:
        """Return a day or a moment as this reader writes it; the crawl writes it in ISO 8601 and UTC."""
        if not re.fullmatch(r"\d{4}-\d\d-\d\d( \d\d:\d\d)?", said):
            return said
        try:
            moment = datetime.fromisoformat(said)
        except ValueError:  # it only looks like one
            return said
        if " " in said:
            return self.moment(moment.replace(tzinfo=UTC), beside)
        return str(format_skeleton("yMMMd", moment, locale=self._locale))

    def day(self, moment: datetime) -> str:
        """``19 July 2026``."""
        return str(format_date(moment.astimezone(self.zone).date(), "long", self._locale))

    def weekday(self, moment: datetime) -> str:
        """``Sunday, 19 July 2026``."""
        text = str(format_date(moment.astimezone(self.zone).date(), "full", self._locale))
        return text[:1].upper() + text[1:]

    def day_of_week(self, moment: datetime) -> str:
        """``Sunday``."""
        return str(format_date(moment.astimezone(self.zone).date(), "EEEE", self._locale))

    def clock(self, moment: datetime) -> str:
        """``16:02``."""
        return f"{moment.astimezone(self.zone):%H:%M}"

    def day_of_month(self, moment: datetime) -> str:
        """``19 Jul``."""
        return str(format_skeleton("MMMd", moment.astimezone(self.zone), locale=self._locale))

    def moment(self, moment: datetime, beside: datetime) -> str:
        """``19 Jul, 06:42``, with its year when it is not the year of ``beside``."""
        local = moment.astimezone(self.zone)
        skeleton = "MMMd" if local.year == beside.astimezone(self.zone).year else "yMMMd"
        return f"{format_skeleton(skeleton, local, locale=self._locale)}, {local:%H:%M}"

    def zone_name(self, moment: datetime) -> str:
        """``Peru Time (America/Lima)``."""
        name = get_timezone_name(moment.astimezone(self.zone), "long", locale=self._locale)
        return f"{name} ({self.zone.key})"

    def schedule(self, when: When) -> str:
        """``daily at 07:00``, ``at once and daily at 18:00``."""
        parts = [self.say("at once")] * when.instant + [self.say("hourly")] * when.hourly
        for days, times in when.days:
            at = self.several([f"{one:%H:%M}" for one in times])
            if days == EVERY_DAY:
                parts.append(self.say("daily at {}", at))
            elif days == WORKDAYS:
                parts.append(self.say("Monday to Friday at {}", at))
            else:
                names = [str(self._locale.days["format"]["wide"][day]) for day in sorted(days)]
                parts.append(self.say("on {} at {}", self.several(names), at))
        return self.several(parts)

    def country(self, code: str | None) -> str | None:
        """``Peru`` for ``PE``; what is no country code is given back as it is."""
        return self._locale.territories.get(code.upper(), code) if code else None

    def tongue(self, tag: str) -> str | None:
        """``Spanish`` for ``es``; None for what is no language."""
        name = self._locale.languages.get(tag.replace("_", "-").split("-")[0].lower())
        return str(name) if name else None

    def several(self, names: Sequence[str]) -> str:
        """``Lithium and US troops``."""
        return str(format_list(list(names), locale=self._locale))


def _locale(language: str) -> Locale:
    # Babel's bare "en" is American: July 19, and 7:42 PM. Readers of a press digest sit on several continents,
    # so English that names no country is European English, which writes 19 July and 19:42.
    if language.lower() == "en":
        return Locale.parse("en_150")
    try:
        return Locale.parse(language.replace("_", "-"), sep="-")
    except (ValueError, UnknownLocaleError):
        return Locale.parse("en_150")
