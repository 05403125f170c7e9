# SPDX-License-Identifier: Apache-2.0
"""The directory of the facts file, held open: the one that was checked is the one that is written to."""

from __future__ import annotations

import os

from . import safe_files
from .safe_files import UnsafeFileError


class FactsFolder:
    """One directory, which is made later where it is missing: outside Azure not even an empty one is left behind."""

    def __init__(self, path: str) -> None:
        """Open the directory where it is there. Raises OSError where it cannot be used, or not be made later."""
        self._path = path
        self._directory: int | None = None
        place = path
        while not os.path.lexists(place):
            place = os.path.dirname(place)
        if place == path:
            self._directory = safe_files.open_directory(path)
        elif not os.path.isdir(place):
            raise UnsafeFileError(f"{place} is no directory")

    def close(self) -> None:
        """Close the directory."""
        if self._directory is not None:
            os.close(self._directory)

    def make(self) -> None:
        """Make the directory where it is missing, and open it. Raises OSError."""
        if self._directory is None:
            before = os.umask(0o022)  # every user's Ansible reads it, whatever this process's umask
            try:
                os.makedirs(self._path, exist_ok=True)
            finally:
                os.umask(before)
            self._directory = safe_files.open_directory(self._path)

    def read(self, name: str, *, limit: int) -> tuple[bytes, int] | None:
        """Return a file's content, `limit` bytes and one at most, and its mode; None without such a file.

        Raises OSError where it is no plain file of this user, or cannot be read.
        """
        if self._directory is None:
            return None
        try:
            descriptor = safe_files.open_plain(self._directory, name, os.O_RDONLY)
        except FileNotFoundError:
            return None
        # Mode and content of one descriptor: the name may be another file's a moment later.
        with open(descriptor, "rb") as file:
            return file.read(limit + 1), os.fstat(descriptor).st_mode

    def write(self, name: str, content: bytes, *, mode: int, now: float) -> None:
        """Replace a file as a whole. Raises OSError; then the old one stands untouched."""
        if self._directory is None:
            raise FileNotFoundError
        safe_files.remove_leftovers(self._directory, name, now=now)
        safe_files.write_file(self._directory, name, content, mode=mode, durable=True)

    def remove(self, name: str) -> None:
        """Remove a file. Raises OSError."""
        os.unlink(name, dir_fd=self._directory)
