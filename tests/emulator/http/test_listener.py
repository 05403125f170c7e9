# SPDX-License-Identifier: Apache-2.0
"""The listening socket: its address and its port."""

from __future__ import annotations

import socket

import pytest

from tests.emulator.client import StartEmulator
from tests.emulator.processes import run_command


def test_closing_frees_the_port(start_emulator: StartEmulator) -> None:
    """After close() the port is free, and closing again does nothing."""
    emulator = start_emulator()
    port = int(emulator.url.rsplit(":", 1)[1])
    emulator.close()
    emulator.close()
    with socket.create_server(("127.0.0.1", port)) as again:
        assert again.getsockname()[1] == port


def test_it_serves_ipv6_loopback(start_emulator: StartEmulator) -> None:
    """The loopback of IPv6 can be bound too."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    emulator = start_emulator(bind="::1")
    assert emulator.url.startswith("http://[::1]:")


def test_a_port_in_use_is_one_line() -> None:
    """A port in use is reported in one line that names it."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        result = run_command("--port", str(port))
    assert result.returncode == 2
    assert f"port {port} on 127.0.0.1: address already in use" in result.stderr
    assert len(result.stderr.splitlines()) == 1
