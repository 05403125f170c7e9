# SPDX-License-Identifier: Apache-2.0
"""Clients that run in a sandbox with an emulator, and where they are looked for."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.emulator.processes import build_environment, command_line

ROOT = Path(__file__).resolve().parents[2]
SYSTEM_PYTHON = "/usr/bin/python3"
# Where `npm install --prefix build/js PACKAGE` and `git clone URL build/clients/NAME` put them.
NODE_MODULES, CLONES = ROOT / "build/js/node_modules", ROOT / "build/clients"


class SandboxedClient:
    """Runs a client in a sandbox with the emulator."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._log = folder / "log"

    def run(self, *command: str, flags: tuple[str, ...] = ()) -> str:
        """Run a client successfully, in the folder; return its output."""
        words = command_line("--log", str(self._log), *flags, "--", *command)
        result = subprocess.run(
            words, env=build_environment(), cwd=self.folder, capture_output=True, text=True, timeout=120, check=False
        )
        assert result.returncode == 0, result.stderr
        return result.stdout

    @property
    def requests(self) -> list[str]:
        """The requests and their statuses: `/metadata/instance?… 200`."""
        return [line.split(" ", 1)[1].rsplit(" ", 1)[0] for line in self._log.read_text().splitlines()]


def need_module(name: str) -> None:
    """Skip if this environment lacks a package of PyPI."""
    try:
        found = importlib.util.find_spec(name)
    except ModuleNotFoundError:
        found = None
    if found is None:
        pytest.skip(f"the Python module {name} is not installed")


def need_system_module(name: str, package: str) -> None:
    """Skip if Debian's Python lacks a module."""
    if not Path(SYSTEM_PYTHON).exists():
        pytest.skip(f"{SYSTEM_PYTHON} is not there")
    probe = [SYSTEM_PYTHON, "-c", f"import {name}"]
    if subprocess.run(probe, env=build_environment(), capture_output=True, check=False).returncode != 0:
        pytest.skip(f"Debian's package {package} is not installed")


def need_program(name: str, package: str) -> None:
    """Skip if a program of Debian is not installed."""
    if shutil.which(name) is None:
        pytest.skip(f"Debian's package {package} is not installed")


def need_node_module(name: str) -> None:
    """Skip if node or a package of npm is not there."""
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    if not (NODE_MODULES / name).is_dir():
        pytest.skip(f"{name} is not installed: npm install --prefix build/js {name}")


def need_clone(owner: str, name: str) -> Path:
    """Return where a repository of GitHub is cloned; skip if it is not."""
    path = CLONES / name
    if not path.is_dir():
        pytest.skip(f"{name} is not there: git clone https://github.com/{owner}/{name} build/clients/{name}")
    return path


def need_perl_module(name: str, package: str) -> None:
    """Skip if Perl lacks a module."""
    if subprocess.run(["perl", f"-M{name}", "-e", "1"], capture_output=True, check=False).returncode != 0:
        pytest.skip(f"Debian's package {package} is not installed")
