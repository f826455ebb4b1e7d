"""How articles that a topic finds are shown: counts, a chart of days, samples with what was found in them marked.

Text for people, 80 columns wide: on a terminal the marks are colours, elsewhere they are *stars*.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from rich.text import Text

from alerts.quote import Piece, fitting, headline, quotation
from archive.model import MatchedArticle
from archive.preview import Found
from archive.times import stamp
from crawler.cli.output import harmless, out, say

WIDTH = 80
ROWS = 31  # of a chart: a month of days; more days share a row
BAR = 40
MOST_NAMES = 12
_OPEN, _CLOSE = "\ue000", "\ue001"  # around what was found, until it is known where it is printed


def show(lines: Iterable[str]) -> None:
    """Print lines in which `sample` marked what was found."""
    for line in lines:
        if out.is_terminal:
            out.print(_coloured(harmless(line)))
        else:
            say(line.replace(_OPEN, "*").replace(_CLOSE, "*"))


def _coloured(line: str) -> Text:
    text = Text()
    for number, part in enumerate(line.split(_OPEN)):
        hit, closed, rest = part.partition(_CLOSE)
        if number and closed:
            text.append(hit, "bold black on yellow").append(rest)
        else:
            text.append(part)
    return text


def chart(days: Mapping[str, int], first: date, last: date) -> Iterator[str]:
    """Yield a row for each day from ``first`` to ``last``, or for as many days as make `ROWS` rows of all."""
    step = -(-((last - first).days + 1) // ROWS)
    counts: Counter[date] = Counter()
    for day, number in days.items():
        at = (date.fromisoformat(day) - first).days // step
        counts[first + timedelta(days=at * step)] += number
    most = max(counts.values(), default=0)
    begin = first
    while begin <= last:
        number = counts[begin]
        until = f" to {min(begin + timedelta(days=step - 1), last):%m-%d}" if step > 1 else ""
        bar = "█" * max(round(BAR * number / most), 1) if number else ""
        yield f"  {begin.isoformat()}{until}  {bar}{' ' if bar else ''}{number or '.'}"
        begin += timedelta(days=step)


def lately(days: int) -> str:
    """Return in words which part of the archive was looked at: its last ``days`` days."""
    return f"in the archive's last {days} days" if days > 1 else "on the archive's last day"


def counts(found: Found) -> Iterator[str]:
    """Yield how many there are by source and by language."""
    for label, numbers in (("by source", found.sources), ("by language", found.languages)):
        if numbers:
            named = [f"{name or 'unknown'} {number}" for name, number in numbers.most_common(MOST_NAMES)]
            more = f" and {len(numbers) - MOST_NAMES} more" if len(numbers) > MOST_NAMES else ""
            yield from wrapped(", ".join(named) + more, f"  {label:<12} ")


def sample(one: MatchedArticle) -> Iterator[str]:
    """Yield an article: its title, where and when, and the sentence around the first hit below the title."""
    hits = fitting(one.hits, one)
    yield from wrapped(_marked(headline(one, hits)) or "(untitled)", "  ", "  ")
    when = f"published {one.published_at:%Y-%m-%d}" if one.published_at else "undated"
    said = [
        _line(one.source_name),
        when,
        f"first seen {one.first_seen_at:%Y-%m-%d}",
        *filter(None, [one.language]),
    ]
    yield from wrapped(", ".join(said), "      ")
    if quoted := _marked(quotation(one, hits)):
        yield from wrapped(quoted, "      ")
    elif others := [hit for hit in one.hits if hit.field not in ("title", "summary", "text")]:
        yield from wrapped(f"{others[0].field}: {_OPEN}{_line(others[0].text)}{_CLOSE}", "      ")
    yield f"      {one.url or 'the feed gave no link'}"


def _marked(pieces: Iterable[Piece]) -> str:
    return _line(
        "".join(
            f"{_OPEN}{_plain(piece.text)}{_CLOSE}" if piece.hit else _plain(piece.text) for piece in pieces
        )
    )


def _plain(text: str) -> str:
    return text.replace(_OPEN, "").replace(_CLOSE, "")


def _line(text: str) -> str:
    return " ".join(text.split())


def wrapped(text: str, head: str, below: str | None = None) -> list[str]:
    """Return ``text`` in lines; no word is cut: what is copied out of here must be found again."""
    return textwrap.wrap(
        text, WIDTH, initial_indent=head, subsequent_indent=" " * len(head) if below is None else below,
        break_long_words=False, break_on_hyphens=False,
    ) or [head]  # fmt: skip


def as_json(found: Found) -> dict[str, Any]:
    """Return what was found for programs."""
    return {
        "total": found.total,
        "days": dict(sorted(found.days.items())),
        "sources": dict(found.sources.most_common()),
        "languages": dict(found.languages.most_common()),
        "samples": [
            {
                "id": one.article_id,
                "url": one.url,
                "title": one.title,
                "source": one.source_id,
                "language": one.language,
                "published_at": stamp(one.published_at),
                "first_seen_at": stamp(one.first_seen_at),
                "quote": "".join(piece.text for piece in quotation(one, fitting(one.hits, one))),
                "hits": [
                    {"field": hit.field, "start": hit.start, "end": hit.end, "text": hit.text, "how": hit.how}
                    for hit in one.hits
                ],
            }
            for one in found.samples
        ],
    }
