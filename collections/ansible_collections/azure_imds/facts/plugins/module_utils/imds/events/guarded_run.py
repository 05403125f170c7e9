# SPDX-License-Identifier: Apache-2.0
"""The watch's side of a command with a guard."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
import warnings

from .guard import END, KILL, Guard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# How long the guard takes at most until it says that the command runs.
_START_S = 10.0


class GuardedRun:
    """A command that ends with this process. Its end wakes this process by SIGCHLD.

    `given`: a descriptor, the command's standard input. Its standard output goes where errors go. `kept`: descriptors
    that the guard holds open until the command has ended, such as a lock. Raises OSError where it cannot be started.
    """

    waiting_for: int | None = None  # SIGCHLD tells of it

    def __init__(
        self, line: Sequence[str], *, given: int, environment: Mapping[str, str], kept: Sequence[int] = ()
    ) -> None:
        self._channel, theirs = socket.socketpair()
        try:
            # A watch has one thread. Python 3.12 warns a program with more, though the guard takes none of their locks.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                self._pid = os.fork()
        except OSError:
            self._channel.close()
            theirs.close()
            raise
        if not self._pid:
            try:
                Guard(theirs, [given, *kept]).run(line, given, environment)
            finally:
                os._exit(0)  # nothing of the watch goes on here
        theirs.close()
        self._said = b""
        self._code: int | None = None
        self._await_start()

    def poll(self) -> int | None:
        """Return its exit code, minus the signal that ended it; after a request to end once all has ended."""
        if self._code is None:
            self._channel.settimeout(0)
            self._receive()
        return self._code

    def ask_to_end(self) -> None:
        """Ask it, and all that it started, to end."""
        self._send(END)

    def kill(self) -> None:
        """End it with all that it started."""
        self._send(KILL)

    def wait(self, seconds: float) -> None:
        """Wait for its end, at most so long."""
        with contextlib.suppress(OSError):
            self._channel.settimeout(seconds)
            self._channel.recv(1, socket.MSG_PEEK)
        self.poll()

    def _await_start(self) -> None:
        self._channel.settimeout(_START_S)
        while self._code is None and b"\n" not in self._said:
            self._receive()
        failure = int(self._said.split(b"\n")[0] or errno.EAGAIN)
        if failure:
            self._end(-signal.SIGKILL)
            raise OSError(failure, os.strerror(failure))

    def _receive(self) -> bool:
        """Read what the guard says; return whether there was anything. The guard's own end is that of the command."""
        try:
            received = self._channel.recv(64)
        except BlockingIOError:
            return False
        except OSError:
            received = b""  # reset, or not in time
        self._said += received
        ended = self._said.partition(b"\n")[2]
        if ended.endswith(b"\n"):
            self._end(int(ended))
        elif not received:
            os.kill(self._pid, signal.SIGKILL)  # it has ended, unless it was too slow to begin
            self._end(-signal.SIGKILL)
        return bool(received)

    def _end(self, code: int) -> None:
        if self._code is None:
            self._code = code
            self._channel.close()
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self._pid, 0)

    def _send(self, word: bytes) -> None:
        if self._code is None:
            with contextlib.suppress(OSError):  # it has ended
                self._channel.send(word)
