# SPDX-License-Identifier: Apache-2.0
"""The addresses and ports of a fleet, and what stands in their way."""

from __future__ import annotations

import resource
import socket

import pytest
from azure_imds_facts.emulator import EmulatedFleet, EmulatorError
from azure_imds_facts.emulator.fleet.listeners import open_listeners

from tests.support.servers import refused_port


def test_a_port_in_use_at_one_address_is_named() -> None:
    """A given port that is taken at a later address is refused with that address; everything opened is closed."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.3", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(EmulatorError, match=rf"port {port} on 127\.0\.0\.3: address already in use"):
            open_listeners(5, by="address", bind="127.0.0.1", port=port)
        with socket.socket() as free:
            free.bind(("127.0.0.1", port))


def test_consecutive_ports() -> None:
    """By port, a given port is the first one of a row."""
    with refused_port() as port:
        pass
    for listener in (listeners := open_listeners(1, by="port", bind="127.0.0.1", port=port)):
        listener.close()
    assert len(listeners) == 1
    with pytest.raises(EmulatorError, match="10 VMs from port 65530 on; allowed: up to 65535, so --port 65526"):
        open_listeners(10, by="port", bind="127.0.0.1", port=65530)


@pytest.mark.parametrize(
    ("bind", "problem"),
    [
        ("::1", "--bind ::1: a fleet begins at an address in 127.0.0.0/8"),
        ("127.255.255.250", "5 of the VMs have no address left in 127.0.0.0/8; begin earlier"),
    ],
)
def test_addresses_that_a_fleet_cannot_have(bind: str, problem: str) -> None:
    """Addresses are loopback's of IPv4, as many as there are."""
    with pytest.raises(EmulatorError) as caught:
        EmulatedFleet(10, bind=bind).start()
    assert problem in str(caught.value)


def test_the_limit_of_open_files_is_raised_or_named() -> None:
    """A soft limit is raised as far as needed; a hard one that is too low is named before anything is opened."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (560, hard))
        for listener in open_listeners(100, by="address", bind="127.9.0.1", port=0):
            listener.close()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 612
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_fleet_by_an_unknown_way() -> None:
    """There are two ways to tell VMs apart."""
    with pytest.raises(EmulatorError, match="unknown way of a fleet 'name'; allowed: address, port"):
        EmulatedFleet(2, by="name")
