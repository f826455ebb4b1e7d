"""What ruamel.yaml says about a file that is no YAML, in the words of somebody who has never heard of tokens.

YAML notices a mistake where the text makes no sense any more, which is often lines below it: a quotation mark
that is not closed swallows what follows, a missing space makes one word of a line. So the lines above are
looked at too, and the complaint points at what must be changed where that can be known.
"""

from __future__ import annotations

import re

from ruamel.yaml.error import MarkedYAMLError

# What it says, and what it means. First match wins.
_PLAIN_WORDS = (
    (
        "mapping values are not allowed",
        'a ":" cannot stand here: quote text with ": " in it, or look at the indentation',
    ),
    ("sequence entries are not allowed", "a list item cannot stand here: look at the indentation"),
    (
        r"found character '\t'",
        "a tab stands here: use spaces (the Tab key makes tabs; an editor can be told to make spaces of them)",
    ),
    ("that cannot start any token", "text that starts with this character needs quotes around it"),
    ("found undefined alias", "text that starts with * needs quotes around it"),
    ("while scanning an alias", "text that starts with * needs quotes around it"),
    ("while scanning an anchor", "text that starts with & needs quotes around it"),
    ("while scanning a directive", "text that starts with % needs quotes around it"),
    ("while scanning a quoted scalar", "a quotation mark is opened here and never closed"),
    ("escape", "a backslash means something of its own between \"…\": put the text between '…' instead"),
    ("while parsing a flow sequence", 'a list that starts with "[" is not closed, or a comma is missing'),
    ("while parsing a flow mapping", 'a "{" is not closed, or a comma is missing'),
    ("could not find expected ':'", 'a ":" is missing after this name'),
    ("while parsing a block", "this line is not indented like its neighbours"),
    ("another document", 'a second "---": one file holds one document'),
)
# Where these begin is where the operator must look; where they end is anywhere below.
_LOOK_AT_THE_BEGINNING = ("while scanning a quoted scalar", "could not find expected ':'")
COMMENT = "what stands behind # is a comment: put quotes around the text"
NO_BREAK = "this line begins with non-breaking spaces: indent it with plain ones"
SHIFTED = "indent these lines by two more blanks: they belong to {name}"
# What may stand in a topic, so that it is known for what it is where its indentation is lost.
OF_A_TOPIC = frozenset({"title", "terms", "query", "dates", "exclude", "require", "examples"})
_ODD_INDENT = re.compile(r"[ \t]*[\u00a0\u2007\u202f\u3000\u2000-\u200a]\s*(?=[\w-]+:(\s|$)|-\s)")
_HASHTAG = re.compile(
    r"""(?:"[^"]*"|'[^']*'|[^"'#]|(?<=\w)['"]|(?<=[^\s,\[])#)*?(?<=[\s,\[])(?P<sign>#)(?=\w)"""
)
_COLON_INSIDE = re.compile(r"(?:- +)*(?P<name>[\w-]+): +(?P<value>[^\s\"'\[{].{0,80}?)(?:\s+#.*)?")
_NO_SPACE_AFTER_COLON = re.compile(r"(?:- +)*[\w-]+:(?!//)[^\s/].*")
_NO_SPACE_AFTER_HYPHEN = re.compile(r"-[^\s-].*:.*")


