"""Says one digest, in the language and zone of its subscription: digest ─▶ `alerts.view.View`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import urlencode

from alerts import foot, story
from alerts.grouping import Group, Item, group, story_id
from alerts.model import Digest, DigestKind, Empty, Stationery
from alerts.safe import clean, link, plain, shorten, unbroken
from alerts.view import GroupView, ItemView, Leave, Linked, Room, View
from alerts.watch import read_when, read_zone
from alerts.words import Speaker

_SUBJECT = 78  # characters: what lists of mails show, and RFC 5322 wants of a line
_SUBJECT_HEADLINE = 56
_TALLIED = 40
_PREHEADER = 140


class Teller:
    """Says one digest, for as much room as there is.

    What does not depend on how much room there is is decided once: fitting a mail asks many times.
    """

    def __init__(self, digest: Digest, leave: Leave | None, stationery: Stationery) -> None:
        """Raises ValueError when the schedule or the zone cannot be read."""
        subscription = digest.subscription
        self._digest = digest
        self._leave = leave
        self._stationery = stationery
        self._speaker = Speaker(subscription.language, read_zone(subscription.zone))
        self._when = self._speaker.schedule(read_when(subscription.when))
        self._groups = group(digest)
        self._items: dict[tuple[int, int, bool, bool], ItemView] = {}
        self.total = sum(len(one.items) + len(one.references) + len(one.changes) for one in self._groups)

    def view(self, room: Room) -> View:
        """Return what the digest says where there is so much room."""
        digest, speaker, groups = self._digest, self._speaker, self._groups
        told = [plain(item.title) for one in _in_turn(groups) for item in one]
        headlines = [title for title in told if title] or (["—"] if told else [])
        shown, more = (
            digest.coverage[: room.coverage],
            len(digest.coverage[room.coverage or len(digest.coverage) :]),
        )
        # What is told at once has an hour of its own, and leaves it to the digests to say what could not be read.
        at_once = digest.kind is DigestKind.INSTANT
        at = f", {speaker.clock(digest.due_at)}" if at_once else ""
        return View(
            language=speaker.language,
            subject=self._subject(headlines),
            name=clean(digest.subscription.name),
            day=f"{speaker.weekday(digest.due_at)}{at}",
            lines=tuple(self._lines()),
            tally=self._none_read() + self._tally(),
            preheader=shorten(self._preheader(headlines), _PREHEADER),
            groups=tuple(self._told(room)),
            topics_left_out=self._left_out(len(groups[room.topics :]) if room.topics is not None else 0),
            coverage_title=speaker.say("Coverage"),
            coverage_said="" if at_once else foot.said(digest, speaker),
            coverage=() if at_once else foot.troubles(shown, digest, speaker),
            coverage_left_out=speaker.many(
                "and {0} more: see the plain-text part", "and {0} more: see the plain-text part", more
            )
            if more and not at_once
            else None,
            foot=foot.why(digest, self._when, speaker),
            leave=self._leave,
            leave_said=foot.leaving(self._leave, speaker),
            leave_label=foot.leave_label(speaker),
        )

    def _subject(self, headlines: Sequence[str]) -> str:
        """Return the headline that comes first, then what each topic found, as far as there is room; and no date."""
        digest, speaker = self._digest, self._speaker
        name = clean(digest.subscription.name)
        if digest.subscription.thread:
            # Mail programs that thread by subject want the same one each time.
            return f"{shorten(name, _SUBJECT - 13)} — Presswatch"
        warning = self._none_read()
        if not headlines:
            changes = [one for topic in self._groups for one in topic.changes]
            nothing = (
                story.changed(changes[0], speaker, digest) if changes else speaker.say("Nothing matched")
            )
            return shorten(f"{warning}{nothing} — {name}, {speaker.day(digest.due_at)}", _SUBJECT)
        said = clean(f"{warning}{shorten(headlines[0], min(_SUBJECT_HEADLINE, _SUBJECT - len(warning)))}")
        numbers = [
            f"{shorten(one.title, 40)} ({speaker.number(one.size)})" for one in self._groups if one.size
        ]
        for shown in range(len(numbers), 0, -1):
            rest = [f"+{len(numbers) - shown}"] if shown < len(numbers) else []
            tail = f" · {', '.join([*numbers[:shown], *rest])}"
            if len(said) + len(tail) <= _SUBJECT:
                return f"{said}{tail}"
        return said

    def _preheader(self, headlines: Sequence[str]) -> str:
        """Return what lists of mails show below the subject, which has the first headline."""
        first = next((one for topic in self._groups for one in topic.items), None)
        quote = plain(first.quote) if first else ""
        return " · ".join(headlines[1:4]) or quote or foot.said(self._digest, self._speaker)

    def _none_read(self) -> str:
        # It explains all that follows, and all that does not.
        return "" if self._digest.sources_read else f"{self._speaker.say('No source could be read.')} "

    def _lines(self) -> Iterable[str]:
        digest, speaker = self._digest, self._speaker
        beside = digest.due_at
        if digest.since is not None:
            # A digest that is made late holds later ones too.
            until = max([beside, *(one.first_seen_at for one in digest.articles)])
            yield speaker.say(
                "From {0} to {1}", speaker.moment(digest.since, beside), speaker.moment(until, beside)
            )
        if digest.caught_up_from is not None:
            first = speaker.moment(digest.caught_up_from, beside)
            yield speaker.say(
                "Late: nothing ran when the digest of {} was due. This one holds it all.", first
            )
        if digest.held_back:
            yield speaker.many(
                "{0} article was not told at once: the mails of that hour were used up.",
                "{0} articles were not told at once: the mails of that hour were used up.",
                digest.held_back,
            )
        if digest.rest_at is not None:
            rest = speaker.moment(digest.rest_at, beside)
            yield speaker.say("No more mails of this kind in this hour; the rest comes at {}.", rest)

    def _tally(self) -> str:
        speaker, groups = self._speaker, self._groups
        articles = len({one.article_id for one in self._digest.articles})
        parts = [
            f"{unbroken(clean(one.title))}\N{NO-BREAK SPACE}({self._number(one).replace(' ', chr(0xA0))})"
            for one in groups
            if one.size
        ]
        # Each has its number at its heading too; of a hundred topics nobody reads a line.
        rest = len(parts) - _TALLIED
        if rest > 0:
            parts[_TALLIED:] = [speaker.say("and {0} more", speaker.number(rest))]
        changes = sum(len(one.changes) for one in groups)
        edits = [speaker.many("{0} edit", "{0} edits", changes)] if changes else []
        if not parts and not changes and self._digest.subscription.empty is not Empty.SKIP:
            return speaker.say("Nothing matched. This mail only says that Presswatch is running.")
        if not parts:
            return ". ".join([speaker.say("Nothing matched"), *edits])
        stories = len({story_id(self._digest, one) for one in self._digest.articles})
        total = speaker.many("{0} article", "{0} articles", articles)
        if stories < articles:
            total = speaker.many("{1} in {0} story", "{1} in {0} stories", stories, total)
        return f"{total}: {', '.join([*parts, *edits])}"

    def _number(self, one: Group) -> str:
        """Return ``7; usually 3``."""
        number = self._speaker.number(one.size)
        if one.usual is None:
            return number
        return self._speaker.say("{0}; usually {1}", number, self._speaker.typical(one.usual))

    def _told(self, room: Room) -> Iterable[GroupView]:
        groups, speaker = self._groups[: room.topics], self._speaker
        # The first of every topic comes before the second of any: a loud topic cannot push a quiet one out. Nor can
        # its stories push its edits out, which have no shorter form, or these the stories.
        order = sorted(
            (rank, index, edited)
            for index, one in enumerate(groups)
            for edited, number in ((False, len(one.items) + len(one.references)), (True, len(one.changes)))
            for rank in range(number)
        )
        full = len(order) if room.full is None else room.full
        brief = len(order) if room.brief is None else room.brief
        in_full, in_brief = set(order[:full]), set(order[full : full + max(0, brief)])
        told = {
            item.article.article_id
            for index, one in enumerate(groups)
            for rank, item in enumerate(one.items)
            if (rank, index, False) in in_full
        }
        for index, one in enumerate(groups):
            views: list[list[ItemView]] = [[], []]
            left_out = 0
            for rank, item in enumerate((*one.items, *one.references)):
                place = rank, index, False
                if place in in_full or place in in_brief:
                    whole, in_detail = place in in_full, item.article.article_id in told
                    key = (index, rank, whole, in_detail)
                    if key not in self._items:
                        self._items[key] = self._item(item, whole=whole, in_detail=in_detail)
                    views[item.under is not None].append(self._items[key])
                else:
                    left_out += 1
            edits = [
                edit
                for rank, edit in enumerate(one.changes)
                if (rank, index, True) in in_full or (rank, index, True) in in_brief
            ]
            left_out += len(one.changes) - len(edits)
            yield GroupView(
                title=clean(one.title),
                number=self._heading(one),
                items=tuple(views[0]),
                references=tuple(views[1]),
                changes=tuple(story.change(edit, speaker, self._digest) for edit in edits),
                over=self._over(one),
                left_out=speaker.many(
                    "{0} more: see the plain-text part of this mail",
                    "{0} more: see the plain-text part of this mail",
                    left_out,
                )
                if left_out
                else None,
            )

    def _left_out(self, topics: int) -> str | None:
        return (
            self._speaker.many(
                "and {0} more topic: see the plain-text part",
                "and {0} more topics: see the plain-text part",
                topics,
            )
            if topics
            else None
        )

    def _heading(self, one: Group) -> str:
        """Return ``7 articles in 5 stories, usually 3 on a Sunday``."""
        speaker = self._speaker
        said = speaker.many("{0} article", "{0} articles", one.size)
        if one.stories < one.size:
            said = speaker.many("{1} in {0} story", "{1} in {0} stories", one.stories, said)
        if one.usual is None:
            return said
        day = speaker.day_of_week(self._digest.due_at)
        return f"{said}, {speaker.say('usually {0} on a {1}', speaker.typical(one.usual), day)}"

    def _over(self, one: Group) -> Linked | None:
        if not one.over:
            return None
        url, digest = self._stationery.public_url, self._digest
        if url:
            asked = {
                "topic_id": one.topic_id,
                "seq__gt": digest.from_seq,
                "seq__lte": digest.to_seq,
                "_sort_desc": "seq",
            }
            url = f"{url.rstrip('/')}/archive/matched_articles?{urlencode(asked)}"
        return Linked(self._speaker.say("+{0} more", one.over), link(url))

    def _item(self, item: Item, *, whole: bool, in_detail: bool) -> ItemView:
        if item.under is None:
            return story.item(item, self._speaker, self._digest, whole=whole)
        return story.reference(item, item.under, self._speaker, whole=whole, in_detail=in_detail)


def _in_turn(groups: Sequence[Group]) -> Iterable[Sequence[Item]]:
    """Yield the first story of every topic, then the second of every topic, and so on."""
    for rank in range(max((len(one.items) for one in groups), default=0)):
        yield [one.items[rank] for one in groups if rank < len(one.items)]
