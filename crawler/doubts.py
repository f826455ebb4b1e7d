"""What can be read in keywords.yaml and is rarely what was meant: each makes a warning, and keeps nobody from starting.

    a phrase that looks like a query    a sign that nobody looks at    text that YAML takes for a comment
    an exclude that hides its own topic

It looks at the texts as they were written, as `crawler.keywords` does, which says what cannot be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from archive.errors import Complaint, TopicError
from archive.phrase import compile_phrase
from archive.query import parse
from archive.querytokens import Kind, read
from archive.tree import Phrase, Word
from crawler.yamlfile import ANY, Document, Place
from crawler.yamlwords import COMMENT

PHRASES: tuple[tuple[str | None, ...], ...] = (("terms", ANY), ("terms", ANY, ANY), ("exclude", ANY))
QUERIES: tuple[tuple[str | None, ...], ...] = (("query",), ("require",), ("require", ANY))

# What means something in a query and nothing in a phrase; but for and/or, 24/7, C-130, 19-J, AT&T.
_OF_QUERIES = re.compile(
    r"\b(?:AND|OR|NOT|O?NEAR)\b|\b[Ww]/[0-9]+|[:()|]|(?<=[^\W\d_]{4})/(?=[^\W\d_]{4})|(?<!\S)[-\u2013\u2212+](?=[^\W\d_])"
)
_REFERS = re.compile(r"(?<!\S)@([a-z0-9-]+)")
# A sign that makes another name or number of a word to a reader, and nothing to a search.
_LOST = re.compile(r"(?<=\w)(?:\+\+|#)|(?<!\w)[$€£¥](?=\s?[0-9])|(?<=[0-9])\s?%")
# But for US+, where it takes away that capitals count.
_NAME_WITH_PLUS = re.compile(r"(?<!\w)[A-ZÀ-ÖØ-Þ](?:\w*[a-zß-ÿ]\w*)?\+(?![\w+])")
_HASHTAG = re.compile(r" #(?=\w)")


def warnings(keywords: Document) -> Iterator[Complaint]:
    """Yield what is doubtful in the topics."""
    topics = set(keywords.keys("topics"))
    for pattern in PHRASES:
        for place, text in keywords.texts("topics", ANY, *pattern):
            if found := _of_a_query(text, topics):
                message = f'warning: "{found[0]}" means nothing in a phrase (did you mean query:?)'
                yield keywords.complain(place, message, column=found.start())
            else:
                yield from _signs(keywords, place, text, 0)
    for pattern in QUERIES:
        for place, text in keywords.texts("topics", ANY, *pattern):
            yield from _signs_of_a_query(keywords, place, text)
    yield from _comments(keywords)
    for topic_id in keywords.keys("topics"):
        if _hides_itself(keywords, topic_id):
            message = "warning: this hides all that terms looks for"
            yield keywords.complain(("topics", topic_id, "exclude"), message, at_key=True)


def is_cut(keywords: Document, place: Place) -> bool:
    """Tell whether a # behind the text at ``place`` cuts it: agua AND Lima #NOT Cusco."""
    where = keywords.places.get(place)
    return bool(where and _HASHTAG.match(where.behind))


def _of_a_query(text: str, topics: set[str]) -> re.Match[str] | None:
    found = _OF_QUERIES.search(text)
    refers = next((one for one in _REFERS.finditer(text) if one[1] in topics), None)
    return min(filter(None, (found, refers)), key=lambda one: one.start(), default=None)


def _signs(keywords: Document, place: Place, text: str, at: int) -> Iterator[Complaint]:
    """Yield what is said of the signs in a phrase that stands at ``at`` of the text of ``place``."""
    if found := _LOST.search(text):
        sign = found[0].strip()
        message = f'warning: the sign {sign} is not looked at: "{_without(text, found)}" is found as well'
        yield keywords.complain(place, message, column=at + found.start() + found[0].index(sign))
    elif found := _NAME_WITH_PLUS.search(text):
        name = found[0]
        message = (
            f'warning: a + means all forms of the word: "{name}" finds "{name[:-1]}" without the sign, too'
        )
        yield keywords.complain(place, message, column=at + found.end() - 1)


def _without(text: str, found: re.Match[str]) -> str:
    """Return the word around a sign, without it."""
    before = re.search(r"\w*\Z", text[: found.start()])
    after = re.match(r"\s?\w*", text[found.end() :])
    assert before
    assert after
    return f"{before[0]}{after[0]}".strip()


def _signs_of_a_query(keywords: Document, place: Place, query: str) -> Iterator[Complaint]:
    try:
        parse(query, bounded=False)
    except TopicError:
        return  # it has its complaint
    token, address = read(query, 0), False
    while token.kind is not Kind.END:
        if token.kind in (Kind.WORD, Kind.PHRASE) and not address:
            yield from _signs(keywords, place, token.value, token.at)
        in_field = token.kind is Kind.FIELD
        # An address is full of signs, and whoever copies one means all of it.
        address = in_field and token.value == "url"
        token = read(query, token.end, in_field=in_field)


def _comments(keywords: Document) -> Iterator[Complaint]:
    for place, where in keywords.places.items():
        if place[:1] != ("topics",) or not is_cut(keywords, place) or not where.text:
            continue
        value = where.text.value
        try:
            if place[2:3] in (("query",), ("require",)):
                parse(value, bounded=False)
        except TopicError:
            continue  # the complaint about it says it
        complaint = keywords.complain(place, f"warning: {COMMENT}", column=len(value))
        yield Complaint(
            complaint.file, complaint.line, complaint.column + 1, complaint.path, complaint.message
        )


def _hides_itself(keywords: Document, topic_id: str) -> bool:
    """Tell whether each of a topic's terms holds something that its exclude hides."""
    terms = [
        phrase
        for pattern in PHRASES[:2]
        for _, text in keywords.texts("topics", topic_id, *pattern)
        if (phrase := _phrase(text))
    ]
    hidden = [
        phrase for _, text in keywords.texts("topics", topic_id, *PHRASES[2]) if (phrase := _phrase(text))
    ]
    return bool(terms and hidden) and all(any(_holds(term, one) for one in hidden) for term in terms)


def _phrase(text: str) -> Phrase | None:
    try:
        return compile_phrase(text)
    except TopicError:
        return None


def _holds(term: Phrase, hidden: Phrase) -> bool:
    """Tell whether wherever ``term`` stands, ``hidden`` stands in it."""
    size = len(hidden.words)
    return any(
        all(map(_covers, hidden.words, term.words[at : at + size]))
        for at in range(len(term.words) - size + 1)
    )


def _covers(hidden: Word, word: Word) -> bool:
    if hidden.capitals and not word.capitals:
        return False
    if hidden.mark == "*":
        return word.mark in ("", "*") and word.fold.startswith(hidden.fold)
    return hidden.fold == word.fold and word.mark in ("", hidden.mark)
