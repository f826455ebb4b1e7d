"""Reads a page as strictly as the HTML standard is written: what a browser would mend is an error here.

A validator of its own would be a dependency for one test. This holds what mail clients stumble over: tags that close
in another order than they opened, tables with anything but rows in them, blocks in paragraphs, attributes given twice.
"""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "br", "hr", "img", "link", "input"}
BLOCKS = {"p", "div", "table", "tr", "td", "h1", "h2", "hr", "tbody"}
INSIDE = {  # where a tag may stand; what is not named here is text, and stands in a block
    "html": {None},
    "head": {"html"},
    "body": {"html"},
    "meta": {"head"},
    "title": {"head"},
    "style": {"head"},
    "table": {"body", "td", "div"},
    "tbody": {"table"},
    "tr": {"tbody"},
    "td": {"tr"},
    "div": {"body", "td"},
    "p": {"td", "div", "body"},
    "h1": {"td", "div", "body"},
    "h2": {"td", "div", "body"},
    "hr": {"td", "div", "body"},
}
TEXT = {"a", "span", "b", "i", "br"}


class Strict(HTMLParser):
    """A page, or a ValueError. ``langs`` are the attributes of that name, ``text`` all that can be read."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.text: list[str] = []
        self.langs: list[str] = []
        self.links: list[str] = []
        if not page.lower().startswith("<!doctype html>"):
            raise ValueError("no doctype")
        self.feed(page)
        self.close()
        if self.open:
            raise ValueError(f"never closed: {self.open}")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        above = self.open[-1] if self.open else None
        if tag in INSIDE:
            allowed = above in INSIDE[tag]
        else:
            allowed = tag in TEXT and above not in {"html", "head", "table", "tbody", "tr", "style", "title"}
        if not allowed or (tag == "a" and "a" in self.open):
            raise ValueError(f"{tag} in {self.open} at {self.getpos()}")
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            raise ValueError(f"{tag} has {names}")
        if [name for name in names if name.startswith("on") or name in ("src", "srcset", "background")]:
            raise ValueError(f"{tag} fetches or runs something: {attrs}")
        self.langs += [str(value) for name, value in attrs if name == "lang"]
        self.links += [str(value) for name, value in attrs if name == "href"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1] != tag:
            raise ValueError(f"</{tag}> closes {self.open[-1:]} at {self.getpos()}")
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if data.strip() and self.open[-1:] and self.open[-1] in {"html", "head", "table", "tbody", "tr"}:
            raise ValueError(f"text in {self.open}: {data!r}")
        if "style" not in self.open:
            self.text.append(data)
