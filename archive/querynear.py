"""What cannot be near something, or behind a field, drawn out to where it can stand: trees made of trees.

They are proposals: `archive.query.parse` tries each before it shows one. What is true of the one is true of the other,
but for a NEAR whose operands stood in one field and the rest in none: nearness is about one field anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from archive.queryforeign import LONGEST, Fault, Fix
from archive.querytokens import Kind, Token
from archive.tree import And, In, Near, Node, Not, Or, Ref, all_of, any_of, walk


def nearest(near: Node) -> str:
    """Return ``near`` with AND, NOT and @ drawn out of its operands."""
    tree = _spread(near) if isinstance(near, Near) else near
    if not isinstance(tree, And):
        return str(tree)
    text = ""
    for child in tree.children:
        shown = f"({child})" if isinstance(child, (Near, Or)) else str(child)
        text += ("" if not text else " " if isinstance(child, Not) else " AND ") + shown
    return text


def pushed(place: str, node: Node) -> Node:
    """Return ``node`` looked for in ``place``, but for what names a field itself or cannot have one."""
    match node:
        case In() | Ref():
            return node
        case Not(child):
            return Not(pushed(place, child))
        case And(children):
            return all_of(tuple(pushed(place, child) for child in children))
        case Or(children):
            return any_of(tuple(pushed(place, child) for child in children))
        case Near():
            return In(place, plain(node))
        case _:
            return In(place, node)


def plain(node: Node) -> Node:
    """Return ``node`` without the fields in it."""
    match node:
        case In(_, child):
            return plain(child)
        case Not(child):
            return Not(plain(child))
        case And(children):
            return all_of(tuple(map(plain, children)))
        case Or(children):
            return any_of(tuple(map(plain, children)))
        case Near(operands):
            return replace(node, operands=tuple(map(plain, operands)))
        case _:
            return node


def not_near(near: Near, seen: Sequence[Token], start: int, end: int, *, in_field: bool) -> Fault | None:
    """Return what is wrong with the operands of a NEAR from ``start`` to ``end``; ``seen``: what stands there."""
    field = next((token for token in seen if token.kind is Kind.FIELD), None)
    if field and not in_field:
        message = "a field cannot stand in what is NEAR something"
        places = {node.place for node in walk(near) if isinstance(node, In)}
        if len(places) > 1:
            return Fault(f"{message}: nothing is near what stands in another field", field.start)
        text = nearest(plain(near)) if end - start <= LONGEST else ""
        return Fault(message, field.start, *([Fix(start, end, f"{field.value}:({text})")] if text else []))
    if not any(map(unfit, near.operands)):
        return None
    wrong = next(token for token in seen if token.kind in (Kind.AND, Kind.NOT, Kind.REF))
    name = "@" if wrong.kind is Kind.REF else wrong.kind
    fixes = [Fix(start, end, nearest(near))] if end - start <= LONGEST else []
    return Fault(f"{name} cannot stand in what is NEAR something", wrong.start, *fixes)


def unfit(node: Node) -> Node | None:
    """Return what in ``node`` keeps it from being an operand of NEAR, None if nothing does."""
    match node:
        case And() | Not() | Ref():
            return node
        case In(_, child):
            return unfit(child)
        case Or(children) | Near(operands=children):
            return next((wrong for child in children if (wrong := unfit(child))), None)
        case _:
            return None


def _spread(near: Near) -> Node:
    """Return a tree that means what ``near`` would, if its operands could be anything."""
    for number, operand in enumerate(near.operands):
        if unfit(operand):
            return _spread_over(near, number, operand)
    return near


def _spread_over(near: Near, number: int, operand: Node) -> Node:
    def within(child: Node) -> Node:
        return _spread(replace(near, operands=(*near.operands[:number], child, *near.operands[number + 1 :])))

    match operand:
        case Not(child):
            return Not(within(child))
        case And(children):
            return all_of(tuple(_not_or(child, within) for child in children))
        case Or(children):
            return any_of(tuple(_not_or(child, within) for child in children))
        case In(place, child):
            return within(pushed(place, child))
        case Near():
            return within(_spread(operand))
        case _:  # a topic has no place in the text: it is true, or it is not
            others = (*near.operands[:number], *near.operands[number + 1 :])
            cut = max(number - 1, 0)
            gaps, ordered = list(near.gaps), list(near.ordered)
            del gaps[cut], ordered[cut]
            rest = _spread(Near(others, tuple(gaps), tuple(ordered))) if len(others) > 1 else others[0]
            return all_of((operand, rest))


def _not_or(child: Node, within: Callable[[Node], Node]) -> Node:
    return Not(within(child.child)) if isinstance(child, Not) else within(child)
