"""Everything that a digest says, decided: the templates only lay it out.

Text from feeds and pages passes through `clean` here and nowhere else, and links through `link`. So a title can
hold line breaks, control characters or markup, and still be one line of text in a header, a mail and a page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from alerts.digest import Group, Item, group
from alerts.model import Digest
from alerts.quote import Piece
from alerts.watch import read_when, read_zone
from alerts.words import Speaker, Words, count
from archive.model import Content, Coverage

# Line breaks of every kind, control characters, and halves of surrogate pairs.
_BREAKS = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
# Marks that turn the direction of what follows: they would reach past the title into our own words.
_BIDI = re.compile(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_LONGEST_LINK = 2000
_SUBJECT_TOPICS = 4
_SHORT_NAME = 24
# A source that was not read for so many days is said to be so, in days: nobody counts from a date.
_LONG = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How much fits: so many articles in full, so many more as headlines, so many lines of coverage."""

    full: int | None = None
    brief: int | None = None
    coverage: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    """One article; ``quote`` and ``notes`` are empty where only its headline fits.

    ``meta`` is when and by whom; under a topic that only refers to it, where it is told.
    """

    title: tuple[Piece, ...]
    url: str | None
    language: str | None
    outlet: str
    meta: str
    quote: tuple[Piece, ...]
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
class GroupView:
    """One topic."""

    title: str
    size: int
    items: tuple[ItemView, ...]
    references: tuple[ItemView, ...]
    left_out: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageView:
    """What kept one source or several from being read as they should have been; ``who`` is names, and since when."""

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
    """The whole digest, in words."""

    language: str
    subject: str
    name: str
    day: str
    period: str | None
    tally: str
    preheader: str
    groups: tuple[GroupView, ...]
    coverage_title: str
    coverage_said: str
    coverage: tuple[CoverageView, ...]
    coverage_left_out: str | None
    foot: tuple[str, ...]
    leave: Leave | None
    leave_said: tuple[str, str]  # what stands before and after it


def clean(text: str) -> str:
    """Return ``text`` as one line, without control characters, halves of characters, or direction marks."""
    return _BREAKS.sub(" ", _BIDI.sub("", text)).strip()


def link(url: str | None) -> str | None:
    """Return ``url`` when a reader can follow it safely: http or https, with a host, in one piece."""
    if (
        not url
        or len(url) > _LONGEST_LINK
        or re.search(r"[\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff<>\"\\]", url)
    ):
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:  # "http://[::1" and the like: one bad link is a value, not the end of the digest
        return None
    return url if parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc else None


def starred(pieces: Iterable[Piece]) -> str:
    """Return pieces as plain text, what matched between asterisks."""
    return clean("".join(f"*{piece.text}*" if piece.hit else piece.text for piece in pieces))


