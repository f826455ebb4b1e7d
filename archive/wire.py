"""Which agency a text names as its own: *LIMA (EFE).-* at its head, *(Con información de AFP)* at its foot, the author.

Only what stands where a credit stands and has its form counts: the name of an agency in running text is news about it,
or a quotation. Agencies that are not known by name are known by the word: *Agencia Tres Nudos*.
"""

from __future__ import annotations

import re

# How they are written; short names and names that are words are known in these spellings only.
_AGENCIES = {
    "AFP": ("AFP", "Agence France-Presse", "Agence France Presse"),
    "Andina": ("Andina", "ANDINA"),
    "ANSA": ("ANSA", "Ansa"),
    "AP": ("AP", "The Associated Press", "Associated Press"),
    "Bloomberg": ("Bloomberg", "BLOOMBERG"),
    "DPA": ("DPA", "dpa"),
    "EFE": ("EFE", "Efe"),
    "Europa Press": ("Europa Press", "EUROPA PRESS"),
    "IPS": ("IPS", "Inter Press Service"),
    "Notimex": ("Notimex", "NOTIMEX"),
    "Prensa Latina": ("Prensa Latina",),
    "Reuters": ("Reuters", "REUTERS", "Thomson Reuters"),
    "Télam": ("Télam", "Telam", "TÉLAM", "TELAM"),
    "UPI": ("UPI",),
    "Xinhua": ("Xinhua", "XINHUA"),
}
_NAMES = {spelled: name for name, ways in _AGENCIES.items() for spelled in ways}
_KNOWN = "|".join(re.escape(spelled) for spelled in sorted(_NAMES, key=len, reverse=True))
_CALLED = r"(?:[Aa]gencia|AGENCIA)(?: de [Nn]oticias)?"
_OTHER = rf"{_CALLED} (?:[A-ZÁÉÍÓÚÑ][\w'’.]*)(?: [A-ZÁÉÍÓÚÑ][\w'’.]*){{0,3}}"
_ONE = rf"(?:(?:{_CALLED} )?(?:{_KNOWN})\b|{_OTHER})"
_SEVERAL = (
    rf"{_ONE}(?:(?:\s*[/,;|]\s*|\s+(?:y|e|and|&)\s+)(?:{_ONE}|(?:otras )?agencias|agencies|Redacción))*"
)
_FROM = (
    r"(?:(?:Por|By|Fuente|Source|Texto|Autor|Redacción)\s*[:/]?\s*|(?:Foto|Photo)s?\s*(?:y|and)\s*texto\s*:\s*"
    r"|Con (?:información|datos|reportes|despachos) de (?:la )?|With (?:information|reporting|files) from )"
)
_DASH = r"[-\u2010-\u2015]"

# LIMA, 19 jul (EFE).-   (AP) —   Redacción (Europa Press). Three   MADRID (EUROPA PRESS)
_DATELINE = re.compile(rf"[^()\n]{{0,60}}\((?P<names>{_SEVERAL})\)\s*(?:[.:]?\s*{_DASH}|[.:](?:\s|$)|$)")
# EFE.- Three   Lima, AFP.- Three   Reuters – Three; but the AP-7 is a road
_BARE = re.compile(
    rf"(?:[A-ZÁÉÍÓÚÑ][^.()\n]{{1,40}},\s*)?(?P<names>{_SEVERAL})(?:\s*[.:]\s*{_DASH}+|\s+{_DASH}+\s|{_DASH}\s|\s\|\s)"
)
# A line of its own: Agencia EFE   (Con información de AFP y Reuters)   Fuente: Andina
_LINE = re.compile(rf"[(\[]?\s*{_FROM}?(?P<names>{_SEVERAL})\s*[)\]]?\s*\.?", re.IGNORECASE)
# … dijo el ministro. EFE   … said. (AP)   … EFE fgg/eat
_END = re.compile(
    rf"(?:[.!?…»”\"']\s*|\s)(?:\((?:{_FROM})?(?P<names>{_SEVERAL})\)|(?<=[.!?…»”\"']\s)(?P<last>EFE|Efe|AFP|Reuters|Andina|ANDINA))"
    r"\.?(?:\s+[a-z]{2,4}(?:/[a-z]{2,4}){0,3})?"
)
_INITIALS = re.compile(r"\(?[a-zA-Z]{2,4}(?:/[a-zA-Z]{2,4}){1,3}\)?\.?")  # of those who wrote and edited it
_AUTHOR = re.compile(rf"(?:{_FROM})?(?P<names>{_ONE})")
_APART = re.compile(r"\s*[,;/|&()]\s*|\s+(?:y|e|and)\s+|\s+[-\u2010-\u2015]\s+")
_FOUND = re.compile(_ONE)
_LINES, _HEAD, _FOOT = 3, 200, 200  # lines, and characters of one, at either end


def credit(text: str, author: str | None) -> str | None:
    """Return the agencies that ``text`` or its ``author`` credits, as `_AGENCIES` has them, or None."""
    found: dict[str, None] = {}
    for part in _APART.split((author or "")[:_HEAD]):
        if named := _AUTHOR.fullmatch(part.strip()):
            found |= _names(named["names"])
    lines = _ends(text)
    for line in lines[:_LINES]:
        head = line[:_HEAD]
        if named := _DATELINE.match(head) or _BARE.match(head) or _whole(line):
            found |= _names(named["names"])
    for line in lines[-_LINES:]:
        if named := _whole(line):
            found |= _names(named["names"])
    if lines and _INITIALS.fullmatch(lines[-1]):
        lines = lines[:-1]
    if lines and (named := _last(lines[-1])):
        found |= _names(named["names"] or named["last"])
    return ", ".join(found) or None


def _ends(text: str) -> list[str]:
    """Return the first and the last lines of ``text``; of a long one there is no need to cut all."""
    first = text.split("\n", _LINES)
    if len(first) <= _LINES:
        return first if text else []
    return [*first[:_LINES], *first[_LINES].rsplit("\n", _LINES)[-_LINES - 1 :]]


def _whole(line: str) -> re.Match[str] | None:
    return _LINE.fullmatch(line) if len(line) <= _HEAD // 2 else None


def _last(line: str) -> re.Match[str] | None:
    foot = line[-_FOOT:]
    for named in _END.finditer(foot):
        if named.end() == len(foot):
            return named
    return None


def _names(several: str) -> dict[str, None]:
    """Return the agencies of a credit, each by its one name."""
    found: dict[str, None] = {}
    for one in _FOUND.findall(several):
        name = re.sub(rf"^{_CALLED} ", "", one)
        found[_NAMES.get(name, name)] = None
    return found
