"""The shapes of the four files that operators edit, and nothing else: nothing is read or looked up here.

    settings.yaml     Settings         sources.yaml       SourcesFile
    keywords.yaml     KeywordsFile     subscribers.yaml   SubscribersFile

`crawler.config` reads the files and turns these shapes into the values that flow through the program;
`crawler.editors` makes of them the schemas from which editors complete and check.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Discriminator, Field, Tag, model_validator

from crawler.readers import SubscribersFile
from crawler.shapes import Days, Phrases, Queries, Query, Shape, kind
from crawler.values import (
    Address,
    Ascii,
    Country,
    Css,
    Edition,
    Example,
    FeedUrl,
    HeaderName,
    Host,
    Id,
    Interval,
    Keep,
    Language,
    LeaveUrl,
    Network,
    Port,
    Seconds,
    Size,
    Text,
    WebUrl,
)

# --- settings.yaml ----------------------------------------------------------------------------------------


class Web(Shape):
    """The researchers' pages."""

    host: Host = "127.0.0.1"
    """Where the pages listen; 127.0.0.1 is this computer only."""
    port: Port = 8001
    """The port they listen on."""
    public_url: WebUrl | None = None
    """The address that readers use, if it is another one (behind a proxy)."""


class NetworkSettings(Shape):
    """How the spiders behave towards other people's servers."""

    contact: Ascii | None = None
    """A page or mail address at which a newspaper can reach you; it is sent with every request."""
    user_agent: Ascii | None = None
    """Replaces the whole name under which Presswatch asks; left out, it is made from version and contact."""
    allow_private: tuple[Network, ...] = ()
    """Private networks that spiders may enter, e.g. 127.0.0.0/8. Empty: the public internet only."""
    delay: Annotated[Seconds, Field(ge=0)] = 1.0
    """Seconds between two requests to one host."""
    timeout: Annotated[Seconds, Field(gt=0, json_schema_extra={"default": "30s"})] = 30.0
    """How long one answer may take."""
    max_bytes: Annotated[Size, Field(ge=1, json_schema_extra={"default": "10MB"})] = 10_000_000
    """The largest feed or page that is read."""
    max_entries: Annotated[int, Field(ge=1)] = 5000
    """How many entries of one feed are read; it is said aloud when there were more."""

    @property
    def agent(self) -> str:
        """The User-Agent header: the operator's own, or name, version and contact."""
        if self.user_agent:
            return self.user_agent
        try:
            name = f"Presswatch/{version('presswatch')}"
        except PackageNotFoundError:  # run from a checkout that was never installed
            name = "Presswatch"
        return f"{name} (+{self.contact})" if self.contact else name


class Mail(Shape):
    """The server that takes our mail. Without one, each message is written to data_dir/outbox."""

    host: Host
    """The name of the mail server."""
    port: Port | None = None
    """Left out: 587 for starttls, 465 for tls, 25 for none."""
    security: Literal["none", "starttls", "tls"] = "starttls"
    """How the line is protected."""
    username: Text | None = None
    """The account, if the server asks for one."""
    password_env: Text | None = None
    """The environment variable that holds the password: passwords do not belong in this file."""
    sender: Annotated[Address, Field(alias="from")]
    """The address that the digests come from."""
    reply_to: Address | None = None
    """Where answers go, if not to the sender."""
    unsubscribe: LeaveUrl | None = None
    """A web address or mailto: at which readers can leave."""


class InstantDefaults(Shape):
    """What holds for subscribers who are told at once (when: instant)."""

    grown: Annotated[int, Field(ge=1)] = 5
    """By how many outlets a story must grow until it is told at once again."""
    per_hour: Annotated[int, Field(ge=1)] = 6
    """How many such mails one subscriber gets in an hour at most; the rest joins the next digest."""


class Settings(Shape):
    """settings.yaml: how this installation runs. Every setting has a default."""

    data_dir: Text = "data"
    """The folder for the archive, seen from the folder in which presswatch is started."""
    languages: Annotated[tuple[Language, ...], Field(min_length=1)] = ("en", "es")
    """The languages of the press you read."""
    retention: Annotated[Keep, Field(json_schema_extra={"default": "90d"})] = 90 * 86400.0
    """How long the text of articles that match nothing is kept."""
    web: Web = Web()
    network: NetworkSettings = NetworkSettings()
    mail: Mail | None = None
    instant: InstantDefaults = InstantDefaults()

    @property
    def folder(self) -> Path:
        """The folder for the archive; a ``~`` is the operator's home."""
        return Path(self.data_dir).expanduser()


# --- keywords.yaml ----------------------------------------------------------------------------------------


class Examples(Shape):
    """Sentences that `presswatch check` tries the topic on."""

    match: tuple[Example, ...] = ()
    """Sentences that the topic must find."""
    no_match: tuple[Example, ...] = ()
    """Sentences that it must not find."""


