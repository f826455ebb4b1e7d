"""A subscription that is offered where the rest of an article should be: what stands from there on is no text of it."""

from __future__ import annotations

import re

from archive.normalize import fold

TEASER = 1_500
"""Characters of a text above which it is taken for whole, whatever is offered below it."""

SHORT = 90  # characters of a line that is an offer

_OFFER = re.compile(
    r"(?:suscribete|subscribe|suscribase|registrate|inicia sesion|hazte (?:socio|suscriptor)|sign (?:in|up)"
    r"|log in)(?: ahora| hoy| o inicia sesion| now| or log in)? (?:para|y|to|and)"
    r" (?:(?:poder )?(?:seguir|continuar|sigue|continua) leyendo|leer (?:mas|la nota completa|el articulo completo)"
    r"|continue reading|keep reading|read (?:more|on|the full (?:story|article)))"
    r"|(?:este|esta) (?:contenido|articulo|nota|noticia) es (?:exclusiv[oa] )?(?:solo )?para (?:nuestros )?suscriptores"
    r"|(?:para|to) (?:seguir leyendo|continue reading),? (?:suscribete|subscribe|inicia sesion|sign in|log in)"
    r"|this (?:article|story|content) is (?:only |exclusively )?for subscribers(?: only)?"
)
_MOST_LINES = 12  # that follow an offer: prices, what it holds, where one logs in


def without(text: str) -> tuple[str, bool]:
    """Return ``text`` without the offer that ends it and what follows, and whether there was one.

    Only of a short text whose last lines begin with a line that is nothing but the offer: an article on subscriptions
    has sentences.
    """
    if len(text) > TEASER:
        return text, False
    lines = text.split("\n")
    for at, line in enumerate(lines):
        if len(line) > SHORT or not _OFFER.fullmatch(fold(line).strip(" \t.!¡:…")):
            continue
        after = lines[at + 1 :]
        if len(after) <= _MOST_LINES and all(len(one) <= 2 * SHORT for one in after):
            return "\n".join(lines[:at]).strip(), True
    return text, False
