# SPDX-License-Identifier: Apache-2.0
"""What the tests of the commands share: the command line, a server, emulators, and watches as processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from azure_imds_facts.emulator import Emulator

from tests.commands.watchers import Watcher
from tests.support.command_line import clean_environment, imds, run
from tests.support.emulators import emulate

__all__ = ["clean_environment", "emulate", "imds", "run"]


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
