"""The command explain: why an article matched, or why not; and why one is not in the archive. It fetches nothing.

URL ─▶ archive.trace: what is known of it ─▶ archive.explain: what today's topics say ─▶ one value ─▶ JSON or text
       not there: crawler.whynot: the sources of its host, and what stands in the way
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from typing import Annotated, Any

import typer

from archive import trace
from archive.connect import open_reader, translated
from archive.errors import ArchiveError, PresswatchError
from archive.explain import Verdict
from archive.explain import explain as judge
from archive.preview import with_refs
from archive.sentences import excerpt
from archive.times import stamp
from archive.topic import Topic, TopicSpec, compile_topics
from archive.trace import Found, Trace
from crawler import upgrade, whynot
from crawler.cli.app import Json, app, clock, load
from crawler.cli.explained import as_text
from crawler.cli.output import counted, say, say_json
from crawler.complaints import hint
from crawler.config import Config
from crawler.robots import robots_name
from crawler.urls import plain
from crawler.watchlist import compile_specs, stored_facts

HOW = {
    "exact": "as written",
    "folded": "with other accents, capitals or punctuation",
    "acronym": "through another form of an acronym",
    "inflected": "through a form of the word",
    "fuzzy": "through a slip",
    "date": "as a day",
}
MOST_SOURCES = 5  # that an article which is not there may have come from
QUOTE, BEFORE = 240, 100  # characters of a sentence around a hit


@app.command()
def explain(
    context: typer.Context,
    url: Annotated[
        str,
        typer.Argument(
            metavar="URL", help="An article: its address or a part of it, words of its title, or its number."
        ),
    ],
    topic: Annotated[
        list[str] | None, typer.Option("--topic", help="Only this topic (may be given more than once).")
    ] = None,
    json: Json = False,
) -> None:
    """Say why an article matched, or why not.

    Where it came from, what was read of it, and for each topic its hits, or the first clause that failed and the
    nearest thing that was found. Of an article that the archive does not have: what stood in the way. Nothing is
    fetched.
    """
    config = load(context)
    path = config.data_dir / "archive.db"
    with closing(open_reader(path)) as conn, translated(path):
        if upgrade.pending(conn):
            raise ArchiveError(f"{path} is of an earlier version: run `presswatch migrate` first")
        text = url.strip()
        address = upgrade.canonical(text) if whynot.place(text) else None
        found = trace.find(conn, text, address, whynot.variants(text) if address else whynot.schemed(text))
        if isinstance(found, Found):
            answer = _present(conn, config, found, topic or [])
        elif found:
            raise PresswatchError(
                f"{text} stands in the address or the title of several articles: " + _some(found)
            )
        elif address is None:
            raise PresswatchError(
                f"{text} stands in no article's address or title: find the article with `presswatch search`; or, "
                "if it may not be in the archive, write its whole address, with its https://"
            )
        else:
            answer = _absent(conn, config, plain(text) or address)
    if json:
        say_json(answer)
    else:
        say(as_text(answer))
    if not isinstance(found, Found):
        raise typer.Exit(1)


def _some(addresses: Sequence[str]) -> str:
    more = "\n  …" if len(addresses) > trace.MOST_ALIKE else ""
    return "".join(f"\n  {one}" for one in addresses[: trace.MOST_ALIKE]) + more


# --- an article of the archive ------------------------------------------------------------------------------------


def _present(conn: sqlite3.Connection, config: Config, found: Found, wanted: Sequence[str]) -> dict[str, Any]:
    known = trace.trace(conn, found.article_id)
    article, page = known.article, known.page
    topics = _topics(config, known, wanted)
    unread = whynot.of_page(page, article["url"], article["text"])
    findings = [unread] if unread else []
    if article["pruned_at"]:
        gone = f"its text was let go at {article['pruned_at'][:16].replace('T', ' ')} UTC: it had matched nothing"
        findings.append(whynot.Finding(gone, "retention: in settings.yaml says for how long texts are kept"))
    return {
        "url": article["url"],
        "id": article["id"],
        "found_by": found.how,
        "merged_from": found.was,
        "title": article["title"],
        "source": article["source_id"],
        "source_name": article["source_name"],
        "country": article["country"],
        "language": article["lang"],
        "language_said": article["language_said"],
        "endpoint": known.offers[0]["endpoint"] if known.offers else None,
        "offers": known.offers,
        "first_seen": article["first_seen_at"],
        "backfill": bool(article["backfill"]),
        "content": article["content"],
        "paywalled": None if article["paywalled"] is None else bool(article["paywalled"]),
        "characters": {name: len(article[name]) for name in ("title", "summary", "text")},
        "page": page and {
            key: page[key]
            for key in ("state", "reason", "detail", "status", "robots", "url", "fetched_at", "due_at", "attempts",
                        "read_at", "again_at", "gone_at")
        },
        "published": article["published_at"],
        "published_from": article["published_from"],
        "aliases": known.aliases,
        "revisions": known.revisions,
        "wire": article["wire"],
        "story": _story(article["story_id"], known.story),
        "waiting": known.waiting,
        "findings": [asdict(one) for one in findings],
        "topics": topics,
    }  # fmt: skip


def _story(story_id: int | None, copies: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    if not copies:
        return None
    return {"id": story_id, "outlets": len({one["source_id"] for one in copies}), "articles": copies}


def _topics(config: Config, known: Trace, wanted: Sequence[str]) -> list[dict[str, Any]]:
    stored = {one["topic_id"]: one for one in known.matches}
    ids = [one.topic_id for one in config.topics]
    for name in wanted:
        if name not in ids and name not in stored:
            raise PresswatchError(f"there is no topic {name} in keywords.yaml{hint(name, ids)}")
    specs: Sequence[TopicSpec] = config.topics
    if wanted:
        # Dictionaries may be slow about new words, and need not be asked about those of other topics.
        plain = {topic.topic_id: topic for topic in compile_topics(specs)}
        needed = {one.topic_id for name in wanted if name in plain for one in with_refs(plain[name], plain)}
        specs = [spec for spec in specs if spec.topic_id in needed]
    languages = config.settings.languages
    compiled = compile_specs(specs, languages, stored_facts(config.data_dir, languages))
    shown = [topic.topic_id for topic in compiled if not wanted or topic.topic_id in wanted]
    verdicts = judge(compiled, known.fields, shown)
    found = [_topic(known, one.topic, one, stored.get(one.topic.topic_id)) for one in verdicts]
    gone = [key for key in stored if key not in ids and (not wanted or key in wanted)]
    return found + [_topic(known, None, None, stored[key]) for key in gone]


def _topic(
    known: Trace, topic: Topic | None, today: Verdict | None, stored: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return what is to be said of one topic: the match that is stored, and what today's definition says."""
    stands = stored is not None and stored["ended_at"] is None
    hits = _hits(known.hits[stored["seq"]], known.words[stored["seq"]], known.fields) if stored else []
    now = [_hit(hit._asdict(), known.fields.get(hit.field, "")) for hit in today.hits] if today else []
    if stands:
        why = _found(hits)
    elif today is None:
        why = "the topic is no longer in keywords.yaml"
    elif today.matched:
        late = (
            "the article waits to be matched"
            if known.waiting
            else "`presswatch rematch`, or the next start of `presswatch run`, stores it"
        )
        why = f"{_found(now)}; but no match is stored yet: {late}"
    else:
        why = today.why or ""
    topic_id = topic.topic_id if topic else stored["topic_id"] if stored else ""
    return {
        "topic": topic_id,
        "title": topic.title if topic else stored["topic_title"] if stored else topic_id,
        "canonical": str(topic.tree) if topic else None,
        "matched": stands,
        "hits": hits if stands else [],
        "why": why,
        "clause": today.clause if today and not stands else None,
        "stored": stored and {
            **{key: stored[key] for key in (
                "seq", "matched_at", "content", "first_content", "later", "backfill", "ended_at", "ended_because",
            )},
            "version": stored["topic_version"],
            "number": stored["version_number"],
            "first_version": stored["first_version"],
            "first_number": stored["first_number"],
            "hits": hits,
        },
        "today": today and {
            "version": today.topic.version, "matched": today.matched, "why": today.why, "hits": now,
        },
    }  # fmt: skip


