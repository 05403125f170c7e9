# SPDX-License-Identifier: Apache-2.0
"""The state file of a watch, which one process at a time may use."""

from __future__ import annotations

import fcntl
import os

from ..errors import UsageError
from ..safe_files import UnsafeFileError, open_lock_file
from .state import StateFile

ROOTS_STATE = "/var/lib/azure-imds-facts/events.json"


class LockedState:
    """A state file locked until this process ends.

    Raises UsageError where it cannot be used: a restart would run commands again.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        try:
            os.makedirs(os.path.dirname(os.path.abspath(path)), mode=0o700, exist_ok=True)
            self._file = StateFile(path)
            if self._file.is_foreign():
                raise UsageError(
                    f"{path} holds something else than the state of a watch, so it stays as it is.",
                    hint="Name another file with --state, or move that one away.",
                )
            lock = open_lock_file(self._file.directory, f".{self._file.name}.lock")
        except OSError as error:
            raise self._refuse(error) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UsageError(
                f"Another process uses {path}: the events are watched already.",
                hint="Stop that one, perhaps azure-imds-events.service, or name another file with --state.",
            ) from None

    def read(self) -> object:
        """Return the last state, None without one."""
        try:
            return self._file.read()
        except UnsafeFileError as error:
            raise self._refuse(error) from None
        except OSError:
            return None

    def write(self, state: object) -> None:
        """Write a state that differs from the last one. Raises UsageError where it cannot be written."""
        try:
            self._file.write(state, durable=True)
        except OSError as error:
            raise self._refuse(error) from None

    def _refuse(self, error: OSError) -> UsageError:
        return UsageError(
            f"The state cannot be written to {self._path}: {error.strerror or error}.",
            hint="Make the folder writable, or name another file with --state.",
        )


def find_default_state() -> str:
    """Return where this user's state is. Raises UsageError where nothing says what the user's folder is."""
    if os.geteuid() == 0:
        return ROOTS_STATE
    base = os.environ.get("XDG_STATE_HOME") or ""
    if not os.path.isabs(base):
        base = os.path.join(os.path.expanduser("~"), ".local", "state")
    if not os.path.isabs(base):
        raise UsageError(
            "There is no place for the state of a watch: this user has no home directory.",
            hint="Name a file with --state.",
        )
    return os.path.join(base, "azure-imds-facts", "events.json")
