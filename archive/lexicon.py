"""Asks simplemma's dictionaries about the words of topics, in a process of its own.

    look_up ─▶ python -m archive.lexicon: load the dictionaries, go once over their words ─▶ facts

The dictionaries of two languages take 150 MB and two seconds. A process that ends gives both back; the service, which
runs for months and asks when a topic changes, never holds them. Nothing else may import simplemma.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence

from archive.errors import PresswatchError
from archive.facts import Facts, Wanted, one_slip
from archive.normalize import fold

TIME_LIMIT = 60.0  # seconds; it takes two


def look_up(wanted: Wanted, languages: Sequence[str]) -> Facts:
    """Return what the dictionaries of ``languages`` (tags as in settings) say about ``wanted``.

    Languages without a dictionary are left out. Raises `PresswatchError` if the dictionaries cannot be asked.
    """
    if not wanted:
        return Facts()
    bases = sorted({language.replace("_", "-").partition("-")[0].lower() for language in languages})
    question = json.dumps({"languages": bases, "wanted": wanted.to_json()})
    try:
        done = subprocess.run(
            # -P: a file json.py in the folder where the operator stands is not ours.
            [sys.executable, "-P", "-m", "archive.lexicon"],
            input=question.encode("utf-8", "surrogatepass"),
            capture_output=True,
            timeout=TIME_LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise PresswatchError(f"the dictionaries did not answer within {TIME_LIMIT:g} s") from error
    except OSError as error:
        raise PresswatchError(f"the dictionaries cannot be asked: {error}") from error
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise PresswatchError(
            f"the dictionaries cannot be asked: {said[-1] if said else f'exit {done.returncode}'}"
        )
    try:
        return Facts.from_json(done.stdout.decode("utf-8", "surrogatepass"))
    except ValueError as error:
        raise PresswatchError(f"the dictionaries gave no answer: {error}") from error


def ask(wanted: Wanted, dictionaries: Sequence[Mapping[str, str]]) -> Facts:
    """Return what ``dictionaries`` (each word's lemma) say about ``wanted``.

    Without any, nothing is known: then every word in capitals may be an ordinary one, and must stand in capitals.
    """
    ordinary = set() if dictionaries else set(wanted.capitals)
    near: dict[str, set[str]] = {word: set() for word in wanted.slips}
    firsts = {word[0] for word in near}
    # By its fold: how dictionaries write an asked word.
    alike: dict[str, set[str]] = {fold(word): set() for word in wanted.forms}
    # Nearly all words of a dictionary are told apart by their length and first letter.
    slip_lengths = {len(word) + more for word in near for more in (-1, 0, 1)}
    for dictionary in dictionaries:
        for word in dictionary:
            folded = word.lower() if word.isascii() else fold(word)  # the same, done a million times
            if folded in wanted.capitals and _is_small(word):
                ordinary.add(folded)
            if folded in alike and _is_small(word):
                alike[folded].add(word)
            if len(folded) in slip_lengths and folded[:1] in firsts:
                for asked, known in near.items():
                    if one_slip(asked, folded):
                        known.add(folded)
    return Facts(
        ordinary=frozenset(ordinary),
        proper=wanted.capitals - ordinary,
        near={word: frozenset(known) for word, known in near.items()},
        forms=_forms(wanted.forms, alike, dictionaries),
    )


def _forms(
    written: Iterable[str], alike: Mapping[str, set[str]], dictionaries: Sequence[Mapping[str, str]]
) -> dict[str, frozenset[str]]:
    """Return the folded forms of each asked word, in each dictionary that knows it.

    They are those of the word itself where it has any (*estado* has *estados*, though *estar* has it too), else those
    of its lemma; and its plural, which dictionaries may take for a form of something else (*vacunas*, *wives*).
    """
    found: dict[str, set[str]] = {folded: set() for folded in alike}
    for dictionary in dictionaries:
        asked: dict[str, set[str]] = {}  # what stands in the dictionary: the asked words that it is
        for word in written:
            folded = fold(word)
            # As written if that is known anywhere, else as it is with accents: camion is camión, ano is not año.
            for one in {word} if word in alike[folded] else alike[folded]:
                if one in dictionary:
                    asked.setdefault(one, set()).add(folded)
        if asked:
            lemmas = {*asked, *(dictionary[one] for one in asked)}
            forms: dict[str, set[str]] = {lemma: set() for lemma in lemmas}
            for form, lemma in dictionary.items():
                if lemma in forms and _is_small(form):
                    forms[lemma].add(form)
            for one, words in asked.items():
                lemma = one if forms[one] - {one} else dictionary[one]
                all_forms = {one, lemma, *forms[lemma], *(p for p in _plurals(one) if p in dictionary)}
                for folded in words:
                    found[folded] |= {folded, *map(fold, all_forms)}
    return {folded: frozenset(forms) for folded, forms in found.items()}


def _plurals(word: str) -> Iterator[str]:
    """Yield what the plural of an English or Spanish noun may be; which of them is a word, the dictionary says."""
    yield f"{word}s"
    yield f"{word}es"
    for end, plural in (("f", "ves"), ("fe", "ves"), ("y", "ies"), ("z", "ces")):
        if word.endswith(end):
            yield word.removesuffix(end) + plural


def _is_small(word: str) -> bool:
    """Tell a word from a name: dictionaries hold *Peru* and *UK* too, and as such only."""
    return word == word.lower() and word.isalpha()


def _main() -> None:
    from simplemma.strategies.dictionaries.dictionary_factory import (
        SUPPORTED_LANGUAGES,
        DefaultDictionaryFactory,
    )

    question = json.loads(sys.stdin.buffer.read().decode("utf-8", "surrogatepass"))
    factory = DefaultDictionaryFactory()
    known = [factory.get_dictionary(lang) for lang in question["languages"] if lang in SUPPORTED_LANGUAGES]
    facts = ask(Wanted.from_json(question["wanted"]), known)
    sys.stdout.buffer.write(facts.to_json().encode("utf-8", "surrogatepass"))


if __name__ == "__main__":
    _main()
