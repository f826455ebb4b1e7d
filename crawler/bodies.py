"""What a body is before anybody reads what it says: unpacked, and its bytes as text. Pure.

unpacked      gzip that no header spoke of (a file rss.xml.gz): once, twice, in several pieces
nearly_utf8   whether a body is UTF-8 but for some bytes
as_utf8       the text of such a body, or of one that only says that it is UTF-8
"""

from __future__ import annotations

import codecs
import re
import zlib

from archive.errors import ParseError

_GZIP = b"\x1f\x8b"
_MOST_LAYERS = 2
_STRAY = "presswatch-stray-bytes"
_LETTER = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


def unpacked(body: bytes, most: int) -> tuple[bytes, bool]:
    """Return a body without its packing, and whether its end is missing.

    Raises `ParseError`: ``too_large`` when it is more than ``most`` bytes, ``parse_error`` when it cannot be unpacked.
    """
    cut = False
    for _ in range(_MOST_LAYERS):
        if not body.startswith(_GZIP):
            break
        body, ends_early = _layer(body, most)
        cut = cut or ends_early
    return body, cut


def _layer(body: bytes, most: int) -> tuple[bytes, bool]:
    whole = b""
    # What is appended to a packed file is a member of its own (RFC 1952, section 2.2).
    while body.startswith(_GZIP):
        unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            whole += unpacking.decompress(body, most + 1 - len(whole))
        except zlib.error as error:
            raise ParseError(f"gzip that cannot be unpacked: {error}") from error
        if len(whole) > most:
            raise ParseError(f"larger than {most:,} bytes once unpacked", reason="too_large")
        if not unpacking.eof:
            return whole, True
        body = unpacking.unused_data
    return whole, False


def as_utf8(body: bytes) -> str:
    """Return ``body`` as text; bytes that are no UTF-8 are read as Windows-1252.

    A summary that was cut in the middle of a letter leaves such a byte. For its sake to read all else as Windows-1252
    would make *PerÃº* of each *Perú*.
    """
    return body.decode("utf-8-sig", _STRAY)


def nearly_utf8(body: bytes) -> bool:
    """Tell whether ``body`` is no UTF-8, but more of its letters beyond ASCII are than are not."""
    try:
        body.decode()
    except UnicodeDecodeError:
        rest, letters = _LETTER.subn(b"", body)
        return letters >= len(rest) - len(rest.decode("ascii", "ignore"))
    return False


def _windows(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error(_STRAY, _windows)
