# SPDX-License-Identifier: Apache-2.0
"""A machine whose /etc and /usr/local a test may change: overlays over this one's, in a mount namespace."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab.places import CHECKOUT, short_folder

from tests.e2e.conftest import shell, start_vm, vm
from tests.e2e.shell import Shell

__all__ = ["shell", "start_vm", "vm"]


class Machine:
    """What it is told to change stays below a folder, from one command to the next."""

    def __init__(self, folder: Path) -> None:
        self.shell = Shell(folder)
        self.folder = folder
        self.etc = folder / "kept/etc/upper"
        self.local = folder / "kept/usr-local/upper"

    def run(self, *command: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a command on the machine, and return what it said."""
        return self.shell.run(str(CHECKOUT / "scripts/overlaid.sh"), str(self.folder / "kept"), *command, **env)

    def run_ok(self, *command: str, **env: str) -> str:
        """Run a command that has to succeed and return its standard output."""
        done = self.run(*command, **env)
        assert done.returncode == 0, f"{command} failed with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture
def machine() -> Iterator[Machine]:
    """A machine of this test's own."""
    if os.geteuid() != 0:
        pytest.skip("mounts over /etc, which only root may")
    with short_folder() as folder:
        yield Machine(folder)
