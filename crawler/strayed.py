"""Whether what came when the page of an article was read again is that article still. Pure.

    moved_on   it leads to, or calls itself by, an address whose words are not the article's: a follow-up, a live blog
    soft_404   next to nothing of its text is left, under a title that is not its own

Outlets send old pieces on to what they wrote next. Of such a page nothing is taken: the article keeps its text, and its
page is `gone` until it is back. An article that moved, with its words, has another address, as at its first reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from archive.model import KnownArticle, Outcome, PageOutcome
from archive.normalize import clean, fold
from crawler.notfound import Verdict

SHINGLE = 4  # words
OWN = 0.5
"""Of the sequences of words of the shorter text, how many the longer one has where it is the same article."""
LEFT = 0.2  # of the characters, where it may be that nothing of the article is there any more

REDIRECT = "redirect"

# How an offer to subscribe is told by its words, in the languages of the shipped sources; by their beginnings.
_OFFERS = (
    "suscri",
    "subscri",
    "abonn",
    "abonat",
    "abbon",
    "assine",
    "assinant",
    "iscriv",
    "registrat",
    "registrese",
)

Led = tuple[str, str, int | None, bool]
"""Another address that the page showed, why, whose it is by now, and whether it is that article's own key."""


def distrust(page: PageOutcome, known: KnownArticle, led: Iterable[Led]) -> PageOutcome:
    """Return the outcome for an article that was read before: a failure where the page is not its own any more."""
    article = page.article
    if article is None:
        return page
    text = clean(article.text)
    titled = _same_title(article.title, known)
    for url, why, owner, key in led:
        if owner == known.article_id:
            continue
        if why != REDIRECT and owner is not None and not key:
            continue  # some sites name one address on all their pages, and it says nothing of any of them
        if owner is None:
            same = titled or shared(text, known.text) >= OWN
        else:
            # Two articles become one for good: a title alone, or a text that quotes the other, is too little.
            same = shared(text, known.text, whole=True) >= OWN
        if not same and (why == REDIRECT or not (titled or shared(text, known.text) >= OWN)):
            says = "leads to" if why == REDIRECT else "calls its address"
            return _failed(page, Verdict("moved_on", f"it {says} {url}, and says something else"))
    if len(text) <= LEFT * len(known.text) and text not in known.text and _lost_title(article.title, known):
        left = f"{len(text):,} of {len(known.text):,} characters are left"
        return _failed(
            page, Verdict("soft_404", f"{left}, under another title: {(article.title or '')[:100]!r}")
        )
    return page


def shared(one: str, other: str, *, whole: bool = False) -> float:
    """Return which part of the shorter text (``whole``: of the longer) stands in the other, by sequences of words."""
    words = [re.findall(r"\w+", fold(text)) for text in (one, other)]
    size = min(SHINGLE, *map(len, words))
    if not size:
        return 0.0
    a, b = ({tuple(said[at : at + size]) for at in range(len(said) - size + 1)} for said in words)
    return len(a & b) / (max(len(a), len(b)) if whole else min(len(a), len(b)))


def is_offer(text: str, known: str, *, paywalled: bool) -> bool:
    """Tell whether a text is an offer that stands where the text of the article stood, not what was made of it.

    It is short, most of its words are new, and the page says that it must be paid for, or the offer does.
    """
    words, old = set(_words(text)), set(_words(known))
    if 2 * len(text) > len(known) or 2 * len(words & old) >= len(words):
        return False
    return paywalled or any(word.startswith(_OFFERS) for word in words - old)


def _failed(page: PageOutcome, said: Verdict) -> PageOutcome:
    return replace(page, outcome=Outcome.FAILED, reason=said.reason, detail=said.detail, article=None)


def _words(title: str | None) -> list[str]:
    return re.findall(r"\w+", fold(title or ""))


def _titles(known: KnownArticle) -> list[list[str]]:
    return [words for title in (known.page_title, known.title) if (words := _words(title))]


def _same_title(title: str | None, known: KnownArticle) -> bool:
    return _words(title) in _titles(known)


def _lost_title(title: str | None, known: KnownArticle) -> bool:
    """Tell whether a title has less than half of its words, or they of its, in common with those that were there."""
    words = set(_words(title))
    if not words:
        return bool(known.page_title)
    return all(2 * len(words & set(old)) < min(len(words), len(old)) for old in _titles(known))
