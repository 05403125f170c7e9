# SPDX-License-Identifier: Apache-2.0
"""The service behind the socket: runs the administrator's command for a change that comes over a connection.

What comes is data, whoever sent it: it is on the command's input and in its environment, never a part of the command.
The command outlives the connection, and a second question for the same event and change gets the end of the first.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import signal
import socket

from .. import errors
from ..clock import Clock
from ..reporter import printable
from .model import KINDS
from .shell_runner import ShellRunner
from .socket_records import Records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .. import records
    from ..reporter import Reporter
    from .guarded_run import GuardedRun
    from .socket_records import Record

# systemd makes it, and names it to the service, from 240 on.
RECORDS = "/run/azure-imds-events"
# The command took longer than it may: what `timeout` of coreutils answers then.
TIMED_OUT = 124
# Nothing that could be run came.
REFUSED = 125
# A document of scheduled events has 1 MiB at most.
_LONGEST = 2 << 20
_RECEIVE_S = 10.0
_LOOK_S = 0.1
_GRACE_S = 5.0
_ID = re.compile(r"[0-9A-Za-z._-]{1,128}")
# Field → its types: what `spell_change` makes. Others are left out.
_FIELDS: dict[str, tuple[type, ...]] = {
    "change": (str,),
    "reminder": (bool,),
    "event_id": (str,),
    "event_type": (str,),
    "event_status": (str,),
    "resource_type": (str,),
    "resources": (list,),
    "not_before": (str,),
    "seconds_left": (int, type(None)),
    "description": (str,),
    "event_source": (str,),
    "duration_in_seconds": (int, type(None)),
    "concerns_others": (bool, type(None)),
}


def take_over(command: str, *, timeout_s: float, reporter: Reporter) -> int:
    """Run a command for the change that comes over standard input, a socket; return 0 where it ended with 0, else 1.

    `timeout_s`: the command is asked to end after it, and ended five seconds later. Raises UsageError where standard
    input is no socket, else as `SocketService.serve` does.
    """
    try:
        connection = socket.socket(fileno=os.dup(0))
    except OSError:
        raise errors.UsageError(
            "Standard input is no socket.", hint="azure-imds-event@.service starts this: run it by systemd."
        ) from None
    with connection:
        service = SocketService(
            connection,
            command=command,
            timeout_s=timeout_s,
            records_path=os.environ.get("RUNTIME_DIRECTORY") or RECORDS,
            reporter=reporter,
        )
        signal.signal(signal.SIGTERM, service.stop)
        return int(service.serve() != 0)


class SocketService:
    """One connection. `records_path` is a directory of this user alone, made where it is missing."""

    def __init__(
        self, connection: socket.socket, *, command: str, timeout_s: float, records_path: str, reporter: Reporter
    ) -> None:
        self._connection = connection
        self._runner = ShellRunner(command)
        self._timeout_s = timeout_s
        self._records_path = records_path
        self._reporter = reporter
        self._clock = Clock()
        self._is_stopped = False

    def stop(self, _number: int = 0, _frame: object = None) -> None:
        """End the command, as a handler of SIGTERM; its end is not recorded."""
        self._is_stopped = True

    def serve(self) -> int:
        """Take one change over, answer how its command ended, and return that: an exit code, or minus a signal.

        Raises InvalidError where no change came, UnavailableError where the command cannot be started now: then
        nothing is answered, and the asker asks again.
        """
        try:
            spelled = parse_change(self._receive())
        except ValueError as error:
            self._answer(REFUSED)
            raise errors.InvalidError(f"What came over the socket is no change: {error}.", hint="") from None
        record = self._wait_for_record(spelled)
        try:
            code = record.find(spelled) if record else None
            if code is None:
                code = self._run(spelled, record)
        finally:
            if record:
                record.close()
        self._answer(code)
        return code

    def _receive(self) -> bytes:
        """Return all that comes, to its end: what is left unread would cost the asker the answer."""
        received, ends = bytearray(), self._clock.monotonic() + _RECEIVE_S
        while len(received) <= _LONGEST:
            self._connection.settimeout(max(0.001, ends - self._clock.monotonic()))
            try:
                piece = self._connection.recv(65536)
            except OSError as error:
                raise ValueError(f"it was cut short ({error})") from None
            if not piece:
                return bytes(received)
            received += piece
        raise ValueError(f"it is over {_LONGEST} bytes")

    def _wait_for_record(self, spelled: records.JsonObject) -> Record | None:
        """Return the event's record once no other command for it runs; None where there can be none.

        Raises UnavailableError where the asker has gone meanwhile.
        """
        try:
            stored = Records(self._records_path)
            stored.remove_oldest()
            while True:
                record = stored.lock(spelled["event_id"])
                if record:
                    return record
                if self._is_stopped or self._is_asker_gone():
                    raise errors.UnavailableError("The caller is gone; another command for the event is still running.")
                self._clock.sleep(_LOOK_S)
        except OSError as error:
            self._warn_unrecorded(error)
            return None

    def _run(self, spelled: records.JsonObject, record: Record | None) -> int:
        name = f"{printable(spelled['event_type'])} {spelled['event_id']} ({spelled['change']})"
        try:
            if record:
                record.begin(spelled)
        except OSError as error:
            self._warn_unrecorded(error)
            record = None
        try:
            run = self._runner.start(None, spelled)
        except OSError as error:
            raise errors.UnavailableError(f"The command for {name} cannot be run: {error.strerror or error}.") from None
        code = self._wait_for_end(run, name)
        if record:
            record.end(spelled, code)
        return code

    def _warn_unrecorded(self, error: OSError) -> None:
        """Warn. Memory that is full, most likely: a machine that is to be taken away is drained all the same."""
        self._reporter.warn(
            f"{self._records_path} cannot be used: {error.strerror or error}. Asked again, the command runs again."
        )

    def _wait_for_end(self, run: GuardedRun, name: str) -> int:
        """Return the command's exit code. Raises UnavailableError where `stop` cut it off."""
        late_at = self._clock.monotonic() + self._timeout_s
        while (code := run.poll()) is None and not self._is_stopped and self._clock.monotonic() < late_at:
            run.wait(_LOOK_S)
        if code is not None:
            return self._report_end(code, name)
        is_late = not self._is_stopped
        if is_late:
            self._reporter.warn(f"The command for {name} took over {self._timeout_s:g} s and is ended.")
        self._end(run)
        if not is_late:
            raise errors.UnavailableError(f"The command for {name} was cut off. Asked again, it runs again.")
        return self._report_end(TIMED_OUT, name)

    def _end(self, run: GuardedRun) -> None:
        """Ask a command to end, and end it with all that it started where it does not."""
        run.ask_to_end()
        killed_at = self._clock.monotonic() + _GRACE_S
        while run.poll() is None:
            if self._clock.monotonic() > killed_at:
                run.kill()
            run.wait(_LOOK_S)

    def _report_end(self, code: int, name: str) -> int:
        if code:
            said = f"ended with {code}" if code > 0 else f"was ended by signal {-code}"
            self._reporter.warn(f"The command for {name} {said}.")
        return code

    def _is_asker_gone(self) -> bool:
        poll = select.poll()
        poll.register(self._connection, 0)
        return any(found & (select.POLLHUP | select.POLLERR) for _descriptor, found in poll.poll(0))

    def _answer(self, code: int) -> None:
        with contextlib.suppress(OSError):  # the asker has gone; asked again, the record answers
            self._connection.settimeout(_RECEIVE_S)
            self._connection.sendall(json.dumps({"exit_code": code}).encode() + b"\n")


def parse_change(line: bytes) -> records.JsonObject:
    """Return a spelled change with the known fields alone. Raises ValueError, with what is wrong, for anything else."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("it is no JSON") from None
    if not isinstance(found, dict):
        raise ValueError("it is no object")  # noqa: TRY004  what was sent is at fault, not a caller
    for field, kinds in _FIELDS.items():
        # bool is an int to Python, and no number of seconds.
        if type(found.get(field, ...)) not in kinds:
            raise ValueError(f"its {field} is missing or of another type")
    if not _ID.fullmatch(found["event_id"]) or found["change"] not in KINDS:
        raise ValueError("its event_id or change is none")
    if not all(isinstance(name, str) for name in found["resources"]):
        raise ValueError("its resources are no names")
    return {field: found[field] for field in _FIELDS}
