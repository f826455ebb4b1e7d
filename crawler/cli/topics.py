"""The command that shows what each topic looks for: topics.

topics with facts ─▶ each term: how it is written, what counts in it ─▶ which words of the archive it reaches
"""

from __future__ import annotations

import sqlite3
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from itertools import islice, product
from pathlib import Path
from typing import Annotated, Any

import typer

from archive.connect import open_reader, translated
from archive.datewords import numbers, spellings
from archive.errors import ArchiveError, PresswatchError
from archive.facts import Facts, one_slip
from archive.months import locale_of, month_names
from archive.normalize import fold, tokens
from archive.topic import Topic, refs
from archive.tree import Date, Mode, Phrase, Word, walk
from crawler.cli import history
from crawler.cli.app import Json, app, load
from crawler.cli.output import say, say_json
from crawler.complaints import hint
from crawler.watchlist import compile_stored

MOST_WORDS = 20  # of the archive, for one term
MOST_SPELLINGS = 24  # of one phrase: each acronym in it multiplies them
WIDTH = 80
CAPITALS, ACCENTS = "capitals as written", "accents as written"


@dataclass(frozen=True, slots=True)
class Reached:
    """One word of the archive that a term reaches, and how many articles hold it."""

    word: str
    articles: int


@dataclass(slots=True)
class Term:
    """One phrase or date of a topic, and what it stands for. ``part``: terms, exclude or require.

    ``variants`` are its spellings; ``rules`` say what counts in it; ``never`` are the words that a ~ does not take.
    """

    text: str
    part: str
    variants: list[str] = field(default_factory=list)
    languages: dict[str, list[str]] = field(default_factory=dict)
    rules: list[str] = field(default_factory=list)
    never: list[str] = field(default_factory=list)
    reaches: list[Reached] = field(default_factory=list)
    more: int = 0  # words of the archive beyond those in ``reaches``


@app.command()
def topics(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(help="A topic of keywords.yaml; left out: all of them.")
    ] = None,
    past: Annotated[
        bool, typer.Option("--history", help="Show each definition that a topic has had instead.")
    ] = False,
    json: Json = False,
) -> None:
    """Show what each topic looks for: spellings, forms, dates.

    Where there is an archive, it also says which of its words a *, a ~ or a + reaches, and in how many articles.
    """
    config = load(context)
    known = [topic.topic_id for topic in config.topics]
    if name is not None and name not in known:
        close = hint(name, known)
        raise PresswatchError(f"there is no topic {name} in keywords.yaml{close or _there_are(known)}")
    compiled = compile_stored(config)
    shown = [topic for topic in compiled if name in (None, topic.topic_id)]
    if past:
        history.show(config, shown, as_json=json)
        return
    with closing(_Vocabulary(config.data_dir / "archive.db")) as vocabulary:
        if json:
            say_json([as_json(topic, vocabulary) for topic in shown])
            return
        for number, topic in enumerate(shown):
            say(("\n" if number else "") + as_text(topic, vocabulary))


def _there_are(names: Sequence[str]) -> str:
    if not names:
        return " (there are none)"
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return f" (there are: {', '.join(names[:10])}{more})"


class _Vocabulary:
    """The words of an archive; of none, where there is none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._conn: sqlite3.Connection | None = None
        if path.exists():
            try:
                self._open()
            except ArchiveError:  # it is being made, or has another schema: there is nothing to count
                self.close()

    def _open(self) -> None:
        self._conn = open_reader(self._path)
        with translated(self._path):
            # The file stays read-only; the table that is made is a view of its index, in memory.
            self._conn.execute("pragma temp_store = memory")
            self._conn.execute("pragma query_only = off")
            self._conn.execute("create virtual table temp.words using fts5vocab(main, articles_fts, 'row')")

    @property
    def exists(self) -> bool:
        """Whether there is an archive whose words can be counted."""
        return self._conn is not None

    def reached(self, word: Word, facts: Facts) -> dict[str, int]:
        """Return the archive's words that a marked word reaches, each with the number of articles that hold it."""
        if word.mark == "*":
            found = self._between(word.fold, word.fold)
            return {seen: articles for seen, articles in found if seen.startswith(word.fold)}
        if word.mark == "~":
            known = facts.near.get(word.fold, frozenset())
            return {
                seen: articles
                for seen, articles in self._between(word.fold[0], word.fold[0])
                if seen == word.fold or (one_slip(word.fold, seen) and seen not in known)
            }
        forms = {word.fold, *facts.forms.get(word.fold, ())}
        return {seen: number for form in sorted(forms) for seen, number in self._between(form, form, last="")}

    def _between(self, first: str, prefix: str, *, last: str = "\U0010ffff") -> Iterator[tuple[str, int]]:
        """Yield the words from ``first`` to all that begin with ``prefix``, folded as we fold, and their articles."""
        if self._conn is None:
            return
        with translated(self._path):
            for term, articles in self._conn.execute(
                "select term, doc from temp.words where term >= ? and term <= ?", (first, prefix + last)
            ):
                yield fold(term), articles

    def close(self) -> None:
        """Close the archive."""
        if self._conn is not None:
            self._conn.close()
            self._conn = None


