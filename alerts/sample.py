"""A digest in which everything occurs that one can hold, to try the operator's templates on before a reader sees them.

Outlets and news are invented.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from alerts.digest import build
from alerts.model import Digest, Subscription
from archive.model import Content, Copy, Coverage, Hit, MatchedArticle, Outlet, Story, TermChange

_NOON = datetime(2026, 7, 19, 12, 0, tzinfo=UTC)
_ELFARO = Outlet("elfaro", "PE")


def digests() -> tuple[Digest, ...]:
    """Return a full one, and one that holds nothing."""
    reader = Subscription(
        id="sample",
        name="Sample",
        to=("reader@presswatch.invalid",),
        topics=None,
        when="daily at 07:00",
        zone="America/Lima",
        language="en",
        cap=2,
    )
    found = [_article(number) for number in range(1, 6)]
    found.append(_article(6, article_id=1, topic_id="salt", topic_title="Salt"))
    copies = Copy("La Voz", "https://lavoz.example/8"), Copy("El Faro"), Copy("El Sol")
    stories = {one: Story(1, _NOON, 3, (1, 2, 8), copies) for one in (1, 2)}
    change = TermChange(
        id=1,
        topic_id="harbour",
        topic_title="Harbour",
        article_id=9,
        url="https://elfaro.example/9",
        source_id="elfaro",
        source_name="El Faro",
        country="PE",
        language="en",
        term="harbour",
        text="harbour",
        field="title",
        came=False,
        at=_NOON - timedelta(hours=2),
        before="The harbour opens",
        after="The port opens",
    )
    trouble = Coverage(
        source_id="ojo",
        source_name="Ojo",
        kind="blocked",
        since=_NOON - timedelta(days=3),
        detail="HTTP 403",
    )
    full = build(
        reader,
        0,
        6,
        _NOON,
        found,
        (trouble,),
        (_ELFARO, Outlet("ojo", "PE")),
        _NOON,
        since=_NOON - timedelta(days=1),
        told={(3, "harbour")},
        stories=stories,
        changes=(change,),
        change_range=(0, 1),
        usual={"harbour": 2.5},
        missed={_ELFARO: 7.0},
    )
    return full, build(reader, 0, 0, _NOON, (), (), (_ELFARO,), _NOON)


def _article(
    seq: int, *, article_id: int | None = None, topic_id: str = "harbour", topic_title: str = "Harbour"
) -> MatchedArticle:
    title, number = "The harbour opens", article_id or seq
    return MatchedArticle(
        seq=seq,
        topic_id=topic_id,
        topic_title=topic_title,
        article_id=number,
        url=None if number == 4 else f"https://elfaro.example/{number}",
        title=title,
        summary="Ships may enter the harbor from Monday.",
        text="",
        author="A. Writer",
        language="en",
        content=Content.SUMMARY,
        source_id="elfaro",
        source_name="El Faro",
        country="PE",
        published_at=_NOON - timedelta(hours=seq),
        first_seen_at=_NOON - timedelta(hours=seq),
        hits=(
            Hit("title", 4, 11, "harbour", "harbour", "exact"),
            Hit("summary", 20, 26, "harbor", "harbour~", "fuzzy"),
        ),
        wire="EFE" if number == 1 else None,
        paywalled=number == 2,
    )