class Teller:
    """Says one digest, in the language and zone of its subscription.

    What does not depend on how much room there is is decided once: fitting a mail asks many times.
    """

    def __init__(self, digest: Digest, leave: Leave | None) -> None:
        """Raises ValueError when the schedule or the zone cannot be read."""
        subscription = digest.subscription
        self._digest = digest
        self._leave = leave
        self._speaker = Speaker(subscription.language, read_zone(subscription.zone))
        self._when = self._speaker.schedule(read_when(subscription.when))
        self._groups = group(digest)
        self._items: dict[tuple[int, int, bool, bool], ItemView] = {}
        self.total = sum(one.size for one in self._groups)

    def view(self, room: Room) -> View:
        """Return what the digest says where there is so much room."""
        digest, speaker, groups = self._digest, self._speaker, self._groups
        words, name = speaker.words, clean(digest.subscription.name)
        told = len({one.article_id for one in digest.articles})
        tally = ", ".join(f"{_unbroken(clean(one.title))}\N{NO-BREAK SPACE}({one.size})" for one in groups)
        why = words.why if digest.subscription.to else words.why_kept
        foot = (
            why.format(name=name, when=self._when, zone=digest.subscription.zone),
            words.times.format(speaker.zone_name(digest.due_at)),
        )
        shown = digest.coverage[: room.coverage]
        more = len(digest.coverage) - len(shown)
        # It explains all that follows, and all that does not.
        none = "" if digest.sources_read else f"{words.none_read} "
        before, after = (words.leave if self._leave and self._leave.by_mail else words.leave_web).split("{}")
        return View(
            language=words.language,
            subject=clean(f"{none}{_subject(groups, words)} — Presswatch, {speaker.day(digest.due_at)}"),
            name=name,
            day=speaker.weekday(digest.due_at),
            period=_period(digest, speaker),
            tally=none + (f"{count(words.articles, told)}: {tally}" if groups else words.nothing),
            preheader=_shorten(
                " · ".join(_plain(item.title) for one in groups for item in one.items[:2]), 140
            ),
            groups=tuple(self._told(room)),
            coverage_title=words.coverage,
            coverage_said=_coverage_said(digest, speaker),
            coverage=_coverage(shown, speaker, digest),
            coverage_left_out=count(words.coverage_left_out, more) if more else None,
            foot=foot,
            leave=self._leave,
            leave_said=(before, after),
        )

    def _told(self, room: Room) -> Iterable[GroupView]:
        groups = self._groups
        # The first of every topic comes before the second of any: a loud topic cannot push a quiet one out.
        order = sorted((rank, index) for index, one in enumerate(groups) for rank in range(one.size))
        full = len(order) if room.full is None else room.full
        brief = len(order) if room.brief is None else room.brief
        in_full, in_brief = set(order[:full]), set(order[full : full + max(0, brief)])
        told = {
            item.article.article_id
            for index, one in enumerate(groups)
            for rank, item in enumerate(one.items)
            if (rank, index) in in_full
        }
        for index, one in enumerate(groups):
            views: list[list[ItemView]] = [[], []]
            left_out = 0
            for rank, item in enumerate((*one.items, *one.references)):
                if (rank, index) in in_full or (rank, index) in in_brief:
                    whole, in_detail = (rank, index) in in_full, item.article.article_id in told
                    key = (index, rank, whole, in_detail)
                    if key not in self._items:
                        self._items[key] = self._item(item, whole=whole, in_detail=in_detail)
                    views[item.under is not None].append(self._items[key])
                else:
                    left_out += 1
            yield GroupView(
                title=clean(one.title),
                size=one.size,
                items=tuple(views[0]),
                references=tuple(views[1]),
                left_out=count(self._speaker.words.left_out, left_out) if left_out else None,
            )

    def _item(self, item: Item, *, whole: bool, in_detail: bool) -> ItemView:
        if item.under is None:
            return _item(item, self._speaker, self._digest, whole=whole)
        return _reference(item, item.under, self._speaker, whole=whole, in_detail=in_detail)


def _unbroken(text: str) -> str:
    """Return a short name so that no line ends within it: "July" and "19 (7)" are read as something else."""
    return text.replace(" ", "\N{NO-BREAK SPACE}") if len(text) <= _SHORT_NAME else text


def _period(digest: Digest, speaker: Speaker) -> str | None:
    """Return from when to when the articles came in; a digest that is made late holds later ones too."""
    if digest.since is None:
        return None
    until = max([digest.due_at, *(one.first_seen_at for one in digest.articles)])
    return speaker.words.period.format(
        speaker.moment(digest.since, digest.due_at), speaker.moment(until, digest.due_at)
    )


def _subject(groups: Sequence[Group], words: Words) -> str:
    said = [f"{_shorten(one.title, 40)} ({one.size})" for one in groups[:_SUBJECT_TOPICS]]
    more = [f"+{len(groups) - len(said)}"] if len(groups) > len(said) else []
    return ", ".join(said + more) or words.nothing


