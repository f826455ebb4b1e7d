"""A letter of a value is found again in the file, whatever YAML does between the two."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.yamlfile import Document, read_text
from crawler.yamltext import Shown, locate

CASES = {
    "plain": ("a: Peru (x", "(", (1, 9)),
    "plain, on three lines": ("a: Peru\n  libre\n\n  (x", "(", (4, 3)),
    "in single quotes": ("a: 'it''s (x'", "(", (1, 11)),
    "in double quotes": (r'a: "\u00e1\"\\ (x"', "(", (1, 16)),
    "in double quotes, a line that goes on": ('a: "one \\\n  (x"', "(", (2, 3)),
    "literal": ("a: |\n  one\n    two (x\n", "(", (3, 9)),
    "literal, with a comment and an indentation that is said": ("a: |2-  # why (\n   one\n  (x", "(", (3, 3)),
    "literal, with empty lines": ("a: |+\n\n\n  one\n\n  (x\n\n", "(", (6, 3)),
    "folded": ("a: >\n  one\n  two\n\n  (x\n", "(", (5, 3)),
    "folded, with a line that is deeper": ("a: >-\n  one\n    two (x\n", "(", (3, 9)),
    "a block above a comment": ("a: |\n  one (x\n# (y\nb: 1\n", "(", (2, 7)),
    "in a list of lists": ("a:\n- - |\n    (x", "(", (3, 5)),
    "with Windows' line ends": ("a: |\r\n  one\r\n  (x\r\n", "(", (3, 3)),
    "a letter of more than 16 bits before it": ("a: '🎉 (x'", "(", (1, 7)),
}


@pytest.mark.parametrize(("text", "letter", "where"), CASES.values(), ids=CASES)
def test_a_letter_is_found_in_its_line_and_column(text: str, letter: str, where: tuple[int, int]) -> None:
    document = Document("a.yaml")
    read_text(text, document)
    assert document.complaints == []
    place, value = next(
        (place, value)
        for pattern in (("a",), ("a", None, None))
        for place, value in document.texts(*pattern)
        if letter in value
    )
    complaint = document.complain(place, "here", column=value.index(letter))
    assert (complaint.line, complaint.column) == where


def test_the_end_of_a_text_and_white_space_in_it_are_found_too() -> None:
    document = Document("a.yaml")
    read_text("a: |\n  one  two\n  \nb: 'x'\n", document)
    (value,) = (value for _, value in document.texts("a"))
    columns = [document.complain(("a",), "", column=at) for at in range(len(value) + 5)]
    assert [(one.line, one.column) for one in columns[:9]] == [
        (2, 3), (2, 4), (2, 5), (2, 6), (2, 7), (2, 8), (2, 9), (2, 10), (2, 11),
    ]  # fmt: skip
    assert {(one.line, one.column) for one in columns[9:]} == {(2, 11)}
    assert document.complain(("b",), "", column=1).column == 6


def test_what_cannot_be_found_is_taken_to_stand_at_the_beginning() -> None:
    assert locate(Shown("abc", "", "another text"), 4) == (0, 0)
    assert locate(Shown("''", "'", ""), 0) == (0, 0)
    assert locate(Shown('"\\q"', '"', "q"), 0) == (0, 1)


WORDS = st.lists(st.text("abñ🎉(*\"'\\#:-|>", min_size=1, max_size=5), min_size=1, max_size=8)


@given(words=WORDS, gaps=st.lists(st.sampled_from([" ", "  ", "\n", "\n\n"]), min_size=8, max_size=8))
@pytest.mark.parametrize("style", ["|", ">", "'", '"'])
def test_every_letter_of_a_text_is_found_where_the_file_has_it(
    style: str, words: list[str], gaps: list[str]
) -> None:
    body = "".join(word + gap for word, gap in zip(words, gaps, strict=False)).rstrip()
    indented = body.replace("\n", "\n    ")
    if style in ("|", ">"):
        text = f"a:\n  b: {style}\n    {indented}\n"
    elif style == "'":
        text = "a:\n  b: '" + indented.replace("'", "''") + "'\n"
    else:
        text = 'a:\n  b: "' + indented.replace("\\", "\\\\").replace('"', '\\"') + '"\n'
    document = Document("a.yaml")
    read_text(text, document)
    assert document.complaints == []
    ((place, value),) = document.texts("a", "b")
    assert re.sub(r"\s", "", value) == "".join(words)
    lines = text.split("\n")
    for at, char in enumerate(value):
        if not char.isspace():
            found = document.complain(place, "", column=at)
            there = lines[found.line - 1][found.column - 1 :]
            assert there.startswith(("\\" + char, char))
