"""Foreign errors, as Scrapy and Twisted raise them; what real servers provoke is in test_crawl_*."""

from __future__ import annotations

import pytest
from OpenSSL import SSL
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    NotSupported,
    ResponseDataLossError,
    StopDownload,
    UnsupportedURLSchemeError,
)
from twisted.internet.error import ConnectError, ConnectionLost
from twisted.python.failure import Failure
from twisted.web.client import ResponseFailed

from archive.errors import AddressRefused, FetchError, ParseError
from crawler.failures import as_fetch_error


@pytest.mark.parametrize(
    ("error", "reason", "retry"),
    [
        (CannotResolveHostError("DNS lookup failed"), "dns", True),
        (DownloadConnectionRefusedError("no"), "connection", True),
        (DownloadTimeoutError("slow"), "timeout", True),
        (DownloadCancelledError("Expected response size larger than"), "too_large", True),
        (IgnoreRequest("... exceeded DOWNLOAD_MAXSIZE (10 B) during decompression."), "too_large", True),
        (IgnoreRequest("max redirections reached"), "redirects", True),
        (IgnoreRequest("something else"), "error", True),
        (UnsupportedURLSchemeError("gopher"), "refused", False),
        (NotSupported("gopher"), "refused", False),
        (ResponseDataLossError(), "connection", True),
        (DownloadFailedError("broke"), "connection", True),
        (ConnectionLost(), "connection", True),
        (ConnectError(), "connection", True),
        (OSError(113, "No route to host"), "connection", True),
        (ValueError("Invalid IPv6 URL"), "bad_url", False),
        (ZeroDivisionError("a bug"), "error", True),
        (StopDownload(fail=True), "busy", True),
        (SSL.Error([("SSL routines", "", "certificate verify failed")]), "tls", True),
        (SSL.Error(), "tls", True),
        (None, "error", True),
    ],
)
def test_each_error_has_a_word_of_the_ledger(error: Exception | None, reason: str, retry: bool) -> None:
    found = as_fetch_error(error)
    assert (found.reason, found.retry) == (reason, retry)
    assert found.detail


@pytest.mark.parametrize(
    "own", [AddressRefused("10.0.0.1 is not a public address"), ParseError("no"), FetchError("x")]
)
def test_an_error_of_ours_is_found_wherever_it_is_packed(own: FetchError) -> None:
    caused = OSError("outer")
    caused.__cause__ = own
    during = OSError("outer")
    during.__context__ = caused
    packed = ResponseFailed([Failure(OSError("first")), Failure(own)])
    for error in (own, caused, during, packed):
        assert as_fetch_error(error) is own


def test_an_error_that_causes_itself_is_looked_at_once() -> None:
    error, other = OSError("one"), OSError("two")
    error.__context__, other.__context__ = other, error
    assert as_fetch_error(error).reason == "connection"


def test_a_detail_is_one_line() -> None:
    assert as_fetch_error(ZeroDivisionError("a\n  bug\n")).detail == "ZeroDivisionError: a bug"
