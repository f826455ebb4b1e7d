"""The query language: text in, tree out (`archive.tree`), or one error that says where and what would work.

    query    = group END
    group    = side {"OR" side}  |  side {["AND"] side}     AND may be left out before a NOT only
    side     = near  |  ("NOT" | "-") operand
    near     = operand {("NEAR/" n | "ONEAR/" n) operand}   without AND, NOT, @ and fields in it
    operand  = field | parens | phrase | date | ref
    field    = name ":" operand                             without fields and @ in it
    parens   = "(" group ")"
    phrase   = word | quoted ["~" n] | cs(...) | exact(...)

NOT binds closer than NEAR, NEAR closer than AND; AND beside OR is refused, because every service reads it its own
way. Refused, too, is what would be true of an article that holds none of its words, however deep it stands: the
matcher asks only about topics of which a word was seen.

Every rewrite that a message shows has been parsed. This module sees one query at a time: whether a topic that is
referred to exists, and does not refer back, it does not know.
"""

from __future__ import annotations

import re
from contextlib import suppress

from archive import queryfixes
from archive.errors import TopicError
from archive.normalize import tokens
from archive.phrase import compile_phrase
from archive.queryfixes import Side
from archive.queryforeign import LONGEST, Fault, Fix, scheme
from archive.querynear import not_near, pushed
from archive.querytokens import Kind, Token, read
from archive.tree import (
    MOST_NESTING,
    MOST_TERMS,
    And,
    In,
    Mode,
    Near,
    Node,
    Not,
    Or,
    Phrase,
    Ref,
    all_of,
    any_of,
)  # fmt: skip


def parse(text: str, *, bounded: bool = True) -> Node:
    """Return the tree that ``text`` means; raises `TopicError` with the column of what cannot be read.

    ``bounded`` False: it stands beside something that is looked for, and so may be true of nearly every article, as
    ``NOT lang:es`` is.
    """
    try:
        return _Parser(text).query(bounded=bounded)
    except Fault as fault:
        raise TopicError(fault.message + _hint(text, fault.fixes), fault.column) from None


def is_bounded(node: Node) -> bool:
    """Tell whether ``node`` is false of every article that holds none of its words."""
    match node:
        case Not(child):
            return not is_bounded(child)
        case In(_, child):
            return is_bounded(child)
        case And(children):
            return any(map(is_bounded, children))
        case Or(children):
            return all(map(is_bounded, children))
        case _:
            return True


caret = queryfixes.caret
MOST_CHARACTERS = 100_000  # in terms; a megabyte of a-a-a-a took three seconds to cut into words
_OPEN = "this is true of nearly every article"
_CLOSER = "NOT binds closer than NEAR: it needs parentheses"
_TWO_NOTS = "two NOTs make none: take both away"
_MARKED = re.compile(r"[*~+](?![\w*~+])")


