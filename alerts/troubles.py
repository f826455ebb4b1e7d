"""What keeps sources from being read, in the words of a digest; see `alerts.words` for other languages."""

from __future__ import annotations

KINDS = {
    "overrun": "items came faster than they were read; some may be missing",
    "blocked": "refuses to be read",
    "silent": "answers, but has offered nothing new",
    "stale": "shows an old copy of itself",
    "moved": "has moved",
    "capped": "offered more than is taken at once",
    "parse_error": "cannot be wholly understood",
    "unreachable": "cannot be reached",
    "http_error": "answers with an error",
    "not_a_feed": "no longer sends a feed",
    "refused": "leads to an address that must not be read",
    "gone": "says that its feed is gone for good",
    "reidentified": "gave its articles new addresses; some may be told twice",
    "wrong_304": "said that nothing was new when there was; read in full since then",
    "pages_blocked": "refuses its pages; only title and summary are read",
    "no_items": "shows an empty list",
}
"""The kinds of `archive`'s events, each with what a reader is told of it."""

DETAILS = (
    r"the name cannot be looked up",
    r"the connection was refused",
    r"the connection broke: (.+)",
    r"the answer took too long",
    r"the answer is larger than max_bytes( once unpacked)?",
    r"the answer is empty|the body is empty",
    r"more than five redirects",
    r"the server answered (\d+)",
    r"the server says that nothing changed, but was not asked that",
    r"redirected to (\S+): .+",
    r"the feed has moved to (\S+): put that into sources\.yaml.*",
    r"about (\d+) items \((\d+) to (\d+)\) came and went between (.+) and (.+) UTC",
    r"an unknown number of items came and went between (.+) and (.+) UTC",
    r"its sitemap is searched for them",
    r"(\d+) of (\d+) entries came again under other addresses",
    r"nothing new since (.+) UTC",
    r"usually (\d+) items come in such a time",
    r"the newest item is of (\S+), (\d+) days ago",
    r"the server said that nothing was new, and it was not so: .+",
    r"(\d+) pages in a row were refused \(403 and the like\), and none was read",
    r"(\d+) entries past max_entries were not read",
    r"the feed is not well-formed",
    r"no element of a feed in it",
    r"an HTML page",
    r"a JSON document without the items of a feed",
    r"line (\d+): mismatched tag",
    r"line (\d+): not well-formed \(invalid token\)",
    r"line (\d+): undefined entity",
    r"line (\d+): no element found",
    r"line (\d+): (.+)",
    r"not read within ([\d.]+) s|no answer after ([\d.]+) s",
)
"""What the crawl says of a trouble: patterns of the whole, so that a catalogue can say it in its language."""
