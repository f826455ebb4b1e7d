"""The ways out. One file a channel, each with one class that is a `Channel`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from alerts.model import Delivery

OnData = Callable[[], Awaitable[None]]


class Channel(Protocol):
    """Hands one message to whoever carries it to its recipient."""

    @property
    def name(self) -> str:
        """The word in the column `channel` of the deliveries that this one takes."""
        ...

    async def deliver(self, delivery: Delivery, on_data: OnData) -> None:
        """Return when the message was taken over for good.

        A channel that cannot give the same message twice without harm awaits ``on_data()`` right before the
        first byte of it leaves, and lets what that raises pass. Raises `archive.errors.DeliveryError`:
        ``permanent`` when trying again cannot help, ``unknown`` when the message may have been taken, else
        when it certainly was not.
        """
        ...
