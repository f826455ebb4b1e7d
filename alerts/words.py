"""Every word that a digest says by itself, and how dates and countries are written: one table a language.

A language is a `Words`; mypy and a test see to it that none is half there. A subscription in a language that
has no table gets English words and its own dates.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, get_timezone_name
from babel.lists import format_list

from alerts.schedule import EVERY_DAY, WORKDAYS, When


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The texts of one language; a pair is (one, many), and ``{}`` is filled in."""

    language: str
    articles: tuple[str, str]
    period: str
    nothing: str
    undated: str
    by: str
    also: str
    told_under: str
    left_out: tuple[str, str]
    no_link: str
    title_only: str
    summary_only: str
    fuzzy: str
    acronym: str
    elsewhere: str
    coverage: str
    read: tuple[str, str]
    none_read: str
    all_read: str
    unread: tuple[str, str]
    since: str
    days: tuple[str, str]
    coverage_left_out: tuple[str, str]
    why: str
    why_kept: str
    daily: str
    weekdays: str
    weekly: str
    hourly: str
    instant: str
    leave: str
    leave_web: str
    times: str
    kinds: dict[str, str]
    details: dict[str, str] = field(default_factory=dict)
    """What the crawl says of a trouble in English: a pattern of the whole, and what it is here."""

    def detail(self, said: str) -> str:
        """Return the detail of a trouble in this language, part by part; as it is where there is no word for it."""
        return "; ".join(self._detail(part) for part in said.split("; "))

    def _detail(self, said: str) -> str:
        # The word of the ledger before it ("dns: ") says the same again.
        bare = re.sub(r"^[a-z]+(_[a-z0-9]+)*: ", "", said)
        for pattern, here in self.details.items():
            if found := re.fullmatch(pattern, bare):
                return found.expand(here)
        return said


ENGLISH = Words(
    language="en",
    articles=("{} article", "{} articles"),
    period="From {0} to {1}",
    nothing="Nothing matched",
    undated="undated",
    by="by {}",
    also="also under {}",
    told_under="told in full under {}",
    left_out=(
        "{} more: see the plain-text part of this mail",
        "{} more: see the plain-text part of this mail",
    ),
    no_link="the feed gave no link",
    title_only="Only the title could be read.",
    summary_only="Only the feed’s summary could be read.",
    fuzzy="Matched as “{0}”, one slip away from “{1}”.",
    acronym="Matched as “{0}”, another way to write “{1}”.",
    elsewhere="Matched in {0}: “{1}”.",
    coverage="Coverage",
    read=("{} source was read.", "{} sources were read."),
    none_read="No source could be read.",
    all_read="Nothing is known to be missing.",
    unread=("{} had trouble:", "{} had trouble:"),
    since="since {}",
    days=("{} day", "{} days"),
    coverage_left_out=("and {} more: see the plain-text part", "and {} more: see the plain-text part"),
    why="You get this because your address is on the Presswatch list “{name}” ({when}, {zone}).",
    why_kept=(
        "This is not mailed: the Presswatch list “{name}” ({when}, {zone}) names no address, "
        "so it is kept as a file."
    ),
    daily="daily at {}",
    weekdays="Monday to Friday at {}",
    weekly="on {} at {}",
    hourly="hourly",
    instant="at once",
    leave="To leave, write to {}.",
    leave_web="To leave: {}",
    times="Times are {}.",
    kinds={
        "overrun": "items came faster than they were read; some may be missing",
        "blocked": "refuses to be read",
        "silent": "answers, but has offered nothing new",
        "stale": "shows an old copy of itself",
        "moved": "has moved",
        "capped": "offered more than is taken at once",
        "parse_error": "cannot be wholly understood",
        "unreachable": "cannot be reached",
        "http_error": "answers with an error",
        "not_a_feed": "no longer sends a feed",
        "refused": "leads to an address that must not be read",
        "gone": "says that its feed is gone for good",
        "reidentified": "gave its articles new addresses; some may be told twice",
        "wrong_304": "said that nothing was new when there was; read in full since then",
        "pages_blocked": "refuses its pages; only title and summary are read",
        "no_items": "shows an empty list",
    },
)