# --- what a term stands for -------------------------------------------------------------------------------


def terms_of(topic: Topic, vocabulary: _Vocabulary) -> list[Term]:
    """Return each phrase and date of ``topic`` once, in the order in which they stand."""
    parts = (("terms", (topic.tree,)), ("exclude", topic.exclude), ("require", topic.require))
    found: dict[tuple[str, object], Term] = {}
    for part, trees in parts:
        for node in (node for tree in trees for node in walk(tree)):
            if isinstance(node, Phrase | Date) and (part, node) not in found:
                found[part, node] = (
                    _date(node, part, topic.languages)
                    if isinstance(node, Date)
                    else _phrase(node, part, topic.facts or Facts(), vocabulary)
                )
    return list(found.values())


def _date(date: Date, part: str, languages: Sequence[str]) -> Term:
    term = Term(str(date), part)
    for language in languages:
        if written := spellings(date, (language,)):
            term.languages[language] = list(written)
        else:
            term.rules.append(f"no spellings in {language} are known")
    # The number alone, which stands in lists of days, is said in words below.
    figures = [text for text in numbers(date) if "/" in text]
    year = "YYYY" if date.year is None else f"{date.year:04}"
    term.languages["numbers"] = [*figures, f"{year}-{date.month:02}-{date.day:02}"]
    term.variants = list(dict.fromkeys(text for texts in term.languages.values() for text in texts))
    term.rules.append("numbers count in the order that the article's language and country have them in")
    if english := locale_of("en"):
        name = month_names(english, "wide")[date.month][0]
        first = max(date.day - 1, 1)
        listed = f'"{first} and {first + 1} {name}", "{name} {first}-{first + 1}"'
        term.rules.append(f"also as one day of a list, and as an end of a range: {listed}")
    if date.year is not None:
        term.rules.append(
            f"without a year, only in articles of within half a year of {date.year}-{date.month:02}"
        )
    return term


def _phrase(phrase: Phrase, part: str, facts: Facts, vocabulary: _Vocabulary) -> Term:
    term = Term(str(phrase), part)
    cut = tokens(phrase.text)
    ways = []
    reached: dict[str, int] = {}
    for number, word in enumerate(phrase.words):
        surface = cut.surface(number, number)
        ways.append(_ways(word, surface, phrase.mode))
        if word.capitals and phrase.mode is Mode.FOLDED:
            small = surface.replace(".", "").replace(" ", "").lower()
            if word.fold in facts.ordinary:
                term.rules.append(f'{surface} must stand in capitals: "{small}" is an ordinary word')
            else:
                term.rules.append(f'capitals do not matter in {surface}: "{small}" is no ordinary word')
        if word.mark == "+":
            forms = facts.forms.get(word.fold, frozenset()) - {word.fold}
            term.variants += [word.fold, *sorted(forms)]
            if not forms:
                term.rules.append(f"no dictionary knows another form of {surface}")
        if word.mark == "*":
            term.rules.append(f"any ending of {word.fold}")
        if word.mark == "~":
            term.rules.append(
                f"one slip in {word.fold}: a letter too many, one too few, a wrong one, or two swapped"
            )
            term.never += sorted(facts.near.get(word.fold, ()))
        if word.mark:
            reached.update(vocabulary.reached(word, facts))
    if any(len(way) > 1 for way in ways):
        term.variants += [" ".join(one) for one in islice(product(*ways), MOST_SPELLINGS)]
    if phrase.mode is Mode.CASE:
        term.rules.append(CAPITALS)
    if phrase.mode is Mode.MARKS:
        term.rules.append(ACCENTS)
    counts = sorted(reached.items(), key=lambda item: (-item[1], item[0]))
    term.reaches = [Reached(*item) for item in counts[:MOST_WORDS]]
    term.more = max(0, len(counts) - MOST_WORDS)
    return term


