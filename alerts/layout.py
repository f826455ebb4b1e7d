"""Lays out what a digest says (`alerts.view`): the templates of the program, or the operator's instead.

The operator's run in Jinja2's sandbox, and see the view and nothing else. One that cannot be used is no reason to
miss a digest: `presswatch check` says what is wrong with it, and the mail is laid out as it comes with the program.
An own template may extend the one it replaces, as ``default/digest.html``.
"""

from __future__ import annotations

import logging
import textwrap
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from css_inline import CSSInliner
from jinja2 import (
    DictLoader,
    Environment,
    PackageLoader,
    StrictUndefined,
    TemplateSyntaxError,
    select_autoescape,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment

from alerts.view import View

log = logging.getLogger(__name__)

NAMES = ("digest.html", "digest.txt")
TEXT_WIDTH = 74


class Layout:
    """The templates of one installation. ``own``: those of its operator, by name."""

    def __init__(self, own: Mapping[str, str]) -> None:
        self._own = set(own)
        known = {f"default/{name}": _built_in(name) for name in NAMES}
        rules: dict[str, Any] = {
            "undefined": StrictUndefined,
            "trim_blocks": True,
            "lstrip_blocks": True,
        }
        self._environment = ImmutableSandboxedEnvironment(
            loader=DictLoader({**known, **own}), autoescape=select_autoescape(["html"]), **rules
        )
        # Those of the program need no sandbox, which would take a third of the time.
        self._trusted = Environment(loader=DictLoader(known), autoescape=select_autoescape(["html"]), **rules)

    def html(self, view: View) -> str:
        """Return the HTML part, its styles not inlined yet."""
        return self._render("digest.html", view)

    def text(self, view: View) -> str:
        """Return the text part."""
        return self._render("digest.txt", view)

    def complaint(self, name: str, view: View) -> tuple[int, str] | None:
        """Return the line of an own template at which it cannot be used, and why; None when it can."""
        try:
            self._laid_out(name, view)
        except TemplateSyntaxError as error:
            return error.lineno, error.message or "it cannot be read"
        except Exception as error:  # noqa: BLE001 - a template is a program, and may raise whatever there is
            return _line(error), f"{type(error).__name__}: {error}"
        return None

    def _render(self, name: str, view: View) -> str:
        if name in self._own:
            try:
                return self._laid_out(name, view)
            except Exception as error:  # noqa: BLE001 - likewise
                line = error.lineno if isinstance(error, TemplateSyntaxError) else _line(error)
                log.warning("templates/%s:%d: %s; the built-in one is used", name, line, error)
        return self._trusted.get_template(f"default/{name}").render(view=view, wrap=_wrap)

    def _laid_out(self, name: str, view: View) -> str:
        text = self._environment.get_template(name).render(view=view, wrap=_wrap)
        text.encode()  # raises here, and not when the mail is made, where a template writes half a character
        return text


def layout(own: Mapping[str, str]) -> Layout:
    """Return the layout of an installation whose operator has these templates."""
    return _layout(tuple(sorted(own.items())))


@lru_cache(maxsize=4)
def _layout(own: tuple[tuple[str, str], ...]) -> Layout:
    return Layout(dict(own))


def _built_in(name: str) -> str:
    return files("alerts").joinpath("templates", name).read_text("utf-8")


def _line(error: BaseException) -> int:
    """Return at which line of a template an error was raised: Jinja2 puts those lines into the trace."""
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _wrap(text: str, indent: int = 0) -> str:
    """Fill ``text`` to `TEXT_WIDTH` columns; a word that is longer, such as an URL, keeps a line of its own."""
    space = " " * indent
    return textwrap.fill(
        text,
        TEXT_WIDTH,
        initial_indent=space,
        subsequent_indent=space,
        break_long_words=False,
        break_on_hyphens=False,
    )


def styled(html: str) -> str:
    """Return a page with its styles on its elements, as mail programs want them; nothing is fetched for that."""
    return str(_inliner().inline(html))


@cache
def own_templates() -> Environment:
    """Return the program's own templates, for what no operator lays out: alerts, and the page for leaving."""
    return Environment(
        loader=PackageLoader("alerts"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _inliner() -> CSSInliner:
    return CSSInliner(load_remote_stylesheets=False)