def _hits(
    hits: Sequence[Mapping[str, Any]], words: Mapping[str, str], fields: Mapping[str, str]
) -> list[dict[str, Any]]:
    return [_hit(hit, words.get(hit["field"], fields.get(hit["field"], ""))) for hit in hits]


def _hit(hit: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Return a hit with the sentence around it, marked as `search` marks what it found."""
    start, end = hit["start"], hit["end"]
    if text[start:end] != hit["text"]:  # an author or a language of then: they have no revisions
        return {**hit, "sentence": f"⟦{hit['text']}⟧"}
    low, high, opened, closed = excerpt(text, start, end, QUOTE, BEFORE)
    shown = f"{text[low:start]}⟦{text[start:end]}⟧{text[end:high]}"
    return {**hit, "sentence": f"{'… ' if opened else ''}{' '.join(shown.split())}{' …' if closed else ''}"}


def _found(hits: Sequence[Mapping[str, Any]]) -> str:
    if not hits:
        return "it matches"
    first = hits[0]
    more = f", and {counted(len(hits) - 1, 'more hit')}" if len(hits) > 1 else ""
    return f'"{first["text"]}" is in the {first["field"]}, {HOW[first["how"]]}{more}'


# --- an article that the archive does not have --------------------------------------------------------------------


def _absent(conn: sqlite3.Connection, config: Config, url: str) -> dict[str, Any]:
    host = whynot.place(url) or ""
    bare = host.removeprefix("www.")
    by_articles = trace.sources_at(conn, (bare, f"www.{bare}"))
    hosts = {
        source.id: [whynot.place(endpoint.url) or "" for endpoint in source.endpoints]
        for source in config.sources
    }
    likely = [
        one for one in hosts if one in by_articles or any(whynot.kin(host, other) for other in hosts[one])
    ]
    likely = sorted(likely, key=lambda one: -by_articles.get(one, 0))[:MOST_SOURCES]
    findings = [finding for one in likely for finding in whynot.of_source(one, trace.feeds(conn, one))]
    if likely:
        findings.append(whynot.of_no_list(url, {one: trace.newest(conn, one) for one in likely}))
    if not likely:
        known = sorted({other for others in hosts.values() for other in others if other})
        findings.append(whynot.of_no_source(url, known))
        removed = [one for one in by_articles if one not in hosts]
        findings += [
            whynot.Finding(
                f"{one} had it, and is no longer in sources.yaml", f"put {one} back into sources.yaml"
            )
            for one in removed
        ]
    agent = robots_name(config.settings.network.agent)
    known_robots = trace.robots(conn, f"{url.split('://', maxsplit=1)[0]}://{host}")
    more = whynot.of_address(url) or whynot.of_robots(url, known_robots, agent, clock(None)())
    off = [source.id for source in config.sources if source.id in likely and not source.pages]
    if off:
        said = f"{', '.join(off)}: its pages are not read (pages: false), so nobody would see more than the feed says"
        findings.append(whynot.Finding(said, "pages: true in sources.yaml"))
    return {
        "url": url,
        "source": likely[0] if likely else None,
        "endpoint": None,
        "first_seen": None,
        "content": None,
        "page": None,
        "asked_at": stamp(clock(None)()),
        "findings": [asdict(one) for one in (*findings, *([more] if more else []))],
        "topics": [],
    }
