"""The mail that says that a topic spikes: numbers, a chart of the last day, the newest headlines. Pure.

The chart is made of characters in the text part, and of a table with coloured cells in the HTML part: a mail program
that shows no images shows it, and so does one that knows no styles, for every hour has its numbers beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from alerts import envelope, foot
from alerts.envelope import Letter
from alerts.layout import own_templates, styled
from alerts.model import DigestKind, MailServer, Message, Subscription
from alerts.quote import TITLE
from alerts.safe import clean, language_tag, link, shorten
from alerts.spike import Spike
from alerts.watch import read_when, read_zone
from alerts.words import Speaker
from archive.model import Headline

WIDTH = 30  # characters of the longest bar
_SUBJECT_TITLE = 40  # characters: a reader's own query is a topic's title too
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A spike as one subscription is told of it, of what it wants to read; ``headlines``: the newest of that."""

    subscription: Subscription
    topic_id: str
    topic_title: str
    spike: Spike
    headlines: Sequence[Headline]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One hour of the chart: ``full`` of `WIDTH` is what there was, ``dots`` how much more were usual."""

    hour: str
    count: int
    usual: str
    full: int
    dots: int
    late: bool


def render(alarm: Alarm, recipients: Sequence[str], server: MailServer | None) -> list[Message]:
    """Return the mail for each recipient; made again it is the same. Raises ValueError as `envelope.seal` does."""
    subscription, spike = alarm.subscription, alarm.spike
    speaker = Speaker(subscription.language, read_zone(subscription.zone))
    leave, own = envelope.ways_out(server, subscription, recipients)
    title = shorten(alarm.topic_title, TITLE)
    when = speaker.schedule(read_when(subscription.when))
    words: dict[str, Any] = {
        "language": speaker.language,
        "subject": speaker.say(
            "{title} spikes: {count} articles in {hours}, usually {usual}",
            title=shorten(title, _SUBJECT_TITLE),
            count=spike.count,
            hours=speaker.many("one hour", "{0} hours", spike.hours),
            usual=speaker.typical(spike.usual),
        ),
        "label": speaker.say("Alert"),
        "name": clean(subscription.name),
        "day": f"{speaker.weekday(alarm.at)}, {speaker.clock(alarm.at)}",
        "title": title,
        "said": speaker.say(
            "{count} articles {hours}. On a {day} at this time, there are usually {usual}.",
            count=spike.count,
            hours=speaker.many("in the last hour", "in the last {0} hours", spike.hours),
            day=speaker.day_of_week(alarm.at),
            usual=speaker.typical(spike.usual),
        ),
        "chance": speaker.say(
            "By chance alone, so many would come less than once in {0} such times.", _times(spike.chance)
        ),
        "chart": speaker.say("The last 24 hours, hour by hour"),
        "legend": speaker.say("articles, and in brackets how many are usual"),
        "bars": tuple(_bars(alarm, speaker)),
        "newest": speaker.say("The newest"),
        "headlines": tuple(
            {
                "title": shorten(one.title, TITLE) or "—",
                "url": link(one.url),
                "source": shorten(one.source, 120) or "—",
                "language": language_tag(one.place.language),
            }
            for one in alarm.headlines
        ),
        "note": speaker.say(
            "Counted is what this list takes in, of sources that were read all four weeks before. "
            "For a day, no second alert of this topic comes."
        ),
        "foot": foot.reason(subscription, when, alarm.at, speaker),
        "leave": leave,
        "leave_said": foot.leaving(leave, speaker),
        "leave_label": foot.leave_label(speaker),
    }
    letter = Letter(
        subscription=subscription,
        identity=(subscription.id, DigestKind.SPIKE.value, alarm.topic_id, alarm.at.isoformat()),
        subject=words["subject"],
        date=alarm.at,
        language=speaker.language,
        text=own_templates().get_template("spike.txt").render(words),
        html=styled(own_templates().get_template("spike.html").render(words)),
    )
    return envelope.seal(letter, recipients, server, leave, own)


def _bars(alarm: Alarm, speaker: Speaker) -> list[Bar]:
    pace = alarm.spike.pace
    most = max(max(count, usual) for count, usual in pace)
    bars = []
    for back, (count, usual) in zip(reversed(range(len(pace))), pace, strict=True):
        full, expected = (round(number * WIDTH / most) for number in (count, usual))
        bars.append(
            Bar(
                hour=f"{speaker.clock(alarm.at - (back + 1) * HOUR)}",
                count=count,
                usual=speaker.number(_round(usual)),
                full=max(full, 1) if count else 0,
                dots=max(0, expected - full),
                late=back < alarm.spike.hours,
            )
        )
    return bars


def _round(number: float) -> float:
    return round(number, 1) if number < 10 else float(round(number))


def _times(chance: float) -> str:
    """Return one over the chance, as coarse as it is known: ``5,000``, and never more than a million."""
    times = min(1_000_000, int(1 / max(chance, 1e-9)))
    step = 10 ** (len(str(times)) - 1)
    return f"{times // step * step:,}".replace(",", "\u202f")
