"""What an operator can do about a failure or an event, in one line. Pure. The same stands in docs/sources.md."""

from __future__ import annotations

# Of feeds and pages alike, what an operator can do about a reason; what is not here, nobody can do anything about.
_CHANGE = {
    "dns": "look for a typing mistake in the address; if every source fails so, the network here is down",
    "connection": "open the site in a browser; if it is there, tell the paper, else wait",
    "timeout": "raise network.timeout in settings.yaml if it is always this site",
    "tls": "open it in a browser: if that warns too, tell the paper; verify: false in sources.yaml reads it anyway",
    "too_large": "raise network.max_bytes in settings.yaml",
    "redirects": "open the site in a browser, and look for the present address of its feed",
    "bad_url": "open it in a browser, and write down the address at which it ends",
    "http_404": "look for its present address on the site",
    "http_410": "look for its present address on the site",
    "http_429": "set every: of this endpoint in sources.yaml, 1h for example, or raise it",
    "empty": "wait; if it lasts, find another feed",
    "not_a_feed": "find the address of the feed itself: `presswatch try feed URL` shows what comes",
    "not_a_sitemap": "find the address of the sitemap itself: it stands in the site's robots.txt",
    "no_articles": "name the links with selectors.links: `presswatch try source ID` shows what is found",
    "parse_error": "look at it with `presswatch try feed URL`, and tell the paper",
    "parse_timeout": "look at it with `presswatch try`; if it lasts, take it out",
    "parse_memory": "look at it with `presswatch try`; if it lasts, take it out",
    "soft_404": "open it in a browser: the paper has taken the article away, or moved it",
    "moved_on": "open it in a browser: the paper sends its readers on to something else",
    "captcha": "open it in a browser: we are taken for a robot. "
    "Set network.contact in settings.yaml, raise every:, write to the paper",
    "refused": "a private address: if it is yours, name its network under network.allow_private in settings.yaml",
}
_UNWANTED = (
    "set network.contact in settings.yaml, if it is not set, so that the paper sees who asks; and write to it"
)


def advice(reason: str) -> str:
    """Return what would change a failure of this reason, nothing where nothing would."""
    if reason in ("http_401", "http_403", "http_451"):
        return _UNWANTED
    if reason.startswith("http_5"):
        return "wait: it is tried again by itself"
    return _CHANGE.get(reason, "")


_DEAD = (
    "open the site in a browser: if there is news, look for another feed of it (`presswatch try feed URL`)"
)
_REMEDIES = {
    "overrun": "add the source's sitemap, or its feeds by section, to sources.yaml; a shorter every: helps too",
    "reidentified": "nothing: the site gave its articles new addresses, and some may be told twice",
    "silent": _DEAD,
    "stale": _DEAD,
    "blocked": "open it in a browser: a captcha or a 403 means that we are taken for a robot. "
    "Set network.contact in settings.yaml, raise every:, write to the paper",
    "pages_blocked": "set network.contact in settings.yaml, or write to the paper; pages: false stops asking for them",
    "wrong_304": "nothing: for a week it is asked unconditionally",
    "gone": "look for its present address on the site, or take it out of sources.yaml; it is asked once a day",
    "moved": "put the new address into sources.yaml, if it is the paper's: what is known of the feed stays with it",
    "capped": "raise network.max_entries in settings.yaml, or poll a smaller feed",
    "parse_error": "`presswatch try feed URL` shows what can be read of it; tell the paper",
    "no_items": "open the site in a browser: if there is news, look for another feed of it; if not, nothing",
    "not_a_feed": "find the address of the feed itself: `presswatch try feed URL` shows what comes",
}
_WAIT = "wait: it is tried again by itself, once a day at the least"


def remedy(kind: str, detail: str, url: str) -> str:
    """Return what to do about an event of the endpoint at ``url``, by its kind, or by the reason in its ``detail``."""
    if kind == "overrun" and "sitemap" in detail:
        return "nothing: its sitemap is searched for what is missing; a shorter every: in sources.yaml makes it rarer"
    if kind == "not_a_feed":
        # A page of links, or a sitemap, wants something else than a feed does.
        return (advice(detail.partition(":")[0]) or _REMEDIES[kind]).replace(
            "try feed URL", f"try feed {url}"
        )
    said = _REMEDIES.get(kind) or advice(detail.partition(":")[0]) or _WAIT
    return said.replace("try feed URL", f"try feed {url}")
