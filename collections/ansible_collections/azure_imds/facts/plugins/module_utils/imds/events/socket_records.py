# SPDX-License-Identifier: Apache-2.0
"""Records of the commands that were taken over: by event and change, so that none is started twice.

They are in memory (below /run): a reboot ends every command and clears them.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os

from ..safe_files import open_lock_file, open_private_directory
from .model import CANCELLED, COMPLETED, UPDATED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .. import records

# As many events as a watch follows; each record takes a page of memory.
_MOST = 1000
_LONGEST = 4096
# With one of these an event is over: what was recorded before belongs to a life that has ended.
_LAST = (COMPLETED, CANCELLED)
# What may differ where the same change is asked for again.
_PASSING = ("seconds_left", "reminder", "concerns_others")


class Records:
    """The records of a machine, in a directory of root alone. Raises OSError where that cannot be had."""

    def __init__(self, path: str) -> None:
        self._directory = open_private_directory(path)

    def close(self) -> None:
        """Close the directory."""
        os.close(self._directory)

    def lock(self, event_id: str) -> Record | None:
        """Return an event's record, of this process alone until it is closed; None while another process has it.

        Raises OSError where it cannot be made.
        """
        descriptor = open_lock_file(self._directory, event_id.lower() + ".json")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        if not os.fstat(descriptor).st_nlink:  # another process has just removed it, being old
            os.close(descriptor)
            return None
        return Record(descriptor)

    def remove_oldest(self) -> None:
        """Remove the oldest records over the bound, those in use excepted."""
        names = os.listdir(self._directory)
        if len(names) <= _MOST:
            return
        aged = []
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                aged.append((os.stat(name, dir_fd=self._directory, follow_symlinks=False).st_mtime_ns, name))
        for _age, name in sorted(aged)[: len(names) - _MOST]:
            with contextlib.suppress(OSError):
                self._remove(name)

    def _remove(self, name: str) -> None:
        descriptor = open_lock_file(self._directory, name)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(name, dir_fd=self._directory)
        finally:
            os.close(descriptor)


class Record:
    """One event's record: how the commands for its changes ended."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._ends = self._read()

    def close(self) -> None:
        """Let others have it."""
        os.close(self._descriptor)

    def find(self, spelled: records.JsonObject) -> int | None:
        """Return the exit code of the command for this change, None where none has ended.

        An event is scheduled, started, completed and cancelled once each; one update differs from another by content.
        """
        end = self._ends.get(spelled["change"])
        return end["exit_code"] if end and end["content"] == _summarize(spelled) else None

    def begin(self, spelled: records.JsonObject) -> None:
        """Forget what this change makes obsolete, and take the room that its end will need. Raises OSError."""
        is_last = spelled["change"] in _LAST
        self._ends = {} if is_last else {kind: end for kind, end in self._ends.items() if kind not in _LAST}
        self._ends.pop(spelled["change"], None)
        self._write()

    def end(self, spelled: records.JsonObject, exit_code: int) -> None:
        """Record how the command for this change ended. Raises OSError."""
        self._ends[spelled["change"]] = {"content": _summarize(spelled), "exit_code": exit_code}
        self._write()

    def _read(self) -> dict[str, records.JsonObject]:
        """Return change → how it ended; nothing where the record is new or was cut short."""
        try:
            found = json.loads(os.pread(self._descriptor, _LONGEST, 0))
            return {
                kind: {"content": end["content"], "exit_code": int(end["exit_code"])} for kind, end in found.items()
            }
        except (ValueError, TypeError, KeyError, AttributeError):
            return {}

    def _write(self) -> None:
        # In place: a lock is on the file, not on its name. Within a page, which once written is there to be written
        # again, however full the memory is by then.
        os.pwrite(self._descriptor, json.dumps(self._ends).encode().ljust(_LONGEST), 0)


def _summarize(spelled: records.JsonObject) -> str:
    """Return what tells one update of an event from another; nothing for changes that come once."""
    if spelled["change"] != UPDATED:
        return ""
    content = {name: value for name, value in spelled.items() if name not in _PASSING}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
