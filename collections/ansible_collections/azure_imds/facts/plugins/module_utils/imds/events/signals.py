# SPDX-License-Identifier: Apache-2.0
"""SIGTERM, SIGINT and SIGCHLD for a loop that waits."""

from __future__ import annotations

import os
import select
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType


class Stopped(BaseException):
    """SIGTERM or Ctrl-C came while the loop may be interrupted."""


class Signals:
    """SIGTERM and SIGINT as a request to stop, heeded where it does no harm. The end of a child ends a sleep."""

    def __init__(self) -> None:
        self.is_stopped = False
        self._may_raise = False
        self._read_end, self._write_end = os.pipe()
        for end in (self._read_end, self._write_end):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._write_end, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)

    def __enter__(self) -> None:
        """From here on a request to stop raises Stopped."""
        self._may_raise = True
        if self.is_stopped:
            raise Stopped

    def __exit__(self, *_error: object) -> None:
        """From here on it is only noted."""
        self._may_raise = False

    def sleep(self, seconds: float, *, readable: Sequence[int] = (), writable: Sequence[int] = ()) -> None:
        """Wait, at most until a signal, or until a descriptor is `readable` or `writable`."""
        if self.is_stopped:
            return
        if self._read_end in select.select([self._read_end, *readable], writable, [], seconds)[0]:
            os.read(self._read_end, 4096)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.is_stopped = True
        if self._may_raise:
            self._may_raise = False
            raise Stopped
