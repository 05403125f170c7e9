# SPDX-License-Identifier: Apache-2.0
"""Programs that run beside the one who started them, and end with it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Callable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_GRACE_S = 10.0
_POLL_S = 0.05


class NotReadyError(Exception):
    """A program ended, or said nothing for too long, before it could be used."""


class Background:
    """One program in a session of its own, its output in a file."""

    def __init__(self, command: Sequence[str], *, env: Mapping[str, str], log: Path) -> None:
        self.log = log
        self._command = command
        with log.open("wb") as output:
            # Its own session: an interrupt from the keyboard reaches us alone, and we end it, with its children.
            self._process = subprocess.Popen(
                command,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until(self, is_ready: Callable[[], bool], *, timeout_s: float) -> None:
        """Wait until it can be used. Raises NotReadyError."""
        deadline = time.monotonic() + timeout_s
        while not is_ready():
            if self._process.poll() is not None:
                raise self._not_ready(f"ended with {self._process.returncode}")
            if time.monotonic() > deadline:
                raise self._not_ready(f"was not ready after {timeout_s:.0f} s")
            time.sleep(_POLL_S)

    def ask_to_end(self) -> None:
        """Send SIGTERM, and wait for nothing."""
        self._process.terminate()

    def end(self) -> None:
        """End it and all that it started; return when it is gone."""
        self.ask_to_end()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE_S)
        # Its children too: the group bears its number and outlives it as long as one of them does.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def read_log(self) -> str:
        """Return what it wrote so far."""
        return self.log.read_text(errors="replace")

    def _not_ready(self, what: str) -> NotReadyError:
        return NotReadyError(f"{' '.join(self._command)} {what}:\n{self.read_log()[-4000:]}")


@contextlib.contextmanager
def running(command: Sequence[str], *, env: Mapping[str, str], log: Path) -> Iterator[Background]:
    """Run a program for as long as the block does."""
    program = Background(command, env=env, log=log)
    try:
        yield program
    finally:
        program.end()
