# SPDX-License-Identifier: Apache-2.0
"""What a watch told and how its commands ended, for people, from its state file and without asking IMDS."""

from __future__ import annotations

import errno
import os
import stat

from .. import errors, records
from ..clock import format_time
from ..reporter import printable
from ..safe_files import UnsafeFileError
from .locked_state import PassingError
from .state import LIMIT, judge
from .told import Told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .model import Event

_HEADINGS = ("EVENT", "TYPE", "STATUS", "NOT BEFORE", "COMMAND")


def read_status(path: str) -> str:
    """Return lines about a state file, of whichever user's watch: root looks at that of the units.

    Raises UsageError for what is no state, PassingError where it cannot be read.
    """
    try:
        content, written_s = _read(path)
    except FileNotFoundError:
        return _nothing(path)
    except OSError as error:
        raise _refuse(path, error) from None
    found = judge(content)
    if not found.is_own:
        raise errors.UsageError(f"{path} is no state: {found.problem}.", hint="Name the file of a watch with --state.")
    if found.state is None:
        return f"{printable(path, most=None)} cannot be read as a state: {found.problem}.\n"
    return _describe(found.state, path, written_s)


def _nothing(path: str) -> str:
    return f"No watch has stored anything in {printable(path, most=None)} yet.\n"


def _refuse(path: str, error: OSError) -> errors.ImdsError:
    problem = f"{path} cannot be read: {error.strerror or error}."
    if isinstance(error, UnsafeFileError) or error.errno in (errno.ENOTDIR, errno.ELOOP, errno.EACCES, errno.EISDIR):
        return errors.UsageError(problem, hint="Name the file of a watch with --state, as the user who runs it.")
    return PassingError(problem)


def _read(path: str) -> tuple[bytes, float]:
    """Return a file's content, as far as a state may be long, and when it was written. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise UnsafeFileError("it is no plain file")
        return file.read(LIMIT + 1), found.st_mtime


def _describe(state: records.JsonObject, path: str, written_s: float) -> str:
    name = state.get("vmName" if "vmName" in state else "vm_name")
    told = Told(name if isinstance(name, str) else None)
    if told.read(state) is None:
        return f"{path} cannot be read as a state: it is damaged.\n"
    whose = printable(name) if isinstance(name, str) else "all VMs"
    lines = [f"Events of {whose}, as stored in {printable(path, most=None)}, {format_time(written_s)}"]
    listed = state.get("runs")
    runs = [run for run in listed if isinstance(run, dict)] if isinstance(listed, list) else []
    rows = [_describe_event(event, runs) for event in told.events.values()] + _describe_running(runs, told)
    lines += _align([_HEADINGS, *rows]) if rows else ["There are no events."]
    if runs:
        lines += ["", "Commands, the last ones first:"]
        header = ("STARTED", "EVENT", "TYPE", "CHANGE", "END")
        lines += _align([header, *(_describe_run(run) for run in reversed(runs[-20:]))])
    return "\n".join(lines) + "\n"


def _describe_event(event: Event, runs: list[records.JsonObject]) -> tuple[str, ...]:
    last = [run for run in runs if _key(run) == event.key][-1:]
    command = f"{_word(last[0], 'change')}: {_describe_end(last[0])}" if last else "-"
    return event.event_id, event.event_type or "-", event.status or "-", event.not_before or "-", command


def _describe_running(runs: list[records.JsonObject], told: Told) -> list[tuple[str, ...]]:
    """Return the events whose command runs: the state has their change as not told, should the watch be cut off."""
    running = [run for run in runs if not run.get("ended_at") and _key(run) not in told.events]
    return [
        (_word(run, "event_id"), _word(run, "event_type"), "-", "-", f"{_word(run, 'change')}: runs") for run in running
    ]


def _key(run: records.JsonObject) -> str:
    return str(run.get("event_id")).lower()


def _describe_run(run: records.JsonObject) -> tuple[str, ...]:
    return (*(_word(run, name) for name in ("started_at", "event_id", "event_type", "change")), _describe_end(run))


def _describe_end(run: records.JsonObject) -> str:
    code = run.get("exit_code")
    if not run.get("ended_at"):
        return "runs"
    if run.get("late"):
        return f"took too long, ended {_word(run, 'ended_at')}"
    if isinstance(code, int) and code < 0:
        return f"signal {-code}, {_word(run, 'ended_at')}"
    return f"exit {printable(str(code))}, {_word(run, 'ended_at')}"


def _word(run: records.JsonObject, name: str) -> str:
    return printable(str(run.get(name) or "-"))


def _align(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
