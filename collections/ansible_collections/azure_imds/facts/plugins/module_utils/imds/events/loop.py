# SPDX-License-Identifier: Apache-2.0
"""The loop of a watch: print each change, run a command for it, approve, until SIGTERM or Ctrl-C."""

from __future__ import annotations

from ..errors import TRANSIENT, ImdsError, UsageError
from .policy import may_be_approved
from .signals import Stopped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..clock import Clock
    from ..reporter import Reporter
    from .locked_state import LockedState
    from .model import Change
    from .output import Output
    from .policy import Policy
    from .runner import Hooks
    from .signals import Signals
    from .watch import Watch

# How often running commands are checked, should one end unnoticed or take too long.
_CHECK_S = 0.5
# An approval may not delay the next poll for long; one that fails is tried again.
_APPROVAL_S = 3.0


class WatchLoop:
    """A watch that acts: `hooks` None: without a command; `state` None: without a memory."""

    def __init__(
        self,
        watch: Watch,
        *,
        policy: Policy,
        signals: Signals,
        clock: Clock,
        reporter: Reporter,
        output: Output,
        hooks: Hooks | None,
        state: LockedState | None,
    ) -> None:
        self._watch = watch
        self._policy = policy
        self._signals = signals
        self._clock = clock
        self._reporter = reporter
        self._output = output
        self._hooks = hooks
        self._state = state
        self._to_approve: dict[str, Change] = {}
        self._approve_from = 0.0
        self._is_unwritten = False

    def run(self) -> None:
        """Watch until a signal comes. Raises UsageError where the state cannot be written at the start."""
        if self._state is not None:
            if self._watch.restore(self._state.read()):
                self._reporter.notice("Continuing from the stored state.")
            self._state.write(self._watch.state())
        try:
            while not self._signals.is_stopped:
                self._turn()
        except Stopped:
            pass  # what an interrupted poll brought was not printed, and is not in the state either
        finally:
            if self._hooks is not None:
                # A command that has just ended must not run again after a restart.
                for end in self._hooks.reap(is_last=True):
                    self._finish(end.change, is_success=end.is_success)
                self._save()
                self._hooks.stop()

    def _turn(self) -> None:
        with self._signals:
            found = self._watch.poll()
        for change in found:
            # An approval of the event as it was may not hold for what it is now.
            self._to_approve.pop(change.event.key, None)
            self._output.print_json(self._watch.spell(change))
            if self._hooks is not None:
                self._hooks.add(change)
        self._save()
        if self._hooks is not None:
            for end in self._hooks.reap():
                self._finish(end.change, is_success=end.is_success)
            self._save()
        self._approve_next()
        self._output.flush()
        is_busy = self._hooks is not None and bool(self._hooks.unfinished)
        self._signals.sleep(
            min(self._watch.wait_s, _CHECK_S) if is_busy else self._watch.wait_s,
            readable=self._hooks.waiting_for if self._hooks is not None else (),
            writable=self._output.waiting_for,
        )

    def _finish(self, change: Change, *, is_success: bool) -> None:
        unfinished = {one.event.key for one in self._hooks.unfinished} if self._hooks is not None else set()
        if (
            is_success
            and self._policy.approves_on_success
            and may_be_approved(change)
            and change.event.key not in unfinished
        ):
            self._to_approve[change.event.key] = change

    def _save(self) -> None:
        if self._state is not None:
            pending = [*self._to_approve.values()]
            unfinished = self._hooks.unfinished if self._hooks is not None else []
            try:
                self._state.write(self._watch.state(unfinished=[*pending, *unfinished]))
            except UsageError as error:
                self._report_unwritten(str(error))
            else:
                self._is_unwritten = False

    def _report_unwritten(self, problem: str) -> None:
        """Warn once. A full disk, most likely: the watch goes on, and each turn tries again."""
        if not self._is_unwritten:
            self._is_unwritten = True
            self._reporter.warn(f"{problem} Until then a restart would print and run everything again.")

    def _approve_next(self) -> None:
        """Approve one event that may start, in one request; the next poll comes before the next approval."""
        if not self._to_approve or self._clock.monotonic() < self._approve_from:
            return
        key, change = next(iter(self._to_approve.items()))
        event_id = change.event.event_id
        del self._to_approve[key]
        try:
            with self._signals:
                is_new = self._watch.approve(event_id, timeout_s=_APPROVAL_S)
        except TRANSIENT as error:
            self._to_approve[key] = change
            self._approve_from = self._clock.monotonic() + self._watch.approve_again_s
            self._reporter.notice(f"{error} The approval of {event_id} is tried again.")
        except Stopped:
            self._to_approve[key] = change
            self._save()
            raise
        except ImdsError as error:
            self._reporter.warn(str(error))
        else:
            self._reporter.notice(f"{'Approved' if is_new else 'Already started:'} {event_id}.")
        self._save()
