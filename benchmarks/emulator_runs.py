# SPDX-License-Identifier: Apache-2.0
"""The emulator under load, limits off: requests a second, and its memory after them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figures import Figure
from tests.emulator.load import put_load

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOM = "emulator"
_CLIENTS = 20


def measure(*, quick: bool) -> Iterator[Figure]:
    """Put a load of kept connections on an emulator in a process of its own."""
    command = [sys.executable, "-m", "azure_imds_facts", "emulate", "--port", "0", "--rate-limit", "0", "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            url = server.stdout.readline().strip() if server.stdout else ""
            put_load(url, requests=100, clients=_CLIENTS)
            before = _memory(server.pid)
            load = put_load(url, requests=500 if quick else 10_000, clients=_CLIENTS)
            after = _memory(server.pid)
        finally:
            server.terminate()
    told = f"{load.requests} requests of {_CLIENTS} clients"
    yield Figure(ROOM, f"{told}: failures", load.errors, "", "", 0)
    yield Figure(ROOM, f"{told}: in a second", load.requests / load.seconds, "")
    yield Figure(ROOM, f"{told}: the slowest", load.slowest_s * 1000, "ms")
    yield Figure(ROOM, "memory after them", after, "MiB", f"{before:.1f} before")


def _memory(pid: int) -> float:
    """Return a process's resident memory in MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 1024 / 1024
