# SPDX-License-Identifier: Apache-2.0
"""The loop of `events --watch`: print each change, run a command for it, approve, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import time

from azure_imds_facts.commands.signals import Stopped
from azure_imds_facts.commands.streams import print_json, silence
from azure_imds_facts.core.errors import TRANSIENT, ImdsError, UsageError
from azure_imds_facts.core.events.model import SCHEDULED, UPDATED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azure_imds_facts.commands.event_hooks import Hooks
    from azure_imds_facts.commands.event_state import LockedState
    from azure_imds_facts.commands.signals import Signals
    from azure_imds_facts.core.events.model import Change
    from azure_imds_facts.core.events.watch import Watch
    from azure_imds_facts.core.reporter import Reporter

# How often running commands are checked, should one end unnoticed or take too long.
_CHECK_S = 0.5
# An approval may not delay the next poll for long; one that fails is tried again.
_APPROVAL_S = 3.0


class WatchLoop:
    """The loop of `events --watch`."""

    def __init__(
        self,
        watch: Watch,
        *,
        signals: Signals,
        reporter: Reporter,
        hooks: Hooks | None,
        state: LockedState | None,
        approves: bool,
    ) -> None:
        self._watch = watch
        self._signals = signals
        self._reporter = reporter
        self._hooks = hooks
        self._state = state
        self._approves = approves
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
                for change in self._hooks.reap(is_last=True):
                    self._finish(change)
                self._save()
                self._hooks.stop()

    def _turn(self) -> None:
        with self._signals:
            found = self._watch.poll()
        for change in found:
            # An approval of the event as it was may not hold for what it is now.
            self._to_approve.pop(change.event.key, None)
            if self._hooks is not None:
                self._hooks.add(change)
        self._print(found)
        self._save()
        if self._hooks is not None:
            for change in self._hooks.reap():
                self._finish(change)
            self._save()
        self._approve_next()
        is_busy = self._hooks is not None and bool(self._hooks.unfinished)
        self._signals.sleep(min(self._watch.wait_s, _CHECK_S) if is_busy else self._watch.wait_s)

    def _print(self, found: list[Change]) -> None:
        """Print the changes. A reader may stop reading: a request to stop is heeded even then."""
        try:
            with self._signals:
                for change in found:
                    print_json(self._watch.spell(change))
        except Stopped:
            silence(1)
            raise
        except UsageError as error:
            if self._hooks is None:
                raise
            self._reporter.warn(f"{error} Commands are run all the same.")

    def _finish(self, change: Change) -> None:
        unfinished = {one.event.key for one in self._hooks.unfinished} if self._hooks is not None else set()
        if (
            self._approves
            and change.kind in (SCHEDULED, UPDATED)
            and not change.event.is_started
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
        if not self._to_approve or time.monotonic() < self._approve_from:
            return
        key, change = next(iter(self._to_approve.items()))
        event_id = change.event.event_id
        del self._to_approve[key]
        try:
            with self._signals:
                is_new = self._watch.approve(event_id, timeout_s=_APPROVAL_S)
        except TRANSIENT as error:
            self._to_approve[key] = change
            self._approve_from = time.monotonic() + self._watch.approve_again_s
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
