"""What the demo's outlets serve, as bytes: feeds in three formats, article pages, a front page, error pages.

Pure: the same outlet and the same time give the same bytes. No real clock, no random number, no socket. What
a page looks like is in `templates/`; which one an outlet uses follows from where its pages keep their date.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from crawler.demo.content import START, Article, Outlet

# A name that is missing in a template is a bug of ours, and must not become an empty string on a page.
_ENV = Environment(
    loader=PackageLoader("crawler.demo", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    auto_reload=False,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENV.filters["rfc822"] = format_datetime

# Furniture of the pages. Every page says at its foot that it is invented, since it names a real person.
_WORDS: dict[str, dict[str, str]] = {
    "es": {
        "by": "Por",
        "related": "También en portada",
        "latest": "Lo último",
        "cookies": "Usamos cookies propias y de terceros para recordar sus preferencias. ¿Acepta?",
        "accept": "Aceptar todo",
        "subscribe": "Reciba nuestro boletín cada mañana",
        "home": "Portada",
        "invented": "Medio inventado para la demostración de Presswatch. Nada de lo que cuenta ocurrió.",
        "403": "Acceso denegado. Si cree que se trata de un error, escriba a la redacción.",
        "404": "La página que busca no existe o cambió de dirección.",
        "500": "Algo salió mal de nuestro lado.",
    },
    "en": {
        "by": "By",
        "related": "More from the front page",
        "latest": "Latest",
        "cookies": "We use our own and third-party cookies to remember your preferences. Is that all right?",
        "accept": "Accept all",
        "subscribe": "Get our briefing every morning",
        "home": "Home",
        "invented": "An outlet invented for the Presswatch demo. Nothing that it reports took place.",
        "403": "Access denied. If you think that this is a mistake, write to the newsroom.",
        "404": "The page you are looking for does not exist, or has moved.",
        "500": "Something went wrong on our side.",
    },
}


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed document, and when it last changed."""

    body: bytes
    modified: datetime


def feed(outlet: Outlet, at: datetime) -> Feed:
    """The outlet's feed as it stands at `at`.

    It last changed when its newest entry came or one in it was edited: one leaves only when another comes.
    """
    entries = outlet.offered(at)
    modified = max((a.updated for a in entries), default=START)
    if outlet.feed_format == "json":
        body = json.dumps(_json_feed(outlet, entries), ensure_ascii=False, indent=1)
    else:
        template = _ENV.get_template(f"{outlet.feed_format}.xml")
        body = template.render(outlet=outlet, entries=entries, modified=modified)
    # What Latin-1 cannot write (dashes, curly quotes) becomes a character reference, as real exporters do.
    return Feed(body.encode(outlet.feed_encoding, "xmlcharrefreplace"), modified)


def page(outlet: Outlet, article: Article) -> bytes:
    """The page of an article, in the state that is handed in.

    The links beside it are the stories that were out when it came: the page of an unedited article must not
    change because another one did.
    """
    earlier = [a for a in outlet.by(article.appears) if a.slug != article.slug and not a.no_link]
    template = _ENV.get_template(f"{outlet.dated_by}.html")
    html = template.render(
        outlet=outlet,
        article=article,
        related=earlier[:4],
        words=_WORDS[outlet.language],
        ld=_json_ld(outlet, article),
    )
    return html.encode()


def front(outlet: Outlet, at: datetime) -> bytes:
    """The front page: what is out by `at`, newest first, and where the feed is."""
    entries = [a for a in outlet.by(at) if not a.no_link]
    template = _ENV.get_template("front.html")
    return template.render(outlet=outlet, entries=entries, words=_WORDS[outlet.language]).encode()


def message(outlet: Outlet, status: int) -> bytes:
    """A short page that says what went wrong, with the outlet's furniture around it."""
    words = _WORDS[outlet.language]
    return (
        _ENV.get_template("message.html")
        .render(
            outlet=outlet,
            words=words,
            heading=f"{status} {HTTPStatus(status).phrase}",
            said=words.get(str(status), words["500"]),
        )
        .encode()
    )


def _json_feed(outlet: Outlet, entries: tuple[Article, ...]) -> dict[str, Any]:
    """JSON Feed 1.1; every item must have `content_text` or `content_html`, so the summary stands twice."""
    items: list[dict[str, Any]] = []
    for article in entries:
        item: dict[str, Any] = {"id": article.guid, "url": article.link, "title": article.title}
        if article.no_link:
            del item["url"]
        if article.untitled:
            del item["title"]
        item |= {"summary": article.summary, "content_text": article.summary}
        if article.feed_date is not None:
            item["date_published"] = article.feed_date.isoformat()
            if article.updated != article.appears:
                item["date_modified"] = article.updated.isoformat()
        item["authors"] = [{"name": article.author}]
        item |= {"tags": [article.section], "language": article.language}
        items.append(item)
    return {
        "version": "https://jsonfeed.org/version/1.1",
        "title": outlet.name,
        "description": f"{outlet.tagline}. {_WORDS[outlet.language]['invented']}",
        "home_page_url": f"{outlet.base_url}/",
        "feed_url": outlet.feed_url,
        "language": outlet.language,
        "items": items,
    }


def _json_ld(outlet: Outlet, article: Article) -> dict[str, Any]:
    """schema.org metadata; without any date when the article has none."""
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": article.title,
        "description": article.summary,
        "inLanguage": article.language,
        "mainEntityOfPage": article.url,
        "author": [{"@type": "Organization", "name": article.author}],
        "publisher": {"@type": "NewsMediaOrganization", "name": outlet.name},
    }
    if article.published is not None:
        data["datePublished"] = article.published.isoformat()
        data["dateModified"] = article.updated.isoformat()
    return data
