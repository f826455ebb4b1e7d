"""A text cut for the automaton: the short way and the general way give the same, and lead back to the text."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from archive.cut import Cut, words
from archive.normalize import tokens


class General(Cut):
    """The same, cut the general way whatever its characters are."""

    def _short(self) -> bool:
        return False


@dataclass(frozen=True)
class Word:
    """What is known of one word; ``line`` counts the paragraphs that hold words."""

    fold: str
    start: int
    end: int
    acronym: bool
    number: int
    line: int


def read(cut: Cut) -> list[Word]:
    found, offset, line, lines = [], 1, 0, [-1]
    for piece in cut.joined.decode("utf-8", "surrogatepass").split(" "):
        size = len(piece.encode("utf-8", "surrogatepass"))
        if piece == "\n":
            line += 1
        elif piece:
            if lines[-1] != line:
                lines.append(line)
            start, end = cut.span(offset, offset + size)
            assert (start, end) == (cut.start(offset), cut.end(offset + size))
            assert cut.offset(start) == offset
            assert cut.word_end(offset) == offset + size
            found.append(Word(piece, start, end, offset in cut.acronyms, cut.number(offset), len(lines)))
        offset += size + 1 if piece else 0
    return found


def expected(text: str) -> list[Word]:
    cut = tokens(text)
    lines: list[int] = []
    for line in cut.breaks:
        if line not in lines[-1:]:
            lines.append(line)
    return [
        Word(fold, cut.starts[n], cut.ends[n], n in cut.acronyms, n + 1, lines.index(cut.breaks[n]) + 2)
        for n, fold in enumerate(cut.words)
    ]


# Pieces of which acronyms, numbers, possessives and their near misses are made.
PIECES = st.sampled_from(
    ["U", "S", "u", "EE", "UU", "ee", "aa", "FF", "Perú", "19", "000", "1", "a", "'s", "'", "’s", "’", "`s", "$", ".", ",",
     " ", "  ", "\n", "-", "_", "…", "ñ", "ª", "½", "²", "\u00a0", "“", "—", "€", "ć", "😀", "\u202f", "İ", "ß",
     "\u00ad", "\u200b", "\u0301", "ﬁ", "о", "\t", "\r", "´", "™"]
)  # fmt: skip
TEXT = st.lists(PIECES, max_size=14).map("".join) | st.text(max_size=12)


@given(TEXT)
@example("PERU'S. A. B. U.S.'s x")
@example("U.S… EE…UU EE. UU.'s 12345,678 1.234.567")
@example("U.S.Peru Lima.19,000 ab19,000")
@example("US$ 500 AU$5 U$S S$ abcd$ 1US$ a$b Peru's's Peru's's's")
@example("🇵🇪\u202fPeru’s vote")
@example("EE EE UU\n\nEE UU")
def test_both_ways_give_the_words_of_the_text(text: str) -> None:
    for cut in (Cut(text), General(text)):
        found = read(cut)
        first = found[0].number - 1 if found else 0
        first_line = found[0].line - 2 if found else 0
        moved = [
            Word(w.fold, w.start, w.end, w.acronym, w.number - first, w.line - first_line) for w in found
        ]
        assert moved == expected(text)


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        pytest.param("Tropas de EE.UU., en Lima.\nDicen", b" tropas de eeuu en lima \n dicen ", id="a paragraph ends"),
        pytest.param("U.S. troops, U. S. troops", b" us troops us troops ", id="acronyms"),
        pytest.param("July 19,000 or 19.000", b" july 19000 or 19000 ", id="numbers with separators"),
        pytest.param("Peru’s “vote”", b" peru vote ", id="possessives and quotes"),
        pytest.param("Košice, Łódź", "\u0142odz", id="what stands in no code page"),
    ],
)  # fmt: skip
def test_a_text_is_its_folded_words_between_blanks(text: str, joined: bytes | str) -> None:
    there = Cut(text).joined
    assert there == joined if isinstance(joined, bytes) else joined.encode() in there


@pytest.mark.parametrize("text", ["", " ", "\n", "...", "…", "\u200b"])
def test_a_text_without_words_has_none(text: str) -> None:
    assert words(text) == []
    assert Cut(text).acronyms == frozenset()


def test_most_news_goes_the_short_way() -> None:
    assert Cut("El Perú “vota” — 1.º de mayo… 5 €, naïve façade, Košice 😀")._at is not None
    assert Cut("Straße")._at is None
