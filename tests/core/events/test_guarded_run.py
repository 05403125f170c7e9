# SPDX-License-Identifier: Apache-2.0
"""A command with a guard, as the watch sees it."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path

import pytest
from azure_imds_facts.core.events.guarded_run import GuardedRun

from tests.support.watchers import wait_for


def start(command: str, *, program: str = "/bin/sh") -> GuardedRun:
    """Start a command without any input."""
    with open(os.devnull, "rb") as given:
        return GuardedRun([program, "-c", command], given=given.fileno(), environment={"PATH": os.environ["PATH"]})


@pytest.mark.parametrize(("command", "code"), [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", -9), ("kill -1 $$", -1)])
def test_ends(command: str, code: int) -> None:
    """Exit codes and signals come through; the guard leaves no zombie."""
    run = start(command)
    wait_for(lambda: run.poll() is not None)
    assert run.poll() == code
    with pytest.raises(ChildProcessError):
        os.waitpid(run._pid, os.WNOHANG)


def test_what_cannot_be_started() -> None:
    """It raises the system's error, and no process is left."""
    with pytest.raises(OSError, match=os.strerror(errno.ENOENT)) as caught:
        start("true", program="/nonexistent/sh")
    assert caught.value.errno == errno.ENOENT


def test_a_guard_that_is_killed(tmp_path: Path) -> None:
    """The command ends with it, and counts as killed."""
    run = start(f"echo $$ > {tmp_path}/pid; sleep 60; echo")
    wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
    os.kill(run._pid, signal.SIGKILL)
    wait_for(lambda: run.poll() is not None)
    assert run.poll() == -signal.SIGKILL
    wait_for(lambda: not Path("/proc", (tmp_path / "pid").read_text().strip()).exists())


def test_signals_are_as_ever() -> None:
    """A command does not inherit that its guard ignores signals."""
    run = start("kill -TERM $$; sleep 5")
    wait_for(lambda: run.poll() is not None)
    assert run.poll() == -signal.SIGTERM
