# SPDX-License-Identifier: Apache-2.0
"""Many at once on one machine: one request, and all have the facts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure_imds_facts.emulator import Emulator

from tests.fire.test_matrix import FACTS, ROOT

MEMBERS = 200
# As commands, each starts at the moment that counts; set this to 200 where there is time.
COMMANDS = int(os.environ.get("FIRE_COMMANDS", "60"))
RATE_LIMIT = 5
SIZE = "Standard_E8s_v5"
PATIENCE_S = 150
Started = list["subprocess.Popen[str]"]


@pytest.fixture
def imds() -> Iterator[Emulator]:
    """An IMDS as strict as the real one, which takes half a second for an answer."""
    with Emulator(rate_limit=RATE_LIMIT) as emulator:
        emulator.resize(SIZE)
        emulator.fault("slow=500ms*forever")
        yield emulator


@pytest.fixture
def environment() -> dict[str, str]:
    """What the processes see."""
    return {"PYTHONPATH": f"{FACTS}{os.pathsep}{ROOT}", "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}


def end(processes: Started) -> list[str]:
    """Return what each printed; none is left behind."""
    try:
        return [process.communicate(timeout=PATIENCE_S)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()


def start(command: list[str], environment: dict[str, str], gate: int) -> subprocess.Popen[str]:
    """Start a process that reads the gate, whose end releases all of them at the same moment."""
    return subprocess.Popen(
        command, env=environment, cwd=ROOT, stdin=gate, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


def test_mixed(imds: Emulator, environment: dict[str, str], tmp_path: Path) -> None:
    """200 processes, a third each as the module, the writer and Salt, make one request on a cold cache."""
    gate, barrier = os.pipe()
    processes: Started = []
    shares = {"module": MEMBERS // 3, "writer": MEMBERS // 3, "salt": MEMBERS - 2 * (MEMBERS // 3)}
    try:
        for way, count in shares.items():
            arguments = [way, imds.url, str(tmp_path / "cache"), str(tmp_path), str(count)]
            processes.append(start([sys.executable, "-m", "tests.fire.member", *arguments], environment, gate))
        for process in processes:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
    finally:
        os.close(barrier)
        os.close(gate)
        ended = [line for text in end(processes) for line in text.splitlines(keepends=True)]
    counted = Counter(ended)
    assert set(counted) == {f"imds {SIZE}\n", f"cache {SIZE}\n"}
    assert sum(counted.values()) == MEMBERS
    # The grain does not tell a cached answer from a fresh one.
    assert counted[f"imds {SIZE}\n"] in (shares["salt"], shares["salt"] + 1)
    assert [record.status for record in imds.requests] == [200]
    assert not [name for name in os.listdir(tmp_path / "cache") if name.endswith(".tmp")]


def test_commands(imds: Emulator, environment: dict[str, str], tmp_path: Path) -> None:
    """As many real commands, released together, make one request on a cold cache."""
    gate, barrier = os.pipe()
    flags = ["--endpoint", imds.url, "--timeout", "60", "--cache-ttl", "600", "--cache-dir", str(tmp_path / "cache")]
    command = [sys.executable, "-m", "azure_imds_facts", "facts", *flags]
    # A shell waits at the gate, and becomes the command.
    waiting = ["sh", "-c", 'read nothing; exec "$@"', "sh", *command]
    processes: Started = []
    try:
        processes += [start(waiting, environment, gate) for _ in range(COMMANDS)]
    finally:
        os.close(barrier)
        os.close(gate)
        ended = end(processes)
    assert [process.returncode for process in processes] == [0] * COMMANDS
    assert all(SIZE in text for text in ended)
    assert sum('"source": "imds"' in text for text in ended) == 1
    assert [record.status for record in imds.requests] == [200]
