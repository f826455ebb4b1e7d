"""What explain says, for people: an answer in, lines out. Nothing is wrapped: addresses must be whole to be copied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crawler.cli.output import counted

Value = Mapping[str, Any]

MOST_HITS = 5  # of a topic
MOST_COPIES = 10  # of a story, beside the article itself
_LATER = {
    "confirmed": "confirmed by the full text",
    "widened": "widened by the full text",
    "contradicted": "contradicted by the full text",
}
_ENDED = {
    "revised": "the article changed",
    "topic": "the topic changed",
    "merged": "it turned out to be another article",
}
_READ = {"title": "its title", "summary": "title and summary", "full": "the full text"}


def as_text(answer: Value) -> str:
    """Return the whole answer."""
    return "\n".join(_article(answer) if answer["first_seen"] else _absent(answer))


def _absent(answer: Value) -> Iterator[str]:
    yield answer["url"]
    yield "  is not in the archive"
    yield from _findings(answer["findings"])


def _article(answer: Value) -> Iterator[str]:
    yield answer["title"] or "(untitled)"
    if answer["found_by"] != "address":
        yield _row("found by", answer["found_by"])
    yield _row("address", answer["url"] or "the feed gave no link")
    if answer["merged_from"]:
        yield _row("", f"article {answer['merged_from']} turned out to be this one")
    where = ", ".join(filter(None, (answer["source"], answer["country"], answer["language"])))
    yield _row("source", f"{answer['source_name']} ({where}), article {answer['id']}")
    yield _row("first seen", f"{_minute(answer['first_seen'])} UTC")
    for offer in answer["offers"]:
        link = f", as {offer['link']}" if offer["link"] not in ("", answer["url"]) else ""
        yield _row("offered by", f"{offer['endpoint']} since {_minute(offer['first_seen_at'])} UTC{link}")
    day = (
        f"{_minute(answer['published'])} UTC (from: {answer['published_from']})"
        if answer["published"]
        else "undated"
    )
    yield _row("published", day)
    sizes = ", ".join(f"{name} {size:,}" for name, size in answer["characters"].items() if size)
    yield _row("read", f"{answer['content']} (characters: {sizes or 'none'})")
    if answer["paywalled"] is not None:
        yield _row("paywalled", f"{'yes' if answer['paywalled'] else 'no'}, as its page says")
    if answer["language_said"]:
        yield _row(
            "language", f"{answer['language']}, by its text; it is said to be in {answer['language_said']}"
        )
    if answer["wire"]:
        yield _row("credits", answer["wire"])
    yield from _page(answer["page"], answer["url"])
    for alias in answer["aliases"]:
        yield _row("also at", f"{alias['url']} ({alias['why']})")
    for revision in answer["revisions"]:
        yield from _revision(revision, answer["title"])
    yield from _story(answer["story"], answer["id"])
    yield from _findings(answer["findings"])
    for topic in answer["topics"]:
        yield ""
        yield from _topic(topic)


def _page(page: Value | None, url: str | None) -> Iterator[str]:
    if page is None:
        return
    at = f" at {_minute(page['fetched_at'])} UTC" if page["fetched_at"] else ""
    ended = f", at {page['url']}" if page["url"] not in (None, url) else ""
    reason = f" ({page['reason']})" if page["reason"] else ""
    yield _row("page", f"{page['state']}{reason}{at}{ended}")
    if page["robots"]:
        yield _row("", page["robots"])
    if page["again_at"]:
        yield _row("", f"is fetched again {_minute(page['again_at'])} UTC")


def _revision(revision: Value, title: str) -> Iterator[str]:
    what = " and ".join(revision["changed"]) or "nothing that still differs"
    yield _row("revised", f"{_minute(revision['at'])} UTC: {what} ({revision['why']})")
    if "title" in revision["changed"] or revision["title"] != title:
        yield _row("", f'until then: "{revision["title"]}"')
    for hit in revision["hits"][:MOST_HITS]:
        yield _row("", f'"{hit["text"]}" ({hit["topic"]}) {hit["change"]}: {hit["field"]}')
    if len(revision["hits"]) > MOST_HITS:
        yield _row("", f"and {len(revision['hits']) - MOST_HITS} more")


def _story(story: Value | None, article_id: int) -> Iterator[str]:
    if story is None:
        return
    copies = story["articles"]
    others = [one for one in copies if one["article_id"] != article_id]
    yield _row(
        "story",
        f"{story['id']}: {counted(len(copies), 'copy', 'copies')} in {counted(story['outlets'], 'outlet')}",
    )
    for one in others[:MOST_COPIES]:
        place = one["url"] or f"article {one['article_id']}"
        yield _row("", f"{_minute(one['first_seen_at'])} UTC {one['source']}: {place}")
    if len(others) > MOST_COPIES:
        yield _row("", f"and {len(others) - MOST_COPIES} more")


def _findings(findings: Sequence[Value]) -> Iterator[str]:
    for finding in findings:
        yield f"  - {finding['why']}"
        if finding["change"]:
            yield f"    what would change that: {finding['change']}"


# --- topics ---------------------------------------------------------------------------------------------------------


def _topic(topic: Value) -> Iterator[str]:
    name = topic["topic"] if topic["title"] == topic["topic"] else f"{topic['topic']}: {topic['title']}"
    stored, today = topic["stored"], topic["today"]
    would = today is not None and today["matched"]
    yield f"{name} {'matches' if topic['matched'] else 'would match' if would else 'does not match'}"
    if topic["matched"]:
        yield from _hits(stored["hits"])
    else:
        yield f"  {topic['why']}"
        if topic["clause"] not in (None, topic["canonical"]) and topic["clause"] not in topic["why"]:
            yield _row("failed", topic["clause"])
    if stored:
        yield _row("stored", _stored(stored, today))
        if not topic["matched"]:
            yield from _hits(stored["hits"])
    if topic["matched"] and today and not today["matched"]:
        yield _row("today", f"today's definition would not find it: {today['why']}")


def _hits(hits: Sequence[Value]) -> Iterator[str]:
    for hit in hits[:MOST_HITS]:
        yield _row(hit["field"], hit["sentence"])
        yield _row("", f"{hit['variant']} ({hit['how']})")
    if len(hits) > MOST_HITS:
        yield _row("", f"and {len(hits) - MOST_HITS} more")


def _stored(stored: Value, today: Value | None) -> str:
    version = f"definition {stored['number']} ({stored['version']})"
    if stored["first_version"] != stored["version"]:
        version = f"definition {stored['first_number']} ({stored['first_version']}), holds by {version}"
    if today:
        version += (
            ", today's" if stored["version"] == today["version"] else f", today's is {today['version']}"
        )
    parts = [
        f"match {stored['seq']} of {_minute(stored['matched_at'])} UTC",
        f"by {version}",
        f"made on {_READ[stored['first_content']]}",
    ]
    if stored["later"]:
        parts.append(_LATER[stored["later"]])
    if stored["backfill"]:
        parts.append("backfill: in no digest")
    if stored["ended_at"]:
        parts.append(f"ended {_minute(stored['ended_at'])} UTC: {_ENDED[stored['ended_because']]}")
    return "; ".join(parts)


def _row(label: str, text: str) -> str:
    return f"  {label:<12}{text}"


def _minute(stamped: str) -> str:
    return stamped[:16].replace("T", " ")
