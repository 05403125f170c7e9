# SPDX-License-Identifier: Apache-2.0
"""Lines for a reader that may be slow, or never come: a watch waits for none."""

from __future__ import annotations

import json
import os
import select
import socket
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..reporter import Reporter

# What waits for the reader; further lines are dropped.
MOST_BUFFERED = 1 << 20
# As much as a pipe takes at once, if it takes anything.
_PIECE = 4096


class Output:
    """Standard output, or another descriptor, to which nothing blocks.

    `descriptor` None: it is closed, and lines are dropped. `is_needed`: where nobody can read it any more,
    BrokenPipeError is raised, for the watch serves nothing else.
    """

    def __init__(self, descriptor: int | None, *, reporter: Reporter, is_needed: bool = False) -> None:
        self._reporter = reporter
        self._is_needed = is_needed
        self._waiting = bytearray()
        self._reported = ""
        self.dropped = 0
        self._descriptor = None if descriptor is None else _open_unblocking(descriptor)

    @property
    def waiting_for(self) -> list[int]:
        """The descriptor that has to become writable, where anything waits for it."""
        return [self._descriptor] if self._waiting and self._descriptor is not None else []

    def print_json(self, value: object) -> None:
        """Print a line of JSON, in which every character that cannot be seen is escaped. Raises as `flush` does."""
        text = json.dumps(value, ensure_ascii=False)
        self.print_line((text if text.isprintable() else json.dumps(value)).encode(errors="replace") + b"\n")

    def print_line(self, line: bytes) -> None:
        """Print a line that is spelled already. Raises as `flush` does."""
        if self._descriptor is None or len(self._waiting) + len(line) > MOST_BUFFERED:
            self._drop()
            return
        self._waiting += line
        self.flush()

    def flush(self) -> None:
        """Write what the reader takes. Raises BrokenPipeError where it is gone and needed."""
        try:
            while self._waiting and self._descriptor is not None:
                written = _write(self._descriptor, bytes(self._waiting[:_PIECE]))
                if not written:
                    return
                del self._waiting[:written]
        except BrokenPipeError:
            self._descriptor = None
            self._waiting.clear()
            if self._is_needed:
                raise
            self._report("Standard output was closed.")
        except OSError as error:
            self._report(f"Standard output cannot be written: {(error.strerror or str(error)).lower()}.")
        else:
            self._reported = ""

    def _drop(self) -> None:
        self.dropped += 1
        why = "is closed" if self._descriptor is None else "is not read"
        self._report(f"Standard output {why}: further lines are dropped.")

    def _report(self, problem: str) -> None:
        if not self._reported:
            self._reported = problem
            self._reporter.warn(problem if self._is_needed else f"{problem} Commands are run all the same.")


def _open_unblocking(descriptor: int) -> int:
    """Return a descriptor of the same file that does not block, or the same one.

    The flag belongs to what is open, which others share, such as the shell in the same terminal.
    """
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode):
        try:
            return os.open(f"/proc/self/fd/{descriptor}", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError:
            pass  # without /proc, or another user's
    return descriptor


def _write(descriptor: int, content: bytes) -> int:
    """Write some of it; return how much, 0 where it would have to wait. Raises OSError."""
    try:
        if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            with socket.socket(fileno=os.dup(descriptor)) as opened:
                return opened.send(content, socket.MSG_DONTWAIT)
        if not select.select([], [descriptor], [], 0)[1]:
            return 0
        return os.write(descriptor, content)
    except BlockingIOError:
        return 0
