"""The service lock: one process at a time writes in a data folder.

`flock` on a file that holds the owner's pid. The kernel lets go of it when the process ends, however it
ends, so there is no stale lock to clean up.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from archive.errors import ArchiveError, LockHeld

GLANCE = 0.05  # seconds; whoever only looks (`is_held`) has the lock for some microseconds


@contextmanager
def service_lock(data_dir: Path) -> Iterator[None]:
    """Hold the lock of ``data_dir`` while inside; raises `LockHeld`, naming the pid, when another has it."""
    path = data_dir / "service.lock"
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise ArchiveError(f"data_dir {data_dir} cannot be used: {error.strerror}") from error
    try:
        if not _take(handle):
            time.sleep(GLANCE)  # a start must not fail because somebody looked at just that moment
            if not _take(handle):
                owner = os.pread(handle, 32, 0).strip()
                raise LockHeld(str(path), int(owner) if owner.isdigit() else None)
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


def is_held(data_dir: Path) -> bool:
    """Tell whether somebody holds the lock of ``data_dir``, without taking it."""
    try:
        handle = os.open(data_dir / "service.lock", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise ArchiveError(f"data_dir {data_dir} cannot be used: {error.strerror}") from error
    try:
        return not _take(handle, fcntl.LOCK_SH)  # shared: any number may look at a time
    finally:
        os.close(handle)


def _take(handle: int, how: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(handle, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
