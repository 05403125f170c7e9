# SPDX-License-Identifier: Apache-2.0
"""The command line as people and programs have it: on a terminal, in a pipe, and as a watch that goes on."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FACTS = Path(__file__).parents[2] / "facts"
WORDS = (sys.executable, "-m", "azure_imds_facts")


@dataclass
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


def environment(**more: str) -> dict[str, str]:
    """The environment of a process that imports this checkout's package, without settings but those given."""
    return {**os.environ, "PYTHONPATH": str(FACTS), **more}


def run_in_pipe(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command line whose output a program reads."""
    return subprocess.run([*WORDS, *arguments], env=environment(), capture_output=True, check=False, timeout=60)


def run_on_terminal(*arguments: str, **environ: str) -> tuple[int, str]:
    """Run a command line on a terminal of 80 columns; return its exit code and what the terminal was sent."""
    reading_end, terminal = pty.openpty()
    with subprocess.Popen(
        [*WORDS, *arguments],
        env=environment(**environ),
        stdin=subprocess.DEVNULL,
        stdout=terminal,
        stderr=subprocess.DEVNULL,
    ) as process:
        os.close(terminal)
        received = b""
        try:
            while part := os.read(reading_end, 65536):
                received += part
        except OSError:  # Linux: the other side is closed
            pass
        os.close(reading_end)
    return process.returncode, received.decode().replace("\r\n", "\n")


def start_with_errors_in(path: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """Start a command line that goes on; what it writes to standard error goes to a file."""
    with path.open("ab") as errors:
        return subprocess.Popen([*WORDS, *arguments], env=environment(), stdout=subprocess.DEVNULL, stderr=errors)


def wait_for(condition: Callable[[], Any], *, seconds: float = 30.0) -> None:
    """Wait until something holds."""
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it never came"
        time.sleep(0.01)
