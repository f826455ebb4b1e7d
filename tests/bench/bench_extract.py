"""How fast pages become articles with metadata, and how good they are. One line of JSON; exit 1 when a limit is missed.

Peer: `trafilatura.bare_extraction` in its default mode, with metadata, over the same pages, in turns page by page. Time is
the processor's; the median of five rounds counts. Of the text the words shared with what the corpus expects (token F1):
the mean, the mean of the worst tenth, pages without text. Of titles the same, once with the name of the site as the corpus
has it and once without on both sides; of dates the day, in the zone that is written or in UTC.
"""

from __future__ import annotations

import gc
import json
import logging
import re
import statistics
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import process_time
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from lxml import html  # noqa: E402
from trafilatura import bare_extraction  # noqa: E402

from archive.errors import ParseError  # noqa: E402
from crawler.dates import from_iso  # noqa: E402
from crawler.extract import read_page  # noqa: E402
from crawler.titles import without_site  # noqa: E402
from tests.bench.texts import CORPUS  # noqa: E402
from tests.bench.timing import report  # noqa: E402

PAGES = CORPUS / "articles" / "readability"
URL = "https://paper.example/2026/page"
NOW = datetime(2026, 11, 1, tzinfo=UTC)
ROUNDS = 5
LEAST_RATIO = 1.2
WITHIN = 0.005
WORDS = re.compile(r"\w+")


class Found(NamedTuple):
    """What one reader made of one page; ``date`` begins with the day."""

    text: str = ""
    title: str = ""
    date: str = ""


class Page(NamedTuple):
    """One page of the corpus, and what it should become."""

    body: bytes
    text: str
    title: str
    site: str
    date: str


def ours(body: bytes) -> Found:
    try:
        article = read_page(body, url=URL, now=NOW)
    except ParseError:
        return Found()
    return Found(article.text, article.title or "", str(article.published_at or ""))


def theirs(body: bytes) -> Found:
    document = bare_extraction(body, url=URL, with_metadata=True)
    return Found(document.text or "", document.title or "", document.date or "") if document else Found()


def pages() -> list[Page]:
    found = []
    for folder in sorted(PAGES.iterdir()):
        tree = html.fromstring(f"<div>{(folder / 'expected.html').read_text('utf-8')}</div>")
        said = json.loads((folder / "expected-metadata.json").read_text("utf-8"))
        found.append(
            Page(
                (folder / "source.html").read_bytes(),
                " ".join(tree.itertext()),
                said["title"] or "",
                said.get("siteName") or "",
                said.get("publishedTime") or "",
            )
        )
    return found


def f1(found: str, expected: str) -> float:
    """Return the harmonic mean of precision and recall of words, each as often as it stands there."""
    ours_, theirs_ = Counter(WORDS.findall(found.lower())), Counter(WORDS.findall(expected.lower()))
    both = ours_.total() + theirs_.total()
    return 2 * (ours_ & theirs_).total() / both if both else 1.0


def day_is_right(found: str, expected: str) -> bool:
    moment = from_iso(expected)
    return bool(found) and moment is not None and found[:10] in (expected[:10], moment.date().isoformat())


def quality(found: Sequence[Found], expected: Sequence[Page]) -> dict[str, float]:
    texts = sorted(f1(one.text, page.text) for one, page in zip(found, expected, strict=True))
    pairs = [(one.title, page.title, page.site) for one, page in zip(found, expected, strict=True)]
    dated = [(one.date, page.date) for one, page in zip(found, expected, strict=True) if page.date]
    return {
        "f1": statistics.mean(texts),
        "f1_worst": statistics.mean(texts[: len(texts) // 10]),
        "empty": sum(not one.text for one in found) / len(found),
        "title": statistics.mean(f1(one, title) for one, title, _ in pairs),
        "title_bare": statistics.mean(
            f1(without_site(a, site), without_site(b, site)) for a, b, site in pairs
        ),
        "title_equal": sum(one == title for one, title, _ in pairs),
        "date": sum(day_is_right(one, day) for one, day in dated) / len(dated),
    }


def main() -> int:
    if not PAGES.is_dir():
        print(json.dumps({"bench": "extract", "skipped": "no corpus: set PRESSWATCH_CORPUS"}))
        return 0
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    corpus = pages()
    ways: tuple[Callable[[bytes], Found], ...] = (ours, theirs)
    # What is loaded on first use is loaded now; and what comes out is the same in every round.
    ours_, theirs_ = ([way(page.body) for page in corpus] for way in ways)
    gc.collect()
    gc.freeze()
    ratios, each = [], []
    for number in range(ROUNDS):
        taken = [0.0, 0.0]
        for at, page in enumerate(corpus):
            first = (at + number) % 2
            for way in (first, 1 - first):
                begun = process_time()
                ways[way](page.body)
                taken[way] += process_time() - begun
        ratios.append(taken[1] / taken[0])
        each.append(1_000 * taken[0] / len(corpus))
    good, peer = quality(ours_, corpus), quality(theirs_, corpus)
    ahead = {f"{name}_ahead": round(good[name] - peer[name], 4) for name in good if name != "title_equal"}
    line: dict[str, object] = {
        "bench": "extract",
        "unit": "ms a page, processor",
        "ms": round(statistics.median(each), 2),
        "pages": len(corpus),
        "peer": "trafilatura.bare_extraction, default, with_metadata",
        "ratio": round(statistics.median(ratios), 3),
        "ratios": [round(ratio, 3) for ratio in ratios],
        **{name: round(value, 4) for name, value in good.items()},
        **{f"peer_{name}": round(value, 4) for name, value in peer.items()},
        **ahead,
    }
    least = {"ratio": LEAST_RATIO, "f1_ahead": -WITHIN, "f1_worst_ahead": -WITHIN}
    least |= {"title_ahead": 0.0, "title_bare_ahead": 0.0, "date_ahead": 0.0}
    return report(line, most={"empty_ahead": WITHIN}, least=least)


if __name__ == "__main__":
    sys.exit(main())
