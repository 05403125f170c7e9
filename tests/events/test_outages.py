# SPDX-License-Identifier: Apache-2.0
"""The command `events --watch` while IMDS fails, is slow, or is not there yet."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from azure_imds_facts.emulator import Emulator

from tests.support.stopwatch import Stopwatch

from .processes import Watcher, polls, run_events, wait_for

Emulate = Callable[..., Emulator]


@pytest.mark.parametrize("script", ["429:retry-after=1*2,500*2", "hang*forever", "410*forever", "reset*forever"])
def test_outages_of_imds_and_sigterm(script: str, emulate: Emulate, watch: Callable[..., Watcher]) -> None:
    """The watch says once that IMDS fails, goes on where it answers again, and ends with 0 at once in any case."""
    emulator = emulate()
    watcher = watch(emulator)
    wait_for(lambda: polls(emulator) >= 1)
    emulator.fault(script)
    before = polls(emulator)
    wait_for(lambda: polls(emulator) > before or "Watching goes on" in watcher.errors.read_text())
    if "forever" in script:
        time.sleep(0.3)
    else:
        wait_for(lambda: "IMDS answers again" in watcher.errors.read_text())
        emulator.event("Preempt")
        wait_for(lambda: [line["change"] for line in watcher.lines()] == ["scheduled"])
    stopping = Stopwatch()
    assert watcher.stop() == 0
    assert stopping.seconds < 1.0
    assert "Traceback" not in watcher.errors.read_text()


def test_a_watch_without_imds_waits_for_it(watch: Callable[..., Watcher], emulate: Emulate) -> None:
    """Started before IMDS answers, as at boot, it asks for the VM's name until it is told."""
    emulator = emulate(fault="500*forever")
    watcher = watch(emulator, "--timeout", "0.5")
    wait_for(lambda: "Asking for this VM's name again" in watcher.errors.read_text())
    emulator.fault("")
    emulator.event("Freeze")
    wait_for(lambda: [line["change"] for line in watcher.lines()] == ["scheduled"])
    assert watcher.stop() == 0


def test_the_first_call_is_waited_for(emulate: Emulate, watch: Callable[..., Watcher], tmp_path: Path) -> None:
    """While Azure switches the service on, one look waits for it, and a watch loses nothing."""
    slow = emulate(events_delay=6)
    slow.event("Reboot")
    done = run_events("--endpoint", slow.url, "--cache-dir", str(tmp_path / "cache"))
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 1)
    emulator = emulate(events_delay=6)
    emulator.event("Preempt")
    watcher = watch(emulator)
    wait_for(lambda: [line["change"] for line in watcher.lines()] == ["scheduled"])
    assert watcher.stop() == 0
