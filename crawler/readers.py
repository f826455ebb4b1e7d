"""The shape of subscribers.yaml, and nothing else; what it means is for `crawler.subscribers` to say."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator

from crawler.shapes import Phrases, Query, Shape, kind, listed
from crawler.values import Address, Country, Id, Language, Text

Names = Annotated[Phrases, BeforeValidator(listed, json_schema_input_type=Text | Phrases)]
_Languages = Annotated[tuple[Language, ...], Field(min_length=1)]
Languages = Annotated[_Languages, BeforeValidator(listed, json_schema_input_type=Language | _Languages)]
_Countries = Annotated[tuple[Country, ...], Field(min_length=1)]
Countries = Annotated[_Countries, BeforeValidator(listed, json_schema_input_type=Country | _Countries)]


class InstantShape(Shape):
    """What holds for this subscriber, instead of instant in settings.yaml."""

    grown: Annotated[int, Field(ge=1)] | None = None
    """By how many outlets a story must grow until it is told at once again."""
    per_hour: Annotated[int, Field(ge=1)] | None = None
    """How many such mails come in an hour at most; the rest joins the next digest."""


class LeftOut(Shape):
    """What a subscriber does not want to be told of."""

    languages: Languages = ()
    """Languages of articles, e.g. [en]."""
    sources: Names = ()
    """Sources from sources.yaml."""
    countries: Countries = ()
    """Countries of sources, e.g. [US]."""


class Subscriber(Shape):
    """One reader, or one list of readers who get the same digest. Topics or a query are needed, or both."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": [name]} for name in ("topics", "query")]}
    )

    id: Id
    """A short name that never changes once it is in use."""
    name: Text | None = None
    """Who this is; left out, the id."""
    to: Annotated[
        tuple[Address, ...], BeforeValidator(listed, json_schema_input_type=Address | tuple[Address, ...])
    ] = ()
    """Mail addresses, one or many; left out, the digest is written to data_dir/outbox."""
    topics: (
        Annotated[
            Annotated[Annotated[tuple[Text, ...], Field(min_length=1)], Tag("list")]
            | Annotated[Literal["all"], Tag("all")],
            Discriminator(
                kind,
                custom_error_type="shape",
                custom_error_message="a list of topics is needed here, e.g. [{example}], or the word all",
            ),
        ]
        | None
    ) = None
    """Topics from keywords.yaml, or the word all."""
    query: Query | None = None
    """What else to look for, in the query language of the topics: it may name them, as in @peru AND lang:es."""
    languages: Languages = ()
    """Only articles in these languages, e.g. [es]."""
    sources: Names = ()
    """Only what these sources published."""
    countries: Countries = ()
    """Only what sources of these countries published, e.g. [PE, BO]."""
    exclude: LeftOut = LeftOut()
    """Languages, sources and countries that are left out."""
    when: Names
    """When the digest is made: instant, hourly, daily at 07:00, weekdays at 07:00 and 18:00, weekly on monday at 08:00;
    or a list of them."""
    zone: Text
    """The time zone of these hours, e.g. America/Lima."""
    quiet: Text | None = None
    """Hours in which no mail is made, e.g. 22:00 to 07:00; what is due in them waits for their end."""
    empty: Literal["skip", "heartbeat", "weekly-proof"] = "skip"
    """Of nothing to tell: skip (no mail), heartbeat (a mail that says so), weekly-proof (such a mail once a week)."""
    cap: Annotated[int, Field(ge=1)] | None = None
    """How many stories of one topic are told; the others are counted."""
    language: Language = "en"
    """The language of the digest's own words: en or es."""
    channel: Literal["mail", "folder"] | None = None
    """folder: written to data_dir/outbox, whatever else is set; left out, mail where there is a server."""
    backfill: bool = False
    """Whether what a new or changed topic finds in stored articles is told too."""
    thread: bool = False
    """Whether all digests are one thread in a mail program."""
    spikes: bool | None = None
    """Whether an alert comes when a topic has far more articles than usual; left out: to those with when: instant."""
    instant: InstantShape = InstantShape()
    """Of when: instant, how much is told."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.topics is None and self.query is None:
            raise ValueError("topics or a query is needed here, e.g. topics: all")
        return self


class SubscribersFile(Shape):
    """subscribers.yaml: who gets what, and when."""

    subscribers: tuple[Subscriber, ...]
