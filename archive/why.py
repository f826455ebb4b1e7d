"""Why a phrase is not found in an article, in plain words, with the nearest thing that is there. Pure.

Asked in this order, the nearest misses first: hidden by an exclude, written in another way, in another field, its
words apart, and then which word is like the one that is missing. Days are for `archive.whyday`, trees for
`archive.explain`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from archive.asked import FAR, Asked, Reason, here, listed, wanted
from archive.closest import Closest
from archive.facts import Facts, one_slip
from archive.leaf import Occurrence
from archive.match import in_one_sentence
from archive.normalize import tokens
from archive.tree import Date, Mode, Phrase

_NUMBERS = ("no", "one", "two", "three")
MOST_PLACES = 500  # of one word that are looked at: hostile texts have fifty thousand
SMALL = 3  # letters of words that stand everywhere
TELLING = 5  # letters of other words of a phrase, of which more must be there to speak of the phrase
LONGEST = 100  # characters of what stands between words that should stand side by side


def of_phrase(asked: Asked, phrase: Phrase, place: str | None) -> Reason:
    """Return why ``phrase`` is not found in ``place`` (None: title, summary or text)."""
    if spots := asked.spots(phrase, place, masked=False):
        return hidden(asked, named(phrase), spots)
    plain = replace(
        phrase, mode=Mode.FOLDED, words=tuple(replace(word, capitals=False) for word in phrase.words)
    )
    if plain != phrase and (spots := asked.spots(plain, place, masked=False)):
        return _written(asked, phrase, spots[0])
    if place is not None and (spots := asked.spots(phrase)):
        return elsewhere(named(phrase), place, spots)
    return _apart(asked, phrase, place) if len(phrase.words) > 1 else _missing(asked, phrase, place)


def named(node: Phrase | Date) -> str:
    """Return a phrase or a date as a reason names it."""
    return f'"{node.text}"' if isinstance(node, Phrase) and node.mode is Mode.FOLDED else str(node)


def hidden(asked: Asked, name: str, spots: Sequence[Occurrence]) -> Reason:
    """Return that all there is is hidden, and by what."""
    over: dict[str, None] = {}
    for phrase in asked.topic.exclude:
        for mask in (asked.spots(phrase, masked=False) or ())[:MOST_PLACES]:
            if in_one_sentence(asked.document.cut(mask[0]), mask[1], mask[2]) and any(
                mask[0] == spot[0] and mask[1] < spot[2] and spot[1] < mask[2] for spot in spots[:MOST_PLACES]
            ):
                over[f'"{asked.surface(mask)}"'] = None
    text = f"{name} stands only in {listed(over) or 'words'}, which exclude hides"
    return Reason.told(text, 0)


def elsewhere(name: str, place: str, spots: Sequence[Occurrence]) -> Reason:
    """Return that it is found in another field than the one asked for."""
    fields = listed(dict.fromkeys(map(here, spots)))
    text = f"{name} is in {fields}, but {place}: is asked for"
    return Reason.told(text, 1)


def absent(asked: Asked, what: str, place: str | None) -> str:
    """Return that ``what`` is in none of the fields of a place, and which of these there are."""
    fields = asked.present(place)
    gone = [field for field in wanted(place) if field not in fields]
    if not fields:
        return (
            f"{what} is looked for in {listed((f'the {one}' for one in gone), last='or')}, and there is none"
        )
    less = f" (there is {listed(f'no {one}' for one in gone)})" if gone else ""
    if len(fields) == 1:
        return f"{what} is not in the {fields[0]}{less}"
    return f"{what} is in neither {listed(fields, last='nor')}{less}"


# --- written in another way -------------------------------------------------------------------------------------


def _written(asked: Asked, phrase: Phrase, spot: Occurrence) -> Reason:
    surface = asked.surface(spot)
    if phrase.mode is not Mode.FOLDED:
        how = "as written" if phrase.mode is Mode.CASE else "with just these accents"
        text = f'it is written "{surface}", and {phrase} wants it {how}'
        return Reason.told(text, 0)
    facts = asked.topic.facts
    own, there = tokens(phrase.text), tokens(surface)
    for number, word in enumerate(phrase.words):
        seen = there.surface(number, number) if number < len(there.words) else surface
        if word.capitals and not seen.isupper() and (facts is None or word.fold in facts.ordinary):
            break
    small = "written in small letters" if seen.islower() else "not all in capitals"
    why = f'because "{word.fold}" is an ordinary word'
    if facts is None:
        why = "because no dictionary was asked about it"
    text = f'"{seen}" is {small}; {own.surface(number, number)} wants capitals, {why}'
    return Reason.told(text, 0)


# --- words apart ------------------------------------------------------------------------------------------------


def _apart(asked: Asked, phrase: Phrase, place: str | None) -> Reason:
    singles = _singles(phrase)
    found = [(asked.spots(single, place, masked=False) or [])[:MOST_PLACES] for single in singles]
    lacking = [single for single, spots in zip(singles, found, strict=True) if not spots]
    if lacking:
        longest = max(lacking, key=lambda single: len(single.words[0].fold))
        reason = of_phrase(asked, longest, place)
        if len(lacking) == len(singles) and reason.far == FAR:
            return Reason(absent(asked, named(phrase), place), (), FAR, named(phrase))
        # "de" and "from" stand everywhere, and say nothing.
        present = [single.words[0].fold for single in singles if single not in lacking]
        telling = sum(len(fold) for fold in present if len(fold) > SMALL) > TELLING
        text = f"of {named(phrase)}, {reason.text}"
        if reason.far < FAR and len(lacking) == 1:
            return Reason(
                text, tuple(f"of {named(phrase)}, {one}" for one in reason.nearest), 4, named(phrase)
            )
        part = (f"of {named(phrase)}, {named(longest)} is not there",) if telling else ()
        return Reason(text, part, 6 if telling else FAR, named(phrase))
    window = _window(found)
    if window is None:
        where = listed(f'"{asked.surface(spots[0])}" in {here(spots[0])}' for spots in found)
        text = f"the words of {named(phrase)} stand in different fields: {where}"
        return Reason.told(text, 3)
    cut = asked.document.cut(window[0][0])
    start, end = cut.start(min(spot[1] for spot in window)), cut.end(max(spot[2] for spot in window))
    numbers = [cut.number(spot[1]) for spot in window]
    between = " ".join(cut.text[start:end].split())
    shown = (
        f': "{between}"' if len(between) <= LONGEST else f", {max(numbers) - min(numbers) - 1} words apart"
    )
    if numbers == list(range(numbers[0], numbers[0] + len(numbers))):
        text = f"the end of a paragraph cuts {named(phrase)} apart"
        return Reason.told(text, 1)
    if max(numbers) - min(numbers) == len(numbers) - 1:
        text = f"the words of {named(phrase)} are there, but in another order{shown}"
    else:
        text = f"the words of {named(phrase)} are there, but not side by side{shown}"
    return Reason.told(text, 2 if len(between) <= LONGEST else 5)


def _singles(phrase: Phrase) -> list[Phrase]:
    cut = tokens(phrase.text)
    return [
        Phrase(cut.surface(number, number) + word.mark, (word,), phrase.mode)
        for number, word in enumerate(phrase.words)
    ]


def _window(found: Sequence[Sequence[Occurrence]]) -> list[Occurrence] | None:
    """Return one occurrence of each word, all of one field and as close together as they come."""
    best: tuple[int, list[Occurrence]] | None = None
    fields = set.intersection(*({spot[0] for spot in spots} for spots in found))
    for field in fields:
        for first in (spot for spot in found[0] if spot[0] == field):
            # Each other word where it is nearest to the one before: enough to show, and cheap.
            window = [first]
            for spots in found[1:]:
                window.append(min(
                    (spot for spot in spots if spot[0] == field),
                    key=lambda spot: (abs(spot[1] - window[-1][2]), spot[1] < window[-1][1]),
                ))  # fmt: skip
            width = max(spot[2] for spot in window) - min(spot[1] for spot in window)
            if best is None or width < best[0]:
                best = width, window
    return best[1] if best else None


# --- a word that is missing -------------------------------------------------------------------------------------


def _missing(asked: Asked, phrase: Phrase, place: str | None) -> Reason:
    (word,) = phrase.words
    bare = phrase.text.rstrip("*~+")
    if word.mark == "*":
        fields = asked.present(place) or wanted(place)
        text = f'no word of {listed(f"the {one}" for one in fields)} begins with "{bare}"'
    elif word.mark == "+":
        text = (
            absent(asked, f'no form of "{bare}"', place)
            .replace(" is in neither ", " is in ")
            .replace(" nor ", " or ")
        )
        text = text.replace(" is not in ", " is in ")
    else:
        text = absent(asked, named(phrase), place)
    words = asked.words(place)
    near = words.among(sorted(_known(asked.topic.facts, word.fold))) if word.mark == "~" else None
    if near:
        brief = f'"{near.surface}" is a word that the dictionaries know, so ~ does not reach it'
        return Reason(f"{text}; {brief}", (brief,), 1, named(phrase))
    near = words.nearest(word.fold, open_end=word.mark == "*")
    if near is None:
        return Reason(text, (), FAR, named(phrase))
    brief = _like(near, bare, word.fold, word.mark)
    return Reason(f"{text}; {brief}", (brief,), min(2 + near.rank, FAR - 1), named(phrase))


def _known(facts: Facts | None, fold: str) -> frozenset[str]:
    return facts.near.get(fold, frozenset()) if facts else frozenset()


def _like(near: Closest, bare: str, fold: str, mark: str) -> str:
    """Return what the nearest word has to do with the one that is missing."""
    if near.edits:
        edits = f"{_NUMBERS[near.edits]} edit{'s' if near.edits > 1 else ''} away"
        if mark == "*":
            return f'the beginning of "{near.surface}" is {edits} from {bare}'
        if mark != "~":
            return f'"{near.surface}" is {edits} from {bare}'
        if near.edits > 1:
            return f'"{near.surface}" is {edits} from {bare}, ~ allows one'
        if not one_slip(fold, near.fold):
            return f'"{near.surface}" is {edits} from {bare}, but ~ keeps the first letter'
        return f'"{near.surface}" is {edits} from {bare}'
    if near.longer:
        hint = f" ({bare}* would find it)" if not mark else ""
        return f'"{near.surface}" begins with {bare}{hint}'
    return f'"{near.surface}" is there, with which {bare} begins'
