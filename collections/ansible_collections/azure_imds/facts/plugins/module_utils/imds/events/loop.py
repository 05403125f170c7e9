# SPDX-License-Identifier: Apache-2.0
"""The loop of a watch: print each change, run a command for it, approve, until SIGTERM or Ctrl-C."""

from __future__ import annotations

from ..errors import ImdsError
from .messages import flush_messages
from .signals import Stopped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..clock import Clock
    from ..reporter import Reporter
    from .approvals import Approvals
    from .locked_state import LockedState
    from .metrics import Metrics
    from .model import Change
    from .output import Output
    from .policy import Policy
    from .runner import End, Hooks
    from .runs import Runs
    from .signals import Signals
    from .watch import Watch

# How often running commands are checked, should one end unnoticed or take too long.
_CHECK_S = 0.5


class WatchLoop:
    """A watch that acts. `hooks` None: without a command; `state` None: without a memory; `metrics` None: without."""

    def __init__(
        self,
        watch: Watch,
        *,
        policy: Policy,
        approvals: Approvals,
        runs: Runs,
        signals: Signals,
        clock: Clock,
        reporter: Reporter,
        output: Output,
        hooks: Hooks | None = None,
        state: LockedState | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self._watch = watch
        self._policy = policy
        self._approvals = approvals
        self._runs = runs
        self._signals = signals
        self._clock = clock
        self._reporter = reporter
        self._output = output
        self._hooks = hooks
        self._state = state
        self._metrics = metrics
        self._is_unwritten = False

    def run(self) -> None:
        """Watch until a signal comes. Raises the ImdsError of a state that cannot be written at the start."""
        if self._state is not None:
            self._state.write(self._spell_state())
        try:
            while not self._signals.is_stopped:
                self._turn()
        except Stopped:
            pass  # what an interrupted look brought was not printed, and is not in the state either
        finally:
            if self._hooks is not None:
                # A command that has just ended must not run again after a restart.
                self._finish(self._hooks.reap(is_last=True))
                self._save()
                self._hooks.stop()

    def _turn(self) -> None:
        with self._signals:
            timeline = self._watch.fetch()
        if timeline is not None:
            found = self._watch.take(timeline, admits=self._admit)
            for change in found:
                # An approval of the event as it was may not hold for what it is now.
                self._approvals.drop(change.event.key)
                self._output.print_json(self._watch.spell(change))
                if self._policy.approves_at_once(change):
                    self._approvals.add(change)
            for change in self._watch.take_pending(found):
                # The flags may be others than those under which it was to be approved.
                if self._policy.approves_on_success or self._policy.approves_at_once(change):
                    self._approvals.add(change)
        if self._hooks is not None:
            self._finish(self._hooks.reap())
        self._save()
        waiting = self._approvals.keys
        self._approvals.approve_next(self._signals)
        if self._approvals.keys != waiting:
            self._save()
        self._output.flush()
        flush_messages()
        if self._metrics is not None:
            self._metrics.write(
                self._watch, approvals=self._approvals, runs=self._runs, hooks=self._hooks, output=self._output
            )
        self._rest()

    def _rest(self) -> None:
        is_busy = self._hooks is not None and bool(self._hooks.unfinished)
        seconds = min(self._watch.wait_s, _CHECK_S) if is_busy else self._watch.wait_s
        readable = self._hooks.waiting_for if self._hooks is not None else ()
        self._signals.sleep(seconds, readable=readable, writable=self._output.waiting_for)

    def _admit(self, change: Change) -> bool:
        """Return whether a change can be told now: its command has a place, or it runs none."""
        return self._hooks is None or not self._policy.runs_command(change.event) or self._hooks.offer(change)

    def _finish(self, ends: list[End]) -> None:
        unfinished = {one.event.key for one in self._hooks.unfinished} if self._hooks is not None else set()
        for end in ends:
            self._runs.add(end, now_s=self._clock.time())
            if end.is_success and self._policy.approves_on_success and end.change.event.key not in unfinished:
                self._approvals.add(end.change)

    def _spell_state(self) -> object:
        running = self._hooks.running if self._hooks is not None else []
        unfinished = self._hooks.unfinished if self._hooks is not None else []
        return {
            **self._watch.state(unfinished=unfinished, pending=self._approvals.keys),
            "runs": self._runs.spell(running),
        }

    def _save(self) -> None:
        """Write the state. A failure is reported once: a full disk, most likely, and each turn tries again."""
        if self._state is None:
            return
        try:
            self._state.write(self._spell_state())
        except ImdsError as error:
            if not self._is_unwritten:
                self._is_unwritten = True
                self._reporter.warn(f"{error} Until then a restart would print and run everything again.")
        else:
            if self._is_unwritten:
                self._reporter.notice("The state is written again.")
            self._is_unwritten = False