def _ways(word: Word, surface: str, mode: Mode) -> list[str]:
    """Return how an acronym is written: US, U.S., U. S.; of any other word, the word."""
    letters = "".join(char for char in surface if char.isalnum())
    short = word.capitals or word.acronym or (letters.isupper() and 2 <= len(letters) <= 4)
    if not short or not letters.isalpha() or word.mark or mode is Mode.MARKS:
        return [surface + word.mark]
    ways = [letters]
    if len(letters) == 4 and letters[0] == letters[1] and letters[2] == letters[3]:
        one, two = letters[:2], letters[2:]
        ways += [f"{one}.{two}.", f"{one}. {two}.", f"{one} {two}"]
    elif len(letters) <= 6:
        ways.append("".join(f"{letter}." for letter in letters))
        if len(letters) <= 5:
            ways.append(" ".join(f"{letter}." for letter in letters))
    return ways


# --- how it is shown --------------------------------------------------------------------------------------


def as_json(topic: Topic, vocabulary: _Vocabulary) -> dict[str, Any]:
    """Return a topic for programs."""
    return {
        "id": topic.topic_id,
        "title": topic.title,
        "version": topic.version,
        "canonical": str(topic.tree),
        "terms": [asdict(term) for term in terms_of(topic, vocabulary)],
        "exclude": [str(phrase) for phrase in topic.exclude],
        "require": [str(tree) for tree in topic.require],
        "topics": list(refs(topic.trees)),
    }


def as_text(topic: Topic, vocabulary: _Vocabulary) -> str:
    """Return a topic for people, 80 columns wide."""
    name = topic.topic_id if topic.title == topic.topic_id else f"{topic.topic_id}: {topic.title}"
    lines = [f"{name} (version {topic.version})"]
    lines += _row("looks for", str(topic.tree), 2)
    if topic.exclude:
        lines += _row("not counted", ", ".join(map(str, topic.exclude)), 2)
    for tree in topic.require:
        lines += _row("only if also", str(tree), 2)
    if names := refs(topic.trees):
        lines += _row("other topics", ", ".join(f"@{name}" for name in names), 2)
    plain = []
    strict: dict[str, list[str]] = {CAPITALS: [], ACCENTS: []}
    for term in terms_of(topic, vocabulary):
        rows = list(_rows(term, vocabulary))
        if term.part == "terms" and len(rows) == 1 and rows[0][1] in strict:
            strict[rows[0][1]].append(term.text)
        elif rows:
            part = "" if term.part == "terms" else f" (under {term.part})"
            lines += ["", f"  {term.text}{part}"]
            lines += [line for label, text in rows for line in _row(label, text, 4)]
        elif term.part == "terms":
            plain.append(term.text)
    for rule, texts in strict.items():
        if texts:
            lines += ["", *_row(rule.split()[0], f"{', '.join(texts)} ({rule})", 2)]
    if plain:
        lines += ["", *_row("as written", f"{', '.join(plain)} (accents and capitals do not matter)", 2)]
    return "\n".join(lines)


def _rows(term: Term, vocabulary: _Vocabulary) -> Iterator[tuple[str, str]]:
    """Yield what is to be said of a term; nothing of plain words."""
    if term.languages:
        for language, written in term.languages.items():
            yield language, ", ".join(written)
    elif term.variants:
        yield "written", ", ".join(term.variants)
    for rule in term.rules:
        yield "rule", rule
    if term.never:
        yield "never", f"{_some(term.never)} (words that dictionaries know)"
    if vocabulary.exists and _is_marked(term):
        words = ", ".join(f"{one.word} {one.articles}" for one in term.reaches)
        more = f" +{term.more} more" if term.more else ""
        yield "reaches", f"{words}{more} (articles of the archive)" if words else "no word of the archive"


def _is_marked(term: Term) -> bool:
    return not term.languages and any(mark in term.text for mark in "*~+")


def _some(words: Sequence[str]) -> str:
    more = f" +{len(words) - MOST_WORDS} more" if len(words) > MOST_WORDS else ""
    return ", ".join(words[:MOST_WORDS]) + more


def _row(label: str, text: str, indent: int) -> Iterable[str]:
    head = " " * indent + f"{label:<13}"
    # A word is never cut: what is copied out of here must be found again.
    return textwrap.wrap(
        text, WIDTH, initial_indent=head, subsequent_indent=" " * len(head),
        break_long_words=False, break_on_hyphens=False,
    ) or [head]  # fmt: skip
