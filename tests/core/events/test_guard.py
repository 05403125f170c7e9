# SPDX-License-Identifier: Apache-2.0
"""A command ends with its watch, whatever signal ends that."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.core.events.test_runner import STUBBORN, is_running, write_script
from tests.support.emulators import Emulate
from tests.support.watchers import Watcher, wait_for


@pytest.mark.parametrize(
    "number", [signal.SIGKILL, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGABRT, signal.SIGTERM]
)
def test_whatever_the_signal(
    number: signal.Signals, emulate: Emulate, watch: Callable[..., Watcher], tmp_path: Path
) -> None:
    """All that a command started ends, in sessions of its own and orphans too; a restart has no copy beside its own."""
    emulator = emulate()
    program = write_script(tmp_path / "program", STUBBORN)
    own, orphan = write_script(tmp_path / "own", STUBBORN), write_script(tmp_path / "orphan", STUBBORN)
    command = f"echo $$ >> {tmp_path}/pids; setsid {own} & (setsid {orphan} &) ; {program}"
    flags = ("--exec", command, "--state", str(tmp_path / "state.json"))
    first = watch(emulator, *flags)
    emulator.event("Reboot", notice="600s")
    scripts = (program, own, orphan)
    wait_for(lambda: all(is_running(script) for script in scripts))
    first.process.send_signal(number)
    first.process.wait(60)
    second = watch(emulator, *flags)
    wait_for(lambda: len((tmp_path / "pids").read_text().split()) == 2)
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    assert not Path(f"/proc/{pids[0]}").exists()
    wait_for(lambda: all(is_running(script) for script in scripts))
    assert second.stop(signal.SIGKILL) == -signal.SIGKILL
    wait_for(lambda: not any(is_running(script) for script in scripts), seconds=10)


def test_a_daemon_that_a_command_leaves_behind(emulate: Emulate, watch: Callable[..., Watcher], tmp_path: Path) -> None:
    """A command that has ended may have started a service: that stays, also when the watch ends."""
    emulator = emulate()
    daemon = write_script(tmp_path / "daemon", f"while [ ! -e {tmp_path}/end ]; do sleep 0.1; done")
    watcher = watch(emulator, "--exec", f"setsid {daemon} & echo done > {tmp_path}/done",
                    "--state", str(tmp_path / "state.json"))  # fmt: skip
    emulator.event("Reboot")
    wait_for((tmp_path / "done").exists)
    wait_for(lambda: is_running(daemon))
    time.sleep(1.0)
    assert watcher.stop(signal.SIGKILL) == -signal.SIGKILL
    time.sleep(0.5)
    assert is_running(daemon)
    (tmp_path / "end").touch()
    wait_for(lambda: not is_running(daemon))
