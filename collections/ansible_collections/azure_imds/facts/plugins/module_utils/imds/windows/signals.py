# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C and Ctrl-Break on Windows, which has no signal that ends a wait for a descriptor."""

from __future__ import annotations

import signal
import time

from ..events.signals import Signals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# What another process sends ends this one without a word; SIGTERM comes from this process alone.
_NAMES = ("SIGINT", "SIGBREAK", "SIGTERM")
# How soon a request to stop ends a sleep.
_STEP_S = 0.2


class WindowsSignals(Signals):
    """Ctrl-C and Ctrl-Break as a request to stop, heeded where it does no harm."""

    def __init__(self) -> None:
        self.is_stopped = False
        self._may_raise = False
        for number in (getattr(signal, name, None) for name in _NAMES):
            if number is not None:
                signal.signal(number, self._stop)

    def sleep(self, seconds: float, *, readable: Sequence[int] = (), writable: Sequence[int] = ()) -> None:
        """Wait, at most until a request to stop. Descriptors are not looked at."""
        del readable, writable
        ends = time.monotonic() + seconds
        while not self.is_stopped and time.monotonic() < ends:
            time.sleep(max(0.0, min(_STEP_S, ends - time.monotonic())))
