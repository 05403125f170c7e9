# SPDX-License-Identifier: Apache-2.0
"""Where the end-to-end tests type their commands."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

from lab.places import CHECKOUT, build_environment

if TYPE_CHECKING:
    from pathlib import Path

TIMEOUT_S = 120.0


class Shell:
    """A folder and an environment in which tools run, with nothing of the one who runs the tests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = build_environment(folder)
        self.cwd = CHECKOUT

    def run(self, *command: str, **extra_env: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end and return what it said, whatever its exit code."""
        return subprocess.run(
            command,
            env={**self.env, **extra_env},
            cwd=self.cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )

    def run_ok(self, *command: str, **extra_env: str) -> str:
        """Run a command that has to succeed and return its standard output."""
        done = self.run(*command, **extra_env)
        assert done.returncode == 0, f"{command} failed with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def ansible(self, module: str, arguments: str = "", **extra_env: str) -> dict[str, Any]:
        """Run a module on localhost, ad hoc, and return its result, with `failed` and the `warnings` as printed."""
        done = self.run("ansible", "localhost", "-m", module, "-a", arguments, **extra_env)
        status, arrow, result = done.stdout.partition(" => ")
        assert arrow, f"no result of {module}:\n{done.stdout}\n{done.stderr}"
        # Ansible prints a result without these two, and says them in its own way.
        return {**json.loads(result), "failed": "FAILED" in status, "warnings": done.stderr}
