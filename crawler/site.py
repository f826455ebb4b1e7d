"""Whether two addresses belong to one site: the same registrable domain, by the public suffix list.

The list is the copy that comes with tldextract; it is never looked for on the network.
"""

from __future__ import annotations

from functools import cache
from urllib.parse import urlsplit

from tldextract import TLDExtract

# Private suffixes too: two blogs at one provider are two sites.
_extract = TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)


def same_site(one: str, other: str) -> bool:
    """Tell whether two URLs are of one site; a host without a registrable domain is a site by itself."""
    host = _host(one)
    return bool(host) and _site(host) == _site(_host(other))


@cache
def _site(host: str) -> str:
    if known := _extract(host).top_domain_under_public_suffix:
        return known
    # An ending that is on no list is taken for one; what ends in a number is an address.
    labels = host.split(".")
    return host if ":" in host or labels[-1].isdigit() else ".".join(labels[-2:])


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""
