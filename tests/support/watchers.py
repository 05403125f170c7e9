# SPDX-License-Identifier: Apache-2.0
"""The command `events` as a process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.emulator import Emulator

from tests.support.stopwatch import Stopwatch

ROOT = Path(__file__).resolve().parents[2]


def environment(**more: str) -> dict[str, str]:
    """The environment of a process that imports this checkout's package."""
    return {**os.environ, "PYTHONPATH": str(ROOT / "facts"), **more}


def words(*arguments: str) -> list[str]:
    """What starts the command."""
    return [sys.executable, "-m", "azure_imds_facts", "events", *arguments]


def run_events(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(words(*arguments), env=environment(), capture_output=True, text=True, timeout=60, check=False)


def _heed_signals() -> None:
    """Undo what a shell without job control and nohup do: what they start in the background ignores these."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


class Watcher:
    """`events --watch` in a process; what it writes goes to files."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.output, self.errors = folder / "output", folder / "errors"
        with self.output.open("ab") as output, self.errors.open("ab") as errors:
            self.process = subprocess.Popen(
                words("--watch", *arguments),
                env=environment(),
                stdout=output,
                stderr=errors,
                preexec_fn=_heed_signals,  # noqa: PLW1509  it takes no lock
            )

    def lines(self) -> list[dict[str, Any]]:
        """The changes it printed so far."""
        return [json.loads(line) for line in self.output.read_text().splitlines()]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it; return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(60)


def wait_for(condition: Callable[[], Any], *, seconds: float = 60.0) -> float:
    """Wait until something holds; return how long that took, as a stopwatch counts."""
    began, watch = time.monotonic(), Stopwatch()
    while not condition():
        assert time.monotonic() - began < seconds, "it never came"
        time.sleep(0.01)
    return watch.seconds


def polls(emulator: Emulator) -> int:
    """How often events were asked for."""
    return sum(record.path.startswith("/metadata/scheduledevents") for record in emulator.requests)


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Callable[..., Watcher]]:
    """Start watchers with given flags; all are ended at the end."""
    started: list[Watcher] = []

    def start_watcher(emulator: Emulator, *arguments: str) -> Watcher:
        flags = ("--endpoint", emulator.url, "--cache-dir", str(tmp_path / "cache"))
        started.append(Watcher(tmp_path, *flags, *arguments))
        return started[-1]

    yield start_watcher
    for watcher in started:
        if watcher.process.poll() is None:
            watcher.process.kill()
        watcher.process.wait(60)
