"""Text and links of other people, made safe to stand in a header, a mail and a page.

All that comes from feeds and pages passes through `clean` or `tidy`, and links through `link`. So a title can hold
line breaks, control characters or markup, and still be one line of text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from alerts.quote import Piece

# Line breaks of every kind, control characters, and halves of surrogate pairs.
_BREAKS = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
# What no HTML parser takes, and no reader sees.
_NONE = re.compile(
    "[\ufdd0-\ufdef\ufffe\uffff]|["
    + "".join(f"{chr(n << 16 | 0xFFFE)}{chr(n << 16 | 0xFFFF)}" for n in range(1, 17))
    + "]"
)
# Marks that turn the direction of what follows: they would reach past the title into our own words.
_TURNS = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_BIDI = re.compile(rf"[{_TURNS}]")
_LONGEST_LINK = 2000
_SHORT_NAME = 24
_LONG_WORD = 24
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def _line(text: str) -> str:
    return _BREAKS.sub(" ", _NONE.sub("", _BIDI.sub("", text)))


def clean(text: str) -> str:
    """Return ``text`` as one line, without control characters, halves of characters, or direction marks."""
    return _line(text).strip()


def tidy(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """Clean the pieces, keeping the space between them; empty when nothing is left to see."""
    tidied = tuple(Piece(_line(piece.text), piece.hit) for piece in pieces)
    return tidied if any(piece.text.strip() for piece in tidied) else ()


def shorten(text: str, length: int) -> str:
    """Return ``text`` clean, and no longer than ``length``; it is cut between words where they are not very long."""
    text = clean(text)
    if len(text) <= length:
        return text
    cut = text[: length - 1]
    space = text.rfind(" ", max(1, length - _LONG_WORD), length)
    return f"{cut[:space] if space > 0 else cut}".rstrip(" ,;:·-–—") + "…"


def plain(pieces: Iterable[Piece]) -> str:
    """Return pieces as text without marks."""
    return clean("".join(piece.text for piece in pieces))


def starred(pieces: Iterable[Piece]) -> str:
    """Return pieces as plain text, what matched between asterisks."""
    return clean("".join(f"*{piece.text}*" if piece.hit else piece.text for piece in pieces))


def unbroken(text: str) -> str:
    """Return a short name so that no line ends within it: "July" and "19 (7)" are read as something else."""
    return text.replace(" ", "\N{NO-BREAK SPACE}") if len(text) <= _SHORT_NAME else text


def language_tag(text: str | None) -> str | None:
    """Return ``text`` when it may stand in a ``lang`` attribute."""
    return text if text and _LANGUAGE.fullmatch(text) else None


def link(url: str | None) -> str | None:
    """Return ``url`` when a reader can follow it safely: http or https, with a host, in one piece."""
    if (
        not url
        or len(url) > _LONGEST_LINK
        or re.search(rf"[\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff<>\"\\{_TURNS}]", url)
    ):
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:  # "http://[::1" and the like: one bad link is a value, not the end of the digest
        return None
    return url if parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc else None
