# SPDX-License-Identifier: Apache-2.0
"""Commands for changes of events: several at once, those of one event one after the other, each with a time limit."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile

from azure_imds_facts.core.events.spelling import build_environment
from azure_imds_facts.core.reporter import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from azure_imds_facts.core.clock import Clock
    from azure_imds_facts.core.events.model import Change
    from azure_imds_facts.core.records import JsonObject
    from azure_imds_facts.core.reporter import Reporter

# More than these wait: a document can list any number of events.
_MOST_AT_ONCE = 8
# From asking a command to end to ending it.
_GRACE_S = 5.0


class _Run:
    """One command and all that it started: a process group."""

    def __init__(self, change: Change, process: subprocess.Popen[bytes], *, started: float) -> None:
        self.change = change
        self.process = process
        self.started = started
        self.is_asked_to_end = False
        self._is_killed = False

    @property
    def is_over(self) -> bool:
        """Return whether the command has ended, after a request to end with all that it started."""
        if self.process.poll() is None:
            return False
        return not self.is_asked_to_end or self._is_killed or not self._signal(0)

    def ask_to_end(self) -> None:
        """Ask it, and all that it started, to end."""
        self.is_asked_to_end = True
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it with all that it started."""
        self._is_killed = True
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> bool:
        """Signal the whole group; return whether it has a member."""
        try:
            os.killpg(self.process.pid, number)
        except (ProcessLookupError, PermissionError):  # PermissionError: every member runs as another user by now
            return False
        return True


class Hooks:
    """Runs `command` with the shell. Text from IMDS is in its environment and input only, never in the command.

    `spell`: return a change for programs, as of now: the command gets what holds when it starts.
    """

    def __init__(
        self,
        command: str,
        *,
        spell: Callable[[Change], JsonObject],
        timeout_s: float,
        clock: Clock,
        reporter: Reporter,
    ) -> None:
        self._command = command
        self._spell = spell
        self._timeout_s = timeout_s
        self._clock = clock
        self._reporter = reporter
        self._waiting: list[Change] = []
        self._running: list[_Run] = []

    @property
    def unfinished(self) -> list[Change]:
        """The changes whose command has not ended, in order."""
        return [run.change for run in self._running] + self._waiting

    def add(self, change: Change) -> None:
        """Run the command for a change, as soon as possible."""
        self._waiting.append(change)
        self._start()

    def reap(self, *, is_last: bool = False) -> list[Change]:
        """Start what can be started, end what takes too long; return the changes whose command succeeded.

        `is_last`: nothing more is started.
        """
        succeeded = []
        for run in list(self._running):
            if not run.is_over:
                self._check_time(run)
                continue
            self._running.remove(run)
            code = run.process.returncode
            if code == 0 and not run.is_asked_to_end:
                succeeded.append(run.change)
            else:
                end = f"ended with {code}" if code >= 0 else f"was ended by signal {-code}"
                self._reporter.warn(f"The command for {_name(run.change)} {end}: {self._command}")
        if not is_last:
            self._start()
        return succeeded

    def stop(self) -> None:
        """End all running commands with everything that they started."""
        for run in self._running:
            run.ask_to_end()
        ends = self._clock.monotonic() + _GRACE_S
        while any(not run.is_over for run in self._running) and self._clock.monotonic() < ends:
            self._clock.sleep(0.02)
        for run in self._running:
            run.kill()
            run.process.wait()

    def _start(self) -> None:
        busy = {run.change.event.key for run in self._running}
        for change in list(self._waiting):
            if len(self._running) >= _MOST_AT_ONCE:
                return
            if change.event.key not in busy:
                self._waiting.remove(change)
                self._launch(change)
            busy.add(change.event.key)

    def _launch(self, change: Change) -> None:
        spelled = self._spell(change)
        try:
            # A file rather than a pipe: a command that does not read it delays nothing.
            with tempfile.TemporaryFile() as given:
                given.write(json.dumps(spelled).encode() + b"\n")
                given.seek(0)
                process = subprocess.Popen(
                    ["/bin/sh", "-c", self._command],
                    stdin=given,
                    stdout=2,  # what this program prints is for programs
                    env={**os.environ, **build_environment(spelled)},
                    start_new_session=True,
                )
        except OSError as error:
            self._reporter.warn(f"The command for {_name(change)} cannot be run: {error.strerror or error}.")
            return
        self._running.append(_Run(change, process, started=self._clock.monotonic()))

    def _check_time(self, run: _Run) -> None:
        late_s = self._clock.monotonic() - run.started - self._timeout_s
        if late_s > _GRACE_S:
            run.kill()
        elif late_s > 0 and not run.is_asked_to_end:
            self._reporter.warn(f"The command for {_name(run.change)} took over {self._timeout_s:g} s and is ended.")
            run.ask_to_end()


def _name(change: Change) -> str:
    event = change.event
    return f"{printable(event.event_type)} {printable(event.event_id)} ({change.kind})"
