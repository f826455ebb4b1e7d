"""Messages as files, for when there is no mail server: `.eml` beside its `.html` in data_dir/outbox/."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from pathlib import Path

from alerts.channels import OnData
from alerts.model import FOLDER_CHANNEL, Delivery
from archive.errors import DeliveryError


class FolderChannel:
    """Writes each message into ``folder``, which it makes when it is missing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def name(self) -> str:
        """``folder``."""
        return FOLDER_CHANNEL

    async def deliver(self, delivery: Delivery, on_data: OnData) -> None:
        """Write both files. Raises `DeliveryError` when the disk does not take them; tried again later."""
        # on_data is not called: the same delivery gives the same files, so after a crash it is simply written
        # again, and never unknown.
        try:
            await asyncio.to_thread(self._write, delivery)
        except OSError as error:
            raise DeliveryError(f"cannot write to {self._folder}: {error}") from error

    def _write(self, delivery: Delivery) -> None:
        # The messages name their recipients: they are nobody else's business on this computer.
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        stem = file_stem(delivery)
        _put(self._folder / f"{stem}.html", delivery.html.encode())
        # Last, so that whoever waits for an .eml finds its .html there.
        _put(self._folder / f"{stem}.eml", delivery.body)


def file_stem(delivery: Delivery) -> str:
    """``2026-07-19-1200Z-lima-desk-1f0c9a3e``: due (UTC), subscription, and what tells recipients apart."""
    subscription = re.sub(r"[^A-Za-z0-9-]+", "-", delivery.subscription_id).strip("-")[:60] or "list"
    digested = hashlib.sha256(delivery.message_id.encode()).hexdigest()[:8]
    return f"{delivery.due_at:%Y-%m-%d-%H%MZ}-{subscription}-{digested}"


def _put(path: Path, data: bytes) -> None:
    """Write a file that is there whole or not at all, also after a power cut."""
    # The name is this delivery's alone and one process delivers, so a half-written one is simply overwritten.
    half = path.with_name(f".{path.name}.part")
    half.unlink(missing_ok=True)  # it would keep the mode it has
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)