def _item(item: Item, speaker: Speaker, digest: Digest, *, whole: bool) -> ItemView:
    one, words = item.article, speaker.words
    published = speaker.moment(one.published_at, digest.due_at) if one.published_at else words.undated
    place = [published]
    if one.author and whole:
        place.append(words.by.format(_shorten(one.author, 80)))
    notes = []
    if whole:
        if item.also:
            said = words.also.format(speaker.several([clean(title) for title in item.also]))
            notes.append(f"{said[:1].upper()}{said[1:]}.")
        for hit in item.variants:
            form = words.fuzzy if hit.how == "fuzzy" else words.acronym
            notes.append(form.format(_shorten(hit.text, 80), _shorten(hit.variant.strip("~*"), 80)))
        notes += _elsewhere(item, speaker)
        notes += {Content.TITLE: [words.title_only], Content.SUMMARY: [words.summary_only]}.get(
            one.content, []
        )
        if not link(one.url):
            notes.append(f"{words.no_link[:1].upper()}{words.no_link[1:]}.")
    return _article(item, speaker, " · ".join(place), notes, whole=whole)


def _reference(item: Item, under: str, speaker: Speaker, *, whole: bool, in_detail: bool) -> ItemView:
    """Return an article that another topic tells; ``in_detail`` says that there is room for more of it there."""
    # Only where no mark shows why it stands here: the full item names what matched elsewhere too.
    shown = any(piece.hit for piece in (*item.title, *item.quote))
    notes = _elsewhere(item, speaker) if whole and not shown else []
    form = speaker.words.told_under if in_detail else speaker.words.also
    return _article(item, speaker, form.format(clean(under)), notes, whole=whole)


def _elsewhere(item: Item, speaker: Speaker) -> list[str]:
    return [speaker.words.elsewhere.format(hit.field, _shorten(hit.text, 80)) for hit in item.elsewhere]


def _article(item: Item, speaker: Speaker, meta: str, notes: Sequence[str], *, whole: bool) -> ItemView:
    one = item.article
    outlet = clean(one.source_name)
    country = speaker.country(one.country)
    return ItemView(
        title=_tidy(item.title) or (Piece(clean(one.url or "") or "—"),),
        url=link(one.url),
        language=one.language if one.language and _LANGUAGE.fullmatch(one.language) else None,
        outlet=f"{outlet}, {clean(country)}" if country else outlet,
        meta=meta,
        quote=_tidy(item.quote) if whole else (),
        notes=tuple(notes),
    )


def _tidy(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """Clean the pieces, keeping the space between them; empty when nothing is left to see."""
    tidied = tuple(Piece(_BREAKS.sub(" ", _BIDI.sub("", piece.text)), piece.hit) for piece in pieces)
    return tidied if any(piece.text.strip() for piece in tidied) else ()


def _plain(pieces: Iterable[Piece]) -> str:
    return clean("".join(piece.text for piece in pieces))


def _shorten(text: str, length: int) -> str:
    text = clean(text)
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


def _coverage(coverage: Iterable[Coverage], speaker: Speaker, digest: Digest) -> tuple[CoverageView, ...]:
    """Return each trouble once, with all who have it: of forty sources that a cut line hides, one block is read."""
    found: dict[str, dict[str, list[str]]] = {}
    for one in coverage:
        detail = speaker.words.detail(clean(one.detail))
        parts = (speaker.words.kinds.get(one.kind, clean(one.kind)), _shorten(detail, 160))
        who = found.setdefault(": ".join(part for part in parts if part), {})
        who.setdefault(_since(one, speaker, digest), []).append(clean(one.source_name))
    return tuple(
        CoverageView(what=what, who=tuple((speaker.several(names), since) for since, names in who.items()))
        for what, who in found.items()
    )


def _since(one: Coverage, speaker: Speaker, digest: Digest) -> str:
    said = speaker.words.since.format(speaker.moment(one.since, digest.due_at))
    days = (digest.due_at - one.since).days
    return f"{said} ({count(speaker.words.days, days)})" if days >= _LONG else said


def _coverage_said(digest: Digest, speaker: Speaker) -> str:
    words, ill = speaker.words, len({one.source_id for one in digest.coverage})
    if not digest.sources_read:
        return f"{words.none_read} {count(words.unread, ill) if ill else ''}".rstrip()
    return f"{count(words.read, digest.sources_read)} {count(words.unread, ill) if ill else words.all_read}"
