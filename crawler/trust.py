"""What a server says of itself, and whether it is believed: that nothing is new (304), and that a feed has moved. Pure.

The functions write what they see into ``shown`` and ``closes``, as `crawler.coverage` does, which calls them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from archive.model import Before, EndpointKind, EndpointState, Outcome, PollOutcome, Reading
from crawler import habits

CHECK = timedelta(hours=6)  # about so often a request is not conditional
DISTRUST = timedelta(days=7)  # and so long none is, after the server said 304 and was wrong
STOOD = 12  # items that would have come by then, as fast as they come now
SLACK = timedelta(minutes=5)  # between two clocks


# --- 304s that cannot be believed -----------------------------------------------------------------------------


def check_after(endpoint_id: int) -> timedelta:
    """Return after how long an endpoint is asked unconditionally: six hours, more or less by its number.

    The same for each endpoint at every start, and spread over them: not all bodies come whole in one pass.
    """
    return CHECK * (0.75 + 0.5 * (endpoint_id * 0.6180339887 % 1.0))


def validators(
    poll: PollOutcome,
    state: EndpointState,
    reading: Reading | None,
    shown: dict[str, str],
    closes: dict[str, str],
) -> tuple[bool, tuple[datetime | None, datetime | None]]:
    """Return whether the 304s before this body were wrong, and from when and until when requests are whole."""
    if poll.outcome is Outcome.NOT_MODIFIED:
        by = state.whole_by or poll.at + check_after(poll.task.endpoint_id)
        return False, (by, state.whole_until)
    whole_by = poll.at + check_after(poll.task.endpoint_id)
    if state.said_304_at is None:
        return False, (whole_by, state.whole_until)
    if wrong := _wrong_304(poll, state, reading):
        shown["wrong_304"] = f"the server said that nothing was new, and it was not so: {wrong}"
        return True, (whole_by, poll.at + DISTRUST)
    if poll.task.etag is None and poll.task.last_modified is None:
        closes["wrong_304"] = (
            "recovered"  # it was asked as if we knew nothing, and nothing speaks against the 304s
        )
    return False, (whole_by, state.whole_until)


def _wrong_304(poll: PollOutcome, state: EndpointState, reading: Reading | None) -> str:
    """Return what shows that a 304 before this body was wrong, nothing if nothing does.

    A body may have changed since the last 304, so that it is another is no proof.
    """
    asked_whole = poll.task.etag is None and poll.task.last_modified is None
    if reading is None or not reading.fresh or state.said_304_at is None or not asked_whole:
        return ""
    if poll.etag is not None and poll.etag == state.etag:
        return "another body came with the same ETag"
    if poll.etag is None and poll.last_modified is not None and poll.last_modified == state.last_modified:
        return "another body came with the same Last-Modified"
    after = state.whole_at or poll.at
    early = [date for date in reading.fresh_dates if after < date < state.said_304_at - SLACK]
    if len(early) >= 2 and 2 * len(early) >= reading.fresh:
        return f"{len(early)} items are older than the last time it said so"
    # Were it true, a list that stood still for hours would have been turned over whole since the last 304.
    stood = (state.said_304_at - after) / timedelta(hours=1)
    if not reading.shared and stood * (habits.rate(reading.dates) or 0.0) >= STOOD:
        return f"for {round(stood)} hours nothing changed, and then nothing was left of the list"
    return ""


# --- addresses ------------------------------------------------------------------------------------------------


def moved(
    poll: PollOutcome,
    state: EndpointState,
    reading: Reading | None,
    before: Before,
    shown: dict[str, str],
    closes: dict[str, str],
) -> str | None:
    """Show where a feed has moved, and return where it is asked from now on; None is where sources.yaml says."""
    target = poll.moved_to
    if target is None:
        if state.moved_to is None:
            closes["moved"] = "recovered"
        elif "moved" in state.open_events:
            shown["moved"] = ""
        return state.moved_to
    if target == state.url:
        closes["moved"] = "recovered"  # it moved back
        return None
    why_not = _not_applied(poll, state, reading, before, target)
    shown["moved"] = f"the feed has moved to {target}: {why_not or 'put that into sources.yaml'}"
    return state.moved_to if why_not else target


def _not_applied(
    poll: PollOutcome, state: EndpointState, reading: Reading | None, before: Before, target: str
) -> str:
    """Return why a new address is told but not taken over, nothing where it is."""
    old, new = urlsplit(state.url), urlsplit(target)
    if before.taken:
        return "it stands in sources.yaml already: take the old address out"
    if new.path in ("", "/") and not new.query and old.path not in ("", "/"):
        return "a home page is rarely a feed, so the old address is still asked; look for the new one"
    if old.scheme == "https" and new.scheme != "https":
        return "it is not encrypted there, so the old address is still asked; put it into sources.yaml if you agree"
    if _site(old.hostname) == _site(new.hostname):
        return ""
    # A domain that somebody else bought leads where he likes. What offers the same items is the same feed.
    same = poll.outcome is not Outcome.OK or (reading is not None and reading.shared > 0)
    if same and poll.task.kind is EndpointKind.FEED:
        return ""
    return (
        "another host, which offers other items, so the old address is still asked. "
        "Put it into sources.yaml only if it is still the same paper's"
    )


def _site(host: str | None) -> str:
    return (host or "").removeprefix("www.")
