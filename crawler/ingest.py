"""What an entry or a page means to the archive. Pure: it decides, `crawler.pipelines` stores.

    Entry  + KnownArticle | None ─▶ decide       ─▶ Intent
    Article + KnownArticle       ─▶ merge_page   ─▶ Fields

An entry is looked up by its key before anything of it is cleaned: most entries of most polls are known, and
unchanged.

The title of an article is the feed's, until either the feed or the page changes its own: whoever changed it last is
right. Both are remembered as they were last seen, so that neither takes back what the other said just by saying again
what it has said all along.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

import nh3

from archive.model import (
    TEASER,
    Article,
    Change,
    Entry,
    Fields,
    Intent,
    KnownArticle,
    PageOutcome,
    PublishedFrom,
)
from archive.normalize import clean, clean_line, joined
from crawler.clocks import only_clocks
from crawler.dates import sane
from crawler.redirectors import asks, opaque
from crawler.strayed import is_offer
from crawler.twins import bare
from crawler.urls import canonical, plain, refusal

# What starts a new line when HTML becomes text. Without it "<p>Peru</p><p>votes</p>" is one word.
_BLOCKS = {
    "address", "article", "aside", "blockquote", "br", "center", "dd", "details", "dialog", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header",
    "hgroup", "hr", "legend", "li", "main", "menu", "nav", "ol", "p", "pre", "search", "section", "summary", "ul",
}  # fmt: skip
# The parts of a table become blocks first: outside a table, as in a summary that was cut off, HTML ignores them.
_TABLE = re.compile(r"<(/?)(?=[tTcC])(?i:table|caption|thead|tbody|tfoot|tr|td|th)\b")
_TAG = re.compile(r"</?[a-z][a-z0-9]*>")
# It leaves only the named tags. Attributes: an empty dict would leave lang and title.
_CLEANER = nh3.Cleaner(tags=_BLOCKS, attributes={"*": set()})
_ANY_TAG = re.compile(r"<[^<>]*>")
MOST_TAGS = 4000
_MARKUP = re.compile(r"[<&]")

# Why a page was not read, though it is where its link led. A 404 may be the redirector's own.
_AT_ITS_PLACE = frozenset({
    "no_text", "robots", "http_401", "http_402", "http_403", "http_429", "http_451", "http_503",
})  # fmt: skip

# A title stands in every digest and every list as it is; a feed with one of 3 MB made a mail of 4 MB.
MAX_TITLE = 1000  # characters
MAX_AUTHOR = 200


def to_text(markup: str) -> str:
    """Return the text of what a feed calls a title or a summary: HTML, or plain text."""
    if markup.count("<") > MOST_TAGS:
        # The time that cleaning takes grows with the square of the depth; nobody writes a summary like that.
        markup = html.unescape(_ANY_TAG.sub("\n", markup))
    elif _MARKUP.search(markup):
        # Of tags only blocks are left, without attributes; each of them ends a line.
        blocks = _TABLE.sub(r"<\1div", clean(markup))
        markup = html.unescape(_TAG.sub("\n", _CLEANER.clean(blocks)))
    return clean(markup)


def shortened(line: str, most: int) -> str:
    """Return ``line``, cut after a word where it has more than ``most`` characters, with "…" for the rest."""
    if len(line) <= most:
        return line
    kept = line[: most - 1]
    if line[most - 1] != " ":
        # Half a word might be another word, and match. A line without a space in it is cut where it must be.
        kept = kept.rpartition(" ")[0] or kept
    return kept.rstrip() + "…"


def offer_hash(entry: Entry) -> str:
    """Return the fingerprint of an entry as offered: the same entry again is recognised without reading it."""
    parts = (entry.title, entry.summary, entry.author or "", str(entry.published_at or ""), entry.link or "")
    return hashlib.blake2b("\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def merge_same(entries: Iterable[Entry], known: Mapping[str, KnownArticle] | None = None) -> list[Entry]:
    """Return the entries with one for each article: for each key, or each article of ``known`` by its keys.

    Some feeds give several entries one link (a live blog, a home page). They are one article, and what the
    later ones say is kept in its summary: nothing that was offered is lost. Two keys may be one article as
    well, an alias of each other; taken one by one, each would revise what the other said, at every poll. So are an
    entry whose link leads on, and one with that link alone. A link that leads to several places tells nothing.
    """
    entries = tuple(entries)
    leads: dict[str, set[str]] = {}
    for entry in entries:
        for link in entry.also:
            leads.setdefault(link, set()).add(entry.key)
    groups: dict[str | int, list[Entry]] = {}
    for offered in entries:
        also = tuple(link for link in offered.also if len(leads[link]) == 1)
        entry = offered if also == offered.also else replace(offered, also=also)
        one = known.get(entry.key) if known else None
        led = leads.get(entry.key, ())
        key = next(iter(led)) if len(led) == 1 else entry.key
        groups.setdefault(one.article_id if one else key, []).append(entry)
    return [_merged(group) for group in groups.values()]


def _merged(group: list[Entry]) -> Entry:
    first, *others = group
    if not others:
        return first
    texts = dict.fromkeys(text for other in others for text in (other.title, other.summary) if text)
    more = [text for text in texts if text not in (first.title, first.summary)]
    led = next((one for one in group if one.also), first)
    return replace(
        first,
        key=led.key,
        url=led.url,
        also=tuple(dict.fromkeys(link for one in group for link in one.also)),
        refused=led.refused,
        summary="<br>".join(text for text in (first.summary, *more) if text),
        twins=(
            *first.twins,
            *(twin for other in others for twin in ((other.guid, other.link), *other.twins)),
        ),
    )


def decide(entry: Entry, known: KnownArticle | None, *, language: str | None, now: datetime) -> Intent:
    """Return what is to be done about ``entry``. Deciding the same entry again says `Change.SAME`.

    ``language`` is the source's, for entries that name none.
    """
    fingerprint = offer_hash(entry)
    if known is None:
        fields = _fields(entry, language, now)
        return Intent(
            entry=entry,
            offer_hash=fingerprint,
            change=Change.NEW,
            why="new",
            fields=fields,
            offered_title=fields.title,
        )
    if known.offer_hash == fingerprint:
        return Intent(
            entry=entry, offer_hash=fingerprint, change=Change.SAME, why="same", was=known,
            offered_title=known.offered_title,
        )  # fmt: skip
    offered = _fields(entry, language, now)
    if known.offer_hash is None:
        # Another feed offers an article that we have: it fills gaps, and changes nothing that stands.
        fields = _fill(known, offered)
        change, why = Change.SAME, "offered again"
    else:
        title = offered.title or known.title
        if offered.title == known.offered_title:
            title = known.title
        summary = _with_others(offered.summary or known.summary, known, title)
        fields = replace(
            offered,
            title=title,
            summary=known.summary if only_clocks(known.summary, summary, offered.language) else summary,
            text=known.text,
            paywalled=known.paywalled,
            # What the page said, or its text showed, stands above what the feed and the source say.
            language=None if known.text else offered.language,
            author=offered.author or known.author,
            published_at=offered.published_at or known.published_at,
            published_from=offered.published_from if offered.published_at else known.published_from,
        )
        revised = (fields.title, fields.summary) != (known.title, known.summary)
        change, why = (Change.REVISED, "entry revised") if revised else (Change.SAME, "same words")
    same = _same(known, fields)
    return Intent(
        entry=entry,
        offer_hash=fingerprint,
        change=change,
        why=why,
        was=known,
        fields=None if same else fields,
        offered_title=offered.title,
    )


def page_title(article: Article) -> str:
    """Return the title that a page gives itself, as it is stored."""
    return shortened(clean_line(article.title or ""), MAX_TITLE)


def merge_page(article: Article, known: KnownArticle) -> Fields:
    """Return the fields of an article whose page was read: the feed's words stand, the page fills the rest.

    Where the page was read before, what it has changed is taken: its text, and its title where that is another now.
    """
    text, title = clean(article.text), page_title(article)
    edited = bool(title and known.page_title) and title != known.page_title
    walled = _walled(article, text, known) or is_offer(text, known.text, paywalled=bool(article.paywalled))
    text = joined(text, *(text for _, _, text in known.others)) if text else known.text
    if walled or only_clocks(known.text, text, article.language):
        text = known.text
    published_at, published_from = known.published_at, known.published_from
    if published_at is None and article.published_at is not None:
        published_at, published_from = article.published_at, article.published_from
    return Fields(
        title=title if edited else known.title or title,
        summary=known.summary,
        text=text,
        author=known.author or _author(article.author),
        language=None if walled else article.language,  # that of the text
        language_said=article.language_said,
        paywalled=known.paywalled if article.paywalled is None else article.paywalled,
        published_at=published_at,
        published_from=published_from,
    )


def _walled(article: Article, text: str, known: KnownArticle) -> bool:
    """Tell whether ``text`` is what a paywall left of the text that is known: a wall that went up takes nothing back.

    Its beginning, or some of its lines; or no more than a teaser, which may ask for a subscription as well.
    """
    if not article.paywalled or len(text) >= len(known.text):
        return False
    if known.text.startswith(text.rstrip(" .…")) or set(text.split("\n")) <= set(known.text.split("\n")):
        return True
    return len(text) < TEASER and (len(known.text) >= TEASER or not known.paywalled)


def aliases(page: PageOutcome) -> list[tuple[str, str]]:
    """Return the other canonical URLs that a page showed its article to have, each with why.

    Not where everybody is sent home or asked for consent, and no rel=canonical on another site: that is the outlet a
    story was taken from, and its article is its own. On its pages for phones a site names those for desks: m. and www.
    """
    own, here = canonical(page.task.url), canonical(page.url) or page.url
    found = []
    named = page.article.canonical_url if page.article else None
    for url, why in ((page.url, "redirect"), (named, "rel=canonical")):
        key = canonical(url) if url else None
        if key is None or key == own or refusal(key) or urlsplit(key).path in ("", "/") or asks(key):
            continue
        if why == "rel=canonical" and _site(key) != _site(here):
            continue
        found.append((key, why))
    return found


def landed(page: PageOutcome) -> str | None:
    """Return where the page of an article is whose link did not say where it leads, None if it did or leads nowhere.

    Also of a page that could not be read there. That is the address to show: the redirector may forget it.
    """
    if (
        not opaque(page.task.url)
        or opaque(page.url)
        or (page.article is None and page.reason not in _AT_ITS_PLACE)
    ):
        return None
    place = None if refusal(page.url) else plain(page.url)
    return None if place is None or asks(place) or urlsplit(place).path in ("", "/") else place


def _site(url: str) -> str:
    return bare(urlsplit(url).netloc)


def _fields(entry: Entry, language: str | None, now: datetime) -> Fields:
    published = sane(entry.published_at, now)
    whole = to_text(entry.title).replace("\n", " ")
    title, summary = shortened(whole, MAX_TITLE), to_text(entry.summary)
    if title != whole:
        # The matcher is to see all that was offered, and quotes of a summary are short however long it is.
        summary = f"{whole}\n{summary}".rstrip()
    return Fields(
        title=title,
        summary=summary,
        text="",
        author=_author(entry.author),
        language=entry.language or language,
        published_at=published,
        published_from=PublishedFrom.FEED if published else PublishedFrom.NONE,
    )


def _author(name: str | None) -> str | None:
    return shortened(clean_line(name or ""), MAX_AUTHOR) or None


def _fill(known: KnownArticle, offered: Fields) -> Fields:
    gap = known.published_at is None and offered.published_at is not None
    return Fields(
        title=known.title or offered.title,
        summary=known.summary or offered.summary,
        text=known.text,
        paywalled=known.paywalled,
        author=known.author or offered.author,
        language=None,
        published_at=offered.published_at if gap else known.published_at,
        published_from=offered.published_from if gap else known.published_from,
    )


def _with_others(summary: str, known: KnownArticle, title: str) -> str:
    """Return a summary with what was said by the articles that turned out to be this one, as the archive has it."""
    said = (words for title_, summary_, _ in known.others for words in (title_, summary_))
    return joined(summary, *said, said=title)


def _same(known: KnownArticle, fields: Fields) -> bool:
    return (
        (known.title, known.summary, known.text) == (fields.title, fields.summary, fields.text)
        and known.author == fields.author
        and known.published_at == fields.published_at
    )
