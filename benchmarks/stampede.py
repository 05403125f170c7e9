# SPDX-License-Identifier: Apache-2.0
"""Many processes of the command line at once, none with a kept answer: how many requests, and the slowest process."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import peers
from benchmarks.figures import Figure
from benchmarks.requests_log import count_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOM = "stampede"
_FLAGS = ("--timeout", "120", "--cache-ttl", "600")


def measure(*, quick: bool) -> Iterator[Figure]:
    """Release 1, 10, 100 and 400 processes together."""
    for count in (1, 10) if quick else (1, 10, 100, 400):
        with tempfile.TemporaryDirectory() as folder:
            before = count_lines()
            failed, slowest_s = _release(count, Path(folder))
            requests = count_lines() - before
        told = f"{count} process{'es' if count > 1 else ''} at once"
        yield Figure(ROOM, f"{told}: requests", requests, "", "", 1)
        yield Figure(ROOM, f"{told}: failures", failed, "", "", 0)
        yield Figure(ROOM, f"{told}: the slowest", slowest_s * 1000, "ms")


def _release(count: int, folder: Path) -> tuple[int, float]:
    """Start shells that wait at a gate and become the command when it opens; return the failures and the seconds."""
    gate, barrier = os.pipe()
    words = [
        "sh",
        "-c",
        'read nothing; exec "$@"',
        "sh",
        peers.OURS,
        "facts",
        *_FLAGS,
        "--cache-dir",
        str(folder / "c"),
    ]
    env = peers.build_environment(folder / "unused")
    waiting = [
        subprocess.Popen(words, stdin=gate, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
        for _ in range(count)
    ]
    time.sleep(0.5)
    started = time.perf_counter()
    os.close(barrier)
    os.close(gate)
    failed = sum(process.wait() != 0 for process in waiting)
    return failed, time.perf_counter() - started
