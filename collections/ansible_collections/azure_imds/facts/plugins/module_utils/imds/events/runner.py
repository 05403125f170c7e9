# SPDX-License-Identifier: Apache-2.0
"""Commands for changes of events: several at once, those of one event one after the other, each with a time limit.

How a command is run is a runner's matter: the shell's, or that of a service behind a socket.
"""

from __future__ import annotations

from .. import records
from ..reporter import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from ..clock import Clock
    from ..records import JsonObject
    from ..reporter import Reporter
    from .model import Change

    class Run(Protocol):
        """One command for one change."""

        @property
        def waiting_for(self) -> int | None:
            """Return the descriptor that becomes readable at its end; None: a signal tells of it."""

        def poll(self) -> int | None:
            """Return its exit code, minus the signal that ended it, or None while it, or what it started, runs."""

        def ask_to_end(self) -> None:
            """Ask it to end, with all that it started: it took too long, or the watch ends."""

        def kill(self) -> None:
            """End it, with all that it started."""

    class Runner(Protocol):
        """Starts commands. `outlives_watch`: they go on when the watch ends, and are found again by it."""

        outlives_watch: bool

        def start(self, change: Change, spelled: JsonObject) -> Run:
            """Start the command for a change. Raises OSError where it cannot be started now: it is tried again."""


# More than these wait. As many of Preempt and Terminate run beside them: these cannot wait for the drain of a Reboot.
_MOST_AT_ONCE = 8
# What finds no place among them is not told yet: a document can list any number of events.
_MOST_WAITING = 64
# From asking a command to end to ending it.
_GRACE_S = 5.0
# What was killed ends at once, unless it waits for a broken disk.
_KILLED_S = 2.0


@records.record
class End:
    """The end of a command; `exit_code` is minus the signal that ended it. `is_success`: it drained the machine.

    `is_late`: it was ended, since it took too long.
    """

    change: Change
    exit_code: int
    is_success: bool
    is_late: bool
    took_s: float


class _Running:
    """A command that runs."""

    def __init__(self, change: Change, run: Run, *, started: float, began_s: float) -> None:
        self.change = change
        self.run = run
        self.started = started
        self.began_s = began_s
        self.is_asked_to_end = False

    def ask_to_end(self) -> None:
        """Ask it to end; from here on it is no success."""
        self.is_asked_to_end = True
        self.run.ask_to_end()


class Hooks:
    """The queue of changes whose command is to be run.

    `spell`: return a change for programs, as of now: the command gets what holds when it starts. `displace`: take note
    of a change that lost its place to a more urgent one.
    """

    def __init__(
        self,
        runner: Runner,
        *,
        spell: Callable[[Change], JsonObject],
        timeout_s: float,
        clock: Clock,
        reporter: Reporter,
        displace: Callable[[Change], None] = lambda _change: None,
    ) -> None:
        self._runner = runner
        self._displace = displace
        self._spell = spell
        self._timeout_s = timeout_s
        self._clock = clock
        self._reporter = reporter
        self._waiting: list[Change] = []
        self._running: list[_Running] = []
        self._is_failing = False

    @property
    def unfinished(self) -> list[Change]:
        """The changes whose command has not ended, in order."""
        return [running.change for running in self._running] + self._waiting

    @property
    def waiting_for(self) -> list[int]:
        """The descriptors that become readable when a command ends."""
        found = [running.run.waiting_for for running in self._running]
        return [descriptor for descriptor in found if descriptor is not None]

    @property
    def waiting(self) -> int:
        """How many changes wait for their command to be started."""
        return len(self._waiting)

    @property
    def running(self) -> list[tuple[Change, float]]:
        """The changes whose command runs, and since when, in seconds since 1970."""
        return [(running.change, running.began_s) for running in self._running]

    def offer(self, change: Change) -> bool:
        """Take a change whose command is to be started by `reap`; return False where there is no place for it."""
        if len(self._waiting) >= _MOST_WAITING:
            others = [place for place, waiting in enumerate(self._waiting) if not waiting.event.is_urgent]
            if not (change.event.is_urgent and others):
                return False
            self._displace(self._waiting.pop(others[-1]))
        self._waiting.append(change)
        return True

    def reap(self, *, is_last: bool = False) -> list[End]:
        """Start what can be started, end what takes too long; return the commands that ended.

        `is_last`: nothing more is started.
        """
        ends = []
        for running in list(self._running):
            code = running.run.poll()
            if code is None:
                self._check_time(running)
                continue
            self._running.remove(running)
            is_success = code == 0 and not running.is_asked_to_end
            took_s = self._clock.monotonic() - running.started
            late = running.is_asked_to_end
            ends.append(End(change=running.change, exit_code=code, is_success=is_success, is_late=late, took_s=took_s))
            if not is_success:
                said = f"ended with {code}" if code >= 0 else f"was ended by signal {-code}"
                self._reporter.warn(f"The command for {name_change(running.change)} {said}.")
        if not is_last:
            self._start()
        return ends

    def stop(self) -> None:
        """End all running commands with everything that they started, unless they outlive the watch."""
        if self._runner.outlives_watch:
            return
        for running in self._running:
            running.ask_to_end()
        ends = self._clock.monotonic() + _GRACE_S
        left = [running.run for running in self._running]
        while left and self._clock.monotonic() < ends:
            left = [run for run in left if run.poll() is None]
            self._clock.sleep(0.02)
        for run in left:
            run.kill()
        ends = self._clock.monotonic() + _KILLED_S
        while any(run.poll() is None for run in left) and self._clock.monotonic() < ends:
            self._clock.sleep(0.02)

    def _start(self) -> None:
        busy = {running.change.event.key for running in self._running}
        for change in sorted(self._waiting, key=lambda waiting: not waiting.event.is_urgent):
            urgent = change.event.is_urgent
            beside = sum(running.change.event.is_urgent == urgent for running in self._running)
            if beside < _MOST_AT_ONCE and change.event.key not in busy and self._launch(change):
                self._waiting.remove(change)
            busy.add(change.event.key)

    def _launch(self, change: Change) -> bool:
        """Start a command; return False where that has to be tried again. A failure is reported once, and its end."""
        try:
            run = self._runner.start(change, self._spell(change))
        except OSError as error:
            if not self._is_failing:
                self._is_failing = True
                problem = f"The command for {name_change(change)} cannot be started: {error.strerror or error}."
                self._reporter.warn(f"{problem} It is tried again.")
            return False
        if self._is_failing:
            self._is_failing = False
            self._reporter.notice(f"The command for {name_change(change)} was started now.")
        now = self._clock.monotonic()
        self._running.append(_Running(change, run, started=now, began_s=self._clock.time()))
        return True

    def _check_time(self, running: _Running) -> None:
        if self._runner.outlives_watch:
            return  # who runs it sees to its time
        late_s = self._clock.monotonic() - running.started - self._timeout_s
        if late_s > _GRACE_S:
            running.run.kill()
        elif late_s > 0 and not running.is_asked_to_end:
            name = name_change(running.change)
            self._reporter.warn(f"The command for {name} took over {self._timeout_s:g} s and is ended.")
            running.ask_to_end()


def name_change(change: Change) -> str:
    """Return a change for messages."""
    event = change.event
    return f"{printable(event.event_type)} {printable(event.event_id)} ({change.kind})"