def explain(text: str, error: MarkedYAMLError) -> tuple[int, int, str]:
    """Return line and column, counted from 1, and what must be changed there."""
    said = f"{error.problem or ''} {error.context or ''}".strip()
    mark = error.problem_mark or error.context_mark
    if error.context_mark and any(theirs in said for theirs in _LOOK_AT_THE_BEGINNING):
        mark = error.context_mark
    if mark is None:
        return 1, 1, f"not YAML: {said}"
    message = next((plain for theirs, plain in _PLAIN_WORDS if theirs in said), f"not YAML: {said}")
    lines = text.splitlines()
    for number, above in enumerate(lines[: mark.line + 2]):
        if _ODD_INDENT.match(above) or (number == mark.line and above.lstrip(" ")[:1] == "\u00a0"):
            return number + 1, 1, NO_BREAK
    if found := _hashtag(lines, mark.line, error.context_mark.line if error.context_mark else mark.line):
        return found
    line = lines[mark.line] if mark.line < len(lines) else ""
    before = line[: mark.column].strip(" -")
    if "mapping values" in said and line:
        message = _colon(lines, mark.line, mark.column) or message
    elif "expected ':'" in said and _NO_SPACE_AFTER_COLON.fullmatch(line.strip()):
        message = 'a space is missing after the ":"'
    elif "while parsing a flow" in said and error.context_mark and error.context_mark.line != mark.line:
        message += f" (it begins in line {error.context_mark.line + 1})"
    elif "while parsing a block" in said and before:
        # Something stands before it in its line, so it is not the indentation.
        message = "nothing can stand here any more: is there a bracket too many?"
        if re.search("[\"']", before):
            message = (
                "nothing can stand here, behind a quotation mark that closes: quote the whole text "
                '("L\'Express", \'"Peru" votes\'), or look for a mark above that is not closed'
            )
    elif "while parsing a block" in said and _beside_a_hyphen(lines, mark.line):
        message = 'this line stands beside a list: is a "-" missing before it?'
    return mark.line + 1, mark.column + 1, message


def _hashtag(lines: list[str], last: int, first: int) -> tuple[int, int, str] | None:
    """Return the # that made a comment of the rest of a text, somewhere above the place where YAML gave up."""
    while first > 0 and not lines[first : first + 1]:
        first -= 1
    for number in range(max(0, first - 1), min(last + 1, len(lines))):
        if not lines[number].lstrip().startswith("#") and (found := _HASHTAG.match(lines[number])):
            return number + 1, found.start("sign") + 1, COMMENT
    return None


def _beside_a_hyphen(lines: list[str], number: int) -> bool:
    """Tell whether the line is a setting that is indented like the hyphens of the list above it."""
    line = lines[number] if number < len(lines) else ""
    indent = len(line) - len(line.lstrip(" "))
    if not re.match(r"[\w-]+:(\s|$)", line.strip()) or line.strip().startswith("-"):
        return False
    for above in reversed(lines[:number]):
        deep = len(above) - len(above.lstrip(" "))
        if above.split("#")[0].strip() and deep <= indent:
            return deep == indent and above.strip().startswith("- ")
    return False


def _colon(lines: list[str], number: int, column: int) -> str | None:
    """Why the ":" at ``column`` cannot stand there: it belongs to a text, or its line is no setting's."""
    line = lines[number].rstrip()
    found = _COLON_INSIDE.fullmatch(line.strip())
    if found and column > line.index(found["name"]) + len(found["name"]):
        quoted = '"' + found["value"].replace("\\", "\\\\").replace('"', '\\"') + '"'
        return f'a ":" inside a text: put quotes around the text (did you mean {found["name"]}: {quoted}?)'
    above = next((n for n in range(number - 1, -1, -1) if lines[n].split("#")[0].strip()), None)
    if above is None:
        return None
    before = lines[above].strip()
    if _NO_SPACE_AFTER_HYPHEN.fullmatch(before):
        return f"a space is missing after the hyphen in line {above + 1}"
    if _NO_SPACE_AFTER_COLON.fullmatch(before):
        return f'a space is missing after the ":" in line {above + 1}'
    if ":" not in before:
        return f'line {above + 1} is no setting: a ":" is missing in it'
    if _starts(line) > _starts(lines[above]):
        return f"this line is indented deeper than line {above + 1}, beside which it belongs"
    return None


def _starts(line: str) -> int:
    """Return where the name of a setting begins; a hyphen before it counts as space."""
    return len(line) - len(line.lstrip(" -"))
