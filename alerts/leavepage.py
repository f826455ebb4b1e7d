"""What a reader sees who follows a link to leave: pure.

    ask      whose link it is, and the button      left    it was pressed, now or before
    refused  the link is none of ours              later   nothing could be written down

The page speaks the language of the subscription. Of a link that we did not sign nothing is known, and nothing of it is
believed: then the reader's browser says which languages they read.
"""

from __future__ import annotations

from dataclasses import dataclass

from alerts.layout import own_templates
from alerts.leave import ONE_CLICK, Wanted
from alerts.safe import clean
from alerts.words import catalogue, spoken

_MOST_LANGUAGES = 30  # that a browser may name


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known of who wants to leave: the list's name and language, None of a list that is no more; ``left``."""

    name: str
    language: str | None
    left: bool


def page(what: str, accepted: str, wanted: Wanted | None = None, standing: Standing | None = None) -> str:
    """Return the page. ``accepted``: the request's Accept-Language, which anybody may have written."""
    language = spoken(standing.language or "") if standing else None
    language = language or preferred(accepted) or "en"
    say = catalogue(language).gettext
    title, line, small = {
        "ask": (say("Leave this list?"), "", say("Nothing changes until you press the button.")),
        "left": (
            say("You have left this list"),
            say("Nothing more from this list is sent to you."),
            say(
                "Other lists go on as before. If this was a mistake, write to whoever signed you up: "
                "only there can it be undone."
            ),
        ),
        "later": (
            say("Not now, sorry"),
            say("This could not be saved just now. Nothing was changed; please try again in a few minutes."),
            "",
        ),
        "refused": (
            say("This link does not work"),
            say(
                "Nothing was changed. Open the link as it stands in the mail, whole; "
                "or write to whoever signed you up."
            ),
            "",
        ),
    }[what]
    name = standing.name if standing else wanted.subscription_id if wanted else ""
    facts = ((say("List"), clean(name)), (say("Address"), clean(wanted.recipient))) if wanted else ()
    return (
        own_templates()
        .get_template("unsubscribe.html")
        .render(
            language=language,
            title=title,
            facts=facts,
            line=line,
            small=small,
            button=say("Unsubscribe") if what == "ask" else None,
            field=ONE_CLICK,
        )
    )


def preferred(accepted: str) -> str | None:
    """Return the language of ours that a browser would rather have, None where it names none (RFC 9110, 12.5.4)."""
    found: list[tuple[float, str]] = []
    for one in accepted.split(",")[:_MOST_LANGUAGES]:
        tag, _, weight = one.partition(";")
        language = spoken(tag.strip())
        try:
            quality = float(weight.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if language and quality > 0:
            found.append((quality, language))
    return max(found, key=lambda one: one[0])[1] if found else None
