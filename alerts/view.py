"""Everything that a digest says, as values: the templates only lay it out.

`alerts.tell` makes them. What they hold is clean text, and links that are safe to follow (`alerts.safe`).
"""

from __future__ import annotations

from dataclasses import dataclass

from alerts.quote import Piece
from alerts.safe import starred


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How much fits: so many stories in full, so many more as headlines, so many lines of coverage, so many topics.

    An edit counts as a story, and is the same in full and as a headline.
    """

    full: int | None = None
    brief: int | None = None
    coverage: int | None = None
    topics: int | None = None


@dataclass(frozen=True, slots=True)
class Linked:
    """A name, and where it leads, if anywhere."""

    name: str
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadView:
    """Who had a story first, and where else it is: ``before`` and ``after`` are the words around ``first``."""

    before: str
    first: Linked
    after: str
    others: tuple[Linked, ...]

    @property
    def plain(self) -> str:
        """All of it, without links."""
        others = f" {', '.join(one.name for one in self.others)}." if self.others else ""
        return f"{self.before}{self.first.name}{self.after}{others}"

    @property
    def links(self) -> tuple[Linked, ...]:
        """The outlets that have a link here."""
        return tuple(one for one in (self.first, *self.others) if one.url)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    """One story. ``whole``: there is room for all of it; else its headline, outlet and ``meta`` are all there is.

    ``meta`` is when, in which language, by whom, and what was read; under a topic that only refers to it, where it is
    told. ``marks`` are one or two words each: continues, paywall.
    """

    whole: bool
    title: tuple[Piece, ...]
    url: str | None
    language: str | None
    outlet: str
    meta: str
    marks: tuple[str, ...]
    quote: tuple[Piece, ...]
    spread: SpreadView | None
    notes: tuple[str, ...]

    @property
    def plain_title(self) -> str:
        """The title with its hits between asterisks."""
        return starred(self.title)

    @property
    def plain_quote(self) -> str:
        """The quotation with its hits between asterisks."""
        return starred(self.quote)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeView:
    """An edit that brought or took what a topic looks for: ``said`` is what happened, ``was`` how it read before."""

    said: str
    title: str
    was: str | None
    url: str | None
    language: str | None
    meta: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupView:
    """One topic. ``number`` says how much it found, against the usual.

    ``over`` are the stories past the cap, with the page that lists them; ``left_out`` those, and the edits, for which
    this part of the mail has no room.
    """

    title: str
    number: str
    items: tuple[ItemView, ...]
    references: tuple[ItemView, ...]
    changes: tuple[ChangeView, ...]
    over: Linked | None
    left_out: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageView:
    """What kept sources from being read as they should have been; ``who`` is names, and since when, and what more."""

    what: str
    who: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """Where a reader can leave: ``url`` is a mailto or a web address, ``shown`` what stands there."""

    url: str
    shown: str

    @property
    def by_mail(self) -> bool:
        """Whether a mail must be written."""
        return self.url.startswith("mailto:")


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The whole digest, in words. ``lines`` stand below its day: the period, and whatever was not by plan."""

    language: str
    subject: str
    name: str
    day: str
    lines: tuple[str, ...]
    tally: str
    preheader: str
    groups: tuple[GroupView, ...]
    topics_left_out: str | None
    coverage_title: str
    coverage_said: str
    coverage: tuple[CoverageView, ...]
    coverage_left_out: str | None
    foot: tuple[str, ...]
    leave: Leave | None
    leave_said: tuple[str, str]  # what stands before and after it
    leave_label: str  # what a link to a page says: its address is a hundred characters that nobody reads
