# SPDX-License-Identifier: Apache-2.0
"""`azure-imds-facts events --watch`: print each change, run a command for it, approve, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal

from azure_imds_facts.commands.streams import print_json
from azure_imds_facts.core.errors import TRANSIENT, ImdsError, UsageError
from azure_imds_facts.core.events import SCHEDULED, UPDATED, spell_change
from azure_imds_facts.core.safe_files import UnsafeFileError, open_directory, open_lock_file, read_file, write_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

    from azure_imds_facts.commands.event_hooks import Hooks
    from azure_imds_facts.core.errors import Reporter
    from azure_imds_facts.core.event_watch import Watch
    from azure_imds_facts.core.events import Change

_LIMIT = 8 << 20
# While commands run they are looked after so often, should one end unnoticed or take too long.
_LOOK_S = 0.5
# An approval may not keep the watch from its next look for long; one that fails is tried again.
_APPROVAL_S = 3.0


class Stopped(BaseException):
    """SIGTERM or Ctrl-C came where waiting can end at once."""


class Signals:
    """SIGTERM and SIGINT as a wish to end, heard where it does no harm; a child's end wakes whoever sleeps."""

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
        """From here on a wish to end raises Stopped."""
        self._may_raise = True
        if self.is_stopped:
            raise Stopped

    def __exit__(self, *_error: object) -> None:
        """From here on it is only noted."""
        self._may_raise = False

    def sleep(self, seconds: float) -> None:
        """Wait, until a signal at the longest."""
        if not self.is_stopped and select.select([self._read_end], [], [], seconds)[0]:
            os.read(self._read_end, 4096)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.is_stopped = True
        if self._may_raise:
            self._may_raise = False
            raise Stopped


class StateFile:
    """What was told, kept for the next start; one process at a time may use it.

    Raises UsageError where it cannot be used: then a restart would run commands anew.
    """

    def __init__(self, path: str) -> None:
        folder, self._name = os.path.split(os.path.abspath(path))
        self._path = path
        self._kept = b""
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            self._directory = open_directory(folder)
            lock = open_lock_file(self._directory, f"{self._name}.lock")
        except OSError as error:
            raise self._refuse(error) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # until this process ends, however that happens
        except OSError:
            raise UsageError(
                f"Another process uses {path}: the events are watched already.",
                hint="Stop that one, perhaps azure-imds-events.service, or name another file with --state.",
            ) from None

    def read(self) -> object:
        """Return the last state, None where there is none."""
        try:
            self._kept = read_file(self._directory, self._name, limit=_LIMIT) or b""
            return json.loads(self._kept or b"null")
        except UnsafeFileError as error:
            raise self._refuse(error) from None
        except (OSError, ValueError, RecursionError):
            return None

    def write(self, state: object) -> None:
        """Keep a state, where it is another than the last."""
        content = json.dumps(state).encode()
        if content == self._kept:
            return
        try:
            write_file(self._directory, self._name, content, mode=0o600, durable=True)
        except OSError as error:
            raise self._refuse(error) from None
        self._kept = content

    def _refuse(self, error: OSError) -> UsageError:
        return UsageError(
            f"What was told cannot be kept in {self._path}: {error.strerror or error}.",
            hint="Make the place writable, or name another file with --state.",
        )


class Watching:
    """The loop of `events --watch`."""

    def __init__(
        self,
        watch: Watch,
        *,
        signals: Signals,
        reporter: Reporter,
        hooks: Hooks | None,
        state: StateFile | None,
        approves: bool,
    ) -> None:
        self._watch = watch
        self._signals = signals
        self._reporter = reporter
        self._hooks = hooks
        self._state = state
        self._approves = approves
        self._to_approve: dict[str, Change] = {}

    def run(self) -> None:
        """Watch until a signal comes. Raises UsageError where the state can no longer be kept."""
        if self._state is not None and self._watch.restore(self._state.read()):
            self._reporter.notice("Going on from what was told before.")
        try:
            while not self._signals.is_stopped:
                self._turn()
        except Stopped:
            pass  # what a poll that was cut brought was not told, and is not in the state either
        finally:
            if self._hooks is not None:
                self._hooks.stop()

    def _turn(self) -> None:
        with self._signals:
            found = self._watch.poll()
        for change in found:
            print_json(spell_change(change))
            if self._hooks is not None:
                self._hooks.add(change)
        self._save()
        if self._hooks is not None:
            for change in self._hooks.reap():
                self._settle(change)
            self._save()
        self._approve()
        is_busy = self._hooks is not None and bool(self._hooks.unfinished)
        self._signals.sleep(min(self._watch.wait_s, _LOOK_S) if is_busy else self._watch.wait_s)

    def _settle(self, change: Change) -> None:
        if self._approves and change.kind in (SCHEDULED, UPDATED) and not change.event.is_started:
            self._to_approve[change.event.key] = change

    def _save(self) -> None:
        if self._state is not None:
            pending = [*self._to_approve.values()]
            unfinished = self._hooks.unfinished if self._hooks is not None else []
            self._state.write(self._watch.state(untold=[*pending, *unfinished]))

    def _approve(self) -> None:
        """Approve what may start: IMDS hears of it once, however often that has to be tried."""
        for key, change in list(self._to_approve.items()):
            event_id = change.event.event_id
            try:
                with self._signals:
                    is_new = self._watch.approve(event_id, timeout_s=_APPROVAL_S)
            except TRANSIENT as error:
                self._reporter.notice(f"{error} The approval of {event_id} is tried again.")
                continue
            except ImdsError as error:
                self._reporter.warn(str(error))
            else:
                self._reporter.notice(f"{'Approved' if is_new else 'Already started:'} {event_id}.")
            del self._to_approve[key]
            self._save()
