"""Documents and their copies, made of real texts with a fixed seed; and what finding the copies came to.

A third of the documents have one copy: 65 to 80 % of its sentences, two sentences of other documents among them, two of
a hundred words replaced. Each document and copy stands in one of 40 outlets, a copy in another than its document, and
ends with what that outlet prints below everything: five to eight sentences. Foreign sentences have 5 to 40 words: some
texts of the corpus have no full stops, and half a document is no sentence.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations
from sqlite3 import Connection

from archive import reach, stories
from archive.cluster import COPY, shingles
from archive.connect import transaction
from archive.normalize import clean
from archive.times import stamp
from tests.bench.texts import SEED, lines

OUTLETS = 40
START = datetime(2026, 7, 19, tzinfo=UTC)
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True)
class Made:
    """A document, or a copy: of which ``original``, in which outlet."""

    original: int
    outlet: int
    text: str


def made() -> tuple[list[str], list[Made]]:
    """Return the originals, and all documents in the order in which they are met."""
    dice = random.Random(SEED)
    originals = [clean(record["text"]) for record in lines("fakenews-es")]
    sentences = [s for text in originals for s in _SENTENCE.split(text) if 5 <= len(s.split()) <= 40]
    words = [word for text in originals for word in text.split()]
    # Of texts that are in no document.
    others = [record["es"] for record in lines("parallel-en-es")]
    below = []
    for _ in range(OUTLETS):
        size = dice.randint(5, 8)
        below.append(" ".join(others[:size]))
        del others[:size]

    def copy(text: str) -> str:
        parts = _SENTENCE.split(text)
        chosen = sorted(dice.sample(range(len(parts)), max(1, round(len(parts) * dice.uniform(0.65, 0.8)))))
        kept = [parts[at] for at in chosen]
        for _ in range(2):
            kept.insert(dice.randint(0, len(kept)), dice.choice(sentences))
        return " ".join(
            dice.choice(words) if dice.random() < 0.02 else word for word in " ".join(kept).split()
        )

    found = []
    for number, text in enumerate(originals):
        outlet = dice.randrange(OUTLETS)
        found.append(Made(number, outlet, f"{text}\n{below[outlet]}"))
        if number % 3 == 0:
            outlet = (outlet + dice.randrange(1, OUTLETS)) % OUTLETS
            found.append(Made(number, outlet, f"{copy(text)}\n{below[outlet]}"))
    dice.shuffle(found)
    return originals, found


def fill(conn: Connection, documents: Iterable[Made], start: datetime = START) -> None:
    """Store documents as articles, a minute apart."""
    with transaction(conn):
        conn.executemany(
            "insert or ignore into sources (id, name, language, added_at) values (?, ?, 'es', '')",
            [(f"s{number}", f"Outlet {number}") for number in range(OUTLETS)],
        )
        conn.executemany(
            """insert into articles (key, source_id, title, published_from, first_seen_at, text, content)
            values (?, ?, '', 'none', ?, ?, 'full')""",
            [
                (
                    f"{stamp(start)} {number}",
                    f"s{one.outlet}",
                    stamp(start + timedelta(minutes=number)),
                    one.text,
                )
                for number, one in enumerate(documents)
            ],
        )
        reach.admit_new(conn)


def drain(conn: Connection, batches: int = -1) -> None:
    """Do what the service does with the story queue: to its end, or for so many batches."""
    while batches and (waiting := stories.take(conn)):
        results = [stories.sketched(one) for one in waiting]
        with transaction(conn):
            for one in results:
                stories.store(conn, one)
        batches -= 1


def told(conn: Connection) -> set[frozenset[int]]:
    """Return the stories, as the numbers of their documents."""
    found: dict[int, set[int]] = defaultdict(set)
    for article_id, story_id in conn.execute("select id, story_id from articles where story_id is not null"):
        found[story_id].add(article_id - 1)
    return set(map(frozenset, found.values()))


def judged(
    originals: list[str], documents: list[Made], found: Collection[frozenset[int]]
) -> tuple[float, float]:
    """Return recall and precision of stories.

    Recall: copies that are in one story with their document. Precision: pairs within a story that are of one original, or
    of two of which one stands in the other as in a copy: some texts of the corpus are copies of others.
    """
    story = {number: at for at, members in enumerate(found) for number in members}
    by_original = defaultdict(list)
    for number, one in enumerate(documents):
        by_original[one.original].append(number)
    pairs = [numbers for numbers in by_original.values() if len(numbers) == 2]
    met = sum(story.get(one, -1) == story.get(other, -2) for one, other in pairs)
    whole: dict[int, set[int]] = {}

    def right(one: int, other: int) -> bool:
        first, second = documents[one].original, documents[other].original
        for number in (first, second):
            whole.setdefault(number, set(shingles(originals[number]).tolist()))
        shared = len(whole[first] & whole[second])
        return first == second or shared >= COPY * min(len(whole[first]), len(whole[second]))

    joined = [right(*pair) for members in found for pair in combinations(sorted(members), 2)]
    return met / len(pairs), sum(joined) / len(joined)
