# SPDX-License-Identifier: Apache-2.0
"""Load: many clients without an error, and constant memory."""

from __future__ import annotations

import os

import pytest

from tests.emulator.load import put_load, read_memory_kib
from tests.emulator.processes import StartCommand

# Fewer, for a quick run; what the project promises is shown with the default.
MANY = int(os.environ.get("EMULATOR_LOAD_REQUESTS", "100000"))


def test_twenty_clients_and_five_thousand_requests(start_command: StartCommand) -> None:
    """5,000 requests over persistent connections from 20 clients, limits off: every response is 200."""
    shown = put_load(start_command("--rate-limit", "0", "--quiet").url, requests=5000, clients=20)
    print(f"{shown.requests / shown.seconds:.0f} requests a second, slowest {shown.slowest_s * 1000:.0f} ms")
    assert (shown.requests, shown.errors) == (5000, 0)


def test_memory_stays_flat(start_command: StartCommand) -> None:
    """After a warm-up the resident memory grows by less than 2 MiB over 100,000 requests."""
    if not os.path.exists("/proc/self/status"):
        pytest.skip("no /proc to read memory from")
    command = start_command("--rate-limit", "0", "--log", os.devnull)
    put_load(command.url, requests=5000, clients=20)
    before = read_memory_kib(command.process.pid)
    shown = put_load(command.url, requests=MANY, clients=20)
    grown = read_memory_kib(command.process.pid) - before
    print(f"{before} KiB after 5,000 requests, {grown:+} KiB after {shown.requests} more")
    assert shown.errors == 0
    assert grown < 2048
