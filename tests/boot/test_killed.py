# SPDX-License-Identifier: Apache-2.0
"""The writer killed at any moment leaves the old file or the new one."""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from azure_imds_facts.emulator import Emulator

from .conftest import ENVIRONMENT

KILLS = 200


def test_two_hundred_kills(emulator: Emulator, writer: Callable[..., list[str]], tmp_path: Path) -> None:
    """After each of 200 SIGKILLs the file parses and is one of the two; some came before the write, some after."""
    directory = tmp_path / "facts.d"
    words = writer(directory)
    usual_s = statistics.median(_run(words) for _ in range(5))
    old = _read_size(directory)
    outcomes = {"old": 0, "new": 0, "ended first": 0}
    for number in range(KILLS):
        new = f"Standard_E{number}s_v5"
        emulator.resize(new)
        # Half of them anywhere, half about where the file is written, near the end.
        moment = random.uniform(0.0, 1.1) if number % 2 else random.uniform(0.7, 1.1)  # noqa: S311  no secret
        was_killed = _kill(words, moment * usual_s)
        found = _read_size(directory)
        assert found in (old, new), number
        outcomes["ended first" if not was_killed else "new" if found == new else "old"] += 1
        if number % 2 == 0:  # keep to the moment of the write, whatever else this machine does meanwhile
            usual_s *= 1.02 if found == old else 0.95
        old = found
    print(outcomes)
    assert outcomes["old"] > KILLS // 4
    assert outcomes["old"] + outcomes["new"] > KILLS // 2
    emulator.resize("Standard_M8ms")
    assert _run(words) > 0
    assert _read_size(directory) == "Standard_M8ms"


def test_leftovers_of_killed_writers_go(writer: Callable[..., list[str]], tmp_path: Path) -> None:
    """What a killed writer left is removed by the next one once it is old enough to be nobody's."""
    directory = tmp_path / "facts.d"
    directory.mkdir()
    leftover = directory / ".azure_imds.fact.0123456789ab.tmp"
    leftover.write_text("{")
    os.utime(leftover, (time.time() - 3600, time.time() - 3600))
    _run(writer(directory))
    assert [path.name for path in directory.iterdir()] == ["azure_imds.fact"]


def _run(words: list[str]) -> float:
    """Run to the end; return the seconds that it took."""
    started = time.monotonic()
    subprocess.run(words, env=ENVIRONMENT, capture_output=True, timeout=60, check=True)
    return time.monotonic() - started


def _kill(words: list[str], after_s: float) -> bool:
    """Start, kill, and return whether it was still running."""
    with subprocess.Popen(words, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        time.sleep(after_s)
        process.kill()
        return process.wait(timeout=60) != 0


def _read_size(directory: Path) -> str:
    content = json.loads((directory / "azure_imds.fact").read_text(encoding="utf-8"))
    size: str = content["compute"]["vm_size"]
    assert content["snapshot"]["source"] == "imds"
    assert set(content) == {"available", "cloud", "compute", "network", "snapshot", "tags"}
    return size