class _Parser:
    """One query, read from left to right; ``token`` is the one not yet taken."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.token = read(text, 0)
        self.seen: list[Token] = []
        self.depth = 0
        self.terms = self.written = self.kept = 0
        self.field: Token | None = None

    def query(self, *, bounded: bool = True) -> Node:
        """The whole text."""
        if self._at(Kind.END):
            raise Fault("the query is empty", 0)
        node = self._group()
        if self._at(Kind.CLOSE):
            at = self.token.start
            raise Fault("there is no ( before this )", at, Fix(at, at + 1, ""))
        if bounded and not is_bounded(node):
            mark = next(token for token in self.seen if token.kind is Kind.NOT)
            fix = Fix(0, len(self.text), f"something {node}")
            raise Fault(f"{_OPEN}: write what to look for beside the NOT", mark.start, fix)
        return node

    def _group(self) -> Node:
        sides = [self._side()]
        joints: list[Token] = []
        while not self._at(Kind.END, Kind.CLOSE):
            if self._at(Kind.AND, Kind.OR):
                joints.append(self._take())
            elif self._at(Kind.NOT):
                joints.append(self.token)
            else:
                raise queryfixes.side_by_side(self.text, self._run())
            sides.append(self._side())
        ors = [joint.kind is Kind.OR for joint in joints]
        if True in ors and False in ors:
            other = joints[ors.index(not ors[0])]
            fixes = queryfixes.readings(self.text, sides, joints)
            raise Fault("AND and OR side by side need parentheses", other.start, *fixes)
        nodes = tuple(side.node for side in sides)
        if True not in ors:
            return all_of(nodes)
        if loose := next((side for side in sides if not is_bounded(side.node)), None):
            fixes = queryfixes.readings(self.text, sides, joints)
            raise Fault(f"{_OPEN}: NOT beside OR takes nothing away", loose.start, *fixes)
        return any_of(nodes)

    def _side(self) -> Side:
        start = self.token.start
        if not self._at(Kind.NOT):
            return Side(self._near(), start, start, self.seen[-1].end)
        mark = self._take()
        inner = self.token.start
        if self._at(Kind.NOT):
            raise Fault(_TWO_NOTS, inner, *(Fix(start, self.token.end, text) for text in ("", " AND ")))
        near = self._near(mark)
        end = self.seen[-1].end
        if not is_bounded(near):
            joints = ("", "AND ") if isinstance(near, Not) else ()
            fixes = [Fix(start, end, f"{joint}{near}".replace("NOT ", "", 1)) for joint in joints]
            raise Fault(_TWO_NOTS, start, *fixes)
        return Side(Not(near), start, inner, end)

    def _near(self, mark: Token | None = None) -> Node:
        start, first = self.token.start, len(self.seen)
        operands = [self._operand()]
        gaps: list[int] = []
        ordered: list[bool] = []
        while self._at(Kind.NEAR):
            joint = self._take()
            gaps.append(joint.gap or 0)
            ordered.append(joint.ordered)
            if self._at(Kind.NOT):
                raise self._near_not(joint, start)
            operands.append(self._operand())
        if not gaps:
            return operands[0]
        near = Near(tuple(operands), tuple(gaps), tuple(ordered))
        end = self.seen[-1].end
        if fault := not_near(near, self.seen[first:], start, end, in_field=self.field is not None):
            raise fault
        if mark:
            fixed = f"NOT ({self.text[start:end]})"
            if end - mark.start == len(self.text):
                fixed = f"something {fixed}"
            raise Fault(_CLOSER, mark.start, Fix(mark.start, end, fixed))
        return near

    def _near_not(self, joint: Token, start: int) -> Fault:
        """Return what is wrong with ``a NEAR/5 NOT b``."""
        left = self.text[start : joint.start].strip()
        mark = self._take()
        inner = self.token.start
        self._operand()
        end = self.seen[-1].end
        fix = Fix(
            start, end, f"{left} NOT ({left} {self.text[joint.start : joint.end]} {self.text[inner:end]})"
        )
        return Fault("NOT cannot stand in what is NEAR something", mark.start, fix)

    def _operand(self) -> Node:
        match self.token.kind:
            case Kind.FIELD:
                return self._in_field()
            case Kind.OPEN:
                return self._parens()
            case Kind.WORD | Kind.PHRASE:
                return self._phrase()
            case Kind.DATE:
                token = self._term()
                assert token.date  # noqa: S101 - the lexer gives every date its day
                return token.date
            case Kind.REF:
                return Ref(self._term().value)
            case _:
                raise queryfixes.missing(self.text, self.token, self.seen)

    def _in_field(self) -> Node:
        name = self._take()
        if self._at(Kind.FIELD, Kind.NOT):
            raise self._after_field(name)
        outer, self.field = self.field, name
        first = len(self.seen)
        child = self._operand()
        self.field = outer
        end = self.seen[-1].end
        inside = self.seen[first:]
        rewritten = str(pushed(name.value, child)) if end - name.start <= LONGEST else ""
        fix = Fix(name.start, end, rewritten)
        if outer is None and (inner := _first(inside, Kind.FIELD, Kind.REF)):
            what = "a field" if inner.kind is Kind.FIELD else "a topic"
            raise Fault(f"{what} cannot stand behind {name.value}:", inner.start, fix)
        if not is_bounded(child):
            at = _first(inside, Kind.NOT) or name
            raise Fault(f"NOT stands before the field: NOT {name.value}:...", at.start, fix)
        return In(name.value, child)

    def _after_field(self, name: Token) -> Fault:
        """Return what is wrong with ``title:body:x`` and ``title:-x``."""
        second = self._take()
        if second.kind is Kind.FIELD:
            fix = Fix(name.start, second.start, "")
            return Fault(f"a field cannot stand behind {name.value}:", second.start, fix)
        fix = Fix(name.start, second.end, f"NOT {name.value}:")
        return Fault(f"NOT stands before the field: {fix.text}...", second.start, fix)

    def _parens(self) -> Node:
        opening = self._deeper(self._take())
        if self._at(Kind.CLOSE):
            raise Fault("there is nothing in the parentheses", opening.start)
        if self._at(Kind.END):
            raise Fault("this ( is never closed", opening.start)
        node = self._group()
        if self._at(Kind.END):
            fix = Fix(self.token.start, self.token.end, ")" * self.depth)
            raise Fault("this ( is never closed", opening.start, fix)
        self._take()
        self.depth -= 1
        return node

    def _phrase(self) -> Node:
        token = self._term()
        ahead = scheme(token.value) if self.field and self.field.value == "url" else 0
        phrase = self._compiled(token.value[ahead:], token.at + ahead, token.mode)
        if token.gap is None:
            return phrase
        # "a b"~5, of which each word may have its mark.
        cut = tokens(phrase.text)
        if len(cut.words) < 2:
            fix = Fix(token.start, token.end, token.value.strip())
            raise Fault("a distance needs two words in the quotes", token.start, fix)
        self._deeper(token)  # it is shown as a NEAR/5 b in parentheses
        self.depth -= 1
        self.terms += len(cut.words) - 1
        self._count(token.start)
        ends = [end + bool(_MARKED.match(phrase.text, end)) for end in cut.ends]
        words = (phrase.text[start:end] for start, end in zip(cut.starts, ends, strict=True))
        operands = tuple(self._compiled(word, token.start) for word in words)
        gaps = (token.gap,) * (len(operands) - 1)
        return Near(operands, gaps, (token.ordered,) * len(gaps))

    def _compiled(self, text: str, at: int, mode: Mode = Mode.FOLDED) -> Phrase:
        try:
            phrase = compile_phrase(f'"{text}"', mode)
        except TopicError as error:
            marks = {"*": ("+", ""), "~": ("",)}.get(text[-1], ())
            fixes = (Fix(at, at + len(text), text[:-1] + mark) for mark in marks)
            raise Fault(str(error), at + max(error.column - 1, 0), *fixes) from None
        try:
            # As it will be shown: "U.\tS." is an acronym once the tab is a blank.
            phrase = compile_phrase(f'"{phrase.text}"', mode)
        except TopicError as error:
            raise Fault(str(error), at) from None
        self._count(at, kept=len(phrase.text))
        return phrase

    def _take(self) -> Token:
        token = self.token
        self.seen.append(token)
        self.token = read(self.text, token.end, in_field=token.kind is Kind.FIELD)
        return token

    def _term(self) -> Token:
        self.terms += 1
        self._count(self.token.start, written=self.token.end - self.token.start)
        return self._take()

    def _count(self, at: int, *, written: int = 0, kept: int = 0) -> None:
        self.written += written
        self.kept += kept
        # What is kept is what is shown and read again, so that much more may be written.
        if self.kept > MOST_CHARACTERS or self.written > 2 * MOST_CHARACTERS:
            raise Fault(f"more than {MOST_CHARACTERS:,} characters: make several topics of it", at)
        if self.terms > MOST_TERMS:
            raise Fault(f"more than {MOST_TERMS:,} terms: make several topics of it", at)

    def _deeper(self, token: Token) -> Token:
        self.depth += 1
        if self.depth > MOST_NESTING:
            raise Fault(f"parentheses nest deeper than {MOST_NESTING}", token.start)
        return token

    def _run(self) -> list[Token]:
        """Take what stands side by side here: any two, and the words behind them."""
        run = [self.seen[-1], self.token]
        with suppress(Fault):  # the first mistake is the one that is told
            while self._at(Kind.WORD) and len(run) < 12:
                self._take()
                run += [self.token] if self._at(Kind.WORD) else []
        return run

    def _at(self, *kinds: Kind) -> bool:
        return self.token.kind in kinds


def _first(seen: list[Token], *kinds: Kind) -> Token | None:
    return next((token for token in seen if token.kind in kinds), None)


def _hint(text: str, fixes: tuple[Fix, ...]) -> str:
    """Return those rewrites that would work: of the whole text if it is short, or of the place alone."""
    whole = len(text) <= LONGEST
    within = [
        [f"{text[: fix.start]}{fixed}{text[fix.end :]}" for fixed in (fix.text, f"({fix.text})")]
        for fix in fixes
    ]
    found = (_working(within) if whole else []) or _working([[fix.text] for fix in fixes])
    shown = " or ".join(map(queryfixes.shows, found[:2]))
    return f" (did you mean {shown}?)" if shown else ""


def _working(attempts: list[list[str]]) -> list[str]:
    """Return of each of ``attempts`` the first that can be read."""
    found = (next((" ".join(text.split()) for text in texts if _works(text)), "") for texts in attempts)
    return list(filter(None, dict.fromkeys(found)))


def _works(text: str) -> bool:
    try:
        return len(text) <= 2 * LONGEST and bool(_Parser(" ".join(text.split())).query())
    except Fault:
        return False
