# SPDX-License-Identifier: Apache-2.0
"""The state file of a watch, which one process at a time may use, and what becomes of one that cannot be used."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time

from ..errors import ImdsError, UnavailableError, UsageError
from ..reporter import printable
from ..safe_files import UnsafeFileError, open_lock_file, remove_leftovers
from .state import Found, StateFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..reporter import Reporter

# Errors of the system that say that the path is wrong, or not this user's: waiting does not help.
_WRONG = (
    errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.ELOOP, errno.ENAMETOOLONG, errno.EISDIR, errno.EINVAL, errno.ENOENT,
    errno.EEXIST,
)  # fmt: skip
# How long the commands of a watch that was killed may take to end: they hold the lock until then.
_LOCKED_S = 6.0


class PassingError(UnavailableError):
    """Something on this machine is in the way that passes: a full disk, no memory, another watch.

    It ends with 1, after which a service manager tries again.
    """

    outcome = "unusable"
    exit_code = 1


class LockedState:
    """A state file locked until this process and its commands end.

    `is_default`: nobody named the file, so whatever is there is put aside. `sleep` waits for a lock, and may raise.
    Raises UsageError where it can never be used, and PassingError where that may pass; nothing is touched then.
    """

    def __init__(
        self, path: str, *, reporter: Reporter, is_default: bool = False, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._path = path
        self._reporter = reporter
        try:
            os.makedirs(os.path.dirname(os.path.abspath(path)), mode=0o700, exist_ok=True)
            self._file = StateFile(path)
            if not is_default:
                self._refuse_foreign(self._inspect(is_default=False))
            self.lock = open_lock_file(self._file.directory, f".{self._file.name}.lock")
            self._take_lock(sleep)
            self._found = self._inspect(is_default=is_default)
            if not is_default:
                self._refuse_foreign(self._found)
            if self._found.problem:
                self._begin_anew(self._found.problem)
            with contextlib.suppress(OSError):
                remove_leftovers(self._file.directory, self._file.name, now=time.time())
        except OSError as error:
            raise self._refuse(error) from None

    def read(self) -> object:
        """Return the last state, None without one."""
        return self._found.state

    def write(self, state: object) -> None:
        """Write a state that differs from the last one. Raises PassingError or UsageError where that fails."""
        try:
            self._file.write(state, durable=True)
        except OSError as error:
            raise self._refuse(error) from None

    def begin_anew(self) -> None:
        """Put a state aside that turned out to be damaged. Raises as `write` does."""
        try:
            self._begin_anew("it is damaged")
        except OSError as error:
            raise self._refuse(error) from None

    def _inspect(self, *, is_default: bool) -> Found:
        try:
            return self._file.inspect()
        except OSError as error:
            if not is_default or not (isinstance(error, UnsafeFileError) or error.errno in _WRONG):
                raise
            return Found(problem=f"it cannot be read ({error.strerror or error})")

    def _take_lock(self, sleep: Callable[[float], None]) -> None:
        ends = time.monotonic() + _LOCKED_S
        while True:
            try:
                fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() < ends:
                    sleep(0.1)
                    continue
                raise PassingError(
                    f"Another process uses {self._path}: the events are watched already.",
                    hint="Stop that one, perhaps azure-imds-events.service, or name another file with --state.",
                ) from None
            return

    def _refuse_foreign(self, found: Found) -> None:
        if not found.is_own:
            raise UsageError(
                f"{self._path} holds something else than the state of a watch, so it stays as it is.",
                hint="Name another file with --state, or move that one away.",
            )

    def _begin_anew(self, problem: str) -> None:
        aside = self._file.put_aside()
        folder = os.path.dirname(os.path.abspath(self._path))
        self._reporter.warn(
            f"{self._path} cannot be read as a state: {problem}. It is put aside as {os.path.join(folder, aside)}, and "
            "events that were told before may be told again."
        )

    def _refuse(self, error: OSError) -> ImdsError:
        problem = f"The state cannot be written to {printable(self._path, most=None)}: {error.strerror or error}."
        if isinstance(error, UnsafeFileError) or error.errno in _WRONG:
            return UsageError(problem, hint="Make the folder writable, or name another file with --state.")
        return PassingError(problem, hint="Make room, or name another file with --state.")
