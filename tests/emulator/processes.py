# SPDX-License-Identifier: Apache-2.0
"""The command `emulate` as a process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DISTRIBUTION = Path(__file__).resolve().parents[2] / "facts"


@dataclass
class Command:
    """The command `emulate` as a separate process, and the URL it printed."""

    process: subprocess.Popen[str]
    url: str = field(default="")

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Stop it with a signal; return the exit code and its standard error."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=20)
        return self.process.returncode, errors


StartCommand = Callable[..., Command]


def build_environment() -> dict[str, str]:
    """Return the environment of a child process that imports this checkout's package."""
    paths = [str(DISTRIBUTION), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)}


def command_line(*arguments: str) -> list[str]:
    """Return the words that run the command in a process."""
    return [sys.executable, "-m", "azure_imds_facts.emulator", *arguments]


def run_command(*arguments: str, timeout: float = 60, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        command_line(*arguments),
        env=build_environment(),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        **options,
    )


def can_unshare(**options: Any) -> bool:
    """Return whether the kernel permits this user to create namespaces."""
    flags = "-nm" if os.geteuid() == 0 and "user" not in options else "-Unm"
    return subprocess.run(["unshare", flags, "true"], capture_output=True, check=False, **options).returncode == 0
