# SPDX-License-Identifier: Apache-2.0
"""The watcher's side of the socket: hands a change over, and gets back how its command ended.

The command belongs to the service behind the socket. It outlives this process, and is found again by event and change.
"""

from __future__ import annotations

import json
import os
import socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .. import records
    from ..clock import Clock
    from .model import Change

# Where the connection ends without an answer: too many commands run, or the service was ended.
_AGAIN_S = 1.0
_LONGEST_ANSWER = 4096
# What a run ends with that was given up.
_GIVEN_UP = 125


class SocketRun:
    """One change that was handed over. Raises OSError where nothing listens at `path`."""

    def __init__(self, path: str, question: bytes, *, clock: Clock) -> None:
        self._path = path
        self._question = question
        self._clock = clock
        self._code: int | None = None
        self._again_at = 0.0
        self._connection: socket.socket | None = None
        self._left = memoryview(b"")
        self._received = b""
        self._connect()

    @property
    def waiting_for(self) -> int | None:
        """The connection, once the change is on its way."""
        return None if self._connection is None or self._left else self._connection.fileno()

    def poll(self) -> int | None:
        """Return the command's exit code, minus a signal that ended it; None while it runs, as far as is known.

        It never waits. A connection that ends without an answer is opened anew: the service knows what it has started.
        """
        if self._code is None:
            try:
                self._advance()
            except BlockingIOError:
                pass
            except OSError:
                self._disconnect()
        return self._code

    def ask_to_end(self) -> None:
        """Do nothing: the service ends a command that takes too long."""

    def kill(self) -> None:
        """Give it up; the command goes on."""
        self._disconnect()
        if self._code is None:
            self._code = _GIVEN_UP

    def _connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.setblocking(False)
            # Where the service manager is behind with accepting this fails at once, as it does where none listens.
            connection.connect(self._path)
        except BaseException:
            connection.close()
            raise
        self._connection, self._left, self._received = connection, memoryview(self._question), b""
        return connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._again_at = self._clock.monotonic() + _AGAIN_S

    def _advance(self) -> None:
        """Go on as far as it goes now. Raises BlockingIOError before the end, OSError for a lost connection."""
        connection = self._connection
        if connection is None:
            if self._clock.monotonic() < self._again_at:
                return
            connection = self._connect()
        while self._left:
            self._left = self._left[connection.send(self._left) :]
            if not self._left:
                connection.shutdown(socket.SHUT_WR)
        while True:
            piece = connection.recv(_LONGEST_ANSWER)
            self._received += piece
            if not piece or len(self._received) > _LONGEST_ANSWER:
                break
        self._code = _parse_answer(self._received)
        self._disconnect()


class SocketRunner:
    """A runner whose commands are those of the service behind the Unix socket at `path`."""

    outlives_watch = True

    def __init__(self, path: str, *, clock: Clock) -> None:
        self._path = os.path.abspath(path)
        self._clock = clock

    def start(self, change: Change, spelled: records.JsonObject) -> SocketRun:  # noqa: ARG002  as other runners do
        """Hand a change over. Raises OSError where that cannot be done now."""
        # Not escaped: no longer than the document was.
        question = json.dumps(spelled, ensure_ascii=False).encode(errors="replace") + b"\n"
        return SocketRun(self._path, question, clock=self._clock)


def _parse_answer(answer: bytes) -> int | None:
    """Return the exit code in an answer, None where it has none: then the question is asked again."""
    try:
        code = json.loads(answer)["exit_code"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return code if isinstance(code, int) and not isinstance(code, bool) and -256 < code < 256 else None
