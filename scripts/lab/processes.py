# SPDX-License-Identifier: Apache-2.0
"""Programs that run beside the one who started them, and end with it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

# What runs here writes into temporary folders only, so nothing is lost where one does not end by itself in time.
_GRACE_S = 3.0
_PR_SET_CHILD_SUBREAPER = 36
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

    def wait(self, *, timeout_s: float) -> int:
        """Wait until it ends by itself, and return its exit code. Raises NotReadyError."""
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise self._not_ready(f"has not ended after {timeout_s:.0f} s") from None

    def ask_to_end(self) -> None:
        """Send SIGTERM, and wait for nothing."""
        self._process.terminate()

    def end(self) -> None:
        """End it and all that it started; return when it is gone."""
        try:
            self.ask_to_end()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_GRACE_S)
        finally:
            # Where a second interrupt cuts the waiting short, too. Its children: the group outlives its leader.
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


@contextlib.contextmanager
def ending_descendants() -> Iterator[None]:
    """End, after the block, whatever was started in it, directly or not, and still runs.

    Ansible's workers leave the session that they were started in, so that killing a process group misses them.
    """
    # Whoever loses its parent becomes our child instead of init's.
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        while children := _children_of(os.getpid()):
            for child in children:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
                # Its own children are ours from here on, and go in the next round.
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(child, 0)


def _children_of(parent: int) -> list[int]:
    found = []
    for listed in Path("/proc").glob("[0-9]*/stat"):
        # Gone meanwhile: nobody's child any more.
        with contextlib.suppress(OSError):
            # pid (name) state ppid …, where the name may hold blanks and parentheses
            ppid = listed.read_text().rpartition(")")[2].split()[1]
            if int(ppid) == parent:
                found.append(int(listed.parent.name))
    return found
