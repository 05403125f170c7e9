# SPDX-License-Identifier: Apache-2.0
"""Check the lock of the single flight: which process asks IMDS while the others wait for it."""

from __future__ import annotations

import fcntl
import json
import os
from typing import TYPE_CHECKING

from azure_imds_facts.core.records import record
from azure_imds_facts.core.reporter import printable
from azure_imds_facts.core.safe_files import open_directory, open_plain
from azure_imds_facts.doctor.findings import BAD, NOTE, OK, SKIPPED, Finding

if TYPE_CHECKING:
    from azure_imds_facts.core.clock import Clock
    from azure_imds_facts.core.settings import Settings

# A turn lasts 30 seconds at most, and after 40 the others take a new lock.
_TURN_S = 30.0
_CONTENT_BYTES = 4096


@record
class Holder:
    """What a held lock says of its holder; None where it does not say."""

    file: str
    pid: int | None = None
    held_s: float | None = None


def check_lock(settings: Settings, clock: Clock, *, proc: str = "/proc") -> Finding:
    """Say whether a process holds a lock, which one, in which state and for how long."""
    if settings.cache_dir is None:
        return Finding(check="lock", verdict=SKIPPED, text="No cache, so there is no lock.")
    try:
        holders = _find_holders(settings.cache_dir, clock)
    except FileNotFoundError:
        holders = []
    except OSError as error:
        text = f"The locks in {settings.cache_dir} cannot be looked at: {error.strerror or error}."
        return Finding(check="lock", verdict=SKIPPED, text=text)
    if not holders:
        return Finding(check="lock", verdict=OK, text="Free: no process waits for another's answer.")
    findings = [_describe(holder, proc) for holder in holders]
    worst = max(findings, key=lambda finding: (OK, NOTE, BAD).index(finding.verdict))
    fixes = dict.fromkeys(finding.fix for finding in findings if finding.fix)
    text = " ".join(finding.text for finding in findings)
    return Finding(check="lock", verdict=worst.verdict, text=text, fix=" ".join(fixes))


def _find_holders(path: str, clock: Clock) -> list[Holder]:
    """Return the holders of all locks that are held. Raises OSError where the directory cannot be read."""
    directory = open_directory(path)
    try:
        names = sorted(name for name in os.listdir(directory) if name.endswith(".lock"))
        found = [_look(directory, path, name, clock) for name in names]
    finally:
        os.close(directory)
    return [holder for holder in found if holder is not None]


def _look(directory: int, path: str, name: str, clock: Clock) -> Holder | None:
    """Return the holder of a lock, None where it is free or no lock of this user."""
    try:
        descriptor = open_plain(directory, name, os.O_RDONLY)
    except OSError:
        return None
    try:
        # Shared, and given back at once: a lock that is held is held exclusively.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return _parse_holder(os.path.join(path, name), os.read(descriptor, _CONTENT_BYTES), clock.boottime())
    except OSError:
        pass  # a file system without locks
    finally:
        os.close(descriptor)
    return None


def _parse_holder(file: str, content: bytes, now: float) -> Holder:
    """Return what a lock file says: `{"pid": 4711, "boottime": 12.5}`, the time in seconds since boot."""
    try:
        written = json.loads(content)
    except (ValueError, RecursionError):
        written = None
    pid, since = (written.get("pid"), written.get("boottime")) if isinstance(written, dict) else (None, None)
    # The upper bound is a machine that has been up for thirty thousand years; NaN is below none.
    if type(pid) is not int or pid < 1 or not isinstance(since, (int, float)) or not 0 <= since < 1e12:
        return Holder(file=file)
    return Holder(file=file, pid=pid, held_s=max(0.0, now - since))


def _describe(holder: Holder, proc: str) -> Finding:
    if holder.pid is None or holder.held_s is None:
        text = f"Held by a process that {holder.file} does not name."
        return Finding(check="lock", verdict=NOTE, text=text, fix=f"fuser -v {holder.file} names it.")
    name, state = _read_process(proc, holder.pid)
    held = f"since {holder.held_s:.0f} s"
    if not name:
        text = (
            f"Held by pid {holder.pid} {held}, which cannot be seen here: it is another container's, or another user's."
        )
        return Finding(check="lock", verdict=NOTE, text=text, fix=f"fuser -v {holder.file} on the host names it.")
    who = f"pid {holder.pid} ({printable(name)})"
    if state in ("T", "t"):
        text = f"Held by {who} {held}, which is stopped: the others wait for it in vain."
        fix = f"Let it go on with kill -CONT {holder.pid}, or end it with kill -KILL {holder.pid}."
        return Finding(check="lock", verdict=BAD, text=text, fix=fix)
    if holder.held_s > _TURN_S:
        text = f"Held by {who} {held}: a turn lasts {_TURN_S:.0f} s at most."
        fix = f"Look what it waits for (cat {proc}/{holder.pid}/wchan), or end it with kill {holder.pid}."
        return Finding(check="lock", verdict=BAD, text=text, fix=fix)
    return Finding(check="lock", verdict=OK, text=f"Held by {who} {held}: it asks IMDS for all others.")


def _read_process(proc: str, pid: int) -> tuple[str, str]:
    """Return a process's name and the letter of its state, empty texts where it cannot be seen."""
    try:
        with open(os.path.join(proc, str(pid), "comm"), encoding="utf-8", errors="replace") as comm:
            name = comm.read().rstrip("\n")
        with open(os.path.join(proc, str(pid), "stat"), encoding="utf-8", errors="replace") as stat:
            # The name stands in brackets, and may hold some.
            state = stat.read().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return "", ""
    return name, state