SPANISH = Words(
    language="es",
    articles=("{} artículo", "{} artículos"),
    period="Del {0} al {1}",
    nothing="Sin coincidencias",
    undated="sin fecha",
    by="por {}",
    also="también en {}",
    told_under="con más detalle en {}",
    left_out=(
        "{} más: ver la versión en texto de este correo",
        "{} más: ver la versión en texto de este correo",
    ),
    no_link="la fuente no dio enlace",
    title_only="Solo se pudo leer el título.",
    summary_only="Solo se pudo leer el resumen de la fuente.",
    fuzzy="Coincide como «{0}», a una letra de «{1}».",
    acronym="Coincide como «{0}», otra forma de escribir «{1}».",
    elsewhere="Coincide en {0}: «{1}».",
    coverage="Cobertura",
    read=("Se leyó {} fuente.", "Se leyeron {} fuentes."),
    none_read="No se pudo leer ninguna fuente.",
    all_read="No consta que falte nada.",
    unread=("{} tuvo problemas:", "{} tuvieron problemas:"),
    since="desde el {}",
    days=("{} día", "{} días"),
    coverage_left_out=("y {} más: ver la versión en texto", "y {} más: ver la versión en texto"),
    why="Recibe este correo porque su dirección está en la lista «{name}» de Presswatch ({when}, {zone}).",
    why_kept=(
        "Esto no se envía por correo: la lista «{name}» de Presswatch ({when}, {zone}) no tiene direcciones, "
        "así que se guarda como archivo."
    ),
    daily="todos los días a las {}",
    weekdays="de lunes a viernes a las {}",
    weekly="cada {} a las {}",
    hourly="cada hora",
    instant="al instante",
    leave="Para darse de baja, escriba a {}.",
    leave_web="Para darse de baja: {}",
    times="Hora: {}.",
    kinds={
        "overrun": "publicó más rápido de lo que se leyó; puede faltar algo",
        "blocked": "no se deja leer",
        "silent": "responde, pero no ofrece nada nuevo",
        "stale": "muestra una copia vieja",
        "moved": "cambió de dirección",
        "capped": "ofreció más de lo que se toma de una vez",
        "parse_error": "no se entiende del todo",
        "unreachable": "no responde",
        "http_error": "responde con un error",
        "not_a_feed": "ya no envía una fuente legible",
        "refused": "lleva a una dirección que no se debe leer",
        "gone": "dice que su fuente ya no existe",
        "reidentified": "dio direcciones nuevas a sus artículos; alguno puede repetirse",
        "wrong_304": "dijo que no había nada nuevo cuando lo había; desde entonces se lee entera",
        "pages_blocked": "no deja leer sus páginas; solo se leen título y resumen",
        "no_items": "muestra una lista vacía",
    },
    details={
        r"the name cannot be looked up": "no se encuentra el nombre del servidor",
        r"the connection was refused": "se rechazó la conexión",
        r"the connection broke: (.+)": r"se cortó la conexión: \1",
        r"the answer took too long": "la respuesta tardó demasiado",
        r"the answer is larger than max_bytes( once unpacked)?": "la respuesta es más grande que max_bytes",
        r"the answer is empty|the body is empty": "la respuesta está vacía",
        r"more than five redirects": "más de cinco redirecciones",
        r"the server answered (\d+)": r"el servidor respondió \1",
        r"the server says that nothing changed, but was not asked that": (
            "el servidor dice que nada cambió, sin que se le preguntara"
        ),
        r"redirected to (\S+): .+": r"redirige a \1",
        r"the feed has moved to (\S+): put that into sources\.yaml.*": r"ahora está en \1",
        r"about (\d+) items \((\d+) to (\d+)\) came and went between (.+) and (.+) UTC": (
            r"unos \1 artículos (de \2 a \3) aparecieron y desaparecieron entre el \4 y el \5 UTC"
        ),
        r"an unknown number of items came and went between (.+) and (.+) UTC": (
            r"no se sabe cuántos artículos aparecieron y desaparecieron entre el \1 y el \2 UTC"
        ),
        r"its sitemap is searched for them": "se buscan en su mapa del sitio",
        r"(\d+) of (\d+) entries came again under other addresses": r"\1 de \2 entradas volvieron con otra dirección",
        r"nothing new since (.+) UTC": r"nada nuevo desde el \1 UTC",
        r"usually (\d+) items come in such a time": r"en ese tiempo suelen aparecer \1",
        r"the newest item is of (\S+), (\d+) days ago": r"lo más nuevo es del \1, hace \2 días",
        r"the server said that nothing was new, and it was not so: .+": "el servidor dijo que no había nada nuevo",
        r"(\d+) pages in a row were refused \(403 and the like\), and none was read": (
            r"rechazó \1 páginas seguidas y no se leyó ninguna"
        ),
        r"(\d+) entries past max_entries were not read": r"\1 entradas por encima de max_entries no se leyeron",
        r"the feed is not well-formed": "la fuente está mal formada",
        r"no element of a feed in it": "no contiene nada de una fuente",
        r"an HTML page": "una página HTML",
        r"a JSON document without the items of a feed": "un documento JSON sin las entradas de una fuente",
        r"line (\d+): mismatched tag": r"línea \1: una etiqueta no se corresponde",
        r"line (\d+): not well-formed \(invalid token\)": r"línea \1: hay un carácter no válido",
        r"line (\d+): undefined entity": r"línea \1: una entidad no está definida",
        r"line (\d+): no element found": r"línea \1: termina antes de tiempo",
        r"line (\d+): (.+)": r"línea \1: \2",
        r"not read within ([\d.]+) s|no answer after ([\d.]+) s": "no se pudo leer a tiempo",
    },
)

