# SPDX-License-Identifier: Apache-2.0
"""Fixtures that start emulators: in this process, and as the command."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.emulator import Emulator

from tests.emulator.client import StartEmulator
from tests.emulator.processes import Command, StartCommand, build_environment, command_line
from tests.emulator.sandboxed import SandboxedClient


@pytest.fixture
def start_emulator() -> Iterator[StartEmulator]:
    """Start emulators with given settings; all are closed at the end."""
    started: list[Emulator] = []

    def start(**settings: Any) -> Emulator:
        started.append(Emulator(**settings).start())
        return started[-1]

    yield start
    for emulator in started:
        emulator.close()


@pytest.fixture
def sandboxed(tmp_path: Path) -> SandboxedClient:
    """A sandbox for clients."""
    return SandboxedClient(tmp_path)


@pytest.fixture
def start_command() -> Iterator[StartCommand]:
    """Start the command with given flags and wait for its URL; all are ended at the end."""
    started: list[Command] = []

    def start(*arguments: str) -> Command:
        process = subprocess.Popen(
            command_line(*arguments),
            env=build_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(Command(process))
        assert process.stdout is not None
        started[-1].url = process.stdout.readline().strip()
        return started[-1]

    yield start
    for command in started:
        if command.process.poll() is None:
            command.process.kill()
        command.process.communicate(timeout=20)
