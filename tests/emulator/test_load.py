# SPDX-License-Identifier: Apache-2.0
"""Load: many kept-alive clients without an error, and memory that does not grow."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from .conftest import Command
from .load import put_load, read_memory_kib

# Fewer, for a quick run; what the project promises is shown with the default.
MANY = int(os.environ.get("EMULATOR_LOAD_REQUESTS", "100000"))


def test_twenty_clients_and_five_thousand_requests(serve: Callable[..., Command]) -> None:
    """5,000 requests over kept-alive connections from 20 clients with limits off: every one is answered with 200."""
    shown = put_load(serve("--rate-limit", "0", "--quiet").url, requests=5000, clients=20)
    print(f"{shown.requests / shown.seconds:.0f} requests a second, slowest {shown.slowest_s * 1000:.0f} ms")
    assert (shown.requests, shown.errors) == (5000, 0)


def test_memory_stays_flat(serve: Callable[..., Command]) -> None:
    """After a warm-up the resident memory grows by less than 2 MiB over 100,000 requests."""
    if not os.path.exists("/proc/self/status"):
        pytest.skip("no /proc to read memory from")
    command = serve("--rate-limit", "0", "--log", os.devnull)
    put_load(command.url, requests=5000, clients=20)
    before = read_memory_kib(command.process.pid)
    shown = put_load(command.url, requests=MANY, clients=20)
    grown = read_memory_kib(command.process.pid) - before
    print(f"{before} KiB after 5,000 requests, {grown:+} KiB after {shown.requests} more")
    assert shown.errors == 0
    assert grown < 2048