ALL = {words.language: words for words in (ENGLISH, SPANISH)}


def words_for(language: str) -> Words:
    """Return the words of a language tag (``es``, ``es-PE``), English where there are none."""
    return ALL.get(language.replace("_", "-").split("-")[0].lower(), ENGLISH)


def count(forms: tuple[str, str], number: int) -> str:
    """Return ``number`` in the form that fits it."""
    return forms[0 if number == 1 else 1].format(number)


class Speaker:
    """Writes moments, countries and lists the way one language in one zone does."""

    def __init__(self, language: str, zone: ZoneInfo) -> None:
        self.words = words_for(language)
        self.zone = zone
        self._locale = _locale(language)

    def day(self, moment: datetime) -> str:
        """``19 July 2026``."""
        return str(format_date(moment.astimezone(self.zone).date(), "long", self._locale))

    def weekday(self, moment: datetime) -> str:
        """``Sunday, 19 July 2026``."""
        text = str(format_date(moment.astimezone(self.zone).date(), "full", self._locale))
        return text[:1].upper() + text[1:]

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
        parts = [self.words.instant] * when.instant + [self.words.hourly] * when.hourly
        for days, times in when.days:
            at = self.several([f"{one:%H:%M}" for one in times])
            if days == EVERY_DAY:
                parts.append(self.words.daily.format(at))
            elif days == WORKDAYS:
                parts.append(self.words.weekdays.format(at))
            else:
                names = [str(self._locale.days["format"]["wide"][day]) for day in sorted(days)]
                parts.append(self.words.weekly.format(self.several(names), at))
        return self.several(parts)

    def country(self, code: str | None) -> str | None:
        """``Peru`` for ``PE``; what is no country code is given back as it is."""
        return self._locale.territories.get(code.upper(), code) if code else None

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
