# SPDX-License-Identifier: Apache-2.0
"""What the emulator's tests share: emulators on loopback, a plain HTTP client, the command as a process."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from azure_imds_facts.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DISTRIBUTION = Path(__file__).resolve().parents[2] / "facts"
NEWEST = "2025-04-07"


@dataclass
class Reply:
    """What came back: status, headers (looked up without case), body."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def ask(
    url: str,
    path: str,
    *,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    body: bytes | None = None,
    timeout: float = 10,
) -> Reply:
    """Send one request, with `Metadata: true` unless other headers are given, by the standard library alone."""
    connection = http.client.HTTPConnection(url.split("//")[1], timeout=timeout)
    try:
        sent = {"Metadata": "true"} if headers is None else headers
        connection.request(method, path, body=body, headers=sent)
        response = connection.getresponse()
        return Reply(response.status, response.headers, response.read())
    finally:
        connection.close()


def instance(url: str, path: str = "", *, version: str = NEWEST, query: str = "") -> Reply:
    """Ask for a part of /metadata/instance."""
    return ask(url, f"/metadata/instance{path}?api-version={version}{query}")


@pytest.fixture
def emulate() -> Iterator[Callable[..., Emulator]]:
    """Start emulators with given settings; all are closed at the end."""
    started: list[Emulator] = []

    def start(**settings: Any) -> Emulator:
        started.append(Emulator(**settings).start())
        return started[-1]

    yield start
    for emulator in started:
        emulator.close()


@dataclass
class Command:
    """The command `emulate` as a process of its own, and the URL it printed."""

    process: subprocess.Popen[str]
    url: str = field(default="")

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """End it with a signal; return the exit code and what it wrote to standard error."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=20)
        return self.process.returncode, errors


def environment() -> dict[str, str]:
    """The environment of a child process that imports this checkout's package."""
    paths = [str(DISTRIBUTION), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)}


def command_line(*arguments: str) -> list[str]:
    """The words that run the command in a process."""
    return [sys.executable, "-m", "azure_imds_facts.emulator", *arguments]


def run_command(*arguments: str, timeout: float = 60, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        command_line(*arguments),
        env=environment(),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        **options,
    )


@pytest.fixture
def serve() -> Iterator[Callable[..., Command]]:
    """Start the command with given flags and wait for its URL; all are ended at the end."""
    started: list[Command] = []

    def start(*arguments: str) -> Command:
        process = subprocess.Popen(
            command_line(*arguments),
            env=environment(),
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
