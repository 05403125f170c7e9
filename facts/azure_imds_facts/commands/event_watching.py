# SPDX-License-Identifier: Apache-2.0
"""`azure-imds-facts events --watch`: print each change, run a command for it, approve, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import time

from azure_imds_facts.commands.streams import print_json, silence
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
_OWN_KEYS = {"vmName", "incarnation", "events", "approved"}
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
            self._check_ours()
            lock = open_lock_file(self._directory, f".{self._name}.lock")
        except OSError as error:
            raise self._refuse(error) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # until this process ends, however that happens
        except OSError:
            raise UsageError(
                f"Another process uses {path}: the events are watched already.",
                hint="Stop that one, perhaps azure-imds-events.service, or name another file with --state.",
            ) from None

    def _check_ours(self) -> None:
        """Raises UsageError where something else stands there: it would be lost."""
        try:
            content = read_file(self._directory, self._name, limit=_LIMIT)
            found = json.loads(content or b"{}") if content is not None else {}
        except FileNotFoundError:
            found = {}
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict) or (found and not _OWN_KEYS.issubset(found)):
            raise UsageError(
                f"{self._path} holds something else than what was told of events, so it stays as it is.",
                hint="Name another file with --state, or move that one away.",
            )

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
        """Keep a state, where it is another than the last. Raises UsageError where that cannot be."""
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
        self._approve_from = 0.0
        self._is_unkept = False

    def run(self) -> None:
        """Watch until a signal comes. Raises UsageError where the state cannot be kept to begin with."""
        if self._state is not None:
            if self._watch.restore(self._state.read()):
                self._reporter.notice("Going on from what was told before.")
            self._state.write(self._watch.state())
        try:
            while not self._signals.is_stopped:
                self._turn()
        except Stopped:
            pass  # what a poll that was cut brought was not told, and is not in the state either
        finally:
            if self._hooks is not None:
                # What has ended just now is not to run again after a restart.
                for change in self._hooks.reap(is_last=True):
                    self._settle(change)
                self._save()
                self._hooks.stop()

    def _turn(self) -> None:
        with self._signals:
            found = self._watch.poll()
        for change in found:
            # What was good for the event as it was may not be so for what it is now.
            self._to_approve.pop(change.event.key, None)
            if self._hooks is not None:
                self._hooks.add(change)
        self._tell(found)
        self._save()
        if self._hooks is not None:
            for change in self._hooks.reap():
                self._settle(change)
            self._save()
        self._approve_next()
        is_busy = self._hooks is not None and bool(self._hooks.unfinished)
        self._signals.sleep(min(self._watch.wait_s, _LOOK_S) if is_busy else self._watch.wait_s)

    def _tell(self, found: list[Change]) -> None:
        """Print the changes. Whoever reads them may stop to read: a wish to end is heard even then."""
        try:
            with self._signals:
                for change in found:
                    print_json(spell_change(change))
        except Stopped:
            silence(1)
            raise
        except UsageError as error:
            if self._hooks is None:
                raise
            self._reporter.warn(f"{error} Commands are run all the same.")

    def _settle(self, change: Change) -> None:
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
                self._state.write(self._watch.state(untold=[*pending, *unfinished]))
            except UsageError as error:
                self._note_unkept(str(error))
            else:
                self._is_unkept = False

    def _note_unkept(self, problem: str) -> None:
        """A full disk, most likely: events go on all the same, and it is tried again with each turn."""
        if not self._is_unkept:
            self._is_unkept = True
            self._reporter.warn(f"{problem} Until then a restart would tell anew what has been told.")

    def _approve_next(self) -> None:
        """Approve one event that may start, in one request; the next look for events comes before the next approval."""
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
