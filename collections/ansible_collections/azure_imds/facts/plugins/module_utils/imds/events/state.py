# SPDX-License-Identifier: Apache-2.0
"""The state file of a watch: what it returned before, for the next start."""

from __future__ import annotations

import json
import os

from ..safe_files import open_directory, read_file, write_file

# A document of scheduled events has at most 1 MiB, which JSON escapes and a little about it multiply.
LIMIT = 8 << 20
_KEYS = {"vmName", "incarnation", "events", "approved"}


class StateFile:
    """A file in a directory that is held open. Raises OSError where that cannot be opened."""

    def __init__(self, path: str) -> None:
        folder, self.name = os.path.split(os.path.abspath(path))
        self.directory = open_directory(folder)
        self._written = b""

    def close(self) -> None:
        """Close the directory."""
        os.close(self.directory)

    def is_foreign(self) -> bool:
        """Return whether the file holds something else than a state. Raises OSError where it cannot be read."""
        try:
            content = read_file(self.directory, self.name, limit=LIMIT)
            found = json.loads(content or b"{}")
        except (ValueError, RecursionError):
            return True
        return not isinstance(found, dict) or bool(found and not _KEYS.issubset(found))

    def read(self) -> object:
        """Return the last state, None without one. Raises OSError where the file cannot be read."""
        self._written = read_file(self.directory, self.name, limit=LIMIT) or b""
        try:
            return json.loads(self._written or b"null")
        except (ValueError, RecursionError):
            return None

    def write(self, state: object, *, durable: bool) -> None:
        """Write a state that differs from the last one. Raises OSError."""
        content = json.dumps(state).encode()
        if content != self._written:
            write_file(self.directory, self.name, content, mode=0o600, durable=durable)
            self._written = content
