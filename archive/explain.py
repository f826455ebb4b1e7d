"""Why a topic matches an article, or why not: the hits, or the first clause that failed and the nearest thing to it.

    explain ─▶ matcher: hits ─▶ matched
                        none ─▶ reason of the tree, or of what is required: one sentence

Of an AND the first child that failed is told, of an OR at most three that came nearest. Pure: nothing is read but what
is handed in. The reason never decides: whether a topic matches, `archive.match` says.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from archive.asked import FAR, Asked, Reason, here, listed, wanted
from archive.match import Document, Matcher
from archive.model import Hit
from archive.near import Span
from archive.topic import Topic
from archive.tree import ATTRIBUTES, And, Date, In, Near, Node, Not, Or, Phrase, Ref
from archive.why import named, of_phrase
from archive.whyday import of_day

MOST_NEAREST = 3
WITHIN = 3  # how much farther than the nearest a thing may be to be told beside it
MOST_PLACES = 500  # of one side of a NEAR in one field: hostile texts have fifty thousand
SHORT = 60  # characters of a clause that is named in a sentence


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be said of one topic and one article.

    ``why`` and ``clause`` are None where it matches: why not, and the canonical form of the first clause that failed.
    """

    topic: Topic
    hits: tuple[Hit, ...] = ()
    why: str | None = None
    clause: str | None = None

    @property
    def matched(self) -> bool:
        """Whether it matches."""
        return self.why is None


def explain(
    topics: Sequence[Topic], fields: Mapping[str, str], only: Collection[str] | None = None
) -> tuple[Verdict, ...]:
    """Return a verdict on each of ``topics`` (or of those named by ``only``), in their order.

    ``topics`` is the whole watch list, for what refers to another topic; ``fields`` as `archive.document` gives them.
    """
    matcher = Matcher(topics)
    document = Document(matcher, fields)
    found = matcher.match(fields)
    verdicts = []
    for topic in topics:
        if only is not None and topic.topic_id not in only:
            continue
        if topic.topic_id in found:
            verdicts.append(Verdict(topic, found[topic.topic_id]))
            continue
        clause, reason = _failed(Asked(matcher, topic.topic_id, fields, document))
        verdicts.append(Verdict(topic, (), reason.text, str(clause)))
    return tuple(verdicts)


def _failed(asked: Asked) -> tuple[Node, Reason]:
    """Return the first clause of a topic that is not true, and why."""
    tree = asked.topic.tree
    if asked.spots(tree) is None:
        if isinstance(tree, And):
            tree = next((child for child in tree.children if asked.spots(child) is None), tree)
        return tree, _reason(asked, tree, None)
    for required in asked.topic.require:
        if asked.spots(required) is None:
            reason = _reason(asked, required, None)
            return required, Reason.told(f"require: {reason.text}", reason.far)
    return tree, Reason(f"{short(tree)} is not true of it", (), FAR)


def _reason(asked: Asked, node: Node, place: str | None) -> Reason:
    match node:
        case Phrase():
            return of_phrase(asked, node, place)
        case Date():
            return of_day(asked, node, place)
        case In(inner, child):
            return _attribute(asked, inner, child) if inner in ATTRIBUTES else _reason(asked, child, inner)
        case Ref(topic_id):
            _, reason = _failed(asked.about(topic_id))
            text = f"@{topic_id} does not match: {reason.text}"
            return Reason.told(text, reason.far)
        case Not(child):
            return _denied(asked, child, place)
        case Near():
            return _distant(asked, node, place)
        case And(children):
            failed = next((child for child in children if asked.spots(child, place) is None), children[0])
            reason = _reason(asked, failed, place)
            return Reason(reason.text, reason.nearest, reason.far, short(node) if reason.missing else "")
        case Or(children):
            return _none_of(asked, children, place)


# --- one of many ------------------------------------------------------------------------------------------------


def _none_of(asked: Asked, children: Sequence[Node], place: str | None) -> Reason:
    # Peru and Perú are one to the matcher.
    alike: dict[object, Node] = {}
    for child in children:
        alike.setdefault((child.words, child.mode) if isinstance(child, Phrase) else child, child)
    reasons = sorted((_reason(asked, child, place) for child in alike.values()), key=lambda one: one.far)
    if len(reasons) == 1:
        return reasons[0]
    far = reasons[0].far
    near = [text for one in reasons if one.far <= far + WITHIN for text in one.nearest]
    nearest = tuple(dict.fromkeys(near))[:MOST_NEAREST]
    missing = [one.missing for one in reasons if one.missing]
    if len(missing) == len(reasons):
        fields = [f"the {field}" for field in asked.present(place) or wanted(place)]
        text = f"none of {listed(missing)} is in {listed(fields, last='or')}"
        if nearest:
            text += f"; nearest: {'; '.join(nearest)}"
        return Reason(text, nearest, far, missing[0])
    told = sum(any(text in nearest for text in one.nearest) for one in reasons)
    text = "; ".join(nearest) or f"none of {listed(map(short, children))} is true of it"
    if nearest and told < len(reasons):
        others = len(reasons) - told
        text += f"; and the {f'other {others} are' if others > 1 else 'other one is'} no nearer"
    return Reason(text, nearest, far)


