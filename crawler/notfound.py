"""Whether what came with status 200 is the article that was asked for: pure, from what a page says and where it lies.

    soft_404   the server says that the article is not there, or sends everybody to its front page or to a section
    consent    it asks for consent first, and says nothing else
    captcha    it wants to know whether we are a robot

A real article is never thrown away for its words alone: what is long, or calls itself an article, needs more than a
phrase. So some of what is none gets through, and `crawler.whynot` says of a text when it is doubtful.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from archive.normalize import fold, tokens

from .site import same_site
from .urls import canonical

LITTLE = 120  # words of a page that says in a part of its title that it is none, or asks for proof that we are people
HARDLY_ANY = 50
MOST_OF_A_WALL = 300  # words of a page that asks for consent, or whose whole title says that it is none

LONG = 20 * MOST_OF_A_WALL
"""Characters of a text that is too long for all that is judged by words."""

# Words of which such a page is full, in the languages of the shipped sources; by their beginnings.
CONSENT = ("cookie", "consent", "privac", "accept", "acept", "gdpr", "rgpd")
_ONE_IN = 40  # words
CONSENT_URL = re.compile(
    r"//(?:consent|cookies?|privacy)\.|[/?&](?:consent|cookie-?wall)(?![\w-])", re.IGNORECASE
)
_AGREES = re.compile(
    r"(?:i )?(?:accept|agree|allow|consent|acept|permitir|aceit|accett|zustimm|akzeptier|tout accepter|j'accepte)"
)

_HOME = re.compile(
    r"/?|/[a-z]{2}(?:[-_][a-z]{2})?/?|/(?:[a-z]{2}/)?(?:index|home|inicio|portada|default)(?:\.\w{2,5})?/?",
    re.IGNORECASE,
)
_GONE = re.compile(
    r"(?:error[-_/]?)?40[34]|error|errors?[-_]?page|(?:page|pagina|article|nota)?[-_]?(?:not[-_]?found|no[-_]encontrad[ao]"
    r"|no[-_]existe|n[ao]{1,2}[-_]encontrad[ao]|introuvable)",
    re.IGNORECASE,
)
_ID = re.compile(r"(?:^|&)(?:p|page_id|id|a|aid|art|article|articulo|nota|noticia|story|nid)=", re.IGNORECASE)
_SECTION = re.compile(r"/([a-z]+)/?", re.IGNORECASE)

# What cannot be found, and what is said of it.
_PAGE = r"(?:page|article|content|story|file|url|document|post)"
_SOUGHT = (
    r"(?: (?:that )?you(?: have| ve)? (?:requested|followed|(?:are|were|re) (?:looking|searching) for))?"
)
_PAGINA = r"(?:pagina|articulo|nota|noticia|contenido|publicacion)"
_BUSCADA = (
    r"(?: que (?:buscas?|estas? buscando|has? buscado|intentas? ver|solicitas?|has? solicitado))?"
    r"(?: solicitad[ao])?"
)
_HEADLINE = 3  # words of a part of an address that is the headline of an article
_NUMBER = re.compile(r"\d{3}|[a-z]\d", re.IGNORECASE)
# What sections are called everywhere: from within another part of the site they are never the article.
_SECTIONS = frozenset({
    "noticias", "ultimas-noticias", "actualidad", "politica", "economia", "deportes", "mundo", "sociedad", "cultura",
    "opinion", "news", "politics", "business", "sports", "world",
})  # fmt: skip
_FEW_PARTS = 2
_SHORT = re.compile(r"[a-z]{2,}(?:[-_][a-z]+)?/?", re.IGNORECASE)

# A part of a title that is nothing but this; "Plane not found after two weeks" is news.
_PHRASE = re.compile(
    r"(?:(?:http )?(?:error )?40[34](?: error)?(?: page| pagina)?(?: not found| no encontrad[ao])?"
    r"|(?:(?:error )?40[34] )?(?:(?:oops|sorry|we are sorry|we re sorry|the|this|that|your|requested) )*"
    rf"(?:{_PAGE}{_SOUGHT}"
    r" (?:(?:was |is )?not found|(?:could ?n[o ]t|can ?n?o?t) be found|does ?n[o ]t exist|no longer exists"
    r"|is (?:no longer|not) available|isn t available|(?:has been|was) (?:removed|deleted))"
    rf"|(?:we )?(?:could ?n[o ]t|can ?n?o?t) find (?:the|this|that|your) {_PAGE}{_SOUGHT})"
    r"|not found|nothing (?:was )?found"
    rf"|(?:(?:error )?40[34] )?(?:(?:lo sentimos|ups|uy|oops|la|el|est[ae]|es[ae]) )*(?:{_PAGINA}{_BUSCADA}"
    r" (?:no (?:ha sido |fue )?encontrad[ao]|(?:ya )?no existe|(?:ya )?no (?:esta |se encuentra )?disponible"
    r"|no se (?:encuentra|encontro|ha encontrado|pudo encontrar)(?: disponible)?"
    r"|(?:ha sido|fue) (?:eliminad|retirad|borrad)[ao])"
    rf"|no (?:encontramos|hemos encontrado|pudimos encontrar|se encontro) (?:la|el|est[ae]) {_PAGINA}{_BUSCADA})"
    r"|no encontrad[ao]|pagina (?:inexistente|nao encontrada|non trovata|no trobada)"
    r"|(?:page|article) (?:introuvable|non trouvee?)|seite nicht gefunden|artikel nicht gefunden"
    r"|(?:lo sentimos |ups |uy |oops )*(?:la |esta |el |este )?(?:pagina|articulo|nota|noticia|contenido)"
    r" (?:que (?:buscas|busca|has buscado|intentas ver) )?(?:solicitad[ao] )?"
    r"(?:no (?:ha sido |fue )?encontrad[ao]|(?:ya )?no existe|no (?:esta )?disponible"
    r"|no se (?:encuentra|encontro|ha encontrado|pudo encontrar))(?: disponible)?"
    r"|(?:lo sentimos |ups |uy |oops |perdon )*(?:la |esta |el |este )?(?:pagina|articulo|nota|noticia|contenido"
    r"|publicacion|enlace)(?: que (?:buscas|busca|buscabas|solicitas(?:te)?))?"
    r" ya no (?:existe|(?:esta|se encuentra)(?: mas)? disponible)"
    r"|(?:lo sentimos |ups |uy |oops |perdon )*no (?:encontramos|hemos encontrado|pudimos encontrar|hallamos)"
    r" (?:la |el |esta |este )?(?:pagina|articulo|nota|noticia|contenido)(?: que (?:buscas|busca|buscabas))?"
    r"|(?:oops |sorry |whoops )*(?:that|this|the) (?:page|article|story|content)"
    r" (?:can ?not|can t|couldn t|could not) be found"
    r"|(?:oops |sorry |whoops )*we (?:can t|couldn t|could not|can ?not) find (?:that|the|this) page"
    r"|no se encontro la pagina)"
)
# The whole title but for the site; before a colon either may be news ("UPS: ..."). The first asks for its mark.
_EXCLAIMS = re.compile(r"ups|uy|oops|whoops")
_WENT_WRONG = re.compile(r"(?:ups |uy |oops |whoops )*(?:algo (?:salio|ha salido) mal|something went wrong)")
_SITE = re.compile(r"\s*[|·•»«]+\s*|\s+[\-\u2010-\u2015]+\s+")
_SENTENCE = re.compile(r"[.!?\n]+")
_ASKS_FOR_PROOF = re.compile(
    r"just a moment|attention required|access denied|are you (?:a )?(?:robot|human)|pardon our interruption"
    r"|(?:please )?verify (?:that )?you are (?:a )?human|checking your browser.*|un momento|verificacion de seguridad"
    r"|(?:no )?soy un robot|human verification|security check|robot check|captcha|bot verification"
)
_PROOF_MARKS = (
    "challenge-form", "cf-chl", "cf_chl", "px-captcha", "g-recaptcha", "h-captcha", "hcaptcha", "captcha-delivery.com",
    "_incapsula_resource", "cf-turnstile", "challenge-platform", "perimeterx",
)  # fmt: skip
_PARTS = re.compile(r"\s*[|·•»«:!¡?¿.…]+\s*|\s+[\-\u2010-\u2015/]+\s+|\s*,\s+")
_SITE = re.compile(r"\s*[|·•»«]+\s*|\s+[\-\u2010-\u2015]+\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is looked at of one page. ``asked``: the address that was asked for; ``url``: where its redirects ended.

    ``titles``: title element, og:title and headings; ``buttons``: what can be pressed; ``marks``: ids, classes and
    addresses of forms, frames and scripts; ``article``: whether the page calls itself one.
    """

    asked: str
    url: str
    text: str
    titles: tuple[str, ...] = ()
    canonical_url: str | None = None
    buttons: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    article: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a page is not the article that was asked for: a reason of the ledger, and what showed it."""

    reason: str
    detail: str


def judge(page: Seen) -> Verdict | None:
    """Return why ``page`` is not the article, None where nothing says so."""
    words = len(page.text.split(maxsplit=MOST_OF_A_WALL))
    verdict = _by_address(page, words)
    if verdict is not None or words >= MOST_OF_A_WALL:
        return verdict
    for verdict in (_by_title(page, words), _by_consent(page)):
        if verdict is not None:
            return verdict
    if (
        words < HARDLY_ANY
        and page.canonical_url is not None
        and _is_home(page.canonical_url)
        and not _is_home(page.asked)
        and same_site(page.canonical_url, page.url)
    ):
        return Verdict("soft_404", "it has hardly any text, and calls the front page its address")
    return None


def about_consent(text: str) -> tuple[int, list[str]]:
    """Return how many words ``text`` has, and the beginnings of those that are about cookies, privacy or accepting."""
    words = tokens(text).words
    return len(words), [kind for word in words for kind in CONSENT if word.startswith(kind)]


def asks_for_consent(words: int, about: list[str]) -> bool:
    """Tell whether a text of so many words, of which those of ``about`` are about consent, looks like asking for it."""
    dense = words <= MOST_OF_A_WALL and len(about) * _ONE_IN >= words
    return dense and len(set(about)) > 1 and "cookie" in about


def _by_address(page: Seen, words: int) -> Verdict | None:
    """Judge by where the redirects ended, as far as that is somewhere else."""
    if canonical(page.url) == canonical(page.asked):
        return None
    if CONSENT_URL.search(page.url) and not CONSENT_URL.search(page.asked):
        return Verdict("consent", f"it leads to a page that asks for consent: {page.url}")
    # A short link may lead to a site that is one article; a site that leads to its own front page has none.
    if _is_home(page.url) and not _is_home(page.asked) and same_site(page.asked, page.url):
        return Verdict("soft_404", f"it leads to the front page: {page.url}")
    path, asked = urlsplit(page.url).path, urlsplit(page.asked).path
    last = [part for part in path.split("/") if part]
    if (
        words < MOST_OF_A_WALL
        and last
        and len(last) <= 3
        and _GONE.fullmatch(last[-1].partition(".")[0])
        and not _GONE.search(asked)
    ):
        return Verdict("soft_404", f"it leads to a page for what is not there: {page.url}")
    if (
        not page.article
        and same_site(page.asked, page.url)
        and (
            _names_an_article(asked)
            or (path.strip("/").lower() in _SECTIONS and asked.strip("/").count("/") > 0)
        )
        and 0 < len(last) <= _FEW_PARTS
        and not _names_an_article(path)
        and all(_SHORT.fullmatch(part) for part in last)
        and (len(last) == 1 or last[0].lower() in _SECTIONS or path.rstrip("/") + "/" in asked)
    ):
        return Verdict("soft_404", f"it leads to a section: {page.url}")
    section = _SECTION.fullmatch(path)
    if (
        section
        and not page.article
        and same_site(page.asked, page.url)
        and re.match(rf"/{section[1]}/.*[\w]-[\w].*-", asked)
    ):
        return Verdict("soft_404", f"it leads to the section it stood in: {page.url}")
    return None


def _names_an_article(path: str) -> bool:
    """Tell whether a part of ``path`` is long enough for a headline, or has a number as articles have."""
    return any(
        len([word for word in re.split(r"[-_]", part) if word]) >= _HEADLINE or _NUMBER.search(part)
        for part in path.split("/")
    )


def _by_title(page: Seen, words: int) -> Verdict | None:
    if words >= LITTLE:
        # Below its message many a page lists what is new, or is read most. A title that is nothing but the phrase is no
        # headline: one that has it in a part may be, and so may a number.
        for title in () if page.article else page.titles:
            if _PHRASE.fullmatch(_plain(title)) and not _plain(title).isdigit():
                return Verdict("soft_404", f"it calls itself {title[:100]!r}")
        return None
    for title in page.titles:
        whole = _plain(title)
        # What calls itself an article may have a headline like "Not found: the lost city"; the site is behind a bar.
        parts = {whole, *map(_plain, (_SITE if page.article else _PARTS).split(title))}
        if any(_ASKS_FOR_PROOF.fullmatch(part) for part in parts) and not page.article:
            return Verdict("captcha", f"it asks whether we are a robot: {title[:100]}")
        if any(_PHRASE.fullmatch(part) for part in parts) or (words < HARDLY_ANY and _apologises(title)):
            return Verdict("soft_404", f"it calls itself {title[:100]!r}")
    if words < HARDLY_ANY and not page.article:
        for sentence in _SENTENCE.split(page.text):
            if _PHRASE.fullmatch(_plain(sentence)):
                return Verdict("soft_404", f"it says of itself {sentence.strip()[:100]!r}")
    # Many an article has such a box for its comments: only where there is next to nothing else.
    marks = [mark for mark in _PROOF_MARKS if any(mark in one.lower() for one in page.marks)]
    if words < HARDLY_ANY and marks and not page.article:
        return Verdict("captcha", f"it holds hardly any text, and {marks[0]}")
    return None


def _apologises(title: str) -> bool:
    for part in _SITE.split(title):
        plain = _plain(part)
        if _WENT_WRONG.fullmatch(plain) or ("!" in part and _EXCLAIMS.fullmatch(plain)):
            return True
    return False


def _by_consent(page: Seen) -> Verdict | None:
    """Judge by words: only of what does not call itself an article, and has something to press that says yes."""
    if page.article or not any(_AGREES.match(_plain(button)) for button in page.buttons):
        return None
    words, about = about_consent(page.text)
    if not asks_for_consent(words, about):
        return None
    said = f"{len(about)} of its {words} words are about cookies, privacy or accepting"
    return Verdict("consent", f"it asks for consent: {said}")


def _is_home(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return bool(parts.netloc) and _HOME.fullmatch(parts.path) is not None and not _ID.search(parts.query)


def _plain(text: str) -> str:
    """Return ``text`` folded, with nothing but words and single spaces."""
    return " ".join(re.sub(r"[^\w]+", " ", fold(text)).split())
