"""A channel that keeps what it is given: for tests, and for looking without sending."""

from __future__ import annotations

from collections.abc import Callable

from alerts.channels import OnData
from alerts.model import MAIL_CHANNEL, Delivery


class FakeChannel:
    """Keeps deliveries in ``sent``.

    ``before`` and ``after`` are called with each delivery, before and after the message has left, and may raise
    whatever a real channel might meet there.
    """

    def __init__(
        self,
        name: str = MAIL_CHANNEL,
        *,
        before: Callable[[Delivery], None] | None = None,
        after: Callable[[Delivery], None] | None = None,
    ) -> None:
        self.sent: list[Delivery] = []
        self._name = name
        self._before = before
        self._after = after

    @property
    def name(self) -> str:
        """The channel that this one stands for."""
        return self._name

    async def deliver(self, delivery: Delivery, on_data: OnData) -> None:
        """Keep the delivery."""
        if self._before:
            self._before(delivery)
        await on_data()
        if self._after:
            self._after(delivery)
        self.sent.append(delivery)
