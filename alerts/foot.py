"""Says how a digest ends: what could not be read, why one gets it, and how to leave."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from alerts.model import Digest, Subscription
from alerts.safe import clean, shorten
from alerts.view import CoverageView, Leave
from alerts.words import Speaker
from archive.model import Coverage

# A source that was not read for so many days is said to be so, in days: nobody counts from a date.
_LONG = 2


def said(digest: Digest, speaker: Speaker) -> str:
    """Return how many sources were read, how many had trouble, and about how much was missed by that."""
    ill = len({one.source_id for one in digest.coverage})
    parts = [
        speaker.many("{0} source was read.", "{0} sources were read.", digest.sources_read)
        if digest.sources_read
        else speaker.say("No source could be read.")
    ]
    missed = round(digest.missed)
    if missed:
        parts.append(
            speaker.many(
                "About {0} item came and went unread.", "About {0} items came and went unread.", missed
            )
        )
    if ill:
        parts.append(speaker.many("{0} had trouble:", "{0} had trouble:", ill))
    elif digest.sources_read and not missed:
        parts.append(speaker.say("Nothing is known to be missing."))
    return " ".join(parts)


def troubles(coverage: Iterable[Coverage], digest: Digest, speaker: Speaker) -> tuple[CoverageView, ...]:
    """Return each trouble once, with all who have it: of forty sources that a cut line hides, one block is read."""
    found: dict[str, dict[str, dict[str, list[str]]]] = {}
    for one in coverage:
        detail = shorten(speaker.detail(clean(one.detail), digest.due_at), 160)
        same = found.setdefault(clean(speaker.kind(one.kind)), {}).setdefault(detail, {})
        same.setdefault(_since(one, speaker, digest), []).append(shorten(one.source_name, 120) or "—")
    return tuple(_trouble(kind, details, speaker) for kind, details in found.items())


def _trouble(kind: str, details: Mapping[str, Mapping[str, Sequence[str]]], speaker: Speaker) -> CoverageView:
    """Return one kind of trouble, ``details`` being who has it since when; a detail that all have stands with it."""
    shared = next(iter(details)) if len(details) == 1 else ""
    what = ": ".join(part for part in (kind, shared) if part)
    return CoverageView(
        what=f"{what[:1].upper()}{what[1:]}",
        who=tuple(
            (speaker.several(names), ": ".join(part for part in (since, "" if shared else detail) if part))
            for detail, sinces in details.items()
            for since, names in sinces.items()
        ),
    )


def _since(one: Coverage, speaker: Speaker, digest: Digest) -> str:
    since = speaker.say("since {}", speaker.moment(one.since, digest.due_at))
    days = (digest.due_at - one.since).days
    return f"{since} ({speaker.many('{0} day', '{0} days', days)})" if days >= _LONG else since


def why(digest: Digest, when: str, speaker: Speaker) -> tuple[str, ...]:
    """Return why somebody gets this digest, and of which zone its hours are."""
    return reason(digest.subscription, when, digest.due_at, speaker)


def reason(subscription: Subscription, when: str, at: datetime, speaker: Speaker) -> tuple[str, ...]:
    """Return why somebody gets a mail of this subscription, and of which zone its hours are."""
    about = {"name": clean(subscription.name), "when": when}
    because = (
        speaker.say("You get this because your address is on the Presswatch list “{name}” ({when}).", **about)
        if subscription.to
        else speaker.say(
            "This is not mailed: the Presswatch list “{name}” ({when}) names no address, "
            "so it is kept as a file.",
            **about,
        )
    )
    return because, speaker.say("Times are {}.", speaker.zone_name(at))


def leaving(leave: Leave | None, speaker: Speaker) -> tuple[str, str]:
    """Return what stands before and after the place where a reader can leave."""
    # Filled with a mark that no catalogue holds: the place is a link in one part and bare in the other.
    mark = "\0"
    form = (
        speaker.say("To leave, write to {}.", mark)
        if leave and leave.by_mail
        else speaker.say("To leave: {}", mark)
    )
    before, _, after = form.partition(mark)
    return before, after


def leave_label(speaker: Speaker) -> str:
    """Return what a link to the page for leaving says, where a link can say anything."""
    return speaker.say("Unsubscribe from this list")
