"""Words of the program that a digest says otherwise: kinds and details of troubles, names of fields."""

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

FIELDS = {
    "url": "its address",
    "source": "the name of the outlet",
    "lang": "its language",
    "country": "the country of the outlet",
    "author": "the name of the author",
    "section": "the section",
    "tag": "a tag",
}
"""Where in an article a topic may find something, but for its words."""

DETAILS: dict[str, str | tuple[str, str]] = {
    r"the name cannot be looked up": "the name cannot be looked up",
    r"the connection was refused": "the connection was refused",
    r"the connection broke: (.+)": "the connection broke: {0}",
    r"the answer took too long": "the answer took too long",
    r"the answer is larger than max_bytes( once unpacked)?": "the answer is larger than is taken",
    r"the answer is empty|the body is empty": "the answer is empty",
    r"more than five redirects": "more than five redirects",
    r"the server answered (\d+)": "the server answered {0}",
    r"the server says that nothing changed, but was not asked that": (
        "the server says that nothing changed, but was not asked that"
    ),
    r"redirected to (\S+): .+": "it sends us to {0}",
    r"the feed has moved to (\S+): put that into sources\.yaml.*": "it is now at {0}",
    r"about (\d+) items? \(\d+ to \d+\) came and went between (.+) and (.+) UTC": (
        "about {0} item came and went between {1} and {2}",
        "about {0} items came and went between {1} and {2}",
    ),
    r"an unknown number of items came and went between (.+) and (.+) UTC": (
        "an unknown number of items came and went between {0} and {1}"
    ),
    r"its sitemap is searched for them": "its sitemap is searched for them",
    r"(\d+) of (\d+) entries came again under other addresses": (
        "{0} of {1} entries came again under other addresses"
    ),
    r"nothing new since (.+) UTC": "the last came on {0}",
    r"usually (\d+) items? come in such a time": (
        "usually {0} item comes in such a time",
        "usually {0} items come in such a time",
    ),
    r"the newest item is of (\S+), (\d+) days ago": "the newest item is of {0}, {1} days ago",
    r"the server said that nothing was new, and it was not so: .+": "the server said that nothing was new",
    r"(\d+) pages in a row were refused \(403 and the like\), and none was read": (
        "{0} pages in a row were refused, and none was read"
    ),
    r"(\d+) entries past max_entries were not read": (
        "{0} item past the limit was not read",
        "{0} items past the limit were not read",
    ),
    r"it lists nothing": "it lists nothing",
    r"until (.+) UTC it did": "until {0} it did",
    r"the feed is not well-formed": "the feed is not well-formed",
    r"no element of a feed in it": "nothing in it is of a feed",
    r"an HTML page": "a web page came instead",
    r"a JSON document without the items of a feed": "a JSON document came without the items of a feed",
    r"line (\d+): mismatched tag": "line {0}: mismatched tag",
    r"line (\d+): not well-formed \(invalid token\)": "line {0}: a character that must not be there",
    r"line (\d+): undefined entity": "line {0}: undefined entity",
    r"line (\d+): no element found": "line {0}: it ends too early",
    r"line (\d+): (.+)": "line {0}: {1}",
    r"not read within ([\d.]+) s|no answer after ([\d.]+) s": "it could not be read in time",
}
"""What the crawl says of a trouble, as patterns of the whole, and how a reader is told: with what the pattern's groups
hold, moments in the reader's zone. Where there are two forms, the first group is the number that decides between them.
"""
