"""Whether the server that answers is the one that was meant: certificates, verified as browsers do.

Scrapy verifies none unless told to, and then makes a TLS context for each connection: 5 ms of the loop and a copy
of all authorities each time (Twisted's ``optionsForClientTLS``). Here all connections of a crawl share one.

An outlet whose certificate does not hold is not lost in silence: it fails with the reason ``tls``, and an operator who
looks at it and trusts it all the same says so with ``verify: false`` beside that source. *Not* the other way round,
verifying for who asks for it: then whoever sits on the line puts words into an outlet's mouth, and nobody knows.
"""

from __future__ import annotations

from typing import Any

from twisted.internet._sslverify import ClientTLSOptions
from twisted.internet.ssl import CertificateOptions, platformTrust
from twisted.web.client import BrowserLikePolicyForHTTPS


class Certificates(BrowserLikePolicyForHTTPS):
    """Says how a TLS connection is opened: by the authorities of this machine (or of SSL_CERT_FILE), for that name."""

    def __init__(self) -> None:
        trusted: Any = platformTrust()  # type: ignore[no-untyped-call]
        super().__init__(trusted)  # type: ignore[no-untyped-call]
        self._options = CertificateOptions(trustRoot=trusted, fixBrokenPeers=True)

    def creatorForNetloc(self, hostname: bytes, port: int) -> Any:
        """Return what opens a connection to ``hostname``, and verifies that it is that host."""
        # A test holds these private names against the pinned version.
        return ClientTLSOptions(self._options._makeTLSConnection, hostname.decode("ascii"))
