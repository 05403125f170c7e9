# SPDX-License-Identifier: Apache-2.0
"""A machine whose /etc and /usr/local a test may change: overlays over this one's, in a mount namespace."""

from __future__ import annotations

import subprocess
from pathlib import Path

from lab.places import CHECKOUT

from tests.e2e.shell import Shell

# Where its changes lie, below its folder.
_CHANGED = ("kept/etc/upper", "kept/usr-local/upper", "run", "active")


class Machine:
    """Its changes stay below a folder, from one command to the next."""

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


def copy_machine(source: Path, target: Path) -> None:
    """Copy what was changed from one folder to another."""
    for part in _CHANGED:
        if (source / part).exists():
            place = (target / part).parent
            place.mkdir(parents=True, exist_ok=True)
            # With `cp`, for what an overlay writes has attributes and devices of its own.
            subprocess.run(["cp", "-a", str(source / part), str(place)], check=True)
