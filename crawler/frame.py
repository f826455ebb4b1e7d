"""What on a page is not the article: menus, lists of other stories, comments, and what stands below the text.

A date there is that of something else. Only what is read for the article's own sake asks for this; its text is
trafilatura's affair.
"""

from __future__ import annotations

import copy
import re
from itertools import islice
from typing import Any, NamedTuple

LONG = 80
"""Characters from which a paragraph is taken for one of the text."""

MASTHEAD = "header[not(.//h1)][not(ancestor::article or ancestor::main)]"

_LEAST = 3  # one part in so many of an article is in its paragraphs, or they are not its text

_ENOUGH = 300  # paragraphs from which on a box holds the text of whatever page
_MOST = 200  # boxes whose names are looked into; each look reads what is in them

_ALWAYS = frozenset({"aside", "nav", "footer"})
_BOXES = ("div", "section", "ul", "ol", "li", "article", "header", "form")
_OTHERS = re.compile(
    r"(?:^|[\s_-])(?:(?P<card>cards?|tiles?|teasers?)(?=\s|$)|related|relacionad[oa]s?|side-?bar|comments?|comentarios?|disqus\w*|recommend(?:ed|ations?)"
    r"|recomendad[oa]s?|most-?(?:read|viewed|popular)|mas-?(?:leid|vist)[oa]s?|leidas|popular(?:es)?|trending|tendencias"
    r"|read-?(?:more|next)|leer-?mas|lea-?tambien|see-?also|taboola|outbrain|ultimas(?:-noticias)?|latest(?:-news)?"
    r"|more-(?:news|stories|from)|mas-noticias|up-?next|promos?|widget-area)(?:$|[\s_-])",
    re.IGNORECASE,
)


class Own(NamedTuple):
    """A copy of a page without the frame, and where in it the text begins: what stands before it is its head.

    ``head`` holds the elements between the top of the article, or its headline, and its first paragraph.
    """

    tree: Any
    head: tuple[Any, ...]
    first: Any | None


def is_frame(element: Any) -> bool:
    """Tell whether ``element`` holds other things than the article, as its name, or its class or id, says."""
    if element.tag in _ALWAYS:
        return True
    if element.tag not in _BOXES or not (named := _named(element)) or element.find(".//h1") is not None:
        return False
    if named.group("card"):
        return element.find(".//a[@href]") is not None and not _paragraphs(element)
    return not _holds_the_text(element)  # "with-sidebar" says of the page what it has


def _named(element: Any) -> re.Match[str] | None:
    return _OTHERS.search(f"{element.get('class') or ''} {element.get('id') or ''}")


def in_frame(element: Any) -> bool:
    """Tell whether ``element`` lies in something that is not the article."""
    return any(isinstance(outer.tag, str) and is_frame(outer) for outer in element.iterancestors())


def own(tree: Any) -> Own:
    """Return a copy of ``tree`` without all that frames the article."""
    inner = copy.deepcopy(tree)
    frame = [
        *inner.xpath(f".//{MASTHEAD}"),
        *inner.iter(*_ALWAYS),
        *(one for one in islice(filter(_named, inner.iter(*_BOXES)), _MOST) if is_frame(one)),
        *_other_articles(inner),
    ]
    _drop(frame)
    # What JSON-LD says is read elsewhere, with an eye on whose it is.
    _drop(list(inner.iter("script", "style")))
    scope = _scope(inner)
    paragraphs = _paragraphs(scope)
    if not paragraphs or _LEAST * sum(len(one.text_content()) for one in paragraphs) < len(
        scope.text_content()
    ):
        return Own(inner, tuple(scope.iter()), None)
    first, last = paragraphs[0], paragraphs[-1]
    _drop(_after(last))
    return Own(inner, tuple(_head(inner, scope, first)), first)


def _drop(elements: list[Any]) -> None:
    for element in elements:
        if element.getparent() is not None:
            element.drop_tree()


def _paragraphs(element: Any) -> list[Any]:
    return [one for one in element.iter("p") if len(one.text_content().strip()) >= LONG]


def _holds_the_text(element: Any) -> bool:
    body = element.getroottree().getroot()
    most = sum(1 for _ in islice(body.iter("p"), _ENOUGH))
    return (
        2 * len([one for one in islice(element.iter("p"), _ENOUGH) if len(one.text_content()) >= LONG])
        > most
        > 0
    )


def _other_articles(tree: Any) -> list[Any]:
    """Return the article elements that are not the page's: those of lists, which have a link for a headline."""
    articles = list(tree.iter("article"))
    if len(articles) < 2:
        return []
    largest = max(articles, key=lambda one: (one.find(".//h1") is not None, len(one.text_content())))
    kept = {id(largest), *(id(one) for one in largest.iterancestors("article"))}
    return [one for one in articles if id(one) not in kept and one.find(".//h1") is None]


def _scope(tree: Any) -> Any:
    """Return what the article lies in: the article element or the main one that has most of the text."""
    found = [one for one in tree.iter("article", "main") if _paragraphs(one)]
    return max(found, key=lambda one: (len(_paragraphs(one)), one.tag == "article")) if found else tree


def _after(last: Any) -> list[Any]:
    """Return what stands below the paragraph ``last`` in the order of the page."""
    return [later for one in (last, *last.iterancestors()) for later in one.itersiblings()]


def _head(tree: Any, scope: Any, first: Any) -> list[Any]:
    """Return the elements before the paragraph ``first``: of the article, and those from the headline on."""
    found, headline = [], False
    within = {id(one) for one in scope.iter()} if scope is not tree else set()
    for element in tree.iter():
        if element is first:
            break
        headline = headline or element.tag == "h1"
        if headline or id(element) in within:
            found.append(element)
    return found
