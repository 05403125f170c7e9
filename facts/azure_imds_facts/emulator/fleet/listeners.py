# SPDX-License-Identifier: Apache-2.0
"""The listening sockets of a fleet: one port at many loopback addresses, or many ports at one address."""

from __future__ import annotations

import errno
import ipaddress
import sys
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from azure_imds_facts.emulator.errors import EmulatorError
from azure_imds_facts.emulator.http.listener import open_listener

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

__all__ = ["BY_ADDRESS", "BY_PORT", "WAYS", "open_listeners"]

BY_ADDRESS, BY_PORT = "address", "port"
# How the VMs of a fleet are told apart.
WAYS = (BY_ADDRESS, BY_PORT)
_LAST = ipaddress.IPv4Address("127.255.255.254")
# Files besides listening sockets: connections, logs, and what the program has opened.
_OTHER_FILES = 512
_TRIES = 5


def open_listeners(count: int, *, by: str, bind: str, port: int) -> list[socket.socket]:
    """Open a listening socket for each VM. `bind` is the address, or the first one; port 0 takes free ones.

    Raises:
        EmulatorError: an address or a port is in use, or this process may not open so many files.
    """
    _allow_files(count + _OTHER_FILES, count=count)
    if by == BY_PORT:
        last = port + count - 1
        if port and last > 65535:
            raise EmulatorError(f"{count} VMs from port {port} on; allowed: up to 65535, so --port {65536 - count}")
        return _open_all([(bind, port and port + number) for number in range(count)])
    addresses = list(_list_addresses(count, bind))
    # A port that is free at the first address may be in use at another.
    for _try in range(_TRIES if port == 0 else 0):
        with suppress(_PortInUseError):
            return _open_at_free_port(addresses)
    return _open_all([(address, port) for address in addresses])


class _PortInUseError(EmulatorError):
    """A port is in use at one of the addresses."""


def _open_at_free_port(addresses: list[str]) -> list[socket.socket]:
    with open_listener(addresses[0], 0) as probe:
        port = probe.getsockname()[1]
    return _open_all([(address, port) for address in addresses])


def _open_all(places: list[tuple[str, int]]) -> list[socket.socket]:
    with ExitStack() as opened:
        listeners = [opened.enter_context(_open_one(address, port)) for address, port in places]
        opened.pop_all()
    return listeners


def _open_one(address: str, port: int) -> socket.socket:
    try:
        return open_listener(address, port)
    except EmulatorError as error:
        number = error.__cause__.errno if isinstance(error.__cause__, OSError) else None
        if number == errno.EADDRNOTAVAIL:
            raise EmulatorError(
                f"{address} is not an address of this machine, which lacks part of 127.0.0.0/8; use --fleet-by port"
            ) from error
        if number == errno.EADDRINUSE:
            raise _PortInUseError(str(error)) from error
        raise


def _list_addresses(count: int, first: str) -> Iterator[str]:
    """Yield so many addresses from the first one on, without those that end in 0 or 255."""
    start = ipaddress.ip_address(first)
    if not isinstance(start, ipaddress.IPv4Address) or not start.is_loopback:
        raise EmulatorError(f"--bind {first}: a fleet begins at an address in 127.0.0.0/8")
    address = start
    while count:
        if address > _LAST:
            raise EmulatorError(
                f"--bind {first}: {count} of the VMs have no address left in 127.0.0.0/8; begin earlier"
            )
        if int(address) & 255 not in (0, 255):
            yield str(address)
            count -= 1
        address += 1


def _allow_files(wanted: int, *, count: int) -> None:
    """Raise the soft limit of open files as far as it is needed."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    if soft != unlimited and soft < wanted:
        if hard != unlimited and hard < wanted:
            advice = "raise `ulimit -Hn`, or serve fewer"
            raise EmulatorError(f"{count} VMs need {wanted} open files, and the limit is {hard}: {advice}")
        set_limit: Callable[[int, tuple[int, int]], None] = resource.setrlimit
        set_limit(resource.RLIMIT_NOFILE, (wanted, hard))
