# SPDX-License-Identifier: Apache-2.0
"""What the tests of the boot writer share: an emulator that can change, the writer as a process, the single file."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from azure_imds_facts.emulator import Emulator

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "facts"), "LC_ALL": "C.UTF-8"}
Writer = Callable[..., subprocess.CompletedProcess[str]]


def command(*words: str) -> list[str]:
    """The words that run azure-imds-facts from these sources."""
    return [sys.executable, "-m", "azure_imds_facts", *words]


def run_command(*words: str) -> subprocess.CompletedProcess[str]:
    """Run azure-imds-facts to its end."""
    return subprocess.run(command(*words), env=ENVIRONMENT, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(name="emulator")
def _emulator() -> Iterator[Emulator]:
    """An IMDS on loopback."""
    with Emulator() as emulator:
        yield emulator


@pytest.fixture(name="writer")
def _writer(emulator: Emulator, tmp_path: Path) -> Callable[..., list[str]]:
    """Make the words that write local facts from the emulator, never from the cache."""

    def words(directory: Path, *flags: str) -> list[str]:
        cache = ("--cache-ttl", "0", "--cache-dir", str(tmp_path / "cache"))
        return command("local-facts", "--directory", str(directory), "--endpoint", emulator.url, *cache, *flags)

    return words


@pytest.fixture(scope="session", name="single_file")
def _single_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The single file, built from these sources."""
    path = tmp_path_factory.mktemp("dist") / "azure-imds-facts.pyz"
    subprocess.run([sys.executable, str(ROOT / "scripts/build-pyz.py"), str(path)], check=True, capture_output=True)
    return path