class TopicShape(Shape):
    """One thing to look for: terms, query or dates, at least one of them. Any of them is enough for a match."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": [name]} for name in ("terms", "query", "dates")]}
    )

    title: Text | None = None
    """What readers see; left out, the topic's own name."""
    terms: (
        Annotated[
            Annotated[Phrases, Tag("list")]
            | Annotated[Annotated[dict[Language, Phrases], Field(min_length=1)], Tag("mapping")],
            Discriminator(
                kind,
                custom_error_type="shape",
                custom_error_message="a list of phrases is needed here, e.g. [{example}], or one list for "
                "each language (en: [...], es: [...])",
            ),
        ]
        | None
    ) = None
    """The phrases to look for: a list, or one list for each language."""
    query: Query | None = None
    """What to look for in the query language: AND, OR, NOT, NEAR/5, "a phrase", title:word, @topic, and more."""
    dates: Days = ()
    """Days to look for in all their spellings: 07-19 in every year, 2026-07-19 in one."""
    exclude: tuple[Text, ...] = ()
    """Phrases whose words do not count; the rest of the article still does."""
    require: Queries = ()
    """Queries that an article must match too, every one of them; what they find is not shown."""
    examples: Examples = Examples()


class KeywordsFile(Shape):
    """keywords.yaml: what to look for."""

    topics: dict[Id, TopicShape]
    """Topic by topic; the name before the colon never changes once it is in use."""


# --- sources.yaml -----------------------------------------------------------------------------------------


class EndpointShape(Shape):
    """One address of a source: a feed, a sitemap or a section page; or a search for a topic."""

    feed: FeedUrl | None = None
    """The address of a feed: RSS, Atom or JSON Feed."""
    sitemap: FeedUrl | None = None
    """The address of a sitemap, of a Google News sitemap, or of an index of either."""
    section: FeedUrl | None = None
    """The address of a page that lists articles, for a site that has neither."""
    search: Text | None = None
    """A topic from keywords.yaml: a news search engine is asked for it, and finds outlets that nobody listed."""
    engine: Literal["google", "bing"] | None = None
    """Of a search: the engine; left out, google."""
    editions: Annotated[tuple[Edition, ...], Field(min_length=1)] | None = None
    """Of a search: languages and countries, e.g. [es-PE, en-US]; left out, those of the source."""
    every: Interval | None = None
    """How often to look, e.g. 15m; left out, Presswatch decides."""

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        if sum(one is not None for one in (self.feed, self.sitemap, self.section, self.search)) != 1:
            raise ValueError("exactly one of these is needed here: feed, sitemap, section or search")
        if self.search is None and (self.engine or self.editions):
            raise ValueError("engine and editions are settings of a search")
        return self


class SelectorsShape(Shape):
    """Where the parts of a site stand, as CSS selectors."""

    links: Css | None = None
    """On a section page: the links to articles, e.g. h2 a."""
    title: Css | None = None
    """On the page of an article: its headline."""
    text: Css | None = None
    """Its text: one element, or each of its paragraphs."""
    author: Css | None = None
    """Who wrote it."""
    date: Css | None = None
    """When it was published: a <time>, a <meta>, or an element that says so in words."""


class SourceShape(Shape):
    """One newspaper, agency or station."""

    id: Id
    """A short name that never changes once it is in use."""
    name: Text
    """What readers see."""
    country: Country | None = None
    """Two capital letters (PE), or a region (INT, LATAM)."""
    language: Language | None = None
    """The language it writes in."""
    tags: tuple[Text, ...] = ()
    """Words of your own, to group sources by."""
    pages: bool = True
    """Whether the pages of its articles are fetched."""
    refetch: Literal["matched", "all", "none"] = "matched"
    """Whose pages are fetched again, 1, 6 and 24 hours later: matched articles, all, or none."""
    user_agent: Ascii | None = None
    """What we call ourselves there, instead of network.user_agent."""
    verify: bool = True
    """Whether its server must prove by a certificate that it is the one; false: it need not."""
    headers: dict[HeaderName, Ascii] = Field(default_factory=dict)
    """Headers that its server wants, e.g. Accept-Language: es-PE."""
    username: Text | None = None
    """The name for a server that wants one (HTTP Basic)."""
    password_env: Text | None = None
    """The environment variable that holds the password."""
    selectors: SelectorsShape = SelectorsShape()
    """For a site whose articles are not found, or not read well."""
    endpoints: Annotated[tuple[EndpointShape, ...], Field(min_length=1)]
    """Its feeds, sitemaps, section pages and searches."""


class SourcesFile(Shape):
    """sources.yaml: where to look."""

    sources: tuple[SourceShape, ...]


FILES: dict[str, type[Shape]] = {
    "settings": Settings,
    "keywords": KeywordsFile,
    "sources": SourcesFile,
    "subscribers": SubscribersFile,
}
"""The four files, by name."""
