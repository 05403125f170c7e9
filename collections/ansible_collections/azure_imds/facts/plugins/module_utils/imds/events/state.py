# SPDX-License-Identifier: Apache-2.0
"""The state file of a watch: what it told before, for the next start."""

from __future__ import annotations

import errno
import json
import os

from .. import records
from ..safe_files import UnsafeFileError, open_directory, open_plain, read_file, write_file

# A state stays under 1 MiB; those of earlier versions were not bounded so.
LIMIT = 8 << 20
# What states begin with, this version's and those before it.
_BEGINNINGS = (b'{"azure_imds_events": ', b'{"vmName": ')
_OLD_KEYS = {"vmName", "incarnation", "events", "approved"}
_KEYS = {"azure_imds_events", "vm_name", "incarnation", "events"}
# Of the file's end nothing is needed to know whose it is.
_LOOKED_AT = 4096
DAMAGED = ".damaged"
# A folder cannot take the place of a file, nor the reverse: then the next name is tried, of so many.
_TAKEN = (errno.EISDIR, errno.ENOTDIR, errno.ENOTEMPTY, errno.EEXIST)
_NAMES = 10


@records.record
class Found:
    """What was found in the file: `state` None where there is none. `problem`: why what is there is no state.

    `is_own`: it is empty, was filled with NULs, or begins as a state does: a crash or a full disk cut it.
    """

    state: records.JsonObject | None = None
    problem: str = ""
    is_own: bool = True


_FOREIGN = Found(problem="it holds something else than the state of a watch", is_own=False)
_TOO_LONG = Found(problem="it is too long for one")


class StateFile:
    """A file in a directory that is held open. Raises OSError where that cannot be opened."""

    def __init__(self, path: str) -> None:
        folder, self.name = os.path.split(os.path.abspath(path))
        self.directory = open_directory(folder)
        self._written = b""

    def close(self) -> None:
        """Close the directory."""
        os.close(self.directory)

    def inspect(self) -> Found:
        """Return what is in the file. Raises UnsafeFileError for what is no plain file of this user, else OSError."""
        beginning = read_beginning(self.directory, self.name)
        if beginning is None:
            return Found()
        if not _is_own(beginning):
            return _FOREIGN
        try:
            content = read_file(self.directory, self.name, limit=LIMIT)
        except UnsafeFileError:
            return _TOO_LONG
        self._written = content or b""
        return _parse(self._written)

    def read(self) -> object:
        """Return the last state, None without one. Raises OSError where the file cannot be read."""
        self._written = read_file(self.directory, self.name, limit=LIMIT) or b""
        try:
            return json.loads(self._written or b"null")
        except (ValueError, RecursionError):
            return None

    def put_aside(self) -> str:
        """Rename the file, so that a state can begin anew; return its new name. Raises OSError."""
        for attempt in range(_NAMES):
            aside = self.name + DAMAGED + (f".{attempt}" if attempt else "")
            try:
                os.replace(self.name, aside, src_dir_fd=self.directory, dst_dir_fd=self.directory)
            except OSError as error:
                if error.errno not in _TAKEN or attempt == _NAMES - 1:
                    raise
            else:
                break
        return aside

    def write(self, state: object, *, durable: bool) -> None:
        """Write a state that differs from the last one. Raises OSError."""
        content = json.dumps(state).encode()
        if content != self._written:
            write_file(self.directory, self.name, content, mode=0o600, durable=durable)
            self._written = content


def _is_own(beginning: bytes) -> bool:
    """Return whether a file that begins so was a state once, whatever befell it."""
    return not beginning.strip(b"\0") or any(
        beginning.startswith(known) or known.startswith(beginning) for known in _BEGINNINGS
    )


def _parse(content: bytes) -> Found:
    try:
        state = json.loads(content)
    except (ValueError, RecursionError):
        return Found(problem="it is damaged" if content else "it is empty")
    is_state = isinstance(state, dict) and any(keys.issubset(state) for keys in (_OLD_KEYS, _KEYS))
    return Found(state=state) if is_state else Found(problem="it is damaged")


def judge(content: bytes) -> Found:
    """Return what the content of a file is, of which no more than `LIMIT` bytes and one have to be there."""
    if not _is_own(content[:_LOOKED_AT]):
        return _FOREIGN
    return _TOO_LONG if len(content) > LIMIT else _parse(content)


def read_beginning(directory: int, name: str) -> bytes | None:
    """Return the beginning of a plain file of this user, None without one. Raises OSError as `read_file` does."""
    try:
        descriptor = open_plain(directory, name, os.O_RDONLY)
    except FileNotFoundError:
        return None
    with open(descriptor, "rb") as file:
        return file.read(_LOOKED_AT)
