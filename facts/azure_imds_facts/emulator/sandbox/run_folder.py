# SPDX-License-Identifier: Apache-2.0
"""The folder of one run, below that for temporary files. It goes with the run; one that a kill left goes at the next.

Its owner holds a lock on it, which ends with the process however that ends.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress

__all__ = ["open_run_folder"]

_PREFIX = "azure-imds-emulator-"


@contextmanager
def open_run_folder() -> Iterator[str]:
    """Make a folder of this user alone, and remove it in the end; remove those of runs that were killed."""
    _remove_leftovers()
    folder, lock = _make()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _make() -> tuple[str, int]:
    """Return a new folder and the descriptor that holds its lock."""
    while True:
        folder = tempfile.mkdtemp(prefix=_PREFIX)
        with suppress(OSError):  # another emulator took it for a leftover before it was locked
            lock = _lock(folder)
            with suppress(OSError):
                if os.path.samestat(os.stat(folder), os.fstat(lock)):
                    return folder, lock
            os.close(lock)


def _lock(folder: str) -> int:
    """Return a descriptor that holds the lock. Raises OSError where another process does."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _remove_leftovers() -> None:
    with suppress(OSError), os.scandir(tempfile.gettempdir()) as entries:
        for entry in entries:
            if entry.name.startswith(_PREFIX):
                with suppress(OSError):  # it is in use, or gone meanwhile
                    _remove_leftover(entry)


def _remove_leftover(entry: os.DirEntry[str]) -> None:
    found = entry.stat(follow_symlinks=False)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        return
    lock = _lock(entry.path)
    try:
        shutil.rmtree(entry.path, ignore_errors=True)
    finally:
        os.close(lock)