# --- what must not be there, and what is known beside the words ---------------------------------------------------


def _denied(asked: Asked, child: Node, place: str | None) -> Reason:
    spots = asked.spots(child, place)
    if not spots:
        text = f"NOT {short(child)}: that is true of it"
    elif spots[0][0] >= wanted_fields():
        text = f"{short(Not(child))}: {_value(asked, here(spots[0]).removeprefix('the '))}"
    else:
        first = spots[0]
        quoted = asked.sentence(first)
        said = f' ("{quoted}")' if quoted != asked.surface(first) else ""
        text = f'{short(Not(child))}: "{asked.surface(first)}" is in {here(first)}{said}'
    return Reason.told(text, 1)


def wanted_fields() -> int:
    """Return the number of the first field that holds no words to read: before it stand title, summary and text."""
    return len(wanted(None))


def _attribute(asked: Asked, name: str, child: Node) -> Reason:
    names = listed(map(_asked_for, child.children), last="or") if isinstance(child, Or) else _asked_for(child)
    text = f"{_value(asked, name)}, {names} is asked for"
    return Reason.told(text, 7)


def _asked_for(node: Node) -> str:
    return named(node) if isinstance(node, Phrase | Date) else short(node)


def _value(asked: Asked, name: str) -> str:
    values = asked.fields.get(name, "").split("\n")
    if values == [""]:
        return f"{name}: is not known"
    return f"{name}: is " + listed(f'"{value}"' for value in values)


# --- NEAR -------------------------------------------------------------------------------------------------------


def _distant(asked: Asked, node: Near, place: str | None) -> Reason:
    spans = [asked.spans(operand, place) for operand in node.operands]
    for operand, found in zip(node.operands, spans, strict=True):
        if not found:
            reason = _reason(asked, operand, place)
            alone = (
                sum(map(bool, spans)) == len(spans) - 1
            )  # else two things are missing, and neither is near
            far, nearest = (max(reason.far, 5), reason.nearest) if alone else (FAR, ())
            text = f"{short(node)}: {reason.text}"
            return Reason(text, nearest, far, short(node) if reason.missing or not alone else "")
    fields = set.intersection(*({field for field, _ in found} for found in spans))
    if not fields:
        where = listed(f'"{_seen(asked, found[0][1])}" is in {here(found[0][1][2][0])}' for found in spans)
        text = f"{where}, and NEAR looks within one field"
        return Reason.told(text, 4)
    for number, (gap, ordered) in enumerate(zip(node.gaps, node.ordered, strict=True)):
        reasons = []
        for field in sorted(fields):
            one, other = (
                [span for number_, span in spans[at] if number_ == field][:MOST_PLACES]
                for at in (number, number + 1)
            )
            apart = _pair(asked, one, other, gap, ordered=ordered)
            if apart is None:
                break
            reasons.append(apart)
        else:
            return min(reasons, key=lambda reason: reason.far)
    text = f"each part of {short(node)} is near the next one somewhere, but not all in one place"
    return Reason.told(text, 3)


def _pair(
    asked: Asked, one: Sequence[Span], other: Sequence[Span], gap: int, *, ordered: bool
) -> Reason | None:
    """Return why two neighbours of a NEAR are not near in one field, None if they are."""
    asks = f"{'ONEAR' if ordered else 'NEAR'}/{gap} asked for"
    behind = [
        (later[0] - first[1] - 1, first, later) for first in one for later in other if later[0] > first[1]
    ]
    ahead = [
        (first[0] - later[1] - 1, first, later) for first in one for later in other if first[0] > later[1]
    ]
    nearest = min(behind, key=lambda way: way[0], default=None)
    turned = min(ahead, key=lambda way: way[0], default=None)
    if (nearest and nearest[0] <= gap) or (turned and turned[0] <= gap and not ordered):
        return None
    if ordered and turned and turned[0] <= gap:
        text = f'"{_seen(asked, turned[2])}" comes before "{_seen(asked, turned[1])}", ONEAR asks for the other order'
        return Reason.told(text, 2)
    ways = [way for way in (nearest, None if ordered and nearest else turned) if way]
    if not ways:
        same = "are the same words" if one[0][:2] == other[0][:2] else "overlap"
        text = f'"{_seen(asked, one[0])}" and "{_seen(asked, other[0])}" {same}, and NEAR wants two places'
        return Reason.told(text, 4)
    words, first, later = min(ways, key=lambda way: way[0])
    apart = f"{words} word{'s' if words != 1 else ''} apart"
    text = f'"{_seen(asked, first)}" and "{_seen(asked, later)}" are {apart}, {asks}'
    return Reason.told(text, 3 if words <= 3 * gap + 10 else 5)


def _seen(asked: Asked, span: Span) -> str:
    spots = sorted(span[2])
    return " … ".join(dict.fromkeys(asked.surface(spot) for spot in spots[:3]))


def short(node: Node) -> str:
    """Return the canonical form, cut short where it is long."""
    text = str(node)
    return text if len(text) <= SHORT else f"{text[: SHORT - 2]} …"
