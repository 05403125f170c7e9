# SPDX-License-Identifier: Apache-2.0
"""The directory of the facts file on Windows, where a file that somebody reads cannot be replaced.

Python has no handles of directories there, so what was checked may be another's a moment later: the directory has to be
one in which administrators alone write, as those below %ProgramFiles% are.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time

from ..errors import UsageError
from ..safe_files import UnsafeFileError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# How long readers may hold the file, or its successor's virus scanner; the usual one has closed it within milliseconds.
_LONGEST_HELD_S = 10.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.005, 0.25
_OLD_S = 60.0
# In the tag of a reparse point that stands for another name: a symbolic link, a junction, a mount point.
_STANDS_FOR_ANOTHER = 0x20000000


class WindowsFactsFolder:
    """One directory, which is made later where it is missing. Readers see the old file or the new one."""

    def __init__(
        self,
        path: str,
        *,
        longest_held_s: float = _LONGEST_HELD_S,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Look at the directory. Raises OSError where it cannot be used."""
        self._path = path
        self._longest_held_s = longest_held_s
        self._sleep = sleep
        while not os.path.lexists(path) and os.path.dirname(path) != path:
            path = os.path.dirname(path)
        if _is_link(path) or not os.path.isdir(path):
            raise UnsafeFileError(f"{path} is no directory")

    def close(self) -> None:
        """Do nothing: none is held open."""

    def make(self) -> None:
        """Make the directory where it is missing. Raises OSError."""
        os.makedirs(self._path, exist_ok=True)

    def read(self, name: str, *, limit: int) -> tuple[bytes, int] | None:
        """Return a file's content, `limit` bytes and one at most, and its mode; None without such a file.

        Raises OSError where it is no plain file with one link, or cannot be read.
        """
        path = os.path.join(self._path, name)
        if not os.path.lexists(path):
            return None
        if _is_link(path):
            raise UnsafeFileError(f"{name} is a link")
        with open(path, "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
                raise UnsafeFileError(f"{name} is not a plain file with one link")
            return file.read(limit + 1), found.st_mode

    def write(self, name: str, content: bytes, *, mode: int, now: float) -> None:
        """Replace a file as a whole. `mode` says nothing on Windows, where a file inherits who may read it.

        Raises OSError; then the old file stands untouched.
        """
        del mode
        self._remove_leftovers(name, now)
        temporary = os.path.join(self._path, f".{name}.{os.urandom(6).hex()}.tmp")
        try:
            with open(temporary, "xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            self._while_held(lambda: os.replace(temporary, os.path.join(self._path, name)))
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise

    def remove(self, name: str) -> None:
        """Remove a file. Raises OSError."""
        self._while_held(lambda: os.unlink(os.path.join(self._path, name)))

    def _while_held(self, change: Callable[[], None]) -> None:
        """Make a change as soon as nobody holds the file. Raises OSError."""
        ends = time.monotonic() + self._longest_held_s
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                change()
            except PermissionError:  # ERROR_ACCESS_DENIED and ERROR_SHARING_VIOLATION
                if time.monotonic() > ends:
                    raise
            else:
                return
            self._sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _remove_leftovers(self, name: str, now: float) -> None:
        """Remove the temporary files of writers that were killed."""
        for leftover in os.listdir(self._path):
            path = os.path.join(self._path, leftover)
            with contextlib.suppress(OSError):
                is_temporary = leftover.startswith(f".{name}.") and leftover.endswith(".tmp")
                if is_temporary and now - os.lstat(path).st_mtime > _OLD_S:
                    os.unlink(path)


def find_directory(environ: Mapping[str, str]) -> str:
    """Return the directory of the facts file, below %ProgramFiles%, where administrators alone write.

    A Python of 32 bits is told another folder of that name. Raises UsageError where Windows names none.
    """
    base = environ.get("ProgramW6432") or environ.get("ProgramFiles") or ""
    if not os.path.isabs(base):
        raise UsageError("The environment has no ProgramFiles.", hint="Name a directory with --directory.")
    return os.path.join(base, "azure-imds-facts", "facts.d")


def _is_link(path: str) -> bool:
    """Return whether a path is a symbolic link or a junction."""
    found = os.lstat(path)
    return stat.S_ISLNK(found.st_mode) or bool(getattr(found, "st_reparse_tag", 0) & _STANDS_FOR_ANOTHER)
