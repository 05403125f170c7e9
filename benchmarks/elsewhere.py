# SPDX-License-Identifier: Apache-2.0
"""Not on Azure: what a machine elsewhere pays, in time and in packets. Away from the real address, on this machine."""

from __future__ import annotations

import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from azure_imds_facts.core.collector import collect
from azure_imds_facts.core.errors import NotAzureError
from azure_imds_facts.core.settings import build_settings

from benchmarks import peers
from benchmarks.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOM = "not on Azure"


def measure(*, quick: bool) -> Iterator[Figure]:
    """Collect in process, and trace the command line."""
    settings, taken = build_settings({}, {}), []
    for _ in range(20 if quick else 200):
        started = time.perf_counter()
        try:
            collect(settings, open_transport=_refuse)
        except NotAzureError:
            taken.append((time.perf_counter() - started) * 1000)
        else:
            print("  not measured: this machine passes for an Azure VM")
            return
    yield Figure(ROOM, "in process", statistics.median(taken), "ms", f"worst {max(taken):.2f}", 1)
    yield from _trace()


def _trace() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as name:
        log = Path(name, "trace")
        words = ["strace", "-f", "-qq", "-e", "trace=network", "-o", str(log), peers.OURS, "facts"]
        try:
            subprocess.run(words, env=peers.build_environment(Path(name, "cache")), capture_output=True, check=False)
        except FileNotFoundError:
            print("  not measured: system calls: apt-get install strace")
            return
        calls = [line for line in log.read_text().splitlines() if "AF_INET" in line]
    yield Figure(ROOM, "system calls for the network by the command line", len(calls), "", "", 0)


def _refuse() -> NoReturn:
    raise AssertionError("no transport is opened on a machine that is not on Azure")
