"""Real texts for benches, and rules drawn from them with a fixed seed."""

from __future__ import annotations

import gzip
import json
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from archive.cut import words
from archive.normalize import clean

ROOT = Path(__file__).parents[2]
CORPUS = Path(os.environ.get("PRESSWATCH_CORPUS", ROOT.parent / "shared" / "data"))
LENGTH = 3_600  # characters of an English article, which is made of headlines
SEED = 20260719
RARE, COMMON = 0.001, 0.05  # of the texts hold a word of a rule


def lines(name: str) -> Iterator[dict[str, str]]:
    """Yield the records of one file of the corpus."""
    with gzip.open(CORPUS / "text" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


@cache
def articles() -> tuple[str, ...]:
    """Return whole Spanish articles, and English ones joined from headlines, mixed, as the archive stores them."""
    texts = [record["text"] for record in lines("fakenews-es")]
    joined: list[str] = []
    size = 0
    for record in lines("headlines-en"):
        joined.append(record["title"])
        size += len(joined[-1]) + 2
        if size >= LENGTH:
            texts.append(". ".join(joined))
            joined, size = [], 0
    random.Random(SEED).shuffle(texts)
    return tuple(map(clean, texts))


class Rules:
    """Draws queries from the texts: words that 0.1 to 5 % of them hold. No two rules of a list are the same."""

    def __init__(self, seed: int = SEED) -> None:
        self._random = random.Random(seed)
        self._texts = [words(text) for text in articles()]
        self._fit = self._holding(lambda text: text)
        self._words = sorted(word for word in self._fit if len(word) > 2)
        stems = self._holding(lambda text: (w[:size] for w in text for size in range(5, len(w))))
        self._stems = {
            word: fit
            for word in self._words
            if (fit := [word[:size] for size in range(5, len(word)) if word[:size] in stems])
        }
        self._with_stems = list(self._stems)

    def _holding(self, parts: Callable[[set[str]], Iterator[str] | set[str]]) -> set[str]:
        """Return those of the parts of texts that neither too few nor too many texts hold."""
        frequency = Counter(part for text in self._texts for part in set(parts(set(text))))
        most = len(self._texts)
        return {
            part
            for part, number in frequency.items()
            if RARE <= number / most <= COMMON and part.isascii() and part.isalpha()
        }

    def word(self) -> str:
        """Return one word; each is as likely as any other."""
        return self._random.choice(self._words)

    def phrase(self) -> str:
        """Return two words that stand side by side in a text, one of them fit.

        One, because what people look for is *de Boluarte* and *Congress votes* too, and because of phrases with two
        fit words only 8 of 10,000 occur in a text: less than half of the 20 that make a bench worth its name.
        """
        while True:
            text = self._random.choice(self._texts)
            at = self._random.randrange(len(text))
            two = text[at : at + 2]
            if len(two) == 2 and all(w.isascii() and w.isalnum() for w in two) and self._fit & set(two):
                return f'"{" ".join(two)}"'

    def prefix(self) -> str:
        """Return five letters or more that a fit word begins with; all that begin with them are as rare as one word."""
        return f"{self._random.choice(self._stems[self._random.choice(self._with_stems)])}*"

    def near(self) -> str:
        """Return two fit words that stand within five words of each other in a text."""
        while True:
            text = self._random.choice(self._texts)
            at = self._random.randrange(len(text))
            close = sorted(self._fit & set(text[at : at + 7]))
            if len(close) > 1:
                one, other = self._random.sample(close, 2)
                return f"{one} NEAR/5 {other}"

    def boolean(self) -> str:
        """Return phrases, words of which one must be there too, and one that must not."""
        phrases = " OR ".join(self.phrase() for _ in range(3))
        return f"({phrases}) AND ({self.word()} OR {self.prefix()} OR {self.word()}) NOT {self.word()}"

    def phrases(self, number: int) -> list[str]:
        """Return phrase rules alone."""
        return self._distinct([self.phrase] * number)

    def mixed(self, number: int) -> list[str]:
        """Return 35 % phrases, 35 % boolean rules, 20 % NEAR and 10 % prefixes."""
        kinds = (
            [self.phrase] * (number * 35 // 100)
            + [self.boolean] * (number * 35 // 100)
            + [self.near] * (number * 20 // 100)
            + [self.prefix] * (number * 10 // 100)
        )
        self._random.shuffle(kinds)
        return self._distinct(kinds)

    @staticmethod
    def _distinct(kinds: list[Callable[[], str]]) -> list[str]:
        drawn: dict[str, None] = {}
        for kind in kinds:
            while (rule := kind()) in drawn:
                pass
            drawn[rule] = None
        return list(drawn)
