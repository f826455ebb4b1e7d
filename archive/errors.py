"""Every error that Presswatch raises on purpose, drawn once.

    PresswatchError
    ├── ConfigError        the operator's files are wrong; carries every complaint at once
    ├── TopicError         one phrase or query cannot be read; carries a column
    ├── ArchiveError       the archive cannot be read or written
    │   ├── LockHeld       another process is the writer; carries its pid
    │   └── ClockError     --as-of lies before what the archive already holds
    ├── FetchError         a feed or page could not be had; ``retry`` says whether to try again
    │   ├── AddressRefused the network guard said no; never retried as it stands
    │   └── ParseError     it was had, and cannot be read
    └── DeliveryError      a message was not delivered; ``permanent`` and ``unknown`` say what follows

A foreign exception (sqlite3, Twisted, SMTP, lxml) becomes one of these at the seam where it enters, with
its cause chained; nothing further in catches foreign ones.
"""

from __future__ import annotations

from dataclasses import dataclass


class PresswatchError(Exception):
    """The root: catching it catches all that is ours and nothing that is a bug."""


@dataclass(frozen=True, slots=True, order=True)
class Complaint:
    """One thing wrong in one configuration file; ``line`` and ``column`` count from 1."""

    file: str
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}"
        return f"{place}: {self.path}: {self.message}" if self.path else f"{place}: {self.message}"


class ConfigError(PresswatchError):
    """The configuration cannot be used; ``complaints`` holds everything that is wrong with it."""

    def __init__(self, complaints: tuple[Complaint, ...]) -> None:
        self.complaints = complaints
        super().__init__("\n".join(str(complaint) for complaint in complaints))


class TopicError(PresswatchError):
    """A phrase or query that cannot be read; ``column`` counts code points from 0 within it."""

    def __init__(self, message: str, column: int = 0) -> None:
        self.column = column
        super().__init__(message)


class ArchiveError(PresswatchError):
    """The archive cannot be read or written."""


class LockHeld(ArchiveError):
    """Another process holds the service lock; ``pid`` is None when it did not say."""

    def __init__(self, path: str, pid: int | None) -> None:
        self.pid = pid
        who = f"process {pid}" if pid else "another process"
        super().__init__(f"{who} holds {path}: stop it first, or let it do the work")


class ClockError(ArchiveError):
    """The given time lies before the newest time in the archive."""


class FetchError(PresswatchError):
    """A feed or a page could not be had. ``reason`` is one word of the ledger (see docs/archive.md)."""

    def __init__(self, reason: str, detail: str = "", *, retry: bool = True) -> None:
        self.reason = reason
        self.detail = detail
        self.retry = retry
        super().__init__(f"{reason}: {detail}" if detail else reason)


class AddressRefused(FetchError):
    """The network guard refused to connect."""

    def __init__(self, detail: str) -> None:
        super().__init__("refused", detail, retry=False)


class ParseError(FetchError):
    """A body arrived that cannot be read as what it should be."""

    def __init__(self, detail: str, reason: str = "parse_error") -> None:
        super().__init__(reason, detail)

    def __reduce__(self) -> tuple[type[ParseError], tuple[str, str]]:
        # It comes out of worker processes; as it stands, pickle would hand the whole message to ``detail``.
        return ParseError, (self.detail, self.reason)


class DeliveryError(PresswatchError):
    """A message was not delivered, or nobody knows whether it was.

    ``permanent``: trying again as it stands cannot help. ``unknown``: the server may have taken it.
    """

    def __init__(self, message: str, *, permanent: bool = False, unknown: bool = False) -> None:
        self.permanent = permanent
        self.unknown = unknown
        super().__init__(message)
