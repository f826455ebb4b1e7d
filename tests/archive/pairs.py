"""Random topics and texts that have something to do with each other: for the engine and its reference to agree on.

Every choice is one of ``dice``, so a seed is a pair, and Hypothesis may make the choices instead and take them back one
by one. The words of a topic are taken from the text that it will be asked about (changed a little, as people and slips
change them), or too few of them would match to prove anything.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from archive.errors import TopicError
from archive.facts import Facts
from archive.normalize import Tokens, tokens
from archive.phrase import compile_phrase
from archive.topic import Topic
from archive.tree import ATTRIBUTES, FIELDS, Date, In, Mode, Near, Node, Not, Phrase, Ref, all_of, any_of
from tests.archive.cases import FACTS

# Few, so that they meet: words in each other's shape, and what stands close to a rule of folding or of dates.
WORDS = """
Peru Perú PERÚ peru peruano peruanas Peruvian Perugia Peru's Peru’s Peru-based Boluarte Boularte Bolarte BOLUARTE baluarte
US us Us U.S. U.S u.s. USA EE.UU. EEUU eeuu IT it It WHO who ONU onu O.N.U. UN un FMI
troops Troops TROOPS troop trops tropas soldado soldados Soldado soldier militar militares
litio Litio LITIO lithium mina minas camión camiones año ano AÑO Año mañana manana the la el de of en y a
July Jul. julio 19 19th 19J 19-J 7 7/19 19/07 19/7/2023 2023-07-19 2023 19,000 19.000 19000 May may 1 9
Lima Puno #litio #PeruLibre ex-presidente isn't it's O'Brien Straße STRASSE ﬁnance ＰＥＲＵ x² ½ İstanbul Peru™
Αθήνας ΑΘΗΝΑΣ Перу перу بيرو بِيرُو 秘鲁 秘鲁总统 ﾍﾟﾙｰ 페루 🇵🇪
"""
SPELLED = [
    "EE. UU.", "EE UU", "ee uu", "U. S.", "u. s.", "FF. AA.", "July 19", "19 July", "19 de julio", "July 19, 2023",
    "19 de julio de 2022", "Dina Boluarte", "US troops", "us troops", "Peru, Indiana", "Pe\u00adru", "lit\u200bio",
    "Peru\u0301", "an\u0303o", "US\u00a0troops", "Peru\u2011based", "tropas de EE.UU.", "the the", "19\u202fde\u202fjulio",
]  # fmt: skip
PLAIN = tuple(WORDS.split())
JOINTS = [" "] * 16 + [
    ", ",
    ". ",
    "\n",
    "! ",
    "? ",
    "… ",
    " — ",
    "\u00a0",
    "-",
    "/",
    "  ",
    ": ",
    " (",
    ".” ",
    "_",
    ".",
    "\u200b",
]
DATES = (Date(7, 19), Date(7, 19, 2023), Date(7, 1), Date(5, 19))
LANGUAGES = ("es", "en", "en-US", "en-GB", "es-PE", "pt", "")
ABOUT = {
    "source": ("rpp\nRPP Noticias", "us\nUS News", "Peru Indiana Tribune"),
    "url": ("https://rpp.example/peru/litio-19-07", "https://us.example/2023/07/19/troops"),
    "country": ("PE", "US", "GB", "us"),
    "author": ("Dina Boularte\nGustavo Gorriti", "IT staff"),
    "section": ("Perú", "WHO we are", "minas"),
    "tag": ("litio\nPeru", "US\ntroops"),
    "date": ("2023-07-20", "2023-02-01T10:00:00Z", "2022-07-19", "soon"),
}
_FORMS = {word: forms for forms in FACTS.forms.values() for word in forms}
KNOWN = replace(
    FACTS,
    near={**FACTS.near, "soldado": frozenset({"soldados"}), "peruano": frozenset({"peruana"})},
    forms={**_FORMS, **FACTS.forms},
)
DEEPEST = 3


@dataclass(frozen=True)
class Shape:
    """What makes random topics fit what they are asked about. ``farthest``: the most words between, in a NEAR."""

    farthest: int = 9
    attributes: bool = True


SMALL = Shape()
REAL = Shape(farthest=6, attributes=False)


def pairs(seed: int, count: int) -> Iterator[tuple[tuple[Topic, ...], dict[str, str]]]:
    """Yield ``count`` random watch lists, each with a document to ask it about."""
    dice = random.Random(seed)
    for _ in range(count):
        yield pair(dice)


def pair(dice: random.Random, words: tuple[int, int] = (5, 60)) -> tuple[tuple[Topic, ...], dict[str, str]]:
    """Return one to three topics, of which later ones may refer to earlier ones, and a document."""
    document = random_document(dice, dice.randint(*words))
    facts = dice.choice((KNOWN, KNOWN, KNOWN, None))
    topics: list[Topic] = []
    for number in range(dice.choice((1, 1, 2, 3))):
        topics.append(random_topic(dice, f"t{number}", document, topics, facts))
    return tuple(topics), document


def random_document(dice: random.Random, count: int) -> dict[str, str]:
    """Return a text of ``count`` words, half the time with a title, and something of what is known about an article."""
    document = {"text": random_text(dice, count)}
    if dice.random() < 0.5:
        document["title"] = random_text(dice, dice.randint(1, 10))
        if dice.random() < 0.2:
            document["title"] = document["title"].upper()
    if dice.random() < 0.3:
        document["summary"] = random_text(dice, dice.randint(1, 15))
    document["lang"] = dice.choice(LANGUAGES)
    document |= {name: dice.choice(texts) for name, texts in ABOUT.items() if dice.random() < 0.4}
    return document


def random_text(dice: random.Random, count: int) -> str:
    text = ""
    for number in range(count):
        word = dice.choice(SPELLED) if dice.random() < 0.15 else dice.choice(PLAIN)
        text += (dice.choice(JOINTS) if number else "") + word
    return unicodedata.normalize("NFD", text) if dice.random() < 0.05 else text


def random_topic(
    dice: random.Random,
    topic_id: str,
    document: Mapping[str, str],
    others: Sequence[Topic] = (),
    facts: Facts | None = KNOWN,
    shape: Shape = SMALL,
) -> Topic:
    """Return a topic whose words stand in ``document``, for the greater part."""
    maker = _Maker(dice, document, [topic.topic_id for topic in others], shape)
    parts = [maker.node(dice.randint(0, DEEPEST)) for _ in range(dice.choice((1, 1, 1, 2)))]
    return Topic(
        topic_id,
        topic_id,
        "",
        any_of(tuple(parts)),
        tuple(maker.phrase(folded=True) for _ in range(dice.choice((0, 0, 0, 1, 2)))),
        tuple(maker.node(dice.randint(0, 1)) for _ in range(dice.choice((0, 0, 0, 0, 1)))),
        facts,
        dice.choice((("en", "es"), ("en",), ("es",))),
    )


class _Maker:
    """Makes the trees of one topic, such as `archive.query.parse` gives. ``others``: what it may refer to."""

    def __init__(
        self, dice: random.Random, document: Mapping[str, str], others: Sequence[str], shape: Shape
    ) -> None:
        self.dice = dice
        self.others = others
        self.shape = shape
        self.cuts = {
            name: cut for name, text in document.items() if name != "date" and (cut := tokens(text)).words
        }

    def node(self, depth: int, *, free: bool = True) -> Node:
        """Return a tree that is true of no empty article. ``free``: outside of any field, where @ and fields may stand."""
        dice = self.dice
        kind = dice.random()
        if depth <= 0 or kind < 0.15:
            return self.leaf(free=free)
        if kind < 0.55:
            children = tuple(self.node(depth - 1, free=free) for _ in range(dice.choice((2, 2, 3))))
            return any_of(children) if kind < 0.4 else all_of(children)
        if kind < 0.65:
            denied = (Not(self.node(depth - 2, free=free)) for _ in range(dice.choice((1, 1, 2))))
            return all_of((self.node(depth - 1, free=free), *denied))
        if kind < 0.9 or not free:
            return self.near(depth)
        return self.field(self.node(depth - 1, free=False))

    def near(self, depth: int) -> Near:
        operands = tuple(self.operand(depth - 1) for _ in range(self.dice.choice((2, 2, 2, 3))))
        joints = range(len(operands) - 1)
        gaps = tuple(self.dice.choice((0, 1, 2, 3, self.shape.farthest)) for _ in joints)
        return Near(operands, gaps, tuple(self.dice.random() < 0.3 for _ in joints))

    def operand(self, depth: int) -> Node:
        """Return what may stand beside NEAR: no field may, but a field around it."""
        kind = self.dice.random()
        if depth <= 0 or kind < 0.6:
            return self.leaf(free=False)
        if kind < 0.8:
            return any_of((self.operand(depth - 1), self.operand(depth - 1)))
        return self.near(depth)

    def leaf(self, *, free: bool) -> Node:
        kind = self.dice.random()
        if free and self.others and kind < 0.1:
            return Ref(self.dice.choice(self.others))
        if free and kind < 0.2:
            return self.field(self.phrase())
        return self.dice.choice(DATES) if kind > 0.94 else self.phrase()

    def field(self, child: Node) -> In:
        places = [*FIELDS, "title", "body", "body", *(ATTRIBUTES if self.shape.attributes else ())]
        place = self.dice.choice(places)
        if place in self.cuts and isinstance(child, Phrase) and self.dice.random() < 0.7:
            child = self.phrase(self.cuts[place])
        return In(place, child)

    def phrase(self, cut: Tokens | None = None, *, folded: bool = False) -> Phrase:
        while True:
            mode = Mode.FOLDED if folded else self.dice.choice((Mode.FOLDED,) * 6 + (Mode.CASE, Mode.MARKS))
            text = self.written(cut, mode)
            if text.lower().startswith(("http://", "https://")):
                continue  # of an address no query looks for it
            try:
                return compile_phrase(text, mode)
            except TopicError:
                continue

    def written(self, cut: Tokens | None, mode: Mode) -> str:
        """Return some words of the document, or of the vocabulary, as an operator might write them."""
        dice = self.dice
        if self.cuts and dice.random() < 0.85:
            cut = (
                cut
                or self.cuts[
                    dice.choice([name for name in self.cuts for _ in range(6 if name in FIELDS else 1)])
                ]
            )
            first = dice.randrange(len(cut.words))
            last = min(first + dice.choice((0, 0, 0, 1, 1, 2)), len(cut.words) - 1)
            text = cut.surface(first, last)
        else:
            text = dice.choice(PLAIN)
        change = dice.random()
        if mode is not Mode.FOLDED:
            change *= 3  # as written it finds what it was taken from, more often than not
        if change < 0.15:
            text = "".join(
                char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char)
            )
        elif change < 0.3:
            text = dice.choice((text.upper(), text.lower(), text.title()))
        mark = dice.random()
        if mode is Mode.FOLDED and mark < 0.12:
            return f"{self.slipped(text)}~"
        if mode is Mode.FOLDED and mark < 0.2:
            return f"{self.varied(text)}+"
        return f"{text[: max(4, len(text) - dice.randint(0, 4))]}*" if mark > 0.9 else text

    def varied(self, text: str) -> str:
        """Return a word of the document that has forms, if there is one: most have none."""
        there = [word for cut in self.cuts.values() for word in cut.words if word in KNOWN.forms]
        return self.dice.choice(sorted(KNOWN.forms[self.dice.choice(there)])) if there else text

    def slipped(self, text: str) -> str:
        at = self.dice.randint(1, max(1, len(text) - 1))
        swapped = text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]
        return self.dice.choice((text, text[:at] + text[at + 1 :], f"{text[:at]}e{text[at:]}", swapped))
