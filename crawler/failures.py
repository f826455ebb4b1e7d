"""The one seam at which Scrapy's and Twisted's errors become ours, with a word for the ledger.

The words, with what an operator can do about each, are listed in docs/sources.md.
"""

from __future__ import annotations

from collections.abc import Iterator

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
from service_identity import CertificateError, VerificationError
from twisted.internet.error import ConnectError, ConnectionLost

from archive.errors import FetchError


def as_fetch_error(error: BaseException | None) -> FetchError:
    """Return what ``error``, raised while something was fetched, means to us."""
    if error is None:
        return FetchError("error", "it failed without an error")
    known = next(filter(None, map(_at_any_depth, _chain(error))), None)
    if known is not None:
        return known
    text = " ".join(str(error).split()) or type(error).__name__
    match error:
        case CannotResolveHostError():
            return FetchError("dns", "the name cannot be looked up")
        case DownloadConnectionRefusedError():
            return FetchError("connection", "the connection was refused")
        case DownloadTimeoutError():
            return FetchError("timeout", "the answer took too long")
        case DownloadCancelledError():
            return FetchError("too_large", "the answer is larger than max_bytes")
        case UnsupportedURLSchemeError() | NotSupported():
            return FetchError("refused", text, retry=False)
        case IgnoreRequest() if "redirections" in text:
            return FetchError("redirects", "more than five redirects")
        case IgnoreRequest() if "DOWNLOAD_MAXSIZE" in text:
            return FetchError("too_large", "the answer is larger than max_bytes once unpacked")
        case ResponseDataLossError() | DownloadFailedError() | ConnectionLost():
            return FetchError("connection", f"the connection broke: {text}")
        case ConnectError() | OSError():
            return FetchError("connection", text)
        case ValueError():
            # Scrapy and urllib raise it for URLs that cannot be read, in a redirect for example.
            return FetchError("bad_url", text, retry=False)
    return FetchError("error", f"{type(error).__name__}: {text}")


def _at_any_depth(cause: BaseException) -> FetchError | None:
    """Return what ``cause`` means wherever it stands in the chain, None where only the outermost error tells."""
    if isinstance(cause, FetchError):
        return cause
    if isinstance(cause, StopDownload):
        cause.response = None  # what had arrived: a failure may live on until the next collection
        return FetchError("busy", "so much was under way that this was given up for now")
    if isinstance(cause, (SSL.Error, VerificationError, CertificateError)):
        return FetchError("tls", f"no secure connection: {_untrusted(cause)}")
    return None


def _untrusted(error: Exception) -> str:
    if not isinstance(error, SSL.Error):
        return "the certificate is not for this host"
    # What OpenSSL says is a list of (library, function, reason); it may be empty.
    packed = error.args[0] if error.args else ()
    said = [str(one[-1]) for one in packed if one] if isinstance(packed, (list, tuple)) else []
    return "; ".join(said) or "the server broke it off"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the error, what caused it, and what Twisted packed into it."""
    seen: set[int] = set()
    todo = [error]
    while todo:
        one = todo.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        todo += [more for more in (one.__cause__, one.__context__) if more is not None]
        for packed in getattr(one, "reasons", None) or ():
            value = getattr(packed, "value", None)
            if isinstance(value, BaseException):
                todo.append(value)
