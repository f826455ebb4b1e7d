"""Copies of a text, told by their sketches; and the stories that copies make."""

from __future__ import annotations

import random
import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.cluster import (
    BITS,
    COPY,
    LEAST_SHARED,
    LEAST_WORDS,
    SIZE,
    Sketch,
    containment,
    is_copy,
    shingles,
    sketch,
    stories,
    word_hashes,
)

WORDS = st.lists(
    st.sampled_from(["la", "mina", "de", "litio", "abre", "otra", "vez", "en", "puno", "sin", "agua", "40"]),
    max_size=90,
)
HASHES = st.sets(st.integers(0, 200), max_size=2 * SIZE).map(
    lambda found: Sketch(tuple(sorted(found)[:SIZE]))
)


def prose(seed: int, words: int = 300) -> str:
    dice = random.Random(seed)
    return " ".join(f"w{dice.randrange(10**6)}" for _ in range(words))


# --- sketches ---------------------------------------------------------------------------------------------


def test_accents_capitals_signs_and_line_ends_do_not_matter() -> None:
    text = "El «Perú» votó\nhoy: sí, señor. " * 8
    assert sketch(text) == sketch(text.upper()) == sketch("el peru voto hoy si senor " * 8)
    assert sketch(text) != sketch(text.replace("hoy", "ayer"))


def test_a_word_has_the_same_hash_wherever_it_stands() -> None:
    first, *others = word_hashes("Puno " * 5_000)
    assert set(others) == {first}
    assert len(set(word_hashes("aaa aa a ab ba b áé ß 🙂 日本 日 1 11").tolist())) == 13


@given(WORDS)
def test_a_sketch_is_the_smallest_hashes_of_the_shingles_each_once(words: list[str]) -> None:
    found = sketch(" ".join(words)).hashes
    every = shingles(" ".join(words)).tolist()
    assert list(found) == sorted(set(every))[:SIZE]
    assert all(0 <= each < 1 << BITS for each in found)
    assert bool(found) == (len(words) >= LEAST_WORDS)


@given(st.text())
def test_any_text_has_a_sketch_and_the_same_each_time(text: str) -> None:
    assert sketch(text) == sketch(text)
    assert len(sketch(text).hashes) <= SIZE


def test_a_sketch_is_the_same_in_every_process() -> None:
    program = f"from archive.cluster import sketch; print(sketch({prose(1)!r}).hashes)"
    done = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert done == {f"{sketch(prose(1)).hashes}\n"}


def test_what_stands_beyond_the_longest_changes_nothing() -> None:
    text = prose(3, 20_000)
    assert sketch(text + prose(4)) == sketch(text)


# --- containment ------------------------------------------------------------------------------------------


@given(HASHES, HASHES, st.sets(st.integers(0, 200)))
def test_containment_is_symmetric_and_a_part(one: Sketch, other: Sketch, common: set[int]) -> None:
    share = containment(one, other, common)
    assert share == containment(other, one, common)
    assert 0 <= share <= 1


@given(HASHES, st.sets(st.integers(0, 200)))
def test_a_text_is_all_in_itself_unless_too_little_of_it_counts(one: Sketch, common: set[int]) -> None:
    assert containment(one, one, common) == (len(set(one.hashes) - common) >= LEAST_SHARED)


@given(HASHES, HASHES, st.sets(st.integers(0, 200)))
def test_what_is_common_counts_for_neither(one: Sketch, other: Sketch, common: set[int]) -> None:
    upto = min(one.upto, other.upto)
    first, second = ({each for each in s.hashes if each <= upto} - common for s in (one, other))
    shared = len(first & second)
    expected = shared / min(len(first), len(second)) if shared >= LEAST_SHARED else 0
    assert containment(one, other, common) == expected


@pytest.mark.parametrize("words", [LEAST_WORDS + 5, 120, 600, 3_000])
def test_half_of_a_text_is_a_copy_of_it_and_another_text_is_none(words: int) -> None:
    text = prose(words, words).split()
    half = sketch(" ".join(text[: max(LEAST_WORDS, words // 2)]))
    assert is_copy(containment(sketch(" ".join(text)), half), same_outlet=True)
    assert containment(sketch(" ".join(text)), sketch(prose(7, words))) == 0


def test_a_text_with_as_much_again_of_another_is_a_copy_of_both() -> None:
    mixed = sketch(f"{prose(1)} {prose(2)}")
    assert all(is_copy(containment(mixed, sketch(prose(n))), same_outlet=False) for n in (1, 2))


def test_a_quotation_makes_no_copy() -> None:
    speech = prose(9, 60)
    one, other = sketch(f"{prose(1)} {speech} {prose(2)}"), sketch(f"{prose(3)} {speech} {prose(4)}")
    assert containment(one, other) < COPY


def test_a_text_below_the_least_number_of_words_is_no_copy_even_of_itself() -> None:
    short = sketch(prose(1, LEAST_WORDS - 1))
    assert short.hashes == ()
    assert containment(short, short) == 0


# --- stories ----------------------------------------------------------------------------------------------

PAIRS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=20)


@given(PAIRS, st.randoms(use_true_random=False))
def test_merging_is_order_free(pairs: list[tuple[int, int]], dice: random.Random) -> None:
    shuffled = [pair[:: dice.choice((1, -1))] for pair in dice.sample(pairs, len(pairs))]
    assert set(stories(range(13), pairs)) == set(stories(reversed(range(13)), shuffled))


@given(PAIRS)
def test_stories_part_the_articles_and_never_a_pair(pairs: list[tuple[int, int]]) -> None:
    found = stories(range(13), pairs)
    assert sorted(article for story in found for article in story) == list(range(13))
    assert all(any({one, other} <= story for story in found) for one, other in pairs)


@given(PAIRS)
def test_a_story_holds_together_by_pairs_alone(pairs: list[tuple[int, int]]) -> None:
    for story in stories(range(13), pairs):
        reached, before = {min(story)}, set[int]()
        while reached != before:
            before = set(reached)
            for one, other in pairs:
                if reached & {one, other}:
                    reached |= {one, other}
        assert reached == story


def test_a_long_chain_is_one_story() -> None:
    assert stories(range(5_000), pairwise(range(5_000))) == [frozenset(range(5_000))]
