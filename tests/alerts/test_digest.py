"""What goes into a digest, and in which order."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import quote
from alerts.due import caught_up_from, due_digests
from alerts.grouping import group
from alerts.model import SubscriptionState
from alerts.quote import QUOTE, TITLE, Piece
from archive import sentences
from archive.model import Hit, MatchedArticle
from tests.alerts.factory import NOON, article, digest, hit, subscription


def state(**changes: object) -> SubscriptionState:
    known = SubscriptionState(
        subscription=subscription(), created_at=NOON - timedelta(days=9), active=True, seq=0, last_due_at=None
    )
    return replace(known, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "now", "due"),
    [
        pytest.param({}, NOON, NOON, id="at the minute"),
        pytest.param({}, NOON + timedelta(hours=5), NOON, id="late, still that one"),
        pytest.param({"last_due_at": NOON}, NOON + timedelta(hours=5), None, id="made already"),
        pytest.param({"last_due_at": NOON - timedelta(days=4)}, NOON, NOON, id="four days down: one digest"),
        pytest.param({"created_at": NOON}, NOON, None, id="created at that moment: the next one"),
        pytest.param({"hours_since": NOON}, NOON, None, id="other hours from that moment on: the next one"),
        pytest.param(
            {"created_at": NOON - timedelta(hours=1)},
            NOON - timedelta(minutes=1),
            None,
            id="before its first",
        ),
        # It is due at seven in the morning in Lima.
        pytest.param(
            {"subscription": subscription(quiet="08:00 to 12:00")},
            NOON + timedelta(hours=2),
            None,
            id="late, in quiet hours: not now",
        ),
        pytest.param(
            {"subscription": subscription(quiet="08:00 to 12:00")},
            NOON + timedelta(hours=5),
            NOON,
            id="late, at their end",
        ),
        pytest.param(
            {"subscription": subscription(quiet="07:01 to 12:00")},
            NOON + timedelta(minutes=2),
            NOON,
            id="in time, though they have begun",
        ),
    ],
)
def test_the_latest_moment_that_was_not_dealt_with_is_due(
    changes: dict[str, object], now: object, due: object
) -> None:
    assert due_digests(state(**changes), now) == due  # type: ignore[arg-type]


DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("changes", "now", "since"),
    [
        pytest.param({"last_due_at": NOON - DAY}, NOON + timedelta(minutes=10), None, id="some minutes late"),
        pytest.param({"last_due_at": NOON - DAY}, NOON + timedelta(hours=1), NOON, id="an hour late"),
        pytest.param({"last_due_at": NOON - 4 * DAY}, NOON, NOON - 3 * DAY, id="three days missed"),
        pytest.param({"created_at": NOON - timedelta(hours=1)}, NOON, None, id="its first"),
        pytest.param(
            {"last_due_at": NOON - timedelta(hours=30), "hours_since": NOON - timedelta(hours=9)},
            NOON,
            None,
            id="other hours since: none missed",
        ),
    ],
)
def test_a_late_digest_says_since_when(
    changes: dict[str, object], now: datetime, since: datetime | None
) -> None:
    assert caught_up_from(state(**changes), NOON, now) == since


def test_it_holds_what_lies_in_its_range_and_is_wanted() -> None:
    found = [article(seq) for seq in (3, 4, 5, 6)] + [
        article(5, topic_id="us-troops"),
        article(5, topic_id="lithium"),
    ]
    made = digest(*found, from_seq=3, to_seq=5)
    assert [(one.seq, one.topic_id) for one in made.articles] == [(4, "peru"), (5, "peru"), (5, "lithium")]
    everything = digest(*found, from_seq=3, to_seq=5, subscription=subscription(topics=None))
    assert len(everything.articles) == 4


@given(st.lists(st.integers(0, 60), max_size=8), st.sets(st.integers(1, 60)))
def test_every_match_is_in_exactly_one_of_consecutive_digests(steps: list[int], seqs: set[int]) -> None:
    ends = [0, *sorted(steps), 60]
    found = [article(seq) for seq in sorted(seqs)]
    told = [
        one.seq
        for low, high in itertools.pairwise(ends)
        for one in digest(*found, from_seq=low, to_seq=high).articles
    ]
    assert told == sorted(seqs)


def test_an_article_under_two_topics_is_told_in_full_once_and_stands_under_both() -> None:
    lithium = {"topic_id": "lithium", "topic_title": "Lithium"}
    groups = group(
        digest(
            article(1, article_id=7), article(2, article_id=7, **lithium), article(3, article_id=8, **lithium)
        )
    )
    peru, other = groups
    assert [item.article.article_id for item in peru.items] == [7]
    assert peru.items[0].also == ("Lithium",)
    assert [item.article.article_id for item in other.items] == [8]
    assert [(item.article.article_id, item.under) for item in other.references] == [(7, "Peru")]
    assert (peru.size, other.size) == (1, 2)


def referred(title: str, text: str, *own: Hit, first: tuple[Hit, ...] = ()) -> tuple[str, str]:
    """Return headline and quotation of an article under the second of its topics, hits in brackets."""
    same = {"article_id": 7, "title": title, "text": text}
    _, other = group(
        digest(
            article(1, **same, hits=first),
            article(2, **same, topic_id="lithium", topic_title="Lithium", hits=own),
        )
    )
    (item,) = other.references
    title, quote = (
        "".join(f"[{piece.text}]" if piece.hit else piece.text for piece in pieces)
        for pieces in (item.title, item.quote)
    )
    return title, quote


def test_under_its_other_topics_an_article_shows_what_those_topics_found() -> None:
    title, text = "Peru and lithium", "Peru sells. Prices of lithium and other salts rose. Lithium fell."
    first = (hit(title, "Peru"), hit(text, "Peru", "text"))
    own = (hit(title, "lithium"), hit(text, "lithium", "text"))
    assert referred(title, text, *own, first=first) == (
        "Peru and [lithium]",
        "Prices of [lithium] and other salts rose.",
    )


def test_the_same_sentence_is_shown_under_each_topic_with_its_own_marks() -> None:
    text = "Peru sells lithium. Fin."
    shown = referred("T", text, hit(text, "lithium", "text"), first=(hit(text, "Peru", "text"),))
    assert shown == ("T", "Peru sells [lithium].")


def test_where_a_topic_found_only_the_headline_no_sentence_is_quoted_under_it() -> None:
    title, text = "Lithium fell", "Peru sells. Nothing else."
    assert referred(title, text, hit(title, "Lithium"), first=(hit(text, "Peru", "text"),))[1] == ""
    again = "Lithium fell. Peru sells."
    assert referred(title, again, hit(title, "Lithium"), hit(again, "Lithium", "text"))[1] == ""


def test_an_article_matched_again_in_the_same_range_is_told_once() -> None:
    (only,) = group(digest(article(1, article_id=7), article(2, article_id=7)))
    assert [item.article.seq for item in only.items] == [2]


@pytest.mark.parametrize(
    ("topics", "topic_order", "order"),
    [
        pytest.param(("a", "b"), ("b", "a"), ["a", "b"], id="as the subscriber lists them"),
        pytest.param(None, ("a", "x", "b"), ["a", "b"], id="all: as keywords.yaml lists them"),
        pytest.param(None, (), ["b", "a"], id="all, and that is not known: the loudest first"),
        pytest.param(None, ("a",), ["a", "b"], id="what is not listed stands at the end"),
    ],
)
def test_topics_come_in_the_order_of_the_subscriber_or_of_the_operator(
    topics: tuple[str, ...] | None, topic_order: tuple[str, ...], order: list[str]
) -> None:
    found = [
        article(1, topic_id="a", topic_title="A"),
        article(2, topic_id="b", topic_title="B"),
        article(3, topic_id="b"),
    ]
    made = digest(*found, subscription=subscription(topics=topics), topic_order=topic_order)
    assert [one.topic_id for one in group(made)] == order


def test_what_an_earlier_digest_told_is_left_out_for_that_topic_only() -> None:
    found = [article(8, article_id=3), article(9, article_id=3, topic_id="lithium"), article(10)]
    made = digest(*found, from_seq=5, told={(3, "peru"), (10, "lithium")})
    assert [(one.article_id, one.topic_id) for one in made.articles] == [(3, "lithium"), (10, "peru")]


def test_the_newest_comes_first_and_a_date_in_the_future_is_not_newer_than_when_it_was_seen() -> None:
    old = article(1, published_at=NOON - timedelta(days=2))
    undated = article(2, published_at=None, first_seen_at=NOON - timedelta(hours=1))
    liar = article(3, published_at=NOON + timedelta(days=30), first_seen_at=NOON - timedelta(hours=2))
    (only,) = group(digest(old, undated, liar))
    assert [item.article.seq for item in only.items] == [2, 3, 1]


def quoted(one: MatchedArticle) -> str:
    (only,) = group(digest(one))
    return "".join(f"[{piece.text}]" if piece.hit else piece.text for piece in only.items[0].quote)


LONG = "Peru " + "word " * 100


@pytest.mark.parametrize(
    ("text", "wanted", "quote"),
    [
        ("One thing. Then Peru came. And more.", "Peru", "Then [Peru] came."),
        ("First line\nPeru second\nThird", "Peru", "[Peru] second"),
        ("El Sr. Soto habló de EE. UU. y Peru ayer. Fin.", "Peru", "El Sr. Soto habló de EE. UU. y [Peru] ayer."),
        ("Dijo: “No.” Peru calla. Fin.", "Peru", "[Peru] calla."),
        ("He asked about U.S. troops. They left.", "U.S. troops", "He asked about [U.S. troops]."),
        ("up 3.5 per cent in Peru! Yes.", "Peru", "up 3.5 per cent in [Peru]!"),
    ],
)  # fmt: skip
def test_the_sentence_around_the_hit_is_quoted(text: str, wanted: str, quote: str) -> None:
    assert quoted(article(1, title="T", text=text, hits=(hit(text, wanted, "text"),))) == quote


def test_without_a_hit_below_the_title_the_first_sentence_is_quoted() -> None:
    assert quoted(article(1, summary="First thing. Second.", text="Else.")) == "First thing."
    assert quoted(article(1)) == ""


def test_a_hit_whose_words_moved_is_found_again_and_one_that_is_gone_is_not_shown() -> None:
    moved = article(
        1, title="T", text="Now it says Peru here.", hits=(Hit("text", 0, 4, "Peru", "Peru", "exact"),)
    )
    assert quoted(moved) == "Now it says [Peru] here."
    gone = article(1, title="T", text="Nothing here.", hits=(Hit("text", 0, 4, "Peru", "Peru", "exact"),))
    assert quoted(gone) == "Nothing here."


@pytest.mark.parametrize(
    ("title", "summary", "body", "quote"),
    [
        pytest.param(
            "T", "", "The matter is delicate in Peru. Lithium from Peru went up.", "[Lithium] from [Peru] went up.",
            id="of two topics, and not of one",
        ),
        pytest.param(
            "Peru votes", "Peru is large.", "Troops watch lithium.", "[Troops] watch [lithium].",
            id="of two other topics, and not of this one",
        ),
        pytest.param(
            "T", "Troops watch lithium.", "Peru is large.", "[Peru] is large.",
            id="of this one, where the headline shows nothing of it",
        ),
        pytest.param(
            "Peru votes", "Lithium is brine.", "Peru is large.", "[Peru] is large.",
            id="of this topic with one term, and not of another with two",
        ),
        pytest.param(
            "T", "Peru is large.", "So it was. Lima is in Peru. Peru again.", "[Lima] is in [Peru].",
            id="with two terms of it, and not with one",
        ),
        pytest.param(
            "T", "Lima again. Peru and Peru.", "Peru is large.", "[Lima] again.",
            id="the same term twice is one, and the earliest of what is equal is quoted",
        ),
        pytest.param("T", "So it is. Peru is large.", "Peru is here.", "[Peru] is large.", id="of the summary"),
        pytest.param(
            "Troops from Peru guard lithium", "Troops from Peru guard lithium.", "Peru is large.",
            "[Peru] is large.", id="what says the headline again stays behind",
        ),
        pytest.param(
            "T", "", "Peru " + "word " * 90 + "and lithium from Peru.", "… " + "word " * 23 + "and [lithium] from [Peru].",
            id="of a long one counts what is shown",
        ),
    ],
)  # fmt: skip
def test_the_sentence_that_holds_most_is_quoted(title: str, summary: str, body: str, quote: str) -> None:
    topics = {"peru": ("Peru", "Lima"), "lithium": ("lithium", "brine"), "troops": ("troops",)}
    found = [
        article(
            seq, article_id=1, topic_id=topic, title=title, summary=summary, text=body,
            hits=tuple(
                Hit(field, at.start(), at.end(), at[0], term, "folded")
                for field, text in (("title", title), ("summary", summary), ("text", body))
                for term in terms
                for at in re.finditer(term, text, re.IGNORECASE)
            ),
        )
        for seq, (topic, terms) in enumerate(topics.items(), 1)
        if any(term.casefold() in f"{summary} {body}".casefold() for term in terms)
    ]  # fmt: skip
    told = group(digest(*found, subscription=subscription(topics=tuple(topics))))[0].items[0]
    assert "".join(f"[{piece.text}]" if piece.hit else piece.text for piece in told.quote) == quote


WHOLE = "The committee approved the lithium bill on Monday and sent it to the floor. More follows."


@pytest.mark.parametrize(
    ("summary", "quote"),
    [
        pytest.param("The committee approved the lithium bill on Mon", "WHOLE", id="within a word"),
        pytest.param("The committee approved the lithium bill on …", "WHOLE", id="with dots"),
        pytest.param("The committee approved the lithium bill on Monday [...]", "WHOLE", id="with more dots"),
        pytest.param("The committee approved the lithium bill.", "SUMMARY", id="nothing is cut off"),
        pytest.param("Committees like the lithium bill on Mon", "SUMMARY", id="the text says otherwise"),
        pytest.param("The lithium", "SUMMARY", id="too short to tell"),
    ],
)
def test_where_a_summary_is_cut_off_the_sentence_is_quoted_from_the_text(summary: str, quote: str) -> None:
    hits = hit(summary, "lithium", "summary"), hit(WHOLE, "lithium", "text")
    said = quoted(article(1, title="T", summary=summary, text=WHOLE, hits=hits))
    wanted = WHOLE.split(" More", maxsplit=1)[0] if quote == "WHOLE" else summary
    assert said == wanted.replace("lithium", "[lithium]")


def test_a_long_sentence_is_cut_between_words_around_the_hit() -> None:
    text = "abc " * 100 + "Peru " + "def " * 100
    quote = quoted(article(1, title="T", text=text, hits=(hit(text, "Peru", "text"),)))
    assert quote.startswith("… abc")
    assert quote.endswith("def …")
    assert " [Peru] def" in quote


words = st.text(st.sampled_from("aB. !?…\n ñ“”0—"), max_size=700)


@given(words, words, st.text("Pe ru.", min_size=1, max_size=12))
def test_a_quotation_is_short_holds_the_hit_and_invents_nothing(before: str, after: str, wanted: str) -> None:
    text = before + wanted + after
    one = article(
        1,
        title="T",
        text=text,
        hits=(Hit("text", len(before), len(before) + len(wanted), wanted, "x", "exact"),),
    )
    (only,) = group(digest(one))
    pieces = only.items[0].quote
    quote = "".join(piece.text for piece in pieces)
    core = quote.removeprefix("… ").removesuffix(" …")
    assert len(core) <= QUOTE + 2
    assert core.strip(" …") in text
    if wanted.strip():
        assert any(piece.hit for piece in pieces)


@given(words, st.data())
def test_a_sentence_holds_its_span(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    low, high = sentences.sentence(text, start, end)
    assert 0 <= low <= high <= len(text)
    inner = text[start:end].strip()
    assert not inner or inner in text[low:high]


def test_slips_and_acronyms_are_named_and_plain_hits_are_not() -> None:
    text = "Dina Boularte, EE. UU., peruanos"
    hits = (
        hit(text, "Boularte", "text", "fuzzy", "Boluarte~"),
        hit(text, "EE. UU.", "text", "acronym", "EEUU"),
        hit(text, "peruanos", "text", "inflected", "peruan*"),
        Hit("author", 0, 4, "Peru", "Peru", "exact"),
    )
    (only,) = group(digest(article(1, title="T", text=text, hits=hits)))
    assert [one.text for one in only.items[0].variants] == ["Boularte", "EE. UU."]
    assert [one.field for one in only.items[0].elsewhere] == ["author"]


def test_a_spelling_found_twice_is_named_once() -> None:
    summary, text = "Llegan tropas de EE. UU. hoy.", "Las Tropas de EE.\nUU. llegan."
    spelling = "tropas de EE.UU."
    hits = (
        hit(summary, "tropas de EE. UU.", "summary", "acronym", spelling),
        hit(text, "Tropas de EE.\nUU.", "text", "acronym", spelling),
    )
    (only,) = group(digest(article(1, title="T", summary=summary, text=text, hits=hits)))
    assert [one.text for one in only.items[0].variants] == ["tropas de EE. UU."]


def shown(pieces: tuple[Piece, ...]) -> str:
    return "".join(f"[{piece.text}]" if piece.hit else piece.text for piece in pieces)


def test_a_very_long_title_is_cut_and_keeps_the_words_that_matched() -> None:
    near, far = "Peru " + "word " * 400, "word " * 400 + "Peru " + "word " * 400
    for title, begins in ((near, "[Peru] word"), (far, "word word")):
        (only,) = group(digest(article(1, title=title)))
        headline = shown(only.items[0].title)
        assert headline.startswith(begins)
        assert headline.endswith(" …")
        assert "[Peru]" in headline
        assert len(headline) <= TITLE + 10


@given(words, words, st.integers(0, 40))
def test_a_headline_is_short_whatever_the_title(before: str, after: str, length: int) -> None:
    title = f"{before}Peru{'x' * length}{after}"
    one = article(1, title=title, hits=(Hit("title", len(before), len(before) + 4, "Peru", "Peru", "exact"),))
    (only,) = group(digest(one))
    headline = shown(only.items[0].title)
    assert "[Peru]" in headline
    assert len(headline) <= TITLE + 10 or headline.replace("[Peru]", "Peru") == title


def test_a_long_text_with_thousands_of_hits_costs_a_few_looks_and_not_thousands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks: list[int] = []
    look = sentences.sentence

    def counted(text: str, start: int, end: int) -> tuple[int, int]:
        looks.append(start)
        return look(text, start, end)

    for module in (quote, sentences):
        monkeypatch.setattr(module, "sentence", counted)
    text = "Peru. Then Peru came and Peru went. " * 10_000
    hits = tuple(
        Hit("text", found.start(), found.end(), "Peru", "Peru", "exact")
        for found in re.finditer("Peru", text)
    )
    title = {"title": "Peru", "text": text}
    assert quoted(article(1, **title, hits=hits)) == "Then [Peru] came and [Peru] went."
    assert len(looks) <= 41, (
        "two for each of the sentences that are compared, and the one that is taken is cut"
    )
    moved = tuple(hit._replace(start=hit.start + 1, end=hit.end + 1) for hit in hits)
    looks.clear()
    assert quoted(article(1, title="T", text=text, hits=moved)) == "[Peru]."
    again = "Peru. " * 30_000
    hits = tuple(Hit("text", at, at + 4, "Peru", "Peru", "exact") for at in range(0, len(again), 6))
    looks.clear()
    assert quoted(article(1, title="Peru", text=again, hits=hits)) == "[Peru]."
    assert len(looks) <= 201, "hostile: every sentence says the headline again"
