"""XML as people write it by hand: its characters, and every "&" that stands for itself.

    body ─▶ decoded ─▶ text ─▶ whole: no reference is left that a parser could resolve, or would lose
                          └▶ bare: where an "&" was not written as one, for whoever wants to say so

Addresses are often written with a bare "&", and so are names; a parser that reads on drops it with what follows. What
is found is mended in the text, before any parser sees it. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from w3lib.encoding import html_to_unicode

from . import bodies

# An "&" that begins none of the references that XML knows without a DOCTYPE; what one declares is never resolved.
_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});)")
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")
# In CDATA every "&" stands for itself already, and in a comment none is read. One that is never closed goes on.
_ASIDE = re.compile(r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)", re.DOTALL)
_NO_LINE_END = re.compile(r"[^\n]")


def decoded(body: bytes, content_type: str | None = None) -> str:
    """Return ``body`` as text: what is valid UTF-8 is that, whatever it says; what says nothing is Windows-1252."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        encoding, text = html_to_unicode(content_type, body, default_encoding="cp1252")
        return bodies.as_utf8(body) if encoding in ("utf-8", "cp1252") else text


def whole(text: str) -> str:
    """Return ``text`` with "&amp;" for each "&" that stands for itself, and blanks for the XML declaration.

    The declaration names an encoding that the text no longer has. What stands behind it keeps its line and column.
    """
    text = _DECLARATION.sub(lambda found: _NO_LINE_END.sub(" ", found[0]), text)
    parts = ((aside, text[start:end]) for aside, start, end in _parts(text))
    return "".join(part if aside else _AMPERSAND.sub("&amp;", part) for aside, part in parts)


def bare(text: str) -> Iterator[int]:
    """Yield where each "&" stands that `whole` mends."""
    for aside, start, end in _parts(text):
        if not aside:
            yield from (found.start() for found in _AMPERSAND.finditer(text, start, end))


def place(text: str, index: int) -> tuple[int, int]:
    """Return the line and the column of a character, both from 1."""
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)


def _parts(text: str) -> Iterator[tuple[bool, int, int]]:
    """Yield the stretches of a text, and whether its ampersands are none to a parser."""
    upto = 0
    for found in _ASIDE.finditer(text):
        yield False, upto, found.start()
        yield True, found.start(), found.end()
        upto = found.end()
    yield False, upto, len(text)
