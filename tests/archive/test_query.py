"""The query language: what a query means, what is refused and what is said then, and what is hostile."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.errors import TopicError
from archive.query import caret, is_bounded, parse
from archive.querytokens import ALIASES
from archive.tree import MOST_NESTING, MOST_TERMS, PLACES, And, In, Near, Node, Or, Phrase, walk
from tests.archive.trees import WORDS, nodes

CASES = tomllib.loads((Path(__file__).parents[1] / "cases/queries.toml").read_text("utf-8"))


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in CASES["good"]])
def test_a_query_is_shown_in_its_canonical_form(case: dict[str, str]) -> None:
    tree = parse(case["query"])
    assert str(tree) == case["means"]
    assert parse(case["means"]) == tree


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in CASES["bad"]])
def test_what_cannot_be_read_is_refused_where_it_stands_with_a_rewrite_that_works(
    case: dict[str, str],
) -> None:
    with pytest.raises(TopicError) as raised:
        parse(case["query"])
    message, _, hint = str(raised.value).partition(" (did you mean ")
    assert message == case["says"]
    assert raised.value.column == case["column"]
    assert hint.removesuffix("?)") == " or ".join(
        f"'{text}'" if '"' in text or "“" in text else f'"{text}"' for text in case["instead"]
    )
    for text in case["instead"]:
        parse(text)


def test_no_case_has_the_name_of_another() -> None:
    names = [case["name"] for kind in CASES.values() for case in kind]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("name", [*PLACES, *ALIASES])
def test_every_field_can_be_named(name: str) -> None:
    tree = parse(f"{name.upper()}:peru")
    assert tree == In(ALIASES.get(name, name), parse("peru"))


@settings(max_examples=500)
@given(nodes(refs=("peru", "us-troops-2")))
def test_the_canonical_form_of_a_tree_is_read_to_that_tree(tree: Node) -> None:
    assert parse(str(tree)) == tree
    assert is_bounded(tree)


SCRAPS = [
    *WORDS,
    *[
        '"',
        "“",
        "”",
        "«",
        "»",
        "(",
        ")",
        "~5",
        "~",
        "*",
        "+",
        "-",
        ":",
        "/",
        "AND",
        "OR",
        "NOT",
        "NEAR",
        "NEAR/5",
        "ONEAR/0",
        "title:",
        "@",
        "@x",
        "date(",
        "cs(",
        "exact(",
        "07-19",
        "&",
        "|",
        "!",
        "U.",
        "S.",
    ],
]


@settings(max_examples=1000)
@given(
    st.lists(st.one_of(st.sampled_from(SCRAPS), st.just(" "), st.text(max_size=3)), max_size=14).map("".join)
)
def test_any_text_is_a_tree_that_reads_back_or_an_error_with_a_place(text: str) -> None:
    try:
        tree = parse(text)
    except TopicError as error:
        assert 0 <= error.column <= len(text)
        assert caret(text, error).count("\n") == 1
    else:
        assert parse(str(tree)) == tree
        assert str(parse(str(tree))) == str(tree)
        assert is_bounded(tree)


@settings(max_examples=300)
@given(
    st.lists(
        st.sampled_from(
            [
                "a",
                "b",
                "c",
                "and",
                "AND",
                "OR",
                "NOT",
                "NEAR",
                "NEAR/2",
                "(",
                ")",
                '"',
                "x:",
                "tag:",
                "@t",
                "-d",
            ]
        ),
        min_size=1,
        max_size=9,
    ).map(" ".join)
)
def test_every_rewrite_that_is_shown_can_be_read(text: str) -> None:
    try:
        parse(text)
    except TopicError as error:
        for shown in _rewrites(str(error)):
            parse(shown)


def _rewrites(message: str) -> list[str]:
    _, _, hint = message.partition(" (did you mean ")
    if not hint:
        return []
    found, hint = [], hint.removesuffix("?)")
    while hint:
        end = hint.index(hint[0], 1)
        found.append(hint[1:end])
        hint = hint[end + 1 :].removeprefix(" or ")
    return found


def test_as_many_terms_as_there_may_be_are_read_and_no_more() -> None:
    most = " OR ".join(f"p{number}" for number in range(MOST_TERMS))
    tree = parse(most)
    assert isinstance(tree, Or)
    assert len(tree.children) == MOST_TERMS
    with pytest.raises(TopicError, match="more than 2,000 terms") as raised:
        parse(f"{most} OR last")
    assert raised.value.column == len(most) + 4


def test_words_at_a_distance_are_terms_each() -> None:
    # Of single letters, since a phrase has its own limit of characters.
    words, most = " ".join("ab" * 200), MOST_TERMS // 400
    pieces = [f'"{words}"~{number}' for number in range(most)]
    assert isinstance(parse(pieces[0]), Near)
    assert isinstance(parse(" OR ".join(pieces)), Or)
    with pytest.raises(TopicError, match="more than 2,000 terms"):
        parse(" OR ".join([*pieces, "last"]))


def test_parentheses_nest_as_deep_as_they_may() -> None:
    assert parse("(" * MOST_NESTING + "a" + ")" * MOST_NESTING) == parse("a")
    with pytest.raises(TopicError) as raised:
        parse("(" * (MOST_NESTING + 1) + "a" + ")" * (MOST_NESTING + 1))
    assert raised.value.column == MOST_NESTING
    # In its canonical form it would stand in parentheses of its own.
    with pytest.raises(TopicError, match="deeper"):
        parse("(" * MOST_NESTING + '"a b"~5' + ")" * MOST_NESTING)


def test_a_tree_as_deep_as_it_may_be_reads_back() -> None:
    tree = parse("(a NOT " * MOST_NESTING + "b" + ")" * MOST_NESTING)
    assert parse(str(tree)) == tree
    assert sum(isinstance(node, And) for node in walk(tree)) == MOST_NESTING


HOSTILE = {
    "100,000 parentheses opened": "(" * 100_000,
    "100,000 parentheses closed": ")" * 100_000,
    "100,000 parentheses around a word": "(" * 100_000 + "a" + ")" * 100_000,
    "a megabyte of one letter": "a" * 1_000_000,
    "a megabyte of one letter in quotes": '"' + "a" * 1_000_000 + '"',
    "a megabyte of hyphens between letters": "a-" * 500_000,
    "a megabyte of figures": "1." * 500_000,
    "100,000 words": "peru " * 100_000,
    "100,000 words in quotes": '"' + "peru " * 100_000 + '"',
    "100,000 words at a distance": '"' + "peru " * 100_000 + '"~5',
    "100,000 words joined": " OR ".join(["peru"] * 100_000),
    "100,000 words in a chain": " NEAR/5 ".join(["peru"] * 100_000),
    "100,000 small operators": "and " * 100_000,
    "100,000 marks on a letter": "a" + "\u0301" * 100_000,
    "100,000 marks on nothing": "\u0301" * 100_000,
    "100,000 mixed marks": "a" + "\u0301\u0323" * 50_000,
    "100,000 NOTs": "NOT " * 100_000,
    "a megabyte of minuses": "-" * 1_000_000,
    "100,000 fields": "title: " * 100_000,
    "100,000 colons": "a:" * 100_000,
    "a megabyte of quotes": '"' * 1_000_000,
    "a megabyte of curly quotes": "“" * 1_000_000,
    "100,000 calls": "cs(" * 100_000,
    "a megabyte of at signs": "@" * 1_000_000,
    "a megabyte of stars": "*" * 1_000_000,
    "a megabyte of blanks": " " * 1_000_000,
    "a megabyte of lines": "\n" * 1_000_000 + "a b",
    "a megabyte of nothing visible": "\u200b" * 1_000_000,
    "a distance of 100,000 figures": "a NEAR/" + "9" * 100_000 + " b",
    "a date of a megabyte": "date(" + "1" * 1_000_000 + ")",
    "AND of 900 near AND of 900": "({0}) NEAR/5 ({0})".format(
        " AND ".join(f"w{number}" for number in range(900))
    ),
    "near in near in near": "(" * 20 + "a" + " NEAR/5 b)" * 20,
}


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in HOSTILE.items()])
def test_a_hostile_query_ends_in_a_tree_or_an_error(text: str) -> None:
    try:
        parse(text)
    except TopicError as error:
        assert len(str(error)) < 1_000
        assert len(caret(text, error)) < 500


@pytest.mark.corpus
def test_every_naughty_string_is_a_tree_or_an_error(corpus: Path) -> None:
    lines = (corpus / "hostile" / "naughty-strings.txt").read_text("utf-8").split("\n")
    read = 0
    for line in lines:
        for text in (line, f'"{line}"', f"title:{line}", f"({line}) AND a"):
            try:
                tree = parse(text)
            except TopicError as error:
                assert 0 <= error.column <= len(text)
                caret(text, error)
            else:
                read += 1
                assert parse(str(tree)) == tree
    assert read > len(lines) / 10


@pytest.mark.parametrize(
    ("text", "column", "shown"),
    [
        pytest.param("a AND", 2, "a AND\n  ^", id="under the place"),
        pytest.param("a", 9, "a\n ^", id="behind the end at most"),
        pytest.param("", 0, "\n^", id="of nothing"),
        pytest.param("a OR\n b AND c\nOR d", 8, " b AND c\n   ^", id="of the line it is in"),
        pytest.param("a\nb", 1, "a\n ^", id="at the end of a line"),
        pytest.param("a\r\nb", 0, "a\n^", id="of a line that ends with two characters"),
        pytest.param("日本 AND", 3, "日本 AND\n     ^", id="behind wide letters"),
        pytest.param("Peru\u0301 AND", 6, "Peru\u0301 AND\n     ^", id="behind an accent of its own"),
        pytest.param("a\tAND", 2, "a AND\n  ^", id="a tab is a blank"),
        pytest.param("a\x1b[2JAND", 5, "a [2JAND\n     ^", id="no control reaches the terminal"),
        pytest.param("a\u202eb AND", 4, "ab AND\n   ^", id="nothing turns the line round"),
        pytest.param("a\ud800b", 1, "a\ufffdb\n ^", id="half a character is shown as lost"),
    ],
)
def test_a_caret_stands_under_the_place(text: str, column: int, shown: str) -> None:
    assert caret(text, TopicError("", column)) == shown


def test_of_a_long_line_what_is_around_the_place_is_shown() -> None:
    text = "a" * 500 + "!" + "b" * 500
    line, below = caret(text, TopicError("", 500)).split("\n")
    assert len(line) <= 110
    assert line.startswith("…a")
    assert line.endswith("b…")
    assert line[len(below) - 1] == "!"


def test_a_word_is_compiled_as_a_phrase_is() -> None:
    assert isinstance(tree := parse("“EE.  UU.”"), Phrase)
    assert tree.text == "EE. UU."
    assert tree.words[0].acronym


@pytest.mark.parametrize("text", ["NOT lang:es", "-@peru", "NOT (a OR b)"])
def test_what_stands_beside_something_else_may_be_a_not_alone(text: str) -> None:
    assert str(parse(text, bounded=False)).startswith("NOT ")
    with pytest.raises(TopicError, match="nearly every article"):
        parse(text)
