# SPDX-License-Identifier: Apache-2.0
"""Commands run by the shell as children of the watch, which end with it."""

from __future__ import annotations

import json
import os
import signal
import subprocess

from .spelling import build_environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..records import JsonObject
    from .model import Change


class ShellRunner:
    """Runs `command` with the shell. Text from IMDS is in its environment and input only, never in the command."""

    outlives_watch = False

    def __init__(self, command: str) -> None:
        self._command = command

    def start(self, change: Change | None, spelled: JsonObject) -> ShellRun:  # noqa: ARG002  it is spelled already
        """Start the command. Raises OSError where it cannot be started now."""
        # Memory rather than a pipe: a command that does not read it delays nothing. No file: a disk can be full.
        with open(os.memfd_create("event"), "w+b") as given:
            given.write(json.dumps(spelled).encode() + b"\n")
            given.seek(0)
            return ShellRun(
                subprocess.Popen(
                    ["/bin/sh", "-c", self._command],
                    stdin=given,
                    stdout=2,  # what this program prints is for programs
                    env={**os.environ, **build_environment(spelled)},
                    start_new_session=True,
                )
            )


class ShellRun:
    """One command and all that it started: a process group."""

    waiting_for: int | None = None  # SIGCHLD tells of it

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._is_asked_to_end = False
        self._is_killed = False

    def poll(self) -> int | None:
        """Return its exit code; after a request to end, once all that it started has ended too."""
        code = self._process.poll()
        if code is None or not self._is_asked_to_end or self._is_killed or not self._signal(0):
            return code
        return None

    def ask_to_end(self) -> None:
        """Ask it, and all that it started, to end."""
        self._is_asked_to_end = True
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it with all that it started."""
        self._is_killed = True
        self._signal(signal.SIGKILL)
        self._process.wait()

    def _signal(self, number: int) -> bool:
        """Signal the whole group; return whether it has a member."""
        try:
            os.killpg(self._process.pid, number)
        except (ProcessLookupError, PermissionError):  # PermissionError: every member runs as another user by now
            return False
        return True
