"""A digest as mail: pure, and the same bytes every time.

    Digest ─ group ─▶ View (words, dates, links: everything decided) ─▶ digest.txt ─┐
                                                                    └─▶ digest.html ┴─▶ EmailMessage ─▶ Message

A digest is rendered once, whoever gets it; `alerts.envelope` makes of it each recipient's own. Made again after a crash
it must be the same message, so nothing in it comes from a clock or from chance.
"""

from __future__ import annotations

from binascii import b2a_qp
from collections.abc import Sequence
from datetime import datetime

from alerts import envelope
from alerts.envelope import Letter
from alerts.layout import Layout, layout, styled
from alerts.model import Digest, DigestKind, MailServer, Message, Stationery
from alerts.tell import Teller
from alerts.view import Room, View

# Gmail cuts a message at 102 KB, and what it cuts off is the foot that says which sources were not read. It does not
# say whether it counts what is written or what is sent, so what is sent counts here: that is the longer.
HTML_LIMIT = 100_000
# So many stories never fit: the shortest takes a hundred octets.
_MOST = 1000
# So many articles are told in full before the first is cut down to its headline.
_FULL_FIRST = 20


PLAIN = Stationery()


def render(
    digest: Digest,
    recipient: str,
    server: MailServer | None,
    stationery: Stationery = PLAIN,
    *,
    test_at: datetime | None = None,
) -> Message:
    """Return the mail for one recipient; see `render_all`."""
    return render_all(digest, [recipient], server, stationery, test_at=test_at)[0]


def render_all(
    digest: Digest,
    recipients: Sequence[str],
    server: MailServer | None,
    stationery: Stationery = PLAIN,
    *,
    test_at: datetime | None = None,
) -> list[Message]:
    """Return the mail for each recipient, `OUTBOX` for a subscription that names nobody.

    Text in the digest may be anything. Raises ValueError when the sender or a recipient is no address, or
    the zone is none. ``test_at``: it is a test made then. A reader's mail program drops a second message that has the
    Message-ID of one it knows, and the digest itself is still to come.
    """
    leave, own = envelope.ways_out(server, digest.subscription, recipients)
    teller = Teller(digest, leave, stationery)
    whole = teller.view(Room())
    laid_out = layout(stationery.templates)
    letter = Letter(
        subscription=digest.subscription,
        identity=(*_identity(digest), *(("test", test_at.isoformat()) if test_at else ())),
        subject=f"[test] {whole.subject}" if test_at else whole.subject,
        # A mail program sorts by it: one that is days late would come to lie below what was read since.
        date=test_at or (digest.made_at if digest.caught_up_from else digest.due_at),
        language=whole.language,
        text=laid_out.text(whole),
        html=_html(teller, whole, laid_out),
    )
    return envelope.seal(letter, recipients, server, leave, own)


def _html(teller: Teller, view: View, laid_out: Layout) -> str:
    """Return the HTML part with as much of the digest in it as `HTML_LIMIT` allows.

    The first of every topic are told in full; the room that is left goes to headlines, and what then is left
    to more in full. What finds none is counted, with where it is: the text part always holds everything.
    """

    def inlined(view: View) -> str:
        return styled(laid_out.html(view))

    total = teller.total
    if total <= _MOST and _size(whole := inlined(view)) <= HTML_LIMIT:
        return whole
    first = min(_FULL_FIRST, total)
    topics = len(view.groups)

    def at(steps: int) -> str:
        full = min(steps, first) + max(0, steps - total)
        return inlined(
            teller.view(Room(full=full, brief=min(steps, total) - full, coverage=40, topics=topics))
        )

    # Of hundreds of topics the headings alone are too much.
    while _size(best := at(0)) > HTML_LIMIT // 2 and topics > 1:
        topics = topics * 4 // 5
    # The last step has everything in full: what did not fit may have been the coverage.
    low, high = 0, (_MOST if total > _MOST else 2 * total - first) + 1
    while high - low > 1:
        middle = (low + high) // 2
        tried = at(middle)
        if _size(tried) <= HTML_LIMIT:
            low, best = middle, tried
        else:
            high = middle
    return best


def _size(html: str) -> int:
    """Return how many octets the part takes in a mail: as quoted-printable, in which an é takes six."""
    sent = b2a_qp(html.encode(), istext=True)
    return len(sent) + sent.count(b"\n")  # in a mail each line ends in two


def _identity(digest: Digest) -> tuple[object, ...]:
    """Return what tells a digest from all others; of what an older version has made, it stays as it was."""
    changes = (digest.from_change, digest.to_change) if digest.to_change else ()
    kind = () if digest.kind is DigestKind.DIGEST else (digest.kind.value,)
    # What is told at once has no hour: the same matches are the same mail.
    hour = () if digest.kind is DigestKind.INSTANT else (digest.due_at.isoformat(),)
    return digest.subscription.id, digest.from_seq, digest.to_seq, *hour, *changes, *kind
