"""Says one story of a digest, and one edit."""

from __future__ import annotations

from collections.abc import Sequence

from alerts.grouping import Item
from alerts.model import Digest
from alerts.quote import TITLE, Piece
from alerts.safe import clean, language_tag, link, shorten, tidy
from alerts.view import ChangeView, ItemView, Linked, SpreadView
from alerts.words import Speaker
from archive.model import Content, TermChange

_NAMED = 6  # outlets of a story that are named; the rest is counted


def item(item: Item, speaker: Speaker, digest: Digest, *, whole: bool) -> ItemView:
    """Return a story as the topic says it that tells it in full, where there is room for it; else its headline."""
    one = item.article
    place = [speaker.moment(one.published_at, digest.due_at) if one.published_at else speaker.say("undated")]
    notes = []
    if whole:
        language = speaker.tongue(one.language) if one.language else None
        place += [language] if language else []
        place += [speaker.say("by {}", shorten(one.author, 80))] if one.author and clean(one.author) else []
        place += [_read(one.content, speaker)]
        if one.wire:
            notes.append(speaker.say("Agency: {}.", shorten(one.wire, 80)))
        if item.also:
            notes.append(_sentence(_also([clean(title) for title in item.also], speaker)))
        for hit in item.variants:
            # Whole sentences, for a language may order the two words as it likes.
            say = speaker.say
            words = shorten(hit.text, 80), shorten(hit.variant.strip("~*"), 80)
            notes.append(
                say("Matched as “{0}”, one slip from “{1}”.", *words)
                if hit.how == "fuzzy"
                else say("Matched as “{0}”, another way to write “{1}”.", *words)
            )
        notes += _elsewhere(item, speaker)
        if not link(one.url):
            notes.append(_sentence(speaker.say("the feed gave no link")))
    return _article(item, speaker, " · ".join(place), notes, whole=whole)


def reference(item: Item, under: str, speaker: Speaker, *, whole: bool, in_detail: bool) -> ItemView:
    """Return a story that another topic tells; ``in_detail`` says that there is room for more of it there."""
    # Only where no mark shows why it stands here: the full item names what matched elsewhere too.
    shown = any(piece.hit for piece in (*item.title, *item.quote))
    notes = _elsewhere(item, speaker) if whole and not shown else []
    topic = clean(under)
    where = speaker.say("told in full under {}", topic) if in_detail else _also([topic], speaker)
    return _article(item, speaker, where, notes, whole=whole)


def _also(topics: Sequence[str], speaker: Speaker) -> str:
    return speaker.many("also under {1}", "also under {1}", len(topics), speaker.several(topics))


def _article(item: Item, speaker: Speaker, meta: str, notes: Sequence[str], *, whole: bool) -> ItemView:
    one = item.article
    marks = [speaker.say("continues")] if item.continues else []
    marks += [speaker.say("paywall")] if one.paywalled else []
    return ItemView(
        whole=whole,
        title=tidy(item.title) or (Piece(shorten(one.url or "", TITLE) or "—"),),
        url=link(one.url),
        language=language_tag(one.language),
        outlet=_outlet(one.source_name, one.country, speaker),
        meta=meta,
        marks=tuple(marks),
        quote=tidy(item.quote) if whole else (),
        spread=_spread(item, speaker) if whole and item.under is None else None,
        notes=tuple(notes),
    )


def _spread(item: Item, speaker: Speaker) -> SpreadView | None:
    """Return who had the story first, and in which other outlets it is; of many, in how many more.

    The outlet that the reader has before them is neither one of the others nor linked: the headline leads there.
    """
    if item.story is None or len(item.story.copies) < 2:
        return None
    here = _named(item.article.source_name)
    links = {_named(one.outlet): link(one.url) for one in item.story.copies}
    # Of an outlet that has it twice, what the topic found.
    new = {_named(one.source_name): link(one.url) for one in reversed(item.copies)}
    links |= new | {here: None}
    first, *others = (_named(one.outlet) for one in item.story.copies)
    others = [name for name in others if name != here]
    # Filled with a mark that no catalogue holds: it is a link in one part and bare in the other.
    said = (
        speaker.many(
            "First in {1}, also in {0} other outlet:",
            "First in {1}, also in {0} other outlets:",
            len(others),
            "\0",
        )
        if others
        else speaker.say("First in {}.", "\0")
    )
    before, _, after = said.partition("\0")
    shown = [name for rank, name in enumerate(others) if rank < _NAMED or new.get(name)]
    rest = len(others) - len(shown)
    return SpreadView(
        before=before,
        first=Linked(first, links.get(first)),
        after=after,
        others=(
            *(Linked(name, links.get(name)) for name in shown),
            *([Linked(speaker.say("and {0} more", rest), None)] if rest else []),
        ),
    )


def _outlet(name: str, code: str | None, speaker: Speaker) -> str:
    country = speaker.country(code)
    name = _named(name)
    return f"{name}, {clean(country)}" if country else name


def _named(outlet: str) -> str:
    return shorten(outlet, 120) or "—"


def _read(content: Content, speaker: Speaker) -> str:
    return {
        Content.TITLE: speaker.say("title only"),
        Content.SUMMARY: speaker.say("summary only"),
        Content.FULL: speaker.say("full text"),
    }[content]


def _elsewhere(item: Item, speaker: Speaker) -> list[str]:
    return [
        speaker.say("Matched in {0}: “{1}”.", speaker.field(hit.field), shorten(hit.text, 80))
        for hit in item.elsewhere
    ]


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


# --- edits ------------------------------------------------------------------------------------------------


def changed(edit: Sequence[TermChange], speaker: Speaker, digest: Digest) -> str:
    """Return ``“Boluarte” left the headline at 16:02``, of several terms with all of them; and the day, of another."""
    one = edit[0]
    texts = list(dict.fromkeys(shorten(term.text, 80) for term in edit))
    # The quotes around them are the message's.
    words = speaker.say("”, “").join(texts)
    say, at = speaker.say, speaker.clock(one.at)
    if one.at.astimezone(speaker.zone).date() != digest.due_at.astimezone(speaker.zone).date():
        at = f"{at} ({speaker.day_of_month(one.at)})"
    match one.field, one.came:
        case "title", True:
            return say("“{0}” appeared in the headline at {1}", words, at)
        case "title", False:
            return say("“{0}” left the headline at {1}", words, at)
        case "summary", True:
            return say("“{0}” appeared in the summary at {1}", words, at)
        case "summary", False:
            return say("“{0}” left the summary at {1}", words, at)
        case _, True:
            return say("“{0}” appeared in the text at {1}", words, at)
        case _:
            return say("“{0}” left the text at {1}", words, at)


def change(edit: Sequence[TermChange], speaker: Speaker, digest: Digest) -> ChangeView:
    """Return an edit as an item of its own, with the headline as it is, and as it was where it is another."""
    one = edit[0]
    before, after = shorten(one.before, TITLE), shorten(one.after, TITLE)
    return ChangeView(
        said=changed(edit, speaker, digest),
        title=after or shorten(one.url or "", TITLE) or "—",
        was=speaker.say("Before: {}", before) if before and before != after else None,
        url=link(one.url),
        language=language_tag(one.language),
        meta=_outlet(one.source_name, one.country, speaker),
    )
